/* SPDX-License-Identifier: MIT */
#include "publish/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "publish/payload.h"
#include "publish/reason.h"
#include "publish/session_inside.h"
#include "publish/trouble.h"

enum {
	REPLAY_AFTER_MS = 5000, /* a reading that is so old has waited for the broker */
	/* So many readings go between two states, where many of both wait, and those of so much
	 * time: on a fast way a backlog shall not take longer for them. */
	READINGS_A_STATE = 4,
	STATE_PAUSE_US = 2000,
	MIN_STALL_MS = 30000,
	FATAL_WITHIN_MS = 5000, /* of a refusal that ends the connection */
};

static const char leaf_state[] = "state";
static const char leaf_readings[] = "readings";

int session_init(struct session *session)
{
	session->announcer.store = session->store;
	announcer_init(&session->announcer, (uint32_t)clock_mono_ns());
	request_box_init(&session->requests, session->config);
	mailbox_init(&session->mailbox);
	refusals_init(&session->refusals, (uint32_t)clock_mono_ns());
	return presence_init(&session->presence, session->config->num_sensors);
}

void session_finish(struct session *session)
{
	announcer_finish(&session->announcer);
	mailbox_finish(&session->mailbox);
	presence_finish(&session->presence);
}

int session_change(struct session *session, const struct config *config, const char *info,
		   const struct discovery *discovery)
{
	int error = presence_change(&session->presence, session->config, config);

	if (error)
		return error;
	session->config = config;
	session->info = info;
	request_box_change(&session->requests, config);
	if (session->num_announced > SESSION_ANNOUNCED_STATUS)
		session->num_announced = SESSION_ANNOUNCED_STATUS;
	announcer_change(&session->announcer, discovery, clock_mono_ns());
	return 0;
}

void session_begin(struct session *session, const char *server, int version,
		   const struct broker_limits *limits, bool is_new)
{
	struct store_stat stat;

	store_stat(session->store, &stat);
	session->version = version;
	session->limits = *limits;
	window_init(&session->window, limits->max_in_flight);
	session->num_announced = 0;
	session->replay_before_seq = is_new ? stat.start_seq : stat.next_seq;
	session->num_readings_since_state = READINGS_A_STATE;
	session->state_due_ns = 0;
	session->is_of_use = false;
	session->refusals_logged[0] = session->refusals_logged[1] = 0;
	refusals_begin(&session->refusals, clock_mono_ns());
	presence_begin(&session->presence, session->config->num_sensors);
	announcer_begin(&session->announcer, server, clock_mono_ns());
	session->is_discovery_refused = false;
	if (session->is_discovery_fatal)
		announcer_pass_over(&session->announcer);
	session->is_discovery_fatal = false;
}

/* Mosquitto 2.0.11 hangs up where it refuses a message and its queues have no bound: readings
 * would never get through to it behind a discovery that is refused. */
void session_note_break(struct session *session, uint64_t up_ms)
{
	refusals_note_break(&session->refusals, clock_mono_ns());
	session->is_discovery_fatal =
		session->is_discovery_refused && up_ms < FATAL_WITHIN_MS;
	if (session->is_discovery_fatal)
		log_warning("the broker hangs up over what Home Assistant is told: the "
			    "next connection goes without");
}

/* The broker has it. */
static void note_taken(struct session *session, const struct in_flight *what)
{
	if (what->taken_back != 0)
		store_forget_announced(session->store, what->taken_back);
	if (what->seq == 0)
		return;
	store_ack(session->store, what->seq);
	atomic_fetch_add_explicit(&session->num_acknowledged, 1, memory_order_relaxed);
}

int session_send(struct session *session, const struct in_flight *what,
		 const struct broker_message *message)
{
	struct in_flight sent = *what;
	struct broker_message allowed = *message;

	if (allowed.qos > session->limits.max_qos)
		allowed.qos = session->limits.max_qos;
	allowed.is_retained = allowed.is_retained && session->limits.can_retain;

	int token = session->broker->ops->publish(session->broker, &allowed);

	if (token < 0)
		return token;
	log_debug("posted topic=%s bytes=%zu", allowed.topic, allowed.num_bytes);
	if (allowed.qos > 0) {
		sent.token = token;
		sent.sent_ns = clock_mono_ns();
		window_add(&session->window, &sent);
		if (sent.seq != 0)
			refusals_note_sent(&session->refusals);
	} else {
		/* Nobody will tell more than that the library took it. */
		note_taken(session, what);
	}
	return 1;
}

