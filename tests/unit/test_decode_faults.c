/* SPDX-License-Identifier: MIT */
/* Frames of sensors drawn from the spread that real ones show, each with one fault as it
 * happens on a wire or in a kernel: whatever becomes of them, no value may be wrong.
 *
 * PIN2MQTT_SOAK: a million frames a model; PIN2MQTT_SEED: other frames.
 */
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum {
	SOAK_FRAMES = 1000000,
	NUM_FRAMES = 100000,
	FRAMES_A_REPAIR = 4, /* repair costs: where time is short, one frame in four */
	NS_PER_US = 1000,
	DEFAULT_SEED = 20261122,
};

enum fault {
	FAULT_NONE,
	FAULT_LOST, /* an edge goes unreported */
	FAULT_DOUBLED, /* an edge comes twice */
	FAULT_SPURIOUS, /* an edge out of nothing */
	FAULT_SPIKE, /* two */
	FAULT_SHIFTED, /* an edge is stamped late, or early */
	FAULT_MERGED, /* two edges become one with the later stamp */
	FAULT_LEFT, /* the first bit's edges are lost, and the response's or not */
	FAULT_LEFT_SPURIOUS, /* and there is one more at the end */
	FAULT_RIGHT, /* the last bit's edges are lost */
	FAULT_RIGHT_SPURIOUS, /* and there is one more at the front */
};
enum { NUM_FAULTS = FAULT_RIGHT_SPURIOUS + 1 };

static const char *const fault_names[] = {
	"none",
	"lost",
	"doubled",
	"spurious",
	"spike",
	"shifted",
	"merged",
	"left",
	"left, one more at the end",
	"right",
	"right, one more at the front",
};

struct trial {
	uint64_t random;
	struct driver sensor; /* the model, as this unit sends it */
	struct reading values;
	struct edge edges[FRAME_MAX_EDGES + 8];
	size_t num_edges;
	size_t stride; /* edges a bit */
	uint64_t release_ns;
	struct frame frame;
};

static int32_t draw(struct trial *trial, int32_t min, int32_t max)
{
	return test_random_between(&trial->random, min, max);
}

static uint16_t near(struct trial *trial, uint16_t us)
{
	return (uint16_t)draw(trial, us - 2, us + 2);
}

/* A unit of this model: measured ones are within 2 us of each other, clones within 12 % of
 * the clock; some have no byte gaps, and one simulation has them longer. */
static void draw_sensor(struct trial *trial, const struct driver *driver,
			struct imperfections *out)
{
	static const uint32_t ticks_ns[] = { 0, 0, 0, 1000, 4000, 10000 };
	struct dht_wire *wire = &trial->sensor.wire;

	trial->sensor = *driver;
	wire->release_us = (uint16_t)draw(trial, 21, 42);
	wire->response_low_us = near(trial, wire->response_low_us);
	wire->response_high_us = near(trial, wire->response_high_us);
	wire->bit_low_us = near(trial, wire->bit_low_us);
	wire->zero_high_us = near(trial, wire->zero_high_us);
	wire->one_high_us = near(trial, wire->one_high_us);
	if (wire->byte_gap_us != 0)
		wire->byte_gap_us =
			(uint16_t[]){ wire->byte_gap_us, 13, 0 }[draw(trial, 0, 2)];
	*out = (struct imperfections){
		.seed = test_random(&trial->random),
		.scale_permille = draw(trial, 0, 3) == 0 ? draw(trial, -120, 120)
							 : draw(trial, -20, 20),
		.jitter_ns = (uint32_t)draw(trial, 0, 2000),
		.armed_ns = (uint32_t)draw(trial, 0, 180 * NS_PER_US),
		.rise_ns = (uint32_t)draw(trial, 0, 4000),
		.tick_ns = ticks_ns[draw(trial, 0, array_length(ticks_ns) - 1)],
	};
}

static void draw_trial(struct trial *trial, const struct driver *driver,
		       enum waveform_edges edges)
{
	struct edge records[FRAME_MAX_EDGES + 4];
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct imperfections imperfections;
	size_t num_records;

	draw_sensor(trial, driver, &imperfections);
	trial->values = test_random_values(&trial->random, driver, bytes);
	num_records = waveform_make(&trial->sensor, bytes, &imperfections, edges,
				    TEST_START_NS, records);
	test_collect(records, num_records, &trial->frame);
	trial->num_edges = trial->frame.num_edges;
	memcpy(trial->edges, trial->frame.edges,
	       trial->num_edges * sizeof(*trial->edges));
	trial->stride = edges == WAVEFORM_BOTH ? 2 : 1;
	trial->release_ns = trial->frame.release_ns;
}

