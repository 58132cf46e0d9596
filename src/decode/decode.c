/* SPDX-License-Identifier: MIT */
#include "decode/decode.h"

#include "decode/bits.h"
#include "decode/check.h"
#include "decode/dht_frame.h"

enum verdict decode_frame(const struct driver *driver, const struct frame *frame,
			  struct reading *out)
{
	uint8_t bytes[DRIVER_MAX_BYTES] = { 0 };
	struct reading reading = {
		.t_ns = frame->start_ns,
		.sensor = frame->sensor,
	};
	enum verdict verdict;

	if (frame->is_lost)
		return VERDICT_LINE_LOST;
	if (frame->is_cut)
		return VERDICT_OVERRUN;
	verdict = dht_frame_read(&driver->wire, frame, bytes);
	if (verdict != VERDICT_CLEAN)
		return verdict;
	if (check_sum8(bytes, BITS_DATA_BYTES) != bytes[BITS_SUM_BYTE])
		return VERDICT_BAD_CHECKSUM;
	verdict = driver->decode(bytes, &reading);
	if (verdict != VERDICT_CLEAN)
		return verdict;
	if (reading.t_ns == 0 && frame->num_edges > 0)
		reading.t_ns = frame->edges[0].t_ns;
	reading.wall_ms = out->wall_ms;
	reading.seq = out->seq;
	*out = reading;
	return VERDICT_CLEAN;
}
