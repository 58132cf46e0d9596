/* SPDX-License-Identifier: MIT */
#include "publish/window.h"

#include "unit/cmocka_test.h"

static void add(struct window *window, int token, uint64_t sent_ns)
{
	const struct in_flight message = {
		.token = token,
		.leaf = "readings",
		.seq = (uint64_t)token + 100,
		.sent_ns = sent_ns,
	};

	window_add(window, &message);
}

static void it_holds_what_the_broker_allows_and_no_more_than_its_own_limit(void **state)
{
	struct window window;

	(void)state;
	window_init(&window, 2);
	add(&window, 1, 10);
	assert_false(window_is_full(&window));
	add(&window, 2, 20);
	assert_true(window_is_full(&window));
	window_init(&window, 65535);
	for (int i = 0; i < WINDOW_MAX; i++) {
		assert_false(window_is_full(&window));
		add(&window, i, 10);
	}
	assert_true(window_is_full(&window));
}

static void messages_are_taken_out_in_any_order_once(void **state)
{
	struct window window;
	struct in_flight message;

	(void)state;
	window_init(&window, WINDOW_MAX);
	for (int i = 1; i <= 5; i++)
		add(&window, i, (uint64_t)i);
	assert_true(window_take(&window, 3, &message));
	assert_int_equal(message.seq, 103);
	assert_false(window_take(&window, 3, &message));
	assert_true(window_take(&window, 1, &message));
	assert_int_equal(window_oldest_ns(&window), 2);
	assert_true(window_take(&window, 5, &message));
	assert_true(window_take(&window, 2, &message));
	assert_true(window_take(&window, 4, &message));
	assert_int_equal(message.seq, 104);
	assert_true(window_oldest_ns(&window) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			it_holds_what_the_broker_allows_and_no_more_than_its_own_limit),
		cmocka_unit_test(messages_are_taken_out_in_any_order_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
