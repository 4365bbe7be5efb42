/* The endpoint sends: requests, calls, forks, and their ends. */

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

/* Who guesses a branch has to guess these, too (off-path forgery). */
START_TEST(a_response_with_another_call_id_or_from_tag_is_dropped)
{
	static const enum header_id forged[] = {
		HEADER_CALL_ID, HEADER_FROM,
	};
	const struct rig_sent *invite;

	agent_call(&alice);
	invite = rig_last(&rig);
	for (size_t i = 0; i < ARRAY_LEN(forged); i++) {
		struct slice good = rig_response(&rig, invite->wire,
			&(struct rig_response){ .status = 486 });
		const struct message *m = rig_parse(&rig, good);
		struct edit edit = {
			.op = EDIT_REPLACE,
			.id = forged[i],
			.value = SLICE("<sip:alice@192.0.2.1>;tag=other"),
		};
		struct buf bad = { 0 };

		message_print(&bad, m, (struct slice){ NULL, 0 }, &edit, 1);
		rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
		           buf_view(&bad));
		buf_deinit(&bad);
		ck_assert_uint_eq(alice.noutcomes, 0);
		ck_assert_uint_eq(rig.nsent, 1);        /* and no ACK */
	}
	rig_reply_status(&rig, invite, 486);
	ck_assert_uint_eq(agent_last(&alice)->status, 486);
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

/* The bare final response to an OPTIONS closes its context. */
START_TEST(a_request_that_makes_no_dialog_closes_its_context)
{
	struct context *ctx = agent_request(&alice, "OPTIONS");

	ck_assert_int_eq(context_state(ctx), CONTEXT_IDLE);
	rig_reply_status(&rig, rig_last(&rig), 200);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert(agent_last(&alice)->final);
	ck_assert_uint_eq(alice.nclosed, 1);
	ck_assert_uint_eq(alice.nendings, 0);
}
END_TEST

static bool is_among(struct slice one, const struct slice *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(one, all[i]))
			return true;
	return false;
}

/* U01, U02 */
START_TEST(branches_tags_and_call_ids_are_never_used_twice)
{
	enum { REQUESTS = 300 };
	static struct slice seen[3 * REQUESTS];
	size_t n = 0;

	for (unsigned i = 0; i < REQUESTS; i++) {
		const struct message *m;
		struct slice own[3];

		agent_request(&alice, "OPTIONS");
		m = rig_parse(&rig, rig_last(&rig)->wire);
		own[0] = m->via.branch;
		own[1] = m->from.tag;
		own[2] = m->call_id;
		for (size_t k = 0; k < 3; k++) {
			/* 80 bits in five-bit letters */
			ck_assert_uint_ge(own[k].len, 16);
			ck_assert(!is_among(own[k], seen, n));
			seen[n++] = own[k];
		}
	}
}
END_TEST

START_TEST(a_provisional_of_other_methods_is_told_only_when_100)
{
	agent_request(&alice, "OPTIONS");
	rig_reply_status(&rig, rig_last(&rig), 183);
	ck_assert_uint_eq(alice.noutcomes, 0);
	rig_reply_status(&rig, rig_last(&rig), 100);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert(!agent_last(&alice)->final);
}
END_TEST

START_TEST(a_provisional_that_comes_again_is_told_as_repeated)
{
	agent_call(&alice);
	rig_reply_status(&rig, rig_last(&rig), 180);
	rig_reply_status(&rig, rig_last(&rig), 180);
	rig_reply_status(&rig, rig_last(&rig), 183);
	rig_reply_status(&rig, rig_last(&rig), 180);
	ck_assert_uint_eq(alice.noutcomes, 4);
	ck_assert(!alice.outcomes[0].repeated);
	ck_assert(alice.outcomes[1].repeated);
	ck_assert(!alice.outcomes[2].repeated);
	ck_assert(!alice.outcomes[3].repeated);
}
END_TEST

/* U08 */
static const struct {
	unsigned status;
	bool final;
	enum context_state state;
} strange[] = {
	{ 199, false, CONTEXT_PROCEEDING },
	{ 299, true, CONTEXT_CONFIRMED },
	{ 399, true, CONTEXT_ENDED },
	{ 499, true, CONTEXT_ENDED },
	{ 699, true, CONTEXT_ENDED },
};

