/* SPDX-License-Identifier: MIT */
/* What the bits before a state may add to the frame's sum: the walk need not go where nothing
 * adds up.
 *
 * Pure.
 */
#ifndef DECODE_DHT_SUMS_H
#define DECODE_DHT_SUMS_H

#include "decode/dht_paths.h"

/* Forgets what was found for another frame. */
void dht_sums_reset(struct dht_paths *paths);

/* Whether these bits, which come after a state, may add up with any explanation of what is before
 * it that is dearer than the best one by DHT_CHEAP_COST at most. */
bool dht_sums_allow(struct dht_paths *paths, size_t event, unsigned state, uint64_t bits);

#endif
