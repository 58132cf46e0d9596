/* SPDX-License-Identifier: MIT */
/* Which numbers readings get, so that none is given twice. */
#include "base/clock.h"
#include "store/store_state.h"

/* Numbers that no file vouches for begin at the wall clock's microseconds. A gateway makes far
 * fewer than a million readings a second, so that a later start lies above all that an earlier
 * one gave, and a file that began so stays below. It does not hold where the clock starts in
 * the past: then a repetition is unlikely, not impossible. Below 2^53 until the year 2255, so
 * that readers of JSON which know doubles only take it exactly. */
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

uint64_t store_next_number(struct store *store)
{
	/* What no file vouches for comes from the clock. */
	if (store->next_seq == store->vouched_seq &&
	    store->options.durability != CONFIG_ALWAYS) {
		uint64_t clock_seq = store_clock_number();

		if (clock_seq > store->next_seq)
			store->next_seq = clock_seq;
	}
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
