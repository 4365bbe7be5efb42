/* Timers fire once, in order, at their instant and never before. */

#include "core/base/timer.h"
#include "tests/helpers.h"

static const uint64_t day_ms = UINT64_C(24) * 3600 * 1000;

static struct timer_set set;

static struct {
	const void *who[64];
	uint64_t at_us[64];
	size_t n;
} fired;

static void note(void *arg)
{
	fired.who[fired.n % 64] = arg;
	fired.at_us[fired.n % 64] = set.now_us;
	fired.n++;
}

static void setup(void)
{
	timer_set_init(&set, 0);
	fired.n = 0;
}

static void arm(struct timer *t, uint64_t delay_ms)
{
	timer_arm(t, &set, delay_ms, note, t);
}

static const uint64_t delays_ms[] = {
	1, 63, 64, 65, 500, 4000, 4095, 4096, 4097, 32000, 262143, 262144,
	3600 * 1000, 16777216, 1073741824, UINT64_C(100) * 24 * 3600 * 1000,
};

START_TEST(a_timer_fires_at_its_instant_and_not_before)
{
	uint64_t due_us = delays_ms[_i] * 1000;
	struct timer t = { 0 };

	arm(&t, delays_ms[_i]);
	ck_assert(timer_armed(&t));
	ck_assert_uint_eq(timer_left_ms(&t), delays_ms[_i]);
	timer_run(&set, due_us - 1);
	ck_assert_uint_eq(fired.n, 0);
	ck_assert_uint_eq(timer_left_ms(&t), 1);
	ck_assert_int_eq(timer_run(&set, due_us), -1);
	ck_assert_uint_eq(fired.n, 1);
	ck_assert(!timer_armed(&t));
	timer_run(&set, due_us * 2);
	ck_assert_uint_eq(fired.n, 1);
}
END_TEST

START_TEST(whoever_calls_again_when_told_is_in_time)
{
	uint64_t due_us = delays_ms[_i] * 1000;
	struct timer t = { 0 };
	unsigned calls = 0;
	int64_t left;

	arm(&t, delays_ms[_i]);
	while ((left = timer_run(&set, set.now_us)) > 0) {
		timer_run(&set, set.now_us + (uint64_t)left);
		calls++;
	}
	ck_assert_int_eq(left, -1);
	ck_assert_uint_eq(fired.n, 1);
	ck_assert_uint_eq(fired.at_us[0], due_us);
	ck_assert_uint_le(calls, TIMER_LEVELS + 1);
}
END_TEST

START_TEST(a_part_of_a_millisecond_is_rounded_up)
{
	struct timer t = { 0 };

	timer_run(&set, 1500);
	arm(&t, 1);
	timer_run(&set, 2500);
	ck_assert_uint_eq(fired.n, 0);
	timer_run(&set, 3000);
	ck_assert_uint_eq(fired.n, 1);
}
END_TEST

START_TEST(equal_timers_fire_in_the_order_of_arming)
{
	struct timer t[8] = { 0 };

	/* All due at 10000 ms, armed from ever nearer. */
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		timer_run(&set, i * 1249 * 1000);
		arm(&t[i], 10000 - i * 1249);
	}
	timer_run(&set, 10000 * 1000);
	ck_assert_uint_eq(fired.n, ARRAY_LEN(t));
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		ck_assert_ptr_eq(fired.who[i], &t[i]);
}
END_TEST

START_TEST(a_delay_of_zero_fires_on_the_next_run)
{
	struct timer zero = { 0 }, one = { 0 };

	arm(&one, 1);
	arm(&zero, 0);
	ck_assert_uint_eq(fired.n, 0);
	ck_assert_uint_eq(timer_left_ms(&zero), 0);
	ck_assert_int_eq(timer_run(&set, 0), 1000);
	ck_assert_uint_eq(fired.n, 1);
	ck_assert_ptr_eq(fired.who[0], &zero);
}
END_TEST

static void again(void *arg)
{
	fired.n++;
	timer_arm(arg, &set, 0, again, arg);
}

