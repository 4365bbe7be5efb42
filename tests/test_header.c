/* Header names, methods, and the typed values. */

#include <ctype.h>
#include <stdlib.h>

#include "core/message/header.h"
#include "tests/helpers.h"

/* --- names --- */

START_TEST(every_name_is_found_in_any_case)
{
	for (enum header_id id = HEADER_OTHER + 1; id < HEADER_COUNT; id++) {
		struct slice name = header_table[id].name;
		char other_case[32];

		ck_assert_uint_gt(name.len, 0);
		ck_assert_uint_lt(name.len, sizeof(other_case));
		for (size_t i = 0; i < name.len; i++) {
			int c = (unsigned char)name.p[i];

			other_case[i] = (char)(isupper(c) ? tolower(c)
			                                  : toupper(c));
		}
		ck_assert_int_eq(header_lookup(name), id);
		ck_assert_int_eq(
			header_lookup(slice_make(other_case, name.len)), id);
		other_case[name.len / 2] ^= 1;
		ck_assert_int_eq(
			header_lookup(slice_make(other_case, name.len)),
			HEADER_OTHER);
	}
}
END_TEST

/* A look-up that skips octets would miss one of these. */
START_TEST(a_name_that_differs_in_one_octet_is_another)
{
	char altered[32];

	for (enum header_id id = HEADER_OTHER + 1; id < HEADER_COUNT; id++) {
		struct slice name = header_table[id].name;

		for (size_t i = 0; i < name.len; i++) {
			memcpy(altered, name.p, name.len);
			altered[i] = '!';
			ck_assert_int_eq(
				header_lookup(slice_make(altered, name.len)),
				HEADER_OTHER);
		}
	}
	for (enum method m = METHOD_OTHER + 1; m < METHOD_COUNT; m++) {
		struct slice name = method_name(m);

		ck_assert_int_eq(method_lookup(name), m);
		for (size_t i = 0; i < name.len; i++) {
			memcpy(altered, name.p, name.len);
			altered[i] ^= 0x20;
			ck_assert_int_eq(
				method_lookup(slice_make(altered, name.len)),
				METHOD_OTHER);
		}
	}
}
END_TEST

START_TEST(every_compact_form_is_found_in_any_case)
{
	unsigned forms = 0;

	for (enum header_id id = HEADER_OTHER + 1; id < HEADER_COUNT; id++) {
		char c = header_table[id].compact;
		char upper = (char)toupper((unsigned char)c);

		if (c == 0)
			continue;
		forms++;
		ck_assert_int_eq(header_lookup(slice_make(&c, 1)), id);
		ck_assert_int_eq(header_lookup(slice_make(&upper, 1)), id);
	}
	ck_assert_uint_eq(forms, 15);
	ck_assert_int_eq(header_lookup(SLICE("a")), HEADER_OTHER);
	ck_assert_int_eq(header_lookup(SLICE("1")), HEADER_OTHER);
	ck_assert_int_eq(header_lookup(SLICE("{")), HEADER_OTHER);
	ck_assert_int_eq(header_lookup(SLICE("")), HEADER_OTHER);
}
END_TEST

START_TEST(no_octets_make_the_lookup_go_astray)
{
	char name[40];

	for (unsigned round = 0; round < 20000; round++) {
		size_t len = (size_t)(rand() % (int)sizeof(name));

		for (size_t i = 0; i < len; i++)
			name[i] = (char)(rand() & 0xff);
		if (len > 1)
			ck_assert_int_eq(
				header_lookup(slice_make(name, len)),
				HEADER_OTHER);
	}
}
END_TEST

START_TEST(the_full_name_of_an_unknown_header_is_its_own)
{
	ck_assert_slice_eq(header_full_name(HEADER_CALL_ID, SLICE("i")),
	                   "Call-ID");
	ck_assert_slice_eq(header_full_name(HEADER_OTHER, SLICE("X-y")),
	                   "X-y");
}
END_TEST

START_TEST(methods_are_found_by_their_exact_name)
{
	for (enum method m = METHOD_OTHER + 1; m < METHOD_COUNT; m++) {
		ck_assert_uint_gt(method_name(m).len, 0);
		ck_assert_int_eq(method_lookup(method_name(m)), m);
	}
	ck_assert_int_eq(method_lookup(SLICE("invite")), METHOD_OTHER);
	ck_assert_int_eq(method_lookup(SLICE("INVITES")), METHOD_OTHER);
	ck_assert_int_eq(method_lookup(SLICE("RE%47ISTER")), METHOD_OTHER);
	ck_assert_int_eq(method_lookup(SLICE("")), METHOD_OTHER);
	ck_assert_slice_eq(method_name(METHOD_OTHER), "");
}
END_TEST

