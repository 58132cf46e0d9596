/* SPDX-License-Identifier: MIT */
#include "decode/dht_fit.h"

#include <stdlib.h>
#include <string.h>

enum { NS_PER_US = 1000, NUM_PASSES = 4, NUM_PHASES = DHT_BITS_PER_BYTE };

/* Sensors measured: 0 is 76..89 us, 1 is 121..134; the Si7021 is said to be at 65 and 115.
 * With 15 % either way for the clocks of clones, and the datasheets' 44..50 us between. */
enum {
	MIN_ZERO_NS = 55 * NS_PER_US,
	MAX_ZERO_NS = 105 * NS_PER_US,
	MIN_STEP_NS = 34 * NS_PER_US,
	MAX_STEP_NS = 62 * NS_PER_US,
};

/* What no bit can be; keeps the sums small, too. */
enum {
	MIN_INTERVAL_NS = MIN_ZERO_NS / 2,
	MAX_INTERVAL_NS = MAX_ZERO_NS + 2 * MAX_STEP_NS,
};

/* A gap is told from noise when one phase is longer by so much, and by so much more than
 * any other phase: 10 us sampling moves a phase's mean by 2 us. */
enum {
	MIN_GAP_NS = 7 * NS_PER_US,
	MIN_GAP_LEAD_NS = 4 * NS_PER_US,
	MAX_GAP_SPREAD_NS = 4 * NS_PER_US,
	COARSE_NS = 2 * NS_PER_US,
	BITS_PER_FINE = 8,
};

/* How early an edge may be against its neighbours. */
enum { MIN_EARLY_NS = 7 * NS_PER_US, EARLY_BASE_NS = 4 * NS_PER_US, EARLY_SPREADS = 2 };

/* An interval is uneven that is off by more than 10 us sampling alone can make it; in each ten
 * bits one may be. With edges late by 5 us in the mean, that lets through a tenth of the wrong
 * values that there were without it (simulated, 400000 frames). */
enum { UNEVEN_NS = 10 * NS_PER_US, BITS_PER_UNEVEN = 10 };

enum { SPREAD_BUCKETS = 32 };

bool dht_fit_is_gap(const struct dht_fit *fit, size_t index, size_t num_bits)
{
	/* Not at the ends: the first has no byte before it, and from one rising edge to the
	 * next the last has the low after the frame. */
	return index % NUM_PHASES == fit->phase && index != 0 && index + 1 < num_bits;
}

/* The first interval of a phase that may have a gap in it; the next are NUM_PHASES apart. */
static size_t first_of_phase(unsigned phase)
{
	return phase != 0 ? phase : NUM_PHASES;
}

/* Copies the intervals, those with a gap shorter by it. */
static void take_gaps_off(const struct dht_fit *fit, const int32_t *intervals_ns,
			  size_t num_bits, int32_t *even_ns_out)
{
	memcpy(even_ns_out, intervals_ns, num_bits * sizeof(*even_ns_out));
	for (size_t i = first_of_phase(fit->phase); i + 1 < num_bits; i += NUM_PHASES)
		even_ns_out[i] -= fit->gap_ns;
}

static int32_t threshold_ns(const struct dht_fit *fit)
{
	return (fit->zero_ns + fit->one_ns) / 2;
}

static int32_t centre_ns(const struct dht_fit *fit, int32_t interval_ns)
{
	return interval_ns < threshold_ns(fit) ? fit->zero_ns : fit->one_ns;
}

/* One pass of two-means; a class without members keeps its distance from the other. Returns
 * whether it moved one: if not, no further pass will. */
