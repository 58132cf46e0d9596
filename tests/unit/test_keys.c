/* SPDX-License-Identifier: MIT */
#include "config/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/value.h"

#include "unit/cmocka_test.h"

static void defaults_are_good_values_of_their_keys(void **state)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	(void)state;
	for (size_t i = 0; i < num_keys; i++) {
		struct value_text value = { .text = keys[i].fallback, .is_plain = true };
		struct config config = { 0 };
		struct config_sensor sensor = { 0 };
		bool is_of_sensor = strncmp(keys[i].path, "sensors[].", 10) == 0;
		char data[VALUE_MAX_COMPLAINT];
		struct text complaint;

		if (!keys[i].fallback)
			continue;
		text_init(&complaint, data, sizeof(data));
		assert_int_equal(value_store(&keys[i], &value,
					     is_of_sensor ? (void *)&sensor
							  : (void *)&config,
					     &complaint),
				 0);
		value_free_fields("", &config);
		value_free_fields("sensors[]", &sensor);
	}
}

static void a_boolean_takes_the_words_of_yaml_where_they_are_plain(void **state)
{
	static const struct {
		struct value_text value;
		int result;
		bool is_true;
	} rows[] = {
		{ { "true", true, false }, 0, true },
		{ { "Off", true, false }, 0, false },
		{ { "yes", true, false }, 0, true },
		{ { "true", false, false }, 0, true },
		{ { "yes", false, false }, -EINVAL, false },
		{ { "1", true, false }, -EINVAL, false },
		{ { "", true, false }, -EINVAL, false },
	};
	const struct key key = { .path = "switch", .type = KEY_BOOLEAN };

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char data[VALUE_MAX_COMPLAINT];
		struct text complaint;
		bool is_true = false;

		text_init(&complaint, data, sizeof(data));
		assert_int_equal(value_store(&key, &rows[i].value, &is_true, &complaint),
				 rows[i].result);
		assert_int_equal(is_true, rows[i].is_true);
		if (rows[i].result)
			assert_non_null(strstr(data, ", but it must be true or false"));
	}
}

static void keys_have_a_section_a_help_and_one_row(void **state)
{
	size_t num_keys;
	const struct key *keys = key_all(&num_keys);

	(void)state;
	for (size_t i = 0; i < num_keys; i++) {
		const struct key *key = &keys[i];
		char section[KEY_MAX_PATH];

		assert_ptr_equal(key_find(key->path), key);
		assert_non_null(key->help);
		assert_false(key->fallback && key->derived);
		assert_true(key->min <= key->max);
		/* A message names an example where the key is missing. */
		assert_true(!key->is_required || key->example);
		snprintf(section, sizeof(section), "%s", key->path);
		*(strrchr(section, '.') ? strrchr(section, '.') : section) = '\0';
		assert_ptr_equal(key_find_in(section, key_name(key)), key);
		if (strstr(section, "[]"))
			*strstr(section, "[]") = '\0';
		assert_true(*section == '\0' || key_find(section));
	}
}

static void names_are_found_in_their_section_only(void **state)
{
	(void)state;
	assert_non_null(key_find_in("mqtt", "qos"));
	assert_null(key_find_in("", "qos"));
	assert_null(key_find_in("mqtt", "id"));
	assert_null(key_find_in("sensors", "id"));
	assert_null(key_find_in("", "mqtt.qos"));
	assert_string_equal(key_find_in("sensors[]", "id")->path, "sensors[].id");
}