static void check_part(struct slice got, const char *want)
{
	if (want == NULL)
		ck_assert_ptr_null(got.p);
	else
		ck_assert_slice_eq(got, want);
}

/* --- Via --- */

static const struct {
	const char *why, *text;
	bool ok;
	const char *transport_name, *host, *sent_by;
	unsigned port;
	const char *branch, *received, *maddr;
	bool has_rport;
	unsigned rport;
} vias[] = {
	{ "plain", "SIP/2.0/UDP h.example;branch=z9hG4bK1", true,
	  "UDP", "h.example", "h.example", 0, "z9hG4bK1",
	  NULL, NULL, false, 0 },
	{ "all, RFC 3581",
	  "SIP/2.0/TCP 192.0.2.1:5060;rport=1024;received=198.51.100.1"
	  ";maddr=224.0.1.75;ttl=16;branch=z9hG4bKa", true,
	  "TCP", "192.0.2.1", "192.0.2.1:5060", 5060, "z9hG4bKa",
	  "198.51.100.1", "224.0.1.75", true, 1024 },
	{ "rport asked for", "SIP/2.0/UDP h;rport;branch=x", true,
	  "UDP", "h", "h", 0, "x", NULL, NULL, true, 0 },
	{ "no parameters, RFC 2543", "SIP/2.0/UDP h", true,
	  "UDP", "h", "h", 0, NULL, NULL, NULL, false, 0 },
	{ "LWS about everything, 20.42",
	  "SIP  /\t2.0 / UDP   h : 5061 ;\tbranch = z9hG4bK2 ", true,
	  "UDP", "h", "h : 5061", 5061, "z9hG4bK2",
	  NULL, NULL, false, 0 },
	{ "IPv6, RFC 5118",
	  "SIP/2.0/TLS [2001:db8::1]:5061;received=[::1];branch=b", true,
	  "TLS", "[2001:db8::1]", "[2001:db8::1]:5061", 5061, "b", "[::1]",
	  NULL, false, 0 },
	{ "received without brackets, RFC 5118 4.5",
	  "SIP/2.0/UDP h;received=2001:db8::1;branch=b", true,
	  "UDP", "h", "h", 0, "b", "2001:db8::1", NULL, false, 0 },
	{ "names in any case", "sip/2.0/udp h;BRANCH=b;RPort", true,
	  "udp", "h", "h", 0, "b", NULL, NULL, true, 0 },
	{ "unknown transport", "SIP/2.0/DCCP h;branch=b", true,
	  "DCCP", "h", "h", 0, "b", NULL, NULL, false, 0 },
	{ "unknown parameters, one quoted",
	  "SIP/2.0/UDP h;a;b=\"x;y\";branch=b", true,
	  "UDP", "h", "h", 0, "b", NULL, NULL, false, 0 },
	{ "= at the end of a branch", "SIP/2.0/UDP h;branch=z9hG4bKab==",
	  true, "UDP", "h", "h", 0, "z9hG4bKab==", NULL, NULL, false, 0 },

	{ .why = "empty", .text = "" },
	{ .why = "no transport", .text = "SIP/2.0 h" },
	{ .why = "no sent-by", .text = "SIP/2.0/UDP" },
	{ .why = "no sent-by behind LWS", .text = "SIP/2.0/UDP ;branch=b" },
	{ .why = "no LWS", .text = "SIP/2.0/UDP/h" },
	{ .why = "port 0", .text = "SIP/2.0/UDP h:0" },
	{ .why = "port too large", .text = "SIP/2.0/UDP h:65536" },
	{ .why = "port missing", .text = "SIP/2.0/UDP h:;branch=b" },
	{ .why = "IPv6 without brackets", .text = "SIP/2.0/UDP ::1" },
	{ .why = "empty parameter", .text = "SIP/2.0/UDP h;;branch=b" },
	{ .why = "; at the end", .text = "SIP/2.0/UDP h;branch=b;" },
	{ .why = "branch without value", .text = "SIP/2.0/UDP h;branch" },
	{ .why = "branch of nothing", .text = "SIP/2.0/UDP h;branch=" },
	{ .why = "rport no port", .text = "SIP/2.0/UDP h;rport=x" },
	{ .why = "rport too large", .text = "SIP/2.0/UDP h;rport=65536" },
	{ .why = "rport with junk", .text = "SIP/2.0/UDP h;rport=1x" },
	{ .why = "junk at the end", .text = "SIP/2.0/UDP h;branch=b x" },
	{ .why = "open quote", .text = "SIP/2.0/UDP h;a=\"b" },
};

