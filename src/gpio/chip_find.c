/* SPDX-License-Identifier: MIT */
#include "gpio/chip.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

enum { MAX_LIST = 200 }; /* bytes of a list of chips or lines in a reason */

/* What we have seen of the chips while looking for a pin. */
struct search {
	const struct chip_ops *ops;
	const char *folder;
	line_visit_fn *visit; /* for a list */
	void *context; /* of visit */
	const char *wanted; /* the line's name, or the chip's */
	struct line_place *out; /* the first that fits */
	unsigned num_found;
	char found[MAX_LIST]; /* "gpiochip0/4 (pinctrl-bcm2711), ..." */
	struct text found_text;
	unsigned num_chips; /* that could be opened */
	char chips[MAX_LIST]; /* "gpiochip0 (pinctrl-bcm2711), ..." */
	struct text chips_text;
	char closed[PATH_MAX]; /* the first one that we may not open; else empty */
};

/* Looks at a chip that was opened. 0 or a negative errno. */
typedef int visit_fn(struct search *search, struct chip *chip, const char *path,
		     const struct chip_facts *facts);

static void list(struct text *text, const char *item, const char *label)
{
	text_add(text, "%s%s", text->length ? ", " : "", item);
	if (label[0])
		text_add(text, " (%s)", label);
}

static bool is_refused(int error)
{
	return error == -EACCES || error == -EPERM;
}

static int copy_path(const char *path, char out[LINE_MAX_NAME])
{
	char resolved[PATH_MAX];

	if (!realpath(path, resolved))
		return -errno;
	return text_copy(out, LINE_MAX_NAME, resolved) ? 0 : -ENAMETOOLONG;
}

static int fill_place(struct line_place *out, const char *path,
		      const struct chip_facts *facts, uint32_t line_offset,
		      const struct chip_line *line)
{
	(void)text_copy(out->label, sizeof(out->label), facts->label);
	(void)text_copy(out->name, sizeof(out->name), line->name);
	out->line_offset = line_offset;
	return copy_path(path, out->chip);
}

/* Fits the lines that have the wanted name. */
static int visit_line_names(struct search *search, struct chip *chip, const char *path,
			    const struct chip_facts *facts)
{
	for (uint32_t i = 0; i < facts->num_lines; i++) {
		struct chip_line line;
		char item[CHIP_MAX_NAME + 16];
		struct text text;
		int error = search->ops->read_line(chip, i, &line);

		if (error)
			return error;
		if (strcmp(line.name, search->wanted) != 0)
			continue;
		text_init(&text, item, sizeof(item));
		text_add(&text, "%s/%u", facts->name, i);
		list(&search->found_text, item, facts->label);
		if (search->num_found++ == 0)
			error = fill_place(search->out, path, facts, i, &line);
		if (error)
			return error;
	}
	return 0;
}

/* Fits the chips that have the wanted name or label. */
static int visit_chip_names(struct search *search, struct chip *chip, const char *path,
			    const struct chip_facts *facts)
{
	(void)chip;
	if (strcmp(facts->name, search->wanted) != 0 &&
	    strcmp(facts->label, search->wanted) != 0)
		return 0;
	list(&search->found_text, facts->name, facts->label);
	return search->num_found++ ? 0 : copy_path(path, search->out->chip);
}

/* Shows the lines of the wanted chip, or of every one, to the caller. */
static int visit_lines(struct search *search, struct chip *chip, const char *path,
		       const struct chip_facts *facts)
{
	if (search->wanted && strcmp(facts->name, search->wanted) != 0 &&
	    strcmp(facts->label, search->wanted) != 0 &&
	    strcmp(path, search->wanted) != 0)
		return 0;
	search->num_found++;
	for (uint32_t i = 0; i < facts->num_lines; i++) {
		struct line_listed listed = { 0 };
		struct chip_line line;
		int error = search->ops->read_line(chip, i, &line);

		if (!error)
			error = fill_place(&listed.place, path, facts, i, &line);
		if (error)
			return error;
		listed.is_used = line.is_used;
		listed.is_output = line.is_output;
		search->visit(search->context, &listed);
	}
	return 0;
}

