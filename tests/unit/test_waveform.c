/* SPDX-License-Identifier: MIT */
#include "decode/waveform.h"

#include <string.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"

enum { START_NS = 5000000 };

static const uint8_t dht22_bytes[] = { 0x02, 0xd1, 0x00, 0xee, 0xc1 };

static void an_ideal_frame_has_the_datasheets_times(void **state)
{
	static const uint32_t first_us[] = { 0, 30, 110, 190, 244, 270, 324 };
	const struct imperfections none = { 0 };
	struct edge out[FRAME_MAX_EDGES + 4];
	size_t num_out = waveform_make(driver_find("dht22"), dht22_bytes, &none,
				       WAVEFORM_BOTH, START_NS, out);
	uint64_t release_ns = START_NS + 1200000;

	(void)state;
	/* marks, the line's rise, response, bits, end */
	assert_int_equal(num_out, 4 + 1 + 2 + 80 + 2);
	assert_int_equal(out[0].event, EDGE_START);
	assert_int_equal(out[0].t_ns, START_NS);
	assert_int_equal(out[1].event, EDGE_RELEASE);
	assert_int_equal(out[1].t_ns, release_ns);
	assert_int_equal(out[2].event, EDGE_ARMED);
	assert_int_equal(out[2].t_ns, release_ns);
	for (size_t i = 1; i < array_length(first_us); i++) {
		assert_int_equal(out[3 + i].event, i % 2 ? EDGE_FALLING : EDGE_RISING);
		assert_int_equal(out[3 + i].t_ns, release_ns + first_us[i] * 1000);
		assert_int_equal(out[3 + i].seq, i + 1);
	}
	assert_int_equal(out[num_out - 2].event, EDGE_RISING);
	assert_int_equal(out[num_out - 1].event, EDGE_END);
	assert_int_equal(out[num_out - 1].t_ns, release_ns + 6000000);
}

static void kinds_of_edges_are_parts_of_the_same_frame(void **state)
{
	const struct imperfections uneven = { .seed = 7, .jitter_ns = 3000 };
	struct edge both[FRAME_MAX_EDGES + 4], falling[FRAME_MAX_EDGES + 4],
		rising[FRAME_MAX_EDGES + 4];
	const struct driver *driver = driver_find("dht22");
	size_t num_both = waveform_make(driver, dht22_bytes, &uneven, WAVEFORM_BOTH,
					START_NS, both);
	size_t num_falling = waveform_make(driver, dht22_bytes, &uneven, WAVEFORM_FALLING,
					   START_NS, falling);
	size_t num_rising = waveform_make(driver, dht22_bytes, &uneven, WAVEFORM_RISING,
					  START_NS, rising);
	size_t next_falling = 3, next_rising = 3;

	(void)state;
	assert_int_equal(num_falling, 4 + 42);
	assert_int_equal(num_rising, 4 + 43);
	for (size_t i = 3; i < num_both - 1; i++) {
		if (both[i].event == EDGE_FALLING)
			assert_int_equal(both[i].t_ns, falling[next_falling++].t_ns);
		else
			assert_int_equal(both[i].t_ns, rising[next_rising++].t_ns);
	}
}

static void the_same_seed_gives_the_same_edges(void **state)
{
	struct imperfections rough = {
		.seed = 1, .jitter_ns = 5000, .glitch_permille = 50, .lost_permille = 50
	};
	struct edge a[FRAME_MAX_EDGES + 4] = { 0 };
	struct edge b[FRAME_MAX_EDGES + 4] = { 0 };
	const struct driver *driver = driver_find("dht22");
	size_t num_a =
		waveform_make(driver, dht22_bytes, &rough, WAVEFORM_BOTH, START_NS, a);
	size_t num_b =
		waveform_make(driver, dht22_bytes, &rough, WAVEFORM_BOTH, START_NS, b);

	(void)state;
	assert_int_equal(num_a, num_b);
	assert_memory_equal(a, b, sizeof(a));
	rough.seed = 2;
	num_b = waveform_make(driver, dht22_bytes, &rough, WAVEFORM_BOTH, START_NS, b);
	assert_true(num_a != num_b || memcmp(a, b, sizeof(a)) != 0);
}

