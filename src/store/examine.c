/* SPDX-License-Identifier: MIT */
/* Why a copy: SQLite would make files beside the store, and bring what its log has into it. */
#include "store/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/place.h"

enum { MAX_FOLDER = 256, MAX_NAME = MAX_FOLDER + 16 };

static const char *const suffixes[] = { "", "-wal" };

static int copy_bytes(int from_fd, int to_fd)
{
	struct stat file;

	if (fstat(from_fd, &file) != 0)
		return -errno;
	if (!S_ISREG(file.st_mode))
		return -EINVAL;
	for (off_t left_bytes = file.st_size; left_bytes > 0;) {
		ssize_t num_bytes = sendfile(to_fd, from_fd, NULL, (size_t)left_bytes);

		if (num_bytes <= 0)
			return num_bytes < 0 ? -errno : 0; /* it has become shorter */
		left_bytes -= num_bytes;
	}
	return 0;
}

static int copy_file(const char *from, const char *to)
{
	int from_fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int to_fd, error;

	if (from_fd < 0)
		return -errno;
	to_fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	error = to_fd < 0 ? -errno : copy_bytes(from_fd, to_fd);
	if (to_fd >= 0)
		close(to_fd);
	close(from_fd);
	return error;
}

/* The file and its log, which there may not be. */
static int copy_all(const char *path, const char *copy)
{
	char from[PLACE_MAX_PATH + 8], to[MAX_NAME + 8];
	int error = 0;

	for (size_t i = 0; i < array_length(suffixes) && !error; i++) {
		snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		snprintf(to, sizeof(to), "%s%s", copy, suffixes[i]);
		error = copy_file(from, to);
		if (error == -ENOENT && i > 0)
			error = 0;
	}
	return error;
}

static int open_copy(const char *copy, char reason[DATABASE_MAX_REASON])
{
	struct database_facts facts;
	struct database *database;
	int error = database_open(copy, "", &database, &facts, reason);

	if (!error)
		database_close(database);
	return error;
}

static void remove_copy(const char *folder, const char *copy)
{
	char name[MAX_NAME + 8];

	for (size_t i = 0; i < array_length(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", copy, suffixes[i]);
		unlink(name);
	}
	rmdir(folder);
}

int examine_file(const char *path, char reason[DATABASE_MAX_REASON])
{
	const char *temporary = getenv("TMPDIR");
	char folder[MAX_FOLDER], copy[MAX_NAME];
	int length = snprintf(folder, sizeof(folder), "%s/pin2mqtt-XXXXXX",
			      temporary ? temporary : "/tmp");
	int error;

	*reason = '\0';
	if (length >= MAX_FOLDER)
		return -ENAMETOOLONG;
	if (!mkdtemp(folder))
		return -errno;
	snprintf(copy, sizeof(copy), "%s/copy", folder);
	error = copy_all(path, copy);
	if (!error)
		error = open_copy(copy, reason);
	remove_copy(folder, copy);
	return error;
}
