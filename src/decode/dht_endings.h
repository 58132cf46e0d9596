/* SPDX-License-Identifier: MIT */
/* The ways in which a damaged frame may end.
 *
 * Pure.
 */
#ifndef DECODE_DHT_ENDINGS_H
#define DECODE_DHT_ENDINGS_H

#include "decode/dht_paths.h"

/* Fills endings[] for the lattice and events that are set. */
void dht_endings_list(struct dht_paths *paths);

#endif
