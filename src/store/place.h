/* SPDX-License-Identifier: MIT */
/* Where the store's file lies: its folder, and another name for a damaged one.
 *
 * Threads: any.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include <stdint.h>

#include "base/attributes.h"

enum { PLACE_MAX_PATH = 4096 };

/* A folder that is missing is made, its parents are not. */
void place_make_folder(const char *path);

/* How many bytes the file has, with its log; 0: there is none. */
uint64_t place_num_bytes(const char *path);

/* Gives a damaged file another name, PATH.corrupt-SECONDS. Returns 0 or a negative errno. */
must_check int place_set_aside(const char *path, int64_t wall_s,
			       char aside_out[PLACE_MAX_PATH]);

#endif
