/* SPDX-License-Identifier: MIT */
/* What is said on a connection, over a broker that writes it down. */
#include "publish/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "unit/cmocka_test.h"
#include "unit/stopped_clock.h"
#include "unit/store_test.h"

enum { NUM_SENSORS = 2, MAX_POSTED = 64 };

struct posted {
	char topic[64];
	char payload[256];
	unsigned qos;
	bool is_retained;
	uint32_t expiry_s;
};

struct fake {
	struct broker broker;
	struct posted posted[MAX_POSTED];
	int num_posted;
	int error; /* of the next publish */
	int subscribe_error;
	int num_subscribed, num_unsubscribed;
};

struct fixture {
	struct fake fake;
	struct config config;
	struct store *store;
	struct session session;
};

static char gateway[] = "g", base[] = "b", sensor_ids[NUM_SENSORS][4] = { "s0", "s1" };
static struct config_sensor sensors[NUM_SENSORS] = {
	{ .id = sensor_ids[0], .stale_after_ms = 90000 },
	{ .id = sensor_ids[1], .stale_after_ms = 90000 },
};
static const struct broker_limits no_limits = { 65535, 1, true };

static int fake_publish(struct broker *broker, const struct broker_message *message)
{
	struct fake *fake = (struct fake *)broker;
	struct posted *posted = &fake->posted[fake->num_posted];

	if (fake->error)
		return fake->error;
	assert_true(fake->num_posted < MAX_POSTED);
	snprintf(posted->topic, sizeof(posted->topic), "%s", message->topic);
	snprintf(posted->payload, sizeof(posted->payload), "%.*s",
		 (int)message->num_bytes, message->payload);
	posted->qos = message->qos;
	posted->is_retained = message->is_retained;
	posted->expiry_s = message->expiry_s;
	return ++fake->num_posted; /* the token */
}

static int fake_subscribe(struct broker *broker, const char *topic, unsigned qos)
{
	struct fake *fake = (struct fake *)broker;

	assert_non_null(topic);
	assert_int_equal(qos, 1);
	fake->num_subscribed++;
	return fake->subscribe_error;
}

static int fake_unsubscribe(struct broker *broker, const char *topic)
{
	struct fake *fake = (struct fake *)broker;

	assert_string_equal(topic, "ha/device/+/config");
	fake->num_unsubscribed++;
	return 0;
}

