/* A dialog's state: what it takes from each message (RFC 3261 12). */

#include <string.h>

#include "core/ua/dialog_internal.h"
#include "tests/helpers.h"

static struct message request, response;

static void set_up(void)
{
	message_init(&request);
	message_init(&response);
}

static void tear_down(void)
{
	message_deinit(&request);
	message_deinit(&response);
}

static void read(struct message *m, const char *text)
{
	struct fault fault;

	ck_assert_int_eq(message_parse(m, slice_str(text),
	                               &message_limits_default, &fault), OK);
	ck_assert(message_check(m, &fault));
}

#define COMMON "Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1\r\n" \
	"From: \"A\" <sip:a@example.com>;tag=a1\r\n" \
	"Call-ID: c1\r\nCSeq: 314 INVITE\r\n"

static const char invite[] =
	"INVITE sips:b@example.org SIP/2.0\r\n" COMMON
	"To: <sip:b@example.org>\r\nMax-Forwards: 70\r\n"
	"Contact: <sips:a@192.0.2.1>\r\n"
	"Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>\r\n\r\n";
static const char ringing[] =
	"SIP/2.0 180 Ringing\r\n" COMMON
	"To: <sip:b@example.org>;tag=b1\r\n"
	"Contact: <sips:b@192.0.2.2>\r\n"
	"Record-Route: <sip:p1.example;lr>\r\n\r\n";
static const char answer[] =
	"SIP/2.0 200 OK\r\n" COMMON
	"To: <sip:b@example.org>;tag=b1\r\n"
	"Contact: <sips:b@192.0.2.3>\r\n"
	"Record-Route: <sip:p1.example;lr>\r\n"
	"Record-Route: <sip:p2.example;lr>\r\n\r\n";

/* Of the INVITE above. */
static const struct dialog_origin ours = {
	.uri = SLICE_INIT("sips:b@example.org"),
	.is_sips = true,
	.local_tag = SLICE_INIT("a1"),
	.cseq = 314,
};

static struct dialog *caller_of(const char *reply, bool secure)
{
	struct dialog *d;

	read(&response, reply);
	ck_assert_int_eq(dialog_new_caller(SLICE("c1"), &ours, &response,
	                                   secure, &d), OK);
	return d;
}

START_TEST(the_callers_state_is_that_of_12_1_2)
{
	struct dialog *d = caller_of(answer, true);
	struct slice hop;

	ck_assert_int_eq(dialog_state(d), DIALOG_EARLY);
	ck_assert(dialog_is_caller(d));
	ck_assert_slice_eq(dialog_call_id(d), "c1");
	ck_assert_slice_eq(dialog_local_tag(d), "a1");
	ck_assert_slice_eq(dialog_remote_tag(d), "b1");
	ck_assert_slice_eq(dialog_local(d), "\"A\" <sip:a@example.com>;tag=a1");
	ck_assert_slice_eq(dialog_remote(d), "<sip:b@example.org>;tag=b1");
	ck_assert_slice_eq(dialog_remote_target(d), "sips:b@192.0.2.3");
	ck_assert_uint_eq(dialog_local_cseq(d), 314);
	ck_assert(dialog_route(d, 0, &hop));
	ck_assert_slice_eq(hop, "<sip:p2.example;lr>");
	ck_assert(dialog_route(d, 1, &hop));
	ck_assert_slice_eq(hop, "<sip:p1.example;lr>");
	ck_assert(!dialog_route(d, 2, &hop));
	dialog_free(d);
}
END_TEST

START_TEST(the_callees_state_is_that_of_12_1_1)
{
	struct dialog *d;
	struct slice hop;

	read(&request, invite);
	ck_assert_int_eq(dialog_new_callee(SLICE("c1"), &request, SLICE("b1"),
	                                   true, &d), OK);
	ck_assert(!dialog_is_caller(d));
	ck_assert_slice_eq(dialog_local_tag(d), "b1");
	ck_assert_slice_eq(dialog_remote_tag(d), "a1");
	ck_assert_slice_eq(dialog_local(d), "<sip:b@example.org>;tag=b1");
	ck_assert_slice_eq(dialog_remote(d),
	                   "\"A\" <sip:a@example.com>;tag=a1");
	ck_assert_slice_eq(dialog_remote_target(d), "sips:a@192.0.2.1");
	ck_assert(dialog_route(d, 0, &hop));
	ck_assert_slice_eq(hop, "<sip:p2.example;lr>");
	ck_assert(!dialog_accept_cseq(d, 314));
	ck_assert(dialog_accept_cseq(d, 315));
	ck_assert_uint_eq(dialog_next_cseq(d), 1);
	dialog_free(d);
}
END_TEST

