/* Server transactions on a simulated clock: RFC 3261 17.2, 6026, 4320. */

#include <stdio.h>

#include "core/transaction/internal.h"
#include "tests/helpers.h"
#include "tests/rig.h"

static struct rig rig;
static struct rig_party us;

/* What the user heard and does. */
static struct {
	unsigned requests, acks;
	unsigned acked, no_ack, failed, gone;
	uint64_t gone_ms;
	enum error err;
	struct server_transaction *t;   /* of the last request */
	unsigned answer;                /* at once, from inside */
	bool watch;
} user;

static enum error respond(unsigned status)
{
	const struct response_parts parts = {
		.status = status,
		.to_tag = SLICE_INIT("ours"),
	};

	return server_transaction_respond(user.t, &parts);
}

static void on_event(struct server_transaction *t, enum server_event ev,
                     enum error err, void *arg)
{
	ck_assert_ptr_eq(arg, &user);
	ck_assert_ptr_eq(t, user.t);
	ck_assert_uint_eq(user.gone, 0);
	switch (ev) {
	case SERVER_ACKED:
		user.acked++;
		break;
	case SERVER_NO_ACK:
		user.no_ack++;
		break;
	case SERVER_FAILED:
		user.failed++;
		user.err = err;
		break;
	case SERVER_GONE:
		user.gone++;
		user.gone_ms = rig_now_ms(&rig);
		break;
	}
}

static void on_request(struct server_transaction *t, const struct message *m,
                       const struct flow *from, void *arg)
{
	(void)from;
	(void)arg;
	if (t == NULL) {
		user.acks += m->method == METHOD_ACK;
		return;
	}
	user.requests++;
	user.t = t;
	if (user.watch)
		server_transaction_watch(t, on_event, &user);
	if (user.answer != 0)
		respond(user.answer);
}

static void setup(void)
{
	rig_init(&rig);
	rig_join_transactions(&rig, &us, "192.0.2.1", RIG_UDP | RIG_TCP);
	transactions_set_user(us.transactions, on_request, NULL, NULL);
	memset(&user, 0, sizeof(user));
	user.watch = true;
}

static void teardown(void)
{
	rig_deinit(&rig);
}

static void receive(const struct rig_request *q)
{
	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, q));
}

static void receive_method(const char *method)
{
	const struct rig_request q = { .method = method };

	receive(&q);
}

/* Of the 3xx to 6xx: the same branch as the INVITE's (17.1.1.3). */
static void receive_ack(void)
{
	const struct rig_request q = {
		.method = "ACK", .to = "<sip:bob@192.0.2.1>;tag=ours",
	};

	receive(&q);
}

static void receive_over_tcp(const char *method)
{
	const struct rig_request q = {
		.method = method,
		.via = "SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKpeer1",
	};

	rig_inject(&us, TRANSPORT_TCP, "192.0.2.9:41000",
	           rig_request(&rig, &q));
}

static unsigned sent_status(size_t nth)
{
	return rig_parse(&rig, rig_sent(&rig, nth)->wire)->status;
}

