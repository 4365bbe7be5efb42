/* The user agent: its tables of contexts and dialogs, and their end. */

#include "core/ua/endpoint.h"

#include <stdlib.h>

#include "core/ua/ack.h"
#include "core/ua/session.h"
#include "core/ua/uas.h"

const struct endpoint_settings endpoint_settings_default = {
	.user_agent = SLICE_INIT("sipsh"),
	.allow = SLICE_INIT("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, "
	                    "NOTIFY, UPDATE"),
	.supported = { "", 0 },
	.accept = SLICE_INIT("application/sdp, multipart/mixed"),
	.redirects = 0,
	.max_calls = 20,
};

/* --- the dead --- */

static void free_dead(struct endpoint *ep)
{
	LIST_EACH(it, &ep->dead_exchanges)
		exchange_free(CONTAINER_OF(it, struct exchange, node));
	list_init(&ep->dead_exchanges);
	LIST_EACH(it, &ep->dead_pendings)
		free(CONTAINER_OF(it, struct pending, node));
	list_init(&ep->dead_pendings);
	LIST_EACH(it, &ep->dead_contexts)
		context_free(CONTAINER_OF(it, struct context, node));
	list_init(&ep->dead_contexts);
}

static void on_undertaker(void *arg)
{
	free_dead(arg);
}

void endpoint_bury(struct endpoint *ep, struct list *dead, struct list *node)
{
	list_append(dead, node);
	if (!timer_armed(&ep->undertaker))
		timer_arm(&ep->undertaker, &ep->env->timers, 0,
		          on_undertaker, ep);
}

/* --- dialogs --- */

static uint64_t hash_dialog(const struct endpoint *ep, struct slice call_id,
                            struct slice local_tag)
{
	struct slice key[] = { call_id, local_tag };

	return hash_of(&ep->dialogs, key, ARRAY_LEN(key));
}

static struct slice or_empty(struct slice tag)
{
	return tag.p == NULL ? SLICE_EMPTY : tag;
}

struct dialog *endpoint_find_dialog(struct endpoint *ep,
                                    const struct message *m)
{
	const struct name_addr *us = m->is_request ? &m->to : &m->from;
	const struct name_addr *peer = m->is_request ? &m->from : &m->to;
	struct slice local_tag = or_empty(us->tag);
	struct slice remote_tag = or_empty(peer->tag);
	struct hash_node *node = hash_first(&ep->dialogs, hash_dialog(
		ep, m->call_id, local_tag));

	for (; node != NULL; node = hash_next(node)) {
		struct dialog *d = CONTAINER_OF(node, struct dialog, by_tags);

		if (slice_eq(d->remote_tag, remote_tag)
		    && slice_eq(d->local_tag, local_tag)
		    && slice_eq(d->call_id, m->call_id))
			return d;
	}
	return NULL;
}

enum error endpoint_add_dialog(struct context *ctx, struct dialog *d)
{
	struct endpoint *ep = ctx->endpoint;
	enum error err = hash_insert(&ep->dialogs, &d->by_tags, hash_dialog(
		ep, d->call_id, d->local_tag));

	if (err != OK) {
		dialog_free(d);
		return err;
	}
	d->ctx = ctx;
	list_append(&ctx->dialogs, &d->node);
	return OK;
}

void endpoint_end_dialog(struct dialog *d)
{
	hash_remove(&d->ctx->endpoint->dialogs, &d->by_tags);
	d->state = DIALOG_TERMINATED;
}

/* --- contexts --- */

enum error endpoint_add_context(struct endpoint *ep, struct context *ctx)
{
	enum error err = hash_insert(&ep->contexts_by_id, &ctx->by_id,
	                             hash_number(ctx->id));

	if (err != OK) {
		context_free(ctx);
		return err;
	}
	list_append(&ep->contexts, &ctx->node);
	return OK;
}

/* A request that is left unanswered would stay with its transaction. */
static void end_all(struct context *ctx)
{
	LIST_EACH(it, &ctx->pendings) {
		struct pending *p = CONTAINER_OF(it, struct pending, node);

		pending_refuse(p, 480);
		pending_end(p);
	}
	LIST_EACH(it, &ctx->exchanges)
		exchange_end(CONTAINER_OF(it, struct exchange, node));
	ack_free_all(ctx);
	LIST_EACH(it, &ctx->dialogs)
		endpoint_end_dialog(CONTAINER_OF(it, struct dialog, node));
}

void endpoint_close_context(struct endpoint *ep, struct context *ctx)
{
	if (ctx->closed || ctx->endpoint != ep)
		return;
	end_all(ctx);
	ctx->closed = true;
	ctx->state = CONTEXT_ENDED;
	hash_remove(&ep->contexts_by_id, &ctx->by_id);
	for (struct context_cursor *c = ep->cursors; c != NULL; c = c->outer)
		if (c->next == &ctx->node)
			c->next = ctx->node.next;
	list_remove(&ctx->node);
	endpoint_bury(ep, &ep->dead_contexts, &ctx->node);
	if (ctx->watch != NULL)
		ctx->watch(ctx, CONTEXT_CLOSED, NULL, ctx->watch_arg);
}

struct context *endpoint_find_context(struct endpoint *ep, uint64_t id)
{
	struct hash_node *node = hash_first(&ep->contexts_by_id,
	                                    hash_number(id));

