/* SPDX-License-Identifier: MIT */
/* The configuration that runs, and the way to another one: read, checked, and taken over when
 * the connection stands still for it. A file with errors changes nothing.
 *
 * Threads: main's.
 */
#ifndef APP_RELOAD_H
#define APP_RELOAD_H

#include <stdbool.h>

#include "app/pipeline.h"
#include "base/attributes.h"
#include "base/wake.h"
#include "config/config.h"
#include "publish/request.h"

enum { RELOAD_MAX_CHANGED = 768 };

struct reload {
	struct pipeline *pipeline; /* owned */
	struct config *config; /* owned; what runs */
	struct config *next; /* owned; waits for the connection; NULL: none does */
	char changed[RELOAD_MAX_CHANGED]; /* what that one changes */
	bool is_asked_again; /* while one waits */
	struct request request; /* that asked for what waits */
	bool is_requested; /* or else it was a signal */
	struct wake news; /* poll its fd, then call reload_go_on() */
};

/* Starts the pipeline. config: takes it, in any case.
 * Returns 0 or a negative errno: there is nothing to stop. */
must_check int reload_start(struct reload *reload, struct config *config);

/* Stops it. Returns false where a library hangs: the process must end by _exit(). */
must_check bool reload_stop(struct reload *reload);

/* Reads the file again; what is wrong with it, or what changes, is logged. */
void reload_ask(struct reload *reload);

/* Obeys requests, and takes over what waits, if its time has come. Returns 0, or a negative
 * errno: the pipeline is of no use any more. */
must_check int reload_go_on(struct reload *reload);

#endif
