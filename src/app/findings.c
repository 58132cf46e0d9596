/* SPDX-License-Identifier: MIT */
#include "app/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

/* A byte becomes six at the most: \u001f. */
enum { MAX_JSON = FINDING_MAX_TEXT * 6 + 3 };

static const char *const level_names[NUM_FINDING_LEVELS] = {
	[FINDING_OK] = "ok",
	[FINDING_WARNING] = "warning",
	[FINDING_PROBLEM] = "problem",
};

void findings_begin(struct findings *findings, enum findings_form form)
{
	*findings = (struct findings){ .form = form };
	if (form == FINDINGS_JSON)
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

static void print_log(const struct finding *finding, const char *what, const char *mend)
{
	if (finding->level != FINDING_OK)
		log_warning("%s finding=%s: %s: %s", what, finding->id, finding->why,
			    mend);
}

void findings_add(struct findings *findings, const struct finding *finding,
		  const char *mend, const char *format, ...)
{
	char what[FINDING_MAX_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (findings->form == FINDINGS_JSON && num_all(findings) > 0)
		putchar(',');
	findings->counts[finding->level]++;
	switch (findings->form) {
	case FINDINGS_TEXT:
		print_text(finding, what, mend);
		break;
	case FINDINGS_JSON:
		print_json(finding, what, mend);
		break;
	case FINDINGS_LOG:
		print_log(finding, what, mend);
		break;
	}
	fflush(stdout); /* the next may take a minute */
}

void findings_end(const struct findings *findings)
{
	uint32_t num_problems = findings->counts[FINDING_PROBLEM];
	uint32_t num_warnings = findings->counts[FINDING_WARNING];

	if (findings->form == FINDINGS_JSON)
		printf("\n],\"problems\":%u,\"warnings\":%u}\n", num_problems,
		       num_warnings);
	else
		printf("\n%u problem%s, %u warning%s\n", num_problems,
		       num_problems == 1 ? "" : "s", num_warnings,
		       num_warnings == 1 ? "" : "s");
}
