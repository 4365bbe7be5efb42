/* Where to listen: reading it, and opening legs for it. */

#include <stdio.h>
#include <unistd.h>

#include "net/listen.h"
#include "net/socket.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static struct buf why;
static const struct listen_families any_family;
static struct tls_setup tls;
static struct ws_setup ws;
static struct listen_setup with;

static void setup(void)
{
	static const struct tls_settings no_certificate;

	net_rig_setup(&rig);
	tls.own = tls_profile_new(&no_certificate);
	ck_assert_ptr_nonnull(tls.own);
	ws.tls = tls;
	with = (struct listen_setup){
		rig.loop, rig.dispatcher, &tls, &ws
	};
}

static void teardown(void)
{
	net_rig_teardown(&rig);
	tls_profile_free(tls.own);
	buf_deinit(&why);
}

static const struct {
	const char *text;
	enum error err;
	enum transport transport;
	const char *addr;               /* "" for none */
	uint16_t port;
} readings[] = {
	{ "udp:0.0.0.0:5060", OK, TRANSPORT_UDP, "0.0.0.0", 5060 },
	{ "tcp:[::1]", OK, TRANSPORT_TCP, "[::1]", 0 },
	{ "127.0.0.1:5070", OK, TRANSPORT_NONE, "127.0.0.1", 5070 },
	{ "127.0.0.1", OK, TRANSPORT_NONE, "127.0.0.1", 0 },
	{ "[::1]:5060", OK, TRANSPORT_NONE, "[::1]", 5060 },
	{ "::1", OK, TRANSPORT_NONE, "[::1]", 0 },
	{ "UDP:127.0.0.1", OK, TRANSPORT_UDP, "127.0.0.1", 0 },
	{ "udp:", OK, TRANSPORT_UDP, "", 0 },
	{ "tcp:", OK, TRANSPORT_TCP, "", 0 },
	{ "", ERR_SYNTAX, 0, "", 0 },
	{ "udp", ERR_SYNTAX, 0, "", 0 },
	{ "udp:localhost", ERR_SYNTAX, 0, "", 0 },
	{ "udp:127.0.0.1:99999", ERR_SYNTAX, 0, "", 0 },
	{ "udp:127.0.0.1:", ERR_SYNTAX, 0, "", 0 },
	{ "udp:1.2.3", ERR_SYNTAX, 0, "", 0 },
	{ "sctp:127.0.0.1", ERR_SYNTAX, 0, "", 0 },
	{ "udp:udp:127.0.0.1", ERR_SYNTAX, 0, "", 0 },
	{ ":5060", ERR_SYNTAX, 0, "", 0 },
	{ "tls:127.0.0.1", OK, TRANSPORT_TLS, "127.0.0.1", 0 },
	{ "tls:[::1]:5061", OK, TRANSPORT_TLS, "[::1]", 5061 },
	{ "ws:127.0.0.1", OK, TRANSPORT_WS, "127.0.0.1", 0 },
	{ "wss:[::1]:443", OK, TRANSPORT_WSS, "[::1]", 443 },
};

START_TEST(where_to_listen_is_read)
{
	struct listen_spec spec = { .transport = TRANSPORT_COUNT };
	struct addr want = { 0 };

	ck_assert_int_eq(listen_parse(slice_str(readings[_i].text), &spec,
	                              &why), readings[_i].err);
	if (readings[_i].err != OK) {
		ck_assert_int_eq(spec.transport, TRANSPORT_COUNT);
		ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "expected "));
		return;
	}
	if (readings[_i].addr[0] != '\0')
		want = net_rig_addr(readings[_i].addr);
	ck_assert_int_eq(spec.transport, readings[_i].transport);
	ck_assert(addr_same_ip(&spec.addr, &want));
	ck_assert_uint_eq(spec.addr.port, readings[_i].port);
	ck_assert_str_eq(buf_cstr(&why), "");
}
END_TEST

START_TEST(what_came_is_shown_escaped)
{
	struct listen_spec spec;

	ck_assert_int_eq(listen_parse(SLICE("udp:\033[2J"), &spec, &why),
	                 ERR_SYNTAX);
	ck_assert_str_eq(buf_cstr(&why),
	                 "expected [udp:|tcp:|tls:|ws:|wss:]ADDRESS[:PORT] with "
	                 "a numeric address, like tcp:127.0.0.1:5060 or [::1], got "
	                 "'udp:\\x1b[2J'");
}
END_TEST

static enum error open_text(const char *text)
{
	struct listen_spec spec;

	ck_assert_int_eq(listen_parse(slice_str(text), &spec, &why), OK);
	return listen_open(&with, &spec, any_family, &why);
}

static struct leg *leg_for(enum transport t, enum family family)
{
	return dispatcher_leg_for(rig.dispatcher, t, family);
}

START_TEST(an_address_alone_is_udp_and_tcp_on_one_port)
{
	struct leg *udp, *tcp;

	ck_assert_int_eq(open_text("127.0.0.1"), OK);
	udp = leg_for(TRANSPORT_UDP, FAMILY_IPV4);
	tcp = leg_for(TRANSPORT_TCP, FAMILY_IPV4);
	ck_assert_ptr_nonnull(udp);
	ck_assert_ptr_nonnull(tcp);
	ck_assert_uint_ne(udp->local.port, 0);
	ck_assert(addr_eq(&udp->local, &tcp->local));
}
END_TEST

