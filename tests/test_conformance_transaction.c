/* RFC 3261 17 and 18 as the endpoint shows them, over UDP and TCP; the ids are
 * those of tests/conformance.tsv. The machines themselves are tried in
 * tests/test_client_transaction.c and tests/test_server_transaction.c. */

#include <stdio.h>

#include "tests/agent.h"

static struct rig rig;
static struct agent alice;

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP | RIG_TCP);
}

static void tear_down(void)
{
	agent_deinit(&alice);
	rig_deinit(&rig);
}

/* --- as client --- */

static const char *const remotes[] = {
	"sip:bob@192.0.2.9", "sip:bob@192.0.2.9;transport=tcp",
};
static const struct slice proxies[] = {
	SLICE_INIT("sip:192.0.2.9;lr"), SLICE_INIT("sip:192.0.2.8;lr"),
};
static const struct slice tcp_proxies[] = {
	SLICE_INIT("sip:192.0.2.9;lr;transport=tcp"),
	SLICE_INIT("sip:192.0.2.8;lr"),
};

/* _i 0: over UDP, 1: over TCP. */
static void send_over(int i, const char *method, bool routed)
{
	struct context *ctx;
	enum error err;

	ctx = endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("\"Alice\" <sip:alice@example.com>"),
		.to = slice_str(remotes[i]),
		.routes = i == 0 ? proxies : tcp_proxies,
		.nroutes = routed ? 2 : 0,
	}, &(struct request_params){
		.method = slice_str(method),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
	context_watch(ctx, agent_watch, &alice);
}

static void never(void *arg)
{
	ck_abort_msg("%p fired too early", arg);
}

static const struct {
	const char *method;
	int transport;
	unsigned n, at_ms[11];
} silences[] = {
	{ "INVITE", 0, 7, { 0, 500, 1500, 3500, 7500, 15500, 31500 } },
	{ "INVITE", 1, 1, { 0 } },
	{ "OPTIONS", 0, 11, { 0, 500, 1500, 3500, 7500, 11500, 15500, 19500,
	                      23500, 27500, 31500 } },
	{ "OPTIONS", 1, 1, { 0 } },
};

/* T01, T02, T03: whatever other timers there are. */
START_TEST(a_silent_peer_is_asked_at_its_instants_and_given_up_at_32_s)
{
	static struct timer others[10000];
	unsigned n = silences[_i].n;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		timer_arm(&others[i], &rig.env.timers, 32001 + i, never, NULL);
	send_over(silences[_i].transport, silences[_i].method, false);
	rig_advance(&rig, 31999);
	ck_assert_uint_eq(alice.noutcomes, 0);
	ck_assert_uint_eq(rig.nsent, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(rig_sent(&rig, i)->at_ms,
		                  silences[_i].at_ms[i]);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_TIMEOUT);
	ck_assert_uint_eq(rig.nsent, n);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		timer_cancel(&others[i]);
}
END_TEST

/* T04: each header of 17.1.1.3, octet for octet. */
START_TEST(the_ack_of_a_refusal_repeats_its_invite)
{
	static const enum header_id same[] = {
		HEADER_VIA, HEADER_FROM, HEADER_CALL_ID, HEADER_ROUTE,
	};
	const struct message *m;
	struct slice uri;

	send_over(_i, "INVITE", true);
	rig_reply_status(&rig, rig_last(&rig), 486);
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct slice a = agent_header(&alice, "INVITE ", 0, same[i]);
		struct slice b = agent_header(&alice, "ACK ", 0, same[i]);

		ck_assert_uint_ne(a.len, 0);
		ck_assert(slice_eq(a, b));
	}
	uri = rig_parse(&rig, agent_sent(&alice, "INVITE ", 0)->wire)
	      ->uri_text;
	m = rig_parse(&rig, agent_sent(&alice, "ACK ", 0)->wire);
	ck_assert(slice_eq(m->uri_text, uri));
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 1),
	                   "<sip:192.0.2.8;lr>");
	ck_assert_slice_eq(m->to.tag, "peer");
	ck_assert_uint_eq(m->nvias, 1);
	ck_assert_slice_eq(message_header(m, HEADER_CSEQ, 0), "1 ACK");
	ck_assert_int_eq(agent_sent(&alice, "ACK ", 0)->flow.leg->transport,
	                 _i == 0 ? TRANSPORT_UDP : TRANSPORT_TCP);
}
END_TEST

/* T05, T06: five 486, five ACKs, one outcome; five 200, one outcome. */
START_TEST(copies_of_a_final_response_are_told_once)
{
	static const char *const methods[] = { "INVITE", "OPTIONS" };
	struct rig_sent request;

	send_over(0, methods[_i], false);
	request = *rig_last(&rig);
	for (unsigned i = 0; i < 5; i++)
		rig_reply_status(&rig, &request, _i == 0 ? 486 : 200);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), _i == 0 ? 5 : 0);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* T10, T20: only what matches is told. */
