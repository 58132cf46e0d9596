/* SPDX-License-Identifier: MIT */
#include "publish/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "unit/cmocka_test.h"

enum { NUM_SENSORS = 3 };

static char porch[] = "porch", attic[] = "attic", bench[] = "bench", loft[] = "loft";
static struct config_sensor sensors[] = { { .id = porch },
					  { .id = attic },
					  { .id = bench } };
static const struct config config = { .sensors = sensors, .num_sensors = NUM_SENSORS };
static const char *sensor_id; /* of what was taken last */

static uint64_t now_ns;
static int64_t now_wall_ms = INT64_C(1795327200123);
static bool is_memory_out;

void *__real_malloc(size_t num_bytes);
void *__wrap_malloc(size_t num_bytes);

/* The linker puts this before the allocator (publish.cmake). */
void *__wrap_malloc(size_t num_bytes)
{
	return is_memory_out ? NULL : __real_malloc(num_bytes);
}

static uint64_t test_mono_ns(void *context)
{
	(void)context;
	return now_ns;
}

static int64_t test_wall_ms(void *context)
{
	(void)context;
	return now_wall_ms;
}

static bool test_is_synced(void *context)
{
	(void)context;
	return true;
}

static const struct clock_source test_clock = {
	.mono_ns = test_mono_ns,
	.wall_ms = test_wall_ms,
	.is_synced = test_is_synced,
};

static struct outbox *new_outbox(uint64_t max_readings, uint64_t max_age_ms)
{
	struct outbox *outbox;

	assert_int_equal(outbox_new(max_readings * sizeof(struct reading), max_age_ms,
				    &config, &outbox),
			 0);
	return outbox;
}

static uint64_t put(struct outbox *outbox, uint16_t sensor, int32_t milli)
{
	struct reading reading = { .t_ns = now_ns, .sensor = sensor };

	reading_add(&reading, QUANTITY_TEMPERATURE, milli, 1);
	return outbox_put(outbox, &reading);
}

static void readings_leave_in_order_with_consecutive_numbers(void **state)
{
	struct outbox *outbox = new_outbox(1000, 0);
	struct reading reading;
	uint64_t first = put(outbox, 0, 0);

	(void)state;
	for (int i = 1; i < 500; i++)
		assert_int_equal(put(outbox, 0, i), first + (uint64_t)i);
	for (int i = 0; i < 500; i++) {
		assert_true(outbox_take(outbox, &reading, &sensor_id));
		assert_int_equal(reading.seq, first + (uint64_t)i);
		assert_int_equal(reading.values[0].milli, i);
	}
	assert_false(outbox_take(outbox, &reading, &sensor_id));
	outbox_free(outbox);
}

static void a_later_start_numbers_above_all_of_an_earlier_one(void **state)
{
	struct outbox *outbox = new_outbox(1000, 0);
	uint64_t seq = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		seq = put(outbox, 0, i);
	outbox_free(outbox);
	now_wall_ms += 2;
	outbox = new_outbox(10, 0);
	assert_true(put(outbox, 0, 0) > seq);
	assert_true(seq < UINT64_C(1) << 53);
	outbox_free(outbox);
}

static void the_oldest_is_dropped_when_full_and_counted(void **state)
{
	struct outbox *outbox = new_outbox(100, 0);
	struct outbox_stat stat;
	struct reading reading;
	uint64_t first = put(outbox, 0, 0);

	(void)state;
	for (int i = 1; i < 250; i++)
		put(outbox, 0, i);
	outbox_stat(outbox, &stat);
	assert_int_equal(stat.num_waiting, 100);
	assert_int_equal(stat.num_dropped, 150);
	assert_true(outbox_take(outbox, &reading, &sensor_id));
	assert_int_equal(reading.seq, first + 150);
	outbox_free(outbox);
}

static void what_is_too_old_is_dropped(void **state)
{
	struct outbox *outbox = new_outbox(100, 1000);
	struct outbox_stat stat;
	struct reading reading;

	(void)state;
	put(outbox, 0, 1);
	now_ns += 900 * CLOCK_NS_PER_MS;
	put(outbox, 0, 2);
	now_ns += 200 * CLOCK_NS_PER_MS;
	assert_true(outbox_take(outbox, &reading, &sensor_id));
	assert_int_equal(reading.values[0].milli, 2);
	outbox_stat(outbox, &stat);
	assert_int_equal(stat.num_dropped, 1);
	assert_int_equal(stat.num_waiting, 1);
	assert_int_equal(stat.oldest_t_ns, now_ns - 200 * CLOCK_NS_PER_MS);
	outbox_free(outbox);
}

