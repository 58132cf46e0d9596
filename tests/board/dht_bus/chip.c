// SPDX-License-Identifier: GPL-2.0-or-later
/* The GPIO chip: what the host does to a line, and the interrupts it gets. */
#include <linux/gpio/machine.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "bus.h"

static unsigned int lines = 8;
module_param(lines, uint, 0444);
MODULE_PARM_DESC(lines, "number of lines (1..128)");
static int power_line = -1;
module_param(power_line, int, 0444);
MODULE_PARM_DESC(power_line,
		 "line that feeds the sensors: output low = no power (-1: always fed)");
static int triggers = -1;
module_param(triggers, int, 0444);
MODULE_PARM_DESC(triggers,
		 "line triggers + N hangs on the bus of line N (-1: none does)");
static int iio_line = -1;
module_param(iio_line, int, 0444);
MODULE_PARM_DESC(iio_line, "give this line to the kernel's dht11 driver (-1: none)");
static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "for the jitter, glitches and noise");
static bool free_to_input = true;
module_param(free_to_input, bool, 0444);
MODULE_PARM_DESC(free_to_input,
		 "a freed line becomes an input (as pinctrl-bcm2835 does by default)");

struct rig rig;

/* The bus that a line's pin is on. */
static struct bus *bus_of(unsigned int nr)
{
	return &rig.bus[triggers > 0 && (int)nr >= triggers ? nr - triggers : nr];
}

static s64 edge_ns(struct bus *b, unsigned int i)
{
	return b->toggle_ns ? (i + 1) * b->toggle_ns : b->edge[i];
}

static void advance(struct bus *b, ktime_t now)
{
	s64 t = ktime_sub(now, b->t0);

	while (b->pos < b->n && edge_ns(b, b->pos) <= t)
		b->pos++;
}

static bool wire(struct bus *b, ktime_t now)
{
	if (b->out)
		return b->val;
	if (b->pulled)
		return false;
	if (!rig.powered)
		return false; /* the pull-up hangs on the same rail */
	if (!b->n)
		return true;
	advance(b, now);
	return b->pos & 1;
}

static bool wanted(struct bus *b, unsigned int edge)
{
	return b->type & (edge & 1 ? IRQ_TYPE_EDGE_FALLING : IRQ_TYPE_EDGE_RISING);
}

/* Time of the next edge to interrupt for; false if there is none. */
static bool next_irq(struct bus *b, ktime_t *at)
{
	unsigned int i;

	if (!b->unmasked || b->out)
		return false;
	for (i = b->irqpos; i < b->n; i++)
		if (wanted(b, i)) {
			*at = ktime_add_ns(b->t0, edge_ns(b, i));
			return true;
		}
	return false;
}

static void arm(struct bus *b)
{
	ktime_t at;

	if (!b->in_timer && next_irq(b, &at))
		hrtimer_start(&b->timer, at, HRTIMER_MODE_ABS_HARD);
}

static enum hrtimer_restart edge_timer(struct hrtimer *t)
{
	struct bus *b = container_of(t, struct bus, timer);
	enum hrtimer_restart ret = HRTIMER_NORESTART;
	unsigned int hits = 0;
	bool falls;
	ktime_t at;
	s64 past;

	raw_spin_lock(&b->lock);
	b->in_timer = true;
	falls = b->falls && b->unmasked && !b->out;
	b->falls = false;
	past = ktime_sub(ktime_get(), b->t0);
	while (b->irqpos < b->n && edge_ns(b, b->irqpos) <= past) {
		if (b->unmasked && !b->out && wanted(b, b->irqpos))
			hits++;
		b->irqpos++;
	}
	if (hits && b->row) {
		b->row->irqs++;
		b->row->merged += hits - 1;
	}
	raw_spin_unlock(&b->lock);

	if (hits || falls)
		generic_handle_domain_irq(rig.gc.irq.domain, b->nr);

	raw_spin_lock(&b->lock);
	b->in_timer = false;
	if (next_irq(b, &at)) {
		hrtimer_set_expires(t, at);
		ret = HRTIMER_RESTART;
	}
	raw_spin_unlock(&b->lock);
	return ret;
}

