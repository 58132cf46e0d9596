/* SPDX-License-Identifier: MIT */
/* The capture thread over simulated lines. Nothing here asserts how fast it is: only what it
 * pushes, in which order, and what is never allowed. */
#include "capture/capture.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/edge.h"
#include "unit/cmocka_test.h"

enum { NUM_EDGES = 5, RING_EDGES = 1024, MAX_WAIT_S = 60 };

static const struct care_advice again_please = { .asks_again = true };

struct fixture {
	struct edge slots[RING_EDGES];
	struct ring ring;
	struct wake wake;
	struct airtime airtime;
	struct line_simulation simulation;
	uint64_t low_ns; /* of the newest start pulse */
	uint64_t busy_ns; /* how long nothing else runs after the release */
	/* How long the wire was held low beside start pulses, as while power is cut. */
	_Atomic uint64_t held_low_ns;
};

/* A sensor that answers with NUM_EDGES falling edges 100 us apart. */
static size_t answer(void *context, uint64_t release_ns, uint64_t low_ns,
		     enum line_edges edges, struct edge *out, size_t max_edges)
{
	struct fixture *f = context;

	(void)edges;
	assert_true(max_edges >= NUM_EDGES);
	while (clock_mono_ns() < release_ns + f->busy_ns)
		sched_yield();
	if (low_ns > CLOCK_NS_PER_S)
		f->held_low_ns = low_ns;
	else
		f->low_ns = low_ns;
	for (uint32_t i = 0; i < NUM_EDGES; i++)
		out[i] = (struct edge){
			.t_ns = release_ns + (i + 1) * 100 * CLOCK_NS_PER_US,
			.seq = i + 1,
			.event = EDGE_FALLING,
		};
	return NUM_EDGES;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || wake_open(&f->wake))
		return -1;
	ring_init(&f->ring, f->slots, RING_EDGES, sizeof(f->slots[0]));
	airtime_init(&f->airtime, clock_mono_ns());
	f->simulation = (struct line_simulation){ .answer = answer, .context = f };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	wake_close(&f->wake);
	free(f);
	return 0;
}

static struct capture_sensor sensor_on(struct fixture *f, const char *pin, uint16_t index)
{
	struct capture_sensor sensor = {
		.request = { .simulation = &f->simulation },
		.probe = { .start_low_us = 1000, .frame_us = 2000, .min_interval_ms = 5 },
		.interval_ns = 20 * CLOCK_NS_PER_MS,
		.sensor = index,
	};

	strncpy(sensor.pin, pin, sizeof(sensor.pin) - 1);
	return sensor;
}

static struct capture *start(struct fixture *f, const struct capture_sensor *sensors,
			     size_t num_sensors)
{
	const struct capture_request request = {
		.name = "capture",
		.sensors = sensors,
		.num_sensors = num_sensors,
		.ring = &f->ring,
		.consumer = &f->wake,
		.airtime = &f->airtime,
		.first_ns = clock_mono_ns(),
	};
	struct capture *capture = NULL;

	assert_int_equal(capture_start(&request, &capture), 0);
	return capture;
}

/* The next record; waits for it. */
static struct edge next(struct fixture *f)
{
	uint64_t end_ns = clock_mono_ns() + MAX_WAIT_S * CLOCK_NS_PER_S;
	struct edge edge;

	while (!ring_pop(&f->ring, &edge)) {
		assert_true(clock_mono_ns() < end_ns);
		(void)wake_wait(&f->wake, end_ns);
	}
	return edge;
}

/* Takes one attempt from the ring; its start and end. */
static void take_attempt(struct fixture *f, struct edge *start_out, struct edge *end_out)
{
	static const uint8_t events[] = { EDGE_RELEASE, EDGE_ARMED,   EDGE_FALLING,
					  EDGE_FALLING, EDGE_FALLING, EDGE_FALLING,
					  EDGE_FALLING };

	*start_out = next(f);
	assert_int_equal(start_out->event, EDGE_START);
	for (size_t i = 0; i < sizeof(events); i++) {
		struct edge edge = next(f);

		assert_int_equal(edge.event, events[i]);
		assert_int_equal(edge.sensor, start_out->sensor);
	}
	*end_out = next(f);
	assert_int_equal(end_out->event, EDGE_END);
	assert_int_equal(end_out->detail, EDGE_END_DONE);
}

