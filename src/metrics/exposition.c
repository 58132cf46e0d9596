/* SPDX-License-Identifier: MIT */
#include "metrics/exposition.h"

#include <inttypes.h>

#include "base/attributes.h"
#include "metrics/exposition_inside.h"

/* Names and suffixes follow https://prometheus.io/docs/practices/naming/ and OpenMetrics 1.0.0,
 * in which the family of a counter lacks the "_total" of its samples, and that of an info
 * its "_info". */

static const char *suffix_of(enum kind kind)
{
	return kind == KIND_COUNTER ? "_total" : kind == KIND_INFO ? "_info" : "";
}

/* Quotes, with what the format escapes; bytes that are not UTF-8 become U+FFFD. */
static void add_label_value(struct text *out, const char *value)
{
	text_add(out, "\"");
	for (const char *s = value; *s;) {
		size_t length = text_utf8_length(s);

		if (length == 0)
			text_add(out, "\xef\xbf\xbd");
		else if (*s == '\n')
			text_add(out, "\\n");
		else if (*s == '"' || *s == '\\')
			text_add(out, "\\%c", *s);
		else
			text_add(out, "%.*s", (int)length, s);
		s += length ? length : 1;
	}
	text_add(out, "\"");
}

static void add_label(struct text *out, const char *separator, const char *name,
		      const char *value)
{
	text_add(out, "%s%s=", separator, name);
	add_label_value(out, value);
}

/* The sample's name; sensor: NULL: of the gateway. Labels may follow, then end_labels(). */
static bool begin_sample(const struct exposition *exposition, const struct family *family,
			 const struct snapshot_sensor *sensor)
{
	text_add(exposition->out, "%s%s", family->name, suffix_of(family->kind));
	if (sensor)
		add_label(exposition->out, "{", "sensor", sensor->id);
	return sensor != NULL;
}

static void add_number(const struct exposition *exposition, const struct family *family,
		       const struct snapshot_sensor *sensor, int64_t number)
{
	bool has_labels = begin_sample(exposition, family, sensor);

	text_add(exposition->out, "%s %" PRId64 "\n", has_labels ? "}" : "", number);
}

/* A number with so many decimals: 21456 with 3 is 21.456. */
static void add_decimal(const struct exposition *exposition, const struct family *family,
			const struct snapshot_sensor *sensor, int64_t number,
			int decimals)
{
	static const uint64_t ones[] = { 1, 10, 100, 1000, 10000, 100000 };
	uint64_t size = (uint64_t)(number < 0 ? -number : number);
	bool has_labels = begin_sample(exposition, family, sensor);

	text_add(exposition->out, "%s %s%" PRIu64 ".%0*" PRIu64 "\n",
		 has_labels ? "}" : "", number < 0 ? "-" : "", size / ones[decimals],
		 decimals, size % ones[decimals]);
}

static void add_result(const struct exposition *exposition, const struct family *family,
		       const struct snapshot_sensor *sensor, const char *result,
		       uint32_t number)
{
	bool has_labels = begin_sample(exposition, family, sensor);

	add_label(exposition->out, has_labels ? "," : "{", "result", result);
	text_add(exposition->out, "} %" PRIu32 "\n", number);
}

/* sensor_id: NULL: of the gateway */
static void add_histogram(const struct exposition *exposition,
			  const struct family *family, const char *sensor_id,
			  const struct latency_counts *latency)
{
	struct text *out = exposition->out;
	uint32_t num = 0;
	const char *comma = sensor_id ? "," : "{";

	for (size_t i = 0; i <= LATENCY_BOUNDS; i++) {
		num += latency->counts[i];
		text_add(out, "%s_bucket", family->name);
		if (sensor_id)
			add_label(out, "{", "sensor", sensor_id);
		if (i == LATENCY_BOUNDS)
			text_add(out, "%sle=\"+Inf\"} %" PRIu32 "\n", comma, num);
		else
			text_add(out, "%sle=\"%g\"} %" PRIu32 "\n", comma,
				 latency_bounds_us[i] / 1e6, num);
	}
	text_add(out, "%s_sum", family->name);
	if (sensor_id)
		add_label(out, "{", "sensor", sensor_id);
	text_add(out, "%s %" PRIu32 ".%04" PRIu32 "\n", sensor_id ? "}" : "",
		 latency->sum_tenths / 10000, latency->sum_tenths % 10000);
	text_add(out, "%s_count", family->name);
	if (sensor_id)
		add_label(out, "{", "sensor", sensor_id);
	text_add(out, "%s %" PRIu32 "\n", sensor_id ? "}" : "", num);
}

