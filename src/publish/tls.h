/* SPDX-License-Identifier: MIT */
/* Why TLS does not come about: the client library says "failed" and no more, so that we shake
 * hands once again ourselves. It decides nothing and sends nothing but the handshake.
 *
 * Threads: any; blocks for at most timeout_ms and a second.
 */
#ifndef PUBLISH_TLS_H
#define PUBLISH_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "publish/broker.h"

/* fd: connected and non-blocking; stays the caller's. host: without brackets.
 * Returns 0 where client and server agree, or a negative errno and a sentence that says what
 * to do; the sentence holds nothing that the server sent. */
int tls_ask(int fd, const char *host, const struct broker_tls *tls, uint32_t timeout_ms,
	    char reason[BROKER_MAX_REASON]);

/* Whether the server speaks TLS at all. */
bool tls_is_spoken(int fd, const char *host, uint32_t timeout_ms);

#endif
