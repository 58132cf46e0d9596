/* SPDX-License-Identifier: MIT */
#include "gpio/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/clock.h"

/* Idle before the first record: sigrok's decoders want to see the bus high. */
#define LEAD_NS (5 * CLOCK_NS_PER_MS)

/* The wire, as it has been written so far. */
struct levels {
	FILE *file;
	uint64_t origin_ns; /* the time that is 0 in the file */
	bool is_high;
};

static bool set_level(struct levels *levels, uint64_t t_ns, bool is_high)
{
	if (levels->is_high == is_high)
		return false;
	levels->is_high = is_high;
	fprintf(levels->file, "#%" PRIu64 "\n%c!\n", t_ns - levels->origin_ns,
		is_high ? '1' : '0');
	return true;
}

/* A slow pull-up may let us see the rising edge of our own release: then that one counts. */
static bool rises_later(const struct edge *release, const struct edge *end)
{
	for (const struct edge *next = release + 1; next < end; next++) {
		if (next->event != EDGE_ARMED)
			return next->event == EDGE_RISING;
	}
	return false;
}

/* The first record with a time. */
static uint64_t first_ns(const struct edge *edges, size_t num_edges)
{
	for (size_t i = 0; i < num_edges; i++) {
		if (edges[i].t_ns)
			return edges[i].t_ns;
	}
	return LEAD_NS;
}

static int write_record(struct levels *levels, const struct edge *edge,
			const struct edge *end)
{
	switch ((enum edge_event)edge->event) {
	case EDGE_START:
		return !edge->t_ns || set_level(levels, edge->t_ns, false) ? 0 : -EINVAL;
	case EDGE_FALLING:
		return set_level(levels, edge->t_ns, false) ? 0 : -EINVAL;
	case EDGE_RELEASE:
		/* Already high where the start's time is not known. */
		if (!rises_later(edge, end))
			set_level(levels, edge->t_ns, true);
		return 0;
	case EDGE_RISING:
		return set_level(levels, edge->t_ns, true) ? 0 : -EINVAL;
	case EDGE_ARMED:
		return 0;
	case EDGE_END:
		/* What the bus does later is not known; but so long it stayed as it was. A
		 * line that fails is closed, and the host lets go. */
		fprintf(levels->file, "#%" PRIu64 "\n", edge->t_ns - levels->origin_ns);
		if (edge->detail == EDGE_END_LOST && !levels->is_high) {
			levels->is_high = true;
			fputs("z!\n", levels->file);
		}
		return 0;
	}
	return -EINVAL;
}

int vcd_write(FILE *file, const char *driver, const struct edge *edges, size_t num_edges)
{
	uint64_t start_ns = first_ns(edges, num_edges), last_ns = start_ns;
	struct levels levels = { .file = file, .is_high = true };

	levels.origin_ns = start_ns > LEAD_NS ? start_ns - LEAD_NS : 0;
	fprintf(file,
		"$version pin2mqtt $end\n"
		"$comment driver=%s $end\n"
		"$timescale 1 ns $end\n"
		"$scope module bus $end\n"
		"$var wire 1 ! SDA $end\n"
		"$upscope $end\n"
		"$enddefinitions $end\n"
		"#0\n1!\n",
		driver);
	for (size_t i = 0; i < num_edges; i++) {
		const struct edge *edge = &edges[i];
		bool is_stamped = edge->t_ns || edge->event != EDGE_START;

		if (edge->event != EDGE_ARMED && is_stamped) {
			if (edge->t_ns < last_ns)
				return -EINVAL;
			last_ns = edge->t_ns;
		}

		int error = write_record(&levels, edge, edges + num_edges);

		if (error)
			return error;
	}
	if (fflush(file) != 0)
		return -errno;
	return ferror(file) ? -EIO : 0;
}