START_TEST(vias_are_read_as_rfc3261_20_42_says)
{
	struct via v;
	bool ok = via_parse(slice_trim(slice_str(vias[_i].text)), &v);

	ck_assert_msg(ok == vias[_i].ok, "%s", vias[_i].why);
	if (!ok)
		return;
	ck_assert_slice_eq(v.transport_name, vias[_i].transport_name);
	ck_assert_int_eq(v.transport,
	                 transport_from_name(v.transport_name));
	ck_assert_slice_eq(v.host, vias[_i].host);
	ck_assert_slice_eq(v.sent_by, vias[_i].sent_by);
	ck_assert_uint_eq(v.port, vias[_i].port);
	check_part(v.branch, vias[_i].branch);
	check_part(v.received, vias[_i].received);
	check_part(v.maddr, vias[_i].maddr);
	ck_assert(v.has_rport == vias[_i].has_rport);
	ck_assert_uint_eq(v.rport, vias[_i].rport);
}
END_TEST

START_TEST(the_protocol_of_a_via_is_kept_as_written)
{
	struct via v;

	ck_assert(via_parse(SLICE("SIP / 7.0/UDP h"), &v));
	ck_assert_slice_eq(v.protocol, "SIP / 7.0");
	ck_assert_ptr_null(v.params.p);
	ck_assert(via_parse(SLICE("SIP/2.0/UDP h; a=1;b"), &v));
	ck_assert_slice_eq(v.protocol, "SIP/2.0");
	ck_assert_slice_eq(v.params, "a=1;b");
}
END_TEST

START_TEST(a_branch_is_of_rfc3261_when_something_follows_the_cookie)
{
	struct via v;

	ck_assert(via_parse(SLICE("SIP/2.0/UDP h;branch=z9hG4bKx"), &v));
	ck_assert(via_branch_is_rfc3261(&v));
	ck_assert(via_parse(SLICE("SIP/2.0/UDP h;branch=z9hG4bK"), &v));
	ck_assert(!via_branch_is_rfc3261(&v));
	ck_assert(via_parse(SLICE("SIP/2.0/UDP h;branch=1z9hG4bKx"), &v));
	ck_assert(!via_branch_is_rfc3261(&v));
	ck_assert(via_parse(SLICE("SIP/2.0/UDP h"), &v));
	ck_assert(!via_branch_is_rfc3261(&v));
}
END_TEST

/* --- name-addr --- */

