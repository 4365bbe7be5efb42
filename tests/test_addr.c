/* Addresses are read and written as RFC 3261, 5118 and 5952 say. */

#include "core/base/addr.h"
#include "tests/helpers.h"

static const struct {
	const char *why, *text, *printed;       /* NULL: refused */
} ip_cases[] = {
	{ "IPv4",                   "192.0.2.1",        "192.0.2.1" },
	{ "bounds",                 "0.0.0.255",        "0.0.0.255" },
	{ "octet too large",        "192.0.2.256",      NULL },
	{ "three octets",           "192.0.2",          NULL },
	{ "five octets",            "192.0.2.1.1",      NULL },
	{ "leading zero",           "192.0.02.1",       NULL },
	{ "huge octet",             "99999999999.1.1.1", NULL },
	{ "empty octet",            "192..2.1",         NULL },
	{ "a name",                 "example.com",      NULL },
	{ "nothing",                "",                 NULL },
	{ "loopback",               "::1",              "::1" },
	{ "any",                    "::",               "::" },
	{ "in brackets",            "[2001:db8::1]",    "2001:db8::1" },
	{ "all eight",              "1:2:3:4:5:6:7:8",  "1:2:3:4:5:6:7:8" },
	{ "upper case",             "2001:DB8::A",      "2001:db8::a" },
	{ "leading zeros",          "2001:0db8::0001",  "2001:db8::1" },
	{ "longest run, 5952 4.2.3", "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
	{ "first of equals",        "1:0:0:2:3:0:0:4",  "1::2:3:0:0:4" },
	{ "a single zero, 4.2.2",   "1:2:0:3:4:5:6:7",  "1:2:0:3:4:5:6:7" },
	{ "zeros at the end",       "1:2:3:4:5:6::",    "1:2:3:4:5:6::" },
	{ "gap of one",             "1:2:3:4:5:6:7::",  "1:2:3:4:5:6:7:0" },
	{ "mapped, 5118 4.10",      "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	{ "mapped in hex",          "::ffff:c000:201",  "::ffff:192.0.2.1" },
	{ "IPv4 in its tail",       "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
	{ "IPv4 after six groups",  "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
	{ "IPv4 after seven",       "1:2:3:4:5:6:7:1.2.3.4", NULL },
	{ "IPv4 before the gap",    "1.2.3.4::1",       NULL },
	{ "IPv4 in the middle",     "::1.2.3.4:5",      NULL },
	{ "seven groups",           "1:2:3:4:5:6:7",    NULL },
	{ "nine groups",            "1:2:3:4:5:6:7:8:9", NULL },
	{ "gap of none",            "1:2:3:4::5:6:7:8", NULL },
	{ "two gaps",               "1::2::3",          NULL },
	{ "three colons, 5118 4.9", "2001:db8:::1",     NULL },
	{ "colon at the end",       "1:2:3:4:5:6:7:",   NULL },
	{ "colon at the start",     ":1:2:3:4:5:6:7",   NULL },
	{ "one colon",              ":",                NULL },
	{ "five digits",            "2001:0db80::1",    NULL },
	{ "not hex",                "2001:dbg::1",      NULL },
	{ "a scope",                "fe80::1%eth0",     NULL },
	{ "open bracket",           "[::1",             NULL },
	{ "IPv4 in brackets",       "[192.0.2.1]",      NULL },
	{ "empty brackets",         "[]",               NULL },
};

START_TEST(an_ip_is_read_strictly_and_written_canonically)
{
	struct addr a = { .port = 7 };
	struct buf b = { 0 };
	const char *want = ip_cases[_i].printed;

	ck_assert_msg(addr_parse_ip(slice_str(ip_cases[_i].text), &a)
	              == (want != NULL), "%s", ip_cases[_i].why);
	if (want == NULL) {
		ck_assert_uint_eq(a.port, 7);   /* untouched */
		return;
	}
	ck_assert_uint_eq(a.port, 0);
	addr_print_ip(&b, &a);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_deinit(&b);
}
END_TEST

static const struct {
	const char *text, *printed;     /* NULL: refused */
} addr_cases[] = {
	{ "1.2.3.4",          "1.2.3.4:0" },
	{ "1.2.3.4:5060",     "1.2.3.4:5060" },
	{ "1.2.3.4:0",        "1.2.3.4:0" },
	{ "1.2.3.4:65535",    "1.2.3.4:65535" },
	{ "[::1]:5060",       "[::1]:5060" },
	{ "[::1]",            "[::1]:0" },
	{ "::1",              "[::1]:0" },
	{ "::1:5060",         "[::1:5060]:0" },
	{ "1.2.3.4:",         NULL },
	{ "1.2.3.4:65536",    NULL },
	{ "1.2.3.4:x",        NULL },
	{ "1.2.3.4 ",         NULL },
	{ "[::1]5060",        NULL },
	{ "[::1]:",           NULL },
	{ "::1]",             NULL },
	{ "example.com:5060", NULL },
	{ "",                 NULL },
};

START_TEST(an_address_may_have_a_port)
{
	struct addr a;
	char text[ADDR_TEXT];
	const char *want = addr_cases[_i].printed;

	ck_assert_msg(addr_parse(slice_str(addr_cases[_i].text), &a)
	              == (want != NULL), "%s", addr_cases[_i].text);
	if (want != NULL)
		ck_assert_str_eq(addr_text(&a, text), want);
}
END_TEST

static struct addr make(const char *text)
{
	struct addr a = { 0 };

	ck_assert_msg(addr_parse(slice_str(text), &a), "%s", text);
	return a;
}

START_TEST(the_longest_address_fits_its_text)
{
	struct addr a = make("[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
	char text[ADDR_TEXT];

	ck_assert_str_eq(addr_text(&a, text),
	                 "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}
END_TEST

START_TEST(a_host_is_written_with_brackets_round_ipv6)
{
	struct addr v4 = make("1.2.3.4:5"), v6 = make("[::1]:5");
	struct buf b = { 0 };

	addr_print_host(&b, &v4);
	buf_char(&b, ' ');
	addr_print_host(&b, &v6);
	ck_assert_str_eq(buf_cstr(&b), "1.2.3.4 [::1]");
	buf_deinit(&b);
}
END_TEST

START_TEST(addresses_are_equal_with_their_ports_or_without)
{
	struct addr a = make("1.2.3.4:5"), b = make("1.2.3.4:6");
	struct addr c = make("1.2.3.5:5"), d = make("[::1]:5"), e;

	ck_assert(addr_eq(&a, &a));
	ck_assert(!addr_eq(&a, &b));
	ck_assert(addr_same_ip(&a, &b));
	ck_assert(!addr_same_ip(&a, &c));
	ck_assert(!addr_same_ip(&a, &d));

	e = d;
	e.scope = 2;
	ck_assert(!addr_eq(&d, &e));
	e = a;
	e.ip[4] = 1;            /* not part of an IPv4 address */
	ck_assert(addr_eq(&a, &e));
}
END_TEST

static const struct {
	const char *text;
	bool any, loopback, multicast;
} kind_cases[] = {
	{ "0.0.0.0",          true,  false, false },
	{ "::",               true,  false, false },
	{ "127.0.0.1",        false, true,  false },
	{ "127.255.1.2",      false, true,  false },
	{ "::1",              false, true,  false },
	{ "224.0.1.75",       false, false, true },
	{ "239.255.255.255",  false, false, true },
	{ "240.0.0.1",        false, false, false },
	{ "255.255.255.255",  false, false, true },
	{ "ff02::1",          false, false, true },
	{ "fe80::1",          false, false, false },
	{ "::2",              false, false, false },
	{ "192.0.2.1",        false, false, false },
};

START_TEST(special_addresses_are_known)
{
	struct addr a = make(kind_cases[_i].text);

	ck_assert(addr_is_any(&a) == kind_cases[_i].any);
	ck_assert(addr_is_loopback(&a) == kind_cases[_i].loopback);
	ck_assert(addr_is_multicast(&a) == kind_cases[_i].multicast);
}
END_TEST

START_TEST(no_address_is_none_of_them)
{
	struct addr none = { 0 };

	ck_assert(!addr_is_any(&none));
	ck_assert(!addr_is_loopback(&none));
	ck_assert(!addr_is_multicast(&none));
}
END_TEST

START_TEST(keys_differ_where_addresses_do)
{
	struct addr a = make("1.2.3.4:5"), b = make("1.2.3.4:6"), c = a;
	char ka[19], kb[19];

	ck_assert(!slice_eq(addr_key(&a, ka), addr_key(&b, kb)));
	c.ip[9] = 1;
	ck_assert(slice_eq(addr_key(&a, ka), addr_key(&c, kb)));
	a = make("[102:304::]:5");
	ck_assert(!slice_eq(addr_key(&a, ka), addr_key(&c, kb)));
	ck_assert_uint_eq(addr_key(&a, ka).len, sizeof(ka));
}
END_TEST

START_TEST(transports_are_named_in_either_spelling)
{
	ck_assert_int_eq(transport_from_name(SLICE("UDP")), TRANSPORT_UDP);
	ck_assert_int_eq(transport_from_name(SLICE("wSs")), TRANSPORT_WSS);
	ck_assert_int_eq(transport_from_name(SLICE("sctp")), TRANSPORT_NONE);
	ck_assert_int_eq(transport_from_name(SLICE("")), TRANSPORT_NONE);
	for (enum transport t = TRANSPORT_UDP; t < TRANSPORT_COUNT; t++) {
		struct slice via = slice_str(transport_via_name(t));
		struct slice name = slice_str(transport_name(t));

		ck_assert_int_eq(transport_from_name(via), t);
		ck_assert(slice_eq_nocase(via, name));
	}
}
END_TEST

START_TEST(transports_know_their_nature_and_port)
{
	ck_assert(!transport_is_reliable(TRANSPORT_UDP));
	ck_assert(transport_is_reliable(TRANSPORT_TCP));
	ck_assert(transport_is_reliable(TRANSPORT_WSS));
	ck_assert(!transport_is_secure(TRANSPORT_TCP));
	ck_assert(transport_is_secure(TRANSPORT_TLS));
	ck_assert(!transport_is_secure(TRANSPORT_WS));
	ck_assert(transport_is_secure(TRANSPORT_WSS));
	ck_assert_uint_eq(transport_default_port(TRANSPORT_UDP), 5060);
	ck_assert_uint_eq(transport_default_port(TRANSPORT_TLS), 5061);
	ck_assert_uint_eq(transport_default_port(TRANSPORT_WS), 80);
	ck_assert_uint_eq(transport_default_port(TRANSPORT_WSS), 443);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("addr", &t);

	tcase_add_loop_test(t, an_ip_is_read_strictly_and_written_canonically,
	                    0, ARRAY_LEN(ip_cases));
	tcase_add_loop_test(t, an_address_may_have_a_port, 0,
	                    ARRAY_LEN(addr_cases));
	tcase_add_test(t, the_longest_address_fits_its_text);
	tcase_add_test(t, a_host_is_written_with_brackets_round_ipv6);
	tcase_add_test(t, addresses_are_equal_with_their_ports_or_without);
	tcase_add_loop_test(t, special_addresses_are_known, 0,
	                    ARRAY_LEN(kind_cases));
	tcase_add_test(t, no_address_is_none_of_them);
	tcase_add_test(t, keys_differ_where_addresses_do);
	tcase_add_test(t, transports_are_named_in_either_spelling);
	tcase_add_test(t, transports_know_their_nature_and_port);
	return s;
}

int main(void)
{
	return test_main(suite());
}
