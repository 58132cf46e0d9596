/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dht_bus - a GPIO chip whose lines are open buses with a pull-up, each with
 * a simulated DHT sensor on it. For tests only.
 *
 * The wire is not driven step by step. When the host lets the line go, the
 * whole waveform that follows is laid down as a list of edge times, and all
 * else is looked up in that list:
 *
 *   - reading the line gives the level that the list has at this very moment,
 *     however late any timer may be;
 *   - a hard-irq hrtimer is armed only for the next edge that the line's
 *     interrupt is set to catch. When it runs it counts all such edges that
 *     have passed and raises the interrupt once: edges that fall together
 *     while interrupts are off merge into one, as in the event register of a
 *     real controller. Edges that pass while the interrupt is masked are not
 *     latched.
 *
 * chip.c is the GPIO chip, wave.c lays down frames, control.c is debugfs,
 * noise.c takes the CPU away. One CPU is assumed where lines share counters.
 */
#ifndef DHT_BUS_BUS_H
#define DHT_BUS_BUS_H

#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#define MAX_LINES 128
#define MAX_BYTES 8
#define MAX_EDGES 400 /* 133 of a 64-bit frame, the rest for glitches */
#define MAX_SEQ 64
#define LOG_SIZE 65536 /* rows; a day of 8 sensors at 30 s is 23040 */

enum model { NONE, DHT11, DHT12, DHT21, DHT22, SI7021, NUM_MODELS };

/* Settings of a line; times in microseconds unless named otherwise. All u32:
 * control.c sets them by name. */
struct conf {
	u32 start_min; /* shortest start signal the sensor takes */
	u32 start_max; /* longest; 0: any */
	u32 resp; /* release to response */
	u32 resp_lo, resp_hi;
	u32 lo, hi0, hi1; /* low of a bit, high of 0 and of 1 */
	u32 gap; /* extra low before the bytes 2.. */
	u32 scale; /* percent, on all of the above but the start */
	u32 rise_ns; /* pull-up rise time */
	u32 jitter_ns; /* each edge off by up to this */
	u32 glitch_ppm; /* chance of a short spike per interval */
	u32 twos; /* negative temperatures in two's complement */
	u32 dec; /* dht11: send tenths */
	u32 pad; /* dht21: value of the bytes 6..8 */
	u32 silent; /* 1: never answers */
	u32 lock_after; /* locks up after so many frames, until power is cut */
	u32 skip; /* ignores every n-th start signal */
	u32 rest_ms; /* ignores a start signal this soon after the last one */
	u32 powerup_ms; /* deaf for this long after power comes */
};

struct row { /* one start signal and what became of it */
	u32 frame; /* number of the frame on its line */
	u8 line, nbytes;
	char what; /* A answered, a cut short, s start not taken, S silent */
	u8 b[MAX_BYTES];
	u32 low_us;
	u32 edges; /* edges on the wire after the release, its rise included */
	u32 irqs; /* interrupts raised */
	u32 merged; /* enabled edges that fell into an earlier interrupt */
	s64 release;
};

struct play { /* a frame that user space made, waiting for its start signal */
	struct list_head node;
	u8 b[MAX_BYTES]; /* what the log shall say */
	unsigned int nbytes, n;
	u32 edge[];
};

struct bus {
	unsigned int nr;
	raw_spinlock_t lock;
	enum model model;
	struct conf c;
	u8 seq[MAX_SEQ][MAX_BYTES];
	u8 seqlen[MAX_SEQ];
	unsigned int nseq;
	struct list_head plays;
	u32 rnd;
	/* host side */
	bool out, val;
	bool pulled; /* its trigger line drives it low */
	bool falls; /* by the trigger line, just now: an interrupt is due */
	ktime_t low_since;
	/* sensor */
	u32 frames, starts, fed_frames; /* fed_frames: since power came */
	bool ready; /* nbytes/b/edge hold the next frame */
	ktime_t last_start;
	u8 b[MAX_BYTES];
	unsigned int nbytes;
	/* the wire since t0: low, then a change at each edge */
	ktime_t t0;
	u32 edge[MAX_EDGES]; /* ns since t0 */
	u64 toggle_ns; /* not 0: an edge each time this passes, no list */
	unsigned int n, pos; /* edges laid down; passed */
	unsigned int next_n; /* length of the prepared frame */
	struct row *row;
	struct row toggled; /* stands in for a log row while toggling */
	/* interrupt */
	struct hrtimer timer;
	bool unmasked, in_timer;
	unsigned int type, irqpos;
};

struct rig {
	struct gpio_chip gc;
	struct bus *bus;
	unsigned int num_lines;
	const char **names;
	bool plugged;
	struct platform_device *pdev, *iio;
	struct row *log;
	u32 nlog, frames;
	u32 frames_wanted; /* someone waits for so many */
	wait_queue_head_t waiter;
	bool powered;
	ktime_t power_since;
};

extern struct rig rig;

/* chip.c */
int bus_plug(bool in);
void bus_toggle(struct bus *b, u64 half_ns, unsigned int count);

/* wave.c */
extern const char *const model_name[NUM_MODELS];
extern const struct conf model_conf[NUM_MODELS];
u32 rnd(u32 *state);
void wave_prepare(struct bus *b);

/* noise.c: index 0 is hard-irq context with interrupts off, 1 is softirq */
void noise_init(u32 seed);
void noise_set(unsigned int i, u32 us, u32 period_us);
void noise_get(unsigned int i, u32 *us, u32 *period_us);

/* control.c */
void control_init(void);
void control_exit(void);

#endif
