/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "app/doctor.h"
#include "base/log.h"
#include "publish/broker.h"

static const struct check {
	void (*check)(struct doctor *doctor);
	bool wants_config;
} checks[] = {
	{ doctor_check_gateway, false }, { doctor_check_kernel, false },
	{ doctor_check_clock, false },   { doctor_check_chips, false },
	{ doctor_check_identity, true }, { doctor_check_sensors, true },
	{ doctor_check_store, true },    { doctor_check_http, true },
	{ doctor_check_pins, true },     { doctor_check_brokers, true },
	{ doctor_check_secrecy, true },
};

static const char why_no_start[] = "the gateway does not start without it";

/* A file that cannot be read is not to be mended. Returns whether it is that. */
static bool tell_unreadable(struct doctor *doctor, int error)
{
	static const struct finding closed = { "config_closed", FINDING_PROBLEM,
					       "nothing can be told of what is in it" };
	static const struct finding missing = { "config_missing", FINDING_PROBLEM,
						why_no_start };

	if (error == -EACCES)
		findings_add(&doctor->findings, &closed, "sudo pin2mqtt doctor",
			     "%s may not be read by you", doctor->path);
	else if (error == -ENOENT)
		findings_add(&doctor->findings, &missing,
			     "name it with -c, or begin with the example: "
			     "/usr/share/doc/pin2mqtt/examples/pin2mqtt.yaml",
			     "%s: No such file or directory", doctor->path);
	return error == -EACCES || error == -ENOENT;
}

static void tell_config(struct doctor *doctor, const struct config_errors *errors)
{
	static const struct finding ok = { .id = "config", .level = FINDING_OK };
	static const struct finding doubtful = { "config_doubtful", FINDING_WARNING,
						 "it may not do what you want" };
	static const struct finding wrong = { "config_wrong", FINDING_PROBLEM,
					      "the gateway does not start with it" };

	for (size_t i = 0; i < errors->num_items; i++) {
		const struct config_error *error = &errors->items[i];

		findings_add(&doctor->findings, error->is_warning ? &doubtful : &wrong,
			     "mend the file; pin2mqtt.yaml(5) has every key, `sudo "
			     "pin2mqtt check` tells when it is right",
			     "%s:%u:%u: %s%s%s", doctor->path, error->line, error->column,
			     error->path, *error->path ? ": " : "", error->text);
	}
	if (errors->num_items == 0)
		findings_add(&doctor->findings, &ok, NULL, "%s is right", doctor->path);
}

static int examine(const char *path, bool is_json)
{
	struct doctor doctor = { .path = path };
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int error = config_load(path, command_driver_facts(), &config, &errors);

	doctor.config = error ? NULL : config;
	findings_begin(&doctor.findings, is_json ? FINDINGS_JSON : FINDINGS_TEXT);
	if (!tell_unreadable(&doctor, error))
		tell_config(&doctor, &errors);
	config_errors_finish(&errors);
	for (size_t i = 0; i < array_length(checks); i++) {
		if (doctor.config || !checks[i].wants_config)
			checks[i].check(&doctor);
	}
	findings_end(&doctor.findings);
	config_free(config);
	return doctor.findings.counts[FINDING_PROBLEM] ? EXIT_FAILED : EXIT_DONE;
}

static int run(int argc, char **argv)
{
	const char *path;
	bool is_json;
	int status = command_take_config(&command_doctor, argc, argv, &path, &is_json);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	broker_paho_clean_environment();
	return examine(path, is_json);
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "[-c FILE] [--json]",
	.summary = "what would keep this gateway from working here, and the mend",
	.help = "  -c, --config FILE  the configuration (default: $PIN2MQTT_CONFIG, "
		"else\n"
		"                     /etc/pin2mqtt/pin2mqtt.yaml)\n"
		"      --json         prints a JSON object\n",
	.run = run,
};