static void check_instants(const unsigned *at_ms, size_t n)
{
	ck_assert_uint_eq(rig.nsent, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(rig_sent(&rig, i)->at_ms, at_ms[i]);
}

/* --- retransmissions --- */

/* T08: 17.2.2. */
START_TEST(a_repeated_request_gets_the_same_answer_and_comes_up_once)
{
	user.answer = 200;
	for (int i = 0; i < 3; i++)
		receive_method("OPTIONS");
	ck_assert_uint_eq(user.requests, 1);
	ck_assert_uint_eq(rig.nsent, 3);
	for (size_t i = 1; i < 3; i++)
		ck_assert(slice_eq(rig_sent(&rig, 0)->wire,
		                   rig_sent(&rig, i)->wire));
	rig_advance(&rig, 31999);
	ck_assert_uint_eq(user.gone, 0);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(user.gone, 1);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
}
END_TEST

START_TEST(a_repeated_request_waits_for_the_answer)
{
	for (int i = 0; i < 3; i++)
		receive_method("OPTIONS");
	ck_assert_uint_eq(user.requests, 1);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_int_eq(respond(200), OK);
	ck_assert_uint_eq(rig.nsent, 1);
}
END_TEST

/* Timer J is 0: it fires from the timer set. */
START_TEST(over_tcp_an_answered_request_is_over)
{
	user.answer = 200;
	receive_over_tcp("OPTIONS");
	ck_assert_uint_eq(user.gone, 0);
	rig_settle(&rig);
	ck_assert_uint_eq(user.gone, 1);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
}
END_TEST

START_TEST(a_repeated_invite_gets_the_last_provisional_response)
{
	receive_method("INVITE");
	ck_assert_int_eq(respond(180), OK);
	receive_method("INVITE");
	ck_assert_uint_eq(user.requests, 1);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert_uint_eq(sent_status(1), 180);
	ck_assert_uint_eq(user.t->retransmits, 1);
}
END_TEST

/* --- INVITE --- */

/* T07: 17.2.1: timer G doubles from T1 to T2, timer H ends it. */
START_TEST(a_refusal_is_resent_until_timer_h)
{
	static const unsigned at_ms[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
		31500,
	};

	user.answer = 486;
	receive_method("INVITE");
	rig_advance(&rig, 60000);
	check_instants(at_ms, ARRAY_LEN(at_ms));
	ck_assert_uint_eq(user.no_ack, 1);
	ck_assert_uint_eq(user.gone, 1);
	ck_assert_uint_eq(user.gone_ms, 32000);
}
END_TEST

START_TEST(a_refusal_over_tcp_is_sent_once_and_waits_for_timer_h)
{
	user.answer = 486;
	receive_over_tcp("INVITE");
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_uint_eq(user.no_ack, 1);
	ck_assert_uint_eq(user.gone_ms, 32000);
}
END_TEST

/* T07: the ACK stops timer G; timer I absorbs more of them. */
START_TEST(an_ack_ends_the_resending_and_copies_are_absorbed)
{
	user.answer = 486;
	receive_method("INVITE");
	rig_advance(&rig, 600);
	for (int i = 0; i < 3; i++)
		receive_ack();
	receive_method("INVITE");
	ck_assert_uint_eq(user.acked, 1);
	ck_assert_uint_eq(user.acks, 0);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert_uint_eq(user.gone_ms, 5600);
	ck_assert_uint_eq(user.no_ack, 0);
}
END_TEST

/* T09: 17.2.1. */
START_TEST(an_invite_gets_100_after_200_ms_of_silence)
{
	receive_method("INVITE");
	rig_advance(&rig, 199);
	ck_assert_uint_eq(rig.nsent, 0);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_uint_eq(sent_status(0), 100);
	ck_assert_ptr_null(rig.message.to.tag.p);
	rig_advance(&rig, 3600 * 1000);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_uint_eq(user.gone, 0);
	ck_assert_int_eq(respond(200), OK);
}
END_TEST

START_TEST(an_invite_that_rings_at_once_gets_no_100)
{
	user.answer = 180;
	receive_method("INVITE");
	rig_advance(&rig, 3600 * 1000);
	ck_assert_uint_eq(rig.nsent, 1);
}
END_TEST

/* N8: RFC 6026 7.1: timer L absorbs copies of an accepted INVITE; the user
 * repeats the 2xx. */
START_TEST(a_repeated_invite_is_absorbed_after_its_2xx)
{
	user.answer = 200;
	receive_method("INVITE");
	receive_method("INVITE");
	ck_assert_uint_eq(user.requests, 1);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_int_eq(server_transaction_resend(user.t), OK);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert(slice_eq(rig_sent(&rig, 0)->wire, rig_sent(&rig, 1)->wire));
	ck_assert(addr_eq(&rig_sent(&rig, 0)->flow.remote,
	                  &rig_sent(&rig, 1)->flow.remote));
	rig_advance(&rig, 31999);
	receive_method("INVITE");
	ck_assert_uint_eq(user.requests, 1);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(user.gone_ms, 32000);
}
END_TEST

/* 13.2.2.4: its branch is another; RFC 6026 7.1: or, wrongly, the same. */
START_TEST(the_ack_of_a_2xx_comes_up_without_a_transaction)
{
	const struct rig_request q = {
		.method = "ACK", .to = "<sip:bob@192.0.2.1>;tag=ours",
		.via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKpeer2",
	};

	user.answer = 200;
	receive_method("INVITE");
	receive(&q);
	receive_ack();
	ck_assert_uint_eq(user.acks, 2);
	ck_assert_uint_eq(user.acked, 0);
}
END_TEST

/* --- RFC 4320 (N3) --- */

START_TEST(a_silent_user_gives_100_when_the_client_slowed_down)
{
	static const unsigned at_ms[] = { 3500 };

	receive_method("OPTIONS");
	rig_advance(&rig, 60000);
	check_instants(at_ms, 1);
	ck_assert_uint_eq(sent_status(0), 100);
	ck_assert_uint_eq(user.gone_ms, 32000);
	ck_assert_uint_eq(transactions_pending(us.transactions), 0);
}
END_TEST

START_TEST(what_rfc_4320_forbids_is_refused)
{
	static const unsigned statuses[] = { 100, 180, 183, 408 };

	receive_method("OPTIONS");
	ck_assert_int_eq(respond(statuses[_i]), ERR_BAD_STATE);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_int_eq(respond(480), OK);
}
END_TEST

START_TEST(an_answer_after_the_100_is_sent)
{
	receive_method("OPTIONS");
	rig_advance(&rig, 4000);
	receive_method("OPTIONS");
	ck_assert_uint_eq(sent_status(1), 100);
	ck_assert_int_eq(respond(200), OK);
	ck_assert_uint_eq(sent_status(2), 200);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(user.gone_ms, 36000);
}
END_TEST

/* --- matching --- */

#define BRANCH ";branch=z9hG4bKpeer1"

/* T11: 17.2.3. */
static const struct {
	const char *why;
	struct rig_request second;
	unsigned requests;
} copies[] = {
	{ "the same", { .method = "OPTIONS" }, 1 },
	{ "another sent-by host",
	  { .via = "SIP/2.0/UDP 192.0.2.8:5060" BRANCH, .cseq = 2 }, 2 },
	{ "another sent-by port",
	  { .via = "SIP/2.0/UDP 192.0.2.9:5070" BRANCH, .cseq = 2 }, 2 },
	{ "another branch",
	  { .via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKpeer2",
	    .cseq = 2 }, 2 },
	{ "another method", { .method = "MESSAGE" }, 2 },
	{ "one unheard of", { .method = "FROBNICATE" }, 2 },
	{ "with the cookie nothing else counts",
	  { .call_id = "else", .from = "<sip:x@example.com>;tag=x" }, 1 },
};

START_TEST(a_request_matches_by_branch_sent_by_and_method)
{
	receive_method("OPTIONS");
	receive(&copies[_i].second);
	ck_assert_msg(user.requests == copies[_i].requests, "%s",
	              copies[_i].why);
}
END_TEST

#define OLD "SIP/2.0/UDP 192.0.2.9:5060;branch=7"

/* T11: the second procedure of 17.2.3, for RFC 2543. */
static const struct {
	const char *why;
	struct rig_request second;
	unsigned requests;
} old_copies[] = {
	{ "the same", { .via = OLD }, 1 },
	{ "another Via", { .via = OLD "8", .cseq = 2 }, 2 },
	{ "another CSeq", { .via = OLD, .cseq = 2 }, 2 },
	{ "another method", { .via = OLD, .method = "MESSAGE" }, 2 },
	{ "another Request-URI",
	  { .via = OLD, .uri = "sip:carol@192.0.2.1",
	    .to = "<sip:bob@192.0.2.1>;tag=x" }, 2 },
	{ "another Call-ID", { .via = OLD, .call_id = "else" }, 2 },
	{ "another From tag",
	  { .via = OLD, .from = "<sip:alice@example.com>;tag=x" }, 2 },
	{ "another To tag",
	  { .via = OLD, .to = "<sip:bob@192.0.2.1>;tag=x" }, 2 },
};

START_TEST(a_request_of_rfc_2543_matches_by_its_headers)
{
	const struct rig_request first = { .via = OLD };

	receive(&first);
	receive(&old_copies[_i].second);
	ck_assert_msg(user.requests == old_copies[_i].requests, "%s",
	              old_copies[_i].why);
}
END_TEST

/* 17.2.3: the ACK's To tag is that of our response. */
START_TEST(an_ack_of_rfc_2543_matches_by_the_tag_of_the_response)
{
	const char *const tos[] = {
		"<sip:bob@192.0.2.1>", "<sip:bob@192.0.2.1>;tag=ours",
	};
	const struct rig_request invite = {
		.method = "INVITE", .via = OLD, .to = tos[_i],
	};
	struct rig_request ack = { .method = "ACK", .via = OLD };

	user.answer = 486;
	receive(&invite);
	ack.to = "<sip:bob@192.0.2.1>;tag=else";
	receive(&ack);
	ck_assert_uint_eq(user.acked, 0);
	ck_assert_uint_eq(user.acks, 1);
	ack.to = tos[1];
	receive(&ack);
	receive(&ack);
	ck_assert_uint_eq(user.acked, 1);
	ck_assert_uint_eq(user.acks, 1);
}
END_TEST

static struct server_transaction *cancelled(const struct rig_request *q)
{
	struct flow from = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");

	return server_transaction_cancelled(
		us.transactions, rig_parse(&rig, rig_request(&rig, q)), &from);
}

/* U14: 9.2: a CANCEL finds its INVITE and is a transaction of its own. */
START_TEST(a_cancel_finds_its_invite)
{
	const char *vias[] = { NULL, OLD };
	const struct rig_request invite = {
		.method = "INVITE", .via = vias[_i],
	};
	struct rig_request cancel = { .method = "CANCEL", .via = vias[_i] };
	struct server_transaction *t;

	receive(&invite);
	t = user.t;
	ck_assert_ptr_eq(cancelled(&cancel), t);
	receive(&cancel);
	ck_assert_uint_eq(user.requests, 2);
	ck_assert_ptr_ne(user.t, t);
	ck_assert_int_eq(server_transaction_method(user.t), METHOD_CANCEL);
	cancel.via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKother";
	ck_assert_ptr_null(cancelled(&cancel));
}
END_TEST

/* T12: 8.2.2.2. */
static const struct {
	const char *why;
	struct rig_request second;
	unsigned requests;
} merges[] = {
	{ "another branch", { .method = "INVITE" }, 1 },
	{ "a To tag: a dialog's own",
	  { .method = "INVITE", .to = "<sip:bob@192.0.2.1>;tag=x" }, 2 },
	{ "another CSeq", { .method = "INVITE", .cseq = 2 }, 2 },
	{ "another method", { .method = "MESSAGE" }, 2 },
	{ "another Call-ID", { .method = "INVITE", .call_id = "else" }, 2 },
	{ "another From tag",
	  { .method = "INVITE", .from = "<sip:a@example.com>;tag=x" }, 2 },
	{ "a CANCEL is for its own branch", { .method = "CANCEL" }, 2 },
};

START_TEST(a_merged_request_is_482)
{
	struct rig_request second = merges[_i].second;
	bool merged = merges[_i].requests == 1;

	receive_method("INVITE");
	second.via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKpeer2";
	receive(&second);
	ck_assert_msg(user.requests == merges[_i].requests, "%s",
	              merges[_i].why);
	ck_assert_uint_eq(rig.nsent, merged);
	if (merged)
		ck_assert_uint_eq(sent_status(0), 482);
}
END_TEST

START_TEST(two_cancels_of_a_forked_invite_are_no_merge)
{
	struct rig_request q = { .method = "CANCEL" };

	receive(&q);
	q.via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKpeer2";
	receive(&q);
	ck_assert_uint_eq(user.requests, 2);
	ck_assert_uint_eq(rig.nsent, 0);
}
END_TEST

/* --- how many --- */

static void receive_nth(const char *method, unsigned n)
{
	struct rig_request q = { .method = method, .cseq = n + 1 };
	char via[80];

	snprintf(via, sizeof(via),
	         "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKn%u", n);
	q.via = via;
	receive(&q);
}

START_TEST(too_many_unanswered_requests_get_503_and_keep_nothing)
{
	transactions_settings(us.transactions)->max_incoming = 3;
	user.watch = false;
	for (unsigned i = 0; i < 5; i++)
		receive_nth("MESSAGE", i);
	ck_assert_uint_eq(user.requests, 3);
	ck_assert_uint_eq(transactions_count(us.transactions), 3);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert_uint_eq(sent_status(0), 503);
	ck_assert(message_has(&rig.message, HEADER_RETRY_AFTER));
	receive_nth("CANCEL", 5);
	ck_assert_uint_eq(user.requests, 4);
	respond(481);
	user.answer = 200;
	rig_advance(&rig, 32000);       /* those three were never answered */
	for (unsigned i = 10; i < 20; i++)
		receive_nth("MESSAGE", i);
	ck_assert_uint_eq(user.requests, 14);
	ck_assert_uint_eq(transactions_pending(us.transactions), 0);
}
END_TEST

/* --- answering --- */

START_TEST(an_answer_may_come_long_after_the_message_is_gone)
{
	struct message m;

	receive_method("INVITE");
	message_init(&m);
	ck_assert(server_transaction_request(user.t, &m));
	ck_assert_int_eq(m.method, METHOD_INVITE);
	ck_assert_slice_eq(m.call_id, "call@example.com");
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(server_transaction_final(user.t), 0);
	ck_assert_int_eq(respond(603), OK);
	ck_assert_uint_eq(server_transaction_final(user.t), 603);
	ck_assert_uint_eq(sent_status(1), 603);
	ck_assert_slice_eq(rig.message.to.tag, "ours");
	ck_assert(!server_transaction_request(user.t, &m));
	message_deinit(&m);
}
END_TEST

START_TEST(a_second_final_response_is_refused)
{
	static const char *const methods[] = { "INVITE", "OPTIONS" };

	receive_method(methods[_i]);
	ck_assert_int_eq(respond(200), OK);
	ck_assert_int_eq(respond(486), ERR_BAD_STATE);
	ck_assert_int_eq(respond(180), ERR_BAD_STATE);
	ck_assert_uint_eq(rig.nsent, 1);
}
END_TEST

START_TEST(a_response_with_a_broken_line_is_not_sent)
{
	const struct field evil = {
		.name = SLICE_INIT("Subject"),
		.value = SLICE_INIT("x\r\nVia: y"),
	};
	const struct response_parts parts = {
		.status = 200, .fields = &evil, .nfields = 1,
	};

	receive_method("OPTIONS");
	ck_assert_int_eq(server_transaction_respond(user.t, &parts),
	                 ERR_SYNTAX);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_uint_eq(server_transaction_final(user.t), 0);
	ck_assert_int_eq(respond(200), OK);
}
END_TEST

START_TEST(nothing_said_is_nothing_to_resend)
{
	receive_method("INVITE");
	ck_assert_int_eq(server_transaction_resend(user.t), ERR_BAD_STATE);
}
END_TEST

/* --- errors of the transport --- */

/* 17.2.4: the user is told (here: by the result) and the transaction ends. */
START_TEST(an_answer_that_can_not_be_sent_ends_a_non_invite)
{
	receive_method("OPTIONS");
	us.legs[TRANSPORT_UDP]->send_error = ERR_UNREACHABLE;
	ck_assert_int_eq(respond(200), ERR_UNREACHABLE);
	ck_assert_uint_eq(user.gone, 0);
	rig_settle(&rig);
	ck_assert_uint_eq(user.failed, 1);
	ck_assert_int_eq(user.err, ERR_UNREACHABLE);
	ck_assert_uint_eq(user.gone, 1);
}
END_TEST

/* RFC 6026 8.7: it stays, and may get through later. */
START_TEST(an_answer_that_can_not_be_sent_leaves_an_invite_as_it_is)
{
	static const unsigned statuses[] = { 180, 200, 486 };

	receive_method("INVITE");
	us.legs[TRANSPORT_UDP]->send_error = ERR_UNREACHABLE;
	ck_assert_int_eq(respond(statuses[_i]), ERR_UNREACHABLE);
	us.legs[TRANSPORT_UDP]->send_error = OK;
	rig_advance(&rig, 100);
	ck_assert_uint_eq(user.gone, 0);
	ck_assert_int_eq(server_transaction_resend(user.t), OK);
	ck_assert_uint_eq(sent_status(0), statuses[_i]);
}
END_TEST

START_TEST(a_refusal_that_fails_to_be_resent_is_reported)
{
	user.answer = 486;
	receive_method("INVITE");
	us.legs[TRANSPORT_UDP]->send_error = ERR_NETWORK;
	rig_advance(&rig, 500);
	ck_assert_uint_eq(user.failed, 1);
	ck_assert_int_eq(user.err, ERR_NETWORK);
	ck_assert_uint_eq(user.gone, 0);
	us.legs[TRANSPORT_UDP]->send_error = OK;
	rig_advance(&rig, 1000);
	ck_assert_uint_eq(rig.nsent, 2);
}
END_TEST

/* T15: 18.2.2. */
START_TEST(a_lost_connection_is_replaced_for_the_answer)
{
	char text[ADDR_TEXT];

	receive_over_tcp("INVITE");
	rig_break(&us, true);
	ck_assert_int_eq(respond(200), OK);
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, text),
	                 "192.0.2.9:5060");
}
END_TEST

