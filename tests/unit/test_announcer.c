/* SPDX-License-Identifier: MIT */
#include "publish/announcer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "publish/payload.h"
#include "unit/store_test.h"

enum { START_S = 1000 };

static char prefix[] = "ha", status_topic[] = "ha/status", base[] = "b", id[] = "g";
static char porch[] = "porch";
static struct config_sensor sensors[] = { { .id = porch, .name = porch } };
static const struct config config = {
	.gateway = { .id = id, .name = id },
	.mqtt.topic = base,
	.homeassistant = { .is_enabled = true,
			   .prefix = prefix,
			   .status_topic = status_topic },
	.sensors = sensors,
	.num_sensors = 1,
};
static const struct discovery_sensor facts[] = { { .driver = "d", .model = "m" } };

struct fixture {
	struct store *store;
	struct discovery discovery;
	struct announcer announcer;
	char topic[PAYLOAD_MAX_TOPIC];
	char payload[DISCOVERY_MAX_DOCUMENT];
};

static uint64_t at_ms(uint64_t ms)
{
	return START_S * CLOCK_NS_PER_S + ms * CLOCK_NS_PER_MS;
}

static enum announcer_step next(struct fixture *f, uint64_t now_ns)
{
	struct text topic, payload;

	text_init(&topic, f->topic, sizeof(f->topic));
	text_init(&payload, f->payload, sizeof(f->payload));
	return announcer_next(&f->announcer, now_ns, &topic, &payload);
}

static void begin(struct fixture *f)
{
	*f = (struct fixture){
		.store = new_store_in_memory(&config),
		.discovery = { .config = &config, .version = "1", .sensors = facts },
	};
	discovery_init(&f->discovery, "");
	f->announcer.discovery = &f->discovery;
	f->announcer.store = f->store;
	announcer_init(&f->announcer, 7);
	announcer_begin(&f->announcer, "A", at_ms(0));
}

static void end(struct fixture *f)
{
	announcer_finish(&f->announcer);
	store_free(f->store);
}

/* Until there is nothing to do. Returns how many devices were announced. */
static int run_until_idle(struct fixture *f, uint64_t now_ns)
{
	enum announcer_step step;
	int num_posted = 0;

	while ((step = next(f, now_ns)) != ANNOUNCER_NOTHING)
		num_posted += step == ANNOUNCER_POST;
	return num_posted;
}

static bool hear(struct fixture *f, const char *topic, const char *payload,
		 bool is_retained)
{
	return announcer_hear(&f->announcer, topic, payload, strlen(payload),
			      is_retained);
}

static void a_connection_opens_with_listening_then_all_devices(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(next(&f, at_ms(0)), ANNOUNCER_SUBSCRIBE);
	assert_string_equal(f.topic, "ha/status");
	assert_int_equal(next(&f, at_ms(0)), ANNOUNCER_SUBSCRIBE);
	assert_string_equal(f.topic, "ha/device/+/config");
	assert_int_equal(next(&f, at_ms(0)), ANNOUNCER_POST);
	assert_null(strstr(f.topic, "porch"));
	assert_int_equal(next(&f, at_ms(0)), ANNOUNCER_POST);
	assert_non_null(strstr(f.topic, "_porch/config"));
	assert_int_equal(next(&f, at_ms(0)), ANNOUNCER_NOTHING);
	assert_int_equal(announcer_due_ns(&f.announcer), at_ms(5000));
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_UNSUBSCRIBE);
	assert_string_equal(f.topic, "ha/device/+/config");
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_NOTHING);
	assert_true(announcer_due_ns(&f.announcer) == UINT64_MAX);
	announcer_begin(&f.announcer, "A", at_ms(9000));
	assert_int_equal(run_until_idle(&f, at_ms(9000)), 2);
	end(&f);
}

static void where_it_is_off_nothing_is_said(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	f.announcer.discovery = NULL;
	assert_int_equal(next(&f, at_ms(0)), ANNOUNCER_NOTHING);
	assert_true(announcer_due_ns(&f.announcer) == UINT64_MAX);
	assert_false(hear(&f, "ha/status", "online", false));
	end(&f);
}

