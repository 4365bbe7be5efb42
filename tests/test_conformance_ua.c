/* What a user agent has to do by RFC 3261 8 to 15 and its extensions; the ids
 * are those of tests/conformance.tsv. Here is what tests/test_endpoint_*.c
 * leave over, mostly the other role or transport. */

#include <stdio.h>
#include <stdlib.h>

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

static const char contact[] = "<sip:bob@192.0.2.9>";
static const struct rig_request nothing = { 0 };

static void receive(const struct rig_request *q)
{
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, q));
}

static void reply(const char *start, size_t nth,
                  const struct rig_response *q)
{
	rig_reply(&rig, agent_sent(&alice, start, nth), q);
}

static struct context *send_with(const char *method, const char *to,
                                 const struct slice *routes, size_t nroutes)
{
	struct context *ctx;
	enum error err;

	ctx = endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@example.com"),
		.to = slice_str(to),
		.routes = routes,
		.nroutes = nroutes,
	}, &(struct request_params){
		.method = slice_str(method),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
	context_watch(ctx, agent_watch, &alice);
	return ctx;
}

/* --- requests --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void check_all_differ(char texts[][40], size_t n)
{
	qsort(texts, n, 40, by_text);
	for (size_t i = 1; i < n; i++)
		ck_assert_str_ne(texts[i - 1], texts[i]);
}

/* U01, N1: in 1,000 requests of all kinds. */
START_TEST(each_request_carries_what_8_1_1_wants_and_nothing_twice)
{
	static const char *const methods[] = {
		"OPTIONS", "MESSAGE", "INVITE", "REGISTER", "FROB",
	};
	static char branches[1000][40], tags[1000][40];

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		struct context *ctx = send_with(methods[i % 5],
		                                "sip:bob@192.0.2.9", NULL, 0);
		const struct message *m = rig_parse(&rig,
		                                    rig_last(&rig)->wire);

		ck_assert(via_branch_is_rfc3261(&m->via));
		ck_assert(m->via.has_rport);
		ck_assert_uint_eq(m->via.port, 5060);
		ck_assert_uint_lt(m->cseq.number, 1U << 31);
		ck_assert_slice_eq(message_header(m, HEADER_MAX_FORWARDS, 0),
		                   "70");
		ck_assert(message_has(m, HEADER_TO));
		ck_assert_uint_ne(m->call_id.len, 0);
		snprintf(branches[i], 40, "%.*s", SLICE_ARG(m->via.branch));
		snprintf(tags[i], 40, "%.*s", SLICE_ARG(m->from.tag));
		endpoint_close_context(alice.ep, ctx);
	}
	check_all_differ(branches, ARRAY_LEN(branches));
	check_all_differ(tags, ARRAY_LEN(tags));
}
END_TEST

/* U02: 80 bits each, and no clock in them. */
START_TEST(tags_do_not_repeat_and_do_not_tell_the_time)
{
	static char tags[10000][40];
	struct rig now, later;
	char tag[40] = "";

	ck_assert_uint_ge(ENV_TOKEN_LEN * 5, 64);
	rig_init(&now);
	rig_init(&later);
	rig_advance(&later, 123456);
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		env_token(&now.env, tags[i]);
		env_token(&later.env, tag);
		ck_assert_str_eq(tag, tags[i]); /* for the same seed */
	}
	rig_deinit(&now);
	rig_deinit(&later);
	check_all_differ(tags, ARRAY_LEN(tags));
}
END_TEST

