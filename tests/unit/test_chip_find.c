/* SPDX-License-Identifier: MIT */
/* The search for a pin, over chips of our own in a folder of our own. */
#include "gpio/chip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/text.h"
#include "unit/cmocka_test.h"

struct fake_line {
	const char *name;
	const char *consumer; /* NULL: nobody uses it */
	bool is_output;
};

struct fake_chip {
	const char *device;
	const char *name;
	const char *label;
	int error; /* of opening it */
	struct fake_line lines[3];
};

static const struct fake_chip chips[] = {
	{ "gpiochip0",
	  "gpiochip0",
	  "pinctrl-rp1",
	  0,
	  { { "ID_SDA", NULL, false },
	    { "GPIO4", "spi0 CS0", false },
	    { "", "", false } } },
	{ "gpiochip2",
	  "gpiochip2",
	  "expander",
	  0,
	  { { "GPIO17", NULL, true },
	    { "TWICE", NULL, false },
	    { "2/x/3", NULL, false } } },
	{ "gpiochip10",
	  "gpiochip10",
	  "expander",
	  0,
	  { { "TWICE", NULL, false }, { "", NULL, false }, { "", NULL, false } } },
	{ "gpiochip11", "", "", -EACCES, { { "", NULL, false } } },
	{ "gpiochip12", "", "", -ENOTTY, { { "", NULL, false } } },
};

static char folder[] = "/tmp/test_chip_find.XXXXXX";

static int fake_open(const char *path, struct chip **out, struct chip_facts *facts_out)
{
	const char *device = strrchr(path, '/') + 1;

	if (access(path, F_OK) != 0)
		return -errno;
	for (size_t i = 0; i < array_length(chips); i++) {
		if (strcmp(chips[i].device, device) != 0)
			continue;
		*facts_out = (struct chip_facts){ .num_lines = 3 };
		(void)text_copy(facts_out->name, sizeof(facts_out->name), chips[i].name);
		(void)text_copy(facts_out->label, sizeof(facts_out->label),
				chips[i].label);
		*out = (struct chip *)&chips[i];
		return chips[i].error;
	}
	return -ENOTTY;
}

static void fake_close(struct chip *chip)
{
	(void)chip;
}

static int fake_read_line(struct chip *chip, uint32_t line_offset, struct chip_line *out)
{
	const struct fake_line *line =
		&((const struct fake_chip *)chip)->lines[line_offset];

	*out = (struct chip_line){
		.is_used = line->consumer != NULL,
		.is_output = line->is_output,
	};
	(void)text_copy(out->name, sizeof(out->name), line->name);
	(void)text_copy(out->consumer, sizeof(out->consumer),
			line->consumer ? line->consumer : "");
	return 0;
}

static const struct chip_ops ops = {
	.open = fake_open,
	.close = fake_close,
	.read_line = fake_read_line,
};

static void path_of(const char *device, char out[128])
{
	(void)snprintf(out, 128, "%s/%s", folder, device);
}

/* Plugs the chips in that the test wants. */
static void plug(const char *const *devices)
{
	for (size_t i = 0; i < array_length(chips); i++) {
		char path[128];

		path_of(chips[i].device, path);
		unlink(path);
	}
	for (; *devices; devices++) {
		char path[128];

		path_of(*devices, path);
		int fd = open(path, O_CREAT | O_WRONLY, 0660);

		assert_true(fd >= 0);
		close(fd);
	}
}

static const char *const two[] = { "gpiochip0", "gpiochip2", NULL };
static const char *const three[] = { "gpiochip0", "gpiochip2", "gpiochip10", NULL };
static const char *const with_closed[] = { "gpiochip0", "gpiochip11", NULL };
static const char *const none[] = { NULL };

static void assert_found(const char *pin, const char *device, uint32_t line_offset)
{
	struct line_place place = { 0 };
	char reason[LINE_MAX_REASON], path[128];

	if (chip_find_pin(&ops, folder, pin, &place, reason))
		fail_msg("%s: %s", pin, reason);
	path_of(device, path);
	assert_string_equal(place.chip, path);
	assert_int_equal(place.line_offset, line_offset);
}

