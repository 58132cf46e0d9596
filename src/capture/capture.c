/* SPDX-License-Identifier: MIT */
#include "capture/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/capture_inside.h"

enum {
	STACK_BYTES = 96 * 1024,
	AIR_MARGIN_US = 2000, /* what an attempt takes beside its pulse and its frame */
	MAX_AIR_TRIES = 3,
	REOPEN_MIN_MS = 1000,
	REOPEN_MAX_MS = 60000,
};

static void set_fault(const struct capture *capture, struct slot *slot, int error,
		      const char *reason)
{
	if (fault_set(&slot->fault, error, reason))
		wake_signal(capture->consumer);
}

static void lose_line(struct slot *slot, uint64_t now_ns)
{
	line_close(slot->line);
	slot->line = NULL;
	slot->reopen_ns = now_ns + backoff_next_ms(&slot->reopen) * CLOCK_NS_PER_MS;
}

/* Finds and takes the slot's line, and what feeds it. The chip may have come back under another number. */
static bool open_line(struct capture *capture, struct slot *slot, uint64_t now_ns)
{
	char reason[LINE_MAX_REASON] = "";

	if (now_ns < slot->reopen_ns)
		return false;

	int error = slot->feed && !slot->feed->output
			    ? capture_open_feed(capture, slot->feed, now_ns, reason)
			    : 0;

	if (!error)
		error = capture_open_line(&slot->sensor, &slot->line, reason);
	if (error) {
		slot->reopen_ns =
			now_ns + backoff_next_ms(&slot->reopen) * CLOCK_NS_PER_MS;
	} else {
		backoff_reset(&slot->reopen);
	}
	set_fault(capture, slot, error, reason);
	return !error;
}

/* Waits until no other frame of the board is on the wire. False: we are to stop. */
static bool wait_for_air(struct capture *capture, const struct slot *slot)
{
	const struct probe *probe = &slot->sensor.probe;
	uint64_t margin_ns = AIR_MARGIN_US * CLOCK_NS_PER_US;
	uint32_t low_us = slot->is_long ? probe->long_low_us : probe->start_low_us;

	if (rehearsal_is_due(&capture->rehearsal) && probe->max_low_us > low_us)
		low_us = probe->max_low_us;

	uint64_t span_ns = (low_us + probe->frame_us) * CLOCK_NS_PER_US + margin_ns;

	for (int tries = 0; tries < MAX_AIR_TRIES; tries++) {
		uint64_t now_ns = clock_mono_ns();
		uint64_t begin_ns = airtime_reserve(capture->airtime, now_ns, span_ns);

		while (clock_mono_ns() < begin_ns) {
			(void)wake_wait(&capture->wake, begin_ns);
			if (atomic_load_explicit(&capture->is_stopping,
						 memory_order_relaxed))
				return false;
		}
		/* Woken so late that our span would run into the next one: queue again. */
		if (clock_mono_ns() < begin_ns + margin_ns / 2)
			break;
	}
	return true;
}

/* Plans the next regular attempt: in step with the first one, however long this one took. */
static void plan_next(struct slot *slot, uint64_t now_ns)
{
	uint64_t interval_ns = slot->sensor.interval_ns;

	if (now_ns >= slot->due_ns)
		slot->due_ns += ((now_ns - slot->due_ns) / interval_ns + 1) * interval_ns;
	slot->next_ns = slot->due_ns;
}

/* A line that is missing is looked for sooner than its sensor would be asked. */
static void await_line(struct slot *slot)
{
	if (slot->reopen_ns < slot->next_ns)
		slot->next_ns = slot->reopen_ns;
}

/* From when on the sensor may be asked again, CLOCK_MONOTONIC. */
static uint64_t rested_ns(const struct slot *slot)
{
	return slot->started_ns + slot->sensor.probe.min_interval_ms * CLOCK_NS_PER_MS;
}

void capture_fail_line(const struct capture *capture, struct slot *slot, int error)
{
	lose_line(slot, clock_mono_ns());
	await_line(slot);
	set_fault(capture, slot, error, strerror(-error));
}