/* Puts a square wave on the wire instead of a sensor's answers; count edges. */
void bus_toggle(struct bus *b, u64 half_ns, unsigned int count)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&b->lock, flags);
	b->t0 = ktime_get();
	b->toggle_ns = half_ns;
	b->n = half_ns ? count : 0;
	b->pos = b->irqpos = 0;
	b->toggled = (struct row){ .line = b->nr, .what = 'T', .edges = b->n };
	b->row = &b->toggled;
	arm(b);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}

static void host_low(struct bus *b, ktime_t now)
{
	b->low_since = now;
	if (b->n) {
		advance(b, now);
		if (b->pos < b->n && b->row && b->row->what == 'A')
			b->row->what = 'a';
		b->n = 0;
		b->toggle_ns = 0;
	}
	if (!b->ready && b->model != NONE)
		wave_prepare(b);
	else if (b->model == NONE)
		b->edge[0] = b->c.rise_ns;
	/* Who listens on the bus hears the trigger line's pulse. */
	b->falls = b->pulled && b->type & IRQ_TYPE_EDGE_FALLING;
	if (b->falls)
		hrtimer_start(&b->timer, now, HRTIMER_MODE_ABS_HARD);
}

static bool rests(struct bus *b, ktime_t now)
{
	return (b->last_start && ktime_ms_delta(now, b->last_start) < b->c.rest_ms) ||
	       (rig.power_since &&
		ktime_ms_delta(now, rig.power_since) < b->c.powerup_ms);
}

static bool takes_start(struct bus *b, u32 low_us)
{
	return low_us >= b->c.start_min && (!b->c.start_max || low_us <= b->c.start_max);
}

static bool answers(struct bus *b, ktime_t now)
{
	if (!b->ready || !rig.powered || b->c.silent || rests(b, now))
		return false;
	if (b->c.lock_after && b->fed_frames >= b->c.lock_after)
		return false;
	return !b->c.skip || b->starts % b->c.skip;
}

static void host_release(struct bus *b, ktime_t now)
{
	u32 low_us = ktime_to_us(ktime_sub(now, b->low_since));
	bool taken = takes_start(b, low_us);
	struct row *r;

	b->t0 = now;
	b->n = 1; /* the line rises */
	b->pos = b->irqpos = 0;
	b->row = NULL;
	if (low_us < 20)
		goto out;
	b->starts++;
	r = b->row = &rig.log[rig.nlog++ % LOG_SIZE];
	*r = (struct row){
		.line = b->nr, .release = now, .low_us = low_us, .what = taken ? 'S' : 's'
	};
	if (taken && answers(b, now)) {
		b->n = b->next_n;
		b->ready = false;
		r->what = 'A';
		r->nbytes = b->nbytes;
		memcpy(r->b, b->b, MAX_BYTES);
		b->frames++;
		b->fed_frames++;
		if (++rig.frames == rig.frames_wanted)
			wake_up(&rig.waiter);
	}
	b->last_start = now;
	r->frame = b->frames;
	r->edges = b->n;
out:
	arm(b);
}

static void set_power(bool on, ktime_t now)
{
	unsigned int i;

	if (on == rig.powered)
		return;
	rig.powered = on;
	rig.power_since = now;
	for (i = 0; i < lines; i++) {
		rig.bus[i].n = 0;
		rig.bus[i].fed_frames = 0;
	}
}

static bool host_pulls(struct bus *b)
{
	return b->pulled || (b->out && !b->val);
}

static void drive(unsigned int nr, bool out, bool val)
{
	struct bus *pin = &rig.bus[nr], *b = bus_of(nr);
	bool was_low, is_low;
	unsigned long flags;
	ktime_t now;

	raw_spin_lock_irqsave(&b->lock, flags);
	now = ktime_get();
	was_low = host_pulls(b);
	pin->out = out;
	pin->val = val;
	if (pin != b)
		b->pulled = out && !val;
	is_low = host_pulls(b);
	if ((int)nr == power_line)
		set_power(!is_low, now);
	else if (is_low && !was_low)
		host_low(b, now);
	else if (was_low && !is_low)
		host_release(b, now);
	raw_spin_unlock_irqrestore(&b->lock, flags);
}

