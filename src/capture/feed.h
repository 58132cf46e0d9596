/* SPDX-License-Identifier: MIT */
/* A pin that feeds sensors: high is power. Cut for long enough, and sensors that hang begin
 * anew.
 *
 * Threads: one owner.
 * RT-safe: all but feed_open() and feed_close().
 */
#ifndef CAPTURE_FEED_H
#define CAPTURE_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "gpio/line.h"
#include "model/probe.h"

struct output;

struct feed {
	const char *pin; /* borrowed; what line_find() takes */
	struct output *output; /* owned; NULL while it cannot be had */
	uint64_t on_ns; /* CLOCK_MONOTONIC since when there is power, or will be again */
	bool is_cut;
};

/* Finds and takes the pin, and gives power. Returns 0 or a negative errno with a sentence in
 * `reason`, as line_find() and line_open(). */
must_check int feed_open(struct feed *feed, uint64_t now_ns,
			 char reason[LINE_MAX_REASON]);

/* Lets the pin go, with power on it. */
void feed_close(struct feed *feed);

/* Cuts power, to come back at on_ns. The data wires of its sensors should be low meanwhile,
 * or they feed them. Returns 0 or a negative errno. */
must_check int feed_cut(struct feed *feed, uint64_t now_ns);

/* Gives power again. Returns 0 or a negative errno. */
must_check int feed_restore(struct feed *feed, uint64_t now_ns);

/* From when on a sensor on it can answer, CLOCK_MONOTONIC. */
uint64_t feed_awake_ns(const struct feed *feed, const struct probe *probe);

#endif
