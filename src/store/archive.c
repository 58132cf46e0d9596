/* SPDX-License-Identifier: MIT */
#include "store/archive.h"

#include <stdlib.h>

/* A block's room grows by so much. */
enum { GROWTH_BYTES = 125 };

static size_t size_of(const struct archive_block *block)
{
	return sizeof(*block) + block->max_bytes;
}

static void free_block(struct archive *archive, struct archive_block *block)
{
	archive->num_bytes -= size_of(block);
	archive->num_blocks--;
	free(block->bytes);
	free(block);
}

static void drop_first(struct archive *archive)
{
	struct archive_block *first = archive->first;

	archive->first = first->next;
	if (!archive->first)
		archive->last = NULL;
	free_block(archive, first);
}

void archive_finish(struct archive *archive)
{
	while (archive->first)
		drop_first(archive);
	free(archive->open);
	*archive = (struct archive){ 0 };
}

/* Drops the oldest that the writer does not have. Returns false where that is the newest. */
static bool drop_oldest(struct archive *archive)
{
	struct archive_block **place = &archive->first, *oldest;

	for (size_t i = 0; i < archive->num_taken; i++)
		place = &(*place)->next;
	oldest = *place;
	if (!oldest || oldest == archive->last)
		return false;
	for (size_t i = 0; i < archive->num_open; i++) {
		if (archive->open[i] == oldest)
			archive->open[i] = NULL;
	}
	*place = oldest->next;
	free_block(archive, oldest);
	return true;
}

/* Makes room in open[]. */
static bool has_place(struct archive *archive, uint16_t sensor_name)
{
	size_t num = (size_t)sensor_name + 1;
	struct archive_block **more;

	if (num <= archive->num_open)
		return true;
	more = reallocarray(archive->open, num, sizeof(struct archive_block *));
	if (!more)
		return false;
	archive->open = more;
	while (archive->num_open < num)
		more[archive->num_open++] = NULL;
	return true;
}

static struct archive_block *begin(struct archive *archive, const char *sensor_id,
				   const struct summary *first)
{
	struct archive_block *block = calloc(1, sizeof(*block));

	if (!block)
		return NULL;
	block->bytes = malloc(GROWTH_BYTES);
	if (!block->bytes) {
		free(block);
		return NULL;
	}
	block->max_bytes = GROWTH_BYTES;
	block->number = ++archive->last_number;
	block->sensor_id = sensor_id;
	block->start_ms = block->least_ms = block->most_ms = first->wall_ms;
	block->num_bytes =
		series_begin(&block->series, SERIES_READINGS, first, block->bytes);
	archive->num_bytes += size_of(block);
	archive->num_blocks++;
	if (archive->last)
		archive->last->next = block;
	else
		archive->first = block;
	archive->last = block;
	return block;
}

/* Whether there is room for one more. */
static bool has_room(struct archive *archive, struct archive_block *block)
{
	size_t max_bytes = block->max_bytes + GROWTH_BYTES;
	uint8_t *more;

	if (block->num_bytes + SERIES_MAX_RECORD <= block->max_bytes)
		return true;
	if (max_bytes > ARCHIVE_BLOCK_BYTES)
		return false;
	more = realloc(block->bytes, max_bytes);
	if (!more)
		return false;
	block->bytes = more;
	block->max_bytes = max_bytes;
	archive->num_bytes += GROWTH_BYTES;
	return true;
}

void archive_add(struct archive *archive, uint16_t sensor_name, const char *sensor_id,
		 const struct reading *reading)
{
	struct archive_block *block;
	struct summary summary;

	summary_of_reading(reading, &summary);
	if (!has_place(archive, sensor_name))
		return;
	block = archive->open[sensor_name];
	/* One that was held back and is posted after all was here before. */
	if (block && block->series.wall_ms == summary.wall_ms)
		return;
	if (!block || !series_takes(&block->series, &summary) ||
	    !has_room(archive, block)) {
		block = begin(archive, sensor_id, &summary);
		archive->open[sensor_name] = block;
	}
	if (!block)
		return;
	block->num_bytes +=
		series_put(&block->series, &summary, block->bytes + block->num_bytes);
	if (summary.wall_ms < block->least_ms)
		block->least_ms = summary.wall_ms;
	if (summary.wall_ms > block->most_ms)
		block->most_ms = summary.wall_ms;
	while (archive->num_bytes > ARCHIVE_MAX_BYTES && drop_oldest(archive))
		;
}

size_t archive_take(struct archive *archive)
{
	for (size_t i = 0; i < archive->num_open; i++)
		archive->open[i] = NULL;
	archive->num_taken = archive->num_blocks;
	return archive->num_taken;
}

void archive_settle(struct archive *archive, bool is_stored)
{
	size_t num_taken = archive->num_taken;

	archive->num_taken = 0;
	for (size_t i = 0; is_stored && i < num_taken; i++)
		drop_first(archive);
}
