/* SPDX-License-Identifier: MIT */
#include "app/doctor.h"

#include <errno.h>
#include <string.h>

#include "base/attributes.h"
#include "gpio/line.h"

static const struct finding ok = { .id = "pin", .level = FINDING_OK };

static const char why_unread[] = "the sensor cannot be read";

/* What line_find() and line_open() may answer. */
static const struct row {
	int error;
	struct finding finding;
	const char *mend;
} rows[] = {
	{ -ENODEV,
	  { "chip_missing", FINDING_PROBLEM, why_unread },
	  "name the chip by its label: numbers change; `gpiodetect` lists both" },
	{ -ENOENT,
	  { "pin_missing", FINDING_PROBLEM, why_unread },
	  "`gpioinfo` (package gpiod) lists the pins' names and numbers" },
	{ -ENOTUNIQ,
	  { "pin_ambiguous", FINDING_PROBLEM, why_unread },
	  "write CHIP/OFFSET in place of the name, one of those above" },
	{ -EACCES,
	  { "pin_access", FINDING_PROBLEM, why_unread },
	  "as said above for the chip" },
};

static const struct finding failed = { "pin_failed", FINDING_PROBLEM, why_unread };

/* Who holds a line, by what the kernel calls him. */
static const struct holder {
	const char *consumer;
	struct finding finding;
	const char *mend;
} holders[] = {
	{ "\"pin2mqtt\"",
	  { "pin_busy", FINDING_PROBLEM, "one program at a time may use a line" },
	  "sudo systemctl stop pin2mqtt, or whichever pin2mqtt it is" },
	{ "\"onewire", /* w1-gpio's */
	  { "pin_w1", FINDING_PROBLEM,
	    "the kernel's 1-wire driver uses the line itself" },
	  "remove dtoverlay=w1-gpio from /boot/firmware/config.txt (or give it another "
	  "gpiopin), and reboot" },
	{ "\"dht11",
	  { "pin_dht11", FINDING_PROBLEM,
	    "the kernel's dht11 driver uses the line itself" },
	  "remove dtoverlay=dht11 from /boot/firmware/config.txt, and reboot" },
	{ "\"w1",
	  { "pin_w1", FINDING_PROBLEM,
	    "the kernel's 1-wire driver uses the line itself" },
	  "sudo rmmod w1_gpio, and see who loads it" },
	{ "is held by",
	  { "pin_busy", FINDING_PROBLEM, "one program at a time may use a line" },
	  "sudo lsof /dev/gpiochip*, and stop who holds it" },
	{ "",
	  { "pin_function", FINDING_PROBLEM, "a pin has one function at a time" },
	  "remove the overlay that uses the pin, or take another pin" },
};

static void tell_busy(struct doctor *doctor, const struct config_sensor *sensor,
		      const char *reason)
{
	const struct holder *holder = holders;

	if (doctor->is_running && strstr(reason, holder->consumer)) {
		findings_add(&doctor->findings, &ok, NULL,
			     "%s: the running gateway reads %s", sensor->id,
			     sensor->pin_as_written);
		return;
	}
	while (!strstr(reason, holder->consumer))
		holder++;
	findings_add(&doctor->findings, &holder->finding, holder->mend, "%s: %s",
		     sensor->id, reason);
}

static void tell_error(struct doctor *doctor, const struct config_sensor *sensor,
		       int error, const char *reason)
{
	if (error == -EBUSY) {
		tell_busy(doctor, sensor, reason);
		return;
	}
	for (size_t i = 0; i < array_length(rows); i++) {
		if (rows[i].error == error) {
			findings_add(&doctor->findings, &rows[i].finding, rows[i].mend,
				     "%s: %s", sensor->id, reason);
			return;
		}
	}
	findings_add(&doctor->findings, &failed, "dmesg | tail", "%s: %s", sensor->id,
		     reason);
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

static void check_pin(struct doctor *doctor, const struct config_sensor *sensor,
		      const char *pin, const char *pin_as_written)
{
	char reason[LINE_MAX_REASON] = "";
	struct line_place place;
	int error = try_line(pin, &place, reason);

	if (error)
		tell_error(doctor, sensor, error, reason);
	else
		findings_add(&doctor->findings, &ok, NULL,
			     "%s: %s is line %u of %s%s%s%s, free", sensor->id,
			     pin_as_written, place.line_offset, place.chip,
			     *place.label ? " (" : "", place.label,
			     *place.label ? ")" : "");
}

void doctor_check_pins(struct doctor *doctor)
{
	static const struct finding none = { "sensors_none", FINDING_WARNING,
					     "nothing will be read" };

	if (doctor->config->num_sensors == 0)
		findings_add(&doctor->findings, &none,
			     "add one under sensors: in the configuration",
			     "the configuration has no sensors");
	for (size_t i = 0; i < doctor->config->num_sensors; i++) {
		const struct config_sensor *sensor = &doctor->config->sensors[i];

		if (strncmp(sensor->pin, "sim/", 4) == 0) {
			findings_add(&doctor->findings, &ok, NULL, "%s: %s is simulated",
				     sensor->id, sensor->pin_as_written);
			continue;
		}
		/* That there is no chip at all has been told. */
		if (!doctor->has_chips && doctor_is_real(sensor))
			continue;
		check_pin(doctor, sensor, sensor->pin, sensor->pin_as_written);
		if (sensor->trigger_pin)
			check_pin(doctor, sensor, sensor->trigger_pin,
				  sensor->trigger_pin_as_written);
	}
}
