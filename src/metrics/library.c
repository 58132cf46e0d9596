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

static void add_headers(const struct library *library, struct MHD_Response *response,
			const char *type, unsigned status)
{
	static const char *const headers[][2] = {
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Content-Security-Policy",
		  "default-src 'none'; frame-ancestors 'none'" },
	};

	(void)library->MHD_add_response_header(response, "Content-Type", type);
	for (size_t i = 0; i < array_length(headers); i++)
		(void)library->MHD_add_response_header(response, headers[i][0],
						       headers[i][1]);
	if (status == MHD_HTTP_UNAUTHORIZED)
		(void)library->MHD_add_response_header(response, "WWW-Authenticate",
						       "Bearer realm=\"pin2mqtt\"");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)library->MHD_add_response_header(response, "Allow", "GET, HEAD");
}

enum MHD_Result library_respond(const struct library *library,
				struct MHD_Connection *connection, const char *type,
				unsigned status, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	add_headers(library, response, type, status);
	result = library->MHD_queue_response(connection, status, response);
	library->MHD_destroy_response(response);
	return result;
}
