/* SPDX-License-Identifier: MIT */
#include "capture/feed.h"

#include "base/clock.h"
#include "gpio/output.h"

/* A second is what is told to be enough; a capacitor beside the sensor wants more. */
enum { CUT_MS = 3000 };

int feed_open(struct feed *feed, uint64_t now_ns, char reason[LINE_MAX_REASON])
{
	struct line_place place;
	int error = line_find(feed->pin, &place, reason);

	feed->output = NULL;
	if (!error)
		error = output_open(&place, OUTPUT_PUSH_PULL, &feed->output, reason);
	feed->on_ns = now_ns;
	feed->is_cut = false;
	return error;
}

void feed_close(struct feed *feed)
{
	output_close(feed->output);
	feed->output = NULL;
}

int feed_cut(struct feed *feed, uint64_t now_ns)
{
	feed->is_cut = true;
	feed->on_ns = now_ns + CUT_MS * CLOCK_NS_PER_MS;
	return output_set(feed->output, false);
}

int feed_restore(struct feed *feed, uint64_t now_ns)
{
	feed->is_cut = false;
	feed->on_ns = now_ns;
	return output_set(feed->output, true);
}

uint64_t feed_awake_ns(const struct feed *feed, const struct probe *probe)
{
	return feed->on_ns + probe->power_up_ms * CLOCK_NS_PER_MS;
}
