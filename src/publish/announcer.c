/* SPDX-License-Identifier: MIT */
#include "publish/announcer.h"

#include <string.h>

#include "base/clock.h"
#include "publish/payload.h"

enum {
	LOOK_MS = 5000, /* what the broker keeps comes within */
	/* After its start Home Assistant is busy, and every gateway hears of it at once. */
	JITTER_MIN_MS = 1000,
	JITTER_MAX_MS = 5000,
	/* While it still works at a message about a device it skips parts of the next. */
	SPACING_MS = 5000,
	/* By then it has subscribed to the states of what it was told of. */
	STATES_AFTER_MS = 2000,
};

static const uint64_t NEVER = UINT64_MAX;

void announcer_init(struct announcer *announcer, uint32_t seed)
{
	ring_init(&announcer->leftovers, announcer->slots, ANNOUNCER_NUM_LEFTOVERS,
		  sizeof(announcer->slots[0]));
	announcer->seed = seed;
	announcer->again_ns = announcer->states_ns = NEVER;
	pthread_mutex_init(&announcer->lock, NULL);
}

void announcer_finish(struct announcer *announcer)
{
	pthread_mutex_destroy(&announcer->lock);
}

static void forget_leftovers(struct announcer *announcer)
{
	struct leftover stale;

	while (ring_pop(&announcer->leftovers, &stale))
		;
}

void announcer_begin(struct announcer *announcer, const char *server, uint64_t now_ns)
{
	forget_leftovers(announcer);
	announcer->server = server;
	announcer->last_stored = 0;
	atomic_store_explicit(&announcer->has_started, 0, memory_order_relaxed);
	announcer->num_subscribed = 0;
	announcer->is_looking = true;
	announcer->look_until_ns = now_ns + LOOK_MS * CLOCK_NS_PER_MS;
	/* No spacing here: the messages of one configuration are always the same, and what
	 * is the same does not disturb. */
	announcer->next_device = 0;
	announcer->announced_ns = now_ns;
	announcer->again_ns = announcer->states_ns = NEVER;
}

void announcer_pass_over(struct announcer *announcer)
{
	if (announcer->discovery)
		announcer->next_device = discovery_num_devices(announcer->discovery);
}

void announcer_change(struct announcer *announcer, const struct discovery *discovery,
		      uint64_t now_ns)
{
	uint64_t spaced_ns = announcer->announced_ns + SPACING_MS * CLOCK_NS_PER_MS;

	pthread_mutex_lock(&announcer->lock);
	announcer->discovery = discovery;
	/* Found by the configuration that was: it may know one of these sensors again. */
	forget_leftovers(announcer);
	pthread_mutex_unlock(&announcer->lock);
	announcer->last_stored = 0;
	if (!discovery)
		return;
	/* The broker tells again all that it keeps: what has left is found as on a new
	 * connection. */
	announcer->num_subscribed = 0;
	announcer->is_looking = true;
	announcer->look_until_ns = now_ns + LOOK_MS * CLOCK_NS_PER_MS;
	announcer->next_device = discovery_num_devices(discovery);
	announcer->again_ns = spaced_ns > now_ns ? spaced_ns : now_ns;
	announcer->states_ns = NEVER;
}

static uint64_t jitter_ns(struct announcer *announcer)
{
	announcer->seed = announcer->seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return (JITTER_MIN_MS +
		(announcer->seed >> 16) % (JITTER_MAX_MS - JITTER_MIN_MS)) *
	       CLOCK_NS_PER_MS;
}

static void take_news(struct announcer *announcer, uint64_t now_ns)
{
	if (atomic_exchange_explicit(&announcer->has_started, 0, memory_order_relaxed) &&
	    announcer->again_ns == NEVER) {
		uint64_t spaced_ns =
			announcer->announced_ns + SPACING_MS * CLOCK_NS_PER_MS;

		announcer->again_ns = now_ns + jitter_ns(announcer);
		if (announcer->again_ns < spaced_ns)
			announcer->again_ns = spaced_ns;
	}
	if (now_ns >= announcer->again_ns) {
		announcer->again_ns = NEVER;
		announcer->announced_ns = now_ns;
		announcer->states_ns = now_ns + STATES_AFTER_MS * CLOCK_NS_PER_MS;
		announcer->next_device = 0;
	}
}

