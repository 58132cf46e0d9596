/* SPDX-License-Identifier: MIT */
#include "app/simulation.h"

#include <string.h>

#include "base/clock.h"
#include "decode/waveform.h"

enum {
	/* A day in the simulated room: what a person watching a demo wants to see move. */
	TEMPERATURE_PERIOD_S = 600,
	HUMIDITY_PERIOD_S = 420,
	TYPICAL_JITTER_NS = 1500,
	/* Of the start pulse: a sensor takes one that is a bit short, but no spike. */
	MIN_START_PERCENT = 80,
};

/* A triangle between low and high, in thousandths. */
static int32_t wave_milli(uint64_t t_s, uint32_t period_s, int32_t low_milli,
			  int32_t high_milli)
{
	uint32_t at_s = (uint32_t)(t_s % period_s);
	uint32_t half_s = period_s / 2;
	uint32_t up_s = at_s < half_s ? at_s : period_s - at_s;

	return low_milli + (int32_t)((int64_t)(high_milli - low_milli) * up_s / half_s);
}

static bool next_bytes(const struct simulation *simulation, uint64_t t_ns,
		       uint8_t *bytes_out)
{
	uint64_t t_s = t_ns / CLOCK_NS_PER_S + simulation->seed * UINT64_C(97);
	struct reading values = { .t_ns = t_ns };

	reading_add(&values, QUANTITY_TEMPERATURE,
		    wave_milli(t_s, TEMPERATURE_PERIOD_S, 17000, 26000), 3);
	reading_add(&values, QUANTITY_HUMIDITY,
		    wave_milli(t_s, HUMIDITY_PERIOD_S, 38000, 64000), 3);
	return simulation->driver->encode(&values, ENCODING_SIGN_MAGNITUDE, bytes_out);
}

/* The generator's records, moved so that its release is the line's. */
static size_t take_edges(const struct edge *records, size_t num_records,
			 uint64_t release_ns, struct edge *out, size_t max_edges)
{
	uint64_t origin_ns = 0;
	size_t num_edges = 0;

	for (size_t i = 0; i < num_records && num_edges < max_edges; i++) {
		if (records[i].event == EDGE_RELEASE)
			origin_ns = records[i].t_ns;
		if (records[i].event != EDGE_FALLING && records[i].event != EDGE_RISING)
			continue;
		out[num_edges] = records[i];
		out[num_edges++].t_ns = records[i].t_ns - origin_ns + release_ns;
	}
	return num_edges;
}

static size_t answer(void *context, uint64_t release_ns, uint64_t low_ns,
		     enum line_edges edges, struct edge *out, size_t max_edges)
{
	const struct simulation *simulation = context;
	const struct driver *driver = simulation->driver;
	const struct imperfections imperfections = {
		.seed = simulation->seed ^ (uint32_t)(release_ns / CLOCK_NS_PER_MS),
		.jitter_ns = TYPICAL_JITTER_NS,
	};
	struct edge records[FRAME_MAX_EDGES + 4];
	uint8_t bytes[DRIVER_MAX_BYTES];
	uint64_t wanted_ns = driver->probe.start_low_us * CLOCK_NS_PER_US;

	if (low_ns < wanted_ns * MIN_START_PERCENT / 100 ||
	    !next_bytes(simulation, release_ns, bytes))
		return 0;

	size_t num_records =
		waveform_make(driver, bytes, &imperfections,
			      edges == LINE_EDGES_BOTH ? WAVEFORM_BOTH : WAVEFORM_FALLING,
			      0, records);

	return take_edges(records, num_records, release_ns, out, max_edges);
}

void simulation_init(struct simulation *simulation, const struct driver *driver,
		     uint32_t seed)
{
	*simulation = (struct simulation){
		.driver = driver_sample(driver),
		.seed = seed,
		.answer = { .answer = answer, .context = simulation },
	};
}
