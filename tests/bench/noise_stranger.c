/* SPDX-License-Identifier: MIT */
/* Frames that are no answer of the sensor, seen by a machine with little to do: nothing of
 * them may be taken for a value. In the last two cells there is one: of a sensor of another
 * family, which some readers tell by themselves; and one that has slipped: a bit's worth of
 * edges is lost at one end, and there may be one more at the other. */
#include "bench/noise.h"

#include <math.h>
#include <string.h>

#include "base/attributes.h"
#include "unit/decode_test.h"

static const double listening_us = 6500;
enum { QUIET_MACHINE = 3 /* of noise_latency */ };

static void open_scene(uint64_t *random, struct noise_scene *scene)
{
	scene->num_edges = 0;
	scene->num_jobs = 0;
	scene->is_answer = false;
	scene->armed_us = noise_uniform(random, 20, 250);
}

/* A fall or a rise so much later; false where there is no room for it. */
static bool put_after(struct noise_scene *scene, double us)
{
	double last_us = scene->num_edges ? scene->t_us[scene->num_edges - 1] : 20;

	if (scene->num_edges == NOISE_MAX_EDGES || last_us + us > listening_us)
		return false;
	scene->t_us[scene->num_edges++] = last_us + us;
	return true;
}

static void send_random(uint64_t *random, struct noise_scene *scene)
{
	double mean_us = noise_uniform(random, 15, 120);

	while (put_after(scene, 0.3 + noise_exponential(random, mean_us)))
		;
}

/* From nearly even ones to any length between two. */
static void send_like_bits(uint64_t *random, struct noise_scene *scene)
{
	double zero_us = noise_uniform(random, 65, 95);
	double one_us = zero_us + noise_uniform(random, 35, 60);
	double spread_us = noise_uniform(random, 8, 40);
	double low_us = noise_uniform(random, 30, 60);
	unsigned num_bits = (unsigned)test_random_between(random, 36, 70);

	put_after(scene, noise_uniform(random, 0, 150));
	for (unsigned i = 0; i < num_bits; i++) {
		double us = noise_hit(random, 0.5) ? zero_us : one_us;

		put_after(scene, low_us);
		put_after(scene,
			  fmax(us - low_us + spread_us * noise_uniform(random, -1, 1),
			       1));
	}
}

/* A neighbour's wire: start bit, data, stop bit, at any rate. */
static void send_serial(uint64_t *random, struct noise_scene *scene)
{
	double bit_us = noise_uniform(random, 9, 130);
	double pause_us = noise_hit(random, 0.5) ? 0 : noise_uniform(random, 0, 300);
	double since_us = noise_uniform(random, 0, 200);
	bool level = true, has_room = true;

	while (has_room) {
		unsigned data = test_random(random) & 0xff;
		unsigned bits = data << 1 | 1u << 9; /* start, 8 data, stop */

		for (unsigned i = 0; i < 10 && has_room; i++) {
			bool next = bits >> i & 1;

			if (next != level) {
				has_room = put_after(scene, since_us);
				since_us = 0;
			}
			level = next;
			since_us += bit_us;
		}
		since_us += pause_us;
	}
}

/* Nothing drives the line: it goes up and down with the mains, and with what is near. */
static void send_floating(uint64_t *random, struct noise_scene *scene)
{
	double period_us = noise_uniform(random, 20, 400);
	double chirp = noise_uniform(random, 0.97, 1.03);
	double spread = noise_uniform(random, 0, 0.4);
	double duty = noise_uniform(random, 0.1, 0.9);

	do {
		double high_us = period_us * duty * (1 + spread * noise_normal(random));

		put_after(scene, fmax(high_us, 0.5));
		period_us = fmin(fmax(period_us * chirp, 20), 400);
	} while (put_after(scene, fmax(period_us * (1 - duty), 0.5)));
}

static bool are_of_a_family(const struct driver *a, const struct driver *b)
{
	return (a->num_zero_bits > 1) == (b->num_zero_bits > 1);
}

static void send_other_model(uint64_t *random, struct noise_scene *scene)
{
	const struct driver *driver = scene->driver;
	size_t num_drivers;
	const struct driver *const *drivers = driver_all(&num_drivers);
	const struct driver *other;

	do
		other = drivers[test_random(random) % num_drivers];
	while (are_of_a_family(driver, other));
	noise_latency.draw(random, 1, other, scene);
	noise_latency.send(random, 1, scene);
	scene->driver = driver;
}

static void lose(struct noise_scene *scene, unsigned first, unsigned count)
{
	memmove(&scene->t_us[first], &scene->t_us[first + count],
		(scene->num_edges - first - count) * sizeof(scene->t_us[0]));
	scene->num_edges -= count;
}

static void add_front(struct noise_scene *scene, double cell_us, double low_us)
{
	double first_us = scene->t_us[0];

	if (first_us < cell_us + 1)
		return;
	memmove(&scene->t_us[2], scene->t_us, scene->num_edges * sizeof(scene->t_us[0]));
	scene->t_us[0] = first_us - cell_us;
	scene->t_us[1] = first_us - cell_us + low_us;
	scene->num_edges += 2;
}

static void send_slipped(uint64_t *random, struct noise_scene *scene)
{
	const struct noise_sensor *sensor = &scene->sensor;
	double cell_us = sensor->low_us +
			 (noise_hit(random, 0.5) ? sensor->zero_us : sensor->one_us);
	bool has_more = noise_hit(random, 0.5);

	noise_latency.send(random, QUIET_MACHINE, scene);
	scene->num_jobs = 0;
	if (noise_hit(random, 0.5)) {
		/* the response, the first bit, both, or two bits */
		static const uint8_t firsts[] = { 0, 2, 0, 2 };
		static const uint8_t counts[] = { 2, 2, 4, 4 };
		unsigned what = test_random(random) % array_length(firsts);

		lose(scene, firsts[what], counts[what]);
		if (has_more) {
			put_after(scene, fmax(cell_us - sensor->end_us, 1));
			put_after(scene, sensor->low_us);
		}
	} else {
		unsigned count = noise_hit(random, 0.8) ? 2 : 4;

		lose(scene, scene->num_edges - count, count);
		if (has_more)
			add_front(scene, cell_us, sensor->low_us);
	}
}

static const struct {
	const char *name;
	void (*send)(uint64_t *random, struct noise_scene *scene);
} cells[] = {
	{ "edges at random", send_random },
	{ "edges like bits", send_like_bits },
	{ "a serial line at any rate", send_serial },
	{ "a line that floats", send_floating },
	{ "a sensor of another family", send_other_model },
	{ "an answer that slipped", send_slipped },
};

static const char *cell_name(unsigned cell)
{
	return cells[cell].name;
}

static void draw(uint64_t *random, unsigned cell, const struct driver *driver,
		 struct noise_scene *out)
{
	(void)cell;
	noise_latency.draw(random, QUIET_MACHINE, driver, out);
}

static void send(uint64_t *random, unsigned cell, struct noise_scene *scene)
{
	open_scene(random, scene);
	cells[cell].send(random, scene);
}

static void tell(uint64_t *random, unsigned cell, const struct noise_scene *scene,
		 enum noise_view view, struct frame *out)
{
	(void)cell;
	noise_latency.tell(random, QUIET_MACHINE, scene, view, out);
}

const struct noise noise_stranger = {
	.name = "stranger",
	.title = "no answers: anything else on the line",
	.num_cells = array_length(cells),
	.cell_name = cell_name,
	.draw = draw,
	.send = send,
	.tell = tell,
};
