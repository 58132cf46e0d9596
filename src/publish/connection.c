/* SPDX-License-Identifier: MIT */
#include "publish/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "publish/broker.h"
#include "publish/dial.h"
#include "publish/inbox.h"
#include "publish/order.h"
#include "publish/payload.h"
#include "publish/retry.h"
#include "publish/session.h"

enum {
	/* DNS and OpenSSL want more than musl's default; the pages are not touched before. */
	STACK_BYTES = 512 * 1024,
	CONNECTION_NICE = 10, /* all else goes first: listening to sensors above all */
	DRAIN_MS = 3000,
	GOODBYE_MS = 1000,
	STOP_MS = 4800, /* when connected: drain, goodbye and the library's own end */
	STOP_UNCONNECTED_MS = 900,
};

struct connection {
	const struct config *config; /* borrowed; outlives this */
	struct store *store; /* borrowed; outlives this */
	char *info; /* owned */
	int (*broker_new)(const struct broker_events *events, struct broker **out);
	struct broker *broker; /* owned */
	struct session session;
	struct thread thread;
	struct inbox inbox; /* of the thread, as its wake */
	struct dial dial;
	struct dialled dialled; /* who we are connected to */
	struct retry retry;
	uint64_t up_since_ns;
	uint32_t num_dropped_logged;
	struct order order;
	_Atomic uint32_t version; /* 0: not connected; our thread writes, as below */
	_Atomic uint32_t num_connects;
	struct connection_obeyer obeyer;
};

static uint32_t get(const _Atomic uint32_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void count(_Atomic uint32_t *value)
{
	atomic_fetch_add_explicit(value, 1, memory_order_relaxed);
}

static void log_drops(struct connection *connection)
{
	struct store_stat stat;

	store_stat(connection->store, &stat);

	uint32_t num_new = stat.num_dropped - connection->num_dropped_logged;

	/* At the first one, then at each doubling: an outage of days is a dozen lines. */
	if (num_new == 0 || num_new < connection->num_dropped_logged)
		return;
	connection->num_dropped_logged = stat.num_dropped;
	log_warning("oldest readings dropped: too many or too old total=%" PRIu32
		    " waiting=%" PRIu32,
		    stat.num_dropped, stat.num_waiting);
}

static bool connect_anywhere(struct connection *connection)
{
	struct dialled *dialled = &connection->dialled;
	bool is_first = get(&connection->num_connects) == 0 &&
			get(&connection->dial.num_failures) == 0;

	if (!dial(&connection->dial, &connection->order, dialled))
		return false;
	session_begin(&connection->session, dialled->server, dialled->version,
		      &dialled->limits, is_first);
	connection->up_since_ns = clock_mono_ns();
	atomic_store_explicit(&connection->version, (uint32_t)dialled->version,
			      memory_order_relaxed);
	count(&connection->num_connects);
	log_info("connected to the broker server=%s version=%s", dialled->server,
		 dialled->version == 5 ? "5" : "3.1.1");
	return true;
}

static void take_acks(struct connection *connection)
{
	struct ack ack;

	while (inbox_take_ack(&connection->inbox, &ack))
		session_acknowledge(&connection->session, ack.token, ack.reason);
}

static void answer(struct connection *connection, const struct request *request,
		   const char *error)
{
	char data[4096]; /* where every byte is escaped, too */
	struct text text;

	text_init(&text, data, sizeof(data));
	request_refuse(&text, request, error);
	connection_answer(connection, request->verb, data);
}

static void take_requests(struct connection *connection)
{
	struct request request;
	char error[REQUEST_MAX_ERROR];
	enum request_fate fate;

	while ((fate = request_box_take(&connection->session.requests, clock_mono_ns(),
					&request, error)) != REQUEST_FATE_NONE) {
		log_info("request verb=%s%s%s%s%s", request_verb_name(request.verb),
			 *request.sensor_id ? " sensor=" : "", request.sensor_id,
			 fate == REQUEST_FATE_REFUSE ? " refused: " : "",
			 fate == REQUEST_FATE_REFUSE ? error : "");
		if (fate == REQUEST_FATE_REFUSE)
			answer(connection, &request, error);
		else if (connection->obeyer.take)
			connection->obeyer.take(connection->obeyer.context, &request);
	}
}

/* One step of a standing connection. Returns NULL, or why the connection is of no use. */
static const char *step(struct connection *connection, bool *is_idle_out)
{
	*is_idle_out = false;
	take_acks(connection);
	if (inbox_is_lost(&connection->inbox))
		return inbox_lost_words(&connection->inbox);
	take_requests(connection);

	int posted = session_post(&connection->session);

	*is_idle_out = posted == 0;
	if (posted < 0) /* mostly the library knows before its event has come */
		return posted == -ENOTCONN ? inbox_lost_words(&connection->inbox)
					   : strerror(-posted);
	if (posted == 0 && session_is_stalled(&connection->session, clock_mono_ns()))
		return "timed out: the broker acknowledges nothing";
	return NULL;
}

static void wait_for_events(struct connection *connection, uint64_t until_ns)
{
	uint64_t due_ns = session_due_ns(&connection->session);

	inbox_wait(&connection->inbox, due_ns < until_ns ? due_ns : until_ns);
}

/* Sends what waits, for as long as a stop may take. */
static const char *drain(struct connection *connection)
{
	uint64_t end_ns = clock_mono_ns() + DRAIN_MS * CLOCK_NS_PER_MS;

	while (clock_mono_ns() < end_ns) {
		bool is_idle = false;
		const char *trouble = step(connection, &is_idle);

		if (trouble || session_is_drained(&connection->session))
			return trouble;
		if (is_idle)
			wait_for_events(connection, end_ns);
	}
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
		inbox_wait(&connection->inbox, until_ns);
	}
}