START_TEST(an_unknown_status_counts_as_its_class)
{
	struct context *ctx = agent_call(&alice);

	rig_reply_status(&rig, rig_last(&rig), strange[_i].status);
	ck_assert_uint_eq(agent_last(&alice)->status, strange[_i].status);
	ck_assert_int_eq(agent_last(&alice)->final, strange[_i].final);
	ck_assert_int_eq(context_state(ctx), strange[_i].state);
	ck_assert_int_eq(agent_last(&alice)->err, OK);
}
END_TEST

/* --- 2xx and ACK --- */

/* U15 */
START_TEST(every_copy_of_a_2xx_is_acked_with_the_same_ack)
{
	struct slice first;

	agent_call(&alice);
	for (unsigned i = 0; i < 7; i++)
		rig_reply_status(&rig, rig_sent(&rig, 0), 200);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 7);
	first = agent_sent(&alice, "ACK ", 0)->wire;
	for (unsigned i = 1; i < 7; i++)
		ck_assert(slice_eq(agent_sent(&alice, "ACK ", i)->wire,
		                   first));
	ck_assert_uint_eq(alice.noutcomes, 7);
	ck_assert(!alice.outcomes[0].repeated);
	ck_assert(alice.outcomes[6].repeated);
}
END_TEST

/* U15, N8 */
START_TEST(the_ack_of_a_2xx_is_a_transaction_of_its_own)
{
	struct slice invite_branch, contact;
	const struct message *m;

	agent_call(&alice);
	invite_branch = rig_parse(&rig, rig_last(&rig)->wire)->via.branch;
	rig_reply_status(&rig, rig_last(&rig), 200);
	m = rig_parse(&rig, agent_sent(&alice, "ACK ", 0)->wire);
	ck_assert(!slice_eq(m->via.branch, invite_branch));
	ck_assert(via_branch_is_rfc3261(&m->via));
	ck_assert_uint_eq(m->cseq.number, 1);
	ck_assert_int_eq(m->cseq.method, METHOD_ACK);
	ck_assert_slice_eq(m->to.tag, "peer");
	contact = message_header(m, HEADER_CONTACT, 0);
	ck_assert_ptr_null(contact.p);
}
END_TEST

START_TEST(the_ack_carries_the_answer_to_a_late_offer)
{
	const struct message *m;

	alice.ack.content_type = SLICE("application/sdp");
	alice.ack.body = SLICE("v=0\r\n");
	agent_call(&alice);
	rig_reply_status(&rig, rig_last(&rig), 200);
	m = rig_parse(&rig, agent_sent(&alice, "ACK ", 0)->wire);
	ck_assert_slice_eq(m->body, "v=0\r\n");
}
END_TEST

START_TEST(a_repeated_2xx_is_acked_for_32_seconds_only)
{
	struct context *ctx = agent_call(&alice);
	struct rig_sent invite = *rig_last(&rig);

	rig_reply_status(&rig, &invite, 200);
	rig_advance(&rig, 31999);
	rig_reply_status(&rig, &invite, 200);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 2);
	rig_advance(&rig, 10);
	rig_reply_status(&rig, &invite, 200);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 2);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
}
END_TEST

/* --- forks --- */

static void reply_as(const char *tag, unsigned status)
{
	rig_reply(&rig, rig_sent(&rig, 0), &(struct rig_response){
		.status = status,
		.to_tag = tag,
		.contact = "<sip:fork@192.0.2.9>",
	});
}

/* U17 */
START_TEST(each_fork_has_its_own_early_dialog)
{
	struct context *ctx = agent_call(&alice);

	reply_as("one", 180);
	reply_as("two", 183);
	reply_as("one", 183);
	ck_assert_slice_eq(dialog_remote_tag(context_nth_dialog(ctx, 0)),
	                   "one");
	ck_assert_slice_eq(dialog_remote_tag(context_nth_dialog(ctx, 1)),
	                   "two");
	ck_assert_ptr_null(context_nth_dialog(ctx, 2));
	ck_assert_slice_eq(dialog_remote_tag(context_dialog(ctx)), "two");
}
END_TEST

