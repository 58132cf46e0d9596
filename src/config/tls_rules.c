/* SPDX-License-Identifier: MIT */
#include "config/tls_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/file.h"
#include "config/keys.h"
#include "config/shape.h"

enum { MAX_FILE_BYTES = 4 << 20 };

struct rules {
	struct config *config;
	const struct node *tls;
	struct config_errors *errors;
};

static struct config_place place_of(const struct rules *rules, const char *key)
{
	const struct node *node = tree_find(rules->tls, key);

	return node ? node->place : rules->tls->key_place;
}

/* The first of the lines that say what a PEM file holds and that end so. */
static const char *find_begin(const char *pem, const char *end)
{
	for (const char *s = strstr(pem, "-----BEGIN "); s;
	     s = strstr(s + 1, "-----BEGIN ")) {
		const char *label = s + strlen("-----BEGIN ");
		const char *dashes = strstr(label, "-----");
		size_t length = strlen(end);

		if (dashes && (size_t)(dashes - label) >= length &&
		    memcmp(dashes - length, end, length) == 0)
			return label;
	}
	return NULL;
}

static bool is_encrypted(const char *label)
{
	const char *body = strchr(label, '\n');

	/* PKCS #8, and the traditional form. */
	return strncmp(label, "ENCRYPTED ", 10) == 0 ||
	       (body && strncmp(body + 1, "Proc-Type: 4,ENCRYPTED", 22) == 0);
}

/* The file that a key names: its path as seen from here, and its content; what is wrong is
 * reported. is_there_out: it was read, and the caller finishes `out`. */
static int read_pem(const struct rules *rules, const char *key, const char *name,
		    char **path_out, bool *is_there_out, struct file *out)
{
	char path[KEY_MAX_PATH];

	*is_there_out = false;
	if (!name)
		return 0;
	*path_out = file_beside(rules->config->path, name);
	if (!*path_out)
		return -ENOMEM;

	int result = file_read(*path_out, FILE_REGULAR, MAX_FILE_BYTES, out);

	if (result == -ENOMEM)
		return result;
	*is_there_out = result == 0;
	snprintf(path, sizeof(path), "mqtt.tls.%s", key);
	if (result < 0)
		config_errors_add(rules->errors, place_of(rules, key), path, "%s: %s",
				  *path_out, file_error(result));
	return 0;
}

static int check_certificate(const struct rules *rules, const char *key, const char *name,
			     char **path_out)
{
	char path[KEY_MAX_PATH];
	struct file file = { 0 };
	bool is_there;
	int result = read_pem(rules, key, name, path_out, &is_there, &file);

	snprintf(path, sizeof(path), "mqtt.tls.%s", key);
	if (is_there && !find_begin(file.data, "CERTIFICATE"))
		config_errors_add(rules->errors, place_of(rules, key), path,
				  "%s: it holds no certificate in PEM form (a line "
				  "-----BEGIN CERTIFICATE-----)",
				  *path_out);
	file_finish(&file);
	return result;
}

static bool has_error(const struct rules *rules)
{
	const struct config_errors *errors = rules->errors;

	for (size_t i = 0; i < errors->num_items; i++) {
		if (!errors->items[i].is_warning &&
		    strncmp(errors->items[i].path, "mqtt.tls", 8) == 0)
			return true;
	}
	return false;
}

/* A key, and whether its password is there. */
static void check_key_content(const struct rules *rules, const struct file *file)
{
	const struct config_tls *tls = &rules->config->mqtt.tls;
	const char *label = find_begin(file->data, "PRIVATE KEY");
	struct config_place place = place_of(rules, "key_file");

	if (!label)
		config_errors_add(rules->errors, place, "mqtt.tls.key_file",
				  "%s: it holds no private key in PEM form (a line "
				  "-----BEGIN PRIVATE KEY-----)",
				  tls->key_path);
	else if (is_encrypted(label) && !tls->key_password && !has_error(rules))
		config_errors_add(rules->errors, place, "mqtt.tls.key_file",
				  "%s: it is encrypted and needs its password: "
				  "mqtt.tls.key_password_file",
				  tls->key_path);
	else if (!is_encrypted(label) && tls->key_password)
		config_errors_warn(rules->errors, place, "mqtt.tls.key_file",
				   "%s: it is not encrypted, and its password is not "
				   "used",
				   tls->key_path);
	if (label && file->is_exposed)
		config_errors_warn(rules->errors, place, "mqtt.tls.key_file",
				   "other users can read %s: chmod go-r would hide it",
				   tls->key_path);
}

