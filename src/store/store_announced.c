/* SPDX-License-Identifier: MIT */
/* What others ask of the store about announcements. */
#include <stdio.h>

#include "store/store_state.h"

/* Where it cannot be written now, it goes with what comes next. */
static void call_writer(struct store *store)
{
	if (store->announced.is_dirty && store->file == STORE_FILE_OPEN)
		store_arm(store, 0);
}

uint32_t store_announce(struct store *store, const char *server, const char *topic,
			uint32_t parts)
{
	pthread_mutex_lock(&store->lock);
	parts = announced_add(&store->announced, server, topic, parts);
	call_writer(store);
	pthread_mutex_unlock(&store->lock);
	return parts;
}

uint32_t store_find_announced(struct store *store, const char *server, const char *topic)
{
	pthread_mutex_lock(&store->lock);
	uint32_t id = announced_find(&store->announced, server, topic);

	pthread_mutex_unlock(&store->lock);
	return id;
}

uint32_t store_next_announced(struct store *store, const char *server, uint32_t after,
			      char *topic_out, size_t max_bytes)
{
	const char *topic = "";

	pthread_mutex_lock(&store->lock);
	uint32_t id = announced_next(&store->announced, server, after, &topic);

	snprintf(topic_out, max_bytes, "%s", topic);
	pthread_mutex_unlock(&store->lock);
	return id;
}

void store_forget_announced(struct store *store, uint32_t id)
{
	pthread_mutex_lock(&store->lock);
	announced_remove(&store->announced, id);
	call_writer(store);
	pthread_mutex_unlock(&store->lock);
}
