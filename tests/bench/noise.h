/* SPDX-License-Identifier: MIT */
/* Frames as a busy machine's kernel tells them: sensors drawn from the spread that real ones
 * show, on a bus whose interrupts come late.
 *
 * The kernel stamps an edge in its interrupt and queues it from a thread; a second interrupt
 * before the thread has run overwrites the stamp. While interrupts are off, edges wait in the
 * controller's latch, which holds one. None of the numbers here are the decoder's.
 */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

#include "decode/driver.h"
#include "model/frame.h"

/* A machine: a row of the bench. */
struct noise_cell {
	const char *name;
	double latency_us; /* median of the thread's, lognormal */
	double min_armed_us;
	double max_armed_us;
	double blackout_rate; /* chance that a frame meets one */
	double blackout_us; /* it lasts from half of this to this */
};

enum noise_edges { NOISE_FALLING, NOISE_RISING, NOISE_BOTH };

/* A sensor of the spread, and what it measures at the moment. */
struct noise_sensor {
	const struct driver *driver;
	double release_us, response_low_us, response_high_us;
	double low_us, zero_us, one_us, gap_us, end_us;
	double jitter_us;
	double tick_us; /* of the machine's clock */
	double latency_spread; /* sigma of the lognormal */
	double temperature, humidity;
};

/* One answer on the wire: times after the release, in us. */
struct noise_wire {
	double t_us[2 * 64 + 8]; /* the response's fall first, falls and rises in turn */
	unsigned num_edges;
	double blackout_start_us, blackout_end_us;
	double armed_us;
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct reading values;
};

double noise_uniform(uint64_t *random, double min, double max);
double noise_normal(uint64_t *random);

void noise_draw_sensor(uint64_t *random, const struct driver *driver,
		       struct noise_sensor *out);
/* Lets the values go on, and has them sent. */
void noise_send(uint64_t *random, const struct noise_cell *cell,
		struct noise_sensor *sensor, struct noise_wire *out);
/* What the character device tells of it. */
void noise_capture(uint64_t *random, const struct noise_cell *cell,
		   const struct noise_sensor *sensor, const struct noise_wire *wire,
		   enum noise_edges edges, struct frame *out);
/* What an interrupt handler that needs no thread sees, as the kernel's own driver has it. */
void noise_capture_in_irq(uint64_t *random, const struct noise_wire *wire,
			  struct frame *out);

#endif
