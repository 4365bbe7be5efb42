/* Where requests go when the first place will not do: redirections, further
 * targets, TCP for what is large. */

#include <stdio.h>

#include "core/ua/internal.h"
#include "tests/agent.h"

static struct rig rig;
static struct agent alice;

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
	alice.settings.redirects = 3;
}

static void tear_down(void)
{
	agent_deinit(&alice);
	rig_deinit(&rig);
}

static void redirect(const char *contacts)
{
	rig_reply(&rig, agent_sent(&alice, "INVITE ",
	                           agent_count(&alice, "INVITE ") - 1),
	          &(struct rig_response){
		.status = 302, .contact = contacts,
	});
}

static void refuse(unsigned status)
{
	rig_reply_status(&rig, agent_sent(
		&alice, "INVITE ", agent_count(&alice, "INVITE ") - 1),
		status);
}

static bool went_to(const char *uri)
{
	const struct message *m = rig_parse(&rig, agent_sent(
		&alice, "INVITE ", agent_count(&alice, "INVITE ") - 1)->wire);

	return slice_eq(m->uri_text, slice_str(uri));
}

/* --- redirections (U24) --- */

START_TEST(a_redirection_is_only_followed_when_the_user_says_so)
{
	alice.settings.redirects = 0;
	agent_call(&alice);
	redirect("<sip:bob@192.0.2.10>");
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 1);
	ck_assert_uint_eq(agent_last(&alice)->status, 302);
	ck_assert_int_eq(agent_last(&alice)->err, OK);
}
END_TEST

START_TEST(a_redirected_request_keeps_to_and_changes_its_uri)
{
	agent_call(&alice);
	redirect("<sip:bob@192.0.2.10;method=MESSAGE?Subject=evil>");
	ck_assert_uint_eq(alice.noutcomes, 0);
	ck_assert(went_to("sip:bob@192.0.2.10"));
	ck_assert_slice_eq(message_header(&rig.message, HEADER_TO, 0),
	                   "<sip:bob@192.0.2.9>");
	ck_assert(!message_has(&rig.message, HEADER_SUBJECT));
	ck_assert_uint_eq(rig.message.cseq.number, 2);
	ck_assert_slice_eq(rig.message.body, agent_offer);
	refuse(200);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
}
END_TEST

START_TEST(contacts_are_tried_by_q)
{
	agent_call(&alice);
	redirect("<sip:c@192.0.2.10>;q=0.2, <sip:a@192.0.2.10>, "
	         "<sip:b@192.0.2.10>;q=0.7");
	ck_assert(went_to("sip:a@192.0.2.10"));
	refuse(486);
	ck_assert(went_to("sip:b@192.0.2.10"));
	refuse(404);
	ck_assert(went_to("sip:c@192.0.2.10"));
	refuse(480);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert_uint_eq(agent_last(&alice)->status, 480);
}
END_TEST

START_TEST(a_global_failure_ends_the_search)
{
	agent_call(&alice);
	redirect("<sip:a@192.0.2.10>, <sip:b@192.0.2.10>");
	refuse(603);
	ck_assert_uint_eq(agent_last(&alice)->status, 603);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 2);
}
END_TEST

START_TEST(a_loop_of_redirections_ends)
{
	agent_call(&alice);
	redirect("<sip:bob@192.0.2.10>");
	redirect("<sip:bob@192.0.2.9>, <SIP:bob@192.0.2.10>");
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 2);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_PROTOCOL);
	ck_assert_uint_eq(agent_last(&alice)->status, 302);
	ck_assert_str_ne(agent_last(&alice)->text, "");
}
END_TEST

START_TEST(a_fan_of_redirections_is_bounded)
{
	char contact[40];

	agent_call(&alice);
	for (unsigned i = 0; i < 10 && alice.noutcomes == 0; i++) {
		snprintf(contact, sizeof(contact), "<sip:b%u@192.0.2.9>", i);
		redirect(contact);
	}
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 4);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_PROTOCOL);
}
END_TEST

static const char *const useless[] = {
	NULL, "<tel:+3581234>", "*", "<mailto:b@example.com>",
};

START_TEST(a_redirection_to_nowhere_is_told)
{
	agent_call(&alice);
	redirect(useless[_i]);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_PROTOCOL);
	ck_assert_str_eq(agent_ending(&alice)->cause, "refused");
}
END_TEST