static int visit_path(struct search *search, const char *path, visit_fn *visit)
{
	struct chip_facts facts;
	struct chip *chip;
	struct stat file;

	/* A Pi 5 has gpiochip4 as a link to gpiochip0, for old programs' sake. */
	if (lstat(path, &file) != 0 || S_ISLNK(file.st_mode))
		return 0;

	int error = search->ops->open(path, &chip, &facts);

	if (is_refused(error) && !search->closed[0])
		(void)text_copy(search->closed, sizeof(search->closed), path);
	/* Not a GPIO chip, or gone since we looked: none of ours. */
	if (error)
		return error == -ENOMEM || error == -EMFILE || error == -ENFILE ? error
										: 0;
	search->num_chips++;
	list(&search->chips_text, facts.name, facts.label);
	error = visit(search, chip, path, &facts);
	search->ops->close(chip);
	return error == -ENODEV ? 0 : error;
}

static bool is_device_name(const char *name)
{
	return strncmp(name, "gpiochip", strlen("gpiochip")) == 0;
}

static int is_chip_entry(const struct dirent *entry)
{
	return is_device_name(entry->d_name);
}

static int visit_all(struct search *search, visit_fn *visit)
{
	struct dirent **entries;
	int num_entries = scandir(search->folder, &entries, is_chip_entry, versionsort);
	int error = 0;

	if (num_entries < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < num_entries; i++) {
		char path[PATH_MAX];
		struct text text;

		text_init(&text, path, sizeof(path));
		text_add(&text, "%s/%s", search->folder, entries[i]->d_name);
		if (!error && !text.is_cut)
			error = visit_path(search, path, visit);
		free(entries[i]);
	}
	free(entries);
	return error;
}

static int start(struct search *search, const char *wanted, visit_fn *visit)
{
	search->wanted = wanted;
	search->num_found = 0;
	search->num_chips = 0;
	search->closed[0] = '\0';
	text_init(&search->found_text, search->found, sizeof(search->found));
	text_init(&search->chips_text, search->chips, sizeof(search->chips));
	return visit_all(search, visit);
}

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

/* What to say when nothing fits. what: "line" or "chip" */
static int explain_nothing(const struct search *search, const char *what,
			   struct text *reason)
{
	if (search->closed[0]) {
		if (search->num_chips)
			text_add(reason, "no %s \"%s\" on %s, and ", what,
				 search->wanted ? search->wanted : "", search->chips);
		chip_explain_access(search->closed, reason);
		return -EACCES;
	}
	if (!search->num_chips) {
		text_add(reason,
			 "there is no GPIO chip (%s/gpiochip*): the kernel has no driver "
			 "for this board's GPIO, or the container lacks --device "
			 "/dev/gpiochip0",
			 search->folder);
		return -ENODEV;
	}
	text_add(reason, "no %s \"%s\"; the chips are %s", what, search->wanted,
		 search->chips);
	/* Other programs number the pins of a Raspberry Pi. */
	if (is_number(search->wanted))
		text_add(reason, "; a number alone is no pin: GPIO%s, or CHIP/%s",
			 search->wanted, search->wanted);
	return strcmp(what, "chip") == 0 ? -ENODEV : -ENOENT;
}

static int explain_error(const char *pin, int error, struct text *reason)
{
	text_add(reason, "%s: %s", pin, strerror(-error));
	return error;
}

static int find_line(struct search *search, const char *name, struct text *reason)
{
	int error = start(search, name, visit_line_names);

	if (error)
		return explain_error(name, error, reason);
	if (search->num_found == 0)
		return explain_nothing(search, "line", reason);
	if (search->num_found == 1)
		return 0;
	text_add(reason, "\"%s\" is the name of %u lines: %s", name, search->num_found,
		 search->found);
	return -ENOTUNIQ;
}

/* Finds the chip: a path, a device of the folder (it may be a link), a name or a label. */
static int find_chip(struct search *search, const char *name, struct text *reason)
{
	char path[PATH_MAX];
	struct text text;
	int error;

	if (name[0] == '/') {
		error = copy_path(name, search->out->chip);
		if (error)
			explain_error(name, error, reason);
		return error == -ENOENT ? -ENODEV : error;
	}
	text_init(&text, path, sizeof(path));
	text_add(&text, "%s/%s", search->folder, name);
	if (is_device_name(name) && copy_path(path, search->out->chip) == 0)
		return 0;
	error = start(search, name, visit_chip_names);
	if (error)
		return explain_error(name, error, reason);
	if (search->num_found == 0)
		return explain_nothing(search, "chip", reason);
	if (search->num_found == 1)
		return 0;
	text_add(reason, "\"%s\" is the label of %u chips: %s", name, search->num_found,
		 search->found);
	return -ENOTUNIQ;
}

