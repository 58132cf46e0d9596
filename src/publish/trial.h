/* SPDX-License-Identifier: MIT */
/* A try of one broker, beside a gateway that may be running: connects as another client,
 * posts one message that nobody keeps, and goes.
 *
 * Threads: any; blocks, for a minute at the worst (DNS, TLS, a frozen broker).
 */
#ifndef PUBLISH_TRIAL_H
#define PUBLISH_TRIAL_H

#include <stddef.h>

#include "base/attributes.h"
#include "config/config.h"
#include "publish/broker.h"

enum trial_verdict {
	TRIAL_GOOD,
	TRIAL_UNREACHABLE, /* no connection, or one that breaks */
	TRIAL_TLS, /* client and server do not agree, or the certificate is not trusted */
	TRIAL_LOGIN, /* the broker does not let us in */
	TRIAL_FORBIDDEN, /* the message was refused */
	TRIAL_SILENT, /* the message was not acknowledged */
};
enum { NUM_TRIAL_VERDICTS = TRIAL_SILENT + 1 };

struct trial {
	enum trial_verdict verdict;
	int version; /* 5 or 4; 0: not connected */
	char reason[BROKER_MAX_REASON]; /* where it is not good */
};

/* server: index into config->mqtt.servers. Returns 0, whatever the verdict, or a negative
 * errno. */
must_check int trial_run(const struct config *config, size_t server, struct trial *out);

#endif
