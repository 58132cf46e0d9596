/* SPDX-License-Identifier: MIT */
/* The HTTP server: one thread that answers who asks, within bounds on connections, bytes and
 * time, and never changes anything.
 *
 * The library is loaded when a server starts, and not with the program: who does not use HTTP
 * has neither it nor what it brings along (GnuTLS and eight more) in memory.
 *
 * Threads: http_start() and http_stop() from one owner.
 * Memory:  some 16 KiB a connection, of which there are HTTP_MAX_CONNECTIONS, and the answers
 *          that are on their way.
 */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/wake.h"
#include "metrics/source.h"

enum { HTTP_MAX_CONNECTIONS = 32, HTTP_MAX_STREAMS = 8 };

struct http;

/* All borrowed for the call, but for what source.context points to. */
struct http_options {
	const char *listen; /* what address_parse() takes */
	const char *token; /* NULL: none is asked for */
	const char *const *hosts;
	size_t num_hosts;
	struct source source;
	/* borrowed; outlives the server; to be signalled where there is news that
	 * source.watch() asked for */
	struct wake *wake;
};

/* An address that cannot be had, or a library that is not there, is logged and tried again.
 * Returns 0, -ENOMEM or another errno of the system's. */
must_check int http_start(const struct http_options *options, struct http **out);
void http_stop(struct http *http);

/* What to do where it cannot listen: a command or a sentence. error: a negative errno. */
const char *http_mend(int error);

#endif
