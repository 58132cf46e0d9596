/* SPDX-License-Identifier: MIT */
/* What session.c, which others call, and session_announce.c share.
 *
 * Threads: the connection's only.
 */
#ifndef PUBLISH_SESSION_INSIDE_H
#define PUBLISH_SESSION_INSIDE_H

#include "publish/session.h"

#define SESSION_LEAF_DISCOVERY "discovery"

/* Values of session.num_announced: what has been said. */
enum { SESSION_ANNOUNCED_STATUS = 1, SESSION_ANNOUNCED_INFO };

/* Sends and, for QoS 1, notes what is in flight: leaf, seq and taken_back are the caller's.
 * Returns 1 or the broker's negative errno, as the next two. */
must_check int session_send(struct session *session, const struct in_flight *what,
			    const struct broker_message *message);

/* On a topic of the gateway, to be kept by the broker. */
must_check int session_send_retained(struct session *session, const char *leaf,
				     const char *payload);

/* Posts what is to be said next before values are; 0: nothing. */
must_check int session_announce(struct session *session);

#endif