static void imperfections_do_what_they_say(void **state)
{
	const struct driver *driver = driver_find("dht22");
	struct edge out[FRAME_MAX_EDGES + 4];
	const struct imperfections late = { .armed_ns = 100000 };
	const struct imperfections slow = { .scale_permille = 100 };
	const struct imperfections lost = { .lost_permille = 1000 };
	const struct imperfections weak = { .rise_ns = 6000 };
	const struct imperfections coarse = { .tick_ns = 10000 };
	const struct imperfections spiky = { .glitch_permille = 1000 };
	uint64_t release_ns = START_NS + 1200000;

	(void)state;
	/* the response's fall at 30 us goes unreported */
	assert_int_equal(waveform_make(driver, dht22_bytes, &late, WAVEFORM_FALLING,
				       START_NS, out),
			 4 + 41);
	assert_int_equal(out[2].t_ns, release_ns + 100000);
	assert_int_equal(out[3].t_ns, release_ns + 190000);
	waveform_make(driver, dht22_bytes, &slow, WAVEFORM_FALLING, START_NS, out);
	assert_int_equal(out[4].t_ns, release_ns + 209000);
	assert_int_equal(waveform_make(driver, dht22_bytes, &lost, WAVEFORM_BOTH,
				       START_NS, out),
			 4);
	waveform_make(driver, dht22_bytes, &weak, WAVEFORM_BOTH, START_NS, out);
	assert_int_equal(out[3].t_ns, release_ns + 6000);
	assert_int_equal(out[5].t_ns, release_ns + 116000);
	assert_int_equal(out[6].t_ns, release_ns + 190000);
	waveform_make(driver, dht22_bytes, &coarse, WAVEFORM_FALLING, START_NS, out);
	assert_int_equal(out[5].t_ns % 10000, 0);
	/* every interval past 10 us has a spike of two edges; what does not fit is cut */
	assert_int_equal(waveform_make(driver, dht22_bytes, &spiky, WAVEFORM_BOTH,
				       START_NS, out),
			 4 + 1 + 3 * 84);
}

static void a_silent_sensor_leaves_the_marks_and_the_lines_rise(void **state)
{
	const struct imperfections none = { 0 };
	struct edge out[FRAME_MAX_EDGES + 4];

	(void)state;
	assert_int_equal(waveform_make(driver_find("dht11"), NULL, &none,
				       WAVEFORM_FALLING, START_NS, out),
			 4);
	assert_int_equal(waveform_make(driver_find("dht11"), NULL, &none, WAVEFORM_BOTH,
				       START_NS, out),
			 5);
}

static void records_never_pass_the_end_and_are_in_order(void **state)
{
	struct imperfections rough = { .jitter_ns = 200000,
				       .scale_permille = 200,
				       .glitch_permille = 900,
				       .tick_ns = 1000,
				       .rise_ns = 50000 };
	const uint8_t bytes[DRIVER_MAX_BYTES] = { 0xff, 0xff, 0xff, 0xff,
						  0xff, 0xff, 0xff, 0xff };
	struct edge out[FRAME_MAX_EDGES + 4];

	(void)state;
	for (rough.seed = 0; rough.seed < 2000; rough.seed++) {
		size_t num_out = waveform_make(driver_find("dht21"), bytes, &rough,
					       WAVEFORM_BOTH, START_NS, out);

		assert_in_range(num_out, 4, FRAME_MAX_EDGES + 4);
		assert_int_equal(out[num_out - 1].event, EDGE_END);
		for (size_t i = 1; i < num_out; i++)
			assert_true(out[i].t_ns >= out[i - 1].t_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ideal_frame_has_the_datasheets_times),
		cmocka_unit_test(kinds_of_edges_are_parts_of_the_same_frame),
		cmocka_unit_test(the_same_seed_gives_the_same_edges),
		cmocka_unit_test(imperfections_do_what_they_say),
		cmocka_unit_test(a_silent_sensor_leaves_the_marks_and_the_lines_rise),
		cmocka_unit_test(records_never_pass_the_end_and_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
