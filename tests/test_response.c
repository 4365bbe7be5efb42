/* Responses carry back what the request brought, and go where it came from. */

#include "core/message/response.h"

#include <check.h>

#include "tests/helpers.h"

static struct message req;
static struct addr source;
static struct response_parts parts;
static struct buf out;

static void set_up(void)
{
	message_init(&req);
	ck_assert(addr_parse(SLICE("192.0.2.7:32768"), &source));
	parts = (struct response_parts){ .status = 200 };
}

static void tear_down(void)
{
	message_deinit(&req);
	buf_deinit(&out);
}

static void parse(struct slice wire)
{
	struct fault fault = { 0, NULL };

	ck_assert_int_eq(message_parse(&req, wire,
	                               &message_limits_default, &fault), OK);
	ck_assert_uint_eq(fault.status, 0);
	(void)message_check(&req, &fault);
	ck_assert_msg(message_is_answerable(&req), "%s", fault.reason);
}

static const char *print(void)
{
	buf_reset(&out);
	response_print(&out, &req, &source, &parts);
	ck_assert_int_eq(buf_error(&out), OK);
	return buf_cstr(&out);
}

#define REST "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\n"
#define INVITE \
	"INVITE sip:c@d SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n" \
	"Max-Forwards: 70\r\n" REST "CSeq: 1 INVITE\r\n"

START_TEST(a_response_copies_what_8_2_6_2_names)
{
	parse(SLICE("INVITE sip:c@d SIP/2.0\r\n"
	            "t: <sip:c@d>\r\n"
	            "v: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"
	            "Max-Forwards: 70\r\n"
	            "Record-Route: <sip:p2;lr>,\r\n <sip:p1;lr>\r\n"
	            "f: \"A\" <sip:a@b>;tag=1\r\n"
	            "Timestamp: 54\r\n"
	            "i: x@y\r\n"
	            "Subject: not this\r\n"
	            "Record-Route: <sip:p0;lr>\r\n"
	            "CSeq: 0017  INVITE\r\n\r\n"));
	parts.to_tag = SLICE("t9");
	ck_assert_str_eq(print(),
		"SIP/2.0 200 OK\r\n"
		"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"
		"Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\n"
		"Record-Route: <sip:p0;lr>\r\n"
		"To: <sip:c@d>;tag=t9\r\n"
		"From: \"A\" <sip:a@b>;tag=1\r\n"
		"Call-ID: x@y\r\n"
		"CSeq: 0017  INVITE\r\n"
		"Content-Length: 0\r\n\r\n");
}
END_TEST

START_TEST(a_100_has_no_tag_of_ours_and_the_timestamp_8_2_6_1)
{
	parse(SLICE(INVITE "Timestamp: 54.2\r\n"
	            "Record-Route: <sip:p;lr>\r\n\r\n"));
	parts.status = 100;
	parts.to_tag = SLICE("t9");
	ck_assert_str_eq(print(),
		"SIP/2.0 100 Trying\r\n"
		"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"
		"To: <sip:c@d>\r\n"
		"From: <sip:a@b>;tag=1\r\n"
		"Call-ID: x\r\n"
		"CSeq: 1 INVITE\r\n"
		"Timestamp: 54.2\r\n"
		"Content-Length: 0\r\n\r\n");
}
END_TEST

START_TEST(a_to_tag_that_is_there_stays)
{
	parse(SLICE("BYE sip:c@d SIP/2.0\r\n"
	            "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"
	            "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=old\r\n"
	            "Call-ID: x\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n\r\n"));
	parts.to_tag = SLICE("new");
	ck_assert_ptr_nonnull(strstr(print(), "\r\nTo: <sip:c@d>;tag=old\r\n"));
}
END_TEST