static void an_attempt_is_start_release_armed_edges_end(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 7);
	struct capture *capture = start(f, &sensor, 1);
	struct edge begin, end;

	take_attempt(f, &begin, &end);
	assert_int_equal(begin.sensor, 7);
	assert_int_equal(begin.detail, 0);
	assert_true(end.t_ns - begin.t_ns >= 3000 * CLOCK_NS_PER_US);
	capture_stop(capture);
	assert_true(f->low_ns >= 1000 * CLOCK_NS_PER_US);
	capture_free(capture);
}

static void an_answer_is_read_although_nothing_ran_while_it_came(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	struct edge first, last;
	struct capture *capture;

	f->busy_ns = (sensor.probe.frame_us + 1000) * CLOCK_NS_PER_US;
	capture = start(f, &sensor, 1);
	take_attempt(f, &first, &last);
	capture_stop(capture);
	capture_free(capture);
}

static void a_trigger_that_is_not_there_is_the_line_s_fault(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensors[2] = { sensor_on(f, "sim/0", 0),
					     sensor_on(f, "sim/1", 1) };
	char reason[LINE_MAX_REASON];
	struct edge begin, end;
	int error = 0;

	strcpy(sensors[0].trigger_pin, "sim/1024");
	strcpy(sensors[1].trigger_pin, "sim/2");

	struct capture *capture = start(f, sensors, 2);

	take_attempt(f, &begin, &end);
	assert_int_equal(begin.sensor, 1);
	assert_true(capture_take_fault(capture, 0, &error, reason));
	assert_int_equal(error, -ENOENT);
	capture_stop(capture);
	capture_free(capture);
}

static void attempts_of_one_board_never_overlap(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensors[4];
	uint64_t last_ns = 0;
	unsigned seen = 0;

	for (uint16_t i = 0; i < 4; i++) {
		char pin[] = "sim/0";

		pin[4] = (char)('0' + i);
		sensors[i] = sensor_on(f, pin, i);
	}

	struct capture *capture = start(f, sensors, 4);

	for (int i = 0; i < 12; i++) {
		struct edge begin, end;

		take_attempt(f, &begin, &end);
		assert_true(begin.t_ns >= last_ns);
		last_ns = end.t_ns;
		seen |= 1U << begin.sensor;
	}
	assert_int_equal(seen, 0xf);
	capture_stop(capture);
	capture_free(capture);
}

static void turns_that_are_due_sooner_wait_for_the_rest(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	struct edge first, last, end;

	sensor.interval_ns = 20 * CLOCK_NS_PER_MS;
	sensor.probe.min_interval_ms = 60;

	struct capture *capture = start(f, &sensor, 1);

	take_attempt(f, &first, &end);
	for (int i = 0; i < 4; i++) {
		take_attempt(f, &last, &end);
		assert_int_equal(last.detail, 0);
	}
	/* 240 with all rests, 80 without; the first stamp may be late. */
	assert_true(last.t_ns - first.t_ns >= 160 * CLOCK_NS_PER_MS);
	capture_stop(capture);
	capture_free(capture);
}

static void asking_again_gives_a_retry_after_the_rest(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	struct edge begin, end, again;

	sensor.interval_ns = 3600 * CLOCK_NS_PER_S;
	sensor.probe.min_interval_ms = 50;

	struct capture *capture = start(f, &sensor, 1);

	take_attempt(f, &begin, &end);
	capture_advise(capture, 0, &again_please);
	take_attempt(f, &again, &end);
	assert_int_equal(again.detail, 1);
	assert_true(again.t_ns - begin.t_ns >= 50 * CLOCK_NS_PER_MS);
	capture_stop(capture);
	capture_advise(capture, 0, &again_please);
	capture_free(capture);
}

static void asking_again_never_pushes_the_next_turn_back(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	struct edge begin, end;

	sensor.probe.min_interval_ms = 15;

	struct capture *capture = start(f, &sensor, 1);

	for (int i = 0; i < 5; i++) {
		take_attempt(f, &begin, &end);
		assert_int_equal(begin.detail, 0);
		capture_advise(capture, 0, &again_please);
	}
	capture_stop(capture);
	capture_free(capture);
}

static void advice_chooses_the_pulse_and_skips_turns(void **state)
{
	const struct care_advice advice = { .is_long = true, .num_turns_skipped = 2 };
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	uint64_t started_ns = clock_mono_ns();
	struct edge begin, end;

	sensor.probe.long_low_us = 4000;
	sensor.interval_ns = 500 * CLOCK_NS_PER_MS;

	struct capture *capture = start(f, &sensor, 1);

	take_attempt(f, &begin, &end);
	assert_int_equal(begin.detail, 0);
	capture_advise(capture, 0, &advice);
	take_attempt(f, &begin, &end);
	assert_int_equal(begin.detail, EDGE_START_LONG);
	/* From the first turn's time, not from when that turn was had: it may have been late. */
	assert_true(begin.t_ns - started_ns >= 3 * sensor.interval_ns);
	assert_true(end.t_ns - begin.t_ns >= 6000 * CLOCK_NS_PER_US);
	capture_stop(capture);
	capture_free(capture);
}

