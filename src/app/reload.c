/* SPDX-License-Identifier: MIT */
#include "app/reload.h"

#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "base/log.h"
#include "base/text.h"
#include "config/compare.h"

enum { MAX_ANSWER = 8 * 1024 };

int reload_start(struct reload *reload, struct config *config)
{
	int error;

	*reload = (struct reload){ .config = config };
	error = wake_open(&reload->news);
	if (!error)
		error = pipeline_start(config, &reload->news, &reload->pipeline);
	if (error) {
		wake_close(&reload->news);
		config_free(config);
	}
	return error;
}

bool reload_stop(struct reload *reload)
{
	if (!pipeline_stop(reload->pipeline))
		return false;
	wake_close(&reload->news);
	config_free(reload->next);
	config_free(reload->config);
	return true;
}

/* "...,"errors":["12:11: sensors[2].pin: ..."]", as many as fit */
static void add_findings(struct text *out, const struct config_errors *errors)
{
	const char *comma = "";

	text_add(out, ",\"errors\":[");
	for (size_t i = 0; i < errors->num_items; i++) {
		const struct config_error *error = &errors->items[i];
		char data[1024];
		struct text line;

		text_init(&line, data, sizeof(data));
		text_add(&line, "%u:%u: %s%s%s", error->line, error->column, error->path,
			 *error->path ? ": " : "", error->text);
		/* Quotes may take twice the room, and the end of the answer has its own. */
		if (error->is_warning ||
		    out->length + 2 * line.length + 16 > out->size_bytes)
			continue;
		text_add(out, "%s", comma);
		text_add_json(out, data);
		comma = ",";
	}
	text_add(out, "]");
}

/* Answers who asked over the broker. why: NULL: it is done. errors: of the file, or NULL. */
static void answer(struct reload *reload, const char *why,
		   const struct config_errors *errors)
{
	char *data = reload->is_requested ? malloc(MAX_ANSWER) : NULL;
	struct text text;

	reload->is_requested = false;
	if (!data)
		return;
	text_init(&text, data, MAX_ANSWER);
	if (why) {
		request_refuse(&text, &reload->request, why);
		/* The members go before the brace. */
		text.length--;
		if (errors)
			add_findings(&text, errors);
	} else {
		request_accept(&text, &reload->request);
		text_add(&text, ",\"changed\":");
		text_add_json(&text, reload->changed);
	}
	text_add(&text, "}");
	pipeline_answer(reload->pipeline, REQUEST_RELOAD, data);
	free(data);
}

/* NULL where it cannot be used; why is said. */
static struct config *load(struct reload *reload)
{
	const char *path = reload->config->path;
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int error = config_load(path, command_driver_facts(), &config, &errors);

	command_log_errors(path, &errors);
	pipeline_set_reload_refused(reload->pipeline, error != 0);
	if (error) {
		log_again(LOG_LEVEL_ERROR,
			  "not reloaded, the old configuration stays errors=%zu",
			  errors.num_errors);
		answer(reload, "not reloaded: the file has errors", &errors);
	}
	config_errors_finish(&errors);
	return error ? NULL : config;
}

/* Keys that are read once. */
static void warn_of_late_keys(const struct config *before, const struct config *after)
{
	char data[RELOAD_MAX_CHANGED];
	struct text changed;

	bool is_same;

	text_init(&changed, data, sizeof(data));
	is_same = compare_keys("store", before, after, &changed);
	is_same &= compare_keys("http", before, after, &changed);
	if (!is_same)
		log_again(LOG_LEVEL_WARNING, "takes effect at the next start: %s", data);
}

/* Whether it makes a difference; what that is goes into `changed`. */
static bool is_other(struct reload *reload, const struct config *next)
{
	struct text changed;

	text_init(&changed, reload->changed, sizeof(reload->changed));
	if (!compare_configs(reload->config, next, &changed)) {
		log_info("nothing to reload: the configuration is the same");
		return false;
	}
	log_info("reloading changed=\"%s%s\"", reload->changed,
		 changed.is_cut ? "..." : "");
	warn_of_late_keys(reload->config, next);
	return true;
}

void reload_ask(struct reload *reload)
{
	struct config *next;
	int error;

	if (reload->next) {
		reload->is_asked_again = true;
		return;
	}
	next = load(reload);
	if (!next)
		return;
	if (!is_other(reload, next)) {
		answer(reload, NULL, NULL);
		config_free(next);
		return;
	}
	error = pipeline_prepare_reload(reload->pipeline, next);
	if (error) {
		pipeline_set_reload_refused(reload->pipeline, true);
		log_again(LOG_LEVEL_ERROR,
			  "not reloaded, the old configuration stays: %s",
			  strerror(-error));
		answer(reload, strerror(-error), NULL);
		config_free(next);
		return;
	}
	reload->next = next;
}

static void obey(struct reload *reload)
{
	struct request request;

	while (pipeline_take_reload(reload->pipeline, &request)) {
		char data[1024];
		struct text text;

		if (!reload->next) {
			reload->request = request;
			reload->is_requested = true;
			reload_ask(reload);
			continue;
		}
		text_init(&text, data, sizeof(data));
		request_refuse(&text, &request, "another reload is on its way");
		pipeline_answer(reload->pipeline, REQUEST_RELOAD, data);
	}
}

static int take_over(struct reload *reload)
{
	int error = pipeline_reload(reload->pipeline, reload->next);

	if (error)
		return error;
	config_free(reload->config);
	reload->config = reload->next;
	reload->next = NULL;
	log_info("reloaded sensors=%zu", reload->config->num_sensors);
	answer(reload, NULL, NULL);
	if (reload->is_asked_again) {
		reload->is_asked_again = false;
		reload_ask(reload);
	}
	return 0;
}

int reload_go_on(struct reload *reload)
{
	wake_clear(&reload->news);
	obey(reload);
	return reload->next && pipeline_is_ready(reload->pipeline) ? take_over(reload)
								   : 0;
}
