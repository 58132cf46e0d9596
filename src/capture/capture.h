/* SPDX-License-Identifier: MIT */
/* One thread a chip: asks the chip's sensors in turn and pushes what the kernel reports to a
 * ring, so that no two frames of the board are on the wire at the same time.
 *
 * The thread sleeps through the start pulse and the frame; it never spins. A line that fails
 * is closed and tried again; the other lines go on. Sensors that share a power pin belong to
 * one capture, whatever their chips.
 *
 * Threads: capture_start(), capture_pause(), capture_stop() and capture_free() from one owner;
 *          capture_advise(), capture_ask_now(), capture_cut_power() and capture_take_fault() from
 *          the consumer of the ring; capture_nudge() and capture_num_rounds() from any.
 * RT-safe: the loop is, except while it opens a line that failed, or rehearses on a busy machine.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/ring.h"
#include "base/wake.h"
#include "capture/airtime.h"
#include "capture/care.h"
#include "capture/rehearsal.h"
#include "gpio/line.h"
#include "model/probe.h"

struct capture;

enum { CAPTURE_MAX_PIN = 2 * LINE_MAX_NAME };

/* What to read, how and how often. */
struct capture_sensor {
	/* what line_find() takes; found again after a loss */
	char pin[CAPTURE_MAX_PIN];
	char trigger_pin[CAPTURE_MAX_PIN]; /* the same; empty: none */
	char quiet_pin[CAPTURE_MAX_PIN]; /* the same */
	char power_pin[CAPTURE_MAX_PIN]; /* the same; what feeds it; empty: not known */
	struct line_request request; /* its trigger is found by its pin, not given here */
	uint64_t interval_ns;
	struct probe probe; /* a copy */
	uint16_t sensor; /* index into config.sensors[]; goes into each edge */
	/* index into the predecessor's sensors: whose line and schedule this one goes on with,
	 * as it has the same pin, request and probe. CAPTURE_NO_HERITAGE: starts anew.
	 * Without a predecessor it means nothing. */
	size_t heritage;
};

#define CAPTURE_NO_HERITAGE SIZE_MAX

struct capture_request {
	const char *name; /* of the thread */
	const struct capture_sensor *sensors; /* borrowed for the call */
	size_t num_sensors;
	struct ring *ring; /* borrowed; outlives this; records are struct edge */
	/* borrowed; signalled after each attempt and fault */
	struct wake *consumer;
	struct airtime *airtime; /* borrowed; shared by all captures of the board */
	uint64_t first_ns; /* CLOCK_MONOTONIC of the first attempt */
	struct capture *predecessor; /* paused; borrowed for the call; NULL: none */
};

must_check int capture_start(const struct capture_request *request, struct capture **out);

/* Ends the thread and lets the lines go. The struct stands until capture_free(), so that the
 * consumer may still ask. NULL is allowed for all three. */
void capture_stop(struct capture *capture);
void capture_free(struct capture *capture);

/* Ends the thread after the attempt that it is at, and keeps the lines for a successor. What
 * that does not take over, capture_start() or else capture_free() lets go. */
void capture_pause(struct capture *capture);

/* What to do after the sensor's last attempt; its is_taken is the consumer's affair. To ask
 * again waits until the sensor may be asked, and is left to the next turn where that would be
 * pushed back. index: into the request's sensors. */
void capture_advise(struct capture *capture, size_t index,
		    const struct care_advice *advice);

/* Cuts the power of this sensor, and of those on the same pin, for some seconds. Does nothing
 * where it has no power pin, or that is cut already. */
void capture_cut_power(struct capture *capture, size_t index);

/* A reading is wanted out of turn: ask the sensor as soon as it may be asked. index: into the
 * request's sensors. */
void capture_ask_now(struct capture *capture, size_t index);

/* What is wrong with a line, once for each change: true with 0 (it works again) or a negative
 * errno and a sentence. */
must_check bool capture_take_fault(struct capture *capture, size_t index, int *error_out,
				   char reason[LINE_MAX_REASON]);

/* Finds and takes a sensor's line and what belongs to it. Returns 0 or a negative errno with a
 * sentence in `reason`, as line_find() and line_open(). */
must_check int capture_open_line(const struct capture_sensor *sensor, struct line **out,
				 char reason[LINE_MAX_REASON]);

/* Makes the thread go round once, though nothing is due. */
void capture_nudge(struct capture *capture);

/* How often the thread has gone round; wraps. One that stands still after a nudge hangs. */
uint32_t capture_num_rounds(const struct capture *capture);

/* Makes the calling thread one that attempts are best made from, for good: it wakes when it
 * should, and on a busy machine what works for it is not kept waiting. */
void capture_ready_thread(void);

/* One attempt: start pulse, frame, records into the ring. Blocks for as long as that takes
 * (40 ms at most, but for what a busy machine adds).
 *
 * line: open for this sensor; start: enum edge_start; goes into the START record
 * rehearsal: the same for all attempts of the thread
 * Returns 0 or the line's negative errno; the END record is pushed in every case.
 */
must_check int capture_attempt(struct line *line, const struct capture_sensor *sensor,
			       unsigned start, struct ring *ring,
			       struct rehearsal *rehearsal);

#endif
