/* SPDX-License-Identifier: MIT */
#include "bench/peers.h"

#include <string.h>

#include "base/attributes.h"

enum { NUM_BITS = 40, NUM_BYTES = NUM_BITS / 8, EDGES_A_BIT = 2 };

static const bool low = false, high = true;

/* What all of them have. */

static double after_release_us(const struct frame *frame, uint64_t t_ns)
{
	return (double)(t_ns - frame->release_ns) / 1000.0;
}

static double edge_us(const struct frame *frame, size_t edge)
{
	return after_release_us(frame, frame->edges[edge].t_ns);
}

static bool is_rise(const struct frame *frame, size_t edge)
{
	return frame->edges[edge].event == EDGE_RISING;
}

static void put_bit(uint8_t *bytes, unsigned bit, bool is_one)
{
	if (bit % 8 == 0)
		bytes[bit / 8] = 0;
	bytes[bit / 8] = (uint8_t)(bytes[bit / 8] << 1 | is_one);
}

static bool is_sum_good(const uint8_t *bytes)
{
	return ((bytes[0] + bytes[1] + bytes[2] + bytes[3]) & 0xff) == bytes[4];
}

static int32_t humidity_of(const uint8_t *bytes, bool has_tenths)
{
	return has_tenths ? (bytes[0] << 8 | bytes[1]) * 100 : bytes[0] * 1000;
}

/* Sign and magnitude, as the first datasheets have it. */
static int32_t temperature_of(const uint8_t *bytes, bool has_tenths)
{
	int32_t milli = has_tenths ? ((bytes[2] & 0x7f) << 8 | bytes[3]) * 100
				   : bytes[2] * 1000 + (bytes[3] & 0x0f) * 100;

	return has_tenths && bytes[2] & 0x80 ? -milli : milli;
}

static bool give(int32_t temperature_milli, int32_t humidity_milli, struct reading *out)
{
	reading_add(out, QUANTITY_TEMPERATURE, temperature_milli, 1);
	reading_add(out, QUANTITY_HUMIDITY, humidity_milli, 1);
	return true;
}

/* A reader that waits for one level after the other. */
struct wait {
	const struct frame *frame;
	size_t next_edge;
	double t_us;
	bool level;
};

static void start_waiting(struct wait *wait, const struct frame *frame, double t_us)
{
	*wait = (struct wait){ .frame = frame, .t_us = t_us, .level = high };
	/* What the first edge changes from is what the line was before. */
	if (frame->num_edges > 0)
		wait->level = !is_rise(frame, 0);
	for (; wait->next_edge < frame->num_edges &&
	       edge_us(frame, wait->next_edge) <= t_us;
	     wait->next_edge++)
		wait->level = is_rise(frame, wait->next_edge);
}

/* How long the line takes to get to the level; < 0: longer than the limit. */
static double wait_for(struct wait *wait, bool level, double limit_us)
{
	double began_us = wait->t_us;

	while (wait->level != level) {
		if (wait->next_edge == wait->frame->num_edges)
			return -1;
		wait->t_us = edge_us(wait->frame, wait->next_edge);
		wait->level = is_rise(wait->frame, wait->next_edge);
		wait->next_edge++;
		if (wait->t_us - began_us > limit_us)
			return -1;
	}
	return wait->t_us - began_us;
}

/* The kernel's dht11 driver: up to 83 edges with their levels; from where the bits begin if
 * all were seen, down to the first edge, until the levels and the sum are right. */

enum { KERNEL_EDGES = 83, KERNEL_LEAST_EDGES = 82, KERNEL_PREAMBLE = 2 };
static const double kernel_one_us = 49;

static bool kernel_read_from(const struct frame *frame, size_t offset, bool has_tenths,
			     struct reading *out)
{
	uint8_t bytes[NUM_BYTES] = { 0 };

	for (unsigned bit = 0; bit < NUM_BITS; bit++) {
		size_t rise = offset + EDGES_A_BIT * bit + 1;

		if (!is_rise(frame, rise))
			return false;
		put_bit(bytes, bit,
			edge_us(frame, rise + 1) - edge_us(frame, rise) > kernel_one_us);
	}
	if (!is_sum_good(bytes))
		return false;
	/* The model is told from the data. */
	if (bytes[0] < 4)
		return give(temperature_of(bytes, true), humidity_of(bytes, true), out);
	if (bytes[1] != 0 || bytes[3] != 0)
		return false;
	(void)has_tenths;
	return give(bytes[2] * 1000, bytes[0] * 1000, out);
}