static const struct {
	const char *why, *method;
	bool forge_branch, second_via, told;
} responses[] = {
	{ "the response", "OPTIONS", false, false, true },
	{ "T10: another branch", "OPTIONS", true, false, false },
	{ "T10: another method in CSeq", "MESSAGE", false, false, false },
	{ "T20: two Vias", "OPTIONS", false, true, false },
};

START_TEST(a_response_is_told_when_branch_method_and_via_are_ours)
{
	const struct message *m;
	char via[120], text[800];
	struct slice call_id, from;

	send_over(0, "OPTIONS", false);
	m = rig_parse(&rig, rig_last(&rig)->wire);
	snprintf(via, sizeof(via), "SIP/2.0/UDP 192.0.2.1:5060;branch=%.*s%s",
	         SLICE_ARG(m->via.branch),
	         responses[_i].forge_branch ? "x" : "");
	call_id = m->call_id;
	from = message_header(m, HEADER_FROM, 0);
	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nVia: %s\r\n%s"
	         "From: %.*s\r\nTo: <sip:bob@192.0.2.9>;tag=x\r\n"
	         "Call-ID: %.*s\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
	         via, responses[_i].second_via
	         ? "Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKy\r\n" : "",
	         SLICE_ARG(from), SLICE_ARG(call_id), responses[_i].method);
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           slice_str(text));
	ck_assert_msg(alice.noutcomes == responses[_i].told, "%s",
	              responses[_i].why);
}
END_TEST

/* T13: over either transport. */
START_TEST(a_peer_that_is_not_there_is_told_at_once)
{
	if (_i == 0)
		rig_refuse(&rig, "192.0.2.9:5060");
	else
		alice.party.legs[TRANSPORT_TCP]->send_error = ERR_REFUSED;
	send_over(_i, "OPTIONS", false);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_now_ms(&rig), 0);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_REFUSED);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* --- as server --- */

static void receive(enum transport t, const char *remote,
                    const struct rig_request *q)
{
	rig_inject(&alice.party, t, remote, rig_request(&rig, q));
}

/* T07: a refusal is resent until its ACK, over UDP alone. */
START_TEST(our_refusal_is_repeated_until_it_is_acked)
{
	enum transport t = _i == 0 ? TRANSPORT_UDP : TRANSPORT_TCP;
	const char *via = _i == 0
		? "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKr"
		: "SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKr";
	struct rig_request q = {
		.method = "INVITE", .via = via,
		.contact = "<sip:bob@192.0.2.9>",
	};
	char to[120];

	receive(t, "192.0.2.9:5060", &q);
	ck_assert_int_eq(agent_answer(&alice, 486), OK);
	rig_advance(&rig, 4000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 486"),
	                  _i == 0 ? 4 : 1);
	snprintf(to, sizeof(to), "%.*s", SLICE_ARG(
		agent_header(&alice, "SIP/2.0 486", 0, HEADER_TO)));
	q.method = "ACK";
	q.to = to;
	receive(t, "192.0.2.9:5060", &q);
	receive(t, "192.0.2.9:5060", &q);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(rig.nsent, _i == 0 ? 4 : 1);
	ck_assert_uint_eq(alice.nincoming, 1);
}
END_TEST

/* T08: three copies, three answers octet for octet, one event. */
START_TEST(copies_of_a_request_get_the_answer_and_are_told_once)
{
	const struct rig_request q = { .method = "MESSAGE" };

	receive(TRANSPORT_UDP, "192.0.2.9:5060", &q);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	receive(TRANSPORT_UDP, "192.0.2.9:5060", &q);
	receive(TRANSPORT_UDP, "192.0.2.9:5060", &q);
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_uint_eq(rig.nsent, 3);
	ck_assert(slice_eq(rig_sent(&rig, 1)->wire, rig_sent(&rig, 0)->wire));
	ck_assert(slice_eq(rig_sent(&rig, 2)->wire, rig_sent(&rig, 0)->wire));
}
END_TEST

/* T11: what is of RFC 2543 has no cookie, and no branch either. */
static const char *const old_vias[] = {
	"SIP/2.0/UDP 192.0.2.9:5060", "SIP/2.0/UDP 192.0.2.9:5060;branch=7",
};

START_TEST(an_invite_of_rfc_2543_may_be_cancelled)
{
	struct rig_request q = {
		.method = "INVITE", .via = old_vias[_i],
		.contact = "<sip:bob@192.0.2.9>",
	};

	receive(TRANSPORT_UDP, "192.0.2.9:5060", &q);
	receive(TRANSPORT_UDP, "192.0.2.9:5060", &q);
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_int_eq(agent_answer(&alice, 180), OK);
	q.method = "CANCEL";
	receive(TRANSPORT_UDP, "192.0.2.9:5060", &q);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 487"), 1);
}
END_TEST

