/* SPDX-License-Identifier: MIT */
/* Which device a chip's pin is wired to inside the processor: a serial port, I2C, SPI. On a
 * Raspberry Pi the kernel's GPIO interface calls such a pin free and lets GPIO take it away;
 * what its pin controller knows stands in debugfs, which root may read.
 *
 * Threads: any.
 * Source:  drivers/pinctrl/pinmux.c, pinmux_pins_show()
 */
#ifndef GPIO_PINMUX_H
#define GPIO_PINMUX_H

#include <stdbool.h>
#include <stdint.h>

#define PINMUX_FOLDER "/sys/kernel/debug/pinctrl"

enum { PINMUX_MAX_OWNER = 64 };

/* Whether another device has the pin, as far as that can be seen. A chip whose pins have
 * other numbers than its lines is not looked into: there the kernel tells by itself.
 *
 * folder: PINMUX_FOLDER, but in tests
 * label:  of the chip
 * owner:  the device: "fe804000.i2c"; filled where there is one
 */
bool pinmux_has_owner(const char *folder, const char *label, uint32_t line_offset,
		      char owner[PINMUX_MAX_OWNER]);

#endif
