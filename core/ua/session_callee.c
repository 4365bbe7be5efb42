/* Their INVITEs: what our answers make of a call, and how they end it. */

#include "core/ua/session.h"

enum { PROVISIONAL_EVERY_MS = 60000 };

/* --- how it ends --- */

static void end_call(struct context *ctx, bool by_remote, const char *cause,
                     unsigned status)
{
	context_end_call(ctx, &(struct context_ending){
		.by_remote = by_remote,
		.was_up = ctx->was_up,
		.cause = cause,
		.status = status,
		.reason = status == 0 ? SLICE_EMPTY
		                      : slice_str(response_reason(status)),
	});
}

static void end_refused(struct pending *p, bool by_remote, const char *cause,
                        unsigned status)
{
	struct context *ctx = p->ctx;
	bool was_call = p->method == METHOD_INVITE && !p->in_dialog;

	pending_end(p);
	if (was_call) {
		session_end_early(ctx);
		end_call(ctx, by_remote, cause, status);
	}
	context_settle(ctx);
}

/* --- while it rings --- */

static void on_expiry(void *arg)
{
	struct pending *p = arg;

	pending_refuse(p, 487);
	end_refused(p, true, "timeout", 487);
}

void session_expect_end(struct pending *p, const struct message *m)
{
	struct slice value = message_header(m, HEADER_EXPIRES, 0);
	uint32_t expires_s;

	if (value.p != NULL && delta_seconds_parse(value, &expires_s)
	    && expires_s != 0)
		timer_arm(&p->expiry, &p->ctx->endpoint->env->timers,
		          1000ULL * expires_s, on_expiry, p);
}

/* 13.3.1.1: proxies take a call for dead that says nothing for 3 minutes. */
static void on_minute(void *arg);

static void arm_minute(struct pending *p)
{
	timer_arm(&p->timer, &p->ctx->endpoint->env->timers,
	          PROVISIONAL_EVERY_MS, on_minute, p);
}

static void on_minute(void *arg)
{
	struct pending *p = arg;

	if (p->transaction != NULL)
		(void)server_transaction_resend(p->transaction);
	arm_minute(p);
}

/* --- the 2xx until its ACK --- */

static void on_repeat(void *arg);

static void arm_repeat(struct pending *p)
{
	struct env *env = p->ctx->endpoint->env;
	uint64_t left_ms = (p->give_up_us - env_now_us(env) + 999) / 1000;

	timer_arm(&p->timer, &env->timers,
	          left_ms < p->interval_ms ? left_ms : p->interval_ms,
	          on_repeat, p);
}

/* 13.3.1.4: at T1, doubling to T2, whatever the transport. */
static void begin_repeating(struct pending *p)
{
	struct endpoint *ep = p->ctx->endpoint;
	uint32_t t1_ms = transactions_settings(ep->transactions)->t1_ms;

	p->interval_ms = t1_ms;
	p->give_up_us = env_now_us(ep->env) + 64000ULL * t1_ms;
	arm_repeat(p);
}

static void give_up(struct pending *p)
{
	struct context *ctx = p->ctx;
	struct dialog *d = p->dialog;
	response_fn *fn = p->hangup_fn;
	void *arg = p->hangup_arg;

	pending_end(p);
	if (d->state == DIALOG_CONFIRMED && !d->hung_up)
		(void)session_bye(d, fn, arg);
	end_call(ctx, false, "no-ack", 0);
	context_settle(ctx);
}

static void on_repeat(void *arg)
{
	struct pending *p = arg;
	struct endpoint *ep = p->ctx->endpoint;
	uint32_t t2_ms = transactions_settings(ep->transactions)->t2_ms;

	if (env_now_us(ep->env) >= p->give_up_us) {
		give_up(p);
		return;
	}
	if (p->transaction != NULL)
		(void)server_transaction_resend(p->transaction);
	p->interval_ms = p->interval_ms * 2 < t2_ms ? p->interval_ms * 2
	                                            : t2_ms;
	arm_repeat(p);
}

bool session_acked(struct dialog *d, uint32_t cseq)
{
	LIST_EACH(it, &d->ctx->pendings) {
		struct pending *p = CONTAINER_OF(it, struct pending, node);
		response_fn *fn = p->hangup_fn;
		void *hangup_arg = p->hangup_arg;
		bool bye = p->bye_on_ack;

		if (p->dialog != d || p->cseq != cseq || p->status / 100 != 2
		    || p->method != METHOD_INVITE)
			continue;
		pending_end(p);
		if (d->ctx->state == CONTEXT_ANSWERED)
			d->ctx->state = CONTEXT_CONFIRMED;
		if (bye)
			(void)session_bye(d, fn, hangup_arg);
		return true;
	}
	return false;
}

