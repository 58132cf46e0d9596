/* SPDX-License-Identifier: MIT */
#include "bench/noise.h"

#include <math.h>
#include <string.h>

#include "unit/decode_test.h"

static const uint64_t release_ns = 5000000000;

double noise_uniform(uint64_t *random, double min, double max)
{
	return min + (max - min) * (test_random(random) / 4294967296.0);
}

double noise_normal(uint64_t *random)
{
	double radius = sqrt(-2 * log(noise_uniform(random, 1e-12, 1)));

	return radius * cos(noise_uniform(random, 0, 2 * M_PI));
}

static bool is_hit(uint64_t *random, double chance)
{
	return noise_uniform(random, 0, 1) < chance;
}

void noise_draw_sensor(uint64_t *random, const struct driver *driver,
		       struct noise_sensor *out)
{
	static const double ticks_us[] = { 0, 0.052, 0.052, 1, 1 };
	const struct dht_wire *wire = &driver->wire;
	double clock = 1 + (is_hit(random, 0.2) ? noise_uniform(random, -0.1, 0.1)
						: 0.012 * noise_normal(random));

	*out = (struct noise_sensor){
		.driver = driver,
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
		.tick_us = ticks_us[test_random(random) % 5],
		.latency_spread = noise_uniform(random, 0.45, 0.65),
		.temperature = noise_uniform(random, 2, 38),
		.humidity = noise_uniform(random, 22, 88),
	};
	if (wire->byte_gap_us != 0 && !is_hit(random, 0.15))
		out->gap_us = clock * (wire->byte_gap_us + noise_uniform(random, -2, 1));
	if (wire->byte_gap_us > 10 && is_hit(random, 0.3))
		out->temperature = noise_uniform(random, -25, 5);
}

/* Half a minute later: mostly next to nothing, now and then a door or a shower. */
static void drift(uint64_t *random, struct noise_sensor *sensor)
{
	bool is_jump = is_hit(random, 0.004);

	sensor->temperature += noise_normal(random) * (is_jump ? 1.5 : 0.05);
	sensor->humidity += noise_normal(random) * (is_jump ? 8 : 0.25);
	sensor->temperature = fmin(fmax(sensor->temperature, -30), 49);
	sensor->humidity = fmin(fmax(sensor->humidity, 21), 94);
}

static void put_bytes(struct noise_sensor *sensor, struct noise_wire *out)
{
	const struct driver *driver = sensor->driver;
	bool has_tenths = driver->num_zero_bits > 1;
	double unit = has_tenths ? 10 : 1;

	out->values = test_values(
		(int32_t)(lround(sensor->temperature * unit) * lround(1000 / unit)),
		(int32_t)(lround(sensor->humidity * unit) * lround(1000 / unit)));
	memset(out->bytes, 0, sizeof(out->bytes));
	if (!driver->encode(&out->values, ENCODING_SIGN_MAGNITUDE, out->bytes))
		memset(out->bytes, 0, sizeof(out->bytes));
}

void noise_send(uint64_t *random, const struct noise_cell *cell,
		struct noise_sensor *sensor, struct noise_wire *out)
{
	const struct dht_wire *wire = &sensor->driver->wire;
	double t_us = sensor->release_us + noise_uniform(random, 0, 6);

	drift(random, sensor);
	put_bytes(sensor, out);
	out->num_edges = 0;
	out->t_us[out->num_edges++] = t_us;
	out->t_us[out->num_edges++] = t_us += sensor->response_low_us;
	t_us += sensor->response_high_us;
	for (unsigned i = 0; i < wire->num_bits; i++) {
		bool is_one = out->bytes[i / 8] >> (7 - i % 8) & 1;

		out->t_us[out->num_edges++] =
			t_us + sensor->jitter_us * noise_normal(random);
		t_us += sensor->low_us + (i % 8 == 0 && i > 0 ? sensor->gap_us : 0);
		out->t_us[out->num_edges++] =
			t_us + sensor->jitter_us * noise_normal(random);
		t_us += is_one ? sensor->one_us : sensor->zero_us;
	}
	out->t_us[out->num_edges++] = t_us;
	out->t_us[out->num_edges++] = t_us + sensor->end_us;
	out->armed_us = noise_uniform(random, cell->min_armed_us, cell->max_armed_us);
	out->blackout_start_us = out->blackout_end_us = -1;
	if (is_hit(random, cell->blackout_rate)) {
		double length_us = cell->blackout_us * noise_uniform(random, 0.5, 1);

		out->blackout_start_us = noise_uniform(random, 150 - length_us, t_us);
		out->blackout_end_us = out->blackout_start_us + length_us;
	}
}

