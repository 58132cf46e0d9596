/* SPDX-License-Identifier: MIT */
/* What follows from temperature and relative humidity: dew point and absolute humidity.
 *
 * In fixed point, as all between pin and payload.
 *
 * Threads: any.
 * Pure.
 */
#ifndef DECODE_DERIVE_H
#define DECODE_DERIVE_H

#include <stdint.h>

#include "model/reading.h"

/* Bits: which quantities are wanted. The first is that of QUANTITY_DEW_POINT, and so on. */
enum derived {
	DERIVED_DEW_POINT = 1 << 0,
	DERIVED_ABSOLUTE_HUMIDITY = 1 << 1,
};
enum { NUM_DERIVED = 2 };

/* Appends what is wanted to a reading that has both temperature and humidity; does nothing to
 * another one. The dew point has the decimals of the temperature, the absolute humidity one
 * more than the humidity. Air without any water has no dew point. */
void derive_add(struct reading *reading, uint32_t derived);

#endif
