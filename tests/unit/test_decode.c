/* SPDX-License-Identifier: MIT */
#include "decode/decode.h"

#include <stdio.h>
#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

/* What a frame made of these values is taken for. */
static enum verdict try_values(const struct driver *driver,
			       const struct imperfections *imperfections,
			       enum waveform_edges edges, struct reading *out)
{
	struct reading values = test_values(23800, 72100);
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct frame frame;

	assert_true(driver->encode(&values, ENCODING_SIGN_MAGNITUDE, bytes));
	test_frame(driver, bytes, imperfections, edges, &frame);
	return decode_frame(driver, &frame, out);
}

static void an_ideal_frame_of_every_driver_is_clean(void **state)
{
	struct reading values = test_values(23800, 72100);
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	(void)state;
	for (size_t i = 0; i < num_drivers; i++)
		for (int edges = 0; edges < NUM_WAVEFORM_EDGES; edges++) {
			struct reading out = { .wall_ms = 5, .seq = 6 };

			assert_int_equal(try_values(drivers[i], NULL,
						    (enum waveform_edges)edges, &out),
					 VERDICT_CLEAN);
			assert_true(test_is_same(&out, &values));
			assert_int_equal(out.t_ns, TEST_START_NS);
			assert_int_equal(out.wall_ms, 5);
			assert_int_equal(out.seq, 6);
			assert_int_equal(out.flags, 0);
		}
}

/* The times that the virtual board's sensors have. */
static struct driver board_sensor(const char *name)
{
	struct driver driver = *driver_find(name);

	driver.wire.response_low_us = 80;
	driver.wire.response_high_us = 80;
	driver.wire.bit_low_us = 50;
	driver.wire.zero_high_us = 26;
	driver.wire.one_high_us = 71;
	driver.wire.byte_gap_us = 13;
	driver.wire.end_low_us = 50;
	return driver;
}

static void sensors_of_the_board_are_clean_however_late_edges_are_armed(void **state)
{
	static const char *const names[] = { "dht22", "dht21" };

	(void)state;
	for (size_t i = 0; i < array_length(names); i++) {
		struct driver sensor = board_sensor(names[i]);

		for (uint32_t armed_us = 0; armed_us < 188; armed_us++) {
			struct imperfections imperfections = { .armed_ns =
								       armed_us * 1000,
							       .rise_ns = 1000 };
			struct reading out = { 0 };

			assert_int_equal(try_values(&sensor, &imperfections,
						    WAVEFORM_FALLING, &out),
					 VERDICT_CLEAN);
		}
	}
}

static void a_frame_whose_first_bit_came_before_arming_is_armed_late(void **state)
{
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	(void)state;
	for (size_t i = 0; i < num_drivers; i++)
		for (uint32_t armed_us = 230; armed_us < 3000; armed_us += 10) {
			struct imperfections late = { .armed_ns = armed_us * 1000 };
			struct reading out = { 0 };

			assert_int_equal(try_values(drivers[i], &late, WAVEFORM_FALLING,
						    &out),
					 VERDICT_ARMED_LATE);
		}
}

/* A frame of dht22, and what its edges are changed to. */
static void make_frame(struct frame *out)
{
	static const uint8_t bytes[] = { 0x02, 0xd1, 0x00, 0xee, 0xc1 };

	test_frame(driver_find("dht22"), bytes, NULL, WAVEFORM_FALLING, out);
	assert_int_equal(out->num_edges, 42);
}

static enum verdict judge(const struct frame *frame)
{
	struct reading out = { 0 };

	return decode_frame(driver_find("dht22"), frame, &out);
}

static void drop(struct frame *frame, unsigned at)
{
	memmove(&frame->edges[at], &frame->edges[at + 1],
		(frame->num_edges - at - 1u) * sizeof(frame->edges[0]));
	frame->num_edges--;
}

static void each_refusal_names_its_reason(void **state)
{
	struct frame frame;

	(void)state;
	make_frame(&frame);
	frame.num_edges = 1;
	assert_int_equal(judge(&frame), VERDICT_NO_RESPONSE);

	make_frame(&frame);
	frame.num_edges = 20;
	assert_int_equal(judge(&frame), VERDICT_TOO_FEW_EDGES);

	make_frame(&frame);
	drop(&frame, 10);
	for (unsigned i = 0; i < frame.num_edges; i++)
		frame.edges[i].seq = 0;
	assert_int_equal(judge(&frame), VERDICT_TOO_FEW_EDGES);

	/* With numbers on the edges the kernel says that it dropped some. */
	make_frame(&frame);
	drop(&frame, 10);
	drop(&frame, 10);
	assert_int_equal(judge(&frame), VERDICT_OVERRUN);

	make_frame(&frame);
	frame.edges[42] = frame.edges[41];
	frame.edges[42].t_ns += 80000;
	frame.num_edges++;
	assert_int_equal(judge(&frame), VERDICT_TOO_MANY_EDGES);

	make_frame(&frame);
	frame.edges[10].t_ns += 23000;
	assert_int_equal(judge(&frame), VERDICT_BAD_TIMING);

	make_frame(&frame);
	frame.edges[10].t_ns = frame.edges[11].t_ns + 1000;
	assert_int_equal(judge(&frame), VERDICT_BAD_TIMING);
}