static void write_build(const struct exposition *exposition, const struct family *family)
{
	const struct snapshot *snapshot = exposition->snapshot;

	begin_sample(exposition, family, NULL);
	add_label(exposition->out, "{", "version", snapshot->version);
	add_label(exposition->out, ",", "gateway", snapshot->gateway_id);
	add_label(exposition->out, ",", "libraries", snapshot->libraries);
	text_add(exposition->out, "} 1\n");
}

/* A number of the gateway, or of a sensor. */
#define GATEWAY(function, member) \
	static void function(const struct exposition *exposition, \
			     const struct family *family) \
	{ \
		add_number(exposition, family, NULL, exposition->snapshot->member); \
	}
#define SENSOR(function, member) \
	static void function(const struct exposition *exposition, \
			     const struct family *family, \
			     const struct snapshot_sensor *sensor) \
	{ \
		add_number(exposition, family, sensor, sensor->member); \
	}

GATEWAY(write_healthy, is_healthy)
GATEWAY(write_connected, mqtt.is_connected)
GATEWAY(write_edges_dropped, edges_dropped)
SENSOR(write_up, is_up)
SENSOR(write_fault, is_faulty)
SENSOR(write_retries, retries)
SENSOR(write_discarded, discarded)
SENSOR(write_long_pulses, long_pulses)
SENSOR(write_power_cycles, power_cycles)

static void write_connects(const struct exposition *exposition,
			   const struct family *family)
{
	add_result(exposition, family, NULL, "success",
		   exposition->snapshot->mqtt.num_connects);
	add_result(exposition, family, NULL, "failure",
		   exposition->snapshot->mqtt.num_failures);
}

static void write_publishes(const struct exposition *exposition,
			    const struct family *family)
{
	add_result(exposition, family, NULL, "acknowledged",
		   exposition->snapshot->mqtt.num_acknowledged);
	add_result(exposition, family, NULL, "refused",
		   exposition->snapshot->mqtt.num_refused);
}

static void write_puback(const struct exposition *exposition, const struct family *family)
{
	add_histogram(exposition, family, NULL, &exposition->snapshot->mqtt.puback);
}

static void write_http(const struct exposition *exposition, const struct family *family)
{
	const struct snapshot *snapshot = exposition->snapshot;

	add_result(exposition, family, NULL, "answered",
		   snapshot->http_answers - snapshot->http_refusals);
	add_result(exposition, family, NULL, "refused", snapshot->http_refusals);
}

/* What the system does not say is left out. */
static void write_cpu(const struct exposition *exposition, const struct family *family)
{
	if (exposition->snapshot->process.cpu_ms >= 0)
		add_decimal(exposition, family, NULL,
			    exposition->snapshot->process.cpu_ms, 3);
}

static void write_start(const struct exposition *exposition, const struct family *family)
{
	if (exposition->snapshot->process.start_wall_ms >= 0)
		add_decimal(exposition, family, NULL,
			    exposition->snapshot->process.start_wall_ms, 3);
}

#define PROCESS(function, member) \
	static void function(const struct exposition *exposition, \
			     const struct family *family) \
	{ \
		int64_t number = exposition->snapshot->process.member; \
\
		if (number >= 0) \
			add_number(exposition, family, NULL, number); \
	}

