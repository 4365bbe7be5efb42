/* Our INVITEs: what their responses make of a call, and how it ends. */

#include "core/ua/session.h"

#include "core/ua/ack.h"

/* Forks beyond this are left alone. */
enum { DIALOGS_MAX = 32 };

/* --- why a call ended --- */

static bool is_network(enum error err)
{
	enum error_class class = error_class(err);

	return class == CLASS_NETWORK || class == CLASS_DNS
	       || class == CLASS_TLS;
}

static const char *cause_of(const struct exchange *x,
                            const struct outcome *o)
{
	if (x->cancelled)
		return "cancel";
	if (o->err == ERR_AUTH)
		return "auth";
	if (o->err == ERR_TIMEOUT
	    || (o->response != NULL && o->response->status == 408))
		return "timeout";
	if (is_network(o->err))
		return "network";
	return o->response != NULL ? "refused" : "error";
}

static void end_call(struct exchange *x, const struct outcome *o,
                     const char *cause, bool by_remote)
{
	struct context_ending ending = {
		.by_remote = by_remote,
		.was_up = x->ctx->was_up,
		.cause = cause,
		.err = o->err,
	};

	if (o->response != NULL) {
		ending.status = o->response->status;
		ending.reason = o->response->reason;
	}
	context_end_call(x->ctx, &ending);
}

/* --- dialogs from responses --- */

static struct slice remote_tag(const struct message *response)
{
	return response->to.tag.p == NULL ? SLICE_EMPTY : response->to.tag;
}

static size_t count_dialogs(const struct context *ctx)
{
	size_t n = 0;

	LIST_EACH(it, &ctx->dialogs)
		n++;
	return n;
}

static struct dialog *make_dialog(struct exchange *x,
                                  const struct message *response)
{
	bool secure = transport_is_secure(x->flow.leg->transport);
	struct dialog_origin invite;
	struct dialog *d;

	if (count_dialogs(x->ctx) >= DIALOGS_MAX
	    || !exchange_origin(x, &invite)
	    || dialog_new_caller(x->ctx->call_id, &invite, response, secure,
	                         &d) != OK
	    || endpoint_add_dialog(x->ctx, d) != OK)
		return NULL;
	return d;
}

/* The dialog of a response to an INVITE: each To tag has its own (13.2.2.1,
 * 13.2.2.4). */
static struct dialog *dialog_of(struct exchange *x,
                                const struct message *response)
{
	struct dialog *d;

	if (x->dialog != NULL)
		return x->dialog;
	d = context_dialog_with(x->ctx, remote_tag(response));
	return d != NULL ? d : make_dialog(x, response);
}

void session_end_early(struct context *ctx)
{
	LIST_EACH(it, &ctx->dialogs) {
		struct dialog *d = CONTAINER_OF(it, struct dialog, node);

		if (d->state == DIALOG_EARLY)
			endpoint_end_dialog(d);
	}
}

/* --- responses to INVITE --- */

/* Octet for octet what came before: the network's copy, or the sign of life
 * that a callee gives each minute (13.3.1.1). */
static bool is_heard(struct exchange *x, const struct outcome *o)
{
	uint64_t *heard = o->dialog != NULL ? &o->dialog->heard : &x->heard;
	uint64_t hash = hash_of(&x->ctx->endpoint->dialogs,
	                        &o->response->wire, 1);
	bool again = *heard == hash;

	*heard = hash;
	return again;
}

static void take_provisional(struct exchange *x, struct outcome *o)
{
	if (x->dialog == NULL && x->ctx->state == CONTEXT_CALLING)
		x->ctx->state = CONTEXT_PROCEEDING;
	/* Without a tag there is no dialog yet (12.1). */
	if (o->response->status > 100 && o->response->to.tag.p != NULL)
		o->dialog = dialog_of(x, o->response);
	if (o->dialog != NULL && o->dialog->state == DIALOG_EARLY)
		(void)dialog_refresh(o->dialog, o->response);
	o->repeated = is_heard(x, o);
	exchange_tell(x, o);
}

/* 13.2.2.4: the ACK goes out once the user has had his say. Whatever he did
 * to the call meanwhile comes behind it. */
