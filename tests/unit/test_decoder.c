/* SPDX-License-Identifier: MIT */
#include "decode/decoder.h"

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum { NUM_SENSORS = 400, MAX_FRAMES = 200 };

static const char *const model_names[] = { "dht11", "dht21", "dht22" };
enum { NUM_MODELS = array_length(model_names) };

static const struct driver *model_at(uint32_t index)
{
	return driver_find(model_names[index % NUM_MODELS]);
}

/* A frame of any values, with a wire and a kernel as bad as the seed has it. */
static struct reading make_frame(uint64_t *random, const struct driver *driver,
				 uint32_t trouble, struct frame *out)
{
	const struct imperfections imperfections = {
		.seed = test_random(random),
		.scale_permille = test_random_between(random, -100, 100),
		.jitter_ns = test_random(random) % (500 + trouble * 150),
		.armed_ns = trouble ? test_random(random) % 260000 : 0,
		.lost_permille = trouble ? test_random(random) % (trouble * 3) : 0,
		.glitch_permille = trouble ? test_random(random) % trouble : 0,
	};
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct reading values = test_random_values(random, driver, bytes);

	/* The kernel says where its buffer was full; here nothing does. */
	test_frame(driver, bytes, &imperfections, WAVEFORM_FALLING, out);
	for (unsigned i = 0; i < out->num_edges; i++)
		out->edges[i].seq = 0;
	return values;
}

static enum verdict take(struct decoder *decoder, const struct frame *frame,
			 struct reading *out)
{
	struct decode_evidence evidence;

	*out = (struct reading){ 0 };
	return decoder_take(decoder, frame, out, &evidence);
}

static bool is_clean(const struct driver *driver, const struct frame *frame)
{
	struct reading out = { 0 };

	return decode_frame(driver, frame, &out) == VERDICT_CLEAN;
}

static void a_named_model_is_known_from_the_first_frame_on(void **state)
{
	uint64_t random = 1;
	struct decoder decoder;
	struct reading out, values;
	struct frame frame;

	(void)state;
	decoder_init(&decoder, model_at(0), false);
	assert_ptr_equal(decoder.model, model_at(0));
	values = make_frame(&random, model_at(0), 0, &frame);
	assert_int_equal(take(&decoder, &frame, &out), VERDICT_CLEAN);
	assert_true(test_is_same(&out, &values));
}

/* Whatever the trouble: no reading before three clean frames of the model, the right model
 * from then on, and no wrong value. */
static void a_model_is_found_out_by_clean_frames_and_kept(void **state)
{
	uint64_t random = 20261122;
	uint32_t num_decided = 0;

	(void)state;
	for (uint32_t sensor = 0; sensor < NUM_SENSORS; sensor++) {
		const struct driver *model = model_at(sensor);
		uint32_t trouble = test_random(&random) % 40, num_clean = 0;
		struct decoder decoder;

		decoder_init(&decoder, &driver_dht, sensor % 2);
		for (unsigned i = 0; i < MAX_FRAMES / 4; i++) {
			struct reading out, values;
			struct frame frame;
			enum verdict verdict;

			values = make_frame(&random, model, trouble, &frame);
			num_clean += is_clean(model, &frame);
			verdict = take(&decoder, &frame, &out);
			assert_true(decoder.model ==
				    (num_clean < DECODER_DECIDE_FRAMES ? NULL : model));
			if (num_clean < DECODER_DECIDE_FRAMES)
				assert_false(verdict_is_accepted(verdict));
			if (verdict_is_accepted(verdict))
				assert_true(test_is_same(&out, &values));
			else
				assert_int_equal(out.num_values, 0);
		}
		num_decided += decoder.model != NULL;
	}
	/* There was something to see. */
	assert_in_range(num_decided, NUM_SENSORS / 4, NUM_SENSORS);
}

