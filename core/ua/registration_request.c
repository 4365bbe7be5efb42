/* The REGISTER that each operation sends, and the contacts in it. */

#include "core/ua/registration_internal.h"

#include <stdlib.h>

bool registration_registers(const struct registration *r)
{
	return r->current->kind == OPERATION_REGISTER
	       || r->current->kind == OPERATION_REFRESH;
}

uint32_t registration_asked_s(const struct registration *r,
                              uint32_t expires_s)
{
	return expires_s != 0 && expires_s < r->min_expires_s
	       ? r->min_expires_s : expires_s;
}

/* The user's Contact, raised to what a 423 asked for where it has a time of
 * its own. */
static void print_contact(struct buf *out, const struct registration *r,
                          struct slice value)
{
	struct slice rest, name, param;
	struct contact c;

	if (!registration_read_contact(value, &c))
		return;
	if (c.addr.display.len != 0) {
		buf_slice(out, c.addr.display);
		buf_char(out, ' ');
	}
	buf_char(out, '<');
	buf_slice(out, c.addr.uri_text);
	buf_char(out, '>');
	rest = slice_between(c.addr.uri_text.p + c.addr.uri_text.len,
	                     value.p + value.len);
	slice_take_char(&rest, '>');
	while (slice_take_param(&rest, &name, &param)) {
		if (slice_eq_nocase(name, SLICE("expires")))
			continue;
		buf_char(out, ';');
		buf_slice(out, name);
		if (param.p == NULL)
			continue;
		buf_char(out, '=');
		buf_slice(out, param);
	}
	if (c.has_expires) {
		buf_str(out, ";expires=");
		buf_u64(out, registration_asked_s(r, c.expires_s));
	}
}

static void print_removal(struct buf *out, struct slice uri)
{
	buf_char(out, '<');
	buf_slice(out, uri);
	buf_str(out, ">;expires=0");
}

static void print_separator(struct buf *out)
{
	if (out->len != 0)
		buf_str(out, ", ");
}

static void print_wanted(struct buf *out, const struct registration *r)
{
	for (size_t i = 0; i < r->ncontacts; i++) {
		if (r->contacts[i].removed)
			continue;
		print_separator(out);
		print_contact(out, r, r->contacts[i].value);
	}
}

/* What was registered, else what would be. */
static void print_removals(struct buf *out, const struct registration *r)
{
	for (size_t i = 0; i < r->own.count; i++) {
		print_separator(out);
		print_removal(out, r->own.list[i]);
	}
	if (r->own.count != 0)
		return;
	for (size_t i = 0; i < r->ncontacts; i++) {
		print_separator(out);
		print_removal(out, r->contacts[i].uri);
	}
}

/* The value of Contact. Empty: the leg's own, but for a query. */
static void print_contacts(struct buf *out, const struct registration *r)
{
	switch (r->current->kind) {
	case OPERATION_REGISTER:
	case OPERATION_REFRESH:
		print_wanted(out, r);
		break;
	case OPERATION_UNREGISTER:
		print_removals(out, r);
		break;
	case OPERATION_REMOVE:
		print_removal(out, slice_str(r->current->contact));
		break;
	case OPERATION_REMOVE_ALL:
		buf_char(out, '*');
		break;
	case OPERATION_QUERY:
		break;
	}
}

static bool user_gives(const struct registration *r, enum header_id id)
{
	for (size_t i = 0; i < r->want.nfields; i++)
		if (header_lookup(r->want.fields[i].name) == id)
			return true;
	return false;
}

static size_t count_fields(const struct registration *r)
{
	return r->want.nfields + 2;
}

/* Ours, and the user's behind them; his win. */
static size_t fill_fields(const struct registration *r, struct slice contacts,
                          struct slice expires, struct field *out)
{
	size_t n = 0;