	for (; node != NULL; node = hash_next(node)) {
		struct context *ctx = CONTAINER_OF(node, struct context,
		                                   by_id);

		if (ctx->id == id)
			return ctx;
	}
	return NULL;
}

void endpoint_each_context(struct endpoint *ep, endpoint_each_fn *fn,
                           void *arg)
{
	struct context_cursor cursor = { .outer = ep->cursors };

	ep->cursors = &cursor;
	for (struct list *it = ep->contexts.next; it != &ep->contexts;
	     it = cursor.next) {
		cursor.next = it->next;
		fn(CONTAINER_OF(it, struct context, node), arg);
	}
	ep->cursors = cursor.outer;
}

size_t endpoint_contexts(const struct endpoint *ep)
{
	return ep->contexts_by_id.count;
}

/* --- answers of the application --- */

uint64_t context_pending_invite(const struct context *ctx)
{
	LIST_EACH(it, &ctx->pendings) {
		struct pending *p = CONTAINER_OF(it, struct pending, node);

		if (p->method == METHOD_INVITE && p->status == 0)
			return p->id;
	}
	return 0;
}

enum error endpoint_new_response(struct endpoint *ep, uint64_t id,
                                 const struct response_parts *parts)
{
	struct pending *p = pending_find(ep, id);

	if (p == NULL || p->status != 0)
		return ERR_NOT_FOUND;
	if (parts->status < 100 || parts->status > 699)
		return ERR_SYNTAX;
	return session_answer(p, parts);
}

bool endpoint_pending_request(struct endpoint *ep, uint64_t id,
                              struct message *m)
{
	struct pending *p = pending_find(ep, id);

	return p != NULL && p->transaction != NULL
	       && server_transaction_request(p->transaction, m);
}

size_t endpoint_capabilities(const struct endpoint *ep, struct field *out)
{
	const struct endpoint_settings *s = ep->settings;
	const struct field all[] = {
		{ header_table[HEADER_ALLOW].name, s->allow },
		{ header_table[HEADER_ACCEPT].name, s->accept },
		{ header_table[HEADER_ACCEPT_ENCODING].name,
		  SLICE("identity") },
		{ header_table[HEADER_ACCEPT_LANGUAGE].name, SLICE("en") },
		{ header_table[HEADER_SUPPORTED].name, s->supported },
	};

	memcpy(out, all, sizeof(all));
	return ARRAY_LEN(all);
}

/* --- beginning and end --- */

static void init_hash(struct endpoint *ep, struct hash *h)
{
	uint64_t seed[2] = {
		env_random_u64(ep->env), env_random_u64(ep->env),
	};

	hash_init(h, seed);
}

struct endpoint *endpoint_new(struct transactions *ts,
                              const struct endpoint_settings *settings)
{
	struct endpoint *ep = calloc(1, sizeof(*ep));

	if (ep == NULL)
		return NULL;
	ep->transactions = ts;
	ep->dispatcher = transactions_dispatcher(ts);
	ep->env = dispatcher_env(ep->dispatcher);
	ep->settings = settings;
	list_init(&ep->contexts);
	list_init(&ep->dead_contexts);
	list_init(&ep->dead_exchanges);
	list_init(&ep->dead_pendings);
	init_hash(ep, &ep->contexts_by_id);
	init_hash(ep, &ep->dialogs);
	init_hash(ep, &ep->exchanges);
	init_hash(ep, &ep->pendings);
	init_hash(ep, &ep->pendings_by_transaction);
	message_init(&ep->scratch);
	transactions_set_user(ts, uas_take_request, uas_take_stray, ep);
	return ep;
}

void endpoint_free(struct endpoint *ep)
{
	if (ep == NULL)
		return;
	while (!list_empty(&ep->contexts))
		endpoint_close_context(ep, CONTAINER_OF(
			ep->contexts.next, struct context, node));
	timer_cancel(&ep->undertaker);
	free_dead(ep);
	transactions_set_user(ep->transactions, NULL, NULL, NULL);
	hash_deinit(&ep->contexts_by_id);
	hash_deinit(&ep->dialogs);
	hash_deinit(&ep->exchanges);
	hash_deinit(&ep->pendings);
	hash_deinit(&ep->pendings_by_transaction);
	message_deinit(&ep->scratch);
	buf_deinit(&ep->via);
	buf_deinit(&ep->contact);
	free(ep);
}

uint64_t endpoint_next_id(struct endpoint *ep)
{
	return ++ep->last_id;
}

void endpoint_set_application(struct endpoint *ep, application_fn *fn,
                              void *arg)
{
	ep->application = fn;
	ep->application_arg = arg;
}

void endpoint_set_ask(struct endpoint *ep, ask_fn *fn, void *arg)
{
	ep->ask = fn;
	ep->ask_arg = arg;
}

void endpoint_receive(struct endpoint *ep, const struct flow *from,
                      struct slice wire)
{
	dispatcher_receive(ep->dispatcher, from, wire);
}

struct env *endpoint_env(struct endpoint *ep)
{
	return ep->env;
}

struct dispatcher *endpoint_dispatcher(struct endpoint *ep)
{
	return ep->dispatcher;
}

struct transactions *endpoint_transactions(struct endpoint *ep)
{
	return ep->transactions;
}

struct keepalive_set *endpoint_keepalives(struct endpoint *ep)
{
	return dispatcher_keepalives(ep->dispatcher);
}

const struct endpoint_settings *endpoint_settings(const struct endpoint *ep)
{
	return ep->settings;
}
