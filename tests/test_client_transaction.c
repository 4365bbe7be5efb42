/* Client transactions on a simulated clock: RFC 3261 17.1, RFC 6026. */

#include <stdio.h>

#include "core/transaction/internal.h"
#include "tests/helpers.h"
#include "tests/rig.h"

static struct rig rig;
static struct rig_party us;

/* What the user of one transaction heard. */
struct ear {
	unsigned responses, failures, gone;
	unsigned status;                /* of the last response */
	enum error err;                 /* of the last failure */
	uint64_t failed_ms, gone_ms;
	struct client_transaction *t;
	/* what to do when called */
	struct client_transaction *abort;
	bool start;
};

static struct ear ear, other_ear;
static unsigned strays, branches;

static void on_stray(const struct message *m, const struct flow *from,
                     void *arg)
{
	(void)m;
	(void)from;
	(void)arg;
	strays++;
}

static void setup(void)
{
	rig_init(&rig);
	rig_join_transactions(&rig, &us, "192.0.2.1", RIG_UDP | RIG_TCP);
	transactions_set_user(us.transactions, NULL, on_stray, NULL);
	memset(&ear, 0, sizeof(ear));
	memset(&other_ear, 0, sizeof(other_ear));
	strays = branches = 0;
}

static void teardown(void)
{
	rig_deinit(&rig);
}

static void listen(struct client_transaction *t,
                   const struct client_report *report, void *arg);

/* A request of ours to remote, as yet unsent. branch is of our making. */
static struct client_request prepare(const char *method, enum transport t,
                                     const char *remote, char branch[32])
{
	struct client_request req = { .flow = rig_flow(&us, t, remote) };
	struct rig_request q = { .method = method };
	struct buf via = { 0 };
	struct slice text;

	snprintf(branch, 32, "z9hG4bKours%u", branches++);
	req.branch = slice_make(branch, strlen(branch));
	req.method_name = slice_str(method);
	req.method = method_lookup(req.method_name);
	leg_print_via(&via, req.flow.leg, &us.legs[t]->source, req.branch);
	q.via = buf_cstr(&via);
	q.extra = "Route: <sip:p1.example;lr>, <sip:p2.example;lr>\r\n";
	text = rig_request(&rig, &q);
	buf_deinit(&via);
	req.wire = slice_dup(text);
	req.len = text.len;
	return req;
}

static struct client_transaction *start_to(const char *method,
                                           enum transport t,
                                           const char *remote,
                                           struct ear *e)
{
	char branch[32];
	struct client_request req = prepare(method, t, remote, branch);

	ck_assert_int_eq(client_transaction_start(us.transactions, &req,
	                                          listen, e, &e->t), OK);
	return e->t;
}

static struct client_transaction *start(const char *method, enum transport t)
{
	return start_to(method, t, "192.0.2.9:5060", &ear);
}

static void listen(struct client_transaction *t,
                   const struct client_report *report, void *arg)
{
	struct ear *e = arg;

	ck_assert_ptr_eq(t, e->t);
	ck_assert_uint_eq(e->gone, 0);
	ck_assert_ptr_nonnull(report->text);
	if (report->response != NULL) {
		ck_assert_int_eq(report->err, OK);
		e->responses++;
		e->status = report->response->status;
	} else if (report->err != OK) {
		e->failures++;
		e->err = report->err;
		e->failed_ms = rig_now_ms(&rig);
	}
	if (report->gone) {
		e->gone++;
		e->gone_ms = rig_now_ms(&rig);
	}
	if (e->abort != NULL)
		client_transaction_abort(e->abort);
	e->abort = NULL;
	if (e->start)
		start_to("OPTIONS", TRANSPORT_UDP, "192.0.2.9:5060",
		         &other_ear);
	e->start = false;
}

static void reply(unsigned status)
{
	rig_reply_status(&rig, rig_sent(&rig, 0), status);
}

