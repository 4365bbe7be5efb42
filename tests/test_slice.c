/* Slices compare, convert and scan as RFC 3261's grammar asks. */

#include <stdlib.h>

#include "tests/helpers.h"

static const struct {
	const char *why, *a, *b;
	bool eq, prefix;                /* a equals, begins with b */
} nocase_cases[] = {
	{ "empty",              "",                 "",                true,  true },
	{ "short",              "ViA",              "vIa",             true,  true },
	{ "a whole word",       "Call-IDs",         "CALL-idS",        true,  true },
	{ "word and a tail",    "Content-Length",   "content-LENGTH",  true,  true },
	{ "differs in word",    "Content-Length",   "Contant-Length",  false, false },
	{ "differs in tail",    "Content-Length",   "Content-Lengtt",  false, false },
	{ "longer",             "Viaa",             "Via",             false, true },
	{ "shorter",            "Vi",               "Via",             false, false },
	{ "@ is not `",         "@@@@@@@@@",        "`````````",       false, false },
	{ "[ is not {",         "[[[[[[[[[",        "{{{{{{{{{",       false, false },
	{ "A and Z fold",       "AZAZAZAZAZ",       "azazazazaz",      true,  true },
	{ "high octets do not", "\xc1\xc1\xc1\xc1\xc1\xc1\xc1\xc1",
	                        "\xe1\xe1\xe1\xe1\xe1\xe1\xe1\xe1", false, false },
};

START_TEST(case_is_ignored_in_ascii_only)
{
	struct slice a = slice_str(nocase_cases[_i].a);
	struct slice b = slice_str(nocase_cases[_i].b);

	ck_assert_msg(slice_eq_nocase(a, b) == nocase_cases[_i].eq, "%s",
	              nocase_cases[_i].why);
	ck_assert_msg(slice_starts_with_nocase(a, b) == nocase_cases[_i].prefix,
	              "%s", nocase_cases[_i].why);
}
END_TEST

START_TEST(folding_words_agrees_with_folding_octets)
{
	char a[8], b[8];

	for (int x = 0; x < 256; x++) {
		for (int y = 0; y < 256; y++) {
			struct slice one_a, one_b;

			memset(a, x, sizeof(a));
			memset(b, y, sizeof(b));
			one_a = slice_make(a, 1);
			one_b = slice_make(b, 1);
			ck_assert(slice_eq_nocase(slice_make(a, 8),
			                          slice_make(b, 8))
			          == slice_eq_nocase(one_a, one_b));
		}
	}
}
END_TEST

START_TEST(slices_are_ordered_shorter_first)
{
	ck_assert_int_eq(slice_cmp(SLICE(""), SLICE_EMPTY), 0);
	ck_assert_int_lt(slice_cmp(SLICE("a"), SLICE("aa")), 0);
	ck_assert_int_gt(slice_cmp(SLICE("b"), SLICE("aa")), 0);
	ck_assert_int_gt(slice_cmp(SLICE("a\xff"), SLICE("a\x01")), 0);
	ck_assert_int_eq(slice_cmp(SLICE("ab"), SLICE("ab")), 0);
}
END_TEST

START_TEST(nul_is_an_ordinary_octet)
{
	struct slice s = SLICE("a\0b");

	ck_assert_uint_eq(s.len, 3);
	ck_assert(slice_eq(s, SLICE("a\0b")));
	ck_assert(!slice_eq(s, SLICE("a\0c")));
	ck_assert_uint_eq(slice_find(s, 'b'), 2);
	ck_assert_uint_eq(slice_find(s, '\0'), 1);
}
END_TEST

START_TEST(what_is_not_found_is_at_the_end)
{
	ck_assert_uint_eq(slice_find(SLICE("abc"), 'x'), 3);
	ck_assert_uint_eq(slice_find(SLICE_EMPTY, 'x'), 0);
	ck_assert_uint_eq(slice_find_slice(SLICE("abcabd"), SLICE("abd")), 3);
	ck_assert_uint_eq(slice_find_slice(SLICE("abc"), SLICE("abd")), 3);
	ck_assert_uint_eq(slice_find_slice(SLICE("ab"), SLICE("abd")), 2);
	ck_assert_uint_eq(slice_find_slice(SLICE("ab"), SLICE_EMPTY), 0);
}
END_TEST

