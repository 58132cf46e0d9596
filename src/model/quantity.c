/* SPDX-License-Identifier: MIT */
#include "model/quantity.h"

static const struct quantity_row rows[] = {
	[QUANTITY_TEMPERATURE] = { "temperature", "°C", "Temperature", "temperature",
				   "measurement" },
	[QUANTITY_HUMIDITY] = { "humidity", "%", "Humidity", "humidity", "measurement" },
	[QUANTITY_DEW_POINT] = { "dew_point", "°C", "Dew point", "temperature",
				 "measurement" },
	[QUANTITY_ABSOLUTE_HUMIDITY] = { "absolute_humidity", "g/m³", "Absolute humidity",
					 "absolute_humidity", "measurement" },
};

const struct quantity_row *quantity_row(enum quantity quantity)
{
	return &rows[quantity];
}
