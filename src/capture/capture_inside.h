/* SPDX-License-Identifier: MIT */
/* What the files of a capture share.
 *
 * Threads: the capture's own, or the owner's while that does not run.
 */
#ifndef CAPTURE_CAPTURE_INSIDE_H
#define CAPTURE_CAPTURE_INSIDE_H

#include <stdatomic.h>

#include "base/backoff.h"
#include "base/thread.h"
#include "capture/capture.h"
#include "capture/fault.h"
#include "capture/feed.h"

/* One sensor's turn. All but advice, cuts and the fault belongs to the capture thread. */
struct slot {
	struct capture_sensor sensor;
	struct line *line; /* owned; NULL while it cannot be had */
	uint64_t due_ns; /* the next regular attempt */
	uint64_t next_ns; /* the next attempt: a retry, or due_ns */
	uint64_t started_ns; /* when the last attempt began; 0: never */
	uint64_t reopen_ns; /* not before then */
	struct backoff reopen;
	struct feed *feed; /* the capture's; NULL: nobody knows what feeds it */
	uint8_t attempt; /* number of the next attempt; 0: the regular one */
	bool is_long; /* by the long start pulse */
	bool is_fed_anew; /* no attempt was made since power came */
	uint32_t advice_taken;
	uint32_t num_cuts_taken;
	uint32_t num_orders_taken;
	_Atomic uint32_t advice; /* consumer writes, as the next two */
	_Atomic uint32_t num_cuts;
	_Atomic uint32_t num_orders; /* turns out of turn */
	struct fault fault;
};

struct capture {
	struct thread thread;
	struct wake wake; /* for a stop or an ask */
	_Atomic bool is_stopping; /* owner writes */
	_Atomic uint32_t num_rounds; /* our thread writes */
	struct ring *ring; /* borrowed; outlives this */
	struct wake *consumer; /* borrowed; outlives this */
	struct airtime *airtime; /* borrowed; outlives this */
	struct rehearsal rehearsal;
	struct feed *feeds; /* owned */
	size_t num_feeds;
	size_t num_slots;
	struct slot slots[];
};

/* Gives a line up that failed, to take it again later, and reports the fault. */
void capture_fail_line(const struct capture *capture, struct slot *slot, int error);

/* power.c: takes the pin of a feed, and gives power; see feed_open(). */
must_check int capture_open_feed(struct capture *capture, struct feed *feed,
				 uint64_t now_ns, char reason[LINE_MAX_REASON]);

/* power.c: cuts the power of a feed; capture_serve_feeds() gives it back. */
void capture_cut_feed(struct capture *capture, struct feed *feed);

/* power.c: gives power back where its time has come. Returns when it next will. */
uint64_t capture_serve_feeds(struct capture *capture);

/* handover.c: lets all lines and feeds go. */
void capture_close_lines(struct capture *capture);

/* handover.c: takes over what the predecessor, which is paused, has for us; the rest of its
 * lines is let go. */
void capture_inherit(struct capture *capture, struct capture *predecessor);

#endif
