/* SPDX-License-Identifier: MIT */
/* A delay is drawn for each interrupt thread, lognormal; at most one time with interrupts off
 * a frame. As the decoders were compared at first; its three machines are the first cells. */
#include "bench/noise.h"

#include <math.h>

#include "base/attributes.h"
#include "unit/decode_test.h"

/* A machine and what hangs on it. */
struct cell {
	const char *name;
	double latency_us; /* median */
	double min_armed_us, max_armed_us;
	double blackout_rate; /* chance that a frame meets one */
	double blackout_us; /* it lasts from half of this to this */
	double max_rise_us; /* 0: a short cable */
	double clone_rate; /* chance of a clock that is up to 12 % off */
};

static const struct cell cells[] = {
	{ "10 us, armed 60-150 us, 5 % of 80 us", 10, 60, 150, 0.05, 80, 0, 0.2 },
	{ "20 us, armed 80-200 us, 10 % of 80 us", 20, 80, 200, 0.10, 80, 0, 0.2 },
	{ "30 us, armed 80-250 us, 30 % of 120 us", 30, 80, 250, 0.30, 120, 0, 0.2 },
	{ "quiet: 4 us, armed 25-60 us, 1 % of 40 us", 4, 25, 60, 0.01, 40, 0, 0.2 },
	{ "long cable, else as the first", 10, 60, 150, 0.05, 80, 16, 0.2 },
	{ "clones, else as the second", 20, 80, 200, 0.10, 80, 2, 1 },
	/* those of the sweep: by the median */
	{ "2", 2, 60, 150, 0.10, 80, 2, 0.2 },
	{ "5", 5, 60, 150, 0.10, 80, 2, 0.2 },
	{ "8", 8, 60, 150, 0.10, 80, 2, 0.2 },
	{ "12", 12, 60, 150, 0.10, 80, 2, 0.2 },
	{ "16", 16, 60, 150, 0.10, 80, 2, 0.2 },
	{ "20", 20, 60, 150, 0.10, 80, 2, 0.2 },
	{ "25", 25, 60, 150, 0.10, 80, 2, 0.2 },
	{ "30", 30, 60, 150, 0.10, 80, 2, 0.2 },
	{ "40", 40, 60, 150, 0.10, 80, 2, 0.2 },
	{ "50", 50, 60, 150, 0.10, 80, 2, 0.2 },
};

enum { FIRST_OF_SWEEP = 6 };

static const char *cell_name(unsigned cell)
{
	return cells[cell].name;
}

static void draw_sensor(uint64_t *random, const struct cell *cell,
			const struct driver *driver, struct noise_sensor *out)
{
	const struct dht_wire *wire = &driver->wire;
	bool is_clone = noise_hit(random, cell->clone_rate);
	double clock = 1 + (is_clone ? noise_uniform(random, -0.12, 0.12)
				     : 0.012 * noise_normal(random));

	*out = (struct noise_sensor){
		.release_us = noise_uniform(random, 21, 42),
		.response_low_us =
			clock * (wire->response_low_us + noise_uniform(random, -2.5, 2)),
		.response_high_us =
			clock * (wire->response_high_us + noise_uniform(random, -2, 3)),
		.low_us = clock * (wire->bit_low_us + noise_uniform(random, -2.5, 1.5)),
		.zero_us = clock * (wire->zero_high_us + noise_uniform(random, -2, 1.5)),
		.one_us = clock * (wire->one_high_us + noise_uniform(random, -3, 2)),
		.end_us = clock * wire->end_low_us,
		.jitter_us = noise_uniform(random, 0.1, 0.9),
		.temperature = noise_uniform(random, 2, 38),
		.humidity = noise_uniform(random, 22, 88),
	};
	if (cell->max_rise_us > 0)
		out->rise_us =
			noise_uniform(random, cell->max_rise_us / 4, cell->max_rise_us);
	if (wire->byte_gap_us != 0 && !noise_hit(random, 0.15))
		out->gap_us = clock * (wire->byte_gap_us + noise_uniform(random, -2, 1));
	if (wire->byte_gap_us > 10 && noise_hit(random, 0.3))
		out->temperature = noise_uniform(random, -25, 5);
}

static void draw(uint64_t *random, unsigned cell, const struct driver *driver,
		 struct noise_scene *out)
{
	static const double ticks_us[] = { 0, 0.052, 0.052, 1, 1 };

	*out = (struct noise_scene){
		.driver = driver,
		.tick_us = ticks_us[test_random(random) % array_length(ticks_us)],
		.latency_spread = noise_uniform(random, 0.45, 0.65),
		.interval_s = 30,
	};
	draw_sensor(random, &cells[cell], driver, &out->sensor);
}

