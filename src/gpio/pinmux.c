/* SPDX-License-Identifier: MIT */
#include "gpio/pinmux.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 512, MAX_LINE = 256 };

/* "fe200000.gpio-pinctrl-bcm2711": the device and the controller, whose name a chip that is one
 * with it has as its label. */
static bool is_of_chip(const char *name, const char *label)
{
	size_t length = strlen(name), label_length = strlen(label);

	return label_length > 0 && length > label_length &&
	       name[length - label_length - 1] == '-' &&
	       strcmp(name + length - label_length, label) == 0;
}

static FILE *open_pins(const char *folder, const char *label)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	char path[MAX_PATH];
	FILE *file = NULL;

	while (entries && !file && (entry = readdir(entries))) {
		if (!is_of_chip(entry->d_name, label))
			continue;
		snprintf(path, sizeof(path), "%s/%s/pinmux-pins", folder, entry->d_name);
		file = fopen(path, "re");
	}
	if (entries)
		closedir(entries);
	return file;
}

/* "pin 2 (gpio2): fe804000.i2c (GPIO UNCLAIMED) function alt0 group gpio2"; without an owner
 * "(MUX UNCLAIMED)" stands there, and controllers that keep GPIO away by themselves write
 * "device OWNER", "GPIO OWNER" or "UNCLAIMED". */
static bool parse(const char *line, uint32_t pin, char owner[PINMUX_MAX_OWNER])
{
	uint32_t number;

	return sscanf(line, "pin %" SCNu32 " (%*[^)]): %63s", &number, owner) == 2 &&
	       number == pin && *owner != '(' && strcmp(owner, "device") != 0 &&
	       strcmp(owner, "GPIO") != 0 && strcmp(owner, "UNCLAIMED") != 0;
}

bool pinmux_has_owner(const char *folder, const char *label, uint32_t line_offset,
		      char owner[PINMUX_MAX_OWNER])
{
	FILE *file = open_pins(folder, label);
	char line[MAX_LINE];
	bool is_found = false;

	if (!file)
		return false;
	while (!is_found && fgets(line, sizeof(line), file))
		is_found = parse(line, line_offset, owner);
	fclose(file);
	return is_found;
}
