/* SPDX-License-Identifier: MIT */
/* Why a server cannot be reached: the client library says "failed" and no more, so that we
 * ask once again ourselves.
 *
 * Threads: any; blocks (DNS, and at most timeout_ms for the connection and as long for TLS).
 */
#ifndef PUBLISH_REACH_H
#define PUBLISH_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "publish/broker.h"

enum { REACH_MAX_HOST = 256, REACH_MAX_PORT = 8 };

/* Takes SCHEME://HOST[:PORT][/PATH] apart; a numeric IPv6 host stands in brackets, which are not
 * part of it. Returns 0 or -EINVAL. */
int reach_split(const char *server, char host[REACH_MAX_HOST], char port[REACH_MAX_PORT]);

/* Returns 0 where the server takes a TCP connection and, if its address says so, agrees on
 * TLS with us; else a negative errno and a sentence. */
int reach_ask(const char *server, const struct broker_tls *tls, uint32_t timeout_ms,
	      char reason[BROKER_MAX_REASON]);

/* Whether the server speaks TLS, whatever its address says. */
bool reach_is_tls(const char *server, uint32_t timeout_ms);

#endif
