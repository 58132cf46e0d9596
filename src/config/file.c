/* SPDX-License-Identifier: MIT */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Readable by all; or by a group although we own it and so do not need the group. */
static bool is_exposed(const struct stat *status)
{
	return (status->st_mode & S_IROTH) ||
	       ((status->st_mode & S_IRGRP) && status->st_uid == geteuid());
}

static int check_status(int fd, enum file_kind kind, struct file *file)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (kind == FILE_REGULAR && !S_ISREG(status.st_mode))
		return -EINVAL;
	file->is_exposed = is_exposed(&status);
	return 0;
}

/* Room for max_bytes, one more to see that there is more, and a NUL. */
static int read_all(int fd, size_t max_bytes, struct file *file)
{
	size_t room_bytes = max_bytes + 1;

	file->data = malloc(room_bytes + 1);
	if (!file->data)
		return -ENOMEM;
	while (file->num_bytes < room_bytes) {
		ssize_t count = read(fd, file->data + file->num_bytes,
				     room_bytes - file->num_bytes);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			break;
		file->num_bytes += (size_t)count;
	}
	file->data[file->num_bytes] = '\0';
	return file->num_bytes > max_bytes ? -EFBIG : 0;
}

int file_read(const char *path, enum file_kind kind, size_t max_bytes, struct file *out)
{
	struct file file = { 0 };
	int wait_not = kind == FILE_REGULAR ? O_NONBLOCK : 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | wait_not);

	if (fd < 0)
		return -errno;

	int result = check_status(fd, kind, &file);

	if (result == 0)
		result = read_all(fd, max_bytes, &file);
	close(fd);
	if (result < 0)
		file_finish(&file);
	else
		*out = file;
	return result;
}

void file_finish(struct file *file)
{
	if (!file)
		return;
	if (file->data)
		explicit_bzero(file->data, file->num_bytes);
	free(file->data);
	*file = (struct file){ 0 };
}

const char *file_error(int error)
{
	switch (error) {
	case -EISDIR:
		return "it is a directory, not a file";
	case -EINVAL:
		return "it is not a regular file";
	case -EFBIG:
		return "it is too large";
	default:
		return strerror(-error);
	}
}

char *file_beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	int folder_length = slash && name[0] != '/' ? (int)(slash - path) + 1 : 0;
	char *beside;

	if (asprintf(&beside, "%.*s%s", folder_length, path, name) < 0)
		return NULL;
	return beside;
}
