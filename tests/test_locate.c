/* From URIs to targets: RFC 3263, with names that resolve as told. */

#include "core/transport/locate.h"

#include <stdio.h>

#include "tests/helpers.h"
#include "tests/seeker.h"

static void check_target(size_t nth, const char *transport, const char *addr)
{
	char text[ADDR_TEXT];

	ck_assert_uint_lt(nth, seeker.n);
	ck_assert_str_eq(transport_name(seeker.targets[nth].transport),
	                 transport);
	ck_assert_str_eq(addr_text(&seeker.targets[nth].addr, text), addr);
}

static const struct {
	const char *why, *uri, *transport, *addr;
} numeric[] = {
	{ "UDP and 5060, 4.1 and 4.2", "sip:192.0.2.7", "udp",
	  "192.0.2.7:5060" },
	{ "the port given", "sip:bob@192.0.2.7:5070", "udp", "192.0.2.7:5070" },
	{ "the transport given", "sip:192.0.2.7;transport=tcp", "tcp",
	  "192.0.2.7:5060" },
	{ "in any case", "sip:192.0.2.7;transport=TCP", "tcp",
	  "192.0.2.7:5060" },
	{ "tls by name", "sip:192.0.2.7;transport=tls", "tls",
	  "192.0.2.7:5061" },
	{ "sips is TLS and 5061", "sips:192.0.2.7", "tls", "192.0.2.7:5061" },
	{ "sips with tcp is TLS over TCP", "sips:192.0.2.7;transport=tcp",
	  "tls", "192.0.2.7:5061" },
	{ "sips with ws is WSS", "sips:192.0.2.7;transport=ws", "wss",
	  "192.0.2.7:443" },
	{ "IPv6", "sip:[2001:db8::7]:5062", "udp", "[2001:db8::7]:5062" },
	{ "maddr wins", "sip:example.com;maddr=192.0.2.8", "udp",
	  "192.0.2.8:5060" },
	{ "the port still counts", "sip:example.com:5071;maddr=192.0.2.8",
	  "udp", "192.0.2.8:5071" },
};

START_TEST(numeric_hosts_are_answered_at_once)
{
	ck_assert_uint_eq(seeker_locate(numeric[_i].uri), 0);
	ck_assert_uint_eq(seeker.calls, 1);
	ck_assert_msg(seeker.err == OK, "%s: %s", numeric[_i].why, seeker.text);
	ck_assert_uint_eq(seeker.n, 1);
	check_target(0, numeric[_i].transport, numeric[_i].addr);
	ck_assert_uint_eq(seeker.rig.last_lookup, 0);
}
END_TEST

static const struct {
	const char *why, *uri;
	enum error err;
	const char *text;
} impossible[] = {
	{ "a transport of nobody", "sip:192.0.2.7;transport=sctp",
	  ERR_NO_TRANSPORT, "unknown transport \"sctp\"" },
	{ "one without a leg", "sip:192.0.2.7;transport=ws", ERR_NO_TRANSPORT,
	  "no leg for ws" },
	{ "T22: sips does not go over UDP", "sips:192.0.2.7;transport=udp",
	  ERR_NO_TRANSPORT, "sips can not go over udp" },
	{ "tel", "tel:+358-555-1234567", ERR_UNSUPPORTED,
	  "a \"tel\" URI has no address: sip or sips is needed" },
	{ "mailto", "mailto:bob@example.com", ERR_UNSUPPORTED,
	  "a \"mailto\" URI has no address: sip or sips is needed" },
};

START_TEST(what_no_leg_can_serve_is_refused_with_its_reason)
{
	ck_assert_uint_eq(seeker_locate(impossible[_i].uri), 0);
	ck_assert_uint_eq(seeker.calls, 1);
	ck_assert_msg(seeker.err == impossible[_i].err, "%s",
	              impossible[_i].why);
	ck_assert_str_eq(seeker.text, impossible[_i].text);
}
END_TEST

START_TEST(a_family_without_a_leg_is_named)
{
	seeker_prefer(true, false);
	seeker_locate("sip:[2001:db8::7]");
	ck_assert_int_eq(seeker.err, ERR_NO_TRANSPORT);
	ck_assert_str_eq(seeker.text, "[2001:db8::7]: no IPv6 leg");
	seeker_prefer(false, true);
	seeker_locate("sip:192.0.2.7");
	ck_assert_int_eq(seeker.err, ERR_NO_TRANSPORT);
	ck_assert_str_eq(seeker.text, "192.0.2.7: no IPv4 leg");
}
END_TEST

