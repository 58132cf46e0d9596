/* SPDX-License-Identifier: MIT */
#include "metrics/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"
#include "unit/metrics_test.h"

struct fixture {
	struct test_gateway gateway;
	struct site site;
	struct answer answer;
};

static void begin(struct fixture *f, const char *token)
{
	test_gateway_init(&f->gateway);
	f->site = (struct site){
		.source = test_gateway_source(&f->gateway),
		.rules = { .token = token, .machine = "shed" },
	};
	f->answer = (struct answer){ .body = NULL };
}

static unsigned ask_with(struct fixture *f, const struct ask *ask)
{
	free(f->answer.body);
	answer_make(&f->site, ask, &f->answer);
	assert_int_equal(f->gateway.num_held, 0);
	return f->answer.status;
}

static unsigned ask(struct fixture *f, const char *path)
{
	const struct ask get = { .method = "GET", .path = path, .host = "localhost" };

	return ask_with(f, &get);
}

static const char *said(const struct fixture *f)
{
	return f->answer.body ? f->answer.body : f->answer.words;
}

static void end(struct fixture *f)
{
	free(f->answer.body);
}

static void health_and_readiness_are_two_things(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	assert_int_equal(ask(&f, "/healthz"), 200);
	assert_int_equal(ask(&f, "/readyz"), 200);
	f.gateway.snapshot.mqtt.is_connected = false;
	assert_int_equal(ask(&f, "/healthz"), 200);
	assert_int_equal(ask(&f, "/readyz"), 503);
	f.gateway.snapshot.mqtt.is_connected = true;
	f.gateway.snapshot.is_healthy = false;
	assert_int_equal(ask(&f, "/healthz"), 503);
	assert_int_equal(ask(&f, "/readyz"), 200);
	end(&f);
}

static void status_tells_of_gateway_and_sensors(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	assert_int_equal(ask(&f, "/api/status"), 200);
	assert_string_equal(f.answer.type, "application/json");
	assert_non_null(strstr(said(&f), "{\"gateway\":{\"id\":\"greenhouse\","));
	assert_non_null(strstr(said(&f), "\"units\":{\"temperature\":\"°C\","));
	assert_non_null(
		strstr(said(&f), "\"mqtt\":{\"connected\":true,\"version\":\"5\""));
	assert_non_null(strstr(said(&f), "\"reading\":{\"ts\":\"2026-11-22T"));
	assert_non_null(strstr(said(&f), "\"temperature\":-0.4,\"humidity\":48.3}"));
	assert_non_null(strstr(said(&f), "\"reading\":null,\"verdict\":\"no_response\""));
	assert_int_equal(f.answer.num_bytes, strlen(said(&f)));
	end(&f);
}

static void an_answer_grows_until_all_of_it_fits(void **state)
{
	enum { NUM_BYTES = 100000 };
	struct fixture f;
	char *name = malloc(NUM_BYTES + 1);

	(void)state;
	assert_non_null(name);
	memset(name, 'x', NUM_BYTES);
	name[NUM_BYTES] = '\0';
	begin(&f, NULL);
	f.gateway.sensors[1].name = name;
	assert_int_equal(ask(&f, "/api/status"), 200);
	assert_true(f.answer.num_bytes > NUM_BYTES);
	assert_int_equal(said(&f)[f.answer.num_bytes - 1], '}');
	end(&f);
	free(name);
}

static void history_is_that_of_a_sensor(void **state)
{
	struct ask get = { .method = "GET",
			   .path = "/api/sensors/porch/history",
			   .host = "localhost",
			   .query = { "1795327190000", "1795327200000", "10" } };
	struct fixture f;
	struct summary summary;

	(void)state;
	begin(&f, NULL);
	summary_of_reading(&f.gateway.sensors[0].reading, &summary);
	f.gateway.past = &summary;
	f.gateway.num_past = 1;
	assert_int_equal(ask_with(&f, &get), 200);
	assert_string_equal(f.answer.type, "application/json");
	assert_string_equal(said(&f), "{\"sensor\":\"porch\",\"ts\":[1795327190.123],"
				      "\"values\":{\"temperature\":[-0.4],\"humidity\":"
				      "[48.3]}}");
	get.query.points = "none";
	assert_int_equal(ask_with(&f, &get), 400);
	assert_string_equal(said(&f), "points: not a number from 1 to 5000\n");
	assert_int_equal(ask(&f, "/api/sensors/none/history"), 404);
	f.gateway.recall_error = -ETIMEDOUT;
	assert_int_equal(ask(&f, "/api/sensors/porch/history"), 503);
	assert_string_equal(said(&f), "the disk is slow, ask again\n");
	f.gateway.recall_error = -ENOMEM;
	assert_int_equal(ask(&f, "/api/sensors/porch/history"), 503);
	end(&f);
}

static void no_memory_is_said(void **state)
{
	static const char *const paths[] = { "/metrics", "/api/status", "/healthz",
					     "/readyz" };
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	f.gateway.has_no_memory = true;
	for (size_t i = 0; i < array_length(paths); i++)
		assert_int_equal(ask(&f, paths[i]), 503);
	end(&f);
}

