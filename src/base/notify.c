/* SPDX-License-Identifier: MIT */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

int notify_send(const char *assignments)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = path ? strlen(path) : 0;

	if (length == 0)
		return 0;
	if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path))
		return -EINVAL;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';

	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;

	size_t address_bytes = offsetof(struct sockaddr_un, sun_path) + length;
	ssize_t sent =
		sendto(fd, assignments, strlen(assignments), MSG_NOSIGNAL,
		       (const struct sockaddr *)&address, (socklen_t)address_bytes);
	int error = sent < 0 ? -errno : 0;

	close(fd);
	return error;
}

/* A whole number; 0 where the variable is missing or holds anything else. */
static uint64_t number_from(const char *variable)
{
	const char *text = getenv(variable);
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;

	unsigned long long number = strtoull(text, &end, 10);

	return *end == '\0' && errno == 0 ? number : 0;
}

uint64_t notify_watchdog_ns(void)
{
	uint64_t interval_us = number_from("WATCHDOG_USEC");

	if (getenv("WATCHDOG_PID") && number_from("WATCHDOG_PID") != (uint64_t)getpid())
		return 0;
	return interval_us > UINT64_MAX / CLOCK_NS_PER_US ? 0
							  : interval_us * CLOCK_NS_PER_US;
}