/* U12: over its INVITE's route, branch and transport. */
START_TEST(a_cancel_takes_the_way_of_its_invite)
{
	static const enum header_id same[] = {
		HEADER_VIA, HEADER_ROUTE, HEADER_FROM, HEADER_TO,
		HEADER_CALL_ID,
	};
	const struct slice routes[] = {
		SLICE_INIT("sip:192.0.2.9;lr;transport=tcp"),
		SLICE_INIT("sip:192.0.2.8;lr"),
	};
	struct context *ctx = send_with("INVITE", "sip:bob@example.org",
	                                routes, 2);

	reply("INVITE ", 0, &(struct rig_response){ .status = 180 });
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct slice a = agent_header(&alice, "INVITE ", 0, same[i]);
		struct slice b = agent_header(&alice, "CANCEL ", 0, same[i]);

		ck_assert_uint_ne(a.len, 0);
		ck_assert(slice_eq(a, b));
	}
	ck_assert_ptr_null(rig.message.to.tag.p);
	ck_assert_uint_eq(agent_sent(&alice, "CANCEL ", 0)->flow.conn,
	                  agent_sent(&alice, "INVITE ", 0)->flow.conn);
}
END_TEST

/* --- answers (8.2) --- */

/* U04: what must go through goes through. */
START_TEST(require_does_not_stop_cancel_and_ack)
{
	struct rig_request q = {
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = "<sip:alice@192.0.2.1>",
		.extra = "Require: foo\r\nProxy-Require: bar\r\n",
	};
	struct context *ctx = agent_ring(&alice);
	char to[120];

	if (_i == 0) {
		q.method = "CANCEL";
		receive(&q);
		ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 487"), 1);
		return;
	}
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	snprintf(to, sizeof(to), "%.*s", SLICE_ARG(
		agent_header(&alice, "SIP/2.0 200", 0, HEADER_TO)));
	q.method = "ACK";
	q.to = to;
	q.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKack";
	receive(&q);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
}
END_TEST

/* U05: there is no language that we cannot pass on. */
START_TEST(a_body_of_any_language_is_taken)
{
	receive(&(struct rig_request){
		.method = "MESSAGE", .content_type = "text/plain",
		.body = "bonjour", .extra = "Content-Language: fr\r\n",
	});
	ck_assert_uint_eq(alice.nincoming, 1);
}
END_TEST

/* U07: over either transport. */
START_TEST(every_answer_copies_all_vias_in_order)
{
	static const char *const tops[] = {
		"SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKv1, "
		"SIP/2.0/UDP b.example;branch=z9hG4bKv2",
		"SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKv1, "
		"SIP/2.0/UDP b.example;branch=z9hG4bKv2",
	};
	struct rig_request q = {
		.method = "INVITE", .via = tops[_i], .contact = contact,
		.extra = "Via: SIP/2.0/TLS c.example;branch=z9hG4bKv3,"
		         " SIP/2.0/UDP d.example;branch=z9hG4bKv4\r\n"
		         "v: SIP/2.0/UDP e.example;branch=z9hG4bKv5\r\n"
		         "Timestamp: 54.5\r\n",
	};
	const struct message *m;
	char branch[20];

	rig_inject(&alice.party, _i == 0 ? TRANSPORT_UDP : TRANSPORT_TCP,
	           "192.0.2.9:5060", rig_request(&rig, &q));
	rig_advance(&rig, 200);
	ck_assert_int_eq(agent_answer(&alice, 486), OK);
	for (size_t i = 0; i < 2; i++) {
		struct header_iter it = { 0 };
		struct slice value;
		struct via via;
		unsigned n = 0;

		m = rig_parse(&rig, rig_sent(&rig, i)->wire);
		while (message_next_value(m, HEADER_VIA, &it, &value)) {
			ck_assert(via_parse(value, &via));
			snprintf(branch, sizeof(branch), "z9hG4bKv%u", ++n);
			ck_assert_slice_eq(via.branch, branch);
		}
		ck_assert_uint_eq(n, 5);
		/* a 100 has no tag, but the time */
		ck_assert_int_eq(m->to.tag.p == NULL, i == 0);
		ck_assert_int_eq(message_has(m, HEADER_TIMESTAMP), i == 0);
	}
}
END_TEST

/* U09: 11.2 */
START_TEST(options_is_busy_where_an_invite_would_be)
{
	alice.settings.max_calls = 1;
	(void)agent_ring(&alice);
	receive(&(struct rig_request){
		.method = "OPTIONS", .call_id = "other",
		.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKo",
	});
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 486"), 1);
	ck_assert_uint_eq(alice.nincoming, 1);
	/* a MESSAGE needs nobody to be free */
	receive(&(struct rig_request){
		.method = "MESSAGE", .call_id = "third",
		.via = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKm",
	});
	ck_assert_uint_eq(alice.nincoming, 2);
}
END_TEST

