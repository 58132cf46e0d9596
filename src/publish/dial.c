/* SPDX-License-Identifier: MIT */
#include "publish/dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "publish/payload.h"
#include "publish/session.h"
#include "publish/trouble.h"

enum { CONNECT_TIMEOUT_S = 10, PATIENCE = 10 };

int dial_init(struct dial *dial)
{
	dial->memory = calloc(dial->config->mqtt.num_servers + 1, sizeof(*dial->memory));
	return dial->memory ? 0 : -ENOMEM;
}

void dial_finish(struct dial *dial)
{
	free(dial->memory);
	dial->memory = NULL;
}

static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619u;
	return value;
}

/* A server for the log; one whose name is a secret by its place. */
static void name_server(const struct dial *dial, size_t server, char out[DIAL_MAX_NAME])
{
	const char *name = dial->config->mqtt.servers[server];

	if (config_is_hidden(dial->config, name))
		snprintf(out, DIAL_MAX_NAME, "mqtt.servers[%zu]", server);
	else
		snprintf(out, DIAL_MAX_NAME, "%s", name);
}

static void log_failure(struct dial *dial, size_t server, int error, const char *reason)
{
	uint32_t now = hash(reason);
	bool is_news = dial->memory[server].logged != now;
	char name[DIAL_MAX_NAME];

	name_server(dial, server, name);
	dial->memory[server].logged = now;
	dial->has_news |= is_news;
	log_at(is_news ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
	       "no connection to the broker server=%s reason=\"%s\": %s", name, reason,
	       trouble_mend(
		       trouble_of_connect(dial->config->mqtt.servers[server], error)));
}

struct broker_options dial_options(const struct config *config)
{
	const struct config_tls *tls = &config->mqtt.tls;

	return (struct broker_options){
		.client_id = config->mqtt.client_id,
		.username = config->mqtt.username,
		.password = config->mqtt.password,
		.keepalive_s = (config->mqtt.keepalive_ms + 999) / 1000,
		.connect_timeout_s = CONNECT_TIMEOUT_S,
		.tls = {
			.ca_path = tls->ca_path,
			.certificate_path = tls->certificate_path,
			.key_path = tls->key_path,
			.key_password = tls->key_password,
			.is_verified = tls->is_verified,
		},
	};
}

static int connect_as(struct dial *dial, size_t server,
		      const struct broker_options *options, struct dialled *out,
		      char reason[BROKER_MAX_REASON])
{
	if (dial->inbox)
		inbox_clear(dial->inbox);
	return dial->broker->ops->connect(dial->broker,
					  dial->config->mqtt.servers[server],
					  out->version, options, &out->limits, reason);
}

/* Of the brokers that know 3.1.1 only, some say so and some hang up. So does a proxy in front of
 * a broker that starts, and one that begins to listen while it is asked why it does not seems
 * to: a server that has spoken MQTT 5 may do so a few times. */
static bool knows_3_1_1_only(struct dial *dial, size_t server, int error)
{
	struct dial_memory *memory = dial->memory ? &dial->memory[server] : NULL;

	if (error != -ECONNRESET || !memory || memory->patience == 0)
		return error == -EPROTONOSUPPORT || error == -ECONNRESET;
	memory->patience--;
	return false;
}

int dial_server(struct dial *dial, size_t server, const struct broker_options *options,
		struct dialled *out, char reason[BROKER_MAX_REASON])
{
	enum config_mqtt_version wanted = dial->config->mqtt.version;
	int error;

	out->version = wanted == CONFIG_MQTT_3_1_1 ? 4 : 5;
	error = connect_as(dial, server, options, out, reason);
	if (wanted == CONFIG_MQTT_AUTO && knows_3_1_1_only(dial, server, error)) {
		out->version = 4;
		error = connect_as(dial, server, options, out, reason);
	}
	return error;
}

static int connect_to(struct dial *dial, size_t server, struct dialled *out,
		      char reason[BROKER_MAX_REASON])
{
	char will_topic[PAYLOAD_MAX_TOPIC];
	struct broker_options options = dial_options(dial->config);

	options.will = session_will(dial->config, will_topic);
	return dial_server(dial, server, &options, out, reason);
}

static void forget_failures(struct dial *dial)
{
	for (size_t i = 0; i < dial->config->mqtt.num_servers; i++)
		dial->memory[i].logged = 0;
}

bool dial(struct dial *dial, const struct order *order, struct dialled *out)
{
	char reason[BROKER_MAX_REASON];

	for (size_t i = 0; i < dial->config->mqtt.num_servers; i++) {
		if (order_get(order) != ORDER_SERVE)
			return false;

		int error = connect_to(dial, i, out, reason);

		if (error == 0) {
			name_server(dial, i, out->server);
			forget_failures(dial);
			dial->memory[i].patience = out->version == 5 ? PATIENCE : 0;
			return true;
		}
		atomic_fetch_add_explicit(&dial->num_failures, 1, memory_order_relaxed);
		log_failure(dial, i, error, reason);
	}
	return false;
}