/* Answers to requests, and `health`. */
static int post_mail(struct session *session)
{
	char topic_data[PAYLOAD_MAX_TOPIC];
	struct text topic;
	struct mail mail;

	if (!mailbox_take(&session->mailbox, &mail))
		return 0;
	text_init(&topic, topic_data, sizeof(topic_data));
	payload_gateway_topic(&topic, session->config, mail.leaf);

	const struct broker_message message = {
		.topic = topic_data,
		.payload = mail.payload,
		.num_bytes = strlen(mail.payload),
		.qos = mail.qos,
	};
	int posted =
		session_send(session, &(struct in_flight){ .leaf = mail.leaf }, &message);

	free(mail.payload);
	return posted;
}

static uint64_t age_ns(const struct reading *reading)
{
	/* It wraps: an earlier start of the machine was before time began. */
	int64_t since_ns = (int64_t)(clock_mono_ns() - reading->t_ns);

	return since_ns > 0 ? (uint64_t)since_ns : 0;
}

static uint32_t round_up_to_s(uint64_t ns)
{
	return (uint32_t)((ns + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S);
}

/* The newest values, unless they are too old to stand for now. */
static int post_state(struct session *session)
{
	const struct config *config = session->config;
	char topic_data[PAYLOAD_MAX_TOPIC], payload_data[PAYLOAD_MAX_READING];
	struct text topic, payload;
	struct reading reading;

	while (store_take_state(session->store, &reading)) {
		uint64_t stale_after_ns =
			config->sensors[reading.sensor].stale_after_ms * CLOCK_NS_PER_MS;
		uint64_t reading_age_ns = age_ns(&reading);

		if (reading_age_ns >= stale_after_ns)
			continue;
		text_init(&topic, topic_data, sizeof(topic_data));
		text_init(&payload, payload_data, sizeof(payload_data));
		payload_sensor_topic(&topic, config, reading.sensor, leaf_state);
		payload_state(&payload, &reading);

		const struct broker_message message = {
			.topic = topic_data,
			.payload = payload_data,
			.num_bytes = payload.length,
			.qos = config->mqtt.qos,
			.is_retained = config->mqtt.retain == CONFIG_RETAIN_YES ||
				       (config->mqtt.retain == CONFIG_RETAIN_AUTO &&
					session->version == 5),
			.expiry_s = round_up_to_s(stale_after_ns - reading_age_ns),
		};

		return session_send(session, &(struct in_flight){ .leaf = leaf_state },
				    &message);
	}
	return 0;
}

static int post_reading(struct session *session)
{
	char topic_data[PAYLOAD_MAX_TOPIC], payload_data[PAYLOAD_MAX_READING];
	struct text topic, payload;
	struct reading reading;
	const char *sensor_id;

	if (!store_take(session->store, &reading, &sensor_id))
		return 0;

	bool is_replay = reading.seq < session->replay_before_seq ||
			 age_ns(&reading) > REPLAY_AFTER_MS * CLOCK_NS_PER_MS;

	text_init(&topic, topic_data, sizeof(topic_data));
	text_init(&payload, payload_data, sizeof(payload_data));
	payload_gateway_topic(&topic, session->config, leaf_readings);
	payload_reading(&payload, sensor_id, &reading, is_replay);

	const struct broker_message message = {
		.topic = topic_data,
		.payload = payload_data,
		.num_bytes = payload.length,
		.qos = session->config->mqtt.qos,
	};

	const struct in_flight what = { .leaf = leaf_readings, .seq = reading.seq };

	return session_send(session, &what, &message);
}

/* States go before readings, but of many not each is worth its own place: a newer one takes the
 * place of one that waits, and a backlog is not to take twice its time. */
static int post_values(struct session *session)
{
	bool is_state_turn = session->num_readings_since_state >= READINGS_A_STATE &&
			     clock_mono_ns() >= session->state_due_ns;
	int posted = is_state_turn ? post_state(session) : 0;

	if (posted != 0) {
		session->num_readings_since_state = 0;
		session->state_due_ns =
			clock_mono_ns() + STATE_PAUSE_US * CLOCK_NS_PER_US;
		return posted;
	}
	posted = post_reading(session);
	session->num_readings_since_state =
		posted == 0 ? READINGS_A_STATE : session->num_readings_since_state + 1;
	return posted == 0 && !is_state_turn ? post_state(session) : posted;
}

/* What was refused is posted again when its pause is over. */
static void take_up_refused(struct session *session)
{
	bool is_of_states = refusals_hold_states(&session->refusals);

	if (!refusals_end_pause(&session->refusals, clock_mono_ns()))
		return;
	if (is_of_states)
		store_rewind(session->store);
	else
		store_rewind_readings(session->store);
}

int session_post(struct session *session)
{
	if (window_is_full(&session->window))
		return 0;

	int posted = session_announce(session);

	if (posted == 0)
		posted = post_mail(session);
	if (posted != 0)
		return posted;
	if (refusals_hold_readings(&session->refusals))
		take_up_refused(session);
	if (refusals_hold_states(&session->refusals))
		return 0;
	return refusals_hold_readings(&session->refusals) ? post_state(session)
							  : post_values(session);
}

/* Whether it is the first of that reason on this connection. */
static bool is_news(struct session *session, unsigned reason)
{
	uint64_t *logged = &session->refusals_logged[reason >> 6 & 1];
	uint64_t bit = UINT64_C(1) << (reason & 63);
	bool is_first = !(*logged & bit);

	*logged |= bit;
	return is_first;
}

static void log_refusal(struct session *session, const struct in_flight *message,
			unsigned reason, bool is_kept)
{
	const char *words = reason_words(reason);
	const char *mend =
		reason_is_forbidden(reason) ? trouble_mend(TROUBLE_FORBIDDEN) : NULL;

	/* Once for each reason: a refusal of all comes by the thousand. */
	log_at(is_news(session, reason) ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
	       "the broker refused a message topic=%s reason=0x%02x \"%s\"%s%s%s",
	       message->leaf, reason, words ? words : "unknown",
	       is_kept ? ", readings wait" : "", mend ? ": " : "", mend ? mend : "");
}

static void refuse(struct session *session, const struct in_flight *message,
		   unsigned reason)
{
	bool is_kept = message->seq != 0 &&
		       refusals_note_refused(&session->refusals, message->seq, reason,
					     clock_mono_ns());

	atomic_fetch_add_explicit(&session->num_refused, 1, memory_order_relaxed);
	log_refusal(session, message, reason, is_kept);
	if (strcmp(message->leaf, SESSION_LEAF_DISCOVERY) == 0)
		session->is_discovery_refused = true;
	if (message->seq != 0 && !is_kept)
		store_ack(session->store, message->seq);
}

/* Where the broker takes all but some, these are dropped in the end. */
static void end_round(struct session *session)
{
	uint64_t dropped[WINDOW_MAX];
	uint32_t num_dropped =
		refusals_end_round(&session->refusals, clock_mono_ns(), dropped);

	for (uint32_t i = 0; i < num_dropped; i++) {
		log_warning("the broker takes other readings and refuses one again and "
			    "again: it is dropped seq=%" PRIu64,
			    dropped[i]);
		store_ack(session->store, dropped[i]);
	}
}

void session_acknowledge(struct session *session, int token, unsigned reason)
{
	struct in_flight message;

	if (!window_take(&session->window, token, &message))
		return;
	if (reason >= 0x80) {
		refuse(session, &message, reason);
	} else {
		session->is_of_use = true;
		note_taken(session, &message);
		latency_add(&session->puback, clock_mono_ns() - message.sent_ns);
		if (message.seq != 0)
			refusals_note_taken(&session->refusals, message.seq);
	}
	if (refusals_hold_readings(&session->refusals))
		end_round(session);
}

/* Longer than the library needs to find by pings that the other end is dead. */
static uint64_t stall_ns(const struct session *session)
{
	uint64_t stall_ms = 3 * (uint64_t)session->config->mqtt.keepalive_ms;

	return (stall_ms < MIN_STALL_MS ? MIN_STALL_MS : stall_ms) * CLOCK_NS_PER_MS;
}

uint64_t session_due_ns(const struct session *session)
{
	uint64_t due_ns = UINT64_MAX;

	if (session->window.num_slots > 0)
		due_ns = window_oldest_ns(&session->window) + stall_ns(session);
	if (refusals_due_ns(&session->refusals) < due_ns &&
	    !window_is_full(&session->window))
		due_ns = refusals_due_ns(&session->refusals);
	if (announcer_due_ns(&session->announcer) < due_ns &&
	    !window_is_full(&session->window))
		due_ns = announcer_due_ns(&session->announcer);
	return due_ns;
}

bool session_is_stalled(const struct session *session, uint64_t now_ns)
{
	return session->window.num_slots > 0 &&
	       now_ns >= window_oldest_ns(&session->window) + stall_ns(session);
}

bool session_is_drained(const struct session *session)
{
	struct store_stat stat;

	store_stat(session->store, &stat);
	return session->window.num_slots == 0 && stat.num_waiting == 0;
}

int session_say_offline(struct session *session)
{
	if (window_is_full(&session->window))
		return -EBUSY;

	int posted = session_send_retained(session, "status", "offline");

	return posted < 0 ? posted : 0;
}

bool session_set_available(struct session *session, uint16_t sensor, bool is_available)
{
	return presence_set(&session->presence, sensor, is_available);
}

struct broker_message session_will(const struct config *config, char topic[])
{
	struct text text;

	text_init(&text, topic, PAYLOAD_MAX_TOPIC);
	payload_gateway_topic(&text, config, "status");
	return (struct broker_message){
		.topic = topic,
		.payload = "offline",
		.num_bytes = strlen("offline"),
		.qos = 1,
		.is_retained = true,
	};
}
