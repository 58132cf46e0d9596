/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <stdio.h>
#include <string.h>

#include "config/shape.h"
#include "publish/reach.h"
#include "publish/trial.h"

enum { MAX_SERVER = 300 };

static const char why_unheard[] = "readings wait here, and nobody sees them";

static const struct row {
	struct finding finding;
	const char *mend;
} rows[NUM_TRIAL_VERDICTS] = {
	[TRIAL_GOOD] = { { .id = "broker", .level = FINDING_OK }, NULL },
	[TRIAL_UNREACHABLE] = { { "broker_unreachable", FINDING_PROBLEM, why_unheard },
				"is it running, does it listen on the network, is a "
				"firewall between? On its "
				"machine: sudo ss -ltnp; mosquitto: `listener 1883` in "
				"its configuration" },
	[TRIAL_TLS] = { { "broker_tls", FINDING_PROBLEM, why_unheard },
			"mqtt.tls.ca_file: the authority that signed the broker's "
			"certificate; "
			"openssl s_client -connect HOST:PORT shows the chain" },
	[TRIAL_LOGIN] = { { "broker_login", FINDING_PROBLEM, why_unheard },
			  "mqtt.username and mqtt.password as the broker has them; "
			  "mosquitto: sudo "
			  "mosquitto_passwd /etc/mosquitto/passwords USER" },
	[TRIAL_FORBIDDEN] = { { "broker_acl", FINDING_PROBLEM,
				"the broker drops what the gateway posts" },
			      "let the user write the topics in the broker's ACL; "
			      "mosquitto: `topic "
			      "readwrite TOPIC/#` and `topic write homeassistant/#` "
			      "under `user USER`" },
	[TRIAL_SILENT] = { { "broker_silent", FINDING_PROBLEM, why_unheard },
			   "see the broker's log" },
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

static void check_secrecy(struct doctor *doctor, size_t server, const char *name)
{
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

static void check_broker(struct doctor *doctor, size_t server)
{
	char name[MAX_SERVER];
	struct trial trial;
	int error = trial_run(doctor->config, server, &trial);

	name_server(doctor->config, server, name);
	if (error)
		findings_add(&doctor->findings, &rows[TRIAL_UNREACHABLE].finding, NULL,
			     "%s: %s", name, strerror(-error));
	else if (trial.verdict == TRIAL_GOOD)
		findings_add(&doctor->findings, &rows[TRIAL_GOOD].finding, NULL,
			     "%s takes messages, MQTT %s", name,
			     trial.version == 5 ? "5" : "3.1.1");
	else
		findings_add(&doctor->findings, &rows[trial.verdict].finding,
			     rows[trial.verdict].mend, "%s: %s", name, trial.reason);
	check_secrecy(doctor, server, name);
}

void doctor_check_brokers(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->config->mqtt.num_servers; i++)
		check_broker(doctor, i);
}
