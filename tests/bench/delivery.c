/* SPDX-License-Identifier: MIT */
/* How fast readings get to a broker, beside the bare Paho client with the same payloads and
 * window; tests/bench/delivery runs it.
 *
 *   bench_delivery bare SERVER COUNT          messages of a reading's size
 *   bench_delivery backlog SERVER COUNT FILE  COUNT readings that waited in a file
 *   bench_delivery pipeline SERVER COUNT FILE DURABILITY
 *                                             edges -> frames -> readings -> broker
 *   bench_delivery latency SERVER COUNT FILE  one every 10 ms, from edges or from a bare
 *                                             publish to a subscriber of the same broker
 *
 * Prints "NAME VALUE" lines. */
#include <MQTTClient.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "decode/decode.h"
#include "decode/framer.h"
#include "decode/waveform.h"
#include "publish/connection.h"
#include "store/store.h"

enum { WINDOW = 16, NUM_SENSORS = 64, MAX_WAITING = 512, EDGES = FRAME_MAX_EDGES + 4 };

static char ids[NUM_SENSORS][16], gateway_id[] = "g", topic[] = "bench",
				  client_id[] = "bench";
static char server[128];
static char *servers[] = { server };
static struct config_sensor sensors[NUM_SENSORS];
static _Atomic uint64_t arrived_ns;

static void die(const char *what)
{
	fprintf(stderr, "bench_delivery: %s\n", what);
	exit(1);
}

static void pause_us(long us)
{
	const struct timespec pause = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&pause, NULL);
}

static long memory_kib(const char *key)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[128];
	long kib = -1;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtol(line + strlen(key), NULL, 10);
	}
	if (file)
		fclose(file);
	return kib;
}

static long bytes_written(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	char line[128];
	long bytes = -1;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "write_bytes:", 12) == 0)
			bytes = strtol(line + 12, NULL, 10);
	}
	if (file)
		fclose(file);
	return bytes;
}

static struct config configuration(const char *path, enum config_durability durability)
{
	struct config config = {
		.gateway.id = gateway_id,
		.mqtt = { .servers = servers,
			  .num_servers = 1,
			  .version = CONFIG_MQTT_5,
			  .client_id = client_id,
			  .topic = topic,
			  .qos = 1,
			  .keepalive_ms = 20000 },
		.store = { .path = (char *)path,
			   .durability = durability,
			   .max_bytes = 1 << 30,
			   .max_age_s = 7 * 24 * 3600,
			   .flush_interval_ms = 5000 },
		.sensors = sensors,
		.num_sensors = NUM_SENSORS,
	};

	for (int i = 0; i < NUM_SENSORS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "s%d", i);
		sensors[i].id = ids[i];
		sensors[i].stale_after_ms = 90000;
	}
	return config;
}

static struct store *open_store(const struct config *config)
{
	const struct store_options options = {
		.path = config->store.path,
		.durability = config->store.durability,
		.max_bytes = config->store.max_bytes,
		.max_age_ms = config->store.max_age_s * UINT64_C(1000),
		.flush_interval_ms = config->store.flush_interval_ms,
	};
	struct store *store;

	if (store_new(&options, &store) != 0 || store_set_sensors(store, config) != 0)
		die("no store");
	return store;
}

static struct connection *connect_to_broker(const struct config *config,
					    struct store *store)
{
	const struct connection_setup setup = {
		.config = config,
		.store = store,
		.info = "{}",
	};
	struct connection *connection;
	struct connection_stat stat;

	if (connection_start(&setup, &connection) != 0)
		die("no connection");
	do {
		pause_us(1000);
		connection_stat(connection, &stat);
	} while (!stat.is_connected);
	return connection;
}

static uint32_t num_waiting(struct store *store)
{
	struct store_stat stat;

	store_stat(store, &stat);
	return stat.num_waiting;
}

static double cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Per second, and the CPU that each took. */
static void print_rate(uint64_t num, uint64_t since_ns, double since_cpu_us)
{
	double s = (double)(clock_mono_ns() - since_ns) / 1e9;

	printf("per_s %.0f\ncpu_us %.1f\n", (double)num / s,
	       (cpu_us() - since_cpu_us) / (double)num);
}

static MQTTClient bare_client(const char *id)
{
	MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer5;
	MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
	MQTTClient client;

	create.MQTTVersion = MQTTVERSION_5;
	options.reliable = 0;
	options.maxInflightMessages = WINDOW;
	if (MQTTClient_createWithOptions(&client, server, id, MQTTCLIENT_PERSISTENCE_NONE,
					 NULL, &create) != 0 ||
	    MQTTClient_connect5(client, &options, NULL, NULL).reasonCode != 0)
		die("no broker");
	return client;
}

