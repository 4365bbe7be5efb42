/* What the parser makes of the messages that RFC 4475 and RFC 5118 were
 * written to break parsers with, and of the flows of five other RFCs. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/message/message.h"
#include "tests/helpers.h"

static struct message message;
static struct fault fault;
static struct buf wire, text;

static void set_up(void)
{
	message_init(&message);
}

static void tear_down(void)
{
	message_deinit(&message);
	buf_deinit(&wire);
	buf_deinit(&text);
}

static void corpus_path(char *path, size_t size, const char *name)
{
	const char *top = getenv("srcdir");

	snprintf(path, size, "%s/tests/corpus/%s", top == NULL ? "." : top,
	         name);
}

static struct slice load(const char *name)
{
	char path[512], chunk[4096];
	size_t n;
	FILE *f;

	corpus_path(path, sizeof(path), name);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	buf_reset(&wire);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) != 0)
		buf_append(&wire, chunk, n);
	fclose(f);
	return buf_view(&wire);
}

/* 0, or the status of the first fault. */
static unsigned read_message(const char *name)
{
	enum error err = message_parse(&message, load(name),
	                               &message_limits_default, &fault);
	struct fault second = { 0, NULL };

	ck_assert_msg(err == OK, "%s: %s", name, error_text(err));
	if (!message_check(&message, &second) && fault.status == 0)
		fault = second;
	return fault.status;
}

