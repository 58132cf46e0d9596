/* SPDX-License-Identifier: MIT */
#include "config/secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cmocka_test.h"
#include "unit/config_test.h"

#define VALUE "hunter2-Tr0ub4dor"

/* A folder for each test, with files that the test writes. */
struct folder {
	char path[64];
	char config[96];
};

static void write_file(const struct folder *folder, const char *name, const char *content,
		       mode_t mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);

	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/pin2mqtt-test-XXXXXX");
	if (!mkdtemp(folder->path))
		return -1;
	snprintf(folder->config, sizeof(folder->config), "%s/p.yaml", folder->path);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const files[] = { "secrets.yaml", "password" };
	struct folder *folder = *state;
	char path[256];

	for (size_t i = 0; i < array_length(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder->path, files[i]);
		unlink(path);
	}
	rmdir(folder->path);
	free(folder);
	return 0;
}

/* Loads a file with that `mqtt:` section, and what is told of it. The caller frees it. */
static char *load(const struct folder *folder, const char *mqtt, struct fixture *out)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "gateway: {id: g}\n"
		 "sensors: [{id: a, driver: dht22, pin: 4}]\n"
		 "mqtt:\n%s",
		 mqtt);
	(void)fixture_parse(out, folder->config, yaml);

	char *told = fixture_told(out);

	/* Whatever goes wrong, the secret is not told. */
	assert_null(strstr(told, VALUE));
	return told;
}

static void expect(const struct folder *folder, const char *mqtt, const char *wanted)
{
	struct fixture f;
	char *told = load(folder, mqtt, &f);
	char expected[512];

	/* %s stands for the folder. */
	const char *mark = strstr(wanted, "%s");

	snprintf(expected, sizeof(expected), "%.*s%s%s", (int)(mark ? mark - wanted : 0),
		 wanted, mark ? folder->path : "", mark ? mark + 2 : wanted);
	assert_string_equal(told, expected);
	free(told);
	fixture_finish(&f);
}

static void secrets_come_from_the_file_beside(void **state)
{
	struct folder *folder = *state;
	struct fixture f;

	write_file(folder, "secrets.yaml",
		   "broker: mqtt://h.example\nuser: joe\npw: " VALUE "${HOME}\n", 0600);

	char *told = load(folder,
			  "  servers: [!secret broker]\n"
			  "  username: !secret user\n"
			  "  password: !secret pw\n",
			  &f);

	assert_string_equal(told, "");
	assert_string_equal(f.config->mqtt.servers[0], "mqtt://h.example");
	assert_string_equal(f.config->mqtt.username, "joe");
	/* Nothing is put into secrets. */
	assert_string_equal(f.config->mqtt.password, VALUE "${HOME}");
	assert_true(config_is_hidden(f.config, f.config->mqtt.servers[0]));
	assert_true(config_is_hidden(f.config, f.config->mqtt.username));
	assert_true(config_is_hidden(f.config, f.config->mqtt.password));
	assert_false(config_is_hidden(f.config, f.config->mqtt.topic));
	assert_false(config_is_hidden(f.config, NULL));

	char *printed = fixture_print(&f);

	assert_null(strstr(printed, VALUE));
	assert_null(strstr(printed, "joe"));
	assert_null(strstr(printed, "h.example"));
	assert_non_null(strstr(printed, "password: \"***\"\n"));
	free(printed);
	free(told);
	fixture_finish(&f);
}

static void secrets_that_cannot_be_found_are_told_without_values(void **state)
{
	struct folder *folder = *state;

	expect(folder, "  servers: [mqtt://a]\n  username: u\n  password: !secret pw\n",
	       "6:13 mqtt.password: !secret: %s/secrets.yaml: No such file or "
	       "directory\n");
	write_file(folder, "secrets.yaml", "passwort: " VALUE "\nlist: [" VALUE "]\n",
		   0600);
	expect(folder,
	       "  servers: [mqtt://a]\n  username: u\n  password: !secret password\n",
	       "6:13 mqtt.password: !secret: %s/secrets.yaml has no password; did you "
	       "mean "
	       "passwort?\n");
	expect(folder, "  servers: [mqtt://a]\n  username: u\n  password: !secret list\n",
	       "6:13 mqtt.password: !secret: %s/secrets.yaml:2:7: list must be a text\n");
	write_file(folder, "secrets.yaml", "pw: *" VALUE "\n", 0600);
	expect(folder, "  servers: [mqtt://a]\n  username: u\n  password: !secret pw\n",
	       "6:13 mqtt.password: !secret: %s/secrets.yaml:1:5: an alias (*) of an "
	       "anchor "
	       "that is not there; a text that begins with * needs quotes\n");
	write_file(folder, "secrets.yaml", "pw: 1\npw: 2\n", 0600);
	expect(folder, "  servers: [mqtt://a]\n  username: u\n  password: !secret pw\n",
	       "6:13 mqtt.password: !secret: %s/secrets.yaml:2:1: pw is there twice\n");
	write_file(folder, "secrets.yaml", VALUE "\n", 0600);
	expect(folder, "  servers: [mqtt://a]\n  username: u\n  password: !secret pw\n",
	       "6:13 mqtt.password: !secret: %s/secrets.yaml:1:1: it must hold lines "
	       "NAME: "
	       "VALUE\n");
}