START_TEST(a_transport_alone_is_just_that_of_every_family)
{
	ck_assert_int_eq(open_text("tcp:"), OK);
	ck_assert_ptr_nonnull(leg_for(TRANSPORT_TCP, FAMILY_IPV4));
	ck_assert_ptr_nonnull(leg_for(TRANSPORT_TCP, FAMILY_IPV6));
	ck_assert_ptr_null(leg_for(TRANSPORT_UDP, FAMILY_IPV4));
}
END_TEST

static const struct {
	struct listen_families families;
	bool ipv4, ipv6;
} defaults[] = {
	{ { false, false }, true, true },
	{ { true, true }, true, true },
	{ { true, false }, true, false },
	{ { false, true }, false, true },
};

START_TEST(by_default_every_family_gets_both_transports)
{
	static const enum family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
	struct listen_spec spec = { .transport = TRANSPORT_NONE };

	ck_assert_int_eq(listen_open(&with, &spec,
	                             defaults[_i].families, &why), OK);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct leg *udp = leg_for(TRANSPORT_UDP, families[i]);
		struct leg *tcp = leg_for(TRANSPORT_TCP, families[i]);
		bool want = i == 0 ? defaults[_i].ipv4 : defaults[_i].ipv6;

		ck_assert_int_eq(udp != NULL, want);
		ck_assert_int_eq(tcp != NULL, want);
		if (want)
			ck_assert(addr_eq(&udp->local, &tcp->local));
	}
}
END_TEST

START_TEST(a_port_that_is_taken_is_named)
{
	struct addr taken;
	int peer = peer_listen("127.0.0.1", &taken);
	char text[ADDR_TEXT], want[128];

	snprintf(want, sizeof(want), "tcp:%s: address already in use",
	         addr_text(&taken, text));
	ck_assert_int_eq(open_text(text), ERR_ADDRESS_IN_USE);
	ck_assert_str_eq(buf_cstr(&why), want);
	/* all or nothing: the UDP port that was free is free again */
	ck_assert(list_empty(dispatcher_legs(rig.dispatcher)));
	close(peer);
	ck_assert_int_eq(open_text(text), OK);
}
END_TEST

START_TEST(an_address_of_others_is_named)
{
	ck_assert_int_eq(open_text("203.0.113.9:5060"), ERR_UNREACHABLE);
	ck_assert_str_eq(buf_cstr(&why), "udp:203.0.113.9:5060: "
	                                 "not an address of this machine");
}
END_TEST

START_TEST(memory_that_runs_out_leaves_nothing_open)
{
	struct listen_spec spec = { .addr = net_rig_addr("127.0.0.1") };
	bool failed = true;
	enum error err;

	for (size_t n = 0; failed; n++) {
		test_alloc_fail(n);
		err = listen_open(&with, &spec, any_family, &why);
		failed = test_alloc_restore();
		ck_assert_int_eq(list_empty(dispatcher_legs(rig.dispatcher)),
		                 err != OK);
		if (failed && err != OK)
			ck_assert_int_eq(err, ERR_NOMEM);
		failed = err != OK;
	}
}
END_TEST

START_TEST(a_tls_listener_needs_a_certificate)
{
	ck_assert_int_eq(open_text("tls:127.0.0.1"), ERR_TLS);
	ck_assert_str_eq(buf_cstr(&why), "a TLS listener needs a certificate "
	                 "and its key (--cert, --key)");
	ck_assert(list_empty(dispatcher_legs(rig.dispatcher)));
}
END_TEST

START_TEST(tls_towards_others_takes_no_port_before_it_is_used)
{
	const struct addr peer = net_rig_addr("127.0.0.1:5061");
	struct addr source;
	struct leg *tls4;

	ck_assert_int_eq(open_text("udp:127.0.0.1"), OK);
	ck_assert_int_eq(listen_add_outbound(&with), OK);
	tls4 = leg_for(TRANSPORT_TLS, FAMILY_IPV4);
	ck_assert_ptr_nonnull(tls4);
	ck_assert_ptr_null(leg_for(TRANSPORT_TLS, FAMILY_IPV6));
	ck_assert_uint_eq(tls4->local.port, 0);
	ck_assert_int_eq(tls4->ops->source(tls4, &peer, &source), OK);
	ck_assert_uint_ne(source.port, 0);
	ck_assert_uint_eq(source.port, tls4->local.port);
	ck_assert_int_eq(listen_add_outbound(&with), OK);
	ck_assert_ptr_eq(leg_for(TRANSPORT_TLS, FAMILY_IPV4), tls4);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("listen", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, where_to_listen_is_read, 0,
	                    ARRAY_LEN(readings));
	tcase_add_test(tests, what_came_is_shown_escaped);
	tcase_add_test(tests, an_address_alone_is_udp_and_tcp_on_one_port);
	tcase_add_test(tests, a_transport_alone_is_just_that_of_every_family);
	tcase_add_loop_test(tests,
	                    by_default_every_family_gets_both_transports, 0,
	                    ARRAY_LEN(defaults));
	tcase_add_test(tests, a_port_that_is_taken_is_named);
	tcase_add_test(tests, an_address_of_others_is_named);
	tcase_add_test(tests, a_tls_listener_needs_a_certificate);
	tcase_add_test(tests,
	               tls_towards_others_takes_no_port_before_it_is_used);
	tcase_add_test(tests, memory_that_runs_out_leaves_nothing_open);
	return s;
}

int main(void)
{
	return test_main(suite());
}
