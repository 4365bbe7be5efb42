/* URIs: read, compared, escaped and printed (RFC 3261 19.1). */

#include "core/message/uri.h"
#include "tests/helpers.h"

static const struct {
	const char *why, *text;
	enum uri_scheme scheme;         /* URI_NONE: not a URI */
	const char *user, *password, *host;
	unsigned port;
	const char *params, *headers;
} rows[] = {
	{ "host alone", "sip:example.com", URI_SIP,
	  NULL, NULL, "example.com", 0, NULL, NULL },
	{ "all parts, 19.1.3",
	  "sips:alice:secret@h.example:5061;transport=tcp;lr?to=a%40b&x=",
	  URI_SIPS, "alice", "secret", "h.example", 5061,
	  "transport=tcp;lr", "to=a%40b&x=" },
	{ "scheme in any case", "SiP:bob@h", URI_SIP,
	  "bob", NULL, "h", 0, NULL, NULL },
	{ "user-unreserved, 25.1", "sip:a&b=c+d$e,f;g?h/i@h", URI_SIP,
	  "a&b=c+d$e,f;g?h/i", NULL, "h", 0, NULL, NULL },
	{ "empty password", "sip:a:@h", URI_SIP,
	  "a", "", "h", 0, NULL, NULL },
	{ "escapes stay", "sip:%00a%40@h;p=%41", URI_SIP,
	  "%00a%40", NULL, "h", 0, "p=%41", NULL },
	{ "IPv4", "sip:192.0.2.1:5060", URI_SIP,
	  NULL, NULL, "192.0.2.1", 5060, NULL, NULL },
	{ "IPv6, RFC 5118", "sip:u@[2001:db8::1]:65535", URI_SIP,
	  "u", NULL, "[2001:db8::1]", 65535, NULL, NULL },
	{ "brackets in a parameter", "sip:h;maddr=[::1]", URI_SIP,
	  NULL, NULL, "h", 0, "maddr=[::1]", NULL },
	{ "headers with ? and without value", "sip:h?a=?b&c", URI_SIP,
	  NULL, NULL, "h", 0, NULL, "a=?b&c" },
	{ "tel, RFC 3966", "tel:+1-201-555;ext=1", URI_TEL,
	  NULL, NULL, NULL, 0, NULL, NULL },
	{ "any other", "urn:service:sos", URI_OTHER,
	  NULL, NULL, NULL, 0, NULL, NULL },
	{ "a scheme like sip", "sipx:a@b", URI_OTHER,
	  NULL, NULL, NULL, 0, NULL, NULL },

	{ .why = "empty", .text = "" },
	{ .why = "no scheme", .text = "alice@example.com" },
	{ .why = "scheme without letter", .text = "1sip:h" },
	{ .why = "no scheme name", .text = ":h" },
	{ .why = "no host", .text = "sip:" },
	{ .why = "no host behind a user", .text = "sip:alice@" },
	{ .why = "no user before @", .text = "sip:@h" },
	{ .why = "no user before :", .text = "sip::pw@h" },
	{ .why = "two @", .text = "sip:a@b@c" },
	{ .why = "SP", .text = "sip:a@h ;lr" },
	{ .why = "SP in front", .text = " sip:a@h" },
	{ .why = "LF", .text = "sip:a@h\n" },
	{ .why = "octet beyond ASCII", .text = "sip:j\xc3\xbcrg@h" },
	{ .why = "< in a user", .text = "sip:<a@h" },
	{ .why = "bad escape", .text = "sip:a%4@h" },
	{ .why = "bad escape at the end", .text = "sip:h;p=%4" },
	{ .why = "escape in a host", .text = "sip:a@%41.example" },
	{ .why = "port 0", .text = "sip:h:0" },
	{ .why = "port too large", .text = "sip:h:65536" },
	{ .why = "port far too large", .text = "sip:h:4294972356" },
	{ .why = "port missing", .text = "sip:h:" },
	{ .why = "port with letters", .text = "sip:h:50a" },
	{ .why = "IPv6 without brackets", .text = "sip:2001:db8::10" },
	{ .why = "IPv6 unclosed", .text = "sip:[2001:db8::1" },
	{ .why = "three colons", .text = "sip:[2001:db8:::192.0.2.1]" },
	{ .why = "IPv4 in brackets", .text = "sip:[192.0.2.1]" },
	{ .why = "junk behind brackets", .text = "sip:[::1]x" },
	{ .why = "empty parameter", .text = "sip:h;;lr" },
	{ .why = "parameter missing", .text = "sip:h;" },
	{ .why = "value missing", .text = "sip:h;p=" },
	{ .why = "two =", .text = "sip:h;p=a=b" },
	{ .why = "headers missing", .text = "sip:h?" },
	{ .why = "; in headers", .text = "sip:h?a=b;c" },
	{ .why = "/ in a password", .text = "sip:a:b/c@h" },
	{ .why = "; in a password", .text = "sip:h:5060;x=@y" },
	{ .why = "nothing behind tel", .text = "tel:" },
	{ .why = "SP in tel", .text = "tel:+1 201" },
	{ .why = "control octet in other", .text = "urn:a\x01" },
	{ .why = "\" in other", .text = "urn:\"a\"" },
	{ .why = "bad escape in other", .text = "urn:a%zz" },
};

