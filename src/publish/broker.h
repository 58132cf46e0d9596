/* SPDX-License-Identifier: MIT */
/* One connection to one MQTT broker, whatever library speaks the protocol.
 *
 * The calls may block for as long as a minute (DNS, a frozen broker): only the connection
 * thread makes them, and nothing else waits for it.
 *
 * Threads: all calls from one thread; the events come from the library's own threads, one at
 *          a time, and may only set atomics, push to a ring and wake the owner.
 */
#ifndef PUBLISH_BROKER_H
#define PUBLISH_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct broker;

enum { BROKER_MAX_REASON = 256 };

/* What the library tells us, from its own threads. */
struct broker_events {
	/* PUBACK for a token that publish gave. reason: MQTT 5's code, 0 where it was taken;
	 * 0x80 and more: refused. May come before publish has returned. */
	void (*acknowledged)(void *context, int token, unsigned reason);
	/* The connection is gone. reason: what MQTT 5's DISCONNECT said, else 0. */
	void (*lost)(void *context, unsigned reason);
	/* A message on a topic that we subscribed to; borrowed for the call. NULL: ignored. */
	void (*arrived)(void *context, const char *topic, const char *payload,
			size_t num_bytes, bool is_retained);
	void *context; /* borrowed; outlives the broker */
};

struct broker_message {
	const char *topic;
	const char *payload;
	size_t num_bytes;
	unsigned qos; /* 0 or 1 */
	bool is_retained;
	uint32_t expiry_s; /* MQTT 5: the broker forgets it after that; 0: never */
};

/* For servers that speak TLS. All texts are borrowed for the call. */
struct broker_tls {
	const char *ca_path; /* PEM; NULL: the system's authorities */
	const char *certificate_path; /* PEM, and all below it; NULL: none */
	const char *key_path; /* PEM; beside a certificate */
	const char *key_password; /* NULL: none */
	bool is_verified; /* the server's certificate, and that it has the server's name */
};

struct broker_options {
	const char *client_id;
	const char *username; /* NULL: none */
	const char *password; /* NULL: none */
	uint32_t keepalive_s;
	uint32_t connect_timeout_s;
	struct broker_tls tls;
	struct broker_message will; /* topic NULL: none */
};

/* What the broker allows on this connection. */
struct broker_limits {
	uint32_t max_in_flight; /* unacknowledged QoS 1 messages; at least 1 */
	unsigned max_qos; /* 0 or 1 */
	bool can_retain;
};

struct broker_ops {
	/* version: 5 or 4 (3.1.1). Returns 0 or a negative errno with a sentence in reason:
	 * -EPROTONOSUPPORT the broker refuses that version, -EACCES it refuses the user,
	 * -EPROTO no agreement on TLS, -ECONNRESET it hung up without an answer,
	 * -ECONNREFUSED, -ETIMEDOUT, ... */
	int (*connect)(struct broker *broker, const char *server, int version,
		       const struct broker_options *options,
		       struct broker_limits *limits_out, char reason[BROKER_MAX_REASON]);
	/* Returns a token >= 0 (QoS 0: any) or a negative errno. */
	int (*publish)(struct broker *broker, const struct broker_message *message);
	/* Returns 0, -EACCES where the broker refuses it, or a negative errno. */
	int (*subscribe)(struct broker *broker, const char *topic, unsigned qos);
	/* Returns 0 or a negative errno. */
	int (*unsubscribe)(struct broker *broker, const char *topic);
	/* Ends the connection, if there is one: with a goodbye the broker does not send the
	 * will, without (where the protocol allows it, from MQTT 5) it does. */
	void (*disconnect)(struct broker *broker, bool is_goodbye);
	/* After disconnect. */
	void (*free)(struct broker *broker);
};

struct broker {
	const struct broker_ops *ops;
};

/* The broker client over Eclipse Paho's MQTTClient. Returns 0 or a negative errno. */
must_check int broker_paho_new(const struct broker_events *events, struct broker **out);

/* The library's version: "1.3.12". Outlives the process's use of it. */
const char *broker_paho_version(void);

/* Takes away the environment variables that the library obeys unasked: http_proxy for plain
 * MQTT, and its trace to stdout, which would show passwords.
 * Threads: before any other is started. */
void broker_paho_clean_environment(void);

#endif
