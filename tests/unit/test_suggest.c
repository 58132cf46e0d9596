/* SPDX-License-Identifier: MIT */
#include "config/suggest.h"

#include "unit/cmocka_test.h"

static void a_swapped_missing_or_wrong_letter_is_near(void **state)
{
	(void)state;
	assert_int_equal(suggest_distance("interval", "interval"), 0);
	assert_int_equal(suggest_distance("intervall", "interval"), 1);
	assert_int_equal(suggest_distance("intreval", "interval"), 1);
	assert_int_equal(suggest_distance("intrvl", "interval"), 2);
	assert_int_equal(suggest_distance("Interval", "interval"), 0);
	assert_int_equal(suggest_distance("qso", "qos"), 1);
}

static void another_word_is_far(void **state)
{
	(void)state;
	assert_int_equal(suggest_distance("humidity", "interval"), SUGGEST_FAR);
	assert_int_equal(suggest_distance("4", "5"), SUGGEST_FAR);
	assert_int_equal(suggest_distance("", "id"), SUGGEST_FAR);
	assert_int_equal(suggest_distance("a_word_that_is_longer_than_any_key_may_be",
					  "a_word_that_is_longer_than_any_key_may_be"),
			 SUGGEST_FAR);
}

static void the_nearest_candidate_wins(void **state)
{
	struct suggestion suggestion = { 0 };

	(void)state;
	suggest_consider(&suggestion, "keepalve", "keepsake");
	suggest_consider(&suggestion, "keepalve", "keepalive");
	suggest_consider(&suggestion, "keepalve", "topic");
	assert_string_equal(suggestion.best, "keepalive");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swapped_missing_or_wrong_letter_is_near),
		cmocka_unit_test(another_word_is_far),
		cmocka_unit_test(the_nearest_candidate_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