/* --- memory --- */

START_TEST(of_many_finished_ones_the_oldest_end_early)
{
	transactions_settings(us.transactions)->max_finished = 3;
	user.watch = false;
	user.answer = 200;
	for (unsigned i = 0; i < 5; i++)
		receive_nth("MESSAGE", i);
	rig_settle(&rig);
	ck_assert_uint_eq(transactions_count(us.transactions), 3);
	receive_nth("MESSAGE", 4);              /* the newest is known still */
	ck_assert_uint_eq(user.requests, 5);
	receive_nth("MESSAGE", 0);
	ck_assert_uint_eq(user.requests, 6);

	user.answer = 0;                        /* what waits is not counted */
	for (unsigned i = 10; i < 20; i++)
		receive_nth("INVITE", i);
	rig_settle(&rig);
	ck_assert_uint_eq(transactions_count(us.transactions), 13);
	respond(200);                           /* nor what was accepted */
	rig_settle(&rig);
	ck_assert_uint_eq(transactions_count(us.transactions), 13);
}
END_TEST

START_TEST(a_refusal_that_nobody_acks_may_end_early)
{
	transactions_settings(us.transactions)->max_finished = 1;
	user.answer = 486;
	user.watch = false;
	receive_nth("INVITE", 0);
	receive_nth("INVITE", 1);
	rig_settle(&rig);
	ck_assert_uint_eq(transactions_count(us.transactions), 1);
}
END_TEST

