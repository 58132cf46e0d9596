/* SPDX-License-Identifier: MIT */
/* How many frames of noisy machines are read right, refused, or read wrong, by us and by the
 * rules of others.
 *
 * bench_decode [--frames N] [--seed N] [--driver NAME] [--noise NAME]... [--ours] [--csv]
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "bench/noise.h"
#include "bench/peers.h"
#include "decode/decode.h"
#include "unit/decode_test.h"

enum {
	DEFAULT_FRAMES = 20000,
	FRAMES_A_SENSOR = 100,
	MAX_ROWS = 32,
	NS_PER_S = 1000000000
};

/* Others may round: ESPHome is a tenth of a degree off below zero. */
enum { PEER_TOLERANCE_MILLI = 100 };

static const struct noise *const noises[] = { &noise_latency, &noise_queue,
					      &noise_stranger, &noise_sweep };

static const char *const view_names[] = {
	[NOISE_FALLING] = "falling",
	[NOISE_RISING] = "rising",
	[NOISE_BOTH] = "both",
	[NOISE_IRQ] = "own: in the interrupt",
	[NOISE_POLL] = "own: loop",
	[NOISE_SAMPLE] = "own: DMA, 5 us",
	[NOISE_MCU] = "own: microcontroller",
};

struct options {
	unsigned num_frames;
	uint64_t seed;
	const struct driver *driver;
	bool has_peers;
	bool is_csv;
};

/* A decoder, the edges that it gets, and how it did. */
struct row {
	const char *name;
	enum noise_view view;
	const struct peer *peer; /* NULL: one of ours, */
	bool is_strict; /* of clean frames only, */
	bool has_state; /* with what the sensor's other frames told */
	struct decode_state state;
	unsigned num_frames, num_right, num_wrong;
	unsigned verdicts[NUM_VERDICTS];
};

struct table {
	struct row rows[MAX_ROWS];
	unsigned num_rows;
};

static void add_row(struct table *table, struct row row)
{
	table->rows[table->num_rows++] = row;
}

static void list_rows(struct table *table, bool has_peers)
{
	size_t num_peers;
	const struct peer *peers = peer_all(&num_peers);

	table->num_rows = 0;
	add_row(table, (struct row){ .name = "pin2mqtt, strict",
				     .view = NOISE_FALLING,
				     .is_strict = true });
	add_row(table,
		(struct row){ .name = "pin2mqtt, one frame", .view = NOISE_FALLING });
	add_row(table, (struct row){ .name = "pin2mqtt",
				     .view = NOISE_FALLING,
				     .has_state = true });
	add_row(table, (struct row){ .name = "pin2mqtt",
				     .view = NOISE_BOTH,
				     .has_state = true });
	for (size_t i = 0; has_peers && i < num_peers; i++) {
		struct row row = { .name = peers[i].name, .peer = &peers[i] };

		row.view = peers[i].events;
		add_row(table, row);
		row.view = peers[i].own;
		add_row(table, row);
	}
}

static const struct value *find_value(const struct reading *reading, uint8_t quantity)
{
	for (unsigned i = 0; i < reading->num_values; i++)
		if (reading->values[i].quantity == quantity)
			return &reading->values[i];
	return NULL;
}

/* Each value near enough; one that is left out is not wrong. */
static bool is_near(const struct reading *told, const struct reading *sent)
{
	for (unsigned i = 0; i < told->num_values; i++) {
		const struct value *value = find_value(sent, told->values[i].quantity);

		if (!value ||
		    abs(told->values[i].milli - value->milli) > PEER_TOLERANCE_MILLI)
			return false;
	}
	return true;
}

static void ask_peer(struct row *row, const struct noise_scene *scene,
		     const struct frame *frame)
{
	struct reading out = { 0 };
	const struct value *temperature =
		find_value(&scene->values, QUANTITY_TEMPERATURE);

	if (!row->peer->knows_twos_complement && scene->is_answer &&
	    scene->sensor.encoding == ENCODING_TWOS_COMPLEMENT && temperature->milli < 0)
		return;
	row->num_frames++;
	if (!row->peer->read(frame, scene->driver->num_zero_bits > 1, &out))
		return;
	if (!scene->is_answer || !is_near(&out, &scene->values))
		row->num_wrong++;
	else
		row->num_right += out.num_values == scene->values.num_values;
}

static void ask_ourselves(struct row *row, const struct noise_scene *scene,
			  const struct frame *frame)
{
	struct reading out = { 0 };
	enum verdict verdict =
		row->is_strict ? decode_frame(scene->driver, frame, &out)
			       : decode_repair(scene->driver, frame,
					       row->has_state ? &row->state : NULL, &out);

	row->num_frames++;
	row->verdicts[verdict]++;
	if (!verdict_is_accepted(verdict))
		return;
	if (scene->is_answer && test_is_same(&out, &scene->values))
		row->num_right++;
	else
		row->num_wrong++;
}

