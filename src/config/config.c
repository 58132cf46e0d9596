/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_yaml.h"
#include "config/errors.h"
#include "config/file.h"
#include "config/loader.h"
#include "config/rules.h"
#include "config/value.h"

static int fill(struct config *config, const struct node *root,
		const struct config_driver_facts *drivers, struct config_errors *errors)
{
	int result = loader_fill(config, root, errors);

	return result < 0 ? result : rules_apply(config, root, drivers, errors);
}

int config_parse(const char *data, size_t num_bytes, const char *path,
		 const struct config_driver_facts *drivers, struct config **out,
		 struct config_errors *errors)
{
	struct tree *tree;
	int result = config_yaml_parse(data, num_bytes, errors, &tree);

	if (result < 0)
		return result;

	struct config *config = calloc(1, sizeof(*config));

	result = -ENOMEM;
	if (config)
		config->path = strdup(path);
	if (config && config->path)
		result = fill(config, tree_root(tree), drivers, errors);
	tree_free(tree);
	config_errors_sort(errors);
	if (result == 0 && errors->num_errors > 0)
		result = -EINVAL;
	if (result < 0)
		config_free(config);
	else
		*out = config;
	return result;
}

/* What to do about a file that cannot be read. */
static const char *hint(int error)
{
	switch (error) {
	case -ENOENT:
		return " (-c FILE names another; examples are in "
		       "/usr/share/doc/pin2mqtt/examples)";
	case -EACCES:
		return " (the service's is for root and its own user: sudo?)";
	default:
		return "";
	}
}

int config_load(const char *path, const struct config_driver_facts *drivers,
		struct config **out, struct config_errors *errors)
{
	struct file file = { 0 };
	int result = file_read(path, FILE_ANY, CONFIG_MAX_BYTES, &file);

	if (result < 0) {
		config_errors_add(errors, (struct config_place){ 0 }, "",
				  "cannot be read: %s%s", file_error(result),
				  hint(result));
		return result;
	}
	result = config_parse(file.data, file.num_bytes, path, drivers, out, errors);
	file_finish(&file);
	return result;
}

bool config_is_hidden(const struct config *config, const char *value)
{
	for (size_t i = 0; value && i < config->num_hidden; i++) {
		if (config->hidden[i] == value)
			return true;
	}
	return false;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->num_sensors; i++) {
		value_free_fields("sensors[]", &config->sensors[i]);
		free(config->sensors[i].pin);
		free(config->sensors[i].trigger_pin);
		free(config->sensors[i].quiet_pin);
		free(config->sensors[i].power_pin);
	}
	free(config->sensors);
	free(config->mqtt.tls.ca_path);
	free(config->mqtt.tls.certificate_path);
	free(config->mqtt.tls.key_path);
	value_free_fields("", config);
	free(config->hidden);
	free(config->path);
	free(config);
}
