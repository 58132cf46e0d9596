/* SPDX-License-Identifier: MIT */
/* A sensor model: how to ask it, what it sends, and what that means.
 *
 * Threads: any; drivers are constant data and pure functions.
 */
#ifndef DECODE_DRIVER_H
#define DECODE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/probe.h"
#include "model/reading.h"
#include "model/verdict.h"

enum { DRIVER_MAX_BYTES = 8 };

/* The single-bus waveform of a model, in us, from the host's release on:
 * high release, low and high of the response, then for each bit a low and a high, then a
 * low and idle high. All figures are typical ones; what a real sensor may differ by is the
 * decoder's to know. */
struct dht_wire {
	uint16_t release_us; /* host's release until the response falls */
	uint16_t response_low_us;
	uint16_t response_high_us;
	uint16_t bit_low_us;
	uint16_t zero_high_us;
	uint16_t one_high_us;
	/* what the low before bytes 2, 3, ... is longer by; 0: nothing */
	uint16_t byte_gap_us;
	uint16_t end_low_us;
	uint8_t num_bits; /* 40 or 64 */
};

/* How a negative temperature is sent, where models differ. */
enum encoding {
	ENCODING_SIGN_MAGNITUDE,
	ENCODING_TWOS_COMPLEMENT,
};
enum { NUM_ENCODINGS = ENCODING_TWOS_COMPLEMENT + 1 };

struct driver {
	const char *name; /* "dht22" */
	/* one line for people: "Aosong DHT22 / AM2302 temperature and humidity" */
	const char *title;
	const char *const *aliases; /* NULL-terminated: names that mean this driver too */
	/* NULL-terminated: what a sensor of this driver may be, which its frames tell; then all
	 * below but the probe is left to the models. NULL: this is a model. */
	const struct driver *const *models;
	struct probe probe;
	struct dht_wire wire;
	/* so many of the frame's first bits are 0 in all that the model can send */
	uint8_t num_zero_bits;
	/* some units send negative temperatures in one encoding, some in the other */
	bool has_encodings;

	/* Turns the frame's bytes into values.
	 *
	 * bytes: wire.num_bits / 8 of them; their checksum is already known to hold
	 * out:   gets values only when VERDICT_CLEAN is returned; its other fields are left
	 * Returns VERDICT_CLEAN, VERDICT_ALL_ZERO, VERDICT_HUNG, VERDICT_HALF_VALID or
	 *          VERDICT_IMPLAUSIBLE.
	 * Pure:  no I/O, clock, allocation, logging or static state
	 */
	enum verdict (*decode)(const uint8_t *bytes, struct reading *out);

	/* The inverse: what the sensor sends for these values, checksum included.
	 *
	 * values: temperature and humidity, as decode gives them; rounded to the resolution
	 * Returns false where the model cannot represent them (range, or no such encoding).
	 * Pure.
	 */
	must_check bool (*encode)(const struct reading *values, enum encoding encoding,
				  uint8_t *bytes_out);
};

/* All models, in the order of drivers.def. */
const struct driver *const *driver_all(size_t *num_out);

/* The driver for a sensor whose model is not known. */
extern const struct driver driver_dht;

/* By name or alias, driver_dht included; NULL where there is none. */
const struct driver *driver_find(const char *name);

/* What it measures, and how finely: a reading as it would come, the values in it of no meaning.
 * Of a driver that leaves the model open, what the first of its models does. */
void driver_measures(const struct driver *driver, struct reading *out);

/* The driver, or one of the models that it may turn out to be. */
const struct driver *driver_sample(const struct driver *driver);

#endif
