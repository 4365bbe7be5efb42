/* F2: the flows of RFC 5407, each between two endpoints on a wire of 50 ms,
 * with either end in either part. */

#include "tests/agent.h"

static struct rig rig;
static struct agent alice, bob;
static uint64_t alices, bobs;           /* the ids of their contexts */

/* What the wire does to messages that begin so. */
static struct {
	const char *start;
	unsigned lost;                  /* the first so many */
	uint32_t delay_ms;              /* of the others; 0: as all do */
} special;

static void wire(const struct rig_sent *sent, size_t nth,
                 struct rig_fate *fate, void *arg)
{
	(void)nth;
	(void)arg;
	fate->delay_ms[0] = 50;
	if (special.start == NULL
	    || !slice_starts_with(sent->wire, slice_str(special.start)))
		return;
	if (special.lost != 0) {
		special.lost--;
		fate->copies = 0;
	} else if (special.delay_ms != 0) {
		fate->delay_ms[0] = special.delay_ms;
	}
}

static const char may[] = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, "
	"REFER";

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
	agent_init(&bob, &rig, "192.0.2.2", RIG_UDP);
	alice.settings.allow = bob.settings.allow = slice_str(may);
	special.start = NULL;
	special.lost = special.delay_ms = 0;
	rig_set_fate(&rig, wire, NULL);
}

static void tear_down(void)
{
	agent_deinit(&alice);
	agent_deinit(&bob);
	rig_deinit(&rig);
}

/* --- parts --- */

static struct context *context_of(struct agent *a)
{
	return endpoint_find_context(a->ep, a == &alice ? alices : bobs);
}

static struct agent *other(struct agent *a)
{
	return a == &alice ? &bob : &alice;
}

/* _i is 0 where the caller begins, 1 where the callee does. */
static struct agent *beginner(int i)
{
	return i == 0 ? &alice : &bob;
}

static void answer_all(struct agent *a, struct context *ctx,
                       const struct incoming *in)
{
	(void)ctx;
	if (in->id != 0)
		(void)endpoint_new_response(a->ep, in->id,
		                            &(struct response_parts){
			.status = 200,
		});
}

static void call_with(const char *offer)
{
	struct context *ctx;
	enum error err;

	ctx = endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@192.0.2.1"),
		.to = SLICE("sip:bob@192.0.2.2"),
	}, &(struct request_params){
		.content_type = offer == NULL ? SLICE_EMPTY
		                              : SLICE("application/sdp"),
		.body = slice_str(offer),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
	context_watch(ctx, agent_watch, &alice);
	alices = context_id(ctx);
}

/* Bob has the INVITE, and says so. */
static void ring(const char *offer, unsigned status)
{
	call_with(offer);
	rig_advance(&rig, 50);
	bobs = agent_last_incoming(&bob)->context;
	if (status != 0)
		ck_assert_int_eq(agent_answer(&bob, status), OK);
}

static void talk(void)
{
	ring(agent_offer, 200);
	rig_advance(&rig, 500);
	ck_assert_int_eq(context_state(context_of(&alice)),
	                 CONTEXT_CONFIRMED);
	ck_assert_int_eq(context_state(context_of(&bob)), CONTEXT_CONFIRMED);
	alice.on_incoming = bob.on_incoming = answer_all;
	alice.noutcomes = bob.noutcomes = 0;
	alice.nincoming = bob.nincoming = 0;
	rig_forget(&rig);
}

static void send_offer(struct agent *a, const char *method)
{
	enum error err;

	(void)endpoint_new_request(a->ep, context_of(a), NULL,
	                           &(struct request_params){
		.method = slice_str(method),
		.content_type = SLICE("application/sdp"),
		.body = slice_str(agent_offer),
		.fn = agent_hear,
		.arg = a,
	}, &err);
	ck_assert_int_eq(err, OK);
}

static void hang_up(struct agent *a)
{
	ck_assert(endpoint_hangup(a->ep, context_of(a), agent_hear, a));
}

/* --- ends --- */

/* Each end was told once, and in the end nothing is left anywhere. */
static void check_over(void)
{
	rig_advance(&rig, 120000);
	ck_assert_uint_eq(alice.nendings, 1);
	ck_assert_uint_eq(bob.nendings, 1);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
	ck_assert_uint_eq(endpoint_contexts(bob.ep), 0);
	ck_assert_uint_eq(transactions_count(alice.party.transactions), 0);
	ck_assert_uint_eq(transactions_count(bob.party.transactions), 0);
}

