/* Requests from the peer: what is answered at once, and what the application
 * is asked. */

#include "core/ua/uas.h"

#include "core/ua/ack.h"
#include "core/ua/screen.h"
#include "core/ua/session.h"

/* One request on its way through the checks. */
struct arrival {
	struct endpoint *ep;
	struct server_transaction *t;
	const struct message *m;
	const struct flow *from;
	struct dialog *dialog;          /* NULL: outside */
};

/* --- answering at once --- */

static void refuse(const struct arrival *a, unsigned status)
{
	endpoint_refuse(a->ep, a->t, &(struct response_parts){
		.status = status,
		.to_tag = a->dialog != NULL ? a->dialog->local_tag
		                            : SLICE_EMPTY,
	});
}

/* 14.2: the peer may try again soon, but not together with others. */
static void refuse_for_now(const struct arrival *a)
{
	struct buf delay = { 0 };
	struct field retry_after;

	buf_u64(&delay, env_random_below(a->ep->env, 11));
	retry_after.name = header_table[HEADER_RETRY_AFTER].name;
	retry_after.value = buf_view(&delay);
	endpoint_refuse(a->ep, a->t, &(struct response_parts){
		.status = 500,
		.fields = &retry_after,
		.nfields = 1,
	});
	buf_deinit(&delay);
}

/* --- telling the application --- */

static void tell(const struct arrival *a, struct context *ctx, uint64_t id,
                 struct dialog *d)
{
	struct incoming in = {
		.id = id,
		.request = a->m,
		.from = a->from,
		.dialog = d,
	};

	if (a->ep->application != NULL && !ctx->closed)
		a->ep->application(a->ep, ctx, &in, a->ep->application_arg);
}

/* Makes it wait for the application's answer. */
static void pass_on(const struct arrival *a, struct context *ctx)
{
	struct pending *p;
	bool is_call = a->m->method == METHOD_INVITE && a->dialog == NULL;

	if (pending_new(ctx, a->dialog, a->t, a->m, a->from, &p) != OK) {
		refuse(a, 500);
		context_settle(ctx);
		return;
	}
	if (is_call) {
		p->ringing = true;
		a->ep->ringing++;
		ctx->has_call = true;
		ctx->state = CONTEXT_INCOMING;
	}
	if (p->method == METHOD_INVITE)
		session_expect_end(p, a->m);
	if (a->ep->application == NULL)
		(void)session_answer(p, &(struct response_parts){
			.status = 480,
		});
	else
		tell(a, ctx, p->id, a->dialog);
}

/* --- inside a dialog --- */

/* Our own offer, or theirs, is on its way (14.2, RFC 3311 5.2). */
static bool is_updating(const struct dialog *d)
{
	LIST_EACH(it, &d->ctx->exchanges) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, node);

		if (x->method == METHOD_UPDATE && x->dialog == d
		    && exchange_is_in_flight(x))
			return true;
	}
	return false;
}

/* Our 2xx carried an offer, and the ACK with its answer has not come (RFC
 * 5407 3.1.5). */
static bool awaits_answer(const struct dialog *d)
{
	LIST_EACH(it, &d->ctx->pendings) {
		struct pending *p = CONTAINER_OF(it, struct pending, node);

		if (p->dialog == d && p->method == METHOD_INVITE
		    && p->status != 0 && !p->has_body)
			return true;
	}
	return false;
}

/* True: answered with 500 or 491. */
static bool collides(const struct arrival *a)
{
	const struct dialog *d = a->dialog;
	bool is_update = a->m->method == METHOD_UPDATE;
	bool offers = a->m->body.len != 0;

	if (a->m->method != METHOD_INVITE && !is_update)
		return false;
	if (pending_is_open(d, METHOD_UPDATE)
	    || (pending_is_open(d, METHOD_INVITE) && (!is_update || offers))) {
		refuse_for_now(a);
		return true;
	}
	if (is_update && !offers)
		return false;
	if (session_is_inviting(d->ctx, d)
	    || (!d->caller ? false : d->state == DIALOG_EARLY)
	    || is_updating(d) || awaits_answer(d)) {
		refuse(a, 491);
		return true;
	}
	return false;
}

/* 15.1.2: the rest of the dialog's requests is answered with 487. */
static void take_bye(const struct arrival *a)
{
	struct dialog *d = a->dialog;

	refuse(a, 200);
	session_drop_requests(d);
	/* whoever hangs up when he is told of it need not */
	d->hung_up = true;
	tell(a, d->ctx, 0, d);
	session_bye_received(d);
}

