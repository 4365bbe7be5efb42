/* Core's world: clocks that move when told, random octets from a pool. */

#include "core/base/env.h"
#include "tests/helpers.h"

static struct env e;
static unsigned char next_octet;
static size_t fills;

/* 1, 2, ... 255, 1, ...: never 0, so that a wiped octet shows. */
static void fill_counting(void *out, size_t n, void *arg)
{
	unsigned char *p = out;

	ck_assert_ptr_eq(arg, &next_octet);
	for (size_t i = 0; i < n; i++)
		p[i] = next_octet = (unsigned char)(next_octet % 255 + 1);
	fills++;
}

static void fill_high(void *out, size_t n, void *arg)
{
	(void)arg;
	memset(out, fills++ == 0 ? 0 : 0xff, n);
}

static void setup(void)
{
	next_octet = 0;
	fills = 0;
	env_init(&e, 1000, 2000, fill_counting, &next_octet);
}

START_TEST(randomness_is_handed_out_once)
{
	unsigned char octets[2000], want = 0;

	for (size_t at = 0, n = 1; at + n < sizeof(octets); at += n, n += 7)
		env_random(&e, octets + at, n);
	for (size_t i = 0; i < 1700; i++) {
		want = (unsigned char)(want % 255 + 1);
		ck_assert_uint_eq(octets[i], want);
	}
}
END_TEST

START_TEST(the_pool_is_filled_only_when_needed)
{
	ck_assert_uint_eq(fills, 0);
	for (unsigned i = 0; i < sizeof(e.pool) / 8; i++)
		env_random_u64(&e);
	ck_assert_uint_eq(fills, 1);
	env_random_u64(&e);
	ck_assert_uint_eq(fills, 2);
}
END_TEST

START_TEST(what_was_handed_out_is_wiped)
{
	unsigned char octets[100];

	env_random(&e, octets, sizeof(octets));
	for (size_t i = 0; i < sizeof(e.pool); i++)
		ck_assert((e.pool[i] == 0) == (i < sizeof(octets)));
}
END_TEST

START_TEST(below_a_bound_each_value_comes_up)
{
	unsigned seen[7] = { 0 };

	for (unsigned i = 0; i < 7000; i++) {
		uint64_t n = env_random_below(&e, ARRAY_LEN(seen));

		ck_assert_uint_lt(n, ARRAY_LEN(seen));
		seen[n]++;
	}
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		ck_assert_uint_gt(seen[i], 0);
	ck_assert_uint_eq(env_random_below(&e, 1), 0);
}
END_TEST

START_TEST(values_that_would_tip_the_scale_are_drawn_again)
{
	env_init(&e, 0, 0, fill_high, NULL);
	/* 0 is below 2^64 mod 3: all of the first pool is passed over. */
	ck_assert_uint_eq(env_random_below(&e, 3), UINT64_MAX % 3);
	ck_assert_uint_eq(fills, 2);
}
END_TEST

START_TEST(a_token_is_of_base32_letters_and_no_longer)
{
	char token[ENV_TOKEN_LEN + 1];

	token[ENV_TOKEN_LEN] = '#';
	env_token(&e, token);
	/* Octets 1 to 16 of a..z, 2..7. */
	ck_assert_int_eq(memcmp(token, "bcdefghijklmnopq#", sizeof(token)), 0);
	env_token(&e, token);
	ck_assert_int_eq(memcmp(token, "rstuvwxyz234567a#", sizeof(token)), 0);
}
END_TEST

static void note(void *arg)
{
	int64_t *wall_us = arg;

	*wall_us = e.wall_us;
}

START_TEST(both_clocks_have_moved_before_a_timer_fires)
{
	struct timer t = { 0 };
	int64_t seen_us = 0;

	ck_assert_uint_eq(env_now_us(&e), 1000);
	ck_assert_int_eq(e.wall_us, 2000);
	timer_arm(&t, &e.timers, 5, note, &seen_us);
	ck_assert_int_eq(env_advance(&e, 2000, 3000), 4000);
	ck_assert_int_eq(seen_us, 0);
	ck_assert_int_eq(env_advance(&e, 6000, 7000), -1);
	ck_assert_int_eq(seen_us, 7000);
	ck_assert_uint_eq(env_now_us(&e), 6000);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("env", &t);

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, randomness_is_handed_out_once);
	tcase_add_test(t, the_pool_is_filled_only_when_needed);
	tcase_add_test(t, what_was_handed_out_is_wiped);
	tcase_add_test(t, below_a_bound_each_value_comes_up);
	tcase_add_test(t, values_that_would_tip_the_scale_are_drawn_again);
	tcase_add_test(t, a_token_is_of_base32_letters_and_no_longer);
	tcase_add_test(t, both_clocks_have_moved_before_a_timer_fires);
	return s;
}

int main(void)
{
	return test_main(suite());
}