/* What waits is sent for a while, then status offline and the goodbye. */
static void say_goodbye(struct connection *connection)
{
	const char *trouble = drain(connection);
	struct store_stat stat;
	uint64_t end_ns = clock_mono_ns() + GOODBYE_MS * CLOCK_NS_PER_MS;

	if (!trouble) {
		settle(connection, true, end_ns);

		int error = session_say_offline(&connection->session);

		if (error)
			trouble = error == -EBUSY ? "nothing is acknowledged"
						  : strerror(-error);
		settle(connection, false, end_ns);
	}
	store_stat(connection->store, &stat);
	log_info("disconnected from the broker server=%s waiting=%" PRIu32 "%s%s%s",
		 connection->dialled.server, stat.num_waiting,
		 trouble ? " trouble=\"" : "", trouble ? trouble : "",
		 trouble ? "\"" : "");
	connection->broker->ops->disconnect(connection->broker, !trouble);
}

static void come_down(struct connection *connection, const char *reason)
{
	uint64_t up_ms = (clock_mono_ns() - connection->up_since_ns) / CLOCK_NS_PER_MS;

	take_acks(connection);
	store_rewind(connection->store);
	connection->broker->ops->disconnect(connection->broker, false);

	bool is_told = inbox_is_taken_over(&connection->inbox);
	bool is_suspicious =
		retry_judge(&connection->retry, up_ms, connection->session.is_of_use,
			    inbox_is_unwelcome(&connection->inbox));

	log_warning("connection to the broker lost server=%s reason=\"%s\" up_s=%" PRIu64,
		    connection->dialled.server, reason, up_ms / 1000);
	session_note_break(&connection->session, up_ms);
	connection->dial.has_news = true;
	rival_judge(&connection->retry.rival, is_told, is_suspicious,
		    connection->config->mqtt.client_id);
}