START_TEST(both_families_are_asked_side_by_side_and_ipv6_comes_first)
{
	rig_add_address(&seeker.rig, "sip.example.com", "192.0.2.7");
	rig_add_address(&seeker.rig, "sip.example.com", "192.0.2.8");
	rig_add_address(&seeker.rig, "sip.example.com", "2001:db8::7");
	ck_assert_uint_ne(
		seeker_locate("sip:sip.example.com:5080;transport=tcp"), 0);
	ck_assert_uint_eq(seeker.rig.last_lookup, 2);
	ck_assert_uint_eq(seeker.calls, 0);
	rig_settle(&seeker.rig);
	ck_assert_uint_eq(seeker.calls, 1);
	ck_assert_int_eq(seeker.err, OK);
	ck_assert_uint_eq(seeker.n, 3);
	check_target(0, "tcp", "[2001:db8::7]:5080");
	check_target(1, "tcp", "192.0.2.7:5080");
	check_target(2, "tcp", "192.0.2.8:5080");
}
END_TEST

START_TEST(only_families_with_a_leg_are_asked_for)
{
	seeker_prefer(true, false);
	rig_add_address(&seeker.rig, "localhost", "127.0.0.1");
	rig_add_address(&seeker.rig, "localhost", "::1");
	seeker_locate("sip:localhost:5060");
	ck_assert_uint_eq(seeker.rig.last_lookup, 1);
	rig_settle(&seeker.rig);
	ck_assert_uint_eq(seeker.n, 1);
	check_target(0, "udp", "127.0.0.1:5060");
}
END_TEST

START_TEST(one_family_is_enough)
{
	rig_add_address(&seeker.rig, "a.example", "192.0.2.7");
	rig_add_failure(&seeker.rig, RECORD_AAAA, "a.example", ERR_TIMEOUT,
	                "a.example: no answer from the name server");
	seeker_locate("sip:a.example");
	rig_settle(&seeker.rig);
	ck_assert_int_eq(seeker.err, OK);
	ck_assert_uint_eq(seeker.n, 1);
}
END_TEST

START_TEST(a_name_that_is_not_there_is_said_so_once)
{
	seeker_locate("sip:sip.example.com");
	rig_settle(&seeker.rig);
	ck_assert_uint_eq(seeker.calls, 1);
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text,
	                 "sip.example.com: no such name (NXDOMAIN)");
}
END_TEST

START_TEST(a_name_without_addresses_is_said_so)
{
	const struct record srv = { .kind = RECORD_SRV };

	rig_add_record(&seeker.rig, "b.example", &srv);
	seeker_locate("sip:b.example");
	rig_settle(&seeker.rig);
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text, "b.example: no address");
}
END_TEST

START_TEST(a_silent_name_server_is_a_name_that_does_not_resolve)
{
	rig_add_failure(&seeker.rig, RECORD_A, "c.example", ERR_TIMEOUT,
	                "c.example: no answer");
	rig_add_failure(&seeker.rig, RECORD_AAAA, "c.example", ERR_TIMEOUT,
	                "c.example: no answer");
	seeker_locate("sip:c.example");
	rig_settle(&seeker.rig);
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text, "c.example: no answer");
}
END_TEST

START_TEST(without_a_resolver_names_fail)
{
	seeker_restart(NULL);
	ck_assert_uint_eq(seeker_locate("sip:d.example"), 0);
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text,
	                 "d.example: name does not resolve");
}
END_TEST

START_TEST(a_cancelled_search_is_silent_and_cancels_its_lookups)
{
	uint64_t id = seeker_locate("sip:sip.example.com:5060");

	locate_cancel(seeker.locator, id);
	locate_cancel(seeker.locator, id);
	locate_cancel(seeker.locator, 0);
	ck_assert_uint_eq(seeker.rig.lookups_cancelled, 2);
	rig_settle(&seeker.rig);
	ck_assert_uint_eq(seeker.calls, 0);
}
END_TEST

START_TEST(a_locator_that_ends_cancels_what_is_under_way)
{
	seeker_locate("sip:a.example:5060");
	seeker_locate("sip:b.example:5060");
	locator_free(seeker.locator);
	seeker.locator = NULL;
	ck_assert_uint_eq(seeker.rig.lookups_cancelled, 4);
	rig_settle(&seeker.rig);
	ck_assert_uint_eq(seeker.calls, 0);
}
END_TEST

/* --- D1: NAPTR, SRV, addresses --- */

