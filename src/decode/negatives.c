/* SPDX-License-Identifier: MIT */
#include "decode/negatives.h"

#include "decode/bits.h"

bool negatives_allow(const struct negatives *negatives, const struct driver *driver,
		     const uint8_t *bytes)
{
	enum encoding encoding;

	return !negatives->is_known || !driver->has_encodings ||
	       !bits_find_encoding(bytes, &encoding) || encoding == negatives->encoding;
}

bool negatives_take(struct negatives *negatives, const struct driver *driver,
		    const uint8_t *bytes)
{
	enum encoding encoding;

	if (!driver->has_encodings || !bits_find_encoding(bytes, &encoding))
		return true;
	if (negatives->is_known && encoding != negatives->encoding &&
	    ++negatives->num_other_frames < NEGATIVES_CHANGE_FRAMES)
		return false;
	*negatives =
		(struct negatives){ .is_known = true, .encoding = (uint8_t)encoding };
	return true;
}
