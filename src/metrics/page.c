/* SPDX-License-Identifier: MIT */
#include "metrics/page.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"

/* At the end of what gzip writes: CRC-32 and length of the file, little-endian. */
enum { TRAILER_BYTES = 8 };

/* The assembler takes the files in as they are. */
#define PAGE_FILE(symbol, name, file, type) \
	__asm__(".pushsection .rodata\n" \
		".globl page_" #symbol "\n" \
		".hidden page_" #symbol "\n" \
		"page_" #symbol ":\n" \
		".incbin \"" PAGE_FOLDER "/" file ".gz\"\n" \
		".globl page_" #symbol "_end\n" \
		".hidden page_" #symbol "_end\n" \
		"page_" #symbol "_end:\n" \
		".popsection\n"); \
	extern const char page_##symbol[]; \
	extern const char page_##symbol##_end[];
#include "metrics/page.def"
#undef PAGE_FILE

static const struct entry {
	const char *name;
	const char *type;
	const char *data;
	const char *end;
} entries[] = {
#define PAGE_FILE(symbol, name, file, type) \
	{ name, type, page_##symbol, page_##symbol##_end },
#include "metrics/page.def"
#undef PAGE_FILE
};

static uint32_t read_le32(const char *data)
{
	uint32_t value = 0;

	for (int i = 3; i >= 0; i--)
		value = value << 8 | (unsigned char)data[i];
	return value;
}

bool page_find(const char *name, struct page_file *out)
{
	for (size_t i = 0; i < array_length(entries); i++) {
		const struct entry *entry = &entries[i];
		const char *trailer = entry->end - TRAILER_BYTES;

		if (strcmp(entry->name, name) != 0)
			continue;
		out->type = entry->type;
		out->data = entry->data;
		out->num_bytes = (size_t)(entry->end - entry->data);
		snprintf(out->tag, sizeof(out->tag), "\"%08" PRIx32 "-%" PRIx32 "\"",
			 read_le32(trailer), read_le32(trailer + 4));
		return true;
	}
	return false;
}

bool page_is_known(const struct page_file *file, const char *header)
{
	return header && strstr(header, file->tag);
}
