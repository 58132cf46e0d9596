/* SPDX-License-Identifier: MIT */
#include "config/expand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_test.h"

static int set_variables(void **state)
{
	(void)state;
	setenv("P2M_HOST", "broker.lan", 1);
	setenv("P2M_EMPTY", "", 1);
	setenv("P2M_TRICK", "${P2M_HOST}", 1);
	unsetenv("P2M_NONE");
	return 0;
}

static void variables_are_put_in(void **state)
{
	static const struct {
		const char *text;
		const char *expanded;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "mqtt://${P2M_HOST}:1883", "mqtt://broker.lan:1883" },
		{ "${P2M_HOST}${P2M_HOST}", "broker.lanbroker.lan" },
		{ "[${P2M_EMPTY}]", "[]" },
		{ "${P2M_NONE:-x y}", "x y" },
		{ "${P2M_EMPTY:-x}", "x" },
		{ "${P2M_HOST:-x}", "broker.lan" },
		{ "${P2M_NONE:-}", "" },
		{ "${P2M_NONE:-${P2M_EMPTY:-${P2M_HOST}}}!", "broker.lan!" },
		{ "${P2M_HOST:?say where}", "broker.lan" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char data[256], *out;
		struct text complaint;

		text_init(&complaint, data, sizeof(data));
		assert_int_equal(expand_text(rows[i].text, &complaint, &out), 0);
		assert_string_equal(out, rows[i].expanded);
		free(out);
	}
}

static void what_is_no_variable_stays(void **state)
{
	static const struct {
		const char *text;
		const char *expanded;
	} rows[] = {
		{ "pa$$word$", "pa$$word$" },
		{ "$P2M_HOST", "$P2M_HOST" },
		{ "$${P2M_HOST}", "${P2M_HOST}" },
		{ "$$${P2M_HOST}", "$${P2M_HOST}" },
		{ "$${", "${" },
		/* What a variable holds is not expanded again. */
		{ "${P2M_TRICK}", "${P2M_HOST}" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char data[256], *out;
		struct text complaint;

		text_init(&complaint, data, sizeof(data));
		assert_int_equal(expand_text(rows[i].text, &complaint, &out), 0);
		assert_string_equal(out, rows[i].expanded);
		free(out);
	}
}

static void what_cannot_be_put_in_is_said(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} rows[] = {
		{ "${P2M_NONE}", "P2M_NONE, which is not set" },
		{ "${P2M_NONE:?say where}", "not set: say where" },
		{ "${P2M_EMPTY:?say where}", "P2M_EMPTY, which is empty: say where" },
		{ "${P2M_HOST", "without its \"}\"" },
		{ "${}", "none of" },
		{ "${1A}", "none of" },
		{ "${P2M_HOST-x}", "none of" },
		{ "${P2M_HOST:+x}", "none of" },
		{ "${P2M HOST}", "none of" },
		{ "${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-x}}}}}}}}}}",
		  "deeper" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char data[256], *out;
		struct text complaint;

		text_init(&complaint, data, sizeof(data));
		assert_int_equal(expand_text(rows[i].text, &complaint, &out), -EINVAL);
		assert_non_null(strstr(data, rows[i].part));
	}
}

static void an_expanded_text_is_bounded(void **state)
{
	char *large = malloc(EXPAND_MAX_BYTES + 1);
	char data[256], *out;
	struct text complaint;

	(void)state;
	memset(large, 'x', EXPAND_MAX_BYTES);
	large[EXPAND_MAX_BYTES] = '\0';
	setenv("P2M_LARGE", large, 1);
	text_init(&complaint, data, sizeof(data));
	assert_int_equal(expand_text("${P2M_LARGE}", &complaint, &out), 0);
	free(out);
	assert_int_equal(expand_text("${P2M_LARGE}x", &complaint, &out), -EINVAL);
	assert_non_null(strstr(data, "longer than 65536 bytes"));
	unsetenv("P2M_LARGE");
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_are_put_in),
		cmocka_unit_test(what_is_no_variable_stays),
		cmocka_unit_test(what_cannot_be_put_in_is_said),
		cmocka_unit_test(an_expanded_text_is_bounded),
	};

	return cmocka_run_group_tests(tests, set_variables, NULL);
}