/* U29: we are its end, not a hop. */
START_TEST(a_request_without_hops_left_is_served)
{
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           SLICE("OPTIONS sip:alice@192.0.2.1 SIP/2.0\r\n"
	                 "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKmf\r\n"
	                 "Max-Forwards: 0\r\n"
	                 "From: <sip:bob@192.0.2.9>;tag=peer\r\n"
	                 "To: <sip:alice@192.0.2.1>\r\nCall-ID: mf\r\n"
	                 "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"));
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
}
END_TEST

/* U28 */
START_TEST(compact_folded_and_listed_headers_make_the_same_request)
{
	static const char wire[] =
		"INVITE sip:alice@192.0.2.1 SIP/2.0\r\n"
		"v:\r\n SIP / 2.0\r\n / UDP 192.0.2.9 ;branch=z9hG4bKw,\r\n"
		"\tSIP/2.0/UDP 192.0.2.8;branch=z9hG4bKx\r\n"
		"MaX-fOrWaRdS: 0068\r\n"
		"TO :\r\n sip:alice@192.0.2.1\r\n"
		"f: \"Bob \\\"B\\\"\" <sip:bob@192.0.2.9>\r\n ;tag = peer\r\n"
		"i: w@x\r\n"
		"cseq: 9\r\n  INVITE\r\n"
		"NewFangled: yes\r\n"
		"Record-Route: <sip:192.0.2.8;lr>\r\n"
		"m:<sip:bob@192.0.2.9:5070>\r\n"
		"l: 0\r\n\r\n";
	struct context *ctx;
	struct dialog *d;

	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           slice_str(wire));
	ctx = endpoint_find_context(alice.ep,
	                            agent_last_incoming(&alice)->context);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	d = context_dialog(ctx);
	ck_assert_slice_eq(dialog_remote_tag(d), "peer");
	ck_assert_slice_eq(dialog_remote_target(d), "sip:bob@192.0.2.9:5070");
	ck_assert_uint_eq(rig_parse(&rig, rig_last(&rig)->wire)->nvias, 2);
	ck_assert_slice_eq(message_header(&rig.message, HEADER_RECORD_ROUTE,
	                                  0), "<sip:192.0.2.8;lr>");
}
END_TEST

/* --- 2xx --- */

/* U16: over TCP as over UDP. */
START_TEST(a_2xx_that_nobody_acks_ends_in_bye_over_tcp)
{
	rig_inject(&alice.party, TRANSPORT_TCP, "192.0.2.9:41000",
	           rig_request(&rig, &(struct rig_request){
		.method = "INVITE",
		.contact = "<sip:bob@192.0.2.9;transport=tcp>",
		.via = "SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKt",
	}));
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	rig_advance(&rig, 31999);
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 200"), 11);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 0);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	ck_assert_int_eq(agent_sent(&alice, "BYE ", 0)->flow.leg->transport,
	                 TRANSPORT_TCP);
}
END_TEST

/* U15, U19: each hop of the ACK as of any request of the dialog. */
START_TEST(the_ack_of_a_2xx_respects_a_strict_router)
{
	const struct message *m;

	(void)agent_call(&alice);
	reply("INVITE ", 0, &(struct rig_response){
		.status = 200, .contact = contact,
		.extra = "Record-Route: <sip:192.0.2.8;lr>\r\n"
		         "Record-Route: <sip:192.0.2.7:5070>\r\n",
	});
	m = rig_parse(&rig, agent_sent(&alice, "ACK ", 0)->wire);
	ck_assert_slice_eq(m->uri_text, "sip:192.0.2.7:5070");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 0),
	                   "<sip:192.0.2.8;lr>");
	ck_assert_slice_eq(message_header(m, HEADER_ROUTE, 1), contact);
	ck_assert_ptr_null(message_header(m, HEADER_ROUTE, 2).p);
}
END_TEST

