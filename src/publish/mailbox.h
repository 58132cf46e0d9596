/* SPDX-License-Identifier: MIT */
/* What others have the connection say, beside readings: `health` and answers to requests. Few;
 * what does not fit is not said.
 *
 * Threads: any.
 */
#ifndef PUBLISH_MAILBOX_H
#define PUBLISH_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

enum { MAILBOX_MAX = 16 };

struct mail {
	const char *leaf; /* borrowed, constant: of the topic */
	char *payload; /* owned */
	unsigned qos;
};

struct mailbox {
	pthread_mutex_t lock; /* guards all below */
	struct mail mail[MAILBOX_MAX];
	size_t num_mail;
};

void mailbox_init(struct mailbox *mailbox);
void mailbox_finish(struct mailbox *mailbox);

/* An answer, QoS 1. payload: copied. False: no room. */
bool mailbox_put(struct mailbox *mailbox, const char *leaf, const char *payload);

/* News, QoS 0, in the place of what waits for the same leaf. The same otherwise. */
bool mailbox_put_news(struct mailbox *mailbox, const char *leaf, const char *payload);

/* The oldest; the caller frees its payload. False: none. */
must_check bool mailbox_take(struct mailbox *mailbox, struct mail *out);

#endif
