/* SPDX-License-Identifier: MIT */
/* A try of one broker, beside a gateway that may be running: connects as another client,
 * posts two messages that nobody keeps, and goes.
 *
 * Threads: any; blocks, for a minute at the worst (DNS, TLS, a frozen broker).
 */
#ifndef PUBLISH_TRIAL_H
#define PUBLISH_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "config/config.h"
#include "publish/broker.h"
#include "publish/trouble.h"

/* Who takes what is told to Home Assistant. */
enum trial_audience {
	TRIAL_UNASKED, /* nothing is told it, or nothing could be posted */
	TRIAL_SOMEBODY,
	TRIAL_NOBODY,
	TRIAL_FORBIDDEN, /* the broker refused it */
	TRIAL_UNKNOWN, /* MQTT 3.1.1 does not tell */
};
enum { NUM_TRIAL_AUDIENCES = TRIAL_UNKNOWN + 1 };

struct trial {
	enum trouble trouble;
	enum trial_audience audience;
	int version; /* 5 or 4; 0: not connected */
	bool is_online; /* the broker has that a gateway with our id is there */
	char reason[BROKER_MAX_REASON]; /* of the trouble */
};

/* server:          index into config->mqtt.servers
 * discovery_topic: like those of discovery, and of no device; NULL: not to be tried
 * Returns 0, whatever the trouble, or a negative errno. */
must_check int trial_run(const struct config *config, size_t server,
			 const char *discovery_topic, struct trial *out);

#endif