/* U17: two early dialogs, two 2xx: one call, one BYE. */
START_TEST(two_forks_that_answer_get_two_acks_and_one_bye)
{
	static const char *const tags[] = { "one", "two", "one", "two" };
	static const unsigned statuses[] = { 180, 180, 200, 200 };
	struct context *ctx = agent_call(&alice);

	for (size_t i = 0; i < 4; i++)
		reply("INVITE ", 0, &(struct rig_response){
			.status = statuses[i], .to_tag = tags[i],
			.contact = contact,
		});
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 2);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	ck_assert_slice_eq(rig_parse(&rig, agent_sent(&alice, "BYE ", 0)
	                             ->wire)->to.tag, "two");
	ck_assert_slice_eq(dialog_remote_tag(context_dialog(ctx)), "one");
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
}
END_TEST

/* --- dialogs --- */

/* U18: 12.2.1.1 */
START_TEST(the_bye_goes_to_the_last_contact_with_the_next_cseq)
{
	struct context *ctx = agent_call(&alice);

	reply("INVITE ", 0, &(struct rig_response){
		.status = 180, .contact = "<sip:bob@192.0.2.9:5070>",
	});
	ck_assert_slice_eq(dialog_remote_target(context_dialog(ctx)),
	                   "sip:bob@192.0.2.9:5070");
	reply("INVITE ", 0, &(struct rig_response){
		.status = 183, .contact = "<sip:bob@192.0.2.9:5071>",
	});
	ck_assert_slice_eq(dialog_remote_target(context_dialog(ctx)),
	                   "sip:bob@192.0.2.9:5071");
	reply("INVITE ", 0, &(struct rig_response){
		.status = 200, .contact = "<sip:bob@192.0.2.9:5072>",
	});
	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	reply("INVITE ", 1, &(struct rig_response){
		.status = 200, .contact = "<sip:bob@192.0.2.9:5073>",
	});
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	ck_assert_uint_eq(agent_count(&alice, "BYE sip:bob@192.0.2.9:5073 "),
	                  1);
	ck_assert_slice_eq(agent_header(&alice, "BYE ", 0, HEADER_CSEQ),
	                   "3 BYE");
}
END_TEST

/* U21: whoever began the call. */
START_TEST(a_reinvite_that_meets_ours_is_491)
{
	struct context *ctx = _i == 0 ? agent_talk(&alice)
	                              : agent_be_called(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	agent_peer_sends(&alice, context_dialog(ctx), "INVITE", 7,
	                 &(struct rig_request){ .contact = contact });
	ck_assert_uint_eq(agent_count(&alice, "SIP/2.0 491"), 1);
	ck_assert_uint_eq(alice.nincoming, 0);
}
END_TEST

/* U22: as callee of the dialog. */
static const struct {
	unsigned status;
	bool ends;
} modified[] = {
	{ 488, false }, { 486, false }, { 500, false }, { 603, false },
	{ 481, true }, { 408, true },
};

START_TEST(a_refused_reinvite_keeps_the_session_but_for_481_and_408)
{
	struct context *ctx = agent_be_called(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	rig_reply_status(&rig, agent_sent(&alice, "INVITE ", 0),
	                 modified[_i].status);
	ck_assert_uint_eq(alice.nendings, modified[_i].ends);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), modified[_i].ends);
	if (!modified[_i].ends)
		ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
}
END_TEST

/* U23: 15 */
START_TEST(the_callee_has_no_bye_before_its_call_is_up)
{
	struct context *ctx = agent_ring(&alice);

	ck_assert_int_eq(agent_answer(&alice, 180), OK);
	ck_assert_int_eq(agent_send(&alice, ctx, "BYE"), ERR_BAD_STATE);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert_int_eq(agent_send(&alice, ctx, "BYE"), ERR_BAD_STATE);
	agent_peer_acks(&alice);
	ck_assert_int_eq(agent_send(&alice, ctx, "BYE"), OK);
}
END_TEST