static const struct {
	const char *why, *text;
	bool ok;
	const char *display, *uri, *params, *tag;
} addresses[] = {
	{ "name-addr", "Bob <sip:bob@h>;tag=1", true,
	  "Bob", "sip:bob@h", "tag=1", "1" },
	{ "no name", "<sip:bob@h>", true, "", "sip:bob@h", NULL, NULL },
	{ "quoted, with comma and <", "\"B, <b>\" <sip:b@h>", true,
	  "\"B, <b>\"", "sip:b@h", NULL, NULL },
	{ "quoted, with quote and backslash", "\"a\\\"b\\\\\" <sip:h>", true,
	  "\"a\\\"b\\\\\"", "sip:h", NULL, NULL },
	{ "empty name", "\"\"<sip:h>", true, "\"\"", "sip:h", NULL, NULL },
	{ "tokens, no LWS before <", "A. B-C<sip:h>", true,
	  "A. B-C", "sip:h", NULL, NULL },
	{ "UTF-8 without quotes", "J\xc3\xbcrg (work) <sip:h>", true,
	  "J\xc3\xbcrg (work)", "sip:h", NULL, NULL },
	{ "addr-spec: the parameters are the header's, 20.10",
	  "sip:bob@h;tag=1", true, "", "sip:bob@h", "tag=1", "1" },
	{ "name-addr: inside <> they are the URI's",
	  "<sip:bob@h;tag=1>", true, "", "sip:bob@h;tag=1", NULL, NULL },
	{ "LWS about everything", "sip:bob@h ; a = b ;\ttag = x", true,
	  "", "sip:bob@h", "a = b ;\ttag = x", "x" },
	{ "headers inside <>", "<sip:h?a=b>", true,
	  "", "sip:h?a=b", NULL, NULL },
	{ "comma inside <>", "<sip:a,b@h>", true,
	  "", "sip:a,b@h", NULL, NULL },
	{ "another scheme", "<tel:+1>;tag=2", true,
	  "", "tel:+1", "tag=2", "2" },
	{ "quoted value with ;", "<sip:h>;a=\"x;tag=1\"", true,
	  "", "sip:h", "a=\"x;tag=1\"", NULL },
	{ "base64 tag", "<sip:h>;tag=YQ==", true,
	  "", "sip:h", "tag=YQ==", "YQ==" },
	{ "tag in capitals", "<sip:h>;TAG=1", true,
	  "", "sip:h", "TAG=1", "1" },

	{ .why = "empty", .text = "" },
	{ .why = "no URI", .text = "Bob" },
	{ .why = "no >", .text = "<sip:h" },
	{ .why = "nothing inside", .text = "<>" },
	{ .why = "LWS inside", .text = "< sip:h >" },
	{ .why = "open quote", .text = "\"Bob <sip:h>" },
	{ .why = "backslash last", .text = "\"Bob\\" },
	{ .why = "backslash before the last quote", .text = "\"Bob\\\"" },
	{ .why = "nothing behind the name", .text = "\"Bob\"" },
	{ .why = "comma in a name", .text = "Bell, A <sip:h>" },
	{ .why = "two names", .text = "\"a\" \"b\" <sip:h>" },
	{ .why = "? outside <>", .text = "sip:h?a=b" },
	{ .why = "comma outside <>", .text = "sip:a,b@h" },
	{ .why = "junk behind >", .text = "<sip:h>x" },
	{ .why = "two URIs", .text = "<sip:h> <sip:i>" },
	{ .why = "empty parameter", .text = "<sip:h>;;a" },
	{ .why = "; at the end", .text = "<sip:h>;" },
	{ .why = "tag without value", .text = "<sip:h>;tag" },
	{ .why = "tag of nothing", .text = "<sip:h>;tag=" },
	{ .why = "two values", .text = "<sip:h>;a=b c" },
	{ .why = "open quote in a value", .text = "<sip:h>;a=\"b" },
};

START_TEST(addresses_are_read_as_rfc3261_20_10_says)
{
	struct name_addr a;
	bool ok = name_addr_parse(slice_str(addresses[_i].text), &a);

	ck_assert_msg(ok == addresses[_i].ok, "%s", addresses[_i].why);
	if (!ok)
		return;
	ck_assert_slice_eq(a.display, addresses[_i].display);
	ck_assert_slice_eq(a.uri_text, addresses[_i].uri);
	ck_assert_slice_eq(a.uri.text, addresses[_i].uri);
	check_part(a.params, addresses[_i].params);
	check_part(a.tag, addresses[_i].tag);
	ck_assert(!a.star);
}
END_TEST

START_TEST(a_star_is_an_address_without_uri)
{
	struct contact c;

	ck_assert(contact_parse(SLICE("*"), &c));
	ck_assert(c.addr.star);
	ck_assert_int_eq(c.addr.uri.scheme, URI_NONE);
	ck_assert_ptr_null(c.addr.tag.p);
	ck_assert(!c.has_q && !c.has_expires);
	ck_assert(!contact_parse(SLICE("*;expires=0"), &c));
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok, has_q, has_expires;
	unsigned q, expires;
} contacts[] = {
	{ "neither", "<sip:h>", true, false, false, 0, 0 },
	{ "both", "<sip:h>;q=0.7;expires=60", true, true, true, 700, 60 },
	{ "any case", "<sip:h>;Q=1;EXPIRES=0", true, true, true, 1000, 0 },
	{ "without <>", "sip:h;expires=5", true, false, true, 0, 5 },
	{ "inside <> they are the URI's", "<sip:h;q=0.1;expires=5>", true,
	  false, false, 0, 0 },
	{ "2^32-1", "<sip:h>;expires=4294967295", true, false, true, 0,
	  4294967295u },
	{ "2^32 counts as 2^32-1", "<sip:h>;expires=4294967296", true,
	  false, true, 0, 4294967295u },
	{ "malformed counts as 3600, 20.10", "<sip:h>;expires=soon", true,
	  false, true, 0, 3600 },
	{ "without value, too", "<sip:h>;expires", true, false, true, 0,
	  3600 },
	{ "q too large", "<sip:h>;q=1.1", false, false, false, 0, 0 },
	{ "q without value", "<sip:h>;q", false, false, false, 0, 0 },
	{ "no address", ";expires=1", false, false, false, 0, 0 },
};

