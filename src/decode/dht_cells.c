/* SPDX-License-Identifier: MIT */
#include "decode/dht_cells.h"

#include <stdlib.h>

enum { NS_PER_US = 1000, MAX_SAMPLES = DHT_MAX_BITS + 8 };

/* Of the model's clock: clones differ by 12 %. */
enum { MIN_CLOCK_PERCENT = 82, MAX_CLOCK_PERCENT = 118 };

/* An interval so near to the middle of its kind is one cell. */
enum { NEAR_NS = 9 * NS_PER_US };

/* Edges are stamped within a microsecond or two when nothing is in the way; stamps that
 * are all off by more leave nothing to weigh a late one against. */
enum { MIN_SPREAD_NS = 1500, MAX_SPREAD_NS = 4000 };

/* Gaps were measured from 0 to 14 us. A sensor whose gaps are known keeps them to 3 us. */
enum { MAX_GAP_NS = 15 * NS_PER_US, GAP_REACH_NS = 3 * NS_PER_US, MIN_GAP_FRAMES = 4 };

/* Of the histogram that finds the middle of each kind. */
enum {
	STEP_NS = 2048,
	FIRST_STEP = 20,
	NUM_STEPS = 80,
	MAX_SAMPLE_NS = STEP_NS * NUM_STEPS
};

/* The profile weighs as much as so many cells of the frame. Without one, a kind that has fewer than
 * so many is as long as the model has it. */
enum { PROFILE_WEIGHT = 8, MIN_KIND = 4, LEARN_SHIFT = 3 };

static void learn(int32_t *ns, int32_t seen_ns, bool is_first)
{
	*ns = is_first ? seen_ns : *ns + (seen_ns - *ns) / (1 << LEARN_SHIFT);
}

void dht_profile_learn(struct dht_profile *profile, const struct dht_fit *fit)
{
	learn(&profile->zero_ns, fit->zero_ns, profile->num_frames == 0);
	learn(&profile->one_ns, fit->one_ns, profile->num_frames == 0);
	if (fit->has_gaps) {
		learn(&profile->gap_ns, fit->gap_ns, profile->num_gaps == 0);
		if (profile->num_gaps < UINT8_MAX)
			profile->num_gaps++;
	} else if (profile->num_gaps > 0) {
		/* Another sensor on the same pin, perhaps. */
		profile->num_gaps--;
	}
	if (profile->num_frames < UINT8_MAX)
		profile->num_frames++;
}

/* The samples of one kind of cell. */
struct kind {
	int32_t samples_ns[MAX_SAMPLES];
	size_t num_samples;
	int32_t mean_ns;
	int32_t off_sum_ns;
	size_t num_near;
};

/* To a step; what follows does not look closer. */
static int32_t median_ns(const struct kind *kind)
{
	uint8_t counts[NUM_STEPS] = { 0 };
	size_t num_below = 0;
	unsigned step = FIRST_STEP;

	for (size_t i = 0; i < kind->num_samples; i++) {
		int32_t ns = kind->samples_ns[i];

		counts[ns < MAX_SAMPLE_NS ? ns / STEP_NS : NUM_STEPS - 1]++;
	}
	for (; step < NUM_STEPS; step++) {
		num_below += counts[step];
		if (2 * num_below > kind->num_samples)
			break;
	}
	return (int32_t)step * STEP_NS + STEP_NS / 2;
}

/* The mean of those near the median: late edges and gaps do not move it. */
static void measure(struct kind *kind)
{
	int32_t middle_ns = median_ns(kind);
	int32_t sum_ns = 0;

	kind->num_near = 0;
	for (size_t i = 0; i < kind->num_samples; i++) {
		int32_t off_ns = kind->samples_ns[i] - middle_ns;

		if (abs(off_ns) > NEAR_NS)
			continue;
		sum_ns += off_ns;
		kind->num_near++;
	}
	if (kind->num_near == 0)
		return;
	kind->mean_ns = middle_ns + sum_ns / (int32_t)kind->num_near;
	for (size_t i = 0; i < kind->num_samples; i++)
		if (abs(kind->samples_ns[i] - middle_ns) <= NEAR_NS)
			kind->off_sum_ns += abs(kind->samples_ns[i] - kind->mean_ns);
}

static void sort_intervals(const struct dht_wire *wire, const struct dht_trace *trace,
			   struct kind *zeros, struct kind *ones)
{
	int32_t zero_ns = (wire->bit_low_us + wire->zero_high_us) * NS_PER_US;
	int32_t one_ns = (wire->bit_low_us + wire->one_high_us) * NS_PER_US;

