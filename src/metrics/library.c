/* SPDX-License-Identifier: MIT */
#include "metrics/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

static const char file[] = "libmicrohttpd.so.12";

int library_load(struct library *library)
{
	if (library->handle)
		return 0;
	library->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		return -ENOPKG;
#define CALL(call) \
	*(void **)&library->call = dlsym(library->handle, #call); \
	if (!library->call) \
		goto close_library;
	LIBRARY_CALLS(CALL)
#undef CALL
	return 0;
close_library:
	dlclose(library->handle);
	library->handle = NULL;
	return -ENOPKG;
}

const char *library_header(const struct library *library,
			   struct MHD_Connection *connection, const char *name)
{
	return library->MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

const char *library_argument(const struct library *library,
			     struct MHD_Connection *connection, const char *name)
{
	return library->MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND,
						    name);
}

static void add_headers(const struct library *library, const struct answer *answer,
			struct MHD_Response *response)
{
	const char *const headers[][2] = {
		{ "Content-Type", answer->type },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		/* A copy of the page is asked for again by its tag. */
		{ "Cache-Control", answer->is_page ? "no-cache" : "no-store" },
		{ "Content-Security-Policy",
		  answer->is_page
			  ? "default-src 'none'; script-src 'self'; style-src 'self'; "
			    "img-src 'self'; connect-src 'self'; base-uri 'none'; "
			    "form-action 'none'; frame-ancestors 'none'; "
			    "require-trusted-types-for 'script'; trusted-types 'none'"
			  : "default-src 'none'; frame-ancestors 'none'" },
		{ "Content-Encoding", answer->is_page ? "gzip" : NULL },
		{ "ETag", answer->is_page ? answer->tag : NULL },
		{ "WWW-Authenticate", answer->status == MHD_HTTP_UNAUTHORIZED
					      ? "Bearer realm=\"pin2mqtt\""
					      : NULL },
		{ "Allow",
		  answer->status == MHD_HTTP_METHOD_NOT_ALLOWED ? "GET, HEAD" : NULL },
	};

	for (size_t i = 0; i < array_length(headers); i++) {
		if (headers[i][1])
			(void)library->MHD_add_response_header(response, headers[i][0],
							       headers[i][1]);
	}
}

enum MHD_Result library_respond(const struct library *library,
				struct MHD_Connection *connection,
				const struct answer *answer,
				struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	add_headers(library, answer, response);
	result = library->MHD_queue_response(connection, answer->status, response);
	library->MHD_destroy_response(response);
	return result;
}