START_TEST(zero_from_inside_a_timer_waits_for_the_next_run)
{
	struct timer t = { 0 };

	timer_arm(&t, &set, 0, again, &t);
	ck_assert_int_eq(timer_run(&set, 0), 0);
	ck_assert_uint_eq(fired.n, 1);
	ck_assert_int_eq(timer_run(&set, 0), 0);
	ck_assert_uint_eq(fired.n, 2);
	timer_cancel(&t);
	ck_assert_int_eq(timer_run(&set, 0), -1);
	ck_assert_uint_eq(fired.n, 2);
}
END_TEST

static void every_10ms(void *arg)
{
	note(arg);
	timer_arm(arg, &set, 10, every_10ms, arg);
}

START_TEST(rearming_counts_from_the_present)
{
	struct timer t = { 0 };

	timer_arm(&t, &set, 10, every_10ms, &t);
	timer_run(&set, 10 * 1000);
	timer_run(&set, 19 * 1000);
	ck_assert_uint_eq(fired.n, 1);
	timer_run(&set, 20 * 1000);
	ck_assert_uint_eq(fired.n, 2);
	timer_run(&set, 1000 * 1000);   /* a long sleep is one late firing */
	ck_assert_uint_eq(fired.n, 3);
	ck_assert_uint_eq(timer_left_ms(&t), 10);
}
END_TEST

START_TEST(arming_again_moves_a_timer)
{
	struct timer t = { 0 };

	arm(&t, 500);
	arm(&t, 70000);
	timer_run(&set, 69999 * 1000);
	ck_assert_uint_eq(fired.n, 0);
	arm(&t, 5);
	timer_run(&set, 70004 * 1000);
	ck_assert_uint_eq(fired.n, 1);
	ck_assert_int_eq(timer_run(&set, 80000 * 1000), -1);
	ck_assert_uint_eq(fired.n, 1);
}
END_TEST

START_TEST(a_cancelled_timer_never_fires)
{
	struct timer t[4] = { 0 };

	arm(&t[0], 0);
	arm(&t[1], 1);
	arm(&t[2], 5000);
	arm(&t[3], 100 * day_ms);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		timer_cancel(&t[i]);
		timer_cancel(&t[i]);
		ck_assert(!timer_armed(&t[i]));
		ck_assert_uint_eq(timer_left_ms(&t[i]), 0);
	}
	ck_assert_int_eq(timer_run(&set, 200 * day_ms * 1000), -1);
	ck_assert_uint_eq(fired.n, 0);
}
END_TEST

static void cancel_other(void *arg)
{
	note(NULL);
	timer_cancel(arg);
}

START_TEST(a_timer_may_cancel_one_that_is_due_with_it)
{
	struct timer first = { 0 }, second = { 0 }, third = { 0 };

	timer_arm(&first, &set, 5, cancel_other, &second);
	arm(&second, 5);
	arm(&third, 5);
	timer_run(&set, 5000);
	ck_assert_uint_eq(fired.n, 2);
	ck_assert_ptr_eq(fired.who[1], &third);

	timer_arm(&first, &set, 0, cancel_other, &second);
	arm(&second, 0);
	timer_run(&set, 5000);
	ck_assert_uint_eq(fired.n, 3);
}
END_TEST

START_TEST(the_clock_never_goes_back)
{
	struct timer t = { 0 };

	timer_run(&set, 5000);
	timer_run(&set, 1000);
	ck_assert_uint_eq(set.now_us, 5000);
	arm(&t, 1);
	timer_run(&set, 5999);
	ck_assert_uint_eq(fired.n, 0);
	timer_run(&set, 6000);
	ck_assert_uint_eq(fired.n, 1);
}
END_TEST

START_TEST(endless_delays_are_cut_to_a_hundred_days)
{
	struct timer t = { 0 };

	arm(&t, UINT64_MAX);
	ck_assert_uint_eq(timer_left_ms(&t), 100 * day_ms);
	timer_run(&set, 100 * day_ms * 1000 - 1);
	ck_assert_uint_eq(fired.n, 0);
	timer_run(&set, 100 * day_ms * 1000);
	ck_assert_uint_eq(fired.n, 1);
}
END_TEST

/* --- against a model: a list, searched for the least --- */

enum { MODEL_TIMERS = 200, MODEL_STEPS = 20000 };

