/* SPDX-License-Identifier: MIT */
/* The configuration file, loaded: plain structs, every value checked and in range.
 *
 * Memory: config_load() allocates, config_free() frees all. Constant once loaded.
 * Threads: any may read.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/quantity.h"

enum config_mqtt_version { CONFIG_MQTT_AUTO, CONFIG_MQTT_5, CONFIG_MQTT_3_1_1 };
enum config_retain { CONFIG_RETAIN_AUTO, CONFIG_RETAIN_YES, CONFIG_RETAIN_NO };
enum config_edges { CONFIG_EDGES_FALLING, CONFIG_EDGES_BOTH };
enum config_decode { CONFIG_DECODE_REPAIR, CONFIG_DECODE_STRICT };
/* What of the readings that wait is on the disk. */
enum config_durability { CONFIG_ALWAYS, CONFIG_OUTAGE, CONFIG_NONE };
enum config_bias { CONFIG_BIAS_AS_IS, CONFIG_BIAS_PULL_UP };

/* What is done to readings before they are posted; zeroed: nothing. */
struct config_filters {
	uint32_t num_median; /* over so many readings, an odd number; 0: no median */
	int32_t offset_milli[NUM_QUANTITIES];
	int32_t delta_milli[NUM_QUANTITIES]; /* 0: none */
	uint32_t heartbeat_ms; /* 0: none */
};

struct config_sensor {
	char *id; /* owned; [a-z0-9_-]+ */
	char *name; /* owned; for people; the id where the file has none */
	char *driver; /* owned; a name or alias that the driver table knows */
	char *pin; /* owned; aliases from `pins:` already resolved: what line_find() takes */
	char *pin_as_written; /* owned; the text in the file */
	/* owned; as pin; a line on the same bus that gives the start pulses; NULL: none */
	char *trigger_pin;
	char *trigger_pin_as_written; /* owned */
	/* owned; as pin; a line of the same chip, taken to count merged edges; NULL: none */
	char *quiet_pin;
	char *quiet_pin_as_written; /* owned */
	/* owned; as pin; what feeds it, shared with other sensors or not; NULL: not known */
	char *power_pin;
	char *power_pin_as_written; /* owned */
	uint32_t interval_ms;
	uint32_t stale_after_ms;
	uint32_t max_retries; /* attempts after a refused one, within the interval */
	bool is_double_read; /* the second of two readings counts */
	enum config_edges edges;
	enum config_decode decode;
	enum config_bias bias;
	struct config_filters filters;
	uint32_t derived; /* a bit each quantity from QUANTITY_DEW_POINT on */
};

/* A name that the file gives to a pin. */
struct config_pin {
	char *name; /* owned */
	char *pin; /* owned; what line_find() takes */
};

/* Of servers that speak TLS. A file stands in *_file as in the configuration, and in *_path
 * as seen from here. */
struct config_tls {
	char *ca_file; /* owned; NULL: the system's authorities */
	char *ca_path; /* owned */
	char *certificate_file; /* owned; NULL: none */
	char *certificate_path; /* owned */
	char *key_file; /* owned; there if and only if certificate_file is */
	char *key_path; /* owned */
	char *key_password; /* owned, a secret; NULL: none */
	bool is_verified; /* the server's certificate, and its name in it */
};

struct config {
	char *path; /* owned; of the file */
	struct {
		char *id; /* owned; [a-z0-9_-]+; from the host name where the file has none */
		bool is_id_derived; /* from the host name */
		char *name; /* owned */
	} gateway;
	struct {
		char **servers; /* owned; as shape_is_server(), in the order to try */
		size_t num_servers;
		enum config_mqtt_version version;
		char *client_id; /* owned; "pin2mqtt-ID" where the file has none */
		char *username; /* owned; NULL: none */
		char *password; /* owned, a secret; NULL: none */
		struct config_tls tls;
		char *topic; /* owned; the first level(s) of all topics */
		uint32_t qos; /* 0 or 1, of state and readings */
		enum config_retain retain;
		uint32_t keepalive_ms;
		bool takes_requests; /* of others, over the broker */
	} mqtt;
	struct {
		bool is_enabled;
		char *prefix; /* owned; the first level(s) of discovery topics */
		char *status_topic; /* owned; where it says "online" */
	} homeassistant;
	struct {
		char *path; /* owned; of the file */
		enum config_durability durability;
		uint64_t max_bytes; /* of readings that wait for the broker */
		uint32_t max_age_s;
		uint32_t flush_interval_ms;
		uint32_t history_s; /* 0: none is kept */
		uint64_t history_bytes; /* of the file */
	} store;
	struct {
		char *listen; /* owned; as address_parse() takes it; NULL: nowhere */
		char *token; /* owned, a secret; NULL: none is asked for */
		char **hosts; /* owned; names that it may be called by, beside its own */
		size_t num_hosts;
	} http;
	struct config_pin *pins; /* owned */
	size_t num_pins;
	struct config_sensor *sensors; /* owned */
	size_t num_sensors;
	const char **hidden; /* owned; the values of this that config_is_hidden() */
	size_t num_hidden;
};

/* What the loader asks of the stages that know: which drivers there are, how short an
 * interval may be, and what they measure. The wiring gives it, so that config/ includes no stage. */
struct config_driver_facts {
	/* True where there is such a driver; its shortest interval in ms. */
	bool (*find)(const char *name, uint32_t *min_interval_ms_out);
	/* The n-th name of a driver, aliases included, NULL past the end. */
	const char *(*name)(size_t n);
	/* Whether a driver that there is measures that, and with how many decimals. */
	bool (*measures)(const char *name, enum quantity quantity, unsigned *digits_out);
};

/* One thing wrong with the file. */
struct config_error {
	unsigned line; /* from 1; 0: the file as a whole */
	unsigned column; /* from 1, in characters */
	char *path; /* owned; "sensors[2].interval"; empty for the file as a whole */
	char *text; /* owned; what is wrong, the limit, the suggestion */
	bool is_warning;
};

struct config_errors {
	struct config_error *items; /* owned */
	size_t num_items;
	size_t num_errors; /* of items that are no warnings */
};

/* Loads and checks a file: all that is wrong is collected, nothing is printed.
 *
 * Returns 0 with *out (there may be warnings), or -EINVAL with errors, or the OS's negative
 * errno where the file cannot be read (one error tells which and why).
 * Owns: config_free() frees *out; config_errors_finish() what `errors` holds, in every case.
 */
must_check int config_load(const char *path, const struct config_driver_facts *drivers,
			   struct config **out, struct config_errors *errors);

/* The same from memory; `path` stands for the file in messages and for where secrets lie. */
must_check int config_parse(const char *data, size_t num_bytes, const char *path,
			    const struct config_driver_facts *drivers,
			    struct config **out, struct config_errors *errors);

/* Whether `value`, a text of this configuration, is a secret: to appear in no log, message or
 * reply. A password is, and what came from !secret. NULL is none. */
bool config_is_hidden(const struct config *config, const char *value);

void config_free(struct config *config);
void config_errors_finish(struct config_errors *errors);

#endif