static const struct broker_ops fake_ops = {
	.publish = fake_publish,
	.subscribe = fake_subscribe,
	.unsubscribe = fake_unsubscribe,
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	now_ns = 1000 * CLOCK_NS_PER_S;
	fixture->fake.broker.ops = &fake_ops;
	fixture->config = (struct config){
		.gateway.id = gateway,
		.mqtt = { .topic = base, .qos = 1, .keepalive_ms = 20000 },
		.sensors = sensors,
		.num_sensors = NUM_SENSORS,
	};
	fixture->store = new_store_in_memory(&fixture->config);
	fixture->session = (struct session){
		.config = &fixture->config,
		.store = fixture->store,
		.broker = &fixture->fake.broker,
		.info = "{}",
	};
	assert_int_equal(session_init(&fixture->session), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	session_finish(&fixture->session);
	store_free(fixture->store);
	free(fixture);
	return 0;
}

static uint64_t put(struct fixture *fixture, uint16_t sensor)
{
	struct reading reading = { .t_ns = now_ns, .sensor = sensor };

	reading_add(&reading, QUANTITY_TEMPERATURE, 21500, 1);
	return store_put(fixture->store, &reading);
}

static void post_all(struct fixture *fixture)
{
	while (session_post(&fixture->session) > 0)
		;
}

/* Answers everything in flight; those on `readings` with the reason. */
static void answer_all(struct fixture *fixture, unsigned reason)
{
	for (int token = 1; token <= fixture->fake.num_posted; token++) {
		const char *topic = fixture->fake.posted[token - 1].topic;

		session_acknowledge(&fixture->session, token,
				    strcmp(topic, "b/g/readings") == 0 ? reason : 0);
	}
}

/* Opens a connection and gets the announcement out of the way. */
static void begin(struct fixture *fixture, int version,
		  const struct broker_limits *limits)
{
	session_begin(&fixture->session, "A", version, limits, false);
	do {
		fixture->fake.num_posted = 0;
		post_all(fixture);
		answer_all(fixture, 0);
	} while (fixture->fake.num_posted > 0);
}

static uint32_t num_waiting(struct fixture *fixture)
{
	struct store_stat stat;

	store_stat(fixture->store, &stat);
	return stat.num_waiting;
}

static void a_connection_opens_in_order(void **state)
{
	static const char *const topics[] = {
		"b/g/status",          "b/g/info",     "b/g/s0/availability",
		"b/g/s1/availability", "b/g/s1/state", "b/g/readings",
		"b/g/readings",
	};
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;

	put(fixture, 1);
	put(fixture, 1);
	assert_true(session_set_available(&fixture->session, 1, true));
	session_begin(&fixture->session, "A", 5, &no_limits, false);
	post_all(fixture);
	assert_int_equal(fake->num_posted, array_length(topics));
	for (size_t i = 0; i < array_length(topics); i++) {
		assert_string_equal(fake->posted[i].topic, topics[i]);
		assert_int_equal(fake->posted[i].qos, 1);
		assert_int_equal(fake->posted[i].is_retained, i < 5);
		assert_int_equal(fake->posted[i].expiry_s, i == 4 ? 90 : 0);
	}
	assert_string_equal(fake->posted[0].payload, "online");
	assert_string_equal(fake->posted[1].payload, "{}");
	assert_string_equal(fake->posted[2].payload, "offline");
	assert_string_equal(fake->posted[3].payload, "online");
}

static void after_a_change_only_what_is_news_is_said(void **state)
{
	static char s2[] = "s2";
	static struct config_sensor after_sensors[] = {
		{ .id = s2, .stale_after_ms = 90000 },
		{ .id = sensor_ids[1], .stale_after_ms = 90000 },
	};
	static const char *const topics[] = { "b/g/info", "b/g/s0/availability",
					      "b/g/s0/state", "b/g/s2/availability",
					      "b/g/readings" };
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;
	struct config after;

	assert_true(session_set_available(&fixture->session, 1, true));
	begin(fixture, 5, &no_limits);
	put(fixture, 0);
	/* Its state is dropped with its sensor, the reading is not. */
	after = fixture->config;
	after.sensors = after_sensors;
	assert_int_equal(store_set_sensors(fixture->store, &after), 0);
	assert_int_equal(session_change(&fixture->session, &after, "{\"new\":1}", NULL),
			 0);
	post_all(fixture);
	assert_int_equal(fake->num_posted, array_length(topics));
	for (size_t i = 0; i < array_length(topics); i++)
		assert_string_equal(fake->posted[i].topic, topics[i]);
	assert_string_equal(fake->posted[0].payload, "{\"new\":1}");
	assert_string_equal(fake->posted[1].payload, "");
	assert_true(fake->posted[1].is_retained);
	assert_string_equal(fake->posted[3].payload, "offline");
	assert_non_null(strstr(fake->posted[4].payload, "\"sensor\":\"s0\""));
	/* It is known that it was: what is fresh already is no news. */
	assert_false(session_set_available(&fixture->session, 1, true));
	assert_int_equal(session_change(&fixture->session, &fixture->config, "{}", NULL),
			 0);
}

static char prefix[] = "ha", status_topic[] = "ha/status";
static const struct discovery_sensor facts[NUM_SENSORS] = {
	{ .driver = "d", .model = "m" }, { .driver = "d", .model = "m" }
};

/* What the session says of Home Assistant from here on. */
static void announce(struct fixture *fixture, struct discovery *discovery)
{
	fixture->config.homeassistant.prefix = prefix;
	fixture->config.homeassistant.status_topic = status_topic;
	fixture->config.gateway.name = gateway;
	for (int i = 0; i < NUM_SENSORS; i++)
		sensors[i].name = sensor_ids[i];
	*discovery = (struct discovery){
		.config = &fixture->config,
		.version = "1",
		.sensors = facts,
	};
	discovery_init(discovery, "");
	fixture->session.announcer.discovery = discovery;
}

static void home_assistant_is_told_after_info_and_before_states(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;
	struct discovery discovery;

	announce(fixture, &discovery);
	put(fixture, 1);
	session_begin(&fixture->session, "A", 5, &no_limits, false);
	post_all(fixture);
	assert_int_equal(fake->num_subscribed, 2);
	assert_int_equal(fake->num_unsubscribed, 0);
	assert_int_equal(fake->num_posted, 9);
	for (int i = 0; i < 9; i++) {
		bool is_config = strstr(fake->posted[i].topic, "/config") != NULL;

		assert_int_equal(is_config, i >= 2 && i <= 4);
		assert_int_equal(fake->posted[i].is_retained, i < 8);
		assert_int_equal(fake->posted[i].qos, 1);
	}
	assert_string_equal(fake->posted[1].topic, "b/g/info");
	assert_string_equal(fake->posted[7].topic, "b/g/s1/state");
	/* After its look at what the broker keeps it is to be told that it was enough. */
	answer_all(fixture, 0);
	assert_int_equal(session_due_ns(&fixture->session), now_ns + 5 * CLOCK_NS_PER_S);
	now_ns += 5 * CLOCK_NS_PER_S;
	post_all(fixture);
	assert_int_equal(fake->num_subscribed, 2);
	assert_int_equal(fake->num_unsubscribed, 1);
	assert_true(session_due_ns(&fixture->session) == UINT64_MAX);
}

static void after_a_birth_home_assistant_is_told_again_and_states_follow(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;
	struct discovery discovery;

	announce(fixture, &discovery);
	put(fixture, 0);
	begin(fixture, 5, &no_limits);
	now_ns += 60 * CLOCK_NS_PER_S;
	begin(fixture, 5, &no_limits);
	fake->num_posted = 0;
	assert_true(announcer_hear(&fixture->session.announcer, "ha/status", "online", 6,
				   false));
	for (int i = 0; i < 3; i++) {
		post_all(fixture);
		now_ns = session_due_ns(&fixture->session);
		answer_all(fixture, 0);
	}
	post_all(fixture);
	assert_int_equal(fake->num_posted, 4);
	assert_non_null(strstr(fake->posted[0].topic, "/config"));
	assert_non_null(strstr(fake->posted[2].topic, "/config"));
	assert_string_equal(fake->posted[3].topic, "b/g/s0/state");
}

static void a_broker_that_refuses_a_subscription_is_still_of_use(void **state)
{
	struct fixture *fixture = *state;
	struct discovery discovery;

	announce(fixture, &discovery);
	fixture->fake.subscribe_error = -EACCES;
	log_set_level(LOG_LEVEL_ERROR);
	session_begin(&fixture->session, "A", 5, &no_limits, false);
	post_all(fixture);
	log_set_level(LOG_LEVEL_INFO);
	assert_int_equal(fixture->fake.num_posted, 7);
	fixture->fake.subscribe_error = -ENOTCONN;
	session_begin(&fixture->session, "A", 5, &no_limits, false);
	for (int i = 0; i < 2; i++)
		assert_int_equal(session_post(&fixture->session), 1);
	assert_int_equal(session_post(&fixture->session), -ENOTCONN);
}

static void no_more_is_in_flight_than_the_broker_allows(void **state)
{
	const struct broker_limits limits = { 3, 1, true };
	struct fixture *fixture = *state;

	session_begin(&fixture->session, "A", 5, &limits, false);
	post_all(fixture);
	assert_int_equal(fixture->fake.num_posted, 3);
	session_acknowledge(&fixture->session, 2, 0);
	post_all(fixture);
	assert_int_equal(fixture->fake.num_posted, 4);
}

static void what_the_broker_cannot_do_is_not_asked_of_it(void **state)
{
	const struct broker_limits limits = { 100, 0, false };
	struct fixture *fixture = *state;

	put(fixture, 0);
	session_begin(&fixture->session, "A", 5, &limits, false);
	post_all(fixture);
	for (int i = 0; i < fixture->fake.num_posted; i++) {
		assert_int_equal(fixture->fake.posted[i].qos, 0);
		assert_false(fixture->fake.posted[i].is_retained);
	}
	/* Without an acknowledgement to come, handed over is done. */
	assert_int_equal(num_waiting(fixture), 0);
	assert_true(session_is_drained(&fixture->session));
}

static void states_are_retained_where_they_expire_or_as_configured(void **state)
{
	static const struct {
		int version;
		enum config_retain retain;
		bool is_retained;
	} rows[] = {
		{ 5, CONFIG_RETAIN_AUTO, true }, { 4, CONFIG_RETAIN_AUTO, false },
		{ 5, CONFIG_RETAIN_NO, false },  { 4, CONFIG_RETAIN_NO, false },
		{ 5, CONFIG_RETAIN_YES, true },  { 4, CONFIG_RETAIN_YES, true },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		fixture->config.mqtt.retain = rows[i].retain;
		begin(fixture, rows[i].version, &no_limits);
		fixture->fake.num_posted = 0;
		put(fixture, 0);
		post_all(fixture);
		assert_int_equal(fixture->fake.num_posted, 2);
		for (int k = 0; k < 2; k++) {
			const struct posted *posted = &fixture->fake.posted[k];
			bool is_state = strcmp(posted->topic, "b/g/s0/state") == 0;

			assert_int_equal(posted->is_retained,
					 is_state && rows[i].is_retained);
		}
		answer_all(fixture, 0);
		store_rewind(fixture->store);
	}
}

static void a_state_expires_when_its_reading_is_stale_and_is_then_not_posted(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, &no_limits);
	put(fixture, 0);
	now_ns += 29500 * CLOCK_NS_PER_MS;
	fixture->fake.num_posted = 0;
	post_all(fixture);
	assert_int_equal(fixture->fake.num_posted, 2);
	assert_int_equal(fixture->fake.posted[0].expiry_s, 61);
	store_rewind(fixture->store);
	now_ns += 60500 * CLOCK_NS_PER_MS;
	fixture->fake.num_posted = 0;
	session_begin(&fixture->session, "A", 5, &no_limits, false);
	post_all(fixture);
	for (int i = 0; i < fixture->fake.num_posted; i++)
		assert_null(strstr(fixture->fake.posted[i].topic, "/state"));
}

