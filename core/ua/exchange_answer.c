/* What comes back for a request of ours: which answers ask for another try,
 * and what is told in the end. */

#include "core/ua/exchange.h"

#include <stdlib.h>

#include "core/message/digest.h"

/* 491 after 491: the two sides will not agree by waiting. */
enum { GLARES_MAX = 4 };

static struct endpoint *endpoint_of(const struct exchange *x)
{
	return x->ctx->endpoint;
}

static const struct endpoint_settings *settings_of(const struct exchange *x)
{
	return endpoint_of(x)->settings;
}

/* --- telling --- */

static struct outcome outcome_of(struct exchange *x,
                                 const struct message *response)
{
	uint64_t now_us = env_now_us(endpoint_of(x)->env);

	return (struct outcome){
		.response = response,
		.final = true,
		.text = "",
		.flow = &x->flow,
		.dialog = x->dialog,
		.method = x->method,
		.method_name = exchange_method_name(x),
		.cseq = x->cseq,
		.rtt_us = x->sent_us == 0 ? 0 : now_us - x->sent_us,
		.retransmits = x->retransmits,
		.authorised = x->authorised,
		.history = &x->history,
	};
}

static void conclude(struct exchange *x, struct outcome *o)
{
	exchange_release(x, o->response == NULL);
	x->phase = EXCHANGE_ENDED;
	x->report(x, o);
	context_settle(x->ctx);
}

static void conclude_with(struct exchange *x, const struct message *response,
                          enum error err, const char *text)
{
	struct outcome o = outcome_of(x, response);

	o.err = err;
	o.text = text;
	conclude(x, &o);
}

void exchange_fail(struct exchange *x, enum error err, const char *text)
{
	conclude_with(x, NULL, err, text);
}

/* It will not be sent once more. */
static void forget_text(struct exchange *x)
{
	request_draft_deinit(&x->draft);
	history_deinit(&x->history);
	x->host = SLICE_EMPTY;
	free(x->targets);
	x->targets = NULL;
	x->target = x->ntargets = 0;
}

/* The transaction of an INVITE lives on, for a fork's 2xx and for repeated
 * ones (RFC 6026). */
static void take_success(struct exchange *x, const struct message *response)
{
	struct outcome o = outcome_of(x, response);

	if (x->ctx->credentials != NULL)
		credentials_authentication_info(x->ctx->credentials,
		                                response);
	if (x->method != METHOD_INVITE || x->transaction == NULL) {
		conclude(x, &o);
		return;
	}
	timer_cancel(&x->timer);
	x->phase = EXCHANGE_ENDED;
	x->report(x, &o);
	forget_text(x);
}

static void take_provisional(struct exchange *x,
                             const struct message *response)
{
	struct outcome o = outcome_of(x, response);

	o.final = false;
	if (x->cancelled && !x->cancel_sent)
		exchange_send_cancel(x);
	if (x->method == METHOD_INVITE || response->status == 100)
		x->report(x, &o);
}

/* --- other targets --- */

static struct locator *locator_of(const struct exchange *x)
{
	return dispatcher_locator(endpoint_of(x)->dispatcher);
}

/* RFC 3263 4.3 counts a 503 as a failure. */
static void note_answer(struct exchange *x, unsigned status)
{
	if (x->target >= x->ntargets)
		return;
	if (status == 503)
		locate_failed(locator_of(x), &x->targets[x->target]);
	else
		locate_succeeded(locator_of(x), &x->targets[x->target]);
}

static bool is_worth_another_target(enum error err)
{
	switch (err) {
	case ERR_TIMEOUT:
	case ERR_REFUSED:
	case ERR_UNREACHABLE:
	case ERR_RESET:
	case ERR_NETWORK:
	case ERR_NO_TRANSPORT:
	case ERR_TLS:
	case ERR_NOT_FOUND:
	case ERR_LIMIT:
		return true;
	case OK:
	case ERR_NOMEM:
	case ERR_SYNTAX:
	case ERR_BAD_STATE:
	case ERR_UNSUPPORTED:
	case ERR_AGAIN:
	case ERR_ADDRESS_IN_USE:
	case ERR_DNS:
	case ERR_AUTH:
	case ERR_PROTOCOL:
	case ERR_IO:
	case ERR_CANCELLED:
	case ERR_INTERNAL:
		return false;
	}
	return false;
}