static void attempt(struct capture *capture, struct slot *slot)
{
	unsigned start = slot->attempt++ & EDGE_START_NUMBER;

	if (slot->is_long)
		start |= EDGE_START_LONG;
	if (slot->is_fed_anew)
		start |= EDGE_START_FED;
	slot->started_ns = clock_mono_ns();

	int error = capture_attempt(slot->line, &slot->sensor, start, capture->ring,
				    &capture->rehearsal);

	if (error)
		capture_fail_line(capture, slot, error);
	else
		slot->is_fed_anew = false;
	wake_signal(capture->consumer);
}

static void take_turn(struct capture *capture, struct slot *slot)
{
	uint64_t now_ns = clock_mono_ns();

	if (slot->started_ns != 0 && now_ns < rested_ns(slot)) {
		slot->next_ns = rested_ns(slot);
		return;
	}
	if (now_ns >= slot->due_ns)
		slot->attempt = 0;
	plan_next(slot, now_ns);
	if (!slot->line && !open_line(capture, slot, now_ns)) {
		await_line(slot);
		return;
	}
	if (slot->feed && now_ns < feed_awake_ns(slot->feed, &slot->sensor.probe)) {
		slot->next_ns = feed_awake_ns(slot->feed, &slot->sensor.probe);
		return;
	}
	rehearsal_settle(&capture->rehearsal);
	if (!wait_for_air(capture, slot))
		return;
	attempt(capture, slot);
	/* Not to be woken for a turn that is due before the sensor has rested. */
	if (slot->next_ns < rested_ns(slot))
		slot->next_ns = rested_ns(slot);
}

/* Asks again as soon as the sensor may be asked, unless that would push its next turn back. */
static void take_advice(struct slot *slot)
{
	uint32_t word = atomic_load_explicit(&slot->advice, memory_order_relaxed);
	struct care_advice advice = care_unpack(word);
	uint64_t retry_ns = rested_ns(slot);

	if (word == slot->advice_taken)
		return;
	slot->advice_taken = word;
	slot->is_long = advice.is_long && slot->sensor.probe.long_low_us != 0;
	if (advice.num_turns_skipped > 0) {
		slot->due_ns += advice.num_turns_skipped * slot->sensor.interval_ns;
		slot->next_ns = slot->due_ns;
	} else if (advice.asks_again &&
		   retry_ns + (retry_ns - slot->started_ns) <= slot->due_ns) {
		slot->next_ns = retry_ns;
	}
}

static void take_advices(struct capture *capture)
{
	for (size_t i = 0; i < capture->num_slots; i++) {
		struct slot *slot = &capture->slots[i];
		uint32_t num_cuts =
			atomic_load_explicit(&slot->num_cuts, memory_order_relaxed);

		take_advice(slot);
		if (num_cuts == slot->num_cuts_taken)
			continue;
		slot->num_cuts_taken = num_cuts;
		if (slot->feed && slot->feed->output && !slot->feed->is_cut)
			capture_cut_feed(capture, slot->feed);
	}
}

/* Turns out of turn: their tries are counted anew. */
static void take_orders(struct capture *capture)
{
	for (size_t i = 0; i < capture->num_slots; i++) {
		struct slot *slot = &capture->slots[i];
		uint32_t num_orders =
			atomic_load_explicit(&slot->num_orders, memory_order_relaxed);

		if (num_orders == slot->num_orders_taken)
			continue;
		slot->num_orders_taken = num_orders;
		slot->attempt = 0;
		if (rested_ns(slot) < slot->next_ns)
			slot->next_ns = rested_ns(slot);
	}
}

static struct slot *next_slot(struct capture *capture)
{
	struct slot *next = &capture->slots[0];

	for (size_t i = 1; i < capture->num_slots; i++) {
		if (capture->slots[i].next_ns < next->next_ns)
			next = &capture->slots[i];
	}
	return next;
}

static void run(void *context)
{
	struct capture *capture = context;

	capture_ready_thread();
	while (!atomic_load_explicit(&capture->is_stopping, memory_order_relaxed)) {
		atomic_fetch_add_explicit(&capture->num_rounds, 1, memory_order_relaxed);
		take_advices(capture);
		take_orders(capture);

		uint64_t restore_ns = capture_serve_feeds(capture);
		struct slot *slot = next_slot(capture);

		if (clock_mono_ns() >= slot->next_ns)
			take_turn(capture, slot);
		else
			(void)wake_wait(&capture->wake, slot->next_ns < restore_ns
								? slot->next_ns
								: restore_ns);
	}
}

