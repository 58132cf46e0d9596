/* SPDX-License-Identifier: MIT */
/* A CPU that works off what waits for it: interrupts of others, what they leave to be done
 * with interrupts on, the line's own interrupts, and its thread. Nothing here is a delay that
 * is drawn; delays come of the work, in bursts, and so do merged edges. The thread may also
 * find its slot empty, because it took the stamp of the next edge already: then it stamps the
 * event itself, late, as the kernel's does.
 *
 * Its sensors have their own spread, too: their clocks wander within a frame, count in steps,
 * and their values go through the whole range of the model.
 */
#include "bench/noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "unit/decode_test.h"

/* A machine. Times in us. */
struct cell {
	const char *name;
	double tick_period_us, tick_us; /* the timer's interrupt */
	double frame_period_us, frame_us; /* a USB controller's; 0: none */
	double burst_rate; /* chance of a burst of interrupts (network, card) in a frame */
	double burst_gap_us, burst_off_us, burst_soft_us; /* means, in a burst */
	double lock_rate; /* places with interrupts off, a frame */
	double lock_us; /* the shortest; the longer ones are rarer by a power law */
	double entry_us,
		handler_us; /* from the edge to the stamp; the rest of the handler */
	double wake_us; /* until the thread runs, when nothing else does */
	double thread_us; /* that it takes, most of it after the stamp */
	double busy_rate; /* chance that the kernel is where it does not switch threads */
	double busy_us; /* and for how long, mean */
	double arming_us; /* what the switch to an input takes, when nothing else runs */
};

static const struct cell cells[] = {
	{ "fast board, idle", 4000, 4, 0, 0, 0.02, 150, 6, 15, 0.05, 5, 0.6, 1.5, 3, 4, 0,
	  0, 45 },
	{ "fast board, network", 4000, 4, 0, 0, 0.6, 110, 7, 25, 0.2, 6, 0.6, 1.5, 3, 5,
	  0.02, 15, 60 },
	{ "one core, USB", 10000, 9, 125, 4.5, 0.05, 200, 10, 40, 0.2, 8, 1.2, 3.5, 8, 10,
	  0.03, 25, 90 },
	{ "one core, USB and network", 10000, 9, 125, 5, 0.5, 170, 12, 50, 0.4, 10, 1.2,
	  4, 9, 11, 0.05, 30, 110 },
	{ "one core, card and CPU load", 10000, 9, 125, 4.5, 0.3, 260, 25, 30, 0.6, 15,
	  1.4, 4, 10, 12, 0.12, 40, 120 },
	{ "slow core, everything", 10000, 14, 125, 6, 0.6, 300, 25, 60, 0.8, 20, 2, 6, 14,
	  18, 0.15, 50, 150 },
};

/* An answer is over by then, and the thread's last event, too. */
static const double begin_us = -300, periodic_until_us = 5500, over_us = 7000;
static const double max_lock_us = 250;
enum { BURST_JOBS = 24 };

static const char *cell_name(unsigned cell)
{
	return cells[cell].name;
}

/* Sensors. */

/* Counted in steps of the sensor's own. */
static double counted_us(uint64_t *random, double us, double spread_us)
{
	static const double step_us = 0.5;

	return round((us + spread_us * noise_uniform(random, -1, 1)) / step_us) * step_us;
}

static void draw_values(uint64_t *random, const struct driver *driver,
			struct noise_sensor *out)
{
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct reading any = test_random_values(random, driver, bytes);
	bool is_indoors = noise_hit(random, 0.5);

	out->temperature =
		is_indoors ? noise_uniform(random, 15, 30) : any.values[0].milli / 1000.0;
	out->humidity =
		is_indoors ? noise_uniform(random, 25, 75) : any.values[1].milli / 1000.0;
	out->encoding = driver->encode(&any, ENCODING_TWOS_COMPLEMENT, bytes) &&
					noise_hit(random, 0.5)
				? ENCODING_TWOS_COMPLEMENT
				: ENCODING_SIGN_MAGNITUDE;
}

static void draw(uint64_t *random, unsigned cell, const struct driver *driver,
		 struct noise_scene *out)
{
	static const double ticks_us[] = { 0, 0.0185, 0.1, 1 };
	const struct dht_wire *wire = &driver->wire;
	/* an RC oscillator, trimmed or not */
	double clock = noise_hit(random, 0.75) ? noise_uniform(random, 0.98, 1.02)
					       : noise_uniform(random, 0.9, 1.1);