static void serve(struct connection *connection)
{
	const char *trouble = NULL;
	enum order_kind order;

	while (!trouble && (order = order_get(&connection->order)) <= ORDER_PAUSE) {
		bool is_idle = false;

		if (order == ORDER_PAUSE)
			order_pause(&connection->order, &connection->inbox.wake);
		trouble = step(connection, &is_idle);
		if (!trouble && is_idle)
			wait_for_events(connection, WAKE_FOREVER);
	}
	if (trouble)
		come_down(connection, trouble);
	else
		say_goodbye(connection);
	atomic_store_explicit(&connection->version, 0, memory_order_relaxed);
	log_drops(connection);
}

static void wait_before_next_try(struct connection *connection)
{
	uint32_t wait_ms = backoff_next_ms(&connection->retry.backoff);
	uint64_t until_ns = clock_mono_ns() + wait_ms * CLOCK_NS_PER_MS;

	log_at(connection->dial.has_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
	       "trying the broker again in_s=%" PRIu32 ".%" PRIu32, wait_ms / 1000,
	       wait_ms / 100 % 10);
	connection->dial.has_news = false;
	while (order_get(&connection->order) == ORDER_SERVE && clock_mono_ns() < until_ns)
		(void)wake_wait(&connection->inbox.wake, until_ns);
	log_drops(connection);
}

static void run(void *context)
{
	struct connection *connection = context;
	enum order_kind order;

	thread_yield_to_others(CONNECTION_NICE);
	while ((order = order_get(&connection->order)) != ORDER_STOP) {
		if (order != ORDER_SERVE) {
			order_pause(&connection->order, &connection->inbox.wake);
			continue;
		}
		if (connect_anywhere(connection))
			serve(connection);
		if (order_get(&connection->order) == ORDER_SERVE)
			wait_before_next_try(connection);
	}
}

/* Frees what new_connection() made; the thread has ended or was never started. */
static void free_connection(struct connection *connection)
{
	store_set_reader(connection->store, NULL);
	if (connection->broker)
		connection->broker->ops->free(connection->broker);
	dial_finish(&connection->dial);
	session_finish(&connection->session);
	inbox_close(&connection->inbox);
	free(connection->info);
	free(connection);
}

static int new_connection(const struct connection_setup *setup, struct connection **out)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return -ENOMEM;
	connection->config = connection->dial.config = setup->config;
	connection->store = setup->store;
	connection->obeyer = setup->obeyer;
	connection->inbox.wake.fd = -1;
	connection->inbox.announcer = &connection->session.announcer;
	connection->inbox.requests = &connection->session.requests;
	connection->dial.inbox = &connection->inbox;
	connection->info = strdup(setup->info);
	connection->session.config = setup->config;
	connection->session.store = setup->store;
	connection->session.info = connection->info;
	connection->session.announcer.discovery = setup->discovery;
	retry_init(&connection->retry, (uint32_t)clock_mono_ns() ^ (uint32_t)getpid()
									   << 16);

	int error = session_init(&connection->session);

	if (!error)
		error = connection->info ? dial_init(&connection->dial) : -ENOMEM;
	if (!error)
		error = inbox_open(&connection->inbox);
	if (error) {
		free_connection(connection);
		return error;
	}
	*out = connection;
	return 0;
}

int connection_start_over(const struct connection_setup *setup,
			  int (*broker_new)(const struct broker_events *events,
					    struct broker **out),
			  struct connection **out)
{
	struct connection *connection;
	int error = payload_check_topics(setup->config);

	if (!error)
		error = new_connection(setup, &connection);
	if (error)
		return error;

	const struct broker_events events = inbox_events(&connection->inbox);

