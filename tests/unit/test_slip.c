/* SPDX-License-Identifier: MIT */
#include "decode/slip.h"

#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

static const struct driver *dht22(void)
{
	return driver_find("dht22");
}

static const struct continuity nothing_known = { .num_values = 0 };

static enum verdict judge(const char *driver, const uint8_t *bytes)
{
	return slip_judge(driver_find(driver), bytes, &nothing_known, TEST_START_NS);
}

static struct continuity said(int32_t temperature_milli, int32_t humidity_milli)
{
	struct reading reading = test_values(temperature_milli, humidity_milli);
	struct continuity continuity = { .num_values = 0 };

	reading.t_ns = TEST_START_NS;
	continuity_learn(&continuity, &reading);
	return continuity;
}

/* Bytes that people reported, or such as they would be. */
static void a_sum_that_holds_either_way_tells_doubled_from_halved(void **state)
{
	/* node-dht-sensor#53: 25.6 degree and 32.0 % */
	static const uint8_t doubled[] = { 0x02, 0x80, 0x02, 0x00, 0x84 };
	/* 24.0 degree and 48.0 % */
	static const uint8_t halved[] = { 0x00, 0xf0, 0x00, 0x78, 0x68 };
	/* a dht11: 27 degree and 36 %, which always adds up */
	/* 23.8 degree and 72.1 %, with a bit in the sign's place, as in RobTillaart/Arduino#94 */
	static const uint8_t halved_below_zero[] = { 0x01, 0x68, 0x80, 0x77, 0x60 };
	static const uint8_t dht11_doubled[] = { 72, 0, 54, 0, 126 };
	static const uint8_t dht21_doubled[] = { 0x02, 0x80, 0x02, 0x00, 0x84, 0, 0, 0 };

	(void)state;
	assert_int_equal(judge("dht22", doubled), VERDICT_DOUBLED);
	assert_int_equal(judge("dht22", halved), VERDICT_HALVED);
	assert_int_equal(judge("dht22", halved_below_zero), VERDICT_HALVED);
	assert_int_equal(judge("dht11", dht11_doubled), VERDICT_DOUBLED);
	assert_int_equal(judge("dht21", dht21_doubled), VERDICT_DOUBLED);
}

static void a_slip_that_does_not_add_up_is_just_one(void **state)
{
	/* 23.8 degree and 72.1 % */
	static const uint8_t left[] = { 0x05, 0xa2, 0x01, 0xdd, 0x82 };
	/* 24.1 degree and 50.0 % */
	static const uint8_t right[] = { 0x00, 0xfa, 0x00, 0x78, 0xf3 };
	/* raspberrypi/linux#6220: 21.8 degree and 40 %; a dht11 cannot measure the 148 % */
	static const uint8_t with_a_1[] = { 148, 0, 10, 132, 46 };
	/* adds up, and moved it does not */
	static const uint8_t unmoved[] = { 0x01, 0xf4, 0x00, 0xf1, 0xe6 };

	(void)state;
	assert_int_equal(judge("dht22", left), VERDICT_SLIPPED);
	assert_int_equal(judge("dht22", right), VERDICT_SLIPPED);
	assert_int_equal(judge("dht11", with_a_1), VERDICT_SLIPPED);
	assert_int_equal(judge("dht22", unmoved), VERDICT_SLIPPED);
}

static void what_the_sensor_said_before_speaks_against_it(void **state)
{
	static const uint8_t halved[] = { 0x00, 0xf0, 0x00, 0x78, 0x68 };
	struct continuity near = said(23800, 48500), far = said(12000, 24000);

	(void)state;
	assert_int_equal(slip_judge(dht22(), halved, &near, TEST_START_NS),
			 VERDICT_HALVED);
	assert_int_equal(slip_judge(dht22(), halved, &far, TEST_START_NS),
			 VERDICT_SLIPPED);
}

static void a_bad_sum_is_a_slip_where_moved_it_says_what_was_said_before(void **state)
{
	/* 24.1 degree and 50.0 % */
	static const uint8_t left[] = { 0x03, 0xe8, 0x01, 0xe3, 0xcd };
	static const uint8_t right[] = { 0x00, 0xfa, 0x00, 0x78, 0xf3 };
	static const uint8_t neither[] = { 0x01, 0xf4, 0x00, 0xf1, 0xe7 };
	struct continuity near = said(24000, 50500), far = said(12000, 25000);
	uint64_t later_ns = TEST_START_NS + 3600 * UINT64_C(1000000000);

	(void)state;
	assert_true(slip_explains(dht22(), left, &near, TEST_START_NS));
	assert_true(slip_explains(dht22(), right, &near, TEST_START_NS));
	assert_false(slip_explains(dht22(), neither, &near, TEST_START_NS));
	assert_false(slip_explains(dht22(), left, &far, TEST_START_NS));
	assert_false(slip_explains(dht22(), left, &nothing_known, TEST_START_NS));
	assert_false(slip_explains(dht22(), left, &near, later_ns));
}

/* A slip as it comes on a wire: what has a good sum is refused by where its bits are, and with
 * repair, too, by what it would have told. */
static void frames_that_slip_are_named(void **state)
{
	struct reading values = test_values(25600, 32000);
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct frame frame;

	(void)state;
	assert_true(dht22()->encode(&values, ENCODING_SIGN_MAGNITUDE, bytes));
	test_frame(dht22(), bytes, NULL, WAVEFORM_FALLING, &frame);
	/* the response and the first bit lost, one more at the end */
	memmove(&frame.edges[0], &frame.edges[2], 40 * sizeof(frame.edges[0]));
	frame.edges[40] = frame.edges[39];
	frame.edges[40].t_ns += 80000;
	frame.num_edges = 41;

	for (unsigned may_repair = 0; may_repair < 2; may_repair++) {
		struct decode_state sensor = { .is_strict = !may_repair };
		struct reading out = { 0 };

		assert_int_equal(decode_repair(dht22(), &frame, &sensor, &out),
				 VERDICT_DOUBLED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sum_that_holds_either_way_tells_doubled_from_halved),
		cmocka_unit_test(a_slip_that_does_not_add_up_is_just_one),
		cmocka_unit_test(what_the_sensor_said_before_speaks_against_it),
		cmocka_unit_test(
			a_bad_sum_is_a_slip_where_moved_it_says_what_was_said_before),
		cmocka_unit_test(frames_that_slip_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
