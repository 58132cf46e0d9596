/* SPDX-License-Identifier: MIT */
/* Guesses what a misspelt word was meant to be.
 *
 * Pure.
 */
#ifndef CONFIG_SUGGEST_H
#define CONFIG_SUGGEST_H

#include <stddef.h>

#include "base/attributes.h"

enum { SUGGEST_FAR = 1000 };

/* How far `word` is from `candidate` in letters changed, added, left out or swapped, upper
 * and lower case alike; SUGGEST_FAR where they are too different to be a misspelling. */
unsigned suggest_distance(const char *word, const char *candidate);

/* Keeps the nearest candidate: start with *best NULL and feed one after the other. */
struct suggestion {
	const char *best; /* borrowed from the caller; NULL: nothing is near */
	unsigned distance;
};
void suggest_consider(struct suggestion *suggestion, const char *word,
		      const char *candidate);

#endif
