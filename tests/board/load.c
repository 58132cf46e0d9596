// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load - CPU, system-call and interrupt load for the board's guest.
 *
 *   load [-b N] [-s N] [-i "irqoff_us period_us soft_us period_us"]
 *        [-w MS [-e LEAD_MS] [-p INTERVAL_MS] [-r RETRY_MS]]
 *
 * -b N  N busy SCHED_OTHER loops
 * -s N  N loops of system calls (pipe, tmpfs write, mmap, fork)
 * -i S  noise of the dht_bus module while the load runs
 * -w MS run only in windows of so many ms, which open LEAD_MS (20) before a start
 *       pulse is due: RETRY_MS (2000) after the last one that the module saw, and
 *       INTERVAL_MS (10000) after the first one of its turn. A guest that is never
 *       idle is slow to simulate. Without it: run until killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CHILDREN = 64 };

struct load {
	int num_busy, num_calls;
	const char *noise;
	int64_t window_ns, lead_ns, interval_ns, retry_ns;
	pid_t child[MAX_CHILDREN];
	int num_children;
};

static void noise(const char *s)
{
	int f = s ? open("/sys/kernel/debug/dht-bus/noise", O_WRONLY) : -1;

	if (f >= 0) {
		if (write(f, s, strlen(s)) < 0)
			perror("noise");
		close(f);
	}
}

static void busy(void)
{
	for (volatile unsigned long x = 0;; x++)
		;
}

static void calls(int nr)
{
	char name[32], buf[4096] = "";
	struct stat st;
	int p[2], f;

	snprintf(name, sizeof(name), "/tmp/load.%d", nr);
	f = open(name, O_RDWR | O_CREAT, 0600);
	if (f < 0 || pipe(p))
		_exit(1);
	for (unsigned i = 0;; i++) {
		void *m;

		if (write(p[1], buf, 512) < 0 || read(p[0], buf, 512) < 0 ||
		    pwrite(f, buf, sizeof(buf), (i % 64) * 4096L) < 0 || stat(name, &st))
			_exit(1);
		m = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
		if (m != MAP_FAILED) {
			memset(m, 1, 65536);
			munmap(m, 65536);
		}
		if (i % 32 == 0) {
			pid_t c = fork();

			if (!c)
				_exit(0);
			if (c > 0)
				waitpid(c, 0, 0);
		}
	}
}

static void start_children(struct load *load)
{
	while (load->num_children < load->num_busy + load->num_calls) {
		int nr = load->num_children++;

		load->child[nr] = fork();
		if (load->child[nr])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (load->window_ns)
			raise(SIGSTOP);
		if (nr < load->num_busy)
			busy();
		calls(nr);
	}
}

static void signal_children(const struct load *load, int signal)
{
	for (int i = 0; i < load->num_children; i++)
		kill(load->child[i], signal);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(int64_t t_ns)
{
	struct timespec t = { t_ns / 1000000000, t_ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

/* Release time of the newest start pulse, 0 when there was none. */
static int64_t last_start_ns(void)
{
	FILE *f = fopen("/sys/kernel/debug/dht-bus/last", "r");
	int64_t newest = 0;
	long long t;

	while (f && fscanf(f, "%*u %*u %*c %*s %lld%*[^\n]", &t) == 1)
		if (t > newest)
			newest = t;
	if (f)
		fclose(f);
	return newest;
}

/* When the next start pulse may come, seen from the last one and its turn's first. */
static int64_t next_due_ns(const struct load *load, int64_t last_ns, int64_t turn_ns)
{
	int64_t now = now_ns() + load->lead_ns, due = turn_ns;

	if (last_ns + load->retry_ns > now)
		return last_ns + load->retry_ns;
	while (due <= now)
		due += load->interval_ns;
	return due;
}

static void run_windows(const struct load *load)
{
	int64_t turn = 0;

	/* above the readers, so that a window opens and closes in time */
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 60 });
	for (;;) {
		int64_t last = last_start_ns(), open;

		if (!last) {
			sleep_until(now_ns() + load->lead_ns);
			continue;
		}
		if (!turn || last - turn > load->interval_ns - load->retry_ns / 2)
			turn = last;
		open = next_due_ns(load, last, turn) - load->lead_ns;
		sleep_until(open);
		noise(load->noise);
		signal_children(load, SIGCONT);
		sleep_until(open + load->window_ns);
		signal_children(load, SIGSTOP);
		if (load->noise)
			noise("0 0 0 0");
	}
}

static int64_t ms(const char *s)
{
	return atoll(s) * 1000000;
}

int main(int argc, char **argv)
{
	struct load load = {
		.lead_ns = ms("20"),
		.interval_ns = ms("10000"),
		.retry_ns = ms("2000"),
	};
	int o;

	while ((o = getopt(argc, argv, "b:s:i:w:e:p:r:")) != -1)
		switch (o) {
		case 'b':
			load.num_busy = atoi(optarg);
			break;
		case 's':
			load.num_calls = atoi(optarg);
			break;
		case 'i':
			load.noise = optarg;
			break;
		case 'w':
			load.window_ns = ms(optarg);
			break;
		case 'e':
			load.lead_ns = ms(optarg);
			break;
		case 'p':
			load.interval_ns = ms(optarg);
			break;
		case 'r':
			load.retry_ns = ms(optarg);
			break;
		default:
			return 2;
		}
	if (load.num_busy + load.num_calls > MAX_CHILDREN)
		return 2;
	start_children(&load);
	if (load.window_ns)
		run_windows(&load);
	noise(load.noise);
	pause();
}
