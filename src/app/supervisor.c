/* SPDX-License-Identifier: MIT */
#include "app/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/health.h"
#include "app/recall.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/text.h"

enum { ROUND_S = 5, ROUNDS_PER_WATCHDOG = 3, MAX_LINE = 256 };

struct supervisor {
	struct reload *reload; /* borrowed; outlives this */
	int signal_fd;
	int health_fd; /* negative: nobody can ask */
	int recall_fd; /* the same */
	uint64_t round_ns; /* between two looks at the threads */
	uint64_t next_ns; /* CLOCK_MONOTONIC of the next look */
	const char *hanging; /* the thread that hung at the last look; NULL: none */
	bool is_notify_failing; /* and that is logged */
	bool is_reloading; /* and the manager was told */
};

static void notify(struct supervisor *supervisor, const char *assignments)
{
	int error = notify_send(assignments);

	if (error && !supervisor->is_notify_failing)
		log_warning("the service manager cannot be told: %s", strerror(-error));
	supervisor->is_notify_failing = error != 0;
}

static void look_after_threads(struct supervisor *supervisor)
{
	const char *hanging = pipeline_hanging(supervisor->reload->pipeline);
	char line[MAX_LINE], message[MAX_LINE + 64];
	struct text text;

	if (hanging && !supervisor->hanging)
		log_error("%s does not move: the machine is too busy, or it hangs",
			  hanging);
	else if (!hanging && supervisor->hanging)
		log_info("%s moves again", supervisor->hanging);
	supervisor->hanging = hanging;
	pipeline_set_healthy(supervisor->reload->pipeline, !hanging);

	text_init(&text, line, sizeof(line));
	report_line(&text, pipeline_publisher(supervisor->reload->pipeline));
	snprintf(message, sizeof(message), "STATUS=%s%s", line,
		 hanging ? "" : "\nWATCHDOG=1");
	notify(supervisor, message);
}

static void answer(const struct supervisor *supervisor)
{
	const struct publisher *publisher =
		pipeline_publisher(supervisor->reload->pipeline);
	char data[HEALTH_MAX_ANSWER];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add(&text, "%s\n", supervisor->hanging ? "unhealthy" : "healthy");
	if (supervisor->hanging)
		text_add(&text, "%s does not move; ", supervisor->hanging);
	report_line(&text, publisher);
	text_add(&text, "\n");
	report_summary(&text, publisher, !supervisor->hanging, clock_mono_ns());
	text_add(&text, "\n");
	health_answer(supervisor->health_fd, data);
}

static void end_reloading(struct supervisor *supervisor)
{
	if (!supervisor->is_reloading || supervisor->reload->next)
		return;
	supervisor->is_reloading = false;
	notify(supervisor, "READY=1");
}

static void begin_reloading(struct supervisor *supervisor)
{
	char message[64];

	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 clock_mono_ns() / CLOCK_NS_PER_US);
	notify(supervisor, message);
	supervisor->is_reloading = true;
	reload_ask(supervisor->reload);
	end_reloading(supervisor);
}

static int go_on_reloading(struct supervisor *supervisor)
{
	int error = reload_go_on(supervisor->reload);

	if (error)
		return error;
	/* Its threads may be new: they move from here on. */
	(void)pipeline_hanging(supervisor->reload->pipeline);
	supervisor->next_ns = clock_mono_ns() + supervisor->round_ns;
	end_reloading(supervisor);
	return 0;
}

/* Sleeps until something comes. Returns the signal, 0 where none came, or a negative errno. */
static int wait_for_events(struct supervisor *supervisor)
{
	struct pollfd slots[] = {
		{ .fd = supervisor->signal_fd, .events = POLLIN },
		{ .fd = supervisor->health_fd, .events = POLLIN },
		{ .fd = supervisor->reload->news.fd, .events = POLLIN },
		{ .fd = supervisor->recall_fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	uint64_t now_ns = clock_mono_ns();
	uint64_t left_ns =
		supervisor->next_ns > now_ns ? supervisor->next_ns - now_ns : 0;

	/* A millisecond more, so that the time has come when we wake. */
	if (poll(slots, array_length(slots), (int)(left_ns / CLOCK_NS_PER_MS) + 1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (slots[1].revents)
		answer(supervisor);
	if (slots[3].revents)
		recall_answer(supervisor->recall_fd,
			      pipeline_publisher(supervisor->reload->pipeline));
	if (slots[2].revents) {
		int error = go_on_reloading(supervisor);

		if (error)
			return error;
	}
	if (!slots[0].revents)
		return 0;
	if (read(supervisor->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return (int)info.ssi_signo;
}

static int watch(struct supervisor *supervisor)
{
	for (;;) {
		int received = wait_for_events(supervisor);

		if (received == SIGHUP)
			begin_reloading(supervisor);
		else if (received != 0)
			return received;
		if (clock_mono_ns() >= supervisor->next_ns) {
			log_tell_repeats(false);
			look_after_threads(supervisor);
			supervisor->next_ns = clock_mono_ns() + supervisor->round_ns;
		}
	}
}

static void open_health(struct supervisor *supervisor, const char *config_path)
{
	supervisor->health_fd = health_open(config_path);
	if (supervisor->health_fd == -EADDRINUSE)
		log_warning("another gateway runs here with the same configuration; "
			    "`pin2mqtt health` asks that one config=%s",
			    config_path);
	else if (supervisor->health_fd < 0)
		log_warning("`pin2mqtt health` cannot ask this gateway: %s",
			    strerror(-supervisor->health_fd));
	supervisor->recall_fd = recall_open(config_path);
	if (supervisor->recall_fd < 0 && supervisor->recall_fd != -EADDRINUSE)
		log_warning("`pin2mqtt capture --last` cannot ask this gateway: %s",
			    strerror(-supervisor->recall_fd));
}

static uint64_t choose_round_ns(void)
{
	uint64_t round_ns = ROUND_S * CLOCK_NS_PER_S;
	uint64_t fed_ns = notify_watchdog_ns() / ROUNDS_PER_WATCHDOG;

	return fed_ns != 0 && fed_ns < round_ns ? fed_ns : round_ns;
}

int supervisor_run(struct reload *reload, const sigset_t *signals)
{
	struct supervisor supervisor = {
		.reload = reload,
		.signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK),
		.round_ns = choose_round_ns(),
	};

	if (supervisor.signal_fd < 0)
		return -errno;
	open_health(&supervisor, reload->config->path);
	(void)pipeline_hanging(reload->pipeline);
	notify(&supervisor, "READY=1\nSTATUS=starting");
	supervisor.next_ns = clock_mono_ns() + supervisor.round_ns;

	int received = watch(&supervisor);

	notify(&supervisor, "STOPPING=1\nSTATUS=stopping");
	if (supervisor.health_fd >= 0)
		close(supervisor.health_fd);
	if (supervisor.recall_fd >= 0)
		close(supervisor.recall_fd);
	close(supervisor.signal_fd);
	return received;
}