PROCESS(write_resident, resident_bytes)
PROCESS(write_virtual, virtual_bytes)
PROCESS(write_files, open_files)
PROCESS(write_max_files, max_files)
PROCESS(write_threads, threads)

static void write_sensor(const struct exposition *exposition, const struct family *family,
			 const struct snapshot_sensor *sensor)
{
	begin_sample(exposition, family, sensor);
	add_label(exposition->out, ",", "name", sensor->name);
	add_label(exposition->out, ",", "driver", sensor->driver);
	add_label(exposition->out, ",", "model", sensor->model ? sensor->model : "");
	add_label(exposition->out, ",", "pin", sensor->pin);
	text_add(exposition->out, "} 1\n");
}

static void write_quantity(const struct exposition *exposition,
			   const struct family *family,
			   const struct snapshot_sensor *sensor)
{
	const struct value *value = reading_find(&sensor->reading, family->quantity);

	if (sensor->is_up && value)
		add_decimal(exposition, family, sensor, value->milli, family->decimals);
}

static void write_success(const struct exposition *exposition,
			  const struct family *family,
			  const struct snapshot_sensor *sensor)
{
	if (sensor->reading.seq != 0)
		add_decimal(exposition, family, sensor, sensor->reading.wall_ms, 3);
}

static void write_interval(const struct exposition *exposition,
			   const struct family *family,
			   const struct snapshot_sensor *sensor)
{
	add_decimal(exposition, family, sensor, sensor->interval_ms, 3);
}

static void write_stale_after(const struct exposition *exposition,
			      const struct family *family,
			      const struct snapshot_sensor *sensor)
{
	add_decimal(exposition, family, sensor, sensor->stale_after_ms, 3);
}

static void write_reads(const struct exposition *exposition, const struct family *family,
			const struct snapshot_sensor *sensor)
{
	for (int i = 0; i < NUM_VERDICTS; i++) {
		enum verdict verdict = (enum verdict)i;

		begin_sample(exposition, family, sensor);
		add_label(exposition->out, ",", "result",
			  verdict_is_accepted(verdict) ? "success" : "failure");
		add_label(exposition->out, ",", "reason", verdict_name(verdict));
		text_add(exposition->out, "} %" PRIu32 "\n", sensor->verdicts[i]);
	}
}

static void write_readings(const struct exposition *exposition,
			   const struct family *family,
			   const struct snapshot_sensor *sensor)
{
	if (!sensor->holds_back)
		return;
	add_result(exposition, family, sensor, "posted", sensor->posted);
	add_result(exposition, family, sensor, "held_back", sensor->held_back);
}

static void write_read(const struct exposition *exposition, const struct family *family,
		       const struct snapshot_sensor *sensor)
{
	add_histogram(exposition, family, sensor->id, &sensor->read);
}

static void write_margin(const struct exposition *exposition, const struct family *family,
			 const struct snapshot_sensor *sensor)
{
	if (sensor->margin_percent >= 0)
		add_decimal(exposition, family, sensor, sensor->margin_percent, 2);
}

static void write_edges(const struct exposition *exposition, const struct family *family,
			const struct snapshot_sensor *sensor)
{
	const struct {
		const char *trouble;
		uint32_t number;
	} rows[] = {
		{ "lost", sensor->edges_lost },
		{ "late", sensor->edges_late },
		{ "strange", sensor->edges_strange },
		{ "merged", sensor->edges_merged },
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		begin_sample(exposition, family, sensor);
		add_label(exposition->out, ",", "trouble", rows[i].trouble);
		text_add(exposition->out, "} %" PRIu32 "\n", rows[i].number);
	}
}

