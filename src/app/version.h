/* SPDX-License-Identifier: MIT */
/* Which pin2mqtt this is, and over which libraries. */
#ifndef APP_VERSION_H
#define APP_VERSION_H

#include <stdbool.h>
#include <stddef.h>

enum { VERSION_MAX_LIBRARY = 64 };

/* "0.1.0" */
const char *version_string(void);

/* The n-th library with its version, as in "libgpiod 2.2.1". False past the last. */
bool version_library(size_t n, char out[VERSION_MAX_LIBRARY]);

#endif
