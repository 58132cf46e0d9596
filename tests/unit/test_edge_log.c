/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "unit/recording_test.h"

static void the_example_of_the_contract_reads_as_one_attempt(void **state)
{
	(void)state;
	assert_reads_as(
		"# pin2mqtt edge log 1; driver=dht22; pin=GPIO4\n"
		"t_ns,event,seq\n"
		"1000000000,start,          the host drives the line low\n"
		"1001200000,release,        the host lets go\n"
		"1001240000,armed,          from here edges are reported\n"
		"1001352000,falling,1       an edge event as libgpiod gave it\n"
		"1011000000,end,            the capture closed; next frame follows\n",
		NULL, "S1000000000 L1001200000 A1001240000 F1001352000/1 E1011000000");
}

static void header_words_are_kept(void **state)
{
	static const char file[] =
		"# pin2mqtt edge log 1; driver=dht22; pin=my sensor/4\r\n";
	struct recording recording;
	char reason[RECORDING_MAX_REASON];

	(void)state;
	assert_int_equal(recording_parse(file, strlen(file), "x", NULL, &recording,
					 reason),
			 0);
	assert_string_equal(recording.driver, "dht22");
	assert_string_equal(recording.pin, "my sensor/4");
	assert_int_equal(recording.num_edges, 0);
	assert_int_equal(recording.resolution_ns, 1);
	recording_finish(&recording);
}

static void seq_marks_header_and_newlines_may_be_missing(void **state)
{
	(void)state;
	assert_reads_as("10,falling\r\n20 , rising , 4294967295\r\n\r\n30,falling,", NULL,
			"S0 F10 R20/4294967295 F30 E30");
	assert_reads_as("t_ns,event,seq\n10,rising,\n20,rising,\n", NULL,
			"S0 R10 R20 E20");
	assert_reads_as("10,release,\n20,falling,\n30,end,\n", NULL, "S0 L10 F20 E30");
}

static void attempts_without_marks_end_at_a_pause(void **state)
{
	(void)state;
	assert_reads_as("1000,falling,\n5000999,falling,\n10000999,falling,\n", NULL,
			"S0 F1000 F5000999 E5000999 S0 F10000999 E10000999");
	assert_reads_as("1000,falling,\n2000,end,\n3000,falling,\n", NULL,
			"S0 F1000 E2000 S0 F3000 E3000");
}

static void marked_attempts_may_have_pauses(void **state)
{
	(void)state;
	assert_reads_as("1,start,\n2,release,\n10,falling,\n9000000,falling,\n", NULL,
			"S1 L2 F10 F9000000 E9000000");
}

static void a_start_ends_the_attempt_before_it(void **state)
{
	(void)state;
	assert_reads_as("1,start,\n2,release,\n3,falling,\n9,start,\n10,end,\n11,end,\n",
			NULL, "S1 L2 F3 E3 S9 E10");
	assert_reads_as("2,release,\n3,falling,\n9,release,\n", NULL,
			"S0 L2 F3 E3 S0 L9 E9");
}

static void edges_may_be_older_than_the_armed_before_them(void **state)
{
	(void)state;
	assert_reads_as(
		"1,start,\n5,release,\n9,armed,\n7,falling,\n8,rising,\n12,end,\n", NULL,
		"S1 L5 A9 F7 R8 E12");
	assert_refused("1,start,\n5,release,\n9,armed,\n4,falling,\n", NULL,
		       "x:4: time goes backwards: 4 after 5");
}

static void stamps_may_be_missing_where_nothing_is_lost_by_it(void **state)
{
	(void)state;
	assert_reads_as(
		",start,\n,release,\n5,falling,1\n,falling,2\n9,falling,3\n,end,\n", NULL,
		"S0 F5/1 F9/3 E9");
}

