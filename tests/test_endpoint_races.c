/* The endpoint when messages cross: CANCEL, glare, and the flows of RFC 5407,
 * which are named by their section. */

#include "tests/agent.h"

static struct rig rig;
static struct agent alice, bob;

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
}

static void tear_down(void)
{
	agent_deinit(&alice);
	rig_deinit(&rig);
}

static void reply(const char *start, size_t nth, unsigned status)
{
	rig_reply_status(&rig, agent_sent(&alice, start, nth), status);
}

static const struct rig_request nothing = { 0 };
static const struct rig_request with_offer = {
	.contact = "<sip:bob@192.0.2.9>",
	.content_type = "application/sdp",
	.body = agent_offer,
};

/* --- CANCEL --- */

/* U12 */
START_TEST(cancel_waits_for_a_provisional_response)
{
	struct context *ctx = agent_call(&alice);

	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, agent_hear,
	                                         &alice), 1);
	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, NULL, NULL),
	                  0);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CANCELLING);
	rig_advance(&rig, 400);
	ck_assert_uint_eq(agent_count(&alice, "CANCEL "), 0);
	reply("INVITE ", 0, 100);
	ck_assert_uint_eq(agent_count(&alice, "CANCEL "), 1);
}
END_TEST

/* U12 */
START_TEST(cancel_looks_like_its_invite)
{
	static const enum header_id same[] = {
		HEADER_VIA, HEADER_FROM, HEADER_TO, HEADER_CALL_ID,
	};
	struct context *ctx = agent_call(&alice);
	struct slice invite[4], cancel;
	const struct message *m;

	reply("INVITE ", 0, 180);
	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, NULL, NULL),
	                  1);
	for (size_t i = 0; i < 4; i++)
		invite[i] = agent_header(&alice, "INVITE ", 0, same[i]);
	for (size_t i = 0; i < 4; i++) {
		cancel = agent_header(&alice, "CANCEL ", 0, same[i]);
		ck_assert(slice_eq(cancel, invite[i]));
	}
	m = rig_parse(&rig, agent_sent(&alice, "CANCEL ", 0)->wire);
	ck_assert_slice_eq(m->uri_text, "sip:bob@192.0.2.9");
	ck_assert_uint_eq(m->cseq.number, 1);
}
END_TEST

START_TEST(a_cancelled_call_ends_with_its_487)
{
	struct context *ctx = agent_call(&alice);

	reply("INVITE ", 0, 180);
	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	reply("CANCEL ", 0, 200);
	ck_assert_int_eq(agent_last(&alice)->method, METHOD_CANCEL);
	ck_assert_uint_eq(alice.nendings, 0);
	reply("INVITE ", 0, 487);
	ck_assert_int_eq(agent_last(&alice)->method, METHOD_INVITE);
	ck_assert_uint_eq(agent_last(&alice)->status, 487);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 1);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
	ck_assert(!agent_ending(&alice)->by_remote);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* U12 */
START_TEST(a_cancel_that_ends_nothing_gives_up_after_64_t1)
{
	struct context *ctx = agent_call(&alice);

	reply("INVITE ", 0, 180);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, NULL, NULL),
	                  1);
	reply("CANCEL ", 0, 200);
	rig_advance(&rig, 31999);
	ck_assert_uint_eq(alice.nendings, 0);
	rig_advance(&rig, 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_CANCELLED);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

START_TEST(a_cancelled_invite_that_nobody_heard_times_out)
{
	struct context *ctx = agent_call(&alice);

	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, NULL, NULL),
	                  1);
	rig_advance(&rig, 32000);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_TIMEOUT);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
	ck_assert_uint_eq(agent_count(&alice, "CANCEL "), 0);
}
END_TEST

/* U13, RFC 5407 3.1.2 from the caller's side */
START_TEST(a_2xx_that_crosses_cancel_is_acked_and_byed)
{
	struct context *ctx = agent_call(&alice);

	reply("INVITE ", 0, 180);
	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, NULL, NULL),
	                  1);
	reply("INVITE ", 0, 200);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	ck_assert(agent_last(&alice)->unwanted);
	reply("CANCEL ", 0, 200);
	reply("BYE ", 0, 200);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
	ck_assert(!agent_ending(&alice)->was_up);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(alice.nclosed, 1);
	ck_assert_uint_eq(alice.nendings, 1);
}
END_TEST

