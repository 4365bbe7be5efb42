/* Messages: the index, the faults, the checks, printing with edits, parts. */

#include "core/message/message.h"
#include "core/message/multipart.h"
#include "tests/helpers.h"

#define VIA  "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
#define FROM "From: <sip:a@h>;tag=1\r\n"
#define TO   "To: <sip:b@h>\r\n"
#define ID   "Call-ID: x@h\r\n"
#define CSEQ "CSeq: 1 OPTIONS\r\n"
#define LINE "OPTIONS sip:b@h SIP/2.0\r\n"
#define HEAD VIA FROM TO ID CSEQ

static struct message message;
static struct fault fault;
static struct message_limits limits;
static struct buf out;

static void set_up(void)
{
	message_init(&message);
	limits = message_limits_default;
}

static void tear_down(void)
{
	message_deinit(&message);
	buf_deinit(&out);
}

static enum error parse(const char *text)
{
	return message_parse(&message, slice_str(text), &limits, &fault);
}

/* --- parsing --- */

START_TEST(a_request_is_taken_apart)
{
	ck_assert_int_eq(parse(LINE HEAD "Content-Length: 4\r\n\r\nbody"),
	                 OK);
	ck_assert_uint_eq(fault.status, 0);
	ck_assert(message.is_request);
	ck_assert_int_eq(message.method, METHOD_OPTIONS);
	ck_assert_slice_eq(message.method_name, "OPTIONS");
	ck_assert_slice_eq(message.uri_text, "sip:b@h");
	ck_assert_slice_eq(message.uri.user, "b");
	ck_assert_slice_eq(message.start_line, "OPTIONS sip:b@h SIP/2.0");
	ck_assert_slice_eq(message.body, "body");
	ck_assert_uint_eq(message.nheaders, 6);
	ck_assert(message_check(&message, &fault));
	ck_assert_slice_eq(message.via.branch, "z9hG4bK1");
	ck_assert_uint_eq(message.nvias, 1);
	ck_assert_slice_eq(message.from.tag, "1");
	ck_assert_ptr_null(message.to.tag.p);
	ck_assert_slice_eq(message.call_id, "x@h");
	ck_assert_uint_eq(message.cseq.number, 1);
	ck_assert(!message.has_contact);
	ck_assert(message_is_answerable(&message));
}
END_TEST

START_TEST(a_response_is_taken_apart)
{
	ck_assert_int_eq(parse("SIP/2.0 699 Not at all\r\n" HEAD "\r\n"), OK);
	ck_assert_uint_eq(fault.status, 0);
	ck_assert(!message.is_request);
	ck_assert_uint_eq(message.status, 699);
	ck_assert_slice_eq(message.reason, "Not at all");
	ck_assert_int_eq(message.uri.scheme, URI_NONE);
	ck_assert_slice_eq(message.method_name, "");
	ck_assert(message_check(&message, &fault));
	ck_assert_int_eq(message.cseq.method, METHOD_OPTIONS);
}
END_TEST

static const struct {
	const char *why, *text;
	enum error err;
	unsigned status;
	const char *reason;
} starts[] = {
	{ "version in any case, 7.1", "OPTIONS sip:h sip/2.0\r\n\r\n",
	  OK, 0, NULL },
	{ "empty lines ahead, 7.5", "\r\n\r\n\nOPTIONS sip:h SIP/2.0\r\n\r\n",
	  OK, 0, NULL },
	{ "lone LFs", "OPTIONS sip:h SIP/2.0\nSubject: x\n\n", OK, 0, NULL },
	{ "no phrase and no SP", "SIP/2.0 200\r\n\r\n", OK, 0, NULL },
	{ "another version", "OPTIONS sip:h SIP/3.0\r\n\r\n",
	  OK, 505, "Version Not Supported" },
	{ "of a response", "SIP/3.0 200 OK\r\n\r\n",
	  OK, 505, "Version Not Supported" },
	{ "no URI", "OPTIONS  SIP/2.0\r\n\r\n",
	  OK, 400, "Malformed Request-URI" },
	{ "status of two digits", "SIP/2.0 20 OK\r\n\r\n",
	  OK, 400, "Malformed Status-Line" },
	{ "status of four digits", "SIP/2.0 2000 OK\r\n\r\n",
	  OK, 400, "Malformed Status-Line" },
	{ "status below 100", "SIP/2.0 099 OK\r\n\r\n",
	  OK, 400, "Malformed Status-Line" },
	{ "status above 699", "SIP/2.0 700 OK\r\n\r\n",
	  OK, 400, "Malformed Status-Line" },
	{ "phrase without SP", "SIP/2.0 200OK\r\n\r\n",
	  OK, 400, "Malformed Status-Line" },
	{ "no status", "SIP/2.0\r\n\r\n", OK, 400, "Malformed Status-Line" },
	{ "HTAB before the status", "SIP/2.0\t200 OK\r\n\r\n",
	  OK, 505, "Version Not Supported" },

	{ "nothing", "", ERR_SYNTAX, 0, NULL },
	{ "a keep-alive", "\r\n\r\n", ERR_SYNTAX, 0, NULL },
	{ "HTTP", "GET / HTTP/1.1\r\n\r\n", ERR_SYNTAX, 0, NULL },
	{ "one word", "OPTIONS\r\n\r\n", ERR_SYNTAX, 0, NULL },
	{ "two words", "OPTIONS sip:h\r\n\r\n", ERR_SYNTAX, 0, NULL },
	{ "no method", " sip:h SIP/2.0\r\n\r\n", ERR_SYNTAX, 0, NULL },
	{ "a method that is no token", "OP<IONS sip:h SIP/2.0\r\n\r\n",
	  ERR_SYNTAX, 0, NULL },
	{ "method and version", "OPTIONS SIP/2.0\r\n\r\n",
	  ERR_SYNTAX, 0, NULL },
	{ "a stray CR", "OPTIONS sip:h\r SIP/2.0\r\n\r\n",
	  ERR_SYNTAX, 0, NULL },
};

