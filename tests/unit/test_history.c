/* SPDX-License-Identifier: MIT */
#include "decode/history.h"

#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_test.h"
#include "unit/decode_test.h"

enum { NUM_PUT = 3000 };

static void make_frame(uint64_t *random, const struct driver *driver,
		       enum waveform_edges edges, uint64_t start_ns, struct frame *out)
{
	const struct imperfections imperfections = {
		.seed = test_random(random),
		.jitter_ns = 2000,
		.armed_ns = 90000,
		.lost_permille = test_random(random) % 100,
	};
	struct edge records[FRAME_MAX_EDGES + 4];
	uint8_t bytes[DRIVER_MAX_BYTES];

	(void)test_random_values(random, driver, bytes);
	test_collect(records,
		     waveform_make(driver, bytes, &imperfections, edges, start_ns,
				   records),
		     out);
}

static enum verdict verdict_of(size_t number)
{
	return (enum verdict)(number % NUM_VERDICTS);
}

static void assert_same(const struct frame *a, const struct frame *b)
{
	assert_int_equal(a->start_ns, b->start_ns);
	assert_int_equal(a->release_ns, b->release_ns);
	assert_int_equal(a->armed_ns, b->armed_ns);
	assert_int_equal(a->end_ns, b->end_ns);
	assert_int_equal(a->num_edges, b->num_edges);
	assert_int_equal(a->is_lost, b->is_lost);
	for (unsigned i = 0; i < a->num_edges; i++) {
		assert_int_equal(a->edges[i].t_ns, b->edges[i].t_ns);
		assert_int_equal(a->edges[i].event, b->edges[i].event);
		assert_int_equal(a->edges[i].seq, b->edges[i].seq);
	}
}

static void get_frame(const struct history *history, size_t index, struct frame *out)
{
	struct edge records[HISTORY_MAX_RECORDS];

	test_collect(records, history_get(history, index, records), out);
}

static void the_newest_sixteen_frames_are_kept_as_they_came(void **state)
{
	static struct frame put[NUM_PUT];
	uint64_t random = 20261122;
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);

	(void)state;
	for (size_t i = 0; i < num_drivers * NUM_WAVEFORM_EDGES; i++) {
		enum waveform_edges edges = (enum waveform_edges)(i % NUM_WAVEFORM_EDGES);
		const struct driver *driver = drivers[i / NUM_WAVEFORM_EDGES];
		size_t max_edges = history_max_edges(driver, edges == WAVEFORM_BOTH);
		struct history_edge *room = calloc(max_edges, sizeof(*room));
		struct history history;
		struct frame got;

		assert_non_null(room);
		history_init(&history, room, max_edges);
		for (size_t j = 0; j < 100; j++) {
			make_frame(&random, driver, edges,
				   TEST_START_NS * (uint64_t)(j + 1), &put[j]);
			history_put(&history, &put[j], verdict_of(j));
			assert_int_equal(history.num_frames,
					 j < HISTORY_FRAMES ? j + 1 : HISTORY_FRAMES);
			for (size_t k = 0; k < history.num_frames; k++) {
				get_frame(&history, k, &got);
				assert_same(&got, &put[j + 1 - history.num_frames + k]);
				assert_int_equal(history_verdict(&history, k),
						 verdict_of(j + 1 - history.num_frames +
							    k));
			}
		}
		free(room);
	}
}

/* However long the frames: the room does, the newest one is there, and all are whole. */
static void long_frames_take_the_place_of_old_ones(void **state)
{
	static struct frame put[NUM_PUT];
	size_t max_edges = history_max_edges(driver_find("dht22"), false);
	struct history_edge *room = calloc(max_edges, sizeof(*room));
	uint64_t random = 4;
	struct history history;

	(void)state;
	assert_non_null(room);
	history_init(&history, room, max_edges);
	for (size_t i = 0; i < NUM_PUT; i++) {
		struct frame *frame = &put[i];
		uint64_t t_ns = TEST_START_NS * (uint64_t)(i + 1);

		*frame = (struct frame){
			.start_ns = t_ns,
			.release_ns = t_ns + 1000000,
			.armed_ns = t_ns + 1100000,
			.num_edges =
				(uint16_t)(test_random(&random) % (FRAME_MAX_EDGES + 1)),
			.is_lost = test_random(&random) % 2,
		};
		t_ns = frame->armed_ns;
		for (unsigned j = 0; j < frame->num_edges; j++) {
			t_ns += 1 + test_random(&random) % 100000;
			frame->edges[j] = (struct edge){
				.t_ns = t_ns,
				.seq = test_random(&random) >> 1,
				.event = test_random(&random) % 2 ? EDGE_RISING
								  : EDGE_FALLING,
			};
		}
		frame->end_ns = t_ns + 1;
		history_put(&history, frame, VERDICT_CLEAN);
		assert_in_range(history.num_frames, 1, HISTORY_FRAMES);

		size_t num_edges = 0;

		for (size_t k = 0; k < history.num_frames; k++) {
			struct frame got;

			get_frame(&history, k, &got);
			assert_same(&got, &put[i + 1 - history.num_frames + k]);
			num_edges += got.num_edges;
		}
		assert_in_range(num_edges, 0, max_edges);
	}
	free(room);
}

static void a_sensor_of_unknown_model_has_room_for_the_longest(void **state)
{
	(void)state;
	assert_int_equal(history_max_edges(&driver_dht, true),
			 history_max_edges(driver_find("dht21"), true));
	assert_true(history_max_edges(driver_find("dht22"), false) >= 16 * 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_sixteen_frames_are_kept_as_they_came),
		cmocka_unit_test(long_frames_take_the_place_of_old_ones),
		cmocka_unit_test(a_sensor_of_unknown_model_has_room_for_the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