START_TEST(an_invite_whose_name_is_being_looked_up_is_never_sent)
{
	struct context *ctx;
	enum error err;

	rig.lookup_delay_ms = 300;
	rig_add_address(&rig, "slow.example", "192.0.2.9");
	ctx = endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@example.com"),
		.to = SLICE("sip:bob@slow.example"),
	}, &(struct request_params){ .fn = agent_hear, .arg = &alice }, &err);
	context_watch(ctx, agent_watch, &alice);
	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, NULL, NULL),
	                  1);
	ck_assert_uint_eq(alice.noutcomes, 0);
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_CANCELLED);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
}
END_TEST

/* U14, RFC 5407 3.1.2 */
START_TEST(cancel_after_our_2xx_changes_nothing)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, &(struct rig_request){
		.method = "CANCEL",
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = "<sip:alice@192.0.2.1>",
	}));
	ck_assert_int_eq(rig_parse(&rig, rig_last(&rig)->wire)->cseq.method,
	                 METHOD_CANCEL);
	ck_assert_uint_eq(rig.message.status, 200);
	ck_assert_int_eq(context_state(ctx), CONTEXT_ANSWERED);
	ck_assert_uint_eq(alice.nincoming, 1);
}
END_TEST

/* --- the callee between its 2xx and the ACK --- */

/* RFC 5407 3.1.1, N8 */
START_TEST(an_invite_that_comes_again_after_the_2xx_is_absorbed)
{
	agent_ring(&alice);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, &(struct rig_request){
		.method = "INVITE",
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = "<sip:alice@192.0.2.1>",
		.contact = "<sip:bob@192.0.2.9>",
	}));
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 1);
}
END_TEST

/* RFC 5407 3.1.4: offer and answer are done, so this one may be answered. */
START_TEST(a_reinvite_before_the_ack_may_follow_our_answer)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "INVITE", 2,
	                 &with_offer);
	ck_assert_uint_eq(alice.nincoming, 2);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	agent_peer_acks(&alice);
	ck_assert_uint_eq(alice.nincoming, 3);
}
END_TEST

/* RFC 5407 3.1.5: our offer has no answer yet. */
START_TEST(a_reinvite_before_the_ack_of_our_offer_is_491)
{
	struct context *ctx;

	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, &(struct rig_request){
		.method = "INVITE", .contact = "<sip:bob@192.0.2.9>",
	}));
	ctx = endpoint_find_context(alice.ep,
	                            agent_last_incoming(&alice)->context);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "INVITE", 2,
	                 &with_offer);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 491"), 1);
	ck_assert_uint_eq(alice.nincoming, 1);
}
END_TEST

/* RFC 5407 3.1.6 */
START_TEST(a_bye_before_the_ack_ends_the_call_and_its_2xx)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 2, &nothing);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 2);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 0);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* 15: the callee waits for the ACK. */
START_TEST(the_callee_hangs_up_when_the_ack_is_there)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 0);
	agent_peer_acks(&alice);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	reply("BYE ", 0, 200);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert(!agent_ending(&alice)->by_remote);
}
END_TEST

START_TEST(the_callee_hangs_up_when_the_ack_never_comes)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	rig_advance(&rig, 32000);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	reply("BYE ", 0, 200);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* --- hanging up --- */

/* RFC 5407 3.2.1 */
START_TEST(two_byes_that_cross_are_both_answered)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 1, &nothing);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 1);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert(!agent_ending(&alice)->by_remote);
	reply("BYE ", 0, 481);
	ck_assert_uint_eq(agent_last(&alice)->status, 481);
	ck_assert_uint_eq(alice.nendings, 1);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
}
END_TEST

static void hang_up(struct agent *a, struct context *ctx,
                    const struct incoming *in)
{
	if (in->request->method == METHOD_BYE)
		ck_assert(!endpoint_hangup(a->ep, ctx, agent_hear, a));
}

START_TEST(who_hangs_up_when_told_of_a_bye_sends_none)
{
	struct context *ctx = agent_talk(&alice);

	alice.on_incoming = hang_up;
	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 1, &nothing);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 0);
	ck_assert(agent_ending(&alice)->by_remote);
}
END_TEST

