/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/queue.h"
#include "unit/cmocka_test.h"
#include "unit/stopped_clock.h"

enum { NUM_SENSORS = 3 };

static bool is_memory_out;
static int num_allocated;

void *__real_malloc(size_t num_bytes);
void *__wrap_malloc(size_t num_bytes);
void __real_free(void *memory);
void __wrap_free(void *memory);

/* The linker puts these before the allocator (store.cmake). */
void *__wrap_malloc(size_t num_bytes)
{
	num_allocated += !is_memory_out;
	return is_memory_out ? NULL : __real_malloc(num_bytes);
}

void __wrap_free(void *memory)
{
	num_allocated -= memory != NULL;
	__real_free(memory);
}

static struct store *new_store(uint64_t max_readings, uint64_t max_age_ms)
{
	static char s0[] = "s0", s1[] = "s1", s2[] = "s2";
	static struct config_sensor sensors[NUM_SENSORS] = { { .id = s0 },
							     { .id = s1 },
							     { .id = s2 } };
	const struct config config = { .sensors = sensors, .num_sensors = NUM_SENSORS };
	const struct store_options options = {
		.max_bytes = max_readings * sizeof(struct reading),
		.max_age_ms = max_age_ms,
	};
	struct store *store;

	assert_int_equal(store_new(&options, &store), 0);
	assert_int_equal(store_set_sensors(store, &config), 0);
	return store;
}

static bool take(struct store *store, struct reading *out)
{
	const char *sensor_id;

	return store_take(store, out, &sensor_id);
}

static uint64_t put(struct store *store, uint16_t sensor, int32_t milli)
{
	struct reading reading = { .t_ns = now_ns, .sensor = sensor };

	reading_add(&reading, QUANTITY_TEMPERATURE, milli, 1);
	return store_put(store, &reading);
}

static void readings_leave_in_order_with_consecutive_numbers(void **state)
{
	struct store *store = new_store(1000, 0);
	struct reading reading;
	uint64_t first = put(store, 0, 0);

	(void)state;
	for (int i = 1; i < 500; i++)
		assert_int_equal(put(store, 0, i), first + (uint64_t)i);
	for (int i = 0; i < 500; i++) {
		assert_true(take(store, &reading));
		assert_int_equal(reading.seq, first + (uint64_t)i);
		assert_int_equal(reading.values[0].milli, i);
		store_ack(store, reading.seq);
	}
	assert_false(take(store, &reading));
	store_free(store);
}

static void a_later_start_numbers_above_all_of_an_earlier_one(void **state)
{
	struct store *store = new_store(1000, 0);
	uint64_t seq = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		seq = put(store, 0, i);
	store_free(store);
	wall_ms += 2;
	store = new_store(10, 0);
	assert_true(put(store, 0, 0) > seq);
	assert_true(seq < UINT64_C(1) << 53);
	store_free(store);
}

static void the_oldest_is_dropped_when_full_and_counted(void **state)
{
	struct store *store = new_store(100, 0);
	struct store_stat stat;
	struct reading reading;
	uint64_t first = put(store, 0, 0);

	(void)state;
	for (int i = 1; i < 250; i++)
		put(store, 0, i);
	store_stat(store, &stat);
	assert_int_equal(stat.num_waiting, 100);
	assert_int_equal(stat.num_dropped, 150);
	assert_true(take(store, &reading));
	assert_int_equal(reading.seq, first + 150);
	store_free(store);
}

static void what_is_too_old_is_dropped(void **state)
{
	struct store *store = new_store(100, 1000);
	struct store_stat stat;
	struct reading reading;

	(void)state;
	put(store, 0, 1);
	now_ns += 900 * CLOCK_NS_PER_MS;
	put(store, 0, 2);
	now_ns += 200 * CLOCK_NS_PER_MS;
	assert_true(take(store, &reading));
	assert_int_equal(reading.values[0].milli, 2);
	store_stat(store, &stat);
	assert_int_equal(stat.num_dropped, 1);
	assert_int_equal(stat.num_waiting, 1);
	assert_int_equal(stat.oldest_t_ns, now_ns - 200 * CLOCK_NS_PER_MS);
	store_free(store);
}

static void a_rewind_brings_back_what_is_not_acknowledged(void **state)
{
	struct store *store = new_store(100, 0);
	struct store_stat stat;
	struct reading reading;
	uint64_t first = put(store, 0, 0);

	(void)state;
	for (int i = 1; i < 4; i++)
		put(store, 0, i);
	for (int i = 0; i < 3; i++)
		assert_true(take(store, &reading));
	store_ack(store, first + 1);
	store_ack(store, first + 1);
	store_stat(store, &stat);
	assert_int_equal(stat.num_waiting, 3);
	store_rewind(store);
	assert_true(take(store, &reading));
	assert_int_equal(reading.seq, first);
	assert_true(take(store, &reading));
	assert_int_equal(reading.seq, first + 2);
	store_ack(store, first);
	store_ack(store, first + 2);
	store_ack(store, first + 3); /* was not taken */
	store_stat(store, &stat);
	assert_int_equal(stat.num_waiting, 1);
	store_free(store);
}

