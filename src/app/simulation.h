/* SPDX-License-Identifier: MIT */
/* Who answers on the lines of the simulated board: a sensor of the driver that the
 * configuration names, in a room whose weather drifts slowly.
 *
 * Threads: the capture thread of the line calls; simulation_init() runs before.
 */
#ifndef APP_SIMULATION_H
#define APP_SIMULATION_H

#include <stdint.h>

#include "decode/driver.h"
#include "gpio/line.h"

struct simulation {
	const struct driver *driver; /* borrowed; constant */
	uint32_t seed;
	struct line_simulation answer; /* its context is this struct */
};

/* The struct must not move afterwards. seed: different sensors, different weather. */
void simulation_init(struct simulation *simulation, const struct driver *driver,
		     uint32_t seed);

#endif
