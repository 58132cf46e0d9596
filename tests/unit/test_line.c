/* SPDX-License-Identifier: MIT */
/* The simulated and the recorded lines, with a clock that stands still. */
#include "gpio/line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpio/output.h"
#include "unit/cmocka_test.h"
#include "unit/stopped_clock.h"

static char log_path[] = "/tmp/test_line.XXXXXX";

/* Answers a start pulse of 1 ms or more with three edges. */
static size_t answer(void *context, uint64_t release_ns, uint64_t low_ns,
		     enum line_edges edges, struct edge *out, size_t max_edges)
{
	(void)context;
	if (low_ns < CLOCK_NS_PER_MS || max_edges < 3)
		return 0;
	out[0] = (struct edge){ .t_ns = release_ns + 30000, .event = EDGE_FALLING };
	if (edges == LINE_EDGES_FALLING) {
		out[1] = (struct edge){ .t_ns = release_ns + 190000,
					.event = EDGE_FALLING };
		return 2;
	}
	out[1] = (struct edge){ .t_ns = release_ns + 110000, .event = EDGE_RISING };
	out[2] = (struct edge){ .t_ns = release_ns + 190000, .event = EDGE_FALLING };
	return 3;
}

static const struct line_simulation simulation = { answer, NULL };

static struct line *open_line(const char *pin, enum line_edges edges)
{
	const struct line_request request = { .edges = edges, .simulation = &simulation };
	struct line_place place;
	struct line *line;
	char reason[LINE_MAX_REASON];

	if (line_find(pin, &place, reason) ||
	    line_open(&place, &request, &line, reason)) {
		fail_msg("%s", reason);
		return NULL;
	}
	return line;
}

/* One attempt, read at its end. Returns the edges, shifted so that the release is at 0. */
static int attempt(struct line *line, uint64_t low_ns, struct edge *out, size_t max_edges)
{
	uint64_t release_ns, armed_ns;

	assert_int_equal(line_drive_low(line), 0);
	now_ns += low_ns;
	assert_int_equal(line_listen(line, &release_ns, &armed_ns), 0);
	assert_true(release_ns == now_ns && armed_ns >= release_ns);
	now_ns += 10 * CLOCK_NS_PER_MS;

	int num_edges = line_read(line, out, max_edges);

	assert_int_equal(line_rest(line), 0);
	for (int i = 0; i < num_edges; i++)
		out[i].t_ns -= release_ns;
	now_ns += CLOCK_NS_PER_S;
	return num_edges;
}

static void pins_that_name_no_line_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *pin;
		int error;
		const char *reason;
	} rows[] = {
		{ "", -EINVAL, "no pin is given" },
		{ "sim", -EINVAL, "the simulated board has the lines sim/0 to sim/1023" },
		{ "sim/", -EINVAL,
		  "the simulated board has the lines sim/0 to sim/1023" },
		{ "sim/4x", -EINVAL,
		  "the simulated board has the lines sim/0 to sim/1023" },
		{ "sim/1024", -ENOENT,
		  "the simulated board has the lines sim/0 to sim/1023" },
		{ "sim/99999999999999999999", -ENOENT,
		  "the simulated board has the lines sim/0 to sim/1023" },
		{ "replay:", -EINVAL, "replay: wants a file: replay:FILE" },
		{ "replay:/nowhere/x.csv", -ENOENT,
		  "/nowhere/x.csv: No such file or directory" },
	};
	char too_long[2 * LINE_MAX_NAME];
	char reason[LINE_MAX_REASON];
	struct line_place place;

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		assert_int_equal(line_find(rows[i].pin, &place, reason), rows[i].error);
		assert_string_equal(reason, rows[i].reason);
	}
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(line_find(too_long, &place, reason), -ENAMETOOLONG);
}

static void a_simulated_line_without_a_sensor_is_refused(void **state)
{
	const struct line_request request = { .edges = LINE_EDGES_BOTH };
	struct line_place place;
	struct line *line;
	char reason[LINE_MAX_REASON];

	(void)state;
	assert_int_equal(line_find("sim/1023", &place, reason), 0);
	assert_string_equal(place.chip, "sim");
	assert_int_equal(line_open(&place, &request, &line, reason), -EINVAL);
	assert_string_equal(reason, "nothing is simulated on sim/1023");
	line_close(NULL);
}

