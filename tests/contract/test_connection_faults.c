/* SPDX-License-Identifier: MIT */
/* The connection over a broker client that does what the real one cannot be made to do. */
#include "publish/connection.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wake.h"
#include "publish/broker.h"
#include "unit/cmocka_test.h"
#include "unit/store_test.h"

enum { NUM_SENSORS = 1, HANG_S = 60 };

/* What the fake does; the tests set it before they start a connection. */
struct script {
	int connect_errors[4]; /* of the first tries */
	bool hangs_in_connect;
	bool hangs_in_publish;
	bool loses_after_first_reading;
	unsigned refuses_readings_with; /* 0: takes them */
};

struct fake {
	struct broker broker;
	struct broker_events events;
	struct script script;
	_Atomic uint32_t num_connects;
	_Atomic uint32_t num_readings;
	_Atomic uint32_t num_goodbyes;
	_Atomic uint32_t last_version;
	bool is_lost;
	int next_token;
};

/* broker_new() has no place for it; nothing is shared but by one test after the other. */
static struct script script;
static struct fake *newest;

static void hang(void)
{
	struct wake never;

	assert_int_equal(wake_open(&never), 0);
	(void)wake_wait(&never, clock_mono_ns() + HANG_S * CLOCK_NS_PER_S);
	wake_close(&never);
}

static int fake_connect(struct broker *broker, const char *server, int version,
			const struct broker_options *options,
			struct broker_limits *limits_out, char reason[BROKER_MAX_REASON])
{
	struct fake *fake = (struct fake *)broker;
	uint32_t number = atomic_fetch_add(&fake->num_connects, 1);

	(void)server;
	(void)options;
	atomic_store(&fake->last_version, (uint32_t)version);
	fake->is_lost = false;
	if (fake->script.hangs_in_connect)
		hang();
	snprintf(reason, BROKER_MAX_REASON, "as the script says");
	*limits_out = (struct broker_limits){ 20, 1, true };
	return number < 4 ? fake->script.connect_errors[number] : 0;
}

static int fake_publish(struct broker *broker, const struct broker_message *message)
{
	struct fake *fake = (struct fake *)broker;
	bool is_reading = strstr(message->topic, "/readings") != NULL;
	unsigned reason = is_reading ? fake->script.refuses_readings_with : 0;
	int token = ++fake->next_token;

	if (fake->script.hangs_in_publish && is_reading)
		hang();
	if (fake->is_lost)
		return -ENOTCONN;
	atomic_fetch_add(&fake->num_readings, is_reading);
	if (fake->script.loses_after_first_reading && is_reading &&
	    atomic_load(&fake->num_connects) == 1) {
		/* The reading went out, its acknowledgement is lost. */
		fake->is_lost = true;
		fake->events.lost(fake->events.context, 0x8b);
		return token;
	}
	/* Before publish has returned: the library does that, too. */
	fake->events.acknowledged(fake->events.context, token, reason);
	return token;
}

static void fake_disconnect(struct broker *broker, bool is_goodbye)
{
	struct fake *fake = (struct fake *)broker;

	atomic_fetch_add(&fake->num_goodbyes, is_goodbye);
}

static void fake_free(struct broker *broker)
{
	newest = NULL;
	free(broker);
}

static const struct broker_ops fake_ops = {
	.connect = fake_connect,
	.publish = fake_publish,
	.disconnect = fake_disconnect,
	.free = fake_free,
};

static int fake_new(const struct broker_events *events, struct broker **out)
{
	newest = calloc(1, sizeof(*newest));
	assert_non_null(newest);
	newest->broker.ops = &fake_ops;
	newest->events = *events;
	newest->script = script;
	*out = &newest->broker;
	return 0;
}

static char gateway[] = "g", base[] = "b", client_id[] = "c", sensor_id[] = "s";
static char server[] = "mqtt://nowhere";
static char *servers[] = { server };
static struct config_sensor sensors[] = { { .id = sensor_id, .stale_after_ms = 90000 } };
static const struct config config = {
	.gateway.id = gateway,
	.mqtt = {
		.servers = servers,
		.num_servers = 1,
		.client_id = client_id,
		.topic = base,
		.qos = 1,
		.keepalive_ms = 20000,
	},
	.sensors = sensors,
	.num_sensors = NUM_SENSORS,
};

struct fixture {
	struct store *store;
	struct connection *connection;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	script = (struct script){ .hangs_in_connect = false };
	fixture->store = new_store_in_memory(&config);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	assert_true(connection_stop(fixture->connection));
	store_free(fixture->store);
	free(fixture);
	return 0;
}

static void start(struct fixture *fixture)
{
	const struct connection_setup setup = {
		.config = &config,
		.store = fixture->store,
		.info = "{}",
	};

	assert_int_equal(connection_start_over(&setup, fake_new, &fixture->connection),
			 0);
}

static void put(struct fixture *fixture)
{
	struct reading reading = { .t_ns = clock_mono_ns(), .sensor = 0 };

	store_put(fixture->store, &reading);
}

static void wait_for(const _Atomic uint32_t *value, uint32_t at_least)
{
	struct wake never;
	uint64_t end_ns = clock_mono_ns() + 60 * CLOCK_NS_PER_S;

	assert_int_equal(wake_open(&never), 0);
	while (atomic_load(value) < at_least && clock_mono_ns() < end_ns)
		(void)wake_wait(&never, clock_mono_ns() + CLOCK_NS_PER_MS);
	wake_close(&never);
	assert_true(atomic_load(value) >= at_least);
}

