/* SPDX-License-Identifier: MIT */
/* Any method, path and headers, a line each: an answer has a status and a length that is its
 * own, nothing of the gateway is told to who lacks the token, and nothing is held after it. */
#include <stdlib.h>
#include <string.h>

#include "metrics/answer.h"
#include "unit/metrics_test.h"

enum { MAX_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t num_bytes);

static void check(const struct ask *ask, struct site *site, struct test_gateway *gateway)
{
	struct answer answer;

	answer_make(site, ask, &answer);
	if (gateway->num_held != 0 || answer.status < 200 || answer.status > 599 ||
	    !answer.type)
		abort();
	if (!answer.is_stream &&
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
	const char *lines[5] = { "", "", NULL, NULL, NULL };
	char *rest = text;
	struct test_gateway gateway;

	if (num_bytes > MAX_BYTES)
		return 0;
	memcpy(text, data, num_bytes);
	text[num_bytes] = '\0';
	for (size_t i = 0; i < 5 && rest; i++)
		lines[i] = strsep(&rest, "\n");
	test_gateway_init(&gateway);

	const struct ask ask = { lines[0], lines[1], lines[2], lines[3], lines[4] };
	struct site site = {
		.source = test_gateway_source(&gateway),
		.rules = { "0123456789abcdef", hosts, 1, "shed" },
	};

	check(&ask, &site, &gateway);
	site.rules.token = NULL;
	check(&ask, &site, &gateway);
	return 0;
}
