/* SPDX-License-Identifier: MIT */
/* A look at a store's file that leaves it alone: what opening it would say is asked of a copy.
 *
 * Threads: any; waits for the disk.
 */
#ifndef STORE_EXAMINE_H
#define STORE_EXAMINE_H

#include "base/attributes.h"
#include "store/database.h"

/* The file is there, and no process has it.
 * Returns 0 where it can be used, -EBADMSG where it is damaged, -EPROTO where a later version
 * wrote it, both with words in `reason`; or another negative errno: it could not be told. */
must_check int examine_file(const char *path, char reason[DATABASE_MAX_REASON]);

#endif
