/* The endpoint answers: what it refuses by itself, and calls of the peer. */

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

static void receive(const struct rig_request *q)
{
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, q));
}

static const struct message *last(void)
{
	return rig_parse(&rig, rig_last(&rig)->wire);
}

/* --- what is answered without asking (8.2) --- */

static const char contact[] = "<sip:bob@192.0.2.9>";

static const struct {
	const char *why;                /* and the row of CONFORMANCE */
	struct rig_request request;
	unsigned status;                /* 0: the application is asked */
	enum header_id id;              /* a header of the answer ... */
	const char *value;              /* ... and what it says */
} screened[] = {
	{ "U03: known, and not allowed", { .method = "REFER" },
	  405, HEADER_ALLOW, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, "
	                     "MESSAGE, NOTIFY, UPDATE" },
	{ "U03: unheard of", { .method = "FROB" },
	  501, HEADER_ALLOW, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, "
	                     "MESSAGE, NOTIFY, UPDATE" },
	{ "U03: case matters", { .method = "options" },
	  501, HEADER_OTHER, NULL },
	{ "U04: an extension", { .extra = "Require: 100rel, foo\r\n" },
	  420, HEADER_UNSUPPORTED, "100rel, foo" },
	{ "U04: not what Unsupported could repeat",
	  { .method = "INVITE", .contact = contact,
	    .extra = "Require: 100rel\x7f\r\n" },
	  400, HEADER_OTHER, NULL },
	{ "U04: Proxy-Require is not for us",
	  { .extra = "Proxy-Require: foo\r\n" }, 0, HEADER_OTHER, NULL },
	{ "U05: a body of another type",
	  { .method = "INVITE", .contact = contact,
	    .content_type = "text/plain", .body = "hi" },
	  415, HEADER_ACCEPT, "application/sdp, multipart/mixed" },
	{ "U05: which may be left aside",
	  { .method = "INVITE", .contact = contact,
	    .content_type = "text/plain", .body = "hi",
	    .extra = "Content-Disposition: render;handling=optional\r\n" },
	  0, HEADER_OTHER, NULL },
	{ "U05: which must not",
	  { .method = "INVITE", .contact = contact,
	    .content_type = "text/plain", .body = "hi",
	    .extra = "Content-Disposition: render; handling=required\r\n" },
	  415, HEADER_ACCEPT, "application/sdp, multipart/mixed" },
	{ "U05: another encoding",
	  { .method = "MESSAGE", .content_type = "text/plain", .body = "hi",
	    .extra = "Content-Encoding: gzip\r\n" },
	  415, HEADER_ACCEPT_ENCODING, "identity" },
	{ "U05: MESSAGE is for the application",
	  { .method = "MESSAGE", .content_type = "text/plain",
	    .body = "hi" }, 0, HEADER_OTHER, NULL },
	{ "U30: SDP among other parts",
	  { .method = "INVITE", .contact = contact,
	    .content_type = "multipart/mixed;boundary=x",
	    .body = "--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
	            "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
	            "\r\n--x--\r\n" }, 0, HEADER_OTHER, NULL },
	{ "U30: no SDP among them",
	  { .method = "INVITE", .contact = contact,
	    .content_type = "multipart/mixed;boundary=x",
	    .body = "--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
	            "--x--\r\n" }, 415, HEADER_OTHER, NULL },
	{ "U06: not a sip URI", { .uri = "tel:+358-555-1234567" },
	  416, HEADER_OTHER, NULL },
	{ "U06: unheard of", { .uri = "nobodyKnowsThisScheme:totallyopaque" },
	  416, HEADER_OTHER, NULL },
	{ "12.1.1: where to send requests to?", { .method = "INVITE" },
	  400, HEADER_OTHER, NULL },
	{ "U23: BYE of no dialog", { .method = "BYE" },
	  481, HEADER_OTHER, NULL },
	{ "UPDATE of no dialog", { .method = "UPDATE", .contact = contact },
	  481, HEADER_OTHER, NULL },
	{ "12.2.2: a tag that we never gave",
	  { .method = "INVITE", .contact = contact,
	    .to = "<sip:alice@192.0.2.1>;tag=gone" },
	  481, HEADER_OTHER, NULL },
	{ "U14: CANCEL of nothing", { .method = "CANCEL" },
	  481, HEADER_OTHER, NULL },
};

