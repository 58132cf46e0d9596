/* SPDX-License-Identifier: MIT */
/* The connection over the real client library, against a real mosquitto. */
#include "publish/connection.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "contract/real_broker.h"
#include "unit/cmocka_test.h"
#include "unit/store_test.h"

enum { NUM_SENSORS = 2, WAIT_MS = 60000 };

struct fixture {
	struct real_broker broker;
	struct listener listener;
	char id[8], topic[8], client_id[16], sensor_ids[NUM_SENSORS][16];
	char second_server[64];
	char *servers[2];
	struct config_sensor sensors[NUM_SENSORS];
	struct config config;
	struct store *store;
	struct connection *connection;
	bool is_left_behind; /* the library hangs: its thread still runs */
};

static void fill_config(struct fixture *fixture)
{
	strcpy(fixture->id, "g");
	strcpy(fixture->topic, "b");
	strcpy(fixture->client_id, "pin2mqtt-g");
	fixture->servers[0] = fixture->broker.server;
	fixture->servers[1] = fixture->second_server;
	for (int i = 0; i < NUM_SENSORS; i++) {
		snprintf(fixture->sensor_ids[i], sizeof(fixture->sensor_ids[i]), "s%d",
			 i);
		fixture->sensors[i] = (struct config_sensor){
			.id = fixture->sensor_ids[i],
			.stale_after_ms = 90000,
		};
	}
	fixture->config = (struct config){
		.gateway.id = fixture->id,
		.mqtt = {
			.servers = fixture->servers,
			.num_servers = 1,
			.client_id = fixture->client_id,
			.topic = fixture->topic,
			.qos = 1,
			.keepalive_ms = 20000,
		},
		.sensors = fixture->sensors,
		.num_sensors = NUM_SENSORS,
	};
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	real_broker_init(&fixture->broker, "");
	real_broker_start(&fixture->broker);
	listener_start(&fixture->listener, &fixture->broker, NULL);
	fill_config(fixture);
	fixture->store = new_store_in_memory(&fixture->config);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	/* What hangs keeps all that it uses: nothing of it is freed. */
	static struct fixture *left;

	bool hangs = fixture->connection && !connection_stop(fixture->connection);

	listener_stop(&fixture->listener);
	real_broker_finish(&fixture->broker);
	if (hangs || fixture->is_left_behind) {
		left = fixture;
		return left && !hangs ? 0 : -1;
	}
	store_free(fixture->store);
	free(fixture);
	return 0;
}

static void start(struct fixture *fixture)
{
	const struct connection_setup setup = {
		.config = &fixture->config,
		.store = fixture->store,
		.info = "{\"version\":\"x\"}",
	};

	assert_int_equal(connection_start(&setup, &fixture->connection), 0);
}

static uint64_t put(struct fixture *fixture, uint16_t sensor, int32_t milli)
{
	struct reading reading = {
		.t_ns = clock_mono_ns(),
		.wall_ms = clock_wall_ms(),
		.sensor = sensor,
	};

	reading_add(&reading, QUANTITY_TEMPERATURE, milli, 1);
	return store_put(fixture->store, &reading);
}

