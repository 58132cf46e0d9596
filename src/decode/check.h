/* SPDX-License-Identifier: MIT */
/* The sums that guard a frame. Pure. */
#ifndef DECODE_CHECK_H
#define DECODE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Low byte of the sum of the bytes. */
uint8_t check_sum8(const uint8_t *bytes, size_t num_bytes);

bool check_all_zero(const uint8_t *bytes, size_t num_bytes);

#endif