static const struct {
	const char *why, *vias, *printed;
} vias[] = {
	{ "the address it came from, 18.2.1",
	  "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKa\r\n",
	  "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKa\r\n" },
	{ "another address",
	  "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa\r\n",
	  "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;received=192.0.2.7\r\n" },
	{ "a name",
	  "Via: SIP/2.0/UDP pc33;branch=z9hG4bKa\r\n",
	  "Via: SIP/2.0/UDP pc33;branch=z9hG4bKa;received=192.0.2.7\r\n" },
	{ "rport asks for received too, RFC 3581 4",
	  "Via: SIP/2.0/UDP 192.0.2.7;rport;branch=z9hG4bKa\r\n",
	  "Via: SIP/2.0/UDP 192.0.2.7;rport=32768;branch=z9hG4bKa"
	  ";received=192.0.2.7\r\n" },
	{ "what the client says of itself is not believed",
	  "Via: SIP/2.0/UDP pc33;received=6.6.6.6;RPORT=9;branch=z9hG4bKa\r\n",
	  "Via: SIP/2.0/UDP pc33;rport=32768;branch=z9hG4bKa"
	  ";received=192.0.2.7\r\n" },
	{ "other parameters keep order and spelling",
	  "v: SIP / 2.0 / UDP pc33 ; Branch = z9hG4bKa ; ttl=1"
	  ";x=\"a;rport\"\r\n",
	  "Via: SIP / 2.0 / UDP pc33; Branch = z9hG4bKa; ttl=1;x=\"a;rport\""
	  ";received=192.0.2.7\r\n" },
	{ "octets that no token has, as some branches do",
	  "Via: SIP/2.0/UDP pc33;branch=z9hG4bK/+=;x=[::1];rport\r\n",
	  "Via: SIP/2.0/UDP pc33;branch=z9hG4bK/+=;x=[::1];rport=32768"
	  ";received=192.0.2.7\r\n" },
	{ "lower Vias are left alone, in one field",
	  "Via: SIP/2.0/UDP pc33;rport"
	  " ,SIP/2.0/TCP  q;rport;received=1.1.1.1\r\n",
	  "Via: SIP/2.0/UDP pc33;rport=32768;received=192.0.2.7"
	  " ,SIP/2.0/TCP  q;rport;received=1.1.1.1\r\n" },
	{ "and in fields of their own",
	  "Via: SIP/2.0/UDP pc33;branch=z9hG4bKa\r\n"
	  "v: SIP/2.0/UDP p1;x;rport,\r\n SIP/2.0/UDP p0\r\n"
	  "Via: SIP/2.0/UDP last\r\n",
	  "Via: SIP/2.0/UDP pc33;branch=z9hG4bKa;received=192.0.2.7\r\n"
	  "Via: SIP/2.0/UDP p1;x;rport, SIP/2.0/UDP p0\r\n"
	  "Via: SIP/2.0/UDP last\r\n" },
};

START_TEST(the_top_via_tells_where_the_request_came_from)
{
	struct buf wire = { 0 };

	buf_str(&wire, "OPTIONS sip:c@d SIP/2.0\r\n");
	buf_str(&wire, vias[_i].vias);
	buf_str(&wire, REST "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n");
	parse(buf_view(&wire));
	ck_assert_msg(strncmp(print() + strlen("SIP/2.0 200 OK\r\n"),
	                      vias[_i].printed, strlen(vias[_i].printed)) == 0,
	              "%s: %s", vias[_i].why, print());
	ck_assert(strncmp(strstr(print(), vias[_i].printed)
	                  + strlen(vias[_i].printed), "To:", 3) == 0);
	buf_deinit(&wire);
}
END_TEST

START_TEST(a_quoted_nul_goes_back_as_it_came_rfc4475_3_1_1_2)
{
	static const struct slice wire = SLICE_INIT(
		"OPTIONS sip:c@d SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.7\r\nFrom: <sip:a@b>;tag=1\r\n"
		"To: \"\\\0\" <sip:c@d>\r\nCall-ID: x\r\n"
		"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n");
	static const struct slice to = SLICE_INIT(
		"\r\nTo: \"\\\0\" <sip:c@d>\r\n");

	parse(wire);
	print();
	ck_assert_uint_lt(slice_find_slice(buf_view(&out), to), out.len);
}
END_TEST