START_TEST(start_lines_are_read_as_rfc3261_7_1_and_7_2_say)
{
	ck_assert_msg(parse(starts[_i].text) == starts[_i].err, "%s",
	              starts[_i].why);
	if (starts[_i].err != OK)
		return;
	ck_assert_msg(fault.status == starts[_i].status, "%s: %u",
	              starts[_i].why, fault.status);
	if (fault.status != 0)
		ck_assert_str_eq(fault.reason, starts[_i].reason);
}
END_TEST

static const struct {
	const char *why, *text;
	unsigned status;
	const char *reason;             /* NULL: Subject reads as value */
	const char *value;
} fields[] = {
	{ "plain", "Subject: a b\r\n\r\n", 0, NULL, "a b" },
	{ "LWS about the value", "Subject: \t a b \t\r\n\r\n", 0, NULL,
	  "a b" },
	{ "no LWS", "Subject:a\r\n\r\n", 0, NULL, "a" },
	{ "LWS before the colon, 7.3.1", "Subject \t: a\r\n\r\n", 0, NULL,
	  "a" },
	{ "name in any case", "sUBJECT: a\r\n\r\n", 0, NULL, "a" },
	{ "compact", "s: a\r\n\r\n", 0, NULL, "a" },
	{ "empty", "Subject:\r\n\r\n", 0, NULL, "" },
	{ "empty, with LWS", "Subject:  \r\n\r\n", 0, NULL, "" },
	{ "folded, 7.3.1", "Subject: a\r\n b\r\n\t c \r\n\r\n", 0, NULL,
	  "a b c" },
	{ "folded before the value", "Subject:\r\n a\r\n\r\n", 0, NULL, "a" },
	{ "folded with nothing behind", "Subject: a\r\n \r\n\r\n", 0, NULL,
	  "a" },
	{ "folded with lone LF", "Subject: a\n b\n\n", 0, NULL, "a b" },
	{ "colons in the value", "Subject: a:b\r\n\r\n", 0, NULL, "a:b" },

	{ "no colon", "Subject a\r\n\r\n", 400, "Malformed Header Field",
	  NULL },
	{ "no name", ": a\r\n\r\n", 400, "Malformed Header Field", NULL },
	{ "no token", "Sub(ject: a\r\n\r\n", 400, "Malformed Header Field",
	  NULL },
	{ "control octet before the colon", "Subject\x01: a\r\n\r\n", 400,
	  "Malformed Header Field", NULL },
	{ "fold before the colon", "Subject\r\n : a\r\n\r\n", 400,
	  "Malformed Header Field", NULL },
	{ "CR before the colon", "Subject\r: a\r\n\r\n", 400,
	  "Malformed Header Field", NULL },
	{ "CR inside", "Subject: a\rb\r\n\r\n", 400,
	  "Stray CR In Header Field", NULL },
	{ "two CRs at the end", "Subject: a\r\r\n\r\n", 400,
	  "Stray CR In Header Field", NULL },
	{ "CR inside a fold", "Subject: a\r\n b\rc\r\n\r\n", 400,
	  "Stray CR In Header Field", NULL },
	{ "the first line folded", " a\r\n\r\n", 400,
	  "Malformed Header Field", NULL },
	{ "no empty line", "Subject: a\r\n", 400,
	  "No Empty Line Behind Header", "a" },
	{ "cut in a line", "Subject: a", 400,
	  "No Empty Line Behind Header", "a" },
	{ "nothing at all", "", 400, "No Empty Line Behind Header", NULL },
};

START_TEST(fields_are_read_as_rfc3261_7_3_1_says)
{
	struct buf text = { 0 };
	struct slice value;

	buf_str(&text, LINE);
	buf_str(&text, fields[_i].text);
	ck_assert_int_eq(parse(buf_cstr(&text)), OK);
	ck_assert_msg(fault.status == fields[_i].status, "%s",
	              fields[_i].why);
	if (fault.status != 0)
		ck_assert_str_eq(fault.reason, fields[_i].reason);
	value = message_header(&message, HEADER_SUBJECT, 0);
	if (fields[_i].value == NULL)
		ck_assert_msg(value.p == NULL, "%s", fields[_i].why);
	else
		ck_assert_slice_eq(value, fields[_i].value);
	buf_deinit(&text);
}
END_TEST

