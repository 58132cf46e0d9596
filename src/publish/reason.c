/* SPDX-License-Identifier: MIT */
#include "publish/reason.h"

#include <errno.h>
#include <stddef.h>

#include "base/attributes.h"

enum {
	UNSUPPORTED_VERSION = 0x84,
	SHUTTING_DOWN = 0x8b,
	TAKEN_OVER = 0x8e,
	KEEPALIVE_TIMEOUT = 0x8d,
	FORBIDDEN = 0x87,
	TOO_LARGE = 0x95,
	QUOTA_EXCEEDED = 0x97,
	BAD_PAYLOAD = 0x99,
};

struct row {
	unsigned code;
	int error; /* of a CONNECT */
	const char *words;
};

static const struct row rows[] = {
	{ 0x80, EPROTO, "unspecified error" },
	{ 0x81, EPROTO, "malformed packet" },
	{ 0x82, EPROTO, "protocol error" },
	{ 0x83, EPROTO, "not accepted by the server" },
	{ UNSUPPORTED_VERSION, EPROTONOSUPPORT, "the server does not know this version" },
	{ 0x85, EACCES, "the client id is not allowed" },
	{ 0x86, EACCES, "wrong user name or password" },
	{ FORBIDDEN, EACCES, "not authorised" },
	{ 0x88, EBUSY, "the server is not available" },
	{ 0x89, EBUSY, "the server is busy" },
	{ 0x8a, EACCES, "banned" },
	{ SHUTTING_DOWN, EBUSY, "the server is shutting down" },
	{ 0x8c, EACCES, "authentication method not known" },
	{ KEEPALIVE_TIMEOUT, EBUSY, "keep-alive timeout" },
	{ TAKEN_OVER, EBUSY, "another client took over the client id" },
	{ 0x8f, EPROTO, "topic filter not valid" },
	{ 0x90, EPROTO, "topic name not allowed" },
	{ 0x93, EPROTO, "too many messages in flight" },
	{ 0x94, EPROTO, "topic alias not valid" },
	{ TOO_LARGE, EPROTO, "packet too large" },
	{ 0x96, EBUSY, "message rate too high" },
	{ QUOTA_EXCEEDED, EBUSY, "quota exceeded" },
	{ 0x98, EBUSY, "closed by an administrator" },
	{ BAD_PAYLOAD, EPROTO, "payload format not valid" },
	{ 0x9a, EPROTO, "retained messages are not supported" },
	{ 0x9b, EPROTO, "QoS not supported" },
	{ 0x9c, EBUSY, "use another server" },
	{ 0x9d, EBUSY, "the server has moved" },
	{ 0x9e, EPROTO, "shared subscriptions are not supported" },
	{ 0x9f, EBUSY, "connection rate exceeded" },
	{ 0xa0, EBUSY, "maximum connect time" },
	{ 0xa1, EPROTO, "subscription identifiers are not supported" },
	{ 0xa2, EPROTO, "wildcard subscriptions are not supported" },
};

/* Source: MQTT 3.1.1, 3.2.2.3. */
static const struct row rows_3_1_1[] = {
	{ 1, EPROTONOSUPPORT, "the server does not know this version" },
	{ 2, EACCES, "the client id is not allowed" },
	{ 3, EBUSY, "the server is not available" },
	{ 4, EACCES, "wrong user name or password" },
	{ 5, EACCES, "not authorised" },
};

static const struct row *find(const struct row *table, size_t num_rows, unsigned code)
{
	for (size_t i = 0; i < num_rows; i++) {
		if (table[i].code == code)
			return &table[i];
	}
	return NULL;
}

const char *reason_words(unsigned code)
{
	const struct row *row = find(rows, array_length(rows), code);

	return row ? row->words : NULL;
}

int reason_of_connack(int version, unsigned code, const char **words_out)
{
	const struct row *row = find(rows_3_1_1, array_length(rows_3_1_1), code);

	if (!row && version >= 5)
		row = find(rows, array_length(rows), code);
	*words_out = row ? row->words : "unknown reason";
	return row ? -row->error : -EPROTO;
}

bool reason_is_unwelcome(unsigned code)
{
	return code >= 0x80 && code != SHUTTING_DOWN && code != KEEPALIVE_TIMEOUT;
}

bool reason_is_taken_over(unsigned code)
{
	return code == TAKEN_OVER;
}

bool reason_is_forbidden(unsigned code)
{
	return code == FORBIDDEN;
}

bool reason_is_quota(unsigned code)
{
	return code == QUOTA_EXCEEDED;
}

bool reason_is_of_message(unsigned code)
{
	return code == TOO_LARGE || code == BAD_PAYLOAD;
}