/*
 * full.example offers all by rules, plain.example SRV alone, bare.example an
 * address alone. The host in full.example's own name is nobody's: who asks for
 * it without a port has gone astray.
 */
static void add_zone(void)
{
	seeker_add_rule("full.example", 50, 50, "s", "SIPS+D2T",
	                "_sips._tcp.full.example");
	seeker_add_rule("full.example", 90, 50, "S", "sip+d2t",
	                "_t.full.example");
	seeker_add_rule("full.example", 90, 10, "s", "SIP+D2U",
	                "_sip._udp.full.example");
	seeker_add_rule("full.example", 10, 10, "s", "SIP+D2S",
	                "_sip._sctp.full.example");
	seeker_add_rule("full.example", 10, 10, "u", "E2U+sip",
	                "nowhere.example");
	seeker_add_rule("full.example", 10, 10, "", "SIP+D2U", "full.example");
	seeker_add_srv("_sips._tcp.full.example", 10, 0, 5071, "a.example");
	seeker_add_srv("_t.full.example", 10, 0, 5072, "b.example");
	seeker_add_srv("_sip._udp.full.example", 20, 0, 5074, "b.example");
	seeker_add_srv("_sip._udp.full.example", 10, 0, 5073, "a.example");
	rig_add_address(&seeker.rig, "full.example", "192.0.2.99");

	seeker_add_srv("_sip._tcp.plain.example", 10, 0, 5062, "b.example");
	seeker_add_srv("_sips._tcp.plain.example", 10, 0, 5061, "a.example");
	rig_add_address(&seeker.rig, "plain.example", "192.0.2.98");

	rig_add_address(&seeker.rig, "bare.example", "192.0.2.3");

	seeker_add_rule("direct.example", 1, 1, "a", "SIP+D2T", "a.example");
	seeker_add_rule("socket.example", 1, 1, "s", "SIPS+D2W", "_w.example");
	seeker_add_srv("_w.example", 1, 0, 444, "b.example");
	seeker_add_rule("dangling.example", 1, 1, "s", "SIP+D2T",
	                "_none.example");
	rig_add_address(&seeker.rig, "dangling.example", "192.0.2.4");
	seeker_add_rule("foreign.example", 1, 1, "s", "SIP+D2S",
	                "_none.example");
	seeker_add_srv("_sip._tcp.foreign.example", 1, 0, 5065, "a.example");
	seeker_add_srv("_sip._udp.closed.example", 0, 0, 0, ".");
	rig_add_address(&seeker.rig, "closed.example", "192.0.2.97");
	seeker_add_srv("_sip._udp.half.example", 0, 0, 0, ".");
	seeker_add_srv("_sip._tcp.half.example", 0, 0, 5066, "a.example");

	rig_add_address(&seeker.rig, "a.example", "192.0.2.1");
	rig_add_address(&seeker.rig, "b.example", "2001:db8::2");
	rig_add_address(&seeker.rig, "b.example", "192.0.2.2");
}

