/* SPDX-License-Identifier: MIT */
/* Subcommands: a row each in main.c, a file each in app/.
 *
 * Results go to stdout, everything else to stderr.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "base/attributes.h"
#include "config/config.h"

/* Exit statuses: sysexits.h's where it has one. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 64,
	EXIT_UNAVAILABLE = 69, /* the pin, sensor or broker is not there */
	EXIT_CONFIG = 78, /* so that systemd need not restart */
};

struct command {
	const char *name;
	const char *synopsis; /* "[-c FILE] [--json]" */
	const char *summary; /* one line */
	const char *help; /* the options, a line each */
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name */
};

extern const struct command command_run, command_check, command_read, command_capture,
	command_decode, command_synth, command_discovery, command_drivers, command_health,
	command_doctor, command_scan;

/* The configuration file: `option` where given, else $PIN2MQTT_CONFIG, else the default. */
const char *command_config_path(const char *option);

/* The driver facts of config.h over decode/driver.h. */
const struct config_driver_facts *command_driver_facts(void);

/* Prints `errors` as FILE:LINE:COLUMN: lines on stderr. */
void command_print_errors(const char *path, const struct config_errors *errors);

/* The same as lines of the log. */
void command_log_errors(const char *path, const struct config_errors *errors);

/* The configuration, which the caller frees, or NULL where it is wrong; what is found in it is
 * printed as above. */
struct config *command_load_config(const char *path);

/* The arguments of a command that takes `-c FILE` and `--json` alone. is_json_out: NULL where
 * it takes no `--json`. Returns -1 and fills them in, or the status to end with. */
int command_take_config(const struct command *command, int argc, char **argv,
			const char **path_out, bool *is_json_out);

/* The last of what goes to stdout. Returns `status`, or EXIT_FAILED where it could not all be
 * written, which is said. */
int command_finish_output(int status);

/* Prints usage and help of a command: on stdout for --help, on stderr after a mistake, which
 * `format` names. Returns EXIT_USAGE. */
int command_usage_error(const struct command *command, const char *format, ...)
	printf_like(2, 3);
int command_print_help(const struct command *command);

#endif
