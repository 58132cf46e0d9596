/* SPDX-License-Identifier: MIT */
#include "gpio/pinmux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "unit/cmocka_test.h"

static char folder[] = "/tmp/pin2mqtt-pinmux-XXXXXX";

/* As a Raspberry Pi 4 and a controller that keeps GPIO away have them. */
static const char pi_4[] =
	"Pinmux settings per pin\n"
	"Format: pin (name): mux_owner gpio_owner hog?\n"
	"pin 1 (gpio1): (MUX UNCLAIMED) (GPIO UNCLAIMED)\n"
	"pin 2 (gpio2): fe804000.i2c (GPIO UNCLAIMED) function alt0 group gpio2\n"
	"pin 4 (gpio4): (MUX UNCLAIMED) pinctrl-bcm2711:516\n"
	"pin 14 (gpio14): fe201000.serial (GPIO UNCLAIMED) function alt0 group gpio14\n";
static const char strict[] =
	"Pinmux settings per pin\n"
	"Format: pin (name): mux_owner|gpio_owner (strict) hog?\n"
	"pin 1 (PA1): UNCLAIMED\n"
	"pin 2 (PA2): device 1c28000.serial function uart2 group PA2\n"
	"pin 3 (PA3): GPIO 1c20800.pinctrl:3\n";

static void write_pins(const char *controller, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, controller);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%s/pinmux-pins", folder, controller);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static bool has_owner(const char *label, uint32_t line_offset, const char *expected)
{
	char owner[PINMUX_MAX_OWNER];

	if (!pinmux_has_owner(folder, label, line_offset, owner))
		return false;
	assert_string_equal(owner, expected);
	return true;
}

static void a_pin_that_is_wired_to_a_device_is_named_with_it(void **state)
{
	(void)state;
	assert_true(has_owner("pinctrl-bcm2711", 2, "fe804000.i2c"));
	assert_true(has_owner("pinctrl-bcm2711", 14, "fe201000.serial"));
}

static void a_pin_that_gpio_has_or_nobody_is_free(void **state)
{
	(void)state;
	assert_false(has_owner("pinctrl-bcm2711", 1, ""));
	assert_false(has_owner("pinctrl-bcm2711", 4, ""));
	assert_false(has_owner("pinctrl-bcm2711", 57, ""));
}

static void what_the_kernel_tells_by_itself_is_left_to_it(void **state)
{
	(void)state;
	for (uint32_t line_offset = 0; line_offset < 4; line_offset++)
		assert_false(has_owner("1c20800.pinctrl", line_offset, ""));
}

static void a_chip_of_another_name_is_not_looked_into(void **state)
{
	(void)state;
	assert_false(has_owner("bcm2711", 3, ""));
	assert_false(has_owner("raspberrypi-exp-gpio", 2, ""));
	assert_false(has_owner("fe200000.gpio-pinctrl-bcm2711", 2, ""));
	assert_false(has_owner("", 2, ""));
}

static void without_debugfs_nothing_is_known(void **state)
{
	char owner[PINMUX_MAX_OWNER];

	(void)state;
	assert_false(pinmux_has_owner("/nowhere", "pinctrl-bcm2711", 2, owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_that_is_wired_to_a_device_is_named_with_it),
		cmocka_unit_test(a_pin_that_gpio_has_or_nobody_is_free),
		cmocka_unit_test(what_the_kernel_tells_by_itself_is_left_to_it),
		cmocka_unit_test(a_chip_of_another_name_is_not_looked_into),
		cmocka_unit_test(without_debugfs_nothing_is_known),
	};
	char command[64];
	int result;

	if (!mkdtemp(folder))
		return 1;
	write_pins("fe200000.gpio-pinctrl-bcm2711", pi_4);
	write_pins("1c20800.pinctrl-1c20800.pinctrl", strict);
	result = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) == 0 ? result : 1;
}
