/* SPDX-License-Identifier: MIT */
#include "app/reload.h"

#include <string.h>

#include "app/command.h"
#include "base/log.h"
#include "base/text.h"
#include "config/compare.h"

enum { MAX_CHANGED = 768 };

int reload_open(struct reload *reload, struct pipeline *pipeline, struct config *config)
{
	*reload = (struct reload){ .pipeline = pipeline, .config = config };
	return wake_open(&reload->ready);
}

void reload_close(struct reload *reload)
{
	wake_close(&reload->ready);
	config_free(reload->next);
	config_free(reload->config);
}

static void log_findings(const char *path, const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->num_items; i++) {
		const struct config_error *error = &errors->items[i];

		log_at(error->is_warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		       "%s:%u:%u: %s%s%s", path, error->line, error->column, error->path,
		       *error->path ? ": " : "", error->text);
	}
}

/* NULL where it cannot be used; why is logged. */
static struct config *load(const char *path)
{
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int error = config_load(path, command_driver_facts(), &config, &errors);

	log_findings(path, &errors);
	if (error)
		log_error("not reloaded, the old configuration stays errors=%zu",
			  errors.num_errors);
	config_errors_finish(&errors);
	return error ? NULL : config;
}

/* Keys that are read once. */
static void warn_of_late_keys(const struct config *before, const struct config *after)
{
	char data[MAX_CHANGED];
	struct text changed;

	text_init(&changed, data, sizeof(data));
	if (!compare_keys("store", before, after, &changed))
		log_warning("takes effect at the next start: %s", data);
}

void reload_ask(struct reload *reload)
{
	char data[MAX_CHANGED];
	struct text changed;

	if (reload->next) {
		reload->is_asked_again = true;
		return;
	}

	struct config *next = load(reload->config->path);

	if (!next)
		return;
	text_init(&changed, data, sizeof(data));
	if (!compare_configs(reload->config, next, &changed)) {
		log_info("nothing to reload: the configuration is the same");
		config_free(next);
		return;
	}
	log_info("reloading changed=\"%s%s\"", data, changed.is_cut ? "..." : "");
	warn_of_late_keys(reload->config, next);

	int error = pipeline_prepare_reload(reload->pipeline, next, &reload->ready);

	if (error) {
		log_error("not reloaded, the old configuration stays: %s",
			  strerror(-error));
		config_free(next);
		return;
	}
	reload->next = next;
}

int reload_go_on(struct reload *reload)
{
	wake_clear(&reload->ready);
	if (!reload->next || !pipeline_is_ready(reload->pipeline))
		return 0;

	int error = pipeline_reload(reload->pipeline, reload->next);

	if (error)
		return error;
	config_free(reload->config);
	reload->config = reload->next;
	reload->next = NULL;
	log_info("reloaded sensors=%zu", reload->config->num_sensors);
	if (reload->is_asked_again) {
		reload->is_asked_again = false;
		reload_ask(reload);
	}
	return 0;
}
