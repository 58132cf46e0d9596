/* SPDX-License-Identifier: MIT */
#include "publish/rival.h"

#include "base/clock.h"
#include "base/log.h"

enum { GONE_AFTER_S = 300 }; /* two that throw each other out meet sooner */

static uint32_t now_s(void)
{
	return (uint32_t)(clock_mono_ns() / CLOCK_NS_PER_S);
}

void rival_judge(struct rival *rival, bool is_told, bool is_suspicious,
		 const char *client_id)
{
	if (!is_told && !is_suspicious)
		return;
	if (!rival_is_there(rival))
		log_warning(
			"%s another client with the same mqtt.client_id client_id=%s: "
			"give each gateway a gateway.id of its own",
			is_told ? "the broker gave our place to"
				: "connections are cut off again and again, as by",
			client_id);
	atomic_store_explicit(&rival->seen_s, now_s(), memory_order_relaxed);
}

bool rival_is_there(const struct rival *rival)
{
	uint32_t seen_s = atomic_load_explicit(&rival->seen_s, memory_order_relaxed);

	return seen_s > 0 && now_s() - seen_s < GONE_AFTER_S;
}