START_TEST(nul_is_an_octet_like_any_other)
{
	static const char text[] = LINE "Subject: a\0b\r\n\r\nc\0d";

	ck_assert_int_eq(message_parse(&message,
	                               slice_make(text, sizeof(text) - 1),
	                               &limits, &fault), OK);
	ck_assert_uint_eq(fault.status, 0);
	ck_assert(slice_eq(message_header(&message, HEADER_SUBJECT, 0),
	                   slice_make("a\0b", 3)));
	ck_assert_uint_eq(message.body.len, 3);
}
END_TEST

static const struct {
	const char *why, *text;
	unsigned status;
	const char *body;               /* of what is after a fault, too */
} bodies[] = {
	{ "no length: all that follows", "\r\nabc", 0, "abc" },
	{ "length", "Content-Length: 3\r\n\r\nabc", 0, "abc" },
	{ "compact", "l:2\r\n\r\nabc", 0, "ab" },
	{ "more follows, 18.3", "Content-Length: 0\r\n\r\nabc", 0, "" },
	{ "the same twice", "l: 2\r\nContent-Length: 02\r\n\r\nabc", 0, "ab" },
	{ "too short", "Content-Length: 4\r\n\r\nabc", 400, "abc" },
	{ "another twice", "l: 2\r\nl: 3\r\n\r\nabc", 400, "abc" },
	{ "negative", "l: -1\r\n\r\nabc", 400, "abc" },
	{ "signed", "l: +1\r\n\r\nabc", 400, "abc" },
	{ "empty", "l:\r\n\r\nabc", 400, "abc" },
	{ "a list", "l: 2, 2\r\n\r\nabc", 400, "abc" },
	{ "above the bound", "l: 11\r\n\r\n01234567890", 413,
	  "01234567890" },
	{ "above the bound, no length", "\r\n01234567890", 413,
	  "01234567890" },
	{ "at the bound", "l: 10\r\n\r\n0123456789", 0, "0123456789" },
	{ "2^64", "l: 18446744073709551616\r\n\r\nabc", 413, "abc" },
};

START_TEST(the_body_is_as_long_as_content_length_says)
{
	struct buf text = { 0 };

	limits.body = 10;
	buf_str(&text, LINE);
	buf_str(&text, bodies[_i].text);
	ck_assert_int_eq(parse(buf_cstr(&text)), OK);
	ck_assert_msg(fault.status == bodies[_i].status, "%s: %u",
	              bodies[_i].why, fault.status);
	ck_assert_slice_eq(message.body, bodies[_i].body);
	buf_deinit(&text);
}
END_TEST

START_TEST(the_wire_runs_from_the_start_line_to_the_end_of_the_body)
{
	ck_assert_int_eq(parse("\r\n" LINE "l: 1\r\n\r\nabc"), OK);
	ck_assert_slice_eq(message.wire, LINE "l: 1\r\n\r\na");
}
END_TEST

/* --- bounds --- */

START_TEST(a_start_line_above_its_bound_is_414)
{
	limits.start_line = strlen(LINE) - 2;
	ck_assert_int_eq(parse(LINE HEAD "\r\n"), OK);
	ck_assert_uint_eq(fault.status, 0);
	limits.start_line--;
	ck_assert_int_eq(parse(LINE HEAD "\r\n"), OK);
	ck_assert_uint_eq(fault.status, 414);
	message_check(&message, &fault);
	ck_assert(message_is_answerable(&message));
}
END_TEST

START_TEST(a_header_block_above_its_bound_is_513)
{
	limits.header_block = strlen(HEAD);
	ck_assert_int_eq(parse(LINE HEAD "\r\nx"), OK);
	ck_assert_uint_eq(fault.status, 0);
	limits.header_block--;
	ck_assert_int_eq(parse(LINE HEAD "\r\nx"), OK);
	ck_assert_uint_eq(fault.status, 513);
	ck_assert_uint_eq(message.body.len, 0);
}
END_TEST

START_TEST(a_field_above_its_bound_is_513_and_left_out)
{
	limits.header = strlen("Subject: a\r\n b\r\n");
	ck_assert_int_eq(parse(LINE "Subject: a\r\n b\r\n\r\n"), OK);
	ck_assert_uint_eq(fault.status, 0);
	limits.header--;
	ck_assert_int_eq(parse(LINE "Subject: a\r\n b\r\ns: c\r\n\r\n"), OK);
	ck_assert_uint_eq(fault.status, 513);
	ck_assert_uint_eq(message.nheaders, 1);
	ck_assert_slice_eq(message_header(&message, HEADER_SUBJECT, 0), "c");
}
END_TEST

