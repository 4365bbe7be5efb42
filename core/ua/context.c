/* A context's memory: what goes on under one Call-ID of ours. */

#include "core/ua/context.h"

#include <stdlib.h>

#include "core/ua/exchange.h"

struct texts {
	struct slice call_id, local_tag, local, remote;
	struct slice contact, contact_user, route_set;
};

static struct slice move_text(char **at, struct slice from)
{
	struct slice moved = slice_make(*at, from.len);

	if (from.len != 0)
		memcpy(*at, from.p, from.len);
	*at += from.len;
	return moved;
}

static enum error make(struct endpoint *ep, const struct texts *t,
                       struct context **out)
{
	struct context *ctx = calloc(1, sizeof(*ctx));
	size_t n = t->call_id.len + t->local_tag.len + t->local.len
	           + t->remote.len + t->contact.len + t->contact_user.len
	           + t->route_set.len;
	char *at;

	if (ctx == NULL)
		return ERR_NOMEM;
	ctx->texts = at = malloc(n + 1);
	if (ctx->texts == NULL) {
		free(ctx);
		return ERR_NOMEM;
	}
	ctx->call_id = move_text(&at, t->call_id);
	ctx->local_tag = move_text(&at, t->local_tag);
	ctx->local = move_text(&at, t->local);
	ctx->remote = move_text(&at, t->remote);
	ctx->contact = move_text(&at, t->contact);
	ctx->contact_user = move_text(&at, t->contact_user);
	ctx->route_set = move_text(&at, t->route_set);
	ctx->endpoint = ep;
	ctx->id = endpoint_next_id(ep);
	list_init(&ctx->dialogs);
	list_init(&ctx->exchanges);
	list_init(&ctx->acks);
	list_init(&ctx->pendings);
	*out = ctx;
	return OK;
}

/* A bare URI gets angle brackets: else its parameters would be the header's
 * (20.10). One with a tag is a header value already. */
static void print_party(struct buf *out, struct slice value)
{
	struct name_addr party;
	struct uri uri;
	bool bare = slice_find(value, '<') == value.len
	            && uri_parse(value, &uri)
	            && !(name_addr_parse(value, &party)
	                 && party.tag.p != NULL);

	if (bare)
		buf_char(out, '<');
	buf_slice(out, value);
	if (bare)
		buf_char(out, '>');
}

static void print_local(struct buf *out, struct slice from,
                        struct slice tag)
{
	print_party(out, from);
	buf_slice(out, SLICE(";tag="));
	buf_slice(out, tag);
}

static void print_route_set(struct buf *out, const struct slice *routes,
                            size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			buf_slice(out, SLICE(", "));
		print_party(out, routes[i]);
	}
}

static struct slice or_token(struct slice given, struct endpoint *ep,
                             char token[ENV_TOKEN_LEN])
{
	if (given.len != 0)
		return given;
	env_token(ep->env, token);
	return slice_make(token, ENV_TOKEN_LEN);
}

static struct slice user_of(struct slice party)
{
	struct name_addr addr;

	return name_addr_parse(party, &addr) && addr.uri.user.p != NULL
	       ? addr.uri.user : SLICE_EMPTY;
}

enum error context_new(struct endpoint *ep, const struct context_params *p,
                       struct context **out)
{
	char call_id[ENV_TOKEN_LEN], tag[ENV_TOKEN_LEN];
	struct buf local = { 0 }, remote = { 0 }, route_set = { 0 };
	struct texts texts = {
		.call_id = or_token(p->call_id, ep, call_id),
		.local_tag = or_token(p->local_tag, ep, tag),
		.contact = p->contact,
		.contact_user = p->contact_user,
	};
	struct name_addr party;
	enum error err;

	print_local(&local, p->from, texts.local_tag);
	print_party(&remote, p->to);
	print_route_set(&route_set, p->routes, p->nroutes);
	err = buf_error(&local);
	if (err == OK)
		err = buf_error(&remote);
	if (err == OK)
		err = buf_error(&route_set);
	if (err != OK)
		goto out;
	texts.local = buf_view(&local);
	texts.remote = buf_view(&remote);
	texts.route_set = buf_view(&route_set);
	err = ERR_SYNTAX;
	if (!name_addr_parse(texts.local, &party)
	    || !name_addr_parse(texts.remote, &party)
	    || !call_id_valid(texts.call_id)
	    || !slice_all(texts.local_tag, CHAR_TOKEN))
		goto out;
	if (texts.contact_user.len == 0)
		texts.contact_user = user_of(texts.local);
	err = make(ep, &texts, out);
	if (err != OK)
		goto out;
	(*out)->cseq = p->cseq;
	(*out)->credentials = p->credentials;
out:
	buf_deinit(&local);
	buf_deinit(&remote);
	buf_deinit(&route_set);
	return err;
}

enum error context_new_incoming(struct endpoint *ep,
                                const struct message *request,
                                const struct flow *from,
                                struct context **out)
{
	struct buf local = { 0 };
	char tag[ENV_TOKEN_LEN];
	struct texts texts = {
		.call_id = request->call_id,
		.remote = message_header(request, HEADER_FROM, 0),
		.contact_user = request->uri.user,
	};
	enum error err;