	struct noise_sensor sensor = {
		.release_us = noise_uniform(random, 22, 40),
		.response_low_us = clock * counted_us(random, wire->response_low_us, 3),
		.response_high_us = clock * counted_us(random, wire->response_high_us, 3),
		.low_us = clock * counted_us(random, wire->bit_low_us, 3),
		.zero_us = clock * counted_us(random, wire->zero_high_us, 2),
		.one_us = clock * counted_us(random, wire->one_high_us, 2.5),
		.end_us = clock * counted_us(random, wire->end_low_us, 4),
		.jitter_us = noise_exponential(random, 0.25),
		.rise_us = noise_hit(random, 0.3) ? noise_uniform(random, 1, 10) : 0,
	};
	double tick_us = ticks_us[test_random(random) % array_length(ticks_us)];
	double interval_s = noise_hit(random, 0.5) ? noise_uniform(random, 2, 10)
						   : noise_uniform(random, 30, 400);

	(void)cell;
	*out = (struct noise_scene){
		.driver = driver,
		.sensor = sensor,
		.tick_us = tick_us,
		.interval_s = interval_s,
	};
	if (wire->byte_gap_us != 0 && noise_hit(random, 0.8))
		out->sensor.gap_us = clock * counted_us(random, wire->byte_gap_us, 2);
	draw_values(random, driver, &out->sensor);
}

/* Steps as a Cauchy distribution has them: most of them small, and any size possible. */
static void step(uint64_t *random, double interval_s, double *value,
		 double usual_a_minute)
{
	double turn = noise_uniform(random, -0.499, 0.499);
	double size = tan(M_PI * turn) * usual_a_minute * sqrt(interval_s / 60) / 10;

	*value += fmin(fmax(size, -20), 20);
}

static void change_values(uint64_t *random, struct noise_scene *scene)
{
	struct noise_sensor *sensor = &scene->sensor;
	struct noise_sensor before = *sensor;
	uint8_t bytes[DRIVER_MAX_BYTES];
	struct reading values;

	step(random, scene->interval_s, &sensor->temperature, 0.3);
	step(random, scene->interval_s, &sensor->humidity, 1.5);
	values = test_values((int32_t)lround(sensor->temperature * 10) * 100,
			     (int32_t)lround(sensor->humidity * 10) * 100);
	if (!scene->driver->encode(&values, sensor->encoding, bytes)) {
		sensor->temperature = before.temperature;
		sensor->humidity = before.humidity;
	}
}

/* The sensor's clock wanders while it sends: a slow bow and a slope. */
static void wander(uint64_t *random, struct noise_scene *scene)
{
	double first_us = scene->t_us[0];
	double length_us = scene->t_us[scene->num_edges - 1] - first_us;
	double slope = 0.003 * noise_normal(random), bow = 0.002 * noise_normal(random);

	for (unsigned i = 1; i < scene->num_edges; i++) {
		double at = (scene->t_us[i] - first_us) / length_us;

		scene->t_us[i] += length_us * (slope * at + bow * at * (1 - at));
	}
}

/* What else the CPU does. */

static void add_job(struct noise_scene *scene, double at_us, double off_us,
		    double soft_us)
{
	if (scene->num_jobs < NOISE_MAX_JOBS && at_us < over_us)
		scene->jobs[scene->num_jobs++] =
			(struct noise_job){ at_us, off_us, soft_us };
}

static int compare_jobs(const void *a, const void *b)
{
	double a_us = ((const struct noise_job *)a)->at_us;
	double b_us = ((const struct noise_job *)b)->at_us;

	return (a_us > b_us) - (a_us < b_us);
}

/* In order, and one after the other. */
static void line_up(struct noise_scene *scene)
{
	double free_us = begin_us;

	qsort(scene->jobs, scene->num_jobs, sizeof(scene->jobs[0]), compare_jobs);
	for (unsigned i = 0; i < scene->num_jobs; i++) {
		struct noise_job *job = &scene->jobs[i];

		job->at_us = fmax(job->at_us, free_us);
		free_us = job->at_us + job->off_us;
	}
}

