/* SPDX-License-Identifier: MIT */
/* The broker client over the real library, against a real mosquitto. */
#include "publish/broker.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "contract/real_broker.h"
#include "unit/cmocka_test.h"

enum {
	WAIT_MS = 60000,
	NUM_ROUNDS = 24,
	NUM_SOAK_ROUNDS = 10000, /* PIN2MQTT_SOAK */
	MAX_GROWTH_KIB = 1024,
};

struct fixture {
	struct real_broker real;
	struct broker *broker;
	struct broker_options options;
	struct broker_limits limits;
	char reason[BROKER_MAX_REASON];
	_Atomic int last_token;
	_Atomic uint32_t num_acknowledged, num_lost, num_arrived;
	char topic[64], payload[64];
};

static void on_acknowledged(void *context, int token, unsigned reason)
{
	struct fixture *fixture = context;

	/* 0x10: nobody has subscribed. */
	assert_true(reason == 0 || reason == 0x10);
	atomic_store(&fixture->last_token, token);
	atomic_fetch_add(&fixture->num_acknowledged, 1);
}

static void on_lost(void *context, unsigned reason)
{
	struct fixture *fixture = context;

	(void)reason;
	atomic_fetch_add(&fixture->num_lost, 1);
}

static void on_arrived(void *context, const char *topic, const char *payload,
		       size_t num_bytes, bool is_retained)
{
	struct fixture *fixture = context;

	assert_false(is_retained);
	snprintf(fixture->topic, sizeof(fixture->topic), "%s", topic);
	snprintf(fixture->payload, sizeof(fixture->payload), "%.*s", (int)num_bytes,
		 payload);
	atomic_fetch_add(&fixture->num_arrived, 1);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct broker_events events = {
		.acknowledged = on_acknowledged,
		.lost = on_lost,
		.arrived = on_arrived,
		.context = fixture,
	};

	*state = fixture;
	real_broker_init(&fixture->real, "");
	real_broker_start(&fixture->real);
	fixture->options = (struct broker_options){
		.client_id = "c",
		.keepalive_s = 20,
		.connect_timeout_s = 30,
	};
	assert_int_equal(broker_paho_new(&events, &fixture->broker), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	fixture->broker->ops->disconnect(fixture->broker, true);
	fixture->broker->ops->free(fixture->broker);
	real_broker_finish(&fixture->real);
	free(fixture);
	return 0;
}

static int connect_as(struct fixture *fixture, const char *server, int version)
{
	return fixture->broker->ops->connect(fixture->broker, server, version,
					     &fixture->options, &fixture->limits,
					     fixture->reason);
}

static int publish(struct fixture *fixture)
{
	const struct broker_message message = {
		.topic = "t",
		.payload = "value",
		.num_bytes = 5,
		.qos = 1,
		.expiry_s = 60,
	};

	return fixture->broker->ops->publish(fixture->broker, &message);
}

static void wait_for(const _Atomic uint32_t *value, uint32_t at_least)
{
	const struct timespec pause = { 0, 5000000 };

	for (int i = 0; i < WAIT_MS / 5 && atomic_load(value) < at_least; i++)
		nanosleep(&pause, NULL);
	assert_true(atomic_load(value) >= at_least);
}

static void both_versions_work_one_after_the_other(void **state)
{
	struct fixture *fixture = *state;
	static const int versions[] = { 5, 4, 5, 4 };

	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(connect_as(fixture, fixture->real.server, versions[i]),
				 0);
		assert_true(fixture->limits.max_in_flight >= 16);
		assert_int_equal(fixture->limits.max_qos, 1);
		assert_true(fixture->limits.can_retain);

		int token = publish(fixture);

		assert_true(token >= 0);
		wait_for(&fixture->num_acknowledged, i + 1);
		assert_int_equal(atomic_load(&fixture->last_token), token);
		fixture->broker->ops->disconnect(fixture->broker, true);
		assert_int_equal(publish(fixture), -ENOTCONN);
	}
	assert_int_equal(fixture->num_lost, 0);
}

static void what_is_subscribed_to_arrives(void **state)
{
	struct fixture *fixture = *state;

	for (int version = 4; version <= 5; version++) {
		atomic_store(&fixture->num_arrived, 0);
		assert_int_equal(connect_as(fixture, fixture->real.server, version), 0);
		assert_int_equal(fixture->broker->ops->subscribe(fixture->broker, "t", 1),
				 0);
		assert_true(publish(fixture) >= 0);
		wait_for(&fixture->num_arrived, 1);
		assert_string_equal(fixture->topic, "t");
		assert_string_equal(fixture->payload, "value");
		assert_int_equal(fixture->broker->ops->unsubscribe(fixture->broker, "t"),
				 0);
		atomic_store(&fixture->num_acknowledged, 0);
		assert_true(publish(fixture) >= 0);
		wait_for(&fixture->num_acknowledged, 1);
		assert_int_equal(fixture->num_arrived, 1);
		fixture->broker->ops->disconnect(fixture->broker, true);
	}
	assert_int_equal(fixture->broker->ops->subscribe(fixture->broker, "t", 1),
			 -ENOTCONN);
	assert_int_equal(fixture->broker->ops->unsubscribe(fixture->broker, "t"),
			 -ENOTCONN);
}

