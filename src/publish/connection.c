/* SPDX-License-Identifier: MIT */
#include "publish/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "publish/broker.h"
#include "publish/inbox.h"
#include "publish/payload.h"
#include "publish/session.h"

enum {
	/* DNS and OpenSSL want more than musl's default; the pages are not touched before. */
	STACK_BYTES = 512 * 1024,
	CONNECT_TIMEOUT_S = 10,
	BACKOFF_MIN_MS = 1000,
	BACKOFF_MAX_MS = 60000,
	DRAIN_MS = 3000,
	GOODBYE_MS = 1000,
	STOP_MS = 4800, /* when connected: drain, goodbye and the library's own end */
	STOP_UNCONNECTED_MS = 900,
	MAX_SERVER_NAME = 300,
};

struct connection {
	const struct config *config; /* borrowed; outlives this */
	struct outbox *outbox; /* borrowed; outlives this */
	char *info; /* owned */
	struct broker *broker; /* owned */
	struct session session;
	struct thread thread;
	struct inbox inbox; /* of the thread, as its wake */
	struct backoff backoff;
	char server[MAX_SERVER_NAME]; /* where we are connected, for the log */
	uint64_t up_since_ns;
	uint32_t *logged; /* owned; hash of the reason logged last, a server */
	bool is_wait_news; /* something was logged since the last wait */
	uint32_t num_dropped_logged;
	_Atomic uint32_t is_stopping; /* the owner writes */
	_Atomic uint32_t version; /* 0: not connected; our thread writes, as below */
	_Atomic uint32_t num_connects;
	_Atomic uint32_t num_failures;
	pthread_mutex_t health_lock; /* guards health */
	char *health; /* owned; NULL: none waits */
};

static uint32_t get(const _Atomic uint32_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void count(_Atomic uint32_t *value)
{
	atomic_fetch_add_explicit(value, 1, memory_order_relaxed);
}

static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619u;
	return value;
}

/* A server for the log; one whose name is a secret by its place. */
static void name_server(const struct connection *connection, size_t server,
			char out[MAX_SERVER_NAME])
{
	const char *name = connection->config->mqtt.servers[server];

	if (config_is_hidden(connection->config, name))
		snprintf(out, MAX_SERVER_NAME, "mqtt.servers[%zu]", server);
	else
		snprintf(out, MAX_SERVER_NAME, "%s", name);
}

/* Says why a server is not to be had: once, and again when the reason changes. */
static void log_failure(struct connection *connection, size_t server, const char *reason)
{
	uint32_t now = hash(reason);
	bool is_news = connection->logged[server] != now;
	char name[MAX_SERVER_NAME];

	name_server(connection, server, name);

	connection->logged[server] = now;
	log_at(is_news ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
	       "no connection to the broker server=%s reason=\"%s\"", name, reason);
	connection->is_wait_news |= is_news;
}

static void log_drops(struct connection *connection)
{
	struct outbox_stat stat;

	outbox_stat(connection->outbox, &stat);

	uint32_t num_new = stat.num_dropped - connection->num_dropped_logged;

	/* At the first one, then at each doubling: an outage of days is a dozen lines. */
	if (num_new == 0 || num_new < connection->num_dropped_logged)
		return;
	connection->num_dropped_logged = stat.num_dropped;
	log_warning("oldest readings dropped: too many or too old total=%" PRIu32
		    " waiting=%" PRIu32,
		    stat.num_dropped, stat.num_waiting);
}

