/* SPDX-License-Identifier: MIT */
#include "capture/capture.h"

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"
#include "model/frame.h"

/* No edge of a frame follows the one before it sooner: 48 us low and 22 us high of the
 * fastest 0 that a datasheet allows (falling only), 22 us (both). */
enum { MIN_FALLING_GAP_US = 70, MIN_EDGE_GAP_US = 22 };

/* The kernel's slack of 50 us is too coarse for a start pulse of 480 us. */
enum { TIMER_SLACK_NS = 1000, SLICE_NS = 30 * CLOCK_NS_PER_MS };

struct attempt {
	struct line *line;
	const struct capture_sensor *sensor;
	struct ring *ring;
	struct rehearsal *rehearsal;
};

static void sleep_until(uint64_t t_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(t_ns / CLOCK_NS_PER_S),
		.tv_nsec = (long)(t_ns % CLOCK_NS_PER_S),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void push_mark(const struct attempt *attempt, enum edge_event event, uint64_t t_ns,
		      uint8_t detail)
{
	const struct edge mark = {
		.t_ns = t_ns,
		.sensor = attempt->sensor->sensor,
		.event = (uint8_t)event,
		.detail = detail,
	};

	ring_push(attempt->ring, &mark);
}

/* Takes what the kernel has and hands it on. Returns how many edges, or a negative errno. */
static int push_edges(const struct attempt *attempt)
{
	struct edge edges[FRAME_MAX_EDGES];
	int num_edges = line_read(attempt->line, edges, FRAME_MAX_EDGES);

	for (int i = 0; i < num_edges; i++) {
		edges[i].sensor = attempt->sensor->sensor;
		ring_push(attempt->ring, &edges[i]);
	}
	return num_edges;
}

/* How long we may sleep before a full half of the kernel's room for edges is taken. */
static uint64_t nap_ns(const struct attempt *attempt)
{
	size_t half = line_max_waiting(attempt->line) / 2;
	bool is_both = attempt->sensor->request.edges == LINE_EDGES_BOTH;

	return half * (is_both ? MIN_EDGE_GAP_US : MIN_FALLING_GAP_US) * CLOCK_NS_PER_US;
}

/* Sleeps through the frame, reading as often as the kernel's buffer asks for: with libgpiod 2
 * once, at the end. That is read in any case: a busy machine may let us run after it only. */
static int hear(const struct attempt *attempt, uint64_t end_ns)
{
	uint64_t nap = nap_ns(attempt);

	for (;;) {
		uint64_t now_ns = clock_mono_ns();
		bool is_last = now_ns + nap >= end_ns;

		sleep_until(is_last ? end_ns : now_ns + nap);
		int error = push_edges(attempt);

		if (error < 0 || is_last)
			return error < 0 ? error : 0;
	}
}

static int run(const struct attempt *attempt, uint32_t low_us)
{
	const struct probe *probe = &attempt->sensor->probe;
	uint64_t low_ns, release_ns, armed_ns;
	int error = line_drive_low(attempt->line);

	if (error)
		return error;
	/* The pulse is measured from here: the line is surely low. */
	low_ns = clock_mono_ns();
	sleep_until(low_ns + low_us * CLOCK_NS_PER_US);
	rehearsal_wait(attempt->rehearsal, low_ns + probe->max_low_us * CLOCK_NS_PER_US);
	error = line_listen(attempt->line, &release_ns, &armed_ns);
	if (error)
		return error;
	push_mark(attempt, EDGE_RELEASE, release_ns, 0);
	push_mark(attempt, EDGE_ARMED, armed_ns, 0);
	rehearsal_learn(attempt->rehearsal, armed_ns - release_ns);
	error = hear(attempt, release_ns + probe->frame_us * CLOCK_NS_PER_US);
	return error ? error : line_rest(attempt->line);
}

void capture_ready_thread(void)
{
	/* No SCHED_FIFO, allowed or not: what a frame waits for is kthreadd, which stays behind
	 * all that is runnable whoever asks it. On the virtual board at 2 ns an instruction
	 * under CPU load 11 of 40 first tries were right with it, 30 without. With what we have
	 * saved up, kthreadd is through before who has had more than we: 40 of 40. */
	thread_save_up(SLICE_NS);
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
}

int capture_open_line(const struct capture_sensor *sensor, struct line **out,
		      char reason[LINE_MAX_REASON])
{
	struct line_request request = sensor->request;
	struct line_place place, trigger, quiet;
	int error = line_find(sensor->pin, &place, reason);

	*out = NULL;
	if (!error && sensor->trigger_pin[0]) {
		error = line_find(sensor->trigger_pin, &trigger, reason);
		request.trigger = &trigger;
	}
	if (!error && sensor->quiet_pin[0]) {
		error = line_find(sensor->quiet_pin, &quiet, reason);
		request.quiet = &quiet;
	}
	return error ? error : line_open(&place, &request, out, reason);
}

int capture_attempt(struct line *line, const struct capture_sensor *sensor,
		    unsigned start, struct ring *ring, struct rehearsal *rehearsal)
{
	const struct probe *probe = &sensor->probe;
	uint32_t low_us =
		start & EDGE_START_LONG ? probe->long_low_us : probe->start_low_us;

	const struct attempt attempt = {
		.line = line,
		.sensor = sensor,
		.ring = ring,
		.rehearsal = rehearsal,
	};

	push_mark(&attempt, EDGE_START, clock_mono_ns(), (uint8_t)start);
	int error = run(&attempt, low_us);

	const struct edge end = {
		.t_ns = clock_mono_ns(),
		.seq = line_num_merged(line),
		.sensor = sensor->sensor,
		.event = EDGE_END,
		.detail = error ? EDGE_END_LOST : EDGE_END_DONE,
	};

	ring_push(ring, &end);
	return error;
}
