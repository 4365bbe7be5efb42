/* The ACK of a 2xx, kept to be sent again. */

#include "core/ua/ack.h"

#include <stdlib.h>

#include "core/ua/outbound.h"

/* Credentials for more realms than this are left out. */
enum { CREDENTIALS_MAX = 16, MAX_FORWARDS = 70 };

struct ack {
	struct list node;               /* of its context */
	struct dialog *dialog;
	uint32_t cseq;
	struct request_draft draft;     /* until it was sent */
	struct slice host;              /* of the next hop; in draft */
	uint64_t lookup;
	char *wire;
	size_t len;
	char *name;                     /* host, for TLS */
	struct flow flow;
	struct timer timer;             /* the end of its memory */
};

static struct endpoint *endpoint_of(const struct ack *a)
{
	return a->dialog->ctx->endpoint;
}

void ack_repeat(struct ack *a)
{
	enum error err;

	if (a->wire == NULL)
		return;
	err = dispatcher_send(endpoint_of(a)->dispatcher, &a->flow,
	                      slice_str(a->name),
	                      slice_make(a->wire, a->len));
	if (err == ERR_NOT_FOUND) {
		/* The connection is gone: over another. */
		a->flow.conn = 0;
		(void)dispatcher_send(endpoint_of(a)->dispatcher, &a->flow,
		                      slice_str(a->name),
		                      slice_make(a->wire, a->len));
	}
}

static bool seal(struct ack *a, const struct target *target)
{
	struct outbound o = {
		.target = target, .cseq = a->cseq, .same_peer = true,
	};
	struct buf wire = { 0 };

	if (outbound_seal(a->dialog->ctx, &a->draft, &o, &wire) == OK) {
		a->flow = o.flow;
		a->name = slice_dup(a->host);
		a->wire = buf_steal(&wire, &a->len);
	}
	buf_deinit(&wire);
	return a->wire != NULL;
}

/* Nobody answers an ACK: when it cannot be sent, the next 2xx shows it. */
static void on_located(enum error err, const char *text,
                       const struct target *targets, size_t n, void *arg)
{
	struct ack *a = arg;

	(void)text;
	a->lookup = 0;
	if (err != OK)
		return;
	for (size_t i = 0; i < n; i++) {
		if (seal(a, &targets[i])) {
			request_draft_deinit(&a->draft);
			ack_repeat(a);
			return;
		}
	}
}

static void on_expiry(void *arg)
{
	ack_free(arg);
}

static struct slice hop_host(struct slice route, struct slice uri_text)
{
	struct name_addr addr;
	struct uri uri;

	if (route.p != NULL)
		return name_addr_parse(route, &addr) ? addr.uri.host
		                                     : SLICE_EMPTY;
	return uri_parse(uri_text, &uri) ? uri.host : SLICE_EMPTY;
}

/*
 * 13.2.2.4 wants the INVITE's credentials in the ACK, for whoever asked for
 * them on the way. Behind a proxy that does not stay in the path, the ACK
 * goes to wherever the 2xx says: credentials are not for there.
 */
static bool goes_the_same_way(const struct message *invite,
                              const struct path *p)
{
	const struct slice none = { NULL, 0 };
	struct slice first = p->nroutes == 0 || p->strict ? none
	                                                  : p->routes[0];
	struct slice theirs = p->strict ? none
	                      : message_header(invite, HEADER_ROUTE, 0);

	return slice_eq_nocase(hop_host(first, p->uri),
	                       hop_host(theirs, invite->uri_text));
}

static struct field *fields_with_credentials(const struct message *invite,
                                             const struct path *path,
                                             const struct ack_parts *parts,
                                             size_t *n)
{
	static const enum header_id ids[] = {
		HEADER_AUTHORIZATION, HEADER_PROXY_AUTHORIZATION,
	};
	struct field credentials[CREDENTIALS_MAX];
	size_t ncredentials = 0;
	size_t nids = invite != NULL && goes_the_same_way(invite, path)
	              ? ARRAY_LEN(ids) : 0;

	for (size_t i = 0; i < nids; i++) {
		for (size_t nth = 0; ncredentials < CREDENTIALS_MAX; nth++) {
			struct slice value = message_header(invite, ids[i],
			                                    nth);

			if (value.p == NULL)
				break;
			credentials[ncredentials++] = (struct field){
				header_table[ids[i]].name, value,
			};
		}
	}
	return outbound_fields(parts->fields, parts->nfields, credentials,
	                       ncredentials, n);
}

static enum error draft(struct ack *a, const struct message *invite,
                        const struct ack_parts *parts, bool *strict)
{
	const struct dialog *d = a->dialog;
	struct path path;
	size_t nfields = 0;
	enum error err = path_init(&path, d->route_set, d->target);
	struct field *fields = fields_with_credentials(invite, &path, parts,
	                                               &nfields);

	if (fields == NULL)
		err = ERR_NOMEM;
	if (err == OK)
		err = request_draft(&a->draft, &(struct request_parts){
			.method = method_name(METHOD_ACK),
			.uri = path.uri,
			.from = d->local,
			.to = d->remote,
			.call_id = d->call_id,
			.routes = path.routes,
			.nroutes = path.nroutes,
			.max_forwards = MAX_FORWARDS,
			.fields = fields,
			.nfields = nfields,
			.content_type = parts->content_type,
			.body = parts->body,
		});
	*strict = path.strict;
	path_deinit(&path);
	free(fields);
	return err;
}

enum error ack_send(struct dialog *d, uint32_t cseq,
                    const struct message *invite,
                    const struct ack_parts *parts)
{
	struct endpoint *ep = d->ctx->endpoint;
	uint32_t t1_ms = transactions_settings(ep->transactions)->t1_ms;
	struct ack *a = calloc(1, sizeof(*a));
	struct uri hop;
	enum error err;
	bool strict;

	if (a == NULL)
		return ERR_NOMEM;
	a->dialog = d;
	a->cseq = invite != NULL ? invite->cseq.number : cseq;
	list_append(&d->ctx->acks, &a->node);
	err = draft(a, invite, parts, &strict);
	if (err == OK && !outbound_next_hop(ep, &a->draft, strict, &hop))
		err = ERR_SYNTAX;
	if (err != OK) {
		ack_free(a);
		return err;
	}
	timer_arm(&a->timer, &ep->env->timers, 64ULL * t1_ms, on_expiry, a);
	a->host = hop.host;
	a->lookup = locate_start(dispatcher_locator(ep->dispatcher), &hop,
	                         on_located, a);
	return OK;
}

struct ack *ack_find(struct dialog *d, uint32_t cseq)
{
	LIST_EACH(it, &d->ctx->acks) {
		struct ack *a = CONTAINER_OF(it, struct ack, node);

		if (a->dialog == d && a->cseq == cseq)
			return a;
	}
	return NULL;
}

void ack_free(struct ack *a)
{
	if (a->lookup != 0)
		locate_cancel(dispatcher_locator(endpoint_of(a)->dispatcher),
		              a->lookup);
	timer_cancel(&a->timer);
	list_remove(&a->node);
	request_draft_deinit(&a->draft);
	free(a->wire);
	free(a->name);
	free(a);
}

void ack_free_all(struct context *ctx)
{
	LIST_EACH(it, &ctx->acks)
		ack_free(CONTAINER_OF(it, struct ack, node));
}