/* --- our answers --- */

static struct dialog *find_by_local_tag(struct context *ctx,
                                        struct slice tag)
{
	LIST_EACH(it, &ctx->dialogs) {
		struct dialog *d = CONTAINER_OF(it, struct dialog, node);

		if (slice_eq(d->local_tag, tag))
			return d;
	}
	return NULL;
}

/* 12.1.1: a response with a tag makes a dialog; another tag another one. */
static enum error make_dialog(struct pending *p,
                              const struct response_parts *parts)
{
	struct context *ctx = p->ctx;
	struct slice tag = parts->to_tag.len != 0 ? parts->to_tag
	                                          : ctx->local_tag;
	bool secure = transport_is_secure(p->from.leg->transport);
	const struct message *invite;
	enum error err;

	if (p->method != METHOD_INVITE || p->in_dialog
	    || parts->status <= 100 || parts->status >= 300)
		return OK;
	p->dialog = find_by_local_tag(ctx, tag);
	if (p->dialog != NULL)
		return OK;
	invite = pending_request(p);
	if (invite == NULL)
		return ERR_NOT_FOUND;
	err = dialog_new_callee(ctx->call_id, invite, tag, secure,
	                        &p->dialog);
	if (err == OK)
		err = endpoint_add_dialog(ctx, p->dialog);
	if (err != OK)
		p->dialog = NULL;
	return err;
}

/* Their Contact counts once we agreed (12.2.2, RFC 6141). */
static void refresh_target(struct pending *p)
{
	const struct message *m;

	if (!p->in_dialog
	    || (p->method != METHOD_INVITE && p->method != METHOD_UPDATE))
		return;
	m = pending_request(p);
	if (m != NULL)
		(void)dialog_refresh(p->dialog, m);
}

static void accept_invite(struct pending *p)
{
	if (!p->in_dialog) {
		(void)dialog_confirm(p->dialog, NULL);
		session_end_early(p->ctx);
		p->ctx->state = CONTEXT_ANSWERED;
		p->ctx->was_up = true;
	}
	begin_repeating(p);
}

enum error session_answer(struct pending *p,
                          const struct response_parts *parts)
{
	enum error err = make_dialog(p, parts);

	if (err != OK)
		return err;
	if (parts->status / 100 == 2)
		refresh_target(p);
	err = pending_respond(p, parts);
	if (err != OK)
		return err;
	if (parts->status < 200) {
		if (parts->status > 100)
			arm_minute(p);
		return OK;
	}
	timer_cancel(&p->expiry);
	timer_cancel(&p->timer);
	if (p->method == METHOD_INVITE && parts->status < 300)
		accept_invite(p);
	else
		end_refused(p, false, "refused", parts->status);
	return OK;
}

/* --- what they end --- */

void session_drop_requests(struct dialog *d)
{
	LIST_EACH(it, &d->ctx->pendings) {
		struct pending *p = CONTAINER_OF(it, struct pending, node);

		if (p->dialog != d)
			continue;
		pending_refuse(p, 487);
		pending_end(p);
	}
}

/* Our first INVITE goes on when one of its early dialogs ends. */
static bool is_calling(const struct context *ctx)
{
	LIST_EACH(it, &ctx->exchanges) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, node);

		if (x->method == METHOD_INVITE && x->dialog == NULL
		    && exchange_is_open(x))
			return true;
	}
	return false;
}

void session_bye_received(struct dialog *d)
{
	struct context *ctx = d->ctx;
	bool ours = ctx->state == CONTEXT_HANGING_UP;
	bool was_ringing = ctx->state == CONTEXT_INCOMING;

	if (ctx->closed)
		return;
	endpoint_end_dialog(d);
	session_expect_answers(ctx, d);
	if (was_ringing)
		session_end_early(ctx);
	if (!context_has_dialog(ctx, true) && !is_calling(ctx))
		end_call(ctx, !ours, "bye", 0);
	context_settle(ctx);
}

void session_cancelled(struct pending *p)
{
	pending_refuse(p, 487);
	end_refused(p, true, "cancel", 487);
}

void session_request_lost(struct pending *p)
{
	/* A 2xx goes on waiting for its ACK; nobody waits for the rest. */
	if (p->status == 0)
		end_refused(p, true, "network", 0);
}
