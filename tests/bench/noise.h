/* SPDX-License-Identifier: MIT */
/* Frames as busy machines tell them: sensors drawn from the spread that real ones show, on a
 * bus whose interrupts come late.
 *
 * A noise is one way to make such frames, with a cell for each machine. There are two that
 * share no assumption but the wire, so that a decoder cannot be fitted to one of them; and
 * one whose frames are no answer of the sensor. None of their numbers are the decoder's.
 *
 * The kernel stamps an edge in its interrupt and queues it from a thread; a second interrupt
 * before the thread has run overwrites the stamp. While interrupts are off, edges wait in the
 * controller's latch, which holds one.
 */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

#include "decode/driver.h"
#include "model/frame.h"

/* How the edges of one answer are looked at. */
enum noise_view {
	NOISE_FALLING, /* events of the character device */
	NOISE_RISING,
	NOISE_BOTH,
	NOISE_IRQ, /* both edges, stamp and level taken in the interrupt, no thread */
	NOISE_POLL, /* a loop that reads the level while nothing takes its CPU */
	NOISE_SAMPLE, /* levels that DMA takes each 5 us */
	NOISE_MCU, /* a loop that nothing stops: a microcontroller's */
};
enum { NUM_NOISE_VIEWS = NOISE_MCU + 1 };

/* What else the CPU does: interrupts are off for a time, then threads wait for another. */
struct noise_job {
	double at_us, off_us, soft_us;
};

enum { NOISE_MAX_EDGES = 240, NOISE_MAX_JOBS = 96 };

/* How a sensor sends, on its own clock. */
struct noise_sensor {
	double release_us, response_low_us, response_high_us;
	double low_us, zero_us, one_us, gap_us, end_us;
	double jitter_us;
	double rise_us; /* rises are late by this: the cable's capacity on the pull-up */
	enum encoding encoding;
	double temperature, humidity;
};

/* A sensor at a machine, and what happens there at the moment. Times after the release. */
struct noise_scene {
	const struct driver *driver;
	struct noise_sensor sensor;
	double tick_us; /* of the machine's clock; 0: exact */
	double latency_spread; /* of the interrupt thread's */
	double interval_s; /* since the answer before */
	/* on the wire: a fall, a rise, a fall, ... */
	double t_us[NOISE_MAX_EDGES];
	unsigned num_edges;
	struct noise_job jobs[NOISE_MAX_JOBS]; /* in order, apart from each other */
	unsigned num_jobs;
	double armed_us;
	bool is_answer; /* then these were sent */
	struct reading values;
};

struct noise {
	const char *name;
	const char *title;
	unsigned first_cell, num_cells;
	const char *(*cell_name)(unsigned cell);
	/* A sensor that was not there before. */
	void (*draw)(uint64_t *random, unsigned cell, const struct driver *driver,
		     struct noise_scene *out);
	/* Its next answer. */
	void (*send)(uint64_t *random, unsigned cell, struct noise_scene *scene);
	/* What is seen of it; NOISE_FALLING, NOISE_RISING, NOISE_BOTH and NOISE_IRQ only. */
	void (*tell)(uint64_t *random, unsigned cell, const struct noise_scene *scene,
		     enum noise_view view, struct frame *out);
};

extern const struct noise noise_latency; /* a delay is drawn for each interrupt thread */
extern const struct noise noise_sweep; /* the same; a cell is a median, in us */
extern const struct noise noise_queue; /* a CPU works off what waits for it */
extern const struct noise noise_stranger; /* no answers: anything else on the line */

double noise_uniform(uint64_t *random, double min, double max);
double noise_normal(uint64_t *random);
double noise_exponential(uint64_t *random, double mean);
bool noise_hit(uint64_t *random, double chance);

/* Puts the answer with the sensor's values on the wire, from t_us on; the jitter is drawn. */
void noise_put_answer(uint64_t *random, struct noise_scene *scene, double t_us);

/* Shows a scene to any of the views. */
void noise_show(const struct noise *noise, uint64_t *random, unsigned cell,
		const struct noise_scene *scene, enum noise_view view, struct frame *out);

/* For those who tell. The level after the edges until then. */
bool noise_level_at(const struct noise_scene *scene, double t_us);
void noise_open_frame(const struct noise_scene *scene, struct frame *out);
void noise_add_event(const struct noise_scene *scene, double t_us, bool is_rising,
		     struct frame *frame);
/* Whether this edge, which the machine was armed for, is one that the view looks at. */
bool noise_is_seen(const struct noise_scene *scene, unsigned edge, enum noise_view view);

#endif
