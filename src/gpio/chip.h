/* SPDX-License-Identifier: MIT */
/* What a GPIO library tells of the kernel's chips: as much as finding a pin and explaining a
 * refusal take. Each libgpiod generation fills in a struct chip_ops; tests have their own.
 *
 * Threads: one owner a chip.
 */
#ifndef GPIO_CHIP_H
#define GPIO_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "gpio/line.h"

enum { CHIP_MAX_NAME = 64 }; /* the kernel's are 32 bytes long */

struct chip; /* the library's */
struct text;

struct chip_facts {
	char name[CHIP_MAX_NAME]; /* "gpiochip0" */
	char label[CHIP_MAX_NAME]; /* "pinctrl-bcm2711" */
	uint32_t num_lines;
};

struct chip_line {
	char name[CHIP_MAX_NAME]; /* empty: the kernel has none */
	char consumer[CHIP_MAX_NAME];
	bool is_used;
	bool is_output;
};

/* Calls return 0 or a negative errno. */
struct chip_ops {
	/* path: of the device */
	int (*open)(const char *path, struct chip **out, struct chip_facts *facts_out);
	void (*close)(struct chip *chip);
	int (*read_line)(struct chip *chip, uint32_t line_offset, struct chip_line *out);
};

/* Finds a pin as line_find() does.
 *
 * folder: where the devices are: "/dev"
 * out:    chip is the device's path without symbolic links, so that one chip has one path
 */
must_check int chip_find_pin(const struct chip_ops *ops, const char *folder,
			     const char *pin, struct line_place *out,
			     char reason[LINE_MAX_REASON]);

/* Lists lines as line_list() does; folder: as above. */
must_check int chip_list_lines(const struct chip_ops *ops, const char *folder,
			       const char *chip, line_visit_fn *visit, void *context,
			       char reason[LINE_MAX_REASON]);

/* Says why a line could not be taken, given the negative errno; asks the chip who holds it. */
void chip_explain_refusal(const struct chip_ops *ops, const struct line_place *place,
			  int error, char reason[LINE_MAX_REASON]);

/* Why a device may not be opened, and what to do: who owns it, which group or which flag of
 * the container is missing. At most 300 characters beside the path. */
void chip_explain_access(const char *path, struct text *out);

#endif