/* U17 */
START_TEST(the_first_2xx_wins_and_others_are_acked_and_byed)
{
	struct context *ctx = agent_call(&alice);

	reply_as("one", 180);
	reply_as("two", 180);
	reply_as("two", 200);
	reply_as("three", 200);
	reply_as("one", 200);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 3);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 2);
	ck_assert_slice_eq(rig_parse(&rig, agent_sent(&alice, "BYE ", 0)
	                             ->wire)->to.tag, "three");
	ck_assert(agent_last(&alice)->unwanted);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);

	rig_reply_status(&rig, agent_sent(&alice, "BYE ", 0), 200);
	rig_reply_status(&rig, agent_sent(&alice, "BYE ", 1), 481);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	ck_assert_uint_eq(alice.nendings, 0);
	ck_assert_slice_eq(dialog_remote_tag(context_dialog(ctx)), "two");
}
END_TEST

START_TEST(forks_that_never_answered_end_64_t1_after_the_2xx)
{
	struct context *ctx = agent_call(&alice);

	reply_as("one", 180);
	reply_as("two", 200);
	ck_assert_int_eq(dialog_state(context_nth_dialog(ctx, 0)),
	                 DIALOG_EARLY);
	rig_advance(&rig, 32000);
	ck_assert_int_eq(dialog_state(context_nth_dialog(ctx, 0)),
	                 DIALOG_TERMINATED);
	ck_assert_int_eq(dialog_state(context_nth_dialog(ctx, 1)),
	                 DIALOG_CONFIRMED);
}
END_TEST

START_TEST(a_flood_of_forks_is_bounded)
{
	char tag[16];

	agent_call(&alice);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(tag, sizeof(tag), "t%u", i);
		reply_as(tag, 200);
	}
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 32);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_LIMIT);
}
END_TEST

/* --- routes and targets --- */

/* U15, U18, U19 */
START_TEST(a_route_set_is_the_2xx_record_route_reversed)
{
	struct context *ctx = agent_call(&alice);
	const struct message *m;

	rig_reply(&rig, rig_last(&rig), &(struct rig_response){
		.status = 180,
		.contact = "<sip:early@192.0.2.9>",
		.extra = "Record-Route: <sip:192.0.2.7;lr>\r\n",
	});
	rig_reply(&rig, rig_sent(&rig, 0), &(struct rig_response){
		.status = 200,
		.contact = "<sip:bob@192.0.2.9>",
		.extra = "Record-Route: <sip:192.0.2.8;lr>,"
		         " <sip:192.0.2.7;lr>\r\n",
	});
	m = rig_parse(&rig, agent_sent(&alice, "ACK ", 0)->wire);
	ck_assert_slice_eq(m->uri_text, "sip:bob@192.0.2.9");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 0),
	                   "<sip:192.0.2.7;lr>");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 1),
	                   "<sip:192.0.2.8;lr>");
	ck_assert(addr_same_ip(&agent_sent(&alice, "ACK ", 0)->flow.remote,
	                       &(struct addr){ FAMILY_IPV4, 0, 0,
	                                       { 192, 0, 2, 7 } }));

	ck_assert_int_eq(agent_send(&alice, ctx, "INFO"), OK);
	m = rig_parse(&rig, rig_last(&rig)->wire);
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 0),
	                   "<sip:192.0.2.7;lr>");
	ck_assert_uint_eq(m->cseq.number, 2);
}
END_TEST

/* U19 */
START_TEST(a_strict_router_takes_the_request_uri)
{
	struct context *ctx = agent_call(&alice);
	const struct message *m;
	char remote[ADDR_TEXT];

	rig_reply(&rig, rig_last(&rig), &(struct rig_response){
		.status = 200,
		.contact = "<sip:bob@192.0.2.9>",
		.extra = "Record-Route: <sip:192.0.2.8;lr>\r\n"
		         "Record-Route: <sip:proxy@192.0.2.7:5070>\r\n",
	});
	ck_assert_int_eq(agent_send(&alice, ctx, "BYE"), OK);
	m = rig_parse(&rig, rig_last(&rig)->wire);
	ck_assert_slice_eq(m->uri_text, "sip:proxy@192.0.2.7:5070");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 0),
	                   "<sip:192.0.2.8;lr>");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 1),
	                   "<sip:bob@192.0.2.9>");
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, remote),
	                 "192.0.2.7:5070");
}
END_TEST

