/* The targets that redirections offer for one request. */

#include "core/ua/redirect.h"

#include <stdlib.h>

static struct slice text_of(const struct redirect_target *t)
{
	return slice_make(t->uri, t->len);
}

static bool is_known(const struct redirect *r, struct slice uri)
{
	for (size_t i = 0; i < r->n; i++)
		if (uri_text_equal(text_of(&r->targets[i]), uri))
			return true;
	return false;
}

static struct redirect_target *add(struct redirect *r, struct slice uri)
{
	struct redirect_target *t = &r->targets[r->n];

	t->uri = slice_dup(uri);
	if (t->uri == NULL)
		return NULL;
	t->len = uri.len;
	r->n++;
	return t;
}

enum error redirect_begin(struct redirect *r, struct slice first)
{
	struct redirect_target *t = add(r, first);

	if (t == NULL)
		return ERR_NOMEM;
	t->tried = true;
	return OK;
}

void redirect_deinit(struct redirect *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->targets[i].uri);
	*r = (struct redirect){ 0 };
}

/* What a Contact URI says of header fields and methods is its author's
 * wish, not ours: 19.1.5 leaves it to the UA, and we take the address only. */
static enum error add_contact(struct redirect *r, const struct contact *c)
{
	struct buf uri = { 0 };
	struct redirect_target *t;
	enum error err;

	uri_print_request(&uri, &c->addr.uri);
	err = buf_error(&uri);
	if (err == OK && !is_known(r, buf_view(&uri))) {
		t = add(r, buf_view(&uri));
		if (t == NULL)
			err = ERR_NOMEM;
		else
			t->q_thousandths = c->has_q ? c->q_thousandths : 1000;
	}
	buf_deinit(&uri);
	return err;
}

enum error redirect_add(struct redirect *r, const struct message *response,
                        bool secure)
{
	struct header_iter it = { 0 };
	struct contact contact;
	struct slice value;
	enum error err = OK;

	while (err == OK && r->n < REDIRECT_TARGETS
	       && message_next_value(response, HEADER_CONTACT, &it, &value)) {
		if (!contact_parse(value, &contact))
			continue;
		if (contact.addr.uri.scheme == URI_SIPS
		    || (contact.addr.uri.scheme == URI_SIP && !secure))
			err = add_contact(r, &contact);
	}
	return err;
}

bool redirect_next(struct redirect *r, struct slice *uri)
{
	struct redirect_target *best = NULL;

	for (size_t i = 0; i < r->n; i++) {
		struct redirect_target *t = &r->targets[i];

		if (!t->tried && (best == NULL
		                  || t->q_thousandths > best->q_thousandths))
			best = t;
	}
	if (best == NULL)
		return false;
	best->tried = true;
	*uri = text_of(best);
	return true;
}
