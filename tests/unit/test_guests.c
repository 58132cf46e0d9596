/* SPDX-License-Identifier: MIT */
#include "metrics/guests.h"

#include <sys/socket.h>
#include <unistd.h>

#include "unit/cmocka_test.h"
#include "unit/stopped_clock.h"

static int set_up(void **state)
{
	(void)state;
	now_ns = 1000 * CLOCK_NS_PER_S;
	stop_clock();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	clock_set_source(NULL);
	return 0;
}

/* A socket and who is at its other end. */
struct pair {
	int fds[2];
	struct guest *guest;
};

static void begin(struct guests *guests, struct pair *out)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, out->fds),
			 0);
	out->guest = guests_add(guests, out->fds[0]);
	assert_non_null(out->guest);
}

static bool is_ended(const struct pair *pair)
{
	char byte;

	return read(pair->fds[1], &byte, 1) == 0;
}

static void end(struct guests *guests, struct pair *pair)
{
	guests_remove(guests, pair->guest);
	close(pair->fds[0]);
	close(pair->fds[1]);
}

static void who_is_overdue_is_ended_and_nobody_else(void **state)
{
	struct guests guests = { .first = NULL };
	struct pair slow, fast, listener;

	(void)state;
	begin(&guests, &slow);
	begin(&guests, &fast);
	begin(&guests, &listener);
	guest_give_time(slow.guest, 10);
	guest_give_time(fast.guest, 11);
	guest_give_time(listener.guest, 1);
	guest_give_time(listener.guest, 0);
	now_ns += 10 * CLOCK_NS_PER_S - 1;
	(void)guests_end(&guests);
	assert_false(is_ended(&slow));
	now_ns++;
	(void)guests_end(&guests);
	assert_true(is_ended(&slow));
	assert_false(is_ended(&fast));
	now_ns += 3600 * CLOCK_NS_PER_S;
	(void)guests_end(&guests);
	assert_true(is_ended(&fast));
	assert_false(is_ended(&listener));
	end(&guests, &fast);
	end(&guests, &slow);
	end(&guests, &listener);
	assert_null(guests.first);
}

static void who_has_hung_up_is_ended_unless_he_is_answered(void **state)
{
	struct guests guests = { .first = NULL };
	struct pollfd slots[2];
	struct pair gone, answered;
	char byte;

	(void)state;
	begin(&guests, &gone);
	begin(&guests, &answered);
	guest_set_answered(answered.guest, true);
	assert_int_equal(guests_poll(&guests, slots, 2), 1);
	assert_int_equal(slots[0].fd, gone.fds[0]);
	assert_false(guests_end(&guests));
	assert_int_equal(write(gone.fds[1], "G", 1), 1);
	assert_int_equal(shutdown(gone.fds[1], SHUT_WR), 0);
	assert_int_equal(shutdown(answered.fds[1], SHUT_WR), 0);
	assert_int_equal(poll(slots, 1, 0), 1);
	/* What came before is read first. */
	assert_false(guests_end(&guests));
	assert_int_equal(read(gone.fds[0], &byte, 1), 1);
	assert_true(guests_end(&guests));
	assert_true(is_ended(&gone));
	assert_false(is_ended(&answered));
	assert_false(guests_end(&guests));
	assert_int_equal(guests_poll(&guests, slots, 2), 0);
	guest_set_answered(answered.guest, false);
	assert_int_equal(guests_poll(&guests, slots, 2), 1);
	assert_true(guests_end(&guests));
	end(&guests, &gone);
	end(&guests, &answered);
}

static void nobody_is_nothing(void **state)
{
	struct guests guests = { .first = NULL };

	(void)state;
	guest_give_time(NULL, 1);
	guest_set_answered(NULL, true);
	guests_remove(&guests, NULL);
	(void)guests_end(&guests);
	assert_null(guests.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_overdue_is_ended_and_nobody_else,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_has_hung_up_is_ended_unless_he_is_answered, set_up,
			tear_down),
		cmocka_unit_test(nobody_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
