/* SPDX-License-Identifier: MIT */
/* Limits of the configuration as regular expressions, in what ECMA 262 and Python share: a
 * schema knows no other way to bound a number that has a unit.
 *
 * Each adds an expression without anchors to `out`; alternatives at its top level are not in
 * parentheses.
 *
 * Pure.
 */
#ifndef CONFIG_PATTERN_H
#define CONFIG_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config/units.h"

/* The decimal numbers from min to max, which is below 10^18, without leading zeros. */
void pattern_add_range(uint64_t min, uint64_t max, struct text *out);

/* Quantities from min to max, in the unit of the `units`' sizes: exactly where they are one
 * whole number and its unit, as 90s; any where they are not, as 1h30m and 1.5s. */
void pattern_add_quantity(const struct unit *units, size_t num_units, uint64_t min,
			  uint64_t max, struct text *out);

#endif
