/* SPDX-License-Identifier: MIT */
#include "publish/trial.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wake.h"
#include "config/shape.h"
#include "publish/dial.h"
#include "publish/payload.h"
#include "publish/reason.h"

enum { ACK_TIMEOUT_S = 10, REFUSED = 0x80, MAX_CLIENT_ID = 24 };

/* What the library's threads tell. */
struct answer {
	struct wake wake;
	_Atomic uint32_t is_there; /* an acknowledgement, or the end of the connection */
	_Atomic uint32_t is_lost;
	_Atomic uint32_t reason; /* of the acknowledgement or the end */
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
	(void)token; /* there is one message */
	set(context, false, reason);
}

static void on_lost(void *context, unsigned reason)
{
	set(context, true, reason);
}

static void judge_connect(struct trial *trial, const char *server, int error)
{
	if (error == -EACCES)
		trial->verdict = TRIAL_LOGIN;
	else if (error == -EPROTO && shape_is_tls_server(server))
		trial->verdict = TRIAL_TLS;
	else
		trial->verdict = TRIAL_UNREACHABLE;
}

static void say(struct trial *trial, enum trial_verdict verdict, const char *reason)
{
	trial->verdict = verdict;
	snprintf(trial->reason, sizeof(trial->reason), "%s", reason);
}

static void judge_answer(struct trial *trial, const struct answer *answer)
{
	unsigned reason = atomic_load(&answer->reason);
	const char *words = reason_words(reason);

	if (!atomic_load(&answer->is_there))
		say(trial, TRIAL_SILENT, "it acknowledges nothing");
	else if (atomic_load(&answer->is_lost))
		say(trial, TRIAL_FORBIDDEN, words ? words : "it hung up");
	else if (reason >= REFUSED)
		say(trial, TRIAL_FORBIDDEN, words ? words : "refused");
}

/* One message where the gateway posts, too: a broker's rules are for its topics. */
static int post(struct broker *broker, const struct config *config)
{
	char topic[PAYLOAD_MAX_TOPIC];
	struct text text;

	text_init(&text, topic, sizeof(topic));
	payload_gateway_topic(&text, config, "doctor");

	const struct broker_message message = {
		.topic = topic,
		.payload = "{}",
		.num_bytes = 2,
		.qos = 1,
	};

	return text.is_cut ? -ENAMETOOLONG : broker->ops->publish(broker, &message);
}

static void try_post(struct broker *broker, const struct config *config,
		     struct answer *answer, struct trial *out)
{
	uint64_t end_ns = clock_mono_ns() + ACK_TIMEOUT_S * CLOCK_NS_PER_S;
	int token = post(broker, config);

	if (token < 0) {
		say(out, TRIAL_UNREACHABLE, strerror(-token));
		return;
	}
	while (!atomic_load(&answer->is_there) && clock_mono_ns() < end_ns)
		(void)wake_wait(&answer->wake, end_ns);
	judge_answer(out, answer);
}

/* As the gateway connects, but under another name, which throws nobody out, and without a
 * will, which would say that the gateway is gone. */
static int try_server(struct broker *broker, const struct config *config, size_t server,
		      struct answer *answer, struct trial *out)
{
	char client_id[MAX_CLIENT_ID];
	struct broker_options options = dial_options(config);
	struct dial dialler = { .config = config, .broker = broker };
	struct dialled dialled = { 0 };

	snprintf(client_id, sizeof(client_id), "pin2mqtt-doctor-%d", (int)getpid());
	options.client_id = client_id;

	int error = dial_server(&dialler, server, &options, &dialled, out->reason);

	if (error) {
		judge_connect(out, config->mqtt.servers[server], error);
		return 0;
	}
	out->version = dialled.version;
	try_post(broker, config, answer, out);
	broker->ops->disconnect(broker, true);
	return 0;
}

int trial_run(const struct config *config, size_t server, struct trial *out)
{
	struct answer answer = { .wake = { .fd = -1 } };
	const struct broker_events events = {
		.acknowledged = on_acknowledged,
		.lost = on_lost,
		.context = &answer,
	};
	struct broker *broker;
	int error = wake_open(&answer.wake);

	*out = (struct trial){ .verdict = TRIAL_GOOD };
	if (error)
		return error;
	error = broker_paho_new(&events, &broker);
	if (!error) {
		error = try_server(broker, config, server, &answer, out);
		broker->ops->free(broker);
	}
	wake_close(&answer.wake);
	return error;
}
