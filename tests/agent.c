/* A user agent in the rig's world. */

#include "tests/agent.h"

#include <stdio.h>

const char agent_offer[] =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n"
	"t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

static const char peer[] = "192.0.2.9:5060";

/* --- what it hears --- */

static void copy(char *to, size_t size, struct slice from)
{
	snprintf(to, size, "%.*s", SLICE_ARG(from));
}

void agent_hear(struct endpoint *ep, struct context *ctx,
                const struct outcome *o, void *arg)
{
	struct agent *a = arg;
	struct agent_outcome *heard = &a->outcomes[a->noutcomes];

	ck_assert_ptr_eq(ep, a->ep);
	ck_assert_uint_lt(a->noutcomes, AGENT_HEARD);
	a->noutcomes++;
	*heard = (struct agent_outcome){
		.status = o->response == NULL ? 0 : o->response->status,
		.err = o->err,
		.final = o->final,
		.repeated = o->repeated,
		.unwanted = o->unwanted,
		.method = o->method,
		.cseq = o->cseq,
		.authorised = o->authorised,
		.retransmits = o->retransmits,
		.rtt_us = o->rtt_us,
		.context = context_id(ctx),
	};
	copy(heard->text, sizeof(heard->text), slice_str(o->text));
	if (o->dialog != NULL)
		copy(heard->remote_tag, sizeof(heard->remote_tag),
		     dialog_remote_tag(o->dialog));
	if (o->ack != NULL)
		*o->ack = a->ack;
	if (a->on_outcome != NULL)
		a->on_outcome(a, ctx, o);
}

void agent_watch(struct context *ctx, enum context_event ev,
                 const struct context_ending *ending, void *arg)
{
	struct agent *a = arg;

	switch (ev) {
	case CONTEXT_CALL_ENDED:
		ck_assert_uint_lt(a->nendings, AGENT_HEARD);
		a->endings[a->nendings++] = (struct agent_ending){
			.by_remote = ending->by_remote,
			.was_up = ending->was_up,
			.cause = ending->cause,
			.status = ending->status,
			.err = ending->err,
		};
		if (a->on_ending != NULL)
			a->on_ending(a, ctx);
		break;
	case CONTEXT_CLOSED:
		ck_assert_ptr_null(ending);
		a->nclosed++;
		break;
	}
}

static void on_application(struct endpoint *ep, struct context *ctx,
                           const struct incoming *in, void *arg)
{
	struct agent *a = arg;

	ck_assert_ptr_eq(ep, a->ep);
	ck_assert_uint_lt(a->nincoming, AGENT_HEARD);
	a->incoming[a->nincoming++] = (struct agent_incoming){
		.id = in->id,
		.context = context_id(ctx),
		.method = in->request->method,
		.in_dialog = in->dialog != NULL,
	};
	if (in->request->method == METHOD_INVITE && in->dialog == NULL)
		context_watch(ctx, agent_watch, a);
	if (a->on_incoming != NULL)
		a->on_incoming(a, ctx, in);
}

/* --- beginning and end --- */

void agent_init(struct agent *a, struct rig *r, const char *ip,
                unsigned transports)
{
	*a = (struct agent){ .rig = r, .settings = endpoint_settings_default };
	rig_join_transactions(r, &a->party, ip, transports);
	a->ep = endpoint_new(a->party.transactions, &a->settings);
	ck_assert_ptr_nonnull(a->ep);
	endpoint_set_application(a->ep, on_application, a);
}

void agent_deinit(struct agent *a)
{
	endpoint_free(a->ep);
}

/* --- what it does --- */

static const struct context_params to_bob = {
	.from = SLICE_INIT("\"Alice\" <sip:alice@example.com>"),
	.to = SLICE_INIT("sip:bob@192.0.2.9"),
};

struct context *agent_request(struct agent *a, const char *method)
{
	struct request_params req = {
		.method = slice_str(method),
		.fn = agent_hear,
		.arg = a,
	};
	struct context *ctx;
	enum error err;

	if (strcmp(method, "INVITE") == 0) {
		req.content_type = SLICE("application/sdp");
		req.body = slice_str(agent_offer);
	}
	ctx = endpoint_new_request(a->ep, NULL, &to_bob, &req, &err);
	ck_assert_int_eq(err, OK);
	ck_assert_ptr_nonnull(ctx);
	context_watch(ctx, agent_watch, a);
	return ctx;
}

struct context *agent_call(struct agent *a)
{
	return agent_request(a, "INVITE");
}

enum error agent_send(struct agent *a, struct context *ctx,
                      const char *method)
{
	enum error err;

	(void)endpoint_new_request(a->ep, ctx, NULL,
	                           &(struct request_params){
		.method = slice_str(method),
		.fn = agent_hear,
		.arg = a,
	}, &err);
	return err;
}