/* An interrupt each period_us, and now and then something to do after it. */
static void add_periodic(uint64_t *random, struct noise_scene *scene, double period_us,
			 double off_us, double soft_rate)
{
	double first_us = noise_uniform(random, begin_us, begin_us + period_us);
	unsigned num_jobs = (unsigned)((periodic_until_us - first_us) / period_us) + 1;

	for (unsigned i = 0; i < num_jobs; i++) {
		double soft_us =
			noise_hit(random, soft_rate) ? noise_exponential(random, 15) : 0;
		double this_off_us = off_us * noise_uniform(random, 0.6, 1.5);

		add_job(scene, first_us + i * period_us, this_off_us, soft_us);
	}
}

static void add_jobs(uint64_t *random, const struct cell *cell, struct noise_scene *scene)
{
	scene->num_jobs = 0;
	add_periodic(random, scene, cell->tick_period_us, cell->tick_us, 0.3);
	if (cell->frame_us > 0)
		add_periodic(random, scene, cell->frame_period_us, cell->frame_us, 0);
	for (double left = cell->lock_rate; noise_hit(random, left); left -= 1) {
		double off_us = cell->lock_us * pow(noise_uniform(random, 1e-6, 1), -0.5);
		double at_us = noise_uniform(random, begin_us, 6000);

		add_job(scene, at_us, fmin(off_us, max_lock_us), 0);
	}
	if (noise_hit(random, cell->burst_rate)) {
		double t_us = noise_uniform(random, begin_us, 5000);

		for (unsigned i = 0; i < BURST_JOBS; i++) {
			double soft_us = noise_exponential(random, cell->burst_soft_us);
			double off_us = noise_exponential(random, cell->burst_off_us);

			add_job(scene, t_us, off_us, soft_us);
			t_us += noise_exponential(random, cell->burst_gap_us);
		}
	}
	line_up(scene);
}

/* When work that begins at the release is done. */
static double done_us(const struct noise_scene *scene, double work_us)
{
	double t_us = 0;

	for (unsigned i = 0; i < scene->num_jobs; i++) {
		const struct noise_job *job = &scene->jobs[i];

		if (job->at_us + job->off_us + job->soft_us < t_us)
			continue;
		if (job->at_us > t_us + work_us)
			break;
		work_us -= fmax(job->at_us - t_us, 0);
		t_us = job->at_us + job->off_us + job->soft_us;
	}
	return t_us + work_us;
}

static void send(uint64_t *random, unsigned cell_index, struct noise_scene *scene)
{
	const struct cell *cell = &cells[cell_index];
	double arming_us = cell->arming_us * noise_uniform(random, 0.8, 1.3);

	change_values(random, scene);
	noise_put_answer(random, scene,
			 scene->sensor.release_us + noise_uniform(random, -2, 2));
	wander(random, scene);
	add_jobs(random, cell, scene);
	if (noise_hit(random, cell->busy_rate))
		arming_us += noise_exponential(random, cell->busy_us);
	scene->armed_us = done_us(scene, arming_us);
}

/* The line's own interrupts and its thread. */

enum thread_phase {
	THREAD_IDLE,
	THREAD_WAKING,
	THREAD_TAKING, /* woken; has not yet looked at its slot */
	THREAD_TELLING, /* has the stamp; reads the level and queues the event */
};

struct cpu {
	const struct cell *cell;
	const struct noise_scene *scene;
	enum noise_view view;
	struct frame *out;
	uint64_t *random;
	double now_us;
	double soft_us; /* left to do before threads run */
	double left_us; /* of the thread's phase */
	double slot_us; /* the stamp; < 0: none */
	double stamp_us; /* that the thread has taken; < 0: none */
	enum thread_phase phase;
	bool is_asked; /* the thread is to run, or to run again */
	unsigned next_edge, next_job;
};

static double vary(struct cpu *cpu, double us)
{
	return us * noise_uniform(cpu->random, 0.75, 1.4);
}