static void drop_transaction(struct exchange *x)
{
	timer_cancel(&x->patience);
	if (x->transaction != NULL)
		client_transaction_detach(x->transaction);
	x->transaction = NULL;
}

/* A server that was heard of is alive: what timed out is behind it. */
static bool has_target_failed(struct exchange *x, enum error err)
{
	if (!is_worth_another_target(err)
	    || (err == ERR_TIMEOUT && x->alive))
		return false;
	if (x->target < x->ntargets)
		locate_failed(locator_of(x), &x->targets[x->target]);
	return true;
}

/* RFC 3263 4.3: the same request, with a branch of its own. */
static bool try_next_target(struct exchange *x)
{
	if (x->cancelled || x->target + 1 >= x->ntargets)
		return false;
	drop_transaction(x);
	x->target++;
	x->tcp_refused = false;
	exchange_send(x);
	return true;
}

/* 18.1.1: TCP was our own idea. */
static bool try_udp_again(struct exchange *x, enum error err)
{
	if (!x->over_tcp || x->cancelled || err == ERR_TIMEOUT)
		return false;
	drop_transaction(x);
	x->tcp_refused = true;
	exchange_send(x);
	return true;
}

/* --- redirections --- */

/* The draft with another Request-URI. */
static enum error set_uri(struct request_draft *d, struct slice uri)
{
	struct slice line = slice_make(d->text, d->start_line_len);
	struct slice old = request_draft_uri(d);
	struct slice tail = slice_between(old.p + old.len, line.p + line.len);
	struct request_draft made = *d;
	struct buf text = { 0 };

	buf_reserve(&text, d->len + uri.len);
	buf_slice(&text, slice_between(line.p, old.p));
	buf_slice(&text, uri);
	buf_slice(&text, tail);
	made.start_line_len = text.len;
	buf_append(&text, d->text + d->start_line_len,
	           d->len - d->start_line_len);
	made.seal_at += made.start_line_len - d->start_line_len;
	made.text = buf_steal(&text, &made.len);
	if (made.text == NULL)
		return ERR_NOMEM;
	request_draft_deinit(d);
	*d = made;
	return OK;
}

/* A CANCEL has no draft; its fate is its INVITE's. */
static bool may_redirect(const struct exchange *x)
{
	return settings_of(x)->redirects != 0 && x->dialog == NULL
	       && x->method != METHOD_CANCEL
	       && !x->cancelled && !x->draft.has_cseq;
}

/* For the history: what may_redirect() has against it. */
static const char *why_not_redirect(const struct exchange *x)
{
	if (settings_of(x)->redirects == 0)
		return "redirections are not followed, unless the settings "
		       "say so";
	if (x->cancelled)
		return "the request was given up";
	return x->dialog != NULL ? "it was inside a dialog"
	                         : "the request is to be sent as it is";
}

static bool is_secure(const struct exchange *x)
{
	struct uri uri;

	return uri_parse(request_draft_uri(&x->draft), &uri)
	       && uri.scheme == URI_SIPS;
}

static enum error gather(struct exchange *x, const struct message *response)
{
	enum error err = OK;

	if (x->redirect == NULL) {
		x->redirect = calloc(1, sizeof(*x->redirect));
		if (x->redirect == NULL)
			return ERR_NOMEM;
		err = redirect_begin(x->redirect,
		                     request_draft_uri(&x->draft));
	}
	if (err == OK)
		err = redirect_add(x->redirect, response, is_secure(x));
	return err;
}

