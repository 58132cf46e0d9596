/* SPDX-License-Identifier: MIT */
/* A gateway with two sensors, for the tests of what HTTP tells: "porch" reads, "attic" is
 * silent. */
#ifndef UNIT_METRICS_TEST_H
#define UNIT_METRICS_TEST_H

#include "metrics/answer.h"
#include "metrics/snapshot.h"

struct test_gateway {
	struct snapshot snapshot; /* what the source gives */
	struct snapshot_sensor sensors[2];
	bool has_no_memory; /* the source says so */
	int num_held; /* not released yet */
	const struct summary *past; /* borrowed; of porch */
	size_t num_past;
	int recall_error; /* what the source says of it */
};

void test_gateway_init(struct test_gateway *gateway);

/* Knows the frames of porch: "[]". */
struct source test_gateway_source(struct test_gateway *gateway);

#endif
