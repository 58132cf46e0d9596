/* SPDX-License-Identifier: MIT */
#include "store/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void names_finish(struct names *names)
{
	for (size_t i = 0; i < names->num_ids; i++)
		free(names->ids[i]);
	free(names->ids);
	*names = (struct names){ 0 };
}

static int add(struct names *names, const char *id)
{
	if (names->num_ids > UINT16_MAX)
		return -ENOSPC;

	char *copy = strdup(id);
	char **more = reallocarray(names->ids, names->num_ids + 1, sizeof(names->ids[0]));

	if (more)
		names->ids = more;
	if (!copy || !more) {
		free(copy);
		return -ENOMEM;
	}
	names->ids[names->num_ids] = copy;
	return (int)names->num_ids++;
}

int names_index(struct names *names, const char *id)
{
	for (size_t i = 0; i < names->num_ids; i++) {
		size_t index = (names->found + 1 + i) % names->num_ids;

		if (strcmp(names->ids[index], id) == 0) {
			names->found = index;
			return (int)index;
		}
	}
	return add(names, id);
}