/* 13.2.2.4 */
START_TEST(the_2xx_computes_route_set_and_target_again)
{
	struct dialog *d = caller_of(ringing, true);
	struct slice hop;

	ck_assert(!dialog_route(d, 1, &hop));
	read(&response, answer);
	ck_assert_int_eq(dialog_confirm(d, &response), OK);
	ck_assert_int_eq(dialog_state(d), DIALOG_CONFIRMED);
	ck_assert(dialog_route(d, 0, &hop));
	ck_assert_slice_eq(hop, "<sip:p2.example;lr>");
	ck_assert_slice_eq(dialog_remote_target(d), "sips:b@192.0.2.3");
	ck_assert_slice_eq(dialog_remote_tag(d), "b1");
	dialog_free(d);
}
END_TEST

START_TEST(a_confirmed_dialog_keeps_its_route_set)
{
	struct dialog *d = caller_of(answer, true);
	struct slice hop;

	ck_assert_int_eq(dialog_confirm(d, &response), OK);
	read(&response, ringing);
	ck_assert_int_eq(dialog_confirm(d, &response), OK);
	ck_assert_int_eq(dialog_refresh(d, &response), OK);
	ck_assert(dialog_route(d, 1, &hop));
	ck_assert_slice_eq(dialog_remote_target(d), "sips:b@192.0.2.2");
	dialog_free(d);
}
END_TEST

/* 12.1.1: secure needs both a sips URI and TLS. */
START_TEST(sips_without_tls_is_not_secure)
{
	struct dialog *over_tls = caller_of(answer, true);
	struct dialog *over_tcp = caller_of(answer, false);

	ck_assert(dialog_is_secure(over_tls));
	ck_assert(!dialog_is_secure(over_tcp));
	dialog_free(over_tls);
	dialog_free(over_tcp);
}
END_TEST

static const struct {
	const char *why, *contact, *target;
} contacts[] = {
	{ "none: the Request-URI", "", "sips:b@example.org" },
	{ "none that can be used", "Contact: <tel:+358>\r\n",
	  "sips:b@example.org" },
	{ "a star", "Contact: *\r\n", "sips:b@example.org" },
	{ "parameters stay", "Contact: <sip:x@h;lr;transport=tcp>;q=1\r\n",
	  "sip:x@h;lr;transport=tcp" },
	{ "the first of two", "Contact: <sip:x@h>, <sip:y@h>\r\n",
	  "sip:x@h" },
};

START_TEST(the_target_is_a_contact_of_use)
{
	struct buf text = { 0 };
	struct dialog *d;

	buf_str(&text, "SIP/2.0 200 OK\r\n" COMMON
	        "To: <sip:b@example.org>;tag=b1\r\n");
	buf_str(&text, contacts[_i].contact);
	buf_str(&text, "\r\n");
	d = caller_of(buf_cstr(&text), false);
	ck_assert_slice_eq(dialog_remote_target(d), contacts[_i].target);
	dialog_free(d);
	buf_deinit(&text);
}
END_TEST

START_TEST(more_routes_than_can_be_kept_make_no_dialog)
{
	struct buf text = { 0 };
	struct dialog *d;

	buf_str(&text, "SIP/2.0 200 OK\r\n" COMMON
	        "To: <sip:b@example.org>;tag=b1\r\nRecord-Route: <sip:p;lr>");
	for (unsigned i = 0; i < DIALOG_ROUTES_MAX; i++)
		buf_str(&text, ",<sip:p;lr>");
	buf_str(&text, "\r\n\r\n");
	read(&response, buf_cstr(&text));
	ck_assert_int_eq(dialog_new_caller(SLICE("c1"), &ours, &response,
	                                   false, &d), ERR_LIMIT);
	buf_deinit(&text);
}
END_TEST

START_TEST(a_dialog_that_cannot_be_made_leaves_nothing)
{
	bool failed = true;

	read(&response, answer);
	for (size_t n = 0; failed; n++) {
		struct dialog *d = NULL;
		enum error err;

		test_alloc_fail(n);
		err = dialog_new_caller(SLICE("c1"), &ours, &response,
		                        true, &d);
		if (err == OK)
			err = dialog_confirm(d, &response);
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
		dialog_free(d);
	}
}
END_TEST

/* An open call, with its context and all texts, is to fit 1.5 kB. */
START_TEST(a_dialog_is_small)
{
	ck_assert_uint_le(sizeof(struct dialog), 256);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("dialog", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_callers_state_is_that_of_12_1_2);
	tcase_add_test(tests, the_callees_state_is_that_of_12_1_1);
	tcase_add_test(tests, the_2xx_computes_route_set_and_target_again);
	tcase_add_test(tests, a_confirmed_dialog_keeps_its_route_set);
	tcase_add_test(tests, sips_without_tls_is_not_secure);
	tcase_add_loop_test(tests, the_target_is_a_contact_of_use, 0,
	                    ARRAY_LEN(contacts));
	tcase_add_test(tests, more_routes_than_can_be_kept_make_no_dialog);
	tcase_add_test(tests, a_dialog_that_cannot_be_made_leaves_nothing);
	tcase_add_test(tests, a_dialog_is_small);
	return s;
}

int main(void)
{
	return test_main(suite());
}
