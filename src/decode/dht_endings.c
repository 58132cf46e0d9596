/* SPDX-License-Identifier: MIT */
#include "decode/dht_endings.h"

enum { NS_PER_US = 1000 };

enum { COST_TAIL = 8 * DHT_COST_NAT }; /* the last bit's end is missing */

enum { MAX_EXTRA = 3, MAX_LATE_NS = 200 * NS_PER_US };

/* Bits before a late end; and where something comes after it. */
enum { MAX_LATE_BITS = 5, MAX_LATE_BITS_BEFORE_EXTRA = 2 };

static void add_ending(struct dht_paths *paths, const struct dht_ending *ending)
{
	if (paths->num_endings < DHT_MAX_ENDINGS)
		paths->endings[paths->num_endings++] = *ending;
	else
		paths->is_too_wide = true;
}

/* An event is the last edge, stamped late, and the edges just before it are lost; what comes after
 * it is nothing of the sensor's. */
static void add_late_endings(struct dht_paths *paths, unsigned num_extra,
			     unsigned num_bits)
{
	const struct dht_lattice *lattice = paths->lattice;
	const struct dht_cells *cells = lattice->cells;
	size_t event = lattice->num_events - 1 - num_extra;
	/* were all bits zeros */
	int32_t most_late_ns = lattice->t_ns[event] - lattice->t_ns[event - 1] -
			       (int32_t)num_bits * cells->zero_ns;

	if (most_late_ns <= cells->min_late_ns)
		return;
	for (unsigned bits = 0; bits < 1u << num_bits; bits++) {
		int32_t late_ns = most_late_ns - __builtin_popcount(bits) *
							 (cells->one_ns - cells->zero_ns);

		if (late_ns > cells->min_late_ns && late_ns < MAX_LATE_NS)
			add_ending(paths,
				   &(struct dht_ending){
					   .event = event - 1,
					   .edge = cells->num_bits - num_bits,
					   .bits = bits,
					   .cost = DHT_COST_LATE +
						   ((int32_t)num_bits - 1) *
							   DHT_COST_MISS +
						   (int32_t)num_extra * DHT_COST_EXTRA,
					   .is_whole = true,
				   });
	}
}

void dht_endings_list(struct dht_paths *paths)
{
	size_t num_events = paths->lattice->num_events;
	unsigned last_edge = paths->lattice->cells->num_bits;

	paths->num_endings = 0;
	for (unsigned i = 0; i <= MAX_EXTRA && i < num_events; i++)
		add_ending(paths,
			   &(struct dht_ending){ .event = num_events - 1 - i,
						 .edge = last_edge,
						 .cost = (int32_t)i * DHT_COST_EXTRA,
						 .is_whole = true });
	for (unsigned bit = 0; bit < 2; bit++)
		add_ending(paths, &(struct dht_ending){ .event = num_events - 1,
							.edge = last_edge - 1,
							.bits = bit,
							.cost = COST_TAIL,
							.is_whole = false });
	for (unsigned i = 1; i <= MAX_LATE_BITS && num_events > 1; i++)
		add_late_endings(paths, 0, i);
	for (unsigned i = 1; i <= MAX_LATE_BITS_BEFORE_EXTRA && num_events > 2; i++)
		add_late_endings(paths, 1, i);
}