/* Fills in the place of a line of the chip that was found. */
static int find_offset(struct search *search, uint32_t line_offset, struct text *reason)
{
	char path[LINE_MAX_NAME];
	struct chip_facts facts;
	struct chip_line line;
	struct chip *chip;

	(void)text_copy(path, sizeof(path), search->out->chip);
	int error = search->ops->open(path, &chip, &facts);

	if (is_refused(error)) {
		chip_explain_access(path, reason);
		return -EACCES;
	}
	if (error) {
		text_add(reason, "%s is no GPIO chip: %s", path, strerror(-error));
		return -ENODEV;
	}
	if (line_offset >= facts.num_lines) {
		text_add(reason, "%s (%s) has %u lines, 0 to %u: there is no line %u",
			 facts.name, facts.label, facts.num_lines, facts.num_lines - 1,
			 line_offset);
		error = -ENOENT;
	} else {
		error = search->ops->read_line(chip, line_offset, &line);
		if (!error)
			error = fill_place(search->out, path, &facts, line_offset, &line);
		if (error)
			explain_error(path, error, reason);
	}
	search->ops->close(chip);
	return error;
}

/* Splits CHIP/OFFSET. False where the pin's text is no such thing. */
static bool split(const char *pin, char chip[LINE_MAX_NAME], uint32_t *line_offset_out)
{
	const char *slash = strrchr(pin, '/');
	size_t num_digits = slash ? strspn(slash + 1, "0123456789") : 0;
	struct text text;

	if (num_digits == 0 || num_digits > 9 || slash[1 + num_digits] || slash == pin)
		return false;
	text_init(&text, chip, LINE_MAX_NAME);
	text_add(&text, "%.*s", (int)(slash - pin), pin);
	*line_offset_out = (uint32_t)strtoul(slash + 1, NULL, 10);
	return true;
}

int chip_find_pin(const struct chip_ops *ops, const char *folder, const char *pin,
		  struct line_place *out, char reason[LINE_MAX_REASON])
{
	struct search search = { .ops = ops, .folder = folder, .out = out };
	char chip[LINE_MAX_NAME];
	struct text text;
	uint32_t line_offset;

	text_init(&text, reason, LINE_MAX_REASON);
	if (!split(pin, chip, &line_offset))
		return find_line(&search, pin, &text);

	int error = find_chip(&search, chip, &text);

	return error ? error : find_offset(&search, line_offset, &text);
}

int chip_list_lines(const struct chip_ops *ops, const char *folder, const char *chip,
		    line_visit_fn *visit, void *context, char reason[LINE_MAX_REASON])
{
	struct search search = {
		.ops = ops,
		.folder = folder,
		.visit = visit,
		.context = context,
	};
	struct text text;
	int error = start(&search, chip, visit_lines);

	text_init(&text, reason, LINE_MAX_REASON);
	if (error)
		return explain_error(chip ? chip : folder, error, &text);
	if (search.num_found == 0)
		return explain_nothing(&search, "chip", &text);
	return 0;
}

static void explain_busy(const struct line_place *place, const struct chip_facts *facts,
			 const struct chip_line *line, struct text *reason)
{
	text_add(reason, "%s/%u", facts->name, place->line_offset);
	if (line->name[0])
		text_add(reason, " (%s)", line->name);
	if (line->is_used && line->consumer[0])
		text_add(reason, " is held by \"%s\"", line->consumer);
	else if (line->is_used)
		text_add(reason, " is held by someone who gives no name");
	else
		text_add(reason, " is taken by another function of this pin (SPI, I2C, a "
				 "device tree overlay)");
}

void chip_explain_refusal(const struct chip_ops *ops, const struct line_place *place,
			  int error, char reason[LINE_MAX_REASON])
{
	struct chip_facts facts;
	struct chip_line line;
	struct chip *chip;
	struct text text;

	text_init(&text, reason, LINE_MAX_REASON);
	if (is_refused(error)) {
		chip_explain_access(place->chip, &text);
		return;
	}
	if (error == -EBUSY && ops->open(place->chip, &chip, &facts) == 0) {
		if (ops->read_line(chip, place->line_offset, &line) == 0)
			explain_busy(place, &facts, &line, &text);
		ops->close(chip);
	}
	if (!text.length)
		text_add(&text, "%s, line %u: %s", place->chip, place->line_offset,
			 strerror(-error));
}
