/* SPDX-License-Identifier: MIT */
#include "metrics/page.h"

#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "unit/cmocka_test.h"

enum { GZIP_HEADER_BYTES = 10, MAX_BYTES = 100000 };

static const char *const names[] = {
#define PAGE_FILE(symbol, name, file, type) name,
#include "metrics/page.def"
#undef PAGE_FILE
};

static void the_page_is_below_100_kb(void **state)
{
	size_t num_bytes = 0;

	(void)state;
	for (size_t i = 0; i < array_length(names); i++) {
		struct page_file file;

		assert_true(page_find(names[i], &file));
		num_bytes += file.num_bytes;
	}
	assert_in_range(num_bytes, 20000, MAX_BYTES);
}

static void its_files_are_compressed_and_tell_no_time(void **state)
{
	/* Magic, deflate, no name or comment; and no time, so that builds are alike. */
	static const unsigned char header[GZIP_HEADER_BYTES - 2] = { 0x1f, 0x8b, 8 };

	(void)state;
	for (size_t i = 0; i < array_length(names); i++) {
		struct page_file file;

		assert_true(page_find(names[i], &file));
		assert_true(file.num_bytes > GZIP_HEADER_BYTES);
		assert_memory_equal(file.data, header, sizeof(header));
	}
}

static void files_have_tags_of_their_own(void **state)
{
	struct page_file page, other;

	(void)state;
	assert_true(page_find("", &page));
	assert_true(page_find("main.js", &other));
	assert_string_not_equal(page.tag, other.tag);
	assert_int_equal(page.tag[0], '"');
	assert_int_equal(page.tag[strlen(page.tag) - 1], '"');
}

static void a_copy_is_known_by_its_tag(void **state)
{
	struct page_file file;
	char header[4 * PAGE_MAX_TAG];

	(void)state;
	assert_true(page_find("", &file));
	assert_false(page_is_known(&file, NULL));
	assert_false(page_is_known(&file, ""));
	assert_false(page_is_known(&file, "\"00000000-1\""));
	assert_true(page_is_known(&file, file.tag));
	snprintf(header, sizeof(header), "\"other\", W/%s", file.tag);
	assert_true(page_is_known(&file, header));
}

static void there_is_no_other_file(void **state)
{
	static const char *const wrong[] = { "index.html", "main.js.gz", "MAIN.js", "/",
					     "." };
	struct page_file file;

	(void)state;
	for (size_t i = 0; i < array_length(wrong); i++)
		assert_false(page_find(wrong[i], &file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_is_below_100_kb),
		cmocka_unit_test(its_files_are_compressed_and_tell_no_time),
		cmocka_unit_test(files_have_tags_of_their_own),
		cmocka_unit_test(a_copy_is_known_by_its_tag),
		cmocka_unit_test(there_is_no_other_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
