/* SPDX-License-Identifier: MIT */
#include "metrics/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { MAX_WEIGHT = 1000 };

/* "0.5" in thousandths; what is no weight counts as 1. */
static int parse_weight(const char *text, size_t length)
{
	int weight = 0, place = MAX_WEIGHT;

	if (length == 0 || (text[0] != '0' && text[0] != '1'))
		return MAX_WEIGHT;
	weight = (text[0] - '0') * MAX_WEIGHT;
	for (size_t i = 2; i < length && i < 5 && text[1] == '.'; i++) {
		if (text[i] < '0' || text[i] > '9')
			break;
		place /= 10;
		weight += (text[i] - '0') * place;
	}
	return weight > MAX_WEIGHT ? MAX_WEIGHT : weight;
}

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

/* The weight among the parameters of an item: what follows its type. */
static int weight_of(const char *parameters, const char *end)
{
	const char *s = parameters;

	while (s < end && *s == ';') {
		const char *next;

		s = skip_blanks(s + 1, end);
		next = s;
		while (next < end && *next != ';')
			next++;
		if (next - s >= 2 && strncasecmp(s, "q=", 2) == 0)
			return parse_weight(s + 2, (size_t)(next - s - 2));
		s = next;
	}
	return MAX_WEIGHT;
}

/* How exactly an item names the type: 0 not at all, 1 as all, 2 as a range, 3 by itself. */
static int match(const char *item, size_t length, const char *type)
{
	if (length == strlen(type) && strncasecmp(item, type, length) == 0)
		return 3;
	if (length > 2 && memcmp(item + length - 2, "/*", 2) == 0 &&
	    strncasecmp(item, type, length - 1) == 0)
		return 2;
	return length == 3 && memcmp(item, "*/*", 3) == 0;
}

/* In thousandths; 0: it is not wanted. exact_out: whether it is named by itself. */
static int find_weight(const char *accept, const char *type, bool *exact_out)
{
	int best_match = 0, weight = 0;

	for (const char *s = accept; *s;) {
		size_t length = strcspn(s, ",");
		const char *end = s + length;
		const char *item = skip_blanks(s, end);
		const char *item_end = item;
		int found;

		while (item_end < end && !strchr("; \t", *item_end))
			item_end++;
		found = match(item, (size_t)(item_end - item), type);
		if (found > best_match) {
			best_match = found;
			weight = weight_of(skip_blanks(item_end, end), end);
		}
		s = *end ? end + 1 : end;
	}
	*exact_out = best_match == 3;
	return weight;
}

bool accept_prefers(const char *accept, const char *type, const char *fallback)
{
	bool is_named, is_fallback_named;
	int weight, fallback_weight;

	if (!accept)
		return false;
	weight = find_weight(accept, type, &is_named);
	fallback_weight = find_weight(accept, fallback, &is_fallback_named);
	if (!is_named || weight == 0)
		return false;
	/* Who names both alike is as well served by the newer one. */
	return weight >= fallback_weight;
}