START_TEST(more_fields_than_the_bound_are_513)
{
	limits.headers = 5;
	ck_assert_int_eq(parse(LINE HEAD "\r\n"), OK);
	ck_assert_uint_eq(fault.status, 0);
	ck_assert_int_eq(parse(LINE HEAD "Subject: x\r\n\r\n"), OK);
	ck_assert_uint_eq(fault.status, 513);
	ck_assert_uint_eq(message.nheaders, 5);
}
END_TEST

START_TEST(more_vias_than_the_bound_are_513)
{
	limits.vias = 3;
	ck_assert_int_eq(parse(LINE VIA "v: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n"
	                       FROM TO ID CSEQ "\r\n"), OK);
	ck_assert(message_check(&message, &fault));
	ck_assert_uint_eq(message.nvias, 3);
	ck_assert_int_eq(parse(LINE VIA VIA
	                       "v: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n"
	                       FROM TO ID CSEQ "\r\n"), OK);
	ck_assert(!message_check(&message, &fault));
	ck_assert_uint_eq(fault.status, 513);
}
END_TEST

/* --- the index --- */

static void make_many_fields(struct buf *text, unsigned n)
{
	buf_str(text, LINE HEAD);
	for (unsigned i = 0; i < n; i++)
		buf_printf(text, "X-%u: %u\r\n", i % 3, i);
	buf_str(text, "\r\n");
}

START_TEST(any_number_of_fields_is_indexed)
{
	struct buf text = { 0 };

	make_many_fields(&text, 240);
	ck_assert_int_eq(parse(buf_cstr(&text)), OK);
	ck_assert_uint_eq(fault.status, 0);
	ck_assert_uint_eq(message.nheaders, 245);
	ck_assert(message_check(&message, &fault));
	ck_assert_slice_eq(message_header_named(&message, SLICE("x-2"), 0),
	                   "2");
	ck_assert_slice_eq(message_header_named(&message, SLICE("X-2"), 79),
	                   "239");
	ck_assert_ptr_null(
		message_header_named(&message, SLICE("X-2"), 80).p);
	ck_assert_slice_eq(message_header_named(&message, SLICE("i"), 0),
	                   "x@h");

	/* and nothing of it stays */
	ck_assert_int_eq(parse(LINE "\r\n"), OK);
	ck_assert_uint_eq(message.nheaders, 0);
	ck_assert(!message_has(&message, HEADER_VIA));
	ck_assert_ptr_null(
		message_header_named(&message, SLICE("X-2"), 0).p);
	ck_assert(!message_is_answerable(&message));
	buf_deinit(&text);
}
END_TEST

START_TEST(without_memory_a_message_is_refused_and_the_next_is_read)
{
	struct buf text = { 0 };
	bool failed = true;
	enum error err;

	make_many_fields(&text, 100);
	for (size_t n = 0; failed; n++) {
		message_deinit(&message);
		message_init(&message);
		test_alloc_fail(n);
		err = parse(buf_cstr(&text));
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
	}
	buf_deinit(&text);

	message_deinit(&message);
	message_init(&message);
	test_alloc_fail(0);
	err = parse(LINE "Subject: a\r\n b\r\n\r\n");
	ck_assert(test_alloc_restore());
	ck_assert_int_eq(err, ERR_NOMEM);
	ck_assert_int_eq(parse(LINE "Subject: a\r\n b\r\n\r\n"), OK);
	ck_assert_slice_eq(message_header(&message, HEADER_SUBJECT, 0),
	                   "a b");
}
END_TEST

START_TEST(an_ordinary_message_takes_no_memory)
{
	enum error err;
	bool checked, failed;

	test_alloc_fail(0);
	err = parse(LINE HEAD "Contact: <sip:a@h>\r\n\r\n");
	checked = message_check(&message, &fault);
	failed = test_alloc_restore();
	ck_assert_int_eq(err, OK);
	ck_assert(checked && !failed);
}
END_TEST

static const struct {
	const char *why, *text;
	const char *values[5];
} lists[] = {
	{ "none", "", { NULL } },
	{ "one", "Contact: <sip:a>\r\n", { "<sip:a>" } },
	{ "two fields", "Contact: <sip:a>\r\nm: <sip:b>\r\n",
	  { "<sip:a>", "<sip:b>" } },
	{ "one field", "Contact: <sip:a> , <sip:b>;q=1,sip:c\r\n",
	  { "<sip:a>", "<sip:b>;q=1", "sip:c" } },
	{ "commas in quotes and <>",
	  "Contact: \"a, \\\", b\" <sip:a,b@c>, \"<\" <sip:d>\r\n",
	  { "\"a, \\\", b\" <sip:a,b@c>", "\"<\" <sip:d>" } },
	{ "a quote inside <>", "Contact: <sip:a\">,<sip:b>\r\n",
	  { "<sip:a\">", "<sip:b>" } },
	{ "empty elements", "Contact: ,<sip:a>,,\r\nContact: \r\n"
	  "Contact: ,\r\nContact: <sip:b>\r\n", { "<sip:a>", "<sip:b>" } },
	{ "an open quote takes the rest", "Contact: <sip:a>, \"b, <sip:c>\r\n",
	  { "<sip:a>", "\"b, <sip:c>" } },
	{ "an open < takes the rest", "Contact: <sip:a>, <b, <sip:c>\r\n",
	  { "<sip:a>", "<b, <sip:c>" } },
};