static bool is_replay(const struct posted *posted)
{
	assert_string_equal(posted->topic, "b/g/readings");
	return strstr(posted->payload, ",\"replay\":true}") != NULL;
}

static void readings_that_waited_are_marked(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;

	put(fixture, 0);
	session_begin(&fixture->session, "A", 5, &no_limits, false);
	post_all(fixture);
	assert_true(is_replay(&fake->posted[fake->num_posted - 1]));
	now_ns += CLOCK_NS_PER_S;
	put(fixture, 0);
	post_all(fixture);
	assert_false(is_replay(&fake->posted[fake->num_posted - 1]));
	put(fixture, 0);
	now_ns += 6 * CLOCK_NS_PER_S;
	post_all(fixture);
	assert_true(is_replay(&fake->posted[fake->num_posted - 1]));
}

static void the_first_readings_of_all_do_not_count_as_waiting(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;

	put(fixture, 0);
	session_begin(&fixture->session, "A", 5, &no_limits, true);
	post_all(fixture);
	assert_false(is_replay(&fake->posted[fake->num_posted - 1]));
}

static void a_fresh_state_does_not_wait_behind_a_backlog(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;

	for (int i = 0; i < 1000; i++)
		put(fixture, 0);
	begin(fixture, 5, &(const struct broker_limits){ 4, 1, true });
	for (int i = 0; i < 1000; i++)
		put(fixture, 0);
	fake->num_posted = 0;
	post_all(fixture);
	put(fixture, 1);
	bool is_there = false;
	int token = 1;

	/* Four readings at most go before it, where each takes a millisecond. */
	for (; token <= 5 && !is_there; token++) {
		now_ns += CLOCK_NS_PER_MS;
		session_acknowledge(&fixture->session, token, 0);
		post_all(fixture);
		is_there = strcmp(fake->posted[fake->num_posted - 1].topic,
				  "b/g/s1/state") == 0;
	}
	assert_true(is_there);
}

