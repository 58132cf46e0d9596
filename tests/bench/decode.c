/* SPDX-License-Identifier: MIT */
/* How many frames of noisy machines are read right, refused, or read wrong.
 *
 * bench_decode [FRAMES [SEED [DRIVER]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "bench/noise.h"
#include "decode/decode.h"
#include "unit/decode_test.h"

enum { DEFAULT_FRAMES = 20000, FRAMES_A_SENSOR = 100, INTERVAL_S = 30 };

static const struct noise_cell cells[] = {
	{ "10 us, armed 60-150 us, 5 % of 80 us", 10, 60, 150, 0.05, 80 },
	{ "20 us, armed 80-200 us, 10 % of 80 us", 20, 80, 200, 0.10, 80 },
	{ "30 us, armed 80-250 us, 30 % of 120 us", 30, 80, 250, 0.30, 120 },
};

struct score {
	unsigned num_right;
	unsigned num_wrong;
	unsigned num_repaired;
	unsigned verdicts[NUM_VERDICTS];
};

static void count(struct score *score, enum verdict verdict, const struct reading *out,
		  const struct noise_wire *wire)
{
	score->verdicts[verdict]++;
	if (!verdict_is_accepted(verdict))
		return;
	score->num_repaired += verdict == VERDICT_REPAIRED;
	if (test_is_same(out, &wire->values))
		score->num_right++;
	else
		score->num_wrong++;
}

static void print_score(const char *name, const struct score *score, unsigned num_frames)
{
	printf("  %-28s right %8.4f %%  wrong %6u  repaired %u ", name,
	       100.0 * score->num_right / num_frames, score->num_wrong,
	       score->num_repaired);
	for (unsigned i = 0; i < NUM_VERDICTS; i++)
		if (score->verdicts[i] && !verdict_is_accepted((enum verdict)i))
			printf(" %s=%u", verdict_name((enum verdict)i),
			       score->verdicts[i]);
	printf("\n");
}

static void run_cell(const struct driver *driver, const struct noise_cell *cell,
		     unsigned num_frames, uint64_t seed)
{
	static struct frame frame;
	struct score strict = { 0 }, alone = { 0 }, known = { 0 };
	struct decode_state state = { 0 };
	struct noise_sensor sensor;
	struct noise_wire wire;
	uint64_t random = seed;

	for (unsigned i = 0; i < num_frames; i++) {
		struct reading out[3];

		if (i % FRAMES_A_SENSOR == 0) {
			noise_draw_sensor(&random, driver, &sensor);
			memset(&state, 0, sizeof(state));
		}
		memset(out, 0, sizeof(out));
		noise_send(&random, cell, &sensor, &wire);
		noise_capture(&random, cell, &sensor, &wire, NOISE_FALLING, &frame);
		frame.start_ns +=
			(uint64_t)(i % FRAMES_A_SENSOR) * INTERVAL_S * 1000000000;
		count(&strict, decode_frame(driver, &frame, &out[0]), &out[0], &wire);
		count(&alone, decode_repair(driver, &frame, NULL, &out[1]), &out[1],
		      &wire);
		count(&known, decode_repair(driver, &frame, &state, &out[2]), &out[2],
		      &wire);
	}
	printf("%s: %s, %u frames\n", driver->name, cell->name, num_frames);
	print_score("strict", &strict, num_frames);
	print_score("repair, each frame alone", &alone, num_frames);
	print_score("repair", &known, num_frames);
}

int main(int argc, char **argv)
{
	unsigned num_frames =
		argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : DEFAULT_FRAMES;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const char *name = argc > 3 ? argv[3] : "dht22";

	for (size_t i = 0; i < array_length(cells); i++)
		run_cell(driver_find(name), &cells[i], num_frames, seed);
	return 0;
}
