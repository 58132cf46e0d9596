/* SPDX-License-Identifier: MIT */
/* Any values, sent with any times that the datasheets allow: read right or refused, and
 * nearly all of them read where a sensor keeps its own times, as real ones do.
 *
 * PIN2MQTT_SOAK: two million frames a model; PIN2MQTT_SEED: other frames.
 */
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum {
	NUM_FRAMES = 20000,
	SOAK_FRAMES = 2000000,
	DEFAULT_SEED = 20261122,
	RELEASE_NS = 1200000,
	MAX_WIRE_EDGES = 2 * 64 + 4,
};

/* In ns. */
struct span {
	int32_t min, max;
};

/* What a model's datasheet has, and what was measured outside of it. */
struct sheet {
	const char *driver;
	struct span release, response_low, response_high, low, zero, one, gap, end;
};

static const struct sheet sheets[] = {
	{ "dht22",
	  { 20000, 40000 },
	  { 75000, 85000 },
	  { 75000, 85000 },
	  { 48000, 55000 },
	  { 22000, 30000 },
	  { 68000, 75000 },
	  { 0, 14000 },
	  { 45000, 55000 } },
	{ "dht21",
	  { 20000, 44000 },
	  { 75000, 85000 },
	  { 75000, 85000 },
	  { 48000, 61000 },
	  { 22000, 30000 },
	  { 68000, 76000 },
	  { 0, 5000 },
	  { 48000, 58000 } },
	{ "dht11",
	  { 20000, 40000 },
	  { 78000, 83000 },
	  { 78000, 88000 },
	  { 48000, 56000 },
	  { 22000, 28000 },
	  { 67000, 73000 },
	  { 0, 0 },
	  { 45000, 58000 } },
	{ "dht12",
	  { 20000, 40000 },
	  { 78000, 83000 },
	  { 78000, 88000 },
	  { 47000, 54000 },
	  { 22000, 28000 },
	  { 67000, 73000 },
	  { 0, 0 },
	  { 45000, 55000 } },
	{ "si7021",
	  { 20000, 30000 },
	  { 58000, 62000 },
	  { 77000, 83000 },
	  { 38000, 42000 },
	  { 23000, 27000 },
	  { 72000, 78000 },
	  { 0, 0 },
	  { 38000, 45000 } },
};

/* Whose times are drawn anew. */
enum variety { VARIETY_STEADY, VARIETY_EACH_BIT };

struct trial {
	uint64_t random;
	const struct driver *driver;
	enum variety variety;
	struct sheet unit; /* spans of this sensor: one time each, or the model's */
	struct reading values;
	int64_t t_ns[MAX_WIRE_EDGES]; /* after the release: a fall, a rise, a fall, ... */
	unsigned num_edges;
};

static int32_t draw(struct trial *trial, struct span span)
{
	return test_random_between(&trial->random, span.min, span.max);
}

/* A sensor keeps a time to a microsecond. */
static struct span settle(struct trial *trial, struct span span)
{
	enum { KEPT_NS = 500 };
	int32_t ns = draw(trial, span);

	if (trial->variety == VARIETY_EACH_BIT)
		return span;
	return (struct span){ ns - KEPT_NS, ns + KEPT_NS };
}

static void draw_unit(struct trial *trial, const struct sheet *sheet)
{
	struct sheet *unit = &trial->unit;

	*unit = *sheet;
	unit->low = settle(trial, sheet->low);
	unit->zero = settle(trial, sheet->zero);
	unit->one = settle(trial, sheet->one);
	/* a sensor without gaps has none */
	if (sheet->gap.max != 0 && draw(trial, (struct span){ 0, 3 }) != 0)
		unit->gap = settle(trial, sheet->gap);
	else
		unit->gap = (struct span){ 0, 0 };
}

static void put(struct trial *trial, int64_t *t_ns, struct span span)
{
	*t_ns += draw(trial, span);
	trial->t_ns[trial->num_edges++] = *t_ns;
}

static void send(struct trial *trial)
{
	const struct sheet *unit = &trial->unit;
	uint8_t bytes[DRIVER_MAX_BYTES];
	int64_t t_ns = 0;

	trial->values = test_random_values(&trial->random, trial->driver, bytes);
	trial->num_edges = 0;
	put(trial, &t_ns, unit->release);
	put(trial, &t_ns, unit->response_low);
	put(trial, &t_ns, unit->response_high);
	for (unsigned i = 0; i < trial->driver->wire.num_bits; i++) {
		bool is_one = bytes[i / 8] >> (7 - i % 8) & 1;

		if (i % 8 == 0 && i > 0)
			t_ns += draw(trial, unit->gap);
		put(trial, &t_ns, unit->low);
		put(trial, &t_ns, is_one ? unit->one : unit->zero);
	}
	put(trial, &t_ns, unit->end);
}

