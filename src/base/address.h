/* SPDX-License-Identifier: MIT */
/* Where to listen: an address and a port, as text and as the system takes it.
 *
 * Names are not looked up. Pure, but for address_listen().
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/attributes.h"

struct address {
	struct sockaddr_storage storage;
	socklen_t num_bytes;
};

/* [ADDRESS:]PORT: 127.0.0.1:9478, [::1]:9478, or 9478, which is 127.0.0.1's. False: it is
 * none. */
must_check bool address_parse(const char *text, struct address *out);

/* Returns a socket that listens there and does not wait, or a negative errno. */
must_check int address_listen(const struct address *address);

/* Whether nobody but this machine can come there. */
bool address_is_loopback(const struct address *address);

/* Whether the text is an IPv4 or IPv6 address, the latter without brackets. */
bool address_is_literal(const char *text);

#endif
