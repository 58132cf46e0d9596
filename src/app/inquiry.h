/* SPDX-License-Identifier: MIT */
/* One sensor, asked by a command for a person: the line that the gateway would use, one attempt
 * after the other.
 *
 * Threads: one owner.
 */
#ifndef APP_INQUIRY_H
#define APP_INQUIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/simulation.h"
#include "base/attributes.h"
#include "base/ring.h"
#include "capture/capture.h"
#include "capture/care.h"
#include "capture/feed.h"
#include "config/config.h"
#include "decode/decoder.h"
#include "decode/framer.h"

/* Which sensor, and how. */
struct inquiry_target {
	const char *pin; /* borrowed */
	const char *trigger_pin; /* borrowed; NULL: none */
	const char *power_pin; /* borrowed; NULL: nobody knows what feeds it */
	const struct driver *driver;
	enum line_edges edges;
	enum line_bias bias;
	bool is_strict; /* no repair of damaged frames */
	bool is_double_read; /* the second good answer counts */
	const struct config_sensor
		*config; /* borrowed; NULL: it is in no configuration */
};

/* The edges of a frame with its marks. */
enum { INQUIRY_MAX_RECORDS = FRAME_MAX_EDGES * 2 };

struct inquiry {
	struct inquiry_target target;
	struct capture_sensor sensor;
	struct line *line; /* owned */
	struct feed feed; /* of target.power_pin */
	struct care care;
	struct care_advice advice; /* after the last attempt */
	bool is_fed_anew; /* no attempt was made since power came */
	struct simulation simulation;
	struct ring ring;
	struct rehearsal rehearsal;
	struct framer framer; /* its frame is that of the last attempt */
	struct decoder decoder;
	struct decode_evidence evidence; /* of the last attempt */
	struct edge slots[INQUIRY_MAX_RECORDS]; /* of the ring */
	struct edge records[INQUIRY_MAX_RECORDS]; /* of the last attempt */
	size_t num_records;
};

/* The sensor that has this id in the configuration.
 *
 * option_path: of -c, or NULL
 * config_out:  what the target borrows from, or NULL; config_free() frees it
 * Returns EXIT_DONE, or another exit status after a word on stderr.
 */
int inquiry_find_configured(const char *option_path, const char *id,
			    struct config **config_out, struct inquiry_target *out);

/* How a sensor of the configuration is asked; out borrows from it. */
void inquiry_describe(const struct config_sensor *sensor, struct inquiry_target *out);

/* "falling" or "both". False: neither. */
bool inquiry_edges_from_name(const char *name, enum line_edges *out);

/* Takes the line, and gives the sensor its power and time to wake up. Returns 0 or a negative errno, and says so on stderr.
 * Owns: inquiry_close() frees *out. */
must_check int inquiry_open(const struct inquiry_target *target, struct inquiry **out);
void inquiry_close(struct inquiry *inquiry);

/* One attempt; blocks for 40 ms at most. number: of the attempt, from 0; out: see
 * decode_explain(); a reading only where advice.is_taken. Returns 0 or the line's negative errno, and says so on stderr. */
must_check int inquiry_ask(struct inquiry *inquiry, unsigned number, struct reading *out,
			   enum verdict *verdict_out);

/* The rest that the sensor wants before it is asked again, in ms. */
uint32_t inquiry_rest_ms(const struct inquiry *inquiry);

/* Waits that long, or until a signal comes. */
void inquiry_rest(const struct inquiry *inquiry);

#endif
