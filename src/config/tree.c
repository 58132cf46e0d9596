/* SPDX-License-Identifier: MIT */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>

struct tree {
	void **blocks; /* owned: all nodes and texts */
	size_t num_blocks, max_blocks;
	const struct node *root; /* borrowed from blocks[] */
};

struct tree *tree_new(void)
{
	return calloc(1, sizeof(struct tree));
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->num_blocks; i++)
		free(tree->blocks[i]);
	free(tree->blocks);
	free(tree);
}

void *tree_keep(struct tree *tree, void *block)
{
	if (!block)
		return NULL;
	if (tree->num_blocks == tree->max_blocks) {
		size_t max_blocks = tree->max_blocks ? tree->max_blocks * 2 : 64;
		void **blocks = realloc(tree->blocks, max_blocks * sizeof(*blocks));

		if (!blocks) {
			free(block);
			return NULL;
		}
		tree->blocks = blocks;
		tree->max_blocks = max_blocks;
	}
	tree->blocks[tree->num_blocks++] = block;
	return block;
}

void tree_set_root(struct tree *tree, const struct node *root)
{
	tree->root = root;
}

const struct node *tree_root(const struct tree *tree)
{
	return tree->root;
}

const struct node *tree_find(const struct node *mapping, const char *key)
{
	if (!mapping || mapping->kind != NODE_MAPPING)
		return NULL;
	for (const struct node *node = mapping->first; node; node = node->next) {
		if (strcmp(node->key, key) == 0)
			return node;
	}
	return NULL;
}