START_TEST(the_application_is_not_asked_for_all)
{
	struct slice value;

	receive(&screened[_i].request);
	if (screened[_i].status == 0) {
		ck_assert_msg(alice.nincoming == 1, "%s", screened[_i].why);
		ck_assert_int_eq(agent_answer(&alice, 480), OK);
		return;
	}
	ck_assert_msg(alice.nincoming == 0, "%s", screened[_i].why);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_uint_eq(last()->status, screened[_i].status);
	ck_assert_ptr_nonnull(rig.message.to.tag.p);    /* U07 */
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
	if (screened[_i].value != NULL) {
		value = message_header(&rig.message, screened[_i].id, 0);
		ck_assert_slice_eq(value, screened[_i].value);
	}
}
END_TEST

START_TEST(what_settings_allow_and_support_passes)
{
	alice.settings.allow = SLICE("REFER, FROB");
	alice.settings.supported = SLICE("foo");
	receive(&(struct rig_request){
		.method = "FROB",
		.extra = "Require: foo\r\n",
	});
	ck_assert_uint_eq(alice.nincoming, 1);
	receive(&(struct rig_request){
		.method = "OPTIONS",
		.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKother",
		.call_id = "other",
	});
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_uint_eq(last()->status, 405);
}
END_TEST

START_TEST(an_ack_of_no_dialog_is_ignored)
{
	receive(&(struct rig_request){
		.method = "ACK",
		.to = "<sip:alice@192.0.2.1>;tag=gone",
	});
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_uint_eq(alice.nincoming, 0);
}
END_TEST

START_TEST(without_an_application_nobody_is_at_home)
{
	endpoint_set_application(alice.ep, NULL, NULL);
	receive(&(struct rig_request){ .method = "MESSAGE" });
	ck_assert_uint_eq(last()->status, 480);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
}
END_TEST

START_TEST(more_calls_than_may_wait_are_busy)
{
	char via[80], call_id[20];

	alice.settings.max_calls = 2;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(via, sizeof(via),
		         "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKc%u", i);
		snprintf(call_id, sizeof(call_id), "call%u", i);
		receive(&(struct rig_request){
			.method = "INVITE", .via = via, .call_id = call_id,
			.contact = contact,
		});
	}
	ck_assert_uint_eq(alice.nincoming, 2);
	ck_assert_uint_eq(last()->status, 486);
	/* One that was answered does not wait. */
	ck_assert_int_eq(agent_answer(&alice, 486), OK);
	receive(&(struct rig_request){
		.method = "INVITE", .call_id = "call4", .contact = contact,
		.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKc4",
	});
	ck_assert_uint_eq(alice.nincoming, 3);
}
END_TEST

/* --- requests outside dialogs --- */

START_TEST(another_request_is_answered_by_the_application)
{
	receive(&(struct rig_request){ .method = "MESSAGE" });
	ck_assert_int_eq(agent_last_incoming(&alice)->method, METHOD_MESSAGE);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 1);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert_uint_eq(last()->status, 200);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
	ck_assert_int_eq(agent_answer(&alice, 200), ERR_NOT_FOUND);
}
END_TEST

/* T08 */
START_TEST(a_repeated_request_is_told_once)
{
	receive(&(struct rig_request){ .method = "MESSAGE" });
	receive(&(struct rig_request){ .method = "MESSAGE" });
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	receive(&(struct rig_request){ .method = "MESSAGE" });
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 2);
}
END_TEST

/* N3 */
START_TEST(other_requests_get_no_provisional_and_no_408)
{
	receive(&(struct rig_request){ .method = "MESSAGE" });
	ck_assert_int_eq(agent_answer(&alice, 180), ERR_BAD_STATE);
	ck_assert_int_eq(agent_answer(&alice, 408), ERR_BAD_STATE);
	ck_assert_uint_eq(rig.nsent, 0);
	/* What nobody answers is over 64*T1 later. */
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
	ck_assert_int_eq(agent_answer(&alice, 200), ERR_NOT_FOUND);
}
END_TEST

