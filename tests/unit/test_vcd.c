/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "unit/recording_test.h"

#define WIRE "$var wire 1 ! SDA $end\n"
#define BODY "$enddefinitions $end\n"
#define HEADER "$timescale 1 us $end\n" WIRE BODY

static void the_first_low_after_idle_is_the_start(void **state)
{
	(void)state;
	/* 305 us: shorter than any start in a data sheet, but a host did send it. */
	assert_reads_as(HEADER
			"#0 1! #2000 0! #2305 1! #2330 0! #2410 1! #2490 0! #2540 1!",
			NULL,
			"S2000000 L2305000 F2330000 R2410000 F2490000 R2540000 E3540000");
}

static void a_long_low_is_a_start_wherever_it_comes(void **state)
{
	(void)state;
	assert_reads_as(HEADER
			"#0 1! #500 0! #1000 1! #1030 0! #1110 1! #1500 0! #1900 1!",
			NULL,
			"S500000 L1000000 F1030000 R1110000 E1500000 "
			"S1500000 L1900000 E21900000");
}

static void an_unanswered_start_waits_for_a_late_answer(void **state)
{
	(void)state;
	/* A DHT11 that answers 8 ms after the release. */
	assert_reads_as(HEADER "#0 1! #1000 0! #19000 1! #27000 0! #27080 1!", NULL,
			"S1000000 L19000000 F27000000 R27080000 E28080000");
	/* But a low of 105 us is the next start, though a short one. */
	assert_reads_as(HEADER "#0 1! #1000 0! #2000 1! #7000 0! #7105 1!", NULL,
			"S1000000 L2000000 E7000000 S7000000 L7105000 E27105000");
}

static void a_recording_cut_in_an_attempt_ends_it(void **state)
{
	(void)state;
	assert_reads_as(HEADER "#0 1! #2000 0!", NULL, "S2000000 E2000000");
	assert_reads_as(HEADER "#0 1! #2000 0! #2700", NULL, "S2000000 E2700000");
	assert_reads_as(HEADER "#0 1! #2000 0! #3000 1! #3030 0!", NULL,
			"S2000000 L3000000 F3030000 E3030000");
}

static void a_recording_that_begins_low_begins_with_the_start(void **state)
{
	(void)state;
	assert_reads_as(HEADER "#10 0! #1000 1! #1030 0! #1110 1!", NULL,
			"S10000 L1000000 F1030000 R1110000 E2110000");
}

static void a_recording_that_begins_in_a_frame_does_not_know_its_start(void **state)
{
	(void)state;
	assert_reads_as(HEADER "#0 1! #20 0! #70 1! #95 0! #145 1!", NULL,
			"S0 F20000 R70000 F95000 R145000 E1145000");
}

static void noise_on_an_idle_bus_is_no_start(void **state)
{
	(void)state;
	assert_reads_as(HEADER "#0 1! #5000 0! #5002 1! #9000 0! #10000 1!", NULL,
			"S9000000 L10000000 E30000000");
}

static void unknown_levels_change_nothing_and_z_is_high(void **state)
{
	(void)state;
	assert_reads_as(HEADER
			"$dumpvars x! $end #1 z! #2000 0! #2100 x! #2200 0! #3000 Z!",
			NULL, "S2000000 L3000000 E23000000");
}

static void both_forms_of_a_level_are_read(void **state)
{
	(void)state;
	assert_reads_as(HEADER "#0 b1 ! #2000 B0 ! #3000 b1 ! #3020 b0 ! #3100 1!", NULL,
			"S2000000 L3000000 F3020000 R3100000 E4100000");
}

static void line_ends_of_other_systems_are_read(void **state)
{
	(void)state;
	assert_reads_as("$timescale\r\n\t1ms\r\n$end\r\n" WIRE "\r\n" BODY
			"\r\n#0\r\n1!\r\n#2\r\n0!\r\n#3\r\n1!\r\n",
			NULL, "S2000000 L3000000 E23000000");
}

static void every_timescale_is_read_as_nanoseconds(void **state)
{
	static const char *const rows[][3] = {
		{ "1 fs", "2000000000", "3000000000" },
		{ "10ps", "200000", "300000" },
		{ "100 ps", "20000", "30000" },
		{ "1 ns", "2000", "3000" },
		{ "100ns", "20", "30" },
		{ "1 us", "2", "3" },
	};
	char file[256];

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		(void)snprintf(file, sizeof(file),
			       "$timescale %s $end " WIRE BODY "#0 1! #%s 0! #%s 1!",
			       rows[i][0], rows[i][1], rows[i][2]);
		/* 1 us of low in idle is noise, whatever the unit ... */
		assert_reads_as(file, NULL, "");
		(void)snprintf(file, sizeof(file),
			       "$timescale %s $end " WIRE BODY
			       "#0 1! #%s000 0! #%s000 1!",
			       rows[i][0], rows[i][1], rows[i][2]);
		/* ... and 1 ms is a start. */
		assert_reads_as(file, NULL, "S2000000 L3000000 E23000000");
	}
	assert_reads_as("$timescale 1 s $end " WIRE BODY "#0 1! #2 0! #3 1!", NULL,
			"S2000000000 L3000000000 E3020000000");
}

