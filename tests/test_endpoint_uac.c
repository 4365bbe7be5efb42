/* The endpoint sends: requests, calls, forks, and their ends. */

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

/* U01 */
START_TEST(invite_carries_what_8_1_1_wants)
{
	const struct message *m;
	struct slice text;

	agent_call(&alice);
	m = rig_parse(&rig, rig_last(&rig)->wire);
	ck_assert_slice_eq(m->uri_text, "sip:bob@192.0.2.9");
	ck_assert(via_branch_is_rfc3261(&m->via));
	ck_assert(m->via.has_rport);                    /* N1 */
	ck_assert_slice_eq(message_header(m, HEADER_MAX_FORWARDS, 0), "70");
	ck_assert_ptr_nonnull(m->from.tag.p);
	ck_assert_ptr_null(m->to.tag.p);
	ck_assert_slice_eq(message_header(m, HEADER_TO, 0),
	                   "<sip:bob@192.0.2.9>");
	ck_assert_uint_eq(m->cseq.number, 1);
	ck_assert_slice_eq(message_header(m, HEADER_CONTACT, 0),
	                   "<sip:alice@192.0.2.1:5060>");
	text = message_header(m, HEADER_ALLOW, 0);
	ck_assert_uint_gt(text.len, 0);
}
END_TEST

START_TEST(a_call_is_made_acked_and_hung_up)
{
	struct context *ctx = agent_call(&alice);

	ck_assert_int_eq(context_state(ctx), CONTEXT_CALLING);
	rig_reply_status(&rig, rig_last(&rig), 180);
	ck_assert_int_eq(context_state(ctx), CONTEXT_PROCEEDING);
	ck_assert_uint_eq(agent_last(&alice)->status, 180);
	rig_reply(&rig, rig_sent(&rig, 0), &(struct rig_response){
		.status = 200,
		.contact = "<sip:bob@192.0.2.9:5070>",
	});
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	ck_assert_uint_eq(agent_count(&alice, "ACK sip:bob@192.0.2.9:5070 "),
	                  1);

	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	ck_assert_int_eq(context_state(ctx), CONTEXT_HANGING_UP);
	ck_assert_uint_eq(agent_count(&alice, "BYE sip:bob@192.0.2.9:5070 "),
	                  1);
	rig_reply_status(&rig, rig_last(&rig), 200);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert(!agent_ending(&alice)->by_remote);
	ck_assert_uint_eq(alice.nclosed, 0);            /* timer M runs */
	rig_advance(&rig, 32000);
	ck_assert_uint_eq(alice.nclosed, 1);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_uac", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, invite_carries_what_8_1_1_wants);
	tcase_add_test(tests, a_call_is_made_acked_and_hung_up);
	return s;
}

int main(void)
{
	return test_main(suite());
}