/* The thread has done a phase. */
static void next_phase(struct cpu *cpu)
{
	const struct cell *cell = cpu->cell;

	switch (cpu->phase) {
	case THREAD_IDLE:
		break;
	case THREAD_WAKING:
		cpu->is_asked = false;
		cpu->phase = THREAD_TAKING;
		cpu->left_us = vary(cpu, cell->thread_us * 0.1);
		break;
	case THREAD_TAKING:
		cpu->stamp_us = cpu->slot_us < 0 ? cpu->now_us : cpu->slot_us;
		cpu->slot_us = -1;
		cpu->phase = THREAD_TELLING;
		cpu->left_us = vary(cpu, cell->thread_us * 0.9);
		break;
	case THREAD_TELLING:
		noise_add_event(cpu->scene, cpu->stamp_us,
				cpu->view == NOISE_RISING ||
					(cpu->view == NOISE_BOTH &&
					 noise_level_at(cpu->scene, cpu->now_us)),
				cpu->out);
		cpu->phase = cpu->is_asked ? THREAD_TAKING : THREAD_IDLE;
		cpu->left_us = vary(cpu, cell->thread_us * 0.1);
		cpu->is_asked = false;
		break;
	}
}

/* Interrupts are on until then. */
static void run_until(struct cpu *cpu, double until_us)
{
	while (cpu->now_us < until_us) {
		double soft_us = fmin(cpu->soft_us, until_us - cpu->now_us);

		cpu->soft_us -= soft_us;
		cpu->now_us += soft_us;
		if (cpu->phase == THREAD_IDLE) {
			cpu->now_us = until_us;
			return;
		}
		double us = fmin(cpu->left_us, until_us - cpu->now_us);

		cpu->left_us -= us;
		cpu->now_us += us;
		if (cpu->soft_us <= 0 && cpu->left_us <= 0)
			next_phase(cpu);
	}
}

static void ask_thread(struct cpu *cpu)
{
	const struct cell *cell = cpu->cell;

	cpu->is_asked = true;
	if (cpu->phase != THREAD_IDLE)
		return;
	cpu->phase = THREAD_WAKING;
	cpu->left_us = vary(cpu, cell->wake_us);
	if (noise_hit(cpu->random, cell->busy_rate))
		cpu->left_us += noise_exponential(cpu->random, cell->busy_us);
}

/* The line's interrupt: the latch holds one, whatever came since. */
static void take_interrupt(struct cpu *cpu)
{
	const struct noise_scene *scene = cpu->scene;
	double stamp_us =
		cpu->now_us + cpu->cell->entry_us * noise_uniform(cpu->random, 0.8, 1.6);

	while (cpu->next_edge < scene->num_edges &&
	       scene->t_us[cpu->next_edge] <= cpu->now_us)
		cpu->next_edge++;
	cpu->now_us = stamp_us + vary(cpu, cpu->cell->handler_us);
	if (cpu->view == NOISE_IRQ) {
		noise_add_event(scene, stamp_us, noise_level_at(scene, stamp_us),
				cpu->out);
		return;
	}
	cpu->slot_us = stamp_us;
	ask_thread(cpu);
}

static void take_job(struct cpu *cpu)
{
	const struct noise_job *job = &cpu->scene->jobs[cpu->next_job++];

	cpu->now_us += job->off_us;
	cpu->soft_us += job->soft_us;
}

static void skip_unseen(struct cpu *cpu)
{
	while (cpu->next_edge < cpu->scene->num_edges &&
	       !noise_is_seen(cpu->scene, cpu->next_edge, cpu->view))
		cpu->next_edge++;
}

static void tell(uint64_t *random, unsigned cell, const struct noise_scene *scene,
		 enum noise_view view, struct frame *out)
{
	struct cpu cpu = { .cell = &cells[cell],
			   .scene = scene,
			   .view = view,
			   .out = out,
			   .random = random,
			   .now_us = begin_us,
			   .slot_us = -1 };

	noise_open_frame(scene, out);
	while (cpu.now_us < over_us) {
		skip_unseen(&cpu);
		double edge_us = cpu.next_edge < scene->num_edges
					 ? scene->t_us[cpu.next_edge]
					 : over_us;
		double job_us = cpu.next_job < scene->num_jobs
					? scene->jobs[cpu.next_job].at_us
					: over_us;

		run_until(&cpu, fmin(edge_us, job_us));
		if (fmin(edge_us, job_us) >= over_us)
			break;
		if (fmax(edge_us, cpu.now_us) <= fmax(job_us, cpu.now_us))
			take_interrupt(&cpu);
		else
			take_job(&cpu);
	}
}

const struct noise noise_queue = {
	.name = "queue",
	.title = "a CPU that works off what waits for it",
	.num_cells = array_length(cells),
	.cell_name = cell_name,
	.draw = draw,
	.send = send,
	.tell = tell,
};
