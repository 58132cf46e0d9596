/* SPDX-License-Identifier: MIT */
/* What capture must do to make a sensor speak, and how long it speaks. Part of a driver. */
#ifndef MODEL_PROBE_H
#define MODEL_PROBE_H

#include <stdint.h>

struct probe {
	uint32_t start_low_us; /* the start pulse */
	uint32_t max_low_us; /* how long it may last, if need be; 0: no longer */
	/* one for sensors that do not hear the other; 0: there is none */
	uint32_t long_low_us;
	uint32_t frame_us; /* from the release until the slowest frame is surely over */
	uint32_t min_interval_ms; /* between two start pulses, retries included */
	uint32_t power_up_ms; /* the sensor is deaf for so long after power comes */
};

#endif
