/* SPDX-License-Identifier: MIT */
#include "decode/driver.h"

#include <string.h>

#include "decode/bits.h"
#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

struct row {
	const char *driver;
	uint8_t bytes[DRIVER_MAX_BYTES];
	enum verdict verdict;
	int32_t temperature_milli;
	int32_t humidity_milli;
};

/* The sums are not looked at here: that is decode_frame()'s. */
static void check(const struct row *rows, size_t num_rows)
{
	for (size_t i = 0; i < num_rows; i++) {
		const struct driver *driver = driver_find(rows[i].driver);
		struct reading out = { 0 };

		assert_non_null(driver);
		assert_int_equal(driver->decode(rows[i].bytes, &out), rows[i].verdict);
		if (rows[i].verdict != VERDICT_CLEAN) {
			assert_int_equal(out.num_values, 0);
			continue;
		}
		assert_int_equal(out.num_values, 2);
		assert_int_equal(out.values[0].quantity, QUANTITY_TEMPERATURE);
		assert_int_equal(out.values[0].milli, rows[i].temperature_milli);
		assert_int_equal(out.values[1].quantity, QUANTITY_HUMIDITY);
		assert_int_equal(out.values[1].milli, rows[i].humidity_milli);
	}
}

static void every_name_and_alias_finds_its_driver(void **state)
{
	static const char *const pairs[][2] = {
		{ "dht22", "dht22" },   { "am2302", "dht22" }, { "rht03", "dht22" },
		{ "am2303", "dht22" },  { "am2305", "dht22" }, { "am2320", "dht22" },
		{ "am2321", "dht22" },  { "am2322", "dht22" }, { "dht21", "dht21" },
		{ "am2301", "dht21" },  { "dht11", "dht11" },  { "dht12", "dht12" },
		{ "si7021", "si7021" }, { "ths01", "si7021" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(pairs); i++) {
		const struct driver *driver = driver_find(pairs[i][0]);

		assert_non_null(driver);
		assert_string_equal(driver->name, pairs[i][1]);
	}
	assert_null(driver_find("dht2"));
	assert_null(driver_find(""));
	assert_null(driver_find("DHT22"));
}

static void no_name_means_two_drivers(void **state)
{
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	(void)state;
	assert_int_equal(num_drivers, 5);
	for (size_t i = 0; i < num_drivers; i++) {
		assert_ptr_equal(driver_find(drivers[i]->name), drivers[i]);
		for (const char *const *alias = drivers[i]->aliases; *alias; alias++)
			assert_ptr_equal(driver_find(*alias), drivers[i]);
	}
}

static void probes_are_what_the_sensors_take(void **state)
{
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	(void)state;
	for (size_t i = 0; i < num_drivers; i++) {
		const struct probe *probe = &drivers[i]->probe;
		const struct dht_wire *wire = &drivers[i]->wire;
		uint32_t longest_us = wire->bit_low_us + wire->one_high_us;

		/* Half of the bits are ones at most in long frames, 33 in short ones. */
		assert_true(probe->frame_us > 33 * longest_us * 115 / 100);
		assert_true(probe->min_interval_ms >= 1000);
		assert_true(wire->num_bits == 40 || wire->num_bits == 64);
	}
	assert_in_range(driver_find("si7021")->probe.start_low_us, 440, 520);
	assert_in_range(driver_find("dht22")->probe.start_low_us, 1000, 2000);
	assert_in_range(driver_find("dht11")->probe.start_low_us, 18000, 20000);
}

static void tenths_come_in_all_negative_encodings(void **state)
{
	static const struct row rows[] = {
		{ "dht22", { 0x02, 0xd1, 0x00, 0xee }, VERDICT_CLEAN, 23800, 72100 },
		{ "dht22", { 0x01, 0xf4, 0x80, 0x4e }, VERDICT_CLEAN, -7800, 50000 },
		{ "dht22", { 0x01, 0xf4, 0x80, 0x02 }, VERDICT_CLEAN, -200, 50000 },
		{ "dht22", { 0x01, 0xf4, 0xff, 0xf7 }, VERDICT_CLEAN, -900, 50000 },
		{ "dht22", { 0x01, 0xf4, 0xff, 0x3f }, VERDICT_CLEAN, -19300, 50000 },
		{ "dht22", { 0x01, 0xf4, 0x80, 0x00 }, VERDICT_CLEAN, 0, 50000 },
		{ "dht22", { 0x01, 0xf4, 0x81, 0x90 }, VERDICT_CLEAN, -40000, 50000 },
		{ "dht22", { 0x01, 0xf4, 0xfe, 0x70 }, VERDICT_CLEAN, -40000, 50000 },
		{ "dht22", { 0x03, 0xe8, 0x03, 0x20 }, VERDICT_CLEAN, 80000, 100000 },
		{ "dht21", { 0x01, 0xf4, 0x80, 0x4e }, VERDICT_CLEAN, -7800, 50000 },
		{ "dht21", { 0x01, 0xf4, 0xff, 0xf7 }, VERDICT_CLEAN, -900, 50000 },
		{ "si7021", { 0x01, 0xf4, 0xff, 0xf7 }, VERDICT_CLEAN, -900, 50000 },
	};

	(void)state;
	check(rows, array_length(rows));
}

/* The one of the two values that is possible is not told, either. */
static void a_frame_with_one_value_out_of_range_is_half_valid(void **state)
{
	static const struct row rows[] = {
		{ .driver = "dht22", { 0x03, 0xe9, 0, 0xc8 }, VERDICT_HALF_VALID },
		{ .driver = "dht22", { 0x01, 0xf4, 0x03, 0x21 }, VERDICT_HALF_VALID },
		{ .driver = "dht22", { 0x01, 0xf4, 0x81, 0x91 }, VERDICT_HALF_VALID },
		{ .driver = "dht22", { 0x01, 0xf4, 0xfe, 0x6f }, VERDICT_HALF_VALID },
		{ .driver = "dht22", { 0x01, 0xf4, 0x7f, 0xf7 }, VERDICT_HALF_VALID },
		{ .driver = "dht22", { 0x01, 0xf4, 0xc0, 0x02 }, VERDICT_HALF_VALID },
		{ .driver = "dht22", { 0x01, 0xf4, 0x10, 0x02 }, VERDICT_HALF_VALID },
		/* RobTillaart/Arduino#94: 22.2 degree and 52.1 %, slipped */
		{ .driver = "dht22", { 0x81, 0x04, 0x80, 0x6f }, VERDICT_HALF_VALID },
		{ .driver = "dht11", { 96, 0, 20, 0 }, VERDICT_HALF_VALID },
		{ .driver = "dht11", { 4, 9, 20, 0 }, VERDICT_HALF_VALID },
		{ .driver = "dht11", { 40, 0, 60, 1 }, VERDICT_HALF_VALID },
		{ .driver = "dht11", { 40, 0, 20, 0x81 }, VERDICT_HALF_VALID },
		{ .driver = "dht11", { 40, 10, 20, 0 }, VERDICT_HALF_VALID },
		/* hundredths or not: the frame does not say */
		{ .driver = "dht11", { 40, 0, 24, 0x8c }, VERDICT_HALF_VALID },
		{ .driver = "dht11", { 40, 0, 24, 10 }, VERDICT_HALF_VALID },
		{ .driver = "dht12", { 19, 9, 20, 0 }, VERDICT_HALF_VALID },
		{ .driver = "dht12", { 55, 7, 23, 0x89 }, VERDICT_HALF_VALID },
	};

	(void)state;
	check(rows, array_length(rows));
}

static void a_frame_with_both_values_out_of_range_is_implausible(void **state)
{
	static const struct row rows[] = {
		{ .driver = "dht22", { 0x28, 0x00, 0x1b, 0x00 }, VERDICT_IMPLAUSIBLE },
		{ .driver = "dht22", { 0x03, 0xe9, 0x03, 0x21 }, VERDICT_IMPLAUSIBLE },
		{ .driver = "dht11", { 2, 0xd1, 0, 0xee }, VERDICT_IMPLAUSIBLE },
	};

	(void)state;
	check(rows, array_length(rows));
}

static void frames_of_hung_sensors_are_refused(void **state)
{
	static const struct row rows[] = {
		{ .driver = "dht22", { 0 }, VERDICT_ALL_ZERO },
		{ .driver = "dht21", { 0 }, VERDICT_ALL_ZERO },
		{ .driver = "si7021", { 0 }, VERDICT_ALL_ZERO },
		{ .driver = "dht11", { 0 }, VERDICT_ALL_ZERO },
		{ .driver = "dht12", { 0 }, VERDICT_ALL_ZERO },
		{ .driver = "dht22", { 0, 10, 0, 0, 10 }, VERDICT_HUNG },
		{ .driver = "dht22", { 0, 20, 0, 0, 20 }, VERDICT_HUNG },
		{ .driver = "dht22", { 0, 10, 0, 1, 11 }, VERDICT_HUNG },
		{ .driver = "dht22", { 0, 10, 0, 10, 20 }, VERDICT_HUNG },
		{ .driver = "dht22", { 0, 10, 0x80, 0, 0x8a }, VERDICT_HUNG },
		{ .driver = "dht11", { 1, 0, 1, 0, 2 }, VERDICT_HUNG },
		{ .driver = "dht11", { 2, 0, 0, 0, 2 }, VERDICT_HUNG },
	};

	(void)state;
	check(rows, array_length(rows));
}

static void whole_units_come_with_tenths_and_sign(void **state)
{
	static const struct row rows[] = {
		{ "dht11", { 36, 0, 27, 0 }, VERDICT_CLEAN, 27000, 36000 },
		{ "dht11", { 42, 0, 31, 4 }, VERDICT_CLEAN, 31400, 42000 },
		{ "dht11", { 42, 0, 0, 0x85 }, VERDICT_CLEAN, -500, 42000 },
		{ "dht11", { 42, 0, 9, 0x83 }, VERDICT_CLEAN, -9300, 42000 },
		{ "dht11", { 42, 0, 0, 0x80 }, VERDICT_CLEAN, 0, 42000 },
		{ "dht11", { 42, 0, 20, 0x80 }, VERDICT_CLEAN, -20000, 42000 },
		{ "dht11", { 5, 0, 60, 0 }, VERDICT_CLEAN, 60000, 5000 },
		{ "dht12", { 55, 7, 13, 0x89 }, VERDICT_CLEAN, -13900, 55700 },
		{ "dht12", { 55, 7, 23, 9 }, VERDICT_CLEAN, 23900, 55700 },
	};

	(void)state;
	check(rows, array_length(rows));
}

static void a_pad_that_is_no_pad_is_implausible(void **state)
{
	static const struct row rows[] = {
		{ "dht21",
		  { 2, 0x0e, 1, 0, 0x11, 0, 0, 0 },
		  VERDICT_CLEAN,
		  25600,
		  52600 },
		{ "dht21",
		  { 2, 0x0e, 1, 0, 0x11, 0xff, 0xff, 0xff },
		  VERDICT_CLEAN,
		  25600,
		  52600 },
		{ "dht21", { 2, 0x0e, 1, 0, 0x11, 0, 0, 1 }, VERDICT_IMPLAUSIBLE, 0, 0 },
		{ "dht21", { 2, 0x0e, 1, 0, 0x11, 1, 0, 0 }, VERDICT_IMPLAUSIBLE, 0, 0 },
	};

	(void)state;
	check(rows, array_length(rows));
}

static void encode_refuses_what_the_model_cannot_send(void **state)
{
	static const struct {
		const char *driver;
		int32_t temperature_milli;
		int32_t humidity_milli;
		enum encoding encoding;
	} rows[] = {
		{ "dht22", 80051, 50000, ENCODING_SIGN_MAGNITUDE },
		{ "dht22", -40051, 50000, ENCODING_TWOS_COMPLEMENT },
		{ "dht22", 20000, 100050, ENCODING_SIGN_MAGNITUDE },
		{ "dht22", 20000, -60, ENCODING_SIGN_MAGNITUDE },
		{ "dht22", 0, 2000, ENCODING_SIGN_MAGNITUDE },
		{ "dht22", INT32_MAX, 50000, ENCODING_SIGN_MAGNITUDE },
		{ "dht22", INT32_MIN, 50000, ENCODING_SIGN_MAGNITUDE },
		{ "dht11", 20000, 50000, ENCODING_TWOS_COMPLEMENT },
		{ "dht11", 60100, 50000, ENCODING_SIGN_MAGNITUDE },
		{ "dht11", 20000, 4900, ENCODING_SIGN_MAGNITUDE },
	};
	uint8_t bytes[DRIVER_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct reading values =
			test_values(rows[i].temperature_milli, rows[i].humidity_milli);

		assert_false(driver_find(rows[i].driver)
				     ->encode(&values, rows[i].encoding, bytes));
	}

	struct reading half = { 0 };

	reading_add(&half, QUANTITY_HUMIDITY, 50000, 1);
	assert_false(driver_find("dht22")->encode(&half, ENCODING_SIGN_MAGNITUDE, bytes));
}

static void encode_rounds_to_tenths_half_away_from_zero(void **state)
{
	static const int32_t rows[][2] = {
		{ 21449, 21400 },   { 21450, 21500 }, { -21449, -21400 },
		{ -21450, -21500 }, { -49, 0 },       { 80049, 80000 },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct reading values = test_values(rows[i][0], 50000);
		struct reading out = { 0 };
		uint8_t bytes[DRIVER_MAX_BYTES];

		assert_true(driver_find("dht22")->encode(&values, ENCODING_SIGN_MAGNITUDE,
							 bytes));
		assert_int_equal(driver_find("dht22")->decode(bytes, &out),
				 VERDICT_CLEAN);
		assert_int_equal(out.values[0].milli, rows[i][1]);
	}
}

/* Whether every value in the driver's range comes back; returns how many there are. */
static uint32_t count_round_trips(const struct driver *driver, enum encoding encoding)
{
	uint32_t count = 0;

	for (int32_t t_milli = -45000; t_milli <= 85000; t_milli += 100) {
		for (int32_t h_milli = -100; h_milli <= 100100; h_milli += 100) {
			struct reading values = test_values(t_milli, h_milli);
			struct reading out = { 0 };
			uint8_t bytes[DRIVER_MAX_BYTES];

			if (!driver->encode(&values, encoding, bytes))
				continue;
			count++;
			if (driver->decode(bytes, &out) != VERDICT_CLEAN ||
			    !test_is_same(&values, &out))
				return 0;
		}
	}
	return count;
}

static void every_representable_value_comes_back(void **state)
{
	/* 1201 temperatures x 1001 humidities, but for 23 bogus pairs */
	enum { NUM_TENTHS = 1201 * 1001 - 23 };

	(void)state;
	for (int i = 0; i < NUM_ENCODINGS; i++) {
		enum encoding encoding = (enum encoding)i;
		bool has_tenths = encoding == ENCODING_SIGN_MAGNITUDE;

		assert_int_equal(count_round_trips(driver_find("dht22"), encoding),
				 NUM_TENTHS);
		assert_int_equal(count_round_trips(driver_find("dht21"), encoding),
				 NUM_TENTHS);
		assert_int_equal(count_round_trips(driver_find("si7021"), encoding),
				 NUM_TENTHS);
		assert_int_equal(count_round_trips(driver_find("dht11"), encoding),
				 has_tenths ? 801 * 901 : 0);
		assert_int_equal(count_round_trips(driver_find("dht12"), encoding),
				 has_tenths ? 801 * 751 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_and_alias_finds_its_driver),
		cmocka_unit_test(no_name_means_two_drivers),
		cmocka_unit_test(probes_are_what_the_sensors_take),
		cmocka_unit_test(tenths_come_in_all_negative_encodings),
		cmocka_unit_test(a_frame_with_one_value_out_of_range_is_half_valid),
		cmocka_unit_test(a_frame_with_both_values_out_of_range_is_implausible),
		cmocka_unit_test(frames_of_hung_sensors_are_refused),
		cmocka_unit_test(whole_units_come_with_tenths_and_sign),
		cmocka_unit_test(a_pad_that_is_no_pad_is_implausible),
		cmocka_unit_test(encode_refuses_what_the_model_cannot_send),
		cmocka_unit_test(encode_rounds_to_tenths_half_away_from_zero),
		cmocka_unit_test(every_representable_value_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
