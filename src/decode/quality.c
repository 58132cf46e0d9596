/* SPDX-License-Identifier: MIT */
#include "decode/quality.h"

#include "decode/dht_align.h"

enum { NS_PER_US = 1000, PPM = 1000000, PPM_PER_PERCENT = PPM / 100 };

/* The newest attempts that count. */
enum { WINDOW = 32 };

/* A 0 is high for 22 us at least, so that a rise late by half of it is seen; 10 m of cable
 * made it later by 7 us (Adafruit-Raspberry-Pi-Python-Code#49). */
enum { SLOW_RISE_NS = 10 * NS_PER_US };

/* Sensors are even to a microsecond of the 23 that are between a bit and the other one: 95
 * percent are left. Edges late by more than the decoder takes would leave 20. */
enum { LOW_MARGIN_PPM = 40 * PPM_PER_PERCENT };

/* Of attempts in which nothing else goes wrong one in ten may be lost to a busy machine: the
 * virtual board lost that many with interrupts off for 40 us each 5 ms. */
enum { OFTEN_PPM = PPM / 10, VERY_OFTEN_PPM = PPM / 4, MOSTLY_PPM = PPM / 2 };

/* So many edges are an answer that has zeros in it: of 40 bits at least 7 are. */
enum { MIN_EDGES_OF_ANSWER = 8, SHORT_HIGH_NS = 42 * NS_PER_US };

/* With one kind of edges a 0 is shorter than the middle between the bits; with both its high
 * is. */
static bool lacks_short_pulses(const struct dht_wire *wire, const struct dht_trace *trace)
{
	int32_t limit_ns =
		(2 * wire->bit_low_us + wire->zero_high_us + wire->one_high_us) *
		NS_PER_US / 2;

	if (trace->seen == DHT_SEEN_BOTH)
		limit_ns = SHORT_HIGH_NS;
	if (trace->num_edges < MIN_EDGES_OF_ANSWER)
		return false;
	for (size_t i = 1; i < trace->num_edges; i++)
		if (trace->t_ns[i] - trace->t_ns[i - 1] < limit_ns)
			return false;
	return true;
}

static uint8_t clamp(size_t number)
{
	return number < UINT8_MAX ? (uint8_t)number : UINT8_MAX;
}

static void take_clean(struct signal *out, const struct dht_wire *wire,
		       const struct dht_fit *fit)
{
	int32_t half_ns = (fit->one_ns - fit->zero_ns) / 2;
	int32_t left_ns = half_ns - fit->max_off_ns;
	int32_t low_ns =
		fit->zero_ns / (wire->bit_low_us + wire->zero_high_us) * wire->bit_low_us;

	out->margin_percent = (int8_t)(left_ns > 0 ? 100 * left_ns / half_ns : 0);
	out->has_rise = fit->low_ns != 0;
	if (out->has_rise)
		out->rise_ns = fit->low_ns - low_ns;
}

static void take_repaired(struct signal *out, const struct dht_wire *wire,
			  const struct dht_trace *trace,
			  const struct decode_evidence *evidence)
{
	struct dht_alignment alignment;

	dht_align(&alignment, trace, wire, &evidence->fit, evidence->bytes);
	out->num_lost = alignment.num_lost;
	out->num_late = alignment.num_late;
	out->num_strange = alignment.num_strange;
}

/* What is missing may have come before the line was armed, which is another trouble. */
static void take_refused(struct signal *out, const struct dht_wire *wire,
			 const struct dht_trace *trace, enum verdict verdict)
{
	size_t num_wanted =
		(wire->num_bits + (size_t)1) * (trace->seen == DHT_SEEN_BOTH ? 2 : 1);

	if (verdict == VERDICT_TOO_FEW_EDGES && trace->num_edges < num_wanted)
		out->num_lost = clamp(num_wanted - trace->num_edges);
	if (verdict == VERDICT_TOO_MANY_EDGES)
		out->num_strange = clamp(trace->num_edges - num_wanted);
	out->lacks_short_pulses =
		verdict == VERDICT_TOO_FEW_EDGES && lacks_short_pulses(wire, trace);
}

void signal_take(struct signal *out, const struct driver *driver,
		 const struct frame *frame, enum verdict verdict,
		 const struct decode_evidence *evidence)
{
	const struct dht_wire *wire = &driver->wire;
	struct dht_trace trace;

	*out = (struct signal){ .margin_percent = -1 };
	if (verdict == VERDICT_CLEAN) {
		take_clean(out, wire, &evidence->fit);
		return;
	}
	if (frame->is_cut || frame->is_lost)
		return;
	dht_trace_take(&trace, frame);
	if (verdict == VERDICT_REPAIRED)
		take_repaired(out, wire, &trace, evidence);
	else
		take_refused(out, wire, &trace, evidence->refused);
}

