/* SPDX-License-Identifier: MIT */
/* The status page's files, which are in the program: compressed with gzip when it was built.
 *
 * Pure.
 */
#ifndef METRICS_PAGE_H
#define METRICS_PAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { PAGE_MAX_TAG = 24 };

struct page_file {
	const char *type; /* constant */
	const char *data; /* constant; as gzip writes it */
	size_t num_bytes;
	char tag[PAGE_MAX_TAG]; /* quoted; another one where the file is */
};

/* name: what stands behind "/page/"; "": the page itself. Whether there is such a file. */
bool page_find(const char *name, struct page_file *out);

/* Whether who asks has the file already. header: If-None-Match; NULL: there is none. */
bool page_is_known(const struct page_file *file, const char *header);

#endif
