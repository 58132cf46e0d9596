/* SPDX-License-Identifier: MIT */
#include "store/place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void place_make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash && slash > path ? strndup(path, (size_t)(slash - path)) : NULL;

	if (folder)
		(void)mkdir(folder, 0755);
	free(folder);
}

uint64_t place_num_bytes(const char *path)
{
	char log[PLACE_MAX_PATH];
	struct stat file;
	uint64_t num_bytes = 0;

	snprintf(log, sizeof(log), "%s-wal", path);
	if (stat(path, &file) == 0)
		num_bytes += (uint64_t)file.st_size;
	if (stat(log, &file) == 0)
		num_bytes += (uint64_t)file.st_size;
	return num_bytes;
}

int place_set_aside(const char *path, int64_t wall_s, char aside_out[PLACE_MAX_PATH])
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	char from[PLACE_MAX_PATH], to[PLACE_MAX_PATH + 8];
	int error = 0;

	snprintf(aside_out, PLACE_MAX_PATH, "%s.corrupt-%" PRId64, path, wall_s);
	for (size_t i = 0; i < array_length(suffixes) && !error; i++) {
		snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		snprintf(to, sizeof(to), "%s%s", aside_out, suffixes[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			error = -errno;
	}
	return error;
}
