/* SPDX-License-Identifier: MIT */
/* For those who add a place that edges come from; callers read gpio/line.h.
 *
 * A backend's line begins with struct line. Each call keeps the promises of the call of the
 * same name in line.h; arguments were checked there. A new backend is a file and a row in
 * line.c, and the contract test runs over it.
 */
#ifndef GPIO_LINE_BACKEND_H
#define GPIO_LINE_BACKEND_H

#include "gpio/line.h"
#include "gpio/output.h"

struct line_backend {
	const char *name;
	/* Whether the pin's text is for this backend ("sim/4", "replay:x.csv"); the kernel's
	 * backend takes what no other wants. */
	bool (*claims)(const char *pin);
	/* out: zeroed, its backend set */
	int (*find)(const char *pin, struct line_place *out,
		    char reason[LINE_MAX_REASON]);
	int (*open)(const struct line_place *place, const struct line_request *request,
		    struct line **out, char reason[LINE_MAX_REASON]);
	void (*close)(struct line *line);
	/* Where the line has a trigger, drive_low asks for edges and pulls that one low, and
	 * listen lets it go. */
	int (*drive_low)(struct line *line);
	int (*listen)(struct line *line, uint64_t *release_ns_out,
		      uint64_t *armed_ns_out);
	int (*read)(struct line *line, struct edge *out, size_t max_edges);
	int (*rest)(struct line *line); /* optional */
	int (*level)(struct line *line); /* optional */
	int (*fd)(const struct line *line); /* optional */

	/* All three or none. */
	int (*output_open)(const struct line_place *place, enum output_drive drive,
			   struct output **out, char reason[LINE_MAX_REASON]);
	void (*output_close)(struct output *output);
	int (*output_set)(struct output *output, bool is_high);
};

struct line {
	const struct line_backend *backend;
	struct output
		*trigger; /* owned, by line.c; NULL: the line gives its own pulses */
	size_t max_waiting; /* edges that wait without loss */
	uint32_t num_merged; /* of the attempt; written by backends that can tell */
};

struct output {
	const struct line_backend *backend;
};

extern const struct line_backend line_backend_sim;
extern const struct line_backend line_backend_replay;
extern const struct line_backend line_backend_kernel; /* of the libgpiod built with */

#endif