START_TEST(lists_are_walked_over_all_fields)
{
	struct header_iter it = { 0 };
	struct buf text = { 0 };
	struct slice value;
	size_t n = 0;

	buf_str(&text, LINE);
	buf_str(&text, lists[_i].text);
	buf_str(&text, "\r\n");
	ck_assert_int_eq(parse(buf_cstr(&text)), OK);
	while (message_next_value(&message, HEADER_CONTACT, &it, &value)) {
		ck_assert_msg(lists[_i].values[n] != NULL, "%s",
		              lists[_i].why);
		ck_assert_slice_eq(value, lists[_i].values[n]);
		n++;
	}
	ck_assert_msg(lists[_i].values[n] == NULL, "%s", lists[_i].why);
	buf_deinit(&text);
}
END_TEST

START_TEST(commas_do_not_split_what_is_no_list)
{
	struct header_iter it = { 0 };
	struct slice value;

	ck_assert_int_eq(parse(LINE
		"WWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n"
		"WWW-Authenticate: Basic\r\n\r\n"), OK);
	ck_assert(message_next_value(&message, HEADER_WWW_AUTHENTICATE, &it,
	                             &value));
	ck_assert_slice_eq(value, "Digest realm=\"a\", nonce=\"b\"");
	ck_assert(message_next_value(&message, HEADER_WWW_AUTHENTICATE, &it,
	                             &value));
	ck_assert_slice_eq(value, "Basic");
	ck_assert(!message_next_value(&message, HEADER_WWW_AUTHENTICATE, &it,
	                              &value));
}
END_TEST

START_TEST(a_token_is_found_in_a_list_in_any_case)
{
	ck_assert_int_eq(parse(LINE "Supported: timer\r\n"
	                       "k: 100REL, path\r\n\r\n"), OK);
	ck_assert(message_lists(&message, HEADER_SUPPORTED,
	                        SLICE("100rel")));
	ck_assert(message_lists(&message, HEADER_SUPPORTED, SLICE("path")));
	ck_assert(!message_lists(&message, HEADER_SUPPORTED, SLICE("pat")));
	ck_assert(!message_lists(&message, HEADER_REQUIRE, SLICE("path")));
}
END_TEST

/* --- the check --- */

static const struct {
	const char *why, *text, *reason;
	bool answerable;
} checks[] = {
	{ "all there", LINE HEAD "\r\n", NULL, true },
	{ "From without tag, 12.1", LINE VIA "f: sip:a@h\r\n" TO ID CSEQ
	  "\r\n", NULL, true },
	{ "any status has any CSeq", "SIP/2.0 200 OK\r\n" HEAD "\r\n", NULL,
	  true },
	{ "no Via", LINE FROM TO ID CSEQ "\r\n", "Missing Via", false },
	{ "an empty Via", LINE "v:\r\n" FROM TO ID CSEQ "\r\n",
	  "Missing Via", false },
	{ "bad Via", LINE "v: UDP h\r\n" FROM TO ID CSEQ "\r\n",
	  "Malformed Via", false },
	{ "no From", LINE VIA TO ID CSEQ "\r\n", "Missing From", false },
	{ "bad From", LINE VIA "f: \"\r\n" TO ID CSEQ "\r\n",
	  "Malformed From", true },
	{ "empty From", LINE VIA "f:\r\n" TO ID CSEQ "\r\n",
	  "Malformed From", true },
	{ "* for a From", LINE VIA "f: *\r\n" TO ID CSEQ "\r\n",
	  "Malformed From", true },
	{ "no To", LINE VIA FROM ID CSEQ "\r\n", "Missing To", false },
	{ "bad To", LINE VIA FROM "t: <\r\n" ID CSEQ "\r\n",
	  "Malformed To", true },
	{ "no Call-ID", LINE VIA FROM TO CSEQ "\r\n", "Missing Call-ID",
	  false },
	{ "bad Call-ID", LINE VIA FROM TO "i: a b\r\n" CSEQ "\r\n",
	  "Malformed Call-ID", true },
	{ "no CSeq", LINE VIA FROM TO ID "\r\n", "Missing CSeq", false },
	{ "bad CSeq", LINE VIA FROM TO ID "CSeq: 1\r\n\r\n",
	  "Malformed CSeq", true },
	{ "another method", LINE VIA FROM TO ID "CSeq: 1 BYE\r\n\r\n",
	  "CSeq Method Mismatch", true },
	{ "method in another case", LINE VIA FROM TO ID
	  "CSeq: 1 options\r\n\r\n", "CSeq Method Mismatch", true },
	{ "two From", LINE HEAD FROM "\r\n",
	  "Repeated Single-Value Header Field", true },
	{ "two Expires", LINE HEAD "Expires: 1\r\nExpires: 1\r\n\r\n",
	  "Repeated Single-Value Header Field", true },
	{ "two of what may be", LINE HEAD "Warning: 399 h \"a\"\r\n"
	  "Warning: 399 h \"b\"\r\nX-A: 1\r\nX-A: 2\r\n\r\n", NULL, true },
	{ "bad Max-Forwards", LINE HEAD "Max-Forwards: 256\r\n\r\n",
	  "Malformed Max-Forwards", true },
	{ "bad Content-Type", LINE HEAD "c: text\r\n\r\n",
	  "Malformed Content-Type", true },
	{ "bad Contact", LINE HEAD "m: <sip:a>, <b>\r\n\r\n",
	  "Malformed Contact", true },
	{ "Contact: *", LINE HEAD "m: *\r\n\r\n", NULL, true },
	{ "headers in the URI", "OPTIONS sip:h?a=b SIP/2.0\r\n" HEAD "\r\n",
	  "Headers In Request-URI", true },
};