/* U20 */
START_TEST(a_preset_route_leads_requests_outside_dialogs)
{
	struct slice proxy = SLICE_INIT("sip:192.0.2.7:5070;lr");
	const struct message *m;
	char remote[ADDR_TEXT];
	enum error err;

	(void)endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@example.com"),
		.to = SLICE("sip:bob@example.org"),
		.routes = &proxy,
		.nroutes = 1,
	}, &(struct request_params){ .fn = agent_hear, .arg = &alice }, &err);
	ck_assert_int_eq(err, OK);
	m = rig_parse(&rig, rig_last(&rig)->wire);
	ck_assert_slice_eq(m->uri_text, "sip:bob@example.org");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 0),
	                   "<sip:192.0.2.7:5070;lr>");
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, remote),
	                 "192.0.2.7:5070");
}
END_TEST

/* U18 */
START_TEST(a_2xx_to_reinvite_and_update_moves_the_target)
{
	struct context *ctx = agent_talk(&alice);
	static const char *const methods[] = { "INVITE", "UPDATE" };
	char contact[40];

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(agent_send(&alice, ctx, methods[i]), OK);
		snprintf(contact, sizeof(contact), "<sip:bob@192.0.2.9:507%u>",
		         i);
		rig_reply(&rig, agent_sent(&alice, methods[i], 0),
		          &(struct rig_response){
			.status = 200,
			.contact = contact,
		});
	}
	ck_assert_uint_eq(agent_count(&alice, "ACK sip:bob@192.0.2.9:5070 "),
	                  1);
	ck_assert_slice_eq(dialog_remote_target(context_dialog(ctx)),
	                   "sip:bob@192.0.2.9:5071");
}
END_TEST

/* U27 */
START_TEST(a_2xx_without_tag_and_contact_makes_a_dialog)
{
	struct context *ctx = agent_call(&alice);
	const struct message *m;

	rig_reply(&rig, rig_last(&rig), &(struct rig_response){
		.status = 200,
		.to_tag = "",
	});
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	m = rig_parse(&rig, agent_sent(&alice, "ACK ", 0)->wire);
	ck_assert_ptr_null(m->to.tag.p);
	ck_assert_slice_eq(m->uri_text, "sip:bob@192.0.2.9");
	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 1,
	                 &(struct rig_request){ 0 });
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
}
END_TEST

/* --- failures --- */

static const struct {
	const char *why;
	unsigned status;
	const char *cause;
	bool by_remote;
} refusals[] = {
	{ "busy", 486, "refused", true },
	{ "the peer's own timeout", 408, "timeout", true },
	{ "declined everywhere", 603, "refused", true },
	{ "a redirection that is not followed", 302, "refused", true },
	{ "nobody has credentials", 401, "auth", true },
};

