/* What the user asks the endpoint to send. */

#include <stdlib.h>

#include "core/ua/ack.h"
#include "core/ua/outbound.h"
#include "core/ua/session.h"

enum { MAX_FORWARDS = 70 };

/* --- what goes into a request --- */

/* 8.1.1.8: where the peer may have to send requests of its own. */
static bool carries_contact(enum method method)
{
	switch (method) {
	case METHOD_INVITE:
	case METHOD_SUBSCRIBE:
	case METHOD_UPDATE:
	case METHOD_REFER:
	case METHOD_NOTIFY:
		return true;
	case METHOD_OTHER:
	case METHOD_ACK:
	case METHOD_BYE:
	case METHOD_CANCEL:
	case METHOD_INFO:
	case METHOD_MESSAGE:
	case METHOD_OPTIONS:
	case METHOD_PRACK:
	case METHOD_PUBLISH:
	case METHOD_REGISTER:
	case METHOD_COUNT:
		return false;
	}
	return false;
}

static struct field *all_fields(const struct endpoint *ep,
                                const struct request_params *req, size_t *n)
{
	enum method method = method_lookup(req->method);
	bool tells = carries_contact(method);
	struct field ours[] = {
		{ header_table[HEADER_ACCEPT].name,
		  method == METHOD_OPTIONS ? ep->settings->accept
		                           : SLICE_EMPTY },
		{ header_table[HEADER_ALLOW].name,
		  tells ? ep->settings->allow : SLICE_EMPTY },
		{ header_table[HEADER_SUPPORTED].name,
		  tells ? ep->settings->supported : SLICE_EMPTY },
		{ header_table[HEADER_USER_AGENT].name,
		  ep->settings->user_agent },
	};

	return outbound_fields(req->fields, req->nfields, ours,
	                       ARRAY_LEN(ours), n);
}

static struct slice party_uri(struct slice party)
{
	struct name_addr addr;

	return name_addr_parse(party, &addr) ? addr.uri_text : SLICE_EMPTY;
}

static enum error draft_parts(const struct context *ctx,
                              const struct dialog *d,
                              const struct request_params *req,
                              struct request_draft *draft, bool *strict)
{
	struct slice remote = d != NULL ? d->remote : ctx->remote;
	struct slice target = req->uri;
	struct path path;
	size_t nfields = 0;
	struct field *fields = all_fields(ctx->endpoint, req, &nfields);
	enum error err;

	if (target.len == 0)
		target = d != NULL ? d->target : party_uri(remote);
	err = path_init(&path, d != NULL ? d->route_set : ctx->route_set,
	                target);
	if (fields == NULL)
		err = ERR_NOMEM;
	if (err == OK)
		err = request_draft(draft, &(struct request_parts){
			.method = req->method,
			.uri = path.uri,
			.from = d != NULL ? d->local : ctx->local,
			.to = remote,
			.call_id = ctx->call_id,
			.routes = path.routes,
			.nroutes = path.nroutes,
			.max_forwards = MAX_FORWARDS,
			.fields = fields,
			.nfields = nfields,
			.content_type = req->content_type,
			.body = req->body,
		});
	*strict = path.strict;
	path_deinit(&path);
	free(fields);
	return err;
}

/* A whole request as it is; its Via is all that sealing adds. */
static enum error draft_ready(struct endpoint *ep, struct slice ready,
                              struct request_draft *draft, uint32_t *cseq)
{
	struct message *m = &ep->scratch;
	struct fault fault = { 0 };
	enum error err;

	err = message_parse(m, ready, dispatcher_limits(ep->dispatcher),
	                    &fault);
	if (err != OK)
		return err;
	if (!m->is_request || fault.status != 0)
		return ERR_SYNTAX;
	(void)message_check(m, &fault);
	*cseq = m->cseq.number;
	*draft = (struct request_draft){
		.text = slice_dup(ready),
		.len = ready.len,
		.body_len = m->body.len,
		.start_line_len = m->start_line.len + 2,
		.has_contact = true,
		.has_cseq = true,
		.has_identity = true,
		.has_route = message_has(m, HEADER_ROUTE),
		.has_credentials = true,
	};
	draft->seal_at = draft->start_line_len;
	return draft->text == NULL ? ERR_NOMEM : OK;
}