static void frames_are_those_of_a_sensor(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	assert_int_equal(ask(&f, "/api/sensors/porch/frames"), 200);
	assert_string_equal(said(&f), "[]");
	assert_int_equal(ask(&f, "/api/sensors/cellar/frames"), 404);
	end(&f);
}

static void there_is_nothing_elsewhere(void **state)
{
	static const char *const paths[] = {
		"",
		"/metrics/",
		"/Metrics",
		"//metrics",
		"/../metrics",
		"/api",
		"/page",
		"/page/",
		"/page/../metrics",
		"/page/index.html",
		"/page/uplot/uPlot.min.css",
		"/api/sensors//frames",
		"/api/sensors/porch",
		"/api/sensors/porch/frames/",
		"/api/sensors/porch/frames/x",
		"/api/sensors/../porch/frames",
		"/api/sensors/frames",
		"/etc/passwd",
		("/api/sensors/"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "/frames"),
	};
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	for (size_t i = 0; i < array_length(paths); i++)
		assert_int_equal(ask(&f, paths[i]), 404);
	assert_int_equal(f.site.num_answers, array_length(paths));
	assert_int_equal(f.site.num_refusals, array_length(paths));
	end(&f);
}

static void nothing_can_be_changed(void **state)
{
	static const char *const methods[] = {
		"POST", "PUT", "DELETE", "PATCH", "get", ""
	};
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	for (size_t i = 0; i < array_length(methods); i++) {
		const struct ask other = { .method = methods[i],
					   .path = "/metrics",
					   .host = "localhost" };

		assert_int_equal(ask_with(&f, &other), 405);
	}
	end(&f);
}

static void another_name_is_refused_everywhere(void **state)
{
	struct ask other = { .method = "GET",
			     .path = "/healthz",
			     .host = "evil.example" };
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	assert_int_equal(ask_with(&f, &other), 421);
	other.path = "/metrics";
	assert_int_equal(ask_with(&f, &other), 421);
	other.host = NULL;
	assert_int_equal(ask_with(&f, &other), 421);
	assert_null(strstr(said(&f), "evil"));
	end(&f);
}

static void the_token_guards_all_but_health_and_readiness(void **state)
{
	static const char *const guarded[] = { "/metrics", "/api/status", "/api/events",
					       "/api/sensors/porch/frames", "/nothing" };
	struct ask shown = { .method = "GET",
			     .host = "shed.local",
			     .authorization = "Bearer 0123456789abcdef" };
	struct fixture f;

	(void)state;
	begin(&f, "0123456789abcdef");
	assert_int_equal(ask(&f, "/healthz"), 200);
	assert_int_equal(ask(&f, "/readyz"), 200);
	for (size_t i = 0; i < array_length(guarded); i++) {
		assert_int_equal(ask(&f, guarded[i]), 401);
		shown.path = guarded[i];
		assert_int_not_equal(ask_with(&f, &shown), 401);
	}
	end(&f);
}

static void the_page_is_shown_without_a_token(void **state)
{
	static const char *const paths[] = { "/", "/page/main.js", "/page/uplot.css" };
	struct fixture f;

	(void)state;
	begin(&f, "0123456789abcdef");
	for (size_t i = 0; i < array_length(paths); i++) {
		assert_int_equal(ask(&f, paths[i]), 200);
		assert_true(f.answer.is_page);
	}
	assert_string_equal(f.answer.type, "text/css; charset=utf-8");
	end(&f);
}

static void a_page_that_is_known_is_not_sent_again(void **state)
{
	char tag[PAGE_MAX_TAG];
	struct ask again = { .method = "GET", .path = "/", .host = "localhost" };
	struct fixture f;

	(void)state;
	begin(&f, NULL);
	assert_int_equal(ask(&f, "/"), 200);
	memcpy(tag, f.answer.tag, sizeof(tag));
	again.if_none_match = tag;
	assert_int_equal(ask_with(&f, &again), 304);
	assert_int_equal(f.answer.num_bytes, 0);
	assert_string_equal(f.answer.tag, tag);
	again.path = "/page/main.js";
	assert_int_equal(ask_with(&f, &again), 200);
	assert_int_equal(f.site.num_refusals, 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health_and_readiness_are_two_things),
		cmocka_unit_test(status_tells_of_gateway_and_sensors),
		cmocka_unit_test(an_answer_grows_until_all_of_it_fits),
		cmocka_unit_test(history_is_that_of_a_sensor),
		cmocka_unit_test(no_memory_is_said),
		cmocka_unit_test(frames_are_those_of_a_sensor),
		cmocka_unit_test(there_is_nothing_elsewhere),
		cmocka_unit_test(nothing_can_be_changed),
		cmocka_unit_test(another_name_is_refused_everywhere),
		cmocka_unit_test(the_page_is_shown_without_a_token),
		cmocka_unit_test(a_page_that_is_known_is_not_sent_again),
		cmocka_unit_test(the_token_guards_all_but_health_and_readiness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
