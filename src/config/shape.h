/* SPDX-License-Identifier: MIT */
/* What texts of the file must look like: ids, topics, broker addresses, names.
 *
 * Each returns whether the text is good; if not, `complaint` continues "VALUE, but ".
 * They never repeat the text, which may be a secret.
 *
 * Pure.
 */
#ifndef CONFIG_SHAPE_H
#define CONFIG_SHAPE_H

#include <stdbool.h>

#include "base/text.h"

/* One line of UTF-8 without control characters. */
bool shape_is_line(const char *text, struct text *complaint);

/* [a-z0-9_-]+ */
bool shape_is_id(const char *text, struct text *complaint);

/* The same, and no word that the topic tree keeps for itself. */
bool shape_is_sensor_id(const char *text, struct text *complaint);

/* Topic levels without wildcards, neither empty nor the broker's own. */
bool shape_is_topic(const char *text, struct text *complaint);

/* mqtt://HOST[:PORT] or mqtts://..., and ws://HOST[:PORT][/PATH] or wss://... */
bool shape_is_server(const char *text, struct text *complaint);

/* Whether the scheme of a good server says that TLS is spoken. */
bool shape_is_tls_server(const char *text);

/* Where to listen: what address_parse() takes. */
bool shape_is_listen(const char *text, struct text *complaint);

/* A bearer token: visible ASCII without blanks. */
bool shape_is_token(const char *text, struct text *complaint);

/* A host's name: [A-Za-z0-9.-]+, without a port. */
bool shape_is_host(const char *text, struct text *complaint);

/* A name in `pins:`: [A-Za-z0-9_.-]+ */
bool shape_is_pin_name(const char *text, struct text *complaint);

/* Makes an id of any text: "Garden Shed.lan" becomes "garden-shed". out: size_bytes, at
 * least 2; never empty. */
void shape_make_id(const char *text, char *out, size_t size_bytes);

#endif