static const struct {
	const char *name, *why;
	unsigned status;                /* 0: well formed */
	bool answerable;
} outcomes[] = {
	{ "rfc4475/wsinv.dat",      "3.1.1.1 tortuous",            0, true },
	{ "rfc4475/intmeth.dat",    "3.1.1.2 odd characters",      0, true },
	{ "rfc4475/esc01.dat",      "3.1.1.3 escapes",             0, true },
	{ "rfc4475/escnull.dat",    "3.1.1.4 escaped NULs",        0, true },
	{ "rfc4475/esc02.dat",      "3.1.1.5 % that is no escape", 0, true },
	{ "rfc4475/lwsdisp.dat",    "3.1.1.6 no LWS before <",     0, true },
	{ "rfc4475/longreq.dat",    "3.1.1.7 long values",         0, true },
	{ "rfc4475/dblreq.dat",     "3.1.1.8 trailing octets",     0, true },
	{ "rfc4475/semiuri.dat",    "3.1.1.9 ; in the user part",  0, true },
	{ "rfc4475/transports.dat", "3.1.1.10 transports",         0, true },
	{ "rfc4475/mpart01.dat",    "3.1.1.11 binary parts",       0, true },
	{ "rfc4475/unreason.dat",   "3.1.1.12 odd phrase",         0, true },
	{ "rfc4475/noreason.dat",   "3.1.1.13 empty phrase",       0, true },
	{ "rfc4475/badinv01.dat",   "3.1.2.1 ;; in the Via",       400, false },
	{ "rfc4475/clerr.dat",      "3.1.2.2 short body",          400, true },
	{ "rfc4475/ncl.dat",        "3.1.2.3 negative length",     400, true },
	{ "rfc4475/scalar02.dat",   "3.1.2.4 large CSeq",          400, true },
	{ "rfc4475/scalarlg.dat",   "3.1.2.5 the same, answered",  400, true },
	{ "rfc4475/quotbal.dat",    "3.1.2.6 open quote",          400, true },
	{ "rfc4475/ltgtruri.dat",   "3.1.2.7 <> about the URI",    400, true },
	{ "rfc4475/lwsruri.dat",    "3.1.2.8 SP in the URI",       400, true },
	{ "rfc4475/lwsstart.dat",   "3.1.2.9 two SP",              400, true },
	{ "rfc4475/trws.dat",       "3.1.2.10 SP at the end",      400, true },
	{ "rfc4475/escruri.dat",    "3.1.2.11 headers in the URI", 400, true },
	{ "rfc4475/baddate.dat",    "3.1.2.12 Date is not used",   0, true },
	{ "rfc4475/regbadct.dat",   "3.1.2.13 ? outside <>",       400, true },
	{ "rfc4475/badaspec.dat",   "3.1.2.14 SP inside <>",       400, true },
	{ "rfc4475/baddn.dat",      "3.1.2.15 comma in a name",    400, true },
	{ "rfc4475/badvers.dat",    "3.1.2.16 SIP/7.0",            505, true },
	{ "rfc4475/mismatch01.dat", "3.1.2.17 methods differ",     400, true },
	{ "rfc4475/mismatch02.dat", "3.1.2.18 methods differ",     400, true },
	{ "rfc4475/bigcode.dat",    "3.1.2.19 4294967301",         400, true },
	{ "rfc4475/badbranch.dat",  "3.2.1 an RFC 2543 branch",    0, true },
	{ "rfc4475/insuf.dat",      "3.3.1 no From, To, Call-ID",  400, false },
	{ "rfc4475/unkscm.dat",     "3.3.2 unknown scheme",        0, true },
	{ "rfc4475/novelsc.dat",    "3.3.3 no scheme for SIP",     0, true },
	{ "rfc4475/unksm2.dat",     "3.3.4 schemes in headers",    0, true },
	{ "rfc4475/bext01.dat",     "3.3.5 Require",               0, true },
	{ "rfc4475/invut.dat",      "3.3.6 unknown type",          0, true },
	{ "rfc4475/regaut01.dat",   "3.3.7 unknown scheme",        0, true },
	{ "rfc4475/multi01.dat",    "3.3.8 two of each",           400, true },
	{ "rfc4475/mcl01.dat",      "3.3.9 two lengths",           400, true },
	{ "rfc4475/bcast.dat",      "3.3.10 two Vias",             0, true },
	{ "rfc4475/zeromf.dat",     "3.3.11 Max-Forwards 0",       0, true },
	{ "rfc4475/cparam01.dat",   "3.3.12 header parameter",     0, true },
	{ "rfc4475/cparam02.dat",   "3.3.13 URI parameter",        0, true },
	{ "rfc4475/regescrt.dat",   "3.3.14 headers in a Contact", 0, true },
	{ "rfc4475/sdp01.dat",      "3.3.15 odd Accept",           0, true },
	{ "rfc4475/inv2543.dat",    "3.4.1 RFC 2543",              0, true },

	{ "rfc5118/ipv6-good.dat",  "4.1 in brackets",             0, true },
	{ "rfc5118/ipv6-bad.dat",   "4.2 without",                 400, true },
	{ "rfc5118/port-ambiguous.dat", "4.3 port inside",         0, true },
	{ "rfc5118/port-unambiguous.dat", "4.4 port outside",      0, true },
	{ "rfc5118/via-received-param-with-delim.dat", "4.5 with", 0, true },
	{ "rfc5118/via-received-param-no-delim.dat", "4.5 bare",   0, true },
	{ "rfc5118/ipv6-in-sdp.dat", "4.6 in SDP",                 0, true },
	{ "rfc5118/mult-ip-in-header.dat", "4.7 both families",    0, true },
	{ "rfc5118/mult-ip-in-sdp.dat", "4.8 both families",       0, true },
	{ "rfc5118/ipv4-mapped-ipv6.dat", "4.9 mapped",            0, true },
	{ "rfc5118/ipv6-bug-abnf-3-colons.dat", "4.10 three",      400, true },
	{ "rfc5118/ipv6-correct-abnf-2-colons.dat", "4.10 two",    0, true },
};

START_TEST(torture_messages_have_the_outcome_their_index_names)
{
	unsigned status = read_message(outcomes[_i].name);

	ck_assert_msg(status == outcomes[_i].status, "%s, %s: %u %s",
	              outcomes[_i].name, outcomes[_i].why, status,
	              status == 0 ? "" : fault.reason);
	ck_assert_msg(message_is_answerable(&message)
	              == outcomes[_i].answerable, "%s", outcomes[_i].name);
}
END_TEST

static size_t files_in(const char *folder)
{
	char path[512];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	corpus_path(path, sizeof(path), folder);
	dir = opendir(path);
	ck_assert_msg(dir != NULL, "%s", path);
	while ((entry = readdir(dir)) != NULL)
		n += strstr(entry->d_name, ".dat") != NULL;
	closedir(dir);
	return n;
}

