/* SPDX-License-Identifier: MIT */
/* What the tests of recordings share: records as text, so that a test shows what it wants. */
#ifndef UNIT_RECORDING_TEST_H
#define UNIT_RECORDING_TEST_H

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "gpio/recording.h"
#include "unit/cmocka_test.h"

/* "S1000 L2000 A2100 F3000/1 R4000 E5000": the letter of the event, its time, its seq. */
static inline void describe(const struct recording *recording, char *out,
			    size_t size_bytes)
{
	static const char letters[NUM_EDGE_EVENTS] = { 'S', 'L', 'A', 'F', 'R', 'E' };
	struct text text;

	text_init(&text, out, size_bytes);
	for (size_t i = 0; i < recording->num_edges; i++) {
		const struct edge *edge = &recording->edges[i];

		text_add(&text, "%s%c%" PRIu64, i ? " " : "", letters[edge->event],
			 edge->t_ns);
		if (edge->seq)
			text_add(&text, "/%" PRIu32, edge->seq);
		if (edge->detail)
			text_add(&text, "!");
	}
}

static inline void assert_reads_as(const char *file, const char *wire,
				   const char *expected)
{
	struct recording recording;
	char reason[RECORDING_MAX_REASON], found[4096];

	if (recording_parse(file, strlen(file), "x", wire, &recording, reason))
		fail_msg("%s", reason);
	describe(&recording, found, sizeof(found));
	assert_string_equal(found, expected);
	recording_finish(&recording);
}

static inline void assert_refused(const char *file, const char *wire,
				  const char *expected)
{
	struct recording recording;
	char reason[RECORDING_MAX_REASON];

	assert_int_equal(recording_parse(file, strlen(file), "x", wire, &recording,
					 reason),
			 -EINVAL);
	assert_string_equal(reason, expected);
	assert_null(recording.edges);
}

static inline void assert_same_records(const struct recording *recording,
				       const struct edge *edges, size_t num_edges,
				       uint64_t shift_ns)
{
	assert_int_equal(recording->num_edges, num_edges);
	for (size_t i = 0; i < num_edges; i++) {
		const struct edge *found = &recording->edges[i];

		if (found->t_ns + shift_ns != edges[i].t_ns ||
		    found->event != edges[i].event || found->seq != edges[i].seq ||
		    found->detail != edges[i].detail)
			fail_msg("record %zu: %u %" PRIu64 ", not %u %" PRIu64, i,
				 found->event, found->t_ns + shift_ns, edges[i].event,
				 edges[i].t_ns);
	}
}

#endif
