/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "decode/driver.h"

enum { MAX_LINE = 512 };

static void add_aliases(struct text *text, const struct driver *driver, bool is_json)
{
	for (size_t i = 0; driver->aliases[i]; i++) {
		text_add(text, "%s", i == 0 ? "" : is_json ? "," : " ");
		if (is_json)
			text_add_json(text, driver->aliases[i]);
		else
			text_add(text, "%s", driver->aliases[i]);
	}
}

static void print_row(const struct driver *driver)
{
	char aliases[MAX_LINE];
	struct text text;

	text_init(&text, aliases, sizeof(aliases));
	add_aliases(&text, driver, false);
	printf("%-8s %-60s %" PRIu32 " s", driver->name, driver->title,
	       driver->probe.min_interval_ms / 1000);
	printf("%s%s\n", *aliases ? "    " : "", aliases);
}

static void print_json(const struct driver *driver)
{
	char data[MAX_LINE];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add(&text, "{\"name\":");
	text_add_json(&text, driver->name);
	text_add(&text, ",\"title\":");
	text_add_json(&text, driver->title);
	text_add(&text, ",\"aliases\":[");
	add_aliases(&text, driver, true);
	text_add(&text,
		 "],\"start_low_us\":%" PRIu32 ",\"frame_us\":%" PRIu32
		 ",\"min_interval_ms\":%" PRIu32 ",\"power_up_ms\":%" PRIu32,
		 driver->probe.start_low_us, driver->probe.frame_us,
		 driver->probe.min_interval_ms, driver->probe.power_up_ms);
	if (!driver->models)
		text_add(&text, ",\"bits\":%u", driver->wire.num_bits);
	text_add(&text, "}");
	fputs(data, stdout);
}

static int print_all(bool is_json)
{
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	if (is_json)
		putchar('[');
	else
		printf("%-8s %-60s %s    %s\n", "name", "sensor", "rest", "also called");
	for (size_t i = 0; i < num_drivers; i++) {
		if (is_json) {
			print_json(drivers[i]);
			fputs(",\n ", stdout);
		} else {
			print_row(drivers[i]);
		}
	}
	if (is_json) {
		print_json(&driver_dht);
		puts("]");
	} else {
		print_row(&driver_dht);
	}
	return command_finish_output(EXIT_DONE);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool is_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			is_json = true;
			break;
		case 'h':
			return command_print_help(&command_drivers);
		default:
			return command_usage_error(&command_drivers, NULL);
		}
	}
	if (optind < argc)
		return command_usage_error(&command_drivers, "%s is too much",
					   argv[optind]);
	return print_all(is_json);
}

const struct command command_drivers = {
	.name = "drivers",
	.synopsis = "[--json]",
	.summary = "the sensors it knows",
	.help = "      --json  prints a JSON array\n"
		"  -h, --help  this\n"
		"\n"
		"rest is the time between two readings that the sensor wants. What else "
		"a\n"
		"sensor is called may stand in its place.\n",
	.run = run,
};