/* The feed of that pin: sensors share it. */
static struct feed *find_feed(struct capture *capture, const char *pin)
{
	for (size_t i = 0; i < capture->num_feeds; i++) {
		if (strcmp(capture->feeds[i].pin, pin) == 0)
			return &capture->feeds[i];
	}

	struct feed *feed = &capture->feeds[capture->num_feeds++];

	feed->pin = pin;
	return feed;
}

static void init_slot(struct capture *capture, struct slot *slot,
		      const struct capture_sensor *sensor, uint64_t first_ns)
{
	slot->sensor = *sensor;
	fault_init(&slot->fault);
	if (sensor->power_pin[0])
		slot->feed = find_feed(capture, slot->sensor.power_pin);
	slot->due_ns = first_ns;
	slot->next_ns = first_ns;
	backoff_init(&slot->reopen, REOPEN_MIN_MS, REOPEN_MAX_MS,
		     (uint32_t)sensor->sensor + 1);
}

static void free_memory(struct capture *capture)
{
	for (size_t i = 0; i < capture->num_slots; i++)
		fault_finish(&capture->slots[i].fault);
	free(capture->feeds);
	free(capture);
}

int capture_start(const struct capture_request *request, struct capture **out)
{
	struct capture *capture =
		calloc(1, sizeof(*capture) +
				  request->num_sensors * sizeof(capture->slots[0]));

	if (!capture)
		return -ENOMEM;
	capture->feeds = calloc(request->num_sensors, sizeof(capture->feeds[0]));
	if (!capture->feeds) {
		free(capture);
		return -ENOMEM;
	}
	capture->ring = request->ring;
	capture->consumer = request->consumer;
	capture->airtime = request->airtime;
	capture->num_slots = request->num_sensors;
	for (size_t i = 0; i < request->num_sensors; i++)
		init_slot(capture, &capture->slots[i], &request->sensors[i],
			  request->first_ns);

	int error = wake_open(&capture->wake);

	if (error)
		goto free_capture;
	if (request->predecessor)
		capture_inherit(capture, request->predecessor);
	error = thread_start(&capture->thread, request->name, STACK_BYTES, run, capture);
	if (error)
		goto close_wake;
	*out = capture;
	return 0;

close_wake:
	capture_close_lines(capture);
	wake_close(&capture->wake);
free_capture:
	free_memory(capture);
	return error;
}

void capture_pause(struct capture *capture)
{
	if (!capture)
		return;
	atomic_store_explicit(&capture->is_stopping, true, memory_order_relaxed);
	wake_signal(&capture->wake);
	thread_join(&capture->thread);
}

void capture_stop(struct capture *capture)
{
	if (!capture)
		return;
	capture_pause(capture);
	capture_close_lines(capture);
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	capture_close_lines(capture);
	wake_close(&capture->wake);
	free_memory(capture);
}

void capture_advise(struct capture *capture, size_t index,
		    const struct care_advice *advice)
{
	struct slot *slot = &capture->slots[index];
	uint32_t last = atomic_load_explicit(&slot->advice, memory_order_relaxed);

	if (!advice->asks_again && advice->num_turns_skipped == 0 &&
	    advice->is_long == care_unpack(last).is_long)
		return;
	atomic_store_explicit(&slot->advice, care_pack(advice, last),
			      memory_order_relaxed);
	wake_signal(&capture->wake);
}

void capture_cut_power(struct capture *capture, size_t index)
{
	atomic_fetch_add_explicit(&capture->slots[index].num_cuts, 1,
				  memory_order_relaxed);
	wake_signal(&capture->wake);
}

void capture_nudge(struct capture *capture)
{
	wake_signal(&capture->wake);
}

uint32_t capture_num_rounds(const struct capture *capture)
{
	return atomic_load_explicit(&capture->num_rounds, memory_order_relaxed);
}

void capture_ask_now(struct capture *capture, size_t index)
{
	atomic_fetch_add_explicit(&capture->slots[index].num_orders, 1,
				  memory_order_relaxed);
	wake_signal(&capture->wake);
}

bool capture_take_fault(struct capture *capture, size_t index, int *error_out,
			char reason[LINE_MAX_REASON])
{
	return fault_take(&capture->slots[index].fault, error_out, reason);
}