static MQTTClient_deliveryToken bare_publish(MQTTClient client)
{
	static char payload[] = "{\"sensor\":\"s63\",\"ts\":\"2026-11-22T06:00:00.123Z\","
				"\"seq\":1795327200123456,\"temperature\":21.5,"
				"\"humidity\":48.2,\"replay\":true}";
	MQTTClient_deliveryToken token;

	if (MQTTClient_publish5(client, "bench/g/readings", (int)sizeof(payload) - 1,
				payload, 1, 0, NULL, &token)
		    .reasonCode != 0)
		die("cannot publish");
	return token;
}

static _Atomic uint32_t num_delivered;

static void on_delivered(void *context, MQTTClient_deliveryToken token)
{
	(void)context;
	(void)token;
	atomic_fetch_add(&num_delivered, 1);
}

static int on_message(void *context, char *name, int length, MQTTClient_message *message)
{
	(void)context;
	(void)length;
	atomic_store(&arrived_ns, clock_mono_ns());
	MQTTClient_freeMessage(&message);
	MQTTClient_free(name);
	return 1;
}

static void run_bare(uint32_t count)
{
	MQTTClient client;
	MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer5;
	MQTTClient_createOptions create = MQTTClient_createOptions_initializer;

	/* The gateway's connection lets all others go first, and what the library starts does as
	 * who starts it: so does this. */
	thread_yield_to_others(10);
	create.MQTTVersion = MQTTVERSION_5;
	options.reliable = 0;
	options.maxInflightMessages = WINDOW;
	if (MQTTClient_createWithOptions(&client, server, "bare",
					 MQTTCLIENT_PERSISTENCE_NONE, NULL,
					 &create) != 0 ||
	    MQTTClient_setCallbacks(client, NULL, NULL, on_message, on_delivered) != 0 ||
	    MQTTClient_connect5(client, &options, NULL, NULL).reasonCode != 0)
		die("no broker");

	uint64_t begin_ns = clock_mono_ns();
	double begin_cpu_us = cpu_us();

	/* The client's own window is a poll of 100 ms; so it is kept here. */
	for (uint32_t i = 0; i < count; i++) {
		while (i - atomic_load(&num_delivered) >= WINDOW)
			pause_us(20);
		bare_publish(client);
	}
	while (atomic_load(&num_delivered) < count)
		pause_us(100);
	print_rate(count, begin_ns, begin_cpu_us);
	printf("resident_kib %ld\nanonymous_kib %ld\n", memory_kib("Rss:"),
	       memory_kib("Anonymous:"));
	MQTTClient_disconnect(client, 1000);
}

static void fill(struct store *store, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct reading reading = { .t_ns = clock_mono_ns(),
					   .wall_ms = clock_wall_ms(),
					   .sensor = (uint16_t)(i % NUM_SENSORS) };

		reading_add(&reading, QUANTITY_TEMPERATURE, 21500, 1);
		reading_add(&reading, QUANTITY_HUMIDITY, 48200, 1);
		store_put(store, &reading);
		if (i % 2048 == 0)
			store_work(store);
	}
	store_stop(store);
	store_free(store);
}

static void run_backlog(uint32_t count, const char *path)
{
	const struct config config = configuration(path, CONFIG_OUTAGE);

	fill(open_store(&config), count);

	struct store *store = open_store(&config);

	if (num_waiting(store) != count || store_start(store) != 0)
		die("the backlog is not there");
	printf("waiting_resident_kib %ld\nwaiting_anonymous_kib %ld\n",
	       memory_kib("Rss:"), memory_kib("Anonymous:"));

	uint64_t begin_ns = clock_mono_ns();
	double begin_cpu_us = cpu_us();
	struct connection *connection = connect_to_broker(&config, store);
	long most_kib = 0, most_anonymous_kib = 0;

	while (num_waiting(store) > 0) {
		long kib = memory_kib("Rss:"), anonymous_kib = memory_kib("Anonymous:");

		most_kib = kib > most_kib ? kib : most_kib;
		most_anonymous_kib = anonymous_kib > most_anonymous_kib
					     ? anonymous_kib
					     : most_anonymous_kib;
		pause_us(200000);
	}
	print_rate(count, begin_ns, begin_cpu_us);
	printf("resident_kib %ld\nanonymous_kib %ld\n", most_kib, most_anonymous_kib);
	connection_stop(connection);
	store_stop(store);
}

/* The records of one attempt, as a capture pushes them. */
static size_t make_frame(struct edge *out)
{
	const struct driver *driver = driver_find("dht22");
	const struct imperfections none = { 0 };
	struct reading values = { 0 };
	uint8_t bytes[DRIVER_MAX_BYTES];

	reading_add(&values, QUANTITY_TEMPERATURE, 21500, 1);
	reading_add(&values, QUANTITY_HUMIDITY, 48200, 1);
	if (!driver->encode(&values, ENCODING_SIGN_MAGNITUDE, bytes))
		die("no frame");
	return waveform_make(driver, bytes, &none, WAVEFORM_FALLING, 0, out);
}