static void a_rewind_brings_back_what_is_not_acknowledged(void **state)
{
	struct outbox *outbox = new_outbox(100, 0);
	struct outbox_stat stat;
	struct reading reading;
	uint64_t first = put(outbox, 0, 0);

	(void)state;
	for (int i = 1; i < 4; i++)
		put(outbox, 0, i);
	for (int i = 0; i < 3; i++)
		assert_true(outbox_take(outbox, &reading, &sensor_id));
	outbox_ack(outbox, first + 1);
	outbox_ack(outbox, first + 1);
	outbox_stat(outbox, &stat);
	assert_int_equal(stat.num_waiting, 3);
	outbox_rewind(outbox);
	assert_true(outbox_take(outbox, &reading, &sensor_id));
	assert_int_equal(reading.seq, first);
	assert_true(outbox_take(outbox, &reading, &sensor_id));
	assert_int_equal(reading.seq, first + 2);
	outbox_ack(outbox, first);
	outbox_ack(outbox, first + 2);
	outbox_ack(outbox, first + 3); /* was not taken */
	outbox_stat(outbox, &stat);
	assert_int_equal(stat.num_waiting, 1);
	outbox_free(outbox);
}

static void states_can_be_repeated_without_the_readings(void **state)
{
	struct outbox *outbox = new_outbox(100, 0);
	struct reading reading;

	(void)state;
	put(outbox, 0, 0);
	assert_true(outbox_take(outbox, &reading, &sensor_id));
	assert_true(outbox_take_state(outbox, &reading));
	outbox_repeat_states(outbox);
	assert_true(outbox_take_state(outbox, &reading));
	assert_false(outbox_take_state(outbox, &reading));
	assert_false(outbox_take(outbox, &reading, &sensor_id));
	outbox_free(outbox);
}

static void an_acknowledgement_of_a_dropped_reading_is_ignored(void **state)
{
	struct outbox *outbox = new_outbox(2, 0);
	struct outbox_stat stat;
	struct reading reading;
	uint64_t first = put(outbox, 0, 0);

	(void)state;
	assert_true(outbox_take(outbox, &reading, &sensor_id));
	for (int i = 1; i < 4; i++)
		put(outbox, 0, i);
	outbox_ack(outbox, first);
	outbox_stat(outbox, &stat);
	assert_int_equal(stat.num_waiting, 2);
	assert_true(outbox_take(outbox, &reading, &sensor_id));
	assert_int_equal(reading.seq, first + 2);
	outbox_free(outbox);
}

static void the_newest_of_each_sensor_is_taken_once_in_turns(void **state)
{
	struct outbox *outbox = new_outbox(100, 0);
	struct reading reading;

	(void)state;
	put(outbox, 2, 1);
	put(outbox, 0, 2);
	put(outbox, 2, 3);
	assert_true(outbox_take_state(outbox, &reading));
	assert_int_equal(reading.values[0].milli, 2);
	put(outbox, 0, 4);
	assert_true(outbox_take_state(outbox, &reading));
	assert_int_equal(reading.values[0].milli, 3);
	assert_true(outbox_take_state(outbox, &reading));
	assert_int_equal(reading.values[0].milli, 4);
	assert_false(outbox_take_state(outbox, &reading));
	outbox_rewind(outbox);
	assert_true(outbox_take_state(outbox, &reading));
	assert_true(outbox_take_state(outbox, &reading));
	assert_false(outbox_take_state(outbox, &reading));
	outbox_free(outbox);
}

static void what_waits_keeps_its_sensor_when_the_sensors_change(void **state)
{
	static struct config_sensor after[] = { { .id = loft }, { .id = attic } };
	static const struct config changed = { .sensors = after, .num_sensors = 2 };
	struct outbox *outbox = new_outbox(10, 0);
	struct reading reading;

	(void)state;
	for (int i = 0; i < NUM_SENSORS; i++)
		(void)put(outbox, (uint16_t)i, 100 * i);
	assert_true(outbox_take_state(outbox, &reading)); /* porch */
	assert_int_equal(outbox_set_sensors(outbox, &changed), 0);
	(void)put(outbox, 0, 300);

	/* States: loft's, which is new, and attic's, which had not been taken. */
	assert_true(outbox_take_state(outbox, &reading));
	assert_int_equal(reading.sensor, 0);
	assert_int_equal(reading.values[0].milli, 300);
	assert_true(outbox_take_state(outbox, &reading));
	assert_int_equal(reading.sensor, 1);
	assert_int_equal(reading.values[0].milli, 100);
	assert_false(outbox_take_state(outbox, &reading));

	static const char *const ids[] = { porch, attic, bench, loft };

	for (int i = 0; i < 4; i++) {
		assert_true(outbox_take(outbox, &reading, &sensor_id));
		assert_string_equal(sensor_id, ids[i]);
		assert_int_equal(reading.values[0].milli, 100 * i);
	}
	outbox_free(outbox);
}

