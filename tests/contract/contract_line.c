/* SPDX-License-Identifier: MIT */
/* One contract over every place that edges come from.
 *
 *	contract_line           the simulated board and a recording
 *	contract_line PIN...    lines of the kernel, each with a DHT22 on it; PIN+TRIGGER is a
 *	                        line with a second one on its bus
 */
#include "gpio/line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/cmocka_test.h"

enum {
	START_LOW_US = 1200,
	FRAME_US = 8000,
	NAP_US = 400, /* libgpiod 1 has room for 16 edges, 77 us apart or more */
	MAX_EDGES = 256,
	NUM_BITS = 40,
	MAX_FALLING = 2 + NUM_BITS,
	MIN_FALLING = 36, /* the rest may come before the line is armed */
};

struct subject {
	const char *name;
	char pin[LINE_MAX_NAME];
	char trigger_pin[LINE_MAX_NAME]; /* empty: none */
	enum line_edges edges;
	uint64_t rest_ms; /* a real sensor wants so long between two starts */
	bool is_exclusive; /* held once, it cannot be had again */
};

struct heard {
	uint64_t release_ns;
	uint64_t armed_ns;
	size_t num_edges;
	struct edge edges[MAX_EDGES];
};

static char log_path[] = "/tmp/contract_line.XXXXXX";

static void sleep_us(uint64_t us)
{
	const struct timespec time = {
		.tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000 * 1000),
	};

	nanosleep(&time, NULL);
}

/* A frame of 40 zeros after the response. */
static size_t answer(void *context, uint64_t release_ns, uint64_t low_ns,
		     enum line_edges edges, struct edge *out, size_t max_edges)
{
	uint64_t t_ns = release_ns + 30000;
	size_t num_edges = 0;

	(void)context;
	assert_true(low_ns >= START_LOW_US * CLOCK_NS_PER_US);
	for (int bit = -1; bit <= NUM_BITS && num_edges + 2 <= max_edges; bit++) {
		uint64_t low_us = bit < 0 ? 80 : 50;
		uint64_t high_us = bit < 0 ? 80 : 26;

		out[num_edges++] = (struct edge){ .t_ns = t_ns, .event = EDGE_FALLING };
		t_ns += low_us * CLOCK_NS_PER_US;
		if (edges == LINE_EDGES_BOTH)
			out[num_edges++] =
				(struct edge){ .t_ns = t_ns, .event = EDGE_RISING };
		t_ns += high_us * CLOCK_NS_PER_US;
	}
	return num_edges;
}

static const struct line_simulation simulation = { answer, NULL };

static int try_open(const struct subject *subject, struct line **out,
		    char reason[LINE_MAX_REASON])
{
	struct line_place place, trigger;
	struct line_request request = {
		.edges = subject->edges,
		.simulation = &simulation,
	};
	int error = line_find(subject->pin, &place, reason);

	if (!error && subject->trigger_pin[0]) {
		error = line_find(subject->trigger_pin, &trigger, reason);
		request.trigger = &trigger;
	}
	return error ? error : line_open(&place, &request, out, reason);
}

static struct line *open_subject(const struct subject *subject)
{
	char reason[LINE_MAX_REASON];
	struct line *line;

	if (try_open(subject, &line, reason)) {
		fail_msg("%s: %s", subject->pin, reason);
		return NULL;
	}
	return line;
}

/* One attempt, read as it comes, at most max_edges at once. */
static void hear(const struct subject *subject, struct line *line, size_t max_edges,
		 struct heard *out)
{
	out->num_edges = 0;
	sleep_us(subject->rest_ms * 1000);
	assert_int_equal(line_drive_low(line), 0);
	sleep_us(START_LOW_US);
	assert_int_equal(line_listen(line, &out->release_ns, &out->armed_ns), 0);
	while (clock_mono_ns() < out->release_ns + FRAME_US * CLOCK_NS_PER_US) {
		int num_edges;

		sleep_us(NAP_US);
		do {
			size_t room = MAX_EDGES - out->num_edges;

			num_edges = line_read(line, out->edges + out->num_edges,
					      room < max_edges ? room : max_edges);
			assert_true(num_edges >= 0);
			out->num_edges += (size_t)num_edges;
		} while (num_edges > 0);
	}
}

static void check_frame(const struct subject *subject, const struct heard *heard)
{
	size_t num_falling = 0;
	uint64_t last_ns = heard->release_ns;

	assert_true(heard->armed_ns >= heard->release_ns);
	for (size_t i = 0; i < heard->num_edges; i++) {
		const struct edge *edge = &heard->edges[i];

		assert_true(edge->event == EDGE_FALLING ||
			    (edge->event == EDGE_RISING &&
			     subject->edges == LINE_EDGES_BOTH));
		assert_true(edge->t_ns >= last_ns);
		assert_int_equal(edge->sensor, 0);
		last_ns = edge->t_ns;
		num_falling += edge->event == EDGE_FALLING;
	}
	/* With a trigger the line was armed before the first one. */
	assert_in_range(num_falling, subject->trigger_pin[0] ? MAX_FALLING : MIN_FALLING,
			MAX_FALLING);
}

static void an_attempt_gives_the_edges_of_one_frame(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject);
	struct heard heard;

	for (int i = 0; i < 3; i++) {
		hear(subject, line, MAX_EDGES, &heard);
		check_frame(subject, &heard);
		assert_int_equal(line_rest(line), 0);
	}
	line_close(line);
}

static void edges_may_be_taken_one_by_one(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject);
	struct heard heard;

	hear(subject, line, 1, &heard);
	check_frame(subject, &heard);
	line_close(line);
}