/* U09 */
START_TEST(capabilities_are_what_11_2_asks_for)
{
	struct field fields[5];
	size_t n = endpoint_capabilities(alice.ep, fields);

	receive(&(struct rig_request){ .method = "OPTIONS" });
	ck_assert_int_eq(endpoint_new_response(
		alice.ep, agent_last_incoming(&alice)->id,
		&(struct response_parts){
			.status = 200, .fields = fields, .nfields = n,
		}), OK);
	(void)last();
	ck_assert(message_has(&rig.message, HEADER_ALLOW));
	ck_assert(message_has(&rig.message, HEADER_ACCEPT));
	ck_assert(message_has(&rig.message, HEADER_ACCEPT_ENCODING));
	ck_assert(message_has(&rig.message, HEADER_ACCEPT_LANGUAGE));
	ck_assert(message_has(&rig.message, HEADER_SUPPORTED));
}
END_TEST

START_TEST(the_kept_request_can_be_read_again)
{
	struct message m;

	agent_ring(&alice);
	message_init(&m);
	ck_assert(endpoint_pending_request(
		alice.ep, agent_last_incoming(&alice)->id, &m));
	ck_assert_slice_eq(m.body, agent_offer);
	ck_assert(!endpoint_pending_request(alice.ep, 999, &m));
	message_deinit(&m);
}
END_TEST

START_TEST(closing_a_context_leaves_no_request_unanswered)
{
	struct context *ctx = agent_ring(&alice);

	endpoint_close_context(alice.ep, ctx);
	ck_assert_uint_eq(last()->status, 480);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* --- calls --- */

START_TEST(a_call_rings_is_answered_and_acked)
{
	struct context *ctx = agent_ring(&alice);
	struct slice tag;

	ck_assert(context_is_incoming(ctx));
	ck_assert_int_eq(context_state(ctx), CONTEXT_INCOMING);
	ck_assert_uint_ne(context_pending_invite(ctx), 0);
	ck_assert_ptr_null(context_dialog(ctx));

	ck_assert_int_eq(agent_answer(&alice, 180), OK);
	tag = last()->to.tag;
	ck_assert_int_eq(dialog_state(context_dialog(ctx)), DIALOG_EARLY);
	ck_assert(slice_eq(dialog_local_tag(context_dialog(ctx)), tag));
	ck_assert_slice_eq(message_header(&rig.message, HEADER_CONTACT, 0),
	                   "<sip:bob@192.0.2.1:5060>");

	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert(slice_eq(last()->to.tag, tag));
	ck_assert(message_has(&rig.message, HEADER_ALLOW));
	ck_assert_int_eq(context_state(ctx), CONTEXT_ANSWERED);
	ck_assert_uint_eq(context_pending_invite(ctx), 0);

	agent_peer_acks(&alice);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	ck_assert_int_eq(agent_last_incoming(&alice)->method, METHOD_ACK);
	ck_assert_uint_eq(agent_last_incoming(&alice)->id, 0);
	agent_peer_acks(&alice);
	ck_assert_uint_eq(alice.nincoming, 2);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 1);
}
END_TEST

/* T09 */
START_TEST(an_invite_that_waits_gets_100_within_200_ms)
{
	agent_ring(&alice);
	rig_advance(&rig, 199);
	ck_assert_uint_eq(rig.nsent, 0);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(last()->status, 100);
}
END_TEST

/* 13.3.1.1 */
START_TEST(a_call_that_rings_says_so_every_minute)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 180), OK);
	rig_advance(&rig, 59999);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 180"), 1);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 180"), 2);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 180"), 3);
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	rig_advance(&rig, 120000);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 180"), 3);
}
END_TEST

/* 13.3.1 */
START_TEST(a_call_that_expires_gets_487)
{
	receive(&(struct rig_request){
		.method = "INVITE", .contact = contact,
		.extra = "Expires: 20\r\n",
	});
	ck_assert_int_eq(agent_answer(&alice, 180), OK);
	rig_advance(&rig, 19999);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 487"), 0);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 487"), 1);
	ck_assert_str_eq(agent_ending(&alice)->cause, "timeout");
	ck_assert_int_eq(agent_answer(&alice, 200), ERR_NOT_FOUND);
}
END_TEST

