/* Requests are built once, sealed as often as needed, and take no lines that
 * nobody meant to write. */

#include "core/message/request.h"

#include <check.h>

#include "tests/helpers.h"

static const struct slice routes[] = {
	SLICE_INIT("<sip:p1.example.com;lr>"),
	SLICE_INIT("<sip:p2.example.com;lr>"),
};

static struct request_parts parts;
static struct request_draft draft;
static struct request_seal seal;
static struct buf wire;

static void set_up(void)
{
	parts = (struct request_parts){
		.method = SLICE("INVITE"),
		.uri = SLICE("sip:bob@example.com"),
		.from = SLICE("<sip:alice@example.com>;tag=a1"),
		.to = SLICE("<sip:bob@example.com>"),
		.call_id = SLICE("c1"),
		.routes = routes,
		.nroutes = 2,
		.max_forwards = 70,
		.content_type = SLICE("text/plain"),
		.body = SLICE("hello"),
	};
	draft = (struct request_draft){ 0 };
	seal = (struct request_seal){
		.via = SLICE("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx"),
		.contact = SLICE("<sip:alice@192.0.2.1>"),
		.cseq = 7,
	};
}

static void tear_down(void)
{
	request_draft_deinit(&draft);
	buf_deinit(&wire);
}

static const char *sealed(const struct field *fields, size_t n)
{
	parts.fields = fields;
	parts.nfields = n;
	ck_assert_int_eq(request_draft(&draft, &parts), OK);
	request_seal(&wire, &draft, &seal);
	ck_assert_int_eq(buf_error(&wire), OK);
	return buf_cstr(&wire);
}