START_TEST(no_torture_message_is_left_out)
{
	ck_assert_uint_eq(files_in("rfc4475") + files_in("rfc5118"),
	                  ARRAY_LEN(outcomes));
}
END_TEST

/* --- the values in the indexes' column "must" --- */

enum fact {
	METHOD, CSEQ, BODY_LEN, STATUS, REASON, MAX_FORWARDS, CALL_ID,
	URI_USER, URI_HOST, URI_PORT, URI_SCHEME,
	FROM_DISPLAY, FROM_URI, FROM_TAG, TO_URI, TO_TAG, TO_SCHEME,
	VIAS, VIA_TRANSPORT, VIA_SENT_BY, VIA_PORT, VIA_BRANCH,
	VIA_RECEIVED,
	CONTACT_URI, CONTACT_PARAMS, CONTACT_HEADERS, CONTACT_Q,
	CONTACT_EXPIRES,
	ROUTE_URI, REQUIRE, SUBJECT, NEWFANGLED
};

/* The value of a list header, counted over all fields. */
static struct slice nth_value(enum header_id id, unsigned nth)
{
	struct header_iter it = { 0 };
	struct slice value;

	do
		if (!message_next_value(&message, id, &it, &value))
			return slice_make(NULL, 0);
	while (nth-- != 0);
	return value;
}

static struct slice number(uint64_t n)
{
	buf_reset(&text);
	buf_u64(&text, n);
	return buf_view(&text);
}

static struct slice via_fact(enum fact fact, unsigned nth)
{
	struct via via;

	ck_assert(via_parse(nth_value(HEADER_VIA, nth), &via));
	if (fact == VIA_TRANSPORT)
		return via.transport_name;
	if (fact == VIA_SENT_BY)
		return via.sent_by;
	if (fact == VIA_PORT)
		return number(via.port);
	return fact == VIA_BRANCH ? via.branch : via.received;
}

static struct slice contact_fact(enum fact fact, unsigned nth)
{
	struct contact c;

	ck_assert(contact_parse(nth_value(HEADER_CONTACT, nth), &c));
	if (fact == CONTACT_URI)
		return c.addr.uri_text;
	if (fact == CONTACT_PARAMS)
		return c.addr.params;
	if (fact == CONTACT_HEADERS)
		return c.addr.uri.headers;
	return number(fact == CONTACT_Q ? c.q_thousandths : c.expires_s);
}

static struct slice route_fact(unsigned nth)
{
	struct name_addr route;

	ck_assert(name_addr_parse(nth_value(HEADER_ROUTE, nth), &route));
	return route.uri_text;
}

static struct slice max_forwards_fact(void)
{
	uint32_t n;

	ck_assert(max_forwards_parse(
		message_header(&message, HEADER_MAX_FORWARDS, 0), &n));
	return number(n);
}

static struct slice read_fact(enum fact fact, unsigned nth)
{
	switch (fact) {
	case METHOD:
		return message.method_name;
	case CSEQ:
		return number(message.cseq.number);
	case BODY_LEN:
		return number(message.body.len);
	case STATUS:
		return number(message.status);
	case REASON:
		return message.reason;
	case MAX_FORWARDS:
		return max_forwards_fact();
	case CALL_ID:
		return message.call_id;
	case URI_USER:
		return message.uri.user;
	case URI_HOST:
		return message.uri.host;
	case URI_PORT:
		return number(message.uri.port);
	case URI_SCHEME:
		return message.uri.scheme_name;
	case FROM_DISPLAY:
		return message.from.display;
	case FROM_URI:
		return message.from.uri_text;
	case FROM_TAG:
		return message.from.tag;
	case TO_URI:
		return message.to.uri_text;
	case TO_TAG:
		return message.to.tag;
	case TO_SCHEME:
		return message.to.uri.scheme_name;
	case VIAS:
		return number(message.nvias);
	case VIA_TRANSPORT:
	case VIA_SENT_BY:
	case VIA_PORT:
	case VIA_BRANCH:
	case VIA_RECEIVED:
		return via_fact(fact, nth);
	case CONTACT_URI:
	case CONTACT_PARAMS:
	case CONTACT_HEADERS:
	case CONTACT_Q:
	case CONTACT_EXPIRES:
		return contact_fact(fact, nth);
	case ROUTE_URI:
		return route_fact(nth);
	case REQUIRE:
		return nth_value(HEADER_REQUIRE, nth);
	case SUBJECT:
		return message_header(&message, HEADER_SUBJECT, nth);
	case NEWFANGLED:
		return message_header_named(&message,
		                            SLICE("newfangledheader"), nth);
	}
	return slice_make(NULL, 0);
}

