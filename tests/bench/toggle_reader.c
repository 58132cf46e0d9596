/* SPDX-License-Identifier: MIT */
/* Counts the edges of one line as capture takes them, until SIGTERM; for bench/board.
 *
 *	toggle_reader PIN
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "gpio/line.h"

enum { MAX_EDGES = 256 };

static volatile sig_atomic_t is_ended;

static void end(int signal)
{
	(void)signal;
	is_ended = 1;
}

/* Returns how many edges came, or a negative errno. */
static long count(struct line *line)
{
	struct pollfd readable = { .fd = line_fd(line), .events = POLLIN };
	static struct edge edges[MAX_EDGES];
	long num_edges = 0;

	while (!is_ended) {
		if (poll(&readable, 1, 1000) <= 0)
			continue;
		int num_read = line_read(line, edges, MAX_EDGES);

		/* Dropped edges are missing in the count; that is what is measured. */
		if (num_read < 0 && num_read != -EOVERFLOW)
			return num_read;
		num_edges += num_read > 0 ? num_read : 0;
	}
	return num_edges;
}

int main(int argc, char **argv)
{
	static const struct line_request request = { .edges = LINE_EDGES_BOTH };
	struct line_place place;
	struct line *line;
	char reason[LINE_MAX_REASON] = "";
	uint64_t release_ns, armed_ns;

	if (argc != 2)
		return 64;
	signal(SIGTERM, end);
	int error = line_find(argv[1], &place, reason);

	if (!error)
		error = line_open(&place, &request, &line, reason);
	if (!error)
		error = line_listen(line, &release_ns, &armed_ns);
	if (error) {
		fprintf(stderr, "toggle_reader: %s (%s)\n", reason, strerror(-error));
		return 1;
	}

	long num_edges = count(line);

	line_close(line);
	printf("%ld\n", num_edges);
	return num_edges < 0;
}