START_TEST(a_refused_call_says_why_and_closes)
{
	agent_call(&alice);
	rig_reply_status(&rig, rig_last(&rig), refusals[_i].status);
	ck_assert_str_eq(agent_ending(&alice)->cause, refusals[_i].cause);
	ck_assert_int_eq(agent_ending(&alice)->by_remote,
	                 refusals[_i].by_remote);
	ck_assert(!agent_ending(&alice)->was_up);
	ck_assert_uint_eq(agent_ending(&alice)->status, refusals[_i].status);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

START_TEST(a_silent_peer_is_a_timeout_after_32_seconds)
{
	agent_call(&alice);
	rig_advance(&rig, 31999);
	ck_assert_uint_eq(alice.noutcomes, 0);
	rig_advance(&rig, 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_TIMEOUT);
	ck_assert_uint_eq(agent_last(&alice)->retransmits, 6);
	ck_assert_str_eq(agent_ending(&alice)->cause, "timeout");
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* T13 */
START_TEST(a_closed_port_is_told_at_once)
{
	rig_refuse(&rig, "192.0.2.9:5060");
	agent_call(&alice);
	rig_settle(&rig);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_REFUSED);
	ck_assert_str_eq(agent_ending(&alice)->cause, "network");
}
END_TEST

static const struct {
	const char *why, *from, *to, *method, *uri;
	enum error at_once, later;
} failures[] = {
	{ "no From", "", "sip:b@192.0.2.9", "OPTIONS", "", ERR_SYNTAX, OK },
	{ "no To", "sip:a@h", "", "OPTIONS", "", ERR_SYNTAX, OK },
	{ "a line break", "sip:a@h", "<sip:b@h>\r\nX: y", "OPTIONS", "",
	  ERR_SYNTAX, OK },
	{ "no method", "sip:a@h", "sip:b@192.0.2.9", "OP TIONS", "",
	  ERR_SYNTAX, OK },
	{ "BYE of nothing", "sip:a@h", "sip:b@192.0.2.9", "BYE", "",
	  ERR_BAD_STATE, OK },
	{ "CANCEL of nothing", "sip:a@h", "sip:b@192.0.2.9", "CANCEL", "",
	  ERR_BAD_STATE, OK },
	{ "a name that nobody knows", "sip:a@h", "sip:b@nowhere.example",
	  "OPTIONS", "", OK, ERR_DNS },
	{ "not for SIP", "sip:a@h", "sip:b@h", "OPTIONS", "tel:+1",
	  OK, ERR_SYNTAX },
	{ "no leg of this transport", "sip:a@h",
	  "<sip:b@192.0.2.9;transport=ws>", "OPTIONS", "", OK,
	  ERR_NO_TRANSPORT },
};

START_TEST(what_cannot_be_sent_is_told)
{
	enum error err;
	struct context *ctx;

	ctx = endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = slice_str(failures[_i].from),
		.to = slice_str(failures[_i].to),
	}, &(struct request_params){
		.method = slice_str(failures[_i].method),
		.uri = slice_str(failures[_i].uri),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, failures[_i].at_once);
	ck_assert_uint_eq(alice.noutcomes, 0);
	ck_assert_int_eq(ctx != NULL, err == OK);
	if (failures[_i].later != OK) {
		rig_advance(&rig, 1000);
		ck_assert_int_eq(agent_last(&alice)->err, failures[_i].later);
		ck_assert_str_ne(agent_last(&alice)->text, "");
	}
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
}
END_TEST

/* U22 */
static const struct {
	const char *method;
	unsigned status;                /* 0: silence */
	const char *cause;              /* NULL: the call stays */
} within[] = {
	{ "INVITE", 488, NULL },
	{ "INVITE", 500, NULL },
	{ "INVITE", 481, "refused" },
	{ "INVITE", 408, "timeout" },
	{ "INFO", 500, NULL },
	{ "INFO", 481, "refused" },
	{ "UPDATE", 0, "timeout" },
};

START_TEST(only_481_and_408_end_a_dialog)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, within[_i].method), OK);
	if (within[_i].status != 0)
		rig_reply_status(&rig, rig_last(&rig), within[_i].status);
	else
		rig_advance(&rig, 32000);
	ck_assert(agent_last(&alice)->final);
	if (within[_i].cause == NULL) {
		ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
		ck_assert_uint_eq(alice.nendings, 0);
	} else {
		ck_assert_str_eq(agent_ending(&alice)->cause,
		                 within[_i].cause);
		ck_assert(agent_ending(&alice)->was_up);
		/* 14.1: it consists of sending a BYE */
		ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	}
}
END_TEST

/* --- what is not possible --- */

START_TEST(only_one_invite_is_open_at_a_time)
{
	struct context *ctx = agent_call(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), ERR_BAD_STATE);
	reply_as("one", 180);
	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), ERR_BAD_STATE);
	reply_as("one", 200);
	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), ERR_BAD_STATE);
}
END_TEST

START_TEST(another_endpoint_refuses_the_context)
{
	struct context *ctx = agent_talk(&alice);
	static struct agent carol;
	enum error err;

	agent_init(&carol, &rig, "192.0.2.3", RIG_UDP);
	ck_assert_ptr_null(endpoint_new_request(carol.ep, ctx, NULL,
	                                        &(struct request_params){
		.method = SLICE("INFO"),
	}, &err));
	ck_assert_int_eq(err, ERR_BAD_STATE);
	ck_assert(!endpoint_hangup(carol.ep, ctx, NULL, NULL));
	ck_assert_uint_eq(endpoint_cancel_invite(carol.ep, ctx, NULL, NULL),
	                  0);
	agent_deinit(&carol);
}
END_TEST

