/* SPDX-License-Identifier: MIT */
#include "metrics/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static const char file[] = "libmicrohttpd.so.12";

/* Counts what is loaded, or takes what comes after the first. */
struct objects {
	size_t num_seen;
	size_t num_skipped;
};

static int count_object(struct dl_phdr_info *info, size_t num_bytes, void *context)
{
	struct objects *objects = context;

	(void)info;
	(void)num_bytes;
	objects->num_seen++;
	return 0;
}

static void *at(uintptr_t address)
{
	/* The loader tells addresses as numbers. */
	return (void *)address; /* NOLINT(performance-no-int-to-ptr) */
}

/* Whether its loader has written to what nobody else writes. */
static bool is_patched(const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *entry = NULL;

	for (size_t i = 0; i < info->dlpi_phnum && !entry; i++) {
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			entry = at(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	}
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_TEXTREL ||
		    (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
			return true;
	}
	return false;
}

/* Gives back the pages of an object that nobody writes: they come from its file again, should
 * they be wanted. */
static int let_go(struct dl_phdr_info *info, size_t num_bytes, void *context)
{
	uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct objects *objects = context;

	(void)num_bytes;
	if (objects->num_seen++ < objects->num_skipped || is_patched(info))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = (uintptr_t)(info->dlpi_addr + part->p_vaddr);
		uintptr_t end = start + (uintptr_t)part->p_memsz;

		start -= start % page_bytes;
		if (part->p_type == PT_LOAD && !(part->p_flags & PF_W))
			(void)madvise(at(start), end - start, MADV_DONTNEED);
	}
	return 0;
}

/* GnuTLS sets itself up as it is loaded and is never used, which has 1.5 MB of it and of what it
 * brings along in memory (Debian 12, amd64). */
static void *load(void)
{
	struct objects before = { 0 }, after = { 0 };
	void *handle;

	dl_iterate_phdr(count_object, &before);
	handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	after.num_skipped = before.num_seen;
	dl_iterate_phdr(let_go, &after);
	return handle;
}

int library_load(struct library *library)
{
	if (library->handle)
		return 0;
	library->handle = load();
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
