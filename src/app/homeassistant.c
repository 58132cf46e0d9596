/* SPDX-License-Identifier: MIT */
#include "app/homeassistant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/version.h"
#include "decode/derive.h"
#include "decode/driver.h"

enum { MACHINE_ID_LENGTH = 32 };

/* machine-id(5): 32 hexadecimal digits. A container may have none, or an empty file. */
static void read_machine_id(char out[MACHINE_ID_LENGTH + 1])
{
	FILE *file = fopen("/etc/machine-id", "re");
	size_t length = 0;

	if (file) {
		length = fread(out, 1, MACHINE_ID_LENGTH, file);
		fclose(file);
	}
	out[length] = '\0';
	if (strspn(out, "0123456789abcdef") != MACHINE_ID_LENGTH)
		out[0] = '\0';
}

static void describe_sensor(const struct config_sensor *config,
			    struct discovery_sensor *out)
{
	const struct driver *driver = driver_find(config->driver);
	struct reading sample;

	driver_measures(driver, &sample);
	derive_add(&sample, config->derived);
	*out = (struct discovery_sensor){
		.driver = driver->name,
		.model = driver->title,
		.num_values = sample.num_values,
	};
	memcpy(out->values, sample.values, sizeof(out->values));
}

int homeassistant_new(const struct config *config, struct discovery **out)
{
	struct discovery *discovery = calloc(1, sizeof(*discovery));
	struct discovery_sensor *sensors =
		calloc(config->num_sensors + 1, sizeof(*sensors));
	char machine_id[MACHINE_ID_LENGTH + 1];

	if (!discovery || !sensors) {
		free(discovery);
		free(sensors);
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->num_sensors; i++)
		describe_sensor(&config->sensors[i], &sensors[i]);
	read_machine_id(machine_id);
	*discovery = (struct discovery){
		.config = config,
		.version = version_string(),
		.sensors = sensors,
	};
	discovery_init(discovery, machine_id);
	*out = discovery;
	return 0;
}

void homeassistant_free(struct discovery *discovery)
{
	if (!discovery)
		return;
	free((void *)discovery->sensors);
	free(discovery);
}
