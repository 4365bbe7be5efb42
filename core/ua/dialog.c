/* What both sides of a dialog agreed on by the messages so far. */

#include "core/ua/dialog_internal.h"

#include <stdlib.h>

struct texts {
	struct slice local, remote, local_tag, remote_tag, target, route_set;
};

static struct slice move_text(char **at, struct slice from)
{
	struct slice moved = slice_make(*at, from.len);

	if (from.len != 0)
		memcpy(*at, from.p, from.len);
	*at += from.len;
	return moved;
}

/* t may borrow from what d holds. */
static enum error keep_texts(struct dialog *d, const struct texts *t)
{
	size_t n = t->local.len + t->remote.len + t->local_tag.len
	           + t->remote_tag.len + t->target.len + t->route_set.len;
	char *texts = malloc(n + 1), *at = texts;

	if (texts == NULL)
		return ERR_NOMEM;
	d->local = move_text(&at, t->local);
	d->remote = move_text(&at, t->remote);
	d->local_tag = move_text(&at, t->local_tag);
	d->remote_tag = move_text(&at, t->remote_tag);
	d->target = move_text(&at, t->target);
	d->route_set = move_text(&at, t->route_set);
	free(d->texts);
	d->texts = texts;
	return OK;
}

static struct slice contact_uri(const struct message *m,
                                struct slice otherwise)
{
	const struct name_addr *addr = &m->contact.addr;

	if (!m->has_contact || (addr->uri.scheme != URI_SIP
	                        && addr->uri.scheme != URI_SIPS))
		return otherwise;
	return addr->uri_text;
}

/* Appends Record-Route as a list value: in order for the callee, reversed for
 * the caller (12.1.1, 12.1.2). */
static enum error print_route_set(struct buf *out, const struct message *m,
                                  bool reversed)
{
	struct slice hops[DIALOG_ROUTES_MAX], hop;
	struct header_iter it = { 0 };
	size_t n = 0;

	while (message_next_value(m, HEADER_RECORD_ROUTE, &it, &hop)) {
		if (n == DIALOG_ROUTES_MAX)
			return ERR_LIMIT;
		hops[n++] = hop;
	}
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			buf_slice(out, SLICE(", "));
		buf_slice(out, hops[reversed ? n - 1 - i : i]);
	}
	return buf_error(out);
}

static struct slice tag_of(const struct name_addr *party)
{
	return party->tag.p == NULL ? SLICE_EMPTY : party->tag;
}

enum error dialog_new_caller(struct slice call_id,
                             const struct dialog_origin *request,
                             const struct message *response, bool secure,
                             struct dialog **out)
{
	struct dialog *d = calloc(1, sizeof(*d));
	struct buf route_set = { 0 };
	enum error err;

	if (d == NULL)
		return ERR_NOMEM;
	d->call_id = call_id;
	d->state = DIALOG_EARLY;
	d->caller = true;
	d->secure = secure && request->is_sips;
	d->local_cseq = request->cseq;
	err = print_route_set(&route_set, response, true);
	if (err == OK)
		err = keep_texts(d, &(struct texts){
			.local = message_header(response, HEADER_FROM, 0),
			.remote = message_header(response, HEADER_TO, 0),
			.local_tag = request->local_tag,
			.remote_tag = tag_of(&response->to),
			.target = contact_uri(response, request->uri),
			.route_set = buf_view(&route_set),
		});
	if (err == OK)
		*out = d;
	else
		dialog_free(d);
	buf_deinit(&route_set);
	return err;
}

enum error dialog_new_callee(struct slice call_id,
                             const struct message *request,
                             struct slice local_tag, bool secure,
                             struct dialog **out)
{
	struct dialog *d = calloc(1, sizeof(*d));
	struct buf route_set = { 0 }, local = { 0 };
	enum error err;

	if (d == NULL)
		return ERR_NOMEM;
	d->call_id = call_id;
	d->state = DIALOG_EARLY;
	d->secure = secure && request->uri.scheme == URI_SIPS;
	d->has_remote_cseq = true;
	d->remote_cseq = request->cseq.number;
	buf_slice(&local, message_header(request, HEADER_TO, 0));
	buf_slice(&local, SLICE(";tag="));
	buf_slice(&local, local_tag);
	err = print_route_set(&route_set, request, false);
	if (err == OK)
		err = buf_error(&local);
	if (err == OK)
		err = keep_texts(d, &(struct texts){
			.local = buf_view(&local),
			.remote = message_header(request, HEADER_FROM, 0),
			.local_tag = local_tag,
			.remote_tag = tag_of(&request->from),
			.target = contact_uri(request, request->from.uri_text),
			.route_set = buf_view(&route_set),
		});
	if (err == OK)
		*out = d;
	else
		dialog_free(d);
	buf_deinit(&route_set);
	buf_deinit(&local);
	return err;
}

void dialog_free(struct dialog *d)
{
	if (d == NULL)
		return;
	free(d->texts);
	free(d);
}

static struct texts texts_of(const struct dialog *d)
{
	return (struct texts){
		.local = d->local,
		.remote = d->remote,
		.local_tag = d->local_tag,
		.remote_tag = d->remote_tag,
		.target = d->target,
		.route_set = d->route_set,
	};
}

enum error dialog_confirm(struct dialog *d, const struct message *response)
{
	struct texts texts = texts_of(d);
	struct buf route_set = { 0 };
	enum error err = OK;

	if (d->state != DIALOG_EARLY)
		return OK;
	if (response == NULL)
		goto out;
	err = print_route_set(&route_set, response, true);
	if (err != OK)
		goto out;
	texts.route_set = buf_view(&route_set);
	texts.target = contact_uri(response, d->target);
	err = keep_texts(d, &texts);
out:
	if (err == OK)
		d->state = DIALOG_CONFIRMED;
	buf_deinit(&route_set);
	return err;
}

enum error dialog_refresh(struct dialog *d, const struct message *m)
{
	struct texts texts = texts_of(d);

	texts.target = contact_uri(m, d->target);
	if (slice_eq(texts.target, d->target))
		return OK;
	return keep_texts(d, &texts);
}

bool dialog_accept_cseq(struct dialog *d, uint32_t number)
{
	if (d->has_remote_cseq && number <= d->remote_cseq)
		return false;
	d->has_remote_cseq = true;
	d->remote_cseq = number;
	return true;
}

uint32_t dialog_next_cseq(struct dialog *d)
{
	return ++d->local_cseq;
}

enum dialog_state dialog_state(const struct dialog *d)
{
	return d->state;
}

struct slice dialog_call_id(const struct dialog *d)
{
	return d->call_id;
}

struct slice dialog_local_tag(const struct dialog *d)
{
	return d->local_tag;
}

struct slice dialog_remote_tag(const struct dialog *d)
{
	return d->remote_tag;
}

struct slice dialog_remote_target(const struct dialog *d)
{
	return d->target;
}

struct slice dialog_local(const struct dialog *d)
{
	return d->local;
}

struct slice dialog_remote(const struct dialog *d)
{
	return d->remote;
}

uint32_t dialog_local_cseq(const struct dialog *d)
{
	return d->local_cseq;
}

bool dialog_is_secure(const struct dialog *d)
{
	return d->secure;
}

bool dialog_is_caller(const struct dialog *d)
{
	return d->caller;
}

bool dialog_route(const struct dialog *d, size_t n, struct slice *out)
{
	struct slice rest = d->route_set, hop;

	for (size_t i = 0; slice_take_element(&rest, &hop); i++) {
		if (i == n) {
			*out = hop;
			return true;
		}
	}
	return false;
}
