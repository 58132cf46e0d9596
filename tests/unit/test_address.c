/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"

static void a_port_alone_is_this_machines(void **state)
{
	const struct sockaddr_in *ipv4;
	struct address address;

	(void)state;
	assert_true(address_parse("9478", &address));
	ipv4 = (const struct sockaddr_in *)&address.storage;
	assert_int_equal(ipv4->sin_family, AF_INET);
	assert_int_equal(ntohs(ipv4->sin_port), 9478);
	assert_true(address_is_loopback(&address));
}

static void only_loopback_is_loopback(void **state)
{
	static const struct {
		const char *text;
		bool is_loopback;
	} rows[] = {
		{ "127.0.0.1:1", true },   { "127.9.8.7:65535", true },
		{ "localhost:80", true },  { "[::1]:80", true },
		{ "0.0.0.0:80", false },   { "192.168.1.2:80", false },
		{ "128.0.0.1:80", false }, { "[::]:80", false },
		{ "[fe80::1]:80", false }, { "[::ffff:1.2.3.4]:80", false },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct address address;

		assert_true(address_parse(rows[i].text, &address));
		assert_int_equal(address_is_loopback(&address), rows[i].is_loopback);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		":",
		":80",
		"0",
		"65536",
		"-1",
		"80 ",
		"1.2.3.4",
		"::1:80",
		"[::1]",
		"[::1:80",
		"broker:80",
		"1.2.3:80",
		"[1.2.3.4]:80",
		"[]:80",
		"1.2.3.4:8x",
		"1.2.3.4:",
		"[::1]x:80",
		"999999",
		"*:80",
		"1.2.3.4.5:80",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
	};

	(void)state;
	for (size_t i = 0; i < array_length(texts); i++) {
		struct address address;

		assert_false(address_parse(texts[i], &address));
	}
}

static void a_literal_is_an_address_and_no_name(void **state)
{
	(void)state;
	assert_true(address_is_literal("127.0.0.1"));
	assert_true(address_is_literal("fe80::1"));
	assert_false(address_is_literal("localhost"));
	assert_false(address_is_literal("127.0.0.1.evil.example"));
	assert_false(address_is_literal("2130706433"));
	assert_false(address_is_literal(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_alone_is_this_machines),
		cmocka_unit_test(only_loopback_is_loopback),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_literal_is_an_address_and_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
