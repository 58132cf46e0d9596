/* SPDX-License-Identifier: MIT */
#include "publish/mailbox.h"

#include <stdlib.h>
#include <string.h>

void mailbox_init(struct mailbox *mailbox)
{
	*mailbox = (struct mailbox){ .num_mail = 0 };
	pthread_mutex_init(&mailbox->lock, NULL);
}

void mailbox_finish(struct mailbox *mailbox)
{
	for (size_t i = 0; i < mailbox->num_mail; i++)
		free(mailbox->mail[i].payload);
	pthread_mutex_destroy(&mailbox->lock);
}

/* Takes one out of the middle. */
static struct mail take_at(struct mailbox *mailbox, size_t index)
{
	struct mail taken = mailbox->mail[index];

	mailbox->num_mail--;
	memmove(&mailbox->mail[index], &mailbox->mail[index + 1],
		(mailbox->num_mail - index) * sizeof(taken));
	return taken;
}

static void drop_same(struct mailbox *mailbox, const char *leaf)
{
	for (size_t i = mailbox->num_mail; i-- > 0;) {
		if (strcmp(mailbox->mail[i].leaf, leaf) == 0)
			free(take_at(mailbox, i).payload);
	}
}

static bool put(struct mailbox *mailbox, const char *leaf, const char *payload,
		unsigned qos)
{
	char *copy = strdup(payload);
	bool has_room;

	if (!copy)
		return false;
	pthread_mutex_lock(&mailbox->lock);
	if (qos == 0)
		drop_same(mailbox, leaf);
	has_room = mailbox->num_mail < MAILBOX_MAX;
	if (has_room)
		mailbox->mail[mailbox->num_mail++] = (struct mail){ leaf, copy, qos };
	pthread_mutex_unlock(&mailbox->lock);
	if (!has_room)
		free(copy);
	return has_room;
}

bool mailbox_put(struct mailbox *mailbox, const char *leaf, const char *payload)
{
	return put(mailbox, leaf, payload, 1);
}

bool mailbox_put_news(struct mailbox *mailbox, const char *leaf, const char *payload)
{
	return put(mailbox, leaf, payload, 0);
}

bool mailbox_take(struct mailbox *mailbox, struct mail *out)
{
	bool is_there;

	pthread_mutex_lock(&mailbox->lock);
	is_there = mailbox->num_mail > 0;
	if (is_there)
		*out = take_at(mailbox, 0);
	pthread_mutex_unlock(&mailbox->lock);
	return is_there;
}