/* clang-format off */
static const struct family families[] = {
	{ "pin2mqtt_build", KIND_INFO, NULL,
	  "The program, its gateway's id and its libraries.", .of_gateway = write_build },
	{ "pin2mqtt_healthy", KIND_GAUGE, NULL,
	  "Whether the threads move: 1 or 0.", .of_gateway = write_healthy },
	{ "pin2mqtt_mqtt_connected", KIND_GAUGE, NULL,
	  "Whether the broker is connected: 1 or 0.", .of_gateway = write_connected },
	{ "pin2mqtt_mqtt_connects", KIND_COUNTER, NULL,
	  "Tries to connect to a broker.", .of_gateway = write_connects },
	{ "pin2mqtt_mqtt_publishes", KIND_COUNTER, NULL,
	  "Readings that a broker has acknowledged, messages that it refused.",
	  .of_gateway = write_publishes },
	{ "pin2mqtt_mqtt_puback_duration_seconds", KIND_HISTOGRAM, "seconds",
	  "Time from a message to its acknowledgement.", .of_gateway = write_puback },
	{ "pin2mqtt_gpio_events_dropped", KIND_COUNTER, NULL,
	  "Edges dropped since the machine was too busy to take them.",
	  .of_gateway = write_edges_dropped },
	{ "pin2mqtt_http_requests", KIND_COUNTER, NULL,
	  "Requests over HTTP.", .of_gateway = write_http },

	{ "pin2mqtt_sensor", KIND_INFO, NULL,
	  "What the configuration says of a sensor.", .of_sensor = write_sensor },
	{ "pin2mqtt_sensor_up", KIND_GAUGE, NULL,
	  "Whether a sensor's newest reading is not stale: 1 or 0.",
	  .of_sensor = write_up },
	{ "pin2mqtt_sensor_line_faulty", KIND_GAUGE, NULL,
	  "Whether a sensor's line cannot be had: 1 or 0.", .of_sensor = write_fault },
	{ "pin2mqtt_sensor_temperature_celsius", KIND_GAUGE, "celsius",
	  "Temperature, unless it is stale.", .of_sensor = write_quantity,
	  .quantity = QUANTITY_TEMPERATURE, .decimals = 3 },
	{ "pin2mqtt_sensor_relative_humidity_ratio", KIND_GAUGE, "ratio",
	  "Relative humidity, 0 to 1, unless it is stale.",
	  .of_sensor = write_quantity, .quantity = QUANTITY_HUMIDITY,
	  /* Percent becomes a ratio. */
	  .decimals = 5 },
	{ "pin2mqtt_sensor_dew_point_celsius", KIND_GAUGE, "celsius",
	  "Dew point, where it is derived, unless it is stale.",
	  .of_sensor = write_quantity, .quantity = QUANTITY_DEW_POINT, .decimals = 3 },
	{ "pin2mqtt_sensor_absolute_humidity_grams_per_cubic_metre", KIND_GAUGE, NULL,
	  "Water in the air, where it is derived, unless it is stale.",
	  .of_sensor = write_quantity, .quantity = QUANTITY_ABSOLUTE_HUMIDITY,
	  .decimals = 3 },
	{ "pin2mqtt_sensor_last_success_timestamp_seconds", KIND_GAUGE, "seconds",
	  "When the newest reading was read.", .of_sensor = write_success },
	{ "pin2mqtt_sensor_interval_seconds", KIND_GAUGE, "seconds",
	  "Time between readings, as configured.", .of_sensor = write_interval },
	{ "pin2mqtt_sensor_stale_after_seconds", KIND_GAUGE, "seconds",
	  "Silence after which a sensor is stale, as configured.",
	  .of_sensor = write_stale_after },
	{ "pin2mqtt_sensor_reads", KIND_COUNTER, NULL,
	  "Attempts to read a sensor, by what became of them.",
	  .of_sensor = write_reads },
	{ "pin2mqtt_sensor_readings", KIND_COUNTER, NULL,
	  "Readings of a sensor with delta, by what became of them.",
	  .of_sensor = write_readings },
	{ "pin2mqtt_sensor_read_duration_seconds", KIND_HISTOGRAM, "seconds",
	  "Time from a start pulse to the verdict on the answer.",
	  .of_sensor = write_read },
	{ "pin2mqtt_sensor_signal_margin_ratio", KIND_GAUGE, "ratio",
	  "How far the worst bit is from being the other one: 1 is ideal.",
	  .of_sensor = write_margin },
	{ "pin2mqtt_sensor_edges", KIND_COUNTER, NULL,
	  "Edges with which something was wrong.", .of_sensor = write_edges },
	{ "pin2mqtt_sensor_retries", KIND_COUNTER, NULL,
	  "Attempts made since the one before was refused.",
	  .of_sensor = write_retries },
	{ "pin2mqtt_sensor_discarded_answers", KIND_COUNTER, NULL,
	  "Good answers not taken since they are older than they look.",
	  .of_sensor = write_discarded },
	{ "pin2mqtt_sensor_long_pulses", KIND_COUNTER, NULL,
	  "Attempts by the long start pulse.", .of_sensor = write_long_pulses },
	{ "pin2mqtt_sensor_power_cycles", KIND_COUNTER, NULL,
	  "How often its power was cut to bring it back.",
	  .of_sensor = write_power_cycles },

	{ "process_cpu_seconds", KIND_COUNTER, "seconds",
	  "CPU time used.", .of_gateway = write_cpu },
	{ "process_start_time_seconds", KIND_GAUGE, "seconds",
	  "When the process began.", .of_gateway = write_start },
	{ "process_resident_memory_bytes", KIND_GAUGE, "bytes",
	  "Resident memory.", .of_gateway = write_resident },
	{ "process_virtual_memory_bytes", KIND_GAUGE, "bytes",
	  "Virtual memory.", .of_gateway = write_virtual },
	{ "process_open_fds", KIND_GAUGE, NULL,
	  "Open file descriptors.", .of_gateway = write_files },
	{ "process_max_fds", KIND_GAUGE, NULL,
	  "Limit of open file descriptors.", .of_gateway = write_max_files },
	{ "process_threads", KIND_GAUGE, NULL,
	  "Threads.", .of_gateway = write_threads },
};
/* clang-format on */