static void a_line_that_nobody_listens_to_gives_no_edges(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject);
	struct heard heard;

	assert_int_equal(line_read(line, heard.edges, MAX_EDGES), 0);
	hear(subject, line, MAX_EDGES, &heard);
	assert_int_equal(line_rest(line), 0);
	sleep_us(FRAME_US);
	assert_int_equal(line_read(line, heard.edges, MAX_EDGES), 0);
	assert_int_equal(line_rest(line), 0);
	line_close(line);
}

static void edges_that_were_not_read_do_not_reach_the_next_attempt(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject);
	uint64_t release_ns, armed_ns;
	struct heard heard;

	sleep_us(subject->rest_ms * 1000);
	assert_int_equal(line_drive_low(line), 0);
	sleep_us(START_LOW_US);
	assert_int_equal(line_listen(line, &release_ns, &armed_ns), 0);
	sleep_us(FRAME_US);
	hear(subject, line, MAX_EDGES, &heard);
	check_frame(subject, &heard);
	line_close(line);
}

static void a_line_closed_in_the_middle_can_be_opened_again(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject);
	struct heard heard;

	assert_int_equal(line_drive_low(line), 0);
	line_close(line);
	line = open_subject(subject);
	hear(subject, line, MAX_EDGES, &heard);
	line_close(line);
	line = open_subject(subject);
	hear(subject, line, MAX_EDGES, &heard);
	check_frame(subject, &heard);
	line_close(line);
}

static void a_line_says_how_much_may_wait_and_whether_something_does(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject);
	struct heard heard;

	assert_true(line_max_waiting(line) >= 16);
	hear(subject, line, MAX_EDGES, &heard);

	struct pollfd waiting = { .fd = line_fd(line), .events = POLLIN };

	assert_true(waiting.fd < 0 || poll(&waiting, 1, 0) == 0);
	line_close(line);
}

static void a_line_at_rest_is_high_as_far_as_it_can_be_told(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject);
	struct heard heard;
	int level = line_level(line);

	assert_true(level == 1 || level == -ENOSYS);
	hear(subject, line, MAX_EDGES, &heard);
	assert_int_equal(line_rest(line), 0);
	assert_int_equal(line_level(line), level);
	line_close(line);
}

static void a_line_that_is_held_names_its_holder(void **state)
{
	const struct subject *subject = *state;
	struct line *line = open_subject(subject), *second = NULL;
	char reason[LINE_MAX_REASON];

	if (!subject->is_exclusive) {
		line_close(line);
		return;
	}
	assert_int_equal(try_open(subject, &second, reason), -EBUSY);
	assert_null(second);
	if (!strstr(reason, "is held by \"pin2mqtt\""))
		fail_msg("%s", reason);
	line_close(line);
}

/* pin: PIN or PIN+TRIGGER */
static int run(const char *name, const char *pin, enum line_edges edges, bool is_real)
{
	const char *plus = strchr(pin, '+');

	struct subject subject = {
		.name = name,
		.edges = edges,
		.rest_ms = is_real ? 2100 : 0,
		.is_exclusive = is_real,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(an_attempt_gives_the_edges_of_one_frame,
					  &subject),
		cmocka_unit_test_prestate(edges_may_be_taken_one_by_one, &subject),
		cmocka_unit_test_prestate(a_line_that_nobody_listens_to_gives_no_edges,
					  &subject),
		cmocka_unit_test_prestate(
			edges_that_were_not_read_do_not_reach_the_next_attempt, &subject),
		cmocka_unit_test_prestate(a_line_closed_in_the_middle_can_be_opened_again,
					  &subject),
		cmocka_unit_test_prestate(
			a_line_says_how_much_may_wait_and_whether_something_does,
			&subject),
		cmocka_unit_test_prestate(a_line_at_rest_is_high_as_far_as_it_can_be_told,
					  &subject),
		cmocka_unit_test_prestate(a_line_that_is_held_names_its_holder, &subject),
	};

	(void)snprintf(subject.pin, sizeof(subject.pin), "%.*s",
		       plus ? (int)(plus - pin) : (int)strlen(pin), pin);
	(void)snprintf(subject.trigger_pin, sizeof(subject.trigger_pin), "%s",
		       plus ? plus + 1 : "");
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

/* What answer() sends, as a recording. */
static int record(void)
{
	struct edge edges[MAX_EDGES];
	size_t num_edges = answer(NULL, 1000000000, START_LOW_US * CLOCK_NS_PER_US,
				  LINE_EDGES_BOTH, edges, MAX_EDGES);
	int fd = mkstemp(log_path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		return -1;
	fputs("1000000000,release,\n", file);
	for (size_t i = 0; i < num_edges; i++)
		fprintf(file, "%llu,%s,\n", (unsigned long long)edges[i].t_ns,
			edges[i].event == EDGE_FALLING ? "falling" : "rising");
	return fclose(file);
}

int main(int argc, char **argv)
{
	char pin[LINE_MAX_NAME];
	int num_failed = 0;

	for (int i = 1; i < argc; i++) {
		num_failed += run("kernel, falling", argv[i], LINE_EDGES_FALLING, true);
		num_failed += run("kernel, both", argv[i], LINE_EDGES_BOTH, true);
	}
	if (argc > 1)
		return num_failed;
	if (record() != 0)
		return 1;
	(void)snprintf(pin, sizeof(pin), "replay:%s", log_path);
	num_failed += run("sim, falling", "sim/4", LINE_EDGES_FALLING, false);
	num_failed += run("sim, both", "sim/4", LINE_EDGES_BOTH, false);
	num_failed += run("sim, trigger", "sim/4+sim/5", LINE_EDGES_BOTH, false);
	num_failed += run("replay, falling", pin, LINE_EDGES_FALLING, false);
	num_failed += run("replay, both", pin, LINE_EDGES_BOTH, false);
	unlink(log_path);
	return num_failed;
}
