/* SPDX-License-Identifier: MIT */
/* A mosquitto of the test's own on a free port of the loopback, and mosquitto_sub as a
 * client that shares no line of code with ours. For tests.
 */
#ifndef CONTRACT_REAL_BROKER_H
#define CONTRACT_REAL_BROKER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct real_broker {
	char directory[64]; /* of its files; removed at the end */
	char server[64]; /* "mqtt://127.0.0.1:PORT" */
	int port;
	pid_t pid; /* 0: not running */
};

/* One message as mosquitto_sub saw it. */
struct seen_message {
	char topic[256];
	char payload[1024];
	int qos;
	bool is_retained; /* as the publisher asked */
	unsigned expiry_s; /* 0: none */
};

struct listener {
	pid_t pid;
	FILE *out;
};

/* False where mosquitto is not installed. */
bool real_broker_is_there(void);

/* extra: more lines for its configuration, "" for none. */
void real_broker_init(struct real_broker *broker, const char *extra);
void real_broker_finish(struct real_broker *broker);

/* A line beside the configuration: "password_file" and the like. Returns its path. */
const char *real_broker_file(struct real_broker *broker, const char *name,
			     const char *content, char path[128]);

void real_broker_start(struct real_broker *broker);
void real_broker_stop(struct real_broker *broker, int signal);

/* username: NULL for none; the password is "secret". */
void listener_start(struct listener *listener, const struct real_broker *broker,
		    const char *username);
void listener_stop(struct listener *listener);

/* The next message; fails the test after 20 s. */
void listener_next(struct listener *listener, struct seen_message *out);

/* The next message on a topic that ends so. */
void listener_next_on(struct listener *listener, const char *leaf,
		      struct seen_message *out);

/* A port of the loopback that nobody listens on. */
int free_port(void);

#endif