static void an_undecided_frame_says_so_and_a_bad_one_why(void **state)
{
	uint64_t random = 7;
	struct decoder decoder;
	struct reading out;
	struct frame frame;

	(void)state;
	for (uint32_t i = 0; i < NUM_MODELS; i++) {
		decoder_init(&decoder, &driver_dht, false);
		make_frame(&random, model_at(i), 0, &frame);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_UNDECIDED);
		frame.num_edges = 0;
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_NO_RESPONSE);
		frame.num_edges = 20;
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_TOO_FEW_EDGES);
		frame.is_cut = true;
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_OVERRUN);
	}
}

/* Two sensors in turns on one wire are no sensor. */
static void contradicting_frames_decide_nothing(void **state)
{
	uint64_t random = 8;
	struct decoder decoder;

	(void)state;
	decoder_init(&decoder, &driver_dht, false);
	for (uint32_t i = 0; i < MAX_FRAMES; i++) {
		struct reading out;
		struct frame frame;

		make_frame(&random, model_at(i / (DECODER_DECIDE_FRAMES - 1)), 0, &frame);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_UNDECIDED);
	}
	assert_null(decoder.model);
}

static void decide(struct decoder *decoder, uint64_t *random, const struct driver *model)
{
	struct reading out;
	struct frame frame;

	decoder_init(decoder, &driver_dht, false);
	for (int i = 0; i < DECODER_DECIDE_FRAMES; i++) {
		make_frame(random, model, 0, &frame);
		(void)take(decoder, &frame, &out);
	}
	assert_ptr_equal(decoder->model, model);
}

/* Fewer frames of others than it takes, in any mixture, change nothing, and none of them is
 * accepted. */
static void a_decided_model_does_not_flap(void **state)
{
	uint64_t random = 9;

	(void)state;
	for (uint32_t round = 0; round < NUM_SENSORS / 4; round++) {
		const struct driver *model = model_at(round);
		struct decoder decoder;
		struct reading out, values;
		struct frame frame;

		decide(&decoder, &random, model);
		for (int turn = 0; turn < 10; turn++) {
			uint32_t num_others =
				test_random(&random) % DECODER_CHANGE_FRAMES;

			for (uint32_t i = 0; i < num_others; i++) {
				make_frame(&random,
					   model_at(round + 1 + test_random(&random) % 2),
					   0, &frame);
				assert_false(verdict_is_accepted(
					take(&decoder, &frame, &out)));
				assert_ptr_equal(decoder.model, model);
			}
			do
				values = make_frame(&random, model, 0, &frame);
			while (!verdict_is_accepted(take(&decoder, &frame, &out)));
			assert_ptr_equal(decoder.model, model);
			assert_true(test_is_same(&out, &values));
		}
	}
}

static void another_sensor_is_taken_for_what_it_is_in_the_end(void **state)
{
	uint64_t random = 10;

	(void)state;
	for (uint32_t round = 0; round < NUM_MODELS * 2; round++) {
		const struct driver *before = model_at(round);
		const struct driver *after = model_at(round + 1 + round / NUM_MODELS);
		struct decoder decoder;
		struct reading out, values;
		struct frame frame;

		decide(&decoder, &random, before);
		for (int i = 1; i < DECODER_CHANGE_FRAMES; i++) {
			make_frame(&random, after, 0, &frame);
			assert_false(verdict_is_accepted(take(&decoder, &frame, &out)));
		}
		values = make_frame(&random, after, 0, &frame);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_CLEAN);
		assert_ptr_equal(decoder.model, after);
		assert_true(test_is_same(&out, &values));
	}
}

/* Below zero, in one encoding or the other. */
static void make_negative(uint64_t *random, enum encoding encoding, struct frame *out)
{
	const struct driver *driver = driver_find("dht22");
	struct reading values = test_values(test_random_between(random, -400, -1) * 100,
					    test_random_between(random, 10, 1000) * 100);
	uint8_t bytes[DRIVER_MAX_BYTES];

	assert_true(driver->encode(&values, encoding, bytes));
	test_frame(driver, bytes, NULL, WAVEFORM_FALLING, out);
}