static void sensors_that_are_fed_are_asked_when_they_are_awake(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	uint64_t started_ns = clock_mono_ns();
	struct edge begin, end;

	strcpy(sensor.power_pin, "sim/9");
	sensor.probe.power_up_ms = 300;

	struct capture *capture = start(f, &sensor, 1);

	take_attempt(f, &begin, &end);
	assert_int_equal(begin.detail, EDGE_START_FED);
	assert_true(begin.t_ns - started_ns >= 300 * CLOCK_NS_PER_MS);
	take_attempt(f, &begin, &end);
	assert_int_equal(begin.detail, 0);
	capture_stop(capture);
	capture_free(capture);
}

/* Takes attempts until one of this sensor says that power came. */
static struct edge await_fed(struct fixture *f, uint16_t sensor)
{
	struct edge begin, end;

	do {
		take_attempt(f, &begin, &end);
	} while (begin.sensor != sensor || !(begin.detail & EDGE_START_FED));
	return begin;
}

static void a_power_cut_holds_the_wires_low_and_begins_anew(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensors[3] = { sensor_on(f, "sim/0", 0),
					     sensor_on(f, "sim/1", 1),
					     sensor_on(f, "sim/2", 2) };
	struct edge again;

	strcpy(sensors[0].power_pin, "sim/9");
	strcpy(sensors[1].power_pin, "sim/9");
	for (int i = 0; i < 3; i++) {
		sensors[i].probe.power_up_ms = 200;
		sensors[i].interval_ns = 300 * CLOCK_NS_PER_MS;
	}

	struct capture *capture = start(f, sensors, 3);

	(void)await_fed(f, 1);

	uint64_t cut_ns = clock_mono_ns();

	/* Sensor 2 has no power pin: nothing happens. */
	capture_cut_power(capture, 2);
	capture_cut_power(capture, 1);
	again = await_fed(f, 0);
	assert_true(again.t_ns >= cut_ns + f->held_low_ns + 200 * CLOCK_NS_PER_MS);
	assert_true(f->held_low_ns >= 2 * CLOCK_NS_PER_S);
	capture_stop(capture);
	capture_free(capture);
}

static void a_power_pin_that_is_not_there_is_the_line_s_fault(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensors[2] = { sensor_on(f, "sim/0", 0),
					     sensor_on(f, "sim/1", 1) };
	char reason[LINE_MAX_REASON];
	struct edge begin, end;
	int error = 0;

	strcpy(sensors[0].power_pin, "sim/1024");

	struct capture *capture = start(f, sensors, 2);

	take_attempt(f, &begin, &end);
	assert_int_equal(begin.sensor, 1);
	assert_true(capture_take_fault(capture, 0, &error, reason));
	assert_int_equal(error, -ENOENT);
	capture_cut_power(capture, 0);
	capture_stop(capture);
	capture_free(capture);
}

static void a_line_that_cannot_be_had_is_said_once_and_stops_no_other(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensors[2] = { sensor_on(f, "replay:/no/such/file", 0),
					     sensor_on(f, "sim/1", 1) };
	struct capture *capture = start(f, sensors, 2);
	char reason[LINE_MAX_REASON];
	struct edge begin, end;
	int error = 0;

	for (int i = 0; i < 3; i++) {
		take_attempt(f, &begin, &end);
		assert_int_equal(begin.sensor, 1);
	}
	assert_true(capture_take_fault(capture, 0, &error, reason));
	assert_int_equal(error, -ENOENT);
	assert_non_null(strstr(reason, "/no/such/file"));
	assert_false(capture_take_fault(capture, 0, &error, reason));
	assert_false(capture_take_fault(capture, 1, &error, reason));
	capture_stop(capture);
	capture_free(capture);
}

