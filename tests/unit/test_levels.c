/* SPDX-License-Identifier: MIT */
#include "decode/levels.h"

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum { NUM_FRAMES = 400 };

/* What a value change dump can hold: levels in turns, in time order, high at the end. */
static void assert_are_levels(const struct edge *records, size_t num_records)
{
	bool is_low = false;

	assert_in_range(num_records, 2, LEVELS_MAX_RECORDS);
	assert_int_equal(records[0].event, EDGE_START);
	assert_int_equal(records[num_records - 1].event, EDGE_END);
	for (size_t i = 1; i < num_records; i++) {
		assert_true(records[i].t_ns > records[i - 1].t_ns);
		if (records[i].event == EDGE_FALLING || records[i].event == EDGE_RISING) {
			assert_int_equal(records[i].event,
					 is_low ? EDGE_RISING : EDGE_FALLING);
			is_low = records[i].event == EDGE_FALLING;
		}
	}
	assert_false(is_low);
}

/* Makes levels of a frame, and a frame of the levels as a logic analyser would see it. */
static enum verdict go_round(const struct driver *driver, const struct frame *frame,
			     struct reading *out, enum verdict *again_out,
			     struct reading *out_again)
{
	struct edge records[LEVELS_MAX_RECORDS];
	struct decode_evidence evidence;
	struct decode_state state = { .is_strict = false };
	enum verdict verdict = decode_explain(driver, frame, &state, out, &evidence);
	size_t num_records = levels_make(driver, frame, verdict, &evidence, records);
	struct frame drawn = { 0 };

	assert_are_levels(records, num_records);
	*again_out = VERDICT_OVERRUN;
	if (num_records <= FRAME_MAX_EDGES) {
		test_collect(records, num_records, &drawn);
		*again_out = decode_frame(driver, &drawn, out_again);
	}
	return verdict;
}

static void levels_of_a_frame_that_was_read_say_the_same(void **state)
{
	uint64_t random = 20261122;
	uint32_t num_repaired = 0;
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	(void)state;
	for (size_t i = 0; i < NUM_FRAMES * num_drivers; i++) {
		const struct driver *driver = drivers[i % num_drivers];
		const struct imperfections imperfections = {
			.seed = test_random(&random),
			.scale_permille = test_random_between(&random, -80, 80),
			.jitter_ns = 800,
			.armed_ns = test_random(&random) % 200000,
			.lost_permille = test_random(&random) % 30,
		};
		struct reading out = { 0 }, again = { 0 };
		uint8_t bytes[DRIVER_MAX_BYTES];
		enum verdict verdict, verdict_again;
		struct frame frame;

		(void)test_random_values(&random, driver, bytes);
		test_frame(driver, bytes, &imperfections,
			   (enum waveform_edges)(i % NUM_WAVEFORM_EDGES), &frame);
		for (unsigned edge = 0; edge < frame.num_edges; edge++)
			frame.edges[edge].seq = 0;
		verdict = go_round(driver, &frame, &out, &verdict_again, &again);
		if (!verdict_is_accepted(verdict))
			continue;
		num_repaired += verdict == VERDICT_REPAIRED;
		assert_int_equal(verdict_again, VERDICT_CLEAN);
		assert_true(test_is_same(&out, &again));
	}
	assert_true(num_repaired > 50);
}

static void anything_can_be_drawn(void **state)
{
	uint64_t random = 3;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct reading out = { 0 }, again = { 0 };
		enum verdict verdict_again;
		struct frame frame = {
			.start_ns = i % 3 ? TEST_START_NS : 0,
			.release_ns = i % 5 ? TEST_START_NS + 1200000 : 0,
			.end_ns = TEST_START_NS + 10000000,
			.num_edges =
				(uint16_t)(test_random(&random) % (FRAME_MAX_EDGES + 1)),
		};
		uint64_t t_ns = TEST_START_NS + 1000000;

		for (unsigned edge = 0; edge < frame.num_edges; edge++) {
			t_ns += test_random(&random) % (i % 2 ? 200 : 200000);
			frame.edges[edge] = (struct edge){
				.t_ns = t_ns,
				.event = i % 7 && test_random(&random) % 2 ? EDGE_FALLING
									   : EDGE_RISING,
			};
		}
		(void)go_round(driver_find("dht22"), &frame, &out, &verdict_again,
			       &again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_of_a_frame_that_was_read_say_the_same),
		cmocka_unit_test(anything_can_be_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
