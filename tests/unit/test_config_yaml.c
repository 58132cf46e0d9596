/* SPDX-License-Identifier: MIT */
#include "config/config_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_test.h"

/* The first error of a text that is refused: "LINE:COLUMN TEXT". */
static void expect_bytes(const char *data, size_t num_bytes, const char *wanted)
{
	struct config_errors errors = { 0 };
	struct tree *tree = NULL;
	char told[512];
	int result = config_yaml_parse(data, num_bytes, &errors, &tree);

	assert_true(errors.num_errors > 0);
	assert_int_equal(tree != NULL, result == 0);
	snprintf(told, sizeof(told), "%u:%u %s", errors.items[0].line,
		 errors.items[0].column, errors.items[0].text);
	assert_string_equal(told, wanted);
	tree_free(tree);
	config_errors_finish(&errors);
}

static void expect(const char *yaml, const char *wanted)
{
	expect_bytes(yaml, strlen(yaml), wanted);
}

static struct tree *parse(const char *yaml)
{
	struct config_errors errors = { 0 };
	struct tree *tree = NULL;

	assert_int_equal(config_yaml_parse(yaml, strlen(yaml), &errors, &tree), 0);
	assert_int_equal(errors.num_items, 0);
	return tree;
}

static void values_know_their_places_and_quotes(void **state)
{
	struct tree *tree = parse("a: 'x'\n"
				  "k\xc3\xbc"
				  "che: {b: [1, !secret pw]}\n");
	const struct node *root = tree_root(tree);
	const struct node *a = tree_find(root, "a");
	const struct node *list = tree_find(root->first->next, "b");

	(void)state;
	assert_int_equal(root->kind, NODE_MAPPING);
	assert_int_equal(root->num_children, 2);
	assert_string_equal(a->text, "x");
	assert_false(a->is_plain);
	assert_int_equal(a->place.line, 1);
	assert_int_equal(a->place.column, 4);
	assert_int_equal(a->key_place.column, 1);
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->place.line, 2);
	/* In characters, as editors count. */
	assert_int_equal(list->place.column, 12);
	assert_true(list->first->is_plain);
	assert_true(list->first->next->is_secret);
	assert_string_equal(list->first->next->text, "pw");
	tree_free(tree);
}

static void aliases_repeat_values_at_their_own_place(void **state)
{
	struct tree *tree = parse("a: &x {b: 1}\nc: *x\n");
	const struct node *c = tree_find(tree_root(tree), "c");

	(void)state;
	assert_int_equal(c->kind, NODE_MAPPING);
	assert_int_equal(c->place.line, 2);
	assert_string_equal(tree_find(c, "b")->text, "1");
	assert_int_equal(tree_find(c, "b")->place.line, 1);
	tree_free(tree);
}

static void what_is_no_yaml_is_told_with_what_is_behind_it(void **state)
{
	(void)state;
	expect("", "0:0 the file is empty");
	expect("# only a comment\n", "0:0 the file is empty");
	expect("a: 1\n---\nb: 2\n", "2:1 a second document (---): a file holds only one");
	expect("a:\n\tb: 1\n",
	       "2:1 no valid YAML: found character that cannot start any token (a tab: "
	       "indent with spaces)");
	expect("a: @b\n",
	       "1:4 no valid YAML: found character that cannot start any token (put the "
	       "value in quotes)");
	expect("name: a: b\n",
	       "1:8 no valid YAML: mapping values are not allowed in this context (wrong "
	       "indentation, or a \": \" in a text that needs quotes)");
	expect("a: 1\nb\nc: 2\n",
	       "3:1 no valid YAML: could not find expected ':' while scanning a simple "
	       "key "
	       "that begins in line 2 (a key without its colon, or a text that needs "
	       "quotes)");
	expect("a: [1\nb: 2\n",
	       "2:2 no valid YAML: did not find expected ',' or ']' while parsing a flow "
	       "sequence that begins in line 1");
	expect("a: 1\n  b: 2\n",
	       "2:4 no valid YAML: mapping values are not allowed in this context (wrong "
	       "indentation, or a \": \" in a text that needs quotes)");
}

static void what_is_no_utf8_is_told_with_its_place(void **state)
{
	(void)state;
	expect("a: 1\nname: K\xfc"
	       "che\n",
	       "2:8 invalid leading UTF-8 octet: the file must be UTF-8 text without "
	       "control "
	       "characters");
	expect("a: \x01\n", "1:4 control characters are not allowed: the file must be "
			    "UTF-8 text without "
			    "control characters");
	expect_bytes("\xff\xfe"
		     "a\0:\0",
		     6, "0:0 the file is UTF-16: save it as UTF-8");
	expect_bytes(
		"a\0b", 3,
		"1:2 control characters are not allowed: the file must be UTF-8 text "
		"without control characters");
	expect("a: \"x\\0y\"\n", "1:4 a value must not hold a NUL character");
}

/* What stands in them may be a secret that lacks its quotes. */
static void messages_repeat_no_values(void **state)
{
	(void)state;
	expect("password: *hunter2\n", "1:11 an alias (*) of an anchor that is not "
				       "there; a text that begins with * "
				       "needs quotes");
	expect("password: !hunter2\n",
	       "1:11 the only tag (!) is !secret NAME; a text that begins with ! needs "
	       "quotes");
	expect("password: !!binary aHVudGVyMg==\n",
	       "1:11 the only tag (!) is !secret NAME; a text that begins with ! needs "
	       "quotes");
}

static void keys_are_texts_and_are_not_merged(void **state)
{
	(void)state;
	expect("? [a]\n: b\n", "1:3 a key must be a text");
	expect("!secret a: b\n", "1:1 a key must be a text");
	expect("a: &x {b: 1}\nc:\n  <<: *x\n",
	       "3:3 merge keys (<<) are not supported: repeat the keys");
}

static void aliases_are_bounded(void **state)
{
	static const char bomb[] = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
				   "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
				   "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
				   "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
				   "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
				   "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";

	(void)state;
	expect(bomb, "5:29 more than 100000 values, those that aliases repeat included");
	expect("a: &x [*x]\n",
	       "1:8 an alias (*) stands inside the value that it repeats");
}

static void depth_size_and_anchors_are_bounded(void **state)
{
	size_t num_bytes = CONFIG_MAX_BYTES + 1;
	char *large = malloc(num_bytes), *anchors = NULL;
	FILE *stream = open_memstream(&anchors, &num_bytes);

	(void)state;
	expect("a: [[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]\n",
	       "1:19 lists and mappings in each other, deeper than 16");
	memset(large, '\n', CONFIG_MAX_BYTES + 1);
	expect_bytes(large, CONFIG_MAX_BYTES + 1, "0:0 the file is larger than 1MiB");
	free(large);
	for (int i = 0; i < CONFIG_MAX_ANCHORS + 1; i++)
		fprintf(stream, "- &a%d x\n", i);
	fclose(stream);
	expect(anchors, "257:3 more than 256 anchors (&)");
	free(anchors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_know_their_places_and_quotes),
		cmocka_unit_test(aliases_repeat_values_at_their_own_place),
		cmocka_unit_test(what_is_no_yaml_is_told_with_what_is_behind_it),
		cmocka_unit_test(what_is_no_utf8_is_told_with_its_place),
		cmocka_unit_test(messages_repeat_no_values),
		cmocka_unit_test(keys_are_texts_and_are_not_merged),
		cmocka_unit_test(aliases_are_bounded),
		cmocka_unit_test(depth_size_and_anchors_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
