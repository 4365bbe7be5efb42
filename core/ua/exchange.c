/* One request of ours on its way: where to, over what, and given up. */

#include "core/ua/exchange.h"

#include <stdlib.h>

#include "core/ua/outbound.h"

/* 18.1.1: a larger request does not go over UDP where TCP will do. */
enum { UDP_REQUEST_MAX = 1300 };

/*
 * How long a target may keep silent, in units of T1, while there is another:
 * RFC 3263 4.3 waits for timer B or F, which is 32 s, and a dead IPv6 beside a
 * live IPv4 must not cost that. Any server that lives has said something
 * earlier: for an INVITE within 200 ms (17.2.1), for others when timer E has
 * reached T2, at 7*T1 (RFC 4320 4.1), and over UDP four copies were lost by
 * then. Should one have been slow all the same, the next gets a request that
 * RFC 3261 8.2.2.2 knows as the same. The last target gets all the time there
 * is.
 */
enum { PATIENCE_T1S = 8 };

static struct endpoint *endpoint_of(const struct exchange *x)
{
	return x->ctx->endpoint;
}

struct slice exchange_method_name(const struct exchange *x)
{
	return x->draft.text == NULL ? method_name(x->method)
	                             : request_draft_method(&x->draft);
}

/* --- sending --- */

struct auth_request exchange_auth_request(struct exchange *x)
{
	const struct request_draft *d = &x->draft;
	struct slice text = slice_make(d->text, d->len);
	struct auth_request request = {
		.method = exchange_method_name(x),
		.uri = request_draft_uri(d),
		.body = slice_skip(text, d->len - d->body_len),
		.next_hop_host = x->host,
		.peer_opened = x->dialog != NULL && !x->dialog->caller,
	};
	struct uri uri;

	if (uri_parse(request.uri, &uri))
		request.request_host = uri.host;
	return request;
}

static enum error print_credentials(struct exchange *x, struct buf *out)
{
	struct auth_request request;

	if (x->ctx->credentials == NULL || x->as_is)
		return OK;
	request = exchange_auth_request(x);
	return credentials_authorize(x->ctx->credentials,
	                             endpoint_of(x)->env, &request, out);
}

static void on_late_report(struct exchange *x,
                           const struct client_report *report)
{
	if (report->gone)
		x->left = NULL;
	if (report->response == NULL || report->response->status / 100 != 2)
		return;
	x->flow = x->ctx->flow = *report->from;
	exchange_take_late_success(x, report->response);
}

static void on_report(struct client_transaction *t,
                      const struct client_report *report, void *arg)
{
	struct exchange *x = arg;

	if (t == x->left) {
		on_late_report(x, report);
		return;
	}
	x->retransmits = client_transaction_retransmits(t);
	if (report->gone)
		x->transaction = NULL;
	if (report->response != NULL) {
		x->flow = x->ctx->flow = *report->from;
		x->alive = true;
		timer_cancel(&x->patience);
		exchange_take_answer(x, report->response);
	} else if (report->gone && x->phase == EXCHANGE_ENDED) {
		exchange_release(x, false);
		x->report(x, NULL);
		context_settle(x->ctx);
	} else if (report->err != OK) {
		exchange_take_failure(x, report->err, report->text);
	}
}

static enum error start_transaction(struct exchange *x, struct buf *wire)
{
	struct endpoint *ep = endpoint_of(x);
	struct client_request request = {
		.flow = x->flow,
		.name = x->host,
		.branch = slice_make(x->branch, BRANCH_LEN),
		.method = x->method,
		.method_name = exchange_method_name(x),
	};

	if (!x->draft.has_identity) {
		request.call_id = x->ctx->call_id;
		request.from_tag = x->dialog != NULL ? x->dialog->local_tag
		                                     : x->ctx->local_tag;
	}
	request.wire = buf_steal(wire, &request.len);
	if (request.wire == NULL)
		return ERR_NOMEM;
	x->sent_us = env_now_us(ep->env);
	x->retransmits = 0;
	return client_transaction_start(ep->transactions, &request, on_report,
	                                x, &x->transaction);
}

