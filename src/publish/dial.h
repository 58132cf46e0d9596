/* SPDX-License-Identifier: MIT */
/* Finds a broker: the servers in their order, MQTT 5 and then 3.1.1, and says why not.
 *
 * Threads: the connection's only, but num_failures, which any may read.
 * Memory:  the struct is the caller's; dial_init() allocates a few bytes a server.
 */
#ifndef PUBLISH_DIAL_H
#define PUBLISH_DIAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "config/config.h"
#include "publish/broker.h"
#include "publish/inbox.h"
#include "publish/order.h"

enum { DIAL_MAX_NAME = 300 };

/* What is remembered of a server. */
struct dial_memory {
	uint32_t logged; /* hash of the reason logged last */
	uint32_t patience; /* hang-ups that do not make it one of 3.1.1 only */
};

struct dial {
	const struct config *config; /* borrowed; outlives this */
	struct broker *broker; /* borrowed; outlives this */
	struct inbox *inbox; /* borrowed; outlives this */
	struct dial_memory *memory; /* owned; a server each; NULL: none */
	bool has_news; /* a failure was logged; the caller clears it */
	_Atomic uint32_t num_failures; /* connection writes */
};

/* Who answered. */
struct dialled {
	char server[DIAL_MAX_NAME]; /* for the log */
	int version; /* 5 or 4 */
	struct broker_limits limits;
};

/* How the configuration says to connect, without a will; borrows its texts. */
struct broker_options dial_options(const struct config *config);

/* Tries one server: MQTT 5 first, then 3.1.1, unless the configuration says which. Wants config
 * and broker of the dial, and clears the inbox where there is one; out->server is left alone.
 * Returns as broker_ops.connect() does. */
must_check int dial_server(struct dial *dial, size_t server,
			   const struct broker_options *options, struct dialled *out,
			   char reason[BROKER_MAX_REASON]);

/* config, broker and inbox are set by the caller. Returns 0 or -ENOMEM. */
must_check int dial_init(struct dial *dial);
void dial_finish(struct dial *dial);

/* Tries each server once, until one answers or there is another order. May take a minute.
 * Failures are logged: once, and again when the reason changes. */
must_check bool dial(struct dial *dial, const struct order *order, struct dialled *out);

#endif
