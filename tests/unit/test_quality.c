/* SPDX-License-Identifier: MIT */
#include "decode/decoder.h"

#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum { NUM_FRAMES = 40 };

/* A sensor that is heard again and again. */
struct trial {
	uint64_t random;
	struct decoder decoder;
	struct imperfections imperfections;
	enum waveform_edges edges;
	struct frame frame;
	uint8_t bytes[DRIVER_MAX_BYTES];
};

static void init(struct trial *trial, const char *driver, enum waveform_edges edges)
{
	*trial = (struct trial){ .random = 20261122, .edges = edges };
	trial->imperfections.jitter_ns = 1000;
	decoder_init(&trial->decoder, driver_find(driver), false);
}

/* The next frame, of what is usual in a room. */
static void make(struct trial *trial)
{
	/* One after the other: as arguments they would be drawn in the compiler's order. */
	int32_t humidity_milli = test_random_between(&trial->random, 400, 500) * 100;
	int32_t temperature_milli = test_random_between(&trial->random, 180, 240) * 100;
	struct reading values = test_values(temperature_milli, humidity_milli);

	trial->imperfections.seed = test_random(&trial->random);
	assert_true(trial->decoder.driver->encode(&values, ENCODING_SIGN_MAGNITUDE,
						  trial->bytes));
	test_frame(trial->decoder.driver, trial->bytes, &trial->imperfections,
		   trial->edges, &trial->frame);
	for (unsigned i = 0; i < trial->frame.num_edges; i++)
		trial->frame.edges[i].seq = 0;
}

static enum verdict take(struct trial *trial)
{
	struct decode_evidence evidence;
	struct reading out = { 0 };

	return decoder_take(&trial->decoder, &trial->frame, &out, &evidence);
}

static void drop(struct frame *frame, unsigned at)
{
	memmove(&frame->edges[at], &frame->edges[at + 1],
		(frame->num_edges - at - 1U) * sizeof(frame->edges[0]));
	frame->num_edges--;
}

/* Frames with something done to each; returns the advice in the end. */
static enum advice try_frames(struct trial *trial, void (*spoil)(struct trial *))
{
	for (int i = 0; i < NUM_FRAMES; i++) {
		make(trial);
		if (spoil)
			spoil(trial);
		(void)take(trial);
	}
	return quality_advice(&trial->decoder.quality, QUALITY_MIN_FRAMES);
}

static void a_good_line_has_margin_and_wants_no_advice(void **state)
{
	static const char *const drivers[] = { "dht11", "dht21", "dht22" };
	struct trial trial;

	(void)state;
	for (int i = 0; i < NUM_WAVEFORM_EDGES * 3; i++) {
		init(&trial, drivers[i % 3], (enum waveform_edges)(i / 3));
		assert_int_equal(try_frames(&trial, NULL), ADVICE_NONE);
		/* from rise to rise the last bit is 7 us short by nature */
		assert_in_range(quality_margin(&trial.decoder.quality),
				i / 3 == WAVEFORM_RISING ? 60 : 80, 100);
		assert_int_equal(trial.decoder.quality.num_lost, 0);
		assert_int_equal(trial.decoder.quality.num_late, 0);
		assert_int_equal(trial.decoder.quality.num_strange, 0);
	}
}

static void nothing_is_known_before_the_first_frame(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial, "dht22", WAVEFORM_FALLING);
	assert_int_equal(quality_margin(&trial.decoder.quality), -1);
	assert_int_equal(quality_advice(&trial.decoder.quality, 0), ADVICE_NONE);
}

static void a_slow_rise_is_seen_where_rises_are(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial, "dht22", WAVEFORM_BOTH);
	trial.imperfections.rise_ns = 12000;
	assert_int_equal(try_frames(&trial, NULL), ADVICE_SLOW_RISE);
	assert_in_range(trial.decoder.quality.rise_ns, 11000, 13000);
	init(&trial, "dht22", WAVEFORM_BOTH);
	trial.imperfections.rise_ns = 5000;
	assert_int_equal(try_frames(&trial, NULL), ADVICE_NONE);
	init(&trial, "dht22", WAVEFORM_FALLING);
	trial.imperfections.rise_ns = 12000;
	assert_int_equal(try_frames(&trial, NULL), ADVICE_NONE);
}

/* The high of a 0 is over before the line has risen, or is filtered away. */
static void lose_short_highs(struct trial *trial)
{
	for (unsigned bit = 40; bit-- > 0;)
		if (!(trial->bytes[bit / 8] >> (7 - bit % 8) & 1))
			drop(&trial->frame, 1 + bit + 1);
}

static void missing_short_pulses_are_told_from_merged_interrupts(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial, "dht22", WAVEFORM_FALLING);
	assert_int_equal(try_frames(&trial, lose_short_highs), ADVICE_SHORT_PULSES);
	init(&trial, "dht11", WAVEFORM_FALLING);
	assert_int_equal(try_frames(&trial, lose_short_highs), ADVICE_SHORT_PULSES);
}

static void merge_some(struct trial *trial)
{
	unsigned num_lost = 1 + test_random(&trial->random) % 6;

	for (unsigned i = 0; i < num_lost; i++)
		drop(&trial->frame,
		     2 + test_random(&trial->random) % (trial->frame.num_edges - 3U));
}