static void a_unit_keeps_to_its_encoding_of_negative_temperatures(void **state)
{
	uint64_t random = 11;

	(void)state;
	for (int encoding = 0; encoding < NUM_ENCODINGS; encoding++) {
		enum encoding own = (enum encoding)encoding;
		enum encoding other = (enum encoding)(NUM_ENCODINGS - 1 - encoding);
		struct decoder decoder;
		struct reading out;
		struct frame frame;

		decoder_init(&decoder, driver_find("dht22"), false);
		for (int i = 0; i < MAX_FRAMES; i++) {
			make_negative(&random, own, &frame);
			assert_int_equal(take(&decoder, &frame, &out), VERDICT_CLEAN);
			make_negative(&random, other, &frame);
			assert_int_equal(take(&decoder, &frame, &out),
					 VERDICT_IMPLAUSIBLE);
			assert_int_equal(out.num_values, 0);
		}
		/* until there is no doubt */
		for (int i = 2; i < NEGATIVES_CHANGE_FRAMES; i++)
			assert_int_equal(take(&decoder, &frame, &out),
					 VERDICT_IMPLAUSIBLE);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_CLEAN);
		make_negative(&random, own, &frame);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_IMPLAUSIBLE);
	}
}

static void minus_zero_and_all_above_belong_to_both_encodings(void **state)
{
	static const uint8_t minus_zero[] = { 0x02, 0x8c, 0x80, 0x00, 0x0e };
	static const uint8_t above[] = { 0x02, 0x8c, 0x01, 0x5f, 0xee };
	const struct driver *driver = driver_find("dht22");
	uint64_t random = 12;
	struct decoder decoder;
	struct reading out;
	struct frame frame;

	(void)state;
	decoder_init(&decoder, driver, false);
	for (int i = 0; i < NEGATIVES_CHANGE_FRAMES * 2; i++) {
		make_negative(&random, ENCODING_TWOS_COMPLEMENT, &frame);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_CLEAN);
		test_frame(driver, minus_zero, NULL, WAVEFORM_FALLING, &frame);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_CLEAN);
		assert_int_equal(out.values[0].milli, 0);
		test_frame(driver, above, NULL, WAVEFORM_FALLING, &frame);
		assert_int_equal(take(&decoder, &frame, &out), VERDICT_CLEAN);
	}
}

static void drop(struct frame *frame, unsigned at)
{
	for (unsigned i = at; i + 1U < frame->num_edges; i++)
		frame->edges[i] = frame->edges[i + 1];
	frame->num_edges--;
	for (unsigned i = 0; i < frame->num_edges; i++)
		frame->edges[i].seq = 0;
}

static void no_damaged_frame_is_repaired_into_the_other_encoding(void **state)
{
	uint64_t random = 13;
	uint32_t num_repaired[NUM_ENCODINGS] = { 0 };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		enum encoding sent = (enum encoding)(i % NUM_ENCODINGS);
		struct decoder decoder;
		struct reading out;
		struct frame frame;

		decoder_init(&decoder, driver_find("dht22"), false);
		decoder.state.negatives = (struct negatives){
			.is_known = true,
			.encoding = ENCODING_TWOS_COMPLEMENT,
		};
		make_negative(&random, sent, &frame);
		drop(&frame, 2 + test_random(&random) % 38);
		num_repaired[sent] += verdict_is_accepted(take(&decoder, &frame, &out));
	}
	assert_true(num_repaired[ENCODING_TWOS_COMPLEMENT] > 500);
	assert_int_equal(num_repaired[ENCODING_SIGN_MAGNITUDE], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_named_model_is_known_from_the_first_frame_on),
		cmocka_unit_test(a_model_is_found_out_by_clean_frames_and_kept),
		cmocka_unit_test(an_undecided_frame_says_so_and_a_bad_one_why),
		cmocka_unit_test(contradicting_frames_decide_nothing),
		cmocka_unit_test(a_decided_model_does_not_flap),
		cmocka_unit_test(another_sensor_is_taken_for_what_it_is_in_the_end),
		cmocka_unit_test(a_unit_keeps_to_its_encoding_of_negative_temperatures),
		cmocka_unit_test(minus_zero_and_all_above_belong_to_both_encodings),
		cmocka_unit_test(no_damaged_frame_is_repaired_into_the_other_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