static int connect_as(struct connection *connection, size_t server, int version,
		      char reason[BROKER_MAX_REASON])
{
	const struct config *config = connection->config;
	char will_topic[PAYLOAD_MAX_TOPIC];
	const struct broker_options options = {
		.client_id = config->mqtt.client_id,
		.username = config->mqtt.username,
		.password = config->mqtt.password,
		.keepalive_s = (config->mqtt.keepalive_ms + 999) / 1000,
		.connect_timeout_s = CONNECT_TIMEOUT_S,
		.will = session_will(config, will_topic),
	};
	struct broker_limits limits;

	inbox_clear(&connection->inbox);

	int error = connection->broker->ops->connect(connection->broker,
						     config->mqtt.servers[server],
						     version, &options, &limits, reason);

	if (error)
		return error;
	session_begin(&connection->session, version, &limits,
		      get(&connection->num_connects) == 0 &&
			      get(&connection->num_failures) == 0);
	name_server(connection, server, connection->server);
	return 0;
}

/* MQTT 5 first, then 3.1.1, unless the configuration says which. Some brokers that know
 * 3.1.1 only answer, some hang up. */
static int connect_to(struct connection *connection, size_t server,
		      char reason[BROKER_MAX_REASON])
{
	enum config_mqtt_version wanted = connection->config->mqtt.version;
	int version = wanted == CONFIG_MQTT_3_1_1 ? 4 : 5;
	int error = connect_as(connection, server, version, reason);

	if (wanted == CONFIG_MQTT_AUTO &&
	    (error == -EPROTONOSUPPORT || error == -ECONNRESET)) {
		version = 4;
		error = connect_as(connection, server, version, reason);
	}
	if (error)
		return error;
	connection->up_since_ns = clock_mono_ns();
	atomic_store_explicit(&connection->version, (uint32_t)version,
			      memory_order_relaxed);
	count(&connection->num_connects);
	memset(connection->logged, 0,
	       connection->config->mqtt.num_servers * sizeof(*connection->logged));
	log_info("connected to the broker server=%s version=%s", connection->server,
		 version == 5 ? "5" : "3.1.1");
	return 0;
}

static bool connect_anywhere(struct connection *connection)
{
	char reason[BROKER_MAX_REASON];

	for (size_t i = 0; i < connection->config->mqtt.num_servers; i++) {
		if (get(&connection->is_stopping))
			return false;
		if (connect_to(connection, i, reason) == 0)
			return true;
		count(&connection->num_failures);
		log_failure(connection, i, reason);
	}
	return false;
}

static void take_acks(struct connection *connection)
{
	struct ack ack;

	while (inbox_take_ack(&connection->inbox, &ack))
		session_acknowledge(&connection->session, ack.token, ack.reason);
}

static void post_health(struct connection *connection)
{
	pthread_mutex_lock(&connection->health_lock);

	char *health = connection->health;

	connection->health = NULL;
	pthread_mutex_unlock(&connection->health_lock);
	if (health)
		session_post_health(&connection->session, health);
	free(health);
}

/* One step of a standing connection. Returns NULL, or why the connection is of no use. */
static const char *serve_once(struct connection *connection, uint64_t until_ns)
{
	struct session *session = &connection->session;

	take_acks(connection);
	if (inbox_is_lost(&connection->inbox))
		return inbox_lost_words(&connection->inbox);
	post_health(connection);

	int posted = session_post(session);

	if (posted < 0) /* mostly the library knows before its event has come */
		return inbox_is_lost(&connection->inbox)
			       ? inbox_lost_words(&connection->inbox)
		       : posted == -ENOTCONN ? "the connection broke"
					     : strerror(-posted);
	if (posted > 0)
		return NULL;
	if (session_is_stalled(session, clock_mono_ns()))
		return "timed out: the broker acknowledges nothing";
	if (session_due_ns(session) < until_ns)
		until_ns = session_due_ns(session);
	(void)wake_wait(&connection->inbox.wake, until_ns);
	return NULL;
}

/* Takes acknowledgements until the window is empty, or has room at least. */
static void settle(struct connection *connection, bool is_room_enough, uint64_t until_ns)
{
	const struct window *window = &connection->session.window;

	for (;;) {
		take_acks(connection);
		if (inbox_is_lost(&connection->inbox) || window->num_slots == 0 ||
		    (is_room_enough && !window_is_full(window)) ||
		    clock_mono_ns() >= until_ns)
			return;
		(void)wake_wait(&connection->inbox.wake, until_ns);
	}
}

