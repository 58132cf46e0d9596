/* SPDX-License-Identifier: MIT */
#include "publish/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/shape.h"
#include "publish/tls.h"

static const struct {
	const char *scheme;
	const char *port;
} schemes[] = {
	{ "mqtt://", "1883" },
	{ "mqtts://", "8883" },
	{ "ws://", "80" },
	{ "wss://", "443" },
};

static int copy(char *out, size_t size_bytes, const char *begin, const char *end)
{
	if (end <= begin || (size_t)(end - begin) >= size_bytes)
		return -EINVAL;
	memcpy(out, begin, (size_t)(end - begin));
	out[end - begin] = '\0';
	return 0;
}

static int split_authority(const char *begin, const char *default_port,
			   char host[REACH_MAX_HOST], char port[REACH_MAX_PORT])
{
	const char *end = begin + strcspn(begin, "/");
	bool is_bracketed = *begin == '[';
	const char *host_begin = begin + is_bracketed;
	const char *host_end =
		memchr(begin, is_bracketed ? ']' : ':', (size_t)(end - begin));

	if (!host_end && is_bracketed)
		return -EINVAL;
	if (!host_end)
		host_end = end;

	const char *colon = host_end + is_bracketed;
	int error = copy(host, REACH_MAX_HOST, host_begin, host_end);

	if (error)
		return error;
	if (colon == end)
		return copy(port, REACH_MAX_PORT, default_port,
			    default_port + strlen(default_port));
	return *colon == ':' ? copy(port, REACH_MAX_PORT, colon + 1, end) : -EINVAL;
}

int reach_split(const char *server, char host[REACH_MAX_HOST], char port[REACH_MAX_PORT])
{
	for (size_t i = 0; i < array_length(schemes); i++) {
		size_t num_bytes = strlen(schemes[i].scheme);

		if (strncmp(server, schemes[i].scheme, num_bytes) == 0)
			return split_authority(server + num_bytes, schemes[i].port, host,
					       port);
	}
	return -EINVAL;
}

/* Returns a connected descriptor, which does not block, or a negative errno. */
static int try_address(const struct addrinfo *address, uint32_t timeout_ms)
{
	int fd =
		socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return -errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		struct pollfd slot = { .fd = fd, .events = POLLOUT };

		error = errno;
		if (error == EINPROGRESS) {
			int ready = poll(&slot, 1, (int)timeout_ms);

			error = ready == 0 ? ETIMEDOUT : ready < 0 ? errno : 0;
			if (ready > 0)
				getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		}
	}
	if (!error)
		return fd;
	close(fd);
	return -error;
}

/* The address that Paho takes: the first of IPv4, else the first (Socket_new() in Socket.c). */
static const struct addrinfo *preferred(const struct addrinfo *list)
{
	for (const struct addrinfo *address = list; address; address = address->ai_next) {
		if (address->ai_family == AF_INET)
			return address;
	}
	return list;
}

/* Returns a connected descriptor, or a negative errno and a sentence. */
static int reach(const char *server, char host[REACH_MAX_HOST], uint32_t timeout_ms,
		 char reason[BROKER_MAX_REASON])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char port[REACH_MAX_PORT];
	struct addrinfo *list;
	int error = reach_split(server, host, port);

	if (error) {
		snprintf(reason, BROKER_MAX_REASON, "not an address");
		return error;
	}

	int lookup = getaddrinfo(host, port, &hints, &list);

	if (lookup != 0) {
		snprintf(reason, BROKER_MAX_REASON, "host not found: %s",
			 gai_strerror(lookup));
		return lookup == EAI_AGAIN ? -EAGAIN : -ENOENT;
	}

	int fd = try_address(preferred(list), timeout_ms);

	freeaddrinfo(list);
	if (fd < 0)
		snprintf(reason, BROKER_MAX_REASON, "%s",
			 fd == -ECONNREFUSED ? "connection refused"
			 : fd == -ETIMEDOUT  ? "timed out"
					     : strerror(-fd));
	return fd;
}

int reach_ask(const char *server, const struct broker_tls *tls, uint32_t timeout_ms,
	      char reason[BROKER_MAX_REASON])
{
	char host[REACH_MAX_HOST];
	int fd = reach(server, host, timeout_ms, reason);
	int error = 0;

	if (fd < 0)
		return fd;
	if (shape_is_tls_server(server))
		error = tls_ask(fd, host, tls, timeout_ms, reason);
	close(fd);
	return error;
}

bool reach_is_tls(const char *server, uint32_t timeout_ms)
{
	char host[REACH_MAX_HOST], reason[BROKER_MAX_REASON];
	int fd = reach(server, host, timeout_ms, reason);

	if (fd < 0)
		return false;

	bool is_tls = tls_is_spoken(fd, host, timeout_ms);

	close(fd);
	return is_tls;
}