/* A re-INVITE that had a 1xx has no timer of its own; a call that is over
 * does not wait for it for ever. */
START_TEST(a_reinvite_that_is_never_answered_ends_with_its_call)
{
	struct context *ctx = agent_talk(&alice);

	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	rig_reply_status(&rig, agent_sent(&alice, "INVITE ", 0), 180);
	if (_i == 0)
		ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	else
		agent_peer_sends(&alice, context_dialog(ctx), "BYE", 1,
		                 &nothing);
	rig_advance(&rig, 100000);
	ck_assert_uint_eq(alice.nendings, 1);
	ck_assert_uint_eq(alice.nclosed, 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_CANCELLED);
}
END_TEST

/* O1: RFC 3311 5.2, with an offer or without. */
START_TEST(an_update_while_another_is_open_is_500_with_retry_after)
{
	struct context *ctx = agent_be_called(&alice);
	struct dialog *d = context_dialog(ctx);
	uint32_t delay_s;

	agent_peer_sends(&alice, d, "UPDATE", 2, &nothing);
	agent_peer_sends(&alice, d, "UPDATE", 3, &nothing);
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert(retry_after_parse(agent_header(&alice, "SIP/2.0 500", 0,
	                                         HEADER_RETRY_AFTER),
	                            &delay_s));
	ck_assert_uint_le(delay_s, 10);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
}
END_TEST

/* F6: RFC 4916: the tags alone make the dialog, whoever speaks. */
START_TEST(the_peers_identity_may_change_in_a_dialog)
{
	struct context *ctx = _i == 0 ? agent_talk(&alice)
	                              : agent_be_called(&alice);
	struct dialog *d = context_dialog(ctx);

	agent_peer_sends(&alice, d, "UPDATE", 5, &(struct rig_request){
		.from = "\"Carol\" <sip:carol@example.org>;tag=peer",
		.contact = contact,
	});
	ck_assert(agent_last_incoming(&alice)->in_dialog);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	rig_reply(&rig, agent_sent(&alice, "INVITE ", 0),
	          &(struct rig_response){ .status = 200, .contact = contact });
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 1);
	agent_peer_sends(&alice, d, "BYE", 6, &(struct rig_request){
		.from = "<sip:dave@example.net>;tag=peer",
	});
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
}
END_TEST

/* F4: RFC 7339, of which we say nothing and which we bear. */
START_TEST(overload_control_in_a_via_is_left_alone)
{
	static const char via[] = "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKoc;"
		"oc;oc-algo=\"loss,A\";oc-validity=500;oc-seq=1282321615.782";

	receive(&(struct rig_request){ .method = "OPTIONS", .via = via });
	ck_assert_uint_eq(alice.nincoming, 1);
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	ck_assert_slice_eq(agent_header(&alice, "SIP/2.0 200", 0, HEADER_VIA),
	                   via);
}
END_TEST

START_TEST(overload_control_in_a_response_is_left_alone)
{
	const struct message *m;
	char text[600];
	struct slice via, from, call_id;

	(void)agent_request(&alice, "OPTIONS");
	m = rig_parse(&rig, rig_last(&rig)->wire);
	via = message_header(m, HEADER_VIA, 0);
	from = message_header(m, HEADER_FROM, 0);
	call_id = m->call_id;
	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\n"
	         "Via: %.*s;oc=20;oc-algo=\"loss\";oc-validity=1000\r\n"
	         "From: %.*s\r\nTo: <sip:bob@192.0.2.9>;tag=x\r\n"
	         "Call-ID: %.*s\r\nCSeq: 1 OPTIONS\r\n"
	         "Content-Length: 0\r\n\r\n", SLICE_ARG(via),
	         SLICE_ARG(from), SLICE_ARG(call_id));
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           slice_str(text));
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
}
END_TEST

/* --- what is told to whom --- */

static unsigned of_info, of_invite;

static void hear_info(struct endpoint *ep, struct context *ctx,
                      const struct outcome *o, void *arg)
{
	(void)ep;
	(void)ctx;
	(void)arg;
	ck_assert_int_eq(o->method, METHOD_INFO);
	of_info++;
}

