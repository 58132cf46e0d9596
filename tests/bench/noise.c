/* SPDX-License-Identifier: MIT */
#include "bench/noise.h"

#include <math.h>
#include <string.h>

#include "unit/decode_test.h"

enum { NS_PER_US = 1000, LISTENING_US = 7000 };

static const double ns_a_us = NS_PER_US;
static const uint64_t release_ns = 5000000000;

static const double poll_us = 1.3, sample_us = 5, mcu_us = 0.8;

double noise_uniform(uint64_t *random, double min, double max)
{
	return min + (max - min) * (test_random(random) / 4294967296.0);
}

double noise_normal(uint64_t *random)
{
	double radius = sqrt(-2 * log(noise_uniform(random, 1e-12, 1)));

	return radius * cos(noise_uniform(random, 0, 2 * M_PI));
}

double noise_exponential(uint64_t *random, double mean)
{
	return -mean * log(noise_uniform(random, 1e-9, 1));
}

bool noise_hit(uint64_t *random, double chance)
{
	return noise_uniform(random, 0, 1) < chance;
}

/* What the values become on the wire, or nothing but zeros where they cannot. */
static void encode(struct noise_scene *scene, uint8_t *bytes)
{
	const struct noise_sensor *sensor = &scene->sensor;
	/* a model without tenths tells whole ones */
	int32_t unit_milli = scene->driver->num_zero_bits > 1 ? 100 : 1000;

	scene->values = test_values(
		(int32_t)lround(sensor->temperature * 1000 / unit_milli) * unit_milli,
		(int32_t)lround(sensor->humidity * 1000 / unit_milli) * unit_milli);
	memset(bytes, 0, DRIVER_MAX_BYTES);
	scene->is_answer = scene->driver->encode(&scene->values, sensor->encoding, bytes);
	if (!scene->is_answer)
		memset(bytes, 0, DRIVER_MAX_BYTES);
}

static void put_edge(struct noise_scene *scene, double t_us)
{
	double last_us = scene->num_edges ? scene->t_us[scene->num_edges - 1] : 0;

	scene->t_us[scene->num_edges++] = fmax(t_us, last_us + 0.3);
}

void noise_put_answer(uint64_t *random, struct noise_scene *scene, double t_us)
{
	const struct noise_sensor *sensor = &scene->sensor;
	uint8_t bytes[DRIVER_MAX_BYTES];

	encode(scene, bytes);
	scene->num_edges = 0;
	put_edge(scene, t_us);
	t_us += sensor->response_low_us;
	put_edge(scene, t_us + sensor->rise_us);
	t_us += sensor->response_high_us;
	for (unsigned i = 0; i < scene->driver->wire.num_bits; i++) {
		bool is_one = bytes[i / 8] >> (7 - i % 8) & 1;

		put_edge(scene, t_us + sensor->jitter_us * noise_normal(random));
		t_us += sensor->low_us + (i % 8 == 0 && i > 0 ? sensor->gap_us : 0);
		put_edge(scene, t_us + sensor->rise_us +
					sensor->jitter_us * noise_normal(random));
		t_us += is_one ? sensor->one_us : sensor->zero_us;
	}
	put_edge(scene, t_us);
	put_edge(scene, t_us + sensor->end_us + sensor->rise_us);
}

bool noise_level_at(const struct noise_scene *scene, double t_us)
{
	unsigned i = 0;

	while (i < scene->num_edges && scene->t_us[i] <= t_us)
		i++;
	return i % 2 == 0;
}

void noise_open_frame(const struct noise_scene *scene, struct frame *out)
{
	out->start_ns = release_ns - 1200 * NS_PER_US;
	out->release_ns = release_ns;
	out->armed_ns = release_ns + (uint64_t)(scene->armed_us * ns_a_us);
	out->end_ns = release_ns + LISTENING_US * NS_PER_US;
	out->sensor = 0;
	out->attempt = 0;
	out->num_edges = 0;
	out->is_cut = out->is_lost = false;
}

void noise_add_event(const struct noise_scene *scene, double t_us, bool is_rising,
		     struct frame *frame)
{
	if (scene->tick_us > 0)
		t_us = floor(t_us / scene->tick_us) * scene->tick_us;
	if (frame->num_edges == FRAME_MAX_EDGES) {
		frame->is_cut = true;
		return;
	}
	frame->edges[frame->num_edges] = (struct edge){
		.t_ns = release_ns + (uint64_t)(t_us * ns_a_us),
		.seq = frame->num_edges + 1u,
		.event = is_rising ? EDGE_RISING : EDGE_FALLING,
	};
	frame->num_edges++;
}

bool noise_is_seen(const struct noise_scene *scene, unsigned edge, enum noise_view view)
{
	bool is_rising = edge % 2 == 1;

	return scene->t_us[edge] >= scene->armed_us &&
	       !(view == NOISE_FALLING && is_rising) &&
	       !(view == NOISE_RISING && !is_rising);
}

/* When a loop that looks each step_us next sees the line. */
static double next_look_us(const struct noise_scene *scene, double t_us, double phase_us,
			   double step_us, bool is_stopped)
{
	double look_us = ceil((t_us - phase_us) / step_us) * step_us + phase_us;

	for (unsigned i = 0; is_stopped && i < scene->num_jobs; i++) {
		const struct noise_job *job = &scene->jobs[i];

		if (look_us > job->at_us &&
		    look_us < job->at_us + job->off_us + job->soft_us)
			look_us = job->at_us + job->off_us + job->soft_us;
	}
	return look_us;
}

/* A loop sees a change when the level is another one than at its look before. */
static void look(uint64_t *random, const struct noise_scene *scene, double step_us,
		 bool is_stopped, struct frame *out)
{
	double phase_us = noise_uniform(random, 0, step_us);
	bool was_high = true;

	noise_open_frame(scene, out);
	out->armed_ns = out->release_ns;
	for (unsigned i = 0; i < scene->num_edges; i++) {
		double look_us = next_look_us(scene, scene->t_us[i], phase_us, step_us,
					      is_stopped);
		bool is_high = noise_level_at(scene, look_us);

		if (is_high != was_high)
			noise_add_event(scene, look_us, is_high, out);
		was_high = is_high;
	}
}

void noise_show(const struct noise *noise, uint64_t *random, unsigned cell,
		const struct noise_scene *scene, enum noise_view view, struct frame *out)
{
	switch (view) {
	case NOISE_FALLING:
	case NOISE_RISING:
	case NOISE_BOTH:
	case NOISE_IRQ:
		noise->tell(random, cell, scene, view, out);
		break;
	case NOISE_POLL:
		look(random, scene, poll_us, true, out);
		break;
	case NOISE_SAMPLE:
		look(random, scene, sample_us, false, out);
		break;
	case NOISE_MCU:
		look(random, scene, mcu_us, false, out);
		break;
	}
}
