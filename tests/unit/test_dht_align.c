/* SPDX-License-Identifier: MIT */
#include "decode/dht_align.h"

#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum { NUM_FRAMES = 300 };

/* A frame of any values, as its sensor sends it and as it is known to have been sent. */
struct trial {
	const struct driver *driver;
	struct frame frame;
	struct decode_evidence evidence;
	size_t num_before; /* events that are not of the bits */
};

static void make_trial(struct trial *trial, uint64_t *random, const struct driver *driver,
		       enum waveform_edges edges)
{
	const struct imperfections imperfections = {
		.seed = test_random(random),
		.scale_permille = test_random_between(random, -100, 100),
		.jitter_ns = 1000,
	};
	size_t num_of_bits =
		(driver->wire.num_bits + 1U) * (edges == WAVEFORM_BOTH ? 2 : 1);
	struct decode_state state = { .is_strict = true };
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct reading out = { 0 };

	(void)test_random_values(random, driver, bytes);
	trial->driver = driver;
	test_frame(driver, bytes, &imperfections, edges, &trial->frame);
	assert_int_equal(decode_explain(driver, &trial->frame, &state, &out,
					&trial->evidence),
			 VERDICT_CLEAN);
	trial->num_before = trial->frame.num_edges - num_of_bits;
}

static void align(const struct trial *trial, struct dht_alignment *out)
{
	struct dht_trace trace;

	dht_trace_take(&trace, &trial->frame);
	dht_align(out, &trace, &trial->driver->wire, &trial->evidence.fit,
		  trial->evidence.bytes);
}

static void each_frame_of_every_kind(void (*check)(struct trial *, uint64_t *))
{
	uint64_t random = 20261122;
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	for (size_t i = 0; i < NUM_FRAMES * num_drivers; i++) {
		struct trial trial;

		make_trial(&trial, &random, drivers[i % num_drivers],
			   (enum waveform_edges)(i % NUM_WAVEFORM_EDGES));
		check(&trial, &random);
	}
}

static void check_clean(struct trial *trial, uint64_t *random)
{
	struct dht_alignment alignment;

	(void)random;
	align(trial, &alignment);
	assert_int_equal(alignment.num_lost + alignment.num_unheard, 0);
	assert_int_equal(alignment.num_late + alignment.num_strange, 0);
	for (size_t i = 0; i < trial->num_before; i++)
		assert_int_equal(alignment.events[i].role, DHT_ROLE_BEFORE);
	for (size_t i = trial->num_before; i < alignment.num_events; i++) {
		assert_int_equal(alignment.events[i].role, DHT_ROLE_EDGE);
		assert_int_equal(alignment.events[i].edge, i - trial->num_before);
		assert_in_range(alignment.events[i].off_ns + 12000, 0, 24000);
	}
}

static void all_edges_of_a_clean_frame_are_in_time(void **state)
{
	(void)state;
	each_frame_of_every_kind(check_clean);
}

static size_t any_edge(const struct trial *trial, uint64_t *random)
{
	return trial->num_before +
	       test_random(random) % (trial->frame.num_edges - trial->num_before);
}

static void check_lost(struct trial *trial, uint64_t *random)
{
	size_t lost = any_edge(trial, random);
	struct dht_alignment alignment;
	uint64_t t_ns = trial->frame.edges[lost].t_ns - trial->frame.release_ns;

	memmove(&trial->frame.edges[lost], &trial->frame.edges[lost + 1],
		(trial->frame.num_edges - lost - 1U) * sizeof(trial->frame.edges[0]));
	trial->frame.num_edges--;
	align(trial, &alignment);
	assert_int_equal(alignment.num_lost, 1);
	assert_int_equal(alignment.num_late + alignment.num_strange, 0);
	for (size_t i = trial->num_before; i < alignment.num_events; i++) {
		assert_int_equal(alignment.events[i].role, DHT_ROLE_EDGE);
		assert_int_equal(alignment.events[i].edge,
				 i - trial->num_before + (i >= lost));
	}
	/* and where it was */
	assert_false(alignment.is_seen[lost - trial->num_before]);
	assert_in_range(alignment.edges_ns[lost - trial->num_before] + 20000, t_ns,
			t_ns + 40000);
}

static void a_lost_edge_is_missed_at_its_place(void **state)
{
	(void)state;
	each_frame_of_every_kind(check_lost);
}

static void check_unheard(struct trial *trial, uint64_t *random)
{
	size_t num_cut = trial->num_before + 1 + test_random(random) % 4;
	struct dht_alignment alignment;

	trial->frame.num_edges = (uint16_t)(trial->frame.num_edges - num_cut);
	memmove(&trial->frame.edges[0], &trial->frame.edges[num_cut],
		trial->frame.num_edges * sizeof(trial->frame.edges[0]));
	trial->frame.armed_ns = trial->frame.edges[0].t_ns - 1;
	align(trial, &alignment);
	assert_int_equal(alignment.num_unheard, num_cut - trial->num_before);
	assert_int_equal(alignment.num_lost, 0);
	assert_int_equal(alignment.events[0].edge, num_cut - trial->num_before);
}

