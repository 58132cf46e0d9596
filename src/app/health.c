/* SPDX-License-Identifier: MIT */
#include "app/health.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { BACKLOG = 8, ASK_TIMEOUT_S = 5 };

/* FNV-1a: the same name from the same path, on any machine. */
static uint64_t hash(uint64_t state, const char *text)
{
	for (; *text; text++)
		state = (state ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return state;
}

/* The folder is made absolute and the file's own name is kept: it may be a link that is
 * pointed at the next version. */
static uint64_t hash_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char folder[PATH_MAX], absolute[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1,
		 slash ? path : ".");

	const char *found = realpath(folder, absolute) ? absolute : folder;

	return hash(hash(hash(UINT64_C(0xcbf29ce484222325), found), "/"), name);
}

socklen_t health_make_address(const char *config_path, const char *leaf,
			      struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };

	/* Byte 0 stays NUL: an abstract name. */
	int length =
		snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1,
			 "pin2mqtt/%016" PRIx64 "%s", hash_of_path(config_path), leaf);

	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

int health_open(const char *config_path)
{
	struct sockaddr_un address;
	socklen_t address_bytes = health_make_address(config_path, "", &address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, address_bytes) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

void health_answer(int fd, const char *answer)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client < 0)
		return;
	/* Who does not stay for the answer misses it. */
	ssize_t ignored = send(client, answer, strlen(answer), MSG_NOSIGNAL);

	(void)ignored;
	close(client);
}

int health_ask(const char *config_path, char answer[HEALTH_MAX_ANSWER],
	       struct ucred *gateway_out)
{
	const struct timeval timeout = { .tv_sec = ASK_TIMEOUT_S };
	struct sockaddr_un address;
	socklen_t address_bytes = health_make_address(config_path, "", &address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));

	ssize_t length = connect(fd, (const struct sockaddr *)&address, address_bytes);

	if (length == 0 && gateway_out)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, gateway_out,
			   &(socklen_t){ sizeof(*gateway_out) });
	if (length == 0)
		length = recv(fd, answer, HEALTH_MAX_ANSWER - 1, 0);

	int error = length > 0 ? 0 : length == 0 ? -ECONNRESET : -errno;

	close(fd);
	answer[length > 0 ? length : 0] = '\0';
	return error == -EAGAIN ? -ETIMEDOUT : error;
}