	for (size_t i = 0; i + 1 < trace->num_edges && i < MAX_SAMPLES; i++) {
		int32_t ns = trace->t_ns[i + 1] - trace->t_ns[i];
		struct kind *kind = ns < (zero_ns + one_ns) / 2 ? zeros : ones;

		if (ns > zero_ns / 100 * MIN_CLOCK_PERCENT - NEAR_NS &&
		    ns < one_ns / 100 * MAX_CLOCK_PERCENT + NEAR_NS)
			kind->samples_ns[kind->num_samples++] = ns;
	}
	measure(zeros);
	measure(ones);
}

/* The mean of the frame and of the profile, each with its weight. */
static int32_t blend_ns(const struct kind *kind, int32_t profile_ns, int32_t other_ns)
{
	int32_t num_near = (int32_t)kind->num_near;

	if (profile_ns != 0)
		return (kind->mean_ns * num_near + profile_ns * PROFILE_WEIGHT) /
		       (num_near + PROFILE_WEIGHT);
	return num_near >= MIN_KIND ? kind->mean_ns : other_ns;
}

static void set_gaps(struct dht_cells *cells, const struct dht_wire *wire,
		     const struct dht_profile *profile)
{
	cells->min_gap_ns = 0;
	cells->max_gap_ns = wire->byte_gap_us == 0 ? 0 : MAX_GAP_NS;
	if (!profile || profile->num_gaps < MIN_GAP_FRAMES)
		return;
	cells->min_gap_ns = profile->gap_ns - GAP_REACH_NS;
	cells->max_gap_ns = profile->gap_ns + GAP_REACH_NS;
}

/* In the middle of a step. Up to some deviations it is a matter of squares, from there on of the
 * distance: the tails are heavy. */
static void set_off_costs(struct dht_cells *cells)
{
	int32_t spread_ns = cells->spread_ns;
	int32_t knee_ns = cells->min_late_ns;
	int32_t num_costs = 0;

	for (; num_costs < DHT_NUM_OFF_COSTS; num_costs++) {
		int32_t far_ns = num_costs * DHT_OFF_STEP_NS + DHT_OFF_STEP_NS / 2;
		int32_t permille = far_ns * 1000 / spread_ns;
		int32_t cost =
			far_ns <= knee_ns
				? permille * permille / 1000 * DHT_COST_NAT / 2000
				: DHT_COST_NAT * 25 / 8 + (far_ns - knee_ns) *
								  (DHT_COST_NAT * 5 / 2) /
								  spread_ns;

		if (cost > DHT_MAX_OFF_COST)
			break;
		cells->off_costs[num_costs] = (uint16_t)cost;
	}
	cells->max_off_ns = num_costs * DHT_OFF_STEP_NS - 1;
}

bool dht_cells_fit(struct dht_cells *cells, const struct driver *driver,
		   const struct dht_profile *profile, const struct dht_trace *trace)
{
	const struct dht_wire *wire = &driver->wire;
	int32_t wire_zero_ns = (wire->bit_low_us + wire->zero_high_us) * NS_PER_US;
	int32_t wire_step_ns = (wire->one_high_us - wire->zero_high_us) * NS_PER_US;
	struct kind zeros = { .num_samples = 0 }, ones = { .num_samples = 0 };

	if (profile && profile->num_frames == 0)
		profile = NULL;
	sort_intervals(wire, trace, &zeros, &ones);

	size_t num_near = zeros.num_near + ones.num_near;

	if (num_near < wire->num_bits / 3u || zeros.num_near < MIN_KIND)
		return false;
	cells->zero_ns = blend_ns(&zeros, profile ? profile->zero_ns : 0, 0);
	cells->one_ns = blend_ns(&ones, profile ? profile->one_ns : 0,
				 cells->zero_ns +
					 wire_step_ns / 100 *
						 (cells->zero_ns / (wire_zero_ns / 100)));
	cells->spread_ns =
		(zeros.off_sum_ns + ones.off_sum_ns) / (int32_t)num_near * 5 / 4;
	if (cells->spread_ns < MIN_SPREAD_NS)
		cells->spread_ns = MIN_SPREAD_NS;
	cells->min_late_ns = cells->spread_ns * 5 / 2;
	set_gaps(cells, wire, profile);
	set_off_costs(cells);
	cells->num_bits = wire->num_bits;
	cells->num_zero_bits = driver->num_zero_bits;

	int32_t step_ns = cells->one_ns - cells->zero_ns;

	return cells->spread_ns <= MAX_SPREAD_NS &&
	       cells->zero_ns >= wire_zero_ns / 100 * MIN_CLOCK_PERCENT &&
	       cells->zero_ns <= wire_zero_ns / 100 * MAX_CLOCK_PERCENT &&
	       step_ns >= wire_step_ns / 100 * 75 && step_ns <= wire_step_ns / 100 * 125;
}
