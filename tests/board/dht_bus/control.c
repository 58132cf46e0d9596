// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * debugfs, in dht-bus/:
 *   conf    a row a line; write "LINE key=value ...": model=NAME, seq=HEX,HEX,...
 *           (frames to send in turn, 4 bytes without or 5, 8 with the sum) or a
 *           member of struct conf
 *   play    write "LINE HEX|- T0 T1 ...": a ready-made frame for the next start
 *           signal that is not spoken for. T are the edges in ns since the
 *           release, the first one the rise; HEX is what the log shall say.
 *           Reading gives the number of frames that wait, "LINE N" a row
 *   toggle  write "LINE NS COUNT": COUNT edges, NS apart, from now on; reading
 *           gives "LINE edges passed irqs merged" a row
 *   log     what was sent, one row a start signal; a write clears it
 *   last    the newest row of each line
 *   stat    "now_ns idle_us frames utc_ns" (idle summed over the CPUs)
 *   wait    write "FRAMES SECONDS": returns when so many frames were sent, or
 *           fails when the time is over; takes no CPU meanwhile
 *   noise   "irqoff_us irqoff_period_us soft_us soft_period_us"
 *   power   0/1, the state of the power line
 *   plug    0/1: whether the chip is there; write to pull it out and put it back
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tick.h>
#include <linux/uaccess.h>
#include "bus.h"

#define MAX_WRITE 8192

static struct dentry *dir;

/* clang-format off */
static const struct { const char *name; size_t at; } conf_keys[] = {
#define K(x) { #x, offsetof(struct conf, x) }
	K(start_min), K(start_max), K(resp), K(resp_lo), K(resp_hi),
	K(lo), K(hi0), K(hi1), K(gap), K(scale), K(rise_ns), K(jitter_ns), K(glitch_ppm),
	K(twos), K(dec), K(pad), K(silent), K(lock_after), K(skip), K(rest_ms), K(powerup_ms),
#undef K
};
/* clang-format on */

static u32 *conf_at(struct bus *b, unsigned int key)
{
	return (u32 *)((char *)&b->c + conf_keys[key].at);
}

#define CONTROL_FILE(name) \
	static int name##_open(struct inode *i, struct file *f) \
	{ \
		return single_open(f, name##_show, NULL); \
	} \
	static const struct file_operations name##_fops = { .open = name##_open, \
							    .read = seq_read, \
							    .write = name##_write, \
							    .llseek = seq_lseek, \
							    .release = single_release }

/* Takes the line number off the front of a row. */
static struct bus *take_line(char **s)
{
	char *word = strsep(s, " ");
	u32 nr;

	if (!word || kstrtou32(word, 0, &nr) || nr >= rig.num_lines)
		return NULL;
	return &rig.bus[nr];
}

static ssize_t write_row(const char __user *u, size_t len,
			 int (*row)(struct bus *b, char *rest))
{
	char *buf, *s;
	struct bus *b;
	int ret;

	if (len >= MAX_WRITE)
		return -E2BIG;
	buf = memdup_user_nul(u, len);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	s = strim(buf);
	b = take_line(&s);
	ret = b && s ? row(b, s) : -EINVAL;
	kfree(buf);
	return ret ?: len;
}

static int set_seq(struct bus *b, char *s)
{
	char *one;

	b->nseq = 0;
	while ((one = strsep(&s, ",")) && b->nseq < MAX_SEQ) {
		size_t n = strlen(one) / 2;

		if ((n != 4 && n != 5 && n != 8) || hex2bin(b->seq[b->nseq], one, n))
			return -EINVAL;
		b->seqlen[b->nseq++] = n;
	}
	return 0;
}

static int set_model(struct bus *b, const char *name)
{
	int i = match_string(model_name, NUM_MODELS, name);

	if (i < 0)
		return -EINVAL;
	b->model = i;
	b->c = model_conf[i];
	b->nseq = 0;
	return 0;
}

static int set_key(struct bus *b, const char *key, char *val)
{
	unsigned int i;
	u32 v;

	if (!strcmp(key, "model"))
		return set_model(b, val);
	if (!strcmp(key, "seq"))
		return set_seq(b, val);
	if (kstrtou32(val, 0, &v))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(conf_keys); i++)
		if (!strcmp(key, conf_keys[i].name)) {
			*conf_at(b, i) = v;
			return 0;
		}
	return -EINVAL;
}

