/* SPDX-License-Identifier: MIT */
/* The Accept header of a request (RFC 9110, 12.5.1).
 *
 * Pure.
 */
#ifndef METRICS_ACCEPT_H
#define METRICS_ACCEPT_H

#include <stdbool.h>

/* Whether who asks wants `type` ("application/openmetrics-text") rather than `fallback`, which
 * he gets where he does not say. accept: the header; NULL: there is none. */
bool accept_prefers(const char *accept, const char *type, const char *fallback);

#endif