static void assert_not_found(const char *pin, int error, const char *expected)
{
	struct line_place place = { 0 };
	char reason[LINE_MAX_REASON];

	assert_int_equal(chip_find_pin(&ops, folder, pin, &place, reason), error);
	if (!strstr(reason, expected))
		fail_msg("%s: \"%s\", not \"%s\"", pin, reason, expected);
}

static void a_line_is_found_by_its_name_on_any_chip(void **state)
{
	struct line_place place = { 0 };
	char reason[LINE_MAX_REASON];

	(void)state;
	plug(two);
	assert_found("GPIO4", "gpiochip0", 1);
	assert_found("GPIO17", "gpiochip2", 0);
	assert_int_equal(chip_find_pin(&ops, folder, "GPIO4", &place, reason), 0);
	assert_string_equal(place.label, "pinctrl-rp1");
	assert_string_equal(place.name, "GPIO4");
	assert_not_found(
		"GPIO5", -ENOENT,
		"no line \"GPIO5\"; the chips are gpiochip0 (pinctrl-rp1), gpiochip2 "
		"(expander)");
}

static void an_ambiguous_name_lists_the_candidates(void **state)
{
	(void)state;
	plug(three);
	assert_not_found("TWICE", -ENOTUNIQ,
			 "\"TWICE\" is the name of 2 lines: gpiochip2/1 (expander), "
			 "gpiochip10/0 (expander)");
	assert_not_found("expander/0", -ENOTUNIQ,
			 "\"expander\" is the label of 2 chips: gpiochip2 (expander), "
			 "gpiochip10 (expander)");
}

static void a_chip_is_found_by_name_label_path_and_link(void **state)
{
	char path[128], pin[160];

	(void)state;
	plug(two);
	assert_found("gpiochip2/2", "gpiochip2", 2);
	assert_found("expander/1", "gpiochip2", 1);
	path_of("gpiochip0", path);
	(void)snprintf(pin, sizeof(pin), "%s/2", path);
	assert_found(pin, "gpiochip0", 2);

	char link_path[128];

	path_of("gpiochip4", link_path);
	assert_int_equal(symlink(path, link_path), 0);
	assert_found("gpiochip4/1", "gpiochip0", 1);
	(void)snprintf(pin, sizeof(pin), "%s/1", link_path);
	assert_found(pin, "gpiochip0", 1);
	/* The link makes no name ambiguous. */
	assert_found("GPIO4", "gpiochip0", 1);
	unlink(link_path);
}

static void a_chip_or_offset_that_is_not_there_is_said(void **state)
{
	(void)state;
	plug(two);
	assert_not_found("gpiochip0/3", -ENOENT,
			 "gpiochip0 (pinctrl-rp1) has 3 lines, 0 to 2: there is no line "
			 "3");
	assert_not_found("gpiochip7/3", -ENODEV,
			 "no chip \"gpiochip7\"; the chips are gpiochip0 (pinctrl-rp1), "
			 "gpiochip2 (expander)");
	assert_not_found("/dev/nowhere/3", -ENODEV,
			 "/dev/nowhere: No such file or directory");
	assert_not_found("/dev/null/3", -ENODEV, "/dev/null is no GPIO chip");
	/* No offset: a line's name. */
	assert_not_found("4", -ENOENT, "a number alone is no pin: GPIO4, or CHIP/4");
	assert_not_found("gpiochip0/x", -ENOENT, "no line \"gpiochip0/x\"");
	assert_not_found("gpiochip0/", -ENOENT, "no line \"gpiochip0/\"");
	assert_not_found("gpiochip0/9999999999", -ENOENT, "no line");
}

static void without_any_chip_the_reason_says_what_that_means(void **state)
{
	(void)state;
	plug(none);
	assert_not_found("GPIO4", -ENODEV, "there is no GPIO chip");
	assert_not_found("gpiochip0/4", -ENODEV, "--device /dev/gpiochip0");
}

