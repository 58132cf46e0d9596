/* SPDX-License-Identifier: MIT */
/* The file that a command writes records to: an edge log, or levels as a value change dump. */
#ifndef APP_RECORD_FILE_H
#define APP_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "app/command.h"
#include "model/edge.h"

enum record_file_format { RECORD_FILE_UNKNOWN, RECORD_FILE_EDGE_LOG, RECORD_FILE_VCD };

struct record_file {
	const char *path; /* borrowed; "-": standard output */
	enum record_file_format format;
	FILE *file; /* owned */
	struct edge *records; /* owned */
	size_t num_records;
	size_t max_records;
};

/* "csv" or "vcd"; RECORD_FILE_UNKNOWN: neither. */
enum record_file_format record_file_format_from_name(const char *name);

/* Settles the format by the path's ending where it is not known. Returns EXIT_DONE, or
 * EXIT_USAGE after a word. */
int record_file_settle(struct record_file *output, const struct command *command);

/* Opens the file. Returns 0 or a negative errno, and says so on stderr. */
must_check int record_file_open(struct record_file *output);

/* Room for so many records more behind those that there are; who fills it counts them in
 * num_records. Returns NULL where there is no memory, and says so on stderr. */
struct edge *record_file_room(struct record_file *output, size_t num_records);

/* Writes the records and closes the file. driver, pin: what the file says about itself; a
 * dump has no pin. Returns 0 or a negative errno, and says so on stderr. */
must_check int record_file_write(struct record_file *output, const char *driver,
				 const char *pin);

/* Frees the records. A file that is still open is closed. */
void record_file_finish(struct record_file *output);

#endif