static bool kernel_read(const struct frame *frame, bool has_tenths, struct reading *out)
{
	size_t num_edges =
		frame->num_edges < KERNEL_EDGES ? frame->num_edges : KERNEL_EDGES;

	if (num_edges < KERNEL_LEAST_EDGES)
		return false;
	for (size_t offset = KERNEL_PREAMBLE + num_edges - KERNEL_EDGES + 1;
	     offset-- > 0;)
		if (kernel_read_from(frame, offset, has_tenths, out))
			return true;
	return false;
}

/* CircuitPython_DHT: the last 81 times between two changes; every second of them is a high,
 * and a 1 when longer than 51 us. */

enum { PULSES_KEPT = 81, PULSES_NEEDED = 80 };
static const double circuitpython_one_us = 51;

static bool circuitpython_read(const struct frame *frame, bool has_tenths,
			       struct reading *out)
{
	size_t num_pulses = frame->num_edges > 0 ? frame->num_edges - 1u : 0;
	size_t first = num_pulses > PULSES_KEPT ? num_pulses - PULSES_KEPT : 0;
	uint8_t bytes[NUM_BYTES] = { 0 };

	if (num_pulses - first < PULSES_NEEDED)
		return false;
	for (unsigned bit = 0; bit < NUM_BITS; bit++) {
		size_t pulse = first + EDGES_A_BIT * bit + 1;

		put_bit(bytes, bit,
			edge_us(frame, pulse + 1) - edge_us(frame, pulse) >
				circuitpython_one_us);
	}
	return is_sum_good(bytes) && humidity_of(bytes, has_tenths) <= 100000 &&
	       give(temperature_of(bytes, has_tenths), humidity_of(bytes, has_tenths),
		    out);
}

/* pigpio's dhtxxd: from rise to rise, a 1 when longer than 100 us; the last 40 of at least
 * 30; taken for a DHT22's where that gives values in range, else for a DHT11's. */

enum { DHTXXD_LEAST_BITS = 30 };
static const double dhtxxd_one_us = 100;

static bool dhtxxd_give(const uint8_t *bytes, struct reading *out)
{
	int32_t humidity_milli = humidity_of(bytes, true);
	int32_t temperature_milli = temperature_of(bytes, true);

	if (humidity_milli <= 110000 && temperature_milli >= -50000 &&
	    temperature_milli <= 135000)
		return give(temperature_milli, humidity_milli, out);
	return bytes[1] == 0 && bytes[3] == 0 && bytes[2] <= 60 && bytes[0] >= 10 &&
	       bytes[0] <= 90 && give(bytes[2] * 1000, bytes[0] * 1000, out);
}

static bool dhtxxd_read(const struct frame *frame, bool has_tenths, struct reading *out)
{
	uint64_t bits = 0;
	double last_us = -1;
	unsigned num_bits = 0;
	uint8_t bytes[NUM_BYTES];

	(void)has_tenths;
	for (size_t i = 0; i < frame->num_edges; i++) {
		if (!is_rise(frame, i))
			continue;
		if (last_us >= 0) {
			bits = bits << 1 | (edge_us(frame, i) - last_us > dhtxxd_one_us);
			num_bits++;
		}
		last_us = edge_us(frame, i);
	}
	for (unsigned i = 0; i < NUM_BYTES; i++)
		bytes[i] = (uint8_t)(bits >> 8 * (NUM_BYTES - 1 - i));
	return num_bits >= DHTXXD_LEAST_BITS && is_sum_good(bytes) &&
	       dhtxxd_give(bytes, out);
}

/* pigpio's DHT22.py: counts highs from the release on, which are two before the bits; a 1
 * from 50 us on, and a bad frame from 200 us on. */

static const double pigpio_one_us = 50, pigpio_bad_us = 200;

