/* SPDX-License-Identifier: MIT */
/* What holds for every driver, whatever comes in: the decoder comes back with a verdict, and
 * values stand with an accepted one only. */
#include "decode/decode.h"

#include <string.h>

#include "base/attributes.h"
#include "decode/check.h"
#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum { NS_PER_US = 1000 };

/* A frame of edges at equal distances, from 190 us after the release on. */
static void fill(struct frame *frame, unsigned num_edges, uint32_t interval_ns)
{
	*frame = (struct frame){
		.start_ns = TEST_START_NS,
		.release_ns = TEST_START_NS + 1200000,
		.num_edges = (uint16_t)num_edges,
	};
	frame->armed_ns = frame->release_ns + 100 * NS_PER_US;
	for (unsigned i = 0; i < num_edges; i++)
		frame->edges[i] = (struct edge){
			.t_ns = frame->release_ns + 190 * NS_PER_US +
				i * (uint64_t)interval_ns,
			.event = EDGE_FALLING,
		};
}

/* Refused for a reason that is fit to print, and nothing filled in. */
static void assert_refused(const struct driver *driver, const struct frame *frame)
{
	struct reading out, untouched;
	enum verdict verdict;

	memset(&out, 0xa5, sizeof(out));
	memset(&untouched, 0xa5, sizeof(untouched));
	verdict = decode_frame(driver, frame, &out);
	assert_in_range(verdict, VERDICT_CLEAN, NUM_VERDICTS - 1);
	assert_false(verdict_is_accepted(verdict));
	assert_non_null(verdict_name(verdict));
	assert_memory_equal(&out, &untouched, sizeof(out));
}

static void an_empty_frame_is_no_response(void **state)
{
	const struct driver *driver = *(const struct driver *const *)*state;
	struct reading out = { 0 };
	struct frame frame;

	fill(&frame, 0, 0);
	assert_int_equal(decode_frame(driver, &frame, &out), VERDICT_NO_RESPONSE);
	assert_refused(driver, &frame);
	memset(&frame, 0, sizeof(frame));
	assert_refused(driver, &frame);
}

static void the_longest_frame_is_too_long(void **state)
{
	const struct driver *driver = *(const struct driver *const *)*state;
	struct reading out = { 0 };
	struct frame frame;

	fill(&frame, FRAME_MAX_EDGES, 80 * NS_PER_US);
	assert_int_equal(decode_frame(driver, &frame, &out), VERDICT_TOO_MANY_EDGES);
	assert_refused(driver, &frame);
	frame.is_cut = true;
	assert_int_equal(decode_frame(driver, &frame, &out), VERDICT_OVERRUN);
	frame.is_lost = true;
	assert_int_equal(decode_frame(driver, &frame, &out), VERDICT_LINE_LOST);
}

static void equal_intervals_of_any_length_are_refused(void **state)
{
	static const uint32_t intervals_ns[] = { 0,        1,         300,    26000,
						 50000,    78000,     81000,  103000,
						 127000,   160000,    400000, 1000000,
						 50000000, UINT32_MAX };
	const struct driver *driver = *(const struct driver *const *)*state;
	struct frame frame;

	for (size_t i = 0; i < array_length(intervals_ns); i++) {
		for (unsigned num_edges = 0; num_edges <= FRAME_MAX_EDGES; num_edges++) {
			fill(&frame, num_edges, intervals_ns[i]);
			assert_refused(driver, &frame);
			for (unsigned edge = 0; edge < num_edges; edge += 2)
				frame.edges[edge].event = EDGE_RISING;
			assert_refused(driver, &frame);
		}
	}
}

static void stamps_of_any_kind_do_no_harm(void **state)
{
	const struct driver *driver = *(const struct driver *const *)*state;
	uint64_t random = 4711;
	struct frame frame;

	for (unsigned i = 0; i < 2000; i++) {
		unsigned num_edges = test_random(&random) % (FRAME_MAX_EDGES + 1);

		fill(&frame, num_edges, 0);
		for (unsigned edge = 0; edge < num_edges; edge++) {
			uint64_t high = (uint64_t)test_random(&random) << 32;

			frame.edges[edge].t_ns = high | test_random(&random);
			frame.edges[edge].seq = test_random(&random);
			frame.edges[edge].event = (uint8_t)test_random(&random);
		}
		frame.release_ns = test_random(&random) % 2 ? UINT64_MAX : 0;
		assert_refused(driver, &frame);
	}
}

static void bytes_without_their_sum_are_refused(void **state)
{
	const struct driver *driver = *(const struct driver *const *)*state;
	uint64_t random = 4711;
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct reading out = { 0 };
	struct frame frame;

	for (unsigned i = 0; i < 2000; i++) {
		test_random_values(&random, driver, bytes);
		bytes[4] = (uint8_t)(bytes[4] + 1 + test_random(&random) % 255);
		test_frame(driver, bytes, NULL, WAVEFORM_FALLING, &frame);
		assert_int_equal(decode_frame(driver, &frame, &out),
				 VERDICT_BAD_CHECKSUM);
	}
}

/* Any bytes with a good sum: either values in the range of all these models, or none. */
static void no_bytes_give_values_that_the_model_cannot_measure(void **state)
{
	const struct driver *driver = *(const struct driver *const *)*state;
	uint64_t random = 4711;
	uint32_t num_accepted = 0;

	for (unsigned i = 0; i < 200000; i++) {
		uint8_t bytes[DRIVER_MAX_BYTES] = { 0 }, again[DRIVER_MAX_BYTES];
		struct reading out = { 0 };

		for (unsigned byte = 0; byte < 4; byte++)
			bytes[byte] =
				(uint8_t)(test_random(&random) >>
					  (i % 2 ? 24 : 24 + test_random(&random) % 8));
		bytes[4] = check_sum8(bytes, 4);
		if (driver->decode(bytes, &out) != VERDICT_CLEAN) {
			assert_int_equal(out.num_values, 0);
			continue;
		}
		num_accepted++;
		assert_int_equal(out.num_values, 2);
		assert_true(driver->encode(&out, ENCODING_SIGN_MAGNITUDE, again));
	}
	assert_true(num_accepted > 0);
}

int main(void)
{
	static void (*const contract[])(void **) = {
		an_empty_frame_is_no_response,
		the_longest_frame_is_too_long,
		equal_intervals_of_any_length_are_refused,
		stamps_of_any_kind_do_no_harm,
		bytes_without_their_sum_are_refused,
		no_bytes_give_values_that_the_model_cannot_measure,
	};
	static const char *const names[] = {
		"an_empty_frame_is_no_response",
		"the_longest_frame_is_too_long",
		"equal_intervals_of_any_length_are_refused",
		"stamps_of_any_kind_do_no_harm",
		"bytes_without_their_sum_are_refused",
		"no_bytes_give_values_that_the_model_cannot_measure",
	};
	struct CMUnitTest tests[array_length(contract)] = { 0 };
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);
	int num_failed = 0;

	for (size_t i = 0; i < num_drivers; i++) {
		for (size_t j = 0; j < array_length(contract); j++)
			tests[j] = (struct CMUnitTest){
				.name = names[j],
				.test_func = contract[j],
				.initial_state = (void *)&drivers[i],
			};
		num_failed += _cmocka_run_group_tests(drivers[i]->name, tests,
						      array_length(tests), NULL, NULL);
	}
	return num_failed;
}
