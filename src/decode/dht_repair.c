/* SPDX-License-Identifier: MIT */
#include "decode/dht_repair.h"

#include <stdlib.h>

#include "decode/bits.h"
#include "decode/dht_paths.h"
#include "decode/dht_walk.h"

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

/* Edges that are not of the bits, and edges lost. */
enum { MAX_STRANGE = 5, MAX_MISSING = 12 };

/* Of 256 sums one is right by chance. */
enum { MAX_CANDIDATES = 12 };

/* With all else of a frame, 140000 instructions. Of a busy machine's damaged frames, one in two
 * hundred would take more, and is refused. */
enum { MAX_WORK = 2000 };

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
	MAX_EARLY_NS = PLACE_SLACK_NS + (MAX_PLACE_FAR_US + 1) * NS_PER_US,
};

enum { RESPONSE_REACH_NS = 19 * NS_PER_US };

enum { ARMING_SLACK_NS = 20 * NS_PER_US };
enum { COST_ARMED_LATE = DHT_COST_NAT / 2 };

struct repair {
	const struct driver *driver;
	const struct decode_state *state;
	struct reading blank; /* what a reading is before it has values */
	struct reading best;
	uint64_t best_bits;
	int32_t best_cost;
	int32_t second_cost; /* of another value */
	int32_t least_cost; /* of all explanations */
	int32_t num_candidates;
	int32_t margin; /* how much worse is still of interest */
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

/* Where a frame begins, as its model has it, in times after the release. */
struct front {
	const struct dht_cells *cells;
	const struct dht_trace *trace;
	int32_t response_ns;
	int32_t first_ns; /* the first bit */
};

static void find_front(struct front *front, const struct dht_wire *wire,
		       const struct dht_cells *cells, const struct dht_trace *trace)
{
	int32_t us_ns = cells->zero_ns / (wire->bit_low_us + wire->zero_high_us);

	front->cells = cells;
	front->trace = trace;
	front->response_ns = TYPICAL_RELEASE_NS;
	front->first_ns = front->response_ns + us_ns * wire->response_low_us +
			  us_ns * wire->response_high_us;
}

/* An edge of the first bits, which are zeros. */
static int32_t edge_ns(const struct front *front, unsigned edge)
{
	return front->first_ns + (int32_t)edge * front->cells->zero_ns;
}

/* Events before the first edge that are not the response. */
static int32_t count_strange(const struct front *front, size_t event, int32_t off_ns)
{
	int32_t response_ns = front->response_ns + off_ns;

	for (size_t i = 0; i < event; i++)
		if (abs(front->trace->t_ns[i] - response_ns) < RESPONSE_REACH_NS)
			return (int32_t)event - 1;
	return (int32_t)event;
}

/* The first edges may have come before they were reported; events before the first one in
 * time are the response, edges stamped late, or nothing of the sensor's. */
static int32_t start_cost(const struct front *front, size_t event, unsigned edge)
{
	int32_t armed_ns = front->trace->armed_ns;
	int32_t off_ns = front->trace->t_ns[event] - edge_ns(front, edge);
	int32_t cost = place_cost(front->cells, off_ns, armed_ns);
	int32_t num_strange;

	if (cost >= DHT_COST_NEVER)
		return cost;
	num_strange = count_strange(front, event, off_ns);
	for (unsigned i = 0; i < edge; i++) {
		if (armed_ns + ARMING_SLACK_NS > edge_ns(front, i)) {
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

static void set_starts(struct dht_paths *paths, const struct front *front)
{
	const struct dht_trace *trace = front->trace;

	for (size_t event = 0; event < DHT_MAX_STARTS; event++)
		for (unsigned edge = 0; edge < DHT_MAX_LEAD; edge++)
			paths->start_costs[event][edge] = DHT_COST_NEVER;
	for (size_t event = 0; event < DHT_MAX_STARTS && event < trace->num_edges;
	     event++)
		for (unsigned edge = 0;
		     edge <= front->cells->num_zero_bits &&
		     edge_ns(front, edge) - trace->t_ns[event] < MAX_EARLY_NS;
		     edge++)
			paths->start_costs[event][edge] =
				clamp_cost(start_cost(front, event, edge));
}

static void put_bytes(uint64_t bits, unsigned num_bytes, uint8_t *bytes_out)
{
	for (unsigned i = 0; i < num_bytes; i++)
		bytes_out[i] = (uint8_t)(bits >> (8 * (num_bytes - 1 - i)));
}

/* The sum of the data, which are the first four bytes, is the fifth. */
static bool add_up(uint64_t bits, unsigned num_bytes)
{
	uint32_t data = (uint32_t)(bits >> (8 * (num_bytes - BITS_DATA_BYTES)));
	uint8_t sum = (uint8_t)(bits >> (8 * (num_bytes - 1 - BITS_SUM_BYTE)));
	uint32_t pairs = (data & 0xff00ff) + (data >> 8 & 0xff00ff);

	return (uint8_t)(pairs + (pairs >> 16)) == sum;
}

/* Turns an explanation's bits into values; false where they are none. */
static bool read_bits(const struct repair *repair, uint64_t bits, struct reading *out)
{
	unsigned num_bytes = repair->driver->wire.num_bits / 8u;
	uint8_t bytes[DRIVER_MAX_BYTES] = { 0 };

	if (!add_up(bits, num_bytes))
		return false;
	put_bytes(bits, num_bytes, bytes);
	if (repair->state &&
	    !negatives_allow(&repair->state->negatives, repair->driver, bytes))
		return false;
	*out = repair->blank;
	return repair->driver->decode(bytes, out) == VERDICT_CLEAN;
}

/* Counted as a candidate, or a value that may be the best or the second best. */
static bool is_wanted(const struct dht_paths *paths, uint64_t bits, int32_t cost)
{
	const struct repair *repair = paths->context;

	return cost <= repair->least_cost + MAX_EXCESS ||
	       add_up(bits, repair->driver->wire.num_bits / 8u);
}

/* Keeps the best value and the cost of the second best. Ends the search where nothing that is
 * still to come could make it clear. */
static void take(struct dht_paths *paths, uint64_t bits, int32_t cost)
{
	struct repair *repair = paths->context;
	struct reading reading;

	repair->num_candidates += cost <= repair->least_cost + MAX_EXCESS;
	if (repair->num_candidates > MAX_CANDIDATES)
		paths->work_left = -1;
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
		repair->is_whole = paths->is_whole;
		if (paths->bound > cost + repair->margin)
			paths->bound = cost + repair->margin;
	} else if (bits != repair->best_bits && cost < repair->second_cost) {
		repair->second_cost = cost;
	}
	if (repair->second_cost < repair->least_cost + MARGIN)
		paths->work_left = -1;
}

/* Finds the best value, then whatever comes near it. Returns false where there are several, or
 * it is too much work. */
static bool list_values(struct dht_paths *paths)
{
	struct repair *repair = paths->context;

	paths->bound = repair->least_cost + MAX_EXCESS;
	repair->margin = 0;
	if (!dht_walk(paths))
		return false;
	if (repair->best_cost > repair->least_cost + MAX_EXCESS)
		return true;
	paths->bound = repair->best_cost + MARGIN;
	repair->margin = MARGIN;
	repair->num_candidates = 0;
	return dht_walk(paths);
}

static enum verdict judge(const struct repair *repair, enum verdict refused)
{
	if (repair->best_cost > repair->least_cost + MAX_EXCESS)
		return refused;
	if (repair->second_cost - repair->best_cost < MARGIN)
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

static bool is_repairable(const struct driver *driver, const struct dht_trace *falls)
{
	size_t num_edges = (size_t)driver->wire.num_bits + 1;

	return falls->has_release && falls->is_ordered && !falls->has_seq_gap &&
	       falls->num_edges + MAX_MISSING >= num_edges &&
	       falls->num_edges <= num_edges + MAX_STRANGE && !is_coarse(falls);
}

enum verdict dht_repair(const struct driver *driver, const struct dht_trace *falls,
			const struct decode_state *state, enum verdict refused,
			struct dht_repaired *out)
{
	struct dht_cells cells;
	struct front front;
	struct dht_paths paths;
	struct repair repair = {
		.driver = driver,
		.state = state,
		.blank = out->reading,
		.best_cost = DHT_COST_NEVER,
		.second_cost = DHT_COST_NEVER,
	};

	if (!is_repairable(driver, falls) ||
	    !dht_cells_fit(&cells, driver, state ? &state->profile : NULL, falls))
		return refused;

	struct dht_lattice lattice = {
		.cells = &cells,
		.t_ns = falls->t_ns,
		.num_events = falls->num_edges,
		.max_single_ns = 2 * cells.zero_ns - DHT_MAX_OFF_NS,
	};

	paths.lattice = &lattice;
	paths.take = take;
	paths.is_wanted = is_wanted;
	paths.context = &repair;
	paths.work_left = MAX_WORK;
	find_front(&front, &driver->wire, &cells, falls);
	set_starts(&paths, &front);

	repair.least_cost = dht_paths_find(&paths);
	if (repair.least_cost > MAX_COST || paths.is_too_wide)
		return refused;

	enum verdict verdict =
		list_values(&paths) ? judge(&repair, refused) : VERDICT_AMBIGUOUS;

	if (verdict == VERDICT_REPAIRED) {
		out->reading = repair.best;
		put_bytes(repair.best_bits, driver->wire.num_bits / 8u, out->bytes);
		out->fit = fit_of(&cells);
	}
	return verdict;
}
