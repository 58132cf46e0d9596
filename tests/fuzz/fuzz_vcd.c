/* SPDX-License-Identifier: MIT */
/* Value change dumps: no input may crash, and records come in attempts, forward in time. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "gpio/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes);

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_attempts(const struct recording *recording)
{
	bool is_open = false;
	uint64_t last_ns = 0;

	for (size_t i = 0; i < recording->num_edges; i++) {
		const struct edge *edge = &recording->edges[i];

		check(is_open == (edge->event != EDGE_START));
		is_open = edge->event != EDGE_END;
		check(edge->t_ns >= last_ns || edge->event == EDGE_START);
		if (edge->t_ns)
			last_ns = edge->t_ns;
	}
	check(!is_open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes)
{
	/* The first byte chooses the wire. */
	static const char *const wires[] = { NULL, "SDA", "!", "bus.SDA" };
	struct recording recording;
	char reason[RECORDING_MAX_REASON];

	/* Without a dollar it is taken for an edge log, where ARMED may be ahead of edges. */
	if (num_bytes < 2 || data[1] != '$')
		return 0;
	if (recording_parse((const char *)data + 1, num_bytes - 1, "x",
			    wires[data[0] % 4], &recording, reason))
		return 0;
	check_attempts(&recording);

	FILE *null = fopen("/dev/null", "w");

	if (null) {
		(void)!vcd_write(null, "x", recording.edges, recording.num_edges);
		fclose(null);
	}
	recording_finish(&recording);
	return 0;
}
