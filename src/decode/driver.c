/* SPDX-License-Identifier: MIT */
#include "decode/driver.h"

#include <string.h>

#define DRIVER(name) extern const struct driver driver_##name;
#include "decode/drivers.def"
#undef DRIVER

static const struct driver *const drivers[] = {
#define DRIVER(name) &driver_##name,
#include "decode/drivers.def"
#undef DRIVER
};

/* A dht12 sends what a dht11 does. An si7021 sends what a dht22 does, and answers to no start
 * pulse but its own. */
static const struct driver *const dht_models[] = { &driver_dht22, &driver_dht11,
						   &driver_dht21, NULL };

static const char *const dht_aliases[] = { "auto", NULL };

const struct driver driver_dht = {
	.name = "dht",
	.title = "one of dht11, dht12, dht21 and dht22: found out by its frames",
	.aliases = dht_aliases,
	.models = dht_models,
	.probe = {
		/* what a dht11 needs; an am2302 takes up to 20 ms, and was seen to take 50 */
		.start_low_us = 19000,
		.max_low_us = 30000,
		.frame_us = 9500, /* a dht21's */
		.min_interval_ms = 2000,
		.power_up_ms = 2000,
	},
};

static bool is_called(const struct driver *driver, const char *name)
{
	if (strcmp(driver->name, name) == 0)
		return true;
	for (const char *const *alias = driver->aliases; *alias; alias++)
		if (strcmp(*alias, name) == 0)
			return true;
	return false;
}

const struct driver *const *driver_all(size_t *num_out)
{
	*num_out = array_length(drivers);
	return drivers;
}

const struct driver *driver_find(const char *name)
{
	for (size_t i = 0; i < array_length(drivers); i++)
		if (is_called(drivers[i], name))
			return drivers[i];
	return is_called(&driver_dht, name) ? &driver_dht : NULL;
}

const struct driver *driver_sample(const struct driver *driver)
{
	return driver->models ? driver->models[0] : driver;
}

/* It is what the model makes of a frame that it would send. */
void driver_measures(const struct driver *driver, struct reading *out)
{
	const struct driver *sample = driver_sample(driver);
	struct reading sent = { 0 };
	uint8_t bytes[DRIVER_MAX_BYTES];

	*out = (struct reading){ 0 };
	reading_add(&sent, QUANTITY_TEMPERATURE, 21500, 1);
	reading_add(&sent, QUANTITY_HUMIDITY, 48000, 1);
	if (sample->encode(&sent, ENCODING_SIGN_MAGNITUDE, bytes))
		(void)sample->decode(bytes, out);
}