START_TEST(trimming_takes_blanks_from_both_ends)
{
	ck_assert_slice_eq(slice_trim(SLICE(" \ta b\t ")), "a b");
	ck_assert_slice_eq(slice_trim(SLICE(" \t ")), "");
	ck_assert_slice_eq(slice_trim(SLICE_EMPTY), "");
}
END_TEST

START_TEST(a_copy_is_terminated_or_absent)
{
	char *copy = slice_dup(SLICE("abc"));

	ck_assert_str_eq(copy, "abc");
	free(copy);
	test_alloc_fail(0);
	copy = slice_dup(SLICE("abc"));
	ck_assert(test_alloc_restore());
	ck_assert_ptr_null(copy);
}
END_TEST

static const struct {
	const char *text;
	uint64_t max;
	bool ok;
	uint64_t number;
} number_cases[] = {
	{ "0",                    0,          true,  0 },
	{ "1",                    0,          false, 0 },
	{ "007",                  7,          true,  7 },
	{ "8",                    7,          false, 0 },
	{ "65535",                65535,      true,  65535 },
	{ "65536",                65535,      false, 0 },
	{ "4294967295",           UINT32_MAX, true,  UINT32_MAX },
	{ "4294967296",           UINT32_MAX, false, 0 },
	{ "18446744073709551615", UINT64_MAX, true,  UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, false, 0 },
	{ "99999999999999999999", UINT64_MAX, false, 0 },
	{ "",                     UINT64_MAX, false, 0 },
	{ "-1",                   UINT64_MAX, false, 0 },
	{ "+1",                   UINT64_MAX, false, 0 },
	{ " 1",                   UINT64_MAX, false, 0 },
	{ "1 ",                   UINT64_MAX, false, 0 },
	{ "0x1",                  UINT64_MAX, false, 0 },
};

START_TEST(a_number_is_digits_up_to_its_bound)
{
	struct slice s = slice_str(number_cases[_i].text);
	uint64_t max = number_cases[_i].max, n = 42;
	uint32_t n32 = 42;

	ck_assert(slice_to_u64(s, max, &n) == number_cases[_i].ok);
	ck_assert_uint_eq(n, number_cases[_i].ok ? number_cases[_i].number : 42);
	if (max > UINT32_MAX)
		return;
	ck_assert(slice_to_u32(s, (uint32_t)max, &n32) == number_cases[_i].ok);
	ck_assert_uint_eq(n32,
	                  number_cases[_i].ok ? number_cases[_i].number : 42);
}
END_TEST

START_TEST(hex_is_at_most_sixteen_digits)
{
	uint64_t n = 42;

	ck_assert(slice_to_hex(SLICE("0123456789abcdef"), &n));
	ck_assert_uint_eq(n, UINT64_C(0x0123456789abcdef));
	ck_assert(slice_to_hex(SLICE("FfFfFfFfFfFfFfFf"), &n));
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert(!slice_to_hex(SLICE("00000000000000001"), &n));
	ck_assert(!slice_to_hex(SLICE("0x1"), &n));
	ck_assert(!slice_to_hex(SLICE(""), &n));
	ck_assert_uint_eq(n, UINT64_MAX);
}
END_TEST

static const struct {
	const char *text;
	bool ok;
	uint32_t q;
} q_cases[] = {
	{ "1",     true,  1000 }, { "1.",    true,  1000 },
	{ "1.000", true,  1000 }, { "0",     true,  0 },
	{ "0.",    true,  0 },    { "0.5",   true,  500 },
	{ "0.05",  true,  50 },   { "0.333", true,  333 },
	{ "1.001", false, 0 },    { "1.1",   false, 0 },
	{ "0.3333", false, 0 },   { "2",     false, 0 },
	{ "",      false, 0 },    { ".5",    false, 0 },
	{ "0,5",   false, 0 },    { "00.5",  false, 0 },
	{ "0.a",   false, 0 },    { "-0.5",  false, 0 },
};

