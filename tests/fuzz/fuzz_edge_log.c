/* SPDX-License-Identifier: MIT */
/* Edge logs: no input may crash, and what was read reads the same after it was written. */
#include <ctype.h>
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

static void write_and_read(const struct recording *first)
{
	struct recording second;
	char reason[RECORDING_MAX_REASON];
	char *data = NULL;
	size_t num_bytes = 0;
	FILE *file = open_memstream(&data, &num_bytes);

	check(edge_log_write(file, "x", "x", first->edges, first->num_edges) == 0);
	fclose(file);
	check(recording_parse(data, num_bytes, "x", NULL, &second, reason) == 0);
	check(second.num_edges == first->num_edges);
	for (size_t i = 0; i < first->num_edges; i++) {
		check(second.edges[i].t_ns == first->edges[i].t_ns);
		check(second.edges[i].event == first->edges[i].event);
		check(second.edges[i].seq == first->edges[i].seq);
		check(second.edges[i].detail == first->edges[i].detail);
	}
	recording_finish(&second);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes)
{
	struct recording recording;
	char reason[RECORDING_MAX_REASON];

	/* Behind blanks may be a value change dump: that is the other target's. */
	if (num_bytes < 1 || isspace(data[0]) || data[0] == '$')
		return 0;
	if (recording_parse((const char *)data, num_bytes, "x", NULL, &recording, reason))
		return 0;
	write_and_read(&recording);
	recording_finish(&recording);
	return 0;
}
