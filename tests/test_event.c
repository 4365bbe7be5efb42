/* Events: one record for text, JSON, and those who wait. */

#include <check.h>
#include <stdlib.h>

#include "cli/event.h"
#include "tests/helpers.h"

static const char response[] =
	"SIP/2.0 200 OK\r\n"
	"v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n"
	"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb\r\n"
	"From: <sip:a@example.com>;tag=1\r\n"
	"To: <sip:b@example.com>;tag=2\r\n"
	"Call-ID: c1\r\n"
	"CSeq: 1 OPTIONS\r\n"
	"Authorization: Digest username=\"a\", response=\"0123\"\r\n"
	"X-Odd: caf\xc3\xa9 \xff\r\n"
	"x-odd: again\r\n"
	"Content-Type: text/plain\r\n"
	"Content-Length: 5\r\n"
	"\r\n"
	"hello";

static struct event *event_of(const char *wire, size_t n, bool show_secrets)
{
	struct event *e = event_new("response");
	struct message m;
	struct fault fault;

	ck_assert_ptr_nonnull(e);
	message_init(&m);
	ck_assert_int_eq(message_parse(&m, slice_make(wire, n),
	                               &message_limits_default, &fault), OK);
	event_wire(e, &m, show_secrets);
	message_deinit(&m);
	return e;
}

/* Each kind of value once. */
static struct event *some_event(void)
{
	struct event *e = event_new("response");

	ck_assert_ptr_nonnull(e);
	event_text(e, "method", SLICE("INVITE"));
	event_integer(e, "status", 180);
	event_integer(e, "offset", -3);
	event_number(e, "rtt_ms", 61.20049);
	event_bool(e, "final", false);
	event_null(e, "q");
	event_json(e, "error", SLICE("{\"class\":\"tls\",\"n\":2,\"x\":1.5,"
	                             "\"yes\":true,\"none\":null}"));
	return e;
}

static void prints(const struct event *e, const char *want)
{
	struct buf out = { 0 };

	ck_assert_int_eq(event_print_json(e, &out), OK);
	ck_assert_str_eq(buf_cstr(&out), want);
	buf_deinit(&out);
}

START_TEST(an_event_is_one_object_with_its_keys_in_order)
{
	struct event *e = some_event();

	e->seq = 12;
	e->wall_us = INT64_C(1795392269123456);
	prints(e, "{\"v\":1,\"seq\":12,\"t\":\"2026-11-23T00:04:29.123456Z\","
	       "\"event\":\"response\",\"method\":\"INVITE\",\"status\":180,"
	       "\"offset\":-3,\"rtt_ms\":61.2,\"final\":false,\"q\":null,"
	       "\"error\":{\"class\":\"tls\",\"n\":2,\"x\":1.5,\"yes\":true,"
	       "\"none\":null}}");
	event_release(e);
}
END_TEST

START_TEST(a_key_that_is_set_again_is_replaced)
{
	struct event *e = event_new("error");

	event_text(e, "text", SLICE("one"));
	event_integer(e, "class", 1);
	event_text(e, "text", SLICE("two"));
	ck_assert_uint_eq(e->nfields, 2);
	prints(e, "{\"v\":1,\"seq\":0,\"t\":\"1970-01-01T00:00:00.000000Z\","
	       "\"event\":\"error\",\"text\":\"two\",\"class\":1}");
	event_release(e);
}
END_TEST