static void a_key_is_described_in_a_line(void **state)
{
	static const struct {
		const char *path;
		const char *description;
	} rows[] = {
		{ "mqtt", "section" },
		{ "mqtt.servers", "list of texts, required; 1 to 16" },
		{ "mqtt.keepalive", "duration, default 20s; 5s to 18h" },
		{ "mqtt.version", "choice, default auto; auto, 5 or 3.1.1" },
		{ "mqtt.qos", "number, default 1; 0 or 1" },
		{ "store.max_age", "duration, default 7d; 1m to 3650d" },
		{ "store.max_size", "size, default 64MiB; 16KiB to 1GiB" },
		{ "sensors[].name", "text, default: the id; 1 to 128 bytes" },
		{ "sensors[].filters", "list of steps; at most 4" },
		{ "sensors[].filters[].median", "number; 1 to 31, odd" },
		{ "sensors[].filters[].offset.humidity", "decimal number; -100 to 100" },
		{ "sensors[].filters[].delta.humidity", "decimal number; 0.001 to 100" },
		{ "sensors[].derive", "list of words; any of dew_point or "
				      "absolute_humidity" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char data[256];
		struct text text;

		text_init(&text, data, sizeof(data));
		key_describe(key_find(rows[i].path), &text);
		assert_string_equal(data, rows[i].description);
	}
}

static void what_can_be_derived_is_named_as_its_quantity(void **state)
{
	const struct key *key = key_find("sensors[].derive");

	(void)state;
	for (int i = QUANTITY_DEW_POINT; i < NUM_QUANTITIES; i++)
		assert_string_equal(key->choices[i - QUANTITY_DEW_POINT],
				    quantity_row((enum quantity)i)->name);
	assert_null(key->choices[NUM_QUANTITIES - QUANTITY_DEW_POINT]);
}

static void what_is_measured_has_an_offset_and_a_delta(void **state)
{
	(void)state;
	for (int i = 0; i < QUANTITY_DEW_POINT; i++) {
		const char *name = quantity_row((enum quantity)i)->name;
		const struct key *offset =
			key_find_in("sensors[].filters[].offset", name);
		const struct key *delta = key_find_in("sensors[].filters[].delta", name);

		assert_int_equal(offset->offset,
				 offsetof(struct config_sensor, filters.offset_milli) +
					 (size_t)i * sizeof(int32_t));
		assert_int_equal(delta->offset,
				 offsetof(struct config_sensor, filters.delta_milli) +
					 (size_t)i * sizeof(int32_t));
	}
}

static void a_decimal_number_is_taken_to_thousandths(void **state)
{
	static const struct {
		const char *text;
		int result;
		int32_t milli;
	} rows[] = {
		{ "-0.4", 0, -400 },
		{ "+1.25", 0, 1250 },
		{ "0", 0, 0 },
		{ "100", 0, 100000 },
		{ "-100.000", 0, -100000 },
		{ "00.5", 0, 500 },
		{ "100.001", -EINVAL, 0 },
		{ "0.0001", -EINVAL, 0 },
		{ "9999999999", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1e1", -EINVAL, 0 },
		{ "1,5", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },
		{ ".nan", -EINVAL, 0 },
		{ "-.inf", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
	};
	const struct key key = { .path = "x",
				 .type = KEY_DECIMAL,
				 .max = 100000,
				 .is_signed = true,
				 .example = "-0.4" };

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct value_text value = { .text = rows[i].text, .is_plain = true };
		char data[VALUE_MAX_COMPLAINT];
		struct text complaint;
		int32_t milli = 0;

		text_init(&complaint, data, sizeof(data));
		assert_int_equal(value_store(&key, &value, &milli, &complaint),
				 rows[i].result);
		assert_int_equal(milli, rows[i].milli);
		assert_true((complaint.length > 0) == (rows[i].result != 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_good_values_of_their_keys),
		cmocka_unit_test(a_boolean_takes_the_words_of_yaml_where_they_are_plain),
		cmocka_unit_test(keys_have_a_section_a_help_and_one_row),
		cmocka_unit_test(names_are_found_in_their_section_only),
		cmocka_unit_test(a_key_is_described_in_a_line),
		cmocka_unit_test(what_can_be_derived_is_named_as_its_quantity),
		cmocka_unit_test(what_is_measured_has_an_offset_and_a_delta),
		cmocka_unit_test(a_decimal_number_is_taken_to_thousandths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