START_TEST(no_redirection_leads_from_sips_to_sip)
{
	enum error err;

	agent_deinit(&alice);
	rig_leave(&alice.party);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP | RIG_TLS);
	alice.settings.redirects = 3;
	(void)endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sips:alice@192.0.2.9"),
		.to = SLICE("sips:bob@192.0.2.9"),
	}, &(struct request_params){ .fn = agent_hear, .arg = &alice }, &err);
	rig_settle(&rig);
	redirect("<sip:bob@192.0.2.10>");
	ck_assert_int_eq(agent_last(&alice)->err, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_redirected_cancel_is_not_followed)
{
	struct context *ctx = agent_call(&alice);

	rig_reply_status(&rig, rig_last(&rig), 180);
	ck_assert_uint_eq(endpoint_cancel_invite(alice.ep, ctx, agent_hear,
	                                         &alice), 1);
	rig_reply(&rig, agent_sent(&alice, "CANCEL ", 0),
	          &(struct rig_response){
		.status = 302, .contact = "<sip:bob@192.0.2.66>",
	});
	ck_assert_uint_eq(agent_count(&alice, "CANCEL "), 1);
	ck_assert_uint_eq(agent_last(&alice)->status, 302);
}
END_TEST

START_TEST(a_cancelled_call_is_not_redirected)
{
	struct context *ctx = agent_call(&alice);

	refuse(180);
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	redirect("<sip:bob@192.0.2.10>");
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 1);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
}
END_TEST

/* --- further targets (D2) --- */

static struct context *call_again(void)
{
	struct context *ctx;
	enum error err;

	ctx = endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@example.com"),
		.to = SLICE("sip:bob@two.example:5060;transport=udp"),
	}, &(struct request_params){ .fn = agent_hear, .arg = &alice }, &err);
	ck_assert_int_eq(err, OK);
	rig_settle(&rig);
	return ctx;
}

static struct context *call_name(void)
{
	rig_add_address(&rig, "two.example", "192.0.2.10");
	rig_add_address(&rig, "two.example", "192.0.2.11");
	return call_again();
}

/* The last INVITE went there. */
static bool is_for(const char *addr)
{
	const struct rig_sent *last = agent_sent(
		&alice, "INVITE ", agent_count(&alice, "INVITE ") - 1);
	struct addr there = rig_addr(addr);

	return addr_eq(&last->flow.remote, &there);
}

static bool is_second_try(void)
{
	const struct rig_sent *one = agent_sent(&alice, "INVITE ", 0);
	size_t n = agent_count(&alice, "INVITE ");
	const struct rig_sent *two = agent_sent(&alice, "INVITE ", n - 1);
	struct slice branch = rig_parse(&rig, one->wire)->via.branch;
	const struct message *m = rig_parse(&rig, two->wire);

	return !addr_eq(&one->flow.remote, &two->flow.remote)
	       && !slice_eq(m->via.branch, branch) && m->cseq.number == 1;
}

START_TEST(a_503_leads_to_the_next_target)
{
	call_name();
	refuse(503);
	ck_assert_uint_eq(alice.noutcomes, 0);
	ck_assert(is_second_try());
	refuse(503);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert_uint_eq(agent_last(&alice)->status, 503);
}
END_TEST

START_TEST(silence_leads_to_the_next_target)
{
	call_name();
	rig_advance(&rig, 3999);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 4);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(alice.noutcomes, 0);
	ck_assert(is_second_try());
	rig_advance(&rig, 31999);
	ck_assert_uint_eq(alice.noutcomes, 0);
	rig_advance(&rig, 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_TIMEOUT);
}
END_TEST

START_TEST(a_target_that_is_heard_of_is_not_left)
{
	call_name();
	rig_advance(&rig, 3000);
	refuse(100);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 3);
	refuse(486);
	ck_assert_uint_eq(agent_last(&alice)->status, 486);
}
END_TEST

/* 200 of a target that was left, to the first INVITE. */
static void answer_late(const char *tag)
{
	rig_reply(&rig, agent_sent(&alice, "INVITE ", 0),
	          &(struct rig_response){
		.status = 200, .to_tag = tag,
		.contact = "<sip:slow@192.0.2.10>",
	});
	rig_settle(&rig);
}