START_TEST(messages_are_checked_as_rfc3261_8_1_1_says)
{
	bool ok;

	ck_assert_int_eq(parse(checks[_i].text), OK);
	ck_assert_uint_eq(fault.status, 0);
	ok = message_check(&message, &fault);
	ck_assert_msg(ok == (checks[_i].reason == NULL), "%s: %s",
	              checks[_i].why, ok ? "" : fault.reason);
	if (!ok) {
		ck_assert_uint_eq(fault.status, 400);
		ck_assert_str_eq(fault.reason, checks[_i].reason);
	}
	ck_assert_msg(message_is_answerable(&message)
	              == checks[_i].answerable, "%s", checks[_i].why);
}
END_TEST

START_TEST(what_cannot_be_typed_is_zeroed)
{
	ck_assert_int_eq(parse(LINE HEAD "m: <sip:c>\r\n\r\n"), OK);
	ck_assert(message_check(&message, &fault));
	ck_assert_int_eq(parse(LINE "\r\n"), OK);
	ck_assert(!message_check(&message, &fault));
	ck_assert_uint_eq(message.nvias, 0);
	ck_assert_ptr_null(message.via.branch.p);
	ck_assert_ptr_null(message.from.tag.p);
	ck_assert_ptr_null(message.to.uri_text.p);
	ck_assert_uint_eq(message.call_id.len, 0);
	ck_assert_uint_eq(message.cseq.number, 0);
	ck_assert(!message.has_contact);
}
END_TEST

/* --- printing --- */

#define PREPEND_VIA \
	{ EDIT_PREPEND, HEADER_VIA, { NULL, 0 }, SLICE_INIT("SIP/2.0/UDP p") }

#define EDITED "OPTIONS sip:b@h SIP/2.0\r\nv: a\r\nSubject :b\r\n" \
	"X-A: 1\r\nv: c\r\nx-a: 2\r\nl: 3\r\n\r\nabc"

static const struct {
	const char *why;
	struct edit edits[2];
	size_t n;
	const char *text;
} prints[] = {
	{ "none: as it was written", { PREPEND_VIA }, 0, EDITED },
	{ "prepend", { PREPEND_VIA }, 1,
	  LINE "Via: SIP/2.0/UDP p\r\nv: a\r\nSubject :b\r\n"
	  "X-A: 1\r\nv: c\r\nx-a: 2\r\nl: 3\r\n\r\nabc" },
	{ "two in order",
	  { { EDIT_PREPEND, HEADER_OTHER, SLICE_INIT("A"), SLICE_INIT("1") },
	    { EDIT_PREPEND, HEADER_OTHER, SLICE_INIT("B"), SLICE_INIT("") } },
	  2, LINE "A: 1\r\nB: \r\nv: a\r\nSubject :b\r\n"
	  "X-A: 1\r\nv: c\r\nx-a: 2\r\nl: 3\r\n\r\nabc" },
	{ "append",
	  { { EDIT_APPEND, HEADER_ROUTE, { NULL, 0 }, SLICE_INIT("r") } }, 1,
	  LINE "v: a\r\nSubject :b\r\nX-A: 1\r\nv: c\r\nx-a: 2\r\nl: 3\r\n"
	  "Route: r\r\n\r\nabc" },
	{ "replace all, at the first",
	  { { EDIT_REPLACE, HEADER_VIA, { NULL, 0 }, SLICE_INIT("n") } }, 1,
	  LINE "Via: n\r\nSubject :b\r\nX-A: 1\r\nx-a: 2\r\nl: 3\r\n\r\n"
	  "abc" },
	{ "replace by name",
	  { { EDIT_REPLACE, HEADER_OTHER, SLICE_INIT("X-a"),
	      SLICE_INIT("n") } }, 1,
	  LINE "v: a\r\nSubject :b\r\nX-a: n\r\nv: c\r\nl: 3\r\n\r\nabc" },
	{ "replace what is not there",
	  { { EDIT_REPLACE, HEADER_DATE, { NULL, 0 }, SLICE_INIT("n") },
	    { EDIT_REPLACE, HEADER_OTHER, SLICE_INIT("X-B"),
	      SLICE_INIT("m") } }, 2,
	  LINE "v: a\r\nSubject :b\r\nX-A: 1\r\nv: c\r\nx-a: 2\r\nl: 3\r\n"
	  "Date: n\r\nX-B: m\r\n\r\nabc" },
	{ "remove",
	  { { EDIT_REMOVE, HEADER_VIA, { NULL, 0 }, { NULL, 0 } },
	    { EDIT_REMOVE, HEADER_OTHER, SLICE_INIT("X-A"), { NULL, 0 } } },
	  2, LINE "Subject :b\r\nl: 3\r\n\r\nabc" },
};