/* The next best of what redirections offered, within the bounds. */
static bool try_next_contact(struct exchange *x)
{
	struct redirect *r = x->redirect;
	struct slice uri;

	if (r == NULL || !may_redirect(x)
	    || r->hops >= settings_of(x)->redirects || !redirect_next(r, &uri)
	    || set_uri(&x->draft, uri) != OK)
		return false;
	r->hops++;
	exchange_note_redirect(x, uri, OK, "");
	drop_transaction(x);
	(void)exchange_take_next_cseq(x);
	exchange_locate(x);
	return true;
}

static void stop_redirect(struct exchange *x, const struct message *response,
                          enum error err, const char *text)
{
	exchange_note_redirect(x, message_header(response, HEADER_CONTACT, 0),
	                       err, text);
	conclude_with(x, response, err, text);
}

static void take_redirect(struct exchange *x, const struct message *response)
{
	enum error err;

	if (!may_redirect(x)) {
		exchange_note_redirect(x, message_header(response,
		                                         HEADER_CONTACT, 0),
		                       ERR_CANCELLED, why_not_redirect(x));
		conclude_with(x, response, OK, "");
		return;
	}
	err = gather(x, response);
	if (err != OK)
		stop_redirect(x, response, err, error_text(err));
	else if (!try_next_contact(x))
		stop_redirect(x, response, ERR_PROTOCOL,
		              x->redirect->hops >= settings_of(x)->redirects
		              ? "redirected too often"
		              : "the redirection names no new contact");
}

/* --- challenges --- */

static void answer_challenge(struct exchange *x)
{
	drop_transaction(x);
	x->authorised++;
	(void)exchange_take_next_cseq(x);
	exchange_send(x);
}

static struct slice realm_of(const struct message *response,
                             struct buf *scratch)
{
	enum header_id id = response->status == 401
	                    ? HEADER_WWW_AUTHENTICATE
	                    : HEADER_PROXY_AUTHENTICATE;
	struct challenge challenge;

	if (!challenge_parse(message_header(response, id, 0), scratch,
	                     &challenge))
		return SLICE_EMPTY;
	return challenge.realm;
}

/* True: the user was asked, and the response is kept until he answers. */
static bool ask(struct exchange *x, const struct message *response)
{
	struct endpoint *ep = endpoint_of(x);
	struct buf scratch = { 0 };
	bool asked;

	if (ep->ask == NULL || x->ctx->closed)
		return false;
	x->challenge = slice_dup(response->wire);
	if (x->challenge == NULL)
		return false;
	x->challenge_len = response->wire.len;
	drop_transaction(x);
	x->phase = EXCHANGE_ASKING;
	asked = ep->ask(ep, x->ctx, x->id, exchange_method_name(x),
	                realm_of(response, &scratch), ep->ask_arg);
	buf_deinit(&scratch);
	return asked || x->phase != EXCHANGE_ASKING;
}

static void stop_challenge(struct exchange *x,
                           const struct message *response, enum error err,
                           const char *text)
{
	exchange_note_challenge(x, response, err, text);
	conclude_with(x, response, err, text);
}

static void take_challenge(struct exchange *x, const struct message *response,
                           bool may_ask)
{
	struct auth_request request = exchange_auth_request(x);
	struct buf why = { 0 };

	if (x->ctx->credentials == NULL) {
		stop_challenge(x, response, ERR_AUTH,
		               "there are no credentials to give");
		return;
	}
	switch (credentials_challenged(x->ctx->credentials, response,
	                               &request, x->authorised, &why)) {
	case AUTH_OK:
		exchange_note_challenge(x, response, OK, "");
		answer_challenge(x);
		break;
	case AUTH_NONE:
		if (may_ask && ask(x, response))
			break;
		stop_challenge(x, response, ERR_AUTH, buf_cstr(&why));
		break;
	case AUTH_SCOPE:
	case AUTH_REJECTED:
	case AUTH_UNSUPPORTED:
	case AUTH_DOWNGRADE:
	case AUTH_MALFORMED:
		stop_challenge(x, response, ERR_AUTH, buf_cstr(&why));
		break;
	case AUTH_NOMEM:
		stop_challenge(x, response, ERR_NOMEM, error_text(ERR_NOMEM));
		break;
	}
	buf_deinit(&why);
}