	if (contacts.len != 0 && !user_gives(r, HEADER_CONTACT))
		out[n++] = (struct field){
			header_table[HEADER_CONTACT].name, contacts,
		};
	if (r->current->kind != OPERATION_QUERY
	    && !user_gives(r, HEADER_EXPIRES))
		out[n++] = (struct field){
			header_table[HEADER_EXPIRES].name, expires,
		};
	for (size_t i = 0; i < r->want.nfields; i++)
		out[n++] = r->want.fields[i];
	return n;
}

static enum error send_fields(struct registration *r,
                              const struct field *fields, size_t nfields,
                              response_fn *fn)
{
	const struct registration_params *want = &r->want;
	const struct context_params params = {
		.from = want->aor,
		.to = want->aor,
		.call_id = slice_make(r->call_id, sizeof(r->call_id)),
		.routes = want->routes,
		.nroutes = want->nroutes,
		.cseq = r->cseq,
		.credentials = want->credentials,
	};
	const struct request_params req = {
		.method = method_name(METHOD_REGISTER),
		.uri = want->registrar,
		.fields = fields,
		.nfields = nfields,
		.with_contact = r->current->kind != OPERATION_QUERY,
		.contact_params = registration_registers(r)
		                  ? want->contact_params : SLICE_EMPTY,
		.fn = fn,
		.arg = r,
	};
	struct context *ctx;
	enum error err = OK;

	ctx = endpoint_new_request(r->ep, NULL, &params, &req, &err);
	if (ctx != NULL)
		r->context = context_id(ctx);
	return err;
}

enum error registration_send(struct registration *r, response_fn *fn)
{
	struct buf contacts = { 0 }, expires = { 0 };
	struct field *fields;
	enum error err;

	fields = malloc(count_fields(r) * sizeof(*fields));
	print_contacts(&contacts, r);
	buf_u64(&expires, registration_registers(r)
	                  ? registration_asked_s(r, r->want.expires_s) : 0);
	if (fields == NULL || buf_error(&contacts) != OK
	    || buf_error(&expires) != OK)
		err = ERR_NOMEM;
	else
		err = send_fields(r, fields,
		                  fill_fields(r, buf_view(&contacts),
		                              buf_view(&expires), fields),
		                  fn);
	free(fields);
	buf_deinit(&contacts);
	buf_deinit(&expires);
	return err;
}

/* 8.1.1.8: a sips registrar or first hop gets a sips Contact. */
static bool is_secure(const struct registration *r)
{
	struct name_addr route;
	struct uri uri;

	return (uri_parse(r->want.registrar, &uri)
	        && uri.scheme == URI_SIPS)
	       || (r->want.nroutes != 0
	           && name_addr_parse(r->want.routes[0], &route)
	           && route.uri.scheme == URI_SIPS);
}

/* The Contact that the leg gave to a request which went over this flow. */
static enum error leg_contact(const struct registration *r,
                              const struct flow *flow, struct texts *out)
{
	struct leg *leg = flow->leg;
	struct buf uri = { 0 };
	struct name_addr aor;
	struct addr local;
	struct slice view;
	enum error err;

	if (leg == NULL || !name_addr_parse(r->want.aor, &aor)
	    || leg->ops->source(leg, &flow->remote, &local) != OK)
		return OK;
	leg_print_contact_uri(&uri, leg, &local, aor.uri.user, is_secure(r));
	view = buf_view(&uri);
	err = buf_error(&uri);
	if (err == OK)
		err = texts_set(out, &view, 1);
	buf_deinit(&uri);
	return err;
}

enum error registration_own_contacts(const struct registration *r,
                                     const struct flow *flow,
                                     struct texts *out)
{
	struct slice *uris;
	size_t n = 0;
	enum error err;

	if (r->ncontacts == 0)
		return leg_contact(r, flow, out);
	uris = malloc(r->ncontacts * sizeof(*uris));
	if (uris == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->ncontacts; i++)
		if (!r->contacts[i].removed)
			uris[n++] = r->contacts[i].uri;
	err = texts_set(out, uris, n);
	free(uris);
	return err;
}