static void a_backlog_is_not_held_up_by_a_state_for_each_reading(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;
	int num_states = 0;

	begin(fixture, 5, &no_limits);
	fake->num_posted = 0;
	for (int i = 0; i < 40; i++) {
		/* A newer one for each that was posted. */
		put(fixture, 0);
		put(fixture, 0);
		assert_int_equal(session_post(&fixture->session), 1);
		/* First acknowledgements take their time, then hardly any. */
		now_ns += i < 10 ? 1000000 : 10000;
		session_acknowledge(&fixture->session, fake->num_posted, 0);
	}
	for (int i = 0; i < fake->num_posted; i++)
		num_states += strcmp(fake->posted[i].topic, "b/g/s0/state") == 0;
	assert_string_equal(fake->posted[0].topic, "b/g/s0/state");
	assert_string_equal(fake->posted[5].topic, "b/g/s0/state");
	assert_string_equal(fake->posted[10].topic, "b/g/s0/state");
	assert_int_equal(num_states, 3);
}

static void a_reading_that_is_too_large_is_counted_and_forgotten(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, &no_limits);
	put(fixture, 0);
	fixture->fake.num_posted = 0;
	post_all(fixture);
	answer_all(fixture, 0x95);
	assert_int_equal(num_waiting(fixture), 0);
	assert_int_equal(fixture->session.num_refused, 1);
	put(fixture, 0);
	fixture->fake.num_posted = 0;
	post_all(fixture);
	assert_int_equal(fixture->fake.num_posted, 2);
	answer_all(fixture, 0x10); /* nobody subscribed: taken all the same */
	assert_int_equal(fixture->session.num_refused, 1);
	assert_int_equal(num_waiting(fixture), 0);
}

