/* SPDX-License-Identifier: MIT */
#include "model/quantity.h"

static const struct quantity_row rows[] = {
	[QUANTITY_TEMPERATURE] = { "temperature", "°C", "temperature", "measurement" },
	[QUANTITY_HUMIDITY] = { "humidity", "%", "humidity", "measurement" },
};

const struct quantity_row *quantity_row(enum quantity quantity)
{
	return &rows[quantity];
}