static void a_killed_broker_is_reported_as_lost(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(connect_as(fixture, fixture->real.server, 5), 0);
	real_broker_stop(&fixture->real, SIGKILL);
	wait_for(&fixture->num_lost, 1);
	assert_int_equal(publish(fixture), -ENOTCONN);
	fixture->broker->ops->disconnect(fixture->broker, false);
	assert_int_equal(connect_as(fixture, fixture->real.server, 5), -ECONNREFUSED);
	assert_string_equal(fixture->reason, "connection refused");
}

static void a_frozen_broker_is_told_from_a_missing_one(void **state)
{
	struct fixture *fixture = *state;

	kill(fixture->real.pid, SIGSTOP);
	fixture->options.connect_timeout_s = 3;
	assert_int_equal(connect_as(fixture, fixture->real.server, 5), -ETIMEDOUT);
	fixture->options.connect_timeout_s = 30;
	assert_non_null(strstr(fixture->reason, "does not answer"));
	kill(fixture->real.pid, SIGCONT);
	assert_int_equal(connect_as(fixture, fixture->real.server, 5), 0);
}

static size_t num_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t num = 0;

	while (readdir(directory))
		num++;
	closedir(directory);
	return num;
}

/* What is resident, in KiB. */
static long resident_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (fgets(line, sizeof(line), file) && kib < 0) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	}
	fclose(file);
	return kib;
}

/* A connection with one message, ended in turns with a goodbye and without. */
static void come_and_go(struct fixture *fixture, int i)
{
	uint32_t num_acknowledged = atomic_load(&fixture->num_acknowledged);

	assert_int_equal(connect_as(fixture, fixture->real.server, i % 2 ? 5 : 4), 0);
	assert_true(publish(fixture) >= 0);
	if (i % 3 == 0)
		wait_for(&fixture->num_acknowledged, num_acknowledged + 1);
	fixture->broker->ops->disconnect(fixture->broker, i % 3 != 0);
}

static void descriptors_and_memory_are_flat_over_many_connections(void **state)
{
	struct fixture *fixture = *state;
	int num_rounds = getenv("PIN2MQTT_SOAK") ? NUM_SOAK_ROUNDS : NUM_ROUNDS;
	size_t num_before = 0;
	long before_kib = 0;

	for (int i = 0; i < num_rounds; i++) {
		come_and_go(fixture, i);
		if (i == num_rounds / 3) {
			num_before = num_descriptors();
			before_kib = resident_kib();
		}
		if (i % 1000 == 999)
			printf("connections=%d descriptors=%zu resident_kib=%ld\n", i + 1,
			       num_descriptors(), resident_kib());
	}
	assert_int_equal(num_descriptors(), num_before);
	/* A leak of 200 bytes a connection would show in the soak. Under qemu-user what it keeps
	 * of the code that it translated is resident, too, and grows. */
	if (!getenv("PIN2MQTT_EMULATED"))
		assert_in_range(resident_kib(), 0, before_kib + MAX_GROWTH_KIB);
}

static void an_address_that_is_none_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_true(connect_as(fixture, "http://127.0.0.1", 5) < 0);
	assert_true(connect_as(fixture, "mqtt://127.0.0.1:1", 5) < 0);
}

static void the_environment_is_cleaned_of_what_the_library_obeys(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("MQTT_C_CLIENT_TRACE", "ON", 1);
	broker_paho_clean_environment();
	assert_null(getenv("http_proxy"));
	assert_null(getenv("MQTT_C_CLIENT_TRACE"));
	assert_non_null(broker_paho_version());
}

int main(void)
{
#define BROKER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_is_cleaned_of_what_the_library_obeys),
		BROKER_TEST(both_versions_work_one_after_the_other),
		BROKER_TEST(what_is_subscribed_to_arrives),
		BROKER_TEST(a_killed_broker_is_reported_as_lost),
		BROKER_TEST(a_frozen_broker_is_told_from_a_missing_one),
		BROKER_TEST(descriptors_and_memory_are_flat_over_many_connections),
		BROKER_TEST(an_address_that_is_none_is_refused),
	};

	if (!real_broker_is_there()) {
		print_message("SKIP: mosquitto and mosquitto_sub are not installed\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