static const struct {
	const char *why;
	unsigned transports;            /* 0: all */
	const char *uri, *want;
} zone_rows[] = {
	{ "the lowest order that suits", 0, "sip:full.example",
	  "tls 192.0.2.1:5071" },
	{ "a sips URI takes rules of SIPS alone", 0, "sips:full.example",
	  "tls 192.0.2.1:5071" },
	{ "without TLS the next order, by preference", RIG_UDP | RIG_TCP,
	  "sip:full.example",
	  "udp 192.0.2.1:5073, udp [2001:db8::2]:5074, udp 192.0.2.2:5074, "
	  "tcp [2001:db8::2]:5072, tcp 192.0.2.2:5072" },
	{ "rules of TCP alone, their replacement's name counts", RIG_TCP,
	  "sip:full.example", "tcp [2001:db8::2]:5072, tcp 192.0.2.2:5072" },
	{ "transport= asks no rules", 0, "sip:full.example;transport=udp",
	  "udp 192.0.2.1:5073, udp [2001:db8::2]:5074, udp 192.0.2.2:5074" },
	{ "a port asks neither rules nor SRV", 0, "sip:full.example:5090",
	  "udp 192.0.2.99:5090" },
	{ "a port and a transport", 0, "sip:full.example:5090;transport=tcp",
	  "tcp 192.0.2.99:5090" },
	{ "sips and a port is TLS", 0, "sips:full.example:5090",
	  "tls 192.0.2.99:5090" },
	{ "no rules: each SRV, in the order of preference", 0,
	  "sip:plain.example",
	  "tcp [2001:db8::2]:5062, tcp 192.0.2.2:5062, tls 192.0.2.1:5061" },
	{ "only what is preferred", RIG_TLS, "sip:plain.example",
	  "tls 192.0.2.1:5061" },
	{ "sips: _sips._tcp alone", 0, "sips:plain.example",
	  "tls 192.0.2.1:5061" },
	{ "sips with transport=tcp is _sips._tcp", 0,
	  "sips:plain.example;transport=tcp", "tls 192.0.2.1:5061" },
	{ "no SRV for the transport given: addresses", 0,
	  "sip:plain.example;transport=udp", "udp 192.0.2.98:5060" },
	{ "neither rules nor SRV: UDP and 5060", 0, "sip:bare.example",
	  "udp 192.0.2.3:5060" },
	{ "neither, sips: TLS and 5061", 0, "sips:bare.example",
	  "tls 192.0.2.3:5061" },
	{ "neither, without UDP", RIG_TCP, "sip:bare.example",
	  "tcp 192.0.2.3:5060" },
	{ "WebSocket has no SRV name", 0, "sip:plain.example;transport=wss",
	  "wss 192.0.2.98:443" },
	{ "maddr is searched as a host is", 0,
	  "sip:bare.example;maddr=plain.example",
	  "tcp [2001:db8::2]:5062, tcp 192.0.2.2:5062, tls 192.0.2.1:5061" },
	{ "a rule with the flag a", 0, "sip:direct.example",
	  "tcp 192.0.2.1:5060" },
	{ "RFC 7118: a rule of WebSocket", 0, "sip:socket.example",
	  "wss [2001:db8::2]:444, wss 192.0.2.2:444" },
	{ "a rule to nowhere leaves its transport", 0, "sip:dangling.example",
	  "tcp 192.0.2.4:5060" },
	{ "rules that do not suit are none", 0, "sip:foreign.example",
	  "tcp 192.0.2.1:5065" },
	{ "RFC 2782: \".\" closes one transport", 0, "sip:half.example",
	  "tcp 192.0.2.1:5066" },
	{ "names in any case", 0, "sip:BARE.Example", "udp 192.0.2.3:5060" },
};

START_TEST(a_name_leads_where_rfc3263_4_says)
{
	add_zone();
	seeker_prefer_only(zone_rows[_i].transports);
	seeker_find(zone_rows[_i].uri);
	ck_assert_uint_eq(seeker.calls, 1);
	seeker_check(zone_rows[_i].want, zone_rows[_i].why);
}
END_TEST

START_TEST(a_service_that_is_decidedly_not_offered_is_said_so)
{
	add_zone();
	seeker_find("sip:closed.example");
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text, "closed.example: SIP is not offered "
	                 "there (SRV \".\")");
}
END_TEST

/* What the rules name is mostly what was asked for beside them. */
START_TEST(no_name_is_asked_for_twice)
{
	add_zone();
	seeker_prefer_only(RIG_UDP | RIG_TCP);
	seeker_find("sip:full.example");
	/* NAPTR, SRV of udp, tcp and _t, AAAA and A of a and b */
	ck_assert_uint_eq(seeker.rig.last_lookup, 8);
	rig_settle(&seeker.rig);
	seeker_locate("sip:full.example");
	ck_assert_uint_eq(seeker.calls, 2);
	ck_assert_uint_eq(seeker.rig.last_lookup, 8);
}
END_TEST

START_TEST(searches_side_by_side_share_their_lookups)
{
	add_zone();
	seeker_locate("sip:a.example:5060");
	locate_cancel(seeker.locator,
	              seeker_locate("sip:a.example:5061"));
	seeker_locate("sip:A.EXAMPLE:5062");
	ck_assert_uint_eq(seeker.rig.last_lookup, 2);
	ck_assert_uint_eq(seeker.rig.lookups_cancelled, 0);
	rig_settle(&seeker.rig);
	ck_assert_uint_eq(seeker.calls, 2);
	seeker_check("udp 192.0.2.1:5062", "the last one");
}
END_TEST

/* --- D2: priorities and weights --- */

