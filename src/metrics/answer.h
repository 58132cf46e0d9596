/* SPDX-License-Identifier: MIT */
/* What is answered to a request: the table of what can be asked, and who may.
 *
 * Threads: the HTTP thread's.
 */
#ifndef METRICS_ANSWER_H
#define METRICS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics/access.h"
#include "metrics/page.h"
#include "metrics/query.h"
#include "metrics/source.h"

/* No answer is longer. */
enum { ANSWER_MAX_BYTES = 16 << 20 };

/* What is asked. A header or argument that is not there is NULL. */
struct ask {
	const char *method;
	const char *path;
	const char *host;
	const char *authorization;
	const char *accept;
	const char *if_none_match;
	struct query_text query;
};

struct answer {
	unsigned status; /* of HTTP */
	const char *type; /* constant */
	char *body; /* owned; free() it; NULL: it is `words` */
	const char *words; /* constant */
	size_t num_bytes; /* of either */
	bool is_stream; /* of events, which have no body yet */
	bool is_page; /* a file of the page: compressed, and known again by its tag */
	char tag[PAGE_MAX_TAG];
};

struct site {
	struct source source;
	struct access_rules rules;
	uint32_t num_answers; /* of all */
	uint32_t num_refusals; /* of those with a status from 400 on */
};

void answer_make(struct site *site, const struct ask *ask, struct answer *out);

#endif
