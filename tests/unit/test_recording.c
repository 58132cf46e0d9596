/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "unit/recording_test.h"

static void a_file_that_cannot_be_read_says_why(void **state)
{
	struct recording recording;
	char reason[RECORDING_MAX_REASON];

	(void)state;
	assert_int_equal(recording_load("/nowhere/x.vcd", NULL, &recording, reason),
			 -ENOENT);
	assert_string_equal(reason, "/nowhere/x.vcd: No such file or directory");
	recording_finish(&recording);
	assert_int_equal(recording_load("/", NULL, &recording, reason), -EISDIR);
	assert_string_equal(reason, "/: Is a directory");
	recording_finish(NULL);
}

static void more_than_64_mib_is_refused(void **state)
{
	struct recording recording;
	char reason[RECORDING_MAX_REASON];

	(void)state;
	assert_int_equal(recording_load("/dev/zero", NULL, &recording, reason), -EFBIG);
	assert_string_equal(reason, "/dev/zero:1: more than 64 MiB");
}

static void a_pipe_is_read_like_a_file(void **state)
{
	static const char log[] = "1,falling,\n2,rising,\n";
	struct recording recording;
	char reason[RECORDING_MAX_REASON], path[64];
	int pipe_fds[2];

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(write(pipe_fds[1], log, strlen(log)), strlen(log));
	close(pipe_fds[1]);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", pipe_fds[0]);
	assert_int_equal(recording_load(path, NULL, &recording, reason), 0);
	assert_int_equal(recording.num_edges, 4);
	recording_finish(&recording);
	close(pipe_fds[0]);
}

static void the_resolution_is_the_step_of_the_stamps(void **state)
{
	struct recording recording;
	char reason[RECORDING_MAX_REASON], file[1024];

	(void)state;
	for (unsigned step_ns = 250; step_ns <= 1000000; step_ns *= 10) {
		struct text text;

		text_init(&text, file, sizeof(file));
		for (unsigned i = 0; i < 20; i++)
			text_add(&text, "%u,falling,\n", 12345 + (i * i + 7) * step_ns);
		assert_int_equal(recording_parse(file, text.length, "x", NULL, &recording,
						 reason),
				 0);
		assert_int_equal(recording.resolution_ns, step_ns > 100000 ? 1 : step_ns);
		recording_finish(&recording);
	}
}

/* name, host start pulses, resolution */
static const struct {
	const char *name;
	unsigned num_starts;
	uint32_t resolution_ns;
} captures[] = {
	{ "am2301_1mhz", 2, 1000 },
	{ "am2301_250khz", 4, 4000 },
	{ "am2302_1mhz", 1, 1000 },
	{ "am2302_1mhz_200s", 88, 1000 },
	{ "am2302_1mhz_3samples", 3, 1000 },
	{ "am2302_1mhz_delay0us_50ms_low", 70, 1000 },
	{ "am2302_1mhz_delay2000us_500us_low", 3, 1000 },
	{ "am2320_1mhz", 1, 1000 },
	{ "dht11_100khz", 3, 10000 },
	{ "dht11_1mhz", 2, 1000 },
	{ "rht03_4mhz", 1, 250 },
};

/* The order of an attempt: START, RELEASE, FALLING and RISING in turns, END; never back. */
static void check_attempts(const char *name, const struct recording *recording)
{
	static const bool may_follow[NUM_EDGE_EVENTS][NUM_EDGE_EVENTS] = {
		[EDGE_START] = { [EDGE_RELEASE] = true, [EDGE_END] = true },
		[EDGE_RELEASE] = { [EDGE_FALLING] = true, [EDGE_END] = true },
		[EDGE_FALLING] = { [EDGE_RISING] = true, [EDGE_END] = true },
		[EDGE_RISING] = { [EDGE_FALLING] = true, [EDGE_END] = true },
		[EDGE_END] = { [EDGE_START] = true },
	};
	const struct edge *last = NULL;

	for (size_t i = 0; i < recording->num_edges; i++) {
		const struct edge *edge = &recording->edges[i];

		if (last ? !may_follow[last->event][edge->event]
			 : edge->event != EDGE_START)
			fail_msg("%s: record %zu is out of order", name, i);
		if (last && edge->t_ns < last->t_ns)
			fail_msg("%s: record %zu goes back in time", name, i);
		last = edge;
	}
	assert_true(last && last->event == EDGE_END);
}

static void real_captures_hold_an_attempt_for_each_start_pulse(void **state)
{
	const char *folder = SOURCE_DIR "/../shared/captures";

	(void)state;
	if (access(folder, R_OK) != 0) {
		print_message("SKIP: no real captures in %s\n", folder);
		skip();
	}
	for (size_t i = 0; i < array_length(captures); i++) {
		struct recording recording;
		char path[512], reason[RECORDING_MAX_REASON];
		unsigned num_starts = 0;

		(void)snprintf(path, sizeof(path), "%s/%s.vcd", folder, captures[i].name);
		if (recording_load(path, NULL, &recording, reason))
			fail_msg("%s", reason);
		for (size_t k = 0; k < recording.num_edges; k++)
			num_starts += recording.edges[k].event == EDGE_START;
		assert_int_equal(num_starts, captures[i].num_starts);
		assert_int_equal(recording.resolution_ns, captures[i].resolution_ns);
		check_attempts(captures[i].name, &recording);
		recording_finish(&recording);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_cannot_be_read_says_why),
		cmocka_unit_test(more_than_64_mib_is_refused),
		cmocka_unit_test(a_pipe_is_read_like_a_file),
		cmocka_unit_test(the_resolution_is_the_step_of_the_stamps),
		cmocka_unit_test(real_captures_hold_an_attempt_for_each_start_pulse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