START_TEST(servers_come_first_by_their_weight)
{
	static const struct {
		const char *addr;
		unsigned min, max;      /* of 1000; 4 sigma */
	} want[] = {
		{ "192.0.2.1:5060", 540, 660 },         /* weight 60 */
		{ "192.0.2.2:5060", 240, 360 },         /* 30 */
		{ "192.0.2.3:5060", 60, 140 },          /* 10 */
		{ "192.0.2.4:5060", 0, 0 },             /* worse priority */
	};
	unsigned first[ARRAY_LEN(want)] = { 0 };

	seeker_prefer_only(RIG_UDP);
	seeker_add_srv("_sip._udp.w.example", 5, 10, 5060, "three.example");
	seeker_add_srv("_sip._udp.w.example", 5, 60, 5060, "one.example");
	seeker_add_srv("_sip._udp.w.example", 6, 999, 5060, "four.example");
	seeker_add_srv("_sip._udp.w.example", 5, 30, 5060, "two.example");
	rig_add_address(&seeker.rig, "one.example", "192.0.2.1");
	rig_add_address(&seeker.rig, "two.example", "192.0.2.2");
	rig_add_address(&seeker.rig, "three.example", "192.0.2.3");
	rig_add_address(&seeker.rig, "four.example", "192.0.2.4");
	for (unsigned i = 0; i < 1000; i++) {
		seeker_find("sip:w.example");
		ck_assert_uint_eq(seeker.n, 4);
		check_target(3, "udp", want[3].addr);
		for (size_t k = 0; k < ARRAY_LEN(want); k++) {
			struct addr a = rig_addr(want[k].addr);

			first[k] += addr_eq(&seeker.targets[0].addr, &a);
		}
	}
	for (size_t k = 0; k < ARRAY_LEN(want); k++)
		ck_assert_msg(first[k] >= want[k].min
		              && first[k] <= want[k].max, "%s: %u times",
		              want[k].addr, first[k]);
}
END_TEST

START_TEST(a_server_of_weight_0_is_tried_after_heavy_ones)
{
	unsigned first = 0;

	seeker_prefer_only(RIG_UDP);
	seeker_add_srv("_sip._udp.w.example", 5, 99, 5060, "192.0.2.1");
	seeker_add_srv("_sip._udp.w.example", 5, 0, 5061, "192.0.2.1");
	rig_add_address(&seeker.rig, "192.0.2.1", "192.0.2.1");
	for (unsigned i = 0; i < 1000; i++) {
		seeker_find("sip:w.example");
		ck_assert_uint_eq(seeker.n, 2);
		first += seeker.targets[0].addr.port == 5061;
	}
	ck_assert_uint_gt(first, 0);
	ck_assert_uint_lt(first, 30);
}
END_TEST

/* --- D4: two families --- */

START_TEST(families_take_turns)
{
	rig_add_address(&seeker.rig, "both.example", "2001:db8::1");
	rig_add_address(&seeker.rig, "both.example", "2001:db8::2");
	rig_add_address(&seeker.rig, "both.example", "2001:db8::3");
	rig_add_address(&seeker.rig, "both.example", "192.0.2.1");
	seeker_find("sip:both.example:5060");
	seeker_check("udp [2001:db8::1]:5060, udp 192.0.2.1:5060, "
	             "udp [2001:db8::2]:5060, udp [2001:db8::3]:5060",
	             "RFC 8305 4");
}
END_TEST

/* --- the plan --- */

START_TEST(a_plan_tells_where_each_target_comes_from)
{
	seeker_add_rule("p.example", 1, 1, "s", "SIP+D2U", "_p.example");
	seeker_add_srv("_p.example", 7, 9, 5070, "a.example");
	rig_add_address(&seeker.rig, "a.example", "192.0.2.1");
	rig_add_address(&seeker.rig, "a.example", "2001:db8::1");
	seeker_plan("sip:p.example");
	rig_advance(&seeker.rig, 20000);
	seeker_mark_failed("[2001:db8::1]:5070");
	seeker_plan("sip:p.example");
	seeker_check("udp 192.0.2.1:5070, udp [2001:db8::1]:5070", "in order");
	ck_assert(seeker.plan[0].by_naptr && seeker.plan[0].by_srv);
	ck_assert(!seeker.plan[0].numeric);
	ck_assert_int_eq(seeker.plan[0].kind, RECORD_A);
	ck_assert_int_eq(seeker.plan[1].kind, RECORD_AAAA);
	ck_assert_slice_eq(seeker.plan[0].name, "a.example");
	ck_assert_uint_eq(seeker.plan[0].ttl_s, 40);
	ck_assert_uint_eq(seeker.plan[0].priority, 7);
	ck_assert_uint_eq(seeker.plan[0].weight, 9);
	ck_assert_uint_eq(seeker.plan[0].penalty_s, 0);
	ck_assert_uint_eq(seeker.plan[1].penalty_s, 30);
}
END_TEST

