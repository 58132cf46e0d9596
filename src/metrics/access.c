/* SPDX-License-Identifier: MIT */
#include "metrics/access.h"

#include <string.h>
#include <strings.h>

#include "base/address.h"

enum { MAX_HOST = 255 };

/* Takes the port off, and the brackets of an IPv6 address. False: this is no host. */
static bool split_host(const char *host, char out[MAX_HOST + 1])
{
	size_t length = strcspn(host, host[0] == '[' ? "]" : ":");
	const char *port = host + length;

	if (host[0] == '[') {
		if (*port++ != ']')
			return false;
		host++;
		length--;
	}
	if (*port != '\0' && (*port != ':' || strlen(port) > strlen(":65535") ||
			      port[1 + strspn(port + 1, "0123456789")] != '\0'))
		return false;
	if (length == 0 || length > MAX_HOST)
		return false;
	memcpy(out, host, length);
	/* A name may end in the dot of the root. */
	if (out[length - 1] == '.')
		length--;
	out[length] = '\0';
	return length > 0;
}

static bool is_machine(const char *machine, const char *host)
{
	size_t length = machine ? strcspn(machine, ".") : 0;

	if (length == 0)
		return false;
	return strcasecmp(host, machine) == 0 ||
	       (strncasecmp(host, machine, length) == 0 &&
		(host[length] == '\0' || strcasecmp(host + length, ".local") == 0));
}

bool access_is_our_host(const struct access_rules *rules, const char *host)
{
	char name[MAX_HOST + 1];

	if (!host || !split_host(host, name))
		return false;
	if (address_is_literal(name) || strcasecmp(name, "localhost") == 0 ||
	    is_machine(rules->machine, name))
		return true;
	for (size_t i = 0; i < rules->num_hosts; i++) {
		if (strcasecmp(rules->hosts[i], name) == 0)
			return true;
	}
	return false;
}

bool access_has_token(const struct access_rules *rules, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	const char *shown;
	unsigned char difference = 0;
	size_t length;

	if (!rules->token)
		return true;
	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return false;
	shown = authorization + strlen(scheme);
	length = strlen(rules->token);
	if (strlen(shown) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		difference |= (unsigned char)(shown[i] ^ rules->token[i]);
	return difference == 0;
}