/* What waits is sent for a while, then status offline and the goodbye. */
static void say_goodbye(struct connection *connection)
{
	uint64_t drain_ns = clock_mono_ns() + DRAIN_MS * CLOCK_NS_PER_MS;
	const char *trouble = NULL;
	struct outbox_stat stat;

	while (!trouble && clock_mono_ns() < drain_ns &&
	       !session_is_drained(&connection->session))
		trouble = serve_once(connection, drain_ns);

	uint64_t end_ns = clock_mono_ns() + GOODBYE_MS * CLOCK_NS_PER_MS;

	if (!trouble) {
		settle(connection, true, end_ns);

		int error = session_say_offline(&connection->session);

		if (error)
			trouble = error == -EBUSY ? "nothing is acknowledged"
						  : strerror(-error);
		settle(connection, false, end_ns);
	}
	outbox_stat(connection->outbox, &stat);
	log_info("disconnected from the broker server=%s waiting=%" PRIu32 "%s%s%s",
		 connection->server, stat.num_waiting, trouble ? " trouble=\"" : "",
		 trouble ? trouble : "", trouble ? "\"" : "");
	connection->broker->ops->disconnect(connection->broker, !trouble);
}

static void come_down(struct connection *connection, const char *reason)
{
	uint64_t up_ms = (clock_mono_ns() - connection->up_since_ns) / CLOCK_NS_PER_MS;

	take_acks(connection);
	outbox_rewind(connection->outbox);
	connection->broker->ops->disconnect(connection->broker, false);
	/* A connection that held for as long as we would have waited was a good one. */
	if (up_ms >= connection->backoff.ceiling_ms)
		backoff_reset(&connection->backoff);
	log_warning("connection to the broker lost server=%s reason=\"%s\" up_s=%" PRIu64,
		    connection->server, reason, up_ms / 1000);
	connection->is_wait_news = true;
}

static void serve(struct connection *connection)
{
	const char *trouble = NULL;

	while (!trouble && !get(&connection->is_stopping))
		trouble = serve_once(connection, UINT64_MAX);
	if (trouble)
		come_down(connection, trouble);
	else
		say_goodbye(connection);
	atomic_store_explicit(&connection->version, 0, memory_order_relaxed);
	log_drops(connection);
}

static void wait_before_next_try(struct connection *connection)
{
	uint32_t wait_ms = backoff_next_ms(&connection->backoff);
	uint64_t until_ns = clock_mono_ns() + wait_ms * CLOCK_NS_PER_MS;

	log_at(connection->is_wait_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
	       "trying the broker again in_s=%" PRIu32 ".%" PRIu32, wait_ms / 1000,
	       wait_ms / 100 % 10);
	connection->is_wait_news = false;
	while (!get(&connection->is_stopping) && clock_mono_ns() < until_ns)
		(void)wake_wait(&connection->inbox.wake, until_ns);
	log_drops(connection);
}

static void run(void *context)
{
	struct connection *connection = context;

	while (!get(&connection->is_stopping)) {
		if (connect_anywhere(connection))
			serve(connection);
		if (!get(&connection->is_stopping))
			wait_before_next_try(connection);
	}
}

/* The longest topic of each kind must fit, so that nothing is ever posted elsewhere. */
static int check_topics(const struct config *config)
{
	char data[PAYLOAD_MAX_TOPIC];
	struct text topic;

	text_init(&topic, data, sizeof(data));
	payload_gateway_topic(&topic, config, "readings");
	for (size_t i = 0; i < config->num_sensors && !topic.is_cut; i++) {
		text_init(&topic, data, sizeof(data));
		payload_sensor_topic(&topic, config, (uint16_t)i, "availability");
	}
	return topic.is_cut ? -ENAMETOOLONG : 0;
}