static void check_part(struct slice got, const char *want)
{
	if (want == NULL)
		ck_assert_ptr_null(got.p);
	else
		ck_assert_slice_eq(got, want);
}

START_TEST(uris_are_read_as_rfc3261_25_1_says)
{
	struct uri u;
	bool ok = uri_parse(slice_str(rows[_i].text), &u);

	ck_assert_msg(ok == (rows[_i].scheme != URI_NONE), "%s",
	              rows[_i].why);
	ck_assert_int_eq(u.scheme, rows[_i].scheme);
	if (!ok)
		return;
	ck_assert_slice_eq(u.text, rows[_i].text);
	check_part(u.user, rows[_i].user);
	check_part(u.password, rows[_i].password);
	check_part(u.host, rows[_i].host);
	ck_assert_uint_eq(u.port, rows[_i].port);
	check_part(u.params, rows[_i].params);
	check_part(u.headers, rows[_i].headers);
	ck_assert((u.opaque.p != NULL) == (rows[_i].host == NULL));
}
END_TEST

START_TEST(a_nul_is_no_part_of_a_host)
{
	static const char text[] = "sip:a@h\0.example";
	struct uri u;

	ck_assert(!uri_parse(slice_make(text, sizeof(text) - 1), &u));
}
END_TEST

static const struct {
	const char *why, *a, *b;
	bool equal;
} pairs[] = {
	/* the examples of 19.1.4 */
	{ "escaped letter, host case",
	  "sip:%61lice@atlanta.com;transport=TCP",
	  "sip:alice@AtLanTa.CoM;Transport=tcp", true },
	{ "unknown parameter in one", "sip:carol@chicago.com",
	  "sip:carol@chicago.com;newparam=5", true },
	{ "unknown parameters in each", "sip:carol@chicago.com;newparam=5",
	  "sip:carol@chicago.com;security=on", true },
	{ "order of parameters and headers",
	  "sip:biloxi.com;transport=tcp;method=REGISTER"
	  "?to=sip:bob%40biloxi.com",
	  "sip:biloxi.com;method=REGISTER;transport=tcp"
	  "?to=sip:bob%40biloxi.com", true },
	{ "order of headers",
	  "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
	  "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
	  true },
	{ "case of the user", "sip:ALICE@AtLanTa.CoM", "sip:alice@h",
	  false },
	{ "case of the user, same host", "sip:ALICE@atlanta.com",
	  "sip:alice@atlanta.com", false },
	{ "a port, though the default", "sip:bob@biloxi.com",
	  "sip:bob@biloxi.com:5060", false },
	{ "a transport, though the default", "sip:bob@biloxi.com",
	  "sip:bob@biloxi.com;transport=udp", false },
	{ "another port", "sip:bob@biloxi.com",
	  "sip:bob@biloxi.com:6000;transport=tcp", false },
	{ "headers in one", "sip:carol@chicago.com",
	  "sip:carol@chicago.com?Subject=next%20meeting", false },
	{ "a name is no address", "sip:bob@phone21.boxesbybob.com",
	  "sip:bob@192.0.2.4", false },

	{ "octet for octet", "sip:a@b;p=1", "sip:a@b;p=1", true },
	{ "sip and sips", "sip:a@b", "sips:a@b", false },
	{ "scheme case", "SIP:a@b", "sip:a@b", true },
	{ "user in one", "sip:a@b", "sip:b", false },
	{ "password in one", "sip:a:@b", "sip:a@b", false },
	{ "password case", "sip:a:X@b", "sip:a:x@b", false },
	{ "escaped reserved", "sip:a%3Bb@c", "sip:a;b@c", false },
	{ "escaped reserved, hex case", "sip:a%3bb@c", "sip:a%3Bb@c",
	  true },
	{ "octets behind %00 count", "sip:a%00b@c", "sip:a%00d@c", false },
	{ "user in a parameter", "sip:a@b;user=phone", "sip:a@b", false },
	{ "ttl in one", "sip:a@b", "sip:a@b;ttl=1", false },
	{ "maddr in one", "sip:a@b;maddr=h", "sip:a@b", false },
	{ "method in one", "sip:a@b", "sip:a@b;method=INVITE", false },
	{ "a parameter differs", "sip:a@b;x=1", "sip:a@b;x=2", false },
	{ "a header differs", "sip:a@b?x=1", "sip:a@b?x=2", false },
	{ "IPv6 spelt otherwise, RFC 5954", "sip:[2001:db8::1]",
	  "sip:[2001:DB8:0::1]", true },
	{ "another IPv6", "sip:[2001:db8::1]", "sip:[2001:db8::2]", false },
	{ "tel by octets", "tel:+1-2", "tel:+12", false },
	{ "same tel", "tel:+12", "tel:+12", true },
	{ "no URIs, same octets", "<a>", "<a>", true },
	{ "no URIs", "<a>", "<b>", false },
};