static enum error make_draft(const struct context *ctx,
                             const struct dialog *d,
                             const struct request_params *req,
                             struct request_draft *draft,
                             struct exchange_params *p)
{
	p->as_is = req->ready.len != 0;
	if (p->as_is)
		return draft_ready(ctx->endpoint, req->ready, draft,
		                   &p->cseq);
	return draft_parts(ctx, d, req, draft, &p->strict);
}

/* --- which requests may be sent now --- */

static enum method method_of(struct endpoint *ep,
                             const struct request_params *req)
{
	struct fault fault;

	if (req->ready.len == 0)
		return method_lookup(req->method);
	if (message_parse(&ep->scratch, req->ready,
	                  dispatcher_limits(ep->dispatcher), &fault) != OK)
		return METHOD_OTHER;
	return ep->scratch.method;
}

/* 15: the callee has none on an early dialog, and none before the ACK of its
 * 2xx. */
static bool may_bye(const struct dialog *d)
{
	return d->caller || (d->state == DIALOG_CONFIRMED
	                     && !session_awaits_ack(d->ctx));
}

/* 14.1: one at a time, whoever's it is. */
static bool may_invite(const struct context *ctx, const struct dialog *d)
{
	if (session_is_inviting(ctx, NULL))
		return false;
	return d == NULL ? context_pending_invite(ctx) == 0
	                 : d->state == DIALOG_CONFIRMED
	                   && !pending_is_open(d, METHOD_INVITE);
}

static bool is_possible(const struct context *ctx, const struct dialog *d,
                        enum method method)
{
	if (d != NULL && (d->ctx != ctx || d->hung_up
	                  || d->state == DIALOG_TERMINATED))
		return false;
	/* ACK and CANCEL follow an INVITE, and go by themselves. */
	if (method == METHOD_ACK || method == METHOD_CANCEL)
		return false;
	if (method == METHOD_BYE)
		return d != NULL && may_bye(d);
	return method != METHOD_INVITE || may_invite(ctx, d);
}

/* --- sending --- */

static exchange_fn *report_of(enum method method, const struct dialog *d)
{
	if (method == METHOD_INVITE)
		return session_report_invite;
	if (method == METHOD_BYE && d != NULL)
		return session_report_bye;
	return session_report_other;
}

static void note_sent(struct context *ctx, struct dialog *d,
                      enum method method)
{
	if (method == METHOD_INVITE && d == NULL) {
		ctx->has_call = true;
		ctx->state = CONTEXT_CALLING;
	} else if (method == METHOD_BYE) {
		if (!ctx->call_ended && context_dialog(ctx) == d)
			ctx->state = CONTEXT_HANGING_UP;
		d->hung_up = true;
	}
}

static void note_cseq(struct context *ctx, struct dialog *d, uint32_t cseq)
{
	uint32_t *last = d != NULL ? &d->local_cseq : &ctx->cseq;

	if (cseq > *last)
		*last = cseq;
}

static enum error send_in(struct context *ctx,
                          const struct request_params *req)
{
	enum method method = method_of(ctx->endpoint, req);
	struct dialog *d = req->dialog;
	struct exchange_params p = {
		.with_contact = req->with_contact || carries_contact(method),
		.contact_params = req->contact_params,
		.cseq = req->cseq,
		.destination = req->destination,
		.resp40x = req->resp40x,
		.fn = req->fn,
		.arg = req->arg,
	};
	struct request_draft draft;
	struct exchange *x;
	enum error err;

	if (d == NULL && !req->outside_dialog)
		d = context_dialog(ctx);
	if (ctx->closed || !is_possible(ctx, d, method)
	    || (ctx->call_ended && d == NULL && !req->outside_dialog))
		return ERR_BAD_STATE;
	err = make_draft(ctx, d, req, &draft, &p);
	if (err != OK)
		return err;
	p.dialog = d;
	p.report = report_of(method, d);
	if (p.cseq != 0)
		note_cseq(ctx, d, p.cseq);
	err = exchange_new(ctx, &draft, &p, &x);
	if (err != OK)
		return err;
	note_sent(ctx, d, method);
	exchange_start(x);
	return OK;
}

