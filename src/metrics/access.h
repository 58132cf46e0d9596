/* SPDX-License-Identifier: MIT */
/* Who may ask: by the name that he asks for, and by the token that he shows.
 *
 * A page elsewhere can have its own name point to this machine (DNS rebinding) and then read
 * what is served here; it cannot choose an address, or a name that is not its own. So a
 * request must be for an address or for a name that this gateway knows itself by.
 *
 * Pure.
 */
#ifndef METRICS_ACCESS_H
#define METRICS_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

struct access_rules {
	const char *token; /* borrowed; NULL: none is asked for */
	const char *const *hosts; /* borrowed; names that are ours */
	size_t num_hosts;
	const char *machine; /* borrowed; the machine's name: it, its first part, and that
				with .local are ours; NULL: it has none */
};

/* host: the header; NULL: there is none. Whether it is an address, localhost or one of ours. */
bool access_is_our_host(const struct access_rules *rules, const char *host);

/* authorization: the header; NULL: there is none. Takes as long for any token of the right
 * length. */
bool access_has_token(const struct access_rules *rules, const char *authorization);

#endif
