/* SPDX-License-Identifier: MIT */
#include "publish/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/cmocka_test.h"

static const struct broker_tls no_tls = { .is_verified = true };

static void a_server_is_taken_apart_into_host_and_port(void **state)
{
	static const struct {
		const char *server, *host, *port;
	} rows[] = {
		{ "mqtt://broker.lan", "broker.lan", "1883" },
		{ "mqtt://broker.lan:1884", "broker.lan", "1884" },
		{ "mqtts://broker.lan", "broker.lan", "8883" },
		{ "ws://broker.lan/mqtt", "broker.lan", "80" },
		{ "wss://broker.lan:9001/mqtt", "broker.lan", "9001" },
		{ "mqtt://[::1]", "::1", "1883" },
		{ "mqtt://[fe80::1]:18830", "fe80::1", "18830" },
		{ "mqtt://127.0.0.1:1", "127.0.0.1", "1" },
	};
	static const char *const bad[] = { "broker.lan",    "mqtt://",    "mqtt://:1883",
					   "mqtt://[::1",   "mqtt://a:",  "mqtt://[]:1",
					   "mqtt://[::1]x", "http://a:1", "" };
	char host[REACH_MAX_HOST], port[REACH_MAX_PORT], longest[400];

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		assert_int_equal(reach_split(rows[i].server, host, port), 0);
		assert_string_equal(host, rows[i].host);
		assert_string_equal(port, rows[i].port);
	}
	for (size_t i = 0; i < array_length(bad); i++)
		assert_int_equal(reach_split(bad[i], host, port), -EINVAL);
	snprintf(longest, sizeof(longest), "mqtt://%0300d:1", 0);
	assert_int_equal(reach_split(longest, host, port), -EINVAL);
}

static void a_closed_port_is_refused_and_an_open_one_is_reached(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	char server[64], reason[BROKER_MAX_REASON];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(server, sizeof(server), "mqtt://127.0.0.1:%d", ntohs(address.sin_port));
	assert_int_equal(reach_ask(server, &no_tls, 1000, reason), -ECONNREFUSED);
	assert_string_equal(reason, "connection refused");
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(reach_ask(server, &no_tls, 1000, reason), 0);
	close(fd);
}

/* A port that takes connections; what comes over them is read by nobody. */
static int listen_somewhere(const char *scheme, char server[64])
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(listen(fd, 4), 0);
	snprintf(server, 64, "%s://127.0.0.1:%d", scheme, ntohs(address.sin_port));
	return fd;
}

static void a_server_that_never_answers_in_tls_is_given_up(void **state)
{
	char server[64], reason[BROKER_MAX_REASON];
	int fd = listen_somewhere("mqtts", server);

	(void)state;
	assert_int_equal(reach_ask(server, &no_tls, 50, reason), -ETIMEDOUT);
	assert_non_null(strstr(reason, "does not answer in TLS"));
	assert_false(reach_is_tls(server, 50));
	close(fd);
}

static void *hang_up(void *fd)
{
	close(accept(*(int *)fd, NULL, NULL));
	return NULL;
}

static void a_server_that_hangs_up_does_not_speak_tls(void **state)
{
	char server[64], reason[BROKER_MAX_REASON];
	int fd = listen_somewhere("wss", server);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hang_up, &fd), 0);
	assert_int_equal(reach_ask(server, &no_tls, 5000, reason), -EPROTO);
	assert_non_null(strstr(reason, "does not speak TLS"));
	pthread_join(thread, NULL);
	close(fd);
}

static void files_that_cannot_be_used_are_named_by_their_keys(void **state)
{
	static const struct {
		struct broker_tls tls;
		const char *key;
	} rows[] = {
		{ { .ca_path = "/dev/null" }, "mqtt.tls.ca_file" },
		{ { .certificate_path = "/dev/null", .key_path = "/dev/null" },
		  "mqtt.tls.certificate_file" },
	};
	char server[64], reason[BROKER_MAX_REASON];
	int fd = listen_somewhere("mqtts", server);

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		assert_int_equal(reach_ask(server, &rows[i].tls, 1000, reason), -EBADF);
		assert_non_null(strstr(reason, rows[i].key));
	}
	close(fd);
}

static void a_host_that_does_not_exist_is_called_so(void **state)
{
	char reason[BROKER_MAX_REASON];

	(void)state;
	assert_true(reach_ask("mqtt://no-such-host.invalid", &no_tls, 1000, reason) < 0);
	assert_non_null(strstr(reason, "host not found"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_taken_apart_into_host_and_port),
		cmocka_unit_test(a_closed_port_is_refused_and_an_open_one_is_reached),
		cmocka_unit_test(a_server_that_never_answers_in_tls_is_given_up),
		cmocka_unit_test(a_server_that_hangs_up_does_not_speak_tls),
		cmocka_unit_test(files_that_cannot_be_used_are_named_by_their_keys),
		cmocka_unit_test(a_host_that_does_not_exist_is_called_so),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
