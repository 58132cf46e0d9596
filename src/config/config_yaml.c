/* SPDX-License-Identifier: MIT */
#include "config/config_yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
	const char *name; /* borrowed from the tree */
	const struct node *node;
};

struct parser {
	yaml_parser_t yaml;
	struct tree *tree;
	struct config_errors *errors;
	const char *data;
	size_t num_bytes;
	struct anchor anchors[CONFIG_MAX_ANCHORS];
	size_t num_anchors;
	size_t num_nodes;
};

static struct config_place place_of(yaml_mark_t mark)
{
	return (struct config_place){ .line = (unsigned)mark.line + 1,
				      .column = (unsigned)mark.column + 1 };
}

static struct config_place place_of_offset(const struct parser *parser, size_t offset)
{
	struct config_place place = { .line = 1, .column = 1 };

	for (size_t i = 0; i < offset && i < parser->num_bytes; i++) {
		if (parser->data[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)parser->data[i] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

/* The byte that libyaml stopped at; its marks count characters. */
static char stop_byte(const struct parser *parser)
{
	size_t num_left = parser->yaml.problem_mark.index;

	for (size_t i = 0; i < parser->num_bytes; i++) {
		if (((unsigned char)parser->data[i] & 0xc0) != 0x80 && num_left-- == 0)
			return parser->data[i];
	}
	return '\0';
}

/* What usually is behind a message of libyaml. */
static const char *hint_for(const struct parser *parser, const char *problem)
{
	if (strstr(problem, "cannot start any token"))
		return stop_byte(parser) == '\t' ? " (a tab: indent with spaces)"
						 : " (put the value in quotes)";
	if (strstr(problem, "mapping values are not allowed"))
		return " (wrong indentation, or a \": \" in a text that needs quotes)";
	if (strstr(problem, "did not find expected key") ||
	    strstr(problem, "did not find expected '-'"))
		return " (wrong indentation?)";
	if (strstr(problem, "could not find expected ':'"))
		return " (a key without its colon, or a text that needs quotes)";
	return "";
}

static int report_syntax(struct parser *parser)
{
	const yaml_parser_t *yaml = &parser->yaml;
	const char *problem = yaml->problem ? yaml->problem : "cannot be read";
	struct config_place place = place_of(yaml->problem_mark);
	struct config_place none = { 0 };

	switch (yaml->error) {
	case YAML_MEMORY_ERROR:
		return -ENOMEM;
	case YAML_READER_ERROR:
		place = place_of_offset(parser, yaml->problem_offset);
		config_errors_add(
			parser->errors, place, "",
			"%s: the file must be UTF-8 text without control characters",
			problem);
		return -EINVAL;
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
		if (yaml->context && yaml->context_mark.line != yaml->problem_mark.line)
			config_errors_add(parser->errors, place, "",
					  "no valid YAML: %s %s that begins in line %u%s",
					  problem, yaml->context,
					  place_of(yaml->context_mark).line,
					  hint_for(parser, problem));
		else
			config_errors_add(parser->errors, place, "",
					  "no valid YAML: %s%s", problem,
					  hint_for(parser, problem));
		return -EINVAL;
	default:
		config_errors_add(parser->errors, none, "", "no valid YAML: %s", problem);
		return -EINVAL;
	}
}

static int next_event(struct parser *parser, yaml_event_t *out)
{
	return yaml_parser_parse(&parser->yaml, out) ? 0 : report_syntax(parser);
}

static int count_nodes(struct parser *parser, struct config_place place, size_t num_nodes)
{
	parser->num_nodes += num_nodes;
	if (parser->num_nodes <= CONFIG_MAX_NODES)
		return 0;
	config_errors_add(parser->errors, place, "",
			  "more than %d values, those that aliases repeat included",
			  CONFIG_MAX_NODES);
	return -EINVAL;
}

static struct node *new_node(struct parser *parser, const yaml_event_t *event,
			     enum node_kind kind)
{
	struct node *node = tree_keep(parser->tree, calloc(1, sizeof(*node)));

	if (!node)
		return NULL;
	node->kind = kind;
	node->place = place_of(event->start_mark);
	node->num_nodes = 1;
	node->text = "";
	return node;
}

static int add_anchor(struct parser *parser, const yaml_char_t *name,
		      const struct node *node)
{
	if (!name)
		return 0;
	if (parser->num_anchors == CONFIG_MAX_ANCHORS) {
		config_errors_add(parser->errors, node->place, "",
				  "more than %d anchors (&)", CONFIG_MAX_ANCHORS);
		return -EINVAL;
	}

	char *copy = tree_keep(parser->tree, strdup((const char *)name));

	if (!copy)
		return -ENOMEM;
	parser->anchors[parser->num_anchors++] =
		(struct anchor){ .name = copy, .node = node };
	return 0;
}

/* True where the tag says nothing that the value does not say itself. */
static bool is_tag_known(const yaml_char_t *tag, enum node_kind kind)
{
	static const char *const core[] = { CORE_TAG "str", CORE_TAG "seq",
					    CORE_TAG "map" };
	const char *name = (const char *)tag;

	return !name || strcmp(name, "!") == 0 || strcmp(name, core[kind]) == 0;
}

/* Without naming it: it may be a password that begins with "!". */
static void report_tag(struct parser *parser, const struct node *node)
{
	config_errors_add(
		parser->errors, node->place, "",
		"the only tag (!) is !secret NAME; a text that begins with ! needs "
		"quotes");
}

static int make_text(struct parser *parser, const yaml_event_t *event, struct node **out)
{
	const char *tag = (const char *)event->data.scalar.tag;
	struct node *node = new_node(parser, event, NODE_TEXT);

	if (!node)
		return -ENOMEM;
	/* libyaml ends each scalar with a NUL. */
	node->text =
		tree_keep(parser->tree, strdup((const char *)event->data.scalar.value));
	if (!node->text)
		return -ENOMEM;
	if (strlen(node->text) != event->data.scalar.length)
		config_errors_add(parser->errors, node->place, "",
				  "a value must not hold a NUL character");
	node->is_secret = tag && strcmp(tag, "!secret") == 0;
	node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tag;
	if (!node->is_secret && !is_tag_known(event->data.scalar.tag, NODE_TEXT))
		report_tag(parser, node);
	*out = node;
	return add_anchor(parser, event->data.scalar.anchor, node);
}

static int make_alias(struct parser *parser, const yaml_event_t *event, struct node **out)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct node *copy = new_node(parser, event, NODE_TEXT);

	if (!copy)
		return -ENOMEM;
	for (size_t i = parser->num_anchors; i-- > 0;) {
		const struct anchor *anchor = &parser->anchors[i];

		if (strcmp(anchor->name, name) != 0)
			continue;
		if (anchor->node->is_open) {
			config_errors_add(
				parser->errors, copy->place, "",
				"an alias (*) stands inside the value that it repeats");
			return -EINVAL;
		}

		struct config_place place = copy->place;

		*copy = *anchor->node;
		copy->place = place;
		copy->key = NULL;
		copy->next = NULL;
		*out = copy;
		return count_nodes(parser, place, copy->num_nodes - 1);
	}
	config_errors_add(
		parser->errors, copy->place, "",
		"an alias (*) of an anchor that is not there; a text that begins "
		"with * needs quotes");
	return -EINVAL;
}

static int parse_node(struct parser *parser, const yaml_event_t *event, unsigned depth,
		      struct node **out);

static bool is_end(const yaml_event_t *event)
{
	return event->type == YAML_SEQUENCE_END_EVENT ||
	       event->type == YAML_MAPPING_END_EVENT;
}

/* The next value inside a list or mapping; *out is NULL at its end. */
static int parse_next(struct parser *parser, unsigned depth, struct node **out)
{
	yaml_event_t event;
	int result = next_event(parser, &event);

	*out = NULL;
	if (result < 0)
		return result;
	if (!is_end(&event))
		result = parse_node(parser, &event, depth, out);
	yaml_event_delete(&event);
	return result;
}

/* Whether the value may stand under this key; says why not. */
static bool is_key_good(struct parser *parser, const struct node *key)
{
	if (key->kind != NODE_TEXT || key->is_secret) {
		config_errors_add(parser->errors, key->place, "", "a key must be a text");
		return false;
	}
	if (key->is_plain && strcmp(key->text, "<<") == 0) {
		config_errors_add(parser->errors, key->place, "",
				  "merge keys (<<) are not supported: repeat the keys");
		return false;
	}
	return true;
}

static int parse_children(struct parser *parser, struct node *node, unsigned depth)
{
	const struct node **link = &node->first;
	struct node *key = NULL, *child;

	for (;;) {
		if (node->kind == NODE_MAPPING) {
			int result = parse_next(parser, depth, &key);

			if (result < 0 || !key)
				return result;
		}

		int result = parse_next(parser, depth, &child);

		if (result < 0 || !child)
			return result;
		if (key && !is_key_good(parser, key)) {
			node->is_incomplete = true;
			continue;
		}
		child->key = key ? key->text : NULL;
		child->key_place = key ? key->place : child->place;
		node->num_nodes += child->num_nodes + (key ? 1 : 0);
		node->num_children++;
		*link = child;
		link = &child->next;
	}
}

static int make_collection(struct parser *parser, const yaml_event_t *event,
			   unsigned depth, struct node **out)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	enum node_kind kind = is_list ? NODE_LIST : NODE_MAPPING;
	struct node *node = new_node(parser, event, kind);
	const yaml_char_t *anchor, *tag;

	if (!node)
		return -ENOMEM;
	anchor = is_list ? event->data.sequence_start.anchor
			 : event->data.mapping_start.anchor;
	tag = is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
	if (!is_tag_known(tag, kind))
		report_tag(parser, node);
	if (depth >= CONFIG_MAX_DEPTH) {
		config_errors_add(parser->errors, node->place, "",
				  "lists and mappings in each other, deeper than %d",
				  CONFIG_MAX_DEPTH);
		return -EINVAL;
	}

	int result = add_anchor(parser, anchor, node);

	if (result < 0)
		return result;
	node->is_open = true;
	result = parse_children(parser, node, depth + 1);
	node->is_open = false;
	*out = node;
	return result;
}

static int parse_node(struct parser *parser, const yaml_event_t *event, unsigned depth,
		      struct node **out)
{
	int result = count_nodes(parser, place_of(event->start_mark), 1);

