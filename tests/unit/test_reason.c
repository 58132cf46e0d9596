/* SPDX-License-Identifier: MIT */
#include "publish/reason.h"

#include <errno.h>

#include "unit/cmocka_test.h"

static void a_broker_without_mqtt_5_may_answer_in_either_code(void **state)
{
	const char *words;

	(void)state;
	assert_int_equal(reason_of_connack(5, 0x84, &words), -EPROTONOSUPPORT);
	assert_int_equal(reason_of_connack(5, 1, &words), -EPROTONOSUPPORT);
	assert_int_equal(reason_of_connack(4, 1, &words), -EPROTONOSUPPORT);
}

static void a_refused_user_is_told_from_a_busy_server(void **state)
{
	const char *words;

	(void)state;
	assert_int_equal(reason_of_connack(5, 0x86, &words), -EACCES);
	assert_string_equal(words, "wrong user name or password");
	assert_int_equal(reason_of_connack(4, 4, &words), -EACCES);
	assert_int_equal(reason_of_connack(4, 5, &words), -EACCES);
	assert_string_equal(words, "not authorised");
	assert_int_equal(reason_of_connack(5, 0x89, &words), -EBUSY);
	assert_int_equal(reason_of_connack(4, 3, &words), -EBUSY);
}

static void an_unknown_code_has_words_too(void **state)
{
	const char *words;

	(void)state;
	assert_int_equal(reason_of_connack(4, 77, &words), -EPROTO);
	assert_non_null(words);
	assert_int_equal(reason_of_connack(4, 0x86, &words), -EPROTO);
	assert_null(reason_words(0));
	assert_null(reason_words(0x10));
	assert_true(reason_is_unwelcome(0x8e));
	assert_false(reason_is_unwelcome(0x8b));
	assert_false(reason_is_unwelcome(0));
	assert_true(reason_is_taken_over(0x8e));
	assert_false(reason_is_taken_over(0x8b));
	assert_true(reason_is_quota(0x97));
	assert_false(reason_is_quota(0x87));
	assert_true(reason_is_of_message(0x95));
	assert_true(reason_is_of_message(0x99));
	assert_false(reason_is_of_message(0x87));
	assert_false(reason_is_of_message(0x83));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_without_mqtt_5_may_answer_in_either_code),
		cmocka_unit_test(a_refused_user_is_told_from_a_busy_server),
		cmocka_unit_test(an_unknown_code_has_words_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
