/* SPDX-License-Identifier: MIT */
#include "app/recall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/health.h"
#include "gpio/recording.h"

enum {
	MAX_QUESTION = 128,
	MAX_ANSWER = 192 * 1024, /* less than what a socket takes at once by default */
	ASK_TIMEOUT_S = 5,
};

static const char leaf[] = "/frames";
static const char log_beginning[] = "# pin2mqtt edge log ";

int recall_open(const char *config_path)
{
	struct sockaddr_un address;
	socklen_t address_bytes = health_make_address(config_path, leaf, &address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) != 0 ||
	    bind(fd, (const struct sockaddr *)&address, address_bytes) != 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* A question, and who asks. */
struct question {
	char id[MAX_QUESTION];
	struct sockaddr_un from;
	socklen_t from_bytes;
	bool is_allowed;
};

static bool receive(int fd, struct question *out)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec data = { .iov_base = out->id, .iov_len = sizeof(out->id) - 1 };
	struct msghdr message = {
		.msg_name = &out->from,
		.msg_namelen = sizeof(out->from),
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct ucred who = { .uid = (uid_t)-1 };

	if (length < 0)
		return false;
	out->id[length] = '\0';
	out->from_bytes = message.msg_namelen;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level == SOL_SOCKET &&
		    header->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(header), sizeof(who));
	}
	out->is_allowed = who.uid == 0 || who.uid == geteuid();
	return true;
}

/* Returns the answer's length, or a negative errno. */
static ssize_t write_answer(const struct question *question, struct publisher *publisher,
			    char *answer)
{
	FILE *file = fmemopen(answer, MAX_ANSWER, "w");
	int error = 0;
	long length;

	if (!file)
		return -errno;
	if (!question->is_allowed)
		fprintf(file, "only root and the gateway's own user may ask");
	else
		error = publisher_recall(publisher, question->id, file);
	if (error == -ENOENT)
		fprintf(file, "the gateway has no such sensor: %s", question->id);
	else if (error)
		fprintf(file, "%s", strerror(-error));
	length = ftell(file);
	fclose(file);
	return length;
}

void recall_answer(int fd, struct publisher *publisher)
{
	struct question question = { .is_allowed = false };
	char *answer;
	ssize_t length;

	if (!receive(fd, &question))
		return;
	answer = malloc(MAX_ANSWER);
	if (!answer)
		return;
	length = write_answer(&question, publisher, answer);
	if (length > 0) {
		/* Who has gone misses it. */
		ssize_t ignored =
			sendto(fd, answer, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
			       (const struct sockaddr *)&question.from,
			       question.from_bytes);

		(void)ignored;
	}
	free(answer);
}

/* Returns the answer's length, or a negative errno. */
static ssize_t ask(int fd, const char *config_path, const char *sensor_id, char *answer)
{
	const struct timeval timeout = { .tv_sec = ASK_TIMEOUT_S };
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	struct sockaddr_un address;
	socklen_t address_bytes = health_make_address(config_path, leaf, &address);
	ssize_t length;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	/* A family alone: the kernel gives a name that an answer can be sent to. */
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any.sun_family)) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, address_bytes) != 0 ||
	    send(fd, sensor_id, strlen(sensor_id), MSG_NOSIGNAL) < 0)
		return -errno;
	length = recv(fd, answer, MAX_ANSWER, 0);
	if (length < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return length;
}

int recall_ask(const char *config_path, const char *sensor_id, char **log_out)
{
	char *answer = calloc(1, MAX_ANSWER + 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t length = -ENOMEM;

	if (answer && fd >= 0)
		length = ask(fd, config_path, sensor_id, answer);
	else if (answer)
		length = -errno;
	if (fd >= 0)
		close(fd);
	if (length >= 0 && strncmp(answer, log_beginning, strlen(log_beginning)) != 0) {
		fprintf(stderr, "pin2mqtt: %s\n", answer);
		length = -ENOENT;
	}
	if (length < 0) {
		free(answer);
		return (int)length;
	}
	*log_out = answer;
	return 0;
}
