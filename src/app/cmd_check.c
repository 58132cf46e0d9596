/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/print.h"
#include "config/schema.h"

struct arguments {
	const char *path;
	bool is_json;
	bool is_print;
	bool is_schema;
};

static int print_json_text(const char *key, const char *value)
{
	/* A byte becomes six at the most: \u001f. */
	size_t size_bytes = strlen(value) * 6 + 3;
	char *data = malloc(size_bytes);
	struct text text;

	if (!data)
		return -ENOMEM;
	text_init(&text, data, size_bytes);
	text_add_json(&text, value);
	printf("\"%s\":%s", key, data);
	free(data);
	return 0;
}

static int print_json_error(const struct config_error *error)
{
	printf("{\"severity\":\"%s\",\"line\":%u,\"column\":%u,",
	       error->is_warning ? "warning" : "error", error->line, error->column);

	int result = print_json_text("path", error->path);

	putchar(',');
	if (result == 0)
		result = print_json_text("text", error->text);
	putchar('}');
	return result;
}

static int print_json_config(const struct config *config)
{
	char *yaml = NULL;
	size_t num_bytes;
	FILE *stream = open_memstream(&yaml, &num_bytes);

	if (!stream)
		return -ENOMEM;
	config_print(config, stream);

	int result = fclose(stream) == 0 ? 0 : -ENOMEM;

	putchar(',');
	if (result == 0)
		result = print_json_text("config", yaml);
	free(yaml);
	return result;
}

/* config: NULL where it is wrong. One object, a line. */
static int print_json(const struct arguments *arguments, const struct config *config,
		      const struct config_errors *errors)
{
	putchar('{');

	int result = print_json_text("file", arguments->path);

	printf(",\"ok\":%s,\"errors\":[", config ? "true" : "false");
	for (size_t i = 0; i < errors->num_items && result == 0; i++) {
		if (i > 0)
			putchar(',');
		result = print_json_error(&errors->items[i]);
	}
	putchar(']');
	if (config && arguments->is_print && result == 0)
		result = print_json_config(config);
	puts("}");
	return result;
}

static void print_summary(const char *path, const struct config *config)
{
	printf("%s: ok, %zu sensor%s, %zu server%s\n", path, config->num_sensors,
	       config->num_sensors == 1 ? "" : "s", config->mqtt.num_servers,
	       config->mqtt.num_servers == 1 ? "" : "s");
}

static int check(const struct arguments *arguments)
{
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int result =
		config_load(arguments->path, command_driver_facts(), &config, &errors);
	int status = result == 0 ? EXIT_DONE : EXIT_CONFIG;

	if (result == -ENOMEM) {
		fprintf(stderr, "pin2mqtt: %s\n", strerror(ENOMEM));
		status = EXIT_FAILED;
	} else if (arguments->is_json) {
		if (print_json(arguments, config, &errors) < 0)
			status = EXIT_FAILED;
	} else {
		command_print_errors(arguments->path, &errors);
		if (config && arguments->is_print)
			config_print(config, stdout);
		else if (config)
			print_summary(arguments->path, config);
	}
	config_free(config);
	config_errors_finish(&errors);
	return command_finish_output(status);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "print", no_argument, NULL, 'p' },
		{ "schema", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct arguments arguments = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments.path = optarg;
			break;
		case 'j':
			arguments.is_json = true;
			break;
		case 'p':
			arguments.is_print = true;
			break;
		case 's':
			arguments.is_schema = true;
			break;
		case 'h':
			return command_print_help(&command_check);
		default:
			return command_usage_error(&command_check, NULL);
		}
	}
	if (optind < argc)
		return command_usage_error(&command_check,
					   "%s is too much; the file goes "
					   "behind -c",
					   argv[optind]);
	if (arguments.is_schema) {
		config_schema_print(command_driver_facts(), stdout);
		return command_finish_output(EXIT_DONE);
	}
	arguments.path = command_config_path(arguments.path);
	return check(&arguments);
}

const struct command command_check = {
	.name = "check",
	.synopsis = "[-c FILE] [--json] [--print] | --schema",
	.summary = "validates the configuration: every error at once, FILE:LINE:COLUMN",
	.help = "  -c, --config FILE  the configuration (default: $PIN2MQTT_CONFIG, "
		"else\n"
		"                     /etc/pin2mqtt/pin2mqtt.yaml)\n"
		"      --json         prints what is wrong as one JSON object\n"
		"      --print        prints what is in effect, with all defaults, as "
		"YAML;\n"
		"                     secrets are ***\n"
		"      --schema       prints the JSON Schema of every configuration, for "
		"editors\n"
		"  -h, --help         this\n"
		"\n"
		"Ends with 0 where the file is good, with 78 where it is not.\n",
	.run = run,
};
