/* SPDX-License-Identifier: MIT */
/* Frames: no input may crash the decoder, and what it accepts is what the model can measure.
 *
 * The input is the driver, the kinds of edges, the times of release and arming, and a step to
 * the next edge in each two bytes. One kind of input begins with a good frame and changes it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decoder.h"
#include "decode/levels.h"
#include "decode/waveform.h"

enum { NS_PER_STEP = 50, START_NS = 1000000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes);

struct input {
	const uint8_t *data;
	size_t num_bytes;
};

static unsigned take(struct input *input)
{
	if (input->num_bytes == 0)
		return 0;
	input->num_bytes--;
	return *input->data++;
}

static uint32_t take_ns(struct input *input)
{
	unsigned high = take(input);

	return (high << 8 | take(input)) * NS_PER_STEP;
}

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_values(const struct driver *driver, const struct reading *reading)
{
	uint8_t bytes[DRIVER_MAX_BYTES];

	check(reading->num_values == 2);
	check(driver->encode(reading, ENCODING_SIGN_MAGNITUDE, bytes));
	for (unsigned i = 0; i < reading->num_values; i++) {
		const struct value *value = &reading->values[i];
		bool is_humidity = value->quantity == QUANTITY_HUMIDITY;

		check(value->milli >= (is_humidity ? 0 : -40000));
		check(value->milli <= (is_humidity ? 100000 : 80000));
	}
}

/* Edges at the distances that the input says. */
static void fill_freely(struct frame *frame, struct input *input, unsigned kinds)
{
	uint64_t t_ns = frame->release_ns;

	while (input->num_bytes > 0 && frame->num_edges < FRAME_MAX_EDGES) {
		uint8_t event = kinds == 0 ? EDGE_FALLING : EDGE_RISING;

		if (kinds == 2)
			event = frame->num_edges % 2 ? EDGE_RISING : EDGE_FALLING;
		t_ns += take_ns(input);
		frame->edges[frame->num_edges++] =
			(struct edge){ .t_ns = t_ns, .event = event };
	}
}

/* A sensor's frame, with the bytes that the input says and some edges moved. */
static void fill_from_sensor(struct frame *frame, struct input *input,
			     const struct driver *driver, unsigned kinds)
{
	struct imperfections imperfections = {
		.seed = take(input),
		.scale_permille = (int32_t)take(input) - 128,
		.jitter_ns = take(input) * 20,
		.armed_ns = take_ns(input),
		.lost_permille = take(input) / 16,
		.glitch_permille = take(input) / 16,
	};
	struct edge records[FRAME_MAX_EDGES + 4];
	uint8_t bytes[DRIVER_MAX_BYTES];
	size_t num_records;

	for (unsigned i = 0; i < DRIVER_MAX_BYTES; i++)
		bytes[i] = (uint8_t)take(input);
	if (take(input) % 2)
		bytes[4] = (uint8_t)(bytes[0] + bytes[1] + bytes[2] + bytes[3]);
	num_records = waveform_make(driver, bytes, &imperfections,
				    (enum waveform_edges)kinds, START_NS, records);
	for (size_t i = 0; i < num_records; i++) {
		if (records[i].event == EDGE_RELEASE)
			frame->release_ns = records[i].t_ns;
		if (records[i].event == EDGE_ARMED)
			frame->armed_ns = records[i].t_ns;
		if ((records[i].event == EDGE_FALLING ||
		     records[i].event == EDGE_RISING) &&
		    frame->num_edges < FRAME_MAX_EDGES)
			frame->edges[frame->num_edges++] = records[i];
	}
	while (input->num_bytes > 0 && frame->num_edges > 0) {
		struct edge *edge = &frame->edges[take(input) % frame->num_edges];

		edge->t_ns += take_ns(input);
	}
}

/* Repair changes nothing where the frame is clean. */
static void check_repair(const struct driver *driver, const struct frame *frame,
			 enum verdict clean)
{
	struct decode_state state = { .profile = { .num_frames = 0 } };
	struct reading reading = { 0 };
	enum verdict verdict = decode_repair(driver, frame, &state, &reading);

	check((verdict == VERDICT_CLEAN) == (clean == VERDICT_CLEAN));
	check((reading.flags == READING_REPAIRED) == (verdict == VERDICT_REPAIRED));
	if (verdict_is_accepted(verdict))
		check_values(driver, &reading);
	else
		check(reading.num_values == 0);
}

/* Levels can be drawn of anything: they alternate, and end high. */
static void check_levels(const struct driver *driver, const struct frame *frame)
{
	struct edge records[LEVELS_MAX_RECORDS];
	struct decode_evidence evidence;
	struct decoder decoder;
	struct reading reading = { 0 };
	bool is_low = false;

	decoder_init(&decoder, driver, false);

	enum verdict verdict = decoder_take(&decoder, frame, &reading, &evidence);
	size_t num_records = levels_make(driver, frame, verdict, &evidence, records);

	check(num_records <= LEVELS_MAX_RECORDS);
	check(records[num_records - 1].event == EDGE_END);
	for (size_t i = 0; i < num_records; i++) {
		if (records[i].event != EDGE_FALLING && records[i].event != EDGE_RISING)
			continue;
		check(is_low == (records[i].event == EDGE_RISING));
		is_low = records[i].event == EDGE_FALLING;
	}
	check(!is_low);
}

/* Nothing is accepted at once where the model is not known. */
static void check_undecided(const struct frame *frame)
{
	struct decode_evidence evidence;
	struct decoder decoder;
	struct reading reading = { 0 };

	decoder_init(&decoder, &driver_dht, false);
	check(!verdict_is_accepted(decoder_take(&decoder, frame, &reading, &evidence)));
	check(reading.num_values == 0 && !decoder.model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes)
{
	struct input input = { data, num_bytes };
	struct frame frame = { .start_ns = START_NS };
	struct reading reading;
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);
	const struct driver *driver = drivers[take(&input) % num_drivers];
	unsigned kinds = take(&input) % NUM_WAVEFORM_EDGES;
	enum verdict verdict;

	if (take(&input) % 2) {
		fill_from_sensor(&frame, &input, driver, kinds);
	} else {
		frame.release_ns = START_NS + take_ns(&input);
		frame.armed_ns = frame.release_ns + take_ns(&input);
		fill_freely(&frame, &input, kinds);
	}
	memset(&reading, 0, sizeof(reading));
	verdict = decode_frame(driver, &frame, &reading);
	check((unsigned)verdict < NUM_VERDICTS);
	if (verdict_is_accepted(verdict))
		check_values(driver, &reading);
	else
		check(reading.num_values == 0);
	check_repair(driver, &frame, verdict);
	check_levels(driver, &frame);
	check_undecided(&frame);
	return 0;
}
