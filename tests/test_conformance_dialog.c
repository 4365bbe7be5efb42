/* Every event in every state of a call: what is sent, and where it leads
 * (RFC 3261 9, 12 to 15; RFC 5407). */

#include <stdio.h>

#include "tests/agent.h"
#include "tests/conformance_dialog.h"

static struct rig rig;
static struct agent alice;
static struct context *ctx;
static uint64_t ctx_id, invite_id;
static struct rig_sent invite, bye, cancel;
static char call_id[80], local[120], result[400];

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
	memset(&invite, 0, sizeof(invite));
	memset(&bye, 0, sizeof(bye));
	memset(&cancel, 0, sizeof(cancel));
	invite_id = 0;
}

static void tear_down(void)
{
	agent_deinit(&alice);
	rig_deinit(&rig);
}

static void keep_sent(void)
{
	for (size_t i = 0; i < rig.nsent; i++) {
		const struct rig_sent *sent = rig_sent(&rig, i);

		if (slice_starts_with(sent->wire, SLICE("INVITE ")))
			invite = *sent;
		if (slice_starts_with(sent->wire, SLICE("BYE ")))
			bye = *sent;
		if (slice_starts_with(sent->wire, SLICE("CANCEL ")))
			cancel = *sent;
	}
}

static void reply(const struct rig_sent *request, unsigned status,
                  const char *tag)
{
	if (request->wire.len != 0)
		rig_reply(&rig, request, &(struct rig_response){
			.status = status,
			.to_tag = tag,
			.contact = "<sip:bob@192.0.2.9>",
		});
}

/* --- into a state --- */

static void call_and_get(unsigned status)
{
	ctx = agent_call(&alice);
	keep_sent();
	reply(&invite, status, status == 100 ? "" : "peer");
}

static void be_called_and_say(unsigned status)
{
	ctx = agent_ring(&alice);
	invite_id = agent_last_incoming(&alice)->id;
	ck_assert_int_eq(agent_answer(&alice, status), OK);
}

static void be_up(void)
{
	be_called_and_say(200);
	agent_peer_acks(&alice);
	invite_id = 0;
}

static void hang_up(void)
{
	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
}

static void request(const char *method, unsigned cseq, bool offers);

static void enter(enum state s)
{
	switch (s) {
	case CALLING:
	case CANCELLING:
		ctx = agent_call(&alice);
		if (s == CANCELLING)
			hang_up();
		break;
	case PROCEEDING:
		call_and_get(100);
		break;
	case EARLY:
	case CANCELLED:
		call_and_get(180);
		if (s == CANCELLED)
			hang_up();
		break;
	case CALLER_UP:
	case CALLER_LEAVING:
	case MODIFYING:
	case ENDED:
		call_and_get(200);
		if (s == CALLER_LEAVING)
			hang_up();
		break;
	case RINGING:
		ctx = agent_ring(&alice);
		invite_id = agent_last_incoming(&alice)->id;
		break;
	case RINGING_EARLY:
		be_called_and_say(180);
		break;
	case ANSWERED:
	case ANSWERED_LEAVING:
		be_called_and_say(200);
		if (s == ANSWERED_LEAVING)
			hang_up();
		break;
	case CALLEE_UP:
	case CALLEE_LEAVING:
	case MODIFIED:
		be_up();
		if (s == CALLEE_LEAVING)
			hang_up();
		break;
	case STATES:
		ck_abort();
	}
	ctx_id = context_id(ctx);
	snprintf(call_id, sizeof(call_id), "%.*s",
	         SLICE_ARG(context_call_id(ctx)));
	snprintf(local, sizeof(local), "%.*s",
	         SLICE_ARG(context_local(ctx)));
	if (s == MODIFYING)
		ck_assert_int_eq(agent_send(&alice, ctx, "INVITE"), OK);
	if (s == ENDED)
		request("BYE", 5, false);
	if (s == MODIFIED) {
		request("INVITE", 5, true);
		invite_id = agent_last_incoming(&alice)->id;
	}
	keep_sent();
	rig_forget(&rig);
}

/* --- events --- */

static void request(const char *method, unsigned cseq, bool offers)
{
	static unsigned branches;
	char via[80];

	snprintf(via, sizeof(via),
	         "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKev%u", ++branches);
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, &(struct rig_request){
		.method = method,
		.via = via,
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = local,
		.call_id = call_id,
		.cseq = cseq,
		.contact = "<sip:bob@192.0.2.9>",
		.content_type = offers ? "application/sdp" : NULL,
		.body = offers ? agent_offer : NULL,
	}));
}

/* With the branch of agent_ring()'s INVITE, which is rig_request()'s. */
static void first_again(const char *method)
{
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, &(struct rig_request){
		.method = method,
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = "<sip:alice@192.0.2.1>",
		.contact = "<sip:bob@192.0.2.9>",
	}));
}

static void note(const char *text)
{
	size_t len = strlen(result);

	snprintf(result + len, sizeof(result) - len, "%s%s",
	         len == 0 ? "" : " ", text);
}

static void note_error(enum error err)
{
	if (err != OK)
		note("!");
}

static void answer(unsigned status)
{
	note_error(endpoint_new_response(alice.ep, invite_id,
	                                 &(struct response_parts){
		.status = status,
	}));
}

