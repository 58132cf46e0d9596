/* SPDX-License-Identifier: MIT */
/* The gateway, wired: captures -> rings -> publisher -> outbox -> connection. The only place
 * that starts and stops threads, and it stops them in the reverse order.
 *
 * Threads: main's.
 */
#ifndef APP_PIPELINE_H
#define APP_PIPELINE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "config/config.h"

struct pipeline;
struct publisher;

/* config: borrowed; outlives the pipeline. Returns 0 or a negative errno. Pins, sensors and
 * brokers that are not there do not stop it: they are logged and tried again. */
must_check int pipeline_start(const struct config *config, struct pipeline **out);

/* The name of a thread that has not moved since the last call, NULL where all have; asks them
 * to move for the next one. Calls should be seconds apart. The name outlives the pipeline's
 * use. */
const char *pipeline_hanging(struct pipeline *pipeline);

/* What it counts, for reports. */
const struct publisher *pipeline_publisher(const struct pipeline *pipeline);

/* Returns true where everything ended; false: a library hangs, and the memory is left. */
bool pipeline_stop(struct pipeline *pipeline);

#endif
