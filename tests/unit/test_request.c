/* SPDX-License-Identifier: MIT */
#include "publish/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "publish/mailbox.h"
#include "publish/request_box.h"
#include "unit/cmocka_test.h"

static struct request request;
static char error[REQUEST_MAX_ERROR];

static int parse(enum request_verb verb, const char *json)
{
	error[0] = '\0';
	return request_parse(verb, json, strlen(json), &request, error);
}

static void each_verb_takes_its_members_and_no_others(void **state)
{
	(void)state;
	assert_int_equal(parse(REQUEST_READ,
			       "{\"transaction\":\"7\",\"sensor\":\"porch\"}"),
			 0);
	assert_string_equal(request.transaction, "7");
	assert_string_equal(request.sensor_id, "porch");
	assert_int_equal(parse(REQUEST_CAPTURE, " {\"sensor\":\"a\"}\r\n"), 0);
	assert_int_equal(request.num_frames, 1);
	assert_int_equal(parse(REQUEST_CAPTURE, "{\"sensor\":\"a\",\"frames\":4}"), 0);
	assert_int_equal(request.num_frames, 4);
	assert_int_equal(parse(REQUEST_RELOAD, ""), 0);
	assert_string_equal(request.transaction, "");
	assert_int_equal(parse(REQUEST_LOG_LEVEL, "{\"level\":\"debug\"}"), 0);
	assert_int_equal(request.level, LOG_LEVEL_DEBUG);
	assert_int_equal(parse(REQUEST_RELOAD, "{\"sensor\":\"porch\"}"), -EINVAL);
	assert_string_equal(error, "sensor is not known here");
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		enum request_verb verb;
		const char *json, *error;
	} rows[] = {
		{ REQUEST_READ, "", "sensor is missing: which one?" },
		{ REQUEST_LOG_LEVEL, "{}", "level is missing: which one?" },
		{ REQUEST_LOG_LEVEL, "{\"level\":\"loud\"}",
		  "level must be error, warning, info or debug" },
		{ REQUEST_READ, "PRESS", "that is no JSON" },
		{ REQUEST_READ, "{\"sensor\":\"a\"} {}", "that is no JSON" },
		{ REQUEST_READ, "[1]", "a JSON object is wanted" },
		{ REQUEST_READ, "{\"sensor\":4}",
		  "sensor must be a text of at most 64 bytes" },
		{ REQUEST_CAPTURE, "{\"sensor\":\"a\",\"frames\":5}",
		  "frames must be a whole number, 1 to 4" },
		{ REQUEST_CAPTURE, "{\"sensor\":\"a\",\"frames\":1.5}",
		  "frames must be a whole number, 1 to 4" },
		{ REQUEST_CAPTURE, "{\"sensor\":\"a\",\"frames\":-1e300}",
		  "frames must be a whole number, 1 to 4" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		assert_int_equal(parse(rows[i].verb, rows[i].json), -EINVAL);
		assert_string_equal(error, rows[i].error);
	}
}

static void a_long_one_is_refused_and_a_wrong_one_keeps_its_transaction(void **state)
{
	char json[REQUEST_MAX_BYTES + 2];

	(void)state;
	memset(json, ' ', sizeof(json) - 1);
	json[sizeof(json) - 1] = '\0';
	memcpy(json, "{}", 2);
	assert_int_equal(parse(REQUEST_RELOAD, json), -EINVAL);
	assert_string_equal(error, "the request is longer than 1024 bytes");
	json[sizeof(json) - 2] = '\0';
	assert_int_equal(parse(REQUEST_RELOAD, json), 0);
	assert_int_equal(parse(REQUEST_READ,
			       "{\"bogus\":1,\"sensor\":2,\"transaction\":\"t\"}"),
			 -EINVAL);
	assert_string_equal(error, "bogus is not known here");
	assert_string_equal(request.transaction, "t");
}

static void answers_are_json_whatever_they_repeat(void **state)
{
	char data[512];
	struct text text;

	(void)state;
	assert_int_equal(parse(REQUEST_READ, "{\"transaction\":\"\\\"q\\\"\\n\","
					     "\"sensor\":\"porch\"}"),
			 0);
	text_init(&text, data, sizeof(data));
	request_accept(&text, &request);
	assert_string_equal(data,
			    "{\"transaction\":\"\\\"q\\\"\\u000a\",\"status\":\"ok\","
			    "\"sensor\":\"porch\"");
	assert_int_equal(parse(REQUEST_RELOAD, ""), 0);
	text_init(&text, data, sizeof(data));
	request_refuse(&text, &request, "a \"b\"");
	assert_string_equal(data, "{\"status\":\"error\",\"error\":\"a \\\"b\\\"\"}");
}

