/* Log lines reach the sink by level and escaped; errors have their words. */

#include "core/base/error.h"
#include "core/base/log.h"
#include "tests/helpers.h"

static struct {
	unsigned count;
	enum log_level level;
	char text[5000];
} seen;

static void sink(enum log_level level, const char *text, void *arg)
{
	ck_assert_ptr_eq(arg, &seen);
	ck_assert_uint_lt(strlen(text), sizeof(seen.text));
	memcpy(seen.text, text, strlen(text) + 1);
	seen.level = level;
	seen.count++;
}

START_TEST(nobody_hears_what_is_below_the_level)
{
	log_write(LOG_ERROR, "before there is a sink");
	log_set_sink(LOG_WARNING, sink, &seen);
	log_write(LOG_INFO, "quiet");
	ck_assert_uint_eq(seen.count, 0);
	log_write(LOG_WARNING, "leg %d", 2);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_int_eq(seen.level, LOG_WARNING);
	ck_assert_str_eq(seen.text, "leg 2");
}
END_TEST

START_TEST(what_is_not_printable_is_escaped)
{
	log_set_sink(LOG_DEBUG, sink, &seen);
	log_write(LOG_DEBUG, "%s", "a\x1b[2J\n");
	ck_assert_str_eq(seen.text, "a\\x1b[2J\\x0a");
}
END_TEST

START_TEST(a_long_line_is_cut_at_1023_octets)
{
	log_set_sink(LOG_DEBUG, sink, &seen);
	log_write(LOG_DEBUG, "%4000d", 1);
	ck_assert_uint_eq(strlen(seen.text), 1023);
}
END_TEST

START_TEST(every_error_has_words_and_a_class)
{
	enum error_class class = error_class((enum error)_i);

	ck_assert_str_ne(error_text((enum error)_i), "");
	ck_assert_str_ne(error_text((enum error)_i), "unknown error");
	ck_assert((class == CLASS_NONE)
	          == (_i == OK || _i == ERR_CANCELLED));
}
END_TEST

static const struct {
	enum error_class class;
	const char *name;
	int status;
} classes[] = {
	{ CLASS_NONE,     "",         0 },
	{ CLASS_REFUSED,  "refused",  1 },
	{ CLASS_USAGE,    "usage",    2 },
	{ CLASS_TIMEOUT,  "timeout",  3 },
	{ CLASS_NETWORK,  "network",  4 },
	{ CLASS_DNS,      "dns",      5 },
	{ CLASS_TLS,      "tls",      6 },
	{ CLASS_AUTH,     "auth",     7 },
	{ CLASS_EXPECT,   "expect",   8 },
	{ CLASS_PROTOCOL, "protocol", 9 },
	{ CLASS_INTERNAL, "internal", 70 },
};

START_TEST(exit_statuses_are_those_of_the_contract)
{
	ck_assert_str_eq(error_class_name(classes[_i].class),
	                 classes[_i].name);
	ck_assert_int_eq(error_class_status(classes[_i].class),
	                 classes[_i].status);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("log", &t);

	tcase_add_test(t, nobody_hears_what_is_below_the_level);
	tcase_add_test(t, what_is_not_printable_is_escaped);
	tcase_add_test(t, a_long_line_is_cut_at_1023_octets);
	tcase_add_loop_test(t, every_error_has_words_and_a_class, OK,
	                    ERR_INTERNAL + 1);
	tcase_add_loop_test(t, exit_statuses_are_those_of_the_contract, 0,
	                    ARRAY_LEN(classes));
	return s;
}

int main(void)
{
	return test_main(suite());
}
