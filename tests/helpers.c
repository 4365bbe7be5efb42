/* What every test program shares. */

#include "tests/helpers.h"

#include <stdlib.h>

#include "core/base/buf.h"

static struct {
	bool armed, failed, paused;
	size_t left;
} alloc;

/* The linker's --wrap sends every malloc() of a test program here. */
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);

static bool must_fail(void)
{
	if (!alloc.armed || alloc.paused || alloc.left-- != 0)
		return false;
	alloc.armed = false;
	alloc.failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return must_fail() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return must_fail() ? NULL : __real_realloc(p, n);
}

void test_alloc_fail(size_t nth)
{
	alloc.armed = true;
	alloc.failed = false;
	alloc.left = nth;
}

bool test_alloc_restore(void)
{
	alloc.armed = false;
	return alloc.failed;
}

void test_alloc_pause(void)
{
	alloc.paused = true;
}

void test_alloc_resume(void)
{
	alloc.paused = false;
}

int test_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

Suite *test_suite(const char *name, TCase **tests)
{
	Suite *suite = suite_create(name);

	*tests = tcase_create(name);
	suite_add_tcase(suite, *tests);
	return suite;
}

void test_slice_eq(struct slice got, struct slice want, const char *what,
                   const char *file, int line)
{
	struct buf b = { 0 };

	if (slice_eq(got, want))
		return;
	buf_escaped(&b, got);
	buf_str(&b, "\" is not \"");
	buf_escaped(&b, want);
	ck_abort_msg("%s:%d: %s: \"%s\"", file, line, what, buf_cstr(&b));
}