static void states_can_be_repeated_without_the_readings(void **state)
{
	struct store *store = new_store(100, 0);
	struct reading reading;

	(void)state;
	put(store, 0, 0);
	assert_true(take(store, &reading));
	assert_true(store_take_state(store, &reading));
	store_repeat_states(store);
	assert_true(store_take_state(store, &reading));
	assert_false(store_take_state(store, &reading));
	assert_false(take(store, &reading));
	store_free(store);
}

static void an_acknowledgement_of_a_dropped_reading_is_ignored(void **state)
{
	struct store *store = new_store(2, 0);
	struct store_stat stat;
	struct reading reading;
	uint64_t first = put(store, 0, 0);

	(void)state;
	assert_true(take(store, &reading));
	for (int i = 1; i < 4; i++)
		put(store, 0, i);
	store_ack(store, first);
	store_stat(store, &stat);
	assert_int_equal(stat.num_waiting, 2);
	assert_true(take(store, &reading));
	assert_int_equal(reading.seq, first + 2);
	store_free(store);
}

static void the_newest_of_each_sensor_is_taken_once_in_turns(void **state)
{
	struct store *store = new_store(100, 0);
	struct reading reading;

	(void)state;
	put(store, 2, 1);
	put(store, 0, 2);
	put(store, 2, 3);
	assert_true(store_take_state(store, &reading));
	assert_int_equal(reading.values[0].milli, 2);
	put(store, 0, 4);
	assert_true(store_take_state(store, &reading));
	assert_int_equal(reading.values[0].milli, 3);
	assert_true(store_take_state(store, &reading));
	assert_int_equal(reading.values[0].milli, 4);
	assert_false(store_take_state(store, &reading));
	store_rewind(store);
	assert_true(store_take_state(store, &reading));
	assert_true(store_take_state(store, &reading));
	assert_false(store_take_state(store, &reading));
	store_free(store);
}

static void memory_comes_back_when_the_queue_drains(void **state)
{
	struct store *store = new_store(100000, 0);
	int num_empty = num_allocated;
	struct reading reading;

	(void)state;
	for (int i = 0; i < 10000; i++)
		put(store, 0, i);
	assert_true(num_allocated > num_empty + 100);
	assert_true(num_allocated < num_empty + 10000 / 60);
	while (take(store, &reading))
		store_ack(store, reading.seq);
	assert_int_equal(num_allocated, num_empty + 1);
	store_free(store);
}

static void ids_outlive_the_sensors_that_they_were_of(void **state)
{
	static char s2[] = "s2", s9[] = "s9";
	static struct config_sensor sensors[] = { { .id = s2 }, { .id = s9 } };
	const struct config later = { .sensors = sensors, .num_sensors = 2 };
	struct store *store = new_store(100, 0);
	struct reading reading;
	const char *id;

	(void)state;
	put(store, 1, 1);
	put(store, 2, 2);
	assert_int_equal(store_set_sensors(store, &later), 0);
	put(store, 1, 3);
	assert_true(store_take(store, &reading, &id));
	assert_string_equal(id, "s1");
	assert_true(store_take(store, &reading, &id));
	assert_string_equal(id, "s2");
	assert_true(store_take(store, &reading, &id));
	assert_string_equal(id, "s9");
	/* The newest of a sensor stays its newest, under its new index. */
	assert_true(store_take_state(store, &reading));
	assert_int_equal(reading.sensor, 0);
	assert_int_equal(reading.values[0].milli, 2);
	assert_true(store_take_state(store, &reading));
	assert_int_equal(reading.values[0].milli, 3);
	assert_false(store_take_state(store, &reading));
	store_free(store);
}

static void without_memory_the_oldest_make_room_and_are_counted(void **state)
{
	struct store *store = new_store(100000, 0);
	struct store_stat stat;
	struct reading reading;
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		put(store, 0, i);
	is_memory_out = true;
	for (int i = 50; i < 1000; i++)
		last = put(store, 0, i);
	is_memory_out = false;
	store_stat(store, &stat);
	assert_true(stat.num_waiting >= 1);
	assert_true(stat.num_dropped > 0);
	assert_int_equal(stat.num_waiting + stat.num_dropped, 1000);
	for (uint32_t i = 0; i < stat.num_waiting; i++)
		assert_true(take(store, &reading));
	assert_int_equal(reading.seq, last);
	store_free(store);
}

