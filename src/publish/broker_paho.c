/* SPDX-License-Identifier: MIT */
/* MQTT through Eclipse Paho's synchronous client. What is peculiar here comes from its source
 * (1.3.12 to 1.3.15, MQTTClient.c) and from measurements:
 *
 * - A handle belongs to one version of the protocol, and what its address says of TLS and
 *   websockets is never unset: each (server, version) has a handle of its own, made at its
 *   first use and kept. Several addresses on one handle are not used: 1.3.12 checks host
 *   names against the handle's first address and takes "mqtt://" off by the length of "tcp://".
 * - `published` tells reason codes, for MQTT 5 only; `deliveryComplete` is for 3.1.1. Both
 *   run under the library's lock, and publish takes the same: they touch nothing of ours but
 *   the events.
 * - What was in flight when a connection broke would be sent again by the library; a clean
 *   start makes it forget, and the owner sends again what was not acknowledged.
 */
#include "publish/broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTClient.h>

#include "base/clock.h"
#include "config/shape.h"
#include "publish/reach.h"
#include "publish/reason.h"

enum {
	/* More than any window of ours: at the limit the library sleeps in steps of 100 ms. */
	MAX_IN_FLIGHT = 64,
	REACH_TIMEOUT_MS = 10000,
	EARLY_MS = 200, /* that the library may give up before its time */
};

struct handle {
	struct handle *next; /* owned */
	MQTTClient client; /* owned */
	int version;
	char server[]; /* as in the configuration */
};

struct paho {
	struct broker broker;
	struct broker_events events;
	struct handle *handles; /* owned */
	struct handle *current; /* of that list; NULL: none is connected */
};

static void on_lost(void *context, char *cause)
{
	const struct paho *paho = context;

	(void)cause; /* always NULL */
	paho->events.lost(paho->events.context, 0);
}

static void on_disconnected(void *context, MQTTProperties *properties,
			    enum MQTTReasonCodes reason)
{
	const struct paho *paho = context;

	(void)properties;
	paho->events.lost(paho->events.context, (unsigned)reason);
}

static void on_delivered(void *context, MQTTClient_deliveryToken token)
{
	const struct paho *paho = context;

	paho->events.acknowledged(paho->events.context, token, 0);
}

static void on_published(void *context, int token, int packet_type,
			 MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	const struct paho *paho = context;

	(void)packet_type;
	(void)properties;
	paho->events.acknowledged(paho->events.context, token, (unsigned)reason);
}

static int on_arrived(void *context, char *topic, int topic_bytes,
		      MQTTClient_message *message)
{
	const struct paho *paho = context;

	/* topic_bytes is 0 but for topics that hold a NUL, which no broker lets through. */
	if (paho->events.arrived && topic_bytes == 0 && message->payloadlen >= 0)
		paho->events.arrived(paho->events.context, topic, message->payload,
				     (size_t)message->payloadlen, message->retained != 0);
	MQTTClient_freeMessage(&message);
	MQTTClient_free(topic);
	return 1;
}

static int make_client(struct paho *paho, struct handle *handle, const char *client_id)
{
	MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
	bool is_v5 = handle->version == MQTTVERSION_5;

	options.MQTTVersion = handle->version;

	int error =
		MQTTClient_createWithOptions(&handle->client, handle->server, client_id,
					     MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);

	if (error)
		return error == MQTTCLIENT_BAD_PROTOCOL ? -EINVAL : -ENOMEM;
	error = MQTTClient_setCallbacks(handle->client, paho, on_lost, on_arrived,
					is_v5 ? NULL : on_delivered);
	if (!error && is_v5)
		error = MQTTClient_setPublished(handle->client, paho, on_published);
	if (!error && is_v5)
		error = MQTTClient_setDisconnected(handle->client, paho, on_disconnected);
	if (error)
		MQTTClient_destroy(&handle->client);
	return error ? -EPROTO : 0;
}