static int check_key(const struct rules *rules)
{
	struct config_tls *tls = &rules->config->mqtt.tls;
	struct file file = { 0 };
	bool is_there;
	int result = read_pem(rules, "key_file", tls->key_file, &tls->key_path, &is_there,
			      &file);

	if (is_there)
		check_key_content(rules, &file);
	file_finish(&file);
	return result;
}

/* Each key needs its other half; which may be there, and wrong. */
static void check_pairs(const struct rules *rules)
{
	const struct config_tls *tls = &rules->config->mqtt.tls;

	if (has_error(rules))
		return;
	if (tls->certificate_file && !tls->key_file)
		config_errors_add(rules->errors, place_of(rules, "certificate_file"),
				  "mqtt.tls.certificate_file",
				  "needs mqtt.tls.key_file beside it (which may be the "
				  "same file)");
	if (tls->key_file && !tls->certificate_file)
		config_errors_add(rules->errors, place_of(rules, "key_file"),
				  "mqtt.tls.key_file",
				  "needs mqtt.tls.certificate_file beside it");
	if (tls->key_password && !tls->key_file)
		config_errors_add(rules->errors, rules->tls->key_place, "mqtt.tls",
				  "has the password of a key, but no key_file");
}

static void check_use(const struct rules *rules)
{
	const struct config *config = rules->config;
	const struct config_tls *tls = &config->mqtt.tls;
	size_t num_servers = 0;

	if (has_error(rules))
		return;

	for (size_t i = 0; i < config->mqtt.num_servers; i++)
		num_servers += shape_is_tls_server(config->mqtt.servers[i]);
	if (num_servers == 0 && config->mqtt.num_servers > 0 &&
	    (tls->ca_file || tls->certificate_file || tls->key_file ||
	     tls->key_password || !tls->is_verified))
		config_errors_warn(rules->errors, rules->tls->key_place, "mqtt.tls",
				   "is not used: no server is mqtts:// or wss://");
	if (num_servers > 0 && !tls->is_verified)
		config_errors_warn(rules->errors, place_of(rules, "verify"),
				   "mqtt.tls.verify",
				   "false: whoever sits between here and the broker can "
				   "pass for it, and read and change everything");
}

/* The client library (1.3.12 to 1.3.15) looks for the address with its first bracket in the
 * certificate, and never finds it. */
static void check_addresses(const struct config *config, const struct node *mqtt,
			    struct config_errors *errors)
{
	const struct node *servers = tree_find(mqtt, "servers");

	if (!config->mqtt.tls.is_verified)
		return;
	for (size_t i = 0; i < config->mqtt.num_servers; i++) {
		const char *server = config->mqtt.servers[i];

		if (!shape_is_tls_server(server) || !strstr(server, "://["))
			continue;
		config_errors_add(errors, servers->place, "mqtt.servers",
				  "an IPv6 address cannot be looked for in a "
				  "certificate: give the server's host name");
		return;
	}
}

int tls_rules_apply(struct config *config, const struct node *mqtt,
		    struct config_errors *errors)
{
	struct config_tls *tls = &config->mqtt.tls;
	struct rules rules = { config, tree_find(mqtt, "tls"), errors };
	int result;

	check_addresses(config, mqtt, errors);
	if (!rules.tls || rules.tls->kind != NODE_MAPPING)
		return 0;
	result = check_certificate(&rules, "ca_file", tls->ca_file, &tls->ca_path);
	if (result == 0)
		result = check_certificate(&rules, "certificate_file",
					   tls->certificate_file, &tls->certificate_path);
	if (result == 0)
		result = check_key(&rules);
	if (result < 0)
		return result;
	check_pairs(&rules);
	check_use(&rules);
	return 0;
}