static void memory_comes_back_when_the_queue_drains(void **state)
{
	struct outbox *outbox = new_outbox(100000, 0);
	struct outbox_stat empty, full, drained;
	struct reading reading;

	(void)state;
	outbox_stat(outbox, &empty);
	for (int i = 0; i < 10000; i++)
		put(outbox, 0, i);
	outbox_stat(outbox, &full);
	assert_true(full.num_bytes >= 10000 * sizeof(struct reading));
	assert_true(full.num_bytes < 10200 * (sizeof(struct reading) + 1));
	while (outbox_take(outbox, &reading, &sensor_id))
		outbox_ack(outbox, reading.seq);
	outbox_stat(outbox, &drained);
	assert_int_equal(drained.num_bytes, empty.num_bytes);
	assert_true(drained.num_bytes <= 4096);
	outbox_free(outbox);
}

static void without_memory_the_oldest_make_room_and_are_counted(void **state)
{
	struct outbox *outbox = new_outbox(100000, 0);
	struct outbox_stat stat;
	struct reading reading;
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		put(outbox, 0, i);
	is_memory_out = true;
	for (int i = 50; i < 1000; i++)
		last = put(outbox, 0, i);
	is_memory_out = false;
	outbox_stat(outbox, &stat);
	assert_true(stat.num_waiting >= 1);
	assert_true(stat.num_dropped > 0);
	assert_int_equal(stat.num_waiting + stat.num_dropped, 1000);
	for (uint32_t i = 0; i < stat.num_waiting; i++)
		assert_true(outbox_take(outbox, &reading, &sensor_id));
	assert_int_equal(reading.seq, last);
	outbox_free(outbox);
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
	       (model->num_put - model->head > max_readings ||
		now_ns - model->t_ns[model->head] > max_age_ns)) {
		model->is_acked[model->head] = true;
		model->num_dropped++;
		model_forget(model);
	}
}

static void check_take(struct outbox *outbox, struct model *model)
{
	struct reading reading;
	bool is_taken = outbox_take(outbox, &reading, &sensor_id);

	while (model->num_taken < model->num_put && model->is_acked[model->num_taken])
		model->num_taken++;
	assert_int_equal(is_taken, model->num_taken < model->num_put);
	if (is_taken)
		assert_int_equal(reading.seq, model->first_seq + model->num_taken++);
}

static void random_ack(struct outbox *outbox, struct model *model)
{
	size_t near = model->head + (size_t)rand() % 24;
	size_t index = (size_t)rand() % 3 ? near : (size_t)rand() % (model->num_put + 1);

	if (rand() % 2)
		index = model->head;
	outbox_ack(outbox, model->first_seq + index);
	if (index >= model->head && index < model->num_taken)
		model->is_acked[index] = true;
	model_forget(model);
}

static void random_step(struct outbox *outbox, struct model *model, size_t max_readings,
			uint64_t max_age_ns)
{
	int dice = rand() % 100;

	if (dice < 38) {
		now_ns += (uint64_t)(rand() % 10) * CLOCK_NS_PER_MS;
		model_drop(model, max_readings, max_age_ns);
		model->t_ns[model->num_put] = now_ns;
		assert_int_equal(put(outbox, 0, 0), model->first_seq + model->num_put);
		model->num_put++;
		model_drop(model, max_readings, UINT64_MAX);
		model_forget(model);
	} else if (dice < 68) {
		model_drop(model, max_readings, max_age_ns);
		check_take(outbox, model);
	} else if (dice < 98) {
		random_ack(outbox, model);
	} else {
		outbox_rewind(outbox);
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
		struct outbox *outbox = new_outbox(max_readings, max_age_ms);
		struct outbox_stat stat;

		memset(&model, 0, sizeof(model));
		outbox_stat(outbox, &stat);
		model.first_seq = stat.next_seq;
		for (int i = 0; i < 10000; i++) {
			random_step(outbox, &model, max_readings,
				    max_age_ms * CLOCK_NS_PER_MS);
			outbox_stat(outbox, &stat);
			assert_int_equal(stat.num_waiting, model.num_waiting);
			assert_int_equal(stat.num_dropped, model.num_dropped);
			assert_true(stat.num_bytes <= (max_readings / 63 + 2) * 4096);
		}
		outbox_free(outbox);
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
		cmocka_unit_test(states_can_be_repeated_without_the_readings),
		cmocka_unit_test(a_rewind_brings_back_what_is_not_acknowledged),
		cmocka_unit_test(an_acknowledgement_of_a_dropped_reading_is_ignored),
		cmocka_unit_test(the_newest_of_each_sensor_is_taken_once_in_turns),
		cmocka_unit_test(what_waits_keeps_its_sensor_when_the_sensors_change),
		cmocka_unit_test(memory_comes_back_when_the_queue_drains),
		cmocka_unit_test(without_memory_the_oldest_make_room_and_are_counted),
		cmocka_unit_test(any_sequence_of_calls_agrees_with_a_plain_array),
	};

	printf("SEED=%u\n", seed);
	srand(seed);
	clock_set_source(&test_clock);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