static void acknowledge(struct exchange *x, struct outcome *o)
{
	struct context *ctx = x->ctx;
	struct dialog *d = o->dialog;
	struct ack_parts parts = { 0 };
	const struct message *invite = NULL;

	o->ack = &parts;
	ctx->answering = d;
	exchange_tell(x, o);
	ctx->answering = NULL;
	o->ack = NULL;
	if (ctx->closed)
		return;
	if (x->is_special)
		invite = exchange_request(x);
	if (invite != NULL || !x->is_special)
		(void)ack_send(d, x->cseq, invite, &parts);
	if (o->unwanted)
		(void)session_bye(d, NULL, NULL);
	else if (ctx->hangup_asked)
		(void)session_bye(d, ctx->hangup_fn, ctx->hangup_arg);
	ctx->hangup_asked = false;
}

/* The first 2xx of a first INVITE brings the call up, unless we gave it up;
 * all others are of forks that nobody waits for. */
static void take_first_success(struct exchange *x, struct outcome *o)
{
	struct context *ctx = x->ctx;

	(void)dialog_confirm(o->dialog, o->response);
	if (x->winner == NULL)
		x->winner = o->dialog;
	o->unwanted = x->cancelled || x->winner != o->dialog
	              || ctx->call_ended || o->dialog->hung_up;
	o->dialog->unwanted = o->unwanted;
	if (!o->unwanted) {
		ctx->state = CONTEXT_CONFIRMED;
		ctx->was_up = true;
	} else if (x->cancelled && x->winner == o->dialog) {
		ctx->state = CONTEXT_HANGING_UP;
	}
	acknowledge(x, o);
}

static void take_success(struct exchange *x, struct outcome *o)
{
	struct ack *ack;

	o->dialog = dialog_of(x, o->response);
	if (o->dialog == NULL) {
		o->err = ERR_LIMIT;
		o->text = "no room for another dialog";
		exchange_tell(x, o);
		return;
	}
	ack = ack_find(o->dialog, x->cseq);
	if (ack != NULL) {
		ack_repeat(ack);
		o->repeated = true;
		exchange_tell(x, o);
	} else if (x->dialog == NULL) {
		take_first_success(x, o);
	} else {
		(void)dialog_refresh(x->dialog, o->response);
		acknowledge(x, o);
	}
}

/* --- calls of theirs --- */

static struct pending *incoming_call(const struct context *ctx)
{
	LIST_EACH(it, &ctx->pendings) {
		struct pending *p = CONTAINER_OF(it, struct pending, node);

		if (p->method == METHOD_INVITE && !p->in_dialog)
			return p;
	}
	return NULL;
}

bool session_awaits_ack(const struct context *ctx)
{
	const struct pending *p = incoming_call(ctx);

	return p != NULL && p->status / 100 == 2;
}

/* 15: the callee has to wait for the ACK of its 2xx. */
static bool hang_up_later(struct pending *p, response_fn *fn, void *arg)
{
	p->ctx->state = CONTEXT_HANGING_UP;
	p->bye_on_ack = true;
	p->hangup_fn = fn;
	p->hangup_arg = arg;
	return true;
}

/* --- failures --- */

/* 12.2.1.2: the peer knows nothing of the dialog, or is gone; for a call
 * that means BYE (14.1). */
static bool ends_dialog(const struct outcome *o)
{
	if (o->response == NULL)
		return o->err == ERR_TIMEOUT;
	return o->response->status == 481 || o->response->status == 408;
}

static void lose_dialog(struct exchange *x, const struct outcome *o)
{
	struct dialog *d = x->dialog;
	bool is_call = d != NULL && d == context_dialog(x->ctx);

	if (d == NULL || d->state != DIALOG_CONFIRMED || d->hung_up
	    || !ends_dialog(o))
		return;
	if (session_awaits_ack(x->ctx))
		(void)hang_up_later(incoming_call(x->ctx), NULL, NULL);
	else
		(void)session_bye(d, NULL, NULL);
	if (is_call)
		end_call(x, o, cause_of(x, o), o->response != NULL);
}

static void fail_first(struct exchange *x, struct outcome *o)
{
	session_end_early(x->ctx);
	exchange_tell(x, o);
	/* The user may have sent another one by now. */
	if (!session_is_inviting(x->ctx, NULL))
		end_call(x, o, cause_of(x, o),
		         o->response != NULL && !x->cancelled);
}

