/* SPDX-License-Identifier: MIT */
/* The log from several threads at once, while another tells what was folded. For TSan; and each
 * line is said or counted. */
#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/cmocka_test.h"
#include "unit/stopped_clock.h"

enum { NUM_THREADS = 4, NUM_LINES = 3000, NUM_KINDS = 12, MAX_LINE = 256 };

static _Atomic uint32_t is_done;

static void *say_all(void *context)
{
	static const char *const names[NUM_KINDS] = { "a", "b", "c", "d", "e", "f",
						      "g", "h", "i", "j", "k", "l" };

	(void)context;
	for (int i = 0; i < NUM_LINES; i++)
		log_warning("%s: refused count=%d", names[i * 7 % NUM_KINDS], i);
	return NULL;
}

static void *tell_all(void *context)
{
	(void)context;
	while (!atomic_load(&is_done)) {
		log_tell_repeats(true);
		log_set_level(LOG_LEVEL_INFO);
		log_info("told");
	}
	return NULL;
}

/* How many lines one in the log stands for; 0: it was not ours to count. */
static long count_of(const char *line)
{
	const char *repeats = strstr(line, " repeats=");
	char name;
	int count;

	if (strcmp(line, "info: told\n") == 0)
		return 0;
	assert_int_equal(sscanf(line, "warning: %c: refused count=%d", &name, &count), 2);
	assert_true(line[strlen(line) - 1] == '\n');
	return repeats ? strtol(repeats + strlen(" repeats="), NULL, 10) : 1;
}

static long count_all(FILE *said)
{
	char line[MAX_LINE];
	long num_lines = 0;

	assert_int_equal(fseek(said, 0, SEEK_SET), 0);
	while (fgets(line, sizeof(line), said))
		num_lines += count_of(line);
	return num_lines;
}

static void each_line_is_said_whole_or_counted(void **state)
{
	pthread_t sayers[NUM_THREADS], teller;
	int kept_stderr = dup(STDERR_FILENO);
	FILE *said = tmpfile();

	(void)state;
	assert_non_null(said);
	unsetenv("JOURNAL_STREAM");
	stop_clock();
	dup2(fileno(said), STDERR_FILENO);
	assert_int_equal(pthread_create(&teller, NULL, tell_all, NULL), 0);
	for (int i = 0; i < NUM_THREADS; i++)
		assert_int_equal(pthread_create(&sayers[i], NULL, say_all, NULL), 0);
	for (int i = 0; i < NUM_THREADS; i++)
		pthread_join(sayers[i], NULL);
	atomic_store(&is_done, true);
	pthread_join(teller, NULL);
	log_tell_repeats(true);
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	assert_int_equal(count_all(said), NUM_THREADS * NUM_LINES);
	fclose(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_said_whole_or_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
