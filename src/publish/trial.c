/* SPDX-License-Identifier: MIT */
#include "publish/trial.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wake.h"
#include "publish/dial.h"
#include "publish/payload.h"
#include "publish/reason.h"

enum {
	ACK_TIMEOUT_S = 10,
	RETURN_TIMEOUT_S = 3, /* of a message that comes back: brokers do it at once */

	REFUSED = 0x80,
	MAX_CLIENT_ID = 24,
};

/* What the library's threads tell. */
struct answer {
	struct wake wake;
	_Atomic uint32_t is_there; /* an acknowledgement, or the end of the connection */
	_Atomic uint32_t is_lost;
	_Atomic uint32_t reason; /* of the acknowledgement or the end */
	_Atomic uint32_t has_returned; /* a message that we posted came to us */
	_Atomic uint32_t is_online; /* the retained status came to us, and says so */
};

static void set(struct answer *answer, bool is_lost, unsigned reason)
{
	if (atomic_load(&answer->is_there))
		return;
	atomic_store(&answer->is_lost, is_lost);
	atomic_store(&answer->reason, reason);
	atomic_store(&answer->is_there, true);
	wake_signal(&answer->wake);
}

static void on_acknowledged(void *context, int token, unsigned reason)
{
	(void)token; /* one message at a time */
	set(context, false, reason);
}

static void on_lost(void *context, unsigned reason)
{
	set(context, true, reason);
}

static void on_arrived(void *context, const char *topic, const char *payload,
		       size_t num_bytes, bool is_retained)
{
	static const char online[] = "online";
	struct answer *answer = context;

	(void)topic; /* what we post is not retained, what we ask for is */
	if (!is_retained)
		atomic_store(&answer->has_returned, true);
	else if (num_bytes == strlen(online) && memcmp(payload, online, num_bytes) == 0)
		atomic_store(&answer->is_online, true);
	wake_signal(&answer->wake);
}

/* A trial that is under way. */
struct attempt {
	struct broker *broker; /* owned */
	struct answer answer;
	struct trial *out; /* borrowed; outlives this */
};

static void say(struct trial *trial, enum trouble trouble, const char *reason)
{
	trial->trouble = trouble;
	snprintf(trial->reason, sizeof(trial->reason), "%s", reason);
}

static void await(struct answer *answer, const _Atomic uint32_t *flag, unsigned timeout_s)
{
	uint64_t end_ns = clock_mono_ns() + timeout_s * CLOCK_NS_PER_S;

	while (!atomic_load(flag) && clock_mono_ns() < end_ns)
		(void)wake_wait(&answer->wake, end_ns);
}

/* Posts and waits until it is acknowledged, the connection is gone or time is up. Returns 0
 * or a negative errno. */
static int post(struct attempt *attempt, const char *topic, const char *payload)
{
	const struct broker_message message = {
		.topic = topic,
		.payload = payload,
		.num_bytes = strlen(payload),
		.qos = 1,
	};

	atomic_store(&attempt->answer.is_there, false);

	int token = attempt->broker->ops->publish(attempt->broker, &message);

	if (token < 0)
		return token;
	await(&attempt->answer, &attempt->answer.is_there, ACK_TIMEOUT_S);
	return 0;
}

static bool is_refused(const struct answer *answer)
{
	return atomic_load(&answer->is_there) &&
	       (atomic_load(&answer->is_lost) || atomic_load(&answer->reason) >= REFUSED);
}

/* Where MQTT 3.1.1 cannot say that it dropped a message, that it comes back says that it did
 * not. */
static void try_topic(struct attempt *attempt, const char *topic)
{
	struct trial *out = attempt->out;
	struct answer *answer = &attempt->answer;
	bool may_listen = out->version != 5 &&
			  attempt->broker->ops->subscribe(attempt->broker, topic, 1) == 0;
	int error = post(attempt, topic, "{}");
	const char *words = reason_words(atomic_load(&answer->reason));

	if (error) {
		say(out, TROUBLE_UNREACHABLE, strerror(-error));
	} else if (!atomic_load(&answer->is_there)) {
		say(out, TROUBLE_SILENT, "it acknowledges nothing");
	} else if (is_refused(answer)) {
		say(out, TROUBLE_FORBIDDEN,
		    words                           ? words
		    : atomic_load(&answer->is_lost) ? "it hung up"
						    : "refused");
	} else if (may_listen) {
		await(answer, &answer->has_returned, RETURN_TIMEOUT_S);
		if (!atomic_load(&answer->has_returned))
			say(out, TROUBLE_UNHEARD,
			    "it takes messages, and gives them to nobody; MQTT 3.1.1 "
			    "does not tell why");
	}
}