struct context *endpoint_new_request(struct endpoint *ep,
                                     struct context *ctx,
                                     const struct context_params *params,
                                     const struct request_params *req,
                                     enum error *err)
{
	bool is_new = ctx == NULL;

	*err = OK;
	if (is_new) {
		*err = context_new(ep, params, &ctx);
		if (*err == OK)
			*err = endpoint_add_context(ep, ctx);
		if (*err != OK)
			return NULL;
	}
	*err = ctx->endpoint == ep ? send_in(ctx, req) : ERR_BAD_STATE;
	if (*err == OK)
		return ctx;
	if (is_new)
		endpoint_close_context(ep, ctx);
	return NULL;
}

struct context *endpoint_invite(struct endpoint *ep, struct context *ctx,
                                const struct context_params *params,
                                const struct request_params *req,
                                enum error *err)
{
	struct request_params invite = *req;

	invite.method = method_name(METHOD_INVITE);
	return endpoint_new_request(ep, ctx, params, &invite, err);
}

/* --- REGISTER --- */

static struct field *register_fields(const struct register_params *p,
                                     const struct buf *expires, size_t *n)
{
	struct field ours[] = {
		{ header_table[HEADER_CONTACT].name, p->contact },
		{ header_table[HEADER_EXPIRES].name, buf_view(expires) },
	};

	return outbound_fields(p->fields, p->nfields, ours, ARRAY_LEN(ours),
	                       n);
}

struct context *endpoint_register(struct endpoint *ep,
                                  const struct register_params *p,
                                  enum error *err)
{
	struct context_params context = {
		.from = p->from,
		.to = p->from,
		.call_id = p->call_id,
		.routes = p->routes,
		.nroutes = p->nroutes,
		.cseq = p->cseq,
		.credentials = p->credentials,
	};
	struct request_params req = {
		.method = method_name(METHOD_REGISTER),
		.uri = p->registrar,
		.with_contact = p->contact.len == 0 && p->with_contact,
		.contact_params = p->contact_params,
		.fn = p->fn,
		.arg = p->arg,
	};
	struct context *ctx = NULL;
	struct buf expires = { 0 };
	struct field *fields;

	if (p->registrar.len == 0 || p->from.len == 0) {
		*err = ERR_SYNTAX;
		return NULL;
	}
	if (!p->no_expires)
		buf_u64(&expires, p->expires_s);
	fields = register_fields(p, &expires, &req.nfields);
	req.fields = fields;
	*err = fields == NULL ? ERR_NOMEM : buf_error(&expires);
	if (*err == OK)
		ctx = endpoint_new_request(ep, NULL, &context, &req, err);
	free(fields);
	buf_deinit(&expires);
	return ctx;
}

/* --- giving up --- */

unsigned endpoint_cancel_invite(struct endpoint *ep, struct context *ctx,
                                response_fn *fn, void *arg)
{
	if (ctx->endpoint != ep || ctx->closed)
		return 0;
	for (struct list *it = ctx->exchanges.prev; it != &ctx->exchanges;
	     it = it->prev) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, node);

		if (!exchange_cancel(x, fn, arg))
			continue;
		if (x->dialog == NULL)
			ctx->state = CONTEXT_CANCELLING;
		return 1;
	}
	return 0;
}

bool endpoint_hangup(struct endpoint *ep, struct context *ctx,
                     response_fn *fn, void *arg)
{
	if (ctx->endpoint != ep || ctx->closed)
		return false;
	return session_hangup(ctx, fn, arg);
}

/* --- secrets --- */

static struct exchange *find_exchange(struct endpoint *ep, uint64_t id)
{
	struct hash_node *node = hash_first(&ep->exchanges, hash_number(id));

	for (; node != NULL; node = hash_next(node)) {
		struct exchange *x = CONTAINER_OF(node, struct exchange,
		                                  by_id);

		if (x->id == id)
			return x;
	}
	return NULL;
}

void endpoint_retry_auth(struct endpoint *ep, uint64_t id)
{
	struct exchange *x = find_exchange(ep, id);

	if (x != NULL)
		exchange_resume(x, true);
}

void endpoint_give_up_auth(struct endpoint *ep, uint64_t id)
{
	struct exchange *x = find_exchange(ep, id);

	if (x != NULL)
		exchange_resume(x, false);
}
