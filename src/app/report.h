/* SPDX-License-Identifier: MIT */
/* The gateway's words about itself: the payloads of `info` and `health`, the line in its
 * service's status, and what `pin2mqtt health` is told. */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "app/publisher.h"
#include "base/text.h"

enum { REPORT_MAX_INFO = 64 * 1024 };

/* `health` has no more bytes than this, and for each sensor than that. */
enum { REPORT_MAX_HEALTH = 1024, REPORT_MAX_SENSOR_HEALTH = 1024 };

/* Version, libraries, boot id, and each sensor with its driver and pin. No secrets. */
void report_info(struct text *out, const struct config *config);

/* Uptime, what became of each sensor's attempts by reason, the store, the connection.
 * Threads: the publisher's. */
void report_health(struct text *out, const struct publisher *publisher, uint64_t now_ns);

/* "signal": how the frames of a sensor come through, with an advice in words.
 * min_frames: see quality_advice() */
void report_signal(struct text *out, const struct quality *quality, unsigned min_frames);

/* One line for people: "1 of 2 sensors online, 34 readings, 0 waiting, connected". */
void report_line(struct text *out, const struct publisher *publisher);

/* The answer to `pin2mqtt health --json`.
 * Threads: any, as for report_line(). */
void report_summary(struct text *out, const struct publisher *publisher, bool is_healthy,
		    uint64_t now_ns);

#endif