static void drop(struct trial *trial, size_t at)
{
	if (at >= trial->num_edges)
		return;
	memmove(&trial->edges[at], &trial->edges[at + 1],
		(trial->num_edges - at - 1) * sizeof(*trial->edges));
	trial->num_edges--;
}

static void insert(struct trial *trial, uint64_t t_ns)
{
	size_t at = 0;

	while (at < trial->num_edges && trial->edges[at].t_ns <= t_ns)
		at++;
	memmove(&trial->edges[at + 1], &trial->edges[at],
		(trial->num_edges - at) * sizeof(*trial->edges));
	trial->edges[at] = (struct edge){
		.t_ns = t_ns,
		.event = trial->edges[at ? at - 1 : 1].event,
	};
	if (trial->stride == 2 && draw(trial, 0, 1))
		trial->edges[at].event = draw(trial, 0, 1) ? EDGE_FALLING : EDGE_RISING;
	trial->num_edges++;
}

static void shift(struct trial *trial, size_t at)
{
	static const int32_t reaches_us[] = { 15, 60, 150 };
	int32_t reach_us = reaches_us[draw(trial, 0, 2)];
	uint64_t *t_ns = &trial->edges[at].t_ns;
	int64_t by_ns = draw(trial, -reach_us * NS_PER_US / 3, reach_us * NS_PER_US);

	*t_ns = (uint64_t)((int64_t)*t_ns + by_ns);
	if (at > 0 && *t_ns < trial->edges[at - 1].t_ns)
		*t_ns = trial->edges[at - 1].t_ns + 1;
	if (at + 1 < trial->num_edges && *t_ns > trial->edges[at + 1].t_ns)
		*t_ns = trial->edges[at + 1].t_ns - 1;
}

/* A time as far away as a bit is long, or any. */
static uint64_t draw_bit_ns(struct trial *trial)
{
	const struct dht_wire *wire = &trial->sensor.wire;

	switch (draw(trial, 0, 2)) {
	case 0:
		return (wire->bit_low_us + wire->zero_high_us) * (uint64_t)NS_PER_US;
	case 1:
		return (wire->bit_low_us + wire->one_high_us) * (uint64_t)NS_PER_US;
	default:
		return (uint64_t)draw(trial, 300, 200 * NS_PER_US);
	}
}

static void lose_first_bit(struct trial *trial)
{
	size_t bits_edges = (size_t)(trial->sensor.wire.num_bits + 1) * trial->stride;
	size_t first = trial->num_edges > bits_edges ? trial->num_edges - bits_edges : 0;

	for (size_t i = 0; i < trial->stride; i++)
		drop(trial, first);
	/* the response was before us, too, or part of it was seen */
	if (draw(trial, 0, 1))
		for (size_t i = (size_t)draw(trial, 0, (int32_t)first); i > 0; i--)
			drop(trial, 0);
}

static void add_tail(struct trial *trial)
{
	for (size_t i = 0; i < trial->stride; i++)
		insert(trial, trial->edges[trial->num_edges - 1].t_ns +
				      draw_bit_ns(trial) / trial->stride);
}

static void add_front(struct trial *trial)
{
	for (size_t i = 0; i < trial->stride; i++) {
		size_t before = (size_t)draw(trial, 0, 3);
		uint64_t t_ns = trial->edges[before].t_ns;
		uint64_t by_ns = draw_bit_ns(trial) / trial->stride;

		if (t_ns > trial->release_ns + by_ns)
			insert(trial, t_ns - by_ns);
		else
			insert(trial, trial->release_ns +
					      (uint64_t)draw(trial, 0, 200 * NS_PER_US));
	}
}

