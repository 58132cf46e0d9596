/* SPDX-License-Identifier: MIT */
/* The noises of the bench, and the rules of others that are measured on them. */
#include "bench/noise.h"

#include <string.h>

#include "base/attributes.h"
#include "bench/peers.h"
#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum {
	NUM_SCENES = 300,
	NUM_EDGES = 84 /* of a dht22: the response's, the bits', the end's */
};

enum { QUIET_CELL = 0 /* of noise_queue */, LOUD_CELL = 5, SLIPPED_CELL = 5 };

static const struct noise *const noises[] = { &noise_latency, &noise_queue,
					      &noise_stranger, &noise_sweep };

static struct noise_scene scene;
static struct frame frame;

static void next_scene(const struct noise *noise, unsigned cell, uint64_t *random)
{
	noise->draw(random, cell, driver_find("dht22"), &scene);
	noise->send(random, cell, &scene);
}

static void edges_are_told_in_order(void **state)
{
	(void)state;
	for (size_t n = 0; n < array_length(noises); n++)
		for (unsigned i = 0; i < NUM_SCENES * noises[n]->num_cells; i++) {
			unsigned cell = noises[n]->first_cell + i % noises[n]->num_cells;
			uint64_t random = i + 1, last_ns = 0;
			enum noise_view view =
				(enum noise_view)(test_random(&random) % NUM_NOISE_VIEWS);

			next_scene(noises[n], cell, &random);
			noise_show(noises[n], &random, cell, &scene, view, &frame);
			assert_true(frame.num_edges <= scene.num_edges);
			for (unsigned edge = 0; edge < frame.num_edges; edge++) {
				assert_true(frame.edges[edge].t_ns >= last_ns);
				last_ns = frame.edges[edge].t_ns;
				if (view == NOISE_FALLING || view == NOISE_RISING)
					assert_int_equal(frame.edges[edge].event,
							 view == NOISE_FALLING
								 ? EDGE_FALLING
								 : EDGE_RISING);
			}
		}
}

static void the_same_seed_gives_the_same_frames(void **state)
{
	static struct frame again;

	(void)state;
	for (size_t n = 0; n < array_length(noises); n++) {
		unsigned cell = noises[n]->first_cell;
		uint64_t first = 7, second = 7;

		next_scene(noises[n], cell, &first);
		noise_show(noises[n], &first, cell, &scene, NOISE_FALLING, &frame);
		next_scene(noises[n], cell, &second);
		noise_show(noises[n], &second, cell, &scene, NOISE_FALLING, &again);
		assert_memory_equal(frame.edges, again.edges,
				    frame.num_edges * sizeof(frame.edges[0]));
	}
}

/* How many falling edges of these scenes are told. */
static unsigned count_told(const struct noise *noise, unsigned cell)
{
	unsigned num_told = 0;

	for (uint64_t seed = 1; seed <= NUM_SCENES; seed++) {
		uint64_t random = seed;

		next_scene(noise, cell, &random);
		scene.armed_us = 0;
		noise_show(noise, &random, cell, &scene, NOISE_FALLING, &frame);
		num_told += frame.num_edges;
	}
	return num_told;
}

static void edges_merge_where_the_thread_is_late(void **state)
{
	unsigned num_sent = NUM_SCENES * NUM_EDGES / 2;

	(void)state;
	assert_true(count_told(&noise_queue, QUIET_CELL) > num_sent / 1000 * 990);
	assert_true(count_told(&noise_queue, LOUD_CELL) < num_sent / 1000 * 980);
}

/* A wire without any fault, seen in one way. */
static void show_clean(const struct reading *values, const struct driver *driver,
		       enum noise_view view)
{
	static const struct noise_sensor typical = {
		.release_us = 30,
		.response_low_us = 80,
		.response_high_us = 80,
		.low_us = 50,
		.zero_us = 26,
		.one_us = 71,
		.end_us = 50,
	};
	uint64_t random = 1;

	noise_latency.draw(&random, 3, driver, &scene);
	scene.tick_us = 0;
	scene.sensor = typical;
	scene.sensor.temperature = values->values[0].milli / 1000.0;
	scene.sensor.humidity = values->values[1].milli / 1000.0;
	scene.num_jobs = 0;
	scene.armed_us = 0;
	noise_put_answer(&random, &scene, scene.sensor.release_us);
	assert_true(scene.is_answer);
	/* seen without a thread: what its delay does is another matter */
	noise_show(&noise_latency, &random, 3, &scene,
		   view < NOISE_IRQ ? NOISE_MCU : view, &frame);
}

static void each_rule_reads_a_clean_frame(void **state)
{
	size_t num_peers;
	const struct peer *peers = peer_all(&num_peers);
	struct reading warm = test_values(25000, 41000), cold = test_values(-7800, 63400);

	(void)state;
	for (size_t i = 0; i < num_peers; i++) {
		struct reading out = { 0 };

		show_clean(&warm, driver_find("dht22"), peers[i].own);
		assert_true(peers[i].read(&frame, true, &out));
		assert_true(test_is_same(&out, &warm));
		out.num_values = 0;
		show_clean(&warm, driver_find("dht11"), peers[i].own);
		assert_true(peers[i].read(&frame, false, &out));
		assert_true(test_is_same(&out, &warm));
		out.num_values = 0;
		show_clean(&cold, driver_find("dht22"), peers[i].own);
		assert_true(peers[i].read(&frame, true, &out));
		/* ESPHome's sign is known to cost a tenth of a degree */
		if (strcmp(peers[i].name, "ESPHome") == 0)
			out.values[0].milli += 100;
		assert_true(test_is_same(&out, &cold));
	}
}

static void each_rule_refuses_a_bad_sum(void **state)
{
	size_t num_peers;
	const struct peer *peers = peer_all(&num_peers);
	struct reading values = test_values(25000, 41000);

	(void)state;
	for (size_t i = 0; i < num_peers; i++) {
		struct reading out = { 0 };

		show_clean(&values, driver_find("dht22"), peers[i].own);
		/* the last bit is a 1, and becomes a 0 */
		for (unsigned edge = frame.num_edges - 2u; edge < frame.num_edges; edge++)
			frame.edges[edge].t_ns -= 45000;
		assert_false(peers[i].read(&frame, true, &out));
	}
}

/* As raspberrypi/linux#6220 shows, where it tries one offset after the other. */
static void the_kernels_rule_takes_slipped_frames(void **state)
{
	const struct peer *kernel = peer_all(&(size_t){ 0 });
	unsigned num_wrong = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 10 * NUM_SCENES; seed++) {
		struct reading out = { 0 };
		uint64_t random = seed;

		next_scene(&noise_stranger, SLIPPED_CELL, &random);
		noise_show(&noise_stranger, &random, SLIPPED_CELL, &scene, NOISE_IRQ,
			   &frame);
		num_wrong += kernel->read(&frame, true, &out) &&
			     !test_is_same(&out, &scene.values);
	}
	assert_true(num_wrong > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_are_told_in_order),
		cmocka_unit_test(the_same_seed_gives_the_same_frames),
		cmocka_unit_test(edges_merge_where_the_thread_is_late),
		cmocka_unit_test(each_rule_reads_a_clean_frame),
		cmocka_unit_test(each_rule_refuses_a_bad_sum),
		cmocka_unit_test(the_kernels_rule_takes_slipped_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