START_TEST(a_qvalue_is_read_in_thousandths)
{
	uint32_t q = 42;

	ck_assert(slice_to_q(slice_str(q_cases[_i].text), &q)
	          == q_cases[_i].ok);
	ck_assert_uint_eq(q, q_cases[_i].ok ? q_cases[_i].q : 42);
}
END_TEST

/* The productions of RFC 3261 25.1, letters and digits left out. */
static const struct {
	unsigned class;
	bool alnum;
	const char *others;
} class_cases[] = {
	{ CHAR_TOKEN, true,  "-.!%*_+`'~" },
	{ CHAR_USER,  true,  "-_.!~*'()&=+$,;?/" },
	{ CHAR_HOST,  true,  "-._" },
	{ CHAR_PARAM, true,  "[]/:&+$-_.!~*'()" },
	{ CHAR_WORD,  true,  "-.!%*_+`'~()<>:\\\"/[]?{}" },
	{ CHAR_LWS,   false, " \t" },
};

START_TEST(character_classes_are_those_of_rfc3261_25_1)
{
	for (int c = 1; c < 256; c++) {
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
		             || (c >= 'A' && c <= 'Z');
		bool want = (alnum && class_cases[_i].alnum)
		            || strchr(class_cases[_i].others, c) != NULL;

		ck_assert_msg(char_is((char)c, class_cases[_i].class) == want,
		              "class %#x, octet %#x", class_cases[_i].class,
		              (unsigned)c);
	}
	ck_assert(!char_is('\0', class_cases[_i].class));
}
END_TEST

START_TEST(letters_digits_and_hex_are_told_apart)
{
	ck_assert(slice_all(SLICE("0123456789"), CHAR_DIGIT));
	ck_assert(slice_all(SLICE("azAZ"), CHAR_ALPHA));
	ck_assert(slice_all(SLICE("09afAF"), CHAR_HEX));
	ck_assert(!slice_all(SLICE("g"), CHAR_HEX | CHAR_DIGIT));
	ck_assert(!slice_all(SLICE("a1"), CHAR_ALPHA));
	ck_assert(slice_all(SLICE("a1"), CHAR_ALPHA | CHAR_DIGIT));
	ck_assert(!slice_all(SLICE_EMPTY, CHAR_ALPHA));
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok;
} utf8_cases[] = {
	{ "empty",                  "",                         true },
	{ "ASCII",                  "plain text, long enough",  true },
	{ "two octets",             "\xc3\xa9",                 true },
	{ "three",                  "\xe2\x82\xac",             true },
	{ "four",                   "\xf0\x9f\x98\x80",         true },
	{ "last of all",            "\xf4\x8f\xbf\xbf",         true },
	{ "beyond U+10FFFF",        "\xf4\x90\x80\x80",         false },
	{ "no such lead",           "\xf5\x80\x80\x80",         false },
	{ "overlong /",             "\xc0\xaf",                 false },
	{ "overlong, three octets", "\xe0\x9f\xbf",             false },
	{ "overlong, four octets",  "\xf0\x8f\xbf\xbf",         false },
	{ "surrogate",              "\xed\xa0\x80",             false },
	{ "before surrogates",      "\xed\x9f\xbf",             true },
	{ "lone continuation",      "\x80",                     false },
	{ "cut short",              "\xe2\x82",                 false },
	{ "cut by ASCII",           "\xe2\x82" "a",             false },
	{ "after a word of ASCII",  "12345678\xff",             false },
};

START_TEST(utf8_is_checked_as_rfc3629_says)
{
	ck_assert_msg(slice_is_utf8(slice_str(utf8_cases[_i].text))
	              == utf8_cases[_i].ok, "%s", utf8_cases[_i].why);
}
END_TEST

START_TEST(a_take_that_fails_takes_nothing)
{
	struct slice in = SLICE("?x"), out = SLICE("as before");

	ck_assert(!slice_take_char(&in, 'x'));
	ck_assert(!slice_take_digits(&in, &out));
	ck_assert(!slice_take_token(&in, &out));
	ck_assert(!slice_take_lws(&in));
	ck_assert(!slice_take_sep(&in, ','));
	ck_assert(!slice_take_until(&in, 'y', &out));
	ck_assert(!slice_take_quoted(&in, &out));
	ck_assert(!slice_take_param(&in, &out, &out));
	ck_assert_slice_eq(in, "?x");
	ck_assert_slice_eq(out, "as before");
}
END_TEST