START_TEST(a_message_is_printed_with_its_edits)
{
	struct slice own_line = { NULL, 0 };

	ck_assert_int_eq(parse(EDITED), OK);
	message_print(&out, &message, own_line, prints[_i].edits,
	              prints[_i].n);
	ck_assert_msg(strcmp(buf_cstr(&out), prints[_i].text) == 0, "%s:\n%s",
	              prints[_i].why, buf_cstr(&out));
}
END_TEST

START_TEST(another_start_line_takes_the_place_of_its_own)
{
	ck_assert_int_eq(parse(LINE "Subject:  a\r\n  b \r\n\r\nx"), OK);
	message_print(&out, &message, SLICE("SIP/2.0 200 OK"), NULL, 0);
	ck_assert_str_eq(buf_cstr(&out),
	                 "SIP/2.0 200 OK\r\nSubject: a b\r\n\r\nx");
}
END_TEST

START_TEST(printing_without_memory_leaves_an_error)
{
	ck_assert_int_eq(parse(LINE HEAD "\r\n"), OK);
	test_alloc_fail(0);
	message_print(&out, &message, SLICE("x"), NULL, 0);
	ck_assert(test_alloc_restore());
	ck_assert_int_eq(buf_error(&out), ERR_NOMEM);
}
END_TEST

/* --- bodies --- */

#define SDP "application", "sdp"
#define PLAIN "text", "plain"

static const struct {
	const char *why, *content_type, *body, *type, *subtype;
	const char *found;              /* NULL: none */
} parts[] = {
	{ "the body itself", "application/sdp", "v=0", SDP, "v=0" },
	{ "in any case", "Application/SDP;x=1", "v=0", SDP, "v=0" },
	{ "of another type", "text/html", "v=0", SDP, NULL },
	{ "a part", "multipart/mixed;boundary=b",
	  "--b\r\nContent-Type: text/html\r\n\r\nx\r\n"
	  "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b--\r\n",
	  SDP, "v=0\r\n" },
	{ "preamble, quoted boundary, compact and folded header",
	  "multipart/related; boundary=\"b \\c\"",
	  "see\r\n--b c\r\nc:\r\n application/sdp\r\n\r\nv=0\r\n--b c--",
	  SDP, "v=0" },
	{ "lone LFs", "multipart/mixed;boundary=b",
	  "--b\nc: application/sdp\n\nv=0\n--b--\n", SDP, "v=0" },
	{ "no header: text/plain, RFC 2046 5.1",
	  "multipart/mixed;boundary=b", "--b\r\n\r\nhi\r\n--b--", PLAIN,
	  "hi" },
	{ "an empty part", "multipart/mixed;boundary=b",
	  "--b\r\n\r\n\r\n--b--", PLAIN, "" },
	{ "a boundary that begins alike", "multipart/mixed;boundary=b",
	  "--b\r\n\r\nhi\r\n--bc\r\nho\r\n--b--", PLAIN,
	  "hi\r\n--bc\r\nho" },
	{ "a boundary inside a line", "multipart/mixed;boundary=b",
	  "--b\r\n\r\nhi --b\r\n--b--", PLAIN, "hi --b" },
	{ "no closing delimiter", "multipart/mixed;boundary=b",
	  "--b\r\n\r\nhi", PLAIN, "hi" },
	{ "behind the closing delimiter", "multipart/mixed;boundary=b",
	  "--b--\r\n--b\r\n\r\nhi\r\n--b--", PLAIN, NULL },
	{ "no delimiter", "multipart/mixed;boundary=b", "hi", PLAIN, NULL },
	{ "no boundary", "multipart/mixed", "--\r\n\r\nhi\r\n----", PLAIN,
	  NULL },
	{ "empty boundary", "multipart/mixed;boundary=\"\"",
	  "--\r\n\r\nhi\r\n----", PLAIN, NULL },
	{ "nested", "multipart/mixed;boundary=a",
	  "--a\r\nc: multipart/alternative;\r\n boundary=b\r\n\r\n"
	  "--b\r\n\r\nhi\r\n--b--\r\n--a--", PLAIN, "hi" },
	{ "no Content-Type", NULL, "hi", PLAIN, NULL },
};