static bool move_centres(struct dht_fit *fit, const int32_t *even_ns, size_t num_bits)
{
	int32_t old_zero_ns = fit->zero_ns, old_one_ns = fit->one_ns;
	int32_t least_one_ns = threshold_ns(fit);
	int32_t step_ns = old_one_ns - old_zero_ns;
	int32_t sum_zero_ns = 0, sum_one_ns = 0;
	int32_t num_zeros = 0, num_ones = 0;

	for (size_t i = 0; i < num_bits; i++) {
		if (even_ns[i] < least_one_ns) {
			sum_zero_ns += even_ns[i];
			num_zeros++;
		} else {
			sum_one_ns += even_ns[i];
			num_ones++;
		}
	}
	if (num_zeros > 0)
		fit->zero_ns = sum_zero_ns / num_zeros;
	if (num_ones > 0)
		fit->one_ns = sum_one_ns / num_ones;
	if (num_zeros == 0)
		fit->zero_ns = fit->one_ns - step_ns;
	if (num_ones == 0)
		fit->one_ns = fit->zero_ns + step_ns;
	return fit->zero_ns != old_zero_ns || fit->one_ns != old_one_ns;
}

static int32_t median_ns(int32_t *values_ns, size_t num_values)
{
	for (size_t i = 1; i < num_values; i++) {
		int32_t value_ns = values_ns[i];
		size_t at = i;

		for (; at > 0 && values_ns[at - 1] > value_ns; at--)
			values_ns[at] = values_ns[at - 1];
		values_ns[at] = value_ns;
	}
	return num_values == 0
		       ? 0
		       : (values_ns[(num_values - 1) / 2] + values_ns[num_values / 2]) /
				 2;
}

/* What the intervals of a phase are off by: the mean, which 10 us sampling moves least. */
static int32_t mean_off_ns(const struct dht_fit *fit, const int32_t *intervals_ns,
			   size_t num_bits, unsigned phase)
{
	int32_t sum_ns = 0, count = 0;

	for (size_t i = first_of_phase(phase); i + 1 < num_bits; i += NUM_PHASES) {
		sum_ns += intervals_ns[i] - centre_ns(fit, intervals_ns[i]);
		count++;
	}
	return count == 0 ? 0 : sum_ns / count;
}

/* The gap: the median, so that one late edge does not move it. A 0 with its gap must not be
 * taken for a short 1: two of them, in the top bits of two bytes, leave the sum as it is. So
 * the intervals are read with the gap that is expected. */
static int32_t median_gap_ns(const struct dht_fit *fit, const int32_t *intervals_ns,
			     size_t num_bits)
{
	int32_t off_ns[DHT_MAX_BITS / NUM_PHASES];
	size_t num_off = 0;

	for (size_t i = first_of_phase(fit->phase); i + 1 < num_bits; i += NUM_PHASES) {
		int32_t ns = intervals_ns[i] - fit->gap_ns;

		off_ns[num_off++] = ns - centre_ns(fit, ns);
	}
	return fit->gap_ns + median_ns(off_ns, num_off);
}

/* Whether the stamps are those of a logic analyser at 500 kHz or less. Sampling moves equal
 * intervals alike, and so makes gaps of ten microseconds out of nothing. */
static bool are_coarse(const int32_t *intervals_ns, size_t num_bits)
{
	size_t num_fine = 0;

	for (size_t i = 0; i < num_bits; i++)
		num_fine += intervals_ns[i] % COARSE_NS != 0;
	return num_fine < num_bits / BITS_PER_FINE;
}

/* Looks for the phase whose intervals are longer than those of all others. */
static void find_gaps(struct dht_fit *fit, const int32_t *intervals_ns, size_t num_bits)
{
	int32_t gap_ns = median_gap_ns(fit, intervals_ns, num_bits);
	int32_t best_ns = gap_ns, second_ns = INT32_MIN;
	unsigned best_phase = fit->phase;

	for (unsigned phase = 0; phase < NUM_PHASES; phase++) {
		if (phase == fit->phase)
			continue;
		int32_t off_ns = mean_off_ns(fit, intervals_ns, num_bits, phase);

		if (off_ns > best_ns) {
			second_ns = best_ns;
			best_ns = off_ns;
			best_phase = phase;
		} else if (off_ns > second_ns) {
			second_ns = off_ns;
		}
	}
	bool stands_out = best_ns >= MIN_GAP_NS && best_ns - second_ns >= MIN_GAP_LEAD_NS;

	fit->gap_ns = gap_ns > 0 ? gap_ns : 0;
	fit->has_gaps = stands_out && best_phase == fit->phase && !fit->is_coarse;
	fit->has_strange_gaps = stands_out && best_phase != fit->phase;
}

