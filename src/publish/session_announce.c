/* SPDX-License-Identifier: MIT */
/* What a session says before it posts values. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "publish/payload.h"
#include "publish/session_inside.h"

static const char leaf_status[] = "status";
static const char leaf_info[] = "info";
static const char leaf_availability[] = "availability";

int session_send_retained(struct session *session, const char *leaf, const char *payload)
{
	char topic_data[PAYLOAD_MAX_TOPIC];
	struct text topic;

	text_init(&topic, topic_data, sizeof(topic_data));
	payload_gateway_topic(&topic, session->config, leaf);

	const struct broker_message message = {
		.topic = topic_data,
		.payload = payload,
		.num_bytes = strlen(payload),
		.qos = 1,
		.is_retained = true,
	};

	return session_send(session, &(struct in_flight){ .leaf = leaf }, &message);
}

static int post_presence(struct session *session)
{
	char topic_data[PAYLOAD_MAX_TOPIC];
	struct text topic;
	const char *payload;

	text_init(&topic, topic_data, sizeof(topic_data));
	if (!presence_next(&session->presence, session->config, &topic, &payload))
		return 0;

	const struct broker_message message = {
		.topic = topic_data,
		.payload = payload,
		.num_bytes = strlen(payload),
		.qos = 1,
		.is_retained = true,
	};

	return session_send(session, &(struct in_flight){ .leaf = leaf_availability },
			    &message);
}

static int post_device(struct session *session, const struct text *topic,
		       const struct text *document, uint32_t taken_back)
{
	const struct broker_message message = {
		.topic = topic->data,
		.payload = document->data,
		.num_bytes = document->length,
		.qos = 1,
		.is_retained = true,
	};

	const struct in_flight what = { .leaf = SESSION_LEAF_DISCOVERY,
					.taken_back = taken_back };

	return session_send(session, &what, &message);
}

static int subscribe(struct session *session, const char *topic, const char *to_whom)
{
	int error = session->broker->ops->subscribe(session->broker, topic, 1);

	if (error != -EACCES)
		return error;
	log_warning("the broker does not let us listen to %s topic=%s", to_whom, topic);
	return 0;
}

static int subscribe_to_requests(struct session *session)
{
	char topic_data[PAYLOAD_MAX_TOPIC];
	struct text topic;

	text_init(&topic, topic_data, sizeof(topic_data));
	if (!request_box_filter(&session->requests, &topic))
		return 0;
	return subscribe(session, topic_data, "requests");
}

/* What Home Assistant is to be told. Half a document would lose a device: what does not fit,
 * and nothing that the configuration allows does not, is left out. */
static int post_discovery(struct session *session)
{
	char topic_data[PAYLOAD_MAX_TOPIC], document_data[DISCOVERY_MAX_DOCUMENT];
	int result = 0;

	while (result == 0) {
		struct text topic, document;

		text_init(&topic, topic_data, sizeof(topic_data));
		text_init(&document, document_data, sizeof(document_data));
		switch (announcer_next(&session->announcer, clock_mono_ns(), &topic,
				       &document)) {
		case ANNOUNCER_NOTHING:
			return 0;
		case ANNOUNCER_SUBSCRIBE:
			result = subscribe(session, topic_data, "Home Assistant");
			break;
		case ANNOUNCER_UNSUBSCRIBE:
			result = session->broker->ops->unsubscribe(session->broker,
								   topic_data);
			break;
		case ANNOUNCER_POST:
			if (!topic.is_cut && !document.is_cut)
				result = post_device(session, &topic, &document, 0);
			break;
		case ANNOUNCER_TAKE_BACK:
			if (!topic.is_cut)
				result = post_device(session, &topic, &document,
						     session->announcer.taken_back);
			break;
		case ANNOUNCER_REPEAT_STATES:
			store_repeat_states(session->store);
			break;
		}
	}
	return result;
}

int session_announce(struct session *session)
{
	int result;

	switch (session->num_announced) {
	case 0:
		session->num_announced++;
		return session_send_retained(session, leaf_status, "online");
	case SESSION_ANNOUNCED_STATUS:
		session->num_announced++;
		return session_send_retained(session, leaf_info, session->info);
	case SESSION_ANNOUNCED_INFO:
		session->num_announced++;
		result = subscribe_to_requests(session);
		if (result != 0)
			return result;
		break;
	default:
		break;
	}
	result = post_discovery(session);
	return result != 0 ? result : post_presence(session);
}