static bool wants_tcp(const struct exchange *x, const struct target *target,
                      size_t len)
{
	return target->transport == TRANSPORT_UDP && len > UDP_REQUEST_MAX
	       && !x->tcp_refused
	       && dispatcher_leg_for(endpoint_of(x)->dispatcher,
	                             TRANSPORT_TCP,
	                             target->addr.family) != NULL;
}

static enum error seal(struct exchange *x, struct outbound *o,
                       struct buf *wire)
{
	struct uri uri;

	o->cseq = x->cseq;
	o->with_contact = x->with_contact;
	o->same_peer = x->dialog != NULL;
	o->contact_params = slice_str(x->contact_params);
	o->secure = x->with_contact
	            && uri_parse(request_draft_uri(&x->draft), &uri)
	            && uri.scheme == URI_SIPS;
	return outbound_seal(x->ctx, &x->draft, o, wire);
}

static void on_impatience(void *arg)
{
	exchange_leave_target(arg);
}

static void begin_target(struct exchange *x)
{
	struct endpoint *ep = endpoint_of(x);
	uint32_t t1_ms = transactions_settings(ep->transactions)->t1_ms;

	x->alive = false;
	if (x->target + 1 < x->ntargets)
		timer_arm(&x->patience, &ep->env->timers,
		          (uint64_t)PATIENCE_T1S * t1_ms, on_impatience, x);
}

static enum error start_sealed(struct exchange *x, const struct outbound *o,
                               struct buf *wire)
{
	enum error err;

	x->flow = x->ctx->flow = o->flow;
	memcpy(x->branch, o->branch, BRANCH_LEN);
	err = start_transaction(x, wire);
	if (err != OK)
		return err;
	x->phase = EXCHANGE_SENT;
	begin_target(x);
	return OK;
}

/* False: it has to go over UDP all the same. */
static bool start_over_tcp(struct exchange *x, const struct target *target,
                           struct slice credentials)
{
	struct target over_tcp = {
		.transport = TRANSPORT_TCP, .addr = target->addr,
	};
	struct outbound o = {
		.target = &over_tcp, .credentials = credentials,
	};
	struct buf wire = { 0 };

	x->over_tcp = seal(x, &o, &wire) == OK
	              && start_sealed(x, &o, &wire) == OK;
	x->tcp_refused = !x->over_tcp;
	buf_deinit(&wire);
	return x->over_tcp;
}

static enum error send_to(struct exchange *x, const struct target *target)
{
	struct buf credentials = { 0 }, wire = { 0 };
	struct outbound o = { .target = target };
	enum error err = print_credentials(x, &credentials);

	x->over_tcp = false;
	o.credentials = buf_view(&credentials);
	x->is_special = o.credentials.len != 0 || x->draft.has_cseq
	                || x->draft.has_credentials || x->draft.has_identity;
	if (err == OK)
		err = seal(x, &o, &wire);
	if (err != OK || (wants_tcp(x, target, wire.len)
	                  && start_over_tcp(x, target, o.credentials)))
		goto out;
	err = start_sealed(x, &o, &wire);
out:
	buf_deinit(&credentials);
	buf_deinit(&wire);
	return err;
}

void exchange_send(struct exchange *x)
{
	struct locator *l = dispatcher_locator(endpoint_of(x)->dispatcher);
	enum error err = ERR_NO_TRANSPORT;

	for (; x->target < x->ntargets; x->target++) {
		err = send_to(x, &x->targets[x->target]);
		if (err == OK)
			return;
		if (err == ERR_NOMEM || err == ERR_SYNTAX)
			break;
		exchange_note_unsent(x, &x->targets[x->target], err);
		locate_failed(l, &x->targets[x->target]);
		x->tcp_refused = false;
	}
	exchange_postpone(x, err, error_text(err));
}

/* --- finding where to --- */

/* False: no memory. */
static bool make_targets(struct exchange *x, size_t n)
{
	free(x->targets);
	x->target = x->ntargets = 0;
	x->targets = calloc(n, sizeof(*x->targets));
	if (x->targets == NULL)
		return false;
	x->ntargets = n;
	return true;
}

