/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/homeassistant.h"
#include "publish/payload.h"

static void print_device(const struct discovery *discovery, size_t device)
{
	char topic_data[PAYLOAD_MAX_TOPIC], document_data[DISCOVERY_MAX_DOCUMENT];
	struct text topic, document;

	text_init(&topic, topic_data, sizeof(topic_data));
	text_init(&document, document_data, sizeof(document_data));
	discovery_topic(&topic, discovery, device);
	discovery_document(&document, discovery, device, 0);
	printf("%s %s\n", topic_data, document_data);
}

static int print_all(const struct config *config)
{
	struct discovery *discovery;
	int error = homeassistant_new(config, &discovery);

	if (error) {
		fprintf(stderr, "pin2mqtt discovery: %s\n", strerror(-error));
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < discovery_num_devices(discovery); i++)
		print_device(discovery, i);
	homeassistant_free(discovery);
	if (!config->homeassistant.is_enabled)
		fprintf(stderr, "pin2mqtt discovery: homeassistant.enabled is false: the "
				"gateway does not send these\n");
	return command_finish_output(EXIT_DONE);
}

static int run(int argc, char **argv)
{
	const char *path;
	int status = command_take_config(&command_discovery, argc, argv, &path, NULL);

	if (status >= 0)
		return status;

	struct config *config = command_load_config(path);

	if (!config)
		return EXIT_CONFIG;
	status = print_all(config);
	config_free(config);
	return status;
}

const struct command command_discovery = {
	.name = "discovery",
	.synopsis = "[-c FILE]",
	.summary = "the Home Assistant messages it would send, TOPIC PAYLOAD a line",
	.help = "  -c, --config FILE  the configuration (default: $PIN2MQTT_CONFIG, "
		"else\n"
		"                     /etc/pin2mqtt/pin2mqtt.yaml)\n"
		"  -h, --help         this\n",
	.run = run,
};
