/* The loop's promises: exact timers, two ranks, signals, and no surprises. */

#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct env env;
static struct loop *loop;
static char order[32];
static unsigned served;

static void setup(void)
{
	loop = loop_new(&env);
	ck_assert_ptr_nonnull(loop);
	memset(order, 0, sizeof(order));
	served = 0;
}

static void teardown(void)
{
	loop_free(loop);
}

/* Each end is ready to be written to, and readable once the other wrote. */
static void make_pair(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	                            fds), 0);
}

static void close_pair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void note(char what)
{
	ck_assert_uint_lt(served, sizeof(order) - 1);
	order[served++] = what;
}

static void note_fd(int fd, unsigned events, void *arg)
{
	char octet;

	ck_assert_uint_ne(events, 0);
	note(*(const char *)arg);
	if (events & LOOP_READ)
		ck_assert_int_le(read(fd, &octet, 1), 1);
}

static void note_timer(void *arg)
{
	note(*(const char *)arg);
}

static char a[] = "a", b[] = "b", c[] = "c";

/* The best of some: a busy machine may be late, but not always. */
START_TEST(a_timer_ends_the_wait_when_it_is_due_not_before)
{
	struct timer t = { 0 };
	uint64_t begin_us, passed_us, shortest_us = UINT64_MAX;

	for (unsigned i = 0; i < 10; i++) {
		begin_us = env_now_us(&env);
		timer_arm(&t, &env.timers, 15, note_timer, a);
		while (served == i)
			loop_turn(loop, -1);
		passed_us = env_now_us(&env) - begin_us;
		ck_assert_uint_ge(passed_us, 15000);
		if (passed_us < shortest_us)
			shortest_us = passed_us;
	}
	ck_assert_uint_lt(shortest_us, 18000);
}
END_TEST

enum { MANY = 1000, WITHIN_MS = 100 };

static struct {
	struct timer timer;
	uint64_t due_us;
} many[MANY];
static uint64_t latest_us;
static unsigned fired;

/* The clock itself: the loop's is read once a turn. */
static uint64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void note_lateness(void *arg)
{
	uint64_t due_us = *(const uint64_t *)arg;
	uint64_t now_us = clock_us();

	ck_assert_uint_ge(now_us, due_us);
	if (now_us - due_us > latest_us)
		latest_us = now_us - due_us;
	fired++;
}

/* Each, with all others pending; in the best of some rounds, as above. */
START_TEST(each_of_1000_timers_fires_within_5_ms_of_its_instant)
{
	for (unsigned round = 0; round < 50; round++) {
		fired = 0;
		latest_us = 0;
		for (unsigned i = 0; i < MANY; i++) {
			uint32_t delay_ms = 1 + (i * 37 + round) % WITHIN_MS;

			many[i].due_us = env_now_us(&env) + delay_ms * 1000;
			timer_arm(&many[i].timer, &env.timers, delay_ms,
			          note_lateness, &many[i].due_us);
		}
		while (fired < MANY)
			loop_turn(loop, -1);
		if (latest_us <= 5000)
			return;
	}
	ck_abort_msg("late by %u us in the last round", (unsigned)latest_us);
}
END_TEST

START_TEST(a_wait_is_no_longer_than_asked_for)
{
	struct timer t = { 0 };
	uint64_t begin = net_rig_now_ms();

	timer_arm(&t, &env.timers, 60000, note_timer, a);
	loop_turn(loop, 10);
	ck_assert_uint_ge(net_rig_now_ms() - begin, 9);
	ck_assert_uint_lt(net_rig_now_ms() - begin, 1000);
	ck_assert_uint_eq(served, 0);
	timer_cancel(&t);
}
END_TEST

START_TEST(the_prompt_is_served_before_the_sockets)
{
	int socket[2], prompt[2];

	make_pair(socket);
	make_pair(prompt);
	ck_assert_int_lt(socket[0], prompt[0]);
	ck_assert_int_eq(loop_watch_bulk(loop, socket[0], LOOP_READ, note_fd,
	                                 a), OK);
	ck_assert_int_eq(loop_watch(loop, prompt[0], LOOP_READ, note_fd, b),
	                 OK);
	ck_assert_int_eq(write(socket[1], "x", 1), 1);
	ck_assert_int_eq(write(prompt[1], "x", 1), 1);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "ba");
	loop_unwatch(loop, socket[0]);
	loop_unwatch(loop, prompt[0]);
	close_pair(socket);
	close_pair(prompt);
}
END_TEST

struct slow {
	int prompt;                     /* something is typed meanwhile */
	char name;
};

/* 25 ms of work. */
static void work(int fd, unsigned events, void *arg)
{
	const struct slow *slow = arg;
	uint64_t end_ms = net_rig_now_ms() + 26;

	(void)events;
	note(slow->name);
	loop_unwatch(loop, fd);
	ck_assert_int_eq(write(slow->prompt, "x", 1), 1);
	while (net_rig_now_ms() < end_ms)
		;
}