	if (result < 0)
		return result;
	if (event->type == YAML_SCALAR_EVENT)
		return make_text(parser, event, out);
	if (event->type == YAML_ALIAS_EVENT)
		return make_alias(parser, event, out);
	return make_collection(parser, event, depth, out);
}

/* Takes the next event, which must be of this type (or is one that ends the stream). */
static int skip_event(struct parser *parser, yaml_event_type_t *type_out,
		      struct config_place *place_out)
{
	yaml_event_t event;
	int result = next_event(parser, &event);

	if (result < 0)
		return result;
	*type_out = event.type;
	*place_out = place_of(event.start_mark);
	yaml_event_delete(&event);
	return 0;
}

static int parse_document(struct parser *parser)
{
	struct config_place place = { 0 };
	struct node *root = NULL;
	yaml_event_type_t type;
	int result = skip_event(parser, &type, &place); /* the stream's start */

	if (result == 0)
		result = skip_event(parser, &type, &place);
	if (result < 0)
		return result;
	if (type == YAML_STREAM_END_EVENT) {
		config_errors_add(parser->errors, (struct config_place){ 0 }, "",
				  "the file is empty");
		return -EINVAL;
	}
	result = parse_next(parser, 0, &root);
	if (result == 0)
		result = skip_event(parser, &type, &place); /* the document's end */
	if (result == 0)
		result = skip_event(parser, &type, &place);
	if (result < 0)
		return result;
	if (type != YAML_STREAM_END_EVENT) {
		config_errors_add(parser->errors, place, "",
				  "a second document (---): a file holds only one");
		return -EINVAL;
	}
	tree_set_root(parser->tree, root);
	return 0;
}

/* What libyaml would take and we do not. */
static int check_bytes(const char *data, size_t num_bytes, struct config_errors *errors)
{
	struct config_place none = { 0 };
	bool is_utf16 = num_bytes >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 ||
					   memcmp(data, "\xfe\xff", 2) == 0);