/* U16, N8 */
START_TEST(the_2xx_is_repeated_until_64_t1_and_then_bye)
{
	static const unsigned at_ms[] = {
		500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
		31500,
	};
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	for (unsigned i = 0; i < ARRAY_LEN(at_ms); i++) {
		rig_advance_to(&rig, at_ms[i] - 1);
		ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), i + 1);
		rig_advance_to(&rig, at_ms[i]);
		ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), i + 2);
	}
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 0);
	rig_advance_to(&rig, 32000);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	ck_assert_str_eq(agent_ending(&alice)->cause, "no-ack");
	ck_assert(agent_ending(&alice)->was_up);
	ck_assert_int_eq(context_state(ctx), CONTEXT_ENDED);
	rig_reply_status(&rig, rig_last(&rig), 200);
	ck_assert_uint_eq(alice.nclosed, 1);
	ck_assert_uint_eq(alice.nendings, 1);
}
END_TEST

/* U16 */
START_TEST(the_2xx_is_repeated_over_tcp_too)
{
	struct flow from = rig_flow(&alice.party, TRANSPORT_TCP,
	                            "192.0.2.9:5060");

	rig_inject_over(&alice.party, &from,
	                rig_request(&rig, &(struct rig_request){
		.method = "INVITE", .contact = contact,
		.via = "SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKt",
	}));
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	rig_advance(&rig, 1500);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 3);
}
END_TEST

START_TEST(a_refused_call_ends_and_closes)
{
	agent_ring(&alice);
	ck_assert_int_eq(agent_answer(&alice, 486), OK);
	ck_assert_uint_eq(last()->status, 486);
	ck_assert_str_eq(agent_ending(&alice)->cause, "refused");
	ck_assert(!agent_ending(&alice)->by_remote);
	ck_assert_uint_eq(agent_ending(&alice)->status, 486);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* U14, U12 from the other side */
START_TEST(a_cancelled_call_gets_487_and_cancel_200)
{
	agent_ring(&alice);
	ck_assert_int_eq(agent_answer(&alice, 180), OK);
	receive(&(struct rig_request){
		.method = "CANCEL",
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = "<sip:alice@192.0.2.1>",
	});
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 487"), 1);
	ck_assert_int_eq(agent_last_incoming(&alice)->method, METHOD_CANCEL);
	ck_assert_uint_eq(agent_last_incoming(&alice)->id, 0);
	ck_assert_str_eq(agent_ending(&alice)->cause, "cancel");
	ck_assert(agent_ending(&alice)->by_remote);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

START_TEST(the_peers_bye_ends_the_call)
{
	struct context *ctx = agent_be_called(&alice);

	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 2,
	                 &(struct rig_request){ 0 });
	ck_assert_uint_eq(last()->status, 200);
	ck_assert_int_eq(agent_last_incoming(&alice)->method, METHOD_BYE);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert(agent_ending(&alice)->by_remote);
	ck_assert(agent_ending(&alice)->was_up);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

/* U18 */
START_TEST(the_callees_requests_follow_record_route_in_order)
{
	struct context *ctx;
	const struct message *m;

	receive(&(struct rig_request){
		.method = "INVITE",
		.contact = "<sip:bob@192.0.2.9:5070>",
		.extra = "Record-Route: <sip:192.0.2.7;lr>\r\n"
		         "Record-Route: <sip:192.0.2.8;lr>\r\n",
	});
	ctx = endpoint_find_context(alice.ep,
	                            agent_last_incoming(&alice)->context);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert(message_has(last(), HEADER_RECORD_ROUTE));
	agent_peer_acks(&alice);
	ck_assert_int_eq(agent_send(&alice, ctx, "INFO"), OK);
	m = last();
	ck_assert_slice_eq(m->uri_text, "sip:bob@192.0.2.9:5070");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 0),
	                   "<sip:192.0.2.7;lr>");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 1),
	                   "<sip:192.0.2.8;lr>");
	ck_assert_uint_eq(m->cseq.number, 1);
	ck_assert_slice_eq(m->to.tag, "alice");
}
END_TEST