static void take_in_dialog(const struct arrival *a)
{
	struct dialog *d = a->dialog;

	if (!dialog_accept_cseq(d, a->m->cseq.number)) {
		refuse(a, 500);
		return;
	}
	d->ctx->flow = *a->from;
	if (a->m->method == METHOD_BYE) {
		take_bye(a);
		return;
	}
	/* RFC 5407 3.2.2: we have hung up. */
	if (d->hung_up) {
		refuse(a, 481);
		return;
	}
	if (!collides(a))
		pass_on(a, d->ctx);
}

/* --- outside --- */

/* These mean nothing without a dialog. A To tag names one (12.2.2), but in
 * REGISTER, which has none (10.2). */
static bool needs_dialog(const struct message *m)
{
	switch (m->method) {
	case METHOD_BYE:
	case METHOD_INFO:
	case METHOD_PRACK:
	case METHOD_UPDATE:
		return true;
	case METHOD_REGISTER:
		return false;
	case METHOD_OTHER:
	case METHOD_ACK:
	case METHOD_CANCEL:
	case METHOD_INVITE:
	case METHOD_MESSAGE:
	case METHOD_NOTIFY:
	case METHOD_OPTIONS:
	case METHOD_PUBLISH:
	case METHOD_REFER:
	case METHOD_SUBSCRIBE:
	case METHOD_COUNT:
		return m->to.tag.p != NULL;
	}
	return false;
}

static void take_outside(const struct arrival *a)
{
	struct context *ctx;

	if (needs_dialog(a->m)) {
		refuse(a, 481);
		return;
	}
	/* 11.2: OPTIONS is answered as an INVITE would be. */
	if ((a->m->method == METHOD_INVITE || a->m->method == METHOD_OPTIONS)
	    && a->ep->ringing >= a->ep->settings->max_calls) {
		refuse(a, 486);
		return;
	}
	if (context_new_incoming(a->ep, a->m, a->from, &ctx) != OK
	    || endpoint_add_context(a->ep, ctx) != OK) {
		refuse(a, 500);
		return;
	}
	pass_on(a, ctx);
}

/* --- CANCEL and ACK --- */

static void take_cancel(struct arrival *a)
{
	struct server_transaction *invite;
	struct pending *p;

	invite = server_transaction_cancelled(a->ep->transactions, a->m,
	                                      a->from);
	if (invite == NULL) {
		refuse(a, 481);
		return;
	}
	p = pending_of(a->ep, invite);
	endpoint_refuse(a->ep, a->t, &(struct response_parts){
		.status = 200,
		.to_tag = p == NULL ? SLICE_EMPTY
		          : p->dialog != NULL ? p->dialog->local_tag
		                              : p->ctx->local_tag,
	});
	/* 9.2: no effect on what has its final response. */
	if (p == NULL || p->status != 0)
		return;
	pending_refuse(p, 487);
	tell(a, p->ctx, 0, p->dialog);
	session_cancelled(p);
}

static void take_ack(const struct arrival *a)
{
	struct dialog *d = endpoint_find_dialog(a->ep, a->m);

	/* The second one of the same 2xx says nothing new. */
	if (d == NULL || !session_acked(d, a->m->cseq.number))
		return;
	d->ctx->flow = *a->from;
	tell(a, d->ctx, 0, d);
}

/* --- all that arrives --- */

static bool pass_screen(const struct arrival *a)
{
	struct refusal refusal;
	bool pass = screen_request(a->ep->settings, a->m, &refusal);

	if (!pass)
		endpoint_refuse(a->ep, a->t, &(struct response_parts){
			.status = refusal.status,
			.reason = refusal.reason,
			.fields = refusal.fields,
			.nfields = refusal.nfields,
		});
	refusal_deinit(&refusal);
	return pass;
}

void uas_take_request(struct server_transaction *t, const struct message *m,
                      const struct flow *from, void *arg)
{
	struct arrival a = { .ep = arg, .t = t, .m = m, .from = from };

	if (t == NULL) {
		take_ack(&a);
		return;
	}
	if (m->method == METHOD_CANCEL) {
		take_cancel(&a);
		return;
	}
	if (!pass_screen(&a))
		return;
	a.dialog = endpoint_find_dialog(a.ep, m);
	if (a.dialog != NULL)
		take_in_dialog(&a);
	else
		take_outside(&a);
}

/* 13.2.2.4: a 2xx that comes again after its transaction is over. */
void uas_take_stray(const struct message *m, const struct flow *from,
                    void *arg)
{
	struct endpoint *ep = arg;
	struct dialog *d;
	struct ack *ack;

	(void)from;
	if (m->cseq.method != METHOD_INVITE || m->status / 100 != 2)
		return;
	d = endpoint_find_dialog(ep, m);
	ack = d == NULL ? NULL : ack_find(d, m->cseq.number);
	if (ack != NULL)
		ack_repeat(ack);
}
