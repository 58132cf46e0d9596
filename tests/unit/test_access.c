/* SPDX-License-Identifier: MIT */
#include "metrics/access.h"

#include "base/attributes.h"
#include "unit/cmocka_test.h"

static const char *const hosts[] = { "greenhouse.lan", "pin2mqtt" };
static const struct access_rules rules = {
	.token = "0123456789abcdef",
	.hosts = hosts,
	.num_hosts = array_length(hosts),
	.machine = "shed.example.org",
};

static void addresses_and_our_own_names_are_ours(void **state)
{
	static const char *const ours[] = {
		"127.0.0.1",     "127.0.0.1:9478", "[::1]",
		"[::1]:9478",    "192.168.1.2:80", "localhost",
		"LocalHost:1",   "localhost.",     "greenhouse.lan:80",
		"pin2mqtt:9478", "GREENHOUSE.LAN", "shed",
		"shed.local",    "shed.local:80",  "shed.example.org",
	};

	(void)state;
	for (size_t i = 0; i < array_length(ours); i++)
		assert_true(access_is_our_host(&rules, ours[i]));
}

static void a_name_of_somebody_else_is_not(void **state)
{
	static const char *const others[] = {
		"evil.example",
		"localhost.evil.example",
		"127.0.0.1.nip.io",
		"greenhouse.lan.evil.example",
		"",
		":80",
		"[]",
		"[::1",
		"[::1]x",
		"::1",
		"127.0.0.1:80x",
		"127.0.0.1:123456",
		"127.0.0.1 evil",
		"user@127.0.0.1",
		"2130706433",
		"shedx",
		"she",
		"shed.evil.example",
		".",
		"shed.localx",
	};

	(void)state;
	for (size_t i = 0; i < array_length(others); i++)
		assert_false(access_is_our_host(&rules, others[i]));
	assert_false(access_is_our_host(&rules, NULL));
}

static void a_machine_without_a_name_has_none(void **state)
{
	static const struct access_rules nameless = { .machine = "" };

	(void)state;
	assert_false(access_is_our_host(&nameless, ".local"));
	assert_false(access_is_our_host(&nameless, ""));
	assert_true(access_is_our_host(&nameless, "localhost"));
}

static void only_the_token_is_taken(void **state)
{
	static const char *const wrong[] = {
		"",
		"Bearer ",
		"Bearer 0123456789abcde",
		"Bearer 0123456789abcdeg",
		"Bearer 0123456789abcdef ",
		"Bearer 1123456789abcdef",
		"Basic 0123456789abcdef",
		"0123456789abcdef",
		"Bearer0123456789abcdef",
	};

	(void)state;
	assert_true(access_has_token(&rules, "Bearer 0123456789abcdef"));
	assert_true(access_has_token(&rules, "bearer 0123456789abcdef"));
	assert_false(access_has_token(&rules, NULL));
	for (size_t i = 0; i < array_length(wrong); i++)
		assert_false(access_has_token(&rules, wrong[i]));
}

static void without_a_token_none_is_asked_for(void **state)
{
	static const struct access_rules open = { .token = NULL };

	(void)state;
	assert_true(access_has_token(&open, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_our_own_names_are_ours),
		cmocka_unit_test(a_name_of_somebody_else_is_not),
		cmocka_unit_test(a_machine_without_a_name_has_none),
		cmocka_unit_test(only_the_token_is_taken),
		cmocka_unit_test(without_a_token_none_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
