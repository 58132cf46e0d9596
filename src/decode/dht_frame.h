/* SPDX-License-Identifier: MIT */
/* Reads the bytes of a frame from its edges, or tells why not. Looks at times only, never at
 * a checksum.
 *
 * A frame is read where all edges of its bits are there, each interval is a bit, and the
 * place of the first bit is certain: by the response before it, by the time since the
 * release, or by the gaps between the bytes. Nothing is moved to make it fit.
 *
 * Pure.
 */
#ifndef DECODE_DHT_FRAME_H
#define DECODE_DHT_FRAME_H

#include <stdint.h>

#include "decode/dht_fit.h"
#include "decode/dht_trace.h"
#include "decode/driver.h"
#include "model/verdict.h"

/* fit_out:   how this sensor sends; stands with VERDICT_CLEAN only
 * bytes_out: wire->num_bits / 8, at most DRIVER_MAX_BYTES; stand with VERDICT_CLEAN, and as
 *            they came with VERDICT_SLIPPED */
enum verdict dht_frame_read(const struct dht_wire *wire, const struct dht_trace *trace,
			    struct dht_fit *fit_out, uint8_t *bytes_out);

#endif