static void check_instants(const unsigned *at_ms, size_t n)
{
	ck_assert_uint_eq(rig.nsent, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(rig_sent(&rig, i)->at_ms, at_ms[i]);
}

static void check_timeout_at(uint64_t at_ms)
{
	ck_assert_uint_eq(ear.failures, 1);
	ck_assert_int_eq(ear.err, ERR_TIMEOUT);
	ck_assert_uint_eq(ear.failed_ms, at_ms);
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
	ck_assert_uint_eq(transactions_pending(us.transactions), 0);
}

/* --- timers A, B, E, F --- */

/* T01: 17.1.1.2: timer A doubles from T1, timer B ends it at 64*T1. */
START_TEST(unanswered_invite_over_udp_is_sent_seven_times)
{
	static const unsigned at_ms[] = {
		0, 500, 1500, 3500, 7500, 15500, 31500,
	};

	start("INVITE", TRANSPORT_UDP);
	rig_advance(&rig, 31999);
	ck_assert_uint_eq(ear.failures, 0);
	rig_advance(&rig, 60000);
	check_instants(at_ms, ARRAY_LEN(at_ms));
	check_timeout_at(32000);
}
END_TEST

/* T02: over TCP there is one copy, and timer B all the same. */
START_TEST(unanswered_invite_over_tcp_is_sent_once)
{
	start("INVITE", TRANSPORT_TCP);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(rig.nsent, 1);
	check_timeout_at(32000);
}
END_TEST

/* T03: 17.1.2.2: timer E doubles from T1 to T2, timer F ends it. */
START_TEST(unanswered_options_over_udp_is_sent_eleven_times)
{
	static const unsigned at_ms[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
		31500,
	};

	start("OPTIONS", TRANSPORT_UDP);
	rig_advance(&rig, 60000);
	check_instants(at_ms, ARRAY_LEN(at_ms));
	check_timeout_at(32000);
}
END_TEST

START_TEST(unanswered_options_over_tcp_is_sent_once)
{
	start("OPTIONS", TRANSPORT_TCP);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(rig.nsent, 1);
	check_timeout_at(32000);
}
END_TEST

/* T03: after a provisional response it is resent every T2. */
START_TEST(options_with_a_100_is_resent_every_t2)
{
	static const unsigned at_ms[] = {
		0, 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500,
	};

	start("OPTIONS", TRANSPORT_UDP);
	reply(100);
	rig_advance(&rig, 60000);
	check_instants(at_ms, ARRAY_LEN(at_ms));
	ck_assert_uint_eq(ear.responses, 1);
	check_timeout_at(32000);
}
END_TEST

/* 17.1.1.2: a provisional response stops timers A and B. */
START_TEST(invite_with_a_180_waits_as_long_as_it_rings)
{
	struct client_transaction *t = start("INVITE", TRANSPORT_UDP);

	ck_assert(!client_transaction_is_proceeding(t));
	reply(180);
	ck_assert(client_transaction_is_proceeding(t));
	rig_advance(&rig, 3600 * 1000);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_uint_eq(ear.failures, 0);
	reply(180);
	ck_assert_uint_eq(ear.responses, 2);
	reply(200);
	ck_assert(!client_transaction_is_proceeding(t));
	ck_assert_uint_eq(ear.status, 200);
}
END_TEST

/* Timers are armed in whole ms; the odd microsecond must not add up. */
START_TEST(retransmissions_do_not_drift)
{
	static const unsigned at_ms[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
		31500,
	};

	env_advance(&rig.env, env_now_us(&rig.env) + 301, rig.env.wall_us);
	start("OPTIONS", TRANSPORT_UDP);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(rig.nsent, ARRAY_LEN(at_ms));
	for (size_t i = 0; i < ARRAY_LEN(at_ms); i++)
		ck_assert_uint_le(rig_sent(&rig, i)->at_ms - at_ms[i], 1);
}
END_TEST

START_TEST(a_program_that_was_asleep_does_not_catch_up)
{
	start("OPTIONS", TRANSPORT_UDP);
	env_advance(&rig.env, env_now_us(&rig.env) + 20000000, rig.env.wall_us);
	ck_assert_uint_eq(rig.nsent, 2);
	rig_advance(&rig, 999);
	ck_assert_uint_eq(rig.nsent, 2);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(rig.nsent, 3);
	ck_assert_uint_eq(client_transaction_retransmits(ear.t), 2);
}
END_TEST

/* --- responses --- */

/* T04: 17.1.1.3. */
START_TEST(a_refused_invite_is_acked_as_the_rfc_says)
{
	const struct message *ack;
	struct slice target;

	start("INVITE", TRANSPORT_UDP);
	reply(486);
	ck_assert_uint_eq(rig.nsent, 2);
	ack = rig_parse(&rig, rig_last(&rig)->wire);
	target = ack->uri_text;
	ck_assert_int_eq(ack->method, METHOD_ACK);
	ck_assert_slice_eq(target, "sip:bob@192.0.2.1");
	ck_assert_slice_eq(ack->via.branch, "z9hG4bKours0");
	ck_assert_uint_eq(ack->nvias, 1);
	ck_assert_slice_eq(ack->from.tag, "alice");
	ck_assert_slice_eq(ack->to.tag, "peer");
	ck_assert_slice_eq(ack->call_id, "call@example.com");
	ck_assert_uint_eq(ack->cseq.number, 1);
	ck_assert_int_eq(ack->cseq.method, METHOD_ACK);
	ck_assert(message_has(ack, HEADER_ROUTE));
	ck_assert(addr_eq(&rig_last(&rig)->flow.remote,
	                  &rig_sent(&rig, 0)->flow.remote));
}
END_TEST

/* T05: each copy is ACKed while timer D runs, and reported once. */
START_TEST(every_copy_of_a_refusal_is_acked_and_one_is_reported)
{
	start("INVITE", TRANSPORT_UDP);
	for (int i = 0; i < 5; i++)
		reply(486);
	ck_assert_uint_eq(rig.nsent, 6);
	ck_assert_uint_eq(ear.responses, 1);
	ck_assert_uint_eq(client_transaction_wire(ear.t).len, 0);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(ear.gone_ms, 32000);
	ck_assert_uint_eq(ear.failures, 0);
	reply(486);
	ck_assert_uint_eq(rig.nsent, 6);
	ck_assert_uint_eq(strays, 1);
}
END_TEST

/* T05, T06: over TCP timers D and K are 0, and fire from the timer set. */
START_TEST(over_tcp_a_transaction_ends_with_its_final_response)
{
	static const char *const methods[] = { "INVITE", "OPTIONS" };

	start(methods[_i], TRANSPORT_TCP);
	reply(404);
	ck_assert_uint_eq(rig.nsent, _i == 0 ? 2 : 1);
	ck_assert_uint_eq(ear.gone, 0);
	rig_settle(&rig);
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
}
END_TEST

/* T06: 17.1.2.2, timer K. */
START_TEST(a_late_copy_of_a_final_response_is_absorbed)
{
	start("OPTIONS", TRANSPORT_UDP);
	reply(200);
	rig_advance(&rig, 4999);
	reply(200);
	reply(100);
	ck_assert_uint_eq(ear.responses, 1);
	ck_assert_uint_eq(strays, 0);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(ear.gone_ms, 5000);
	reply(200);
	ck_assert_uint_eq(strays, 1);
	ck_assert_uint_eq(rig.nsent, 1);
}
END_TEST

/* N8: RFC 6026 7.2: each 2xx comes up until timer M, ACKed by the user. */
START_TEST(every_2xx_to_an_invite_comes_up_until_timer_m)
{
	struct rig_response q = { .status = 200 };

	start("INVITE", TRANSPORT_UDP);
	reply(200);
	ck_assert_uint_eq(transactions_pending(us.transactions), 0);
	reply(200);
	q.to_tag = "fork";
	rig_reply(&rig, rig_sent(&rig, 0), &q);
	ck_assert_uint_eq(ear.responses, 3);
	ck_assert_uint_ne(client_transaction_wire(ear.t).len, 0);
	ck_assert_uint_eq(rig.nsent, 1);
	reply(486);
	reply(180);
	ck_assert_uint_eq(ear.responses, 3);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(ear.gone_ms, 32000);
	reply(200);
	ck_assert_uint_eq(strays, 1);
}
END_TEST

/* T10: 17.1.3. */
static const struct {
	const char *why, *via, *method;
	bool matches;
} matches[] = {
	{ "both", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours0", "OPTIONS",
	  true },
	{ "a forged branch", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours9",
	  "OPTIONS", false },
	{ "a forged method", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours0",
	  "INVITE", false },
	{ "no branch", "SIP/2.0/UDP 192.0.2.1:5060", "OPTIONS", false },
	{ "a longer branch",
	  "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours0O", "PTIONS", false },
};

START_TEST(a_response_matches_by_branch_and_cseq_method)
{
	const struct rig_request q = {
		.method = matches[_i].method, .via = matches[_i].via,
	};
	const struct rig_response a = { .status = 200 };
	struct slice text = rig_response(&rig, rig_request(&rig, &q), &a);

	start("OPTIONS", TRANSPORT_UDP);
	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060", text);
	ck_assert_msg(ear.responses == matches[_i].matches, "%s",
	              matches[_i].why);
	ck_assert_uint_eq(strays, !matches[_i].matches);
}
END_TEST

START_TEST(an_unheard_of_method_is_matched_by_its_name)
{
	start("FROBNICATE", TRANSPORT_UDP);
	reply(200);
	ck_assert_uint_eq(ear.responses, 1);
	ck_assert_uint_eq(strays, 0);
}
END_TEST

START_TEST(an_answer_from_another_address_is_accepted)
{
	const struct rig_response a = { .status = 200 };

	start("OPTIONS", TRANSPORT_UDP);
	rig_inject(&us, TRANSPORT_UDP, "198.51.100.1:7777",
	           rig_response(&rig, rig_sent(&rig, 0)->wire, &a));
	ck_assert_uint_eq(ear.responses, 1);
}
END_TEST

START_TEST(a_cancel_and_its_invite_share_a_branch)
{
	struct client_request req;
	char branch[32];

	start("INVITE", TRANSPORT_UDP);
	branches--;
	req = prepare("CANCEL", TRANSPORT_UDP, "192.0.2.9:5060", branch);
	ck_assert_int_eq(client_transaction_start(us.transactions, &req,
	                                          listen, &other_ear,
	                                          &other_ear.t), OK);
	rig_reply_status(&rig, rig_sent(&rig, 1), 200);
	rig_reply_status(&rig, rig_sent(&rig, 0), 487);
	ck_assert_uint_eq(other_ear.status, 200);
	ck_assert_uint_eq(ear.status, 487);
}
END_TEST

/* --- errors of the transport --- */

/* T13: 8.1.3.1, 18.4: at once, and all that went there and nobody else. */
START_TEST(a_refused_datagram_fails_all_that_went_there_and_no_other)
{
	static struct ear third;

	memset(&third, 0, sizeof(third));
	rig_refuse(&rig, "192.0.2.9:5060");
	start_to("INVITE", TRANSPORT_UDP, "192.0.2.9:5060", &ear);
	start_to("OPTIONS", TRANSPORT_UDP, "192.0.2.9:5060", &other_ear);
	start_to("OPTIONS", TRANSPORT_UDP, "192.0.2.9:5070", &third);
	rig_settle(&rig);
	ck_assert_int_eq(ear.err, ERR_REFUSED);
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(ear.gone_ms, 0);
	ck_assert_int_eq(other_ear.err, ERR_REFUSED);
	ck_assert_uint_eq(third.gone, 0);
	ck_assert_uint_eq(transactions_count(us.transactions), 1);
}
END_TEST

START_TEST(a_failure_may_start_the_next_try_to_the_same_place)
{
	struct flow flow = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");

	start("OPTIONS", TRANSPORT_UDP);
	ear.start = true;
	dispatcher_failed(us.dispatcher, &flow, ERR_REFUSED, "refused");
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(other_ear.gone, 0);
	ck_assert_uint_eq(rig.nsent, 2);
	rig_reply_status(&rig, rig_sent(&rig, 1), 200);
	ck_assert_uint_eq(other_ear.responses, 1);
}
END_TEST

START_TEST(a_failure_may_abort_the_next_one_concerned)
{
	struct flow flow = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");

	start_to("OPTIONS", TRANSPORT_UDP, "192.0.2.9:5060", &ear);
	ear.abort = start_to("OPTIONS", TRANSPORT_UDP, "192.0.2.9:5060",
	                     &other_ear);
	dispatcher_failed(us.dispatcher, &flow, ERR_REFUSED, "refused");
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(other_ear.gone + other_ear.failures, 0);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
}
END_TEST

START_TEST(a_lost_connection_fails_what_went_over_it)
{
	start_to("OPTIONS", TRANSPORT_TCP, "192.0.2.9:5060", &ear);
	start_to("OPTIONS", TRANSPORT_UDP, "192.0.2.9:5060", &other_ear);
	rig_break(&us, true);
	ck_assert_int_eq(ear.err, ERR_RESET);
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(other_ear.gone, 0);
}
END_TEST

/* 17.1.1.2 knows no error of the transport while it rings: the answer may
 * come over another connection (18.2.2), and so may our ACK go. */
START_TEST(a_ringing_invite_survives_its_connection)
{
	uint64_t first;

	start("INVITE", TRANSPORT_TCP);
	first = rig_last(&rig)->flow.conn;
	reply(180);
	rig_break(&us, true);
	ck_assert_uint_eq(ear.gone, 0);
	reply(486);
	ck_assert_uint_eq(ear.status, 486);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert_uint_ne(rig_last(&rig)->flow.conn, first);
	rig_break(&us, true);
	ck_assert_int_eq(ear.err, ERR_RESET);
	ck_assert_uint_eq(ear.gone, 1);
}
END_TEST

START_TEST(a_connection_that_closed_unheard_is_replaced)
{
	start("INVITE", TRANSPORT_TCP);
	reply(180);
	rig_break(&us, false);
	reply(486);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert_uint_eq(ear.failures, 0);
}
END_TEST

START_TEST(an_error_known_at_once_is_returned_and_nobody_is_called)
{
	char branch[32];
	struct client_request req = prepare("OPTIONS", TRANSPORT_UDP,
	                                    "192.0.2.9:5060", branch);

	us.legs[TRANSPORT_UDP]->send_error = ERR_UNREACHABLE;
	ck_assert_int_eq(client_transaction_start(us.transactions, &req,
	                                          listen, &ear, &ear.t),
	                 ERR_UNREACHABLE);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(ear.gone + ear.failures, 0);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
	ck_assert_uint_eq(transactions_pending(us.transactions), 0);
}
END_TEST

static const char *const both[] = { "INVITE", "OPTIONS" };

START_TEST(an_error_while_resending_ends_it)
{
	start(both[_i], TRANSPORT_UDP);
	us.legs[TRANSPORT_UDP]->send_error = ERR_UNREACHABLE;
	rig_advance(&rig, 500);
	ck_assert_int_eq(ear.err, ERR_UNREACHABLE);
	ck_assert_uint_eq(ear.gone, 1);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
}
END_TEST

START_TEST(an_ack_that_can_not_be_sent_is_reported_after_the_response)
{
	start("INVITE", TRANSPORT_UDP);
	us.legs[TRANSPORT_UDP]->send_error = ERR_UNREACHABLE;
	reply(486);
	ck_assert_uint_eq(ear.responses, 1);
	ck_assert_int_eq(ear.err, ERR_UNREACHABLE);
	ck_assert_uint_eq(ear.gone, 1);
}
END_TEST

/* --- leaving --- */

START_TEST(a_detached_invite_is_still_acked_and_its_2xx_is_stray)
{
	client_transaction_detach(start("INVITE", TRANSPORT_UDP));
	if (_i == 0) {
		reply(486);
		ck_assert_uint_eq(rig.nsent, 2);
		ck_assert_uint_eq(strays, 0);
	} else {
		reply(180);
		reply(200);
		ck_assert_uint_eq(strays, 1);
	}
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(ear.responses + ear.gone + ear.failures, 0);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
}
END_TEST

START_TEST(an_aborted_one_is_silent)
{
	client_transaction_abort(start("INVITE", TRANSPORT_UDP));
	reply(486);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_uint_eq(ear.responses + ear.gone + ear.failures, 0);
	ck_assert_uint_eq(strays, 1);
}
END_TEST

START_TEST(a_callback_may_abort_its_own_transaction)
{
	static const unsigned status[] = { 180, 200, 486, 0 };

	ear.abort = start("INVITE", TRANSPORT_UDP);
	if (status[_i] != 0)
		reply(status[_i]);
	rig_advance(&rig, 90000);
	ck_assert_uint_eq(ear.responses + ear.failures, 1);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
}
END_TEST

START_TEST(the_layer_ends_with_transactions_in_every_state)
{
	static const unsigned status[] = { 0, 100, 200, 486 };

	for (size_t i = 0; i < ARRAY_LEN(status) * 2; i++) {
		struct ear e = { 0 };

		client_transaction_detach(start_to(both[i % 2], TRANSPORT_UDP,
		                                   "192.0.2.9:5060", &e));
		if (status[i / 2] != 0)
			rig_reply_status(&rig, rig_last(&rig), status[i / 2]);
	}
	client_transaction_abort(start("OPTIONS", TRANSPORT_UDP));
}
END_TEST

/* --- memory --- */

START_TEST(a_transaction_is_small)
{
	enum { BRANCH = 23 };

	ck_assert_uint_lt(sizeof(struct client_transaction) + BRANCH, 200);
	ck_assert_uint_lt(sizeof(struct client_transaction) + BRANCH
	                  + sizeof(struct client_detail)
	                  + sizeof(struct peer), 600);
}
END_TEST

START_TEST(short_memory_at_the_start_is_an_error_and_nothing_more)
{
	enum error err = ERR_NOMEM;

	for (size_t n = 0; err == ERR_NOMEM; n++) {
		char branch[32];
		struct client_request req = prepare("INVITE", TRANSPORT_UDP,
		                                    "192.0.2.9:5060", branch);
		test_alloc_fail(n);
		err = client_transaction_start(us.transactions, &req, listen,
		                               &ear, &ear.t);
		test_alloc_restore();
		ck_assert(err == OK || err == ERR_NOMEM);
		ck_assert_uint_eq(transactions_count(us.transactions),
		                  err == OK);
	}
}
END_TEST

START_TEST(short_memory_for_an_ack_ends_the_transaction)
{
	struct slice refusal;
	const struct rig_response q = { .status = 486 };
	struct flow from;

	start("INVITE", TRANSPORT_UDP);
	refusal = rig_response(&rig, rig_sent(&rig, 0)->wire, &q);
	from = rig_sent(&rig, 0)->flow;
	/* the dispatcher's message comes first */
	test_alloc_fail(1);
	rig_inject_over(&us, &from, refusal);
	ck_assert(test_alloc_restore());
	ck_assert_uint_eq(ear.responses, 1);
	ck_assert_int_eq(ear.err, ERR_NOMEM);
	ck_assert_uint_eq(ear.gone, 1);
}
END_TEST

/* --- the tables, cell by cell --- */

struct cell {
	enum state in;
	enum client_event on;
	enum state next;
};

static const struct cell invite_cells[] = {
	{ CALLING, ON_TIMER_A, CALLING },
	{ CALLING, ON_TIMER_B, TERMINATED },
	{ CALLING, ON_1XX, PROCEEDING },
	{ CALLING, ON_2XX, ACCEPTED },
	{ CALLING, ON_3XX_6XX, COMPLETED },
	{ CALLING, ON_SEND_ERROR, TERMINATED },
	{ PROCEEDING, ON_1XX, PROCEEDING },
	{ PROCEEDING, ON_2XX, ACCEPTED },
	{ PROCEEDING, ON_3XX_6XX, COMPLETED },
	{ ACCEPTED, ON_2XX, ACCEPTED },
	{ ACCEPTED, ON_TIMER_M, TERMINATED },
	{ COMPLETED, ON_3XX_6XX, COMPLETED },
	{ COMPLETED, ON_TIMER_D, TERMINATED },
	{ COMPLETED, ON_SEND_ERROR, TERMINATED },
};

static const struct cell other_cells[] = {
	{ TRYING, ON_TIMER_E, TRYING },
	{ TRYING, ON_TIMER_F, TERMINATED },
	{ TRYING, ON_1XX, PROCEEDING },
	{ TRYING, ON_2XX, COMPLETED },
	{ TRYING, ON_3XX_6XX, COMPLETED },
	{ TRYING, ON_SEND_ERROR, TERMINATED },
	{ PROCEEDING, ON_TIMER_E, PROCEEDING },
	{ PROCEEDING, ON_TIMER_F, TERMINATED },
	{ PROCEEDING, ON_1XX, PROCEEDING },
	{ PROCEEDING, ON_2XX, COMPLETED },
	{ PROCEEDING, ON_3XX_6XX, COMPLETED },
	{ PROCEEDING, ON_SEND_ERROR, TERMINATED },
	{ COMPLETED, ON_TIMER_K, TERMINATED },
};

/* STATE_NONE: the figure has no such arrow. */
static enum state expected(bool invite, enum state in, enum client_event on)
{
	const struct cell *cells = invite ? invite_cells : other_cells;
	size_t n = invite ? ARRAY_LEN(invite_cells) : ARRAY_LEN(other_cells);

	for (size_t i = 0; i < n; i++)
		if (cells[i].in == in && cells[i].on == on)
			return cells[i].next;
	return STATE_NONE;
}

/* False: that machine has no such state. */
static bool reach(bool invite, enum state state)
{
	struct client_transaction *t = start(invite ? "INVITE" : "OPTIONS",
	                                     TRANSPORT_UDP);

	if (state == PROCEEDING)
		reply(183);
	if (state == ACCEPTED)
		reply(200);
	if (state == COMPLETED)
		reply(404);
	if (state == TERMINATED)
		client_transaction_abort(t);
	return t->state == state;
}

START_TEST(every_event_in_every_state_does_what_the_figure_says)
{
	bool invite = _i / (STATE_COUNT * CLIENT_EVENT_COUNT) == 0;
	enum state in = _i / CLIENT_EVENT_COUNT % STATE_COUNT, next;
	enum client_event on = _i % CLIENT_EVENT_COUNT;
	struct client_report report = { .text = "" };
	const struct rig_response q = { .status = 404 };
	struct ear before;
	size_t sent;

	if (!reach(invite, in))
		return;
	before = ear;
	sent = rig.nsent;
	next = expected(invite, in, on);
	report.response = rig_parse(&rig, rig_response(
		&rig, rig_sent(&rig, 0)->wire, &q));
	client_step(ear.t, on, &report);
	if (next != STATE_NONE) {
		ck_assert_uint_eq(ear.t->state, next);
	} else {
		ck_assert_uint_eq(ear.t->state, in);
		ck_assert_uint_eq(rig.nsent, sent);
		ck_assert_mem_eq(&ear, &before, sizeof(ear));
	}
	rig_advance(&rig, 3600 * 1000);
}
END_TEST

static void add_timers(TCase *tests)
{
	tcase_add_test(tests, unanswered_invite_over_udp_is_sent_seven_times);
	tcase_add_test(tests, unanswered_invite_over_tcp_is_sent_once);
	tcase_add_test(tests,
	               unanswered_options_over_udp_is_sent_eleven_times);
	tcase_add_test(tests, unanswered_options_over_tcp_is_sent_once);
	tcase_add_test(tests, options_with_a_100_is_resent_every_t2);
	tcase_add_test(tests, invite_with_a_180_waits_as_long_as_it_rings);
	tcase_add_test(tests, retransmissions_do_not_drift);
	tcase_add_test(tests, a_program_that_was_asleep_does_not_catch_up);
}

static void add_responses(TCase *tests)
{
	tcase_add_test(tests, a_refused_invite_is_acked_as_the_rfc_says);
	tcase_add_test(tests,
	               every_copy_of_a_refusal_is_acked_and_one_is_reported);
	tcase_add_loop_test(tests,
	                    over_tcp_a_transaction_ends_with_its_final_response,
	                    0, 2);
	tcase_add_test(tests, a_late_copy_of_a_final_response_is_absorbed);
	tcase_add_test(tests, every_2xx_to_an_invite_comes_up_until_timer_m);
	tcase_add_loop_test(tests, a_response_matches_by_branch_and_cseq_method,
	                    0, ARRAY_LEN(matches));
	tcase_add_test(tests, an_unheard_of_method_is_matched_by_its_name);
	tcase_add_test(tests, an_answer_from_another_address_is_accepted);
	tcase_add_test(tests, a_cancel_and_its_invite_share_a_branch);
}

static void add_errors(TCase *tests)
{
	tcase_add_test(
		tests,
		a_refused_datagram_fails_all_that_went_there_and_no_other);
	tcase_add_test(tests,
	               a_failure_may_start_the_next_try_to_the_same_place);
	tcase_add_test(tests, a_failure_may_abort_the_next_one_concerned);
	tcase_add_test(tests, a_lost_connection_fails_what_went_over_it);
	tcase_add_test(tests, a_ringing_invite_survives_its_connection);
	tcase_add_test(tests, a_connection_that_closed_unheard_is_replaced);
	tcase_add_test(tests,
	               an_error_known_at_once_is_returned_and_nobody_is_called);
	tcase_add_loop_test(tests, an_error_while_resending_ends_it, 0, 2);
	tcase_add_test(
		tests,
		an_ack_that_can_not_be_sent_is_reported_after_the_response);
}

static void add_ends(TCase *tests)
{
	tcase_add_loop_test(
		tests, a_detached_invite_is_still_acked_and_its_2xx_is_stray,
		0, 2);
	tcase_add_test(tests, an_aborted_one_is_silent);
	tcase_add_loop_test(tests, a_callback_may_abort_its_own_transaction, 0,
	                    4);
	tcase_add_test(tests, the_layer_ends_with_transactions_in_every_state);
	tcase_add_test(tests, a_transaction_is_small);
	tcase_add_test(
		tests, short_memory_at_the_start_is_an_error_and_nothing_more);
	tcase_add_test(tests, short_memory_for_an_ack_ends_the_transaction);
	tcase_add_loop_test(
		tests, every_event_in_every_state_does_what_the_figure_says, 0,
		2 * STATE_COUNT * CLIENT_EVENT_COUNT);
}

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("client transaction", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	add_timers(tests);
	add_responses(tests);
	add_errors(tests);
	add_ends(tests);
	return s;
}

int main(void)
{
	return test_main(suite());
}
