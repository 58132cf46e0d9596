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
	return NULL;
}