/* RFC 5407 3.2.2 */
START_TEST(a_reinvite_behind_our_bye_is_481)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	agent_peer_sends(&alice, context_dialog(ctx), "INVITE", 1,
	                 &with_offer);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 481"), 1);
	ck_assert_uint_eq(alice.nincoming, 0);
}
END_TEST

/* RFC 5407 3.2.3 */
START_TEST(a_2xx_to_our_reinvite_behind_our_bye_is_acked)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	reply("INVITE ", 0, 200);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 1);
	reply("BYE ", 0, 200);
	ck_assert_uint_eq(alice.nendings, 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
}
END_TEST

START_TEST(a_bye_that_meets_our_reinvite_ends_the_call)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 1, &nothing);
	reply("INVITE ", 0, 487);
	ck_assert_uint_eq(agent_last(&alice)->status, 487);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert(agent_ending(&alice)->by_remote);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* RFC 5407 3.1.3 */
START_TEST(a_bye_may_be_sent_in_an_early_dialog_by_the_caller)
{
	struct context *ctx = agent_call(&alice);

	reply("INVITE ", 0, 180);
	ck_assert_int_eq(agent_send(&alice, ctx, "BYE"), OK);
	reply("BYE ", 0, 200);
	reply("INVITE ", 0, 487);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(alice.nendings, 1);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

START_TEST(a_2xx_that_crosses_a_bye_in_an_early_dialog_is_acked)
{
	struct context *ctx = agent_call(&alice);

	reply("INVITE ", 0, 180);
	ck_assert_int_eq(agent_send(&alice, ctx, "BYE"), OK);
	reply("INVITE ", 0, 200);
	ck_assert(agent_last(&alice)->unwanted);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 1);
	ck_assert_int_eq(context_state(ctx), CONTEXT_HANGING_UP);
	reply("BYE ", 0, 481);
	ck_assert_uint_eq(alice.nendings, 1);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* 15.1.1: whatever it says, the dialog is over. */
START_TEST(every_answer_to_bye_ends_the_call)
{
	static const unsigned statuses[] = { 200, 403, 481, 408, 500 };
	struct context *ctx = agent_talk(&alice);

	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	reply("BYE ", 0, statuses[_i]);
	ck_assert_uint_eq(agent_last(&alice)->status, statuses[_i]);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
}
END_TEST

START_TEST(a_bye_that_nobody_answers_ends_the_call_too)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	rig_advance(&rig, 32000);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_TIMEOUT);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* --- glare --- */

/* U21 */
START_TEST(an_invite_while_theirs_is_open_is_500_with_retry_after)
{
	struct context *ctx = agent_be_called(&alice);
	uint32_t delay_s;

	agent_peer_sends(&alice, context_dialog(ctx), "INVITE", 2,
	                 &with_offer);
	agent_peer_sends(&alice, context_dialog(ctx), "INVITE", 3,
	                 &with_offer);
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert(retry_after_parse(agent_header(&alice, "SIP/2.0 500", 0,
	                                         HEADER_RETRY_AFTER),
	                            &delay_s));
	ck_assert_uint_le(delay_s, 10);
	/* 14.1: nor do we open another. */
	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), ERR_BAD_STATE);
}
END_TEST

/* U21, RFC 5407 3.3.1 */
START_TEST(an_invite_that_crosses_ours_is_491)
{
	struct context *ctx = agent_be_called(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "INVITE", 2,
	                 &with_offer);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 491"), 1);
	ck_assert_uint_eq(alice.nincoming, 0);
}
END_TEST

/* RFC 5407 3.3.2 */
START_TEST(an_update_with_an_offer_that_crosses_our_invite_is_491)
{
	struct context *ctx = agent_be_called(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "UPDATE", 2,
	                 &with_offer);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 491"), 1);
	agent_peer_sends(&alice, context_dialog(ctx), "UPDATE", 3, &nothing);
	ck_assert_uint_eq(alice.nincoming, 1);
}
END_TEST

/* U21 */
static const struct {
	bool caller;
	uint64_t least_ms, most_ms;
} waits[] = {
	{ true, 2100, 4000 },
	{ false, 0, 2000 },
};

