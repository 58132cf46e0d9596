/* SPDX-License-Identifier: MIT */
#include "config/suggest.h"

#include <ctype.h>
#include <string.h>

enum { MAX_WORD = 32 };

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static int lower(char c)
{
	return tolower((unsigned char)c);
}

/* Damerau and Levenshtein's distance in its "optimal string alignment" form. */
static unsigned count_edits(const char *a, size_t num_a, const char *b, size_t num_b)
{
	unsigned rows[3][MAX_WORD + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (unsigned j = 0; j <= num_b; j++)
		above[j] = j;
	for (unsigned i = 1; i <= num_a; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= num_b; j++) {
			unsigned changed = lower(a[i - 1]) != lower(b[j - 1]);

			row[j] = min_of(above[j - 1] + changed,
					min_of(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = min_of(row[j], before[j - 2] + 1);
		}

		unsigned *oldest = before;

		before = above;
		above = row;
		row = oldest;
	}
	return above[num_b];
}

unsigned suggest_distance(const char *word, const char *candidate)
{
	size_t num_word = strnlen(word, MAX_WORD + 1);
	size_t num_candidate = strnlen(candidate, MAX_WORD + 1);

	if (num_word > MAX_WORD || num_candidate > MAX_WORD)
		return SUGGEST_FAR;

	unsigned distance = count_edits(word, num_word, candidate, num_candidate);
	size_t longest = num_word > num_candidate ? num_word : num_candidate;

	/* A third of the letters wrong is a typing mistake; more is another word. */
	return distance < longest && distance <= (longest + 2) / 3 ? distance
								   : SUGGEST_FAR;
}

void suggest_consider(struct suggestion *suggestion, const char *word,
		      const char *candidate)
{
	unsigned distance = suggest_distance(word, candidate);

	if (distance == SUGGEST_FAR)
		return;
	if (!suggestion->best || distance < suggestion->distance) {
		suggestion->best = candidate;
		suggestion->distance = distance;
	}
}