static bool pigpio_read(const struct frame *frame, bool has_tenths, struct reading *out)
{
	uint8_t bytes[NUM_BYTES] = { 0 };
	double rise_us = 0;
	int bit = -2;
	bool is_bad = false;

	for (size_t i = 0; i < frame->num_edges; i++) {
		if (is_rise(frame, i)) {
			rise_us = edge_us(frame, i);
			continue;
		}
		double high_us = edge_us(frame, i) - rise_us;

		if (bit >= 0 && bit < NUM_BITS) {
			is_bad |= high_us >= pigpio_bad_us;
			put_bit(bytes, (unsigned)bit, high_us >= pigpio_one_us);
		}
		bit++;
	}
	return bit == NUM_BITS && !is_bad && is_sum_good(bytes) &&
	       give(temperature_of(bytes, has_tenths), humidity_of(bytes, has_tenths),
		    out);
}

/* ESPHome (2024): 70 us after the release it waits for a rise and a fall, at most 90 us each,
 * 41 times; a 1 from 40 us on. Where the humidity is too high, the temperature is published
 * all the same. */

static const double esphome_first_us = 70, esphome_limit_us = 90, esphome_one_us = 40;

static bool esphome_read(const struct frame *frame, bool has_tenths, struct reading *out)
{
	uint8_t bytes[NUM_BYTES] = { 0 };
	struct wait wait;

	start_waiting(&wait, frame, esphome_first_us);
	for (int bit = -1; bit < NUM_BITS; bit++) {
		if (wait_for(&wait, high, esphome_limit_us) < 0)
			return false;
		double high_us = wait_for(&wait, low, esphome_limit_us);

		if (high_us < 0)
			return false;
		if (bit >= 0)
			put_bit(bytes, (unsigned)bit, high_us >= esphome_one_us);
	}
	if (!is_sum_good(bytes) &&
	    !(!has_tenths && bytes[4] == ((bytes[0] + bytes[2]) & 0xff)))
		return false;

	int32_t humidity_milli = humidity_of(bytes, has_tenths);
	int32_t temperature_milli = temperature_of(bytes, has_tenths);

	/* Its sign and magnitude are a tenth of a degree too low; two's complement is known. */
	if (has_tenths && (bytes[2] & 0xf0) == 0xf0)
		temperature_milli = ((bytes[2] << 8 | bytes[3]) - 0x10000) * 100;
	else if (has_tenths && bytes[2] & 0x80)
		temperature_milli -= 100;
	reading_add(out, QUANTITY_TEMPERATURE, temperature_milli, 1);
	if (humidity_milli <= 100000)
		reading_add(out, QUANTITY_HUMIDITY, humidity_milli, 1);
	return true;
}

/* Tasmota (v6): waits for each level for a millisecond at most; a 1 when the high is longer
 * than the low before it. Humidity over 100 % is 100 %. */

static const double tasmota_limit_us = 1000;

static bool tasmota_read(const struct frame *frame, bool has_tenths, struct reading *out)
{
	uint8_t bytes[NUM_BYTES] = { 0 };
	struct wait wait;

	start_waiting(&wait, frame, 0);
	if (wait_for(&wait, low, tasmota_limit_us) < 0 ||
	    wait_for(&wait, high, tasmota_limit_us) < 0 ||
	    wait_for(&wait, low, tasmota_limit_us) < 0)
		return false;
	for (unsigned bit = 0; bit < NUM_BITS; bit++) {
		double low_us = wait_for(&wait, high, tasmota_limit_us);
		double high_us = wait_for(&wait, low, tasmota_limit_us);

		if (low_us < 0 || high_us < 0)
			return false;
		put_bit(bytes, bit, high_us > low_us);
	}
	if (!is_sum_good(bytes))
		return false;

	int32_t humidity_milli = humidity_of(bytes, has_tenths);
	int32_t temperature_milli = temperature_of(bytes, has_tenths);

	if (has_tenths && bytes[2] & 0x80 && (bytes[2] & 0xf0) != 0x80)
		temperature_milli = ((bytes[2] << 8 | bytes[3]) - 0x10000) * 100;
	return give(temperature_milli, humidity_milli < 100000 ? humidity_milli : 100000,
		    out);
}

