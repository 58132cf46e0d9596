// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Spells that take the CPU away: with interrupts off, or in softirq, at random
 * gaps of 0.5 to 1.5 periods.
 */
#include <linux/kernel.h>
#include "bus.h"

static struct noise {
	struct hrtimer t;
	enum hrtimer_mode mode;
	u32 us, period_us, rnd;
} noise[2] = { { .mode = HRTIMER_MODE_ABS_HARD, .rnd = 12345 },
	       { .mode = HRTIMER_MODE_ABS_SOFT, .rnd = 54321 } };

static ktime_t next_spell(struct noise *n)
{
	return ktime_add_us(ktime_get(), n->period_us / 2 + rnd(&n->rnd) % n->period_us);
}

static enum hrtimer_restart noise_timer(struct hrtimer *t)
{
	struct noise *n = container_of(t, struct noise, t);
	ktime_t end = ktime_add_us(ktime_get(), n->us);

	while (ktime_before(ktime_get(), end))
		cpu_relax();
	if (!n->us || !n->period_us)
		return HRTIMER_NORESTART;
	hrtimer_set_expires(t, next_spell(n));
	return HRTIMER_RESTART;
}

void noise_init(u32 seed)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(noise); i++) {
		hrtimer_init(&noise[i].t, CLOCK_MONOTONIC, noise[i].mode);
		noise[i].t.function = noise_timer;
		noise[i].rnd = noise[i].rnd ^ seed * 0x85ebca6b ?: 1;
	}
}

void noise_set(unsigned int i, u32 us, u32 period_us)
{
	struct noise *n = &noise[i];

	hrtimer_cancel(&n->t);
	n->us = us;
	n->period_us = period_us;
	if (us && period_us)
		hrtimer_start(&n->t, next_spell(n), n->mode);
}

void noise_get(unsigned int i, u32 *us, u32 *period_us)
{
	*us = noise[i].us;
	*period_us = noise[i].period_us;
}
