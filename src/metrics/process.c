/* SPDX-License-Identifier: MIT */
#include "metrics/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAX_STAT = 1024, MS_PER_S = 1000, NS_PER_MS = 1000000 };

/* Of proc_pid_stat(5), counted from what follows the program's name. */
enum {
	STAT_THREADS = 17,
	STAT_START = 19,
	STAT_VIRTUAL = 20,
	STAT_RESIDENT = 21,
	NUM_STATS
};

/* The numbers behind the name, which may hold anything. Returns how many. */
static int read_stat(int64_t out[NUM_STATS])
{
	char data[MAX_STAT] = "";
	FILE *file = fopen("/proc/self/stat", "re");
	char *s;
	int num = 0;

	if (!file)
		return 0;
	if (fread(data, 1, sizeof(data) - 1, file) == 0)
		data[0] = '\0';
	fclose(file);
	s = strrchr(data, ')');
	if (!s || s[1] == '\0')
		return 0;
	/* The first is a letter, the state. */
	for (s += 3; num < NUM_STATS; num++) {
		char *end;

		if (num == 0) {
			out[num] = 0;
			continue;
		}
		out[num] = strtoll(s, &end, 10);
		if (end == s)
			break;
		s = end;
	}
	return num;
}

static int64_t count_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int64_t num = 0;

	if (!folder)
		return -1;
	while (readdir(folder))
		num++;
	closedir(folder);
	/* But for "." and "..", and the folder's own. */
	return num - 3;
}

static int64_t read_clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / NS_PER_MS;
}

/* start_ticks: after the machine's start */
static int64_t start_wall_ms(int64_t start_ticks, int64_t ticks_per_s)
{
	return clock_wall_ms() - read_clock_ms(CLOCK_BOOTTIME) +
	       start_ticks * MS_PER_S / ticks_per_s;
}

void process_read(struct snapshot_process *out)
{
	int64_t stats[NUM_STATS], ticks_per_s = sysconf(_SC_CLK_TCK);
	struct rlimit limit;

	*out = (struct snapshot_process){ -1, -1, -1, -1, -1, -1, -1 };
	out->cpu_ms = read_clock_ms(CLOCK_PROCESS_CPUTIME_ID);
	out->open_files = count_files();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		out->max_files = (int64_t)limit.rlim_cur;
	if (read_stat(stats) < NUM_STATS || ticks_per_s <= 0)
		return;
	out->threads = stats[STAT_THREADS];
	out->start_wall_ms = start_wall_ms(stats[STAT_START], ticks_per_s);
	out->virtual_bytes = stats[STAT_VIRTUAL];
	out->resident_bytes = stats[STAT_RESIDENT] * sysconf(_SC_PAGESIZE);
}
