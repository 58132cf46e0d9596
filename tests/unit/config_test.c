/* SPDX-License-Identifier: MIT */
#include "unit/config_test.h"

#include <stdio.h>
#include <string.h>

#include "config/print.h"

static const char *const names[] = { "dht11", "dht22" };

/* One more, which measures no humidity; it is in no list. */
static const char thermometer[] = "thermometer";

static bool find_driver(const char *name, uint32_t *min_interval_ms_out)
{
	*min_interval_ms_out = strcmp(name, "dht11") == 0 ? 1000 : 2000;
	return strcmp(name, names[0]) == 0 || strcmp(name, names[1]) == 0 ||
	       strcmp(name, thermometer) == 0;
}

static const char *driver_name(size_t n)
{
	return n < array_length(names) ? names[n] : NULL;
}

static bool measures(const char *name, enum quantity quantity, unsigned *digits_out)
{
	*digits_out = strcmp(name, "dht11") == 0 ? 0 : 1;
	return quantity == QUANTITY_TEMPERATURE ||
	       (quantity == QUANTITY_HUMIDITY && strcmp(name, thermometer) != 0);
}

const struct config_driver_facts test_drivers = { find_driver, driver_name, measures };

int fixture_parse(struct fixture *fixture, const char *path, const char *yaml)
{
	*fixture = (struct fixture){ 0 };
	return config_parse(yaml, strlen(yaml), path, &test_drivers, &fixture->config,
			    &fixture->errors);
}

void fixture_finish(struct fixture *fixture)
{
	config_free(fixture->config);
	config_errors_finish(&fixture->errors);
}

char *fixture_told(const struct fixture *fixture)
{
	char *told = NULL;
	size_t num_bytes;
	FILE *stream = open_memstream(&told, &num_bytes);

	for (size_t i = 0; i < fixture->errors.num_items; i++) {
		const struct config_error *error = &fixture->errors.items[i];

		fprintf(stream, "%s%u:%u %s: %s\n", error->is_warning ? "warning " : "",
			error->line, error->column, error->path, error->text);
	}
	fclose(stream);
	return told;
}

char *fixture_print(const struct fixture *fixture)
{
	char *printed = NULL;
	size_t num_bytes;
	FILE *stream = open_memstream(&printed, &num_bytes);

	config_print(fixture->config, stream);
	fclose(stream);
	return printed;
}