static int conf_row(struct bus *b, char *s)
{
	unsigned long flags;
	int ret = 0;
	char *w;

	raw_spin_lock_irqsave(&b->lock, flags);
	while ((w = strsep(&s, " ")) && !ret) {
		char *key = strsep(&w, "=");

		if (*key || w)
			ret = w ? set_key(b, key, w) : -EINVAL;
	}
	b->ready = false;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return ret;
}

static ssize_t conf_write(struct file *f, const char __user *u, size_t len, loff_t *pos)
{
	return write_row(u, len, conf_row);
}

static int conf_show(struct seq_file *m, void *v)
{
	unsigned int i, k;

	for (i = 0; i < rig.num_lines; i++) {
		struct bus *b = &rig.bus[i];

		seq_printf(m, "%u model=%s", i, model_name[b->model]);
		for (k = 0; k < ARRAY_SIZE(conf_keys); k++)
			seq_printf(m, " %s=%u", conf_keys[k].name, *conf_at(b, k));
		seq_printf(m, " frames=%u starts=%u seq=%u\n", b->frames, b->starts,
			   b->nseq);
	}
	return 0;
}
CONTROL_FILE(conf);

static int parse_play(struct play *p, char *s)
{
	char *w = strsep(&s, " ");

	if (w && strcmp(w, "-")) {
		p->nbytes = strlen(w) / 2;
		if (p->nbytes > MAX_BYTES || hex2bin(p->b, w, p->nbytes))
			return -EINVAL;
	}
	while ((w = strsep(&s, " "))) {
		if (!*w)
			continue;
		if (p->n == MAX_EDGES || kstrtou32(w, 10, &p->edge[p->n]))
			return -EINVAL;
		if (p->n && p->edge[p->n] <= p->edge[p->n - 1])
			return -EINVAL;
		p->n++;
	}
	return p->n ? 0 : -EINVAL;
}

static int play_row(struct bus *b, char *s)
{
	struct play *p = kzalloc(struct_size(p, edge, MAX_EDGES), GFP_KERNEL);
	unsigned long flags;
	int ret;

	if (!p)
		return -ENOMEM;
	ret = parse_play(p, s);
	if (ret) {
		kfree(p);
		return ret;
	}
	raw_spin_lock_irqsave(&b->lock, flags);
	list_add_tail(&p->node, &b->plays);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return 0;
}

static ssize_t play_write(struct file *f, const char __user *u, size_t len, loff_t *pos)
{
	return write_row(u, len, play_row);
}

static int play_show(struct seq_file *m, void *v)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < rig.num_lines; i++) {
		struct bus *b = &rig.bus[i];
		size_t waiting;

		raw_spin_lock_irqsave(&b->lock, flags);
		waiting = list_count_nodes(&b->plays);
		raw_spin_unlock_irqrestore(&b->lock, flags);
		if (waiting)
			seq_printf(m, "%u %zu\n", i, waiting);
	}
	return 0;
}
CONTROL_FILE(play);

static int toggle_row(struct bus *b, char *s)
{
	unsigned int count;
	u64 half_ns;

	if (sscanf(s, "%llu %u", &half_ns, &count) != 2)
		return -EINVAL;
	bus_toggle(b, half_ns, count);
	return 0;
}

static ssize_t toggle_write(struct file *f, const char __user *u, size_t len, loff_t *pos)
{
	return write_row(u, len, toggle_row);
}

static int toggle_show(struct seq_file *m, void *v)
{
	unsigned int i;

	for (i = 0; i < rig.num_lines; i++) {
		struct bus *b = &rig.bus[i];

		if (b->toggle_ns)
			seq_printf(m, "%u %u %u %u %u\n", i, b->n, b->irqpos,
				   b->toggled.irqs, b->toggled.merged);
	}
	return 0;
}
CONTROL_FILE(toggle);

/* line frame what bytes release_ns low_us edges irqs merged */
static void show_row(struct seq_file *m, struct row *r)
{
	seq_printf(m, "%u %u %c %*phN%s %lld %u %u %u %u\n", r->line, r->frame, r->what,
		   r->nbytes, r->b, r->nbytes ? "" : "-", r->release, r->low_us, r->edges,
		   r->irqs, r->merged);
}

static void *log_start(struct seq_file *m, loff_t *pos)
{
	u32 first = rig.nlog > LOG_SIZE ? rig.nlog - LOG_SIZE : 0;

	return first + *pos < rig.nlog ? &rig.log[(first + *pos) % LOG_SIZE] : NULL;
}

static void *log_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return log_start(m, pos);
}

static void log_stop(struct seq_file *m, void *v)
{
}

static int log_show(struct seq_file *m, void *v)
{
	show_row(m, v);
	return 0;
}