static void edges_from_before_arming_were_not_heard(void **state)
{
	(void)state;
	each_frame_of_every_kind(check_unheard);
}

static void check_late(struct trial *trial, uint64_t *random)
{
	size_t late = any_edge(trial, random);
	struct edge *edges = trial->frame.edges;
	int32_t late_ns = test_random_between(random, 30000, 60000);
	struct dht_alignment alignment;

	/* With both kinds of edges the next one would be before it. */
	if (trial->frame.num_edges > 2U * trial->driver->wire.num_bits)
		return;
	edges[late].t_ns += (uint64_t)late_ns;
	align(trial, &alignment);
	assert_int_equal(alignment.num_late, 1);
	assert_int_equal(alignment.num_lost + alignment.num_strange, 0);
	assert_int_equal(alignment.events[late].role, DHT_ROLE_LATE);
	assert_int_equal(alignment.events[late].edge, late - trial->num_before);
	assert_in_range(alignment.events[late].off_ns, late_ns - 12000, late_ns + 12000);
}

static void a_late_edge_is_called_late(void **state)
{
	(void)state;
	each_frame_of_every_kind(check_late);
}

static void check_strange(struct trial *trial, uint64_t *random)
{
	size_t at = any_edge(trial, random);
	struct edge *edges = trial->frame.edges;
	struct dht_alignment alignment;

	if (trial->frame.num_edges > 2U * trial->driver->wire.num_bits)
		return;
	memmove(&edges[at + 1], &edges[at],
		(trial->frame.num_edges - at) * sizeof(edges[0]));
	trial->frame.num_edges++;
	edges[at].t_ns += 35000;
	/* in order */
	struct edge strange = edges[at];

	edges[at] = edges[at + 1];
	edges[at + 1] = strange;
	align(trial, &alignment);
	assert_int_equal(alignment.num_strange, 1);
	assert_int_equal(alignment.num_lost + alignment.num_late, 0);
	assert_int_equal(alignment.events[at + 1].role, DHT_ROLE_STRANGE);
}

static void an_edge_that_is_nobodys_is_strange(void **state)
{
	(void)state;
	each_frame_of_every_kind(check_strange);
}

static void a_frame_without_events_has_lost_all(void **state)
{
	uint64_t random = 5;
	struct trial trial;
	struct dht_alignment alignment;

	(void)state;
	make_trial(&trial, &random, driver_find("dht22"), WAVEFORM_FALLING);
	trial.frame.num_edges = 0;
	align(&trial, &alignment);
	assert_int_equal(alignment.num_events, 0);
	assert_int_equal(alignment.num_strange, 0);
}

/* Whatever comes: it ends, and its counts are those of what it says. */
static void noise_is_counted_once(void **state)
{
	uint64_t random = 6;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct trial trial;
		struct dht_alignment alignment;
		size_t counts[DHT_ROLE_STRANGE + 1] = { 0 };
		uint64_t t_ns;

		make_trial(&trial, &random, driver_find("dht21"),
			   (enum waveform_edges)(i % NUM_WAVEFORM_EDGES));
		trial.frame.num_edges =
			(uint16_t)(test_random(&random) % (FRAME_MAX_EDGES + 1));
		t_ns = trial.frame.release_ns;
		for (unsigned j = 0; j < trial.frame.num_edges; j++) {
			t_ns += test_random(&random) % 200000;
			trial.frame.edges[j].t_ns = t_ns;
		}
		align(&trial, &alignment);
		for (size_t j = 0; j < alignment.num_events; j++)
			counts[alignment.events[j].role]++;
		assert_int_equal(counts[DHT_ROLE_LATE], alignment.num_late);
		assert_int_equal(counts[DHT_ROLE_STRANGE], alignment.num_strange);
		if (alignment.num_events > 0)
			assert_int_equal(counts[DHT_ROLE_EDGE] + counts[DHT_ROLE_LATE] +
						 alignment.num_lost +
						 alignment.num_unheard,
					 alignment.num_edges);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_edges_of_a_clean_frame_are_in_time),
		cmocka_unit_test(a_lost_edge_is_missed_at_its_place),
		cmocka_unit_test(edges_from_before_arming_were_not_heard),
		cmocka_unit_test(a_late_edge_is_called_late),
		cmocka_unit_test(an_edge_that_is_nobodys_is_strange),
		cmocka_unit_test(a_frame_without_events_has_lost_all),
		cmocka_unit_test(noise_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