static int bus_get_direction(struct gpio_chip *gc, unsigned int nr)
{
	return rig.bus[nr].out ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int bus_input(struct gpio_chip *gc, unsigned int nr)
{
	drive(nr, false, rig.bus[nr].val);
	return 0;
}

static int bus_output(struct gpio_chip *gc, unsigned int nr, int val)
{
	drive(nr, true, val);
	return 0;
}

static void bus_set(struct gpio_chip *gc, unsigned int nr, int val)
{
	drive(nr, rig.bus[nr].out, val);
}

static int bus_get(struct gpio_chip *gc, unsigned int nr)
{
	struct bus *b = bus_of(nr);
	unsigned long flags;
	bool v;

	raw_spin_lock_irqsave(&b->lock, flags);
	v = wire(b, ktime_get());
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return v;
}

static void bus_free(struct gpio_chip *gc, unsigned int nr)
{
	if (free_to_input)
		drive(nr, false, rig.bus[nr].val);
}

/* Bias is taken and ignored: the bus has its own pull-up. No open drain, as
 * on bcm2835: gpiolib then emulates it by switching the direction. */
static int bus_config(struct gpio_chip *gc, unsigned int nr, unsigned long config)
{
	switch (pinconf_to_config_param(config)) {
	case PIN_CONFIG_BIAS_PULL_UP:
	case PIN_CONFIG_BIAS_PULL_DOWN:
	case PIN_CONFIG_BIAS_DISABLE:
	case PIN_CONFIG_PERSIST_STATE:
		return 0;
	default:
		return -ENOTSUPP;
	}
}

static void bus_irq_ack(struct irq_data *d)
{
}

static void bus_irq_mask(struct irq_data *d)
{
	struct bus *b = &rig.bus[irqd_to_hwirq(d)];
	unsigned long flags;

	raw_spin_lock_irqsave(&b->lock, flags);
	b->unmasked = false;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	gpiochip_disable_irq(&rig.gc, irqd_to_hwirq(d));
}

static void bus_irq_unmask(struct irq_data *d)
{
	struct bus *b = &rig.bus[irqd_to_hwirq(d)];
	unsigned long flags;

	gpiochip_enable_irq(&rig.gc, irqd_to_hwirq(d));
	raw_spin_lock_irqsave(&b->lock, flags);
	if (!b->unmasked) {
		b->unmasked = true;
		advance(b, ktime_get());
		b->irqpos = b->pos;
		arm(b);
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
}

static int bus_irq_type(struct irq_data *d, unsigned int type)
{
	struct bus *b = &rig.bus[irqd_to_hwirq(d)];
	unsigned long flags;

	if (!(type & IRQ_TYPE_EDGE_BOTH) || type & IRQ_TYPE_LEVEL_MASK)
		return -EINVAL;
	raw_spin_lock_irqsave(&b->lock, flags);
	b->type = type;
	arm(b);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return 0;
}

static const struct irq_chip bus_irq_chip = {
	.name = "dht-bus",
	.irq_ack = bus_irq_ack,
	.irq_mask = bus_irq_mask,
	.irq_unmask = bus_irq_unmask,
	.irq_set_type = bus_irq_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static struct gpiod_lookup_table iio_lookup = {
	.dev_id = "dht11",
	.table = { GPIO_LOOKUP("dht-bus", 0, NULL, GPIO_ACTIVE_HIGH), {} },
};

static void iio_init(void)
{
	if (iio_line < 0 || iio_line >= (int)lines)
		return;
	iio_lookup.table[0].chip_hwnum = iio_line;
	gpiod_add_lookup_table(&iio_lookup);
	rig.iio = platform_device_register_simple("dht11", -1, NULL, 0);
}

static void bus_init(struct bus *b, unsigned int nr)
{
	b->nr = nr;
	b->rnd = (0x9e3779b9 + nr) ^ seed * 0x85ebca6b ?: 1;
	b->model = (int)nr == power_line ? NONE : DHT22;
	b->c = model_conf[b->model];
	INIT_LIST_HEAD(&b->plays);
	raw_spin_lock_init(&b->lock);
	hrtimer_init(&b->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	b->timer.function = edge_timer;
}

static const struct gpio_chip bus_chip = {
	.label = "dht-bus",
	.owner = THIS_MODULE,
	.base = -1,
	.get_direction = bus_get_direction,
	.direction_input = bus_input,
	.direction_output = bus_output,
	.get = bus_get,
	.set = bus_set,
	.free = bus_free,
	.set_config = bus_config,
};

/* Brings the chip, or takes it away under those who hold its lines. */
int bus_plug(bool in)
{
	int ret;

	if (in == rig.plugged)
		return 0;
	if (in) {
		rig.gc = bus_chip;
		rig.gc.ngpio = lines;
		rig.gc.names = rig.names;
		rig.gc.parent = &rig.pdev->dev;
		gpio_irq_chip_set_chip(&rig.gc.irq, &bus_irq_chip);
		rig.gc.irq.handler = handle_edge_irq;
		rig.gc.irq.default_type = IRQ_TYPE_NONE;
		ret = gpiochip_add_data(&rig.gc, NULL);
		if (ret)
			return ret;
	} else {
		gpiochip_remove(&rig.gc);
	}
	rig.plugged = in;
	return 0;
}

static int __init dht_bus_init(void)
{
	unsigned int i;
	int ret;

	if (!lines || lines > MAX_LINES)
		return -EINVAL;
	rig.num_lines = lines;
	rig.bus = kcalloc(lines, sizeof(*rig.bus), GFP_KERNEL);
	rig.log = vzalloc(LOG_SIZE * sizeof(*rig.log));
	rig.names = kcalloc(lines, sizeof(*rig.names), GFP_KERNEL);
	ret = -ENOMEM;
	if (!rig.bus || !rig.log || !rig.names)
		goto free_memory;
	rig.powered = true;
	init_waitqueue_head(&rig.waiter);
	for (i = 0; i < lines; i++) {
		bus_init(&rig.bus[i], i);
		rig.names[i] = kasprintf(GFP_KERNEL, "GPIO%u", i);
	}
	noise_init(seed);

	rig.pdev = platform_device_register_simple("dht-bus", -1, NULL, 0);
	ret = PTR_ERR_OR_ZERO(rig.pdev);
	if (ret)
		goto free_memory;
	ret = bus_plug(true);
	if (ret)
		goto drop_device;
	control_init();
	iio_init();
	return 0;

drop_device:
	platform_device_unregister(rig.pdev);
free_memory:
	kfree(rig.names);
	vfree(rig.log);
	kfree(rig.bus);
	return ret;
}
module_init(dht_bus_init);

static void drop_plays(struct bus *b)
{
	struct play *p;

	while ((p = list_first_entry_or_null(&b->plays, struct play, node))) {
		list_del(&p->node);
		kfree(p);
	}
}

static void __exit dht_bus_exit(void)
{
	unsigned int i;

	if (rig.iio && !IS_ERR(rig.iio)) {
		platform_device_unregister(rig.iio);
		gpiod_remove_lookup_table(&iio_lookup);
	}
	noise_set(0, 0, 0);
	noise_set(1, 0, 0);
	control_exit();
	bus_plug(false);
	platform_device_unregister(rig.pdev);
	for (i = 0; i < lines; i++) {
		hrtimer_cancel(&rig.bus[i].timer);
		drop_plays(&rig.bus[i]);
		kfree(rig.names[i]);
	}
	kfree(rig.names);
	vfree(rig.log);
	kfree(rig.bus);
}
module_exit(dht_bus_exit);

MODULE_DESCRIPTION("GPIO chip with simulated DHT sensors (for tests)");
MODULE_LICENSE("GPL");