static void a_late_edge_that_swaps_two_bits_is_refused(void **state)
{
	struct frame frame;

	(void)state;
	for (int32_t late_ns = 21000; late_ns < 70000; late_ns += 500) {
		enum verdict verdict;

		make_frame(&frame);
		/* between bits 5 and 6, a 0 and a 1 */
		frame.edges[1 + 6].t_ns += (uint64_t)late_ns;
		verdict = judge(&frame);
		assert_true(verdict == VERDICT_BAD_TIMING ||
			    verdict == VERDICT_BAD_CHECKSUM);
		/* interrupts off for 40 us do not reach a whole swap */
		if (late_ns <= 39000)
			assert_int_equal(verdict, VERDICT_BAD_TIMING);
		if (late_ns == 47000)
			assert_int_equal(verdict, VERDICT_BAD_CHECKSUM);
	}
}

/* 25.6 degree and 32.0 % slip to 51.2 degree and 64.0 %, and the sum still fits. */
static void a_slip_that_doubles_both_values_is_seen(void **state)
{
	struct reading values = test_values(25600, 32000);
	const struct driver *driver = driver_find("dht22");
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct frame frame;

	(void)state;
	assert_true(driver->encode(&values, ENCODING_SIGN_MAGNITUDE, bytes));
	test_frame(driver, bytes, NULL, WAVEFORM_FALLING, &frame);
	drop(&frame, 0);
	drop(&frame, 0);
	frame.edges[40] = frame.edges[39];
	frame.edges[40].t_ns += 80000;
	frame.num_edges++;
	assert_int_equal(judge(&frame), VERDICT_DOUBLED);

	/* without a release to count from, the gaps tell */
	frame.release_ns = 0;
	assert_int_equal(judge(&frame), VERDICT_DOUBLED);
}

static void without_response_and_release_the_gaps_hold_a_frame(void **state)
{
	static const uint8_t dht11_bytes[] = { 36, 0, 27, 0, 63 };
	const struct driver *dht11 = driver_find("dht11");
	struct reading out = { 0 };
	struct frame frame;

	(void)state;
	make_frame(&frame);
	drop(&frame, 0);
	frame.release_ns = 0;
	assert_int_equal(judge(&frame), VERDICT_CLEAN);

	/* a dht11 has none */
	test_frame(dht11, dht11_bytes, NULL, WAVEFORM_FALLING, &frame);
	frame.release_ns = 0;
	assert_int_equal(decode_frame(dht11, &frame, &out), VERDICT_CLEAN);
	drop(&frame, 0);
	assert_int_equal(decode_frame(dht11, &frame, &out), VERDICT_TOO_FEW_EDGES);
}

static void labels_of_edges_are_hints_only(void **state)
{
	static const uint8_t bytes[] = { 0x02, 0xd1, 0x00, 0xee, 0xc1 };
	uint64_t random = 7;
	struct frame frame;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		test_frame(driver_find("dht22"), bytes, NULL, WAVEFORM_BOTH, &frame);
		for (unsigned edge = 0; edge < 20; edge++)
			frame.edges[test_random(&random) % frame.num_edges].event =
				EDGE_RISING;
		assert_int_equal(judge(&frame), VERDICT_CLEAN);
	}
}

static void edges_of_the_host_before_its_release_do_not_count(void **state)
{
	static const uint8_t bytes[] = { 0x02, 0xd1, 0x00, 0xee, 0xc1 };
	struct frame frame;

	(void)state;
	test_frame(driver_find("dht22"), bytes, NULL, WAVEFORM_BOTH, &frame);
	memmove(&frame.edges[1], &frame.edges[0],
		frame.num_edges * sizeof(frame.edges[0]));
	frame.edges[0] = (struct edge){ .t_ns = frame.start_ns, .event = EDGE_FALLING };
	frame.num_edges++;
	assert_int_equal(judge(&frame), VERDICT_CLEAN);
}

/* A dht11 may think for some milliseconds before it answers. */
static void a_late_answer_is_clean_when_the_response_is_seen(void **state)
{
	struct driver slow = *driver_find("dht11");
	struct reading out = { 0 };

	(void)state;
	slow.wire.release_us = 10000;
	assert_int_equal(try_values(&slow, NULL, WAVEFORM_FALLING, &out), VERDICT_CLEAN);
	slow.wire.release_us = 20000;
	assert_int_equal(try_values(&slow, NULL, WAVEFORM_FALLING, &out),
			 VERDICT_SLIPPED);
}

static void the_time_is_that_of_the_first_edge_where_the_start_is_not_known(void **state)
{
	struct reading out = { 0 };
	struct frame frame;

	(void)state;
	make_frame(&frame);
	frame.start_ns = 0;
	assert_int_equal(decode_frame(driver_find("dht22"), &frame, &out), VERDICT_CLEAN);
	assert_int_equal(out.t_ns, frame.edges[0].t_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ideal_frame_of_every_driver_is_clean),
		cmocka_unit_test(
			sensors_of_the_board_are_clean_however_late_edges_are_armed),
		cmocka_unit_test(
			a_frame_whose_first_bit_came_before_arming_is_armed_late),
		cmocka_unit_test(each_refusal_names_its_reason),
		cmocka_unit_test(a_late_edge_that_swaps_two_bits_is_refused),
		cmocka_unit_test(a_slip_that_doubles_both_values_is_seen),
		cmocka_unit_test(without_response_and_release_the_gaps_hold_a_frame),
		cmocka_unit_test(labels_of_edges_are_hints_only),
		cmocka_unit_test(edges_of_the_host_before_its_release_do_not_count),
		cmocka_unit_test(a_late_answer_is_clean_when_the_response_is_seen),
		cmocka_unit_test(
			the_time_is_that_of_the_first_edge_where_the_start_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
