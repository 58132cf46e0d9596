/* SPDX-License-Identifier: MIT */
#include "metrics/guests.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"

struct guest {
	int fd; /* borrowed */
	uint64_t end_ns; /* CLOCK_MONOTONIC; UINT64_MAX: never */
	bool is_answered; /* a response is on its way */
	bool is_ended; /* its socket is shut down */
	struct guest *next; /* owned */
};

struct guest *guests_add(struct guests *guests, int fd)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	*guest = (struct guest){ .fd = fd, .end_ns = UINT64_MAX, .next = guests->first };
	guests->first = guest;
	return guest;
}

void guests_remove(struct guests *guests, struct guest *guest)
{
	struct guest **place = &guests->first;

	if (!guest)
		return;
	while (*place && *place != guest)
		place = &(*place)->next;
	if (*place)
		*place = guest->next;
	free(guest);
}

void guest_give_time(struct guest *guest, unsigned seconds)
{
	if (guest)
		guest->end_ns =
			seconds ? clock_mono_ns() + seconds * CLOCK_NS_PER_S : UINT64_MAX;
}

void guest_set_answered(struct guest *guest, bool is_answered)
{
	if (guest)
		guest->is_answered = is_answered;
}

/* Only then an end of his says something. */
static bool is_listened_to(const struct guest *guest)
{
	return !guest->is_answered && !guest->is_ended;
}

size_t guests_poll(const struct guests *guests, struct pollfd *out, size_t max_out)
{
	size_t num = 0;

	for (const struct guest *guest = guests->first; guest && num < max_out;
	     guest = guest->next) {
		if (is_listened_to(guest))
			out[num++] =
				(struct pollfd){ .fd = guest->fd, .events = POLLRDHUP };
	}
	return num;
}

/* Nothing more comes, and what came has been read. */
static bool has_hung_up(const struct guest *guest)
{
	struct pollfd slot = { .fd = guest->fd, .events = POLLRDHUP };
	int num_unread = 0;

	return is_listened_to(guest) && poll(&slot, 1, 0) > 0 &&
	       (ioctl(guest->fd, FIONREAD, &num_unread) != 0 || num_unread == 0);
}

bool guests_end(struct guests *guests)
{
	uint64_t now_ns = clock_mono_ns();
	bool has_ended = false;

	for (struct guest *guest = guests->first; guest; guest = guest->next) {
		if (guest->is_ended || (now_ns < guest->end_ns && !has_hung_up(guest)))
			continue;
		shutdown(guest->fd, SHUT_RDWR);
		guest->is_ended = true;
		has_ended = true;
	}
	return has_ended;
}
