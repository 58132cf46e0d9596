/* SPDX-License-Identifier: MIT */
/* What we tell the compiler about our functions. */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

#define must_check __attribute__((warn_unused_result))
#define printf_like(format_index, first_index) \
	__attribute__((format(printf, format_index, first_index)))

#define array_length(array) (sizeof(array) / sizeof((array)[0]))

#endif
