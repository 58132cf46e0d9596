/* SPDX-License-Identifier: MIT */
/* The checks of `pin2mqtt doctor`: each looks at one thing that would keep the gateway from
 * working here, and tells what it found. None changes anything; a sensor whose lines are free
 * is asked as the gateway would ask it.
 *
 * Threads: main's.
 */
#ifndef APP_DOCTOR_H
#define APP_DOCTOR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "app/findings.h"
#include "app/holder.h"
#include "config/config.h"

struct doctor {
	const char *path; /* of the configuration */
	const struct config *config; /* NULL where it is wrong: it has been told */
	bool is_running; /* a gateway with this configuration answers */
	struct ucred gateway; /* who that is; .pid is 0 where it cannot be told */
	bool has_rival; /* that one was thrown out by another client with its id */
	bool has_chips; /* some GPIO chip is there */
	struct findings findings;
};

void doctor_check_gateway(struct doctor *doctor);
void doctor_check_kernel(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);
void doctor_check_chips(struct doctor *doctor);
/* These want a configuration. */
void doctor_check_identity(struct doctor *doctor);
void doctor_check_sensors(struct doctor *doctor);
void doctor_check_store(struct doctor *doctor);
void doctor_check_http(struct doctor *doctor);
void doctor_check_pins(struct doctor *doctor);
void doctor_check_secrecy(struct doctor *doctor);
void doctor_check_brokers(struct doctor *doctor);

/* Logs what the gateway itself would not find out: at its start, each thing once. */
void doctor_warn(const struct config *config);

/* Whether it is the gateway that doctor_check_gateway() found. */
bool doctor_is_gateway(const struct doctor *doctor, const struct holder *holder);

/* Whether the disk has room for the store. Part of doctor_check_store(). */
void doctor_check_space(struct doctor *doctor);

/* What the sensor answers; its lines are free. Part of doctor_check_pins(). */
void doctor_check_answer(struct doctor *doctor, const struct config_sensor *sensor);

/* The user that this runs as; for commands in a mend. */
const char *doctor_own_name(void);

/* Whether this is a container. */
bool doctor_is_contained(void);

/* Whether a sensor is on the kernel's lines, and not on a simulated board or a recording. */
bool doctor_is_real(const struct config_sensor *sensor);

#endif