START_TEST(sockets_that_keep_us_busy_let_the_prompt_in_between)
{
	int prompt[2], sockets[2];
	struct slow first, second;

	make_pair(prompt);
	make_pair(sockets);
	first = (struct slow){ prompt[1], 'a' };
	second = (struct slow){ prompt[1], 'b' };
	loop_watch(loop, prompt[0], LOOP_READ, note_fd, "p");
	loop_watch_bulk(loop, sockets[0], LOOP_WRITE, work, &first);
	loop_watch_bulk(loop, sockets[1], LOOP_WRITE, work, &second);
	for (int i = 0; i < 3; i++)
		loop_turn(loop, 0);
	ck_assert_str_eq(order, "apbp");
	close_pair(prompt);
	close_pair(sockets);
}
END_TEST

START_TEST(paused_sockets_are_written_to_and_not_read_from)
{
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(write(fds[1], "xyz", 3), 3);
	ck_assert_int_eq(loop_watch_bulk(loop, fds[0], LOOP_READ, note_fd, a),
	                 OK);
	loop_pause_bulk(loop, true);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "");
	loop_watch_bulk(loop, fds[0], LOOP_READ | LOOP_WRITE, note_fd, b);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "b");
	loop_pause_bulk(loop, false);
	loop_watch_bulk(loop, fds[0], LOOP_READ, note_fd, c);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "bc");
	loop_unwatch(loop, fds[0]);
	close_pair(fds);
}
END_TEST

START_TEST(a_watch_for_nothing_is_silent)
{
	int fds[2];

	make_pair(fds);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(loop_watch(loop, fds[0], 0, note_fd, a), OK);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "");
	loop_unwatch(loop, fds[0]);
	close_pair(fds);
}
END_TEST

static int other_fd;

static void replace_other(int fd, unsigned events, void *arg)
{
	int fds[2];

	(void)events;
	(void)arg;
	note('r');
	loop_unwatch(loop, other_fd);
	close(other_fd);
	make_pair(fds);                 /* takes the number just freed */
	ck_assert_int_eq(fds[0], other_fd);
	loop_watch(loop, fds[0], LOOP_READ, note_fd, a);
	close(fds[1]);
	loop_unwatch(loop, fd);
}

START_TEST(a_reused_number_is_not_served_for_its_predecessor)
{
	int first[2], second[2];

	make_pair(first);
	make_pair(second);
	other_fd = second[0];
	loop_watch(loop, first[0], LOOP_READ, replace_other, NULL);
	loop_watch(loop, second[0], LOOP_READ, note_fd, b);
	ck_assert_int_eq(write(first[1], "x", 1), 1);
	ck_assert_int_eq(write(second[1], "x", 1), 1);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "r");
	loop_turn(loop, 0);             /* the new one has come to its end */
	ck_assert_str_eq(order, "ra");
	loop_unwatch(loop, second[0]);
	close_pair(first);
	close_pair(second);
}
END_TEST

START_TEST(a_descriptor_closed_behind_our_back_is_told_and_let_go)
{
	int fds[2];

	make_pair(fds);
	loop_watch(loop, fds[0], LOOP_READ, note_fd, a);
	loop_watch(loop, fds[1], LOOP_WRITE, note_fd, b);
	close(fds[0]);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "a");
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "ab");
	loop_unwatch(loop, fds[1]);
	close(fds[1]);
}
END_TEST

START_TEST(what_select_cannot_hold_is_refused)
{
	ck_assert_int_eq(loop_watch(loop, FD_SETSIZE, LOOP_READ, note_fd, a),
	                 ERR_LIMIT);
	loop_unwatch(loop, FD_SETSIZE);
	loop_unwatch(loop, -1);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "");
}
END_TEST

static void defer_again(void *arg)
{
	note('d');
	ck_assert_int_eq(loop_defer(loop, note_timer, arg), OK);
}

START_TEST(what_a_deferred_function_defers_waits_a_turn)
{
	ck_assert_int_eq(loop_defer(loop, defer_again, a), OK);
	ck_assert_int_eq(loop_defer(loop, note_timer, b), OK);
	loop_turn(loop, -1);            /* does not wait */
	ck_assert_str_eq(order, "db");
	loop_turn(loop, -1);
	ck_assert_str_eq(order, "dba");
}
END_TEST

START_TEST(memory_that_runs_out_is_an_error)
{
	struct loop *other;
	unsigned told = 0;
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		test_alloc_fail(n);
		other = loop_new(&env);
		failed = test_alloc_restore();
		ck_assert_int_eq(other == NULL, failed);
		loop_free(other);
	}
	test_alloc_fail(0);
	ck_assert_int_eq(loop_defer(loop, note_timer, &told), ERR_NOMEM);
	ck_assert(test_alloc_restore());
	loop_turn(loop, 0);
	ck_assert_uint_eq(served, 0);
}
END_TEST

static void note_signal(int signo, void *arg)
{
	ck_assert_int_eq(signo, SIGALRM);
	note(*(const char *)arg);
}

