/* SPDX-License-Identifier: MIT */
#include "decode/decode.h"

#include <stdio.h>
#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

/* What a frame made of these values is taken for. */
static enum verdict try_values(const struct driver *driver,
			       const struct imperfections *imperfections,
			       enum waveform_edges edges, struct reading *out)
{
	struct reading values = test_values(23800, 72100);
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct frame frame;

	assert_true(driver->encode(&values, ENCODING_SIGN_MAGNITUDE, bytes));
	test_frame(driver, bytes, imperfections, edges, &frame);
	return decode_frame(driver, &frame, out);
}

static void an_ideal_frame_of_every_driver_is_clean(void **state)
{
	struct reading values = test_values(23800, 72100);
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	(void)state;
	for (size_t i = 0; i < num_drivers; i++)
		for (int edges = 0; edges < NUM_WAVEFORM_EDGES; edges++) {
			struct reading out = { .wall_ms = 5, .seq = 6 };

			assert_int_equal(try_values(drivers[i], NULL,
						    (enum waveform_edges)edges, &out),
					 VERDICT_CLEAN);
			assert_true(test_is_same(&out, &values));
			assert_int_equal(out.t_ns, TEST_START_NS);
			assert_int_equal(out.wall_ms, 5);
			assert_int_equal(out.seq, 6);
			assert_int_equal(out.flags, 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ideal_frame_of_every_driver_is_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
