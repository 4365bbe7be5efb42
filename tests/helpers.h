#ifndef TESTS_HELPERS_H
#define TESTS_HELPERS_H

/* What every test program shares: how it runs, and how memory runs out. */

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/list.h"
#include "core/base/slice.h"

/* Runs the suite as CK_* in the environment says, frees it; 0 or 1 for
 * main() to return. */
int test_main(Suite *suite);

/* A suite of one test case; the caller adds tests to *tests. */
Suite *test_suite(const char *name, TCase **tests);

/*
 * The allocation that follows nth others fails (0: the next one), once.
 * test_alloc_restore() ends that and says whether it came to it; assert
 * nothing in between, for Check allocates too. Together:
 *
 *     for (size_t n = 0, failed = 1; failed; n++) {
 *             test_alloc_fail(n);
 *             err = what_is_tested();
 *             failed = test_alloc_restore();
 *             ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
 *     }
 */
void test_alloc_fail(size_t nth);
bool test_alloc_restore(void);
/* In between, what the test itself allocates does not count. */
void test_alloc_pause(void);
void test_alloc_resume(void);

/* s is this text; a failure shows both. */
#define ck_assert_slice_eq(s, text) \
	test_slice_eq((s), slice_str(text), #s, __FILE__, __LINE__)

void test_slice_eq(struct slice got, struct slice want, const char *what,
                   const char *file, int line);

#endif
