/* SPDX-License-Identifier: MIT */
/* What a running gateway remembers of a sensor's newest answers, asked for by
 * `pin2mqtt capture --last`: a socket beside that of health.h.
 *
 * A question is a sensor's id, an answer an edge log or a sentence that says why not. Only root
 * and the gateway's own user get one.
 *
 * Threads: recall_open() and recall_answer() from main.
 */
#ifndef APP_RECALL_H
#define APP_RECALL_H

#include "app/publisher.h"
#include "base/attributes.h"

/* Returns a descriptor that becomes readable when somebody asks, or a negative errno. */
must_check int recall_open(const char *config_path);

/* Answers one who asks; does not wait. */
void recall_answer(int fd, struct publisher *publisher);

/* Asks the gateway that runs with this configuration.
 *
 * log_out: an edge log, NUL-terminated; free() it
 * Returns 0; -ECONNREFUSED where there is no gateway; -ETIMEDOUT; -ENOENT where the gateway said
 * why not, which is on stderr; or another negative errno.
 */
must_check int recall_ask(const char *config_path, const char *sensor_id, char **log_out);

#endif