static void a_lost_line_is_kept(void **state)
{
	(void)state;
	assert_reads_as("1,start,\n2,end,lost\n", NULL, "S1 E2!");
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
	static const struct {
		const char *file;
		const char *reason;
	} rows[] = {
		{ "", "x:1: the file is empty" },
		{ " \r\n\n", "x:1: the file is empty" },
		{ "hello",
		  "x:1: \"hello\" is neither a line of an edge log (t_ns,event,seq) nor "
		  "of a value change dump" },
		{ "1,start,\n\n2,fallen,\n",
		  "x:3: \"fallen\" is no event: start, release, armed, falling, rising, "
		  "end" },
		{ "1,start,\nwhat\n",
		  "x:2: \"\" is no event: start, release, armed, falling, rising, end" },
		{ "1e3,start,\n",
		  "x:1: \"1e3\" is no time: nanoseconds from 0 to 9223372036854775807" },
		{ "-1,start,\n",
		  "x:1: \"-1\" is no time: nanoseconds from 0 to 9223372036854775807" },
		{ "9223372036854775808,start,\n",
		  "x:1: \"9223372036854775808\" is no time: nanoseconds from 0 to "
		  "9223372036854775807" },
		{ "99999999999999999999999,start,\n",
		  "x:1: \"99999999999999999999999\" is no time: nanoseconds from 0 to "
		  "9223372036854775807" },
		{ "1,falling,4294967296\n",
		  "x:1: \"4294967296\" is no sequence number: 0 to 4294967295" },
		{ "5,falling,\n4,falling,\n", "x:2: time goes backwards: 4 after 5" },
		{ "5,start,\n9,end,\n8,start,\n", "x:3: time goes backwards: 8 after 9" },
		{ "# pin2mqtt edge log 2; driver=x\n",
		  "x:1: only edge logs of form 1 are known" },
		{ "# pin2mqtt edge log 11; driver=x\n",
		  "x:1: only edge logs of form 1 are known" },
		{ "\x7f\x45LF\n", "x:1: \"?ELF\" is neither a line of an edge log "
				  "(t_ns,event,seq) nor of "
				  "a value change dump" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++)
		assert_refused(rows[i].file, NULL, rows[i].reason);
	assert_reads_as("9223372036854775807,falling,\n", NULL,
			"S0 F9223372036854775807 E9223372036854775807");
}

static void what_is_written_reads_back_the_same(void **state)
{
	static const struct edge edges[] = {
		{ .event = EDGE_START, .t_ns = 0 },
		{ .event = EDGE_RISING, .t_ns = 500, .seq = 7 },
		{ .event = EDGE_END, .t_ns = 600 },
		{ .event = EDGE_START, .t_ns = 1000 },
		{ .event = EDGE_RELEASE, .t_ns = 2000 },
		{ .event = EDGE_ARMED, .t_ns = 2100 },
		{ .event = EDGE_FALLING, .t_ns = 2050, .seq = 4294967295 },
		{ .event = EDGE_RISING, .t_ns = 2200, .seq = 0 },
		{ .event = EDGE_END, .t_ns = 3000, .detail = EDGE_END_LOST },
	};
	struct recording recording;
	char reason[RECORDING_MAX_REASON];
	char *data = NULL;
	size_t num_bytes = 0;
	FILE *file = open_memstream(&data, &num_bytes);

	(void)state;
	assert_int_equal(edge_log_write(file, "dht22", "GPIO4", edges,
					array_length(edges)),
			 0);
	fclose(file);
	if (recording_parse(data, num_bytes, "x", NULL, &recording, reason))
		fail_msg("%s", reason);
	assert_same_records(&recording, edges, array_length(edges), 0);
	assert_string_equal(recording.driver, "dht22");
	assert_string_equal(recording.pin, "GPIO4");
	recording_finish(&recording);
	free(data);
}

static void a_full_disk_is_said(void **state)
{
	const struct edge edge = { .event = EDGE_END, .t_ns = 1 };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(edge_log_write(full, "dht22", "x", &edge, 1), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_contract_reads_as_one_attempt),
		cmocka_unit_test(header_words_are_kept),
		cmocka_unit_test(seq_marks_header_and_newlines_may_be_missing),
		cmocka_unit_test(attempts_without_marks_end_at_a_pause),
		cmocka_unit_test(marked_attempts_may_have_pauses),
		cmocka_unit_test(a_start_ends_the_attempt_before_it),
		cmocka_unit_test(edges_may_be_older_than_the_armed_before_them),
		cmocka_unit_test(stamps_may_be_missing_where_nothing_is_lost_by_it),
		cmocka_unit_test(a_lost_line_is_kept),
		cmocka_unit_test(what_is_wrong_is_said_with_its_line),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(a_full_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