static void a_nudge_makes_it_go_round_though_nothing_is_due(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	struct edge begin, end;

	sensor.interval_ns = 3600 * CLOCK_NS_PER_S;

	struct capture *capture = start(f, &sensor, 1);
	uint64_t end_ns = clock_mono_ns() + MAX_WAIT_S * CLOCK_NS_PER_S;

	take_attempt(f, &begin, &end);

	uint32_t num_rounds = capture_num_rounds(capture);

	while (capture_num_rounds(capture) - num_rounds < 10) {
		assert_true(clock_mono_ns() < end_ns);
		capture_nudge(capture);
		sched_yield();
	}
	assert_false(ring_pop(&f->ring, &begin));
	capture_stop(capture);
	capture_free(capture);
}

static void a_successor_takes_lines_and_schedule_over(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor slow = sensor_on(f, "sim/0", 0);
	struct capture_sensor after[] = { sensor_on(f, "sim/1", 8),
					  sensor_on(f, "sim/0", 7) };
	struct edge begin, end;

	slow.interval_ns = after[1].interval_ns = 3600 * CLOCK_NS_PER_S;
	after[0].heritage = CAPTURE_NO_HERITAGE;
	after[1].heritage = 0;

	struct capture *before = start(f, &slow, 1);

	take_attempt(f, &begin, &end);
	capture_pause(before);

	const struct capture_request request = {
		.name = "capture",
		.sensors = after,
		.num_sensors = array_length(after),
		.ring = &f->ring,
		.consumer = &f->wake,
		.airtime = &f->airtime,
		.first_ns = clock_mono_ns(),
		.predecessor = before,
	};
	struct capture *capture = NULL;

	assert_int_equal(capture_start(&request, &capture), 0);
	capture_free(before);
	/* The slow one's turn is not before an hour is over; unless it is asked. */
	for (int i = 0; i < 5; i++) {
		take_attempt(f, &begin, &end);
		assert_int_equal(begin.sensor, 8);
	}
	capture_advise(capture, 1, &again_please);
	do
		take_attempt(f, &begin, &end);
	while (begin.sensor == 8);
	assert_int_equal(begin.sensor, 7);
	assert_int_equal(begin.detail, 1);
	capture_stop(capture);
	capture_free(capture);
}

static struct capture *succeed(struct fixture *f, struct capture *before,
			       const struct capture_sensor *sensor)
{
	const struct capture_request request = {
		.name = "capture",
		.sensors = sensor,
		.num_sensors = 1,
		.ring = &f->ring,
		.consumer = &f->wake,
		.airtime = &f->airtime,
		.first_ns = clock_mono_ns(),
		.predecessor = before,
	};
	struct capture *capture = NULL;

	capture_pause(before);
	assert_int_equal(capture_start(&request, &capture), 0);
	capture_free(before);
	return capture;
}

static void a_successor_goes_on_with_power_and_with_a_cut(void **state)
{
	struct fixture *f = *state;
	struct capture_sensor sensor = sensor_on(f, "sim/0", 0);
	struct edge begin, end;

	strcpy(sensor.power_pin, "sim/9");
	sensor.probe.power_up_ms = 100;

	struct capture *capture = start(f, &sensor, 1);

	(void)await_fed(f, 0);
	capture = succeed(f, capture, &sensor);
	for (int i = 0; i < 5; i++) {
		take_attempt(f, &begin, &end);
		assert_int_equal(begin.detail & EDGE_START_FED, 0);
	}
	capture_cut_power(capture, 0);
	capture = succeed(f, capture, &sensor);
	(void)await_fed(f, 0);
	assert_true(f->held_low_ns >= 2 * CLOCK_NS_PER_S);
	capture_stop(capture);
	capture_free(capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(an_attempt_is_start_release_armed_edges_end),
		TEST(an_answer_is_read_although_nothing_ran_while_it_came),
		TEST(a_trigger_that_is_not_there_is_the_line_s_fault),
		TEST(attempts_of_one_board_never_overlap),
		TEST(turns_that_are_due_sooner_wait_for_the_rest),
		TEST(asking_again_gives_a_retry_after_the_rest),
		TEST(asking_again_never_pushes_the_next_turn_back),
		TEST(advice_chooses_the_pulse_and_skips_turns),
		TEST(sensors_that_are_fed_are_asked_when_they_are_awake),
		TEST(a_power_cut_holds_the_wires_low_and_begins_anew),
		TEST(a_power_pin_that_is_not_there_is_the_line_s_fault),
		TEST(a_line_that_cannot_be_had_is_said_once_and_stops_no_other),
		TEST(a_nudge_makes_it_go_round_though_nothing_is_due),
		TEST(a_successor_takes_lines_and_schedule_over),
		TEST(a_successor_goes_on_with_power_and_with_a_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