static const struct {
	const char *name;
	enum fact fact;
	unsigned nth;
	const char *text;               /* NULL: none */
} facts[] = {
	{ "rfc4475/wsinv.dat", CSEQ, 0, "9" },
	{ "rfc4475/wsinv.dat", MAX_FORWARDS, 0, "68" },
	{ "rfc4475/wsinv.dat", BODY_LEN, 0, "150" },
	{ "rfc4475/wsinv.dat", TO_URI, 0, "sip:vivekg@chair-dnrc.example.com" },
	{ "rfc4475/wsinv.dat", TO_TAG, 0, "1918181833n" },
	{ "rfc4475/wsinv.dat", FROM_DISPLAY, 0, "\"J Rosenberg \\\\\\\"\"" },
	{ "rfc4475/wsinv.dat", FROM_TAG, 0, "98asjd8" },
	{ "rfc4475/wsinv.dat", VIAS, 0, "3" },
	{ "rfc4475/wsinv.dat", VIA_TRANSPORT, 0, "UDP" },
	{ "rfc4475/wsinv.dat", VIA_BRANCH, 0, "390skdjuw" },
	{ "rfc4475/wsinv.dat", VIA_TRANSPORT, 1, "TCP" },
	{ "rfc4475/wsinv.dat", VIA_SENT_BY, 1, "spindle.example.com" },
	{ "rfc4475/wsinv.dat", VIA_BRANCH, 1, "z9hG4bK9ikj8" },
	{ "rfc4475/wsinv.dat", VIA_SENT_BY, 2, "192.168.255.111" },
	{ "rfc4475/wsinv.dat", VIA_BRANCH, 2, "z9hG4bK30239" },
	{ "rfc4475/wsinv.dat", SUBJECT, 0, "" },
	{ "rfc4475/wsinv.dat", NEWFANGLED, 0,
	  "newfangled value continued newfangled value" },
	{ "rfc4475/wsinv.dat", ROUTE_URI, 0,
	  "sip:services.example.com;lr;unknownwith=value;unknown-no-value" },
	{ "rfc4475/wsinv.dat", CONTACT_URI, 0, "sip:jdrosen@example.com" },
	{ "rfc4475/wsinv.dat", CONTACT_Q, 0, "330" },

	{ "rfc4475/intmeth.dat", METHOD, 0,
	  "!interesting-Method0123456789_*+`.%indeed'~" },
	{ "rfc4475/intmeth.dat", URI_USER, 0,
	  "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*" },
	{ "rfc4475/intmeth.dat", URI_HOST, 0, "example.com" },
	{ "rfc4475/intmeth.dat", CSEQ, 0, "139122385" },
	{ "rfc4475/intmeth.dat", FROM_TAG, 0, "_token~1'+`*%!-." },
	{ "rfc4475/intmeth.dat", FROM_DISPLAY, 0,
	  "token1~` token2'+_ token3*%!.-" },
	{ "rfc4475/intmeth.dat", CALL_ID, 0,
	  "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{" },
	{ "rfc4475/intmeth.dat", MAX_FORWARDS, 0, "255" },

	{ "rfc4475/esc01.dat", URI_USER, 0, "sips%3Auser%40example.com" },
	{ "rfc4475/esc01.dat", URI_HOST, 0, "example.net" },
	{ "rfc4475/escnull.dat", TO_URI, 0,
	  "sip:null-%00-null@example.com" },
	{ "rfc4475/escnull.dat", CONTACT_URI, 1,
	  "sip:%00%00@host5.example.com" },
	{ "rfc4475/esc02.dat", METHOD, 0, "RE%47IST%45R" },
	{ "rfc4475/esc02.dat", FROM_DISPLAY, 0, "\"%Z%45\"" },
	{ "rfc4475/esc02.dat", CONTACT_URI, 1,
	  "sip:alias3@host3.example.com" },
	{ "rfc4475/lwsdisp.dat", FROM_DISPLAY, 0, "caller" },
	{ "rfc4475/lwsdisp.dat", FROM_URI, 0, "sip:caller@example.com" },
	{ "rfc4475/longreq.dat", BODY_LEN, 0, "150" },
	{ "rfc4475/longreq.dat", VIAS, 0, "34" },
	{ "rfc4475/dblreq.dat", METHOD, 0, "REGISTER" },
	{ "rfc4475/dblreq.dat", BODY_LEN, 0, "0" },
	{ "rfc4475/semiuri.dat", URI_USER, 0, "user;par=u%40example.net" },
	{ "rfc4475/semiuri.dat", URI_HOST, 0, "example.com" },
	{ "rfc4475/transports.dat", VIAS, 0, "5" },
	{ "rfc4475/transports.dat", VIA_TRANSPORT, 1, "SCTP" },
	{ "rfc4475/transports.dat", VIA_TRANSPORT, 3, "UNKNOWN" },
	{ "rfc4475/mpart01.dat", BODY_LEN, 0, "553" },
	{ "rfc4475/unreason.dat", STATUS, 0, "200" },
	{ "rfc4475/unreason.dat", REASON, 0, "= 2**3 * 5**2 "
	  "\xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe "
	  "\xd0\xb4\xd0\xb5\xd0\xb2\xd1\x8f\xd0\xbd\xd0\xbe\xd1\x81\xd1\x82"
	  "\xd0\xbe "
	  "\xd0\xb4\xd0\xb5\xd0\xb2\xd1\x8f\xd1\x82\xd1\x8c - "
	  "\xd0\xbf\xd1\x80\xd0\xbe\xd1\x81\xd1\x82\xd0\xbe\xd0\xb5" },
	{ "rfc4475/noreason.dat", STATUS, 0, "100" },
	{ "rfc4475/noreason.dat", REASON, 0, "" },

	{ "rfc4475/scalar02.dat", CSEQ, 0, "0" },
	{ "rfc4475/scalar02.dat", CONTACT_EXPIRES, 0, "4294967295" },
	{ "rfc4475/bigcode.dat", STATUS, 0, "0" },
	{ "rfc4475/unkscm.dat", URI_SCHEME, 0, "nobodyKnowsThisScheme" },
	{ "rfc4475/novelsc.dat", URI_SCHEME, 0, "soap.beep" },
	{ "rfc4475/unksm2.dat", TO_SCHEME, 0, "isbn" },
	{ "rfc4475/unksm2.dat", FROM_URI, 0, "http://www.example.com" },
	{ "rfc4475/unksm2.dat", CONTACT_URI, 0, "name:John_Smith" },
	{ "rfc4475/bext01.dat", REQUIRE, 0, "nothingSupportsThis" },
	{ "rfc4475/bext01.dat", REQUIRE, 1, "nothingSupportsThisEither" },
	{ "rfc4475/bcast.dat", VIAS, 0, "2" },
	{ "rfc4475/bcast.dat", VIA_SENT_BY, 1, "255.255.255.255" },
	{ "rfc4475/zeromf.dat", MAX_FORWARDS, 0, "0" },
	{ "rfc4475/cparam01.dat", CONTACT_URI, 0,
	  "sip:+19725552222@gw1.example.net" },
	{ "rfc4475/cparam01.dat", CONTACT_PARAMS, 0, "unknownparam" },
	{ "rfc4475/cparam02.dat", CONTACT_URI, 0,
	  "sip:+19725552222@gw1.example.net;unknownparam" },
	{ "rfc4475/cparam02.dat", CONTACT_PARAMS, 0, NULL },
	{ "rfc4475/regescrt.dat", CONTACT_HEADERS, 0,
	  "Route=%3Csip:sip.example.com%3E" },
	{ "rfc4475/inv2543.dat", VIA_BRANCH, 0, NULL },
	{ "rfc4475/inv2543.dat", FROM_TAG, 0, NULL },
	{ "rfc4475/inv2543.dat", BODY_LEN, 0, "105" },

	{ "rfc5118/ipv6-good.dat", URI_HOST, 0, "[2001:db8::10]" },
	{ "rfc5118/ipv6-good.dat", VIA_SENT_BY, 0, "[2001:db8::9:1]" },
	{ "rfc5118/ipv6-good.dat", CONTACT_URI, 0,
	  "sip:caller@[2001:db8::1]" },
	{ "rfc5118/port-ambiguous.dat", URI_HOST, 0,
	  "[2001:db8::10:5070]" },
	{ "rfc5118/port-ambiguous.dat", URI_PORT, 0, "0" },
	{ "rfc5118/port-unambiguous.dat", URI_HOST, 0, "[2001:db8::10]" },
	{ "rfc5118/port-unambiguous.dat", URI_PORT, 0, "5070" },
	{ "rfc5118/via-received-param-with-delim.dat", VIA_RECEIVED, 0,
	  "[2001:db8::9:255]" },
	{ "rfc5118/via-received-param-no-delim.dat", VIA_RECEIVED, 0,
	  "2001:db8::9:255" },
	{ "rfc5118/via-received-param-no-delim.dat", VIA_BRANCH, 0,
	  "z9hG4bKas3" },
	{ "rfc5118/mult-ip-in-header.dat", VIAS, 0, "3" },
	{ "rfc5118/mult-ip-in-header.dat", VIA_PORT, 0, "6050" },
	{ "rfc5118/mult-ip-in-header.dat", VIA_RECEIVED, 2, "192.0.2.200" },
	{ "rfc5118/ipv4-mapped-ipv6.dat", VIA_SENT_BY, 0,
	  "[::ffff:192.0.2.10]:19823" },
	{ "rfc5118/ipv4-mapped-ipv6.dat", CONTACT_URI, 0,
	  "sip:ted@[::ffff:192.0.2.2]" },
	{ "rfc5118/ipv6-correct-abnf-2-colons.dat", URI_HOST, 0,
	  "[2001:db8::192.0.2.1]" },
};

