/* SPDX-License-Identifier: MIT */
#include "metrics/accept.h"

#include <stddef.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"

static bool prefers(const char *accept)
{
	return accept_prefers(accept, "application/openmetrics-text", "text/plain");
}

static void who_prefers_it_gets_it(void **state)
{
	static const char *const accepts[] = {
		/* Prometheus 2.42 */
		("application/openmetrics-text;version=1.0.0,"
		 "application/openmetrics-text;version=0.0.1;q=0.75,"
		 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
		"application/openmetrics-text",
		"text/plain;q=0.5, application/openmetrics-text; version=1.0.0; q=0.6",
		"Application/OpenMetrics-Text",
		"*/*;q=0.1,application/openmetrics-text;q=0.2",
	};

	(void)state;
	for (size_t i = 0; i < array_length(accepts); i++)
		assert_true(prefers(accepts[i]));
}

static void others_get_the_fallback(void **state)
{
	static const char *const accepts[] = {
		"",
		"*/*",
		"text/plain",
		"text/html,application/xhtml+xml,*/*;q=0.8",
		"application/*",
		"application/openmetrics-text;q=0",
		"application/openmetrics-text;q=0.4,text/plain;q=0.5",
		"application/openmetrics-text;q=0.4,text/*;q=0.5",
		"application/openmetrics-textx",
		"application/openmetrics",
		"xapplication/openmetrics-text",
		";;;,,,;q=,q",
	};

	(void)state;
	for (size_t i = 0; i < array_length(accepts); i++)
		assert_false(prefers(accepts[i]));
	assert_false(prefers(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_prefers_it_gets_it),
		cmocka_unit_test(others_get_the_fallback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