START_TEST(what_is_given_up_is_forgotten_and_comes_up_again)
{
	receive_method("INVITE");
	server_transaction_abandon(user.t);
	ck_assert_uint_eq(user.gone, 0);
	ck_assert_uint_eq(transactions_pending(us.transactions), 0);
	ck_assert_uint_eq(transactions_count(us.transactions), 0);
	receive_method("INVITE");
	ck_assert_uint_eq(user.requests, 2);

	respond(486);
	server_transaction_abandon(user.t);             /* too late */
	ck_assert_uint_eq(transactions_count(us.transactions), 1);
}
END_TEST

START_TEST(what_is_answered_keeps_the_answer_and_little_more)
{
	user.watch = false;
	user.answer = 200;
	receive_method("OPTIONS");
	ck_assert_ptr_null(user.t->detail);
	ck_assert_ptr_null(server_transaction_flow(user.t));
	ck_assert_uint_lt(sizeof(*user.t) + user.t->key_len, 200);
	receive_method("OPTIONS");
	ck_assert_uint_eq(rig.nsent, 2);
}
END_TEST

START_TEST(what_is_watched_keeps_its_flow_until_it_is_not)
{
	user.answer = 200;
	receive_method("OPTIONS");
	ck_assert_ptr_nonnull(server_transaction_flow(user.t));
	server_transaction_watch(user.t, NULL, NULL);
	ck_assert_ptr_null(server_transaction_flow(user.t));
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(user.gone, 0);
}
END_TEST