static void forget(struct agent *a)
{
	rig_forget(a->rig);
	a->noutcomes = a->nincoming = 0;
}

struct context *agent_talk(struct agent *a)
{
	struct context *ctx = agent_call(a);

	rig_reply(a->rig, rig_last(a->rig), &(struct rig_response){
		.status = 200,
		.contact = "<sip:bob@192.0.2.9>",
	});
	ck_assert_uint_eq(agent_count(a, "ACK "), 1);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	forget(a);
	return ctx;
}

struct context *agent_ring(struct agent *a)
{
	rig_inject(&a->party, TRANSPORT_UDP, peer,
	           rig_request(a->rig, &(struct rig_request){
		.method = "INVITE",
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = "<sip:alice@192.0.2.1>",
		.contact = "<sip:bob@192.0.2.9>",
		.content_type = "application/sdp",
		.body = agent_offer,
	}));
	return endpoint_find_context(a->ep, agent_last_incoming(a)->context);
}

enum error agent_answer(struct agent *a, unsigned status)
{
	return endpoint_new_response(a->ep, agent_last_incoming(a)->id,
	                             &(struct response_parts){
		.status = status,
	});
}

struct context *agent_be_called(struct agent *a)
{
	struct context *ctx = agent_ring(a);

	ck_assert_int_eq(agent_answer(a, 200), OK);
	agent_peer_acks(a);
	ck_assert_int_eq(context_state(ctx), CONTEXT_CONFIRMED);
	forget(a);
	return ctx;
}

/* --- what it heard and sent --- */

const struct agent_outcome *agent_last(const struct agent *a)
{
	ck_assert_uint_gt(a->noutcomes, 0);
	return &a->outcomes[a->noutcomes - 1];
}

const struct agent_incoming *agent_last_incoming(const struct agent *a)
{
	ck_assert_uint_gt(a->nincoming, 0);
	return &a->incoming[a->nincoming - 1];
}

const struct agent_ending *agent_ending(const struct agent *a)
{
	ck_assert_uint_eq(a->nendings, 1);
	return &a->endings[0];
}

static bool is_sent_by(const struct agent *a, const struct rig_sent *sent,
                       const char *start)
{
	return sent->party == &a->party
	       && slice_starts_with(sent->wire, slice_str(start));
}

size_t agent_count(const struct agent *a, const char *start)
{
	size_t n = 0;

	for (size_t i = 0; i < a->rig->nsent; i++)
		n += is_sent_by(a, &a->rig->sent[i], start);
	return n;
}

const struct rig_sent *agent_sent(const struct agent *a, const char *start,
                                  size_t nth)
{
	for (size_t i = 0; i < a->rig->nsent; i++)
		if (is_sent_by(a, &a->rig->sent[i], start) && nth-- == 0)
			return &a->rig->sent[i];
	ck_abort_msg("no such message was sent: %s", start);
	return NULL;
}

struct slice agent_header(const struct agent *a, const char *start,
                          size_t nth, enum header_id id)
{
	return message_header(rig_parse(a->rig,
	                                agent_sent(a, start, nth)->wire),
	                      id, 0);
}

/* --- what the peer does --- */

static char *text_of(struct agent *a, struct slice s)
{
	char *text = arena_alloc(&a->rig->arena, s.len + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return text;
}

void agent_peer_sends(struct agent *a, const struct dialog *d,
                      const char *method, unsigned cseq,
                      const struct rig_request *q)
{
	static unsigned branches;
	struct rig_request whole = *q;
	char via[80];

	snprintf(via, sizeof(via),
	         "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKin%u", ++branches);
	whole.method = method;
	whole.cseq = cseq;
	if (whole.via == NULL)
		whole.via = via;
	if (whole.from == NULL)
		whole.from = text_of(a, dialog_remote(d));
	if (whole.to == NULL)
		whole.to = text_of(a, dialog_local(d));
	whole.call_id = text_of(a, dialog_call_id(d));
	rig_inject(&a->party, TRANSPORT_UDP, peer,
	           rig_request(a->rig, &whole));
}

void agent_peer_acks(struct agent *a)
{
	size_t n = agent_count(a, "SIP/2.0 200");
	const struct message *m;
	struct rig_request ack = { .method = "ACK" };

	ck_assert_uint_gt(n, 0);
	m = rig_parse(a->rig, agent_sent(a, "SIP/2.0 200", n - 1)->wire);
	ack.via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKack";
	ack.from = text_of(a, message_header(m, HEADER_FROM, 0));
	ack.to = text_of(a, message_header(m, HEADER_TO, 0));
	ack.call_id = text_of(a, m->call_id);
	ack.cseq = m->cseq.number;
	rig_inject(&a->party, TRANSPORT_UDP, peer,
	           rig_request(a->rig, &ack));
}
