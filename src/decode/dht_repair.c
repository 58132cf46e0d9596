/* SPDX-License-Identifier: MIT */
#include "decode/dht_repair.h"

#include <stdlib.h>

#include "decode/bits.h"
#include "decode/dht_paths.h"
#include "decode/dht_walk.h"

enum { NS_PER_US = 1000 };

/* How much better a value must be than any other: 1 in 13000, which is an edge late by what tells a
 * 1 from a 0. */
enum { MARGIN = DHT_COST_LATE + DHT_COST_LATE_LONG };

/* Where there were many accidents there may have been others: then by a part more of what they
 * cost beyond so much. */
enum { MANY_COST = 26 * DHT_COST_NAT, MANY_DIVISOR = 8 };

/* How much worse than the best explanation, which may not add up, the best one that does may
 * be: the order of two bits that was the less likely one, and a step of the values. */
enum { MAX_EXCESS = 5 * DHT_COST_NAT };

/* What all accidents of a frame may cost together. Beyond it one value in 2000 was wrong, and a
 * DHT11's frame told a DHT22's value (simulated, tests/bench/noise_queue.c, noise_stranger.c). */
enum { MAX_COST = 40 * DHT_COST_NAT };

/* Edges that are not of the bits, and edges lost. */
enum { MAX_STRANGE = 5, MAX_MISSING = 12 };

/* Of 256 sums one is right by chance. */
enum { MAX_CANDIDATES = 12 };

/* With all else of a frame, 100000 instructions (tests/bench/work). What would take more is
 * refused. */
enum {
	MAX_WORK = 1470,
	/* Another value is read and weighed: many are, where the margin has grown. */
	WORK_A_VALUE = 4,
};

/* A logic analyser at 500 kHz or less, not a kernel: its stamps are too coarse to be weighed. */
enum { COARSE_NS = 2 * NS_PER_US, EDGES_PER_FINE = 8 };

struct repair {
	const struct driver *driver;
	const struct decode_state *state;
	/* that values are held against; NULL: none */
	const struct continuity *continuity;
	struct reading blank; /* what a reading is before it has values */
	struct reading best;
	uint64_t best_bits;
	int32_t best_cost; /* with that of the step of the values */
	int32_t least_cost; /* of all explanations */
	unsigned num_candidates; /* explanations that cost little more */
	bool is_whole; /* the best one */
};

/* Turns an explanation's bits into values; false where they are none. */
static bool read_bits(const struct repair *repair, uint64_t bits, struct reading *out)
{
	unsigned num_bytes = repair->driver->wire.num_bits / 8u;
	uint8_t bytes[DRIVER_MAX_BYTES] = { 0 };

	if (!bits_add_up(bits, repair->driver->wire.num_bits))
		return false;
	bits_put(bits, num_bytes, bytes);
	if (repair->state &&
	    !negatives_allow(&repair->state->negatives, repair->driver, bytes))
		return false;
	*out = repair->blank;
	return repair->driver->decode(bytes, out) == VERDICT_CLEAN;
}

/* With what speaks against such a step of the values. */
static int32_t total_cost(const struct repair *repair, const struct reading *reading,
			  int32_t cost)
{
	return repair->continuity ? cost + continuity_cost(repair->continuity, reading)
				  : cost;
}

/* Counts what the sum is to choose from, and keeps the best value. */
static void take_candidate(struct dht_paths *paths, uint64_t bits, int32_t cost)
{
	struct repair *repair = paths->context;
	struct reading reading;

	if (++repair->num_candidates > MAX_CANDIDATES)
		paths->work_left = -1;
	if (!read_bits(repair, bits, &reading))
		return;
	cost = total_cost(repair, &reading, cost);
	if (cost >= repair->best_cost)
		return;
	repair->best = reading;
	repair->best_bits = bits;
	repair->best_cost = cost;
	repair->is_whole = paths->is_whole;
}

/* How much better than any other the best value must be. */
static int32_t margin_of(const struct repair *repair)
{
	int32_t over = repair->best_cost - MANY_COST;

	return over > 0 ? MARGIN + over / MANY_DIVISOR : MARGIN;
}

/* Looks for another value. */
static void take_rival(struct dht_paths *paths, uint64_t bits, int32_t cost)
{
	const struct repair *repair = paths->context;
	struct reading reading;

	if (repair->best_cost > MANY_COST)
		paths->work_left -= WORK_A_VALUE;
	if (bits == repair->best_bits || !read_bits(repair, bits, &reading) ||
	    total_cost(repair, &reading, cost) >= repair->best_cost + margin_of(repair))
		return;
	paths->work_left = -1;
}

static enum verdict judge(struct dht_paths *paths, enum verdict refused)
{
	struct repair *repair = paths->context;

	paths->bound = repair->least_cost + MAX_EXCESS;
	paths->take = take_candidate;
	paths->has_to_add_up = false;
	if (!dht_walk(paths))
		return VERDICT_AMBIGUOUS;
	if (repair->best_cost > repair->least_cost + MAX_EXCESS)
		return refused;
	paths->bound = repair->best_cost + margin_of(repair);
	paths->take = take_rival;
	paths->has_to_add_up = true;
	if (!dht_walk(paths))
		return VERDICT_AMBIGUOUS;
	if (!repair->is_whole || repair->best_cost > MAX_COST)
		return refused;
	if (repair->continuity && continuity_is_broken(repair->continuity, &repair->best))
		return VERDICT_AMBIGUOUS;
	return VERDICT_REPAIRED;
}