START_TEST(contacts_are_read_as_rfc3261_20_10_says)
{
	struct contact c;
	bool ok = contact_parse(slice_str(contacts[_i].text), &c);

	ck_assert_msg(ok == contacts[_i].ok, "%s", contacts[_i].why);
	if (!ok)
		return;
	ck_assert(c.has_q == contacts[_i].has_q);
	ck_assert(c.has_expires == contacts[_i].has_expires);
	ck_assert_uint_eq(c.q_thousandths, contacts[_i].q);
	ck_assert_uint_eq(c.expires_s, contacts[_i].expires);
}
END_TEST

START_TEST(a_parameter_is_found_by_name_in_any_case)
{
	static const char text[] = " a ; Reason = \"x;b=1\" ;b=2;c";
	struct slice value, params = slice_str(text);

	ck_assert(params_find(params, SLICE("A"), &value));
	ck_assert_ptr_null(value.p);
	ck_assert(params_find(params, SLICE("reason"), &value));
	ck_assert_slice_eq(value, "\"x;b=1\"");
	ck_assert(params_find(params, SLICE("b"), &value));
	ck_assert_slice_eq(value, "2");
	ck_assert(params_find(params, SLICE("c"), &value));
	ck_assert(!params_find(params, SLICE("d"), &value));
	ck_assert(!params_find(SLICE(""), SLICE("a"), &value));
	ck_assert(!params_find(slice_make(NULL, 0), SLICE("a"), &value));
}
END_TEST

START_TEST(quotes_and_backslashes_are_taken_off)
{
	struct buf scratch = { 0 };
	struct slice in = SLICE("\"plain\"");

	ck_assert_ptr_eq(unquote(in, &scratch).p, in.p + 1);
	ck_assert_slice_eq(unquote(in, &scratch), "plain");
	ck_assert_slice_eq(unquote(SLICE("token"), &scratch), "token");
	ck_assert_uint_eq(scratch.len, 0);
	ck_assert_slice_eq(unquote(SLICE("\"a\\\"b\\\\\""), &scratch),
	                   "a\"b\\");
	ck_assert_slice_eq(unquote(SLICE("\"\\x\""), &scratch), "x");
	ck_assert_slice_eq(unquote(SLICE("\"\""), &scratch), "");
	ck_assert_slice_eq(unquote(SLICE("\"open"), &scratch), "\"open");
	ck_assert_slice_eq(unquote(SLICE("\"a\" b"), &scratch), "\"a\" b");
	buf_deinit(&scratch);
}
END_TEST

START_TEST(unquoting_without_memory_gives_nothing)
{
	struct buf scratch = { 0 };
	struct slice got;

	test_alloc_fail(0);
	got = unquote(SLICE("\"\\x\""), &scratch);
	ck_assert(test_alloc_restore());
	ck_assert_uint_eq(got.len, 0);
	buf_deinit(&scratch);
}
END_TEST

/* --- scalars --- */

static const struct {
	const char *why, *text;
	bool ok;
	uint32_t number;
	const char *method;
} cseqs[] = {
	{ "plain",              "314159 INVITE",  true,  314159, "INVITE" },
	{ "zeros in front",     "0009 ACK",       true,  9, "ACK" },
	{ "zero",               "0 BYE",          true,  0, "BYE" },
	{ "largest, 8.1.1.5",   "2147483647 ACK", true,  2147483647, "ACK" },
	{ "any LWS",            "1 \t FOO",       true,  1, "FOO" },
	{ "one too large",      "2147483648 ACK", false, 0, NULL },
	{ "2^65",   "36893488147419103232 ACK",   false, 0, NULL },
	{ "negative",           "-1 ACK",         false, 0, NULL },
	{ "no method",          "1",              false, 0, NULL },
	{ "no number",          "INVITE",         false, 0, NULL },
	{ "no LWS",             "1INVITE",        false, 0, NULL },
	{ "trailing junk",      "1 INVITE x",     false, 0, NULL },
	{ "empty",              "",               false, 0, NULL },
};