/* U18 */
START_TEST(their_reinvite_and_update_move_the_target_once_accepted)
{
	struct context *ctx = agent_be_called(&alice);
	struct dialog *d = context_dialog(ctx);

	agent_peer_sends(&alice, d, "INVITE", 2, &(struct rig_request){
		.contact = "<sip:bob@192.0.2.9:5071>",
	});
	ck_assert(agent_last_incoming(&alice)->in_dialog);
	ck_assert_int_eq(agent_answer(&alice, 488), OK);
	ck_assert_slice_eq(dialog_remote_target(d), "sip:bob@192.0.2.9");
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);

	agent_peer_sends(&alice, d, "UPDATE", 3, &(struct rig_request){
		.contact = "<sip:bob@192.0.2.9:5072>",
	});
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert(message_has(last(), HEADER_CONTACT));
	ck_assert_slice_eq(dialog_remote_target(d), "sip:bob@192.0.2.9:5072");
	ck_assert_uint_eq(alice.nendings, 0);
}
END_TEST

/* F6 */
START_TEST(a_new_from_uri_with_the_old_tag_is_the_same_dialog)
{
	struct context *ctx = agent_be_called(&alice);

	agent_peer_sends(&alice, context_dialog(ctx), "INFO", 2,
	                 &(struct rig_request){
		.from = "<sip:someone.else@192.0.2.9>;tag=peer",
	});
	ck_assert(agent_last_incoming(&alice)->in_dialog);
}
END_TEST

/* U18 */
START_TEST(a_lower_cseq_is_500)
{
	struct context *ctx = agent_be_called(&alice);
	struct dialog *d = context_dialog(ctx);

	agent_peer_sends(&alice, d, "INFO", 5, &(struct rig_request){ 0 });
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	agent_peer_sends(&alice, d, "INFO", 4, &(struct rig_request){ 0 });
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_uint_eq(last()->status, 500);
	agent_peer_sends(&alice, d, "INFO", 900, &(struct rig_request){ 0 });
	ck_assert_uint_eq(alice.nincoming, 2);
}
END_TEST

/* U27 */
START_TEST(a_request_without_from_tag_has_a_null_tag)
{
	struct context *ctx;
	struct dialog *d;

	receive(&(struct rig_request){
		.method = "INVITE", .from = "<sip:old@192.0.2.9>",
		.contact = contact,
	});
	ctx = endpoint_find_context(alice.ep,
	                            agent_last_incoming(&alice)->context);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	agent_peer_acks(&alice);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	d = context_dialog(ctx);
	ck_assert_uint_eq(dialog_remote_tag(d).len, 0);
	agent_peer_sends(&alice, d, "BYE", 2, &(struct rig_request){ 0 });
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
}
END_TEST

/* U23 */
START_TEST(a_bye_in_an_early_dialog_answers_the_invite_with_487)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 180), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "BYE", 2,
	                 &(struct rig_request){ 0 });
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 1);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 487"), 1);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
	ck_assert(!agent_ending(&alice)->was_up);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

START_TEST(hanging_up_refuses_a_call_that_rings)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	ck_assert_uint_eq(last()->status, 603);
	ck_assert_uint_eq(alice.nendings, 1);
}
END_TEST

START_TEST(the_callee_may_play_a_fork_with_tags_of_its_own)
{
	struct context *ctx = agent_ring(&alice);
	uint64_t id = agent_last_incoming(&alice)->id;

	ck_assert_int_eq(endpoint_new_response(
		alice.ep, id, &(struct response_parts){
			.status = 180, .to_tag = SLICE("one"),
		}), OK);
	ck_assert_int_eq(endpoint_new_response(
		alice.ep, id, &(struct response_parts){
			.status = 200, .to_tag = SLICE("two"),
		}), OK);
	ck_assert_slice_eq(last()->to.tag, "two");
	agent_peer_acks(&alice);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	ck_assert_slice_eq(dialog_local_tag(context_dialog(ctx)), "two");
	ck_assert_int_eq(dialog_state(context_nth_dialog(ctx, 0)),
	                 DIALOG_TERMINATED);
}
END_TEST

static void close_all(struct context *ctx, void *arg)
{
	struct agent *a = arg;

	endpoint_close_context(a->ep, ctx);
	while (endpoint_contexts(a->ep) != 0)
		endpoint_close_context(a->ep, endpoint_find_context(
			a->ep, a->incoming[1].context));
}

