/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cmocka_test.h"
#include "unit/stopped_clock.h"

enum { MAX_SAID = 8192 };

static int kept_stderr, file;

static int begin(void **state)
{
	char path[] = "/tmp/test_log.XXXXXX";

	(void)state;
	stop_clock();
	now_ns += 1000 * CLOCK_NS_PER_S; /* what other tests said is long ago */
	kept_stderr = dup(STDERR_FILENO);
	file = mkstemp(path);
	unlink(path);
	log_tell_repeats(true);
	dup2(file, STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static int end(void **state)
{
	(void)state;
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	close(file);
	clock_set_source(NULL);
	return 0;
}

static void assert_said(const char *expected)
{
	char said[MAX_SAID] = "";

	assert_true(pread(file, said, sizeof(said) - 1, 0) >= 0);
	assert_string_equal(said, expected);
}

static void log_says_a_repeated_warning_once_and_counts_it(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		log_warning("porch: silent");
		now_ns += CLOCK_NS_PER_S;
	}
	assert_said("warning: porch: silent\n");
	log_tell_repeats(false);
	assert_said("warning: porch: silent\n");
	now_ns += LOG_FOLD_S * CLOCK_NS_PER_S;
	log_tell_repeats(false);
	assert_said("warning: porch: silent\nwarning: porch: silent repeats=4\n");
	log_tell_repeats(true);
	assert_said("warning: porch: silent\nwarning: porch: silent repeats=4\n");
}

static void log_tells_the_count_with_a_repeat_that_comes_later(void **state)
{
	(void)state;
	log_error("no line");
	log_error("no line");
	now_ns += LOG_FOLD_S * CLOCK_NS_PER_S;
	log_error("no line");
	log_tell_repeats(true);
	assert_said("error: no line\nerror: no line repeats=1\n");
}

static void log_holds_lines_that_differ_in_numbers_only_for_the_same(void **state)
{
	(void)state;
	log_warning("edges dropped dropped=3 of=1.5");
	log_warning("edges dropped dropped=12 of=27.25");
	log_warning("porch2: silent");
	log_warning("porch3: silent");
	log_tell_repeats(true);
	assert_said("warning: edges dropped dropped=3 of=1.5\n"
		    "warning: porch2: silent\nwarning: porch3: silent\n"
		    "warning: edges dropped dropped=12 of=27.25 repeats=1\n");
}

static void log_says_news_and_answers_each_time(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		log_info("connected");
		log_again(LOG_LEVEL_ERROR, "not reloaded");
	}
	log_tell_repeats(true);
	assert_said("info: connected\nerror: not reloaded\n"
		    "info: connected\nerror: not reloaded\n");
}

static void log_forgets_the_oldest_of_many_and_tells_its_count(void **state)
{
	char said[MAX_SAID] = "";

	(void)state;
	log_warning("first");
	log_warning("first");
	for (int i = 0; i < 100; i++) {
		now_ns += CLOCK_NS_PER_MS;
		log_warning("warning number %d", i);
	}
	assert_true(pread(file, said, sizeof(said) - 1, 0) > 0);
	assert_non_null(strstr(said, "warning: first repeats=1\n"));
	assert_non_null(strstr(said, "warning: warning number 99\n"));
}

static void log_says_nothing_below_its_level(void **state)
{
	enum log_level level;

	(void)state;
	assert_true(log_level_from_name("warning", &level));
	log_set_level(level);
	log_info("no");
	log_warning("yes");
	log_again(LOG_LEVEL_DEBUG, "no");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("yes");
	assert_false(log_level_from_name("loud", &level));
	assert_said("warning: yes\ndebug: yes\n");
}

static void log_gives_the_journal_its_priorities(void **state)
{
	char stream[64];
	struct stat facts;

	(void)state;
	log_set_level(LOG_LEVEL_DEBUG);
	assert_int_equal(fstat(STDERR_FILENO, &facts), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)facts.st_dev,
		 (unsigned long long)facts.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_error("a");
	log_warning("b");
	log_info("c");
	log_debug("d");
	/* Of somebody whose stderr is elsewhere. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_info("e");
	assert_said("<3>error: a\n<4>warning: b\n<6>info: c\n<7>debug: d\ninfo: e\n");
}

static void log_makes_one_line_of_whatever_comes(void **state)
{
	char longest[3000];
	char said[MAX_SAID] = "";

	(void)state;
	log_info("a\nerror: b\x1b[2J\x7f");
	assert_said("info: a?error: b?[2J?\n");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	log_error("%s", longest);
	log_error("%s", longest);
	log_tell_repeats(true);
	assert_true(pread(file, said, sizeof(said) - 1, 0) > 2 * 1000);
	assert_non_null(strstr(said, "x repeats=1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			log_says_a_repeated_warning_once_and_counts_it, begin, end),
		cmocka_unit_test_setup_teardown(
			log_tells_the_count_with_a_repeat_that_comes_later, begin, end),
		cmocka_unit_test_setup_teardown(
			log_holds_lines_that_differ_in_numbers_only_for_the_same, begin,
			end),
		cmocka_unit_test_setup_teardown(log_says_news_and_answers_each_time,
						begin, end),
		cmocka_unit_test_setup_teardown(
			log_forgets_the_oldest_of_many_and_tells_its_count, begin, end),
		cmocka_unit_test_setup_teardown(log_says_nothing_below_its_level, begin,
						end),
		cmocka_unit_test_setup_teardown(log_gives_the_journal_its_priorities,
						begin, end),
		cmocka_unit_test_setup_teardown(log_makes_one_line_of_whatever_comes,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
