/* SPDX-License-Identifier: MIT */
/* The newest frames of a sensor as JSON: each with its edges, the levels they make, and what
 * the decoder made of it, in the words of `decode --explain`.
 *
 * Threads: frames_copy() from any, but while the configuration changes; frames_write() from any.
 */
#ifndef APP_FRAMES_H
#define APP_FRAMES_H

#include <sys/types.h>

#include "app/publisher.h"
#include "base/attributes.h"

struct frames;

/* Takes them out of the publisher's hands. Returns 0 or a negative errno: -ENOENT no such
 * sensor. */
must_check int frames_copy(struct publisher *publisher, const char *sensor_id,
			   struct frames **out);
void frames_free(struct frames *frames);

/* Returns the length of *out, which is to be freed; or -ENOMEM. */
must_check ssize_t frames_write(struct frames *frames, const char *sensor_id, char **out);

#endif