START_TEST(torture_messages_yield_the_values_their_index_names)
{
	struct slice got;

	read_message(facts[_i].name);
	got = read_fact(facts[_i].fact, facts[_i].nth);
	if (facts[_i].text == NULL)
		ck_assert_ptr_null(got.p);
	else
		ck_assert_slice_eq(got, facts[_i].text);
}
END_TEST

START_TEST(an_escaped_lr_is_an_lr)
{
	ck_assert_uint_eq(read_message("rfc4475/esc01.dat"), 0);
	ck_assert(message.has_contact);
	ck_assert(uri_is_loose_router(&message.contact.addr.uri));
}
END_TEST

START_TEST(a_branch_that_is_only_the_cookie_is_not_of_rfc3261)
{
	ck_assert_uint_eq(read_message("rfc4475/badbranch.dat"), 0);
	ck_assert(!via_branch_is_rfc3261(&message.via));
	ck_assert_uint_eq(read_message("rfc4475/bcast.dat"), 0);
	ck_assert(via_branch_is_rfc3261(&message.via));
}
END_TEST

START_TEST(octets_behind_the_body_of_a_datagram_are_dropped)
{
	struct slice all = load("rfc4475/dblreq.dat");

	ck_assert_uint_eq(read_message("rfc4475/dblreq.dat"), 0);
	ck_assert_uint_eq(message.wire.len, all.len - 450);
}
END_TEST

