/* What a leg writes of itself into Via and Contact. */

#include "core/transport/leg.h"
#include "tests/helpers.h"

static const struct {
	const char *why;
	enum transport transport;
	const char *local, *sent_by, *via;
} vias[] = {
	{ "UDP asks for rport, RFC 3581 3 (N1)", TRANSPORT_UDP,
	  "192.0.2.1:5060", NULL,
	  "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport" },
	{ "a stream needs none", TRANSPORT_TCP, "192.0.2.1:5070", NULL,
	  "SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bKx" },
	{ "IPv6 in brackets, RFC 5118 4.1", TRANSPORT_TLS,
	  "[2001:db8::1]:5061", NULL,
	  "SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bKx" },
	{ "a name of its own", TRANSPORT_UDP, "192.0.2.1:5070", "me.example",
	  "SIP/2.0/UDP me.example:5070;branch=z9hG4bKx;rport" },
	{ "WS has a name that nobody can reach, RFC 7118 5", TRANSPORT_WS,
	  "192.0.2.1:80", "df7jal23ls0d.invalid",
	  "SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKx" },
};

START_TEST(via_names_transport_address_and_branch)
{
	struct leg leg = {
		.transport = vias[_i].transport,
		.sent_by = vias[_i].sent_by,
	};
	struct addr local;
	struct buf b = { 0 };

	ck_assert(addr_parse(slice_str(vias[_i].local), &local));
	leg_print_via(&b, &leg, &local, SLICE("z9hG4bKx"));
	ck_assert_msg(slice_eq(buf_view(&b), slice_str(vias[_i].via)),
	              "%s: %s", vias[_i].why, buf_cstr(&b));
	buf_deinit(&b);
}
END_TEST

static const struct {
	const char *why;
	enum transport transport;
	const char *sent_by, *user;
	bool secure;
	const char *uri;
} contacts[] = {
	{ "UDP is the default", TRANSPORT_UDP, NULL, "alice", false,
	  "sip:alice@192.0.2.1:5060" },
	{ "no user", TRANSPORT_UDP, NULL, "", false, "sip:192.0.2.1:5060" },
	{ "TCP", TRANSPORT_TCP, NULL, "alice", false,
	  "sip:alice@192.0.2.1:5060;transport=tcp" },
	{ "TLS of a sip request", TRANSPORT_TLS, NULL, "alice", false,
	  "sip:alice@192.0.2.1:5060;transport=tls" },
	{ "TLS of a sips request, RFC 5630 3.1.4", TRANSPORT_TLS, NULL,
	  "alice", true, "sips:alice@192.0.2.1:5060" },
	{ "WSS is ws and sips, RFC 7118 4", TRANSPORT_WSS, "x.invalid",
	  "alice", true, "sips:alice@192.0.2.1:5060;transport=ws" },
	{ "an escaped user stays so", TRANSPORT_UDP, NULL, "a%40b", false,
	  "sip:a%40b@192.0.2.1:5060" },
};

START_TEST(contact_leads_back_to_the_leg)
{
	struct leg leg = {
		.transport = contacts[_i].transport,
		.sent_by = contacts[_i].sent_by,
	};
	struct addr local;
	struct buf b = { 0 };

	ck_assert(addr_parse(SLICE("192.0.2.1:5060"), &local));
	leg_print_contact_uri(&b, &leg, &local, slice_str(contacts[_i].user),
	                      contacts[_i].secure);
	ck_assert_msg(slice_eq(buf_view(&b), slice_str(contacts[_i].uri)),
	              "%s: %s", contacts[_i].why, buf_cstr(&b));
	buf_deinit(&b);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("leg", &tests);

	tcase_add_loop_test(tests, via_names_transport_address_and_branch, 0,
	                    ARRAY_LEN(vias));
	tcase_add_loop_test(tests, contact_leads_back_to_the_leg, 0,
	                    ARRAY_LEN(contacts));
	return s;
}

int main(void)
{
	return test_main(suite());
}
