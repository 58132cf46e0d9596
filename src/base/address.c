/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_HOST = INET6_ADDRSTRLEN, BACKLOG = 128 };

static bool parse_port(const char *text, in_port_t *out)
{
	size_t length = strlen(text);
	long port;

	if (length == 0 || length > 5 || text[strspn(text, "0123456789")] != '\0')
		return false;
	port = strtol(text, NULL, 10);
	*out = htons((uint16_t)port);
	return port >= 1 && port <= 65535;
}

static bool parse_ipv4(const char *host, in_port_t port, struct address *out)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&out->storage;

	ipv4->sin_family = AF_INET;
	ipv4->sin_port = port;
	out->num_bytes = sizeof(*ipv4);
	return inet_pton(AF_INET, host, &ipv4->sin_addr) == 1;
}

static bool parse_ipv6(const char *host, in_port_t port, struct address *out)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&out->storage;

	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = port;
	out->num_bytes = sizeof(*ipv6);
	return inet_pton(AF_INET6, host, &ipv6->sin6_addr) == 1;
}

bool address_parse(const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':');
	char host[MAX_HOST + 3] = "127.0.0.1";
	in_port_t port;

	*out = (struct address){ .num_bytes = 0 };
	if (!parse_port(colon ? colon + 1 : text, &port))
		return false;
	if (colon) {
		size_t length = (size_t)(colon - text);

		if (length >= sizeof(host))
			return false;
		memcpy(host, text, length);
		host[length] = '\0';
		if (host[0] == '[' && host[length - 1] == ']') {
			host[length - 1] = '\0';
			return parse_ipv6(host + 1, port, out);
		}
	}
	return parse_ipv4(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, port, out);
}

int address_listen(const struct address *address)
{
	int fd = socket(address->storage.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;
	int error;

	if (fd < 0)
		return -errno;
	/* Of a program that has just ended; no two that run get the same. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->storage.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, (const struct sockaddr *)&address->storage, address->num_bytes) ==
		    0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

bool address_is_loopback(const struct address *address)
{
	if (address->storage.ss_family == AF_INET6) {
		const struct sockaddr_in6 *ipv6 =
			(const struct sockaddr_in6 *)&address->storage;

		return IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr);
	}

	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)&address->storage;

	return ntohl(ipv4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool address_is_literal(const char *text)
{
	struct in6_addr ignored;

	return inet_pton(AF_INET, text, &ignored) == 1 ||
	       inet_pton(AF_INET6, text, &ignored) == 1;
}