/* Frees what new_connection() made; the thread has ended or was never started. */
static void free_connection(struct connection *connection)
{
	if (connection->broker)
		connection->broker->ops->free(connection->broker);
	session_finish(&connection->session);
	inbox_close(&connection->inbox);
	pthread_mutex_destroy(&connection->health_lock);
	free(connection->health);
	free(connection->logged);
	free(connection->info);
	free(connection);
}

static int new_connection(const struct config *config, struct outbox *outbox,
			  const char *info, struct connection **out)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return -ENOMEM;
	connection->config = config;
	connection->outbox = outbox;
	connection->inbox.wake.fd = -1;
	pthread_mutex_init(&connection->health_lock, NULL);
	backoff_init(&connection->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS,
		     hash(config->mqtt.client_id) ^ (uint32_t)clock_mono_ns());
	connection->info = strdup(info);
	connection->logged =
		calloc(config->mqtt.num_servers + 1, sizeof(*connection->logged));
	connection->session.config = config;
	connection->session.outbox = outbox;
	connection->session.info = connection->info;

	int error = !connection->info || !connection->logged
			    ? -ENOMEM
			    : session_init(&connection->session);

	if (!error)
		error = inbox_open(&connection->inbox);
	if (error) {
		free_connection(connection);
		return error;
	}
	*out = connection;
	return 0;
}

int connection_start_over(const struct config *config, struct outbox *outbox,
			  const char *info,
			  int (*broker_new)(const struct broker_events *events,
					    struct broker **out),
			  struct connection **out)
{
	struct connection *connection;
	int error = check_topics(config);

	if (!error)
		error = new_connection(config, outbox, info, &connection);
	if (error)
		return error;

	const struct broker_events events = inbox_events(&connection->inbox);

	error = broker_new(&events, &connection->broker);
	connection->session.broker = connection->broker;
	if (!error)
		error = thread_start(&connection->thread, "connection", STACK_BYTES, run,
				     connection);
	if (error) {
		free_connection(connection);
		return error;
	}
	*out = connection;
	return 0;
}

int connection_start(const struct config *config, struct outbox *outbox, const char *info,
		     struct connection **out)
{
	return connection_start_over(config, outbox, info, broker_paho_new, out);
}

bool connection_stop(struct connection *connection)
{
	if (!connection)
		return true;

	uint64_t wait_ms = get(&connection->version) != 0 ? STOP_MS : STOP_UNCONNECTED_MS;

	atomic_store_explicit(&connection->is_stopping, 1, memory_order_relaxed);
	wake_signal(&connection->inbox.wake);
	if (thread_join_until(&connection->thread,
			      clock_mono_ns() + wait_ms * CLOCK_NS_PER_MS) != 0) {
		log_warning("the broker client does not end; leaving it behind");
		return false;
	}
	free_connection(connection);
	return true;
}

void connection_kick(struct connection *connection)
{
	wake_signal(&connection->inbox.wake);
}

void connection_set_available(struct connection *connection, uint16_t sensor,
			      bool is_available)
{
	if (session_set_available(&connection->session, sensor, is_available))
		wake_signal(&connection->inbox.wake);
}

void connection_post_health(struct connection *connection, const char *payload)
{
	char *health;

	if (get(&connection->version) == 0)
		return;
	health = strdup(payload);
	pthread_mutex_lock(&connection->health_lock);

	char *unsent = connection->health;

	connection->health = health;
	pthread_mutex_unlock(&connection->health_lock);
	free(unsent);
	wake_signal(&connection->inbox.wake);
}

void connection_stat(struct connection *connection, struct connection_stat *out)
{
	uint32_t version = get(&connection->version);

	*out = (struct connection_stat){
		.is_connected = version != 0,
		.version = (int)version,
		.num_connects = get(&connection->num_connects),
		.num_failures = get(&connection->num_failures),
		.num_acknowledged = get(&connection->session.num_acknowledged),
		.num_refused = get(&connection->session.num_refused),
	};
}
