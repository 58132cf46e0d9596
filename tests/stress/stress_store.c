/* SPDX-License-Identifier: MIT */
/* The store with all its threads at once: one puts, one takes and acknowledges, its own writes.
 * For TSan; and nothing may be missing. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "unit/cmocka_test.h"
#include "unit/store_test.h"

enum { NUM_READINGS = 20000 };

static char path[64], id[] = "s0";
static struct config_sensor sensor = { .id = id };
static const struct config config = { .sensors = &sensor, .num_sensors = 1 };

static void *put_all(void *context)
{
	for (int i = 0; i < NUM_READINGS; i++) {
		struct reading reading = { .t_ns = clock_mono_ns() };
		struct store_stat stat;

		reading_add(&reading, QUANTITY_TEMPERATURE, i, 1);
		store_put(context, &reading);
		do {
			store_stat(context, &stat);
			if (stat.num_waiting > 8000)
				sched_yield();
		} while (stat.num_waiting > 8000);
	}
	return NULL;
}

static void take_all(struct store *store, struct wake *wake)
{
	struct reading reading;
	const char *sensor_id;
	uint64_t seq = 0;
	int num_acked = 0;

	while (num_acked < NUM_READINGS) {
		if (store_take_state(store, &reading))
			assert_true(reading.seq > 0);
		if (!store_take(store, &reading, &sensor_id)) {
			(void)wake_wait(wake, WAKE_FOREVER);
			continue;
		}
		if (rand() % 1000 == 0) {
			store_rewind(store);
			continue;
		}
		assert_int_equal(reading.values[0].milli, num_acked);
		assert_true(reading.seq > seq);
		seq = reading.seq;
		store_ack(store, seq);
		num_acked++;
	}
}

static void run_with(enum config_durability durability)
{
	const struct store_options options = {
		.path = path,
		.durability = durability,
		.max_bytes = 64 << 20,
		.flush_interval_ms = 20,
	};
	struct store_stat stat;
	struct store *store;
	struct wake wake;
	pthread_t putter;

	assert_int_equal(wake_open(&wake), 0);
	assert_int_equal(store_new(&options, &store), 0);
	assert_int_equal(store_set_sensors(store, &config), 0);
	/* What was acknowledged has left the file. */
	store_stat(store, &stat);
	assert_int_equal(stat.num_waiting, 0);
	store_set_reader(store, &wake);
	assert_int_equal(store_start(store), 0);
	assert_int_equal(pthread_create(&putter, NULL, put_all, store), 0);
	take_all(store, &wake);
	pthread_join(putter, NULL);
	store_stop(store);
	store_free(store);
	wake_close(&wake);
}

static void nothing_is_missing_or_out_of_order(void **state)
{
	(void)state;
	run_with(CONFIG_OUTAGE);
	run_with(CONFIG_NONE);
	run_with(CONFIG_ALWAYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_missing_or_out_of_order),
	};
	char folder[] = "/tmp/pin2mqtt-stress-XXXXXX";

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state.db", folder);

	int status = cmocka_run_group_tests(tests, NULL, NULL);

	unlink(path);
	rmdir(folder);
	return status;
}
