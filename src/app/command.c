/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "decode/driver.h"

static const char default_config[] = "/etc/pin2mqtt/pin2mqtt.yaml";

const char *command_config_path(const char *option)
{
	const char *variable = getenv("PIN2MQTT_CONFIG");

	if (option)
		return option;
	return variable && *variable ? variable : default_config;
}

static bool find_driver(const char *name, uint32_t *min_interval_ms_out)
{
	const struct driver *driver = driver_find(name);

	if (driver)
		*min_interval_ms_out = driver->probe.min_interval_ms;
	return driver != NULL;
}

static bool measures(const char *name, enum quantity quantity, unsigned *digits_out)
{
	struct reading sample;
	const struct value *value;

	driver_measures(driver_find(name), &sample);
	value = reading_find(&sample, quantity);
	if (value)
		*digits_out = value->digits;
	return value != NULL;
}

/* The drivers' own names first, then what else they are called, then what stands for a model
 * that is not known. */
static const char *driver_name(size_t n)
{
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	if (n < num_drivers)
		return drivers[n]->name;
	n -= num_drivers;
	for (size_t i = 0; i < num_drivers; i++) {
		for (const char *const *alias = drivers[i]->aliases; *alias; alias++) {
			if (n-- == 0)
				return *alias;
		}
	}
	if (n-- == 0)
		return driver_dht.name;
	for (const char *const *alias = driver_dht.aliases; *alias; alias++) {
		if (n-- == 0)
			return *alias;
	}
	return NULL;
}

const struct config_driver_facts *command_driver_facts(void)
{
	static const struct config_driver_facts facts = { find_driver, driver_name,
							  measures };

	return &facts;
}

void command_print_errors(const char *path, const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->num_items; i++) {
		const struct config_error *error = &errors->items[i];

		fprintf(stderr, "%s:", path);
		if (error->line > 0)
			fprintf(stderr, "%u:%u:", error->line, error->column);
		fprintf(stderr, " %s%s%s%s\n", error->is_warning ? "warning: " : "",
			error->path, *error->path ? ": " : "", error->text);
	}
}

void command_log_errors(const char *path, const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->num_items; i++) {
		const struct config_error *error = &errors->items[i];
		char place[32] = "";

		if (error->line > 0)
			snprintf(place, sizeof(place), "%u:%u:", error->line,
				 error->column);
		log_again(error->is_warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
			  "%s:%s %s%s%s", path, place, error->path,
			  *error->path ? ": " : "", error->text);
	}
}

struct config *command_load_config(const char *path)
{
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int error = config_load(path, command_driver_facts(), &config, &errors);

	command_print_errors(path, &errors);
	config_errors_finish(&errors);
	return error ? NULL : config;
}

int command_take_config(const struct command *command, int argc, char **argv,
			const char **path_out, bool *is_json_out)
{
	static const struct option all_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const struct option *options = is_json_out ? all_options : all_options + 1;
	const char *option_path = NULL;
	bool is_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'h')
			return command_print_help(command);
		if (option == '?')
			return command_usage_error(command, NULL);
		if (option == 'c')
			option_path = optarg;
		else
			is_json = true;
	}
	if (optind < argc)
		return command_usage_error(command, "unexpected argument: %s",
					   argv[optind]);
	*path_out = command_config_path(option_path);
	if (is_json_out)
		*is_json_out = is_json;
	return -1;
}

int command_finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "pin2mqtt: standard output: %s\n", strerror(errno));
	return EXIT_FAILED;
}

static void print_usage(FILE *file, const struct command *command)
{
	fprintf(file, "usage: pin2mqtt %s %s\n", command->name, command->synopsis);
}

int command_usage_error(const struct command *command, const char *format, ...)
{
	if (format) {
		va_list arguments;

		fprintf(stderr, "pin2mqtt %s: ", command->name);
		va_start(arguments, format);
		vfprintf(stderr, format, arguments);
		va_end(arguments);
		fputc('\n', stderr);
	}
	print_usage(stderr, command);
	return EXIT_USAGE;
}

int command_print_help(const struct command *command)
{
	print_usage(stdout, command);
	printf("\n%s\n\n%s", command->summary, command->help);
	return EXIT_DONE;
}