START_TEST(cseq_is_read_as_rfc3261_20_16_says)
{
	struct cseq c;
	bool ok = cseq_parse(slice_str(cseqs[_i].text), &c);

	ck_assert_msg(ok == cseqs[_i].ok, "%s", cseqs[_i].why);
	if (!ok)
		return;
	ck_assert_uint_eq(c.number, cseqs[_i].number);
	ck_assert_slice_eq(c.method_name, cseqs[_i].method);
	ck_assert_int_eq(c.method, method_lookup(c.method_name));
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok;
	uint32_t seconds;
} deltas[] = {
	{ "zero",              "0",           true,  0 },
	{ "largest",           "4294967295",  true,  UINT32_MAX },
	{ "larger, 20.19",     "4294967296",  true,  UINT32_MAX },
	{ "far larger", "100000000000000000000000", true, UINT32_MAX },
	{ "negative",          "-1",          false, 0 },
	{ "signed",            "+1",          false, 0 },
	{ "unit",              "1s",          false, 0 },
	{ "empty",             "",            false, 0 },
};

START_TEST(seconds_are_clamped_and_nothing_but_digits)
{
	uint32_t s;
	bool ok = delta_seconds_parse(slice_str(deltas[_i].text), &s);

	ck_assert_msg(ok == deltas[_i].ok, "%s", deltas[_i].why);
	if (ok)
		ck_assert_uint_eq(s, deltas[_i].seconds);
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok;
	uint32_t seconds;
} retries[] = {
	{ "plain", "120", true, 120 },
	{ "comment and parameter, 20.33",
	  "18000 (in a (long) meeting \\)) ;duration=3600;x", true, 18000 },
	{ "parameter", "5;duration=1", true, 5 },
	{ "overflow", "949302838503028349304023988", true, UINT32_MAX },
	{ "open comment", "5 (in a meeting", false, 0 },
	{ "open comment with backslash", "5 (\\", false, 0 },
	{ "date", "Fri, 01 Jan", false, 0 },
	{ "junk", "5 x", false, 0 },
	{ "empty", "", false, 0 },
};

START_TEST(retry_after_is_read_as_rfc3261_20_33_says)
{
	uint32_t s;
	bool ok = retry_after_parse(slice_str(retries[_i].text), &s);

	ck_assert_msg(ok == retries[_i].ok, "%s", retries[_i].why);
	if (ok)
		ck_assert_uint_eq(s, retries[_i].seconds);
}
END_TEST

START_TEST(max_forwards_is_0_to_255)
{
	uint32_t n = 1;

	ck_assert(max_forwards_parse(SLICE("0"), &n));
	ck_assert_uint_eq(n, 0);
	ck_assert(max_forwards_parse(SLICE("0255"), &n));
	ck_assert_uint_eq(n, 255);
	ck_assert(!max_forwards_parse(SLICE("256"), &n));
	ck_assert(!max_forwards_parse(SLICE("-1"), &n));
	ck_assert(!max_forwards_parse(SLICE(""), &n));
}
END_TEST

static const struct {
	const char *text;
	bool ok;
} call_ids[] = {
	{ "a84b4c76e66710@pc33.example.com", true },
	{ "one-word", true },
	{ "()<>:\\\"/[]?{}.!%*_+`'~-@x", true },
	{ "", false },
	{ "a@", false },
	{ "@a", false },
	{ "a@b@c", false },
	{ "a b", false },
	{ "a,b", false },
	{ "a;b", false },
	{ "\xc3\xbc", false },
};

START_TEST(a_call_id_is_one_word_or_two_about_an_at)
{
	ck_assert_msg(call_id_valid(slice_str(call_ids[_i].text))
	              == call_ids[_i].ok, "%s", call_ids[_i].text);
}
END_TEST