static void all_is_announced_again_after_a_birth_and_states_follow(void **state)
{
	struct fixture f;
	uint64_t due_ns;

	(void)state;
	begin(&f);
	run_until_idle(&f, at_ms(0));
	run_until_idle(&f, at_ms(60000));
	assert_true(hear(&f, "ha/status", "online", false));
	assert_int_equal(run_until_idle(&f, at_ms(60000)), 0);
	due_ns = announcer_due_ns(&f.announcer);
	assert_in_range(due_ns, at_ms(61000), at_ms(65000));
	/* A second one changes nothing. */
	assert_true(hear(&f, "ha/status", "online", false));
	assert_int_equal(run_until_idle(&f, due_ns - 1), 0);
	assert_int_equal(announcer_due_ns(&f.announcer), due_ns);
	assert_int_equal(next(&f, due_ns), ANNOUNCER_POST);
	assert_int_equal(next(&f, due_ns), ANNOUNCER_POST);
	assert_int_equal(next(&f, due_ns), ANNOUNCER_NOTHING);
	due_ns = announcer_due_ns(&f.announcer);
	assert_int_equal(next(&f, due_ns), ANNOUNCER_REPEAT_STATES);
	assert_int_equal(next(&f, due_ns), ANNOUNCER_NOTHING);
	assert_true(announcer_due_ns(&f.announcer) == UINT64_MAX);
	end(&f);
}

static void announcements_keep_their_distance(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	run_until_idle(&f, at_ms(0));
	assert_true(hear(&f, "ha/status", "online", false));
	assert_int_equal(run_until_idle(&f, at_ms(10)), 0);
	assert_int_equal(run_until_idle(&f, at_ms(4999)), 0);
	assert_int_equal(run_until_idle(&f, at_ms(5011)), 2);
	end(&f);
}

static void only_a_live_online_is_a_birth(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_false(hear(&f, "ha/status", "online", true));
	assert_false(hear(&f, "ha/status", "offline", false));
	assert_false(hear(&f, "ha/status", "onlin", false));
	assert_false(hear(&f, "ha/status", "", false));
	assert_false(hear(&f, "ha/statu", "online", false));
	end(&f);
}

static void what_left_the_configuration_is_taken_back(void **state)
{
	struct fixture f;
	char topic[PAYLOAD_MAX_TOPIC], payload[256];

	(void)state;
	begin(&f);
	snprintf(topic, sizeof(topic), "ha/device/%s_shed/config", f.discovery.node);
	snprintf(payload, sizeof(payload),
		 "{\"origin\":{\"name\":\"pin2mqtt\",\"sw_version\":\"0\"},"
		 "\"device\":{\"identifiers\":[\"%s_shed\"]}}",
		 f.discovery.node);
	run_until_idle(&f, at_ms(0));
	/* Only what the broker has kept; a live one is somebody's doing now. */
	assert_false(hear(&f, topic, payload, false));
	assert_true(hear(&f, topic, payload, true));
	assert_int_equal(next(&f, at_ms(100)), ANNOUNCER_TAKE_BACK);
	assert_int_equal(f.announcer.taken_back, 0);
	assert_string_equal(f.topic, topic);
	assert_string_equal(f.payload, "");
	assert_int_equal(next(&f, at_ms(100)), ANNOUNCER_NOTHING);
	/* What is heard of an earlier connection is not acted upon. */
	assert_true(hear(&f, topic, payload, true));
	announcer_begin(&f.announcer, "A", at_ms(200));
	assert_int_equal(run_until_idle(&f, at_ms(200)), 2);
	assert_false(hear(&f, "ha/device/other/config", payload, true));
	end(&f);
}

static void a_change_is_announced_like_a_connection_but_at_a_distance(void **state)
{
	static char attic[] = "attic";
	static struct config_sensor after_sensors[] = { { .id = attic, .name = attic } };
	struct config after = config;
	struct discovery changed;
	struct fixture f;
	char topic[PAYLOAD_MAX_TOPIC], payload[DISCOVERY_MAX_DOCUMENT];
	struct text text;

	(void)state;
	begin(&f);
	run_until_idle(&f, at_ms(0));
	text_init(&text, topic, sizeof(topic));
	discovery_topic(&text, &f.discovery, 1);
	text_init(&text, payload, sizeof(payload));
	discovery_document(&text, &f.discovery, 1, 0);
	assert_false(hear(&f, topic, payload, true));
	changed = f.discovery;
	changed.config = &after;
	after.sensors = after_sensors;
	announcer_change(&f.announcer, &changed, at_ms(1000));
	assert_int_equal(next(&f, at_ms(1000)), ANNOUNCER_SUBSCRIBE);
	assert_int_equal(next(&f, at_ms(1000)), ANNOUNCER_SUBSCRIBE);
	assert_int_equal(next(&f, at_ms(4999)), ANNOUNCER_NOTHING);
	assert_int_equal(announcer_due_ns(&f.announcer), at_ms(5000));
	/* The broker tells again what it keeps, and now it is of a sensor that has left. */
	assert_true(hear(&f, topic, payload, true));
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_POST);
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_POST);
	assert_non_null(strstr(f.topic, "_attic/config"));
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_TAKE_BACK);
	assert_string_equal(f.topic, topic);
	assert_string_equal(f.payload, "");
	store_forget_announced(f.store, f.announcer.taken_back);
	assert_int_equal(next(&f, at_ms(7000)), ANNOUNCER_UNSUBSCRIBE);
	assert_int_equal(next(&f, at_ms(7000)), ANNOUNCER_REPEAT_STATES);
	assert_int_equal(next(&f, at_ms(7000)), ANNOUNCER_NOTHING);
	end(&f);
}

