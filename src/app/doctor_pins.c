/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <errno.h>
#include <string.h>

#include "app/pin.h"
#include "base/attributes.h"

static const struct finding ok = { .id = "pin", .level = FINDING_OK };

static void tell_trouble(struct doctor *doctor, const struct config_sensor *sensor,
			 int error, const char *reason)
{
	const struct pin_trouble *trouble = pin_trouble(error, reason);

	findings_add(&doctor->findings, &trouble->finding, trouble->mend, "%s: %s",
		     sensor->id, reason);
}

/* Takes the line as an input and lets it go: nothing is driven. */
static int try_line(const char *pin, struct line_place *place_out,
		    char reason[LINE_MAX_REASON])
{
	static const struct line_request request = { .edges = LINE_EDGES_FALLING };
	struct line *line;
	int error = line_find(pin, place_out, reason);

	if (error)
		return error;
	error = line_open(place_out, &request, &line, reason);
	if (!error)
		line_close(line);
	return error;
}

/* A chip's number is what it was called at this start of the machine. */
static void check_number(struct doctor *doctor, const struct config_sensor *sensor,
			 const char *pin, const struct line_place *place)
{
	static const struct finding numbered = {
		"pin_numbered", FINDING_WARNING,
		"chips are numbered as they are found: with another kernel it may be "
		"another chip (a Raspberry Pi 5 had gpiochip4, then gpiochip0)"
	};
	const char *slash = strrchr(pin, '/');
	char name[PIN_MAX_NAME];

	if (strncmp(pin, "gpiochip", 8) != 0 && strncmp(pin, "/dev/gpiochip", 13) != 0)
		return;
	pin_name(place, name);
	if (slash && strncmp(name, place->chip, strlen(place->chip)) != 0)
		findings_add(&doctor->findings, &numbered,
			     "write the chip's label or the line's name in its place",
			     "%s: %s names a chip by its number; %s is the same line",
			     sensor->id, pin, name);
}

/* Returns whether the pin is free for us. */
static bool check_pin(struct doctor *doctor, const struct config_sensor *sensor,
		      const char *pin, const char *pin_as_written)
{
	char reason[LINE_MAX_REASON] = "";
	struct line_place place;
	int error = try_line(pin, &place, reason);

	if (error == -EBUSY && doctor->is_running && strstr(reason, "\"pin2mqtt\""))
		findings_add(&doctor->findings, &ok, NULL,
			     "%s: the running gateway has %s", sensor->id,
			     pin_as_written);
	else if (error)
		tell_trouble(doctor, sensor, error, reason);
	else
		findings_add(&doctor->findings, &ok, NULL,
			     "%s: %s is line %u of %s%s%s%s, free", sensor->id,
			     pin_as_written, place.line_offset, place.chip,
			     *place.label ? " (" : "", place.label,
			     *place.label ? ")" : "");
	if (!error || error == -EBUSY)
		check_number(doctor, sensor, pin, &place);
	return !error;
}

/* Returns whether all of the sensor's pins are free for us. */
static bool check_sensor_pins(struct doctor *doctor, const struct config_sensor *sensor)
{
	const struct {
		const char *pin, *as_written;
	} pins[] = {
		{ sensor->pin, sensor->pin_as_written },
		{ sensor->trigger_pin, sensor->trigger_pin_as_written },
		{ sensor->quiet_pin, sensor->quiet_pin_as_written },
		{ sensor->power_pin, sensor->power_pin_as_written },
	};
	bool are_free = true;

	for (size_t i = 0; i < array_length(pins); i++) {
		if (pins[i].pin)
			are_free &= check_pin(doctor, sensor, pins[i].pin,
					      pins[i].as_written);
	}
	return are_free;
}

void doctor_check_pins(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->config->num_sensors; i++) {
		const struct config_sensor *sensor = &doctor->config->sensors[i];

		/* That there is no chip at all has been told. */
		if (!doctor->has_chips && doctor_is_real(sensor))
			continue;
		if (strncmp(sensor->pin, "sim/", 4) == 0)
			findings_add(&doctor->findings, &ok, NULL, "%s: %s is simulated",
				     sensor->id, sensor->pin_as_written);
		else if (!check_sensor_pins(doctor, sensor))
			continue;
		doctor_check_answer(doctor, sensor);
	}
}

void doctor_check_sensors(struct doctor *doctor)
{
	static const struct finding none = { "sensors_none", FINDING_WARNING,
					     "nothing will be read" };

	if (doctor->config->num_sensors == 0)
		findings_add(&doctor->findings, &none,
			     "add one under sensors: in the configuration; `pin2mqtt "
			     "scan` finds those that are wired",
			     "the configuration has no sensors");
}
