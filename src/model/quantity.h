/* SPDX-License-Identifier: MIT */
/* What is measured: one row a quantity, with the names that others know it by.
 *
 * Threads: any; the table is constant.
 */
#ifndef MODEL_QUANTITY_H
#define MODEL_QUANTITY_H

enum quantity {
	QUANTITY_TEMPERATURE, /* degree Celsius */
	QUANTITY_HUMIDITY, /* relative humidity, percent */
	/* Derived from these two: */
	QUANTITY_DEW_POINT, /* degree Celsius */
	QUANTITY_ABSOLUTE_HUMIDITY, /* grams of water in a cubic metre of air */
};
enum { NUM_QUANTITIES = QUANTITY_ABSOLUTE_HUMIDITY + 1 };

struct quantity_row {
	const char *name; /* the key in payloads: "temperature" */
	const char *unit; /* "°C", "%" */
	const char *title; /* for people: "Dew point" */
	const char *device_class; /* Home Assistant's */
	const char *state_class; /* Home Assistant's */
};

const struct quantity_row *quantity_row(enum quantity quantity);

#endif
