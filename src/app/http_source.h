/* SPDX-License-Identifier: MIT */
/* What the HTTP server tells, taken from the pipeline while it runs.
 *
 * Threads: the calls of the source are the HTTP thread's. They wait for a reload and for
 *          nothing else but, where the past is asked for, for the store's thread, and nobody but
 *          a reload waits for them longer than a sensor's view takes to copy.
 */
#ifndef APP_HTTP_SOURCE_H
#define APP_HTTP_SOURCE_H

#include "metrics/source.h"

struct pipeline;

/* pipeline: borrowed; outlives the source */
struct source http_source(struct pipeline *pipeline);

#endif