/* With each allocation failing in turn: the request comes up and may be
 * answered, or is refused or dropped, and nothing is left behind. */
START_TEST(short_memory_never_leaves_a_transaction_behind)
{
	static const char *const methods[] = { "INVITE", "OPTIONS" };
	const struct rig_request q = { .method = methods[_i % 2] };
	struct slice text = rig_request(&rig, &q);
	struct flow from = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		rig_forget(&rig);
		memset(&user, 0, sizeof(user));
		user.watch = true;
		user.answer = _i < 2 ? 0 : 486;
		test_alloc_fail(n);
		rig_inject_over(&us, &from, text);
		failed = test_alloc_restore();
		rig_advance(&rig, 1000);
		if (user.requests != 0 && user.gone == 0)
			respond(486);   /* unless it was */
		receive_ack();
		rig_advance(&rig, 120 * 1000);
		ck_assert_uint_eq(user.gone, user.requests);
		ck_assert_uint_eq(transactions_count(us.transactions), 0);
	}
}
END_TEST

/* --- the tables, cell by cell --- */

struct cell {
	enum state in;
	enum server_input_event on;
	enum state next;
};

static const struct cell invite_cells[] = {
	{ PROCEEDING, ON_REQUEST, PROCEEDING },
	{ PROCEEDING, ON_TIMER_100, PROCEEDING },
	{ PROCEEDING, ON_SEND_1XX, PROCEEDING },
	{ PROCEEDING, ON_SEND_2XX, ACCEPTED },
	{ PROCEEDING, ON_SEND_3XX_6XX, COMPLETED },
	{ PROCEEDING, ON_RESEND, PROCEEDING },
	{ PROCEEDING, ON_REPLY_ERROR, PROCEEDING },
	{ ACCEPTED, ON_REQUEST, ACCEPTED },
	{ ACCEPTED, ON_ACK, ACCEPTED },
	{ ACCEPTED, ON_RESEND, ACCEPTED },
	{ ACCEPTED, ON_TIMER_L, TERMINATED },
	{ ACCEPTED, ON_REPLY_ERROR, ACCEPTED },
	{ COMPLETED, ON_REQUEST, COMPLETED },
	{ COMPLETED, ON_ACK, CONFIRMED },
	{ COMPLETED, ON_RESEND, COMPLETED },
	{ COMPLETED, ON_TIMER_G, COMPLETED },
	{ COMPLETED, ON_TIMER_H, TERMINATED },
	{ COMPLETED, ON_REPLY_ERROR, COMPLETED },
	{ CONFIRMED, ON_ACK, CONFIRMED },
	{ CONFIRMED, ON_TIMER_I, TERMINATED },
};

