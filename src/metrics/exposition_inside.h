/* SPDX-License-Identifier: MIT */
/* What the files that write metrics share: a family of them, and what it is written from.
 *
 * Threads: one owner.
 */
#ifndef METRICS_EXPOSITION_INSIDE_H
#define METRICS_EXPOSITION_INSIDE_H

#include <stddef.h>

#include "metrics/exposition.h"

enum kind { KIND_GAUGE, KIND_COUNTER, KIND_HISTOGRAM, KIND_INFO };

struct exposition {
	struct text *out;
	const struct snapshot *snapshot;
	enum exposition_format format;
};

struct family {
	const char *name; /* without the suffix of its kind */
	enum kind kind;
	const char *unit; /* the last part of the name; NULL: it has none */
	const char *help;
	/* Writes the samples of the gateway; NULL: it has none. */
	void (*of_gateway)(const struct exposition *, const struct family *);
	/* Writes those of one sensor; NULL: they have none. */
	void (*of_sensor)(const struct exposition *, const struct family *,
			  const struct snapshot_sensor *);
	enum quantity quantity; /* write_quantity(): which one, */
	int decimals; /* and of its thousandths in the metric's unit */
};

/* The families of the store and of the configuration. */
const struct family *exposition_more(size_t *num_out);

#endif