START_TEST(uris_compare_as_rfc3261_19_1_4_says)
{
	struct slice a = slice_str(pairs[_i].a), b = slice_str(pairs[_i].b);

	ck_assert_msg(uri_text_equal(a, b) == pairs[_i].equal, "%s",
	              pairs[_i].why);
	ck_assert_msg(uri_text_equal(b, a) == pairs[_i].equal, "%s, reversed",
	              pairs[_i].why);
}
END_TEST

START_TEST(comparing_long_parameter_lists_costs_linear_time)
{
	struct buf a = { 0 }, b = { 0 };

	buf_str(&a, "sip:h");
	buf_str(&b, "sip:H");
	for (unsigned i = 0; i < 100000; i++) {
		buf_printf(&a, ";a%u", i);
		buf_printf(&b, ";b%u", i);
	}
	ck_assert(!uri_text_equal(buf_view(&a), buf_view(&b)));
	ck_assert(uri_text_equal(buf_view(&a), buf_view(&a)));
	buf_deinit(&a);
	buf_deinit(&b);
}
END_TEST

START_TEST(parameters_are_found_in_any_case_and_escaped)
{
	struct slice value;
	struct uri u;

	ck_assert(uri_parse(SLICE("sip:h;Transport=TcP;%6C%72;x=1"), &u));
	ck_assert(uri_param(&u, SLICE("transport"), &value));
	ck_assert_slice_eq(value, "TcP");
	ck_assert(uri_param(&u, SLICE("lr"), &value));
	ck_assert_uint_eq(value.len, 0);
	ck_assert(!uri_param(&u, SLICE("l"), &value));
	ck_assert(!uri_param(&u, SLICE("xx"), &value));
	ck_assert(uri_is_loose_router(&u));
	ck_assert(uri_parse(SLICE("sip:lr;xlr"), &u));
	ck_assert(!uri_is_loose_router(&u));
}
END_TEST

static const struct {
	const char *text;
	enum transport transport;
	bool unknown;
} transports[] = {
	{ "sip:h", TRANSPORT_NONE, false },
	{ "sip:h;transport=udp", TRANSPORT_UDP, false },
	{ "sip:h;transport=TCP", TRANSPORT_TCP, false },
	{ "sips:h;transport=wss", TRANSPORT_WSS, false },
	{ "sip:h;transport=sctp", TRANSPORT_NONE, true },
	{ "sip:h;transport", TRANSPORT_NONE, true },
};