/* An empty message, not kept, about a device that nobody has: it changes nothing. */
static void try_discovery(struct attempt *attempt, const char *topic)
{
	const struct answer *answer = &attempt->answer;
	struct trial *out = attempt->out;

	if (post(attempt, topic, "") != 0 || !atomic_load(&answer->is_there))
		out->audience = TRIAL_UNASKED;
	else if (is_refused(answer))
		out->audience = TRIAL_FORBIDDEN;
	else if (out->version != 5)
		out->audience = TRIAL_UNKNOWN;
	else
		out->audience = atomic_load(&answer->reason) == REASON_NO_SUBSCRIBERS
					? TRIAL_NOBODY
					: TRIAL_SOMEBODY;
}

/* Whether a gateway with our id is there: the broker says so before it acknowledges that we ask
 * no more. The last of a trial: a broker may hang up on who may not ask. */
static bool is_online(struct attempt *attempt, const struct config *config)
{
	const struct broker_ops *ops = attempt->broker->ops;
	char data[PAYLOAD_MAX_TOPIC];
	struct text status;

	text_init(&status, data, sizeof(data));
	payload_gateway_topic(&status, config, "status");
	return !status.is_cut && ops->subscribe(attempt->broker, data, 1) == 0 &&
	       ops->unsubscribe(attempt->broker, data) == 0 &&
	       atomic_load(&attempt->answer.is_online);
}

/* As the gateway connects, but under another name, which throws nobody out, and without a
 * will, which would say that the gateway is gone. Returns whether it is connected. */
static bool connect_beside(struct attempt *attempt, const struct config *config,
			   size_t server)
{
	char client_id[MAX_CLIENT_ID];
	struct broker_options options = dial_options(config);
	struct dial dialler = { .config = config, .broker = attempt->broker };
	struct dialled dialled = { 0 };
	struct trial *out = attempt->out;

	snprintf(client_id, sizeof(client_id), "pin2mqtt-doctor-%d", (int)getpid());
	options.client_id = client_id;

	int error = dial_server(&dialler, server, &options, &dialled, out->reason);

	if (error)
		out->trouble = trouble_of_connect(config->mqtt.servers[server], error);
	else
		out->version = dialled.version;
	return !error;
}

static int try_server(struct attempt *attempt, const struct config *config, size_t server,
		      const char *discovery_topic)
{
	char data[PAYLOAD_MAX_TOPIC];
	struct text topic;

	text_init(&topic, data, sizeof(data));
	payload_gateway_topic(&topic, config, "doctor");
	if (topic.is_cut)
		return -ENAMETOOLONG;
	if (!connect_beside(attempt, config, server))
		return 0;
	try_topic(attempt, data);
	if (discovery_topic && attempt->out->trouble == TROUBLE_NONE)
		try_discovery(attempt, discovery_topic);
	if (attempt->out->trouble == TROUBLE_NONE)
		attempt->out->is_online = is_online(attempt, config);
	attempt->broker->ops->disconnect(attempt->broker, true);
	return 0;
}

int trial_run(const struct config *config, size_t server, const char *discovery_topic,
	      struct trial *out)
{
	struct attempt attempt = { .answer.wake.fd = -1, .out = out };
	const struct broker_events events = {
		.acknowledged = on_acknowledged,
		.lost = on_lost,
		.arrived = on_arrived,
		.context = &attempt.answer,
	};
	int error = wake_open(&attempt.answer.wake);

	*out = (struct trial){ .trouble = TROUBLE_NONE };
	if (error)
		return error;
	error = broker_paho_new(&events, &attempt.broker);
	if (!error) {
		error = try_server(&attempt, config, server, discovery_topic);
		attempt.broker->ops->free(attempt.broker);
	}
	wake_close(&attempt.answer.wake);
	return error;
}