static const struct cell other_cells[] = {
	{ TRYING, ON_REQUEST, TRYING },
	{ TRYING, ON_TIMER_100, PROCEEDING },
	{ TRYING, ON_SEND_2XX, COMPLETED },
	{ TRYING, ON_SEND_3XX_6XX, COMPLETED },
	{ TRYING, ON_REPLY_ERROR, TERMINATED },
	{ PROCEEDING, ON_REQUEST, PROCEEDING },
	{ PROCEEDING, ON_SEND_2XX, COMPLETED },
	{ PROCEEDING, ON_SEND_3XX_6XX, COMPLETED },
	{ PROCEEDING, ON_RESEND, PROCEEDING },
	{ PROCEEDING, ON_UNANSWERED, TERMINATED },
	{ PROCEEDING, ON_REPLY_ERROR, TERMINATED },
	{ COMPLETED, ON_REQUEST, COMPLETED },
	{ COMPLETED, ON_RESEND, COMPLETED },
	{ COMPLETED, ON_TIMER_J, TERMINATED },
	{ COMPLETED, ON_REPLY_ERROR, TERMINATED },
};

static enum state expected(bool invite, enum state in,
                           enum server_input_event on)
{
	const struct cell *cells = invite ? invite_cells : other_cells;
	size_t n = invite ? ARRAY_LEN(invite_cells) : ARRAY_LEN(other_cells);