static const struct {
	const char *why, *text, *json;
} texts[] = {
	{ "quotes and controls", "a\"b\\c\n\033[2J",
	  "\"a\\\"b\\\\c\\n\\u001B[2J\"" },
	{ "valid UTF-8 stays", "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
	{ "beyond the basic plane", "\xf0\x9f\x98\x80",
	  "\"\xf0\x9f\x98\x80\"" },
	{ "DEL", "\177", "\"\\u007f\"" },
	{ "a C1 control", "\xc2\x9b" "2J", "\"\\u009b2J\"" },
	{ "a bidirectional override", "\xe2\x80\xae", "\"\\u202e\"" },
	{ "a line separator", "\xe2\x80\xa8", "\"\\u2028\"" },
	{ "an isolate", "\xe2\x81\xa6", "\"\\u2066\"" },
	{ "what is no UTF-8", "a\xff", "\"a\\\\xff\"" },
	{ "nothing", "", "\"\"" },
};

START_TEST(text_from_the_wire_is_safe_in_json)
{
	struct event *e = event_new("error");
	struct buf out = { 0 }, want = { 0 };

	event_text(e, "text", slice_str(texts[_i].text));
	ck_assert_int_eq(event_print_fields(e, &out), OK);
	buf_printf(&want, "{\"text\":%s}", texts[_i].json);
	ck_assert_msg(strcmp(buf_cstr(&out), buf_cstr(&want)) == 0,
	              "%s: %s", texts[_i].why, buf_cstr(&out));
	buf_deinit(&out);
	buf_deinit(&want);
	event_release(e);
}
END_TEST

START_TEST(headers_are_lists_under_their_full_names)
{
	struct event *e = event_of(response, sizeof(response) - 1, true);
	struct buf out = { 0 };
	const char *json;

	ck_assert_int_eq(event_print_json(e, &out), OK);
	json = buf_cstr(&out);
	ck_assert_ptr_nonnull(strstr(json, "\"headers\":{\"Via\":["
		"\"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\","
		"\"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb\"],"));
	ck_assert_ptr_nonnull(strstr(json, "\"Call-ID\":[\"c1\"]"));
	ck_assert_ptr_nonnull(strstr(json, "\"X-Odd\":[\"caf\xc3\xa9 \\\\xff"
	                             "\",\"again\"]"));
	ck_assert_ptr_nonnull(strstr(json, "\"body\":\"hello\""));
	ck_assert_ptr_nonnull(strstr(json, "0123"));
	buf_deinit(&out);
	event_release(e);
}
END_TEST

START_TEST(secrets_of_a_message_are_not_kept)
{
	struct event *e = event_of(response, sizeof(response) - 1, false);
	struct buf out = { 0 };

	ck_assert_int_eq(event_print_json(e, &out), OK);
	ck_assert_ptr_null(strstr(buf_cstr(&out), "0123"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "xxxx"));
	buf_deinit(&out);
	event_release(e);
}
END_TEST

static const struct {
	const char *body, *base64;
} bodies[] = {
	{ "\xff", "/w==" },
	{ "\xff\xfe", "//4=" },
	{ "\xff\xfe\xfd", "//79" },
	{ "\xff\xfe\xfd\xfc", "//79/A==" },
};

START_TEST(a_body_that_is_no_utf8_is_base64)
{
	struct buf wire = { 0 }, out = { 0 }, want = { 0 };
	struct event *e;

	buf_printf(&wire, "MESSAGE sip:a@b SIP/2.0\r\n"
	           "Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	           "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
	           "Call-ID: c\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n"
	           "Content-Type: application/octet-stream\r\n"
	           "Content-Length: %zu\r\n\r\n%s", strlen(bodies[_i].body),
	           bodies[_i].body);
	e = event_of(wire.p, wire.len, false);
	ck_assert_int_eq(event_print_json(e, &out), OK);
	buf_printf(&want, "\"body_base64\":\"%s\"}", bodies[_i].base64);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), buf_cstr(&want)));
	ck_assert_ptr_null(strstr(buf_cstr(&out), "\"body\":"));
	buf_deinit(&wire);
	buf_deinit(&out);
	buf_deinit(&want);
	event_release(e);
}
END_TEST

static const struct {
	const char *key, *want;         /* NULL: there is no such key */
} values[] = {
	{ "method", "INVITE" },
	{ "status", "180" },
	{ "offset", "-3" },
	{ "rtt_ms", "61.2" },
	{ "final", "false" },
	{ "q", "" },
	{ "error.class", "tls" },
	{ "error.n", "2" },
	{ "error.x", "1.5" },
	{ "error.yes", "true" },
	{ "error.text", NULL },
	{ "method.x", NULL },
	{ "Method", NULL },
	{ "body", NULL },
	{ "header.Subject", NULL },
	{ "", NULL },
};

START_TEST(a_value_is_found_by_its_key)
{
	struct event *e = some_event();
	struct buf out = { 0 };
	bool found = event_value(e, slice_str(values[_i].key), &out);

	ck_assert_msg(found == (values[_i].want != NULL), "%s",
	              values[_i].key);
	if (found)
		ck_assert_str_eq(buf_cstr(&out), values[_i].want);
	buf_deinit(&out);
	event_release(e);
}
END_TEST