START_TEST(the_part_of_a_type_is_found)
{
	struct buf text = { 0 };
	struct slice body;
	bool found;

	buf_str(&text, LINE);
	if (parts[_i].content_type != NULL)
		buf_printf(&text, "Content-Type: %s\r\n",
		           parts[_i].content_type);
	buf_str(&text, "\r\n");
	buf_str(&text, parts[_i].body);
	ck_assert_int_eq(parse(buf_cstr(&text)), OK);
	found = message_body_of_type(&message, slice_str(parts[_i].type),
	                             slice_str(parts[_i].subtype), &body);
	ck_assert_msg(found == (parts[_i].found != NULL), "%s",
	              parts[_i].why);
	if (found)
		ck_assert_slice_eq(body, parts[_i].found);
	buf_deinit(&text);
}
END_TEST

/* depth multiparts about one text/plain part. */
static void nest(struct buf *b, unsigned depth)
{
	for (unsigned i = 1; i < depth; i++)
		buf_printf(b, "--b%u\r\nc: multipart/mixed;boundary=b%u"
		           "\r\n\r\n", i, i + 1);
	buf_printf(b, "--b%u\r\n\r\nhi", depth);
}

START_TEST(parts_are_sought_four_levels_deep)
{
	struct slice body;

	for (unsigned depth = 1; depth <= 5; depth++) {
		buf_reset(&out);
		nest(&out, depth);
		ck_assert(multipart_find(SLICE("multipart/mixed;boundary=b1"),
		                         buf_view(&out), SLICE("text"),
		                         SLICE("plain"), &body)
		          == (depth <= 4));
	}
}
END_TEST

START_TEST(thirty_two_parts_are_looked_at)
{
	struct slice body;

	for (unsigned before = 31; before <= 32; before++) {
		buf_reset(&out);
		for (unsigned i = 0; i < before; i++)
			buf_str(&out, "--b\r\nc: a/b\r\n\r\nx\r\n");
		buf_str(&out, "--b\r\n\r\nhi\r\n--b--");
		ck_assert(multipart_find(SLICE("multipart/mixed;boundary=b"),
		                         buf_view(&out), SLICE("text"),
		                         SLICE("plain"), &body)
		          == (before < 32));
	}
}
END_TEST

static void add_parsing(TCase *t)
{
	tcase_add_test(t, a_request_is_taken_apart);
	tcase_add_test(t, a_response_is_taken_apart);
	tcase_add_loop_test(
		t, start_lines_are_read_as_rfc3261_7_1_and_7_2_say, 0,
		ARRAY_LEN(starts));
	tcase_add_loop_test(t, fields_are_read_as_rfc3261_7_3_1_says, 0,
	                    ARRAY_LEN(fields));
	tcase_add_test(t, nul_is_an_octet_like_any_other);
	tcase_add_loop_test(t, the_body_is_as_long_as_content_length_says, 0,
	                    ARRAY_LEN(bodies));
	tcase_add_test(
		t, the_wire_runs_from_the_start_line_to_the_end_of_the_body);
	tcase_add_test(t, a_start_line_above_its_bound_is_414);
	tcase_add_test(t, a_header_block_above_its_bound_is_513);
	tcase_add_test(t, a_field_above_its_bound_is_513_and_left_out);
	tcase_add_test(t, more_fields_than_the_bound_are_513);
	tcase_add_test(t, more_vias_than_the_bound_are_513);
}

static void add_index(TCase *t)
{
	tcase_add_test(t, any_number_of_fields_is_indexed);
	tcase_add_test(
		t, without_memory_a_message_is_refused_and_the_next_is_read);
	tcase_add_test(t, an_ordinary_message_takes_no_memory);
	tcase_add_loop_test(t, lists_are_walked_over_all_fields, 0,
	                    ARRAY_LEN(lists));
	tcase_add_test(t, commas_do_not_split_what_is_no_list);
	tcase_add_test(t, a_token_is_found_in_a_list_in_any_case);
	tcase_add_loop_test(t, messages_are_checked_as_rfc3261_8_1_1_says, 0,
	                    ARRAY_LEN(checks));
	tcase_add_test(t, what_cannot_be_typed_is_zeroed);
}

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("message", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	add_parsing(t);
	add_index(t);
	tcase_add_loop_test(t, a_message_is_printed_with_its_edits, 0,
	                    ARRAY_LEN(prints));
	tcase_add_test(t, another_start_line_takes_the_place_of_its_own);
	tcase_add_test(t, printing_without_memory_leaves_an_error);
	tcase_add_loop_test(t, the_part_of_a_type_is_found, 0,
	                    ARRAY_LEN(parts));
	tcase_add_test(t, parts_are_sought_four_levels_deep);
	tcase_add_test(t, thirty_two_parts_are_looked_at);
	return s;
}

int main(void)
{
	return test_main(suite());
}