bool dht_fit_find(struct dht_fit *fit, const struct dht_wire *wire,
		  const int32_t *intervals_ns, size_t num_bits, unsigned phase)
{
	int32_t even_ns[DHT_MAX_BITS];

	*fit = (struct dht_fit){
		.zero_ns = (wire->bit_low_us + wire->zero_high_us) * NS_PER_US,
		.one_ns = (wire->bit_low_us + wire->one_high_us) * NS_PER_US,
		.gap_ns = wire->byte_gap_us * NS_PER_US,
		.phase = (uint8_t)phase,
	};
	for (size_t i = 0; i < num_bits; i++)
		if (intervals_ns[i] < MIN_INTERVAL_NS ||
		    intervals_ns[i] > MAX_INTERVAL_NS)
			return false;
	fit->is_coarse = are_coarse(intervals_ns, num_bits);
	take_gaps_off(fit, intervals_ns, num_bits, even_ns);
	for (unsigned pass = 0; pass < NUM_PASSES; pass++)
		if (!move_centres(fit, even_ns, num_bits))
			break;
	find_gaps(fit, intervals_ns, num_bits);
	/* Once more without the gaps as they are. */
	take_gaps_off(fit, intervals_ns, num_bits, even_ns);
	(void)move_centres(fit, even_ns, num_bits);
	find_gaps(fit, intervals_ns, num_bits);
	fit->max_gap_ns = wire->byte_gap_us * NS_PER_US;
	if (fit->max_gap_ns < fit->gap_ns)
		fit->max_gap_ns = fit->gap_ns;

	int32_t step_ns = fit->one_ns - fit->zero_ns;

	return fit->zero_ns >= MIN_ZERO_NS && fit->zero_ns <= MAX_ZERO_NS &&
	       step_ns >= MIN_STEP_NS && step_ns <= MAX_STEP_NS;
}

/* How far an interval may be off: two fifths of what tells a 1 from a 0. */
static int32_t tolerance_of(const struct dht_fit *fit)
{
	return (fit->one_ns - fit->zero_ns) * 2 / 5;
}

/* What three quarters of the intervals are off by at most, in whole microseconds upwards. */
static int32_t measure_spread_ns(const int32_t *off_ns, size_t num_bits)
{
	uint8_t buckets[SPREAD_BUCKETS] = { 0 };
	size_t num_below = 0;
	int32_t us;

	for (size_t i = 0; i < num_bits; i++) {
		us = abs(off_ns[i]) / NS_PER_US;
		buckets[us < SPREAD_BUCKETS ? us : SPREAD_BUCKETS - 1]++;
	}
	for (us = 0; us < SPREAD_BUCKETS - 1; us++) {
		num_below += buckets[us];
		if (num_below * 4 > num_bits * 3)
			break;
	}
	return (us + 1) * NS_PER_US;
}

/* A late edge makes two intervals uneven. Where many are, some may have become the other bit,
 * in pairs that leave the sum as it is. */
static bool is_noisy(const int32_t *off_ns, size_t num_bits)
{
	size_t num_uneven = 0;

	for (size_t i = 0; i < num_bits; i++)
		num_uneven += abs(off_ns[i]) > UNEVEN_NS;
	return num_uneven > num_bits / BITS_PER_UNEVEN;
}

/* An interval is short because the edge before it came late, and then what lies before that
 * edge is as much too long. Otherwise there is a spurious edge. */
static bool are_short_ones_explained(const int32_t *off_ns, size_t num_bits)
{
	int32_t late_ns = 0;

	for (size_t i = 0; i < num_bits; i++) {
		if (off_ns[i] < -late_ns - UNEVEN_NS)
			return false;
		late_ns += off_ns[i];
		if (late_ns < 0)
			late_ns = 0;
	}
	return true;
}