/* All decoders that look in one way see the same edges. */
static void ask_all(struct table *table, const struct noise *noise, unsigned cell,
		    uint64_t *random, const struct noise_scene *scene, uint64_t start_ns)
{
	static struct frame frames[NUM_NOISE_VIEWS];
	bool is_shown[NUM_NOISE_VIEWS] = { false };

	for (unsigned i = 0; i < table->num_rows; i++) {
		struct row *row = &table->rows[i];
		struct frame *frame = &frames[row->view];

		if (!is_shown[row->view]) {
			noise_show(noise, random, cell, scene, row->view, frame);
			frame->start_ns = start_ns;
			is_shown[row->view] = true;
		}
		if (row->peer)
			ask_peer(row, scene, frame);
		else
			ask_ourselves(row, scene, frame);
	}
}

static void run_cell(const struct options *options, const struct noise *noise,
		     unsigned cell, struct table *table)
{
	static struct noise_scene scene;
	uint64_t random = options->seed;
	double start_s = 0;

	for (unsigned i = 0; i < options->num_frames; i++) {
		if (i % FRAMES_A_SENSOR == 0) {
			noise->draw(&random, cell, options->driver, &scene);
			for (unsigned row = 0; row < table->num_rows; row++)
				memset(&table->rows[row].state, 0,
				       sizeof(table->rows[row].state));
		}
		noise->send(&random, cell, &scene);
		start_s += scene.interval_s;
		ask_all(table, noise, cell, &random, &scene,
			(uint64_t)(start_s * 1e9) + NS_PER_S);
	}
}

static double percent(unsigned num, unsigned num_all)
{
	return num_all == 0 ? 0 : 100.0 * num / num_all;
}

static void print_reasons(const struct row *row)
{
	for (unsigned i = 0; i < NUM_VERDICTS; i++)
		if (row->verdicts[i] && i != VERDICT_CLEAN)
			printf(" %s=%u", verdict_name((enum verdict)i), row->verdicts[i]);
}

static void print_table(const struct options *options, const struct noise *noise,
			unsigned cell, const struct table *table)
{
	printf("\n%s, %s: %u frames\n", options->driver->name, noise->cell_name(cell),
	       options->num_frames);
	printf("  %-20s %-21s %10s %10s %8s\n", "", "edges", "right %", "refused %",
	       "WRONG");
	for (unsigned i = 0; i < table->num_rows; i++) {
		const struct row *row = &table->rows[i];
		unsigned num_accepted = row->num_right + row->num_wrong;

		printf("  %-20s %-21s %10.4f %10.4f %8u", row->name,
		       view_names[row->view], percent(row->num_right, row->num_frames),
		       percent(row->num_frames - num_accepted, row->num_frames),
		       row->num_wrong);
		print_reasons(row);
		printf("\n");
	}
	(void)fflush(stdout);
}

static void print_csv(const struct noise *noise, unsigned cell, const struct table *table)
{
	for (unsigned i = 0; i < table->num_rows; i++) {
		const struct row *row = &table->rows[i];

		printf("%s;%s;%s: %s;%u;%.4f;%u\n", noise->name, noise->cell_name(cell),
		       row->name, view_names[row->view], row->num_frames,
		       percent(row->num_right, row->num_frames), row->num_wrong);
	}
	(void)fflush(stdout);
}

static void run_noise(const struct options *options, const struct noise *noise)
{
	static struct table table;

	if (!options->is_csv)
		printf("\n== %s: %s\n", noise->name, noise->title);
	for (unsigned i = 0; i < noise->num_cells; i++) {
		list_rows(&table, options->has_peers);
		run_cell(options, noise, noise->first_cell + i, &table);
		if (options->is_csv)
			print_csv(noise, noise->first_cell + i, &table);
		else
			print_table(options, noise, noise->first_cell + i, &table);
	}
}

static const struct noise *find_noise(const char *name)
{
	for (size_t i = 0; i < array_length(noises); i++)
		if (strcmp(noises[i]->name, name) == 0)
			return noises[i];
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_decode [--frames N] [--seed N] [--driver NAME] "
			"[--noise latency|queue|stranger|sweep] [--ours] [--csv]\n");
	return 64;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "frames", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ "driver", required_argument, NULL, 'd' },
		{ "noise", required_argument, NULL, 'n' },
		{ "ours", no_argument, NULL, 'o' },
		{ "csv", no_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .num_frames = DEFAULT_FRAMES,
				   .seed = 1,
				   .driver = driver_find("dht22"),
				   .has_peers = true };
	const struct noise *only = NULL;
	bool is_understood = true;
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'f':
			options.num_frames = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			options.driver = driver_find(optarg);
			break;
		case 'n':
			only = find_noise(optarg);
			is_understood &= only != NULL;
			break;
		case 'o':
			options.has_peers = false;
			break;
		case 'c':
			options.is_csv = true;
			break;
		default:
			is_understood = false;
		}
	}
	if (!is_understood || !options.driver || options.seed == 0 || optind != argc)
		return usage();
	for (size_t i = 0; i < array_length(noises); i++)
		if (only ? noises[i] == only : noises[i] != &noise_sweep)
			run_noise(&options, noises[i]);
	return 0;
}
