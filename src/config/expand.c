/* SPDX-License-Identifier: MIT */
#include "config/expand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, MAX_NAME = 64 };

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* The closing brace that belongs to the "${" before `s`; `end` where there is none. */
static const char *find_close(const char *s, const char *end)
{
	unsigned depth = 0;

	for (; s < end; s++) {
		if (*s == '}' && depth-- == 0)
			return s;
		if (*s == '$' && end - s > 1 && s[1] == '{')
			depth++;
	}
	return end;
}

struct expansion {
	char *out; /* owned; ends with a NUL beyond num_bytes */
	size_t num_bytes, room_bytes;
	struct text *complaint;
};

static int grow(struct expansion *expansion, size_t wanted_bytes)
{
	if (wanted_bytes <= expansion->room_bytes)
		return 0;

	size_t room_bytes = wanted_bytes * 2;
	char *out = realloc(expansion->out, room_bytes);

	if (!out)
		return -ENOMEM;
	expansion->out = out;
	expansion->room_bytes = room_bytes;
	return 0;
}

static int put(struct expansion *expansion, const char *bytes, size_t num_bytes)
{
	size_t num_all = expansion->num_bytes + num_bytes;

	if (num_all > EXPAND_MAX_BYTES) {
		text_add(expansion->complaint, "becomes longer than %d bytes",
			 EXPAND_MAX_BYTES);
		return -EINVAL;
	}
	if (grow(expansion, num_all + 1) < 0)
		return -ENOMEM;
	memcpy(expansion->out + expansion->num_bytes, bytes, num_bytes);
	expansion->num_bytes = num_all;
	expansion->out[num_all] = '\0';
	return 0;
}

static int expand_range(struct expansion *expansion, const char *s, const char *end,
			unsigned depth);

/* name..end: what stands between the braces. */
static int expand_variable(struct expansion *expansion, const char *inside,
			   const char *end, unsigned depth)
{
	char name[MAX_NAME + 1];
	size_t length = 0;

	while (inside + length < end && is_name_char(inside[length]))
		length++;

	const char *rest = inside + length;
	bool is_plain = rest == end;
	bool has_operator =
		end - rest >= 2 && rest[0] == ':' && (rest[1] == '-' || rest[1] == '?');

	if (length == 0 || length > MAX_NAME || (*inside >= '0' && *inside <= '9') ||
	    (!is_plain && !has_operator)) {
		text_add(expansion->complaint,
			 "has a \"${...}\" that is none of ${NAME}, ${NAME:-default} and "
			 "${NAME:?message}; write $${ for a plain ${");
		return -EINVAL;
	}
	memcpy(name, inside, length);
	name[length] = '\0';

	const char *value = getenv(name);

	if (value && (is_plain || *value))
		return put(expansion, value, strlen(value));
	if (has_operator && rest[1] == '-')
		return expand_range(expansion, rest + 2, end, depth + 1);
	text_add(expansion->complaint, "needs the environment variable %s, which is %s",
		 name, value ? "empty" : "not set");
	if (has_operator && end - rest > 2)
		text_add(expansion->complaint, ": %.*s", (int)(end - rest - 2), rest + 2);
	else if (!has_operator)
		text_add(expansion->complaint, "; ${%s:-default} would give it a default",
			 name);
	return -EINVAL;
}

static int expand_range(struct expansion *expansion, const char *s, const char *end,
			unsigned depth)
{
	int result = 0;

	if (depth > MAX_DEPTH) {
		text_add(expansion->complaint,
			 "has variables inside variables, deeper than %d", MAX_DEPTH);
		return -EINVAL;
	}
	while (s < end && result == 0) {
		if (end - s >= 3 && strncmp(s, "$${", 3) == 0) {
			result = put(expansion, "${", 2);
			s += 3;
		} else if (end - s >= 2 && strncmp(s, "${", 2) == 0) {
			const char *close = find_close(s + 2, end);

			if (close == end) {
				text_add(
					expansion->complaint,
					"has a \"${\" without its \"}\"; write $${ for a "
					"plain ${");
				return -EINVAL;
			}
			result = expand_variable(expansion, s + 2, close, depth);
			s = close + 1;
		} else {
			result = put(expansion, s++, 1);
		}
	}
	return result;
}

int expand_text(const char *text, struct text *complaint, char **out)
{
	struct expansion expansion = { .complaint = complaint };
	int result = grow(&expansion, strlen(text) + 1);

	if (result < 0)
		return result;
	expansion.out[0] = '\0';
	result = expand_range(&expansion, text, text + strlen(text), 0);
	if (result < 0) {
		free(expansion.out);
		return result;
	}
	*out = expansion.out;
	return 0;
}