START_TEST(the_scanner_takes_from_the_front)
{
	struct slice in = SLICE("INVITE \t42 ; x<rest>tail"), out;

	ck_assert(slice_take_token(&in, &out));
	ck_assert_slice_eq(out, "INVITE");
	ck_assert(slice_take_lws(&in));
	ck_assert(slice_take_digits(&in, &out));
	ck_assert_slice_eq(out, "42");
	ck_assert(slice_take_sep(&in, ';'));
	ck_assert(slice_take_char(&in, 'x'));
	slice_skip_lws(&in);
	ck_assert(slice_take_until(&in, '>', &out));
	ck_assert_slice_eq(out, "<rest");
	ck_assert_slice_eq(in, ">tail");
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok;
	const char *inner, *rest;
} quoted_cases[] = {
	{ "plain",             "\"abc\"x",      true,  "abc",     "x" },
	{ "empty",             "\"\"",          true,  "",        "" },
	{ "escaped quote",     "\"a\\\"b\",",   true,  "a\\\"b",  "," },
	{ "escaped backslash", "\"a\\\\\"b",    true,  "a\\\\",   "b" },
	{ "no end",            "\"abc",         false, NULL,      NULL },
	{ "end is escaped",    "\"abc\\\"",     false, NULL,      NULL },
	{ "backslash is last", "\"abc\\",       false, NULL,      NULL },
	{ "quote alone",       "\"",            false, NULL,      NULL },
	{ "not quoted",        "abc",           false, NULL,      NULL },
};

START_TEST(a_quoted_string_ends_at_its_own_quote)
{
	struct slice in = slice_str(quoted_cases[_i].text), out;

	ck_assert_msg(slice_take_quoted(&in, &out) == quoted_cases[_i].ok,
	              "%s", quoted_cases[_i].why);
	if (!quoted_cases[_i].ok)
		return;
	ck_assert_slice_eq(out, quoted_cases[_i].inner);
	ck_assert_slice_eq(in, quoted_cases[_i].rest);
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok;
	const char *name, *value, *rest;        /* value NULL: no "=" */
} param_cases[] = {
	{ "flag",            ";lr",               true,  "lr", NULL, "" },
	{ "value",           ";tag=x1;y",         true,  "tag", "x1", ";y" },
	{ "blanks",          " ; tag\t= x1 ; y",  true,  "tag", "x1", " ; y" },
	{ "blanks at end",   ";tag=x1 \t",        true,  "tag", "x1", "" },
	{ "quoted",          ";a=\"b;c\";d",      true,  "a", "\"b;c\"", ";d" },
	{ "IPv6 reference",  ";a=[::1];d",        true,  "a", "[::1]", ";d" },
	{ "bare IPv6, RFC 5118 4.5",
	  ";received=2001:db8::9:1",      true,  "received", "2001:db8::9:1", "" },
	{ "then an element", ";a=b,c",            true,  "a", "b", ",c" },
	{ "no name",         ";=b",               false, NULL, NULL, NULL },
	{ "no value",        ";a=",               false, NULL, NULL, NULL },
	{ "open quote",      ";a=\"b",            false, NULL, NULL, NULL },
	{ "no semicolon",    "a=b",               false, NULL, NULL, NULL },
	{ "nothing",         "",                  false, NULL, NULL, NULL },
};

START_TEST(a_parameter_is_a_name_and_maybe_a_value)
{
	struct slice in = slice_str(param_cases[_i].text), name, value;

	ck_assert_msg(slice_take_param(&in, &name, &value)
	              == param_cases[_i].ok, "%s", param_cases[_i].why);
	if (!param_cases[_i].ok)
		return;
	ck_assert_slice_eq(name, param_cases[_i].name);
	ck_assert((value.p == NULL) == (param_cases[_i].value == NULL));
	ck_assert_slice_eq(value, param_cases[_i].value);
	ck_assert_slice_eq(in, param_cases[_i].rest);
}
END_TEST