/* --- what the callee of a report may do --- */

static void close_it(struct agent *a, struct context *ctx,
                     const struct outcome *o)
{
	(void)o;
	endpoint_close_context(a->ep, ctx);
}

START_TEST(a_context_may_be_closed_by_whoever_hears_of_it)
{
	alice.on_outcome = close_it;
	agent_call(&alice);
	rig_reply_status(&rig, rig_last(&rig), 200);
	ck_assert_uint_eq(alice.nclosed, 1);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 0);
	rig_reply_status(&rig, rig_sent(&rig, 0), 200);
	ck_assert_uint_eq(alice.noutcomes, 1);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(alice.nendings, 0);
}
END_TEST

static void hang_up(struct agent *a, struct context *ctx,
                    const struct outcome *o)
{
	if (o->final && o->method == METHOD_INVITE)
		ck_assert(endpoint_hangup(a->ep, ctx, agent_hear, a));
}

START_TEST(the_bye_of_an_answer_waits_for_its_ack)
{
	alice.on_outcome = hang_up;
	agent_call(&alice);
	rig_reply_status(&rig, rig_last(&rig), 200);
	ck_assert_uint_eq(rig.nsent, 3);
	ck_assert(slice_starts_with(rig_sent(&rig, 1)->wire, SLICE("ACK ")));
	ck_assert(slice_starts_with(rig_sent(&rig, 2)->wire, SLICE("BYE ")));
}
END_TEST

static void call_again(struct agent *a, struct context *ctx,
                       const struct outcome *o)
{
	if (o->final && a->noutcomes == 1)
		ck_assert_int_eq(agent_send(a, ctx, "INVITE"), OK);
}

START_TEST(a_refused_call_may_be_tried_again_in_its_context)
{
	alice.on_outcome = call_again;
	agent_call(&alice);
	rig_reply_status(&rig, rig_last(&rig), 486);
	ck_assert_uint_eq(alice.nclosed, 0);
	ck_assert_uint_eq(alice.nendings, 0);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 2);
	ck_assert_uint_eq(rig_parse(&rig, rig_last(&rig)->wire)->cseq.number,
	                  2);
	rig_reply_status(&rig, agent_sent(&alice, "INVITE ", 1), 486);
	ck_assert_uint_eq(alice.nclosed, 1);
	ck_assert_uint_eq(alice.nendings, 1);
}
END_TEST

/* --- REGISTER, and requests as they are --- */

/* U10 */
START_TEST(register_says_what_it_was_told)
{
	const struct message *m;
	enum error err;

	ck_assert_ptr_nonnull(endpoint_register(alice.ep,
	                                        &(struct register_params){
		.registrar = SLICE("sip:192.0.2.9"),
		.from = SLICE("sip:alice@example.com"),
		.contact = SLICE("<sip:alice@192.0.2.1>;q=0.5"),
		.expires_s = 900,
		.call_id = SLICE("mine"),
		.cseq = 7,
	}, &err));
	m = rig_parse(&rig, rig_last(&rig)->wire);
	ck_assert_slice_eq(m->uri_text, "sip:192.0.2.9");
	ck_assert_slice_eq(m->call_id, "mine");
	ck_assert_uint_eq(m->cseq.number, 8);
	ck_assert_slice_eq(message_header(m, HEADER_TO, 0),
	                   "<sip:alice@example.com>");
	ck_assert_slice_eq(message_header(m, HEADER_EXPIRES, 0), "900");
	ck_assert_slice_eq(message_header(m, HEADER_CONTACT, 0),
	                   "<sip:alice@192.0.2.1>;q=0.5");
}
END_TEST

