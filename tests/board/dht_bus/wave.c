// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a sensor sends and how it looks on the wire.
 *
 * On the wire, us: host low | rise, resp | resp_lo, resp_hi | bits x (lo [+ gap before
 * bytes 2..], hi0 or hi1) | lo. Figures of the models: measured on captures of real
 * sensors where there are some, else the data sheet's or Tasmota's (si7021).
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "bus.h"

const char *const model_name[NUM_MODELS] = { "none",  "dht11", "dht12",
					     "dht21", "dht22", "si7021" };

/* clang-format off */
const struct conf model_conf[NUM_MODELS] = {
	[NONE]   = { .start_min = 500, .resp = 30, .scale = 100, .rise_ns = 1000, .silent = 1 },
	[DHT11]  = { .start_min = 17500, .resp = 30, .resp_lo = 80, .resp_hi = 80,
		     .lo = 54, .hi0 = 24, .hi1 = 71,
		     .scale = 100, .rise_ns = 1000, .powerup_ms = 1000 },
	[DHT12]  = { .start_min = 17500, .resp = 30, .resp_lo = 80, .resp_hi = 80,
		     .lo = 54, .hi0 = 24, .hi1 = 71,
		     .scale = 100, .rise_ns = 1000, .powerup_ms = 1000 },
	[DHT21]  = { .start_min = 500, .resp = 40, .resp_lo = 59, .resp_hi = 81,
		     .lo = 60, .hi0 = 26, .hi1 = 75, .gap = 4,
		     .scale = 100, .rise_ns = 1000, .powerup_ms = 1000 },
	[DHT22]  = { .start_min = 500, .resp = 30, .resp_lo = 80, .resp_hi = 80,
		     .lo = 50, .hi0 = 26, .hi1 = 71, .gap = 13,
		     .scale = 100, .rise_ns = 1000, .powerup_ms = 1000 },
	[SI7021] = { .start_min = 440, .start_max = 520, .resp = 25, .resp_lo = 60, .resp_hi = 80,
		     .lo = 40, .hi0 = 25, .hi1 = 75,
		     .scale = 100, .rise_ns = 1000, .powerup_ms = 1000 },
};
/* clang-format on */

u32 rnd(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void add_edge(struct bus *b, u32 *t, u32 len_ns)
{
	u32 at;

	/* a spike is two edges: the wire flips and comes back */
	if (b->c.glitch_ppm && len_ns > 10000 && b->next_n + 8 < MAX_EDGES &&
	    rnd(&b->rnd) % 1000000 < b->c.glitch_ppm) {
		at = *t + 3000 + rnd(&b->rnd) % (len_ns - 6000);
		b->edge[b->next_n++] = at;
		b->edge[b->next_n++] = at + 400 + rnd(&b->rnd) % 1600;
	}
	*t += len_ns;
	at = *t;
	if (b->c.jitter_ns && b->next_n)
		at += rnd(&b->rnd) % (2 * b->c.jitter_ns) - b->c.jitter_ns;
	if (b->next_n)
		at = max(at, b->edge[b->next_n - 1] + 300);
	b->edge[b->next_n++] = at;
}

/* A walk over the whole range, so that no two frames in a row are the same. */
static void walk_dht11(struct bus *b)
{
	int t = (int)(b->frames * 113 % 700) - 100; /* tenths, -10.0 .. 59.9 */

	b->b[0] = 20 + b->frames * 7 % 70;
	if (b->model == DHT12)
		b->b[1] = b->frames % 10;
	else if (!b->c.dec)
		t = abs(t) / 10 * 10;
	b->b[2] = abs(t) / 10;
	b->b[3] = abs(t) % 10 | (t < 0 ? 0x80 : 0);
}

static void walk_dht22(struct bus *b)
{
	int h = 300 + b->frames * 37 % 600; /* 30.0 .. 89.9 */
	int t = (int)(b->frames * 53 % 1000) - 300; /* -30.0 .. 69.9 */

	if (t < 0)
		t = b->c.twos ? t & 0xffff : -t | 0x8000;
	b->b[0] = h >> 8;
	b->b[1] = h;
	b->b[2] = t >> 8;
	b->b[3] = t;
}

static void next_values(struct bus *b)
{
	u32 at = b->nseq ? b->frames % b->nseq : 0;

	memset(b->b, 0, sizeof(b->b));
	b->nbytes = b->model == DHT21 ? 8 : 5;
	if (b->nseq) {
		memcpy(b->b, b->seq[at], MAX_BYTES);
		if (b->seqlen[at] > 4) {
			b->nbytes = b->seqlen[at];
			return;
		}
	} else if (b->model == DHT11 || b->model == DHT12) {
		walk_dht11(b);
	} else {
		walk_dht22(b);
	}
	b->b[4] = b->b[0] + b->b[1] + b->b[2] + b->b[3];
	if (b->nbytes == 8)
		memset(b->b + 5, b->c.pad, 3);
}

/* A frame that came ready-made is sent exactly as it came. */
static bool take_play(struct bus *b)
{
	struct play *p = list_first_entry_or_null(&b->plays, struct play, node);

	if (!p)
		return false;
	list_del(&p->node);
	memcpy(b->edge, p->edge, p->n * sizeof(*p->edge));
	memcpy(b->b, p->b, MAX_BYTES);
	b->nbytes = p->nbytes;
	b->next_n = p->n;
	kfree(p);
	return true;
}

/* Lays down the next frame; done while the host still pulls, so that the
 * release itself costs next to nothing. */
void wave_prepare(struct bus *b)
{
	u32 k = 10 * b->c.scale, t = 0; /* ns per us */
	unsigned int i;

	b->ready = true;
	if (take_play(b))
		return;
	next_values(b);
	b->next_n = 0;
	add_edge(b, &t, b->c.rise_ns);
	add_edge(b, &t, b->c.resp * k); /* falls: response */
	add_edge(b, &t, b->c.resp_lo * k);
	add_edge(b, &t, b->c.resp_hi * k); /* falls: first bit */
	for (i = 0; i < 8 * b->nbytes; i++) {
		u32 lo = b->c.lo;

		if (i && i % 8 == 0)
			lo += b->c.gap;
		add_edge(b, &t, lo * k);
		add_edge(b, &t,
			 (b->b[i / 8] >> (7 - i % 8) & 1 ? b->c.hi1 : b->c.hi0) * k);
	}
	add_edge(b, &t, b->c.lo * k); /* rises: end */
}
