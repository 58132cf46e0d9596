/* SPDX-License-Identifier: MIT */
#include "publish/request_box.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* As many at once, and so long until another one is allowed. */
enum { MAX_AT_ONCE = 10, REFILL_MS = 500 };

void request_box_change(struct request_box *box, const struct config *config)
{
	struct text base;

	text_init(&base, box->base, sizeof(box->base));
	if (!config->mqtt.takes_requests)
		return;
	payload_gateway_topic(&base, config, "request/");
}

void request_box_init(struct request_box *box, const struct config *config)
{
	*box = (struct request_box){ .num_allowed = MAX_AT_ONCE };
	ring_init(&box->arrived, box->slots, REQUEST_BOX_NUM_SLOTS,
		  sizeof(box->slots[0]));
	request_box_change(box, config);
}

bool request_box_filter(const struct request_box *box, struct text *out)
{
	text_add(out, "%s+", box->base);
	return box->base[0] != '\0';
}

bool request_box_hear(struct request_box *box, const char *topic, const char *payload,
		      size_t num_bytes, bool is_retained)
{
	struct raw_request raw = { .is_retained = is_retained };
	size_t length = strlen(box->base);
	enum request_verb verb;

	if (length == 0 || strncmp(topic, box->base, length) != 0 ||
	    !request_verb_from_name(topic + length, &verb))
		return false;
	raw.verb = (uint8_t)verb;
	raw.num_bytes = REQUEST_MAX_BYTES + 1;
	if (num_bytes <= REQUEST_MAX_BYTES) {
		raw.num_bytes = (uint16_t)num_bytes;
		memcpy(raw.data, payload, num_bytes);
	}
	if (!ring_push(&box->arrived, &raw))
		atomic_fetch_add_explicit(&box->num_missed, 1, memory_order_relaxed);
	return true;
}

static void log_missed(struct request_box *box)
{
	uint32_t num_missed =
		atomic_load_explicit(&box->num_missed, memory_order_relaxed);

	/* At the first one, then at each doubling. */
	if (num_missed == box->num_missed_logged ||
	    num_missed < 2 * (uint64_t)box->num_missed_logged)
		return;
	box->num_missed_logged = num_missed;
	log_warning("requests come too fast, some are not even answered total=%" PRIu32,
		    num_missed);
}

static bool is_allowed(struct request_box *box, uint64_t now_ns)
{
	uint64_t num_more = (now_ns - box->counted_ns) / (REFILL_MS * CLOCK_NS_PER_MS);

	if (num_more > 0) {
		uint64_t num_allowed = box->num_allowed + num_more;

		box->num_allowed =
			num_allowed < MAX_AT_ONCE ? (uint32_t)num_allowed : MAX_AT_ONCE;
		box->counted_ns += num_more * REFILL_MS * CLOCK_NS_PER_MS;
	}
	if (box->num_allowed == 0)
		return false;
	box->num_allowed--;
	return true;
}

enum request_fate request_box_take(struct request_box *box, uint64_t now_ns,
				   struct request *out, char error[REQUEST_MAX_ERROR])
{
	struct raw_request raw;

	log_missed(box);
	while (ring_pop(&box->arrived, &raw)) {
		if (raw.is_retained) {
			log_warning("a retained request is not obeyed: it would be "
				    "again and again verb=%s",
				    request_verb_name((enum request_verb)raw.verb));
			continue;
		}

		int result = request_parse((enum request_verb)raw.verb, raw.data,
					   raw.num_bytes, out, error);

		if (is_allowed(box, now_ns)) {
			box->is_refusing = false;
			return result ? REQUEST_FATE_REFUSE : REQUEST_FATE_OBEY;
		}
		if (!box->is_refusing) {
			box->is_refusing = true;
			(void)text_copy(error, REQUEST_MAX_ERROR,
					"too many requests: 10 at once, then 2 a second");
			return REQUEST_FATE_REFUSE;
		}
		atomic_fetch_add_explicit(&box->num_missed, 1, memory_order_relaxed);
	}
	return REQUEST_FATE_NONE;
}