static const struct {
	const char *key, *want;
} of_wire[] = {
	{ "header.Call-ID", "c1" },
	{ "header.call-id", "c1" },
	{ "header.i", "c1" },
	{ "header.Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa" },
	{ "header.Subject", NULL },
	{ "body", "hello" },
	{ "headers", NULL },
};

START_TEST(a_value_is_found_in_the_message)
{
	struct event *e = event_of(response, sizeof(response) - 1, false);
	struct buf out = { 0 };
	bool found = event_value(e, slice_str(of_wire[_i].key), &out);

	ck_assert_msg(found == (of_wire[_i].want != NULL), "%s",
	              of_wire[_i].key);
	if (found)
		ck_assert_str_eq(buf_cstr(&out), of_wire[_i].want);
	buf_deinit(&out);
	event_release(e);
}
END_TEST

START_TEST(fields_of_one_event_go_into_another)
{
	struct event *from = event_new("ping"), *to = event_new("cmd.done");

	event_text(from, "text", SLICE("hi"));
	event_integer(from, "sent", 3);
	event_integer(to, "sent", 1);
	event_integer(to, "cmd", 2);
	event_merge(to, from);
	event_merge(to, NULL);
	event_release(from);
	prints(to, "{\"v\":1,\"seq\":0,"
	       "\"t\":\"1970-01-01T00:00:00.000000Z\","
	       "\"event\":\"cmd.done\",\"sent\":3,\"cmd\":2,\"text\":\"hi\"}");
	event_release(to);
}
END_TEST

START_TEST(no_event_is_filled_in_vain)
{
	event_text(NULL, "a", SLICE("b"));
	event_number(NULL, "a", 1);
	event_integer(NULL, "a", 1);
	event_bool(NULL, "a", true);
	event_null(NULL, "a");
	event_json(NULL, "a", SLICE("[]"));
	event_wire(NULL, NULL, false);
	event_release(NULL);
}
END_TEST

START_TEST(short_memory_loses_an_event_but_breaks_nothing)
{
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		struct buf out = { 0 };
		struct event *e;

		test_alloc_fail(n);
		e = event_new("error");
		event_text(e, "text", SLICE("a text"));
		if (e != NULL)
			(void)event_print_json(e, &out);
		failed = test_alloc_restore();
		if (!failed)
			ck_assert_ptr_nonnull(strstr(buf_cstr(&out),
			                             "\"a text\"}"));
		buf_deinit(&out);
		event_release(e);
	}
}
END_TEST

START_TEST(the_names_of_events_are_known_and_sorted)
{
	ck_assert(event_name_is_known(SLICE("call.answered")));
	ck_assert(event_name_is_known(SLICE("response")));
	ck_assert(!event_name_is_known(SLICE("call")));
	ck_assert(!event_name_is_known(SLICE("Response")));
	ck_assert(!event_name_is_known(SLICE("")));
	for (size_t i = 1; event_names[i] != NULL; i++)
		ck_assert_str_lt(event_names[i - 1], event_names[i]);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("event", &t);

	tcase_add_test(t, an_event_is_one_object_with_its_keys_in_order);
	tcase_add_test(t, a_key_that_is_set_again_is_replaced);
	tcase_add_loop_test(t, text_from_the_wire_is_safe_in_json, 0,
	                    (int)ARRAY_LEN(texts));
	tcase_add_test(t, headers_are_lists_under_their_full_names);
	tcase_add_test(t, secrets_of_a_message_are_not_kept);
	tcase_add_loop_test(t, a_body_that_is_no_utf8_is_base64, 0,
	                    (int)ARRAY_LEN(bodies));
	tcase_add_loop_test(t, a_value_is_found_by_its_key, 0,
	                    (int)ARRAY_LEN(values));
	tcase_add_loop_test(t, a_value_is_found_in_the_message, 0,
	                    (int)ARRAY_LEN(of_wire));
	tcase_add_test(t, fields_of_one_event_go_into_another);
	tcase_add_test(t, no_event_is_filled_in_vain);
	tcase_add_test(t, short_memory_loses_an_event_but_breaks_nothing);
	tcase_add_test(t, the_names_of_events_are_known_and_sorted);
	return s;
}

int main(void)
{
	return test_main(suite());
}
