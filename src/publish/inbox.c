/* SPDX-License-Identifier: MIT */
#include "publish/inbox.h"

#include "publish/reason.h"

static void on_acknowledged(void *context, int token, unsigned reason)
{
	struct inbox *inbox = context;
	const struct ack ack = { token, reason };

	/* It cannot be full; if it were, the session would find itself stalled. */
	(void)ring_push(&inbox->acks, &ack);
	/* Pairs with the fence in inbox_wait(): either we see that it waits, or it sees what we
	 * have pushed. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&inbox->is_waiting, memory_order_relaxed))
		wake_signal(&inbox->wake);
}

static void on_lost(void *context, unsigned reason)
{
	struct inbox *inbox = context;

	atomic_store_explicit(&inbox->lost_reason, reason, memory_order_relaxed);
	/* Release pairs with the acquire in inbox_is_lost(): the reason is there with the
	 * mark. */
	atomic_store_explicit(&inbox->is_lost, 1, memory_order_release);
	wake_signal(&inbox->wake);
}

static void on_arrived(void *context, const char *topic, const char *payload,
		       size_t num_bytes, bool is_retained)
{
	struct inbox *inbox = context;

	if (request_box_hear(inbox->requests, topic, payload, num_bytes, is_retained) ||
	    announcer_hear(inbox->announcer, topic, payload, num_bytes, is_retained))
		wake_signal(&inbox->wake);
}

int inbox_open(struct inbox *inbox)
{
	*inbox = (struct inbox){ .announcer = inbox->announcer,
				 .requests = inbox->requests };
	ring_init(&inbox->acks, inbox->slots, INBOX_NUM_SLOTS, sizeof(inbox->slots[0]));
	return wake_open(&inbox->wake);
}

void inbox_close(struct inbox *inbox)
{
	wake_close(&inbox->wake);
}

struct broker_events inbox_events(struct inbox *inbox)
{
	return (struct broker_events){
		.acknowledged = on_acknowledged,
		.lost = on_lost,
		.arrived = on_arrived,
		.context = inbox,
	};
}

void inbox_clear(struct inbox *inbox)
{
	struct ack stale;

	while (ring_pop(&inbox->acks, &stale))
		;
	atomic_store_explicit(&inbox->lost_reason, 0, memory_order_relaxed);
	atomic_store_explicit(&inbox->is_lost, 0, memory_order_relaxed);
}

bool inbox_take_ack(struct inbox *inbox, struct ack *out)
{
	return ring_pop(&inbox->acks, out);
}

void inbox_wait(struct inbox *inbox, uint64_t until_ns)
{
	/* It goes on at the first acknowledgement, not when half the window has come: until we
	 * send something TCP holds back our word that we have the first, by up to 40 ms, and the
	 * broker's TCP (Nagle) the next ones for as long. Measured: a third of the rate. */
	atomic_store_explicit(&inbox->is_waiting, 1, memory_order_relaxed);
	/* Pairs with the fence in on_acknowledged(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (ring_is_empty(&inbox->acks))
		(void)wake_wait(&inbox->wake, until_ns);
	atomic_store_explicit(&inbox->is_waiting, 0, memory_order_relaxed);
}

bool inbox_is_lost(const struct inbox *inbox)
{
	return atomic_load_explicit(&inbox->is_lost, memory_order_acquire);
}

bool inbox_is_unwelcome(const struct inbox *inbox)
{
	return reason_is_unwelcome(
		atomic_load_explicit(&inbox->lost_reason, memory_order_relaxed));
}

bool inbox_is_taken_over(const struct inbox *inbox)
{
	return reason_is_taken_over(
		atomic_load_explicit(&inbox->lost_reason, memory_order_relaxed));
}

const char *inbox_lost_words(const struct inbox *inbox)
{
	const char *words = reason_words(
		atomic_load_explicit(&inbox->lost_reason, memory_order_relaxed));

	return words ? words : "the connection broke";
}
