/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/version.h"
#include "base/attributes.h"

static const struct command *const commands[] = {
	&command_run,    &command_check,  &command_read,      &command_capture,
	&command_decode, &command_synth,  &command_discovery, &command_drivers,
	&command_health, &command_doctor, &command_scan,
};

static void print_version(void)
{
	char library[VERSION_MAX_LIBRARY];

	printf("pin2mqtt %s\n", version_string());
	for (size_t i = 0; version_library(i, library); i++)
		puts(library);
}

static void print_help(FILE *file)
{
	fprintf(file, "pin2mqtt reads sensors on GPIO pins and posts their readings over "
		      "MQTT.\n\n"
		      "usage: pin2mqtt COMMAND [OPTION]...\n\n");
	for (size_t i = 0; i < array_length(commands); i++)
		fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(file, "\n`pin2mqtt COMMAND --help` tells more; `pin2mqtt --version` the "
		      "versions.\n"
		      "The manual: pin2mqtt(1), pin2mqtt.yaml(5).\n");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		print_version();
		return EXIT_DONE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
	    strcmp(name, "help") == 0) {
		print_help(stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < array_length(commands); i++) {
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	}
	if (*name)
		fprintf(stderr, "pin2mqtt: no such command: %s\n\n", name);
	print_help(stderr);
	return EXIT_USAGE;
}
