/* SPDX-License-Identifier: MIT */
/* What a YAML text says: values in lists and mappings, each with its place.
 *
 * Memory:  the tree owns all its nodes and texts; tree_free() frees them.
 * Threads: one owner while it is built; any may read it.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "config/errors.h"

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAPPING };
enum { NUM_NODE_KINDS = NODE_MAPPING + 1 };

struct node {
	enum node_kind kind;
	struct config_place place;
	bool is_plain; /* TEXT: without quotes, so that null means null */
	bool is_secret; /* TEXT: tagged !secret; the text is the secret's name */
	bool is_incomplete; /* MAPPING: keys were left out after an error */
	bool is_open; /* its end is not yet read */
	const char
		*text; /* TEXT: never NULL, holds no NUL byte; borrowed from the tree */
	struct config_place key_place;
	const char *key; /* in a mapping, else NULL; borrowed from the tree */
	size_t num_nodes; /* this and all below */
	size_t num_children;
	const struct node *first; /* LIST, MAPPING; borrowed from the tree */
	const struct node *next; /* beside it in the same list or mapping */
};

struct tree;

/* NULL: no memory. */
struct tree *tree_new(void);
void tree_free(struct tree *tree);

/* Takes a block of the heap, NULL included, and gives it back; NULL where there was none or
 * no memory is left. */
void *tree_keep(struct tree *tree, void *block);

void tree_set_root(struct tree *tree, const struct node *root);
const struct node *tree_root(const struct tree *tree);

/* The first value of a key; NULL where `mapping` is NULL, no mapping or has no such key. */
const struct node *tree_find(const struct node *mapping, const char *key);

#endif