static void hear_invite(struct endpoint *ep, struct context *ctx,
                        const struct outcome *o, void *arg)
{
	(void)ep;
	(void)ctx;
	(void)arg;
	ck_assert_int_eq(o->method, METHOD_INVITE);
	of_invite++;
}

/* REF6: each request reports to whoever sent it, and to nobody else. */
START_TEST(a_request_in_a_dialog_steals_no_reports)
{
	struct context *ctx = agent_talk(&alice);
	struct request_params req = { .method = SLICE("INVITE") };
	enum error err;

	of_info = of_invite = 0;
	req.fn = hear_invite;
	(void)endpoint_new_request(alice.ep, ctx, NULL, &req, &err);
	ck_assert_int_eq(err, OK);
	req.method = SLICE("INFO");
	req.fn = hear_info;
	(void)endpoint_new_request(alice.ep, ctx, NULL, &req, &err);
	ck_assert_int_eq(err, OK);
	rig_reply_status(&rig, agent_sent(&alice, "INFO ", 0), 200);
	rig_reply_status(&rig, agent_sent(&alice, "INVITE ", 0), 180);
	rig_reply_status(&rig, agent_sent(&alice, "INVITE ", 0), 488);
	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	rig_reply_status(&rig, agent_sent(&alice, "BYE ", 0), 200);
	ck_assert_uint_eq(of_info, 1);
	ck_assert_uint_eq(of_invite, 2);
	ck_assert_uint_eq(alice.noutcomes, 1);
	ck_assert_int_eq(agent_last(&alice)->method, METHOD_BYE);
}
END_TEST

static void add_requests_and_answers(TCase *tests)
{
	tcase_add_test(
		tests,
		each_request_carries_what_8_1_1_wants_and_nothing_twice);
	tcase_add_test(tests, tags_do_not_repeat_and_do_not_tell_the_time);
	tcase_add_test(tests, a_cancel_takes_the_way_of_its_invite);
	tcase_add_loop_test(tests, require_does_not_stop_cancel_and_ack, 0, 2);
	tcase_add_test(tests, a_body_of_any_language_is_taken);
	tcase_add_loop_test(tests, every_answer_copies_all_vias_in_order, 0,
	                    2);
	tcase_add_test(tests, options_is_busy_where_an_invite_would_be);
	tcase_add_test(tests, a_request_without_hops_left_is_served);
	tcase_add_test(
		tests,
		compact_folded_and_listed_headers_make_the_same_request);
}

static void add_dialogs(TCase *tests)
{
	tcase_add_test(tests, a_2xx_that_nobody_acks_ends_in_bye_over_tcp);
	tcase_add_test(tests, the_ack_of_a_2xx_respects_a_strict_router);
	tcase_add_test(tests, two_forks_that_answer_get_two_acks_and_one_bye);
	tcase_add_test(tests,
	               the_bye_goes_to_the_last_contact_with_the_next_cseq);
	tcase_add_loop_test(tests, a_reinvite_that_meets_ours_is_491, 0, 2);
	tcase_add_loop_test(
		tests,
		a_refused_reinvite_keeps_the_session_but_for_481_and_408, 0,
		ARRAY_LEN(modified));
	tcase_add_test(tests, the_callee_has_no_bye_before_its_call_is_up);
	tcase_add_loop_test(
		tests, a_reinvite_that_is_never_answered_ends_with_its_call,
		0, 2);
	tcase_add_test(
		tests,
		an_update_while_another_is_open_is_500_with_retry_after);
	tcase_add_loop_test(tests, the_peers_identity_may_change_in_a_dialog,
	                    0, 2);
}

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("conformance: user agent", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	add_requests_and_answers(tests);
	add_dialogs(tests);
	tcase_add_test(tests, overload_control_in_a_via_is_left_alone);
	tcase_add_test(tests, overload_control_in_a_response_is_left_alone);
	tcase_add_test(tests, a_request_in_a_dialog_steals_no_reports);
	return s;
}

int main(void)
{
	return test_main(suite());
}