static void write_head(const struct exposition *exposition, const struct family *family)
{
	static const char *const kinds[] = {
		[KIND_GAUGE] = "gauge",
		[KIND_COUNTER] = "counter",
		[KIND_HISTOGRAM] = "histogram",
		[KIND_INFO] = "info",
	};
	bool is_openmetrics = exposition->format == EXPOSITION_OPENMETRICS;
	const char *suffix = is_openmetrics ? "" : suffix_of(family->kind);
	const char *kind = family->kind == KIND_INFO && !is_openmetrics
				   ? "gauge"
				   : kinds[family->kind];

	text_add(exposition->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", family->name,
		 suffix, family->help, family->name, suffix, kind);
	if (is_openmetrics && family->unit)
		text_add(exposition->out, "# UNIT %s %s\n", family->name, family->unit);
}

const char *exposition_type(enum exposition_format format)
{
	return format == EXPOSITION_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

static void write_families(const struct exposition *exposition,
			   const struct family *first, size_t num_families)
{
	const struct snapshot *snapshot = exposition->snapshot;

	for (size_t i = 0; i < num_families && !exposition->out->is_cut; i++) {
		const struct family *family = &first[i];

		write_head(exposition, family);
		if (family->of_gateway)
			family->of_gateway(exposition, family);
		for (size_t j = 0; family->of_sensor && j < snapshot->num_sensors; j++)
			family->of_sensor(exposition, family, &snapshot->sensors[j]);
	}
}

void exposition_write(struct text *out, const struct snapshot *snapshot,
		      enum exposition_format format)
{
	const struct exposition exposition = { out, snapshot, format };
	size_t num_more;
	const struct family *more = exposition_more(&num_more);

	write_families(&exposition, families, array_length(families));
	write_families(&exposition, more, num_more);
	if (format == EXPOSITION_OPENMETRICS)
		text_add(out, "# EOF\n");
}
