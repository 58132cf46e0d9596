/* SPDX-License-Identifier: MIT */
/* MQTT's reason codes in words.
 *
 * Pure: constant tables.
 */
#ifndef PUBLISH_REASON_H
#define PUBLISH_REASON_H

#include <stdbool.h>

/* Of a PUBACK: it was taken, and nobody has subscribed to the topic. */
enum { REASON_NO_SUBSCRIBERS = 0x10 };

/* MQTT 5's codes from 0x80 (CONNACK, PUBACK, SUBACK, DISCONNECT share them). NULL where it is
 * none of those. Source: MQTT 5.0, 2.4. */
const char *reason_words(unsigned code);

/* What a refused CONNECT means to us. version: 5 or 4; code: of the CONNACK, not 0; a broker
 * that does not know MQTT 5 answers in the codes of 3.1.1. Returns a negative errno:
 * -EPROTONOSUPPORT, -EACCES, -EBUSY (later, perhaps) or -EPROTO. */
int reason_of_connack(int version, unsigned code, const char **words_out);

/* Whether who says so at the end of a connection does not want us back soon: all codes from
 * 0x80 but for a shut-down and a timeout. */
bool reason_is_unwelcome(unsigned code);

/* Whether another client came with our id. */
bool reason_is_taken_over(unsigned code);

/* Whether the broker's rights are to be changed. */
bool reason_is_forbidden(unsigned code);

/* Whether there is to be room for the same message later. */
bool reason_is_quota(unsigned code);

/* Whether it is what the message holds: it would be refused again. */
bool reason_is_of_message(unsigned code);

#endif
