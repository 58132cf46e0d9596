/* SPDX-License-Identifier: MIT */
/* What the tests of the configuration share: two drivers, a parse with its errors. */
#ifndef UNIT_CONFIG_TEST_H
#define UNIT_CONFIG_TEST_H

#include "config/config.h"

struct fixture {
	struct config *config;
	struct config_errors errors;
};

/* dht11 (1s) and dht22 (2s). */
extern const struct config_driver_facts test_drivers;

/* As if the text were the file `path`. Returns config_parse()'s result. */
int fixture_parse(struct fixture *fixture, const char *path, const char *yaml);
void fixture_finish(struct fixture *fixture);

/* All errors, a line each: "[warning ]LINE:COLUMN PATH: TEXT". The caller frees it. */
char *fixture_told(const struct fixture *fixture);

/* What config_print() writes. The caller frees it. */
char *fixture_print(const struct fixture *fixture);

#endif
