/* SPDX-License-Identifier: MIT */
/* What the system says of this process.
 *
 * Threads: any; reads files of /proc.
 */
#ifndef METRICS_PROCESS_H
#define METRICS_PROCESS_H

#include "metrics/snapshot.h"

void process_read(struct snapshot_process *out);

#endif
