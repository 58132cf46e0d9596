/* SPDX-License-Identifier: MIT */
/* The gateway, wired: captures -> rings -> publisher -> store -> connection. The only place
 * that starts and stops threads, and it stops them in the reverse order.
 *
 * Threads: main's.
 */
#ifndef APP_PIPELINE_H
#define APP_PIPELINE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/wake.h"
#include "config/config.h"
#include "publish/request.h"

struct pipeline;
struct publisher;

/* config: borrowed; outlives the pipeline. news: the same; signalled when
 * pipeline_take_reload() or pipeline_is_ready() may have something new. Returns 0 or a negative errno. Pins, sensors and
 * brokers that are not there do not stop it: they are logged and tried again. */
must_check int pipeline_start(const struct config *config, struct wake *news,
			      struct pipeline **out);

/* The name of a thread that has not moved since the last call, NULL where all have; asks them
 * to move for the next one. Calls should be seconds apart. The name outlives the pipeline's
 * use. */
const char *pipeline_hanging(struct pipeline *pipeline);

/* What main found out about the threads, for who asks over HTTP; again within half a minute. */
void pipeline_set_healthy(struct pipeline *pipeline, bool is_healthy);

/* What it counts and remembers, for reports. */
struct publisher *pipeline_publisher(struct pipeline *pipeline);

/* Asks for a change to another configuration. When pipeline_is_ready(), pipeline_reload() may
 * be called; until then, which is as long as the client library hangs, all goes on.
 *
 * config: the one to come; borrowed for the call
 * Returns 0, or -ENAMETOOLONG where a topic would be too long: nothing has happened. */
must_check int pipeline_prepare_reload(struct pipeline *pipeline,
				       const struct config *config);

bool pipeline_is_ready(const struct pipeline *pipeline);

/* Goes on with another configuration. What is the same in both is not touched: the lines, when
 * their sensors are asked, what is known of them, the connection, what waits for it.
 *
 * config: borrowed; outlives the pipeline, which does not use the old one any more
 * Returns 0, or a negative errno: then nothing but pipeline_stop() is possible. */
must_check int pipeline_reload(struct pipeline *pipeline, const struct config *config);

/* Whether the file is refused for its errors, for who asks over HTTP. */
void pipeline_set_reload_refused(struct pipeline *pipeline, bool is_refused);

/* A request for a reload that came over the broker. False: none did. */
must_check bool pipeline_take_reload(struct pipeline *pipeline, struct request *out);

/* Answers a request. payload: borrowed for the call. */
void pipeline_answer(struct pipeline *pipeline, enum request_verb verb,
		     const char *payload);

/* Returns true where everything ended; false: a library hangs, and the memory is left. */
bool pipeline_stop(struct pipeline *pipeline);

#endif