	if (num_bytes > CONFIG_MAX_BYTES)
		config_errors_add(errors, none, "", "the file is larger than 1MiB");
	else if (is_utf16)
		config_errors_add(errors, none, "",
				  "the file is UTF-16: save it as UTF-8");
	else
		return 0;
	return -EINVAL;
}

int config_yaml_parse(const char *data, size_t num_bytes, struct config_errors *errors,
		      struct tree **out)
{
	int result = check_bytes(data, num_bytes, errors);

	if (result < 0)
		return result;

	struct parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return -ENOMEM;
	parser->errors = errors;
	parser->data = data;
	parser->num_bytes = num_bytes;
	result = -ENOMEM;
	parser->tree = tree_new();
	if (!parser->tree)
		goto free_parser;
	if (!yaml_parser_initialize(&parser->yaml))
		goto free_tree;
	yaml_parser_set_input_string(&parser->yaml, (const unsigned char *)data,
				     num_bytes);
	result = parse_document(parser);
	yaml_parser_delete(&parser->yaml);
	if (result < 0)
		goto free_tree;
	*out = parser->tree;
	free(parser);
	return 0;

free_tree:
	tree_free(parser->tree);
free_parser:
	free(parser);
	return result;
}

const char *config_yaml_version(void)
{
	return yaml_get_version_string();
}
