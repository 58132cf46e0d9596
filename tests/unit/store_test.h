/* SPDX-License-Identifier: MIT */
/* A store without a file, for tests of those that use one. */
#ifndef UNIT_STORE_TEST_H
#define UNIT_STORE_TEST_H

#include "store/store.h"
#include "unit/cmocka_test.h"

static inline struct store *new_store_in_memory(const struct config *config)
{
	const struct store_options options = { .max_bytes = 1 << 20 };
	struct store *store;

	assert_int_equal(store_new(&options, &store), 0);
	assert_int_equal(store_set_sensors(store, config), 0);
	return store;
}

#endif
