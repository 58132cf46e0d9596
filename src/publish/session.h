/* SPDX-License-Identifier: MIT */
/* What is said on one connection, and in which order: status, info, what Home
 * Assistant is told, availability, the newest states, then readings, with fresh states in between.
 *
 * Threads: the connection's only, but session_set_available() from one other, and the
 *          counters, which any may read.
 * Memory:  the struct is the caller's; session_init() allocates a byte or two a sensor.
 */
#ifndef PUBLISH_SESSION_H
#define PUBLISH_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/latency.h"
#include "config/config.h"
#include "publish/announcer.h"
#include "publish/broker.h"
#include "publish/mailbox.h"
#include "store/store.h"
#include "publish/presence.h"
#include "publish/refusals.h"
#include "publish/request_box.h"
#include "publish/window.h"

struct session {
	const struct config *config; /* borrowed; outlives this */
	struct store *store; /* borrowed; outlives this */
	struct broker *broker; /* borrowed; outlives this */
	const char *info; /* borrowed; outlives this */
	struct announcer announcer; /* the library's thread tells it what arrives */
	struct request_box requests; /* the same */
	struct mailbox mailbox; /* any thread puts what is to be said */
	int version; /* 5 or 4, of this connection */
	struct broker_limits limits; /* of this connection */
	struct window window;
	uint32_t num_announced; /* of the messages that open a connection */
	uint64_t replay_before_seq; /* older readings waited for this connection */
	uint32_t num_readings_since_state;
	uint64_t state_due_ns; /* the next goes before readings not before then */
	bool is_of_use; /* the broker has taken something */
	bool is_discovery_refused; /* on this connection */
	bool is_discovery_fatal; /* the last connection broke over it */
	uint64_t refusals_logged[2]; /* a bit for each reason code from 0x80 on */
	struct refusals refusals; /* of readings */
	struct presence presence; /* another thread tells it who is fresh */
	_Atomic uint32_t num_acknowledged; /* connection writes: readings taken */
	_Atomic uint32_t num_refused; /* connection writes */
	struct latency
		puback; /* connection writes: from a message to its acknowledgement */
};

/* config, store, broker, info and announcer.discovery are set by the caller. Returns 0 or -ENOMEM. */
must_check int session_init(struct session *session);
void session_finish(struct session *session);

/* The configuration has changed. What the broker was told of sensors that stay is known as
 * before; what it keeps of those that have left is cleared, and info is said again.
 * config, info and discovery are borrowed and outlive the session, in place of what it had.
 * Threads: no other call may be on its way. Returns 0 or -ENOMEM: all is as it was. */
must_check int session_change(struct session *session, const struct config *config,
			      const char *info, const struct discovery *discovery);

/* A connection stands: all is to be said again.
 *
 * server: borrowed until the next connection stands
 * is_new: nothing has waited for it */
void session_begin(struct session *session, const char *server, int version,
		   const struct broker_limits *limits, bool is_new);

/* The connection broke after that time. */
void session_note_break(struct session *session, uint64_t up_ms);

/* Posts the next message, if there is one and the window has room. Returns 1, 0 where there is
 * nothing to do before an acknowledgement, a kick or session_due_ns(), or the broker's
 * negative errno. */
must_check int session_post(struct session *session);

/* The broker's word on a message. */
void session_acknowledge(struct session *session, int token, unsigned reason);

/* When session_post() is worth a try without anything having happened: UINT64_MAX: never. */
uint64_t session_due_ns(const struct session *session);

/* Whether an acknowledgement is overdue at that time: the connection is of no use. */
bool session_is_stalled(const struct session *session, uint64_t now_ns);

/* Nothing waits and nothing is in flight. */
bool session_is_drained(const struct session *session);

/* Posts status offline. Returns 0, -EBUSY where the window has no room, or the broker's
 * negative errno. */
must_check int session_say_offline(struct session *session);

/* Whether a sensor is fresh; true where that is news. */
bool session_set_available(struct session *session, uint16_t sensor, bool is_available);

/* The will that the broker keeps for us; topic: room for its topic, borrowed by it. */
struct broker_message session_will(const struct config *config, char topic[]);

#endif