START_TEST(the_transport_parameter_names_a_transport)
{
	bool unknown = !transports[_i].unknown;
	struct uri u;

	ck_assert(uri_parse(slice_str(transports[_i].text), &u));
	ck_assert_int_eq(uri_transport(&u, &unknown),
	                 transports[_i].transport);
	ck_assert(unknown == transports[_i].unknown);
	ck_assert_int_eq(uri_transport(&u, NULL), transports[_i].transport);
}
END_TEST

START_TEST(headers_are_walked_in_order)
{
	struct slice rest, name, value;
	struct uri u;

	ck_assert(uri_parse(SLICE("sip:h?a=1&b=&c"), &u));
	rest = u.headers;
	ck_assert(uri_next_header(&rest, &name, &value));
	ck_assert_slice_eq(name, "a");
	ck_assert_slice_eq(value, "1");
	ck_assert(uri_next_header(&rest, &name, &value));
	ck_assert_slice_eq(name, "b");
	ck_assert_slice_eq(value, "");
	ck_assert(uri_next_header(&rest, &name, &value));
	ck_assert_slice_eq(name, "c");
	ck_assert(!uri_next_header(&rest, &name, &value));
}
END_TEST

static const struct {
	const char *text, *request, *domain;
} printed[] = {
	{ "sip:h", "sip:h", "sip:h" },
	{ "sips:a:b@h:5061;lr;transport=tcp", /* as it is */
	  "sips:a:b@h:5061;lr;transport=tcp", "sips:h:5061" },
	{ "sip:a@h?Subject=x", "sip:a@h", "sip:h" },
	{ "sip:a@h;x=1;method=INVITE;y", "sip:a@h;x=1;y", "sip:h" },
	{ "sip:a@[::1]:5060;m%65thod=BYE", "sip:a@[::1]:5060",
	  "sip:[::1]:5060" },
	{ "tel:+1;ext=2", "tel:+1;ext=2", "tel:+1;ext=2" },
};

START_TEST(a_request_uri_has_no_headers_and_no_method)
{
	struct buf b = { 0 };
	struct uri u;

	ck_assert(uri_parse(slice_str(printed[_i].text), &u));
	uri_print_request(&b, &u);
	ck_assert_str_eq(buf_cstr(&b), printed[_i].request);
	buf_reset(&b);
	uri_print_domain(&b, &u);
	ck_assert_str_eq(buf_cstr(&b), printed[_i].domain);
	buf_deinit(&b);
}
END_TEST

START_TEST(what_was_escaped_is_unescaped_again)
{
	static const char plain[] = "a b@c%\0\xff~";
	struct buf escaped = { 0 }, back = { 0 };

	uri_escape(&escaped, slice_make(plain, sizeof(plain) - 1), CHAR_USER);
	ck_assert_str_eq(buf_cstr(&escaped), "a%20b%40c%25%00%FF~");
	uri_unescape(&back, buf_view(&escaped));
	ck_assert(slice_eq(buf_view(&back),
	                   slice_make(plain, sizeof(plain) - 1)));
	buf_reset(&back);
	uri_unescape(&back, SLICE("%zz%4%41%"));
	ck_assert_str_eq(buf_cstr(&back), "%zz%4A%");
	buf_deinit(&escaped);
	buf_deinit(&back);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("uri", &t);

	tcase_add_loop_test(t, uris_are_read_as_rfc3261_25_1_says, 0,
	                    ARRAY_LEN(rows));
	tcase_add_test(t, a_nul_is_no_part_of_a_host);
	tcase_add_loop_test(t, uris_compare_as_rfc3261_19_1_4_says, 0,
	                    ARRAY_LEN(pairs));
	tcase_add_test(t, comparing_long_parameter_lists_costs_linear_time);
	tcase_add_test(t, parameters_are_found_in_any_case_and_escaped);
	tcase_add_loop_test(t, the_transport_parameter_names_a_transport, 0,
	                    ARRAY_LEN(transports));
	tcase_add_test(t, headers_are_walked_in_order);
	tcase_add_loop_test(t, a_request_uri_has_no_headers_and_no_method, 0,
	                    ARRAY_LEN(printed));
	tcase_add_test(t, what_was_escaped_is_unescaped_again);
	return s;
}

int main(void)
{
	return test_main(suite());
}