void exchange_resume(struct exchange *x, bool with_secret)
{
	struct endpoint *ep = endpoint_of(x);
	struct message m;
	struct fault fault;
	char *wire = x->challenge;

	if (x->phase != EXCHANGE_ASKING)
		return;
	x->challenge = NULL;
	message_init(&m);
	if (message_parse(&m, slice_make(wire, x->challenge_len),
	                  dispatcher_limits(ep->dispatcher), &fault) != OK
	    || !message_check(&m, &fault))
		exchange_postpone(x, ERR_NOMEM, error_text(ERR_NOMEM));
	else if (with_secret)
		take_challenge(x, &m, false);
	else
		stop_challenge(x, &m, ERR_AUTH, "no secret was given");
	message_deinit(&m);
	free(wire);
}

/* --- 491 --- */

/* 14.1: the owner of the Call-ID waits longer; in units of 10 ms. */
static bool wait_for_peer(struct exchange *x)
{
	struct env *env = endpoint_of(x)->env;

	if (x->dialog == NULL || x->cancelled || x->draft.has_cseq
	    || (x->method != METHOD_INVITE && x->method != METHOD_UPDATE)
	    || x->glares++ >= GLARES_MAX)
		return false;
	drop_transaction(x);
	exchange_wait(x, x->dialog->caller
	              ? 2100 + 10 * env_random_below(env, 191)
	              : 10 * env_random_below(env, 201));
	return true;
}

/* --- all that arrives --- */

static void take_refusal(struct exchange *x, const struct message *response)
{
	unsigned status = response->status;

	timer_cancel(&x->timer);
	if (status >= 300 && status <= 302) {
		take_redirect(x, response);
		return;
	}
	if ((status == 401 || status == 407) && !x->cancelled
	    && !x->draft.has_cseq && x->method != METHOD_CANCEL) {
		take_challenge(x, response, true);
		return;
	}
	if (status == 491 && wait_for_peer(x))
		return;
	if (status == 503 && try_next_target(x))
		return;
	if (status < 600 && try_next_contact(x))
		return;
	conclude_with(x, response, OK, "");
}

void exchange_take_answer(struct exchange *x, const struct message *response)
{
	note_answer(x, response->status);
	if (response->status < 200) {
		if (x->phase == EXCHANGE_SENT)
			take_provisional(x, response);
		return;
	}
	if (response->status < 300) {
		take_success(x, response);
	} else if (x->phase == EXCHANGE_SENT) {
		exchange_note_refusal(x, response);
		take_refusal(x, response);
	}
}

void exchange_take_failure(struct exchange *x, enum error err,
                           const char *text)
{
	if (x->phase != EXCHANGE_SENT)
		return;
	timer_cancel(&x->timer);
	exchange_note_failure(x, err, text);
	if (try_udp_again(x, err)
	    || (has_target_failed(x, err) && try_next_target(x))
	    || (x->redirect != NULL && try_next_contact(x)))
		return;
	exchange_fail(x, err, text);
}

/*
 * As timers B and F do: nothing more is sent there, and what may come all the
 * same is dropped. Not so for an INVITE, which somebody may be ringing for:
 * who answers first has the call, and the other gets ACK and BYE as a fork
 * does. A call that was given up stays where it is, for its CANCEL still waits
 * for a provisional response.
 */
void exchange_leave_target(struct exchange *x)
{
	struct client_transaction *t = x->transaction;

	if (x->phase != EXCHANGE_SENT || t == NULL || x->cancelled)
		return;
	x->transaction = NULL;
	if (x->method == METHOD_INVITE) {
		exchange_forget_left(x);
		x->left = t;
	} else {
		client_transaction_abort(t);
	}
	exchange_take_failure(x, ERR_TIMEOUT, error_text(ERR_TIMEOUT));
}

void exchange_take_late_success(struct exchange *x,
                                const struct message *response)
{
	timer_cancel(&x->patience);
	take_success(x, response);
}
