/* SPDX-License-Identifier: MIT */
/* A snapshot as JSON, for the status page and for programs.
 *
 * Pure.
 */
#ifndef METRICS_STATUS_H
#define METRICS_STATUS_H

#include "base/text.h"
#include "metrics/snapshot.h"

/* All of it: {"gateway":{...},"mqtt":{...},"store":{...},"sensors":[...]}. */
void status_write(struct text *out, const struct snapshot *snapshot);

/* What is not of sensors: {"gateway":{...},"mqtt":{...},"store":{...}}. */
void status_write_gateway(struct text *out, const struct snapshot *snapshot);

/* One sensor: {"id":"porch",...}. */
void status_write_sensor(struct text *out, const struct snapshot_sensor *sensor);

#endif
