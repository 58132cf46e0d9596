/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/health.h"

static const char healthy[] = "healthy";

static int complain(const char *path, int error)
{
	if (error == -ECONNREFUSED) {
		fprintf(stderr, "pin2mqtt health: no gateway runs here with %s\n", path);
		return EXIT_UNAVAILABLE;
	}
	fprintf(stderr, "pin2mqtt health: the gateway does not answer: %s\n",
		strerror(-error));
	return EXIT_FAILED;
}

/* answer: state, line for people, JSON, each with its newline; is taken apart. */
static int tell(char *answer, bool is_json)
{
	char *rest = answer;
	const char *state = strsep(&rest, "\n");
	const char *line = strsep(&rest, "\n");
	const char *json = strsep(&rest, "\n");

	if (!rest) {
		fputs("pin2mqtt health: the gateway's answer cannot be read\n", stderr);
		return EXIT_FAILED;
	}
	if (is_json)
		puts(json);
	else
		printf("%s: %s\n", state, line);
	return strcmp(state, healthy) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	const char *path;
	bool is_json;
	int status = command_take_config(&command_health, argc, argv, &path, &is_json);

	if (status >= 0)
		return status;

	char answer[HEALTH_MAX_ANSWER];
	int error = health_ask(path, answer, NULL);

	return error ? complain(path, error) : tell(answer, is_json);
}

const struct command command_health = {
	.name = "health",
	.synopsis = "[-c FILE] [--json]",
	.summary = "asks the running gateway how it is; status 0: healthy",
	.help = "  -c, --config FILE  the configuration that the gateway runs with "
		"(default:\n"
		"                     $PIN2MQTT_CONFIG, else "
		"/etc/pin2mqtt/pin2mqtt.yaml)\n"
		"      --json         prints a JSON object\n",
	.run = run,
};
