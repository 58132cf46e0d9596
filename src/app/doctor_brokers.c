/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <stdio.h>
#include <string.h>

#include "app/homeassistant.h"
#include "config/shape.h"
#include "publish/payload.h"
#include "publish/reach.h"
#include "publish/trial.h"

enum { MAX_SERVER = 300 };

static const char why_unheard[] = "readings wait here, and nobody sees them";

static const struct finding findings[NUM_TROUBLES] = {
	[TROUBLE_NONE] = { .id = "broker", .level = FINDING_OK },
	[TROUBLE_UNREACHABLE] = { "broker_unreachable", FINDING_PROBLEM, why_unheard },
	[TROUBLE_NAME] = { "broker_name", FINDING_PROBLEM, why_unheard },
	[TROUBLE_TLS] = { "broker_tls", FINDING_PROBLEM, why_unheard },
	[TROUBLE_LOGIN] = { "broker_login", FINDING_PROBLEM, why_unheard },
	[TROUBLE_FORBIDDEN] = { "broker_acl", FINDING_PROBLEM,
				"the broker drops what the gateway posts" },
	[TROUBLE_UNHEARD] = { "broker_unheard", FINDING_WARNING,
			      "the broker may drop what the gateway posts" },
	[TROUBLE_SILENT] = { "broker_silent", FINDING_PROBLEM, why_unheard },
};

static const struct audience {
	struct finding finding;
	const char *what;
	const char *mend;
} audiences[NUM_TRIAL_AUDIENCES] = {
	[TRIAL_SOMEBODY] = { { .id = "homeassistant", .level = FINDING_OK },
			     "somebody takes what is told to Home Assistant",
			     NULL },
	[TRIAL_NOBODY] = { { "homeassistant_absent", FINDING_WARNING,
			     "the sensors do not appear by themselves" },
			   "nobody takes what is told to Home Assistant",
			   "in Home Assistant: Settings, Devices & services, Add "
			   "integration, MQTT, with this broker; its discovery prefix is "
			   "homeassistant.prefix. Without Home Assistant: "
			   "homeassistant: {enabled: false}" },
	[TRIAL_FORBIDDEN] = { { "homeassistant_acl", FINDING_PROBLEM,
				"the sensors do not appear by themselves" },
			      "the broker refuses what is told to Home Assistant",
			      "let the user write homeassistant/# in the broker's ACL; "
			      "mosquitto: `topic write homeassistant/#` under `user "
			      "USER`" },
	[TRIAL_UNKNOWN] = { { .id = "homeassistant", .level = FINDING_OK },
			    "MQTT 3.1.1 does not tell whether Home Assistant is there",
			    NULL },
};

/* A server for people; one whose name is a secret by its place. */
static void name_server(const struct config *config, size_t server, char out[MAX_SERVER])
{
	if (config_is_hidden(config, config->mqtt.servers[server]))
		snprintf(out, MAX_SERVER, "mqtt.servers[%zu]", server);
	else
		snprintf(out, MAX_SERVER, "%s", config->mqtt.servers[server]);
}

static bool is_loopback(const char *server)
{
	char host[REACH_MAX_HOST], port[REACH_MAX_PORT];

	return reach_split(server, host, port) == 0 &&
	       (strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
		strcmp(host, "::1") == 0);
}

static void check_secrecy(struct doctor *doctor, size_t server)
{
	char name[MAX_SERVER];

	static const struct finding plain = {
		"broker_plain", FINDING_WARNING,
		"whoever is on the network can read the password"
	};
	static const struct finding unverified = {
		"broker_unverified", FINDING_WARNING,
		"whoever is on the network can put himself in the broker's place"
	};
	const struct config *config = doctor->config;
	bool is_tls = shape_is_tls_server(config->mqtt.servers[server]);

	name_server(config, server, name);
	if (!is_tls && config->mqtt.password &&
	    !is_loopback(config->mqtt.servers[server]))
		findings_add(&doctor->findings, &plain,
			     "use mqtts:// (port 8883) and set mqtt.tls.ca_file",
			     "%s: the password goes over the network in the clear", name);
	if (is_tls && !config->mqtt.tls.is_verified)
		findings_add(&doctor->findings, &unverified,
			     "mqtt.tls.ca_file, and mqtt.tls.verify: true",
			     "%s: the certificate is not verified", name);
}

/* is_lost: it is our gateway that was thrown out */
static void tell_rival(struct doctor *doctor, bool is_lost, const char *name)
{
	static const struct finding rival = {
		"gateway_rival", FINDING_WARNING,
		"two with one id throw each other out at the broker, and their readings "
		"are numbered twice"
	};

	findings_add(
		&doctor->findings, &rival,
		"give each a gateway.id of its own; where it is this one, in a "
		"container or with another file, ask doctor there",
		is_lost ? "%s: another client seems to have the id of this gateway, %s"
			: "%s: a gateway called %s is online there, and none runs "
			  "here with this configuration",
		name, doctor->config->gateway.id);
}

static void tell_audience(struct doctor *doctor, enum trial_audience audience,
			  const char *name)
{
	const struct audience *row = &audiences[audience];

	if (row->what)
		findings_add(&doctor->findings, &row->finding, row->mend, "%s: %s", name,
			     row->what);
}

/* The topic of a device that no gateway has: a sensor's id is in lower case. Returns whether
 * Home Assistant is told anything. */
static bool write_discovery_topic(const struct config *config, struct text *out)
{
	struct discovery *discovery;

	if (!config->homeassistant.is_enabled || homeassistant_new(config, &discovery))
		return false;
	discovery_sensor_topic(out, discovery, "DOCTOR");
	homeassistant_free(discovery);
	return !out->is_cut;
}

static void check_broker(struct doctor *doctor, size_t server)
{
	char name[MAX_SERVER], topic_data[PAYLOAD_MAX_TOPIC];
	struct text topic;
	struct trial trial;

	text_init(&topic, topic_data, sizeof(topic_data));

	bool is_told = write_discovery_topic(doctor->config, &topic);
	int error =
		trial_run(doctor->config, server, is_told ? topic_data : NULL, &trial);
	const struct finding *finding =
		&findings[error ? TROUBLE_UNREACHABLE : trial.trouble];

	name_server(doctor->config, server, name);
	if (!error && trial.trouble == TROUBLE_NONE)
		findings_add(&doctor->findings, finding, NULL,
			     "%s takes messages, MQTT %s", name,
			     trial.version == 5 ? "5" : "3.1.1");
	else
		findings_add(&doctor->findings, finding, trouble_mend(trial.trouble),
			     "%s: %s", name, error ? strerror(-error) : trial.reason);
	if (doctor->has_rival || (trial.is_online && !doctor->is_running))
		tell_rival(doctor, doctor->has_rival, name);
	tell_audience(doctor, trial.audience, name);
}

void doctor_check_secrecy(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->config->mqtt.num_servers; i++)
		check_secrecy(doctor, i);
}

void doctor_check_brokers(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->config->mqtt.num_servers; i++)
		check_broker(doctor, i);
}
