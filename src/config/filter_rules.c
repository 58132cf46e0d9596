/* SPDX-License-Identifier: MIT */
#include "config/filter_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"

/* The filters, in the order in which they work: those of one rank in any. */
static const struct kind {
	const char *name;
	unsigned rank;
} kinds[] = {
	{ "median", 0 },
	{ "offset", 0 },
	{ "delta", 1 },
	{ "heartbeat", 2 },
};

struct check {
	const struct config_sensor *sensor;
	size_t index; /* of the sensor */
	const struct node *node;
	const struct config_driver_facts *drivers;
	struct config_errors *errors;
};

static const struct kind *kind_of(const struct node *entry)
{
	if (entry->kind != NODE_MAPPING || entry->num_children != 1)
		return NULL;
	for (size_t i = 0; i < array_length(kinds); i++) {
		if (strcmp(entry->first->key, kinds[i].name) == 0)
			return &kinds[i];
	}
	return NULL;
}

/* An entry of the list, with what it is called in messages. */
struct entry {
	const struct node *node; /* NULL: there is none */
	const struct kind *kind; /* NULL: reported elsewhere */
	char path[KEY_MAX_PATH];
};

static const struct node *first_of(const struct check *check)
{
	const struct node *filters = tree_find(check->node, "filters");

	return filters && filters->kind == NODE_LIST ? filters->first : NULL;
}

/* The first entry of that kind. */
static struct entry find_filter(const struct check *check, const char *name)
{
	struct entry entry = { .node = first_of(check) };
	size_t index = 0;

	for (; entry.node; entry.node = entry.node->next, index++) {
		entry.kind = kind_of(entry.node);
		if (entry.kind && strcmp(entry.kind->name, name) == 0)
			break;
	}
	snprintf(entry.path, sizeof(entry.path), "sensors[%zu].filters[%zu].%s",
		 check->index, index, name);
	return entry;
}

/* An entry against those before it. */
static void check_order(const struct check *check, const struct node *node, size_t index)
{
	const struct kind *kind = kind_of(node);
	char path[KEY_MAX_PATH];

	snprintf(path, sizeof(path), "sensors[%zu].filters[%zu]", check->index, index);
	for (const struct node *before = first_of(check); kind && before != node;
	     before = before->next) {
		const struct kind *earlier = kind_of(before);

		if (earlier == kind)
			config_errors_add(check->errors, node->place, path,
					  "%s is there twice; the other one is in line "
					  "%u",
					  kind->name, before->place.line);
		else if (earlier && earlier->rank > kind->rank)
			config_errors_add(check->errors, node->place, path,
					  "%s stands behind %s, but it must stand before "
					  "it: median and offset, then delta, then "
					  "heartbeat",
					  kind->name, earlier->name);
		else
			continue;
		return;
	}
}

static void check_list(const struct check *check)
{
	const struct entry delta = find_filter(check, "delta");
	const struct entry heartbeat = find_filter(check, "heartbeat");
	size_t index = 0;

	for (const struct node *node = first_of(check); node; node = node->next)
		check_order(check, node, index++);
	if (heartbeat.node && !delta.node)
		config_errors_add(check->errors, heartbeat.node->place, heartbeat.path,
				  "needs delta before it: without one each reading is "
				  "posted");
	if (delta.node && delta.node->first->kind == NODE_MAPPING &&
	    delta.node->first->num_children == 0)
		config_errors_add(check->errors, delta.node->first->place, delta.path,
				  "names no quantity: write as in {temperature: 0.1, "
				  "humidity: 0.5}");
}

/* What a filter says of a quantity against what the driver measures of it. */
static void check_amount(const struct check *check, const char *filter,
			 enum quantity quantity, int32_t milli)
{
	static const int32_t halves[] = { 500, 50, 5, 0 };
	const char *name = quantity_row(quantity)->name;
	const struct entry entry = find_filter(check, filter);
	const struct node *value = entry.node ? tree_find(entry.node->first, name) : NULL;
	char path[KEY_MAX_PATH + 32];
	unsigned digits = 0;

	if (milli == 0 || !value)
		return;
	snprintf(path, sizeof(path), "%s.%s", entry.path, name);
	if (!check->drivers->measures(check->sensor->driver, quantity, &digits))
		config_errors_add(check->errors, value->place, path,
				  "a %s measures no %s", check->sensor->driver, name);
	else if (strcmp(filter, "offset") == 0 && abs(milli) < halves[digits & 3])
		config_errors_warn(check->errors, value->place, path,
				   "is lost: values of a %s have %u decimals",
				   check->sensor->driver, digits);
}

static void check_derived(const struct check *check)
{
	const struct node *derive = tree_find(check->node, "derive");
	char path[KEY_MAX_PATH];
	unsigned ignored;

	if (check->sensor->derived == 0 ||
	    (check->drivers->measures(check->sensor->driver, QUANTITY_TEMPERATURE,
				      &ignored) &&
	     check->drivers->measures(check->sensor->driver, QUANTITY_HUMIDITY,
				      &ignored)))
		return;
	snprintf(path, sizeof(path), "sensors[%zu].derive", check->index);
	config_errors_add(
		check->errors, derive->place, path,
		"needs temperature and humidity, and a %s does not measure both",
		check->sensor->driver);
}

void filter_rules_check(const struct config_sensor *sensor, size_t index,
			const struct node *node,
			const struct config_driver_facts *drivers,
			struct config_errors *errors)
{
	const struct check check = { sensor, index, node, drivers, errors };
	uint32_t ignored;

	check_list(&check);
	if (!drivers || !sensor->driver || !drivers->find(sensor->driver, &ignored))
		return;
	for (int i = 0; i < NUM_QUANTITIES; i++) {
		enum quantity quantity = (enum quantity)i;

		check_amount(&check, "offset", quantity, sensor->filters.offset_milli[i]);
		check_amount(&check, "delta", quantity, sensor->filters.delta_milli[i]);
	}
	check_derived(&check);
}