/* The pause after a refusal is over. */
static void wait_for_pause(struct fixture *fixture)
{
	assert_true(session_due_ns(&fixture->session) > now_ns);
	assert_true(session_due_ns(&fixture->session) <= now_ns + 60 * CLOCK_NS_PER_S);
	now_ns = session_due_ns(&fixture->session);
}

static void readings_that_are_forbidden_wait_and_states_go_on(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;
	uint64_t first_seq;
	char number[32];

	begin(fixture, 5, &no_limits);
	first_seq = put(fixture, 0);
	put(fixture, 0);
	snprintf(number, sizeof(number), "\"seq\":%llu,", (unsigned long long)first_seq);
	for (int round = 0; round < 20; round++) {
		fake->num_posted = 0;
		post_all(fixture);
		assert_int_equal(fake->num_posted, round == 0 ? 3 : 2);
		assert_non_null(
			strstr(fake->posted[fake->num_posted - 2].payload, number));
		answer_all(fixture, 0x87);
		assert_int_equal(num_waiting(fixture), 2 + round);
		/* In the pause. */
		put(fixture, 1);
		fake->num_posted = 0;
		post_all(fixture);
		assert_int_equal(fake->num_posted, 1);
		assert_string_equal(fake->posted[0].topic, "b/g/s1/state");
		answer_all(fixture, 0);
		assert_int_equal(num_waiting(fixture), 3 + round);
		wait_for_pause(fixture);
		now_ns -= 1;
		post_all(fixture);
		assert_int_equal(fake->num_posted, 1);
		now_ns += 1;
		fixture->session.window.max_slots = 2;
	}
	fixture->session.window.max_slots = WINDOW_MAX;
	while (num_waiting(fixture) > 0) {
		fake->num_posted = 0;
		post_all(fixture);
		assert_true(fake->num_posted > 0);
		answer_all(fixture, 0);
	}
	assert_int_equal(fixture->session.num_acknowledged, 22);
}

static void a_reading_that_alone_is_refused_holds_nothing_up_for_ever(void **state)
{
	struct fixture *fixture = *state;
	struct fake *fake = &fixture->fake;
	uint64_t bad_seq;
	char number[32];
	int num_refused = 0;

	begin(fixture, 5, &no_limits);
	bad_seq = put(fixture, 0);
	snprintf(number, sizeof(number), "\"seq\":%llu,", (unsigned long long)bad_seq);
	while (num_refused == 0 || num_waiting(fixture) > 0) {
		put(fixture, 1);
		fake->num_posted = 0;
		post_all(fixture);
		for (int token = 1; token <= fake->num_posted; token++) {
			const struct posted *posted = &fake->posted[token - 1];
			bool is_bad = strcmp(posted->topic, "b/g/readings") == 0 &&
				      strstr(posted->payload, number);

			num_refused += is_bad;
			session_acknowledge(&fixture->session, token, is_bad ? 0x83 : 0);
		}
		assert_true(num_refused <= 5);
		if (session_due_ns(&fixture->session) != UINT64_MAX)
			wait_for_pause(fixture);
	}
	assert_int_equal(num_refused, 5);
}