static const struct seq_operations log_ops = {
	.start = log_start, .next = log_next, .stop = log_stop, .show = log_show
};

static int log_open(struct inode *i, struct file *f)
{
	return seq_open(f, &log_ops);
}

static ssize_t log_write(struct file *f, const char __user *u, size_t len, loff_t *pos)
{
	unsigned int i;

	for (i = 0; i < rig.num_lines; i++)
		rig.bus[i].row = NULL;
	rig.nlog = 0;
	return len;
}

static const struct file_operations log_fops = { .open = log_open,
						 .read = seq_read,
						 .write = log_write,
						 .llseek = seq_lseek,
						 .release = seq_release };

static int last_show(struct seq_file *m, void *v)
{
	unsigned int i;

	for (i = 0; i < rig.num_lines; i++)
		if (rig.bus[i].row)
			show_row(m, rig.bus[i].row);
	return 0;
}
#define last_write NULL
CONTROL_FILE(last);

static int stat_show(struct seq_file *m, void *v)
{
	u64 idle = 0;
	int cpu;

	for_each_online_cpu(cpu) idle += get_cpu_idle_time_us(cpu, NULL);
	seq_printf(m, "%lld %llu %u %lld\n", ktime_get(), idle, rig.frames,
		   ktime_get_real());
	return 0;
}
#define stat_write NULL
CONTROL_FILE(stat);

static int wait_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%u\n", rig.frames_wanted);
	return 0;
}

static ssize_t wait_write(struct file *f, const char __user *u, size_t len, loff_t *pos)
{
	char buf[32] = "";
	u32 seconds;
	long left;

	if (len >= sizeof(buf))
		return -E2BIG;
	if (copy_from_user(buf, u, len))
		return -EFAULT;
	if (sscanf(buf, "%u %u", &rig.frames_wanted, &seconds) != 2)
		return -EINVAL;
	left = wait_event_interruptible_timeout(rig.waiter,
						rig.frames >= rig.frames_wanted,
						seconds * HZ);
	if (left <= 0)
		return left ?: -ETIMEDOUT;
	msleep(50); /* the last one is on the wire just now */
	return len;
}
CONTROL_FILE(wait);

static int power_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", rig.powered);
	return 0;
}
#define power_write NULL
CONTROL_FILE(power);

static int plug_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", rig.plugged);
	return 0;
}

static ssize_t plug_write(struct file *f, const char __user *u, size_t len, loff_t *pos)
{
	bool in;
	int ret = kstrtobool_from_user(u, len, &in);

	if (!ret)
		ret = bus_plug(in);
	return ret ?: len;
}
CONTROL_FILE(plug);

static int noise_show(struct seq_file *m, void *v)
{
	u32 us, period_us;

	for (unsigned int i = 0; i < 2; i++) {
		noise_get(i, &us, &period_us);
		seq_printf(m, "%u %u%c", us, period_us, i ? '\n' : ' ');
	}
	return 0;
}

static ssize_t noise_write(struct file *f, const char __user *u, size_t len, loff_t *pos)
{
	u32 us[2] = {}, period_us[2] = {};
	char buf[64] = "";

	if (len >= sizeof(buf))
		return -E2BIG;
	if (copy_from_user(buf, u, len))
		return -EFAULT;
	if (sscanf(buf, "%u %u %u %u", &us[0], &period_us[0], &us[1], &period_us[1]) < 2)
		return -EINVAL;
	noise_set(0, us[0], period_us[0]);
	noise_set(1, us[1], period_us[1]);
	return len;
}
CONTROL_FILE(noise);

void control_init(void)
{
	dir = debugfs_create_dir("dht-bus", NULL);
	debugfs_create_file("conf", 0600, dir, NULL, &conf_fops);
	debugfs_create_file("play", 0600, dir, NULL, &play_fops);
	debugfs_create_file("toggle", 0600, dir, NULL, &toggle_fops);
	debugfs_create_file("log", 0600, dir, NULL, &log_fops);
	debugfs_create_file("last", 0400, dir, NULL, &last_fops);
	debugfs_create_file("stat", 0400, dir, NULL, &stat_fops);
	debugfs_create_file("wait", 0600, dir, NULL, &wait_fops);
	debugfs_create_file("power", 0400, dir, NULL, &power_fops);
	debugfs_create_file("plug", 0600, dir, NULL, &plug_fops);
	debugfs_create_file("noise", 0600, dir, NULL, &noise_fops);
}

void control_exit(void)
{
	debugfs_remove(dir);
}