START_TEST(binary_parts_keep_every_octet)
{
	struct slice body;

	ck_assert_uint_eq(read_message("rfc4475/mpart01.dat"), 0);
	ck_assert(message_body_of_type(&message, SLICE("text"),
	                               SLICE("plain"), &body));
	ck_assert_slice_eq(body, "Hello");
	ck_assert(message_body_of_type(&message, SLICE("application"),
	                               SLICE("octet-stream"), &body));
	ck_assert_uint_eq(body.len, 342);
	ck_assert_int_eq(memcmp(body.p, "0\x82\x01", 3), 0);
	ck_assert(!message_body_of_type(&message, SLICE("application"),
	                                SLICE("sdp"), &body));
}
END_TEST

/* --- flows --- */

/* The wire with every fold replaced by one SP. */
static void unfold(struct slice in, struct buf *out)
{
	struct slice line;
	bool first = true;

	while (slice_take_line(&in, &line) && line.len != 0) {
		if (char_is(line.p[0], CHAR_LWS)) {
			buf_char(out, ' ');
			line = slice_trim(line);
		} else if (!first) {
			buf_str(out, "\r\n");
		}
		buf_slice(out, line);
		first = false;
	}
	buf_str(out, "\r\n\r\n");
	buf_slice(out, in);
}