START_TEST(after_491_the_callers_wait_is_longer)
{
	struct context *ctx = waits[_i].caller ? agent_talk(&alice)
	                                       : agent_be_called(&alice);
	uint64_t start_ms, waited_ms;

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	reply("INVITE ", 0, 491);
	ck_assert_uint_eq(alice.noutcomes, 0);
	start_ms = rig_now_ms(&rig);
	rig_advance(&rig, 4000);
	ck_assert_uint_ge(agent_count(&alice, "INVITE "), 2);
	waited_ms = agent_sent(&alice, "INVITE ", 1)->at_ms - start_ms;
	ck_assert_uint_ge(waited_ms, waits[_i].least_ms);
	ck_assert_uint_le(waited_ms, waits[_i].most_ms);
	ck_assert_uint_eq(waited_ms % 10, 0);
	reply("INVITE ", 1, 200);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
}
END_TEST

START_TEST(a_peer_that_always_says_491_is_not_asked_for_ever)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	for (unsigned i = 0; i < 5; i++) {
		reply("INVITE ", 0, 491);
		if (alice.noutcomes != 0)
			break;
		rig_forget(&rig);
		rig_advance(&rig, 4000);
	}
	ck_assert_uint_eq(agent_last(&alice)->status, 491);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
}
END_TEST

START_TEST(a_call_that_ends_while_it_waits_is_not_bothered)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	reply("INVITE ", 0, 491);
	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 1, &nothing);
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_CANCELLED);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* --- two endpoints over a bad wire --- */

static void answer(struct agent *a, struct context *ctx,
                   const struct incoming *in)
{
	(void)ctx;
	if (in->id != 0)
		(void)endpoint_new_response(a->ep, in->id,
		                            &(struct response_parts){
			.status = 200,
		});
}

static struct context *call_bob(void)
{
	struct context *ctx;
	enum error err;

	ctx = endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@192.0.2.1"),
		.to = SLICE("sip:bob@192.0.2.2"),
	}, &(struct request_params){
		.content_type = SLICE("application/sdp"),
		.body = slice_str(agent_offer),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
	context_watch(ctx, agent_watch, &alice);
	return ctx;
}

static void join_bob(void)
{
	agent_init(&bob, &rig, "192.0.2.2", RIG_UDP);
	bob.on_incoming = answer;
}

static void lose_first_ack(const struct rig_sent *sent, size_t nth,
                           struct rig_fate *fate, void *arg)
{
	unsigned *lost = arg;

	(void)nth;
	if (slice_starts_with(sent->wire, SLICE("ACK ")) && (*lost)++ == 0)
		fate->copies = 0;
}

START_TEST(an_ack_that_was_lost_is_sent_again_for_the_next_2xx)
{
	unsigned lost = 0;

	join_bob();
	rig_set_fate(&rig, lose_first_ack, &lost);
	(void)call_bob();
	rig_advance(&rig, 1000);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 200"), 2);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 2);
	ck_assert_int_eq(agent_last_incoming(&bob)->method, METHOD_ACK);
	agent_deinit(&bob);
}
END_TEST

static void slowly(const struct rig_sent *sent, size_t nth,
                   struct rig_fate *fate, void *arg)
{
	(void)sent;
	(void)nth;
	(void)arg;
	fate->delay_ms[0] = 50;
}

/* RFC 5407 3.3.1 from end to end: both get 491, both try again, and both
 * get through, for their delays do not overlap. */
START_TEST(two_reinvites_that_cross_both_come_through_in_the_end)
{
	struct context *ctx, *theirs;

	join_bob();
	rig_set_fate(&rig, slowly, NULL);
	ctx = call_bob();
	rig_advance(&rig, 1000);
	theirs = endpoint_find_context(bob.ep,
	                               agent_last_incoming(&bob)->context);
	alice.on_incoming = answer;
	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	ck_assert_int_eq(agent_send(&bob, theirs, "INVITE"), OK);
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 491"), 1);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 491"), 1);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	ck_assert_uint_eq(agent_last(&bob)->status, 200);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	ck_assert_int_eq(context_state(theirs), CONTEXT_CONFIRMED);
	agent_deinit(&bob);
}
END_TEST

/* Whatever is lost, repeated and reordered: calls end at both ends, and
 * nothing stays. */
