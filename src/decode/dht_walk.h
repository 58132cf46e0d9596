/* SPDX-License-Identifier: MIT */
/* Lists the explanations that dht_paths_find() left, from the frame's end to its start.
 *
 * Pure.
 */
#ifndef DECODE_DHT_WALK_H
#define DECODE_DHT_WALK_H

#include "decode/dht_paths.h"

/* Gives the explanations within the bound to take(). Returns false where work_left did not
 * do. */
must_check bool dht_walk(struct dht_paths *paths);

#endif