START_TEST(a_request_has_what_8_1_1_demands)
{
	ck_assert_str_eq(sealed(NULL, 0),
		"INVITE sip:bob@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\n"
		"Max-Forwards: 70\r\n"
		"Route: <sip:p1.example.com;lr>\r\n"
		"Route: <sip:p2.example.com;lr>\r\n"
		"From: <sip:alice@example.com>;tag=a1\r\n"
		"To: <sip:bob@example.com>\r\n"
		"Call-ID: c1\r\n"
		"CSeq: 7 INVITE\r\n"
		"Contact: <sip:alice@192.0.2.1>\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"hello");
}
END_TEST

START_TEST(a_second_try_differs_only_in_what_is_sealed)
{
	sealed(NULL, 0);
	buf_reset(&wire);
	seal.via = SLICE("SIP/2.0/TCP h;branch=z9hG4bKy");
	seal.contact = SLICE_EMPTY;
	seal.cseq = 8;
	seal.credentials = SLICE("Authorization: Digest a=b\r\n");
	request_seal(&wire, &draft, &seal);
	ck_assert_str_eq(buf_cstr(&wire),
		"INVITE sip:bob@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/TCP h;branch=z9hG4bKy\r\n"
		"Max-Forwards: 70\r\n"
		"Route: <sip:p1.example.com;lr>\r\n"
		"Route: <sip:p2.example.com;lr>\r\n"
		"From: <sip:alice@example.com>;tag=a1\r\n"
		"To: <sip:bob@example.com>\r\n"
		"Call-ID: c1\r\n"
		"CSeq: 8 INVITE\r\n"
		"Authorization: Digest a=b\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"hello");
}
END_TEST

#define FIELD(name, value) { SLICE_INIT(name), SLICE_INIT(value) }
#define WITHOUT(name) { SLICE_INIT(name), { NULL, 0 } }

static const struct {
	const char *why;
	struct field field;
	const char *present, *absent;
} wishes[] = {
	{ "a header that is not ours is added",
	  FIELD("Subject", "hi"), "\r\nSubject: hi\r\n", "\r\nSubject: \r\n" },
	{ "an empty value is a value",
	  FIELD("Subject", ""), "\r\nSubject: \r\n", "hi" },
	{ "a compact name is the same header, 7.3.3",
	  FIELD("i", "mine"), "\r\ni: mine\r\n", "Call-ID" },
	{ "any case",
	  FIELD("fROM", "<sip:x>"), "\r\nfROM: <sip:x>\r\n", "alice@example" },
	{ "To", FIELD("To", "<sip:x>"), "\r\nTo: <sip:x>\r\n",
	  "To: <sip:bob" },
	{ "one Route replaces all of ours",
	  FIELD("Route", "<sip:r;lr>"), "\r\nRoute: <sip:r;lr>\r\n", "p2" },
	{ "Max-Forwards", FIELD("Max-Forwards", "0"),
	  "\r\nMax-Forwards: 0\r\n", "70" },
	{ "CSeq, unsealed", FIELD("CSeq", "1 BYE"), "\r\nCSeq: 1 BYE\r\n",
	  "7 INVITE" },
	{ "Contact, unsealed", FIELD("m", "*"), "\r\nm: *\r\n",
	  "Contact" },
	{ "Content-Type", FIELD("c", "a/b"), "\r\nc: a/b\r\n", "text/plain" },
	{ "Content-Length, to try what a peer makes of it",
	  FIELD("l", "999"), "\r\nl: 999\r\n", "Content-Length" },
	{ "Via follows ours", FIELD("v", "SIP/2.0/UDP other"),
	  "z9hG4bKx\r\nMax-Forwards", "Via: SIP/2.0/UDP other" },
	{ "without Max-Forwards", WITHOUT("Max-Forwards"), "Route", "70" },
	{ "without Route", WITHOUT("Route"), "From", "Route" },
	{ "without From", WITHOUT("f"), "To", "From" },
	{ "without CSeq", WITHOUT("CSeq"), "Contact", "CSeq" },
	{ "without Contact", WITHOUT("Contact"), "CSeq", "Contact" },
	{ "without Content-Length", WITHOUT("Content-Length"), "Content-Type",
	  "Content-Length" },
	{ "without what was not there", WITHOUT("Subject"), "CSeq",
	  "Subject" },
};

START_TEST(the_users_fields_win)
{
	const char *text = sealed(&wishes[_i].field, 1);

	ck_assert_msg(strstr(text, wishes[_i].present) != NULL,
	              "%s: lacks %s: %s", wishes[_i].why, wishes[_i].present,
	              text);
	ck_assert_msg(strstr(text, wishes[_i].absent) == NULL,
	              "%s: has %s: %s", wishes[_i].why, wishes[_i].absent,
	              text);
}
END_TEST

START_TEST(several_fields_of_the_user_keep_their_order)
{
	static const struct field fields[] = {
		FIELD("X-B", "1"), FIELD("Route", "<sip:r1;lr>"),
		FIELD("X-A", "2"), FIELD("Route", "<sip:r2;lr>"),
		FIELD("X-B", "3"),
	};
	const char *text = sealed(fields, ARRAY_LEN(fields));

	ck_assert_ptr_nonnull(strstr(text, "\r\nRoute: <sip:r1;lr>\r\n"
	                                   "Route: <sip:r2;lr>\r\n"
	                                   "From: "));
	ck_assert_ptr_nonnull(strstr(text, "\r\nX-B: 1\r\nX-A: 2\r\n"
	                                   "X-B: 3\r\nContent-Type: "));
}
END_TEST

/* Each row spoils one part. */
static const struct {
	const char *why;
	size_t offset;
	struct slice value;
} spoiled[] = {
#define SPOIL(member, value) \
	{ #member, offsetof(struct request_parts, member), SLICE_INIT(value) }
	SPOIL(method, ""),
	SPOIL(method, "INV ITE"),
	SPOIL(method, "INVITE\r\n"),
	SPOIL(uri, ""),
	SPOIL(uri, "sip:a SIP/2.0\r\nX: y"),
	SPOIL(uri, "sip:a b"),
	SPOIL(uri, "sip:a\tb"),
	SPOIL(uri, "sip:a\nb"),
	SPOIL(from, "<sip:a>\r\nX: y"),
	SPOIL(to, "<sip:a>\n"),
	SPOIL(to, "<sip:a>\r"),
	SPOIL(to, "<sip:a>\0"),
	SPOIL(call_id, "\nx"),
	SPOIL(content_type, "text/plain\r\n\r\nsmuggled"),
#undef SPOIL
};

START_TEST(a_part_that_would_break_its_line_is_refused)
{
	memcpy((char *)&parts + spoiled[_i].offset, &spoiled[_i].value,
	       sizeof(spoiled[_i].value));
	ck_assert_msg(request_draft(&draft, &parts) == ERR_SYNTAX, "%s: %s",
	              spoiled[_i].why, spoiled[_i].value.p);
	ck_assert_ptr_null(draft.text);
}
END_TEST

static const struct field bad_fields[] = {
	FIELD("Subject", "a\r\nX: y"),
	FIELD("Subject", "a\n"),
	FIELD("Subject", "\r"),
	FIELD("Subject", "a\0b"),
	FIELD("Route", "<sip:a>\r\nX: y"),
	FIELD("Content-Length", "0\r\n"),
	FIELD("", "x"),
	FIELD("Sub ject", "x"),
	FIELD("Subject:", "x"),
	FIELD("X\r\nY", "x"),
	WITHOUT("X\r\nY"),
};

START_TEST(a_field_that_would_break_its_line_is_refused)
{
	parts.fields = &bad_fields[_i];
	parts.nfields = 1;
	ck_assert_int_eq(request_draft(&draft, &parts), ERR_SYNTAX);
}
END_TEST

START_TEST(a_route_that_would_break_its_line_is_refused)
{
	static const struct slice bad[] = {
		SLICE_INIT("<sip:a;lr>"), SLICE_INIT("<sip:b;lr>\r\nX: y"),
	};

	parts.routes = bad;
	ck_assert_int_eq(request_draft(&draft, &parts), ERR_SYNTAX);
}
END_TEST

START_TEST(a_seal_that_would_break_its_line_is_refused)
{
	sealed(NULL, 0);
	buf_reset(&wire);
	seal.contact = SLICE("<sip:a>\r\nX: y");
	request_seal(&wire, &draft, &seal);
	ck_assert_int_eq(buf_error(&wire), ERR_SYNTAX);
	buf_reset(&wire);
	seal.contact = SLICE_EMPTY;
	seal.via = SLICE("SIP/2.0/UDP a\n");
	request_seal(&wire, &draft, &seal);
	ck_assert_int_eq(buf_error(&wire), ERR_SYNTAX);
}
END_TEST

START_TEST(a_draft_knows_its_start_line)
{
	sealed(NULL, 0);
	ck_assert_slice_eq(request_draft_method(&draft), "INVITE");
	ck_assert_slice_eq(request_draft_uri(&draft), "sip:bob@example.com");
}
END_TEST

START_TEST(a_draft_survives_every_failing_allocation)
{
	for (size_t n = 0, failed = 1; failed; n++) {
		enum error err;

		request_draft_deinit(&draft);
		test_alloc_fail(n);
		err = request_draft(&draft, &parts);
		failed = test_alloc_restore();
		if (err != OK) {
			ck_assert(failed);
			ck_assert_int_eq(err, ERR_NOMEM);
			ck_assert_ptr_null(draft.text);
		}
	}
	ck_assert_ptr_nonnull(draft.text);
}
END_TEST

#define INVITE_HEAD "INVITE sip:bob@192.0.2.9:5062 SIP/2.0\r\n"

static const struct slice invite_wire = SLICE_INIT(
	INVITE_HEAD
	"Via: SIP/2.0/UDP pc33;branch=z9hG4bKa , SIP/2.0/UDP x;branch=z9\r\n"
	"v: SIP/2.0/UDP lower;branch=z9hG4bKb\r\n"
	"Max-Forwards: 5\r\n"
	"Route: <sip:r1;lr>,\r\n <sip:r2;lr>\r\n"
	"f: \"A\" <sip:alice@example.com>;tag=1\r\n"
	"To: <sip:bob@example.com>\r\n"
	"i: abc@pc33\r\n"
	"CSeq: 0042   INVITE\r\n"
	"Require: 100rel\r\n"
	"Authorization: Digest a=\"b\"\r\n"
	"Proxy-Authorization: Digest c=\"d\"\r\n"
	"Route: <sip:r3;lr>\r\n"
	"Contact: <sip:alice@pc33>\r\n"
	"l: 4\r\n\r\nv=0\n");

static struct message invite;

static void parse_invite(struct slice octets)
{
	struct fault fault = { 0, NULL };

	message_init(&invite);
	ck_assert_int_eq(message_parse(&invite, octets,
	                               &message_limits_default, &fault), OK);
	ck_assert_uint_eq(fault.status, 0);
}

START_TEST(ack_of_a_refusal_is_made_of_invite_and_response_17_1_1_3)
{
	parse_invite(invite_wire);
	request_print_ack(&wire, &invite,
	                  SLICE("<sip:bob@example.com>;tag=2"));
	ck_assert_str_eq(buf_cstr(&wire),
		"ACK sip:bob@192.0.2.9:5062 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP pc33;branch=z9hG4bKa\r\n"
		"Max-Forwards: 70\r\n"
		"Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
		"Route: <sip:r3;lr>\r\n"
		"From: \"A\" <sip:alice@example.com>;tag=1\r\n"
		"To: <sip:bob@example.com>;tag=2\r\n"
		"Call-ID: abc@pc33\r\n"
		"CSeq: 42 ACK\r\n"
		"Content-Length: 0\r\n\r\n");
	message_deinit(&invite);
}
END_TEST

START_TEST(cancel_is_made_of_the_invite_9_1)
{
	parse_invite(invite_wire);
	request_print_cancel(&wire, &invite);
	ck_assert_str_eq(buf_cstr(&wire),
		"CANCEL sip:bob@192.0.2.9:5062 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP pc33;branch=z9hG4bKa\r\n"
		"Max-Forwards: 70\r\n"
		"Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
		"Route: <sip:r3;lr>\r\n"
		"From: \"A\" <sip:alice@example.com>;tag=1\r\n"
		"To: <sip:bob@example.com>\r\n"
		"Call-ID: abc@pc33\r\n"
		"CSeq: 42 CANCEL\r\n"
		"Authorization: Digest a=\"b\"\r\n"
		"Proxy-Authorization: Digest c=\"d\"\r\n"
		"Content-Length: 0\r\n\r\n");
	message_deinit(&invite);
}
END_TEST

START_TEST(without_a_cseq_that_can_be_read_there_is_no_ack)
{
	parse_invite(SLICE(INVITE_HEAD
	                   "Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\n"
	                   "CSeq: x INVITE\r\n\r\n"));
	request_print_ack(&wire, &invite, SLICE("<sip:b>"));
	ck_assert_int_eq(buf_error(&wire), ERR_SYNTAX);
	message_deinit(&invite);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("request", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_request_has_what_8_1_1_demands);
	tcase_add_test(t, a_second_try_differs_only_in_what_is_sealed);
	tcase_add_loop_test(t, the_users_fields_win, 0, ARRAY_LEN(wishes));
	tcase_add_test(t, several_fields_of_the_user_keep_their_order);
	tcase_add_loop_test(t, a_part_that_would_break_its_line_is_refused, 0,
	                    ARRAY_LEN(spoiled));
	tcase_add_loop_test(t, a_field_that_would_break_its_line_is_refused,
	                    0, ARRAY_LEN(bad_fields));
	tcase_add_test(t, a_route_that_would_break_its_line_is_refused);
	tcase_add_test(t, a_seal_that_would_break_its_line_is_refused);
	tcase_add_test(t, a_draft_knows_its_start_line);
	tcase_add_test(t, a_draft_survives_every_failing_allocation);
	tcase_add_test(t,
		ack_of_a_refusal_is_made_of_invite_and_response_17_1_1_3);
	tcase_add_test(t, cancel_is_made_of_the_invite_9_1);
	tcase_add_test(t, without_a_cseq_that_can_be_read_there_is_no_ack);
	return s;
}

int main(void)
{
	return test_main(suite());
}