static void happen(enum event e)
{
	switch (e) {
	case GETS_100:
		reply(&invite, 100, "");
		break;
	case GETS_180:
		reply(&invite, 180, "peer");
		break;
	case GETS_200:
		reply(&invite, 200, "peer");
		break;
	case GETS_FORK:
		reply(&invite, 200, "fork");
		break;
	case GETS_486:
		reply(&invite, 486, "peer");
		break;
	case GETS_481:
		reply(&invite, 481, "peer");
		break;
	case GETS_491:
		reply(&invite, 491, "peer");
		break;
	case BYE_GETS_200:
		reply(&bye, 200, NULL);
		break;
	case BYE_GETS_481:
		reply(&bye, 481, NULL);
		break;
	case CANCEL_GETS_200:
		reply(&cancel, 200, NULL);
		break;
	case CANCEL_GETS_481:
		reply(&cancel, 481, NULL);
		break;
	case INVITE:
		request("INVITE", 20, true);
		break;
	case INVITE_COPY:
		first_again("INVITE");
		break;
	case ACK:
		request("ACK", 1, false);
		break;
	case BYE:
		request("BYE", 20, false);
		break;
	case CANCEL:
		first_again("CANCEL");
		break;
	case UPDATE:
		request("UPDATE", 20, false);
		break;
	case UPDATE_OFFER:
		request("UPDATE", 20, true);
		break;
	case INFO:
		request("INFO", 20, false);
		break;
	case OLD_INFO:
		request("INFO", 1, false);
		break;
	case SAYS_180:
		answer(180);
		break;
	case SAYS_200:
		answer(200);
		break;
	case SAYS_486:
		answer(486);
		break;
	case SENDS_INVITE:
		note_error(agent_send(&alice, ctx, "INVITE"));
		break;
	case SENDS_BYE:
		note_error(agent_send(&alice, ctx, "BYE"));
		break;
	case SENDS_UPDATE:
		note_error(agent_send(&alice, ctx, "UPDATE"));
		break;
	case SENDS_INFO:
		note_error(agent_send(&alice, ctx, "INFO"));
		break;
	case CANCELS:
		if (endpoint_cancel_invite(alice.ep, ctx, NULL, NULL) == 0)
			note("!");
		break;
	case HANGS_UP:
		if (!endpoint_hangup(alice.ep, ctx, NULL, NULL))
			note("!");
		break;
	case CLOSES:
		endpoint_close_context(alice.ep, ctx);
		break;
	case SILENCE:
		rig_advance(&rig, 32000);
		break;
	case EVENTS:
		ck_abort();
	}
}

/* --- what became of it --- */

static const char *state_now(void)
{
	const struct context *there = endpoint_find_context(alice.ep, ctx_id);

	return there == NULL ? "closed"
	                     : context_state_name(context_state(there));
}

/* "ACK", "200/BYE"; copies of the one before count as one. */
static void note_sent(void)
{
	char text[40], before[40] = "";

	for (size_t i = 0; i < rig.nsent; i++) {
		const struct message *m = rig_parse(&rig,
		                                    rig_sent(&rig, i)->wire);

		if (m->is_request)
			snprintf(text, sizeof(text), "%.*s",
			         SLICE_ARG(m->method_name));
		else
			snprintf(text, sizeof(text), "%u/%.*s", m->status,
			         SLICE_ARG(m->cseq.method_name));
		if (strcmp(text, before) != 0)
			note(text);
		snprintf(before, sizeof(before), "%s", text);
	}
}

static void play(enum state s, enum event e)
{
	size_t heard;
	char was[40];

	enter(s);
	heard = alice.nincoming;
	snprintf(was, sizeof(was), "%s", state_now());
	result[0] = '\0';
	happen(e);
	note_sent();
	if (alice.nincoming != heard)
		note("tell");
	if (strcmp(was, state_now()) != 0) {
		note(">");
		note(state_now());
	}
}

/* One test for each state: a process for each event would take long. */
START_TEST(every_event_in_every_state_of_a_call_does_what_the_rfc_says)
{
	for (enum event e = 0; e < EVENTS; e++) {
		const char *want = expected[_i][e] == NULL ? ""
		                                           : expected[_i][e];

		set_up();
		play((enum state)_i, e);
		ck_assert_msg(strcmp(result, want) == 0,
		              "%s, %s: \"%s\", not \"%s\"", state_names[_i],
		              event_names[e], result, want);
		tear_down();
	}
}
END_TEST

static void close_other(struct context *other, void *arg)
{
	(void)arg;
	if (context_id(other) != ctx_id)
		endpoint_close_context(alice.ep, other);
}

/* When we hang up and nobody answers any more, nothing is left in the end, and
 * the end was told once. */
static void check_nothing_stays(enum state s, enum event e)
{
	struct context *there;

	/* their INVITE without a To tag is a call of its own */
	endpoint_each_context(alice.ep, close_other, NULL);
	rig_advance(&rig, 40000);
	there = endpoint_find_context(alice.ep, ctx_id);
	if (there != NULL)
		(void)endpoint_hangup(alice.ep, there, NULL, NULL);
	rig_advance(&rig, 200000);
	ck_assert_msg(endpoint_contexts(alice.ep) == 0
	              && transactions_count(alice.party.transactions) == 0,
	              "%s, %s: something stays", state_names[s],
	              event_names[e]);
	ck_assert_msg(alice.nendings == (e != CLOSES || s == ENDED),
	              "%s, %s: %zu ends", state_names[s], event_names[e],
	              alice.nendings);
}

START_TEST(no_call_outlives_any_event_in_any_state)
{
	for (enum event e = 0; e < EVENTS; e++) {
		set_up();
		play((enum state)_i, e);
		check_nothing_stays((enum state)_i, e);
		tear_down();
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("conformance: dialog", &tests);

	tcase_add_loop_test(
		tests,
		every_event_in_every_state_of_a_call_does_what_the_rfc_says,
		0, STATES);
	tcase_add_loop_test(tests, no_call_outlives_any_event_in_any_state, 0,
	                    STATES);
	return s;
}

int main(void)
{
	return test_main(suite());
}
