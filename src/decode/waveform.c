/* SPDX-License-Identifier: MIT */
#include "decode/waveform.h"

#include <stdbool.h>

enum { NS_PER_US = 1000, PERMILLE = 1000 };

/* Edges of one wire follow each other by at least this. */
enum { MIN_DISTANCE_NS = 300 };

/* A spike: long enough to be seen, and away from the ends of its interval. */
enum {
	SPIKE_MARGIN_NS = 3 * NS_PER_US,
	MIN_SPIKE_NS = 400,
	MAX_SPIKE_NS = 2000,
	MIN_SPIKED_NS = 10 * NS_PER_US,
};

/* After the end low: the bus is quiet until the capture closes. */
enum { MIN_TAIL_NS = 100 * NS_PER_US };

struct writer {
	const struct imperfections *imperfections;
	enum waveform_edges edges;
	uint64_t release_ns;
	uint64_t ideal_ns; /* of the last edge, before jitter */
	uint64_t last_ns; /* of the last edge on the wire */
	uint32_t random;
	uint32_t seq;
	bool is_high;
	struct edge *out;
	size_t num_out;
	size_t max_out;
};

/* xorshift32: Marsaglia, Journal of Statistical Software 8 (14), 2003. */
static uint32_t random_next(struct writer *writer)
{
	uint32_t x = writer->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	writer->random = x;
	return x;
}

static uint32_t random_between(struct writer *writer, uint32_t min, uint32_t max)
{
	return min + random_next(writer) % (max - min + 1);
}

static bool random_hit(struct writer *writer, uint32_t permille)
{
	return permille != 0 && random_next(writer) % PERMILLE < permille;
}

static void put(struct writer *writer, uint64_t t_ns, enum edge_event event, uint32_t seq)
{
	if (writer->num_out < writer->max_out)
		writer->out[writer->num_out++] = (struct edge){ .t_ns = t_ns,
								.seq = seq,
								.event = (uint8_t)event };
}

static uint64_t quantised_ns(const struct writer *writer, uint64_t t_ns)
{
	uint32_t tick_ns = writer->imperfections->tick_ns;

	return tick_ns > 1 ? t_ns - t_ns % tick_ns : t_ns;
}

/* The wire changes: reported or not. */
static void change(struct writer *writer, uint64_t t_ns)
{
	static const bool reports_falling[] = { [WAVEFORM_FALLING] = true,
						[WAVEFORM_BOTH] = true,
						[WAVEFORM_RISING] = false };
	static const bool reports_rising[] = { [WAVEFORM_FALLING] = false,
					       [WAVEFORM_BOTH] = true,
					       [WAVEFORM_RISING] = true };

	if (t_ns < writer->last_ns + MIN_DISTANCE_NS)
		t_ns = writer->last_ns + MIN_DISTANCE_NS;
	writer->last_ns = t_ns;
	writer->is_high = !writer->is_high;
	if (!(writer->is_high ? reports_rising : reports_falling)[writer->edges])
		return;
	if (t_ns < writer->release_ns + writer->imperfections->armed_ns)
		return;
	if (random_hit(writer, writer->imperfections->lost_permille))
		return;
	put(writer, quantised_ns(writer, t_ns),
	    writer->is_high ? EDGE_RISING : EDGE_FALLING, ++writer->seq);
}

/* Lets the wire stay for so long, then change. */
static void hold(struct writer *writer, uint64_t ns)
{
	const struct imperfections *imperfections = writer->imperfections;
	uint64_t t_ns;

	if (ns > MIN_SPIKED_NS && random_hit(writer, imperfections->glitch_permille)) {
		uint64_t at_ns =
			writer->ideal_ns + random_between(writer, SPIKE_MARGIN_NS,
							  (uint32_t)ns - SPIKE_MARGIN_NS);

		change(writer, at_ns);
		change(writer,
		       at_ns + random_between(writer, MIN_SPIKE_NS, MAX_SPIKE_NS));
	}
	writer->ideal_ns += ns;
	t_ns = writer->ideal_ns;
	if (!writer->is_high)
		t_ns += imperfections->rise_ns;
	if (imperfections->jitter_ns != 0)
		t_ns += random_next(writer) %
				(2 * (uint64_t)imperfections->jitter_ns + 1) -
			imperfections->jitter_ns;
	change(writer, t_ns);
}

/* Lets it stay for so long on the sensor's clock, whose microsecond has 1000 ns and as many
 * more as it is slow by permille. */
static void hold_us(struct writer *writer, uint32_t us)
{
	int32_t unit_ns = NS_PER_US + writer->imperfections->scale_permille;

	if (unit_ns > 0)
		hold(writer, (uint64_t)us * (uint32_t)unit_ns);
}

static void send(struct writer *writer, const struct dht_wire *wire, const uint8_t *bytes)
{
	hold_us(writer, wire->release_us);
	hold_us(writer, wire->response_low_us);
	hold_us(writer, wire->response_high_us);
	for (unsigned i = 0; i < wire->num_bits; i++) {
		bool is_one = bytes[i / 8] >> (7 - i % 8) & 1;
		bool has_gap = i != 0 && i % 8 == 0;

		hold_us(writer, wire->bit_low_us + (has_gap ? wire->byte_gap_us : 0u));
		hold_us(writer, is_one ? wire->one_high_us : wire->zero_high_us);
	}
	hold_us(writer, wire->end_low_us);
}

size_t waveform_make(const struct driver *driver, const uint8_t *bytes,
		     const struct imperfections *imperfections, enum waveform_edges edges,
		     uint64_t start_ns, struct edge *out)
{
	uint64_t release_ns = start_ns + (uint64_t)driver->probe.start_low_us * NS_PER_US;
	uint64_t end_ns = release_ns + (uint64_t)driver->probe.frame_us * NS_PER_US;
	struct writer writer = {
		.imperfections = imperfections,
		.edges = edges,
		.release_ns = release_ns,
		.ideal_ns = release_ns,
		.last_ns = release_ns,
		/* xorshift does not leave 0. */
		.random =
			imperfections->seed * UINT32_C(2654435761) ^ UINT32_C(0x9e3779b9),
		.out = out,
		/* one of the four marks comes after the edges */
		.max_out = FRAME_MAX_EDGES + 3,
	};

	if (writer.random == 0)
		writer.random = 1;
	put(&writer, start_ns, EDGE_START, 0);
	put(&writer, release_ns, EDGE_RELEASE, 0);
	put(&writer, release_ns + imperfections->armed_ns, EDGE_ARMED, 0);
	/* The wire itself rises when the host lets go: an edge like the others. */
	hold(&writer, 0);
	if (bytes)
		send(&writer, &driver->wire, bytes);
	if (end_ns < writer.last_ns + MIN_TAIL_NS)
		end_ns = writer.last_ns + MIN_TAIL_NS;
	writer.max_out++;
	put(&writer, end_ns, EDGE_END, 0);
	return writer.num_out;
}
