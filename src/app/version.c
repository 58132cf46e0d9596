/* SPDX-License-Identifier: MIT */
#include "app/version.h"

#include <stdio.h>

#include "config/config_yaml.h"
#include "gpio/line.h"
#include "publish/broker.h"
#include "store/database.h"

const char *version_string(void)
{
	return PIN2MQTT_VERSION;
}

bool version_library(size_t n, char out[VERSION_MAX_LIBRARY])
{
	switch (n) {
	case 0:
		snprintf(out, VERSION_MAX_LIBRARY, "%s", line_library());
		return true;
	case 1:
		snprintf(out, VERSION_MAX_LIBRARY, "Eclipse Paho MQTT C %s",
			 broker_paho_version());
		return true;
	case 2:
		snprintf(out, VERSION_MAX_LIBRARY, "libyaml %s", config_yaml_version());
		return true;
	case 3:
		snprintf(out, VERSION_MAX_LIBRARY, "SQLite %s",
			 database_library_version());
		return true;
	default:
		return false;
	}
}