static void sleep_ms(long ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

static void wait_until_connected(struct fixture *fixture, bool is_connected)
{
	struct connection_stat stat;

	for (int i = 0; i < WAIT_MS / 10; i++) {
		connection_stat(fixture->connection, &stat);
		if (stat.is_connected == is_connected)
			return;
		sleep_ms(10);
	}
	fail_msg("it does not connect or does not notice");
}

static void expect(struct fixture *fixture, const char *topic, const char *payload,
		   bool is_retained)
{
	struct seen_message message;

	do
		listener_next(&fixture->listener, &message);
	while (strcmp(message.topic, "ready") == 0);
	assert_string_equal(message.topic, topic);
	if (payload)
		assert_string_equal(message.payload, payload);
	assert_int_equal(message.is_retained, is_retained);
	assert_int_equal(message.qos, 1);
}

static void expect_reading(struct fixture *fixture, uint64_t seq, bool is_replay)
{
	struct seen_message message;
	char number[32];

	listener_next_on(&fixture->listener, "/readings", &message);
	snprintf(number, sizeof(number), "\"seq\":%" PRIu64 ",", seq);
	assert_non_null(strstr(message.payload, number));
	assert_int_equal(strstr(message.payload, "\"replay\":true") != NULL, is_replay);
	assert_false(message.is_retained);
}

static void a_connection_opens_with_status_info_availability_states_readings(void **state)
{
	struct fixture *fixture = *state;
	struct seen_message message;

	put(fixture, 0, 21500);
	start(fixture);
	connection_set_available(fixture->connection, 0, true);
	expect(fixture, "b/g/status", "online", true);
	expect(fixture, "b/g/info", "{\"version\":\"x\"}", true);
	expect(fixture, "b/g/s0/availability", "online", true);
	expect(fixture, "b/g/s1/availability", "offline", true);
	listener_next(&fixture->listener, &message);
	assert_string_equal(message.topic, "b/g/s0/state");
	assert_true(message.is_retained);
	assert_int_equal(message.qos, 1);
	/* The broker takes off what the message waited for it. */
	assert_in_range(message.expiry_s, 61, 90);
	expect(fixture, "b/g/readings", NULL, false);
	connection_set_available(fixture->connection, 1, true);
	expect(fixture, "b/g/s1/availability", "online", true);
	connection_set_available(fixture->connection, 1, true);
	connection_set_available(fixture->connection, 1, false);
	expect(fixture, "b/g/s1/availability", "offline", true);
	assert_true(connection_stop(fixture->connection));
	fixture->connection = NULL;
	expect(fixture, "b/g/status", "offline", true);
}

static void with_3_1_1_states_are_not_retained(void **state)
{
	struct fixture *fixture = *state;
	struct connection_stat stat;

	fixture->config.mqtt.version = CONFIG_MQTT_3_1_1;
	start(fixture);
	put(fixture, 0, 1000);
	for (int i = 0; i < 4; i++)
		expect(fixture,
		       (const char *const[]){ "b/g/status", "b/g/info",
					      "b/g/s0/availability",
					      "b/g/s1/availability" }[i],
		       NULL, true);
	expect(fixture, "b/g/s0/state", NULL, false);
	expect(fixture, "b/g/readings", NULL, false);
	connection_stat(fixture->connection, &stat);
	assert_int_equal(stat.version, 4);
}

static void readings_of_an_outage_come_in_order_and_marked(void **state)
{
	struct fixture *fixture = *state;
	uint64_t seq = 0;

	start(fixture);
	wait_until_connected(fixture, true);
	expect_reading(fixture, put(fixture, 0, 1000), false);
	listener_stop(&fixture->listener);
	real_broker_stop(&fixture->broker, SIGTERM);
	wait_until_connected(fixture, false);
	for (int i = 0; i < 300; i++)
		seq = put(fixture, 1, i * 100);
	real_broker_start(&fixture->broker);
	listener_start(&fixture->listener, &fixture->broker, NULL);
	for (int i = 0; i < 300; i++)
		expect_reading(fixture, seq - 299 + (uint64_t)i, true);
	expect_reading(fixture, put(fixture, 1, 0), false);
}

static void a_broker_that_comes_late_gets_all(void **state)
{
	struct fixture *fixture = *state;
	struct connection_stat stat;
	uint64_t seq;

	listener_stop(&fixture->listener);
	real_broker_stop(&fixture->broker, SIGTERM);
	start(fixture);
	seq = put(fixture, 0, 1000);
	do {
		sleep_ms(10);
		connection_stat(fixture->connection, &stat);
	} while (stat.num_failures == 0);
	real_broker_start(&fixture->broker);
	listener_start(&fixture->listener, &fixture->broker, NULL);
	expect_reading(fixture, seq, true);
}

static void the_second_server_is_taken_where_the_first_is_gone(void **state)
{
	struct fixture *fixture = *state;

	snprintf(fixture->second_server, sizeof(fixture->second_server),
		 "mqtt://127.0.0.1:%d", free_port());
	fixture->servers[0] = fixture->second_server;
	fixture->servers[1] = fixture->broker.server;
	fixture->config.mqtt.num_servers = 2;
	start(fixture);
	expect(fixture, "b/g/status", "online", true);
}

static void a_frozen_broker_blocks_nobody_and_the_stop_ends(void **state)
{
	struct fixture *fixture = *state;
	start(fixture);
	wait_until_connected(fixture, true);
	kill(fixture->broker.pid, SIGSTOP);
	/* The broker is frozen until we are through: what waited for it would wait for ever. */
	for (int i = 0; i < 10000; i++)
		put(fixture, 0, i);
	fixture->is_left_behind = !connection_stop(fixture->connection);
	fixture->connection = NULL;
	kill(fixture->broker.pid, SIGCONT);
}

static void health_is_posted_without_retain(void **state)
{
	struct fixture *fixture = *state;
	struct seen_message message;

	start(fixture);
	wait_until_connected(fixture, true);
	connection_post_health(fixture->connection, "{\"uptime_s\":1}");
	listener_next_on(&fixture->listener, "/health", &message);
	assert_string_equal(message.payload, "{\"uptime_s\":1}");
	assert_false(message.is_retained);
	assert_int_equal(message.qos, 0);
}

static void a_backlog_drains_complete(void **state)
{
	struct fixture *fixture = *state;
	enum { NUM_READINGS = 10000 };
	struct store_stat stat;
	uint64_t start_ns = clock_mono_ns();

	for (int i = 0; i < NUM_READINGS; i++)
		put(fixture, 0, i);
	start(fixture);
	do {
		sleep_ms(10);
		store_stat(fixture->store, &stat);
	} while (stat.num_waiting > 0 &&
		 clock_mono_ns() - start_ns < 120 * CLOCK_NS_PER_S);
	assert_int_equal(stat.num_waiting, 0);
	print_message("%d readings in %" PRIu64 " ms\n", NUM_READINGS,
		      (clock_mono_ns() - start_ns) / CLOCK_NS_PER_MS);
}

int main(void)
{
#define CONNECTION_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CONNECTION_TEST(
			a_connection_opens_with_status_info_availability_states_readings),
		CONNECTION_TEST(with_3_1_1_states_are_not_retained),
		CONNECTION_TEST(readings_of_an_outage_come_in_order_and_marked),
		CONNECTION_TEST(a_broker_that_comes_late_gets_all),
		CONNECTION_TEST(the_second_server_is_taken_where_the_first_is_gone),
		CONNECTION_TEST(health_is_posted_without_retain),
		CONNECTION_TEST(a_backlog_drains_complete),
		/* The last: it may leave the library behind. */
		CONNECTION_TEST(a_frozen_broker_blocks_nobody_and_the_stop_ends),
	};

	if (!real_broker_is_there()) {
		print_message("SKIP: mosquitto and mosquitto_sub are not installed\n");
		return 77;
	}
	if (getenv("VERBOSE"))
		log_set_level(LOG_LEVEL_DEBUG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
