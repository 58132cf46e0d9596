/* SPDX-License-Identifier: MIT */
/* The way to the broker: one thread that connects, posts what the store and the board hold,
 * takes acknowledgements, and comes back after every loss.
 *
 * On each connection, in this order: status online, info, what Home Assistant is told,
 * availability of every sensor, the newest state of every sensor, then readings in order (those that waited with
 * "replay":true), fresh states in between. At a stop: what is in flight is waited for (3 s
 * at most), status offline, goodbye.
 *
 * Threads: connection_start(), connection_pause(), connection_resume() and connection_stop()
 *          from one owner; connection_set_available() and
 *          connection_post_health() from the publisher.
 */
#ifndef PUBLISH_CONNECTION_H
#define PUBLISH_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/latency.h"
#include "base/wake.h"
#include "config/config.h"
#include "store/store.h"
#include "publish/request.h"

struct broker;
struct broker_events;
struct connection;
struct discovery;

/* Who obeys requests. */
struct connection_obeyer {
	/* Called on the connection's thread: may push to a ring and wake. The request is
	 * borrowed for the call, and answered by connection_answer(). */
	void (*take)(void *context, const struct request *request);
	void *context; /* borrowed; outlives the connection */
};

/* Counters, for health and metrics. 32 bit: they wrap. */
struct connection_stat {
	bool is_connected;
	int version; /* 5 or 4 while connected */
	uint32_t num_connects;
	uint32_t num_failures; /* tries that did not connect */
	uint32_t num_acknowledged; /* readings that the broker has taken */
	uint32_t num_refused; /* messages that the broker refused */
	bool has_rival; /* another client had our id, not long ago */
	struct latency_counts puback; /* from a message to its acknowledgement */
};

/* What a connection is made of. */
struct connection_setup {
	const struct config
		*config; /* borrowed; outlives the connection, as the next two */
	struct store *store;
	const struct discovery
		*discovery; /* what Home Assistant is told; NULL: nothing */
	const char *info; /* borrowed for the call: the JSON of the `info` topic */
	struct connection_obeyer obeyer; /* zeroed: requests are ignored */
};

/* setup: borrowed for the call; the broker is made inside.
 * Returns 0, -ENAMETOOLONG where a topic would be longer than PAYLOAD_MAX_TOPIC, or a
 * negative errno. */
must_check int connection_start(const struct connection_setup *setup,
				struct connection **out);

/* The same over another broker client than broker_paho_new(). For tests. */
must_check int connection_start_over(const struct connection_setup *setup,
				     int (*broker_new)(const struct broker_events *events,
						       struct broker **out),
				     struct connection **out);

/* Stops as described above and frees; ends within 5 s, and within 1 s where no connection
 * stands. Where the library hangs, all that it uses is left behind and false is returned:
 * config and store must stay, too, and the process must end by _exit(), since its thread
 * still runs. */
bool connection_stop(struct connection *connection);

/* Asks the connection to stand still, for a change; ready is signalled when it does, which may
 * take as long as the library hangs. Readings go on into the store meanwhile.
 *
 * must_leave: with a goodbye before, as another connection is wanted
 * ready:      borrowed; outlives the connection */
void connection_pause(struct connection *connection, bool must_leave, struct wake *ready);

bool connection_is_paused(const struct connection *connection);

/* Goes on with another configuration: on the connection that stands, or after a goodbye on a
 * new one. Info and discovery as in connection_start().
 * Threads: none may be at another call. Returns 0, or a negative errno: it is still paused. */
must_check int connection_resume(struct connection *connection,
				 const struct config *config, const char *info,
				 const struct discovery *discovery);

/* Whether a sensor's readings are fresh; posted when it changes and after each reconnect. */
void connection_set_available(struct connection *connection, uint16_t sensor,
			      bool is_available);

/* Posts the payload on `health`, once, if connected. Borrowed for the call. */
void connection_post_health(struct connection *connection, const char *payload);

/* Answers a request, once connected. Where too many answers wait, it is not said.
 * payload: borrowed for the call. Threads: any. */
void connection_answer(struct connection *connection, enum request_verb verb,
		       const char *payload);

void connection_stat(struct connection *connection, struct connection_stat *out);

#endif