START_TEST(media_types_are_read_and_compared_in_any_case)
{
	struct media_type t;

	ck_assert(media_type_parse(
		SLICE("Text / Plain ; charset=utf-8;format=\"a b\""), &t));
	ck_assert(media_type_is(&t, SLICE("text"), SLICE("plain")));
	ck_assert(!media_type_is(&t, SLICE("text"), SLICE("html")));
	ck_assert_slice_eq(t.params, "charset=utf-8;format=\"a b\"");
	ck_assert(media_type_parse(SLICE("application/sdp"), &t));
	ck_assert_ptr_null(t.params.p);
	ck_assert(!media_type_parse(SLICE("application"), &t));
	ck_assert(!media_type_parse(SLICE("application/"), &t));
	ck_assert(!media_type_parse(SLICE("/sdp"), &t));
	ck_assert(!media_type_parse(SLICE("a/b/c"), &t));
	ck_assert(!media_type_parse(SLICE("a/b;"), &t));
	ck_assert(!media_type_parse(SLICE(""), &t));
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok;
	unsigned code;
	const char *agent, *words;
} warnings[] = {
	{ "plain, 20.43",
	  "307 isi.edu \"Session parameter 'foo' not understood\"", true,
	  307, "isi.edu", "Session parameter 'foo' not understood" },
	{ "port", "399 [::1]:5060 \"a\\\"b\"", true,
	  399, "[::1]:5060", "a\\\"b" },
	{ "four digits", "1812 overture \"In Progress\"", false,
	  0, NULL, NULL },
	{ "no text", "399 h", false, 0, NULL, NULL },
	{ "no quotes", "399 h text", false, 0, NULL, NULL },
	{ "no agent", "399 \"text\"", false, 0, NULL, NULL },
	{ "no code", "h \"text\"", false, 0, NULL, NULL },
	{ "junk", "399 h \"text\" x", false, 0, NULL, NULL },
	{ "open quote", "399 h \"text\\\"", false, 0, NULL, NULL },
};

START_TEST(warnings_are_read_as_rfc3261_20_43_says)
{
	struct warning w;
	bool ok = warning_parse(slice_str(warnings[_i].text), &w);

	ck_assert_msg(ok == warnings[_i].ok, "%s", warnings[_i].why);
	if (!ok)
		return;
	ck_assert_uint_eq(w.code, warnings[_i].code);
	ck_assert_slice_eq(w.agent, warnings[_i].agent);
	ck_assert_slice_eq(w.text, warnings[_i].words);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("header", &t);

	tcase_add_test(t, every_name_is_found_in_any_case);
	tcase_add_test(t, a_name_that_differs_in_one_octet_is_another);
	tcase_add_test(t, every_compact_form_is_found_in_any_case);
	tcase_add_test(t, no_octets_make_the_lookup_go_astray);
	tcase_add_test(t, the_full_name_of_an_unknown_header_is_its_own);
	tcase_add_test(t, methods_are_found_by_their_exact_name);
	tcase_add_loop_test(t, vias_are_read_as_rfc3261_20_42_says, 0,
	                    ARRAY_LEN(vias));
	tcase_add_test(t, the_protocol_of_a_via_is_kept_as_written);
	tcase_add_test(
		t, a_branch_is_of_rfc3261_when_something_follows_the_cookie);
	tcase_add_loop_test(t, addresses_are_read_as_rfc3261_20_10_says, 0,
	                    ARRAY_LEN(addresses));
	tcase_add_test(t, a_star_is_an_address_without_uri);
	tcase_add_loop_test(t, contacts_are_read_as_rfc3261_20_10_says, 0,
	                    ARRAY_LEN(contacts));
	tcase_add_test(t, a_parameter_is_found_by_name_in_any_case);
	tcase_add_test(t, quotes_and_backslashes_are_taken_off);
	tcase_add_test(t, unquoting_without_memory_gives_nothing);
	tcase_add_loop_test(t, cseq_is_read_as_rfc3261_20_16_says, 0,
	                    ARRAY_LEN(cseqs));
	tcase_add_loop_test(t, seconds_are_clamped_and_nothing_but_digits, 0,
	                    ARRAY_LEN(deltas));
	tcase_add_loop_test(t, retry_after_is_read_as_rfc3261_20_33_says, 0,
	                    ARRAY_LEN(retries));
	tcase_add_test(t, max_forwards_is_0_to_255);
	tcase_add_loop_test(t, a_call_id_is_one_word_or_two_about_an_at, 0,
	                    ARRAY_LEN(call_ids));
	tcase_add_test(t, media_types_are_read_and_compared_in_any_case);
	tcase_add_loop_test(t, warnings_are_read_as_rfc3261_20_43_says, 0,
	                    ARRAY_LEN(warnings));
	return s;
}

int main(void)
{
	return test_main(suite());
}
