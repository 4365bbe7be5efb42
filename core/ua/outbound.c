/* How our requests leave. */

#include "core/ua/outbound.h"

#include <stdlib.h>

static bool is_loose(struct slice hop, struct uri *uri)
{
	struct name_addr addr;

	if (!name_addr_parse(hop, &addr)
	    || (addr.uri.scheme != URI_SIP && addr.uri.scheme != URI_SIPS))
		return true;
	*uri = addr.uri;
	return uri_is_loose_router(uri);
}

static void add_routes(struct path *p, struct slice rest)
{
	struct slice hop;

	while (p->nroutes < OUTBOUND_ROUTES - 1
	       && slice_take_element(&rest, &hop))
		p->routes[p->nroutes++] = hop;
	rest = slice_trim(rest);
	if (rest.len != 0)
		p->routes[p->nroutes++] = rest;
}

/* 12.2.1.1: the first hop takes the Request-URI, and the target the last
 * place. Both texts go one after another into scratch. */
static enum error go_strictly(struct path *p, const struct uri *first,
                              struct slice rest, struct slice target)
{
	size_t uri_len;

	uri_print_request(&p->scratch, first);
	uri_len = p->scratch.len;
	buf_slice(&p->scratch, slice_trim(rest));
	if (p->scratch.len != uri_len)
		buf_slice(&p->scratch, SLICE(", "));
	buf_char(&p->scratch, '<');
	buf_slice(&p->scratch, target);
	buf_char(&p->scratch, '>');
	if (buf_error(&p->scratch) != OK)
		return buf_error(&p->scratch);
	p->strict = true;
	p->uri = slice_make(p->scratch.p, uri_len);
	add_routes(p, slice_skip(buf_view(&p->scratch), uri_len));
	return OK;
}

enum error path_init(struct path *p, struct slice route_set,
                     struct slice target)
{
	struct slice rest = route_set, first;
	struct uri uri;

	*p = (struct path){ .uri = target };
	if (slice_take_element(&rest, &first) && !is_loose(first, &uri))
		return go_strictly(p, &uri, rest, target);
	add_routes(p, route_set);
	if (!uri_parse(target, &uri))
		return OK;
	uri_print_request(&p->scratch, &uri);
	p->uri = buf_view(&p->scratch);
	return buf_error(&p->scratch);
}

void path_deinit(struct path *p)
{
	buf_deinit(&p->scratch);
}

bool outbound_next_hop(struct endpoint *ep, const struct request_draft *d,
                       bool strict, struct uri *out)
{
	struct message *m = &ep->scratch;
	struct slice hop = request_draft_uri(d);
	bool secure = slice_starts_with_nocase(hop, SLICE("sips:"));
	struct header_iter it = { 0 };
	struct name_addr addr;
	struct fault fault;

	if (!strict && d->has_route
	    && message_parse(m, slice_make(d->text, d->len),
	                     dispatcher_limits(ep->dispatcher), &fault) == OK
	    && message_next_value(m, HEADER_ROUTE, &it, &hop)
	    && name_addr_parse(hop, &addr))
		hop = addr.uri_text;
	if (!uri_parse(hop, out)
	    || (out->scheme != URI_SIP && out->scheme != URI_SIPS))
		return false;
	/* 8.1.2: a request to a sips URI goes as if each hop were one */
	if (secure)
		out->scheme = URI_SIPS;
	return true;
}

static void make_branch(struct endpoint *ep, char branch[BRANCH_LEN])
{
	memcpy(branch, "z9hG4bK", 7);
	env_token(ep->env, branch + 7);
}

enum error outbound_print_contact(struct buf *out, struct context *ctx,
                                  const struct flow *flow, bool secure,
                                  struct slice params)
{
	struct addr local;
	enum error err;

	if (ctx->contact.len != 0) {
		buf_slice(out, ctx->contact);
		return buf_error(out);
	}
	err = flow->leg->ops->source(flow->leg, &flow->remote, &local);
	if (err != OK)
		return err;
	buf_char(out, '<');
	leg_print_contact_uri(out, flow->leg, &local, ctx->contact_user,
	                      secure);
	buf_char(out, '>');
	buf_slice(out, params);
	return buf_error(out);
}

/* RFC 7118 4: a URI says "ws" for WSS, too. What the peer was last reached by
 * tells which it is. */
static struct leg *leg_towards(const struct context *ctx,
                               const struct outbound *o)
{
	struct leg *last = ctx->flow.leg;

	if (o->same_peer && o->target->transport == TRANSPORT_WS
	    && last != NULL && last->transport == TRANSPORT_WSS
	    && addr_eq(&o->target->addr, &ctx->flow.remote))
		return last;
	return dispatcher_leg_for(ctx->endpoint->dispatcher,
	                          o->target->transport,
	                          o->target->addr.family);
}

enum error outbound_seal(struct context *ctx, const struct request_draft *d,
                         struct outbound *o, struct buf *wire)
{
	struct endpoint *ep = ctx->endpoint;
	struct addr local;
	enum error err;

	o->flow = (struct flow){
		.leg = leg_towards(ctx, o),
		.remote = o->target->addr,
	};
	if (o->flow.leg == NULL)
		return ERR_NO_TRANSPORT;
	if (o->same_peer && o->flow.leg == ctx->flow.leg
	    && addr_eq(&o->flow.remote, &ctx->flow.remote))
		o->flow.conn = ctx->flow.conn;
	err = o->flow.leg->ops->source(o->flow.leg, &o->flow.remote, &local);
	if (err != OK)
		return err;
	make_branch(ep, o->branch);
	buf_reset(&ep->via);
	buf_reset(&ep->contact);
	leg_print_via(&ep->via, o->flow.leg, &local,
	              slice_make(o->branch, BRANCH_LEN));
	err = buf_error(&ep->via);
	if (err == OK && o->with_contact && !d->has_contact)
		err = outbound_print_contact(&ep->contact, ctx, &o->flow,
		                             o->secure, o->contact_params);
	if (err != OK)
		return err;
	request_seal(wire, d, &(struct request_seal){
		.via = buf_view(&ep->via),
		.contact = buf_view(&ep->contact),
		.cseq = o->cseq,
		.credentials = o->credentials,
	});
	return buf_error(wire);
}

static bool names(const struct field *fields, size_t n, struct slice name)
{
	enum header_id id = header_lookup(name);

	for (size_t i = 0; i < n; i++)
		if (id == HEADER_OTHER ? slice_eq_nocase(fields[i].name, name)
		                       : header_lookup(fields[i].name) == id)
			return true;
	return false;
}

struct field *outbound_fields(const struct field *fields, size_t nfields,
                              const struct field *ours, size_t nours,
                              size_t *n)
{
	struct field *all = calloc(nfields + nours + 1, sizeof(*all));

	if (all == NULL)
		return NULL;
	*n = 0;
	for (size_t i = 0; i < nfields; i++)
		all[(*n)++] = fields[i];
	for (size_t i = 0; i < nours; i++)
		if (ours[i].value.len != 0
		    && !names(fields, nfields, ours[i].name))
			all[(*n)++] = ours[i];
	return all;
}
