/* SPDX-License-Identifier: MIT */
/* A folder of the test's own, and the path of a store in it. */
#ifndef UNIT_STORE_FOLDER_H
#define UNIT_STORE_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/cmocka_test.h"

enum { MAX_PATH = 256 };

static char folder[] = "/tmp/pin2mqtt-store-XXXXXX", path[MAX_PATH];

static inline void make_folder(void)
{
	assert_non_null(mkdtemp(folder));
}

/* Removes what is in it, and sets the path anew. */
static inline void empty_folder(void)
{
	char command[MAX_PATH];

	snprintf(command, sizeof(command), "rm -rf %s/*", folder);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/state.db", folder);
}

static inline void remove_folder(void)
{
	empty_folder();
	rmdir(folder);
}

#endif