START_TEST(no_call_outlives_a_bad_wire)
{
	struct rig_noise noise = {
		.state = 1 + (uint64_t)_i,
		.loss_percent = 25,
		.repeat_percent = 25,
		.delay_max_ms = 900,
	};
	struct context *ctx;
	uint64_t id;

	join_bob();
	rig_set_fate(&rig, rig_noise_fate, &noise);
	id = context_id(call_bob());
	rig_advance(&rig, (uint64_t)_i * 700 % 9000);
	ctx = endpoint_find_context(alice.ep, id);
	if (ctx != NULL && _i % 3 == 0)
		(void)agent_send(&alice, ctx, "INVITE");
	rig_advance(&rig, (uint64_t)_i * 300 % 2500);
	ctx = endpoint_find_context(alice.ep, id);
	if (ctx != NULL)
		(void)endpoint_hangup(alice.ep, ctx, NULL, NULL);
	rig_advance(&rig, 200000);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
	ck_assert_uint_eq(endpoint_contexts(bob.ep), 0);
	ck_assert_uint_eq(alice.nendings, 1);
	ck_assert_uint_le(bob.nendings, 1);
	ck_assert_uint_eq(bob.nclosed, bob.nendings);
	ck_assert_uint_eq(transactions_count(alice.party.transactions), 0);
	ck_assert_uint_eq(transactions_count(bob.party.transactions), 0);
	agent_deinit(&bob);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_races", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, cancel_waits_for_a_provisional_response);
	tcase_add_test(tests, cancel_looks_like_its_invite);
	tcase_add_test(tests, a_cancelled_call_ends_with_its_487);
	tcase_add_test(tests, a_cancel_that_ends_nothing_gives_up_after_64_t1);
	tcase_add_test(tests, a_cancelled_invite_that_nobody_heard_times_out);
	tcase_add_test(tests, a_2xx_that_crosses_cancel_is_acked_and_byed);
	tcase_add_test(tests,
	               an_invite_whose_name_is_being_looked_up_is_never_sent);
	tcase_add_test(tests, cancel_after_our_2xx_changes_nothing);
	tcase_add_test(tests,
	               an_invite_that_comes_again_after_the_2xx_is_absorbed);
	tcase_add_test(tests, a_reinvite_before_the_ack_may_follow_our_answer);
	tcase_add_test(tests, a_reinvite_before_the_ack_of_our_offer_is_491);
	tcase_add_test(tests, a_bye_before_the_ack_ends_the_call_and_its_2xx);
	tcase_add_test(tests, the_callee_hangs_up_when_the_ack_is_there);
	tcase_add_test(tests, the_callee_hangs_up_when_the_ack_never_comes);
	tcase_add_test(tests, two_byes_that_cross_are_both_answered);
	tcase_add_test(tests, who_hangs_up_when_told_of_a_bye_sends_none);
	tcase_add_test(tests, a_reinvite_behind_our_bye_is_481);
	tcase_add_test(tests, a_2xx_to_our_reinvite_behind_our_bye_is_acked);
	tcase_add_test(tests, a_bye_that_meets_our_reinvite_ends_the_call);
	tcase_add_test(tests,
	               a_bye_may_be_sent_in_an_early_dialog_by_the_caller);
	tcase_add_test(tests,
	               a_2xx_that_crosses_a_bye_in_an_early_dialog_is_acked);
	tcase_add_loop_test(tests, every_answer_to_bye_ends_the_call, 0, 5);
	tcase_add_test(tests, a_bye_that_nobody_answers_ends_the_call_too);
	tcase_add_test(tests,
	               an_invite_while_theirs_is_open_is_500_with_retry_after);
	tcase_add_test(tests, an_invite_that_crosses_ours_is_491);
	tcase_add_test(tests,
	               an_update_with_an_offer_that_crosses_our_invite_is_491);
	tcase_add_loop_test(tests, after_491_the_callers_wait_is_longer, 0,
	                    ARRAY_LEN(waits));
	tcase_add_test(tests,
	               a_peer_that_always_says_491_is_not_asked_for_ever);
	tcase_add_test(tests, a_call_that_ends_while_it_waits_is_not_bothered);
	tcase_add_test(tests,
	               an_ack_that_was_lost_is_sent_again_for_the_next_2xx);
	tcase_add_test(tests,
	               two_reinvites_that_cross_both_come_through_in_the_end);
	tcase_add_loop_test(tests, no_call_outlives_a_bad_wire, 0, 100);
	return s;
}

int main(void)
{
	return test_main(suite());
}
