/* Requests of the peer that wait for our answer. */

#include "core/ua/pending.h"

#include <stdlib.h>

#include "core/ua/outbound.h"
#include "core/ua/session.h"

static uint64_t hash_transaction(const struct server_transaction *t)
{
	return hash_number((uintptr_t)t);
}

static void on_server_event(struct server_transaction *t,
                            enum server_event ev, enum error err, void *arg)
{
	struct pending *p = arg;
	struct endpoint *ep = p->ctx->endpoint;

	(void)t;
	(void)err;
	switch (ev) {
	case SERVER_ACKED:
	case SERVER_NO_ACK:
		break;
	case SERVER_FAILED:
		/* A 2xx is repeated anyway; of the rest the peer will
		 * not hear. */
		break;
	case SERVER_GONE:
		hash_remove(&ep->pendings_by_transaction,
		            &p->by_transaction);
		p->transaction = NULL;
		session_request_lost(p);
		break;
	}
}

enum error pending_new(struct context *ctx, struct dialog *d,
                       struct server_transaction *t,
                       const struct message *m, const struct flow *from,
                       struct pending **out)
{
	struct endpoint *ep = ctx->endpoint;
	struct pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	p->id = endpoint_next_id(ep);
	if (hash_insert(&ep->pendings, &p->by_id, hash_number(p->id)) != OK
	    || hash_insert(&ep->pendings_by_transaction, &p->by_transaction,
	                   hash_transaction(t)) != OK) {
		hash_remove(&ep->pendings, &p->by_id);
		free(p);
		return ERR_NOMEM;
	}
	p->ctx = ctx;
	p->dialog = d;
	p->transaction = t;
	p->from = *from;
	p->method = m->method;
	p->cseq = m->cseq.number;
	p->in_dialog = d != NULL;
	p->is_secure = m->uri.scheme == URI_SIPS;
	p->has_body = m->body.len != 0;
	list_append(&ctx->pendings, &p->node);
	server_transaction_watch(t, on_server_event, p);
	*out = p;
	return OK;
}

struct pending *pending_find(struct endpoint *ep, uint64_t id)
{
	struct hash_node *node = hash_first(&ep->pendings, hash_number(id));

	for (; node != NULL; node = hash_next(node)) {
		struct pending *p = CONTAINER_OF(node, struct pending, by_id);

		if (p->id == id)
			return p;
	}
	return NULL;
}

struct pending *pending_of(struct endpoint *ep,
                           const struct server_transaction *t)
{
	struct hash_node *node = hash_first(&ep->pendings_by_transaction,
	                                    hash_transaction(t));

	for (; node != NULL; node = hash_next(node)) {
		struct pending *p = CONTAINER_OF(node, struct pending,
		                                 by_transaction);

		if (p->transaction == t)
			return p;
	}
	return NULL;
}

static void stop_ringing(struct pending *p)
{
	if (p->ringing)
		p->ctx->endpoint->ringing--;
	p->ringing = false;
}

void pending_end(struct pending *p)
{
	struct endpoint *ep = p->ctx->endpoint;

	stop_ringing(p);
	timer_cancel(&p->expiry);
	timer_cancel(&p->timer);
	hash_remove(&ep->pendings, &p->by_id);
	hash_remove(&ep->pendings_by_transaction, &p->by_transaction);
	if (p->transaction != NULL) {
		server_transaction_watch(p->transaction, NULL, NULL);
		server_transaction_abandon(p->transaction);
	}
	p->transaction = NULL;
	list_remove(&p->node);
	endpoint_bury(ep, &ep->dead_pendings, &p->node);
}

const struct message *pending_request(struct pending *p)
{
	struct message *m = &p->ctx->endpoint->scratch;

	if (p->transaction == NULL
	    || !server_transaction_request(p->transaction, m))
		return NULL;
	return m;
}

/* Our Contact, Allow and Supported belong into what makes a dialog (12.1.1,
 * 13.3.1.4) or refreshes its target (12.2.2, RFC 3311). */
static bool needs_contact(const struct pending *p, unsigned status)
{
	switch (p->method) {
	case METHOD_INVITE:
		return status > 100 && status < 300;
	case METHOD_UPDATE:
	case METHOD_SUBSCRIBE:
	case METHOD_REFER:
	case METHOD_NOTIFY:
		return status >= 200 && status < 300;
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

static enum error send_with(struct server_transaction *t,
                            const struct response_parts *parts,
                            const struct field *ours, size_t nours)
{
	struct response_parts whole = *parts;
	struct field *fields = outbound_fields(parts->fields, parts->nfields,
	                                       ours, nours, &whole.nfields);
	enum error err;

	if (fields == NULL)
		return ERR_NOMEM;
	whole.fields = fields;
	err = server_transaction_respond(t, &whole);
	free(fields);
	return err;
}

enum error pending_respond(struct pending *p,
                           const struct response_parts *parts)
{
	const struct endpoint_settings *s = p->ctx->endpoint->settings;
	struct field ours[] = {
		{ header_table[HEADER_CONTACT].name, SLICE_EMPTY },
		{ header_table[HEADER_ALLOW].name, SLICE_EMPTY },
		{ header_table[HEADER_SUPPORTED].name, SLICE_EMPTY },
		{ header_table[HEADER_SERVER].name, s->user_agent },
	};
	struct response_parts whole = *parts;
	struct buf contact = { 0 };
	enum error err = OK;

	if (p->transaction == NULL)
		return ERR_NOT_FOUND;
	if (whole.to_tag.len == 0)
		whole.to_tag = p->dialog != NULL ? p->dialog->local_tag
		                                 : p->ctx->local_tag;
	if (needs_contact(p, parts->status)) {
		err = outbound_print_contact(&contact, p->ctx, &p->from,
		                             p->is_secure, SLICE_EMPTY);
		ours[0].value = buf_view(&contact);
		ours[1].value = s->allow;
		ours[2].value = s->supported;
	}
	if (err == OK)
		err = send_with(p->transaction, &whole, ours,
		                ARRAY_LEN(ours));
	if (err == OK && parts->status >= 200) {
		p->status = parts->status;
		stop_ringing(p);
	}
	buf_deinit(&contact);
	return err;
}

void pending_refuse(struct pending *p, unsigned status)
{
	if (p->status == 0)
		(void)pending_respond(p, &(struct response_parts){
			.status = status,
		});
}

bool pending_is_open(const struct dialog *d, enum method method)
{
	LIST_EACH(it, &d->ctx->pendings) {
		struct pending *p = CONTAINER_OF(it, struct pending, node);

		if (p->dialog == d && p->method == method && p->status == 0)
			return true;
	}
	return false;
}

void endpoint_refuse(struct endpoint *ep, struct server_transaction *t,
                     const struct response_parts *parts)
{
	struct field ours[] = {
		{ header_table[HEADER_SERVER].name, ep->settings->user_agent },
	};
	const struct response_parts bare = { .status = 500 };
	struct response_parts whole = *parts;
	char tag[ENV_TOKEN_LEN];

	if (whole.to_tag.len == 0) {
		env_token(ep->env, tag);
		whole.to_tag = slice_make(tag, sizeof(tag));
	}
	if (send_with(t, &whole, ours, ARRAY_LEN(ours)) != OK
	    && server_transaction_respond(t, &bare) != OK)
		server_transaction_abandon(t);
}