/* The same in the simplest way: an array that never shrinks. */
struct model {
	uint64_t first_seq;
	size_t num_put, num_taken, head, num_dropped, num_waiting;
	uint64_t t_ns[20000];
	bool is_acked[20000];
};

static void model_forget(struct model *model)
{
	while (model->head < model->num_put && model->is_acked[model->head])
		model->head++;
	if (model->num_taken < model->head)
		model->num_taken = model->head;
	model->num_waiting = 0;
	for (size_t i = model->head; i < model->num_put; i++)
		model->num_waiting += !model->is_acked[i];
}

static void model_drop(struct model *model, size_t max_readings, uint64_t max_age_ns)
{
	while (model->head < model->num_put &&
	       (model->num_waiting > max_readings ||
		now_ns - model->t_ns[model->head] > max_age_ns)) {
		model->is_acked[model->head] = true;
		model->num_dropped++;
		model_forget(model);
	}
}

static void check_take(struct store *store, struct model *model)
{
	struct reading reading;
	bool is_taken = take(store, &reading);

	while (model->num_taken < model->num_put && model->is_acked[model->num_taken])
		model->num_taken++;
	assert_int_equal(is_taken, model->num_taken < model->num_put &&
					   model->num_taken - model->head < QUEUE_FRONT);
	if (is_taken)
		assert_int_equal(reading.seq, model->first_seq + model->num_taken++);
}

static void random_ack(struct store *store, struct model *model)
{
	size_t near = model->head + (size_t)rand() % 24;
	size_t index = (size_t)rand() % 3 ? near : (size_t)rand() % (model->num_put + 1);

	if (rand() % 2)
		index = model->head;
	store_ack(store, model->first_seq + index);
	if (index >= model->head && index < model->num_taken)
		model->is_acked[index] = true;
	model_forget(model);
}

static void random_step(struct store *store, struct model *model, size_t max_readings,
			uint64_t max_age_ns)
{
	int dice = rand() % 100;

	if (dice < 38) {
		now_ns += (uint64_t)(rand() % 10) * CLOCK_NS_PER_MS;
		model_drop(model, max_readings, max_age_ns);
		model->t_ns[model->num_put] = now_ns;
		assert_int_equal(put(store, 0, 0), model->first_seq + model->num_put);
		model->num_put++;
		model_forget(model);
		model_drop(model, max_readings, UINT64_MAX);
		model_forget(model);
	} else if (dice < 68) {
		model_drop(model, max_readings, max_age_ns);
		check_take(store, model);
	} else if (dice < 98) {
		random_ack(store, model);
	} else {
		store_rewind(store);
		model->num_taken = model->head;
	}
}

static void any_sequence_of_calls_agrees_with_a_plain_array(void **state)
{
	static struct model model;
	static const size_t limits[] = { 1, 2, 62, 63, 64, 200, 5000 };

	(void)state;
	for (size_t round = 0; round < 7 * 6; round++) {
		size_t max_readings = limits[round % 7];
		uint64_t max_age_ms = round % 2 ? 400 : 1000000;
		struct store *store = new_store(max_readings, max_age_ms);
		struct store_stat stat;

		memset(&model, 0, sizeof(model));
		store_stat(store, &stat);
		model.first_seq = stat.next_seq;
		for (int i = 0; i < 10000; i++) {
			random_step(store, &model, max_readings,
				    max_age_ms * CLOCK_NS_PER_MS);
			store_stat(store, &stat);
			assert_int_equal(stat.num_waiting, model.num_waiting);
			assert_int_equal(stat.num_dropped, model.num_dropped);
		}
		store_free(store);
	}
}

int main(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)atoi(given) : (unsigned)clock_wall_ms();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings_leave_in_order_with_consecutive_numbers),
		cmocka_unit_test(a_later_start_numbers_above_all_of_an_earlier_one),
		cmocka_unit_test(the_oldest_is_dropped_when_full_and_counted),
		cmocka_unit_test(what_is_too_old_is_dropped),
		cmocka_unit_test(ids_outlive_the_sensors_that_they_were_of),
		cmocka_unit_test(states_can_be_repeated_without_the_readings),
		cmocka_unit_test(a_rewind_brings_back_what_is_not_acknowledged),
		cmocka_unit_test(an_acknowledgement_of_a_dropped_reading_is_ignored),
		cmocka_unit_test(the_newest_of_each_sensor_is_taken_once_in_turns),
		cmocka_unit_test(memory_comes_back_when_the_queue_drains),
		cmocka_unit_test(without_memory_the_oldest_make_room_and_are_counted),
		cmocka_unit_test(any_sequence_of_calls_agrees_with_a_plain_array),
	};

	printf("SEED=%u\n", seed);
	srand(seed);
	stop_clock();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