static void wrong_values_of_secret_keys_are_not_told(void **state)
{
	struct folder *folder = *state;

	write_file(folder, "secrets.yaml", "url: foo://" VALUE "\n", 0600);
	expect(folder, "  servers: [!secret url]\n",
	       "4:13 mqtt.servers[0]: the value, but that scheme is not supported; "
	       "supported: mqtt, mqtts, ws, wss\n");
	expect(folder, "  servers: [mqtt://joe:" VALUE "@h]\n",
	       "4:13 mqtt.servers[0]: the value, but user and password do not go there: "
	       "use "
	       "mqtt.username and mqtt.password\n");
	expect(folder,
	       "  servers: [mqtt://a]\n  username: u\n  password: a${" VALUE "}b\n",
	       "6:13 mqtt.password: has a ${...} that cannot be put in; write $${ for a "
	       "plain "
	       "${\n");
	expect(folder, "  servers: [mqtt://a]\n  username: u\n  password: [" VALUE "]\n",
	       "6:13 mqtt.password: is a list, but it must be a single value\n");
	expect(folder, "  servers: [mqtt://a]\n  username: u\n  passwort: " VALUE "\n",
	       "6:3 mqtt.passwort: no such key; did you mean password?\n");
	expect(folder, "  servers: [mqtt://a]\n  topic: !secret url\n",
	       "5:10 mqtt.topic: !secret is not for this key, whose value is no secret: "
	       "it is "
	       "seen in topics, messages or logs\n");
	unsetenv("P2M_PASSWORD");
	expect(folder,
	       "  servers: [mqtt://a]\n  username: u\n  password: \"${P2M_PASSWORD}\"\n",
	       "6:13 mqtt.password: needs the environment variable P2M_PASSWORD, which "
	       "is not "
	       "set; ${P2M_PASSWORD:-default} would give it a default\n");
}

static void a_password_file_gives_its_content_without_the_newline(void **state)
{
	struct folder *folder = *state;
	struct fixture f;

	write_file(folder, "password", " " VALUE " \n", 0600);

	char *told =
		load(folder,
		     "  servers: [mqtt://a]\n  username: u\n  password_file: password\n",
		     &f);

	assert_string_equal(told, "");
	assert_string_equal(f.config->mqtt.password, " " VALUE " ");
	assert_true(config_is_hidden(f.config, f.config->mqtt.password));
	free(told);
	fixture_finish(&f);

	setenv("P2M_FOLDER", folder->path, 1);
	told = load(folder,
		    "  servers: [mqtt://a]\n  username: u\n"
		    "  password_file: ${P2M_FOLDER}/password\n",
		    &f);
	assert_string_equal(told, "");
	free(told);
	fixture_finish(&f);
}

static void what_is_wrong_with_a_password_file_is_told(void **state)
{
	struct folder *folder = *state;
	static const char mqtt[] =
		"  servers: [mqtt://a]\n  username: u\n  password_file: password\n";

	expect(folder, mqtt,
	       "6:18 mqtt.password_file: %s/password: No such file or directory\n");
	write_file(folder, "password", "\n", 0600);
	expect(folder, mqtt, "6:18 mqtt.password_file: %s/password: it is empty\n");
	write_file(folder, "password", VALUE, 0644);
	expect(folder, mqtt,
	       "warning 6:18 mqtt.password_file: other users can read password: chmod "
	       "go-r "
	       "would hide it\n");
	expect(folder,
	       "  servers: [mqtt://a]\n  username: u\n  password: x\n  password_file: "
	       "password\n",
	       "warning 7:18 mqtt.password_file: other users can read password: chmod "
	       "go-r "
	       "would hide it\n"
	       "7:18 mqtt.password_file: the same secret is given by another key, too: "
	       "keep "
	       "one\n");
	expect(folder,
	       "  servers: [mqtt://a]\n  username: u\n  password_file: /dev/zero\n",
	       "6:18 mqtt.password_file: /dev/zero: it is not a regular file\n");
}

static void secrets_that_others_can_read_are_warned_of(void **state)
{
	struct folder *folder = *state;

	write_file(folder, "secrets.yaml", "pw: " VALUE "\n", 0640);
	expect(folder, "  servers: [mqtt://a]\n  username: u\n  password: !secret pw\n",
	       "warning 0:0 : other users can read %s/secrets.yaml: chmod go-r would "
	       "hide "
	       "it\n");
	/* Nobody asks for it. */
	expect(folder, "  servers: [mqtt://a]\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(secrets_come_from_the_file_beside,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			secrets_that_cannot_be_found_are_told_without_values, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(wrong_values_of_secret_keys_are_not_told,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_password_file_gives_its_content_without_the_newline,
			make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			what_is_wrong_with_a_password_file_is_told, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			secrets_that_others_can_read_are_warned_of, make_folder,
			remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