/* Edges are stamped late, never early. So an edge that seems early against its neighbours is
 * a sign that it is so late that a 01 looks like a 10: one such swap changes the sum, but two,
 * one of them in the checksum, may cancel. What sampling and jitter do to all edges alike
 * shows in the spread. */
static bool has_early_edge(const struct dht_fit *fit, const int32_t *off_ns,
			   size_t num_bits)
{
	int32_t limit_ns = EARLY_BASE_NS + EARLY_SPREADS * fit->spread_ns;

	if (limit_ns < MIN_EARLY_NS)
		limit_ns = MIN_EARLY_NS;
	for (size_t i = 0; i + 1 < num_bits; i++)
		if ((off_ns[i] - off_ns[i + 1]) / 2 < -limit_ns)
			return true;
	return false;
}

/* Whether edges are so late, or so many, that a bit may be another one. */
static bool is_shaken(const struct dht_fit *fit, const int32_t *off_ns, size_t num_bits)
{
	/* None of the three can be where the worst interval is off by so little. */
	_Static_assert((int)MIN_EARLY_NS <= (int)UNEVEN_NS, "early edges show first");
	if (fit->max_off_ns <= MIN_EARLY_NS)
		return false;
	return is_noisy(off_ns, num_bits) ||
	       !are_short_ones_explained(off_ns, num_bits) ||
	       has_early_edge(fit, off_ns, num_bits);
}

/* Where the gaps do not stand out, a bit must be the same with a gap and without one: top bits
 * go wrong in pairs that leave the sum as it is. */
static bool are_gaps_doubtful(const struct dht_fit *fit, const int32_t *intervals_ns,
			      size_t num_bits)
{
	if (fit->has_gaps)
		return false;
	for (size_t i = first_of_phase(fit->phase); i + 1 < num_bits; i += NUM_PHASES) {
		int32_t ns = intervals_ns[i];

		if (centre_ns(fit, ns) != centre_ns(fit, ns - fit->max_gap_ns))
			return true;
	}
	return false;
}

/* What each interval is off by, and the most. Returns false where one is neither 0 nor 1. */
static bool measure_offs(struct dht_fit *fit, const int32_t *even_ns, size_t num_bits,
			 int32_t *off_ns_out)
{
	int32_t tolerance_ns = tolerance_of(fit), max_off_ns = 0;

	for (size_t i = 0; i < num_bits && max_off_ns <= tolerance_ns; i++) {
		off_ns_out[i] = even_ns[i] - centre_ns(fit, even_ns[i]);
		if (abs(off_ns_out[i]) > max_off_ns)
			max_off_ns = abs(off_ns_out[i]);
	}
	fit->max_off_ns = max_off_ns;
	return max_off_ns <= tolerance_ns;
}

bool dht_fit_read(struct dht_fit *fit, const int32_t *intervals_ns, size_t num_bits,
		  uint8_t *bytes_out)
{
	int32_t least_one_ns = threshold_ns(fit);
	int32_t even_ns[DHT_MAX_BITS], off_ns[DHT_MAX_BITS] = { 0 };

	take_gaps_off(fit, intervals_ns, num_bits, even_ns);
	if (!measure_offs(fit, even_ns, num_bits, off_ns))
		return false;
	for (size_t i = 0; i < num_bits; i++) {
		uint8_t *byte = &bytes_out[i / DHT_BITS_PER_BYTE];

		*byte = (uint8_t)(*byte << 1 | (even_ns[i] >= least_one_ns));
	}
	fit->spread_ns = measure_spread_ns(off_ns, num_bits);
	fit->first_off_ns = off_ns[0];
	/* Noise shows gaps where there are none. */
	fit->has_gaps &= fit->spread_ns <= MAX_GAP_SPREAD_NS;
	return !is_shaken(fit, off_ns, num_bits) &&
	       !are_gaps_doubtful(fit, intervals_ns, num_bits);
}