static int find_handle(struct paho *paho, const char *server, int version,
		       const char *client_id, struct handle **out)
{
	for (struct handle *handle = paho->handles; handle; handle = handle->next) {
		if (handle->version == version && strcmp(handle->server, server) == 0) {
			*out = handle;
			return 0;
		}
	}

	size_t num_bytes = strlen(server) + 1;
	struct handle *handle = calloc(1, sizeof(*handle) + num_bytes);

	if (!handle)
		return -ENOMEM;
	memcpy(handle->server, server, num_bytes);
	handle->version = version;

	int error = make_client(paho, handle, client_id);

	if (error) {
		free(handle);
		return error;
	}
	handle->next = paho->handles;
	paho->handles = handle;
	*out = handle;
	return 0;
}

static void take_limits(MQTTProperties *properties, struct broker_limits *limits)
{
	MQTTProperty *found;

	if (!properties)
		return;
	found = MQTTProperties_getProperty(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	if (found && found->value.integer2 > 0 &&
	    found->value.integer2 < limits->max_in_flight)
		limits->max_in_flight = found->value.integer2;
	found = MQTTProperties_getProperty(properties, MQTTPROPERTY_CODE_MAXIMUM_QOS);
	if (found && found->value.byte == 0)
		limits->max_qos = 0;
	found = MQTTProperties_getProperty(properties,
					   MQTTPROPERTY_CODE_RETAIN_AVAILABLE);
	if (found && found->value.byte == 0)
		limits->can_retain = false;
}

/* Returns the library's code: 0, less for a failed connection, more for a CONNACK's. */
static int connect_client(const struct handle *handle, MQTTClient_connectOptions *options,
			  struct broker_limits *limits)
{
	MQTTProperties none = MQTTProperties_initializer;
	MQTTProperties no_will = MQTTProperties_initializer;

	if (handle->version != MQTTVERSION_5)
		return MQTTClient_connect(handle->client, options);

	MQTTResponse response =
		MQTTClient_connect5(handle->client, options, &none, &no_will);
	int code = (int)response.reasonCode;

	take_limits(response.properties, limits);
	MQTTResponse_free(response);
	return code;
}

/* Puts words to the library's "failed". */
static int explain(const char *server, const struct broker_tls *tls, bool is_late,
		   char reason[BROKER_MAX_REASON])
{
	int error = reach_ask(server, tls, REACH_TIMEOUT_MS, reason);
	bool is_websocket = strncmp(server, "ws", 2) == 0;
	const char *words = is_late ? "timed out: the server takes the connection and "
				      "does not answer"
				    : "the server hung up without an answer";

	if (error)
		return error;
	if (!is_late && !shape_is_tls_server(server) &&
	    reach_is_tls(server, REACH_TIMEOUT_MS)) {
		snprintf(reason, BROKER_MAX_REASON,
			 "the server speaks TLS on this port: it takes %s:// instead of "
			 "%s://",
			 is_websocket ? "wss" : "mqtts", is_websocket ? "ws" : "mqtt");
		return -EPROTO;
	}
	snprintf(reason, BROKER_MAX_REASON, "%s%s", words,
		 is_websocket ? ": are there websockets at this port and path?" : "");
	return is_late ? -ETIMEDOUT : -ECONNRESET;
}

/* Borrows the texts of `tls`. What is left out of the initializer's: the version of TLS, so
 * that OpenSSL's configuration says it. */
static void fill_tls(const struct broker_tls *tls, MQTTClient_SSLOptions *out)
{
	const MQTTClient_SSLOptions empty = MQTTClient_SSLOptions_initializer;

	*out = empty;
	out->trustStore = tls->ca_path;
	out->keyStore = tls->certificate_path;
	out->privateKey = tls->key_path;
	/* Without any OpenSSL would ask at the terminal. */
	out->privateKeyPassword = tls->key_password ? tls->key_password : "";
	out->enableServerCertAuth = tls->is_verified;
	out->verify = tls->is_verified; /* the host name; the initializer has 0 */
}

static void fill_options(const struct broker_options *options, int version,
			 MQTTClient_connectOptions *connect, MQTTClient_willOptions *will)
{
	const MQTTClient_connectOptions for_5 = MQTTClient_connectOptions_initializer5;
	const MQTTClient_connectOptions for_3 = MQTTClient_connectOptions_initializer;
	const MQTTClient_willOptions empty = MQTTClient_willOptions_initializer;

	*will = empty;
	will->topicName = options->will.topic;
	will->payload.data = options->will.payload;
	will->payload.len = (int)options->will.num_bytes;
	will->qos = (int)options->will.qos;
	will->retained = options->will.is_retained;
	/* Both ask for a clean start. */
	*connect = version == MQTTVERSION_5 ? for_5 : for_3;
	connect->MQTTVersion = version;
	connect->will = options->will.topic ? will : NULL;
	connect->username = options->username;
	connect->password = options->password;
	connect->keepAliveInterval = (int)options->keepalive_s;
	connect->connectTimeout = (int)options->connect_timeout_s;
	connect->reliable = 0;
	connect->maxInflightMessages = MAX_IN_FLIGHT;
}

static int paho_connect(struct broker *broker, const char *server, int version,
			const struct broker_options *options,
			struct broker_limits *limits_out, char reason[BROKER_MAX_REASON])
{
	struct paho *paho = (struct paho *)broker;
	uint64_t late_ns = clock_mono_ns() + options->connect_timeout_s * CLOCK_NS_PER_S -
			   EARLY_MS * CLOCK_NS_PER_MS;
	MQTTClient_connectOptions connect;
	MQTTClient_willOptions will;
	MQTTClient_SSLOptions tls;
	struct handle *handle;
	const char *words;
	int error = find_handle(paho, server,
				version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1,
				options->client_id, &handle);

	if (error) {
		snprintf(reason, BROKER_MAX_REASON, "%s", strerror(-error));
		return error;
	}
	fill_options(options, handle->version, &connect, &will);
	fill_tls(&options->tls, &tls);
	if (shape_is_tls_server(server))
		connect.ssl = &tls;
	*limits_out = (struct broker_limits){ MAX_IN_FLIGHT, 1, true };

	int code = connect_client(handle, &connect, limits_out);

	if (code == MQTTCLIENT_SUCCESS) {
		paho->current = handle;
		return 0;
	}
	if (code < 0)
		return explain(server, &options->tls, clock_mono_ns() >= late_ns, reason);
	error = reason_of_connack(version, (unsigned)code, &words);
	snprintf(reason, BROKER_MAX_REASON, "refused: %s", words);
	return error;
}

static int to_errno(int code)
{
	switch (code) {
	case MQTTCLIENT_FAILURE:
	case MQTTCLIENT_DISCONNECTED:
		return -ENOTCONN;
	case MQTTCLIENT_MAX_MESSAGES_INFLIGHT:
		return -EAGAIN;
	case MQTTCLIENT_BAD_UTF8_STRING:
		return -EILSEQ;
	default:
		return -EPROTO;
	}
}

static int paho_publish(struct broker *broker, const struct broker_message *message)
{
	const struct paho *paho = (const struct paho *)broker;
	MQTTClient_message copy = MQTTClient_message_initializer;
	MQTTProperty expiry = { .identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL };
	MQTTClient_deliveryToken token = 0;
	int code;

	if (!paho->current)
		return -ENOTCONN;
	copy.payload = (void *)message->payload; /* the library copies it */
	copy.payloadlen = (int)message->num_bytes;
	copy.qos = (int)message->qos;
	copy.retained = message->is_retained;
	if (paho->current->version != MQTTVERSION_5) {
		code = MQTTClient_publishMessage(paho->current->client, message->topic,
						 &copy, &token);
		return code == MQTTCLIENT_SUCCESS ? token : to_errno(code);
	}
	expiry.value.integer4 = message->expiry_s;
	if (message->expiry_s > 0 && MQTTProperties_add(&copy.properties, &expiry) != 0)
		return -ENOMEM;

	MQTTResponse response = MQTTClient_publishMessage5(paho->current->client,
							   message->topic, &copy, &token);

	code = (int)response.reasonCode;
	MQTTResponse_free(response);
	MQTTProperties_free(&copy.properties);
	return code == MQTTCLIENT_SUCCESS ? token : to_errno(code);
}

static int paho_subscribe(struct broker *broker, const char *topic, unsigned qos)
{
	const struct paho *paho = (const struct paho *)broker;
	int code;

	if (!paho->current)
		return -ENOTCONN;
	if (paho->current->version != MQTTVERSION_5) {
		code = MQTTClient_subscribe(paho->current->client, topic, (int)qos);
		return code == MQTTCLIENT_SUCCESS   ? 0
		       : code == MQTT_BAD_SUBSCRIBE ? -EACCES
						    : to_errno(code);
	}

	MQTTResponse response =
		MQTTClient_subscribe5(paho->current->client, topic, (int)qos, NULL, NULL);

	code = (int)response.reasonCode;
	MQTTResponse_free(response);
	return code < 0 ? to_errno(code) : code >= 0x80 ? -EACCES : 0;
}

static int paho_unsubscribe(struct broker *broker, const char *topic)
{
	const struct paho *paho = (const struct paho *)broker;
	int code;

	if (!paho->current)
		return -ENOTCONN;
	if (paho->current->version != MQTTVERSION_5) {
		code = MQTTClient_unsubscribe(paho->current->client, topic);
	} else {
		MQTTResponse response =
			MQTTClient_unsubscribe5(paho->current->client, topic, NULL);

		code = (int)response.reasonCode;
		MQTTResponse_free(response);
	}
	/* More than 0: the broker's reasons, none of which matters to who wants no more. */
	return code < 0 ? to_errno(code) : 0;
}

static void paho_disconnect(struct broker *broker, bool is_goodbye)
{
	struct paho *paho = (struct paho *)broker;
	struct handle *handle = paho->current;

	paho->current = NULL;
	if (!handle)
		return;
	/* 3.1.1 knows no goodbye that lets the will be sent. Where the connection is gone
	 * already this only makes sure that the library's thread has ended. */
	if (handle->version == MQTTVERSION_5)
		MQTTClient_disconnect5(
			handle->client, 0,
			is_goodbye ? MQTTREASONCODE_NORMAL_DISCONNECTION
				   : MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE,
			NULL);
	else
		MQTTClient_disconnect(handle->client, 0);
}

static void paho_free(struct broker *broker)
{
	struct paho *paho = (struct paho *)broker;

	for (struct handle *handle = paho->handles, *next; handle; handle = next) {
		next = handle->next;
		MQTTClient_destroy(&handle->client);
		free(handle);
	}
	free(paho);
}

static const struct broker_ops paho_ops = {
	.connect = paho_connect,
	.publish = paho_publish,
	.subscribe = paho_subscribe,
	.unsubscribe = paho_unsubscribe,
	.disconnect = paho_disconnect,
	.free = paho_free,
};

int broker_paho_new(const struct broker_events *events, struct broker **out)
{
	struct paho *paho = calloc(1, sizeof(*paho));

	if (!paho)
		return -ENOMEM;
	paho->broker.ops = &paho_ops;
	paho->events = *events;
	*out = &paho->broker;
	return 0;
}

const char *broker_paho_version(void)
{
	const MQTTClient_nameValue *row = MQTTClient_getVersionInfo();

	for (; row->name; row++) {
		if (strcmp(row->name, "Version") == 0)
			return row->value;
	}
	return "unknown";
}

void broker_paho_clean_environment(void)
{
	static const char *const names[] = {
		"http_proxy",
		"https_proxy",
		"PAHO_C_CLIENT_USE_HTTP_PROXY",
		"MQTT_C_CLIENT_TRACE",
		"MQTT_C_CLIENT_TRACE_LEVEL",
		"MQTT_C_CLIENT_TRACE_MAX_LINES",
	};

	for (size_t i = 0; i < array_length(names); i++)
		unsetenv(names[i]);
}
