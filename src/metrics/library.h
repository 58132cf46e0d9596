/* SPDX-License-Identifier: MIT */
/* libmicrohttpd, loaded at run time: its calls as pointers, and a response in one call.
 *
 * Threads: one owner.
 * Memory:  what was loaded stays until the end of the process.
 */
#ifndef METRICS_LIBRARY_H
#define METRICS_LIBRARY_H

#include <microhttpd.h>

#include "base/attributes.h"
#include "metrics/answer.h"

/* The calls that we make. */
#define LIBRARY_CALLS(CALL) \
	CALL(MHD_start_daemon) \
	CALL(MHD_stop_daemon) \
	CALL(MHD_run) \
	CALL(MHD_get_timeout) \
	CALL(MHD_get_daemon_info) \
	CALL(MHD_get_connection_info) \
	CALL(MHD_lookup_connection_value) \
	CALL(MHD_create_response_from_buffer) \
	CALL(MHD_create_response_from_callback) \
	CALL(MHD_add_response_header) \
	CALL(MHD_queue_response) \
	CALL(MHD_destroy_response) \
	CALL(MHD_suspend_connection) \
	CALL(MHD_resume_connection)

struct library {
	void *handle; /* NULL: not loaded */
#define CALL(name) __typeof__ (&(name))(name);
	LIBRARY_CALLS(CALL)
#undef CALL
};

/* Returns 0, also where it is loaded already, or -ENOPKG: it is not installed. */
must_check int library_load(struct library *library);

/* What a request has under that name; NULL: nothing. Lives as long as the request. */
const char *library_header(const struct library *library,
			   struct MHD_Connection *connection, const char *name);
const char *library_argument(const struct library *library,
			     struct MHD_Connection *connection, const char *name);

/* Answers with the headers that all our answers have, and those of this one. response: its body;
 * taken in any case; NULL: the connection is to be closed. */
must_check enum MHD_Result library_respond(const struct library *library,
					   struct MHD_Connection *connection,
					   const struct answer *answer,
					   struct MHD_Response *response);

#endif