/* Half a minute later: mostly next to nothing, now and then a door or a shower. */
static void drift(uint64_t *random, struct noise_sensor *sensor)
{
	bool is_jump = noise_hit(random, 0.004);

	sensor->temperature += noise_normal(random) * (is_jump ? 1.5 : 0.05);
	sensor->humidity += noise_normal(random) * (is_jump ? 8 : 0.25);
	sensor->temperature = fmin(fmax(sensor->temperature, -30), 49);
	sensor->humidity = fmin(fmax(sensor->humidity, 21), 94);
}

static void send(uint64_t *random, unsigned cell_index, struct noise_scene *scene)
{
	const struct cell *cell = &cells[cell_index];

	drift(random, &scene->sensor);
	noise_put_answer(random, scene,
			 scene->sensor.release_us + noise_uniform(random, 0, 6));
	scene->armed_us = noise_uniform(random, cell->min_armed_us, cell->max_armed_us);
	scene->num_jobs = 0;
	if (noise_hit(random, cell->blackout_rate)) {
		double length_us = cell->blackout_us * noise_uniform(random, 0.5, 1);
		double last_us = scene->t_us[scene->num_edges - 2];

		scene->jobs[scene->num_jobs++] = (struct noise_job){
			.at_us = noise_uniform(random, 150 - length_us, last_us),
			.off_us = length_us,
		};
	}
}

/* One interrupt comes after the other. */
static const double handler_us = 0.3;

static double after_blackout(const struct noise_scene *scene, double t_us)
{
	for (unsigned i = 0; i < scene->num_jobs; i++) {
		const struct noise_job *job = &scene->jobs[i];

		if (t_us > job->at_us && t_us < job->at_us + job->off_us)
			return job->at_us + job->off_us;
	}
	return t_us;
}

/* The level that an event tells: both edges read it when the thread runs. */
static bool is_told_rising(const struct noise_scene *scene, enum noise_view view,
			   double run_us)
{
	return view == NOISE_RISING ||
	       (view == NOISE_BOTH && noise_level_at(scene, run_us));
}

static void tell_thread(uint64_t *random, double latency_us,
			const struct noise_scene *scene, enum noise_view view,
			struct frame *out)
{
	/* the slot, and when the thread will take it */
	double stamp_us = -1, run_us = -1;
	double last_us = 0;

	for (unsigned i = 0; i < scene->num_edges; i++) {
		if (!noise_is_seen(scene, i, view))
			continue;
		double irq_us =
			after_blackout(scene, scene->t_us[i] + 0.7 +
						      noise_exponential(random, 0.8));

		irq_us = last_us = fmax(irq_us, last_us + handler_us);
		if (run_us >= 0 && run_us < irq_us) {
			noise_add_event(scene, stamp_us,
					is_told_rising(scene, view, run_us), out);
			run_us = -1;
		}
		stamp_us = irq_us;
		if (run_us < 0)
			run_us = after_blackout(
				scene, irq_us + latency_us * exp(scene->latency_spread *
								 noise_normal(random)));
	}
	if (run_us >= 0)
		noise_add_event(scene, stamp_us, is_told_rising(scene, view, run_us),
				out);
}

static void tell_irq(uint64_t *random, const struct noise_scene *scene, struct frame *out)
{
	double latched_us = -1, last_us = 0;

	for (unsigned i = 0; i < scene->num_edges; i++) {
		double irq_us = after_blackout(scene, scene->t_us[i]);

		if (!noise_is_seen(scene, i, NOISE_IRQ) || irq_us == latched_us)
			continue;
		latched_us = irq_us;
		irq_us = fmax(irq_us + 0.7 + noise_exponential(random, 0.8),
			      last_us + handler_us);
		last_us = irq_us;
		noise_add_event(scene, irq_us, noise_level_at(scene, irq_us), out);
	}
}

static void tell(uint64_t *random, unsigned cell, const struct noise_scene *scene,
		 enum noise_view view, struct frame *out)
{
	noise_open_frame(scene, out);
	if (view == NOISE_IRQ)
		tell_irq(random, scene, out);
	else
		tell_thread(random, cells[cell].latency_us, scene, view, out);
}

const struct noise noise_latency = {
	.name = "latency",
	.title = "a delay drawn for each interrupt thread",
	.num_cells = FIRST_OF_SWEEP,
	.cell_name = cell_name,
	.draw = draw,
	.send = send,
	.tell = tell,
};

const struct noise noise_sweep = {
	.name = "sweep",
	.title = "the same by its median in us; armed 60-150 us, 10 % of 80 us",
	.first_cell = FIRST_OF_SWEEP,
	.num_cells = array_length(cells) - FIRST_OF_SWEEP,
	.cell_name = cell_name,
	.draw = draw,
	.send = send,
	.tell = tell,
};
