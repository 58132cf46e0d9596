/* SPDX-License-Identifier: MIT */
#include "decode/dht_repair.h"

#include <stdlib.h>

#include "decode/bits.h"
#include "decode/check.h"
#include "decode/dht_paths.h"
#include "decode/dht_trace.h"

enum { NS_PER_US = 1000 };

/* How much better a value must be than any other: 1 in 10000. Just less than an edge
 * late by what tells a 1 from a 0, and the less likely order of two bits. */
enum { MARGIN = DHT_COST_NAT * 37 / 4 };

/* How much worse than the best explanation, which may not add up, the best one that does may
 * be: the order of two bits that was the less likely one, and a step of the values. */
enum { MAX_EXCESS = 5 * DHT_COST_NAT };

/* What all accidents of a frame may cost together. Beyond it one value in 2000 was wrong, and a
 * DHT11's frame told a DHT22's value (simulated, tests/bench/noise_queue.c, noise_stranger.c). */
enum { MAX_COST = 40 * DHT_COST_NAT };

/* Edges of the bits. */
enum { MAX_MISSING = 12, MAX_STRANGE = 5 };

/* Of 256 sums one is right by chance. */
enum { MAX_CANDIDATES = 12 };

/* Each costs some 300 instructions; nine frames in ten of a busy machine take 300 steps. */
enum { MAX_STEPS = 800 };

/* A logic analyser at 500 kHz or less, not a kernel: its stamps are too coarse to be weighed. */
enum { COARSE_NS = 2 * NS_PER_US, EDGES_PER_FINE = 8 };

/* What real sensors do between the release and the first bit, see dht_frame.c: the first
 * bit's edge is at the same time in all recordings, give or take so much. */
enum { TYPICAL_RELEASE_NS = 32 * NS_PER_US, PLACE_SLACK_NS = 22 * NS_PER_US };

/* A place beyond that costs for each microsecond; less where it is later and gaps are sure to
 * tell, for the release may be later than its stamp. It costs no more than leaves a doubt: a
 * sensor with short bits sends its first one where others send their second. */
enum {
	PLACE_COST_PER_US = DHT_COST_NAT,
	LAG_COST_PER_US = DHT_COST_NAT / 16,
	MAX_PLACE_COST = 14 * DHT_COST_NAT,
	MAX_PLACE_FAR_US = 30,
};

enum { RESPONSE_PERCENT = 12, ARMING_SLACK_NS = 20 * NS_PER_US };
enum { COST_ARMED_LATE = DHT_COST_NAT / 2 };

struct repair {
	const struct driver *driver;
	const struct decode_state *state;
	struct reading blank; /* what a reading is before it has values */
	struct reading best;
	uint64_t best_bits;
	int32_t best_cost;
	int32_t second_cost; /* of another value */
	int32_t num_candidates;
	int32_t max_candidate_cost;
	bool is_whole; /* the best one */
};

static uint16_t clamp_cost(int32_t cost)
{
	return (uint16_t)(cost < DHT_COST_NEVER ? cost : DHT_COST_NEVER);
}

/* What speaks against an edge of the first bits being at this time. */
static int32_t place_cost(const struct dht_cells *cells, int32_t off_ns, int32_t armed_ns)
{
	int32_t far_us = (abs(off_ns) - PLACE_SLACK_NS) / NS_PER_US;

	if (far_us <= 0)
		return 0;
	if (off_ns > 0 && off_ns < armed_ns && cells->min_gap_ns > 0)
		return far_us * LAG_COST_PER_US;
	if (far_us > MAX_PLACE_FAR_US)
		return DHT_COST_NEVER;
	return far_us * PLACE_COST_PER_US < MAX_PLACE_COST ? far_us * PLACE_COST_PER_US
							   : MAX_PLACE_COST;
}

/* The first edges may have come before they were reported; events before the first one in
 * time are the response, edges stamped late, or nothing of the sensor's. */
static int32_t start_cost(const struct dht_cells *cells, const struct dht_wire *wire,
			  const struct dht_trace *trace, size_t event, unsigned edge)
{
	const int32_t *at_ns = &trace->t_ns[event];
	int32_t response_ns = cells->zero_ns / (wire->bit_low_us + wire->zero_high_us) *
			      (wire->response_low_us + wire->response_high_us);
	int32_t first_ns = TYPICAL_RELEASE_NS + response_ns;
	int32_t off_ns = at_ns[0] - first_ns - (int32_t)edge * cells->zero_ns;
	int32_t cost = place_cost(cells, off_ns, trace->armed_ns);
	int32_t num_strange = (int32_t)event;

	if (event > 0) {
		/* from the response's fall to the first bit's */
		int32_t ns = at_ns[0] - (int32_t)edge * cells->zero_ns - at_ns[-1];

		num_strange -=
			abs(ns - response_ns) < response_ns / 100 * RESPONSE_PERCENT;
	}
	for (unsigned i = 0; i < edge; i++) {
		int32_t t_ns = first_ns + (int32_t)i * cells->zero_ns;

		if (trace->armed_ns + ARMING_SLACK_NS > t_ns) {
			cost += COST_ARMED_LATE;
		} else if (num_strange > 0) {
			cost += DHT_COST_LATE;
			num_strange--;
		} else {
			cost += DHT_COST_MISS;
		}
	}
	return cost + num_strange * DHT_COST_SPURIOUS;
}