#define TWO_WIRES \
	"$timescale 1 us $end $scope module top $end $var wire 8 # count [7:0] $end\n" \
	"$scope module bus $end $var real 1 r volts $end $var wire 1 a SDA $end\n" \
	"$var wire 1 b SCL $end $upscope $end $var reg 1 c SDA $end $upscope $end " BODY \
	"#0 1a 1b 1c b11 # r1.5 r #2000 0a #3000 1a 0b b0 # #4000 1b 0c #5000 1c"

static void the_bus_is_the_first_wire_of_one_bit_or_the_named_one(void **state)
{
	(void)state;
	assert_reads_as(TWO_WIRES, NULL, "S2000000 L3000000 E23000000");
	assert_reads_as(TWO_WIRES, "SDA", "S2000000 L3000000 E23000000");
	assert_reads_as(TWO_WIRES, "SCL", "S3000000 L4000000 E24000000");
	assert_reads_as(TWO_WIRES, "b", "S3000000 L4000000 E24000000");
	assert_reads_as(TWO_WIRES, "top.SDA", "S4000000 L5000000 E25000000");
	assert_refused(TWO_WIRES, "MISO",
		       "x:3: there is no wire MISO; there are: top.bus.SDA, top.bus.SCL, "
		       "top.SDA");
	assert_refused(TWO_WIRES, "count", "x:3: wire count has 8 bits, not one");
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
	static const struct {
		const char *file;
		const char *reason;
	} rows[] = {
		{ "$date", "x:1: \"$date\" has no $end" },
		{ "$date today $end\n", "x:2: there is no $enddefinitions" },
		{ BODY, "x:1: there is no 1-bit wire" },
		{ "$var wire 8 ! D $end " BODY, "x:1: there is no 1-bit wire" },
		{ "$timescale 1 ns $end\n#5\n",
		  "x:2: \"#5\" does not belong in the header of a value change dump" },
		{ "$timescale 2 ns $end", "x:1: \"2\" is no timescale: 1, 10 or 100" },
		{ "$timescale 1 h $end",
		  "x:1: \"h\" is no unit of time: s, ms, us, ns, ps or fs" },
		{ "$timescale $end", "x:1: \"$timescale\" is cut short" },
		{ "$var wire 1 $end", "x:1: \"$var\" is cut short" },
		{ "$var wire one ! D $end", "x:1: \"one\" is no number of bits" },
		{ HEADER "#0 1!\n#x\n", "x:5: \"#x\" is no time" },
		{ HEADER "#7 1!\n#6\n", "x:5: time goes backwards: 6 after 7" },
		{ HEADER "#9223372036854776 1!",
		  "x:4: \"#9223372036854776\" is later than 2^63 ns" },
		{ HEADER "#18446744073709551616", "x:4: \"#18446744073709551616\" is no "
						  "time" },
		{ HEADER "#0 1", "x:4: \"1\" has no identifier after it" },
		{ HEADER "#0 b1", "x:4: \"b1\" has no identifier after it" },
		{ HEADER "#0 b !", "x:4: \"b\" has no bits" },
		{ HEADER "edge", "x:4: \"edge\" is no change of a value" },
		{ HEADER "\xff", "x:4: \"?\" is no change of a value" },
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++)
		assert_refused(rows[i].file, NULL, rows[i].reason);
}

static void write_and_read(const struct edge *edges, size_t num_edges,
			   struct recording *out)
{
	char reason[RECORDING_MAX_REASON];
	char *data = NULL;
	size_t num_bytes = 0;
	FILE *file = open_memstream(&data, &num_bytes);

	assert_int_equal(vcd_write(file, "dht22", edges, num_edges), 0);
	fclose(file);
	if (recording_parse(data, num_bytes, "x", NULL, out, reason))
		fail_msg("%s", reason);
	free(data);
}

