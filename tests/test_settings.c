/* What `set` knows. */

#include <check.h>

#include "cli/settings.h"
#include "tests/helpers.h"

static void value_of(const struct settings *s, const char *name,
                     struct buf *value)
{
	struct slice found, help;

	for (size_t i = 0; settings_get(s, i, &found, value, &help); i++) {
		if (slice_eq(found, slice_str(name)))
			return;
		buf_reset(value);
	}
	ck_abort_msg("no setting %s", name);
}

static void set(struct settings *s, const char *name, const char *value)
{
	struct buf why = { 0 };

	ck_assert_int_eq(settings_set(s, slice_str(name), slice_str(value),
	                              &why), OK);
	ck_assert_str_eq(buf_cstr(&why), "");
	buf_deinit(&why);
}

static const struct {
	const char *name, *initial, *given, *then;
} settings[] = {
	{ "expires", "3600", "60", "60" },
	{ "keepalive", "120s", "0s", "0s" },
	{ "max-body", NULL, "1000", "1000" },
	{ "max-calls", NULL, "10", "10" },
	{ "max-headers", NULL, "64", "64" },
	{ "max-transactions", NULL, "100000", "100000" },
	{ "redirect", "show", "follow", "follow" },
	{ "redirect-hops", "5", "70", "70" },
	{ "ring", "auto", "manual", "manual" },
	{ "ring-timeout", "180s", "2m", "120s" },
	{ "show-secrets", "off", "on", "on" },
	{ "t1", "500ms", "20ms", "20ms" },
	{ "t2", "4s", "1.5s", "1500ms" },
	{ "t4", "5s", "100ms", "100ms" },
	{ "timeout", "0s", "5s", "5s" },
	{ "user-agent", "sipsh/" PACKAGE_VERSION, "Tester/1 (a b)",
	  "Tester/1 (a b)" },
};

START_TEST(a_setting_has_a_value_and_takes_another)
{
	struct settings s;
	struct buf value = { 0 };

	settings_init(&s);
	value_of(&s, settings[_i].name, &value);
	if (settings[_i].initial != NULL)
		ck_assert_str_eq(buf_cstr(&value), settings[_i].initial);
	set(&s, settings[_i].name, settings[_i].given);
	buf_reset(&value);
	value_of(&s, settings[_i].name, &value);
	ck_assert_str_eq(buf_cstr(&value), settings[_i].then);
	buf_deinit(&value);
}
END_TEST

START_TEST(every_setting_is_listed_with_its_help_in_order)
{
	struct slice name, help, before = SLICE_EMPTY;
	struct buf value = { 0 };
	struct settings s;
	size_t n = 0;

	settings_init(&s);
	for (; settings_get(&s, n, &name, &value, &help); n++) {
		ck_assert_int_lt(slice_cmp(before, name), 0);
		ck_assert_uint_gt(help.len, 0);
		before = name;
	}
	ck_assert_uint_eq(n, ARRAY_LEN(settings));
	buf_deinit(&value);
}
END_TEST

START_TEST(core_is_told)
{
	struct settings s;

	settings_init(&s);
	ck_assert_uint_eq(s.endpoint.redirects, 0);
	ck_assert_uint_eq(s.transaction.t1_ms, 500);
	set(&s, "redirect-hops", "7");
	ck_assert_uint_eq(s.endpoint.redirects, 0);
	set(&s, "redirect", "follow");
	ck_assert_uint_eq(s.endpoint.redirects, 7);
	set(&s, "redirect", "show");
	ck_assert_uint_eq(s.endpoint.redirects, 0);
	set(&s, "t1", "20ms");
	ck_assert_uint_eq(s.transaction.t1_ms, 20);
	set(&s, "max-transactions", "9");
	ck_assert_uint_eq(s.transaction.max_incoming, 9);
	set(&s, "max-body", "123");
	ck_assert_uint_eq(s.limits.body, 123);
	set(&s, "user-agent", "me");
	ck_assert_slice_eq(s.endpoint.user_agent, "me");
	set(&s, "user-agent", "");
	ck_assert_uint_eq(s.endpoint.user_agent.len, 0);
}
END_TEST

static const struct {
	const char *name, *value;
	enum error err;
	const char *why;
} wrong[] = {
	{ "t9", "1s", ERR_NOT_FOUND,
	  "no setting 't9'; set without arguments lists them" },
	{ "T1", "1s", ERR_NOT_FOUND,
	  "no setting 'T1'; set without arguments lists them" },
	{ "t1", "x", ERR_SYNTAX,
	  "t1: expected a duration like 500ms or 5s, got 'x'" },
	{ "t1", "0", ERR_SYNTAX,
	  "t1: expected a duration like 500ms or 5s, got '0'" },
	{ "t2", "", ERR_SYNTAX,
	  "t2: expected a duration like 500ms or 5s, got ''" },
	{ "ring", "never", ERR_SYNTAX,
	  "ring: expected one of auto|manual, got 'never'" },
	{ "show-secrets", "1", ERR_SYNTAX,
	  "show-secrets: expected one of off|on, got '1'" },
	{ "redirect-hops", "71", ERR_SYNTAX,
	  "redirect-hops: expected a number from 1 to 70, got '71'" },
	{ "max-calls", "0", ERR_SYNTAX,
	  "max-calls: expected a number from 1 to 10000, got '0'" },
	{ "expires", "-1", ERR_SYNTAX,
	  "expires: expected a number from 0 to 4294967295, got '-1'" },
	{ "user-agent", "a\r\nVia: b", ERR_SYNTAX,
	  "user-agent: expected a text of less than 128 octets, got "
	  "'a\\x0d\\x0aVia: b'" },
};

START_TEST(a_wrong_value_is_told_and_changes_nothing)
{
	struct settings s;
	struct buf why = { 0 };

	settings_init(&s);
	ck_assert_int_eq(settings_set(&s, slice_str(wrong[_i].name),
	                              slice_str(wrong[_i].value), &why),
	                 wrong[_i].err);
	ck_assert_str_eq(buf_cstr(&why), wrong[_i].why);
	ck_assert_uint_eq(s.transaction.t1_ms, 500);
	ck_assert_int_eq(s.ring, RING_AUTO);
	ck_assert_slice_eq(s.endpoint.user_agent, "sipsh/" PACKAGE_VERSION);
	buf_deinit(&why);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
	struct settings s;
	struct buf why = { 0 };
	char longest[sizeof(s.user_agent)];

	settings_init(&s);
	memset(longest, 'a', sizeof(longest));
	ck_assert_int_eq(settings_set(&s, SLICE("user-agent"),
	                              slice_make(longest, sizeof(longest)),
	                              &why), ERR_SYNTAX);
	ck_assert_int_eq(settings_set(&s, SLICE("user-agent"),
	                              slice_make(longest,
	                                         sizeof(longest) - 1),
	                              &why), OK);
	ck_assert_uint_eq(s.endpoint.user_agent.len, sizeof(longest) - 1);
	buf_deinit(&why);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("settings", &t);

	tcase_add_loop_test(t, a_setting_has_a_value_and_takes_another, 0,
	                    (int)ARRAY_LEN(settings));
	tcase_add_test(t, every_setting_is_listed_with_its_help_in_order);
	tcase_add_test(t, core_is_told);
	tcase_add_loop_test(t, a_wrong_value_is_told_and_changes_nothing, 0,
	                    (int)ARRAY_LEN(wrong));
	tcase_add_test(t, a_text_that_is_too_long_is_refused);
	return s;
}

int main(void)
{
	return test_main(suite());
}
