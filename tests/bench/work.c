/* SPDX-License-Identifier: MIT */
/* Decodes frames of one kind, for tests/bench/work to count what each one costs.
 *
 * bench_work KIND EDGES FRAMES SEED [DRIVER]
 *
 * KIND:  latency, queue, stranger: a noise, its cells in turn; clean: no noise; lost: up to a
 *        dozen edges lost anywhere; hostile: bits at random, and what costs repair most;
 *        random: edges at any distances
 * EDGES: falling, rising or both
 * Prints the verdict of each frame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "bench/noise.h"
#include "decode/decode.h"
#include "unit/decode_test.h"

enum { FRAMES_A_SENSOR = 20, INTERVAL_S = 30, NS_PER_US = 1000 };

static const struct noise *const noises[] = { &noise_latency, &noise_queue,
					      &noise_stranger };

static const char *const edges_names[] = { "falling", "rising", "both" };

struct work {
	uint64_t random;
	const struct driver *driver;
	enum noise_view edges;
	const struct noise *noise;
	unsigned cell;
	struct noise_scene scene;
	struct frame frame;
	struct decode_state state;
};

static int32_t draw(struct work *work, int32_t min, int32_t max)
{
	return test_random_between(&work->random, min, max);
}

static void drop(struct frame *frame, unsigned at)
{
	memmove(&frame->edges[at], &frame->edges[at + 1],
		(frame->num_edges - at - 1u) * sizeof(frame->edges[0]));
	frame->num_edges--;
}

/* An answer that no machine spoils. */
static void send_clean(struct work *work)
{
	static const enum waveform_edges kinds[] = { WAVEFORM_FALLING, WAVEFORM_RISING,
						     WAVEFORM_BOTH };
	struct imperfections imperfections = {
		.seed = test_random(&work->random),
		.jitter_ns = 800,
		.scale_permille = draw(work, -20, 20),
	};
	uint8_t bytes[DRIVER_MAX_BYTES];

	test_random_values(&work->random, work->driver, bytes);
	test_frame(work->driver, bytes, &imperfections, kinds[work->edges], &work->frame);
	for (unsigned i = 0; i < work->frame.num_edges; i++)
		work->frame.edges[i].seq = 0;
}

static void lose(struct work *work, unsigned num_lost)
{
	for (unsigned i = 0; i < num_lost && work->frame.num_edges > 1; i++)
		drop(&work->frame, (unsigned)draw(work, 0, work->frame.num_edges - 1));
}

/* Bits in a row, each edge late, lost or doubled now and then; at distances that may be one
 * thing or the other. */
static void make_hostile(struct work *work)
{
	const struct dht_wire *wire = &work->driver->wire;
	int32_t zero_ns = (wire->bit_low_us + wire->zero_high_us) * NS_PER_US;
	int32_t step_ns = (wire->one_high_us - wire->zero_high_us) * NS_PER_US;
	int32_t low_ns = wire->bit_low_us * NS_PER_US;
	int32_t one_percent = draw(work, 0, 100);
	int32_t lost_percent = draw(work, 0, 25), late_percent = draw(work, 0, 25);
	int32_t spread_ns = draw(work, 0, 3000);
	int32_t t_ns = draw(work, 150, 250) * NS_PER_US;
	struct frame *frame = &work->frame;

	frame->num_edges = 0;
	for (unsigned i = 0; i < 2u * (wire->num_bits + 1u); i++) {
		bool is_rise = i % 2;
		int32_t late_ns = draw(work, -spread_ns, spread_ns);

		if (draw(work, 0, 99) < late_percent)
			late_ns += draw(work, 0, 1) ? step_ns : draw(work, 0, 80000);
		if (draw(work, 0, 99) >= lost_percent &&
		    (work->edges == NOISE_BOTH ||
		     is_rise == (work->edges == NOISE_RISING)))
			frame->edges[frame->num_edges++] = (struct edge){
				.t_ns = frame->release_ns + (uint64_t)(t_ns + late_ns),
				.event = is_rise ? EDGE_RISING : EDGE_FALLING,
			};
		t_ns += is_rise ? zero_ns - low_ns : low_ns;
		if (is_rise && draw(work, 0, 99) < one_percent)
			t_ns += step_ns;
	}
	for (unsigned i = 1; i < frame->num_edges; i++)
		if (frame->edges[i].t_ns <= frame->edges[i - 1].t_ns)
			frame->edges[i].t_ns = frame->edges[i - 1].t_ns + 700;
}

static void make_random(struct work *work)
{
	struct frame *frame = &work->frame;
	int32_t max_us = draw(work, 40, 250), min_us = draw(work, 1, 40);
	uint64_t t_ns = frame->release_ns + (uint64_t)draw(work, 20, 300) * NS_PER_US;

	frame->num_edges = (uint16_t)draw(work, 20, FRAME_MAX_EDGES);
	for (unsigned i = 0; i < frame->num_edges; i++) {
		frame->edges[i] = (struct edge){
			.t_ns = t_ns,
			.event = work->edges == NOISE_RISING ||
						 (work->edges == NOISE_BOTH && i % 2)
					 ? EDGE_RISING
					 : EDGE_FALLING,
		};
		t_ns += (uint64_t)draw(work, min_us * NS_PER_US, max_us * NS_PER_US);
	}
}

static bool make_frame(struct work *work, const char *kind, unsigned index)
{
	if (work->noise) {
		if (index % FRAMES_A_SENSOR == 0) {
			work->cell = work->noise->first_cell +
				     index / FRAMES_A_SENSOR % work->noise->num_cells;
			work->noise->draw(&work->random, work->cell, work->driver,
					  &work->scene);
		}
		work->noise->send(&work->random, work->cell, &work->scene);
		noise_show(work->noise, &work->random, work->cell, &work->scene,
			   work->edges, &work->frame);
		return true;
	}
	send_clean(work);
	if (strcmp(kind, "lost") == 0)
		lose(work, (unsigned)draw(work, 1, 12));
	else if (strcmp(kind, "hostile") == 0)
		make_hostile(work);
	else if (strcmp(kind, "random") == 0)
		make_random(work);
	else if (strcmp(kind, "clean") != 0)
		return false;
	return true;
}

static int usage(void)
{
	fprintf(stderr, "bench_work KIND EDGES FRAMES SEED [DRIVER]\n");
	return 64;
}

int main(int argc, char **argv)
{
	static struct work work;
	unsigned num_frames;

	if (argc < 5)
		return usage();
	while (strcmp(edges_names[work.edges], argv[2]) != 0)
		if (++work.edges == array_length(edges_names))
			return usage();
	num_frames = (unsigned)strtoul(argv[3], NULL, 0);
	work.random = strtoull(argv[4], NULL, 0);
	work.driver = driver_find(argc > 5 ? argv[5] : "dht22");
	if (work.random == 0 || !work.driver)
		return usage();
	for (size_t i = 0; i < array_length(noises); i++)
		if (strcmp(argv[1], noises[i]->name) == 0)
			work.noise = noises[i];
	for (unsigned i = 0; i < num_frames; i++) {
		struct reading out = { 0 };

		if (i % FRAMES_A_SENSOR == 0)
			memset(&work.state, 0, sizeof(work.state));
		if (!make_frame(&work, argv[1], i))
			return usage();
		work.frame.start_ns +=
			(uint64_t)(i % FRAMES_A_SENSOR) * INTERVAL_S * 1000000000;
		printf("%s\n", verdict_name(decode_repair(work.driver, &work.frame,
							  &work.state, &out)));
	}
	return 0;
}