	for (size_t i = 0; i < n; i++)
		if (cells[i].in == in && cells[i].on == on)
			return cells[i].next;
	return STATE_NONE;
}

static bool reach(bool invite, enum state state)
{
	receive_method(invite ? "INVITE" : "OPTIONS");
	if (state == PROCEEDING)
		rig_advance(&rig, 4000);
	if (state == ACCEPTED)
		respond(200);
	if (state == COMPLETED || state == CONFIRMED)
		respond(486);
	if (state == CONFIRMED && invite)
		receive_ack();
	return user.t->state == state;
}

START_TEST(every_event_in_every_state_does_what_the_figure_says)
{
	bool invite = _i / (STATE_COUNT * SERVER_EVENT_COUNT) == 0;
	enum state in = _i / SERVER_EVENT_COUNT % STATE_COUNT, next;
	enum server_input_event on = _i % SERVER_EVENT_COUNT;
	struct flow from = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");
	struct server_input input = { .from = &from, .err = ERR_NETWORK };
	const struct rig_request q = { 0 };
	unsigned heard;
	size_t sent;

	if (!reach(invite, in))
		return;
	sent = rig.nsent;
	heard = user.acks + user.acked + user.no_ack + user.failed;
	next = expected(invite, in, on);
	input.m = rig_parse(&rig, rig_request(&rig, &q));
	server_step(user.t, on, &input);
	if (next != STATE_NONE) {
		ck_assert_uint_eq(user.t->state, next);
	} else {
		ck_assert_uint_eq(user.t->state, in);
		ck_assert_uint_eq(rig.nsent, sent);
		ck_assert_uint_eq(user.acks + user.acked + user.no_ack
		                  + user.failed, heard);
	}
	ck_assert_uint_eq(user.gone, next == TERMINATED);
	rig_advance(&rig, 3600 * 1000);
}
END_TEST