START_TEST(a_target_that_was_left_may_still_answer_first)
{
	call_name();
	rig_advance(&rig, 4000);
	answer_late("slow");
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	ck_assert_uint_eq(agent_count(&alice, "ACK sip:slow@"), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 0);
	rig_reply(&rig, agent_sent(&alice, "INVITE ", agent_count(
		&alice, "INVITE ") - 1), &(struct rig_response){
		.status = 200, .to_tag = "fast",
		.contact = "<sip:fast@192.0.2.11>",
	});
	rig_settle(&rig);
	ck_assert_uint_eq(agent_count(&alice, "ACK sip:fast@"), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE sip:fast@"), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE sip:slow@"), 0);
}
END_TEST

/* What the other target says of it later is of no interest. */
START_TEST(a_call_that_a_late_answer_brought_up_outlives_the_other_try)
{
	struct context *ctx = call_name();

	rig_advance(&rig, 4000);
	answer_late("slow");
	rig_advance(&rig, 70000);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	ck_assert(list_empty(&ctx->exchanges));
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
}
END_TEST

START_TEST(a_target_that_was_left_and_answers_second_is_hung_up)
{
	call_name();
	rig_advance(&rig, 4000);
	ck_assert(is_second_try());
	rig_reply(&rig, agent_sent(&alice, "INVITE ", agent_count(
		&alice, "INVITE ") - 1), &(struct rig_response){
		.status = 200, .to_tag = "fast",
		.contact = "<sip:fast@192.0.2.11>",
	});
	rig_settle(&rig);
	answer_late("slow");
	ck_assert_uint_eq(agent_count(&alice, "ACK sip:slow@"), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE sip:slow@"), 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE sip:fast@"), 0);
}
END_TEST

/* Its CANCEL waits for a provisional response of the first target. */
START_TEST(a_call_that_was_given_up_is_not_tried_elsewhere)
{
	struct context *ctx = call_name();

	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	rig_advance(&rig, 5000);
	ck_assert_uint_eq(alice.noutcomes, 0);
	refuse(180);
	ck_assert_uint_eq(agent_count(&alice, "CANCEL "), 1);
	ck_assert(addr_same_ip(&rig_last(&rig)->flow.remote,
	                       &rig_sent(&rig, 0)->flow.remote));
}
END_TEST

START_TEST(a_target_that_failed_is_tried_last_for_a_while)
{
	rig_refuse(&rig, "192.0.2.10:5060");
	call_name();
	rig_advance(&rig, 10);
	refuse(486);
	rig_forget(&rig);
	call_again();
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 1);
	ck_assert(is_for("192.0.2.11:5060"));
	refuse(486);
	rig_accept(&rig, "192.0.2.10:5060");
	rig_advance(&rig, 30000);
	rig_forget(&rig);
	call_again();
	ck_assert(is_for("192.0.2.10:5060"));
}
END_TEST

START_TEST(a_target_that_answers_is_tried_first_again)
{
	call_name();
	refuse(503);
	rig_forget(&rig);
	call_again();
	ck_assert(is_for("192.0.2.11:5060"));
	refuse(503);                    /* both have failed: as at first */
	ck_assert(is_for("192.0.2.10:5060"));
	refuse(486);
	rig_forget(&rig);
	call_again();
	ck_assert(is_for("192.0.2.10:5060"));
}
END_TEST

START_TEST(a_closed_port_leads_to_the_next_target_at_once)
{
	rig_refuse(&rig, "192.0.2.10:5060");
	rig_refuse(&rig, "192.0.2.11:5060");
	call_name();
	rig_advance(&rig, 10);
	ck_assert(is_second_try());
	rig_advance(&rig, 10);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_REFUSED);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 2);
}
END_TEST

START_TEST(a_refusal_does_not_lead_to_the_next_target)
{
	call_name();
	refuse(486);
	ck_assert_uint_eq(agent_last(&alice)->status, 486);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 1);
}
END_TEST

/* --- 18.1.1 (T14) --- */

static void send_large(size_t len)
{
	static char body[2000];
	enum error err;

	memset(body, 'x', sizeof(body));
	(void)endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@example.com"),
		.to = SLICE("sip:bob@192.0.2.9"),
	}, &(struct request_params){
		.method = SLICE("MESSAGE"),
		.content_type = SLICE("text/plain"),
		.body = slice_make(body, len),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
}