/* First we listen, so that nothing is missed. */
static enum announcer_step subscribe(struct announcer *announcer, struct text *topic)
{
	if (announcer->num_subscribed++ == 0)
		text_add(topic, "%s",
			 announcer->discovery->config->homeassistant.status_topic);
	else
		discovery_topic_filter(topic, announcer->discovery);
	return ANNOUNCER_SUBSCRIBE;
}

static enum announcer_step post_device(struct announcer *announcer, struct text *topic,
				       struct text *payload)
{
	const struct discovery *discovery = announcer->discovery;
	size_t device = announcer->next_device++;

	discovery_topic(topic, discovery, device);

	uint32_t announced =
		store_announce(announcer->store, announcer->server, topic->data,
			       discovery_parts(discovery, device));

	discovery_document(payload, discovery, device, announced);
	return ANNOUNCER_POST;
}

/* What the broker has told us of. */
static enum announcer_step take_back_found(struct announcer *announcer,
					   const struct leftover *leftover,
					   struct text *topic)
{
	discovery_sensor_topic(topic, announcer->discovery, leftover->sensor_id);
	announcer->taken_back =
		store_find_announced(announcer->store, announcer->server, topic->data);
	return ANNOUNCER_TAKE_BACK;
}

/* What only the store knows of. */
static enum announcer_step take_back_stored(struct announcer *announcer,
					    struct text *topic)
{
	char stored[PAYLOAD_MAX_TOPIC];
	uint32_t id;

	while ((id = store_next_announced(announcer->store, announcer->server,
					  announcer->last_stored, stored,
					  sizeof(stored))) != 0) {
		announcer->last_stored = id;
		if (announcer->discovery &&
		    discovery_has_topic(announcer->discovery, stored))
			continue;
		text_add(topic, "%s", stored);
		announcer->taken_back = id;
		return ANNOUNCER_TAKE_BACK;
	}
	return ANNOUNCER_NOTHING;
}

enum announcer_step announcer_next(struct announcer *announcer, uint64_t now_ns,
				   struct text *topic, struct text *payload)
{
	struct leftover leftover;

	if (!announcer->discovery)
		return take_back_stored(announcer, topic);
	if (announcer->num_subscribed < 2)
		return subscribe(announcer, topic);
	take_news(announcer, now_ns);
	if (announcer->next_device < discovery_num_devices(announcer->discovery))
		return post_device(announcer, topic, payload);
	if (ring_pop(&announcer->leftovers, &leftover))
		return take_back_found(announcer, &leftover, topic);
	if (announcer->is_looking && now_ns >= announcer->look_until_ns) {
		announcer->is_looking = false;
		discovery_topic_filter(topic, announcer->discovery);
		return ANNOUNCER_UNSUBSCRIBE;
	}
	if (now_ns >= announcer->states_ns) {
		announcer->states_ns = NEVER;
		return ANNOUNCER_REPEAT_STATES;
	}
	return announcer->is_looking ? ANNOUNCER_NOTHING
				     : take_back_stored(announcer, topic);
}

uint64_t announcer_due_ns(const struct announcer *announcer)
{
	uint64_t due_ns = announcer->again_ns;

	if (!announcer->discovery)
		return NEVER;
	if (announcer->states_ns < due_ns)
		due_ns = announcer->states_ns;
	if (announcer->is_looking && announcer->look_until_ns < due_ns)
		due_ns = announcer->look_until_ns;
	return due_ns;
}

static bool hear(struct announcer *announcer, const char *topic, const char *payload,
		 size_t num_bytes, bool is_retained)
{
	static const char online[] = "online";
	const struct discovery *discovery = announcer->discovery;
	struct leftover leftover = { { 0 } };

	if (!discovery)
		return false;
	if (strcmp(topic, discovery->config->homeassistant.status_topic) == 0) {
		/* One that was kept is older than this connection's announcement. */
		if (is_retained || num_bytes != strlen(online) ||
		    memcmp(payload, online, num_bytes) != 0)
			return false;
		atomic_store_explicit(&announcer->has_started, 1, memory_order_relaxed);
		return true;
	}
	return is_retained &&
	       discovery_is_leftover(discovery, topic, payload, num_bytes,
				     leftover.sensor_id) &&
	       ring_push(&announcer->leftovers, &leftover);
}

bool announcer_hear(struct announcer *announcer, const char *topic, const char *payload,
		    size_t num_bytes, bool is_retained)
{
	pthread_mutex_lock(&announcer->lock);
	bool has_news = hear(announcer, topic, payload, num_bytes, is_retained);

	pthread_mutex_unlock(&announcer->lock);
	return has_news;
}
