/* SPDX-License-Identifier: MIT */
#include "config/tls_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cmocka_test.h"
#include "unit/config_test.h"

#define TLS_SERVER "servers: [mqtts://a]"
#define PASSWORD "Tr0ub4dor"

/* Not one is more than its first lines: what is in them is seen when they are used. */
static const struct {
	const char *name, *content;
	mode_t mode;
} files[] = {
	{ "ca.pem", "text\n-----BEGIN CERTIFICATE-----\nx\n", 0644 },
	{ "key.pem", "-----BEGIN EC PRIVATE KEY-----\nx\n", 0600 },
	{ "locked.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n", 0600 },
	{ "old.pem", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", 0600 },
	{ "both.pem", "-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n",
	  0644 },
	{ "der", "\x30\x82", 0600 },
};

static int make_folder(void **state)
{
	char path[128];
	char *folder = strdup("/tmp/pin2mqtt-test-XXXXXX");

	assert_non_null(folder);
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < array_length(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);

		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(files[i].content, file);
		fclose(file);
		chmod(path, files[i].mode);
	}
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	char path[128];

	for (size_t i = 0; i < array_length(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, files[i].name);
		unlink(path);
	}
	rmdir(*state);
	free(*state);
	return 0;
}

/* What is told of "mqtt: {MQTT}", which is in line 3; %s stands for the folder. */
static void expect(const char *folder, const char *mqtt, const char *wanted)
{
	char yaml[1024], path[128], expected[1024];
	struct fixture f;

	snprintf(path, sizeof(path), "%s/p.yaml", folder);
	snprintf(yaml, sizeof(yaml),
		 "gateway: {id: g}\nsensors: [{id: a, driver: dht22, pin: 4}]\n"
		 "mqtt: {%s}\n",
		 mqtt);
	(void)fixture_parse(&f, path, yaml);

	char *told = fixture_told(&f);
	const char *mark = strstr(wanted, "%s");

	snprintf(expected, sizeof(expected), "%.*s%s%s", (int)(mark ? mark - wanted : 0),
		 wanted, mark ? folder : "", mark ? mark + 2 : wanted);
	assert_string_equal(told, expected);
	assert_null(strstr(told, PASSWORD));
	free(told);
	fixture_finish(&f);
}

static void files_are_found_beside_the_configuration(void **state)
{
	char path[128], wanted[128];
	struct fixture f;

	snprintf(path, sizeof(path), "%s/p.yaml", (char *)*state);
	assert_int_equal(
		fixture_parse(&f, path,
			      "gateway: {id: g}\n"
			      "mqtt:\n"
			      "  servers: [mqtts://a, mqtt://b]\n"
			      "  tls: {ca_file: ca.pem, certificate_file: ca.pem,\n"
			      "        key_file: locked.pem, key_password: " PASSWORD
			      "}\n"
			      "sensors: [{id: a, driver: dht22, pin: 4}]\n"),
		0);
	assert_int_equal(f.errors.num_items, 0);
	snprintf(wanted, sizeof(wanted), "%s/ca.pem", (char *)*state);
	assert_string_equal(f.config->mqtt.tls.ca_file, "ca.pem");
	assert_string_equal(f.config->mqtt.tls.ca_path, wanted);
	assert_string_equal(f.config->mqtt.tls.certificate_path, wanted);
	snprintf(wanted, sizeof(wanted), "%s/locked.pem", (char *)*state);
	assert_string_equal(f.config->mqtt.tls.key_path, wanted);
	assert_true(f.config->mqtt.tls.is_verified);
	assert_true(config_is_hidden(f.config, f.config->mqtt.tls.key_password));

	char *printed = fixture_print(&f);

	assert_null(strstr(printed, PASSWORD));
	assert_non_null(strstr(printed, "    ca_file: ca.pem\n"));
	assert_non_null(strstr(printed, "    verify: true\n"));
	free(printed);
	fixture_finish(&f);
}

