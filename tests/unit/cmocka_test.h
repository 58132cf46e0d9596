/* SPDX-License-Identifier: MIT */
/* cmocka.h with what it wants before it. */
#ifndef UNIT_CMOCKA_TEST_H
#define UNIT_CMOCKA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
