/* SPDX-License-Identifier: MIT */
/* Where a running gateway tells how it is: a socket that is named after its configuration
 * file, so that `pin2mqtt health` finds it without a port, a directory or a right to write.
 *
 * The name is an abstract one: it goes with the process, however that ends, and stays within
 * the network namespace, which is the container's. An answer is one message: a line with a
 * state, a line for people, a line of JSON; nothing is ever read from who asks.
 *
 * Threads: health_open() and health_answer() from main.
 */
#ifndef APP_HEALTH_H
#define APP_HEALTH_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/attributes.h"

enum { HEALTH_MAX_ANSWER = 1024 };

/* The name of the gateway that runs with this configuration, and of what it offers beside
 * health. leaf: "" is health itself. Returns the address's length. */
socklen_t health_make_address(const char *config_path, const char *leaf,
			      struct sockaddr_un *out);

/* Returns a descriptor that becomes readable when somebody asks, or a negative errno:
 * -EADDRINUSE a gateway with this configuration is there already. */
must_check int health_open(const char *config_path);

/* Answers one who asks; does not wait. */
void health_answer(int fd, const char *answer);

/* Asks the gateway that runs with this configuration.
 *
 * gateway_out: who it is; .pid is 0 where that cannot be told. Left alone where there is
 *              none. NULL: of no interest
 * Returns 0, -ECONNREFUSED where there is none, -ETIMEDOUT where it does not answer in time,
 * or another negative errno. */
must_check int health_ask(const char *config_path, char answer[HEALTH_MAX_ANSWER],
			  struct ucred *gateway_out);

#endif