static void what_is_written_reads_back_the_same(void **state)
{
	static const struct edge edges[] = {
		{ .event = EDGE_START, .t_ns = 1000000000 },
		{ .event = EDGE_RELEASE, .t_ns = 1001200000 },
		{ .event = EDGE_FALLING, .t_ns = 1001230000 },
		{ .event = EDGE_RISING, .t_ns = 1001310000 },
		{ .event = EDGE_FALLING, .t_ns = 1001390000 },
		{ .event = EDGE_RISING, .t_ns = 1001440000 },
		{ .event = EDGE_END, .t_ns = 1002440000 },
		/* no answer */
		{ .event = EDGE_START, .t_ns = 3000000000 },
		{ .event = EDGE_RELEASE, .t_ns = 3001200000 },
		{ .event = EDGE_END, .t_ns = 3021200000 },
	};
	struct recording recording;

	(void)state;
	write_and_read(edges, array_length(edges), &recording);
	assert_same_records(&recording, edges, array_length(edges), 995000000);
	assert_string_equal(recording.driver, "dht22");
	recording_finish(&recording);
}

static void our_own_release_seen_as_an_edge_is_one_edge(void **state)
{
	static const struct edge edges[] = {
		{ .event = EDGE_START, .t_ns = 5000000 },
		{ .event = EDGE_RELEASE, .t_ns = 6000000 },
		{ .event = EDGE_ARMED, .t_ns = 6005000 },
		{ .event = EDGE_RISING, .t_ns = 6003000 },
		{ .event = EDGE_FALLING, .t_ns = 6030000 },
		{ .event = EDGE_RISING, .t_ns = 6110000 },
		{ .event = EDGE_END, .t_ns = 12000000 },
	};
	struct recording recording;
	char found[256];

	(void)state;
	write_and_read(edges, array_length(edges), &recording);
	describe(&recording, found, sizeof(found));
	assert_string_equal(found, "S5000000 L6003000 F6030000 R6110000 E7110000");
	recording_finish(&recording);
}

static void a_line_lost_while_low_is_let_go(void **state)
{
	static const struct edge edges[] = {
		{ .event = EDGE_START, .t_ns = 5000000 },
		{ .event = EDGE_END, .t_ns = 6000000, .detail = EDGE_END_LOST },
		{ .event = EDGE_START, .t_ns = 99000000 },
		{ .event = EDGE_RELEASE, .t_ns = 100000000 },
		{ .event = EDGE_END, .t_ns = 105000000 },
	};
	struct recording recording;
	char found[256];

	(void)state;
	write_and_read(edges, array_length(edges), &recording);
	describe(&recording, found, sizeof(found));
	assert_string_equal(found, "S5000000 L6000000 E26000000 "
				   "S99000000 L100000000 E120000000");
	recording_finish(&recording);
}

static void levels_that_cannot_be_told_are_not_written(void **state)
{
	static const struct edge falling_only[] = {
		{ .event = EDGE_START, .t_ns = 1000000 },
		{ .event = EDGE_RELEASE, .t_ns = 2000000 },
		{ .event = EDGE_FALLING, .t_ns = 2030000 },
		{ .event = EDGE_FALLING, .t_ns = 2190000 },
	};
	static const struct edge backwards[] = {
		{ .event = EDGE_FALLING, .t_ns = 2000 },
		{ .event = EDGE_RISING, .t_ns = 1000 },
	};
	FILE *file = fopen("/dev/null", "w");

	(void)state;
	assert_int_equal(vcd_write(file, "x", falling_only, array_length(falling_only)),
			 -EINVAL);
	assert_int_equal(vcd_write(file, "x", backwards, array_length(backwards)),
			 -EINVAL);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_low_after_idle_is_the_start),
		cmocka_unit_test(a_long_low_is_a_start_wherever_it_comes),
		cmocka_unit_test(an_unanswered_start_waits_for_a_late_answer),
		cmocka_unit_test(a_recording_cut_in_an_attempt_ends_it),
		cmocka_unit_test(a_recording_that_begins_low_begins_with_the_start),
		cmocka_unit_test(
			a_recording_that_begins_in_a_frame_does_not_know_its_start),
		cmocka_unit_test(noise_on_an_idle_bus_is_no_start),
		cmocka_unit_test(unknown_levels_change_nothing_and_z_is_high),
		cmocka_unit_test(both_forms_of_a_level_are_read),
		cmocka_unit_test(line_ends_of_other_systems_are_read),
		cmocka_unit_test(every_timescale_is_read_as_nanoseconds),
		cmocka_unit_test(the_bus_is_the_first_wire_of_one_bit_or_the_named_one),
		cmocka_unit_test(what_is_wrong_is_said_with_its_line),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(our_own_release_seen_as_an_edge_is_one_edge),
		cmocka_unit_test(a_line_lost_while_low_is_let_go),
		cmocka_unit_test(levels_that_cannot_be_told_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