static uint32_t num_waiting(const struct fixture *fixture)
{
	struct store_stat stat;

	store_stat(fixture->store, &stat);
	return stat.num_waiting;
}

static void a_stop_delivers_what_waits_and_says_goodbye(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	wait_for(&newest->num_connects, 1);
	for (int i = 0; i < 1000; i++)
		put(fixture);
	assert_true(connection_stop(fixture->connection));
	fixture->connection = NULL;
	assert_int_equal(num_waiting(fixture), 0);
}

static void a_lost_acknowledgement_makes_the_reading_come_again(void **state)
{
	struct fixture *fixture = *state;
	struct connection_stat stat;

	script.loses_after_first_reading = true;
	start(fixture);
	put(fixture);
	wait_for(&newest->num_connects, 2);
	wait_for(&newest->num_readings, 2);
	connection_stat(fixture->connection, &stat);
	assert_int_equal(stat.num_connects, 2);
	assert_int_equal(stat.num_failures, 0);
}

static void a_refused_version_is_followed_by_3_1_1_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct connection_stat stat;

	script.connect_errors[0] = -EPROTONOSUPPORT;
	start(fixture);
	put(fixture);
	wait_for(&newest->num_readings, 1);
	assert_int_equal(newest->last_version, 4);
	connection_stat(fixture->connection, &stat);
	assert_int_equal(stat.num_failures, 0);
}

static void a_server_that_hangs_up_at_mqtt_5_is_asked_for_3_1_1(void **state)
{
	struct fixture *fixture = *state;

	script.connect_errors[0] = -ECONNRESET;
	start(fixture);
	put(fixture);
	wait_for(&newest->num_readings, 1);
	assert_int_equal(newest->last_version, 4);
}

static void a_server_that_has_spoken_mqtt_5_may_hang_up(void **state)
{
	struct fixture *fixture = *state;

	script.loses_after_first_reading = true;
	script.connect_errors[1] = -ECONNRESET;
	start(fixture);
	put(fixture);
	wait_for(&newest->num_readings, 2);
	assert_int_equal(newest->num_connects, 3);
	assert_int_equal(newest->last_version, 5);
}

static void a_refused_user_is_not_tried_with_3_1_1(void **state)
{
	struct fixture *fixture = *state;

	script.connect_errors[0] = -EACCES;
	start(fixture);
	put(fixture);
	wait_for(&newest->num_readings, 1);
	assert_int_equal(newest->last_version, 5);
	assert_int_equal(newest->num_connects, 2);
}

static void readings_that_are_forbidden_wait_and_a_stop_ends(void **state)
{
	struct fixture *fixture = *state;

	script.refuses_readings_with = 0x87;
	start(fixture);
	put(fixture);
	/* After a pause it is posted again. */
	wait_for(&newest->num_readings, 2);
	assert_true(connection_stop(fixture->connection));
	fixture->connection = NULL;
	assert_int_equal(num_waiting(fixture), 1);
}

static void readings_that_nobody_could_take_let_others_pass(void **state)
{
	struct fixture *fixture = *state;

	script.refuses_readings_with = 0x95;
	start(fixture);
	for (int i = 0; i < 100; i++)
		put(fixture);
	wait_for(&newest->num_readings, 100);
	assert_true(connection_stop(fixture->connection));
	fixture->connection = NULL;
	assert_int_equal(num_waiting(fixture), 0);
}

/* What hangs here hangs for ever: that the stop ends at all is what counts, not how fast this
 * machine is. */
static void stop_and_leave(struct fixture *fixture)
{
	assert_false(connection_stop(fixture->connection));
}

static void a_stop_ends_though_publish_hangs(void **state)
{
	/* What hangs keeps all that it uses: nothing of it is freed. */
	static struct fixture *left;
	struct fixture *fixture = *state;
	uint64_t start_ns;

	left = fixture;
	script.hangs_in_publish = true;
	start(left);
	put(left);
	wait_for(&newest->num_connects, 1);
	start_ns = clock_mono_ns();
	for (int i = 0; i < 1000; i++)
		put(left);
	connection_set_available(left->connection, 0, true);
	connection_post_health(left->connection, "{}");
	assert_true(clock_mono_ns() - start_ns < HANG_S / 2 * CLOCK_NS_PER_S);
	stop_and_leave(left);
}

static void a_stop_ends_though_connect_hangs(void **state)
{
	static struct fixture *left;

	left = *state;
	script.hangs_in_connect = true;
	start(left);
	wait_for(&newest->num_connects, 1);
	stop_and_leave(left);
}

int main(void)
{
#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define HANG_TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		FAULT_TEST(a_stop_delivers_what_waits_and_says_goodbye),
		FAULT_TEST(a_lost_acknowledgement_makes_the_reading_come_again),
		FAULT_TEST(a_refused_version_is_followed_by_3_1_1_at_once),
		FAULT_TEST(a_server_that_hangs_up_at_mqtt_5_is_asked_for_3_1_1),
		FAULT_TEST(a_server_that_has_spoken_mqtt_5_may_hang_up),
		FAULT_TEST(a_refused_user_is_not_tried_with_3_1_1),
		FAULT_TEST(readings_that_are_forbidden_wait_and_a_stop_ends),
		FAULT_TEST(readings_that_nobody_could_take_let_others_pass),
		HANG_TEST(a_stop_ends_though_publish_hangs),
		HANG_TEST(a_stop_ends_though_connect_hangs),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
