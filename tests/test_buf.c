/* A buf grows, keeps its first error, and escapes for a person's eyes. */

#include <stdlib.h>

#include "core/base/buf.h"
#include "tests/helpers.h"

static struct buf b;

static void setup(void)
{
	b = (struct buf){ 0 };
}

static void teardown(void)
{
	buf_deinit(&b);
}

START_TEST(what_is_appended_lies_end_to_end)
{
	buf_str(&b, "a");
	buf_char(&b, 'b');
	buf_slice(&b, SLICE("c\0d"));
	buf_slice(&b, SLICE_EMPTY);
	buf_u64(&b, 0);
	buf_u64(&b, UINT64_MAX);
	buf_hex(&b, "\x00\x7f\xff", 3);
	buf_printf(&b, "<%d>", -1);
	ck_assert_int_eq(buf_error(&b), OK);
	ck_assert(slice_eq(buf_view(&b),
	                   SLICE("abc\0d018446744073709551615007fff<-1>")));
}
END_TEST

START_TEST(it_grows_as_far_as_it_must)
{
	for (unsigned i = 0; i < 100000; i++)
		buf_char(&b, (char)('a' + i % 26));
	ck_assert_int_eq(buf_error(&b), OK);
	ck_assert_uint_eq(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		ck_assert_int_eq(b.p[i], 'a' + i % 26);
}
END_TEST

START_TEST(an_empty_one_reads_as_an_empty_string)
{
	ck_assert_str_eq(buf_cstr(&b), "");
	ck_assert_uint_eq(buf_view(&b).len, 0);
	ck_assert_ptr_null(buf_steal(&b, NULL));
}
END_TEST

START_TEST(a_bound_is_reached_and_not_passed)
{
	b.max = 100;
	for (unsigned i = 0; i < 100; i++)
		buf_char(&b, 'x');
	ck_assert_int_eq(buf_error(&b), OK);
	ck_assert_uint_eq(strlen(buf_cstr(&b)), 100);
	buf_char(&b, 'x');
	ck_assert_int_eq(buf_error(&b), ERR_LIMIT);
	ck_assert_uint_eq(b.len, 100);
}
END_TEST

START_TEST(after_an_error_nothing_is_appended)
{
	b.max = 4;
	buf_str(&b, "abc");
	buf_str(&b, "too much");
	buf_char(&b, 'd');
	buf_printf(&b, "%d", 1);
	buf_u64(&b, 1);
	ck_assert_int_eq(buf_error(&b), ERR_LIMIT);
	ck_assert_slice_eq(buf_view(&b), "abc");
	ck_assert_str_eq(buf_cstr(&b), "");
	ck_assert_ptr_null(buf_steal(&b, NULL));
}
END_TEST

START_TEST(a_reset_clears_the_error_and_keeps_the_memory)
{
	b.max = 4;
	buf_str(&b, "abc");
	buf_str(&b, "too much");
	buf_reset(&b);
	ck_assert_uint_gt(b.cap, 0);
	buf_str(&b, "abcd");
	ck_assert_str_eq(buf_cstr(&b), "abcd");
}
END_TEST

START_TEST(running_out_of_memory_is_an_error_that_stays)
{
	test_alloc_fail(0);
	buf_str(&b, "abc");
	ck_assert(test_alloc_restore());
	buf_str(&b, "def");
	ck_assert_int_eq(buf_error(&b), ERR_NOMEM);
	ck_assert_str_eq(buf_cstr(&b), "");
	ck_assert_uint_eq(buf_view(&b).len, 0);
}
END_TEST

START_TEST(a_reserve_makes_room_once)
{
	buf_reserve(&b, 1000);
	ck_assert_uint_gt(b.cap, 1000);
	test_alloc_fail(0);
	for (unsigned i = 0; i < 1000; i++)
		buf_char(&b, 'x');
	ck_assert(!test_alloc_restore());
	ck_assert_int_eq(buf_error(&b), OK);
	buf_reserve(&b, SIZE_MAX);
	ck_assert_int_eq(buf_error(&b), ERR_LIMIT);
}
END_TEST

START_TEST(what_is_stolen_belongs_to_the_thief)
{
	size_t len = 0;
	char *p;

	buf_str(&b, "abc");
	p = buf_steal(&b, &len);
	ck_assert_str_eq(p, "abc");
	ck_assert_uint_eq(len, 3);
	ck_assert_ptr_null(b.p);
	ck_assert_uint_eq(b.len + b.cap, 0);
	free(p);
}
END_TEST

START_TEST(a_quoted_string_escapes_quotes_and_backslashes)
{
	buf_quoted(&b, SLICE("a\"b\\c"));
	ck_assert_str_eq(buf_cstr(&b), "\"a\\\"b\\\\c\"");
}
END_TEST

START_TEST(a_quoted_string_holds_no_line_end_and_no_nul)
{
	static const char *const bad[] = { "a\rb", "a\nb" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&b);
		buf_quoted(&b, slice_str(bad[i]));
		ck_assert_int_eq(buf_error(&b), ERR_SYNTAX);
	}
	buf_reset(&b);
	buf_quoted(&b, SLICE("a\0b"));
	ck_assert_int_eq(buf_error(&b), ERR_SYNTAX);
}
END_TEST

