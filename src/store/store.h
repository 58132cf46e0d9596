/* SPDX-License-Identifier: MIT */
/* Readings on their way to the broker: kept in order from the moment they are accepted until
 * the broker has acknowledged them, and numbered. Bounded; the oldest is dropped and counted.
 *
 * One file holds what must outlive the process: readings that wait, as `durability` says, and
 * which numbers were given. A thread of the store's own reads and writes it, so that a slow
 * disk delays nobody else. While the file cannot be used readings wait in memory, and that is
 * logged once.
 *
 * The newest reading of each sensor is kept beside the queue, for `state`, and what was read,
 * for charts: of the last day or two each reading, of what is older summaries. That goes to the
 * file once an hour.
 *
 * Threads: store_put() from the publisher; store_take(), store_take_state(), store_ack(),
 *          store_rewind(), store_rewind_readings() and store_repeat_states() from the
 *          connection; store_recall() from one other at a time; store_stat() from any; the
 *          rest from the owner. One lock guards all, never held while the disk is waited for.
 * Memory:  bounded; a long queue is on the disk alone.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/wake.h"
#include "config/config.h"
#include "model/reading.h"
#include "model/summary.h"

struct store;

struct store_options {
	const char *path; /* NULL: no file at all */
	enum config_durability durability;
	uint64_t max_bytes; /* of readings; at least one is kept */
	uint64_t max_age_ms; /* older ones are dropped; 0: never */
	uint64_t flush_interval_ms;
	uint64_t history_ms; /* how long what was read can be recalled; 0: not at all */
	uint64_t history_bytes; /* of it in the file */
	bool is_recalled; /* somebody may ask for it; else it is left as it is */
};

/* A part of a sensor's past. */
struct store_span {
	const char *sensor_id; /* borrowed for the call */
	int64_t since_ms, until_ms; /* UTC; the first and the last moment */
};

/* Why a reading was dropped. */
enum store_drop {
	STORE_DROP_SIZE, /* too many waited */
	STORE_DROP_AGE, /* it had waited for too long */
	STORE_DROP_DAMAGE, /* the file lost it */
};
enum { NUM_STORE_DROPS = STORE_DROP_DAMAGE + 1 };

struct store_stat {
	uint32_t num_waiting; /* readings not yet acknowledged */
	uint64_t oldest_t_ns; /* when the oldest in memory was read; 0: none waits */
	uint64_t next_seq; /* what the next reading will get */
	uint64_t start_seq; /* lower ones are of an earlier run */
	uint32_t num_dropped; /* for any reason; wraps */
	uint32_t dropped[NUM_STORE_DROPS]; /* for each; wrap */
	uint64_t num_syncs; /* waits for the disk */
	uint64_t written_bytes; /* to the file */
	bool is_in_memory; /* a file is wanted, and it cannot be written */
};

/* Trouble with the file is logged, no error. Returns 0, -ENOMEM or another errno of the
 * system's. */
must_check int store_new(const struct store_options *options, struct store **out);

/* From now on the sensor of a reading that is put is an index into this configuration, borrowed
 * for the call. What waits keeps its sensor's id; the newest readings of sensors that stay are
 * kept, too. Returns 0 or a negative errno: all is as it was. */
must_check int store_set_sensors(struct store *store, const struct config *config);

/* Who is woken when there is something to take; borrowed; NULL: nobody. */
void store_set_reader(struct store *store, struct wake *reader);

/* Starts and ends the thread. The end writes what waits; all calls still work after it, in
 * memory. */
must_check int store_start(struct store *store);
void store_stop(struct store *store);

/* After store_stop(), or where store_start() was never called. */
void store_free(struct store *store);

/* Does what is to be done with the file, and returns when there will be more of it.
 * Threads: the store's own; tests that have not started it. */
uint64_t store_work(struct store *store);

/* Gives the reading its seq and queues it. Returns the seq. */
uint64_t store_put(struct store *store, struct reading *reading);

/* Remembers a reading that is not to be posted, or not yet, for charts. Threads: the publisher. */
void store_note(struct store *store, const struct reading *reading);

/* The next reading that has not been taken. False: none.
 * sensor_id_out: of its sensor, which may have left the configuration, so that the reading's
 * index means nothing; lives as long as the store */
must_check bool store_take(struct store *store, struct reading *out,
			   const char **sensor_id_out);

/* The newest reading of any sensor whose newest has not been taken since it came or since a
 * rewind; each sensor in its turn. False: none. */
must_check bool store_take_state(struct store *store, struct reading *out);

/* The broker has the reading with this seq: it may be forgotten. Any order; a seq that was
 * dropped meanwhile is ignored. */
void store_ack(struct store *store, uint64_t seq);

/* The connection is gone: what was taken but not acknowledged is to be taken again, and so is
 * the newest reading of each sensor. */
void store_rewind(struct store *store);

/* The same of readings alone. */
void store_rewind_readings(struct store *store);

/* The newest reading of each sensor is to be taken again. */
void store_repeat_states(struct store *store);

void store_stat(struct store *store, struct store_stat *out);

/* Remembers that something is announced on that topic at that server, with these parts, which
 * are bits of the caller's. Returns all parts that were announced there since it was taken
 * back last. Threads: the connection, as the next three. */
uint32_t store_announce(struct store *store, const char *server, const char *topic,
			uint32_t parts);

/* The number of what is announced there; 0: nothing is known to be. */
uint32_t store_find_announced(struct store *store, const char *server, const char *topic);

/* What is announced at that server: the first with a higher number than `after`, and its topic,
 * cut to max_bytes. Returns its number; 0: none. */
uint32_t store_next_announced(struct store *store, const char *server, uint32_t after,
			      char *topic_out, size_t max_bytes);

/* The broker knows that it is taken back. */
void store_forget_announced(struct store *store, uint32_t id);

/* Tells of what a sensor read, in any order, and at the beginning and the end maybe more than
 * was asked for. Waits for the store's thread, which must run.
 *
 * Returns 0; -ETIMEDOUT: the disk is slow; -EBUSY: it was before, and still is; -ENOMEM.
 */
must_check int store_recall(struct store *store, const struct store_span *span,
			    void (*take)(void *context, const struct summary *summary),
			    void *context);

#endif
