/* SPDX-License-Identifier: MIT */
/* Which numbers readings get, so that none is given twice.
 *
 * The file says which were given: by its rows where each reading is there before it is posted
 * (durability always), else by promising a few thousand ahead. While it cannot be written
 * readings are posted from memory, with numbers of a range that the file reserved for that
 * beforehand. Whether a run used its range nobody knows after a kill: the next run reserves
 * another. */
#include <sys/random.h>

#include "base/clock.h"
#include "store/store_state.h"

/* How many a range has: more than will be given while a disk fails. */
#define RANGE_NUMBERS (UINT64_C(1) << 32)
/* Ranges lie above this, and so where the clock's microseconds do not come before 2112. */
#define RANGES_SEQ (UINT64_C(1) << 52)
/* Below 2^53, so that readers of JSON which know doubles only take them exactly. */
#define END_SEQ (UINT64_C(1) << 53)
/* So far chance carries from what was given: near enough for thousands of times. */
#define CHANCE_MASK ((UINT64_C(1) << 40) - 1)

/* The first numbers of all are the wall clock's microseconds. A gateway makes far fewer than a
 * million readings a second, so that one whose file was taken away begins above all that it
 * gave before. */
uint64_t store_clock_number(void)
{
	int64_t wall_ms = clock_wall_ms();
	uint64_t micros = clock_mono_ns() / CLOCK_NS_PER_US % 1000;

	return (wall_ms > 0 ? (uint64_t)wall_ms * 1000 : 0) + micros + 1;
}

void store_shift_numbers(struct store *store, uint64_t from_seq, uint64_t offset)
{
	queue_shift_from(&store->queue, from_seq, offset);
	for (size_t i = 0; i < store->num_sensors; i++) {
		struct reading *reading = &store->sensors[i].newest.reading;

		if (reading->seq >= from_seq)
			reading->seq += offset;
	}
	store->next_seq += offset;
}

/* For a file that could not be written since we started, so that nothing is reserved: where
 * the clock is behind, too, chance has to do. */
static uint64_t number_without_range(const struct store *store)
{
	uint64_t clock_seq = store_clock_number(), chance = 0;

	if (clock_seq > store->next_seq)
		return clock_seq;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = clock_seq;
	return store->next_seq + 1 + (chance & CHANCE_MASK);
}

void store_leave_numbers(struct store *store, uint64_t from_seq)
{
	uint64_t to_seq = store->range_seq > store->next_seq
				  ? store->range_seq
				  : number_without_range(store);

	if (store->has_left_numbers)
		return;
	store_shift_numbers(store, from_seq, to_seq - from_seq);
	store->range_seq = 0;
	store->has_left_numbers = true;
}

uint64_t store_next_number(struct store *store)
{
	if (store->next_seq == store->vouched_seq &&
	    store->options.durability != CONFIG_ALWAYS)
		store_leave_numbers(store, store->next_seq);
	return store->next_seq++;
}

/* What the file is to say of numbers where every reading is in it before it is posted: the rows
 * say so themselves, as long as there are any. What was posted while it was not usable may be
 * done before older ones are, and then no row tells of it. */
static uint64_t number_of_posted(const struct store *store, bool is_any_row_left)
{
	if (store->shown_seq >= store->stored_seq)
		return store->shown_seq >= store->vouched_seq ? store->shown_seq + 1 : 0;
	return is_any_row_left ? 0 : store->stored_seq;
}

uint64_t store_number_to_vouch(const struct store *store, bool is_row_written,
			       bool is_row_deleted)
{
	if (store->is_stopping)
		return store->vouched_seq != store->next_seq ? store->next_seq : 0;
	if (store->options.durability == CONFIG_ALWAYS)
		return number_of_posted(store, is_row_written || !is_row_deleted);
	if (store->next_seq + STORE_NUMBERS / 2 > store->vouched_seq)
		return store->next_seq + STORE_NUMBERS;
	return 0;
}

uint64_t store_range_to_reserve(const struct store *store)
{
	uint64_t range_seq = RANGES_SEQ + store_clock_number();

	if (store->range_seq != 0)
		return 0;
	if (range_seq < store->ranges_end_seq)
		range_seq = store->ranges_end_seq;
	if (range_seq <= store->next_seq)
		range_seq = store->next_seq + RANGE_NUMBERS;
	return range_seq + RANGE_NUMBERS <= END_SEQ ? range_seq : 0;
}

void store_note_range(struct store *store, uint64_t range_seq)
{
	store->range_seq = range_seq;
	store->ranges_end_seq = range_seq + RANGE_NUMBERS;
}
