/* SPDX-License-Identifier: MIT */
#include "config/shape.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"

enum { MAX_AUTHORITY = 320 }; /* a host has 253 bytes at most */

#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

/* MQTT servers may hang up on U+FFFE and U+FFFF, and YAML cannot say them. */
static bool is_noncharacter(const char *s, size_t length)
{
	return length == 3 && memcmp(s, "\xef\xbf", 2) == 0 &&
	       ((unsigned char)s[2] == 0xbe || (unsigned char)s[2] == 0xbf);
}

bool shape_is_line(const char *text, struct text *complaint)
{
	for (const char *s = text; *s;) {
		size_t length = text_utf8_length(s);
		bool is_c1 = length == 2 && (unsigned char)s[0] == 0xc2 &&
			     (unsigned char)s[1] < 0xa0;

		if (length == 0) {
			text_add(complaint, "it is not UTF-8");
			return false;
		}
		if ((unsigned char)*s < ' ' || *s == 0x7f || is_c1 ||
		    is_noncharacter(s, length)) {
			text_add(complaint, "it holds a control character");
			return false;
		}
		s += length;
	}
	return true;
}

bool shape_is_id(const char *text, struct text *complaint)
{
	char proposal[65];

	if (text[strspn(text, ID_CHARACTERS)] == '\0')
		return true;
	shape_make_id(text, proposal, sizeof(proposal));
	text_add(complaint,
		 "it must be made of a-z, 0-9, \"_\" and \"-\"; did you mean %s?",
		 proposal);
	return false;
}

bool shape_is_sensor_id(const char *text, struct text *complaint)
{
	static const char *const reserved[] = { "status",   "info",    "health",
						"readings", "request", "response" };

	for (size_t i = 0; i < array_length(reserved); i++) {
		if (strcmp(text, reserved[i]) == 0) {
			text_add(complaint,
				 "the gateway has a topic of that name itself");
			return false;
		}
	}
	return shape_is_id(text, complaint);
}

bool shape_is_topic(const char *text, struct text *complaint)
{
	const char *why = NULL;

	if (!shape_is_line(text, complaint))
		return false;
	if (strpbrk(text, "+#"))
		why = "+ and # are wildcards and cannot be in it";
	else if (text[0] == '$')
		why = "topics that begin with $ are the broker's own";
	else if (text[0] == '/' || text[strlen(text) - 1] == '/' || strstr(text, "//"))
		why = "a level of it is empty: no / at its ends, no two in a row";
	if (!why)
		return true;
	text_add(complaint, "%s", why);
	return false;
}

static bool is_port(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= 5 && text[strspn(text, "0123456789")] == '\0' &&
	       atoi(text) >= 1 && atoi(text) <= 65535;
}

/* What is wrong with HOST[:PORT]; NULL: nothing. */
static const char *judge_authority(const char *authority)
{
	const char *host_end;

	if (authority[0] == '[') {
		host_end = strchr(authority, ']');
		if (!host_end || host_end == authority + 1)
			return "the IPv6 address must stand in brackets: "
			       "mqtt://[::1]:1883";
		host_end++;
	} else {
		host_end = authority + strcspn(authority, ":");
		if (host_end == authority)
			return "the host is missing: mqtt://HOST:PORT";
		if (strchr(host_end + (*host_end != '\0'), ':'))
			return "an IPv6 address stands in brackets: mqtt://[::1]:1883";
	}
	if (*host_end != '\0' && (*host_end != ':' || !is_port(host_end + 1)))
		return "the port must be a number from 1 to 65535";
	return NULL;
}

/* What is wrong with what follows SCHEME://; NULL: nothing. */
static const char *judge_address(const char *address, bool may_have_path)
{
	size_t length = strcspn(address, "/?#");
	char authority[MAX_AUTHORITY];

	if (strchr(address, '@'))
		return "user and password do not go there: use mqtt.username and "
		       "mqtt.password";
	if (address[length] != '\0' && !may_have_path)
		return "after the host and port nothing may follow: mqtt://HOST:PORT";
	if (address[length] != '\0' && address[length] != '/')
		return "after the host and port a path may follow, and nothing else: "
		       "ws://HOST:PORT/PATH";
	if (strpbrk(address, " \"<>\\^`{|}#"))
		return "it holds a character that no address holds";
	if (length >= sizeof(authority))
		return "the host is too long";
	memcpy(authority, address, length);
	authority[length] = '\0';
	return judge_authority(authority);
}

struct scheme {
	const char *prefix;
	bool is_tls;
	bool may_have_path;
};

static const struct scheme schemes[] = {
	{ "mqtt://", false, false },
	{ "mqtts://", true, false },
	{ "ws://", false, true },
	{ "wss://", true, true },
};

static const struct scheme *scheme_of(const char *text)
{
	for (size_t i = 0; i < array_length(schemes); i++) {
		if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	}
	return NULL;
}

bool shape_is_tls_server(const char *text)
{
	const struct scheme *scheme = scheme_of(text);

	return scheme && scheme->is_tls;
}

bool shape_is_server(const char *text, struct text *complaint)
{
	const struct scheme *scheme = scheme_of(text);
	const char *why;

	if (!shape_is_line(text, complaint))
		return false;
	if (!strstr(text, "://"))
		why = "it needs its scheme in front: mqtt://HOST:PORT";
	else if (!scheme)
		why = "that scheme is not supported; supported: mqtt, mqtts, ws, wss";
	else
		why = judge_address(text + strlen(scheme->prefix), scheme->may_have_path);
	if (!why)
		return true;
	text_add(complaint, "%s", why);
	return false;
}

bool shape_is_listen(const char *text, struct text *complaint)
{
	struct address ignored;

	if (address_parse(text, &ignored))
		return true;
	text_add(complaint,
		 "it must be a port, or an address of this machine and a port: "
		 "9478, 127.0.0.1:9478 or [::1]:9478");
	return false;
}

bool shape_is_token(const char *text, struct text *complaint)
{
	for (const char *s = text; *s; s++) {
		if (*s <= ' ' || *s > '~') {
			text_add(complaint, "a token is made of ASCII characters without "
					    "blanks");
			return false;
		}
	}
	return true;
}

bool shape_is_host(const char *text, struct text *complaint)
{
	for (const char *s = text; *s; s++) {
		if (!isascii((unsigned char)*s) ||
		    (!isalnum((unsigned char)*s) && !strchr("-.", *s))) {
			text_add(complaint,
				 "a name of a host is made of letters, digits, \"-\" "
				 "and \".\", and has no port");
			return false;
		}
	}
	return true;
}

bool shape_is_pin_name(const char *text, struct text *complaint)
{
	for (const char *s = text; *s; s++) {
		if (!isascii((unsigned char)*s) ||
		    (!isalnum((unsigned char)*s) && !strchr("_.-", *s))) {
			text_add(complaint,
				 "a name for a pin is made of letters, digits, "
				 "\"_\", \"-\" and \".\"");
			return false;
		}
	}
	return true;
}

void shape_make_id(const char *text, char *out, size_t size_bytes)
{
	size_t length = 0;

	for (const char *s = text; *s && length < size_bytes - 1; s++) {
		char c = (char)tolower((unsigned char)*s);
		bool is_good = isascii((unsigned char)c) && c && strchr(ID_CHARACTERS, c);

		if (is_good)
			out[length++] = c;
		else if (length > 0 && out[length - 1] != '-')
			out[length++] = '-';
	}
	while (length > 0 && out[length - 1] == '-')
		length--;
	if (length == 0)
		out[length++] = 'x';
	out[length] = '\0';
}