/* Whether edges between which nothing seems to be missing or late are read as what they seem to
 * be, or are as many as they have to be from where they begin. Else they are another sensor's, or
 * those of a slip: accidents do not leave each interval a bit. */
static bool is_row_kept(const struct repair *repair, const struct dht_starts *starts)
{
	uint64_t bits;
	unsigned num_bits;

	return dht_starts_is_as_long(starts) ||
	       !dht_starts_have_intact_row(starts, &bits, &num_bits) ||
	       (num_bits <= repair->driver->wire.num_bits &&
		(bits ^ repair->best_bits) << (64 - num_bits) == 0);
}

/* A frame that lacks only known zeros, which came before the line was armed, is read as a clean
 * one is. That it is not a bit more at its end that it lacks, its gaps tell. */
static bool read_all_but_front(const struct repair *repair,
			       const struct dht_starts *starts, struct dht_repaired *out)
{
	const struct dht_wire *wire = &repair->driver->wire;
	const int32_t *t_ns = starts->falls->t_ns;
	int32_t intervals_ns[DHT_MAX_BITS];
	unsigned first;

	if (!dht_starts_lack_front_only(starts, &first))
		return false;
	for (unsigned i = 0; i < first; i++)
		intervals_ns[i] = starts->cells->zero_ns;
	for (size_t i = 0; i + 1 < starts->falls->num_edges; i++)
		intervals_ns[first + i] = t_ns[i + 1] - t_ns[i];
	return dht_fit_find(&out->fit, wire, intervals_ns, wire->num_bits, 0) &&
	       dht_fit_read(&out->fit, intervals_ns, wire->num_bits, out->bytes) &&
	       out->fit.has_gaps &&
	       read_bits(repair, bits_take(out->bytes, wire->num_bits / 8u),
			 &out->reading);
}

static struct dht_fit fit_of(const struct dht_cells *cells)
{
	return (struct dht_fit){
		.zero_ns = cells->zero_ns,
		.one_ns = cells->one_ns,
		.gap_ns = (cells->min_gap_ns + cells->max_gap_ns) / 2,
		.max_gap_ns = cells->max_gap_ns,
		.spread_ns = cells->spread_ns,
	};
}

static bool is_coarse(const struct dht_trace *trace)
{
	size_t num_fine = 0;

	for (size_t i = 1; i < trace->num_edges; i++)
		num_fine += (trace->t_ns[i] - trace->t_ns[i - 1]) % COARSE_NS != 0;
	return num_fine < trace->num_edges / EDGES_PER_FINE;
}

static bool is_repairable(const struct driver *driver, const struct dht_trace *falls)
{
	size_t num_edges = (size_t)driver->wire.num_bits + 1;

	return falls->seen == DHT_SEEN_FALLING && falls->has_release &&
	       falls->is_ordered && !falls->has_seq_gap &&
	       falls->num_edges + MAX_MISSING >= num_edges &&
	       falls->num_edges <= num_edges + MAX_STRANGE && !is_coarse(falls);
}

enum verdict dht_repair(const struct driver *driver, const struct dht_trace *falls,
			const struct decode_state *state, enum verdict refused,
			struct dht_repaired *out)
{
	struct dht_cells cells;
	struct dht_starts starts;
	struct dht_paths paths;
	struct repair repair = {
		.driver = driver,
		.state = state,
		.blank = out->reading,
		.best_cost = DHT_COST_NEVER,
	};

	if (!is_repairable(driver, falls) ||
	    !dht_cells_fit(&cells, driver, state ? &state->profile : NULL, falls))
		return refused;

	struct dht_lattice lattice = {
		.cells = &cells,
		.t_ns = falls->t_ns,
		.num_events = falls->num_edges,
		.max_single_ns = 2 * cells.zero_ns - cells.max_off_ns,
	};

	paths.lattice = &lattice;
	paths.context = &repair;
	paths.work_left = MAX_WORK;
	dht_starts_list(&starts, &driver->wire, &cells, falls);
	paths.starts = &starts;
	if (read_all_but_front(&repair, &starts, out))
		return VERDICT_REPAIRED;
	/* Then each bit was read, and the sum is unspent: as good a proof as a clean frame. */
	if (state && !dht_starts_is_all_else_heard(&starts))
		repair.continuity = &state->continuity;

	repair.least_cost = dht_paths_find(&paths);
	if (repair.least_cost > MAX_COST || paths.is_too_wide)
		return refused;

	enum verdict verdict = judge(&paths, refused);

	if (verdict == VERDICT_REPAIRED && !is_row_kept(&repair, &starts))
		verdict = refused;
	if (verdict == VERDICT_REPAIRED) {
		out->reading = repair.best;
		bits_put(repair.best_bits, driver->wire.num_bits / 8u, out->bytes);
		out->fit = fit_of(&cells);
	}
	return verdict;
}
