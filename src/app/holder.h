/* SPDX-License-Identifier: MIT */
/* Which process of this machine has what we want: from /proc, where we may look.
 *
 * Threads: any.
 */
#ifndef APP_HOLDER_H
#define APP_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/address.h"

enum { HOLDER_MAX_NAME = 32, HOLDER_MAX_WORDS = HOLDER_MAX_NAME + 32 };

struct holder {
	pid_t process; /* 0: it is not for us to see */
	uid_t user; /* whose it is; -1 where that cannot be told */
	char name[HOLDER_MAX_NAME]; /* empty: as above */
};

/* Who has a lock on the file. False: nobody. */
bool holder_of_file(const char *path, struct holder *out);

/* Who listens at the address, or at all with its port. False: nobody. */
bool holder_of_address(const struct address *address, struct holder *out);

/* "mosquitto (process 123)", or "another process". */
void holder_words(const struct holder *holder, char out[HOLDER_MAX_WORDS]);

#endif
