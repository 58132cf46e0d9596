/* SPDX-License-Identifier: MIT */
/* What a capture leaves to its successor. */
#include "capture/capture_inside.h"

#include <string.h>

void capture_close_lines(struct capture *capture)
{
	for (size_t i = 0; i < capture->num_slots; i++) {
		line_close(capture->slots[i].line);
		capture->slots[i].line = NULL;
	}
	for (size_t i = 0; i < capture->num_feeds; i++)
		feed_close(&capture->feeds[i]);
}

/* The sensor is asked as if nothing had happened: its line, its rest, its place in time. */
static void inherit(struct slot *slot, struct slot *before)
{
	bool has_same_pace = slot->sensor.interval_ns == before->sensor.interval_ns;
	uint64_t first_ns = slot->due_ns;

	slot->line = before->line;
	before->line = NULL;
	slot->started_ns = before->started_ns;
	slot->reopen_ns = before->reopen_ns;
	slot->reopen = before->reopen;
	slot->attempt = before->attempt;
	fault_pass_on(&before->fault, &slot->fault);
	if (has_same_pace) {
		slot->due_ns = before->due_ns;
		slot->next_ns = before->next_ns;
	} else if (before->started_ns != 0) {
		slot->due_ns = before->started_ns + slot->sensor.interval_ns;
		if (slot->due_ns < first_ns)
			slot->due_ns = first_ns;
		slot->next_ns = slot->due_ns;
	}
	slot->is_long = before->is_long;
	slot->is_fed_anew = before->is_fed_anew;
	/* What was asked and not yet taken is asked here. */
	slot->advice_taken = before->advice_taken;
	atomic_init(&slot->advice,
		    atomic_load_explicit(&before->advice, memory_order_relaxed));
	slot->num_cuts_taken = before->num_cuts_taken;
	atomic_init(&slot->num_cuts,
		    atomic_load_explicit(&before->num_cuts, memory_order_relaxed));
}

/* Power that stays is not switched, and a cut goes on. */
static void inherit_feed(struct feed *feed, struct capture *predecessor)
{
	for (size_t i = 0; i < predecessor->num_feeds; i++) {
		struct feed *before = &predecessor->feeds[i];

		if (strcmp(before->pin, feed->pin) != 0)
			continue;
		feed->output = before->output;
		feed->on_ns = before->on_ns;
		feed->is_cut = before->is_cut;
		before->output = NULL;
	}
}

void capture_inherit(struct capture *capture, struct capture *predecessor)
{
	for (size_t i = 0; i < capture->num_slots; i++) {
		struct slot *slot = &capture->slots[i];

		if (slot->sensor.heritage != CAPTURE_NO_HERITAGE)
			inherit(slot, &predecessor->slots[slot->sensor.heritage]);
	}
	for (size_t i = 0; i < capture->num_feeds; i++)
		inherit_feed(&capture->feeds[i], predecessor);
	/* A line that is let go now may be wanted by another sensor at once. */
	capture_close_lines(predecessor);
}
