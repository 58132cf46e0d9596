/* SPDX-License-Identifier: MIT */
#include "gpio/chip.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "unit/cmocka_test.h"

enum { GROUP_WITHOUT_NAME = 54321, NOBODY = 65534 };

static char device[] = "/tmp/test_chip_access.XXXXXX";

/* What is said to a user who is in no group of the file. */
static void explain_to(uid_t user, gid_t group, mode_t mode, char *out, size_t size_bytes)
{
	int pipe_fds[2];

	assert_int_equal(chown(device, 0, group), 0);
	assert_int_equal(chmod(device, mode), 0);
	assert_int_equal(pipe(pipe_fds), 0);

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct text text;

		text_init(&text, out, size_bytes);
		if (user && (setgid(NOBODY) != 0 || setuid(user) != 0))
			_exit(1);
		chip_explain_access(device, &text);
		_exit(write(pipe_fds[1], out, text.length + 1) < 0);
	}

	int status = 0;

	close(pipe_fds[1]);
	memset(out, 0, size_bytes);
	assert_true(read(pipe_fds[0], out, size_bytes - 1) > 0);
	close(pipe_fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void assert_says(const char *said, const char *expected)
{
	if (!strstr(said, expected))
		fail_msg("\"%s\" does not say \"%s\"", said, expected);
}

static void a_group_that_may_is_recommended(void **state)
{
	char said[LINE_MAX_REASON];

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIP: only root can give a file away\n");
		skip();
	}
	explain_to(NOBODY, GROUP_WITHOUT_NAME, 0660, said, sizeof(said));
	assert_says(said, "may not be opened (it is root:54321, mode 0660): ");
	assert_says(said, "usermod -aG 54321 nobody");
	assert_says(said, "--group-add 54321");
}

static void a_device_of_root_alone_wants_a_udev_rule(void **state)
{
	char said[LINE_MAX_REASON];

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIP: only root can give a file away\n");
		skip();
	}
	explain_to(NOBODY, 0, 0600, said, sizeof(said));
	assert_says(said, "(it is root:root, mode 0600): a udev rule");
	explain_to(NOBODY, 0, 0660, said, sizeof(said));
	assert_says(said, "a udev rule");
}

static void where_the_mode_allows_it_the_container_forbids_it(void **state)
{
	char said[LINE_MAX_REASON];
	struct text text;

	(void)state;
	assert_int_equal(chmod(device, 0600), 0);
	text_init(&text, said, sizeof(said));
	chip_explain_access(device, &text);
	assert_says(said, "the container lacks --device /tmp/");
}

static int make_device(void **state)
{
	int fd = mkstemp(device);

	(void)state;
	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : -1;
}

static int remove_device(void **state)
{
	(void)state;
	return unlink(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_that_may_is_recommended),
		cmocka_unit_test(a_device_of_root_alone_wants_a_udev_rule),
		cmocka_unit_test(where_the_mode_allows_it_the_container_forbids_it),
	};

	return cmocka_run_group_tests(tests, make_device, remove_device);
}
