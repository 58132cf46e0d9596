/* SPDX-License-Identifier: MIT */
/* Sensors' ids, each once, under a number that stays: readings outlive the configuration that
 * they were read under, so an index into that would not do.
 *
 * Threads: the owner's lock guards it; an id that was given out stays where it is.
 * Memory:  grows with each new id.
 */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct names {
	char **ids; /* owned, as what they point to */
	size_t num_ids;
	size_t found; /* the last that was looked up: mostly the next follows it */
};

void names_finish(struct names *names);

/* The number of that id, which is copied where it is new. Returns it or -ENOMEM; -ENOSPC
 * where there are 2^16 already. */
must_check int names_index(struct names *names, const char *id);

#endif