static void the_simulated_sensor_hears_how_long_the_start_was(void **state)
{
	struct line *line = open_line("sim/4", LINE_EDGES_BOTH);
	struct edge edges[8];

	(void)state;
	assert_int_equal(attempt(line, CLOCK_NS_PER_MS - 1, edges, 8), 0);
	assert_int_equal(attempt(line, CLOCK_NS_PER_MS, edges, 8), 3);
	assert_int_equal(edges[1].event, EDGE_RISING);
	line_close(line);
	line = open_line("sim/4", LINE_EDGES_FALLING);
	assert_int_equal(attempt(line, CLOCK_NS_PER_MS, edges, 8), 2);
	line_close(line);
}

static void edges_come_when_their_time_has_come(void **state)
{
	struct line *line = open_line("sim/4", LINE_EDGES_BOTH);
	struct edge edges[8];
	uint64_t release_ns, armed_ns;

	(void)state;
	assert_int_equal(line_drive_low(line), 0);
	now_ns += CLOCK_NS_PER_MS;
	assert_int_equal(line_listen(line, &release_ns, &armed_ns), 0);
	assert_int_equal(line_read(line, edges, 8), 0);
	now_ns += 30000;
	assert_int_equal(line_read(line, edges, 8), 1);
	now_ns += 500000;
	assert_int_equal(line_read(line, edges, 1), 1);
	assert_int_equal(line_read(line, edges, 8), 1);
	assert_int_equal(line_read(line, edges, 8), 0);
	line_close(line);
}

static void record(const char *log)
{
	FILE *file = fopen(log_path, "w");

	assert_non_null(file);
	fputs(log, file);
	fclose(file);
}

static struct line *open_recording(enum line_edges edges)
{
	char pin[LINE_MAX_NAME];

	(void)snprintf(pin, sizeof(pin), "replay:%s", log_path);
	return open_line(pin, edges);
}

static void a_recording_plays_its_attempts_in_turn_and_again(void **state)
{
	struct edge edges[8];
	uint64_t release_ns, armed_ns;

	(void)state;
	record("1000000,start,\n2000000,release,\n2040000,armed,\n2110000,rising,1\n"
	       "2190000,falling,2\n9000000,end,\n"
	       "20000000,start,\n21000000,release,\n29000000,end,\n"
	       "32000000,falling,1\n32080000,falling,2\n");

	struct line *line = open_recording(LINE_EDGES_BOTH);

	for (int round = 0; round < 2; round++) {
		assert_int_equal(attempt(line, 1000, edges, 8), 2);
		assert_int_equal(edges[0].t_ns, 110000);
		assert_int_equal(edges[0].event, EDGE_RISING);
		assert_int_equal(edges[1].t_ns, 190000);
		assert_int_equal(edges[1].seq, 2);
		assert_int_equal(attempt(line, 1000, edges, 8), 0);
		/* Nobody knows when this one's release was. */
		assert_int_equal(attempt(line, 1000, edges, 8), 2);
		assert_int_equal(edges[0].t_ns, 150000);
		assert_int_equal(edges[1].t_ns, 230000);
	}
	assert_int_equal(line_listen(line, &release_ns, &armed_ns), 0);
	assert_int_equal(armed_ns - release_ns, 40000);
	line_close(line);
}

static void a_recording_gives_only_the_edges_asked_for(void **state)
{
	struct edge edges[8];

	(void)state;
	record("2000000,release,\n2110000,rising,1\n2190000,falling,2\n9000000,end,\n"
	       "12000000,rising,1\n");

	struct line *line = open_recording(LINE_EDGES_FALLING);

	assert_int_equal(attempt(line, 1000, edges, 8), 1);
	assert_int_equal(edges[0].event, EDGE_FALLING);
	/* This one has no falling edges: better these than none. */
	assert_int_equal(attempt(line, 1000, edges, 8), 1);
	assert_int_equal(edges[0].event, EDGE_RISING);
	line_close(line);
}

