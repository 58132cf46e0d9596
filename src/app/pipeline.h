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

/* config: borrowed; outlives the pipeline. Returns 0 or a negative errno. Pins, sensors and
 * brokers that are not there do not stop it: they are logged and tried again. */
must_check int pipeline_start(const struct config *config, struct pipeline **out);

/* Returns true where everything ended; false: a library hangs, and the memory is left. */
bool pipeline_stop(struct pipeline *pipeline);

#endif
