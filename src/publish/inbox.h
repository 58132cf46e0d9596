/* SPDX-License-Identifier: MIT */
/* What the client library's threads tell the connection's thread: acknowledgements, what
 * arrives, and that the connection is gone. Nothing is locked, so that no lock of ours can be held while the
 * library holds its own.
 *
 * Threads: the events of inbox_events() come from the library, one at a time; the rest is the
 *          owner's.
 * Memory:  fixed.
 */
#ifndef PUBLISH_INBOX_H
#define PUBLISH_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/ring.h"
#include "base/wake.h"
#include "publish/announcer.h"
#include "publish/broker.h"
#include "publish/request_box.h"

enum { INBOX_NUM_SLOTS = 64 }; /* a power of two; more than can be in flight */

struct ack {
	int token;
	uint32_t reason;
};

struct inbox {
	struct wake wake; /* of the owner: signalled at events, and by whoever else */
	_Atomic uint32_t
		is_waiting; /* the owner writes: an acknowledgement is worth a wake */
	struct ring acks; /* the library's thread pushes, the owner pops */
	struct ack slots[INBOX_NUM_SLOTS];
	struct announcer *announcer; /* borrowed; outlives this; hears what arrives */
	struct request_box *requests; /* the same */
	_Atomic uint32_t is_lost; /* the library's thread sets, the owner clears */
	_Atomic uint32_t lost_reason; /* the library's thread writes */
};

/* announcer and requests are set by the caller. Returns 0 or a negative errno. */
must_check int inbox_open(struct inbox *inbox);
void inbox_close(struct inbox *inbox);

/* What to give to the library. */
struct broker_events inbox_events(struct inbox *inbox);

/* Before a new connection: what an earlier one left behind is forgotten. */
void inbox_clear(struct inbox *inbox);

/* False: none is there. */
must_check bool inbox_take_ack(struct inbox *inbox, struct ack *out);

/* Waits until an acknowledgement is there, the connection is lost, the wake is signalled for
 * another reason, or it is until_ns (CLOCK_MONOTONIC). */
void inbox_wait(struct inbox *inbox, uint64_t until_ns);

bool inbox_is_lost(const struct inbox *inbox);

/* Whether the broker ended the connection with a reason to stay away for a while (MQTT 5). */
bool inbox_is_unwelcome(const struct inbox *inbox);

/* Whether it ended because another client came with our id (MQTT 5). */
bool inbox_is_taken_over(const struct inbox *inbox);

/* In words; where it is not lost, or nobody said why, too. */
const char *inbox_lost_words(const struct inbox *inbox);

#endif