static void on_located(enum error err, const char *text,
                       const struct planned *plan, size_t n, void *arg)
{
	struct exchange *x = arg;

	x->lookup = 0;
	if (err != OK) {
		exchange_note_unlocated(x, err, text);
		exchange_postpone(x, err, text);
		return;
	}
	exchange_note_names(x, plan, n);
	if (make_targets(x, n))
		for (size_t i = 0; i < n; i++)
			x->targets[i] = plan[i].target;
	if (x->ntargets == 0)
		exchange_postpone(x, ERR_NOMEM, error_text(ERR_NOMEM));
	else
		exchange_send(x);
}

void exchange_locate(struct exchange *x)
{
	struct endpoint *ep = endpoint_of(x);
	struct locator *locator = dispatcher_locator(ep->dispatcher);
	struct uri hop;

	x->tcp_refused = false;
	if (!outbound_next_hop(ep, &x->draft, x->strict, &hop)) {
		exchange_postpone(x, ERR_SYNTAX,
		                  "the next hop is no sip or sips URI");
		return;
	}
	x->host = hop.host;
	x->phase = EXCHANGE_LOCATING;
	x->lookup_us = 0;
	x->lookup = locate_plan(locator, &hop, on_located, x);
	if (x->lookup != 0)
		x->lookup_us = env_now_us(ep->env);
}

/* --- beginning and end --- */

bool exchange_take_next_cseq(struct exchange *x)
{
	if (x->draft.has_cseq)
		return false;
	exchange_forget_left(x);        /* its answer is to the last one */
	x->cseq = x->dialog != NULL ? dialog_next_cseq(x->dialog)
	                            : ++x->ctx->cseq;
	return true;
}

static bool link_by_id(struct exchange *x)
{
	x->id = endpoint_next_id(endpoint_of(x));
	return hash_insert(&endpoint_of(x)->exchanges, &x->by_id,
	                   hash_number(x->id)) == OK;
}

static struct exchange *make(struct context *ctx, exchange_fn *report,
                             response_fn *fn, void *arg)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->ctx = ctx;
	x->report = report;
	x->fn = fn;
	x->arg = arg;
	if (!link_by_id(x)) {
		free(x);
		return NULL;
	}
	list_append(&ctx->exchanges, &x->node);
	return x;
}

/* What cannot be answered now shows when the request is challenged again. */
static void heed(struct exchange *x, const struct message *resp40x)
{
	struct auth_request request;
	struct buf why = { 0 };
	struct uri hop;

	if (x->ctx->credentials == NULL)
		return;
	if (outbound_next_hop(endpoint_of(x), &x->draft, x->strict, &hop))
		x->host = hop.host;
	request = exchange_auth_request(x);
	(void)credentials_challenged(x->ctx->credentials, resp40x, &request,
	                             0, &why);
	buf_deinit(&why);
}

enum error exchange_new(struct context *ctx, struct request_draft *draft,
                        const struct exchange_params *p,
                        struct exchange **out)
{
	struct exchange *x = make(ctx, p->report, p->fn, p->arg);

	if (x == NULL) {
		request_draft_deinit(draft);
		return ERR_NOMEM;
	}
	x->draft = *draft;
	*draft = (struct request_draft){ 0 };
	x->method = method_lookup(request_draft_method(&x->draft));
	x->dialog = p->dialog;
	x->strict = p->strict;
	x->with_contact = p->with_contact;
	x->as_is = p->as_is;
	if (p->contact_params.len != 0)
		x->contact_params = slice_dup(p->contact_params);
	if (p->destination != NULL && make_targets(x, 1))
		x->targets[0] = *p->destination;
	if ((p->contact_params.len != 0 && x->contact_params == NULL)
	    || (p->destination != NULL && x->ntargets == 0)) {
		exchange_end(x);
		return ERR_NOMEM;
	}
	if (p->cseq != 0)
		x->cseq = p->cseq;
	else
		(void)exchange_take_next_cseq(x);
	if (p->resp40x != NULL)
		heed(x, p->resp40x);
	*out = x;
	return OK;
}