/* 13.2.2.4: forks that did not answer by now will not any more. */
static void end_search(struct exchange *x)
{
	session_end_early(x->ctx);
	if (x->winner == NULL)
		context_end_call(x->ctx, &(struct context_ending){
			.cause = "error", .err = ERR_NOMEM,
		});
}

void session_report_invite(struct exchange *x, struct outcome *o)
{
	if (o == NULL) {
		if (x->dialog == NULL)
			end_search(x);
		return;
	}
	if (o->response != NULL && o->response->status < 200) {
		take_provisional(x, o);
	} else if (o->response != NULL && o->response->status < 300) {
		take_success(x, o);
	} else if (x->dialog == NULL) {
		fail_first(x, o);
	} else {
		exchange_tell(x, o);
		if (!x->ctx->closed)
			lose_dialog(x, o);
	}
}

void session_report_other(struct exchange *x, struct outcome *o)
{
	if (o->response != NULL && o->final && x->dialog != NULL
	    && x->method == METHOD_UPDATE && o->response->status < 300)
		(void)dialog_refresh(x->dialog, o->response);
	exchange_tell(x, o);
	if (o->final && !x->ctx->closed)
		lose_dialog(x, o);
}

/* --- BYE --- */

/* 9.1 says so of CANCEL: a peer that has heard the call's end, and has no
 * final response to our INVITE 64*T1 later, will have none. */
void session_expect_answers(struct context *ctx, const struct dialog *d)
{
	LIST_EACH(it, &ctx->exchanges) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, node);

		if (x->method == METHOD_INVITE && x->dialog == d)
			exchange_expect_end(x);
	}
}

/* Whatever comes back, the dialog is over (15.1.1). */
void session_report_bye(struct exchange *x, struct outcome *o)
{
	struct context *ctx = x->ctx;
	const char *cause = ctx->was_up ? "bye" : "cancel";

	if (!o->final) {
		exchange_tell(x, o);
		return;
	}
	session_drop_requests(x->dialog);
	endpoint_end_dialog(x->dialog);
	session_expect_answers(ctx, x->dialog);
	exchange_tell(x, o);
	if (!ctx->closed && !context_has_dialog(ctx, false)
	    && ctx->state == CONTEXT_HANGING_UP) {
		end_call(x, o, cause, false);
		session_expect_answers(ctx, NULL);
	}
}

enum error session_bye(struct dialog *d, response_fn *fn, void *arg)
{
	struct context *ctx = d->ctx;
	enum error err;

	(void)endpoint_new_request(ctx->endpoint, ctx, NULL,
	                           &(struct request_params){
		.method = method_name(METHOD_BYE),
		.dialog = d,
		.fn = fn,
		.arg = arg,
	}, &err);
	return err;
}

/* --- hanging up --- */

bool session_is_inviting(const struct context *ctx, const struct dialog *d)
{
	LIST_EACH(it, &ctx->exchanges) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, node);

		if (x->method == METHOD_INVITE && exchange_is_open(x)
		    && (d == NULL || (x->dialog == d
		                      && exchange_is_in_flight(x))))
			return true;
	}
	return false;
}

static bool hang_up_all(struct context *ctx, response_fn *fn, void *arg)
{
	bool any = false;

	LIST_EACH(it, &ctx->dialogs) {
		struct dialog *d = CONTAINER_OF(it, struct dialog, node);

		if (d->state == DIALOG_CONFIRMED && !d->hung_up
		    && session_bye(d, fn, arg) == OK)
			any = true;
	}
	return any;
}

bool session_hangup(struct context *ctx, response_fn *fn, void *arg)
{
	struct pending *p = incoming_call(ctx);

	if (ctx->answering != NULL) {
		ctx->hangup_asked = true;
		ctx->hangup_fn = fn;
		ctx->hangup_arg = arg;
		return true;
	}
	if (p != NULL && p->status == 0)
		return session_answer(p, &(struct response_parts){
			.status = 603,
		}) == OK;
	if (p != NULL && p->status < 300)
		return hang_up_later(p, fn, arg);
	if (!context_has_dialog(ctx, false))
		return endpoint_cancel_invite(ctx->endpoint, ctx, fn, arg)
		       != 0;
	return hang_up_all(ctx, fn, arg);
}