START_TEST(register_may_carry_the_contact_of_its_leg)
{
	enum error err;

	ck_assert_ptr_nonnull(endpoint_register(alice.ep,
	                                        &(struct register_params){
		.registrar = SLICE("sip:192.0.2.9;transport=tcp"),
		.from = SLICE("sip:alice@example.com"),
		.with_contact = true,
		.contact_params = SLICE(";expires=60"),
		.no_expires = true,
	}, &err));
	ck_assert_slice_eq(agent_header(&alice, "REGISTER ", 0,
	                                HEADER_CONTACT),
	                   "<sip:alice@192.0.2.1:5060;transport=tcp>"
	                   ";expires=60");
	ck_assert_ptr_null(agent_header(&alice, "REGISTER ", 0,
	                                HEADER_EXPIRES).p);
}
END_TEST

START_TEST(a_register_without_contact_is_a_query)
{
	enum error err;

	ck_assert_ptr_nonnull(endpoint_register(alice.ep,
	                                        &(struct register_params){
		.registrar = SLICE("sip:192.0.2.9"),
		.from = SLICE("sip:alice@example.com"),
		.no_expires = true,
	}, &err));
	ck_assert_ptr_null(agent_header(&alice, "REGISTER ", 0,
	                                HEADER_CONTACT).p);
}
END_TEST

START_TEST(a_ready_request_gets_a_via_and_nothing_else)
{
	static const char ready[] =
		"OPTIONS sip:192.0.2.9 SIP/2.0\r\n"
		"f: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
		"Call-ID: raw\r\nCSeq: 4711 OPTIONS\r\n"
		"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
	struct slice wire, line, via, rest;
	enum error err;

	(void)endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:a@h"),
		.to = SLICE("sip:b@h"),
	}, &(struct request_params){
		.ready = slice_str(ready),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
	wire = rig_last(&rig)->wire;
	ck_assert(slice_take_line(&wire, &line));
	ck_assert_slice_eq(line, "OPTIONS sip:192.0.2.9 SIP/2.0");
	ck_assert(slice_take_line(&wire, &via));
	ck_assert(slice_starts_with(via, SLICE("Via: SIP/2.0/UDP ")));
	rest = slice_str(ready);
	ck_assert(slice_take_line(&rest, &line));
	ck_assert(slice_eq(wire, rest));
	rig_reply_status(&rig, rig_last(&rig), 200);
	ck_assert_uint_eq(agent_last(&alice)->cseq, 4711);
	ck_assert_int_eq(agent_last(&alice)->method, METHOD_OPTIONS);
}
END_TEST

START_TEST(the_users_fields_win)
{
	const struct field fields[] = {
		{ SLICE_INIT("Contact"), SLICE_INIT("<sip:else@where>") },
		{ SLICE_INIT("Allow"), { NULL, 0 } },
		{ SLICE_INIT("X-Mine"), SLICE_INIT("yes") },
	};
	const struct message *m;
	enum error err;

	(void)endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@example.com"),
		.to = SLICE("sip:bob@192.0.2.9"),
	}, &(struct request_params){
		.fields = fields, .nfields = ARRAY_LEN(fields), .cseq = 42,
	}, &err);
	m = rig_parse(&rig, rig_last(&rig)->wire);
	ck_assert_slice_eq(message_header(m, HEADER_CONTACT, 0),
	                   "<sip:else@where>");
	ck_assert(!message_has(m, HEADER_ALLOW));
	ck_assert_slice_eq(message_header_named(m, SLICE("x-mine"), 0), "yes");
	ck_assert_uint_eq(m->cseq.number, 42);
}
END_TEST

START_TEST(a_uri_without_brackets_gets_them)
{
	enum error err;

	(void)endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@h;user=phone"),
		.to = SLICE("sip:bob@192.0.2.9;tag=theirs"),
	}, &(struct request_params){ .method = SLICE("OPTIONS") }, &err);
	ck_assert_int_eq(err, OK);
	ck_assert(slice_starts_with(
		agent_header(&alice, "OPTIONS", 0, HEADER_FROM),
		SLICE("<sip:alice@h;user=phone>;tag=")));
	ck_assert_slice_eq(agent_header(&alice, "OPTIONS", 0, HEADER_TO),
	                   "sip:bob@192.0.2.9;tag=theirs");
}
END_TEST

/* --- no memory --- */