/* RFC 5626 9.3 to 9.5 leave out the Vias, which is then the only fault. */
static void check_flow(const char *name)
{
	unsigned status = read_message(name);

	if (strncmp(name, "flows/rfc5626/9.", 16) == 0 && name[16] >= '3') {
		ck_assert_uint_eq(status, 400);
		ck_assert_str_eq(fault.reason, "Missing Via");
		return;
	}
	ck_assert_msg(status == 0, "%s: %u %s", name, status, fault.reason);
}

static void print_as_it_came(const char *name)
{
	struct slice own_line = { NULL, 0 };
	struct buf want = { 0 };

	check_flow(name);
	unfold(buf_view(&wire), &want);
	buf_reset(&text);
	message_print(&text, &message, own_line, NULL, 0);
	ck_assert_msg(slice_eq(buf_view(&text), buf_view(&want)),
	              "%s:\n%s\n%s", name, buf_cstr(&text), buf_cstr(&want));
	buf_deinit(&want);
}

START_TEST(flows_are_read_and_printed_octet_for_octet)
{
	char path[512], line[256];
	unsigned n = 0;
	FILE *index;

	corpus_path(path, sizeof(path), "flows/index.tsv");
	index = fopen(path, "r");
	ck_assert_ptr_nonnull(index);
	while (fgets(line, sizeof(line), index) != NULL) {
		if (strncmp(line, "rfc", 3) != 0)
			continue;       /* the heading */
		line[strcspn(line, "\t")] = '\0';
		snprintf(path, sizeof(path), "flows/%s", line);
		print_as_it_came(path);
		n++;
	}
	fclose(index);
	ck_assert_uint_eq(n, 253);
}
END_TEST

/* In memory that ends where the message is cut, so that a sanitizer sees an
 * over-read. */
START_TEST(a_message_cut_short_anywhere_is_a_fault_or_no_message)
{
	static const char *const names[] = {
		"rfc4475/wsinv.dat", "rfc4475/intmeth.dat",
		"rfc4475/mpart01.dat", "rfc5118/ipv6-good.dat",
	};
	struct slice all = load(names[_i]);

	for (size_t n = 1; n < all.len; n++) {
		char *part = malloc(n);

		ck_assert_ptr_nonnull(part);
		memcpy(part, all.p, n);
		if (message_parse(&message, slice_make(part, n),
		                  &message_limits_default, &fault) == OK) {
			ck_assert_uint_ne(fault.status, 0);
			message_check(&message, &fault);
		}
		free(part);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("torture", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(
		t, torture_messages_have_the_outcome_their_index_names, 0,
		ARRAY_LEN(outcomes));
	tcase_add_test(t, no_torture_message_is_left_out);
	tcase_add_loop_test(
		t, torture_messages_yield_the_values_their_index_names, 0,
		ARRAY_LEN(facts));
	tcase_add_test(t, an_escaped_lr_is_an_lr);
	tcase_add_test(t, a_branch_that_is_only_the_cookie_is_not_of_rfc3261);
	tcase_add_test(t, octets_behind_the_body_of_a_datagram_are_dropped);
	tcase_add_test(t, binary_parts_keep_every_octet);
	tcase_add_test(t, flows_are_read_and_printed_octet_for_octet);
	tcase_add_loop_test(
		t, a_message_cut_short_anywhere_is_a_fault_or_no_message, 0, 4);
	return s;
}

int main(void)
{
	return test_main(suite());
}
