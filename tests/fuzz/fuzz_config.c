/* SPDX-License-Identifier: MIT */
/* Any bytes as a configuration: what loads prints as YAML that loads and prints the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes);

static bool find_driver(const char *name, uint32_t *min_interval_ms_out)
{
	*min_interval_ms_out = 2000;
	return strncmp(name, "dht", 3) == 0;
}

static const char *driver_name(size_t n)
{
	return n == 0 ? "dht22" : NULL;
}

static bool measures(const char *name, enum quantity quantity, unsigned *digits_out)
{
	*digits_out = (unsigned)*name % 4;
	return quantity == QUANTITY_TEMPERATURE || quantity == QUANTITY_HUMIDITY;
}

static const struct config_driver_facts drivers = { find_driver, driver_name, measures };

/* The path is of a folder that is not there: neither secrets.yaml nor a relative file is. */
static struct config *parse(const char *data, size_t num_bytes)
{
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int result = config_parse(data, num_bytes, "/nowhere/p.yaml", &drivers, &config,
				  &errors);

	if ((result == 0) != (errors.num_errors == 0) ||
	    (result == 0) != (config != NULL))
		abort();
	config_errors_finish(&errors);
	return config;
}

static char *print(const struct config *config, size_t *num_bytes_out)
{
	char *printed = NULL;
	FILE *stream = open_memstream(&printed, num_bytes_out);

	config_print(config, stream);
	fclose(stream);
	return printed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes)
{
	struct config *config = parse((const char *)data, num_bytes);
	size_t num_first, num_second;

	if (!config)
		return 0;

	char *first = print(config, &num_first);

	config_free(config);
	config = parse(first, num_first);
	if (!config)
		abort();

	char *second = print(config, &num_second);

	if (num_first != num_second || memcmp(first, second, num_first) != 0)
		abort();
	config_free(config);
	free(first);
	free(second);
	return 0;
}