static void merged_edges_are_counted_and_named(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial, "dht22", WAVEFORM_FALLING);
	assert_int_equal(try_frames(&trial, merge_some), ADVICE_MERGED);
	assert_in_range(trial.decoder.quality.num_lost, NUM_FRAMES, 6 * NUM_FRAMES);
}

static void count_one_each(void (*spoil)(struct trial *), struct trial *trial)
{
	init(trial, "dht22", WAVEFORM_FALLING);
	make(trial);
	(void)take(trial);
	make(trial);
	spoil(trial);
	(void)take(trial);
}

static void merge_one(struct trial *trial)
{
	drop(&trial->frame, 20);
}

static void stamp_one_late(struct trial *trial)
{
	trial->frame.edges[20].t_ns += 25000;
}

static void add_one(struct trial *trial)
{
	struct edge *edges = trial->frame.edges;

	memmove(&edges[21], &edges[20],
		(trial->frame.num_edges - 20U) * sizeof(edges[0]));
	edges[20].t_ns = edges[19].t_ns + 30000;
	trial->frame.num_edges++;
}

static void single_accidents_are_counted_as_what_they_are(void **state)
{
	const struct quality *quality;
	struct trial trial;

	(void)state;
	quality = &trial.decoder.quality;
	count_one_each(merge_one, &trial);
	assert_int_equal(quality->num_lost, 1);
	assert_int_equal(quality->num_late + quality->num_strange, 0);
	count_one_each(stamp_one_late, &trial);
	assert_int_equal(quality->num_late, 1);
	assert_int_equal(quality->num_lost + quality->num_strange, 0);
	count_one_each(add_one, &trial);
	assert_int_equal(quality->num_strange, 1);
	assert_int_equal(quality->num_lost + quality->num_late, 0);
}

static void be_silent(struct trial *trial)
{
	trial->frame.num_edges = 0;
}

static void be_late(struct trial *trial)
{
	trial->frame.edges[5 + test_random(&trial->random) % 35].t_ns += 40000;
}

static void add_some(struct trial *trial)
{
	for (int i = 0; i < 8; i++)
		add_one(trial);
}

static void send_nonsense(struct trial *trial)
{
	static const uint8_t too_hot[] = { 0x01, 0xe2, 0x03, 0x21, 0x07 };

	test_frame(trial->decoder.driver, too_hot, NULL, trial->edges, &trial->frame);
}

static void send_1_and_1(struct trial *trial)
{
	static const uint8_t hung[] = { 0, 10, 0, 10, 20 };

	test_frame(trial->decoder.driver, hung, NULL, trial->edges, &trial->frame);
}

static void arm_late(struct trial *trial)
{
	trial->imperfections.armed_ns = 3000000;
	make(trial);
}

static void each_trouble_has_its_own_advice(void **state)
{
	static const struct {
		void (*spoil)(struct trial *);
		enum advice advice;
	} rows[] = {
		{ be_silent, ADVICE_WIRING },    { be_late, ADVICE_LATE_STAMPS },
		{ add_some, ADVICE_NOISE },      { send_nonsense, ADVICE_OTHER_MODEL },
		{ arm_late, ADVICE_ARMED_LATE }, { send_1_and_1, ADVICE_HUNG },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct trial trial;

		init(&trial, "dht22", WAVEFORM_FALLING);
		assert_int_equal(try_frames(&trial, rows[i].spoil), rows[i].advice);
	}
}

static void one_bad_frame_in_twenty_is_nothing_to_act_on(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial, "dht22", WAVEFORM_FALLING);
	for (int i = 0; i < 10 * NUM_FRAMES; i++) {
		make(&trial);
		if (i % 20 == 19)
			merge_one(&trial);
		(void)take(&trial);
		assert_int_equal(quality_advice(&trial.decoder.quality,
						QUALITY_MIN_FRAMES),
				 ADVICE_NONE);
	}
}

static void advice_goes_when_the_trouble_has_gone(void **state)
{
	struct trial trial;

	(void)state;
	init(&trial, "dht22", WAVEFORM_FALLING);
	assert_int_equal(try_frames(&trial, be_silent), ADVICE_WIRING);
	assert_int_equal(try_frames(&trial, NULL), ADVICE_NONE);
}

static void words_fit_into_a_state_of_home_assistant(void **state)
{
	(void)state;
	for (int i = 0; i < NUM_ADVICES; i++)
		assert_in_range(strlen(advice_words((enum advice)i)), 4, 254);
	for (int i = 0; i < NUM_VERDICTS; i++)
		assert_int_equal(advice_for((enum verdict)i) == ADVICE_NONE,
				 verdict_is_accepted((enum verdict)i) ||
					 i == VERDICT_STALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_line_has_margin_and_wants_no_advice),
		cmocka_unit_test(nothing_is_known_before_the_first_frame),
		cmocka_unit_test(a_slow_rise_is_seen_where_rises_are),
		cmocka_unit_test(missing_short_pulses_are_told_from_merged_interrupts),
		cmocka_unit_test(merged_edges_are_counted_and_named),
		cmocka_unit_test(single_accidents_are_counted_as_what_they_are),
		cmocka_unit_test(each_trouble_has_its_own_advice),
		cmocka_unit_test(one_bad_frame_in_twenty_is_nothing_to_act_on),
		cmocka_unit_test(advice_goes_when_the_trouble_has_gone),
		cmocka_unit_test(words_fit_into_a_state_of_home_assistant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
