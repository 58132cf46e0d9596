/* SPDX-License-Identifier: MIT */
/* Any method, path, headers and arguments, a line each: an answer has a status and a length that is its
 * own, nothing of the gateway is told to who lacks the token, and nothing is held after it. */
#include <stdlib.h>
#include <string.h>

#include "metrics/answer.h"
#include "unit/metrics_test.h"

enum { MAX_BYTES = 4096, NUM_LINES = 9, NUM_PAST = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes);

static void check(const struct ask *ask, struct site *site, struct test_gateway *gateway)
{
	struct answer answer;

	answer_make(site, ask, &answer);
	if (gateway->num_held != 0 || answer.status < 200 || answer.status > 599 ||
	    !answer.type)
		abort();
	if (!answer.is_stream && !answer.is_page &&
	    strlen(answer.body ? answer.body : answer.words) != answer.num_bytes)
		abort();
	if (answer.status == 200 && (answer.body || answer.is_stream) &&
	    !access_has_token(&site->rules, ask->authorization))
		abort();
	if (answer.status == 200 && !access_is_our_host(&site->rules, ask->host))
		abort();
	free(answer.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes)
{
	static const char *const hosts[] = { "greenhouse.lan" };
	char text[MAX_BYTES + 1];
	const char *lines[NUM_LINES] = { "", "" };
	char *rest = text;
	struct test_gateway gateway;
	struct summary past[NUM_PAST];

	if (num_bytes > MAX_BYTES)
		return 0;
	memcpy(text, data, num_bytes);
	text[num_bytes] = '\0';
	for (size_t i = 0; i < NUM_LINES && rest; i++)
		lines[i] = strsep(&rest, "\n");
	test_gateway_init(&gateway);
	for (size_t i = 0; i < NUM_PAST; i++) {
		summary_of_reading(&gateway.sensors[0].reading, &past[i]);
		past[i].wall_ms += (int64_t)(i * i * i) * 1000;
		past[i].num_readings = i % 2 ? 1 : SUMMARY_MAX_READINGS;
	}
	gateway.past = past;
	gateway.num_past = NUM_PAST;

	const struct ask ask = {
		.method = lines[0],
		.path = lines[1],
		.host = lines[2],
		.authorization = lines[3],
		.accept = lines[4],
		.query = { lines[5], lines[6], lines[7] },
		.if_none_match = lines[8],
	};
	struct site site = {
		.source = test_gateway_source(&gateway),
		.rules = { "0123456789abcdef", hosts, 1, "shed" },
	};

	check(&ask, &site, &gateway);
	site.rules.token = NULL;
	check(&ask, &site, &gateway);
	return 0;
}