START_TEST(contexts_may_be_closed_while_they_are_walked)
{
	receive(&(struct rig_request){ .method = "MESSAGE" });
	receive(&(struct rig_request){
		.method = "MESSAGE", .call_id = "other",
		.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKother",
	});
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 2);
	endpoint_each_context(alice.ep, close_all, &alice);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
}
END_TEST

/* What Perl's Net::SIP cannot do: both ends in one endpoint. */
START_TEST(an_endpoint_can_call_itself)
{
	struct context *ctx;
	enum error err;

	ctx = endpoint_invite(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@example.com"),
		.to = SLICE("sip:alice@192.0.2.1"),
	}, &(struct request_params){ .fn = agent_hear, .arg = &alice }, &err);
	rig_settle(&rig);
	ck_assert_int_eq(agent_last_incoming(&alice)->method, METHOD_INVITE);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	rig_advance(&rig, 10);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	ck_assert_int_eq(agent_last_incoming(&alice)->method, METHOD_ACK);
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	rig_advance(&rig, 10);
	ck_assert_int_eq(agent_last_incoming(&alice)->method, METHOD_BYE);
	ck_assert_int_eq(context_state(ctx), CONTEXT_ENDED);
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
}
END_TEST

START_TEST(an_answer_survives_every_shortage_of_memory)
{
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		struct agent a;
		enum error err;
		uint64_t id;

		agent_init(&a, &rig, "192.0.2.2", RIG_UDP);
		agent_ring(&a);
		id = agent_last_incoming(&a)->id;
		test_alloc_fail(n);
		err = endpoint_new_response(a.ep, id,
		                            &(struct response_parts){
			.status = 200,
		});
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
		agent_deinit(&a);
		rig_leave(&a.party);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_uas", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, the_application_is_not_asked_for_all, 0,
	                    ARRAY_LEN(screened));
	tcase_add_test(tests, what_settings_allow_and_support_passes);
	tcase_add_test(tests, an_ack_of_no_dialog_is_ignored);
	tcase_add_test(tests, without_an_application_nobody_is_at_home);
	tcase_add_test(tests, more_calls_than_may_wait_are_busy);
	tcase_add_test(tests, another_request_is_answered_by_the_application);
	tcase_add_test(tests, a_repeated_request_is_told_once);
	tcase_add_test(tests, other_requests_get_no_provisional_and_no_408);
	tcase_add_test(tests, capabilities_are_what_11_2_asks_for);
	tcase_add_test(tests, the_kept_request_can_be_read_again);
	tcase_add_test(tests, closing_a_context_leaves_no_request_unanswered);
	tcase_add_test(tests, a_call_rings_is_answered_and_acked);
	tcase_add_test(tests, an_invite_that_waits_gets_100_within_200_ms);
	tcase_add_test(tests, a_call_that_rings_says_so_every_minute);
	tcase_add_test(tests, a_call_that_expires_gets_487);
	tcase_add_test(tests, the_2xx_is_repeated_until_64_t1_and_then_bye);
	tcase_add_test(tests, the_2xx_is_repeated_over_tcp_too);
	tcase_add_test(tests, a_refused_call_ends_and_closes);
	tcase_add_test(tests, a_cancelled_call_gets_487_and_cancel_200);
	tcase_add_test(tests, the_peers_bye_ends_the_call);
	tcase_add_test(tests,
	               the_callees_requests_follow_record_route_in_order);
	tcase_add_test(tests,
	               their_reinvite_and_update_move_the_target_once_accepted);
	tcase_add_test(tests,
	               a_new_from_uri_with_the_old_tag_is_the_same_dialog);
	tcase_add_test(tests, a_lower_cseq_is_500);
	tcase_add_test(tests, a_request_without_from_tag_has_a_null_tag);
	tcase_add_test(tests,
	               a_bye_in_an_early_dialog_answers_the_invite_with_487);
	tcase_add_test(tests, hanging_up_refuses_a_call_that_rings);
	tcase_add_test(tests, the_callee_may_play_a_fork_with_tags_of_its_own);
	tcase_add_test(tests, contexts_may_be_closed_while_they_are_walked);
	tcase_add_test(tests, an_endpoint_can_call_itself);
	tcase_add_test(tests, an_answer_survives_every_shortage_of_memory);
	return s;
}

int main(void)
{
	return test_main(suite());
}
