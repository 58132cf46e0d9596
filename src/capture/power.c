/* SPDX-License-Identifier: MIT */
/* A capture's power pins: cut and given back with what hangs on them in mind. */
#include "capture/capture_inside.h"

#include "base/clock.h"

/* Power has come: a new turn for each of its sensors, as soon as it is awake. */
static void wake_sensors(struct capture *capture, const struct feed *feed)
{
	for (size_t i = 0; i < capture->num_slots; i++) {
		struct slot *slot = &capture->slots[i];

		if (slot->feed != feed)
			continue;
		slot->is_fed_anew = true;
		slot->attempt = 0;
		slot->next_ns = feed_awake_ns(feed, &slot->sensor.probe);
	}
}

int capture_open_feed(struct capture *capture, struct feed *feed, uint64_t now_ns,
		      char reason[LINE_MAX_REASON])
{
	int error = feed_open(feed, now_ns, reason);

	if (!error)
		wake_sensors(capture, feed);
	return error;
}

/* The pin of a feed fails: all its sensors begin anew with it. */
static void fail_feed(struct capture *capture, struct feed *feed, int error)
{
	feed_close(feed);
	for (size_t i = 0; i < capture->num_slots; i++) {
		if (capture->slots[i].feed == feed)
			capture_fail_line(capture, &capture->slots[i], error);
	}
}

void capture_cut_feed(struct capture *capture, struct feed *feed)
{
	for (size_t i = 0; i < capture->num_slots; i++) {
		struct slot *slot = &capture->slots[i];
		int error =
			slot->feed == feed && slot->line ? line_drive_low(slot->line) : 0;

		if (error)
			capture_fail_line(capture, slot, error);
	}

	int error = feed_cut(feed, clock_mono_ns());

	if (error)
		fail_feed(capture, feed, error);
}

/* Lets go of a line that is held low. */
static int let_go(struct line *line)
{
	uint64_t release_ns, armed_ns;
	int error = line_listen(line, &release_ns, &armed_ns);

	return error ? error : line_rest(line);
}

/* The wires first: some sensors look at theirs when power comes. */
static void restore_power(struct capture *capture, struct feed *feed)
{
	for (size_t i = 0; i < capture->num_slots; i++) {
		struct slot *slot = &capture->slots[i];
		int error = slot->feed == feed && slot->line ? let_go(slot->line) : 0;

		if (error)
			capture_fail_line(capture, slot, error);
	}

	int error = feed_restore(feed, clock_mono_ns());

	if (error)
		fail_feed(capture, feed, error);
	else
		wake_sensors(capture, feed);
}

uint64_t capture_serve_feeds(struct capture *capture)
{
	uint64_t next_ns = WAKE_FOREVER;

	for (size_t i = 0; i < capture->num_feeds; i++) {
		struct feed *feed = &capture->feeds[i];

		if (feed->is_cut && clock_mono_ns() >= feed->on_ns)
			restore_power(capture, feed);
		if (feed->is_cut && feed->on_ns < next_ns)
			next_ns = feed->on_ns;
	}
	return next_ns;
}