static const struct {
	const char *why, *in, *out;
} escape_cases[] = {
	{ "plain",               "caf\xc3\xa9",           "caf\xc3\xa9" },
	{ "escape sequence",     "\x1b[2J",               "\\x1b[2J" },
	{ "line ends",           "a\r\nb",                "a\\x0d\\x0ab" },
	{ "tab",                 "a\tb",                  "a\\x09b" },
	{ "DEL",                 "\x7f",                  "\\x7f" },
	{ "backslash",           "a\\x1b",                "a\\\\x1b" },
	{ "raw C1 (CSI)",        "\x9b" "2J",             "\\x9b2J" },
	{ "C1 as UTF-8",         "\xc2\x9b" "2J",         "\\xc2\\x9b2J" },
	{ "last C1",             "\xc2\x9f",              "\\xc2\\x9f" },
	{ "U+00A0 stays",        "\xc2\xa0",              "\xc2\xa0" },
	{ "U+061C",              "\xd8\x9c",              "\\xd8\\x9c" },
	{ "U+200D stays",        "\xe2\x80\x8d",          "\xe2\x80\x8d" },
	{ "U+200E",              "\xe2\x80\x8e",          "\\xe2\\x80\\x8e" },
	{ "U+200F",              "\xe2\x80\x8f",          "\\xe2\\x80\\x8f" },
	{ "U+2028",              "\xe2\x80\xa8",          "\\xe2\\x80\\xa8" },
	{ "U+2029",              "\xe2\x80\xa9",          "\\xe2\\x80\\xa9" },
	{ "U+202A",              "\xe2\x80\xaa",          "\\xe2\\x80\\xaa" },
	{ "U+202E",              "\xe2\x80\xae",          "\\xe2\\x80\\xae" },
	{ "U+202F stays",        "\xe2\x80\xaf",          "\xe2\x80\xaf" },
	{ "U+2066",              "\xe2\x81\xa6",          "\\xe2\\x81\\xa6" },
	{ "U+2069",              "\xe2\x81\xa9",          "\\xe2\\x81\\xa9" },
	{ "U+2065 stays",        "\xe2\x81\xa5",          "\xe2\x81\xa5" },
	{ "not UTF-8",           "\xff" "a\xc3",          "\\xffa\\xc3" },
	{ "four octets stay",    "\xf0\x9f\x98\x80",      "\xf0\x9f\x98\x80" },
};

START_TEST(what_could_fool_a_terminal_is_escaped)
{
	buf_escaped(&b, slice_str(escape_cases[_i].in));
	ck_assert_msg(strcmp(buf_cstr(&b), escape_cases[_i].out) == 0, "%s",
	              escape_cases[_i].why);
}
END_TEST

START_TEST(nul_is_escaped_like_any_control)
{
	buf_escaped(&b, SLICE("a\0b"));
	ck_assert_str_eq(buf_cstr(&b), "a\\x00b");
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("buf", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_appended_lies_end_to_end);
	tcase_add_test(t, it_grows_as_far_as_it_must);
	tcase_add_test(t, an_empty_one_reads_as_an_empty_string);
	tcase_add_test(t, a_bound_is_reached_and_not_passed);
	tcase_add_test(t, after_an_error_nothing_is_appended);
	tcase_add_test(t, a_reset_clears_the_error_and_keeps_the_memory);
	tcase_add_test(t, running_out_of_memory_is_an_error_that_stays);
	tcase_add_test(t, a_reserve_makes_room_once);
	tcase_add_test(t, what_is_stolen_belongs_to_the_thief);
	tcase_add_test(t, a_quoted_string_escapes_quotes_and_backslashes);
	tcase_add_test(t, a_quoted_string_holds_no_line_end_and_no_nul);
	tcase_add_loop_test(t, what_could_fool_a_terminal_is_escaped, 0,
	                    ARRAY_LEN(escape_cases));
	tcase_add_test(t, nul_is_escaped_like_any_control);
	return s;
}

int main(void)
{
	return test_main(suite());
}