static const struct {
	const char *why, *text;
	const char *elements[4];
} element_cases[] = {
	{ "none",            "",                 { NULL } },
	{ "one",             " a ",              { "a", NULL } },
	{ "three",           "a, b ,c",          { "a", "b", "c", NULL } },
	{ "empty ones",      ",, a,,",           { "a", NULL } },
	{ "only commas",     " , ,",             { NULL } },
	{ "in quotes",       "\"a,\\\",\" b,c",  { "\"a,\\\",\" b", "c", NULL } },
	{ "in <>",           "<sip:a,b>;x,c",    { "<sip:a,b>;x", "c", NULL } },
	{ "quote in <>",     "<sip:\"a>,c",      { "<sip:\"a>", "c", NULL } },
	{ "< in quotes",     "\"<\",c",          { "\"<\"", "c", NULL } },
	{ "open quote",      "\"a,b",            { "\"a,b", NULL } },
	{ "open <",          "<a,b",             { "<a,b", NULL } },
};

START_TEST(a_list_is_split_at_its_own_commas)
{
	struct slice in = slice_str(element_cases[_i].text), out;

	for (const char *const *want = element_cases[_i].elements;
	     *want != NULL; want++) {
		ck_assert_msg(slice_take_element(&in, &out), "%s",
		              element_cases[_i].why);
		ck_assert_slice_eq(out, *want);
	}
	ck_assert(!slice_take_element(&in, &out));
}
END_TEST

START_TEST(lines_end_in_lf_or_crlf)
{
	struct slice in = SLICE("a\r\n\nb\rc\r\nlast\r"), out;

	ck_assert(slice_take_line(&in, &out));
	ck_assert_slice_eq(out, "a");
	ck_assert(slice_take_line(&in, &out));
	ck_assert_slice_eq(out, "");
	ck_assert(slice_take_line(&in, &out));
	ck_assert_slice_eq(out, "b\rc");
	ck_assert(slice_take_line(&in, &out));
	ck_assert_slice_eq(out, "last\r");
	ck_assert(!slice_take_line(&in, &out));
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("slice", &t);

	tcase_add_loop_test(t, case_is_ignored_in_ascii_only, 0,
	                    ARRAY_LEN(nocase_cases));
	tcase_add_test(t, folding_words_agrees_with_folding_octets);
	tcase_add_test(t, slices_are_ordered_shorter_first);
	tcase_add_test(t, nul_is_an_ordinary_octet);
	tcase_add_test(t, what_is_not_found_is_at_the_end);
	tcase_add_test(t, trimming_takes_blanks_from_both_ends);
	tcase_add_test(t, a_copy_is_terminated_or_absent);
	tcase_add_loop_test(t, a_number_is_digits_up_to_its_bound, 0,
	                    ARRAY_LEN(number_cases));
	tcase_add_test(t, hex_is_at_most_sixteen_digits);
	tcase_add_loop_test(t, a_qvalue_is_read_in_thousandths, 0,
	                    ARRAY_LEN(q_cases));
	tcase_add_loop_test(t, character_classes_are_those_of_rfc3261_25_1, 0,
	                    ARRAY_LEN(class_cases));
	tcase_add_test(t, letters_digits_and_hex_are_told_apart);
	tcase_add_loop_test(t, utf8_is_checked_as_rfc3629_says, 0,
	                    ARRAY_LEN(utf8_cases));
	tcase_add_test(t, a_take_that_fails_takes_nothing);
	tcase_add_test(t, the_scanner_takes_from_the_front);
	tcase_add_loop_test(t, a_quoted_string_ends_at_its_own_quote, 0,
	                    ARRAY_LEN(quoted_cases));
	tcase_add_loop_test(t, a_parameter_is_a_name_and_maybe_a_value, 0,
	                    ARRAY_LEN(param_cases));
	tcase_add_loop_test(t, a_list_is_split_at_its_own_commas, 0,
	                    ARRAY_LEN(element_cases));
	tcase_add_test(t, lines_end_in_lf_or_crlf);
	return s;
}

int main(void)
{
	return test_main(suite());
}
