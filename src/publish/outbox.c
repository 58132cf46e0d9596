/* SPDX-License-Identifier: MIT */
#include "publish/outbox.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { READINGS_A_BLOCK = 63 };

/* Readings with consecutive seqs. */
struct block {
	struct block *next; /* owned */
	uint64_t first_seq; /* of readings[0] */
	uint64_t acked; /* bit i: readings[i] is acknowledged, ahead of its turn */
	struct reading readings[READINGS_A_BLOCK];
};
_Static_assert(sizeof(struct block) <= 4096 - 2 * sizeof(size_t),
	       "a page each, the allocator's own words included");

/* The newest reading of a sensor of the configuration. */
struct newest {
	uint16_t name; /* index into names[] */
	struct reading reading;
	bool is_there;
	bool is_fresh; /* not taken yet */
};

/* Nothing leaves the queue but at its head, so that seqs in it have no gaps:
 * first_seq <= taken_seq <= next_seq. */
struct outbox {
	pthread_mutex_t lock; /* guards all below */
	struct block *first; /* owned; holds first_seq; never NULL */
	struct block *last; /* of that list */
	struct block *taking; /* of that list; where to look for taken_seq */
	uint64_t first_seq; /* the oldest that waits */
	uint64_t taken_seq; /* the next to take */
	uint64_t next_seq; /* the next to give */
	uint64_t num_acked; /* that wait behind an older one */
	uint64_t num_blocks;
	uint64_t max_readings;
	uint64_t max_age_ns;
	uint32_t num_dropped;
	size_t num_fresh;
	size_t next_sensor; /* whose turn it is in outbox_take_state() */
	size_t num_sensors;
	struct newest *newest; /* owned; as config->sensors[] */
	/* owned, as what they point to, which stays where it is: the ids of all sensors there
	 * have been; readings in the queue have an index into them for their sensor */
	char **names;
	size_t num_names;
};

/* Numbers must not come twice, not even after a restart, and nothing is kept on disk yet: so
 * they start at the wall clock's microseconds. A gateway makes far fewer than a million
 * readings a second, so that a later start lies above all that an earlier one gave. It does
 * not hold where the clock starts in the past, on a board without a clock of its own that
 * has not been set by NTP: then a repetition is unlikely (two starts would have to fall
 * within a few microseconds), not impossible. Below 2^53 until the year 2255, so that readers
 * of JSON which know doubles only take it exactly. */
static uint64_t first_number(void)
{
	int64_t wall_ms = clock_wall_ms();
	uint64_t micros = clock_mono_ns() / CLOCK_NS_PER_US % 1000;

	return (wall_ms > 0 ? (uint64_t)wall_ms * 1000 : 0) + micros + 1;
}

/* The number of that id, a new one where it is new. Returns it, -ENOMEM, or -ENOSPC. */
static int find_name(struct outbox *outbox, const char *id)
{
	size_t i = 0;

	while (i < outbox->num_names && strcmp(outbox->names[i], id) != 0)
		i++;
	if (i < outbox->num_names)
		return (int)i;
	if (i > UINT16_MAX)
		return -ENOSPC;

	char **more = reallocarray(outbox->names, i + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	outbox->names = more;
	outbox->names[i] = strdup(id);
	if (!outbox->names[i])
		return -ENOMEM;
	outbox->num_names++;
	return (int)i;
}

/* What was the newest under that name. */
static struct newest newest_of(const struct outbox *outbox, uint16_t name)
{
	for (size_t i = 0; i < outbox->num_sensors; i++) {
		if (outbox->newest[i].name == name)
			return outbox->newest[i];
	}
	return (struct newest){ .name = name };
}

int outbox_set_sensors(struct outbox *outbox, const struct config *config)
{
	struct newest *newest = calloc(config->num_sensors + 1, sizeof(*newest));
	size_t num_fresh = 0;

	if (!newest)
		return -ENOMEM;
	for (size_t i = 0; i < config->num_sensors; i++) {
		int name = find_name(outbox, config->sensors[i].id);

		if (name < 0) {
			free(newest);
			return name;
		}
		newest[i] = newest_of(outbox, (uint16_t)name);
		newest[i].reading.sensor = (uint16_t)i;
		num_fresh += newest[i].is_fresh;
	}
	free(outbox->newest);
	outbox->newest = newest;
	outbox->num_sensors = config->num_sensors;
	outbox->num_fresh = num_fresh;
	outbox->next_sensor = 0;
	return 0;
}

int outbox_new(uint64_t max_bytes, uint64_t max_age_ms, const struct config *config,
	       struct outbox **out)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));
	int error = -ENOMEM;

	if (!outbox)
		return error;
	pthread_mutex_init(&outbox->lock, NULL);
	outbox->first = calloc(1, sizeof(*outbox->first));
	if (outbox->first)
		error = outbox_set_sensors(outbox, config);
	if (error) {
		outbox_free(outbox);
		return error;
	}
	outbox->next_seq = first_number();
	outbox->first_seq = outbox->taken_seq = outbox->next_seq;
	outbox->first->first_seq = outbox->next_seq;
	outbox->last = outbox->taking = outbox->first;
	outbox->num_blocks = 1;
	outbox->max_readings = max_bytes / sizeof(struct reading);
	if (outbox->max_readings == 0)
		outbox->max_readings = 1;
	outbox->max_age_ns = max_age_ms * CLOCK_NS_PER_MS;
	*out = outbox;
	return 0;
}

