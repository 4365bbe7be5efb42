/* What an exchange remembers of the ways that did not lead to its end. */

#include "core/message/digest.h"
#include "core/ua/exchange.h"

static uint64_t since(const struct exchange *x, uint64_t us)
{
	return us == 0 ? 0 : env_now_us(x->ctx->endpoint->env) - us;
}

static struct target target_of(const struct flow *flow)
{
	if (flow->leg == NULL)
		return (struct target){ .transport = TRANSPORT_NONE };
	return (struct target){ flow->leg->transport, flow->remote };
}

/* --- names --- */

void exchange_note_names(struct exchange *x, const struct planned *plan,
                         size_t n)
{
	uint64_t elapsed_us = since(x, x->lookup_us);

	for (size_t i = 0; i < n; i++) {
		const struct planned *p = &plan[i];

		if (p->numeric)
			continue;
		history_add(&x->history, &(struct attempt){
			.step = ATTEMPT_NAME,
			.what = p->name,
			.target = p->target,
			.elapsed_us = elapsed_us,
			.by_naptr = p->by_naptr,
			.by_srv = p->by_srv,
			.kind = p->kind,
			.ttl_s = p->ttl_s,
		});
	}
}

void exchange_note_unlocated(struct exchange *x, enum error err,
                             const char *text)
{
	history_add(&x->history, &(struct attempt){
		.step = ATTEMPT_NAME,
		.err = err,
		.what = x->host,
		.text = slice_str(text),
		.elapsed_us = since(x, x->lookup_us),
	});
}

/* --- targets --- */

void exchange_note_unsent(struct exchange *x, const struct target *target,
                          enum error err)
{
	history_add(&x->history, &(struct attempt){
		.step = ATTEMPT_TARGET,
		.err = err,
		.what = exchange_method_name(x),
		.text = slice_str(error_text(err)),
		.target = *target,
	});
}

void exchange_note_failure(struct exchange *x, enum error err,
                           const char *text)
{
	history_add(&x->history, &(struct attempt){
		.step = ATTEMPT_TARGET,
		.err = err,
		.what = exchange_method_name(x),
		.text = slice_str(text),
		.target = target_of(&x->flow),
		.elapsed_us = since(x, x->sent_us),
	});
}

void exchange_note_refusal(struct exchange *x, const struct message *response)
{
	history_add(&x->history, &(struct attempt){
		.step = ATTEMPT_TARGET,
		.what = exchange_method_name(x),
		.text = response->reason,
		.target = target_of(&x->flow),
		.status = response->status,
		.elapsed_us = since(x, x->sent_us),
	});
}

/* --- what it waits for --- */

static void note_given_up(struct exchange *x, enum error err)
{
	switch (x->phase) {
	case EXCHANGE_LOCATING:
		exchange_note_unlocated(x, err, "no answer so far");
		break;
	case EXCHANGE_SENT:
		exchange_note_failure(x, err, x->alive
		                      ? "no final answer so far"
		                      : "no answer so far");
		break;
	case EXCHANGE_NEW:
	case EXCHANGE_ASKING:
	case EXCHANGE_WAITING:
	case EXCHANGE_FAILING:
	case EXCHANGE_ENDED:
		break;
	}
}

const struct history *context_note_given_up(struct context *ctx,
                                            enum error err)
{
	for (struct list *it = ctx->exchanges.prev; it != &ctx->exchanges;
	     it = it->prev) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, node);

		if (x->method == METHOD_CANCEL || !exchange_is_open(x))
			continue;
		note_given_up(x, err);
		return &x->history;
	}
	return NULL;
}

/* --- challenges --- */

static void print_challenge(struct buf *out, struct slice value)
{
	struct buf scratch = { 0 };
	struct challenge c;

	buf_str(out, out->len == 0 ? "" : ", ");
	if (!challenge_parse(value, &scratch, &c)) {
		buf_str(out, "an unreadable one");
	} else {
		buf_str(out, "realm \"");
		buf_slice(out, c.realm);
		buf_str(out, "\" ");
		if (c.is_digest)
			buf_str(out, digest_algorithm_name(c.algorithm));
		else
			buf_slice(out, c.scheme);
	}
	buf_deinit(&scratch);
}

void exchange_note_challenge(struct exchange *x,
                             const struct message *response, enum error err,
                             const char *text)
{
	static const enum header_id ids[] = {
		HEADER_WWW_AUTHENTICATE, HEADER_PROXY_AUTHENTICATE,
	};
	struct buf what = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct slice value = message_header(response, ids[i], 0);

		for (size_t nth = 1; value.p != NULL
		                     && what.len < HISTORY_TEXT_MAX; nth++) {
			print_challenge(&what, value);
			value = message_header(response, ids[i], nth);
		}
	}
	history_add(&x->history, &(struct attempt){
		.step = ATTEMPT_CHALLENGE,
		.err = err,
		.what = buf_view(&what),
		.text = slice_str(text),
		.target = target_of(&x->flow),
		.status = response->status,
	});
	buf_deinit(&what);
}

/* --- redirections --- */

void exchange_note_redirect(struct exchange *x, struct slice uri,
                            enum error err, const char *text)
{
	history_add(&x->history, &(struct attempt){
		.step = ATTEMPT_REDIRECT,
		.err = err,
		.what = uri,
		.text = slice_str(text),
		.target = target_of(&x->flow),
	});
}
