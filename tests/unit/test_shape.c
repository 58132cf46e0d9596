/* SPDX-License-Identifier: MIT */
#include "config/shape.h"

#include "unit/cmocka_test.h"

typedef bool (*judge)(const char *text, struct text *complaint);

static bool is_good(judge judged, const char *text)
{
	char data[256];
	struct text complaint;

	text_init(&complaint, data, sizeof(data));

	bool is_good = judged(text, &complaint);

	/* A refusal says why, and only a refusal does. */
	assert_int_equal(is_good, complaint.length == 0);
	assert_false(complaint.is_cut);
	return is_good;
}

static void ids_fit_a_topic_level(void **state)
{
	(void)state;
	assert_true(is_good(shape_is_id, "green-house_2"));
	assert_false(is_good(shape_is_id, "Greenhouse"));
	assert_false(is_good(shape_is_id, "green house"));
	assert_false(is_good(shape_is_id, "a/b"));
	assert_true(is_good(shape_is_sensor_id, "porch"));
	assert_false(is_good(shape_is_sensor_id, "status"));
	assert_false(is_good(shape_is_sensor_id, "request"));
}

static void any_text_can_be_made_an_id(void **state)
{
	static const struct {
		const char *text;
		const char *id;
	} rows[] = {
		{ "Green House", "green-house" },
		{ "pi_4", "pi_4" },
		{ "  K\xc3\xbc"
		  "che ",
		  "k-che" },
		{ "", "x" },
		{ "\xc3\xbc", "x" },
		{ "abcdefghijkl", "abcdefg" },
	};
	char id[12];

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		shape_make_id(rows[i].text, id, i == 5 ? 8 : sizeof(id));
		assert_string_equal(id, rows[i].id);
	}
}

static void topics_have_no_wildcards_and_no_empty_levels(void **state)
{
	static const char *const bad[] = {
		"a/+",  "#",     "$SYS/x",        "/a", "a/", "a//b",
		"a\nb", "a\xff", "a\xef\xbf\xbf",
	};

	(void)state;
	assert_true(is_good(shape_is_topic, "home/pin2mqtt"));
	assert_true(is_good(shape_is_topic, "k\xc3\xbc"
					    "che"));
	for (size_t i = 0; i < array_length(bad); i++)
		assert_false(is_good(shape_is_topic, bad[i]));
}

static void servers_are_a_scheme_a_host_and_a_port(void **state)
{
	static const char *const good[] = {
		"mqtt://broker.lan",
		"mqtt://broker.lan:1883",
		"mqtt://192.168.1.2:65535",
		"mqtt://[fe80::1%25eth0]",
		"mqtt://[::1]:1",
		"mqtts://broker.lan:8883",
		"ws://broker.lan",
		"ws://broker.lan:9001/mqtt",
		"wss://[::1]:443/a/b?c=d%20e",
		"wss://broker.lan/",
	};
	static const char *const bad[] = {
		"broker.lan",
		"broker.lan:1883",
		"tcp://broker.lan",
		"mqtts:/broker.lan",
		"mqtts://broker.lan/mqtt",
		"ws:///mqtt",
		"ws://broker.lan?x",
		"ws://broker.lan/a b",
		"ws://broker.lan/a#b",
		"wss://user@broker.lan/mqtt",
		"wss://broker.lan:0/mqtt",
		"MQTT://broker.lan",
		"mqttx://broker.lan",
		"mqtt://",
		"mqtt://:1883",
		"mqtt://broker.lan:",
		"mqtt://broker.lan:0",
		"mqtt://broker.lan:65536",
		"mqtt://broker.lan:18a",
		"mqtt://broker.lan/",
		"mqtt://broker.lan:1883/mqtt",
		"mqtt://user:password@broker.lan",
		"mqtt://a b",
		"mqtt://fe80::1",
		"mqtt://[::1",
		"mqtt://[]",
		"mqtt://[::1]1883",
		"mqtt://broker\tlan",
	};

	(void)state;
	for (size_t i = 0; i < array_length(good); i++)
		assert_true(is_good(shape_is_server, good[i]));
	for (size_t i = 0; i < array_length(bad); i++)
		assert_false(is_good(shape_is_server, bad[i]));
}

static void the_scheme_says_whether_tls_is_spoken(void **state)
{
	(void)state;
	assert_true(shape_is_tls_server("mqtts://a"));
	assert_true(shape_is_tls_server("wss://a"));
	assert_false(shape_is_tls_server("mqtt://a"));
	assert_false(shape_is_tls_server("ws://a"));
}

static void lines_are_utf8_without_control_characters(void **state)
{
	(void)state;
	assert_true(is_good(shape_is_line, "K\xc3\xbc"
					   "che \xf0\x9f\x8c\xa1"));
	assert_false(is_good(shape_is_line, "a\tb"));
	assert_false(is_good(shape_is_line, "a\x7f"));
	assert_false(is_good(shape_is_line, "a\xc2\x85"));
	assert_false(is_good(shape_is_line, "a\xc3"));
	assert_true(is_good(shape_is_pin_name, "attic-2.left_A"));
	assert_false(is_good(shape_is_pin_name, "attic/2"));
	assert_false(is_good(shape_is_pin_name, "replay:x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_fit_a_topic_level),
		cmocka_unit_test(any_text_can_be_made_an_id),
		cmocka_unit_test(topics_have_no_wildcards_and_no_empty_levels),
		cmocka_unit_test(servers_are_a_scheme_a_host_and_a_port),
		cmocka_unit_test(the_scheme_says_whether_tls_is_spoken),
		cmocka_unit_test(lines_are_utf8_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
