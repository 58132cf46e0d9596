/* SPDX-License-Identifier: MIT */
#include "store/announced.h"

#include <stdlib.h>
#include <string.h>

struct announcement {
	uint32_t id;
	uint32_t parts;
	char *server; /* owned */
	char *topic; /* owned */
	bool is_gone; /* taken back */
	bool is_dirty; /* the file has it otherwise */
};

static void finish_row(struct announcement *row)
{
	free(row->server);
	free(row->topic);
}

void announced_finish(struct announced *announced)
{
	for (size_t i = 0; i < announced->num_rows; i++)
		finish_row(&announced->rows[i]);
	free(announced->rows);
	*announced = (struct announced){ 0 };
}

static struct announcement *find(const struct announced *announced, const char *server,
				 const char *topic)
{
	for (size_t i = 0; i < announced->num_rows; i++) {
		struct announcement *row = &announced->rows[i];

		if (strcmp(row->topic, topic) == 0 && strcmp(row->server, server) == 0)
			return row;
	}
	return NULL;
}

static struct announcement *add_row(struct announced *announced, const char *server,
				    const char *topic)
{
	if (announced->num_rows == ANNOUNCED_MAX)
		return NULL;

	struct announcement *more = reallocarray(announced->rows, announced->num_rows + 1,
						 sizeof(announced->rows[0]));
	struct announcement row = { .server = strdup(server), .topic = strdup(topic) };

	if (more)
		announced->rows = more;
	if (!more || !row.server || !row.topic) {
		finish_row(&row);
		return NULL;
	}
	row.id = ++announced->last_id;
	announced->rows[announced->num_rows] = row;
	return &announced->rows[announced->num_rows++];
}

static void mark_dirty(struct announced *announced, struct announcement *row)
{
	row->is_dirty = true;
	announced->is_dirty = true;
}

uint32_t announced_add(struct announced *announced, const char *server, const char *topic,
		       uint32_t parts)
{
	struct announcement *row = find(announced, server, topic);
	bool is_news = !row || row->is_gone || (row->parts | parts) != row->parts;

	if (!row)
		row = add_row(announced, server, topic);
	if (!row)
		return parts;
	row->parts = row->is_gone ? parts : row->parts | parts;
	row->is_gone = false;
	if (is_news)
		mark_dirty(announced, row);
	return row->parts;
}

void announced_restore(struct announced *announced,
		       const struct database_announcement *stored)
{
	struct announcement *row = find(announced, stored->server, stored->topic);

	if (row) {
		if (!row->is_gone)
			row->parts |= stored->parts;
		return;
	}
	row = add_row(announced, stored->server, stored->topic);
	if (row)
		row->parts = stored->parts;
}

void announced_take_over(struct announced *announced, struct announced *stored)
{
	for (size_t i = 0; i < stored->num_rows; i++) {
		const struct announcement *row = &stored->rows[i];
		const struct database_announcement copy = { row->server, row->topic,
							    row->parts, false };

		announced_restore(announced, &copy);
	}
	announced_finish(stored);
}

uint32_t announced_find(const struct announced *announced, const char *server,
			const char *topic)
{
	const struct announcement *row = find(announced, server, topic);

	return row && !row->is_gone ? row->id : 0;
}

uint32_t announced_next(const struct announced *announced, const char *server,
			uint32_t after, const char **topic_out)
{
	/* In the order of their numbers. */
	for (size_t i = 0; i < announced->num_rows; i++) {
		const struct announcement *row = &announced->rows[i];

		if (row->id <= after || row->is_gone || strcmp(row->server, server) != 0)
			continue;
		*topic_out = row->topic;
		return row->id;
	}
	return 0;
}

void announced_remove(struct announced *announced, uint32_t id)
{
	for (size_t i = 0; i < announced->num_rows; i++) {
		if (announced->rows[i].id != id)
			continue;
		announced->rows[i].is_gone = true;
		mark_dirty(announced, &announced->rows[i]);
	}
}

void announced_rewrite(struct announced *announced)
{
	for (size_t i = 0; i < announced->num_rows; i++)
		mark_dirty(announced, &announced->rows[i]);
}

size_t announced_batch(const struct announced *announced,
		       struct database_announcement *out, size_t max_rows)
{
	size_t num = 0;

	if (!announced->is_dirty)
		return 0;
	for (size_t i = 0; i < announced->num_rows && num < max_rows; i++) {
		const struct announcement *row = &announced->rows[i];

		if (row->is_dirty)
			out[num++] = (struct database_announcement){
				row->server, row->topic, row->parts, row->is_gone
			};
	}
	return num;
}

void announced_settle(struct announced *announced,
		      const struct database_announcement *written, size_t num_written)
{
	size_t num_kept = 0, next = 0;

	announced->is_dirty = false;
	for (size_t i = 0; i < announced->num_rows; i++) {
		struct announcement *row = &announced->rows[i];

		/* Both are in the same order. What was changed meanwhile is written again. */
		if (next < num_written && written[next].topic == row->topic) {
			row->is_dirty = row->parts != written[next].parts ||
					row->is_gone != written[next].is_gone;
			next++;
		}
		announced->is_dirty = announced->is_dirty || row->is_dirty;
		if (row->is_gone && !row->is_dirty)
			finish_row(row);
		else
			announced->rows[num_kept++] = *row;
	}
	announced->num_rows = num_kept;
}
