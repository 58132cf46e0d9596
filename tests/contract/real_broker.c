/* SPDX-License-Identifier: MIT */
#include "contract/real_broker.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit/cmocka_test.h"

enum { WAIT_MS = 60000 };

static const char *const places[] = { "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto",
				      "/usr/bin/mosquitto" };

static const char *program(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

bool real_broker_is_there(void)
{
	return program() != NULL && system("command -v mosquitto_sub >/dev/null") == 0;
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

int free_port(void)
{
	/* Below the ports that the kernel gives to clients: while a test's broker is stopped,
	 * none of them takes its port. Tests that run side by side have ranges of their own. */
	enum { MIN = 10240, NUM_RANGES = 64, RANGE = 352 };
	static unsigned seed;
	int error, port;

	if (seed == 0)
		seed = (unsigned)getpid();
	do {
		port = MIN + getpid() % NUM_RANGES * RANGE + rand_r(&seed) % RANGE;

		struct sockaddr_in address = loopback(port);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		error = bind(fd, (struct sockaddr *)&address, sizeof(address));
		close(fd);
	} while (error);
	return port;
}

static void sleep_ms(long ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

static void wait_for_port(int port)
{
	struct sockaddr_in address = loopback(port);

	for (int i = 0; i < WAIT_MS / 20; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int refused = connect(fd, (struct sockaddr *)&address, sizeof(address));

		close(fd);
		if (!refused)
			return;
		sleep_ms(20);
	}
	fail_msg("mosquitto does not listen");
}

const char *real_broker_file(struct real_broker *broker, const char *name,
			     const char *content, char path[128])
{
	snprintf(path, 128, "%s/%s", broker->directory, name);

	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	return path;
}

void real_broker_init(struct real_broker *broker, const char *extra)
{
	char content[1024], path[128];

	*broker = (struct real_broker){ .port = free_port() };
	strcpy(broker->directory, "/tmp/pin2mqtt-test-XXXXXX");
	assert_non_null(mkdtemp(broker->directory));
	chmod(broker->directory, 0755);
	snprintf(broker->server, sizeof(broker->server), "mqtt://127.0.0.1:%d",
		 broker->port);
	snprintf(content, sizeof(content),
		 "listener %d 127.0.0.1\nlog_dest none\nallow_anonymous %s\n"
		 "user root\npersistence true\npersistence_location "
		 "%s/\nmax_queued_messages 0\n%s\n",
		 broker->port, *extra ? "false" : "true", broker->directory, extra);
	real_broker_file(broker, "mosquitto.conf", content, path);
}

void real_broker_start(struct real_broker *broker)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/mosquitto.conf", broker->directory);
	broker->pid = fork();
	if (broker->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(program(), "mosquitto", "-c", path, (char *)NULL);
		_exit(127);
	}
	wait_for_port(broker->port);
}

void real_broker_stop(struct real_broker *broker, int signal)
{
	if (broker->pid == 0)
		return;
	/* Once may not do: mosquitto forgets a signal that comes while it starts. */
	for (int i = 0; waitpid(broker->pid, NULL, WNOHANG) == 0; i++) {
		if (i % 100 == 0)
			kill(broker->pid, signal);
		/* One that a test froze takes the signal only when it goes on. */
		kill(broker->pid, SIGCONT);
		sleep_ms(10);
	}
	broker->pid = 0;
}

void real_broker_finish(struct real_broker *broker)
{
	char command[128];

	real_broker_stop(broker, SIGTERM);
	snprintf(command, sizeof(command), "rm -r %s", broker->directory);
	assert_int_equal(system(command), 0);
}

static void exec_listener(const struct real_broker *broker, const char *username)
{
	char port[16];
	const char *user_option = username ? "-u" : NULL;

	snprintf(port, sizeof(port), "%d", broker->port);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Its session outlives it and a restart of the broker: what it missed comes later. */
	execlp("mosquitto_sub", "mosquitto_sub", "-p", port, "-V", "5", "-q", "1", "-t",
	       "#", "-i", "listener", "-c", "-x", "3600", "--retain-as-published", "-F",
	       "%t\t%q\t%r\t%E\t%p", user_option, username, "-P", "secret", (char *)NULL);
	_exit(127);
}

/* Subscribed for sure: mosquitto_sub says nothing then, so that we post until it hears us. */
static void wait_for_subscription(struct listener *listener,
				  const struct real_broker *broker, const char *username)
{
	char command[256];
	struct seen_message message;

	snprintf(command, sizeof(command),
		 "while :; do mosquitto_pub -p %d %s %s %s -t ready -m x 2>/dev/null; "
		 "sleep 0.1; done",
		 broker->port, username ? "-u" : "", username ? username : "",
		 username ? "-P secret" : "");
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	listener_next_on(listener, "ready", &message);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

void listener_start(struct listener *listener, const struct real_broker *broker,
		    const char *username)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	listener->pid = fork();
	if (listener->pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		exec_listener(broker, username);
	}
	close(ends[1]);
	listener->out = fdopen(ends[0], "r");
	setvbuf(listener->out, NULL, _IONBF, 0);
	wait_for_subscription(listener, broker, username);
}

void listener_stop(struct listener *listener)
{
	/* SIGTERM can hang it for ever: its handler takes locks. What it has printed, it has
	 * acknowledged before, so that SIGKILL loses nothing. */
	kill(listener->pid, SIGKILL);
	waitpid(listener->pid, NULL, 0);
	fclose(listener->out);
}

static void parse(char *line, struct seen_message *out)
{
	char *topic = strsep(&line, "\t");
	char *qos = strsep(&line, "\t");
	char *retained = strsep(&line, "\t");
	char *expiry = strsep(&line, "\t");

	assert_non_null(line);
	snprintf(out->topic, sizeof(out->topic), "%s", topic);
	snprintf(out->payload, sizeof(out->payload), "%.*s", (int)strcspn(line, "\n"),
		 line);
	out->qos = atoi(qos);
	out->is_retained = atoi(retained) != 0;
	out->expiry_s = (unsigned)atoi(expiry);
}

void listener_next(struct listener *listener, struct seen_message *out)
{
	struct pollfd slot = { .fd = fileno(listener->out), .events = POLLIN };
	char line[2048];

	if (poll(&slot, 1, WAIT_MS) != 1)
		fail_msg("no message came");
	if (!fgets(line, sizeof(line), listener->out))
		fail_msg("the listener has ended");
	parse(line, out);
}

void listener_next_on(struct listener *listener, const char *leaf,
		      struct seen_message *out)
{
	size_t leaf_bytes = strlen(leaf), topic_bytes;

	do {
		listener_next(listener, out);
		topic_bytes = strlen(out->topic);
	} while (topic_bytes < leaf_bytes ||
		 strcmp(out->topic + topic_bytes - leaf_bytes, leaf) != 0);
}
