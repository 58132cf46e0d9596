/* SPDX-License-Identifier: MIT */
/* One GPIO line with a single-bus sensor on it, held for the sensor's life.
 *
 * An attempt is line_drive_low(), the start pulse's time, line_listen(), line_read() until
 * the frame's time is over, line_rest(). Where edges come from is the backend's affair
 * (gpio/line_backend.h): libgpiod, the simulated chip, or a recording.
 *
 * Threads: a line belongs to one thread at a time.
 * RT-safe: line_drive_low(), line_listen(), line_read() and line_rest(): no lock, log or
 *          allocation of ours (libgpiod 1 allocates a few bytes for each request).
 */
#ifndef GPIO_LINE_H
#define GPIO_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/edge.h"

struct line;

enum line_edges { LINE_EDGES_FALLING, LINE_EDGES_BOTH };
enum line_bias { LINE_BIAS_AS_IS, LINE_BIAS_PULL_UP };

enum { LINE_MAX_NAME = 256, LINE_MAX_REASON = 512 };

/* Who answers on a simulated line. */
struct line_simulation {
	/* What comes over the wire after a start pulse.
	 *
	 * release_ns: when the host let go; low_ns: for how long it had pulled low
	 * edges:      which edges to report
	 * out:        FALLING and RISING records in time order, none before release_ns,
	 *             max_edges at most
	 * Returns how many; 0: the sensor is silent.
	 * RT-safe.
	 */
	size_t (*answer)(void *context, uint64_t release_ns, uint64_t low_ns,
			 enum line_edges edges, struct edge *out, size_t max_edges);
	void *context; /* borrowed; outlives the line */
};

/* A line, found: where it is, and how it is called. No pointers. */
struct line_place {
	/* path of the chip: "/dev/gpiochip0"; "sim"; the recording's path */
	char chip[LINE_MAX_NAME];
	char label[LINE_MAX_NAME]; /* the kernel's label of the chip: "pinctrl-bcm2711" */
	/* the kernel's name of the line: "GPIO4"; may be empty */
	char name[LINE_MAX_NAME];
	uint32_t line_offset;
	const struct line_backend *backend;
};

/* A line of the kernel's, as a list has it. */
struct line_listed {
	struct line_place place; /* without a backend */
	bool is_used; /* somebody holds it, or the pin has another function */
	bool is_output;
};

typedef void line_visit_fn(void *context, const struct line_listed *listed);

struct line_request {
	enum line_edges edges;
	enum line_bias bias;
	/* a second line on the same bus, which gives the start pulses so that this one is
	 * armed before them; borrowed for the call; NULL: this one gives them itself */
	const struct line_place *trigger;
	/* a line of the same chip that is taken beside this one, and left alone: then edges
	 * that the kernel merged can be counted (libgpiod 2); borrowed for the call; NULL */
	const struct line_place *quiet;
	/* for backend sim; borrowed, outlives the line */
	const struct line_simulation *simulation;
};

/* Finds a pin: a kernel line name, CHIP/OFFSET (chip by name, label or path), sim/OFFSET or
 * replay:FILE. Aliases from `pins:` are resolved by the caller. A line that is in use is
 * found, too.
 *
 * Returns 0 or a negative errno, with a sentence for people in `reason`: -ENODEV no such
 * chip, -ENOENT no such line or file, -ENOTUNIQ the name is ambiguous (the reason lists the
 * candidates), -EACCES (the reason says which group or device flag is missing), -EINVAL,
 * -ENAMETOOLONG.
 */
must_check int line_find(const char *pin, struct line_place *out,
			 char reason[LINE_MAX_REASON]);

/* Shows every line of the kernel's chips, or of one chip (name, label or path; NULL: all).
 *
 * Returns 0 or a negative errno with a sentence in `reason`: -ENODEV, -EACCES, ... */
must_check int line_list(const char *chip, line_visit_fn *visit, void *context,
			 char reason[LINE_MAX_REASON]);

/* Takes the line, and its trigger: as an input, nothing driven.
 *
 * Returns 0 or a negative errno with a sentence in `reason`: -EBUSY (it names the consumer
 * that holds the line), -EACCES, -ENODEV, -ENOENT, -EINVAL (a recording that cannot be
 * read), -EIO, -ENOMEM.
 */
must_check int line_open(const struct line_place *place,
			 const struct line_request *request, struct line **out,
			 char reason[LINE_MAX_REASON]);

/* Lets the line go, as an input. NULL is allowed. */
void line_close(struct line *line);

/* Begins the start pulse. Returns 0 or a negative errno: -ENODEV the chip has gone. */
must_check int line_drive_low(struct line *line);

/* Lets the bus go and asks for edges. None from before the release is ever read.
 *
 * release_ns_out: just before the host let go; armed_ns_out: it has let go, and from then on
 * edges are reported (with a trigger, from the release on). CLOCK_MONOTONIC, as all stamps.
 * Returns 0 or a negative errno.
 */
must_check int line_listen(struct line *line, uint64_t *release_ns_out,
			   uint64_t *armed_ns_out);

/* Takes the edges that have come: sensor is 0, event FALLING or RISING, stamps monotonic.
 * Does not wait. Returns how many (0: none), or a negative errno. Where the kernel dropped
 * some, seq has a gap (libgpiod 2) or nothing tells (libgpiod 1, whose seq is 0). */
must_check int line_read(struct line *line, struct edge *out, size_t max_edges);

/* After an attempt: edges are no longer asked for, so that noise on an idle bus interrupts
 * nobody. Returns 0 or a negative errno. */
must_check int line_rest(struct line *line);

/* The level of the wire at rest: 0 or 1, or a negative errno; -ENOSYS where the backend has
 * none. */
must_check int line_level(struct line *line);

/* How many edges wait for us without loss. Where it is less than the edges of a frame, the
 * frame must be read while it comes in. */
size_t line_max_waiting(const struct line *line);

/* How many edges of the attempt, of those read so far, the kernel merged into others: their
 * interrupt came, but the one after it did too before the kernel looked. 0 where it cannot
 * be told: it takes a quiet line. */
uint32_t line_num_merged(const struct line *line);

/* Readable when edges wait, or -1 where the backend has none. */
int line_fd(const struct line *line);

/* The GPIO library that this was built with: "libgpiod 2.2.1". */
const char *line_library(void);

#endif
