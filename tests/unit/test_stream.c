/* SPDX-License-Identifier: MIT */
#include "metrics/stream.h"

#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/metrics_test.h"

static struct stream stream;
static char told[STREAM_MAX_BYTES + 1];

/* All that is to be said now. */
static const char *hear(const struct test_gateway *gateway)
{
	size_t length = 0, num;

	told[0] = '\0';
	if (stream_fill(&stream, &gateway->snapshot)) {
		while ((num = stream_take(&stream, told + length, 100)) > 0)
			length += num;
	}
	told[length] = '\0';
	return told;
}

static unsigned count(const char *part)
{
	unsigned num = 0;

	for (const char *s = told; (s = strstr(s, part)); s++)
		num++;
	return num;
}

static void a_listener_is_told_all_and_then_what_is_new(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	hear(&gateway);
	assert_int_equal(count("event: sensors\ndata: {\"sensors\":2}\n\n"), 1);
	assert_int_equal(count("event: gateway\ndata: {"), 1);
	assert_int_equal(count("event: sensor\ndata: {\"id\":\"porch\""), 1);
	assert_int_equal(count("event: sensor\ndata: {\"id\":\"attic\""), 1);
	assert_string_equal(told + strlen(told) - 3, "}\n\n");
	assert_string_equal(hear(&gateway), "");
	gateway.sensors[1].version++;
	hear(&gateway);
	assert_int_equal(count("event: "), 1);
	assert_int_equal(count("\"id\":\"attic\""), 1);
}

static void the_gateway_gives_a_sign_of_life(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	hear(&gateway);
	gateway.snapshot.uptime_s += 9;
	assert_string_equal(hear(&gateway), "");
	gateway.snapshot.uptime_s++;
	hear(&gateway);
	assert_int_equal(count("event: gateway"), 1);
	assert_string_equal(hear(&gateway), "");
}

static void a_lost_broker_is_told_at_once(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	hear(&gateway);
	gateway.snapshot.mqtt.is_connected = false;
	hear(&gateway);
	assert_int_equal(count("event: gateway"), 1);
	assert_int_equal(count("\"connected\":false"), 1);
}

static void other_sensors_are_told_all_over(void **state)
{
	struct test_gateway gateway;

	(void)state;
	test_gateway_init(&gateway);
	hear(&gateway);
	gateway.snapshot.generation++;
	gateway.snapshot.num_sensors = 1;
	hear(&gateway);
	assert_int_equal(count("event: sensors\ndata: {\"sensors\":1}\n\n"), 1);
	assert_int_equal(count("event: sensor\n"), 1);
}

/* More than there is room for comes in several goes, each event whole and once. */
static void what_does_not_fit_comes_the_next_time(void **state)
{
	enum { NUM_BYTES = STREAM_MAX_BYTES / 2 };
	struct test_gateway gateway;
	char *name = malloc(NUM_BYTES + 1);
	unsigned num_sensors = 0, num_goes = 0;

	(void)state;
	assert_non_null(name);
	memset(name, 'x', NUM_BYTES);
	name[NUM_BYTES] = '\0';
	test_gateway_init(&gateway);
	gateway.sensors[0].name = name;
	gateway.sensors[1].name = name;
	while (*hear(&gateway)) {
		num_sensors += count("event: sensor\n");
		num_goes++;
		assert_string_equal(told + strlen(told) - 3, "}\n\n");
	}
	assert_int_equal(num_sensors, 2);
	assert_int_equal(num_goes, 2);
	free(name);
}

/* Who is slow gets the newest, and one event for all that came meanwhile. */
static void a_slow_listener_gets_the_newest(void **state)
{
	struct test_gateway gateway;
	char byte;

	(void)state;
	test_gateway_init(&gateway);
	assert_true(stream_fill(&stream, &gateway.snapshot));
	assert_int_equal(stream_take(&stream, &byte, 1), 1);
	gateway.sensors[0].version++;
	assert_true(stream_fill(&stream, &gateway.snapshot));
	gateway.sensors[0].version++;
	gateway.sensors[0].reading.seq = 4713;
	assert_true(stream_fill(&stream, &gateway.snapshot));
	hear(&gateway);
	assert_int_equal(count("event: sensor\n"), 2);
	hear(&gateway);
	assert_int_equal(count("event: sensor\n"), 1);
	assert_int_equal(count("\"seq\":4713"), 1);
	assert_string_equal(hear(&gateway), "");
}

static int set_up(void **state)
{
	(void)state;
	stream = (struct stream){ .seen = NULL };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stream_finish(&stream);
	return 0;
}

#define stream_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		stream_test(a_listener_is_told_all_and_then_what_is_new),
		stream_test(the_gateway_gives_a_sign_of_life),
		stream_test(a_lost_broker_is_told_at_once),
		stream_test(other_sensors_are_told_all_over),
		stream_test(what_does_not_fit_comes_the_next_time),
		stream_test(a_slow_listener_gets_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