static void a_recording_that_cannot_be_played_is_refused_with_a_reason(void **state)
{
	const struct line_request request = { .edges = LINE_EDGES_BOTH };
	struct line_place place;
	struct line *line;
	char pin[LINE_MAX_NAME], reason[LINE_MAX_REASON], expected[LINE_MAX_REASON];

	(void)state;
	(void)snprintf(pin, sizeof(pin), "replay:%s", log_path);
	record("1,start,\n0,release,\n");
	assert_int_equal(line_find(pin, &place, reason), 0);
	assert_int_equal(line_open(&place, &request, &line, reason), -EINVAL);
	(void)snprintf(expected, sizeof(expected), "%s:2: time goes backwards: 0 after 1",
		       log_path);
	assert_string_equal(reason, expected);
	record("# pin2mqtt edge log 1; driver=dht22; pin=x\n");
	assert_int_equal(line_open(&place, &request, &line, reason), -EINVAL);
	(void)snprintf(expected, sizeof(expected), "%s: nothing is recorded in it",
		       log_path);
	assert_string_equal(reason, expected);
}

static void a_quiet_pin_must_be_on_the_same_chip(void **state)
{
	struct line_place place, quiet;
	const struct line_request request = { .simulation = &simulation,
					      .quiet = &quiet };
	char pin[LINE_MAX_NAME], reason[LINE_MAX_REASON];
	struct line *line;

	(void)state;
	(void)snprintf(pin, sizeof(pin), "replay:%s", log_path);
	assert_int_equal(line_find("sim/4", &place, reason), 0);
	assert_int_equal(line_find(pin, &quiet, reason), 0);
	assert_int_equal(line_open(&place, &request, &line, reason), -EINVAL);
	assert_string_equal(reason, "the quiet pin is on another chip");
	assert_int_equal(line_find("sim/5", &quiet, reason), 0);
	assert_int_equal(line_open(&place, &request, &line, reason), 0);
	assert_int_equal(line_num_merged(line), 0);
	line_close(line);
}

static void a_trigger_that_cannot_be_driven_refuses_the_line(void **state)
{
	struct line_place place, trigger;
	const struct line_request request = { .simulation = &simulation,
					      .trigger = &trigger };
	char pin[LINE_MAX_NAME], reason[LINE_MAX_REASON];
	struct line *line;

	(void)state;
	(void)snprintf(pin, sizeof(pin), "replay:%s", log_path);
	assert_int_equal(line_find("sim/4", &place, reason), 0);
	assert_int_equal(line_find(pin, &trigger, reason), 0);
	assert_int_equal(line_open(&place, &request, &line, reason), -EINVAL);
	assert_null(line);
	assert_string_equal(reason, "a recording cannot be driven");
	output_close(NULL);
}

static void the_library_tells_its_version(void **state)
{
	(void)state;
	assert_int_equal(strncmp(line_library(), "libgpiod ", strlen("libgpiod ")), 0);
}

static int set_up(void **state)
{
	int fd = mkstemp(log_path);

	(void)state;
	if (fd >= 0)
		close(fd);
	stop_clock();
	return fd >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	clock_set_source(NULL);
	return unlink(log_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pins_that_name_no_line_are_refused_with_a_reason),
		cmocka_unit_test(a_simulated_line_without_a_sensor_is_refused),
		cmocka_unit_test(the_simulated_sensor_hears_how_long_the_start_was),
		cmocka_unit_test(edges_come_when_their_time_has_come),
		cmocka_unit_test(a_recording_plays_its_attempts_in_turn_and_again),
		cmocka_unit_test(a_recording_gives_only_the_edges_asked_for),
		cmocka_unit_test(
			a_recording_that_cannot_be_played_is_refused_with_a_reason),
		cmocka_unit_test(a_quiet_pin_must_be_on_the_same_chip),
		cmocka_unit_test(a_trigger_that_cannot_be_driven_refuses_the_line),
		cmocka_unit_test(the_library_tells_its_version),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