static enum transport via_of(size_t nth)
{
	return rig_parse(&rig, agent_sent(&alice, "MESSAGE ", nth)->wire)
	       ->via.transport;
}

static struct rig_leg *add_tcp(void)
{
	return rig_add_leg(&alice.party, TRANSPORT_TCP, "192.0.2.1:5060");
}

START_TEST(what_is_too_large_for_udp_goes_over_tcp)
{
	add_tcp();
	send_large(900);
	ck_assert_int_eq(via_of(0), TRANSPORT_UDP);
	send_large(1400);
	ck_assert_int_eq(via_of(1), TRANSPORT_TCP);
	ck_assert_int_eq(agent_sent(&alice, "MESSAGE ", 1)->flow.leg->
	                 transport, TRANSPORT_TCP);
}
END_TEST

START_TEST(without_tcp_a_large_request_goes_over_udp)
{
	send_large(1400);
	ck_assert_int_eq(via_of(0), TRANSPORT_UDP);
}
END_TEST

START_TEST(where_tcp_is_refused_a_large_request_goes_back_to_udp)
{
	add_tcp()->send_error = ERR_REFUSED;
	send_large(1400);
	ck_assert_int_eq(via_of(agent_count(&alice, "MESSAGE ") - 1),
	                 TRANSPORT_UDP);
	rig_reply_status(&rig, rig_last(&rig), 200);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
}
END_TEST

START_TEST(where_tcp_is_reset_later_it_goes_back_to_udp_as_well)
{
	add_tcp();
	send_large(1400);
	ck_assert_int_eq(via_of(0), TRANSPORT_TCP);
	rig_break(&alice.party, true);
	rig_settle(&rig);
	ck_assert_int_eq(via_of(1), TRANSPORT_UDP);
	ck_assert_uint_eq(alice.noutcomes, 0);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_targets", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests,
	               a_redirection_is_only_followed_when_the_user_says_so);
	tcase_add_test(tests,
	               a_redirected_request_keeps_to_and_changes_its_uri);
	tcase_add_test(tests, contacts_are_tried_by_q);
	tcase_add_test(tests, a_global_failure_ends_the_search);
	tcase_add_test(tests, a_loop_of_redirections_ends);
	tcase_add_test(tests, a_fan_of_redirections_is_bounded);
	tcase_add_loop_test(tests, a_redirection_to_nowhere_is_told, 0,
	                    ARRAY_LEN(useless));
	tcase_add_test(tests, no_redirection_leads_from_sips_to_sip);
	tcase_add_test(tests, a_redirected_cancel_is_not_followed);
	tcase_add_test(tests, a_cancelled_call_is_not_redirected);
	tcase_add_test(tests, a_503_leads_to_the_next_target);
	tcase_add_test(tests, silence_leads_to_the_next_target);
	tcase_add_test(tests, a_target_that_is_heard_of_is_not_left);
	tcase_add_test(tests, a_target_that_was_left_may_still_answer_first);
	tcase_add_test(
		tests,
		a_call_that_a_late_answer_brought_up_outlives_the_other_try);
	tcase_add_test(tests,
	               a_target_that_was_left_and_answers_second_is_hung_up);
	tcase_add_test(tests,
	               a_call_that_was_given_up_is_not_tried_elsewhere);
	tcase_add_test(tests, a_target_that_failed_is_tried_last_for_a_while);
	tcase_add_test(tests, a_target_that_answers_is_tried_first_again);
	tcase_add_test(tests, a_closed_port_leads_to_the_next_target_at_once);
	tcase_add_test(tests, a_refusal_does_not_lead_to_the_next_target);
	tcase_add_test(tests, what_is_too_large_for_udp_goes_over_tcp);
	tcase_add_test(tests, without_tcp_a_large_request_goes_over_udp);
	tcase_add_test(tests,
	               where_tcp_is_refused_a_large_request_goes_back_to_udp);
	tcase_add_test(tests,
	               where_tcp_is_reset_later_it_goes_back_to_udp_as_well);
	return s;
}

int main(void)
{
	return test_main(suite());
}