/* T11: two clients may choose the same branch. */
START_TEST(the_same_branch_from_another_sent_by_is_another_transaction)
{
	receive(TRANSPORT_UDP, "192.0.2.9:5060", &(struct rig_request){
		.method = "MESSAGE", .call_id = "one",
		.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKsame",
	});
	receive(TRANSPORT_UDP, "192.0.2.8:5060", &(struct rig_request){
		.method = "MESSAGE", .call_id = "two",
		.via = "SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKsame",
	});
	ck_assert_uint_eq(alice.nincoming, 2);
}
END_TEST

/* T12 */
START_TEST(an_invite_that_comes_on_two_ways_rings_once)
{
	struct rig_request q = {
		.method = "INVITE", .contact = "<sip:bob@192.0.2.9>",
		.via = "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKone",
	};

	receive(TRANSPORT_UDP, "192.0.2.7:5060", &q);
	q.via = "SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKtwo";
	receive(TRANSPORT_UDP, "192.0.2.8:5060", &q);
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 482"), 1);
	ck_assert_slice_eq(rig_parse(&rig, rig_last(&rig)->wire)->via.branch,
	                   "z9hG4bKtwo");
}
END_TEST

/* T15: an answer that comes late finds its connection, or makes one to where
 * the sender listens. */
START_TEST(a_late_answer_over_tcp_reaches_its_sender)
{
	uint64_t conn;
	char text[ADDR_TEXT];

	receive(TRANSPORT_TCP, "192.0.2.9:41000", &(struct rig_request){
		.method = "MESSAGE",
		.via = "SIP/2.0/TCP peer.example:5070;branch=z9hG4bKt",
	});
	conn = rig.conns[0].id;
	if (_i == 1)
		rig_break(&alice.party, true);
	rig_advance(&rig, 1000);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert_int_eq(rig_last(&rig)->flow.conn == conn, _i == 0);
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, text),
	                 _i == 0 ? "192.0.2.9:41000" : "192.0.2.9:5070");
}
END_TEST

/* T16, T17: the answer's way is that of its top Via, and says so. */
static const struct {
	const char *via, *to, *answered;
} vias[] = {
	{ "SIP/2.0/UDP pc.example:5070;rport;branch=z9hG4bKv",
	  "192.0.2.9:7777",
	  ";received=192.0.2.9" },
	{ "SIP/2.0/UDP pc.example:5070;branch=z9hG4bKv", "192.0.2.9:5070",
	  ";received=192.0.2.9" },
	{ "SIP/2.0/UDP pc.example;branch=z9hG4bKv", "192.0.2.9:5060",
	  ";received=192.0.2.9" },
	{ "SIP/2.0/UDP 192.0.2.9:7777;rport;branch=z9hG4bKv",
	  "192.0.2.9:7777", ";received=192.0.2.9" },
	{ "SIP/2.0/UDP 192.0.2.9:7777;rport;branch=z9hG4bKv",
	  "192.0.2.9:7777", "rport=7777" },
};

START_TEST(an_answer_goes_where_its_via_says_and_tells_whence_it_came)
{
	char text[ADDR_TEXT];
	struct slice via;

	receive(TRANSPORT_UDP, "192.0.2.9:7777", &(struct rig_request){
		.method = "MESSAGE", .via = vias[_i].via,
	});
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, text),
	                 vias[_i].to);
	via = agent_header(&alice, "SIP/2.0 200", 0, HEADER_VIA);
	ck_assert_uint_lt(slice_find_slice(via, slice_str(vias[_i].answered)),
	                  via.len);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("conformance: transaction", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(
		tests,
		a_silent_peer_is_asked_at_its_instants_and_given_up_at_32_s,
		0, ARRAY_LEN(silences));
	tcase_add_loop_test(tests, the_ack_of_a_refusal_repeats_its_invite, 0,
	                    2);
	tcase_add_loop_test(tests, copies_of_a_final_response_are_told_once, 0,
	                    2);
	tcase_add_loop_test(
		tests, a_response_is_told_when_branch_method_and_via_are_ours,
		0, ARRAY_LEN(responses));
	tcase_add_loop_test(tests, a_peer_that_is_not_there_is_told_at_once, 0,
	                    2);
	tcase_add_loop_test(tests, our_refusal_is_repeated_until_it_is_acked,
	                    0, 2);
	tcase_add_test(
		tests, copies_of_a_request_get_the_answer_and_are_told_once);
	tcase_add_loop_test(tests, an_invite_of_rfc_2543_may_be_cancelled, 0,
	                    ARRAY_LEN(old_vias));
	tcase_add_test(
		tests,
		the_same_branch_from_another_sent_by_is_another_transaction);
	tcase_add_test(tests, an_invite_that_comes_on_two_ways_rings_once);
	tcase_add_loop_test(tests, a_late_answer_over_tcp_reaches_its_sender,
	                    0, 2);
	tcase_add_loop_test(
		tests,
		an_answer_goes_where_its_via_says_and_tells_whence_it_came, 0,
		ARRAY_LEN(vias));
	return s;
}

int main(void)
{
	return test_main(suite());
}