static double after_blackout(const struct noise_wire *wire, double t_us)
{
	return t_us > wire->blackout_start_us && t_us < wire->blackout_end_us
		       ? wire->blackout_end_us
		       : t_us;
}

static void add_event(struct frame *frame, double t_us, double tick_us, bool is_rising)
{
	if (tick_us > 0)
		t_us = floor(t_us / tick_us) * tick_us;
	frame->edges[frame->num_edges] = (struct edge){
		.t_ns = release_ns + (uint64_t)(t_us * 1000),
		.seq = frame->num_edges + 1u,
		.event = is_rising ? EDGE_RISING : EDGE_FALLING,
	};
	frame->num_edges++;
}

static void open_frame(struct frame *frame, const struct noise_wire *wire)
{
	frame->start_ns = release_ns - 1200000;
	frame->release_ns = release_ns;
	frame->armed_ns = release_ns + (uint64_t)(wire->armed_us * 1000);
	frame->end_ns = release_ns + 6000000;
	frame->num_edges = 0;
	frame->is_cut = frame->is_lost = false;
}

static bool level_at(const struct noise_wire *wire, double t_us)
{
	unsigned i = 0;

	while (i < wire->num_edges && wire->t_us[i] <= t_us)
		i++;
	return i % 2 == 0;
}

void noise_capture(uint64_t *random, const struct noise_cell *cell,
		   const struct noise_sensor *sensor, const struct noise_wire *wire,
		   enum noise_edges edges, struct frame *out)
{
	double stamp_us = -1,
	       run_us = -1; /* the slot, and when the thread will take it */

	open_frame(out, wire);
	for (unsigned i = 0; i < wire->num_edges; i++) {
		if (wire->t_us[i] < wire->armed_us ||
		    (edges != NOISE_BOTH && (i % 2 == 1) != (edges == NOISE_RISING)))
			continue;
		double irq_us =
			after_blackout(wire,
				       wire->t_us[i] + 0.7 -
					       0.8 * log(noise_uniform(random, 1e-9, 1)));

		if (run_us >= 0 && run_us < irq_us) {
			add_event(out, stamp_us, sensor->tick_us,
				  edges == NOISE_RISING || (edges == NOISE_BOTH &&
							    level_at(wire, run_us)));
			run_us = -1;
		}
		stamp_us = irq_us;
		if (run_us < 0)
			run_us = after_blackout(
				wire,
				irq_us + cell->latency_us * exp(sensor->latency_spread *
								noise_normal(random)));
	}
	if (run_us >= 0)
		add_event(out, stamp_us, sensor->tick_us,
			  edges == NOISE_RISING ||
				  (edges == NOISE_BOTH && level_at(wire, run_us)));
}

void noise_capture_in_irq(uint64_t *random, const struct noise_wire *wire,
			  struct frame *out)
{
	double last_us = -1;

	open_frame(out, wire);
	for (unsigned i = 0; i < wire->num_edges; i++) {
		double irq_us = after_blackout(wire, wire->t_us[i]);

		if (wire->t_us[i] < wire->armed_us || irq_us == last_us)
			continue;
		last_us = irq_us;
		irq_us += 0.7 - 0.8 * log(noise_uniform(random, 1e-9, 1));
		add_event(out, irq_us, 0, level_at(wire, irq_us));
	}
}