static struct {
	struct timer t[MODEL_TIMERS];
	uint64_t due_ms[MODEL_TIMERS];          /* 0: not armed */
	uint64_t armed_as[MODEL_TIMERS];
	uint64_t count, last_due_ms, last_armed_as;
} model;

static uint64_t random_state;

/* xorshift64*: the same numbers in every run. */
static uint64_t random_below(uint64_t bound)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * UINT64_C(2685821657736338717) >> 11) % bound;
}

static void model_fire(void *arg)
{
	size_t i = (size_t)((struct timer *)arg - model.t);
	uint64_t due_ms = model.due_ms[i];

	ck_assert_uint_ne(due_ms, 0);
	ck_assert_uint_le(due_ms, set.now_us / 1000);
	ck_assert(due_ms > model.last_due_ms
	          || (due_ms == model.last_due_ms
	              && model.armed_as[i] > model.last_armed_as));
	model.last_due_ms = due_ms;
	model.last_armed_as = model.armed_as[i];
	model.due_ms[i] = 0;
}

static void model_arm(size_t i)
{
	uint64_t delay_ms = 1 + random_below(UINT64_C(1) << random_below(34));

	timer_arm(&model.t[i], &set, delay_ms, model_fire, &model.t[i]);
	model.due_ms[i] = (set.now_us + 999) / 1000 + delay_ms;
	model.armed_as[i] = ++model.count;
}

static uint64_t model_least(void)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < MODEL_TIMERS; i++)
		if (model.due_ms[i] != 0 && model.due_ms[i] < least)
			least = model.due_ms[i];
	return least;
}

static void model_run(void)
{
	uint64_t step_us = random_below(UINT64_C(1) << random_below(38));
	int64_t left_us;
	uint64_t least;

	model.last_due_ms = model.last_armed_as = 0;
	left_us = timer_run(&set, set.now_us + step_us);
	least = model_least();
	ck_assert(least > set.now_us / 1000);   /* nothing was forgotten */
	if (least == UINT64_MAX)
		ck_assert_int_eq(left_us, -1);
	else
		ck_assert(left_us > 0
		          && (uint64_t)left_us <= least * 1000 - set.now_us);
}

/* From 0, from just before a carry on every level, and from the present as
 * a wall clock has it. */
static const uint64_t starts_us[] = {
	0, UINT64_C(68719476735999), UINT64_C(4398046511103) * 1000 + 999,
	UINT64_C(1800000000000000),
};

START_TEST(random_operations_agree_with_a_list)
{
	random_state = 88172645463325252u + (uint64_t)_i;
	timer_set_init(&set, starts_us[_i]);
	for (size_t step = 0; step < MODEL_STEPS; step++) {
		size_t i = (size_t)random_below(MODEL_TIMERS);

		switch (random_below(4)) {
		case 0:
			timer_cancel(&model.t[i]);
			model.due_ms[i] = 0;
			break;
		case 1:
			model_run();
			break;
		default:
			model_arm(i);
			break;
		}
		ck_assert(timer_armed(&model.t[i]) == (model.due_ms[i] != 0));
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("timer", &t);

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, a_timer_fires_at_its_instant_and_not_before, 0,
	                    ARRAY_LEN(delays_ms));
	tcase_add_loop_test(t, whoever_calls_again_when_told_is_in_time, 0,
	                    ARRAY_LEN(delays_ms));
	tcase_add_test(t, a_part_of_a_millisecond_is_rounded_up);
	tcase_add_test(t, equal_timers_fire_in_the_order_of_arming);
	tcase_add_test(t, a_delay_of_zero_fires_on_the_next_run);
	tcase_add_test(t, zero_from_inside_a_timer_waits_for_the_next_run);
	tcase_add_test(t, rearming_counts_from_the_present);
	tcase_add_test(t, arming_again_moves_a_timer);
	tcase_add_test(t, a_cancelled_timer_never_fires);
	tcase_add_test(t, a_timer_may_cancel_one_that_is_due_with_it);
	tcase_add_test(t, the_clock_never_goes_back);
	tcase_add_test(t, endless_delays_are_cut_to_a_hundred_days);
	tcase_add_loop_test(t, random_operations_agree_with_a_list, 0,
	                    ARRAY_LEN(starts_us));
	return s;
}

int main(void)
{
	return test_main(suite());
}
