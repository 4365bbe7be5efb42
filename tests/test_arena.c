/* An arena gives aligned memory, keeps it, and gives it back at once. */

#include <stdint.h>

#include "core/base/arena.h"
#include "tests/helpers.h"

static struct arena a;

static void setup(void)
{
	a = (struct arena){ 0 };
}

static void teardown(void)
{
	arena_deinit(&a);
}

START_TEST(memory_is_aligned_for_any_type)
{
	for (size_t n = 0; n < 100; n++) {
		void *p;

		ck_assert_ptr_nonnull(arena_copy(&a, SLICE("x")).p);
		p = arena_alloc(&a, n);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
	}
}
END_TEST

START_TEST(what_was_given_out_does_not_overlap)
{
	enum { COUNT = 500 };
	unsigned char *parts[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		parts[i] = arena_alloc(&a, i);
		memset(parts[i], (int)(i & 255), i);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_eq(parts[i][k], i & 255);
}
END_TEST

START_TEST(a_request_larger_than_a_block_has_its_own)
{
	char *small = arena_alloc(&a, 8), *large;

	memcpy(small, "before!", 8);
	large = arena_alloc(&a, 1 << 20);
	ck_assert_ptr_nonnull(large);
	memset(large, 1, 1 << 20);
	ck_assert_str_eq(small, "before!");
}
END_TEST

START_TEST(a_copy_is_independent_of_its_source)
{
	char text[] = "abc";
	struct slice copy = arena_copy(&a, SLICE_EMPTY);

	ck_assert_ptr_nonnull(copy.p);
	ck_assert_uint_eq(copy.len, 0);
	copy = arena_copy(&a, slice_str(text));
	text[0] = 'x';
	ck_assert_slice_eq(copy, "abc");
}
END_TEST

START_TEST(after_a_reset_the_memory_is_used_again)
{
	char *first;

	ck_assert_ptr_nonnull(arena_alloc(&a, 10000));
	first = arena_alloc(&a, 100);
	for (unsigned i = 0; i < 1000; i++) {
		arena_reset(&a);
		test_alloc_fail(0);
		first = arena_alloc(&a, 100);
		ck_assert(!test_alloc_restore());
		ck_assert_ptr_nonnull(first);
	}
}
END_TEST

START_TEST(an_empty_arena_may_be_reset_and_deinitialised)
{
	arena_reset(&a);
	arena_deinit(&a);
	arena_deinit(&a);
	ck_assert_ptr_null(a.blocks);
	ck_assert_ptr_nonnull(arena_alloc(&a, 1));
}
END_TEST

START_TEST(short_memory_gives_null_and_harms_nothing)
{
	char *before = arena_alloc(&a, 8);
	const void *p;

	memcpy(before, "before!", 8);
	test_alloc_fail(0);
	p = arena_alloc(&a, 1 << 20);
	ck_assert(test_alloc_restore());
	ck_assert_ptr_null(p);
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX - 8));
	ck_assert_str_eq(before, "before!");
	ck_assert_ptr_nonnull(arena_alloc(&a, 8));

	arena_deinit(&a);
	test_alloc_fail(0);
	p = arena_copy(&a, SLICE("abc")).p;
	ck_assert(test_alloc_restore());
	ck_assert_ptr_null(p);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("arena", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, memory_is_aligned_for_any_type);
	tcase_add_test(t, what_was_given_out_does_not_overlap);
	tcase_add_test(t, a_request_larger_than_a_block_has_its_own);
	tcase_add_test(t, a_copy_is_independent_of_its_source);
	tcase_add_test(t, after_a_reset_the_memory_is_used_again);
	tcase_add_test(t, an_empty_arena_may_be_reset_and_deinitialised);
	tcase_add_test(t, short_memory_gives_null_and_harms_nothing);
	return s;
}

int main(void)
{
	return test_main(suite());
}