/* The kernel's stamps: exact ones of a clock that counts in its own steps. */
static void capture(struct trial *trial, enum waveform_edges edges, struct frame *out)
{
	static const int32_t ticks_ns[] = { 1, 52, 1000 };
	uint64_t tick_ns =
		(uint64_t)ticks_ns[test_random(&trial->random) % array_length(ticks_ns)];
	int32_t armed_ns = test_random_between(&trial->random, 0, 150000);

	*out = (struct frame){ .start_ns = TEST_START_NS,
			       .release_ns = TEST_START_NS + RELEASE_NS };
	out->armed_ns = out->release_ns + (uint64_t)armed_ns;
	for (unsigned i = 0; i < trial->num_edges; i++) {
		uint64_t t_ns = out->release_ns + (uint64_t)trial->t_ns[i];

		if (trial->t_ns[i] < armed_ns ||
		    (edges == WAVEFORM_FALLING && i % 2 == 1) ||
		    (edges == WAVEFORM_RISING && i % 2 == 0))
			continue;
		out->edges[out->num_edges++] = (struct edge){
			.t_ns = t_ns - t_ns % tick_ns,
			.event = i % 2 == 1 ? EDGE_RISING : EDGE_FALLING,
		};
	}
	out->end_ns = out->release_ns + 9000000;
}

struct counts {
	uint32_t tried, right, wrong;
};

static void try_frame(struct trial *trial, const struct sheet *sheet,
		      enum waveform_edges edges, struct counts *counts)
{
	static struct frame frame;
	struct reading strict = { 0 }, repaired = { 0 };
	enum verdict verdict;

	draw_unit(trial, sheet);
	send(trial);
	capture(trial, edges, &frame);
	verdict = decode_frame(trial->driver, &frame, &strict);
	counts->tried++;
	if (verdict_is_accepted(verdict)) {
		counts->right += test_is_same(&strict, &trial->values);
		counts->wrong += !test_is_same(&strict, &trial->values);
	}
	verdict = decode_repair(trial->driver, &frame, NULL, &repaired);
	if (verdict_is_accepted(verdict))
		counts->wrong += !test_is_same(&repaired, &trial->values);
}

static void no_frame_within_the_datasheet_gives_a_wrong_value(void **state)
{
	static const char *const edges_names[] = { "falling", "rising", "both" };
	static const char *const variety_names[] = { "steady", "each bit" };
	const struct sheet *sheet = *state;
	const char *text = getenv("PIN2MQTT_SEED");
	uint32_t num_frames = getenv("PIN2MQTT_SOAK") ? SOAK_FRAMES : NUM_FRAMES;
	struct counts counts[2][NUM_WAVEFORM_EDGES] = { 0 };
	static struct trial trial;

	trial.random = text ? strtoull(text, NULL, 0) : DEFAULT_SEED;
	trial.driver = driver_find(sheet->driver);
	printf("  %s: seed %llu\n", sheet->driver, (unsigned long long)trial.random);
	for (uint32_t i = 0; i < num_frames; i++) {
		enum waveform_edges edges = (enum waveform_edges)(i / 2 % 3);

		trial.variety = (enum variety)(i % 2);
		try_frame(&trial, sheet, edges, &counts[trial.variety][edges]);
	}
	for (unsigned v = 0; v < 2; v++)
		for (unsigned e = 0; e < NUM_WAVEFORM_EDGES; e++) {
			const struct counts *c = &counts[v][e];

			printf("    %-9s %-8s clean and right %8u of %8u, wrong %u\n",
			       edges_names[e], variety_names[v], c->right, c->tried,
			       c->wrong);
			assert_int_equal(c->wrong, 0);
			if (v == VARIETY_STEADY)
				assert_true(c->right >= c->tried / 100 * 95);
		}
}

int main(void)
{
	struct CMUnitTest tests[array_length(sheets)] = { 0 };

	for (size_t i = 0; i < array_length(sheets); i++)
		tests[i] = (struct CMUnitTest){
			.name = sheets[i].driver,
			.test_func = no_frame_within_the_datasheet_gives_a_wrong_value,
			.initial_state = (void *)&sheets[i],
		};
	return _cmocka_run_group_tests(
		"no_frame_within_the_datasheet_gives_a_wrong_value", tests,
		array_length(sheets), NULL, NULL);
}