START_TEST(a_plan_of_addresses_names_the_host)
{
	rig_add_address(&seeker.rig, "a.example", "192.0.2.1");
	seeker_plan("sip:a.example");
	ck_assert(!seeker.plan[0].by_naptr && !seeker.plan[0].by_srv);
	ck_assert(!seeker.plan[0].numeric);
	ck_assert_slice_eq(seeker.plan[0].name, "a.example");
	ck_assert_uint_eq(seeker.plan[0].ttl_s, 60);
	seeker_plan("sip:192.0.2.9");
	ck_assert(seeker.plan[0].numeric);
	ck_assert_uint_eq(seeker.plan[0].name.len, 0);
}
END_TEST

START_TEST(the_first_leg_that_will_do_replaces_udp)
{
	const struct locate_preferences p = {
		.transports = { TRANSPORT_TCP },
		.ntransports = 1,
		.ipv4 = true,
	};

	locator_set_preferences(seeker.locator, &p);
	seeker_locate("sip:192.0.2.7");
	check_target(0, "tcp", "192.0.2.7:5060");
	seeker_locate("sips:192.0.2.7");
	ck_assert_int_eq(seeker.err, ERR_NO_TRANSPORT);
	ck_assert_str_eq(seeker.text, "no leg for tls");
}
END_TEST

/* Wherever memory ends, there is one call: either it was reported, or what
 * could still be found is there. */
START_TEST(short_memory_is_reported)
{
	size_t failures = 0;

	add_zone();
	for (size_t n = 0, failed = 1; failed; n++) {
		seeker_restart(&rig_lookup_ops);
		test_alloc_fail(n);
		seeker_plan("sip:full.example");
		failed = test_alloc_restore();
		ck_assert_uint_eq(seeker.calls, 1);
		ck_assert_msg(seeker.err == OK || seeker.err == ERR_NOMEM
		              || seeker.err == ERR_DNS, "%zu: %s", n,
		              seeker.text);
		ck_assert((seeker.n != 0) == (seeker.err == OK));
		failures += seeker.err == ERR_NOMEM;
	}
	ck_assert_uint_gt(failures, 2);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("locate", &tests);

	tcase_add_checked_fixture(tests, seeker_set_up, seeker_tear_down);
	tcase_add_loop_test(tests, numeric_hosts_are_answered_at_once, 0,
	                    ARRAY_LEN(numeric));
	tcase_add_loop_test(tests,
	                    what_no_leg_can_serve_is_refused_with_its_reason,
	                    0, ARRAY_LEN(impossible));
	tcase_add_test(tests, a_family_without_a_leg_is_named);
	tcase_add_test(
		tests,
		both_families_are_asked_side_by_side_and_ipv6_comes_first);
	tcase_add_test(tests, only_families_with_a_leg_are_asked_for);
	tcase_add_test(tests, one_family_is_enough);
	tcase_add_test(tests, a_name_that_is_not_there_is_said_so_once);
	tcase_add_test(tests, a_name_without_addresses_is_said_so);
	tcase_add_test(tests, a_silent_name_server_is_a_name_that_does_not_resolve);
	tcase_add_test(tests, without_a_resolver_names_fail);
	tcase_add_test(tests,
	               a_cancelled_search_is_silent_and_cancels_its_lookups);
	tcase_add_test(tests, a_locator_that_ends_cancels_what_is_under_way);
	tcase_add_loop_test(tests, a_name_leads_where_rfc3263_4_says, 0,
	                    ARRAY_LEN(zone_rows));
	tcase_add_test(tests,
	               a_service_that_is_decidedly_not_offered_is_said_so);
	tcase_add_test(tests, no_name_is_asked_for_twice);
	tcase_add_test(tests, searches_side_by_side_share_their_lookups);
	tcase_add_test(tests, servers_come_first_by_their_weight);
	tcase_add_test(tests, a_server_of_weight_0_is_tried_after_heavy_ones);
	tcase_add_test(tests, families_take_turns);
	tcase_add_test(tests, a_plan_tells_where_each_target_comes_from);
	tcase_add_test(tests, a_plan_of_addresses_names_the_host);
	tcase_add_test(tests, the_first_leg_that_will_do_replaces_udp);
	tcase_add_test(tests, short_memory_is_reported);
	return s;
}

int main(void)
{
	return test_main(suite());
}