void exchange_start(struct exchange *x)
{
	struct uri hop;

	if (x->ntargets == 0) {
		exchange_locate(x);
		return;
	}
	if (outbound_next_hop(endpoint_of(x), &x->draft, x->strict, &hop)) {
		x->host = hop.host;
		if (hop.scheme == URI_SIPS
		    && !transport_is_secure(x->targets[0].transport)) {
			exchange_postpone(x, ERR_NO_TRANSPORT,
			                  "a sips URI is reached over TLS only");
			return;
		}
	}
	exchange_send(x);
}

void exchange_forget_left(struct exchange *x)
{
	if (x->left != NULL)
		client_transaction_abort(x->left);
	x->left = NULL;
}

void exchange_release(struct exchange *x, bool abort)
{
	struct endpoint *ep = endpoint_of(x);

	timer_cancel(&x->timer);
	timer_cancel(&x->patience);
	if (x->lookup != 0)
		locate_cancel(dispatcher_locator(ep->dispatcher), x->lookup);
	x->lookup = 0;
	if (x->transaction != NULL && abort)
		client_transaction_abort(x->transaction);
	else if (x->transaction != NULL)
		client_transaction_detach(x->transaction);
	x->transaction = NULL;
	exchange_forget_left(x);
	hash_remove(&ep->exchanges, &x->by_id);
	list_remove(&x->node);
	endpoint_bury(ep, &ep->dead_exchanges, &x->node);
}

void exchange_end(struct exchange *x)
{
	exchange_release(x, x->phase == EXCHANGE_SENT);
	x->phase = EXCHANGE_ENDED;
}

void exchange_free(struct exchange *x)
{
	request_draft_deinit(&x->draft);
	if (x->redirect != NULL)
		redirect_deinit(x->redirect);
	free(x->redirect);
	history_deinit(&x->history);
	free(x->targets);
	free(x->contact_params);
	free(x->text);
	free(x->challenge);
	free(x);
}

/* --- waiting, failing, giving up --- */

static void on_timer(void *arg)
{
	struct exchange *x = arg;

	switch (x->phase) {
	case EXCHANGE_FAILING:
		exchange_fail(x, x->err, x->text == NULL ? "" : x->text);
		break;
	case EXCHANGE_WAITING:
		if (x->dialog->state == DIALOG_TERMINATED
		    || x->dialog->hung_up || !exchange_take_next_cseq(x))
			exchange_fail(x, ERR_CANCELLED, "the call ended");
		else
			exchange_send(x);
		break;
	case EXCHANGE_SENT:
		exchange_fail(x, ERR_CANCELLED, x->cancelled
		              ? "no final response after CANCEL"
		              : "no final response after BYE");
		break;
	case EXCHANGE_NEW:
	case EXCHANGE_LOCATING:
	case EXCHANGE_ASKING:
	case EXCHANGE_ENDED:
		break;
	}
}

static void arm(struct exchange *x, uint64_t delay_ms)
{
	timer_arm(&x->timer, &endpoint_of(x)->env->timers, delay_ms, on_timer,
	          x);
}

void exchange_wait(struct exchange *x, uint64_t delay_ms)
{
	x->phase = EXCHANGE_WAITING;
	arm(x, delay_ms);
}

void exchange_postpone(struct exchange *x, enum error err, const char *text)
{
	x->phase = EXCHANGE_FAILING;
	x->err = err;
	free(x->text);
	x->text = slice_dup(slice_str(text));
	arm(x, 0);
}

static void report_cancel(struct exchange *x, struct outcome *o)
{
	exchange_tell(x, o);
}

/* 9.1: over the INVITE's flow, with its branch, as its own transaction. */
static enum error start_cancel(struct exchange *x, struct exchange *invite)
{
	const struct message *m = exchange_request(invite);
	struct buf wire = { 0 };
	enum error err = ERR_NOT_FOUND;