void outbox_free(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (struct block *block = outbox->first, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	for (size_t i = 0; i < outbox->num_names; i++)
		free(outbox->names[i]);
	free(outbox->names);
	free(outbox->newest);
	pthread_mutex_destroy(&outbox->lock);
	free(outbox);
}

static bool holds(const struct block *block, uint64_t seq)
{
	return seq - block->first_seq < READINGS_A_BLOCK;
}

static struct reading *reading_at(struct block *block, uint64_t seq)
{
	return &block->readings[seq - block->first_seq];
}

static bool is_acked(const struct block *block, uint64_t seq)
{
	return block->acked >> (seq - block->first_seq) & 1;
}

/* Gives the blocks before first_seq back. One always stays, and starts anew when the queue is
 * empty: a reading always finds room. */
static void trim(struct outbox *outbox)
{
	while (!holds(outbox->first, outbox->first_seq) && outbox->first->next) {
		struct block *block = outbox->first;

		outbox->first = block->next;
		if (outbox->taking == block)
			outbox->taking = outbox->first;
		free(block);
		outbox->num_blocks--;
	}
	if (outbox->first_seq == outbox->next_seq) {
		outbox->first->first_seq = outbox->next_seq;
		outbox->first->acked = 0;
	}
}

/* Forgets the oldest reading, and those behind it that are acknowledged already. */
static void forget_oldest(struct outbox *outbox)
{
	outbox->first_seq++;
	trim(outbox);
	while (outbox->first_seq != outbox->next_seq &&
	       is_acked(outbox->first, outbox->first_seq)) {
		outbox->first_seq++;
		outbox->num_acked--;
		trim(outbox);
	}
	if (outbox->taken_seq < outbox->first_seq)
		outbox->taken_seq = outbox->first_seq;
}

static void drop_oldest(struct outbox *outbox)
{
	forget_oldest(outbox);
	outbox->num_dropped++;
}

static void drop_outdated(struct outbox *outbox)
{
	uint64_t now_ns = clock_mono_ns();

	while (outbox->max_age_ns != 0 && outbox->first_seq != outbox->next_seq) {
		uint64_t t_ns = reading_at(outbox->first, outbox->first_seq)->t_ns;

		if (now_ns < t_ns || now_ns - t_ns <= outbox->max_age_ns)
			return;
		drop_oldest(outbox);
	}
}

/* Makes room for next_seq in the last block. */
static void make_room(struct outbox *outbox)
{
	while (outbox->next_seq - outbox->first_seq >= outbox->max_readings)
		drop_oldest(outbox);
	while (!holds(outbox->last, outbox->next_seq)) {
		struct block *block = malloc(sizeof(*block));

		if (!block) {
			/* Each block that empties gives its memory back, the last one starts
			 * anew: this ends. */
			drop_oldest(outbox);
			continue;
		}
		block->next = NULL;
		block->first_seq = outbox->next_seq;
		block->acked = 0;
		outbox->last->next = block;
		outbox->last = block;
		outbox->num_blocks++;
	}
}

static void note_newest(struct outbox *outbox, const struct reading *reading)
{
	assert(reading->sensor < outbox->num_sensors);

	struct newest *newest = &outbox->newest[reading->sensor];

	if (!newest->is_fresh)
		outbox->num_fresh++;
	newest->reading = *reading;
	newest->is_there = newest->is_fresh = true;
}

uint64_t outbox_put(struct outbox *outbox, struct reading *reading)
{
	pthread_mutex_lock(&outbox->lock);
	drop_outdated(outbox);
	make_room(outbox);
	reading->seq = outbox->next_seq;
	note_newest(outbox, reading);

	struct reading *kept = reading_at(outbox->last, outbox->next_seq);

	*kept = *reading;
	kept->sensor = outbox->newest[reading->sensor].name;
	outbox->next_seq++;
	pthread_mutex_unlock(&outbox->lock);
	return reading->seq;
}

bool outbox_take(struct outbox *outbox, struct reading *out, const char **sensor_id_out)
{
	bool is_taken = false;

	pthread_mutex_lock(&outbox->lock);
	drop_outdated(outbox);
	while (!is_taken && outbox->taken_seq != outbox->next_seq) {
		while (!holds(outbox->taking, outbox->taken_seq))
			outbox->taking = outbox->taking->next;
		/* After a rewind some behind the head may be acknowledged. */
		if (!is_acked(outbox->taking, outbox->taken_seq)) {
			*out = *reading_at(outbox->taking, outbox->taken_seq);
			*sensor_id_out = outbox->names[out->sensor];
			is_taken = true;
		}
		outbox->taken_seq++;
	}
	pthread_mutex_unlock(&outbox->lock);
	return is_taken;
}

bool outbox_take_state(struct outbox *outbox, struct reading *out)
{
	bool is_taken = false;

	pthread_mutex_lock(&outbox->lock);
	for (size_t i = 0; outbox->num_fresh > 0 && !is_taken && i < outbox->num_sensors;
	     i++) {
		struct newest *newest = &outbox->newest[outbox->next_sensor];

		outbox->next_sensor = (outbox->next_sensor + 1) % outbox->num_sensors;
		if (!newest->is_fresh)
			continue;
		newest->is_fresh = false;
		outbox->num_fresh--;
		*out = newest->reading;
		is_taken = true;
	}
	pthread_mutex_unlock(&outbox->lock);
	return is_taken;
}

void outbox_ack(struct outbox *outbox, uint64_t seq)
{
	pthread_mutex_lock(&outbox->lock);
	if (seq == outbox->first_seq && seq < outbox->taken_seq) {
		forget_oldest(outbox);
	} else if (seq > outbox->first_seq && seq < outbox->taken_seq) {
		struct block *block = outbox->first;

		while (!holds(block, seq))
			block = block->next;
		if (!is_acked(block, seq)) {
			block->acked |= UINT64_C(1) << (seq - block->first_seq);
			outbox->num_acked++;
		}
	}
	pthread_mutex_unlock(&outbox->lock);
}

static void refresh_states(struct outbox *outbox)
{
	outbox->num_fresh = 0;
	for (size_t i = 0; i < outbox->num_sensors; i++) {
		outbox->newest[i].is_fresh = outbox->newest[i].is_there;
		outbox->num_fresh += outbox->newest[i].is_there;
	}
}

void outbox_rewind(struct outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	outbox->taken_seq = outbox->first_seq;
	outbox->taking = outbox->first;
	refresh_states(outbox);
	pthread_mutex_unlock(&outbox->lock);
}

void outbox_repeat_states(struct outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	refresh_states(outbox);
	pthread_mutex_unlock(&outbox->lock);
}

void outbox_stat(struct outbox *outbox, struct outbox_stat *out)
{
	pthread_mutex_lock(&outbox->lock);
	*out = (struct outbox_stat){
		.num_waiting = (uint32_t)(outbox->next_seq - outbox->first_seq -
					  outbox->num_acked),
		.next_seq = outbox->next_seq,
		.num_dropped = outbox->num_dropped,
		.num_bytes = outbox->num_blocks * sizeof(struct block),
	};
	if (outbox->first_seq != outbox->next_seq)
		out->oldest_t_ns = reading_at(outbox->first, outbox->first_seq)->t_ns;
	pthread_mutex_unlock(&outbox->lock);
}