static void add_retransmissions(TCase *tests)
{
	tcase_add_test(
		tests,
		a_repeated_request_gets_the_same_answer_and_comes_up_once);
	tcase_add_test(tests, a_repeated_request_waits_for_the_answer);
	tcase_add_test(tests, over_tcp_an_answered_request_is_over);
	tcase_add_test(tests,
	               a_repeated_invite_gets_the_last_provisional_response);
	tcase_add_test(tests, a_refusal_is_resent_until_timer_h);
	tcase_add_test(tests,
	               a_refusal_over_tcp_is_sent_once_and_waits_for_timer_h);
	tcase_add_test(tests,
	               an_ack_ends_the_resending_and_copies_are_absorbed);
	tcase_add_test(tests, an_invite_gets_100_after_200_ms_of_silence);
	tcase_add_test(tests, an_invite_that_rings_at_once_gets_no_100);
	tcase_add_test(tests, a_repeated_invite_is_absorbed_after_its_2xx);
	tcase_add_test(tests, the_ack_of_a_2xx_comes_up_without_a_transaction);
	tcase_add_test(tests,
	               a_silent_user_gives_100_when_the_client_slowed_down);
	tcase_add_loop_test(tests, what_rfc_4320_forbids_is_refused, 0, 4);
	tcase_add_test(tests, an_answer_after_the_100_is_sent);
}

static void add_matching(TCase *tests)
{
	tcase_add_loop_test(tests,
	                    a_request_matches_by_branch_sent_by_and_method, 0,
	                    ARRAY_LEN(copies));
	tcase_add_loop_test(tests, a_request_of_rfc_2543_matches_by_its_headers,
	                    0, ARRAY_LEN(old_copies));
	tcase_add_loop_test(
		tests, an_ack_of_rfc_2543_matches_by_the_tag_of_the_response,
		0, 2);
	tcase_add_loop_test(tests, a_cancel_finds_its_invite, 0, 2);
	tcase_add_loop_test(tests, a_merged_request_is_482, 0,
	                    ARRAY_LEN(merges));
	tcase_add_test(tests, two_cancels_of_a_forked_invite_are_no_merge);
	tcase_add_test(tests,
	               too_many_unanswered_requests_get_503_and_keep_nothing);
}

static void add_answers(TCase *tests)
{
	tcase_add_test(tests,
	               an_answer_may_come_long_after_the_message_is_gone);
	tcase_add_loop_test(tests, a_second_final_response_is_refused, 0, 2);
	tcase_add_test(tests, a_response_with_a_broken_line_is_not_sent);
	tcase_add_test(tests, nothing_said_is_nothing_to_resend);
	tcase_add_test(tests,
	               an_answer_that_can_not_be_sent_ends_a_non_invite);
	tcase_add_loop_test(
		tests,
		an_answer_that_can_not_be_sent_leaves_an_invite_as_it_is, 0, 3);
	tcase_add_test(tests, a_refusal_that_fails_to_be_resent_is_reported);
	tcase_add_test(tests, a_lost_connection_is_replaced_for_the_answer);
	tcase_add_test(tests,
	               what_is_answered_keeps_the_answer_and_little_more);
	tcase_add_test(tests, of_many_finished_ones_the_oldest_end_early);
	tcase_add_test(tests, a_refusal_that_nobody_acks_may_end_early);
	tcase_add_test(tests,
	               what_is_given_up_is_forgotten_and_comes_up_again);
	tcase_add_test(tests, what_is_watched_keeps_its_flow_until_it_is_not);
	tcase_add_loop_test(tests,
	                    short_memory_never_leaves_a_transaction_behind, 0,
	                    4);
	tcase_add_loop_test(
		tests, every_event_in_every_state_does_what_the_figure_says, 0,
		2 * STATE_COUNT * SERVER_EVENT_COUNT);
}

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("server transaction", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	add_retransmissions(tests);
	add_matching(tests);
	add_answers(tests);
	return s;
}

int main(void)
{
	return test_main(suite());
}