START_TEST(an_empty_via_field_is_not_the_topmost)
{
	parse(SLICE("OPTIONS sip:c@d SIP/2.0\r\nVia: ,\r\n"
	            "Via: SIP/2.0/UDP 192.0.2.7;rport\r\n" REST
	            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(print(), " OK\r\n"
		"Via: SIP/2.0/UDP 192.0.2.7;rport=32768;received=192.0.2.7\r\n"
		"To: "));
}
END_TEST

START_TEST(an_ipv6_source_is_received_without_brackets)
{
	ck_assert(addr_parse(SLICE("[2001:db8::9]:7000"), &source));
	parse(SLICE("OPTIONS sip:c@d SIP/2.0\r\n"
	            "Via: SIP/2.0/UDP [2001:db8::1];rport\r\n" REST
	            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(print(),
		"\r\nVia: SIP/2.0/UDP [2001:db8::1];rport=7000"
		";received=2001:db8::9\r\n"));
}
END_TEST

static const struct {
	const char *why, *method;
	unsigned status;
	bool copied;
} routes[] = {
	{ "a 180 may make an early dialog", "INVITE", 180, true },
	{ "a 2xx", "INVITE", 299, true },
	{ "SUBSCRIBE, RFC 6665", "SUBSCRIBE", 202, true },
	{ "REFER", "REFER", 202, true },
	{ "NOTIFY", "NOTIFY", 200, true },
	{ "a 100 makes none", "INVITE", 100, false },
	{ "a refusal makes none", "INVITE", 300, false },
	{ "OPTIONS makes none", "OPTIONS", 200, false },
	{ "BYE makes none", "BYE", 200, false },
	{ "an unknown method makes none", "FROB", 200, false },
};

START_TEST(record_route_is_copied_where_a_dialog_is_made_12_1_1)
{
	struct buf wire = { 0 };

	buf_printf(&wire, "%s sip:c@d SIP/2.0\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.7\r\nMax-Forwards: 7\r\n" REST
	           "Record-Route: <sip:p;lr>\r\nContact: <sip:q>\r\n"
	           "CSeq: 1 %s\r\n\r\n", routes[_i].method, routes[_i].method);
	parse(buf_view(&wire));
	parts.status = routes[_i].status;
	ck_assert_msg((strstr(print(), "Record-Route: <sip:p;lr>\r\n") != NULL)
	              == routes[_i].copied, "%s", routes[_i].why);
	buf_deinit(&wire);
}
END_TEST

#define FIELD(name, value) { SLICE_INIT(name), SLICE_INIT(value) }

START_TEST(the_users_fields_replace_and_add)
{
	static const struct field fields[] = {
		FIELD("Subject", "x"), FIELD("i", "other"),
		FIELD("Contact", "<sip:me>"),
		{ SLICE_INIT("To"), { NULL, 0 } },
	};

	parse(SLICE(INVITE "\r\n"));
	parts.reason = SLICE("All Right");
	parts.fields = fields;
	parts.nfields = ARRAY_LEN(fields);
	parts.content_type = SLICE("text/plain");
	parts.body = SLICE("a\r\n\0b");
	ck_assert_str_eq(print(),
		"SIP/2.0 200 All Right\r\n"
		"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"
		"From: <sip:a@b>;tag=1\r\n"
		"i: other\r\n"
		"CSeq: 1 INVITE\r\n"
		"Subject: x\r\n"
		"Contact: <sip:me>\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 5\r\n\r\n"
		"a\r\n");
	ck_assert(out.p[out.len - 1] == 'b');
}
END_TEST

static const struct {
	const char *why;
	struct response_parts parts;
} refused[] = {
	{ "reason", { .status = 200, .reason = SLICE_INIT("OK\r\nX: y") } },
	{ "tag", { .status = 200, .to_tag = SLICE_INIT("a\nb") } },
	{ "type", { .status = 200, .content_type = SLICE_INIT("a/b\r") } },
	{ "field", { .status = 200, .nfields = 1, .fields =
	    &(const struct field)FIELD("X", "a\0b") } },
	{ "name", { .status = 200, .nfields = 1, .fields =
	    &(const struct field)FIELD("X: y\r\nZ", "a") } },
	{ "a status below 100", { .status = 99 } },
	{ "a status of four digits", { .status = 1000 } },
};

START_TEST(what_would_break_its_line_is_refused)
{
	parse(SLICE(INVITE "\r\n"));
	response_print(&out, &req, &source, &refused[_i].parts);
	ck_assert_msg(buf_error(&out) == ERR_SYNTAX, "%s", refused[_i].why);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_ordinary_error)
{
	parse(SLICE(INVITE "\r\n"));
	test_alloc_fail(0);
	response_print(&out, &req, &source, &parts);
	ck_assert(test_alloc_restore());
	ck_assert_int_eq(buf_error(&out), ERR_NOMEM);
}
END_TEST

START_TEST(reasons_are_the_rfcs)
{
	ck_assert_str_eq(response_reason(100), "Trying");
	ck_assert_str_eq(response_reason(487), "Request Terminated");
	ck_assert_str_eq(response_reason(606), "Not Acceptable");
	ck_assert_str_eq(response_reason(299), "Unknown");
	ck_assert_str_eq(response_reason(0), "Unknown");
	ck_assert_str_eq(response_reason(700), "Unknown");
	ck_assert_str_eq(response_reason(4000000000U), "Unknown");
}
END_TEST

static const struct {
	const char *why, *via, *target;
} targets[] = {
	{ "port of sent-by, 18.2.2", "SIP/2.0/UDP pc33:5066",
	  "192.0.2.7:5066" },
	{ "5060 where sent-by has no port", "SIP/2.0/UDP pc33",
	  "192.0.2.7:5060" },
	{ "of an unknown transport too", "SIP/2.0/SCTP pc33",
	  "192.0.2.7:5060" },
	{ "5061 over TLS", "SIP/2.0/TLS pc33", "192.0.2.7:5061" },
	{ "rport: the source, RFC 3581 4", "SIP/2.0/UDP pc33:5066;rport",
	  "192.0.2.7:32768" },
	{ "maddr before rport", "SIP/2.0/UDP pc33:5066;rport;maddr=192.0.2.9",
	  "192.0.2.9:5066" },
	{ "maddr of IPv6", "SIP/2.0/UDP pc33;maddr=[2001:db8::1]",
	  "[2001:db8::1]:5060" },
	{ "no multicast", "SIP/2.0/UDP pc33;maddr=224.0.1.75",
	  "192.0.2.7:5060" },
	{ "no broadcast", "SIP/2.0/UDP pc33;maddr=255.255.255.255",
	  "192.0.2.7:5060" },
	{ "nor nobody", "SIP/2.0/UDP pc33;maddr=0.0.0.0", "192.0.2.7:5060" },
	{ "maddr that is a name", "SIP/2.0/UDP pc33;maddr=host.example.com",
	  "192.0.2.7:5060" },
	{ "received that the client wrote",
	  "SIP/2.0/UDP pc33;received=198.51.100.1", "192.0.2.7:5060" },
};

START_TEST(a_response_goes_where_18_2_2_says)
{
	char text[ADDR_TEXT];
	struct addr target;
	struct via via;

	ck_assert(via_parse(slice_str(targets[_i].via), &via));
	response_target(&via, &source, &target);
	ck_assert_msg(strcmp(addr_text(&target, text), targets[_i].target)
	              == 0, "%s: %s", targets[_i].why, text);
}
END_TEST

static const struct {
	const char *via, *learnt;       /* NULL: nothing */
} learnt[] = {
	{ "SIP/2.0/UDP 192.0.2.1:5070;rport=5070;received=192.0.2.1", NULL },
	{ "SIP/2.0/UDP 192.0.2.1;rport=5060", NULL },
	{ "SIP/2.0/TLS 192.0.2.1;rport=5061", NULL },
	{ "SIP/2.0/UDP 192.0.2.1;rport", NULL },
	{ "SIP/2.0/UDP host.example;rport=9", NULL },
	{ "SIP/2.0/UDP 192.0.2.1;received=nonsense;rport=9", NULL },
	{ "SIP/2.0/UDP 192.0.2.1;rport=1024", "192.0.2.1:1024" },
	{ "SIP/2.0/UDP 192.0.2.1;received=203.0.113.7;rport=5060",
	  "203.0.113.7:5060" },
	{ "SIP/2.0/TCP 192.0.2.1:5060;received=203.0.113.7",
	  "203.0.113.7:0" },
	{ "SIP/2.0/TCP x.invalid;received=203.0.113.7", "203.0.113.7:0" },
	{ "SIP/2.0/UDP [2001:db8::1];received=2001:db8::1;rport=5060", NULL },
	{ "SIP/2.0/UDP [2001:db8::1];received=2001:db8::2;rport=9",
	  "[2001:db8::2]:9" },
};

START_TEST(the_top_via_tells_where_we_were_seen_rfc3581_4)
{
	char text[ADDR_TEXT] = "";
	struct addr seen;
	struct via via;

	ck_assert(via_parse(slice_str(learnt[_i].via), &via));
	if (via_learnt(&via, &seen))
		addr_text(&seen, text);
	ck_assert_str_eq(text, learnt[_i].learnt == NULL
	                       ? "" : learnt[_i].learnt);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("response", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_response_copies_what_8_2_6_2_names);
	tcase_add_test(t, a_100_has_no_tag_of_ours_and_the_timestamp_8_2_6_1);
	tcase_add_test(t, a_to_tag_that_is_there_stays);
	tcase_add_loop_test(t, the_top_via_tells_where_the_request_came_from,
	                    0, ARRAY_LEN(vias));
	tcase_add_test(t, a_quoted_nul_goes_back_as_it_came_rfc4475_3_1_1_2);
	tcase_add_test(t, an_empty_via_field_is_not_the_topmost);
	tcase_add_test(t, an_ipv6_source_is_received_without_brackets);
	tcase_add_loop_test(t,
		record_route_is_copied_where_a_dialog_is_made_12_1_1,
		0, ARRAY_LEN(routes));
	tcase_add_test(t, the_users_fields_replace_and_add);
	tcase_add_loop_test(t, what_would_break_its_line_is_refused, 0,
	                    ARRAY_LEN(refused));
	tcase_add_test(t, memory_that_runs_out_is_an_ordinary_error);
	tcase_add_test(t, reasons_are_the_rfcs);
	tcase_add_loop_test(t, a_response_goes_where_18_2_2_says, 0,
	                    ARRAY_LEN(targets));
	tcase_add_loop_test(t, the_top_via_tells_where_we_were_seen_rfc3581_4,
	                    0, ARRAY_LEN(learnt));
	return s;
}

int main(void)
{
	return test_main(suite());
}