static void check_up(void)
{
	ck_assert_int_eq(context_state(context_of(&alice)),
	                 CONTEXT_CONFIRMED);
	ck_assert_int_eq(context_state(context_of(&bob)), CONTEXT_CONFIRMED);
	ck_assert_uint_eq(alice.nendings + bob.nendings, 0);
	hang_up(&alice);
	check_over();
}

/* --- 3.1: while the callee waits for the ACK of its 2xx --- */

/* 3.1.1 */
START_TEST(an_invite_sent_again_behind_the_2xx_is_absorbed)
{
	special.start = "SIP/2.0 200";
	special.delay_ms = 800;
	ring(agent_offer, 200);
	rig_advance(&rig, 3000);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 2);
	ck_assert_int_eq(bob.incoming[0].method, METHOD_INVITE);
	ck_assert_int_eq(bob.incoming[1].method, METHOD_ACK);
	ck_assert_uint_eq(bob.nincoming, 2);
	ck_assert_uint_eq(agent_count(&alice, "ACK "),
	                  agent_count(&bob, "SIP/2.0 200"));
	check_up();
}
END_TEST

/* 3.1.2 */
START_TEST(a_cancel_that_crosses_the_2xx_ends_in_ack_and_bye)
{
	ring(agent_offer, 180);
	rig_advance(&rig, 50);
	hang_up(&alice);                        /* CANCEL */
	ck_assert_int_eq(agent_answer(&bob, 200), OK);
	rig_advance(&rig, 1000);
	ck_assert_uint_eq(agent_count(&alice, "CANCEL "), 1);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 487"), 0);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
	ck_assert_str_eq(agent_ending(&bob)->cause, "bye");
	check_over();
}
END_TEST

/* 3.1.3 */
START_TEST(a_bye_of_an_early_dialog_that_crosses_the_2xx_ends_the_call)
{
	ring(agent_offer, 180);
	rig_advance(&rig, 50);
	ck_assert_int_eq(agent_send(&alice, context_of(&alice), "BYE"), OK);
	ck_assert_int_eq(agent_answer(&bob, 200), OK);
	rig_advance(&rig, 1000);
	ck_assert_uint_ge(agent_count(&alice, "ACK "), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	ck_assert(agent_ending(&bob)->by_remote);
	check_over();
}
END_TEST

/* 3.1.4 */
START_TEST(a_reinvite_that_overtakes_the_ack_goes_through)
{
	special.start = "ACK ";
	special.lost = 1;
	ring(agent_offer, 200);
	rig_advance(&rig, 50);
	bob.on_incoming = answer_all;
	send_offer(&alice, "INVITE");
	rig_advance(&rig, 3000);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 491"), 0);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 500"), 0);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	check_up();
}
END_TEST

/* 3.1.5: bob's offer has no answer yet; alice owns the Call-ID. */
START_TEST(a_reinvite_that_overtakes_the_answer_in_the_ack_waits)
{
	const struct rig_sent *first, *second;

	special.start = "ACK ";
	special.lost = 1;
	ring(NULL, 200);
	rig_advance(&rig, 50);
	bob.on_incoming = answer_all;
	send_offer(&alice, "INVITE");
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 491"), 1);
	first = agent_sent(&bob, "SIP/2.0 491", 0);
	second = agent_sent(&alice, "INVITE ", 2);
	ck_assert_uint_ge(second->at_ms - first->at_ms - 50, 2100);
	ck_assert_uint_le(second->at_ms - first->at_ms - 50, 4000);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	check_up();
}
END_TEST

/* 3.1.6 */
START_TEST(a_bye_that_overtakes_the_ack_ends_the_call)
{
	special.start = "ACK ";
	special.lost = 1;
	ring(agent_offer, 200);
	rig_advance(&rig, 50);
	hang_up(&alice);
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(agent_count(&bob, "BYE "), 0);
	/* to INVITE and BYE: what waits for its ACK is not repeated */
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 200"), 2);
	ck_assert_str_eq(agent_ending(&bob)->cause, "bye");
	check_over();
}
END_TEST

/* --- 3.2: behind our BYE --- */

/* 3.2.1 */
START_TEST(byes_that_cross_are_both_answered)
{
	struct agent *one = beginner(_i);

	talk();
	hang_up(one);
	rig_advance(&rig, 20);
	hang_up(other(one));
	rig_advance(&rig, 1000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 "), 1);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 "), 1);
	ck_assert(agent_last(&alice)->final);
	ck_assert(agent_last(&bob)->final);
	ck_assert(!agent_ending(one)->by_remote);
	check_over();
}
END_TEST

/* 3.2.2, 3.3.3, and what else may be on its way. */
static const char *const crossing[] = { "INVITE", "REFER", "UPDATE", "INFO" };