static void a_chip_that_may_not_be_opened_matters_only_if_nothing_is_found(void **state)
{
	char path[128];

	(void)state;
	plug(with_closed);
	assert_found("GPIO4", "gpiochip0", 1);
	assert_not_found("GPIO17", -EACCES,
			 "no line \"GPIO17\" on gpiochip0 (pinctrl-rp1), and");
	path_of("gpiochip11", path);
	assert_not_found("GPIO17", -EACCES, path);
	assert_not_found("gpiochip11/0", -EACCES, "may not be opened (it is ");
	assert_not_found("expander/0", -EACCES, "may not be opened (it is ");
}

static void assert_refusal(uint32_t line_offset, int error, const char *expected)
{
	struct line_place place = { .line_offset = line_offset };
	char reason[LINE_MAX_REASON];

	path_of("gpiochip0", place.chip);
	chip_explain_refusal(&ops, &place, error, reason);
	assert_string_equal(reason, expected);
}

static void a_busy_line_names_its_consumer(void **state)
{
	(void)state;
	plug(two);
	assert_refusal(1, -EBUSY, "gpiochip0/1 (GPIO4) is held by \"spi0 CS0\"");
	assert_refusal(2, -EBUSY, "gpiochip0/2 is held by someone who gives no name");
	assert_refusal(0, -EBUSY,
		       "gpiochip0/0 (ID_SDA) is taken by another function of this pin "
		       "(SPI, I2C, a device tree overlay)");
}

static void note(void *context, const struct line_listed *listed)
{
	struct text *text = context;

	text_add(text, "%s%u=%s%s%s", text->length ? " " : "", listed->place.line_offset,
		 listed->place.name, listed->is_used ? "!" : "",
		 listed->is_output ? ">" : "");
}

/* chip: NULL: all */
static int list_lines(const char *chip, struct text *out, char reason[LINE_MAX_REASON])
{
	static char data[256];

	text_init(out, data, sizeof(data));
	return chip_list_lines(&ops, folder, chip, note, out, reason);
}

static void lines_are_listed_of_every_chip_or_of_one(void **state)
{
	char reason[LINE_MAX_REASON], path[128];
	struct text text;

	(void)state;
	plug(two);
	assert_int_equal(list_lines(NULL, &text, reason), 0);
	assert_string_equal(text.data, "0=ID_SDA 1=GPIO4! 2=! 0=GPIO17> 1=TWICE 2=2/x/3");
	assert_int_equal(list_lines("gpiochip2", &text, reason), 0);
	assert_string_equal(text.data, "0=GPIO17> 1=TWICE 2=2/x/3");
	assert_int_equal(list_lines("expander", &text, reason), 0);
	assert_string_equal(text.data, "0=GPIO17> 1=TWICE 2=2/x/3");
	path_of("gpiochip0", path);
	assert_int_equal(list_lines(path, &text, reason), 0);
	assert_string_equal(text.data, "0=ID_SDA 1=GPIO4! 2=!");
}

static void a_list_says_why_it_is_empty(void **state)
{
	char reason[LINE_MAX_REASON];
	struct text text;

	(void)state;
	plug(two);
	assert_int_equal(list_lines("cellar", &text, reason), -ENODEV);
	assert_non_null(strstr(reason, "no chip \"cellar\"; the chips are gpiochip0"));
	plug(none);
	assert_int_equal(list_lines(NULL, &text, reason), -ENODEV);
	assert_non_null(strstr(reason, "there is no GPIO chip"));
	plug(with_closed + 1);
	assert_int_equal(list_lines(NULL, &text, reason), -EACCES);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	plug(none);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_found_by_its_name_on_any_chip),
		cmocka_unit_test(an_ambiguous_name_lists_the_candidates),
		cmocka_unit_test(a_chip_is_found_by_name_label_path_and_link),
		cmocka_unit_test(a_chip_or_offset_that_is_not_there_is_said),
		cmocka_unit_test(without_any_chip_the_reason_says_what_that_means),
		cmocka_unit_test(
			a_chip_that_may_not_be_opened_matters_only_if_nothing_is_found),
		cmocka_unit_test(a_busy_line_names_its_consumer),
		cmocka_unit_test(lines_are_listed_of_every_chip_or_of_one),
		cmocka_unit_test(a_list_says_why_it_is_empty),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