/* go-dht: the line as pulses, from the release to the end; 82 to 85 of them, of which the
 * last two are no bits; a 1 above 49.25 us, nothing above 120 us. */

enum { GO_LEAST_PULSES = 82, GO_MOST_PULSES = 85, GO_PULSES_AFTER = 2 };
static const double go_one_us = ((50 + 70) / 2.0 + (50 + 27) / 2.0) / 2, go_bad_us = 120;

static bool go_read(const struct frame *frame, bool has_tenths, struct reading *out)
{
	uint8_t bytes[NUM_BYTES] = { 0 };
	size_t num_pulses = frame->num_edges + 1u;
	/* pulse i ends with edge i; the last one ends when nobody listens any more */
	size_t first = num_pulses - GO_PULSES_AFTER - EDGES_A_BIT * NUM_BITS;

	if (num_pulses < GO_LEAST_PULSES || num_pulses > GO_MOST_PULSES)
		return false;
	for (size_t i = 1; i < frame->num_edges; i++)
		if (is_rise(frame, i) == is_rise(frame, i - 1))
			return false;
	for (unsigned bit = 0; bit < NUM_BITS; bit++) {
		size_t fall = first + EDGES_A_BIT * bit + 1;
		double high_us = edge_us(frame, fall) - edge_us(frame, fall - 1);

		if (is_rise(frame, fall) || high_us > go_bad_us)
			return false;
		put_bit(bytes, bit, high_us > go_one_us);
	}
	int32_t humidity_milli = humidity_of(bytes, has_tenths);

	return is_sum_good(bytes) && humidity_milli > 0 && humidity_milli <= 100000 &&
	       give(temperature_of(bytes, has_tenths), humidity_milli, out);
}

/* node-dht-sensor: after the response's low, highs until one does not end; a 1 when longer
 * than half of the longest. The first one is the response's. */

enum { NODE_MAX_HIGHS = 100 };
static const double node_limit_us = 1000;

static bool node_read(const struct frame *frame, bool has_tenths, struct reading *out)
{
	double highs_us[NODE_MAX_HIGHS], longest_us = 0;
	uint8_t bytes[NUM_BYTES] = { 0 };
	unsigned num_highs = 0;
	struct wait wait;

	start_waiting(&wait, frame, 0);
	if (wait_for(&wait, low, node_limit_us) < 0 ||
	    wait_for(&wait, high, node_limit_us) < 0)
		return false;
	while (num_highs < NODE_MAX_HIGHS) {
		double high_us = wait_for(&wait, low, node_limit_us);

		if (high_us < 0)
			break;
		if (num_highs > 0 && high_us > longest_us)
			longest_us = high_us;
		highs_us[num_highs++] = high_us;
		if (wait_for(&wait, high, node_limit_us) < 0)
			break;
	}
	if (num_highs <= NUM_BITS || (num_highs - 1) % 8 != 0)
		return false;
	for (unsigned bit = 0; bit < NUM_BITS; bit++)
		put_bit(bytes, bit, highs_us[bit + 1] > longest_us / 2);
	return is_sum_good(bytes) && give(temperature_of(bytes, has_tenths),
					  humidity_of(bytes, has_tenths), out);
}

static const struct peer peers[] = {
	{ "kernel dht11", NOISE_BOTH, NOISE_IRQ, false, kernel_read },
	{ "CircuitPython_DHT", NOISE_BOTH, NOISE_POLL, false, circuitpython_read },
	{ "pigpio dhtxxd", NOISE_RISING, NOISE_SAMPLE, false, dhtxxd_read },
	{ "pigpio DHT22.py", NOISE_BOTH, NOISE_SAMPLE, false, pigpio_read },
	{ "ESPHome", NOISE_BOTH, NOISE_MCU, true, esphome_read },
	{ "Tasmota", NOISE_BOTH, NOISE_MCU, true, tasmota_read },
	{ "go-dht", NOISE_BOTH, NOISE_POLL, false, go_read },
	{ "node-dht-sensor", NOISE_BOTH, NOISE_POLL, false, node_read },
};

const struct peer *peer_all(size_t *num_out)
{
	*num_out = array_length(peers);
	return peers;
}
