/* SPDX-License-Identifier: MIT */
/* What is wrong with a line, told by one thread to another, once for each change.
 *
 * Threads: fault_set() from one, fault_take() from another.
 */
#ifndef CAPTURE_FAULT_H
#define CAPTURE_FAULT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "gpio/line.h"

struct fault {
	pthread_mutex_t lock; /* guards all below */
	int error; /* 0 or a negative errno */
	bool is_new;
	char reason[LINE_MAX_REASON];
};

/* The struct is zeroed. */
void fault_init(struct fault *fault);
void fault_finish(struct fault *fault);

/* error: 0 (nothing is wrong any more) or a negative errno. Returns whether that is new. */
bool fault_set(struct fault *fault, int error, const char *reason);

/* `to` says what `from` did and has still to say. Neither is in use by another thread. */
void fault_pass_on(const struct fault *from, struct fault *to);

/* Returns whether there is news; then it is in the arguments. */
must_check bool fault_take(struct fault *fault, int *error_out,
			   char reason[LINE_MAX_REASON]);

#endif