static void a_quota_is_waited_for_with_states_and_all(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first_seq, began_ns = now_ns;
	char number[32];

	begin(fixture, 5, &no_limits);
	first_seq = put(fixture, 0);
	put(fixture, 0);
	snprintf(number, sizeof(number), "\"seq\":%llu,", (unsigned long long)first_seq);
	for (int round = 0; round < 20; round++) {
		struct fake *fake = &fixture->fake;
		bool is_state_fresh = now_ns < began_ns + 90 * CLOCK_NS_PER_S;

		fake->num_posted = 0;
		post_all(fixture);
		assert_int_equal(fake->num_posted, is_state_fresh ? 3 : 2);
		assert_non_null(strstr(fake->posted[is_state_fresh].payload, number));
		answer_all(fixture, 0x97);
		assert_int_equal(num_waiting(fixture), 2);
		post_all(fixture);
		assert_int_equal(fake->num_posted, is_state_fresh ? 3 : 2);
		wait_for_pause(fixture);
	}
	fixture->fake.num_posted = 0;
	post_all(fixture);
	answer_all(fixture, 0);
	assert_int_equal(num_waiting(fixture), 0);
	assert_int_equal(fixture->session.num_refused, 40);
}

static void a_missing_acknowledgement_makes_the_connection_useless(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, &no_limits);
	put(fixture, 0);
	post_all(fixture);
	assert_false(session_is_stalled(&fixture->session, now_ns));
	assert_true(
		session_is_stalled(&fixture->session, session_due_ns(&fixture->session)));
	assert_true(session_due_ns(&fixture->session) <= now_ns + 60 * CLOCK_NS_PER_S);
	answer_all(fixture, 0);
	assert_true(session_due_ns(&fixture->session) == UINT64_MAX);
}

static void availability_is_told_when_it_changes_only(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, &no_limits);
	fixture->fake.num_posted = 0;
	assert_true(session_set_available(&fixture->session, 0, true));
	assert_false(session_set_available(&fixture->session, 0, true));
	post_all(fixture);
	assert_int_equal(fixture->fake.num_posted, 1);
	assert_string_equal(fixture->fake.posted[0].payload, "online");
	assert_true(session_set_available(&fixture->session, 0, false));
	assert_true(session_set_available(&fixture->session, 0, true));
	post_all(fixture);
	assert_int_equal(fixture->fake.num_posted, 1);
}

static void a_broken_connection_loses_no_reading(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, 5, &no_limits);
	put(fixture, 0);
	fixture->fake.error = -ENOTCONN;
	assert_int_equal(session_post(&fixture->session), -ENOTCONN);
	assert_int_equal(session_post(&fixture->session), -ENOTCONN);
	fixture->fake.error = 0;
	store_rewind(fixture->store);
	begin(fixture, 5, &no_limits);
	assert_int_equal(num_waiting(fixture), 0);
	assert_int_equal(fixture->session.num_acknowledged, 1);
}

int main(void)
{
#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		SESSION_TEST(a_connection_opens_in_order),
		SESSION_TEST(after_a_change_only_what_is_news_is_said),
		SESSION_TEST(home_assistant_is_told_after_info_and_before_states),
		SESSION_TEST(
			after_a_birth_home_assistant_is_told_again_and_states_follow),
		SESSION_TEST(a_broker_that_refuses_a_subscription_is_still_of_use),
		SESSION_TEST(no_more_is_in_flight_than_the_broker_allows),
		SESSION_TEST(what_the_broker_cannot_do_is_not_asked_of_it),
		SESSION_TEST(states_are_retained_where_they_expire_or_as_configured),
		SESSION_TEST(
			a_state_expires_when_its_reading_is_stale_and_is_then_not_posted),
		SESSION_TEST(readings_that_waited_are_marked),
		SESSION_TEST(the_first_readings_of_all_do_not_count_as_waiting),
		SESSION_TEST(a_fresh_state_does_not_wait_behind_a_backlog),
		SESSION_TEST(a_backlog_is_not_held_up_by_a_state_for_each_reading),
		SESSION_TEST(a_reading_that_is_too_large_is_counted_and_forgotten),
		SESSION_TEST(readings_that_are_forbidden_wait_and_states_go_on),
		SESSION_TEST(a_reading_that_alone_is_refused_holds_nothing_up_for_ever),
		SESSION_TEST(a_quota_is_waited_for_with_states_and_all),
		SESSION_TEST(a_missing_acknowledgement_makes_the_connection_useless),
		SESSION_TEST(availability_is_told_when_it_changes_only),
		SESSION_TEST(a_broken_connection_loses_no_reading),
	};

	log_set_level(LOG_LEVEL_ERROR);
	stop_clock();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
