/* SPDX-License-Identifier: MIT */
/* What became of one sensor's attempts, counted.
 *
 * Threads: the named thread writes, any reads. 32 bit: they wrap, readers take differences.
 */
#ifndef MODEL_TALLY_H
#define MODEL_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

#include "model/verdict.h"

struct tally {
	_Atomic uint32_t verdicts[NUM_VERDICTS]; /* publisher writes */
	/* publisher writes: attempts asked for after a refusal */
	_Atomic uint32_t retries;
	/* publisher writes, as all below: good answers thrown away since older than they look:
	 * after power came, and the first ones of double reads */
	_Atomic uint32_t discarded;
	/* of a sensor with filters: readings posted, and those held back as they had not
	 * changed enough */
	_Atomic uint32_t posted;
	_Atomic uint32_t held_back;
	_Atomic uint32_t long_pulses; /* attempts by the long start pulse */
	_Atomic uint32_t power_cycles;
	/* edges that the kernel is known to have merged into others */
	_Atomic uint32_t edges_merged;
};

#endif