/* What the publisher does with a frame. */
static void feed(struct store *store, struct framer *framer, const struct edge *edges,
		 size_t num_edges, uint16_t sensor)
{
	const struct driver *driver = driver_find("dht22");
	struct reading reading = { 0 };
	bool again;

	for (size_t i = 0; i < num_edges; i++) {
		if (!framer_feed(framer, &edges[i], &again))
			continue;
		if (decode_frame(driver, &framer->frame, &reading) != VERDICT_CLEAN)
			die("the frame is not clean");
		reading.sensor = sensor;
		reading.t_ns = clock_mono_ns();
		reading.wall_ms = clock_wall_ms();
		store_put(store, &reading);
	}
}

static enum config_durability durability_of(const char *name)
{
	if (strcmp(name, "always") == 0)
		return CONFIG_ALWAYS;
	return strcmp(name, "outage") == 0 ? CONFIG_OUTAGE : CONFIG_NONE;
}

static void run_pipeline(uint32_t count, const char *path, const char *durability)
{
	const struct config config = configuration(path, durability_of(durability));
	struct store *store = open_store(&config);
	struct connection *connection;
	struct edge edges[EDGES];
	struct framer framer;
	size_t num_edges = make_frame(edges);

	if (store_start(store) != 0)
		die("no store");
	connection = connect_to_broker(&config, store);
	framer_init(&framer);

	long written = bytes_written();
	uint64_t begin_ns = clock_mono_ns();
	double begin_cpu_us = cpu_us();

	for (uint32_t i = 0; i < count; i++) {
		while (i % 64 == 0 && num_waiting(store) > MAX_WAITING)
			pause_us(200);
		feed(store, &framer, edges, num_edges, (uint16_t)(i % NUM_SENSORS));
	}
	while (num_waiting(store) > 0)
		pause_us(200);
	print_rate(count, begin_ns, begin_cpu_us);
	printf("written_bytes_per_reading %.1f\n",
	       (double)(bytes_written() - written) / count);
	connection_stop(connection);
	store_stop(store);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_us(const char *name, const uint64_t *values_ns, uint32_t index)
{
	printf("%s %.0f\n", name, (double)values_ns[index] / 1e3);
}

static uint64_t wait_for_arrival(uint64_t since_ns)
{
	while (atomic_load(&arrived_ns) < since_ns)
		pause_us(10);
	return atomic_load(&arrived_ns) - since_ns;
}

static void run_latency(uint32_t count, const char *path)
{
	const struct config config = configuration(path, CONFIG_OUTAGE);
	struct store *store = open_store(&config);
	struct edge edges[EDGES];
	struct framer framer;
	size_t num_edges = make_frame(edges);
	uint64_t *ours_ns = calloc(count, sizeof(*ours_ns));
	uint64_t *bare_ns = calloc(count, sizeof(*bare_ns));
	MQTTClient subscriber, publisher;

	if (!ours_ns || !bare_ns || store_start(store) != 0)
		die("no store");

	struct connection *connection = connect_to_broker(&config, store);

	publisher = bare_client("bare");
	if (MQTTClient_create(&subscriber, server, "subscriber",
			      MQTTCLIENT_PERSISTENCE_NONE, NULL) != 0)
		die("no subscriber");
	MQTTClient_setCallbacks(subscriber, NULL, NULL, on_message, NULL);

	MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;

	if (MQTTClient_connect(subscriber, &options) != 0 ||
	    MQTTClient_subscribe(subscriber, "bench/g/readings", 1) != 0)
		die("no subscriber");
	framer_init(&framer);
	pause_us(300000);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t now_ns = clock_mono_ns();

		feed(store, &framer, edges, num_edges, (uint16_t)(i % NUM_SENSORS));
		ours_ns[i] = wait_for_arrival(now_ns);
		pause_us(5000);
		now_ns = clock_mono_ns();
		bare_publish(publisher);
		bare_ns[i] = wait_for_arrival(now_ns);
		pause_us(5000);
	}
	qsort(ours_ns, count, sizeof(*ours_ns), by_value);
	qsort(bare_ns, count, sizeof(*bare_ns), by_value);
	print_us("median_us", ours_ns, count / 2);
	print_us("bare_median_us", bare_ns, count / 2);
	print_us("p99_us", ours_ns, count * 99 / 100);
	print_us("bare_p99_us", bare_ns, count * 99 / 100);
	free(ours_ns);
	free(bare_ns);
	connection_stop(connection);
	store_stop(store);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		die("usage: bench_delivery MODE SERVER COUNT [FILE [DURABILITY]]");

	uint32_t count = (uint32_t)strtoul(argv[3], NULL, 10);

	log_set_level(LOG_LEVEL_ERROR);
	snprintf(server, sizeof(server), "%s", argv[2]);
	if (strcmp(argv[1], "bare") == 0)
		run_bare(count);
	else if (strcmp(argv[1], "backlog") == 0 && argc > 4)
		run_backlog(count, argv[4]);
	else if (strcmp(argv[1], "pipeline") == 0 && argc > 5)
		run_pipeline(count, argv[4], argv[5]);
	else if (strcmp(argv[1], "latency") == 0 && argc > 4)
		run_latency(count, argv[4]);
	else
		die("no such mode");
	return 0;
}
