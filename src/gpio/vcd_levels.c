/* SPDX-License-Identifier: MIT */
#include "gpio/vcd_levels.h"

#include "base/clock.h"

/* No sensor holds the bus low for so long: 80 us is the longest of all models. */
#define SURE_START_NS (400 * CLOCK_NS_PER_US)
/* The shortest start pulses that were ever tried on a sensor (an AM2302) lasted 105 us. */
#define MIN_START_NS (100 * CLOCK_NS_PER_US)
#define MAX_NOISE_NS (20 * CLOCK_NS_PER_US)
/* The longest high inside a frame lasts 90 us. */
#define IDLE_NS CLOCK_NS_PER_MS
/* Some DHT11 answer 6 to 10 ms after the release, and readers wait up to 15 ms for it. */
#define MAX_ANSWER_NS (20 * CLOCK_NS_PER_MS)

static bool waits_for_answer(const struct vcd_levels *levels)
{
	return levels->reader->is_open && !levels->has_answer;
}

/* Ends the open attempt when its idle time is over, or earlier at before_ns. */
static int end_attempt(struct vcd_levels *levels, uint64_t before_ns)
{
	uint64_t idle_ns = waits_for_answer(levels) ? MAX_ANSWER_NS : IDLE_NS;
	uint64_t t_ns = levels->change_ns + idle_ns;

	if (!levels->reader->is_open)
		return 0;
	return reader_add(levels->reader, EDGE_END, t_ns < before_ns ? t_ns : before_ns,
			  0, EDGE_END_DONE);
}

/* Whether the low that began at fall_ns is the host's start pulse. */
static bool is_start(const struct vcd_levels *levels, uint64_t high_ns, uint64_t low_ns)
{
	if (low_ns >= SURE_START_NS)
		return true;
	if (!levels->has_low && low_ns >= MIN_START_NS)
		return true;
	if (waits_for_answer(levels) && high_ns < MAX_ANSWER_NS && low_ns < MIN_START_NS)
		return false;
	return high_ns >= IDLE_NS;
}

/* Adds the low from fall_ns to rise_ns; change_ns is the rise before it.
 * is_ended: the bus did rise; else the recording ended in the low. */
static int add_low(struct vcd_levels *levels, uint64_t rise_ns, bool is_ended)
{
	struct recording_reader *reader = levels->reader;
	uint64_t low_ns = rise_ns - levels->fall_ns;
	uint64_t high_ns = levels->fall_ns - levels->change_ns;
	uint64_t idle_ns = waits_for_answer(levels) ? MAX_ANSWER_NS : IDLE_NS;
	bool is_idle = !reader->is_open || high_ns >= idle_ns;
	bool is_noise = is_idle && is_ended && low_ns < MAX_NOISE_NS;
	bool begins = !is_noise && is_start(levels, high_ns, low_ns);
	int error = is_idle || begins ? end_attempt(levels, levels->fall_ns) : 0;

	levels->has_low = true;
	if (error || is_noise)
		return error;
	levels->has_answer = !begins;
	if (begins || !reader->is_open)
		error = reader_add(reader, EDGE_START, begins ? levels->fall_ns : 0, 0,
				   0);
	if (!error && !begins)
		error = reader_add(reader, EDGE_FALLING, levels->fall_ns, 0, 0);
	if (!error && is_ended)
		error = reader_add(reader, begins ? EDGE_RELEASE : EDGE_RISING, rise_ns,
				   0, 0);
	return error;
}

int vcd_levels_set(struct vcd_levels *levels, uint64_t t_ns, bool is_high)
{
	int error = 0;

	if (levels->has_change && levels->is_low == !is_high)
		return 0;
	if (!is_high)
		levels->fall_ns = t_ns;
	else if (levels->is_low)
		error = add_low(levels, t_ns, true);
	/* change_ns stays the last rise while we are in a low, for add_low() to measure. */
	if (is_high || !levels->has_change)
		levels->change_ns = t_ns;
	levels->is_low = !is_high;
	levels->has_change = true;
	return error;
}

int vcd_levels_end(struct vcd_levels *levels, uint64_t t_ns)
{
	if (!levels->has_change)
		return 0;
	if (!levels->is_low)
		return end_attempt(levels, UINT64_MAX);

	int error = add_low(levels, t_ns, false);

	/* Low to the last: the attempt ends where the recording does. */
	if (!error && levels->reader->is_open)
		error = reader_add(levels->reader, EDGE_END, t_ns, 0, EDGE_END_DONE);
	return error;
}
