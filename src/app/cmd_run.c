/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/doctor.h"
#include "app/reload.h"
#include "app/supervisor.h"
#include "app/version.h"
#include "base/log.h"
#include "publish/broker.h"

/* Main takes these; every thread has them blocked. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Takes the configuration. */
static int run_until_signal(struct config *config)
{
	struct reload reload;
	sigset_t set;

	block_signals(&set);
	broker_paho_clean_environment();
	log_info("pin2mqtt %s starts gateway=%s sensors=%zu", version_string(),
		 config->gateway.id, config->num_sensors);

	doctor_warn(config);

	int error = reload_start(&reload, config);

	if (error) {
		log_error("cannot start: %s", strerror(-error));
		return EXIT_FAILED;
	}

	int received = supervisor_run(&reload, &set);

	if (received < 0)
		log_error("cannot go on: %s", strerror(-received));
	else
		log_info("stopping signal=%s", strsignal(received));
	if (!reload_stop(&reload)) {
		log_warning("the connection hangs; ending without it");
		_exit(received < 0 ? EXIT_FAILED : EXIT_DONE);
	}
	log_tell_repeats(true);
	log_info("stopped");
	return received < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *option_path = NULL;
	enum log_level level;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'h')
			return command_print_help(&command_run);
		if (option == '?')
			return command_usage_error(&command_run, NULL);
		if (option == 'c')
			option_path = optarg;
		else if (!log_level_from_name(optarg, &level))
			return command_usage_error(&command_run, "no such log level: %s",
						   optarg);
		else
			log_set_level(level);
	}
	if (optind < argc)
		return command_usage_error(&command_run, "unexpected argument: %s",
					   argv[optind]);

	const char *path = command_config_path(option_path);
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int error = config_load(path, command_driver_facts(), &config, &errors);

	command_log_errors(path, &errors);
	config_errors_finish(&errors);
	if (error)
		return EXIT_CONFIG;

	return run_until_signal(config);
}

const struct command command_run = {
	.name = "run",
	.synopsis = "[-c FILE] [--log-level LEVEL]",
	.summary = "the gateway: reads sensors and posts their readings, until it is "
		   "told to stop",
	.help = "  -c, --config FILE      the configuration (default: $PIN2MQTT_CONFIG, "
		"else\n"
		"                         /etc/pin2mqtt/pin2mqtt.yaml)\n"
		"      --log-level LEVEL  error, warning, info (the default) or debug\n",
	.run = run,
};
