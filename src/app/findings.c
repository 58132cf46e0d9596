/* SPDX-License-Identifier: MIT */
#include "app/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A byte becomes six at the most: \u001f. */
enum { MAX_JSON = FINDING_MAX_TEXT * 6 + 3 };

static const char *const level_names[NUM_FINDING_LEVELS] = {
	[FINDING_OK] = "ok",
	[FINDING_WARNING] = "warning",
	[FINDING_PROBLEM] = "problem",
};

void findings_begin(struct findings *findings, bool is_json)
{
	*findings = (struct findings){ .is_json = is_json };
	if (is_json)
		fputs("{\"findings\":[", stdout);
}

static uint32_t num_all(const struct findings *findings)
{
	uint32_t num = 0;

	for (int i = 0; i < NUM_FINDING_LEVELS; i++)
		num += findings->counts[i];
	return num;
}

static void print_json_text(const char *key, const char *value)
{
	char data[MAX_JSON];
	struct text text;

	if (!value)
		return;
	text_init(&text, data, sizeof(data));
	text_add_json(&text, value);
	printf(",\"%s\":%s", key, data);
}

static void print_json(const struct finding *finding, const char *what, const char *mend)
{
	printf("\n{\"id\":\"%s\",\"level\":\"%s\"", finding->id,
	       level_names[finding->level]);
	print_json_text("what", what);
	print_json_text("why", finding->why);
	print_json_text("mend", mend);
	putchar('}');
}

static void print_text(const struct finding *finding, const char *what, const char *mend)
{
	printf("%-8s %s\n", level_names[finding->level], what);
	if (finding->why)
		printf("%8s why:  %s\n", "", finding->why);
	if (mend)
		printf("%8s mend: %s\n", "", mend);
}

void findings_add(struct findings *findings, const struct finding *finding,
		  const char *mend, const char *format, ...)
{
	char what[FINDING_MAX_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (findings->is_json && num_all(findings) > 0)
		putchar(',');
	findings->counts[finding->level]++;
	if (findings->is_json)
		print_json(finding, what, mend);
	else
		print_text(finding, what, mend);
	fflush(stdout); /* the next may take a minute */
}

void findings_end(const struct findings *findings)
{
	uint32_t num_problems = findings->counts[FINDING_PROBLEM];
	uint32_t num_warnings = findings->counts[FINDING_WARNING];

	if (findings->is_json)
		printf("\n],\"problems\":%u,\"warnings\":%u}\n", num_problems,
		       num_warnings);
	else
		printf("\n%u problem%s, %u warning%s\n", num_problems,
		       num_problems == 1 ? "" : "s", num_warnings,
		       num_warnings == 1 ? "" : "s");
}
