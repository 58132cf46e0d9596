/* SPDX-License-Identifier: MIT */
/* Moves the wall clock of one program: LD_PRELOAD it, and write seconds to $WALL_CLOCK_OFFSET, a
 * file. The monotonic clock is the kernel's. Where a wait ends by the wall clock, its end is moved
 * back, as the kernel's clock has not jumped. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset_s(void)
{
	const char *path = getenv("WALL_CLOCK_OFFSET");
	FILE *file = path ? fopen(path, "re") : NULL;
	long seconds = 0;

	if (file && fscanf(file, "%ld", &seconds) != 1)
		seconds = 0;
	if (file)
		fclose(file);
	return seconds;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	int result = (int)syscall(SYS_clock_gettime, id, out);

	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		out->tv_sec += offset_s();
	return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *end)
{
	int (*real)(pthread_t, void **, const struct timespec *) =
		(int (*)(pthread_t, void **, const struct timespec *))
			dlsym(RTLD_NEXT, "pthread_timedjoin_np");
	struct timespec moved = { end->tv_sec - offset_s(), end->tv_nsec };

	return real(thread, result, &moved);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict end)
{
	int (*real)(sem_t *, const struct timespec *) =
		(int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT,
								 "sem_timedwait");
	struct timespec moved = { end->tv_sec - offset_s(), end->tv_nsec };

	return real(semaphore, &moved);
}
