/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include "app/inquiry.h"
#include "base/text.h"
#include "model/reading_json.h"
#include "publish/payload.h"

enum {
	MAX_SILENT = 2, /* attempts without an answer */
	MAX_TRIES =
		6, /* a first frame may be lost, and three of a kind decide on a model */
};

static const char why_unread[] = "the gateway will get no reading of it";

/* Asks until a reading is there or nothing comes of it. Returns 0 or the line's error;
 * verdict_out: of the last attempt; is_taken_out: out has a reading. */
static int ask(struct inquiry *inquiry, struct reading *out, enum verdict *verdict_out,
	       bool *is_taken_out)
{
	unsigned num_silent = 0;

	*is_taken_out = false;
	for (unsigned tries = 0; tries < MAX_TRIES && num_silent < MAX_SILENT; tries++) {
		int error;

		if (tries > 0)
			inquiry_rest(inquiry);
		error = inquiry_ask(inquiry, tries, out, verdict_out);
		if (error)
			return error;
		if (inquiry->advice.is_taken) {
			*is_taken_out = true;
			return 0;
		}
		num_silent += *verdict_out == VERDICT_NO_RESPONSE;
	}
	return 0;
}

static void tell_reading(struct doctor *doctor, const struct config_sensor *sensor,
			 const struct inquiry *inquiry, const struct reading *reading)
{
	static const struct finding ok = { .id = "sensor", .level = FINDING_OK };
	static const struct finding poor = { "sensor_poor", FINDING_WARNING,
					     "readings will get lost" };
	enum advice advice = quality_advice(&inquiry->decoder.quality, 1);
	char data[PAYLOAD_MAX_READING];
	struct text text;

	text_init(&text, data, sizeof(data));
	reading_json_values(&text, reading);
	findings_add(&doctor->findings, advice == ADVICE_NONE ? &ok : &poor,
		     advice == ADVICE_NONE ? NULL : advice_words(advice),
		     "%s: a %s answers: %s", sensor->id, inquiry->decoder.model->name,
		     data);
}

static void tell_refusal(struct doctor *doctor, const struct config_sensor *sensor,
			 const struct inquiry *inquiry, enum verdict verdict)
{
	static const struct finding silent = { "sensor_silent", FINDING_PROBLEM,
					       why_unread };
	static const struct finding refused = { "sensor_refused", FINDING_PROBLEM,
						why_unread };
	enum advice advice = quality_advice(&inquiry->decoder.quality, 1);

	if (advice == ADVICE_NONE)
		advice = advice_for(verdict);
	findings_add(&doctor->findings,
		     verdict == VERDICT_NO_RESPONSE ? &silent : &refused,
		     advice == ADVICE_NONE
			     ? "pin2mqtt capture and pin2mqtt decode --explain show why"
			     : advice_words(advice),
		     "%s: the sensor's answer on %s: %s", sensor->id,
		     sensor->pin_as_written, verdict_name(verdict));
}

/* A wire that is low at rest: nobody can be heard on it. Returns whether it is. */
static bool tell_low(struct doctor *doctor, const struct config_sensor *sensor,
		     const struct inquiry *inquiry)
{
	static const struct finding low = { "pin_low", FINDING_PROBLEM,
					    "the sensor and we pull the wire low in "
					    "turns: what pulls it up is missing" };

	if (line_level(inquiry->line) != 0)
		return false;
	findings_add(&doctor->findings, &low,
		     "a resistor of 4.7 to 10 kOhm from DATA to 3.3 V, or bias: pull_up "
		     "in the configuration; then see that the sensor has its supply and "
		     "that nothing shorts the wire",
		     "%s: %s is low at rest: no pull-up is seen", sensor->id,
		     sensor->pin_as_written);
	return true;
}

void doctor_check_answer(struct doctor *doctor, const struct config_sensor *sensor)
{
	struct reading reading = { 0 };
	struct inquiry_target target;
	struct inquiry *inquiry;
	enum verdict verdict;
	bool is_taken;

	inquiry_describe(sensor, &target);
	if (inquiry_open(&target, &inquiry))
		return; /* it was free a moment ago */
	if (!tell_low(doctor, sensor, inquiry) &&
	    ask(inquiry, &reading, &verdict, &is_taken) == 0) {
		if (is_taken)
			tell_reading(doctor, sensor, inquiry, &reading);
		else
			tell_refusal(doctor, sensor, inquiry, verdict);
	}
	inquiry_close(inquiry);
}