static void what_the_broker_does_not_tell_of_the_store_knows(void **state)
{
	struct fixture f;
	char shed[PAYLOAD_MAX_TOPIC];
	uint32_t number;

	(void)state;
	begin(&f);
	snprintf(shed, sizeof(shed), "ha/device/%s_shed/config", f.discovery.node);
	store_announce(f.store, "A", shed, 0);
	store_announce(f.store, "B", "ha/device/elsewhere/config", 0);
	store_announce(f.store, "A", "old/device/renamed/config", 0);
	/* First the broker may say so. */
	assert_int_equal(run_until_idle(&f, at_ms(0)), 2);
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_UNSUBSCRIBE);
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_TAKE_BACK);
	assert_string_equal(f.topic, shed);
	assert_string_equal(f.payload, "");
	number = f.announcer.taken_back;
	assert_int_equal(store_find_announced(f.store, "A", shed), number);
	store_forget_announced(f.store, number);
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_TAKE_BACK);
	assert_string_equal(f.topic, "old/device/renamed/config");
	assert_int_equal(next(&f, at_ms(5000)), ANNOUNCER_NOTHING);
	/* What was not acknowledged is taken back again, what was is not. */
	announcer_begin(&f.announcer, "A", at_ms(9000));
	assert_int_equal(run_until_idle(&f, at_ms(9000)), 2);
	assert_int_equal(next(&f, at_ms(14000)), ANNOUNCER_UNSUBSCRIBE);
	assert_int_equal(next(&f, at_ms(14000)), ANNOUNCER_TAKE_BACK);
	assert_string_equal(f.topic, "old/device/renamed/config");
	/* The other server is told when it is there. */
	announcer_begin(&f.announcer, "B", at_ms(20000));
	assert_int_equal(run_until_idle(&f, at_ms(20000)), 2);
	assert_int_equal(next(&f, at_ms(25000)), ANNOUNCER_UNSUBSCRIBE);
	assert_int_equal(next(&f, at_ms(25000)), ANNOUNCER_TAKE_BACK);
	assert_string_equal(f.topic, "ha/device/elsewhere/config");
	end(&f);
}

static void where_it_was_switched_off_all_is_taken_back(void **state)
{
	struct fixture f;
	int num_taken_back = 0;

	(void)state;
	begin(&f);
	assert_int_equal(run_until_idle(&f, at_ms(0)), 2);
	announcer_change(&f.announcer, NULL, at_ms(1000));
	while (next(&f, at_ms(1000)) == ANNOUNCER_TAKE_BACK) {
		assert_string_equal(f.payload, "");
		store_forget_announced(f.store, f.announcer.taken_back);
		num_taken_back++;
	}
	assert_int_equal(num_taken_back, 2);
	announcer_begin(&f.announcer, "A", at_ms(9000));
	assert_int_equal(next(&f, at_ms(9000)), ANNOUNCER_NOTHING);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_opens_with_listening_then_all_devices),
		cmocka_unit_test(where_it_is_off_nothing_is_said),
		cmocka_unit_test(all_is_announced_again_after_a_birth_and_states_follow),
		cmocka_unit_test(announcements_keep_their_distance),
		cmocka_unit_test(only_a_live_online_is_a_birth),
		cmocka_unit_test(what_left_the_configuration_is_taken_back),
		cmocka_unit_test(what_the_broker_does_not_tell_of_the_store_knows),
		cmocka_unit_test(where_it_was_switched_off_all_is_taken_back),
		cmocka_unit_test(
			a_change_is_announced_like_a_connection_but_at_a_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