static void files_that_hold_something_else_are_errors(void **state)
{
	expect(*state, TLS_SERVER ", tls: {ca_file: none.pem}",
	       "3:45 mqtt.tls.ca_file: %s/none.pem: No such file or directory\n");
	expect(*state, TLS_SERVER ", tls: {ca_file: key.pem}",
	       "3:45 mqtt.tls.ca_file: %s/key.pem: it holds no certificate in PEM form "
	       "(a line -----BEGIN CERTIFICATE-----)\n");
	expect(*state, TLS_SERVER ", tls: {certificate_file: der, key_file: key.pem}",
	       "3:54 mqtt.tls.certificate_file: %s/der: it holds no certificate in PEM "
	       "form (a line -----BEGIN CERTIFICATE-----)\n");
	expect(*state, TLS_SERVER ", tls: {certificate_file: ca.pem, key_file: ca.pem}",
	       "3:72 mqtt.tls.key_file: %s/ca.pem: it holds no private key in PEM form "
	       "(a line -----BEGIN PRIVATE KEY-----)\n");
}

static void a_certificate_and_its_key_need_each_other(void **state)
{
	expect(*state, TLS_SERVER ", tls: {certificate_file: ca.pem}",
	       "3:54 mqtt.tls.certificate_file: needs mqtt.tls.key_file beside it (which "
	       "may be the same file)\n");
	expect(*state, TLS_SERVER ", tls: {key_file: key.pem}",
	       "3:46 mqtt.tls.key_file: needs mqtt.tls.certificate_file beside it\n");
	expect(*state, TLS_SERVER ", tls: {key_password: " PASSWORD "}",
	       "3:30 mqtt.tls: has the password of a key, but no key_file\n");
	expect(*state,
	       TLS_SERVER ", tls: {certificate_file: both.pem, key_file: both.pem}",
	       "warning 3:74 mqtt.tls.key_file: other users can read %s/both.pem: chmod "
	       "go-r would hide it\n");
}

static void an_encrypted_key_needs_its_password(void **state)
{
	expect(*state,
	       TLS_SERVER ", tls: {certificate_file: ca.pem, key_file: locked.pem}",
	       "3:72 mqtt.tls.key_file: %s/locked.pem: it is encrypted and needs its "
	       "password: mqtt.tls.key_password_file\n");
	expect(*state, TLS_SERVER ", tls: {certificate_file: ca.pem, key_file: old.pem}",
	       "3:72 mqtt.tls.key_file: %s/old.pem: it is encrypted and needs its "
	       "password: mqtt.tls.key_password_file\n");
	expect(*state,
	       TLS_SERVER ", tls: {certificate_file: ca.pem, key_file: key.pem, "
			  "key_password: " PASSWORD "}",
	       "warning 3:72 mqtt.tls.key_file: %s/key.pem: it is not encrypted, and its "
	       "password is not used\n");
}

static void what_is_off_or_of_no_use_is_a_warning(void **state)
{
	expect(*state, "servers: [mqtt://a, ws://b], tls: {ca_file: ca.pem}",
	       "warning 3:37 mqtt.tls: is not used: no server is mqtts:// or wss://\n");
	expect(*state, "servers: [mqtt://a], tls: {verify: no}",
	       "warning 3:29 mqtt.tls: is not used: no server is mqtts:// or wss://\n");
	expect(*state, "servers: [mqtt://a], tls: {verify: true, key_file: }", "");
	expect(*state, "servers: [mqtt://b, wss://a], tls: {verify: off}",
	       "warning 3:52 mqtt.tls.verify: false: whoever sits between here and the "
	       "broker can pass for it, and read and change everything\n");
	expect(*state, TLS_SERVER ", tls: {verify: perhaps}",
	       "3:44 mqtt.tls.verify: perhaps, but it must be true or false\n");
}

static void an_ipv6_address_cannot_be_verified(void **state)
{
	expect(*state, "servers: [\"mqtts://[::1]\"]",
	       "3:17 mqtt.servers: an IPv6 address cannot be looked for in a "
	       "certificate: give the server's host name\n");
	expect(*state, "servers: [\"mqtts://[::1]\"], tls: {verify: false}",
	       "warning 3:50 mqtt.tls.verify: false: whoever sits between here and the "
	       "broker can pass for it, and read and change everything\n");
	expect(*state, "servers: [\"mqtt://[::1]\"]", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_beside_the_configuration),
		cmocka_unit_test(files_that_hold_something_else_are_errors),
		cmocka_unit_test(a_certificate_and_its_key_need_each_other),
		cmocka_unit_test(an_encrypted_key_needs_its_password),
		cmocka_unit_test(what_is_off_or_of_no_use_is_a_warning),
		cmocka_unit_test(an_ipv6_address_cannot_be_verified),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