static void injure(struct trial *trial, enum fault fault)
{
	size_t at = (size_t)draw(trial, 0, (int32_t)trial->num_edges - 1);

	switch (fault) {
	case FAULT_NONE:
		return;
	case FAULT_LOST:
		drop(trial, at);
		return;
	case FAULT_DOUBLED:
		insert(trial, trial->edges[at].t_ns +
				      (uint64_t)draw(trial, 300, 20 * NS_PER_US));
		return;
	case FAULT_SPURIOUS:
		insert(trial,
		       trial->release_ns + (uint64_t)draw(trial, 0, 6000 * NS_PER_US));
		return;
	case FAULT_SPIKE:
		insert(trial,
		       trial->release_ns + (uint64_t)draw(trial, 0, 6000 * NS_PER_US));
		insert(trial, trial->edges[at].t_ns +
				      (uint64_t)draw(trial, 300, 50 * NS_PER_US));
		return;
	case FAULT_SHIFTED:
		shift(trial, at);
		return;
	case FAULT_MERGED:
		if (at + 1 < trial->num_edges)
			drop(trial, at);
		return;
	case FAULT_LEFT:
	case FAULT_LEFT_SPURIOUS:
		lose_first_bit(trial);
		if (fault == FAULT_LEFT_SPURIOUS)
			add_tail(trial);
		return;
	case FAULT_RIGHT:
	case FAULT_RIGHT_SPURIOUS:
		for (size_t i = 0; i < trial->stride; i++)
			drop(trial, trial->num_edges - 1);
		if (fault == FAULT_RIGHT_SPURIOUS)
			add_front(trial);
		return;
	}
}

static enum verdict decode(struct trial *trial, const struct driver *driver,
			   bool may_repair, struct reading *out)
{
	struct frame *frame = &trial->frame;

	assert_true(trial->num_edges <= FRAME_MAX_EDGES);
	memcpy(frame->edges, trial->edges, trial->num_edges * sizeof(*trial->edges));
	frame->num_edges = (uint16_t)trial->num_edges;
	return may_repair ? decode_repair(driver, frame, NULL, out)
			  : decode_frame(driver, frame, out);
}

static uint64_t seed(void)
{
	const char *given = getenv("PIN2MQTT_SEED");
	uint64_t value = given ? strtoull(given, NULL, 0) : DEFAULT_SEED;

	return value ? value : 1;
}

static uint32_t num_frames(void)
{
	return getenv("PIN2MQTT_SOAK") ? SOAK_FRAMES : NUM_FRAMES;
}

struct counts {
	uint32_t tried[NUM_FAULTS];
	uint32_t accepted[NUM_FAULTS];
	uint32_t num_wrong;
};

static void count(struct counts *counts, struct trial *trial, const struct driver *driver,
		  bool may_repair, enum fault fault)
{
	struct reading out = { 0 };

	counts->tried[fault]++;
	if (!verdict_is_accepted(decode(trial, driver, may_repair, &out)))
		return;
	counts->accepted[fault]++;
	if (test_is_same(&out, &trial->values))
		return;
	counts->num_wrong++;
	printf("%s: wrong: fault %s, %s\n", driver->name, fault_names[fault],
	       may_repair ? "repaired" : "clean");
}

/* Prints a line a fault: accepted of tried, clean and with repair. */
static void no_fault_gives_a_wrong_value(void **state)
{
	const struct driver *driver = *(const struct driver *const *)*state;
	struct counts clean = { .num_wrong = 0 }, repaired = { .num_wrong = 0 };
	uint32_t step = getenv("PIN2MQTT_SOAK") ? 1 : FRAMES_A_REPAIR;
	static struct trial trial;

	trial.random = seed();
	for (uint32_t i = 0; i < num_frames(); i++) {
		enum fault fault = (enum fault)(i % NUM_FAULTS);
		enum waveform_edges edges = (enum waveform_edges)(draw(&trial, 0, 4) % 3);

		draw_trial(&trial, driver, edges);
		injure(&trial, fault);
		count(&clean, &trial, driver, false, fault);
		if (i % step == 0)
			count(&repaired, &trial, driver, true, fault);
	}
	printf("%s: seed %llu\n", driver->name, (unsigned long long)seed());
	for (unsigned i = 0; i < NUM_FAULTS; i++)
		printf("  %-30s %8u of %8u accepted, with repair %8u of %8u\n",
		       fault_names[i], clean.accepted[i], clean.tried[i],
		       repaired.accepted[i], repaired.tried[i]);
	assert_int_equal(clean.num_wrong, 0);
	assert_int_equal(repaired.num_wrong, 0);
	assert_true(clean.accepted[FAULT_NONE] > clean.tried[FAULT_NONE] / 100 * 95);
}

int main(void)
{
	enum { MAX_DRIVERS = 16 };
	struct CMUnitTest tests[MAX_DRIVERS] = { 0 };
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	if (num_drivers > MAX_DRIVERS)
		return 1;
	for (size_t i = 0; i < num_drivers; i++)
		tests[i] = (struct CMUnitTest){
			.name = drivers[i]->name,
			.test_func = no_fault_gives_a_wrong_value,
			.initial_state = (void *)&drivers[i],
		};
	return _cmocka_run_group_tests("no_fault_gives_a_wrong_value", tests, num_drivers,
				       NULL, NULL);
}
