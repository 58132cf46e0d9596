/* SPDX-License-Identifier: MIT */
/* Fits the sensor's own unit of time to the intervals of one frame, and reads them.
 *
 * An interval runs from one falling edge to the next (low and high of a bit) or from one
 * rising edge to the next (high of a bit and low of the next).
 *
 * Pure.
 */
#ifndef DECODE_DHT_FIT_H
#define DECODE_DHT_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "decode/driver.h"

enum { DHT_MAX_BITS = 64, DHT_BITS_PER_BYTE = 8 };

struct dht_fit {
	int32_t zero_ns; /* the interval of a 0 */
	int32_t one_ns; /* the interval of a 1 */
	/* what the intervals with a byte's gap are longer by, at least 0 */
	int32_t gap_ns;
	int32_t max_gap_ns; /* the same, or what the model's datasheet has */
	/* what three quarters of the intervals are off by at most; set by dht_fit_read() */
	int32_t spread_ns;
	int32_t first_off_ns; /* what the first interval is off by; set by dht_fit_read() */
	int32_t max_off_ns; /* what the worst one is off by, either way; the same */
	int32_t low_ns; /* the mean low, where both kinds of edges were seen; else 0 */
	/* where the byte gaps are to be: the phase of intervals 0..7, 8..15, ... */
	uint8_t phase;
	/* they stand out there; dht_fit_read() takes it back where noise may have made them */
	bool has_gaps;
	bool is_coarse; /* the stamps were sampled at 500 kHz or less, down to 100 kHz */
	bool has_strange_gaps; /* they stand out at another phase */
};

/* Takes num_bits intervals, DHT_BITS_PER_BYTE * 2 to DHT_MAX_BITS.
 *
 * phase: of the intervals which have the longer low before a byte in them
 * Returns false where they are not two clusters at the distances that the sensors of this
 * family send.
 */
must_check bool dht_fit_find(struct dht_fit *fit, const struct dht_wire *wire,
			     const int32_t *intervals_ns, size_t num_bits,
			     unsigned phase);

/* Whether this interval has a byte's gap in it. */
bool dht_fit_is_gap(const struct dht_fit *fit, size_t index, size_t num_bits);

/* Reads the bits, MSB first.
 *
 * Returns false where an interval is neither 0 nor 1, or an edge came earlier than edges
 * can; then bytes_out is worthless.
 */
must_check bool dht_fit_read(struct dht_fit *fit, const int32_t *intervals_ns,
			     size_t num_bits, uint8_t *bytes_out);

#endif