static void set_starts(struct dht_paths *paths, const struct dht_wire *wire,
		       const struct dht_trace *trace)
{
	for (size_t event = 0; event < DHT_MAX_STARTS; event++)
		for (unsigned edge = 0; edge < DHT_MAX_LEAD; edge++)
			paths->start_costs[event][edge] =
				edge > paths->cells->num_zero_bits ||
						event >= paths->num_events
					? DHT_COST_NEVER
					: clamp_cost(start_cost(paths->cells, wire, trace,
								event, edge));
}

static void put_bytes(uint64_t bits, unsigned num_bytes, uint8_t *bytes_out)
{
	for (unsigned i = 0; i < num_bytes; i++)
		bytes_out[i] = (uint8_t)(bits >> (8 * (num_bytes - 1 - i)));
}

/* Turns an explanation's bits into values; false where they are none. */
static bool read_bits(const struct repair *repair, uint64_t bits, struct reading *out)
{
	uint8_t bytes[DRIVER_MAX_BYTES] = { 0 };

	put_bytes(bits, repair->driver->wire.num_bits / 8u, bytes);
	if (check_sum8(bytes, BITS_DATA_BYTES) != bytes[BITS_SUM_BYTE])
		return false;
	if (repair->state &&
	    !negatives_allow(&repair->state->negatives, repair->driver, bytes))
		return false;
	*out = repair->blank;
	return repair->driver->decode(bytes, out) == VERDICT_CLEAN;
}

/* Keeps the best value and the cost of the second best. */
static void take(struct dht_paths *paths, uint64_t bits, int32_t cost, bool is_whole)
{
	struct repair *repair = paths->context;
	struct reading reading;

	repair->num_candidates += cost <= repair->max_candidate_cost;
	if (!read_bits(repair, bits, &reading))
		return;
	if (repair->state)
		cost += continuity_cost(&repair->state->continuity, &reading);
	if (cost < repair->best_cost) {
		if (bits != repair->best_bits)
			repair->second_cost = repair->best_cost;
		repair->best = reading;
		repair->best_bits = bits;
		repair->best_cost = cost;
		repair->is_whole = is_whole;
	} else if (bits != repair->best_bits && cost < repair->second_cost) {
		repair->second_cost = cost;
	}
}

/* Finds the best value, then whatever may come near it. Returns false where that is too much
 * work, or there is no value. */
static bool list_values(struct dht_paths *paths, int32_t max_cost)
{
	struct repair *repair = paths->context;

	paths->bound = max_cost;
	if (!dht_paths_list(paths))
		return false;
	if (repair->best_cost > max_cost)
		return true;
	paths->bound = repair->best_cost + MARGIN;
	repair->num_candidates = 0;
	return dht_paths_list(paths);
}

static enum verdict judge(const struct repair *repair, int32_t least_cost,
			  enum verdict refused)
{
	if (repair->best_cost > least_cost + MAX_EXCESS)
		return refused;
	if (repair->second_cost - repair->best_cost < MARGIN ||
	    repair->num_candidates > MAX_CANDIDATES)
		return VERDICT_AMBIGUOUS;
	if (!repair->is_whole || repair->best_cost > MAX_COST)
		return refused;
	if (repair->state &&
	    continuity_is_broken(&repair->state->continuity, &repair->best))
		return VERDICT_AMBIGUOUS;
	return VERDICT_REPAIRED;
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

static bool is_repairable(const struct driver *driver, const struct dht_trace *trace)
{
	size_t num_edges = driver->wire.num_bits + 1u;

	return trace->has_release && trace->seen == DHT_SEEN_FALLING &&
	       trace->is_ordered && !trace->has_seq_gap &&
	       trace->num_edges + MAX_MISSING >= num_edges &&
	       trace->num_edges <= num_edges + MAX_STRANGE && !is_coarse(trace);
}

enum verdict dht_repair(const struct driver *driver, const struct frame *frame,
			const struct decode_state *state, enum verdict refused,
			struct dht_repaired *out)
{
	struct dht_trace trace;
	struct dht_cells cells;
	struct dht_paths paths;
	struct repair repair = {
		.driver = driver,
		.state = state,
		.blank = out->reading,
		.best_cost = DHT_COST_NEVER,
		.second_cost = DHT_COST_NEVER,
	};

	dht_trace_take(&trace, frame);
	if (!is_repairable(driver, &trace) ||
	    !dht_cells_fit(&cells, driver, state ? &state->profile : NULL, trace.t_ns,
			   trace.num_edges))
		return refused;
	paths.cells = &cells;
	paths.t_ns = trace.t_ns;
	paths.num_events = trace.num_edges;
	paths.take = take;
	paths.context = &repair;
	paths.num_steps_left = MAX_STEPS;
	set_starts(&paths, &driver->wire, &trace);

	int32_t least_cost = dht_paths_find(&paths);

	if (least_cost > MAX_COST)
		return refused;
	repair.max_candidate_cost = least_cost + MAX_EXCESS;
	if (!list_values(&paths, least_cost + MAX_EXCESS))
		return VERDICT_AMBIGUOUS;

	enum verdict verdict = judge(&repair, least_cost, refused);

	if (verdict == VERDICT_REPAIRED) {
		out->reading = repair.best;
		put_bytes(repair.best_bits, driver->wire.num_bits / 8u, out->bytes);
		out->fit = fit_of(&cells);
	}
	return verdict;
}
