/* SPDX-License-Identifier: MIT */
#include "capture/fault.h"

#include <string.h>

void fault_init(struct fault *fault)
{
	pthread_mutex_init(&fault->lock, NULL);
}

void fault_finish(struct fault *fault)
{
	pthread_mutex_destroy(&fault->lock);
}

bool fault_set(struct fault *fault, int error, const char *reason)
{
	pthread_mutex_lock(&fault->lock);
	bool is_new = fault->error != error || strcmp(fault->reason, reason) != 0;

	if (is_new) {
		fault->error = error;
		fault->is_new = true;
		strncpy(fault->reason, reason, sizeof(fault->reason) - 1);
	}
	pthread_mutex_unlock(&fault->lock);
	return is_new;
}

void fault_pass_on(const struct fault *from, struct fault *to)
{
	to->error = from->error;
	to->is_new = from->is_new;
	memcpy(to->reason, from->reason, sizeof(to->reason));
}

bool fault_take(struct fault *fault, int *error_out, char reason[LINE_MAX_REASON])
{
	pthread_mutex_lock(&fault->lock);
	bool is_new = fault->is_new;

	if (is_new) {
		fault->is_new = false;
		*error_out = fault->error;
		memcpy(reason, fault->reason, LINE_MAX_REASON);
	}
	pthread_mutex_unlock(&fault->lock);
	return is_new;
}
