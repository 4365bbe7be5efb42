/* The secrets of an account, and the scope of each. */

#include "core/message/credentials.h"

#include <stdlib.h>

#include "core/base/addr.h"
#include "core/message/credentials_internal.h"
#include "core/message/crypto.h"

/* --- what is kept --- */

enum error credentials_assign(struct buf *b, struct slice s)
{
	buf_reset(b);
	buf_slice(b, s);
	return buf_error(b);
}

void credentials_wipe_login(struct login *l)
{
	if (l->secret.p != NULL)
		crypto_wipe(l->secret.p, l->secret.cap);
	buf_deinit(&l->secret);
	buf_deinit(&l->user);
	l->present = false;
}

static bool is_one_line(struct slice s)
{
	return slice_find(s, '\r') == s.len && slice_find(s, '\n') == s.len
	       && slice_find(s, '\0') == s.len;
}

enum error credentials_set_login(struct login *l, struct slice user,
                                 struct slice secret)
{
	enum error err;

	if (!is_one_line(user))
		return ERR_SYNTAX;
	credentials_wipe_login(l);
	/* At once: growing would leave copies of the secret behind. */
	buf_reserve(&l->secret, secret.len + 1);
	buf_slice(&l->secret, secret);
	err = buf_error(&l->secret);
	if (err == OK)
		err = credentials_assign(&l->user, user);
	if (err == OK)
		l->present = true;
	else
		credentials_wipe_login(l);
	return err;
}

static void answer_deinit(struct answer *a)
{
	buf_deinit(&a->nonce);
	buf_deinit(&a->opaque);
	buf_deinit(&a->request_host);
	buf_deinit(&a->next_hop);
	buf_deinit(&a->call_id);
}

static void realm_free(struct realm *r)
{
	credentials_wipe_login(&r->granted);
	credentials_wipe_login(&r->asked);
	for (unsigned i = 0; i < ASKER_COUNT; i++)
		answer_deinit(&r->answers[i]);
	buf_deinit(&r->name);
	free(r);
}

struct realm *credentials_find(const struct credentials *c,
                               struct slice name)
{
	LIST_EACH(it, &c->realms) {
		struct realm *r = CONTAINER_OF(it, struct realm, node);

		if (slice_eq(buf_view(&r->name), name))
			return r;
	}
	return NULL;
}

struct realm *credentials_remember(struct credentials *c, struct slice name)
{
	struct realm *r = calloc(1, sizeof(*r));

	if (r == NULL || credentials_assign(&r->name, name) != OK) {
		free(r);
		return NULL;
	}
	list_append(&c->realms, &r->node);
	c->nrealms++;
	return r;
}

struct credentials *credentials_new(void)
{
	struct credentials *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	list_init(&c->hosts);
	list_init(&c->realms);
	return c;
}

void credentials_free(struct credentials *c)
{
	if (c == NULL)
		return;
	LIST_EACH(it, &c->realms)
		realm_free(CONTAINER_OF(it, struct realm, node));
	LIST_EACH(it, &c->hosts) {
		struct host *host = CONTAINER_OF(it, struct host, node);

		buf_deinit(&host->name);
		free(host);
	}
	credentials_wipe_login(&c->own);
	buf_deinit(&c->ask_user);
	free(c);
}

enum error credentials_set_own(struct credentials *c, struct slice user,
                               struct slice secret)
{
	return credentials_set_login(&c->own, user, secret);
}

enum error credentials_add_realm(struct credentials *c, struct slice realm,
                                 struct slice user, struct slice secret)
{
	struct realm *r = credentials_find(c, realm);

	if (r == NULL)
		r = credentials_remember(c, realm);
	if (r == NULL)
		return ERR_NOMEM;
	return credentials_set_login(&r->granted, user, secret);
}

enum error credentials_set_ask(struct credentials *c, struct slice user,
                               secret_fn *fn, void *arg)
{
	if (!is_one_line(user))
		return ERR_SYNTAX;
	c->ask = fn;
	c->ask_arg = arg;
	return credentials_assign(&c->ask_user, user);
}

void credentials_forget(struct credentials *c)
{
	LIST_EACH(it, &c->realms) {
		struct realm *r = CONTAINER_OF(it, struct realm, node);

		for (unsigned i = 0; i < ASKER_COUNT; i++)
			r->answers[i].ready = false;
	}
}

/* --- scope --- */

bool credentials_same_host(struct slice a, struct slice b)
{
	struct addr ip_a, ip_b;

	return slice_eq_nocase(a, b)
	       || (addr_parse_ip(a, &ip_a) && addr_parse_ip(b, &ip_b)
	           && addr_same_ip(&ip_a, &ip_b));
}

bool credentials_own_host(const struct credentials *c, struct slice name)
{
	LIST_EACH(it, &c->hosts) {
		struct host *host = CONTAINER_OF(it, struct host, node);

		if (credentials_same_host(buf_view(&host->name), name))
			return true;
	}
	return false;
}

enum error credentials_add_host(struct credentials *c, struct slice name)
{
	struct host *host;

	if (credentials_own_host(c, name))
		return OK;
	host = calloc(1, sizeof(*host));
	if (host == NULL || credentials_assign(&host->name, name) != OK) {
		free(host);
		return ERR_NOMEM;
	}
	list_append(&c->hosts, &host->node);
	return OK;
}

bool credentials_in_scope(const struct credentials *c, const struct realm *r,
                          enum asker asker, const struct auth_request *req)
{
	bool learnt = r != NULL && r->learnt;

	if (r != NULL && r->granted.present)
		return learnt || !req->peer_opened;
	if (!credentials_own_host(c, req->next_hop_host))
		return false;
	return learnt || (!req->peer_opened
	                  && (asker == ASKER_PROXY
	                      || credentials_own_host(c, req->request_host)));
}

const struct login *credentials_login(const struct credentials *c,
                                      const struct realm *r)
{
	if (r->granted.present)
		return &r->granted;
	if (r->asked.present)
		return &r->asked;
	return c->own.present ? &c->own : NULL;
}
