/* SPDX-License-Identifier: MIT */
#include "decode/check.h"

uint8_t check_sum8(const uint8_t *bytes, size_t num_bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < num_bytes; i++)
		sum += bytes[i];
	return (uint8_t)sum;
}

bool check_all_zero(const uint8_t *bytes, size_t num_bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < num_bytes; i++)
		any |= bytes[i];
	return any == 0;
}