START_TEST(a_signal_interrupts_the_wait_and_is_served_by_the_loop)
{
	struct itimerval soon = { .it_value = { .tv_usec = 5000 } };

	ck_assert_int_eq(loop_on_signal(loop, SIGALRM, note_signal, a), OK);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	while (served == 0)
		loop_turn(loop, 5000);
	loop_turn(loop, 0);
	ck_assert_str_eq(order, "a");   /* once */
}
END_TEST

START_TEST(signals_are_given_back_as_they_were)
{
	struct sigaction act;

	ck_assert_ptr_ne(signal(SIGALRM, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(loop_on_signal(loop, SIGALRM, note_signal, a), OK);
	ck_assert_int_eq(loop_on_signal(loop, SIGALRM, note_signal, b), OK);
	ck_assert_int_eq(loop_on_signal(loop, SIGALRM, NULL, NULL), OK);
	ck_assert_int_eq(sigaction(SIGALRM, NULL, &act), 0);
	ck_assert(act.sa_handler == SIG_IGN);
	ck_assert_int_eq(loop_on_signal(loop, SIGKILL, note_signal, a),
	                 ERR_SYNTAX);
	ck_assert_int_eq(loop_on_signal(loop, 0, note_signal, a), ERR_SYNTAX);
}
END_TEST

START_TEST(a_loop_that_is_freed_gives_its_signals_back)
{
	struct loop *other = loop_new(&env);
	struct sigaction before, act;

	ck_assert_ptr_nonnull(other);
	ck_assert_int_eq(sigaction(SIGALRM, NULL, &before), 0);
	ck_assert_int_eq(loop_on_signal(other, SIGALRM, note_signal, a), OK);
	loop_free(other);
	ck_assert_int_eq(sigaction(SIGALRM, NULL, &act), 0);
	ck_assert(act.sa_handler == before.sa_handler);
}
END_TEST

static void stop_reading(int fd, unsigned events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
	note('s');
	loop_stop(loop);
}

START_TEST(a_stopped_loop_serves_nobody_more)
{
	int fds[2];

	make_pair(fds);
	loop_watch(loop, fds[0], LOOP_WRITE, stop_reading, NULL);
	loop_watch_bulk(loop, fds[1], LOOP_WRITE, note_fd, a);
	loop_run(loop);
	ck_assert_str_eq(order, "s");
	loop_stop(loop);                /* before it runs: runs not at all */
	loop_run(loop);
	ck_assert_str_eq(order, "s");
	loop_unwatch(loop, fds[0]);
	loop_unwatch(loop, fds[1]);
	close_pair(fds);
}
END_TEST

static void stop_timer(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

START_TEST(a_timer_that_stops_the_loop_ends_its_wait)
{
	struct timer t = { 0 };

	timer_arm(&t, &env.timers, 0, stop_timer, NULL);
	loop_run(loop);                 /* returns */
	ck_assert(!timer_armed(&t));
}
END_TEST

START_TEST(clocks_and_randomness_are_the_systems)
{
	uint64_t one = env_random_u64(&env), two = env_random_u64(&env);
	int64_t off_s;

	loop_turn(loop, 0);
	off_s = env.wall_us / 1000000 - (int64_t)time(NULL);
	ck_assert_int_le(llabs(off_s), 2);
	ck_assert_uint_ne(one, two);
	ck_assert_ptr_eq(loop_env(loop), &env);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("loop", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests,
	               a_timer_ends_the_wait_when_it_is_due_not_before);
	tcase_add_test(tests,
	               each_of_1000_timers_fires_within_5_ms_of_its_instant);
	tcase_add_test(tests, a_wait_is_no_longer_than_asked_for);
	tcase_add_test(tests, the_prompt_is_served_before_the_sockets);
	tcase_add_test(tests,
	               sockets_that_keep_us_busy_let_the_prompt_in_between);
	tcase_add_test(tests, paused_sockets_are_written_to_and_not_read_from);
	tcase_add_test(tests, a_watch_for_nothing_is_silent);
	tcase_add_test(tests,
	               a_reused_number_is_not_served_for_its_predecessor);
	tcase_add_test(tests,
	               a_descriptor_closed_behind_our_back_is_told_and_let_go);
	tcase_add_test(tests, what_select_cannot_hold_is_refused);
	tcase_add_test(tests, what_a_deferred_function_defers_waits_a_turn);
	tcase_add_test(tests, memory_that_runs_out_is_an_error);
	tcase_add_test(tests,
	               a_signal_interrupts_the_wait_and_is_served_by_the_loop);
	tcase_add_test(tests, signals_are_given_back_as_they_were);
	tcase_add_test(tests, a_loop_that_is_freed_gives_its_signals_back);
	tcase_add_test(tests, a_stopped_loop_serves_nobody_more);
	tcase_add_test(tests, a_timer_that_stops_the_loop_ends_its_wait);
	tcase_add_test(tests, clocks_and_randomness_are_the_systems);
	return s;
}

int main(void)
{
	return test_main(suite());
}