START_TEST(a_call_survives_every_shortage_of_memory)
{
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		struct agent a;
		struct context *ctx;
		enum error err;

		agent_init(&a, &rig, "192.0.2.2", RIG_UDP);
		test_alloc_fail(n);
		ctx = endpoint_invite(a.ep, NULL, &(struct context_params){
			.from = SLICE("sip:alice@example.com"),
			.to = SLICE("sip:bob@192.0.2.9"),
		}, &(struct request_params){
			.fn = agent_hear, .arg = &a,
		}, &err);
		failed = test_alloc_restore();
		ck_assert(err == OK || failed);
		ck_assert_int_eq(ctx != NULL, err == OK);
		rig_settle(&rig);
		agent_deinit(&a);
		rig_leave(&a.party);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_uac", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, invite_carries_what_8_1_1_wants);
	tcase_add_test(
		tests,
		a_response_with_another_call_id_or_from_tag_is_dropped);
	tcase_add_test(tests, a_call_is_made_acked_and_hung_up);
	tcase_add_test(tests,
	               a_request_that_makes_no_dialog_closes_its_context);
	tcase_add_test(tests, branches_tags_and_call_ids_are_never_used_twice);
	tcase_add_test(tests,
	               a_provisional_of_other_methods_is_told_only_when_100);
	tcase_add_test(tests,
	               a_provisional_that_comes_again_is_told_as_repeated);
	tcase_add_loop_test(tests, an_unknown_status_counts_as_its_class, 0,
	                    ARRAY_LEN(strange));
	tcase_add_test(tests, every_copy_of_a_2xx_is_acked_with_the_same_ack);
	tcase_add_test(tests, the_ack_of_a_2xx_is_a_transaction_of_its_own);
	tcase_add_test(tests, the_ack_carries_the_answer_to_a_late_offer);
	tcase_add_test(tests, a_repeated_2xx_is_acked_for_32_seconds_only);
	tcase_add_test(tests, each_fork_has_its_own_early_dialog);
	tcase_add_test(tests,
	               the_first_2xx_wins_and_others_are_acked_and_byed);
	tcase_add_test(tests,
	               forks_that_never_answered_end_64_t1_after_the_2xx);
	tcase_add_test(tests, a_flood_of_forks_is_bounded);
	tcase_add_test(tests, a_route_set_is_the_2xx_record_route_reversed);
	tcase_add_test(tests, a_strict_router_takes_the_request_uri);
	tcase_add_test(tests, a_preset_route_leads_requests_outside_dialogs);
	tcase_add_test(tests, a_2xx_to_reinvite_and_update_moves_the_target);
	tcase_add_test(tests, a_2xx_without_tag_and_contact_makes_a_dialog);
	tcase_add_loop_test(tests, a_refused_call_says_why_and_closes, 0,
	                    ARRAY_LEN(refusals));
	tcase_add_test(tests, a_silent_peer_is_a_timeout_after_32_seconds);
	tcase_add_test(tests, a_closed_port_is_told_at_once);
	tcase_add_loop_test(tests, what_cannot_be_sent_is_told, 0,
	                    ARRAY_LEN(failures));
	tcase_add_loop_test(tests, only_481_and_408_end_a_dialog, 0,
	                    ARRAY_LEN(within));
	tcase_add_test(tests, only_one_invite_is_open_at_a_time);
	tcase_add_test(tests, another_endpoint_refuses_the_context);
	tcase_add_test(tests, a_context_may_be_closed_by_whoever_hears_of_it);
	tcase_add_test(tests, the_bye_of_an_answer_waits_for_its_ack);
	tcase_add_test(tests,
	               a_refused_call_may_be_tried_again_in_its_context);
	tcase_add_test(tests, register_says_what_it_was_told);
	tcase_add_test(tests, register_may_carry_the_contact_of_its_leg);
	tcase_add_test(tests, a_register_without_contact_is_a_query);
	tcase_add_test(tests, a_ready_request_gets_a_via_and_nothing_else);
	tcase_add_test(tests, the_users_fields_win);
	tcase_add_test(tests, a_uri_without_brackets_gets_them);
	tcase_add_test(tests, a_call_survives_every_shortage_of_memory);
	return s;
}

int main(void)
{
	return test_main(suite());
}