	connection->broker_new = broker_new;
	store_set_reader(setup->store, &connection->inbox.wake);
	error = broker_new(&events, &connection->broker);
	connection->session.broker = connection->dial.broker = connection->broker;
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

int connection_start(const struct connection_setup *setup, struct connection **out)
{
	return connection_start_over(setup, broker_paho_new, out);
}

bool connection_stop(struct connection *connection)
{
	if (!connection)
		return true;

	uint64_t wait_ms = get(&connection->version) != 0 ? STOP_MS : STOP_UNCONNECTED_MS;

	order_give(&connection->order, ORDER_STOP, &connection->inbox.wake);
	if (thread_join_until(&connection->thread,
			      clock_mono_ns() + wait_ms * CLOCK_NS_PER_MS) != 0) {
		log_warning("the broker client does not end; leaving it behind");
		return false;
	}
	free_connection(connection);
	return true;
}

void connection_pause(struct connection *connection, bool must_leave, struct wake *ready)
{
	connection->order.ready = ready;
	order_give(&connection->order, must_leave ? ORDER_LEAVE : ORDER_PAUSE,
		   &connection->inbox.wake);
}

bool connection_is_paused(const struct connection *connection)
{
	return order_is_paused(&connection->order);
}

/* After a goodbye: another client library's object, as the old one has the old id, and no
 * memory of failures. */
static int renew_broker(struct connection *connection, const struct config *config)
{
	const struct broker_events events = inbox_events(&connection->inbox);
	struct dial renewed = { .config = config, .inbox = &connection->inbox };
	struct broker *broker;
	int error = dial_init(&renewed);

	if (!error)
		error = connection->broker_new(&events, &broker);
	if (error) {
		dial_finish(&renewed);
		return error;
	}
	connection->broker->ops->free(connection->broker);
	dial_finish(&connection->dial);
	connection->dial.memory = renewed.memory;
	connection->dial.has_news = false;
	connection->broker = connection->dial.broker = connection->session.broker =
		broker;
	retry_reset(&connection->retry);
	return 0;
}

int connection_resume(struct connection *connection, const struct config *config,
		      const char *info, const struct discovery *discovery)
{
	char *info_copy = strdup(info);
	int error = info_copy ? 0 : -ENOMEM;

	if (!error && order_get(&connection->order) == ORDER_LEAVE)
		error = renew_broker(connection, config);
	if (!error)
		error = session_change(&connection->session, config, info_copy,
				       discovery);
	if (error) {
		free(info_copy);
		return error;
	}
	free(connection->info);
	connection->info = info_copy;
	connection->config = connection->dial.config = config;
	order_give(&connection->order, ORDER_SERVE, &connection->inbox.wake);
	return 0;
}

void connection_set_available(struct connection *connection, uint16_t sensor,
			      bool is_available)
{
	if (session_set_available(&connection->session, sensor, is_available))
		wake_signal(&connection->inbox.wake);
}

void connection_post_health(struct connection *connection, const char *payload)
{
	if (get(&connection->version) == 0)
		return;
	mailbox_put_news(&connection->session.mailbox, "health", payload);
	wake_signal(&connection->inbox.wake);
}

void connection_answer(struct connection *connection, enum request_verb verb,
		       const char *payload)
{
	static const char *const leaves[NUM_REQUEST_VERBS] = {
		[REQUEST_READ] = "response/read",
		[REQUEST_CAPTURE] = "response/capture",
		[REQUEST_POWER_CYCLE] = "response/power_cycle",
		[REQUEST_RELOAD] = "response/reload",
		[REQUEST_LOG_LEVEL] = "response/log_level",
	};

	mailbox_put(&connection->session.mailbox, leaves[verb], payload);
	wake_signal(&connection->inbox.wake);
}

void connection_stat(struct connection *connection, struct connection_stat *out)
{
	uint32_t version = get(&connection->version);

	*out = (struct connection_stat){
		.is_connected = version != 0,
		.version = (int)version,
		.num_connects = get(&connection->num_connects),
		.num_failures = get(&connection->dial.num_failures),
		.num_acknowledged = get(&connection->session.num_acknowledged),
		.num_refused = get(&connection->session.num_refused),
		.has_rival = rival_is_there(&connection->retry.rival),
	};
	latency_read(&connection->session.puback, &out->puback);
}
