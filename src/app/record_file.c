/* SPDX-License-Identifier: MIT */
#include "app/record_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpio/recording.h"

static bool is_stdout(const struct record_file *output)
{
	return strcmp(output->path, "-") == 0;
}

static bool ends_in(const char *path, const char *ending)
{
	size_t length = strlen(path), ending_length = strlen(ending);

	return length >= ending_length &&
	       strcmp(path + length - ending_length, ending) == 0;
}

enum record_file_format record_file_format_from_name(const char *name)
{
	if (strcmp(name, "csv") == 0)
		return RECORD_FILE_EDGE_LOG;
	return strcmp(name, "vcd") == 0 ? RECORD_FILE_VCD : RECORD_FILE_UNKNOWN;
}

int record_file_settle(struct record_file *output, const struct command *command)
{
	if (!output->path)
		return command_usage_error(command, "where to? -o FILE");
	if (output->format == RECORD_FILE_UNKNOWN && ends_in(output->path, ".csv"))
		output->format = RECORD_FILE_EDGE_LOG;
	else if (output->format == RECORD_FILE_UNKNOWN && ends_in(output->path, ".vcd"))
		output->format = RECORD_FILE_VCD;
	if (output->format == RECORD_FILE_UNKNOWN)
		return command_usage_error(command,
					   "%s ends in neither .csv nor .vcd: "
					   "--format csv or --format vcd",
					   output->path);
	return EXIT_DONE;
}

static int report(const struct record_file *output, int error)
{
	if (error)
		fprintf(stderr, "pin2mqtt: %s: %s\n", output->path, strerror(-error));
	return error;
}

int record_file_open(struct record_file *output)
{
	output->file = is_stdout(output) ? stdout : fopen(output->path, "we");
	return report(output, output->file ? 0 : -errno);
}

struct edge *record_file_room(struct record_file *output, size_t num_records)
{
	size_t wanted = output->num_records + num_records;

	if (wanted > output->max_records) {
		struct edge *more = reallocarray(output->records, wanted * 2,
						 sizeof(output->records[0]));

		if (!more) {
			fprintf(stderr, "pin2mqtt: out of memory\n");
			return NULL;
		}
		output->records = more;
		output->max_records = wanted * 2;
	}
	return output->records + output->num_records;
}

static int close_file(struct record_file *output)
{
	FILE *file = output->file;

	output->file = NULL;
	if (!file)
		return 0;
	return (is_stdout(output) ? fflush(file) : fclose(file)) != 0 ? -errno : 0;
}

int record_file_write(struct record_file *output, const char *driver, const char *pin)
{
	int error = output->format == RECORD_FILE_VCD
			    ? vcd_write(output->file, driver, output->records,
					output->num_records)
			    : edge_log_write(output->file, driver, pin, output->records,
					     output->num_records);
	int close_error = close_file(output);

	return report(output, error ? error : close_error);
}

void record_file_finish(struct record_file *output)
{
	(void)close_file(output);
	free(output->records);
	output->records = NULL;
	output->num_records = 0;
	output->max_records = 0;
}
