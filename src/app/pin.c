/* SPDX-License-Identifier: MIT */
#include "app/pin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"

static const char why_unread[] = "the sensor cannot be read";

/* What line_find() and line_open() may answer. */
static const struct row {
	int error;
	struct pin_trouble trouble;
} rows[] = {
	{ -ENODEV,
	  { { "chip_missing", FINDING_PROBLEM, why_unread },
	    "name the chip by its label: numbers change; `gpiodetect` lists both" } },
	{ -ENOENT,
	  { { "pin_missing", FINDING_PROBLEM, why_unread },
	    "`gpioinfo` (package gpiod) lists the pins' names and numbers" } },
	{ -ENOTUNIQ,
	  { { "pin_ambiguous", FINDING_PROBLEM, why_unread },
	    "write one of these CHIP/OFFSET in place of the name" } },
	{ -EACCES,
	  { { "pin_access", FINDING_PROBLEM, why_unread },
	    "let the user into the group that owns the chip, or give the container "
	    "--device" } },
};

/* Of no chip at all. */
static const struct pin_trouble chipless = {
	{ "chips_none", FINDING_PROBLEM, why_unread },
	"see that the board has GPIO and its driver (ls /sys/bus/gpio/devices), and in a "
	"container give --device /dev/gpiochip0",
};

/* Of a file in a pin's place. */
static const struct pin_trouble unrecorded = {
	{ "pin_missing", FINDING_PROBLEM, why_unread },
	"write the whole path of the recording after replay:",
};

static const struct pin_trouble failed = {
	{ "pin_failed", FINDING_PROBLEM, why_unread },
	"dmesg | tail",
};

/* Who holds a line, by what the kernel calls him. */
static const struct holder {
	const char *words; /* of the reason */
	struct pin_trouble trouble;
} holders[] = {
	{ "\"pin2mqtt\"",
	  { { "pin_busy", FINDING_PROBLEM, "one program at a time may use a line" },
	    "sudo systemctl stop pin2mqtt, or whichever pin2mqtt it is" } },
	{ "\"onewire", /* w1-gpio's */
	  { { "pin_w1", FINDING_PROBLEM,
	      "the kernel's 1-wire driver uses the line itself" },
	    "remove dtoverlay=w1-gpio from /boot/firmware/config.txt (or give it another "
	    "gpiopin), and reboot" } },
	{ "\"dht11",
	  { { "pin_dht11", FINDING_PROBLEM,
	      "the kernel's dht11 driver uses the line itself" },
	    "remove dtoverlay=dht11 from /boot/firmware/config.txt, and reboot" } },
	{ "\"w1",
	  { { "pin_w1", FINDING_PROBLEM,
	      "the kernel's 1-wire driver uses the line itself" },
	    "sudo rmmod w1_gpio, and see who loads it" } },
	{ "is held by",
	  { { "pin_busy", FINDING_PROBLEM, "one program at a time may use a line" },
	    "sudo lsof /dev/gpiochip*, and stop who holds it" } },
	{ "",
	  { { "pin_function", FINDING_PROBLEM, "a pin has one function at a time" },
	    "remove the overlay that uses the pin, or take another pin" } },
};

const struct pin_trouble *pin_trouble(int error, const char *reason)
{
	const struct holder *holder = holders;

	if (error == -EBUSY) {
		while (!strstr(reason, holder->words))
			holder++;
		return &holder->trouble;
	}
	if (error == -ENODEV && strstr(reason, "there is no GPIO chip"))
		return &chipless;
	if (error == -ENOENT && strstr(reason, "No such file"))
		return &unrecorded;
	for (size_t i = 0; i < array_length(rows); i++) {
		if (rows[i].error == error)
			return &rows[i].trouble;
	}
	return &failed;
}

static bool is_same_place(const char *pin, const struct line_place *place)
{
	char reason[LINE_MAX_REASON];
	struct line_place found;

	return line_find(pin, &found, reason) == 0 &&
	       strcmp(found.chip, place->chip) == 0 &&
	       found.line_offset == place->line_offset;
}

void pin_name(const struct line_place *place, char name[PIN_MAX_NAME])
{
	snprintf(name, PIN_MAX_NAME, "%s", place->name);
	if (*name && is_same_place(name, place))
		return;
	snprintf(name, PIN_MAX_NAME, "%s/%u", place->label, place->line_offset);
	if (!*place->label || !is_same_place(name, place))
		snprintf(name, PIN_MAX_NAME, "%s/%u", place->chip, place->line_offset);
}