	env_token(ep->env, tag);
	texts.local_tag = slice_make(tag, sizeof(tag));
	print_local(&local, message_header(request, HEADER_TO, 0),
	            texts.local_tag);
	texts.local = buf_view(&local);
	err = buf_error(&local);
	if (err == OK)
		err = make(ep, &texts, out);
	if (err == OK) {
		(*out)->incoming = true;
		(*out)->flow = *from;
	}
	buf_deinit(&local);
	return err;
}

void context_free(struct context *ctx)
{
	if (ctx == NULL)
		return;
	LIST_EACH(it, &ctx->dialogs)
		dialog_free(CONTAINER_OF(it, struct dialog, node));
	free(ctx->texts);
	free(ctx);
}

void context_end_call(struct context *ctx,
                      const struct context_ending *ending)
{
	if (ctx->call_ended || !ctx->has_call || ctx->closed)
		return;
	ctx->call_ended = true;
	ctx->state = CONTEXT_ENDED;
	if (ctx->watch != NULL)
		ctx->watch(ctx, CONTEXT_CALL_ENDED, ending, ctx->watch_arg);
}

void context_settle(struct context *ctx)
{
	if (ctx->closed || !list_empty(&ctx->exchanges)
	    || !list_empty(&ctx->pendings) || context_has_dialog(ctx, true))
		return;
	endpoint_close_context(ctx->endpoint, ctx);
}

bool context_has_dialog(const struct context *ctx, bool early)
{
	LIST_EACH(it, &ctx->dialogs) {
		struct dialog *d = CONTAINER_OF(it, struct dialog, node);

		if (d->state == DIALOG_CONFIRMED
		    || (early && d->state == DIALOG_EARLY))
			return true;
	}
	return false;
}

struct dialog *context_dialog_with(struct context *ctx,
                                   struct slice remote_tag)
{
	LIST_EACH(it, &ctx->dialogs) {
		struct dialog *d = CONTAINER_OF(it, struct dialog, node);

		if (slice_eq(d->remote_tag, remote_tag))
			return d;
	}
	return NULL;
}

const char *context_state_name(enum context_state s)
{
	switch (s) {
	case CONTEXT_IDLE:
		return "idle";
	case CONTEXT_CALLING:
		return "calling";
	case CONTEXT_PROCEEDING:
		return "proceeding";
	case CONTEXT_CANCELLING:
		return "cancelling";
	case CONTEXT_INCOMING:
		return "incoming";
	case CONTEXT_ANSWERED:
		return "answered";
	case CONTEXT_CONFIRMED:
		return "confirmed";
	case CONTEXT_HANGING_UP:
		return "hanging up";
	case CONTEXT_ENDED:
		return "ended";
	}
	return "";
}

enum context_state context_state(const struct context *ctx)
{
	return ctx->state;
}

uint64_t context_id(const struct context *ctx)
{
	return ctx->id;
}

struct slice context_call_id(const struct context *ctx)
{
	return ctx->call_id;
}

bool context_is_incoming(const struct context *ctx)
{
	return ctx->incoming;
}

struct slice context_local(const struct context *ctx)
{
	return ctx->local;
}

struct slice context_remote(const struct context *ctx)
{
	return ctx->remote;
}

struct dialog *context_dialog(const struct context *ctx)
{
	struct dialog *early = NULL, *leaving = NULL;

	LIST_EACH(it, &ctx->dialogs) {
		struct dialog *d = CONTAINER_OF(it, struct dialog, node);

		if (d->state == DIALOG_EARLY)
			early = d;
		else if (d->state == DIALOG_CONFIRMED
		         && (d->unwanted || d->hung_up))
			leaving = d;
		else if (d->state == DIALOG_CONFIRMED)
			return d;
	}
	return leaving != NULL ? leaving : early;
}

struct dialog *context_nth_dialog(const struct context *ctx, size_t n)
{
	LIST_EACH(it, &ctx->dialogs) {
		if (n == 0)
			return CONTAINER_OF(it, struct dialog, node);
		n--;
	}
	return NULL;
}

const struct flow *context_flow(const struct context *ctx)
{
	return &ctx->flow;
}

bool context_has_bye(const struct context *ctx)
{
	LIST_EACH(it, &ctx->exchanges) {
		struct exchange *x = CONTAINER_OF(it, struct exchange, node);

		if (x->method == METHOD_BYE && exchange_is_open(x))
			return true;
	}
	return false;
}

void context_set_credentials(struct context *ctx, struct credentials *c)
{
	ctx->credentials = c;
}

struct credentials *context_credentials(const struct context *ctx)
{
	return ctx->credentials;
}

void context_set_user(struct context *ctx, void *user)
{
	ctx->user = user;
}

void *context_user(const struct context *ctx)
{
	return ctx->user;
}

void context_watch(struct context *ctx, context_fn *fn, void *arg)
{
	ctx->watch = fn;
	ctx->watch_arg = arg;
}
