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

struct reload {
	struct pipeline *pipeline; /* borrowed; outlives this */
	struct config *config; /* owned; what runs */
	struct config *next; /* owned; waits for the connection; NULL: none does */
	bool is_asked_again; /* while one waits */
	struct wake ready; /* poll its fd, then call reload_go_on() */
};

/* config: what the pipeline runs; takes it. Returns 0 or a negative errno. */
must_check int reload_open(struct reload *reload, struct pipeline *pipeline,
			   struct config *config);

/* After the pipeline has stopped. */
void reload_close(struct reload *reload);

/* Reads the file again; what is wrong with it, or what changes, is logged. */
void reload_ask(struct reload *reload);

/* Takes over what waits, if its time has come. Returns 0, or a negative errno: the pipeline is
 * of no use any more. */
must_check int reload_go_on(struct reload *reload);

#endif
