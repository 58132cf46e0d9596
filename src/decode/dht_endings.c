/* SPDX-License-Identifier: MIT */
#include "decode/dht_endings.h"

enum { NS_PER_US = 1000 };

enum { COST_TAIL = 8 * DHT_COST_NAT }; /* the last bit's end is missing */

static void add_ending(struct dht_paths *paths, const struct dht_ending *ending)
{
	if (paths->num_endings < DHT_MAX_ENDINGS)
		paths->endings[paths->num_endings++] = *ending;
	else
		paths->is_too_wide = true;
}

enum { MAX_EXTRA = 3, MAX_LATE_BITS = 2, MAX_LATE_NS = 200 * NS_PER_US };

/* The last event is the last edge, stamped late, and the edges just before it are lost. */
static void add_late_endings(struct dht_paths *paths, unsigned num_bits)
{
	const struct dht_lattice *lattice = paths->lattice;
	const struct dht_cells *cells = lattice->cells;
	const int32_t *last_ns = &lattice->t_ns[lattice->num_events - 1];

	for (unsigned bits = 0; bits < 1u << num_bits; bits++) {
		int32_t num_ones = __builtin_popcount(bits);
		int32_t late_ns = last_ns[0] - last_ns[-1] - num_ones * cells->one_ns -
				  ((int32_t)num_bits - num_ones) * cells->zero_ns;

		if (late_ns > cells->min_late_ns && late_ns < MAX_LATE_NS)
			add_ending(paths,
				   &(struct dht_ending){
					   .event = lattice->num_events - 2,
					   .edge = cells->num_bits - num_bits,
					   .bits = bits,
					   .cost = DHT_COST_LATE + ((int32_t)num_bits -
								    1) * DHT_COST_MISS,
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
		add_late_endings(paths, i);
}
