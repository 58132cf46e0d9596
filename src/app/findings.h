/* SPDX-License-Identifier: MIT */
/* What `doctor` found, told as it finds it: what is wrong, why it matters, what mends it.
 *
 * Threads: one owner.
 */
#ifndef APP_FINDINGS_H
#define APP_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum finding_level {
	FINDING_OK,
	FINDING_WARNING, /* it works, and worse than it could */
	FINDING_PROBLEM, /* it keeps the gateway, a sensor or the broker from working */
};
enum { NUM_FINDING_LEVELS = FINDING_PROBLEM + 1, FINDING_MAX_TEXT = 1024 };

enum findings_form {
	FINDINGS_TEXT, /* to stdout, for people */
	FINDINGS_JSON, /* to stdout */
	FINDINGS_LOG, /* what is not OK, as warnings in the log */
};

struct findings {
	enum findings_form form;
	uint32_t counts[NUM_FINDING_LEVELS];
};

/* A kind of finding: a row of a table. */
struct finding {
	const char *id; /* for programs: "pin_busy" */
	enum finding_level level;
	const char *why; /* NULL where it is OK */
};

void findings_begin(struct findings *findings, enum findings_form form);

/* mend: a command or, where none can do it, a sentence; NULL where it is OK. */
void findings_add(struct findings *findings, const struct finding *finding,
		  const char *mend, const char *format, ...) printf_like(4, 5);

/* Counts them on the last line. */
void findings_end(const struct findings *findings);

#endif
