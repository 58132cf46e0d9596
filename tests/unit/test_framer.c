/* SPDX-License-Identifier: MIT */
#include "decode/framer.h"

#include "base/attributes.h"
#include "unit/cmocka_test.h"

static bool feed(struct framer *framer, unsigned event, uint64_t t_ns, uint8_t detail,
		 bool *again)
{
	struct edge edge = {
		.t_ns = t_ns, .sensor = 3, .event = (uint8_t)event, .detail = detail
	};

	return framer_feed(framer, &edge, again);
}

static void an_attempt_becomes_a_frame(void **state)
{
	struct framer framer;
	bool again;

	(void)state;
	framer_init(&framer);
	assert_false(feed(&framer, EDGE_START, 10, 2 | EDGE_START_LONG | EDGE_START_FED,
			  &again));
	assert_false(feed(&framer, EDGE_RELEASE, 20, 0, &again));
	assert_false(feed(&framer, EDGE_ARMED, 30, 0, &again));
	assert_false(feed(&framer, EDGE_FALLING, 40, 0, &again));
	assert_false(feed(&framer, EDGE_RISING, 50, 0, &again));
	assert_true(feed(&framer, EDGE_END, 60, EDGE_END_DONE, &again));
	assert_false(again);
	assert_int_equal(framer.frame.start_ns, 10);
	assert_int_equal(framer.frame.release_ns, 20);
	assert_int_equal(framer.frame.armed_ns, 30);
	assert_int_equal(framer.frame.end_ns, 60);
	assert_int_equal(framer.frame.sensor, 3);
	assert_int_equal(framer.frame.attempt, 2);
	assert_true(framer.frame.is_long);
	assert_true(framer.frame.is_fed_anew);
	assert_int_equal(framer.frame.num_merged, 0);
	assert_int_equal(framer.frame.num_edges, 2);
	assert_int_equal(framer.frame.edges[1].t_ns, 50);
	assert_false(framer.frame.is_cut);
	assert_false(framer.frame.is_lost);
}

static void nothing_of_one_attempt_stays_in_the_next(void **state)
{
	struct framer framer;
	bool again;

	(void)state;
	framer_init(&framer);
	feed(&framer, EDGE_START, 10, 0, &again);
	feed(&framer, EDGE_RELEASE, 20, 0, &again);
	feed(&framer, EDGE_ARMED, 30, 0, &again);
	for (int i = 0; i < FRAME_MAX_EDGES + 1; i++)
		feed(&framer, EDGE_FALLING, 40, 0, &again);
	assert_true(feed(&framer, EDGE_END, 60, EDGE_END_LOST, &again));
	feed(&framer, EDGE_START, 110, 1, &again);
	assert_true(feed(&framer, EDGE_END, 160, EDGE_END_DONE, &again));
	assert_int_equal(framer.frame.start_ns, 110);
	assert_int_equal(framer.frame.release_ns, 0);
	assert_int_equal(framer.frame.armed_ns, 0);
	assert_int_equal(framer.frame.num_edges, 0);
	assert_false(framer.frame.is_cut);
	assert_false(framer.frame.is_lost);
}

static void a_failed_line_marks_the_frame(void **state)
{
	struct framer framer;
	bool again;

	(void)state;
	framer_init(&framer);
	feed(&framer, EDGE_START, 10, 0, &again);
	assert_true(feed(&framer, EDGE_END, 60, EDGE_END_LOST, &again));
	assert_true(framer.frame.is_lost);
}

static void more_edges_than_fit_mark_the_frame_as_cut(void **state)
{
	struct framer framer;
	bool again;

	(void)state;
	framer_init(&framer);
	feed(&framer, EDGE_START, 10, 0, &again);
	for (int i = 0; i < FRAME_MAX_EDGES; i++)
		assert_false(feed(&framer, EDGE_FALLING, 20, 0, &again));
	assert_false(framer.frame.is_cut);
	assert_false(feed(&framer, EDGE_FALLING, 20, 0, &again));
	assert_true(feed(&framer, EDGE_END, 60, 0, &again));
	assert_true(framer.frame.is_cut);
	assert_int_equal(framer.frame.num_edges, FRAME_MAX_EDGES);
}

static void a_start_in_an_open_frame_cuts_it_and_is_fed_again(void **state)
{
	struct framer framer;
	bool again;

	(void)state;
	framer_init(&framer);
	feed(&framer, EDGE_START, 10, 0, &again);
	feed(&framer, EDGE_FALLING, 20, 0, &again);
	assert_true(feed(&framer, EDGE_START, 100, 1, &again));
	assert_true(again);
	assert_true(framer.frame.is_cut);
	assert_int_equal(framer.frame.start_ns, 10);
	assert_false(feed(&framer, EDGE_START, 100, 1, &again));
	assert_false(again);
	assert_true(feed(&framer, EDGE_END, 160, 0, &again));
	assert_false(framer.frame.is_cut);
	assert_int_equal(framer.frame.start_ns, 100);
}

static void records_without_a_start_are_dropped(void **state)
{
	struct framer framer;
	bool again;

	(void)state;
	framer_init(&framer);
	assert_false(feed(&framer, EDGE_RELEASE, 10, 0, &again));
	assert_false(feed(&framer, EDGE_FALLING, 20, 0, &again));
	assert_false(feed(&framer, EDGE_END, 30, 0, &again));
	assert_false(feed(&framer, NUM_EDGE_EVENTS, 30, 0, &again));
	assert_false(again);
}

static void two_attempts_glued_together_are_cut(void **state)
{
	struct framer framer;
	struct edge foreign = { .t_ns = 40, .sensor = 4, .event = EDGE_FALLING };
	bool again;

	(void)state;
	framer_init(&framer);
	feed(&framer, EDGE_START, 10, 0, &again);
	feed(&framer, EDGE_RELEASE, 20, 0, &again);
	feed(&framer, EDGE_RELEASE, 120, 0, &again);
	assert_true(feed(&framer, EDGE_END, 160, 0, &again));
	assert_true(framer.frame.is_cut);

	feed(&framer, EDGE_START, 10, 0, &again);
	assert_false(framer_feed(&framer, &foreign, &again));
	assert_true(feed(&framer, EDGE_END, 160, 0, &again));
	assert_true(framer.frame.is_cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_attempt_becomes_a_frame),
		cmocka_unit_test(nothing_of_one_attempt_stays_in_the_next),
		cmocka_unit_test(a_failed_line_marks_the_frame),
		cmocka_unit_test(more_edges_than_fit_mark_the_frame_as_cut),
		cmocka_unit_test(a_start_in_an_open_frame_cuts_it_and_is_fed_again),
		cmocka_unit_test(records_without_a_start_are_dropped),
		cmocka_unit_test(two_attempts_glued_together_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