/* What went wrong, as far as one word says it. */
static bool find_trouble(const struct signal *signal, enum verdict verdict,
			 enum quality_trouble *out)
{
	switch (verdict) {
	case VERDICT_CLEAN:
	case VERDICT_STALE:
	case VERDICT_UNDECIDED:
	case VERDICT_OVERRUN:
	case VERDICT_LINE_LOST:
		return false;
	case VERDICT_NO_RESPONSE:
		*out = QUALITY_SILENT;
		return true;
	case VERDICT_ARMED_LATE:
		*out = QUALITY_ARMED_LATE;
		return true;
	case VERDICT_ALL_ZERO:
	case VERDICT_HUNG:
		*out = QUALITY_HUNG;
		return true;
	case VERDICT_HALF_VALID:
	case VERDICT_IMPLAUSIBLE:
		*out = QUALITY_BAD_VALUES;
		return true;
	case VERDICT_TOO_MANY_EDGES:
	case VERDICT_SLIPPED:
	case VERDICT_DOUBLED:
	case VERDICT_HALVED:
		*out = QUALITY_NOISE;
		return true;
	case VERDICT_BAD_TIMING:
	case VERDICT_BAD_CHECKSUM:
		*out = QUALITY_LATE_STAMPS;
		return true;
	case VERDICT_REPAIRED:
	case VERDICT_TOO_FEW_EDGES:
	case VERDICT_AMBIGUOUS:
		break;
	}
	*out = signal->lacks_short_pulses ? QUALITY_SHORT_PULSES
	       : signal->num_lost > 0     ? QUALITY_MERGED
	       : signal->num_strange > 0  ? QUALITY_NOISE
					  : QUALITY_LATE_STAMPS;
	return true;
}

/* The mean at first, then of the newest. Returns how many there were, this one included. */
static uint8_t count(uint8_t *number)
{
	if (*number < UINT8_MAX)
		(*number)++;
	return *number < WINDOW ? *number : WINDOW;
}

static int32_t mean(int32_t before, int32_t now, uint8_t weight)
{
	return before + (now - before) / weight;
}

void quality_take(struct quality *quality, const struct signal *signal,
		  enum verdict verdict)
{
	enum quality_trouble trouble = QUALITY_SILENT;
	bool has_trouble = find_trouble(signal, verdict, &trouble);
	uint8_t weight = count(&quality->num_frames);

	for (int i = 0; i < NUM_QUALITY_TROUBLES; i++) {
		bool has_this = has_trouble && i == (int)trouble;

		quality->trouble_ppm[i] =
			mean(quality->trouble_ppm[i], has_this ? PPM : 0, weight);
	}
	if (signal->margin_percent >= 0)
		quality->margin_ppm = mean(quality->margin_ppm,
					   signal->margin_percent * PPM_PER_PERCENT,
					   count(&quality->num_margins));
	if (signal->has_rise)
		quality->rise_ns = mean(quality->rise_ns, signal->rise_ns,
					count(&quality->num_rises));
	quality->num_lost += signal->num_lost;
	quality->num_late += signal->num_late;
	quality->num_strange += signal->num_strange;
}

int quality_margin(const struct quality *quality)
{
	if (quality->num_margins == 0)
		return -1;
	return (quality->margin_ppm + PPM_PER_PERCENT / 2) / PPM_PER_PERCENT;
}

enum advice quality_advice(const struct quality *quality, unsigned min_frames)
{
	static const struct {
		enum quality_trouble trouble;
		int32_t min_ppm;
		enum advice advice;
	} rows[] = {
		{ QUALITY_SILENT, MOSTLY_PPM, ADVICE_WIRING },
		{ QUALITY_SHORT_PULSES, VERY_OFTEN_PPM, ADVICE_SHORT_PULSES },
		{ QUALITY_BAD_VALUES, VERY_OFTEN_PPM, ADVICE_OTHER_MODEL },
		{ QUALITY_HUNG, VERY_OFTEN_PPM, ADVICE_HUNG },
		{ QUALITY_ARMED_LATE, OFTEN_PPM, ADVICE_ARMED_LATE },
		{ QUALITY_MERGED, OFTEN_PPM, ADVICE_MERGED },
		{ QUALITY_NOISE, OFTEN_PPM, ADVICE_NOISE },
		{ QUALITY_LATE_STAMPS, OFTEN_PPM, ADVICE_LATE_STAMPS },
	};

	if (quality->num_frames < min_frames)
		return ADVICE_NONE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (quality->trouble_ppm[rows[i].trouble] >= rows[i].min_ppm)
			return rows[i].advice;
	if (quality->num_rises > 0 && quality->rise_ns >= SLOW_RISE_NS)
		return ADVICE_SLOW_RISE;
	if (quality->num_margins > 0 && quality->margin_ppm < LOW_MARGIN_PPM)
		return ADVICE_LATE_STAMPS;
	return ADVICE_NONE;
}