START_TEST(a_request_that_crosses_a_bye_is_481_and_the_call_is_over)
{
	struct agent *one = beginner(_i % 2);

	talk();
	hang_up(one);
	ck_assert_int_eq(agent_send(other(one), context_of(other(one)),
	                            crossing[_i / 2]), OK);
	rig_advance(&rig, 1000);
	ck_assert_uint_eq(agent_count(one, "SIP/2.0 481"), 1);
	ck_assert_uint_eq(one->nincoming, 0);
	ck_assert_uint_eq(agent_count(other(one), "SIP/2.0 200"), 1);
	ck_assert_uint_eq(agent_last(other(one))->status, 481);
	/* its own BYE is not due any more */
	ck_assert_uint_eq(agent_count(other(one), "BYE "), 0);
	ck_assert_str_eq(agent_ending(other(one))->cause, "bye");
	check_over();
}
END_TEST

/* 3.2.3 */
START_TEST(a_2xx_to_a_reinvite_that_crosses_our_bye_is_acked)
{
	struct agent *one = beginner(_i);

	talk();
	send_offer(one, "INVITE");
	rig_advance(&rig, 60);                  /* the 200 is on its way */
	hang_up(one);
	rig_advance(&rig, 1000);
	ck_assert_uint_ge(agent_count(one, "ACK "), 1);
	ck_assert_uint_eq(agent_count(one, "BYE "), 1);
	ck_assert_uint_eq(agent_count(other(one), "BYE "), 0);
	check_over();
}
END_TEST

/* 3.2.4 */
START_TEST(an_ack_that_comes_behind_our_bye_is_taken_in_silence)
{
	size_t sent;

	special.start = "ACK ";
	special.delay_ms = 33000;
	ring(agent_offer, 200);
	rig_advance(&rig, 32100);               /* 64*T1: BYE is answered */
	ck_assert_uint_eq(agent_count(&bob, "BYE "), 1);
	sent = rig_sent_by(&rig, &bob.party);
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(rig_sent_by(&rig, &bob.party), sent);
	ck_assert_uint_eq(bob.nincoming, 1);
	ck_assert_str_eq(agent_ending(&bob)->cause, "no-ack");
	check_over();
}
END_TEST

/* --- 3.3 --- */

/* 3.3.1: INVITE and INVITE; 3.3.2: UPDATE and INVITE; and two UPDATEs. */
static const struct {
	const char *ones, *others;
} offers[] = {
	{ "INVITE", "INVITE" }, { "UPDATE", "INVITE" }, { "UPDATE", "UPDATE" },
};

START_TEST(offers_that_cross_are_491_and_come_through_one_by_one)
{
	struct agent *one = beginner(_i % 2);

	talk();
	send_offer(one, offers[_i / 2].ones);
	rig_advance(&rig, 20);
	send_offer(other(one), offers[_i / 2].others);
	rig_advance(&rig, 10000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 491"), 1);
	ck_assert_uint_eq(agent_count(&bob, "SIP/2.0 491"), 1);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert_uint_eq(bob.noutcomes, 1);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	ck_assert_uint_eq(agent_last(&bob)->status, 200);
	check_up();
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("conformance: races", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, an_invite_sent_again_behind_the_2xx_is_absorbed);
	tcase_add_test(tests,
	               a_cancel_that_crosses_the_2xx_ends_in_ack_and_bye);
	tcase_add_test(
		tests,
		a_bye_of_an_early_dialog_that_crosses_the_2xx_ends_the_call);
	tcase_add_test(tests, a_reinvite_that_overtakes_the_ack_goes_through);
	tcase_add_test(tests,
	               a_reinvite_that_overtakes_the_answer_in_the_ack_waits);
	tcase_add_test(tests, a_bye_that_overtakes_the_ack_ends_the_call);
	tcase_add_loop_test(tests, byes_that_cross_are_both_answered, 0, 2);
	tcase_add_loop_test(
		tests,
		a_request_that_crosses_a_bye_is_481_and_the_call_is_over, 0,
		2 * ARRAY_LEN(crossing));
	tcase_add_loop_test(
		tests, a_2xx_to_a_reinvite_that_crosses_our_bye_is_acked, 0, 2);
	tcase_add_test(tests,
	               an_ack_that_comes_behind_our_bye_is_taken_in_silence);
	tcase_add_loop_test(
		tests, offers_that_cross_are_491_and_come_through_one_by_one,
		0, 2 * ARRAY_LEN(offers));
	return s;
}

int main(void)
{
	return test_main(suite());
}
