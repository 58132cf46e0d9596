/* SPDX-License-Identifier: MIT */
#include "publish/presence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/compare.h"
#include "publish/payload.h"

enum availability { AVAILABILITY_UNTOLD, AVAILABILITY_OFFLINE, AVAILABILITY_ONLINE };

/* What the broker keeps of a sensor. */
static const char *const kept[] = { "availability", "state" };

static void finish_gone(struct presence *presence)
{
	for (size_t i = 0; i < presence->num_gone; i++)
		free(presence->gone[i]);
	free(presence->gone);
	presence->gone = NULL;
	presence->num_gone = presence->next_gone = 0;
}

int presence_init(struct presence *presence, size_t num_sensors)
{
	*presence = (struct presence){
		.available = calloc(num_sensors + 1, sizeof(*presence->available)),
		.told = calloc(num_sensors + 1, sizeof(*presence->told)),
	};
	if (!presence->available || !presence->told) {
		presence_finish(presence);
		return -ENOMEM;
	}
	for (size_t i = 0; i < num_sensors; i++)
		atomic_init(&presence->available[i], AVAILABILITY_OFFLINE);
	return 0;
}

void presence_finish(struct presence *presence)
{
	free(presence->available);
	free(presence->told);
	presence->available = NULL;
	presence->told = NULL;
	finish_gone(presence);
}

void presence_begin(struct presence *presence, size_t num_sensors)
{
	memset(presence->told, AVAILABILITY_UNTOLD, num_sensors);
	presence->next_told = 0;
	presence->next_gone = 0;
}

static void carry_over(const struct presence *from, const struct config *before,
		       const struct config *after, struct presence *to)
{
	for (size_t i = 0; i < after->num_sensors; i++) {
		size_t old = compare_find_sensor(before, after->sensors[i].id);

		if (old == before->num_sensors)
			continue;
		to->told[i] = from->told[old];
		atomic_init(&to->available[i],
			    atomic_load_explicit(&from->available[old],
						 memory_order_relaxed));
	}
}

static int add_if_gone(struct presence *presence, const char *id,
		       const struct config *after)
{
	if (compare_find_sensor(after, id) < after->num_sensors)
		return 0;
	presence->gone[presence->num_gone] = strdup(id);
	return presence->gone[presence->num_gone] ? (presence->num_gone++, 0) : -ENOMEM;
}

/* Ids that leave now, and those that left earlier and are not back. */
static int list_gone(const struct presence *from, const struct config *before,
		     const struct config *after, struct presence *to)
{
	int error = 0;

	to->gone = calloc(from->num_gone + before->num_sensors + 1, sizeof(*to->gone));
	if (!to->gone)
		return -ENOMEM;
	for (size_t i = 0; i < from->num_gone && !error; i++)
		error = add_if_gone(to, from->gone[i], after);
	for (size_t i = 0; i < before->num_sensors && !error; i++)
		error = add_if_gone(to, before->sensors[i].id, after);
	return error;
}

int presence_change(struct presence *presence, const struct config *before,
		    const struct config *after)
{
	struct presence next;
	int error = presence_init(&next, after->num_sensors);

	if (error)
		return error;
	error = list_gone(presence, before, after, &next);
	if (error) {
		presence_finish(&next);
		return error;
	}
	carry_over(presence, before, after, &next);
	presence_finish(presence);
	*presence = next;
	return 0;
}

bool presence_set(struct presence *presence, uint16_t sensor, bool is_available)
{
	uint8_t available = is_available ? AVAILABILITY_ONLINE : AVAILABILITY_OFFLINE;

	if (atomic_exchange_explicit(&presence->available[sensor], available,
				     memory_order_relaxed) == available)
		return false;
	/* Release pairs with the acquire in presence_next(). */
	atomic_store_explicit(&presence->is_changed, 1, memory_order_release);
	return true;
}

static void clear_next(struct presence *presence, const struct config *config,
		       struct text *topic)
{
	size_t next = presence->next_gone++;

	text_add(topic, "%s/%s/%s/%s", config->mqtt.topic, config->gateway.id,
		 presence->gone[next / array_length(kept)],
		 kept[next % array_length(kept)]);
}

bool presence_next(struct presence *presence, const struct config *config,
		   struct text *topic, const char **payload_out)
{
	*payload_out = "";
	if (presence->next_gone < presence->num_gone * array_length(kept)) {
		clear_next(presence, config, topic);
		return true;
	}
	/* Acquire pairs with the release in presence_set(): what it changed is seen by the
	 * loop, or the mark is still there next time. */
	if (atomic_exchange_explicit(&presence->is_changed, 0, memory_order_acquire))
		presence->next_told = 0;
	while (presence->next_told < config->num_sensors) {
		size_t sensor = presence->next_told++;
		uint8_t available = atomic_load_explicit(&presence->available[sensor],
							 memory_order_relaxed);

		if (presence->told[sensor] == available)
			continue;
		presence->told[sensor] = available;
		payload_sensor_topic(topic, config, (uint16_t)sensor, kept[0]);
		*payload_out = available == AVAILABILITY_ONLINE ? "online" : "offline";
		return true;
	}
	return false;
}
