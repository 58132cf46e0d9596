/* SPDX-License-Identifier: MIT */
/* What becomes of the frames of busy machines, and of what is no frame: as many right as can
 * be, and fewer wrong than one in a hundred thousand.
 *
 * PIN2MQTT_SOAK: a million a cell, not 10000; PIN2MQTT_SEED: other frames.
 */
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "bench/noise.h"
#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum {
	NUM_FRAMES = 10000,
	SOAK_FACTOR = 100,
	FRAMES_A_SENSOR = 100,
	DEFAULT_SEED = 20261122,
	FRAMES_A_WRONG = 100000,
};

static unsigned num_frames(void)
{
	return NUM_FRAMES * (getenv("PIN2MQTT_SOAK") ? (unsigned)SOAK_FACTOR : 1);
}

static uint64_t seed(void)
{
	const char *text = getenv("PIN2MQTT_SEED");

	return text ? strtoull(text, NULL, 0) : DEFAULT_SEED;
}

struct counts {
	unsigned num_right, num_repaired, num_wrong, num_frames;
};

static void judge(enum verdict verdict, const struct reading *out,
		  const struct noise_scene *scene, struct counts *counts)
{
	counts->num_frames++;
	if (!verdict_is_accepted(verdict))
		return;
	counts->num_repaired += verdict == VERDICT_REPAIRED;
	if (scene->is_answer && test_is_same(out, &scene->values))
		counts->num_right++;
	else
		counts->num_wrong++;
}

/* Falling edges with what is known of the sensor, and both edges. */
static void run_cell(const struct noise *noise, unsigned cell,
		     const struct driver *driver, struct counts *falling,
		     struct counts *both)
{
	static struct noise_scene scene;
	static struct frame frame;
	struct decode_state known = { 0 }, known_of_both = { 0 };
	uint64_t random = seed();
	double start_s = 1;

	*falling = *both = (struct counts){ 0 };
	for (unsigned i = 0; i < num_frames(); i++) {
		struct reading out = { 0 };

		if (i % FRAMES_A_SENSOR == 0) {
			noise->draw(&random, cell, driver, &scene);
			memset(&known, 0, sizeof(known));
			memset(&known_of_both, 0, sizeof(known_of_both));
		}
		noise->send(&random, cell, &scene);
		start_s += scene.interval_s;
		noise_show(noise, &random, cell, &scene, NOISE_FALLING, &frame);
		frame.start_ns = (uint64_t)(start_s * 1e9);
		judge(decode_repair(driver, &frame, &known, &out), &out, &scene, falling);
		memset(&out, 0, sizeof(out));
		noise_show(noise, &random, cell, &scene, NOISE_BOTH, &frame);
		frame.start_ns = (uint64_t)(start_s * 1e9);
		judge(decode_repair(driver, &frame, &known_of_both, &out), &out, &scene,
		      both);
	}
	printf("  %-8s %-40s right %8u, repaired %8u, wrong %u, of %u; both edges: right "
	       "%8u, wrong %u\n",
	       driver->name, noise->cell_name(cell), falling->num_right,
	       falling->num_repaired, falling->num_wrong, falling->num_frames,
	       both->num_right, both->num_wrong);
}

/* In thousandths of the frames. The first three are what the decoder is built to reach; the
 * others are what it did when they were written, less one per cent. */
static const struct floor {
	const struct noise *noise;
	unsigned right_permille[6];
	unsigned both_permille[6];
} floors[] = {
	{ &noise_latency,
	  { 990, 980, 940, 990, 990, 980 },
	  { 947, 610, 218, 989, 630, 600 } },
	{ &noise_queue, { 990, 960, 978, 765, 850, 525 }, { 988, 798, 336, 58, 0, 8 } },
};

static void assert_read(const struct counts *counts, unsigned right_permille)
{
	assert_true(counts->num_right / 1000.0 >=
		    counts->num_frames / 1000000.0 * right_permille);
}

static void assert_hardly_wrong(const struct counts *counts)
{
	assert_true((uint64_t)counts->num_wrong * FRAMES_A_WRONG < counts->num_frames);
}

static void noisy_machines_are_read_to_the_floor_and_hardly_wrong(void **state)
{
	struct counts falling, both;

	(void)state;
	printf("  seed %llu\n", (unsigned long long)seed());
	for (size_t n = 0; n < array_length(floors); n++)
		for (unsigned cell = 0; cell < array_length(floors[n].right_permille);
		     cell++) {
			run_cell(floors[n].noise, cell, driver_find("dht22"), &falling,
				 &both);
			assert_hardly_wrong(&falling);
			assert_hardly_wrong(&both);
			assert_read(&falling, floors[n].right_permille[cell]);
			assert_read(&both, floors[n].both_permille[cell]);
		}
}

static void what_is_no_answer_is_never_read(void **state)
{
	struct counts falling, both;

	(void)state;
	for (unsigned cell = 0; cell < noise_stranger.num_cells; cell++) {
		run_cell(&noise_stranger, cell, driver_find("dht22"), &falling, &both);
		assert_int_equal(falling.num_wrong, 0);
		assert_int_equal(both.num_wrong, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noisy_machines_are_read_to_the_floor_and_hardly_wrong),
		cmocka_unit_test(what_is_no_answer_is_never_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
