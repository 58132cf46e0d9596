/* SPDX-License-Identifier: MIT */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/cmocka_test.h"

/* A manager's socket; `name` as $NOTIFY_SOCKET says it. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					  strlen(name))),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void assert_hears(int fd, const char *expected)
{
	char said[256];
	ssize_t length = recv(fd, said, sizeof(said), MSG_DONTWAIT);

	assert_int_equal(length, strlen(expected));
	assert_memory_equal(said, expected, strlen(expected));
}

static void notify_reaches_a_socket_in_the_file_system(void **state)
{
	char folder[] = "/tmp/notify.XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/notify", folder);

	int fd = listen_at(path);

	assert_int_equal(notify_send("READY=1\nSTATUS=reads"), 0);
	assert_hears(fd, "READY=1\nSTATUS=reads");
	close(fd);
	assert_int_equal(notify_send("WATCHDOG=1"), -ECONNREFUSED);
	unlink(path);
	rmdir(folder);
}

static void notify_reaches_an_abstract_socket(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@pin2mqtt-test-%d", (int)getpid());

	int fd = listen_at(name);

	assert_int_equal(notify_send("WATCHDOG=1"), 0);
	assert_hears(fd, "WATCHDOG=1");
	close(fd);
}

static void notify_does_not_wait_for_a_manager_that_does_not_listen(void **state)
{
	char name[64];
	int error = 0;

	(void)state;
	snprintf(name, sizeof(name), "@pin2mqtt-test-%d", (int)getpid());

	int fd = listen_at(name);

	for (int i = 0; i < 100000 && !error; i++)
		error = notify_send("WATCHDOG=1");
	assert_int_equal(error, -EAGAIN);
	close(fd);
}

static void notify_is_content_without_a_manager(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_send("READY=1"), 0);
}

static void notify_refuses_what_is_no_address(void **state)
{
	char path[256] = "/";

	(void)state;
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_send("READY=1"), -EINVAL);
	memset(path + 1, 'a', sizeof(path) - 2);
	setenv("NOTIFY_SOCKET", path, 1);
	assert_int_equal(notify_send("READY=1"), -EINVAL);
	unsetenv("NOTIFY_SOCKET");
}

static void notify_knows_the_watchdog_of_this_process_only(void **state)
{
	char pid[16];

	(void)state;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_ns(), 30 * CLOCK_NS_PER_S);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_ns(), 30 * CLOCK_NS_PER_S);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
}

static void notify_takes_nonsense_for_no_watchdog(void **state)
{
	static const char *const nonsense[] = { "",   "-1",
						"1s", "99999999999999999999999",
						" 1", "18446744073709551615" };

	(void)state;
	unsetenv("WATCHDOG_PID");
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		setenv("WATCHDOG_USEC", nonsense[i], 1);
		assert_int_equal(notify_watchdog_ns(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notify_reaches_a_socket_in_the_file_system),
		cmocka_unit_test(notify_reaches_an_abstract_socket),
		cmocka_unit_test(notify_does_not_wait_for_a_manager_that_does_not_listen),
		cmocka_unit_test(notify_is_content_without_a_manager),
		cmocka_unit_test(notify_refuses_what_is_no_address),
		cmocka_unit_test(notify_knows_the_watchdog_of_this_process_only),
		cmocka_unit_test(notify_takes_nonsense_for_no_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
