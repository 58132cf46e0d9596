/* SPDX-License-Identifier: MIT */
/* Durations and sizes as people write them: 30s, 1h30m, 1.5s, 64MiB.
 *
 * Pure.
 */
#ifndef CONFIG_UNITS_H
#define CONFIG_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

enum { UNITS_MAX_TEXT = 32 };

struct unit {
	const char *name;
	uint64_t size; /* in ms or bytes */
	bool is_for_output;
};

/* Every unit there is, the largest first. */
const struct unit *units_of_duration(size_t *num_out);
const struct unit *units_of_size(size_t *num_out);

/* Returns 0, -EINVAL where it is no such quantity, -EDOM where the unit is missing,
 * -ERANGE where it does not fit or is finer than a millisecond (a byte). */
must_check int units_parse_duration(const char *text, uint64_t *out_ms);
must_check int units_parse_size(const char *text, uint64_t *out_bytes);

/* The shortest way to write it exactly: 60000 is "1m". out: UNITS_MAX_TEXT bytes. */
void units_format_duration(uint64_t duration_ms, char *out);
void units_format_size(uint64_t size_bytes, char *out);

#define UNITS_DURATION_NAMES "ms, s, m, h, d"
#define UNITS_SIZE_NAMES "B, KiB, MiB, GiB, kB, MB, GB"

#endif