	x->method = METHOD_CANCEL;
	x->cseq = invite->cseq;
	x->flow = *client_transaction_flow(invite->transaction);
	x->host = invite->host;
	memcpy(x->branch, invite->branch, BRANCH_LEN);
	if (m == NULL)
		goto out;
	request_print_cancel(&wire, m);
	err = buf_error(&wire);
	if (err == OK)
		err = start_transaction(x, &wire);
out:
	x->host = SLICE_EMPTY;          /* it was of the INVITE's draft */
	buf_deinit(&wire);
	return err;
}

void exchange_expect_end(struct exchange *x)
{
	struct transactions *ts = endpoint_of(x)->transactions;

	if (x->phase == EXCHANGE_SENT && !timer_armed(&x->timer))
		arm(x, 64ULL * transactions_settings(ts)->t1_ms);
}

/* Without an end 64*T1 later, the INVITE counts as cancelled (9.1). */
void exchange_send_cancel(struct exchange *x)
{
	struct exchange *cancel;
	enum error err;

	x->cancel_sent = true;
	exchange_expect_end(x);
	cancel = make(x->ctx, report_cancel, x->cancel_fn, x->cancel_arg);
	if (cancel == NULL)
		return;
	err = start_cancel(cancel, x);
	if (err == OK)
		cancel->phase = EXCHANGE_SENT;
	else
		exchange_postpone(cancel, err, error_text(err));
}

bool exchange_cancel(struct exchange *x, response_fn *fn, void *arg)
{
	if (x->method != METHOD_INVITE || x->cancelled
	    || !exchange_is_open(x))
		return false;
	x->cancelled = true;
	x->cancel_fn = fn;
	x->cancel_arg = arg;
	if (x->phase != EXCHANGE_SENT) {
		if (x->lookup != 0)
			locate_cancel(dispatcher_locator(
				endpoint_of(x)->dispatcher), x->lookup);
		x->lookup = 0;
		exchange_postpone(x, ERR_CANCELLED, "given up before it was "
		                  "sent");
	} else if (client_transaction_is_proceeding(x->transaction)) {
		exchange_send_cancel(x);
	}
	return true;
}

/* --- what others may ask --- */

bool exchange_is_open(const struct exchange *x)
{
	return x->phase != EXCHANGE_ENDED && x->phase != EXCHANGE_FAILING;
}

bool exchange_is_in_flight(const struct exchange *x)
{
	return x->phase == EXCHANGE_SENT;
}

const struct message *exchange_request(struct exchange *x)
{
	struct endpoint *ep = endpoint_of(x);
	struct message *m = &ep->scratch;
	struct slice wire = SLICE_EMPTY;
	struct fault fault;

	if (x->transaction != NULL)
		wire = client_transaction_wire(x->transaction);
	if (wire.len == 0
	    || message_parse(m, wire, dispatcher_limits(ep->dispatcher),
	                     &fault) != OK)
		return NULL;
	/* What the user put into it may be faulty; what could be read is. */
	(void)message_check(m, &fault);
	return m;
}

static bool origin_of_wire(struct exchange *x, struct dialog_origin *out)
{
	const struct message *m = exchange_request(x);

	if (m == NULL)
		return false;
	*out = (struct dialog_origin){
		.uri = m->uri_text,
		.is_sips = m->uri.scheme == URI_SIPS,
		.local_tag = m->from.tag.p == NULL ? SLICE_EMPTY : m->from.tag,
		.cseq = m->cseq.number,
	};
	return true;
}

bool exchange_origin(struct exchange *x, struct dialog_origin *out)
{
	struct uri uri;

	if (x->is_special || x->draft.text == NULL)
		return origin_of_wire(x, out);
	*out = (struct dialog_origin){
		.uri = request_draft_uri(&x->draft),
		.local_tag = x->ctx->local_tag,
		.cseq = x->cseq,
	};
	out->is_sips = uri_parse(out->uri, &uri) && uri.scheme == URI_SIPS;
	return true;
}

void exchange_tell(struct exchange *x, const struct outcome *o)
{
	if (x->fn != NULL && !x->ctx->closed)
		x->fn(endpoint_of(x), x->ctx, o, x->arg);
}