static char base[] = "b", gateway[] = "g";

static struct config config_with(bool takes_requests)
{
	return (struct config){
		.gateway.id = gateway,
		.mqtt = { .topic = base, .takes_requests = takes_requests },
	};
}

static bool hear(struct request_box *box, const char *topic, const char *payload,
		 bool is_retained)
{
	return request_box_hear(box, topic, payload, strlen(payload), is_retained);
}

static void only_live_requests_of_this_gateway_are_heard(void **state)
{
	const struct config on = config_with(true), off = config_with(false);
	struct request_box box;
	char data[PAYLOAD_MAX_TOPIC];
	struct text filter;

	(void)state;
	text_init(&filter, data, sizeof(data));
	request_box_init(&box, &off);
	assert_false(request_box_filter(&box, &filter));
	assert_false(hear(&box, "b/g/request/reload", "", false));
	request_box_change(&box, &on);
	text_init(&filter, data, sizeof(data));
	assert_true(request_box_filter(&box, &filter));
	assert_string_equal(data, "b/g/request/+");
	assert_false(hear(&box, "b/h/request/reload", "", false));
	assert_false(hear(&box, "b/g/request/explode", "", false));
	assert_false(hear(&box, "b/g/request/", "", false));
	assert_true(hear(&box, "b/g/request/reload", "", true));
	assert_int_equal(request_box_take(&box, 1, &request, error), REQUEST_FATE_NONE);
	assert_true(hear(&box, "b/g/request/reload", "", false));
	assert_int_equal(request_box_take(&box, 1, &request, error), REQUEST_FATE_OBEY);
	assert_int_equal(request.verb, REQUEST_RELOAD);
}

static void too_many_are_refused_once_and_then_passed_over(void **state)
{
	const struct config on = config_with(true);
	struct request_box box;
	uint64_t now_ns = 1000 * CLOCK_NS_PER_S;
	int num[3] = { 0 };

	(void)state;
	request_box_init(&box, &on);
	for (int i = 0; i < 30; i++) {
		(void)hear(&box, "b/g/request/reload", "", false);
		num[request_box_take(&box, now_ns, &request, error)]++;
	}
	assert_int_equal(num[REQUEST_FATE_OBEY], 10);
	assert_int_equal(num[REQUEST_FATE_REFUSE], 1);
	now_ns += 600 * CLOCK_NS_PER_MS;
	for (int i = 0; i < 3; i++) {
		(void)hear(&box, "b/g/request/reload", "", false);
		num[request_box_take(&box, now_ns, &request, error)]++;
	}
	assert_int_equal(num[REQUEST_FATE_OBEY], 11);
	assert_int_equal(num[REQUEST_FATE_REFUSE], 2);
}

static void mail_is_taken_in_order_and_news_are_the_newest(void **state)
{
	struct mailbox box;
	struct mail mail;
	int num_put = 0;

	(void)state;
	mailbox_init(&box);
	assert_true(mailbox_put_news(&box, "health", "1"));
	assert_true(mailbox_put(&box, "a", "2"));
	assert_true(mailbox_put_news(&box, "health", "3"));
	while (mailbox_put(&box, "a", "more"))
		num_put++;
	assert_int_equal(num_put, MAILBOX_MAX - 2);
	assert_true(mailbox_take(&box, &mail));
	assert_string_equal(mail.payload, "2");
	assert_int_equal(mail.qos, 1);
	free(mail.payload);
	assert_true(mailbox_take(&box, &mail));
	assert_string_equal(mail.payload, "3");
	assert_int_equal(mail.qos, 0);
	free(mail.payload);
	mailbox_finish(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verb_takes_its_members_and_no_others),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(
			a_long_one_is_refused_and_a_wrong_one_keeps_its_transaction),
		cmocka_unit_test(answers_are_json_whatever_they_repeat),
		cmocka_unit_test(only_live_requests_of_this_gateway_are_heard),
		cmocka_unit_test(too_many_are_refused_once_and_then_passed_over),
		cmocka_unit_test(mail_is_taken_in_order_and_news_are_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
