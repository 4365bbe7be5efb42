/* Reading the challenges of a 401 or 407: whether to answer, and which. */

#include "core/message/credentials_internal.h"
#include "core/message/crypto.h"

enum {
	REALMS_MAX = 64,        /* that are remembered */
	CHALLENGES_MAX = 16,    /* that are read of one response */
	ANSWERS_MAX = 3         /* in one exchange */
};

struct offer {
	enum asker asker;
	struct challenge challenge;
};

/* One 401 or 407 while it is read. */
struct hearing {
	struct credentials *c;
	const struct message *response;
	const struct auth_request *req;
	unsigned tried;
	struct buf *why;
	struct offer offers[CHALLENGES_MAX];
	size_t noffers;
};

/* --- reasons --- */

/* Begins a reason: which realm, at which server. */
static void why_realm(const struct hearing *h, const struct offer *o)
{
	if (h->why->len != 0)
		buf_str(h->why, "; ");
	buf_str(h->why, "realm \"");
	buf_escaped(h->why, o->challenge.realm);
	buf_str(h->why, "\" at ");
	buf_escaped(h->why, o->asker == ASKER_PROXY ? h->req->next_hop_host
	                                            : h->req->request_host);
}

static void why_grant(const struct hearing *h, const struct offer *o)
{
	buf_str(h->why, ": --credentials '");
	buf_escaped(h->why, o->challenge.realm);
	buf_str(h->why, "=USER:FILE' ");
}

static enum auth_verdict refuse_none(const struct hearing *h,
                                     const struct offer *o)
{
	why_realm(h, o);
	buf_str(h->why, " asks for credentials, and there are none");
	why_grant(h, o);
	buf_str(h->why, "gives them");
	return AUTH_NONE;
}

static enum auth_verdict refuse_scope(const struct hearing *h,
                                      const struct offer *o)
{
	why_realm(h, o);
	if (h->req->peer_opened) {
		buf_str(h->why, " asks inside a dialog that the peer opened: "
		        "not answered before a request of our own was");
		return AUTH_SCOPE;
	}
	buf_str(h->why, " is not the account's: its password was not used");
	why_grant(h, o);
	buf_str(h->why, "allows it");
	return AUTH_SCOPE;
}

static enum auth_verdict refuse_downgrade(const struct hearing *h,
                                          const struct offer *o)
{
	why_realm(h, o);
	buf_str(h->why, " asks for MD5, and asked for stronger before");
	why_grant(h, o);
	buf_str(h->why, "with an MD5 HA1 in FILE allows it");
	return AUTH_DOWNGRADE;
}

static enum auth_verdict refuse_unsupported(const struct hearing *h,
                                            const struct offer *o)
{
	why_realm(h, o);
	buf_str(h->why, " offers no algorithm and qop that the credentials "
	        "can answer");
	return AUTH_UNSUPPORTED;
}

static enum auth_verdict refuse_rejected(const struct hearing *h,
                                         const struct offer *o,
                                         const struct login *login)
{
	why_realm(h, o);
	buf_str(h->why, " does not accept the credentials of \"");
	buf_escaped(h->why, buf_view(&login->user));
	buf_str(h->why, "\"");
	return AUTH_REJECTED;
}

/* --- choosing --- */

static bool same_group(const struct offer *a, const struct offer *b)
{
	return a->asker == b->asker && b->challenge.is_digest
	       && slice_eq(a->challenge.realm, b->challenge.realm);
}

static bool is_weak(const struct challenge *ch)
{
	return digest_strength(ch->algorithm) == 1;
}

static void note_strength(const struct hearing *h, struct realm *r,
                          const struct offer *first)
{
	for (size_t i = 0; i < h->noffers; i++) {
		const struct challenge *ch = &h->offers[i].challenge;

		if (same_group(first, &h->offers[i])
		    && ch->algorithm != DIGEST_UNKNOWN && !is_weak(ch))
			r->beyond_md5 = true;
	}
}

/* The topmost that these credentials can answer (RFC 8760 2.4), or NULL
 * with the verdict. */
static const struct offer *choose(const struct hearing *h,
                                  const struct realm *r,
                                  const struct offer *first,
                                  const struct login *login,
                                  enum auth_verdict *verdict)
{
	struct slice secret = buf_view(&login->secret);
	bool md5_only = digest_secret_ha1(secret).len == 32;

	*verdict = AUTH_UNSUPPORTED;
	for (const struct offer *o = first; o < h->offers + h->noffers; o++) {
		const struct challenge *ch = &o->challenge;

		if (!same_group(first, o) || ch->algorithm == DIGEST_UNKNOWN
		    || (ch->has_qop && ch->qops == 0)
		    || !digest_secret_fits(secret, ch->algorithm))
			continue;
		if (!is_weak(ch) || !r->beyond_md5 || md5_only)
			return o;
		*verdict = AUTH_DOWNGRADE;
	}
	return NULL;
}

/*
 * The realm was answered in this very exchange: it has asked there before,
 * no more than tried requests ago. What was sent ahead of a challenge does
 * not count: the nonce may just have grown old, and not every server says
 * so; nor does an answer that another exchange gave meanwhile.
 */
static bool was_answered(const struct hearing *h, const struct answer *a)
{
	const struct message *response = h->response;

	return h->tried > 0 && a->call_id.len != 0
	       && slice_eq(buf_view(&a->call_id), response->call_id)
	       && a->cseq < response->cseq.number
	       && response->cseq.number - a->cseq <= h->tried;
}

/* Remembers what to answer. An answer that is ready for this very nonce
 * goes on counting. */
static enum auth_verdict prepare(const struct hearing *h, struct answer *a,
                                 const struct challenge *ch)
{
	const struct message *response = h->response;

	if (!a->ready || !slice_eq(buf_view(&a->nonce), ch->nonce))
		a->nc = 0;
	a->ready = false;
	a->algorithm = ch->algorithm;
	a->userhash = ch->userhash;
	a->has_opaque = ch->opaque.p != NULL;
	a->qop = QOP_NONE;
	if (ch->qops & QOP_AUTH)
		a->qop = QOP_AUTH;
	else if (ch->qops & QOP_AUTH_INT)
		a->qop = QOP_AUTH_INT;
	a->cseq = response->cseq.number;
	if (credentials_assign(&a->nonce, ch->nonce) != OK
	    || credentials_assign(&a->opaque, ch->opaque) != OK
	    || credentials_assign(&a->request_host, h->req->request_host) != OK
	    || credentials_assign(&a->next_hop, h->req->next_hop_host) != OK
	    || credentials_assign(&a->call_id, response->call_id) != OK)
		return AUTH_NOMEM;
	a->ready = true;
	return AUTH_OK;
}

static const struct login *ask(const struct credentials *c, struct realm *r)
{
	struct buf secret = { 0 };
	const struct login *login = NULL;

	if (c->ask == NULL)
		return NULL;
	buf_reserve(&secret, 256);
	if (c->ask(buf_view(&r->name), buf_view(&c->ask_user), &secret,
	           c->ask_arg)
	    && buf_error(&secret) == OK
	    && credentials_set_login(&r->asked, buf_view(&c->ask_user),
	                             buf_view(&secret)) == OK)
		login = &r->asked;
	if (secret.p != NULL)
		crypto_wipe(secret.p, secret.cap);
	buf_deinit(&secret);
	return login;
}

/* Answers the group of challenges that begins with first. */
static enum auth_verdict answer_group(const struct hearing *h,
                                      const struct offer *first)
{
	struct credentials *c = h->c;
	struct realm *r = credentials_find(c, first->challenge.realm);
	enum auth_verdict verdict;
	const struct login *login;
	const struct offer *best;
	struct answer *a;

	if ((r == NULL || !r->granted.present)
	    && !c->own.present && c->ask == NULL)
		return refuse_none(h, first);
	if (!credentials_in_scope(c, r, first->asker, h->req)
	    || (r == NULL && c->nrealms >= REALMS_MAX))
		return refuse_scope(h, first);
	if (r == NULL)
		r = credentials_remember(c, first->challenge.realm);
	if (r == NULL)
		return AUTH_NOMEM;
	note_strength(h, r, first);

	login = credentials_login(c, r);
	if (login == NULL)
		login = ask(c, r);
	if (login == NULL)
		return refuse_none(h, first);
	best = choose(h, r, first, login, &verdict);
	if (best == NULL)
		return verdict == AUTH_DOWNGRADE
		       ? refuse_downgrade(h, first)
		       : refuse_unsupported(h, first);
	a = &r->answers[first->asker];
	if (h->tried >= ANSWERS_MAX
	    || (was_answered(h, a) && !best->challenge.stale)) {
		refuse_rejected(h, first, login);
		a->ready = false;
		credentials_wipe_login(&r->asked);
		return AUTH_REJECTED;
	}
	r->learnt = true;
	return prepare(h, a, &best->challenge);
}

static void read_challenges(struct hearing *h, struct buf *scratch)
{
	const struct message *m = h->response;
	struct offer *o = h->offers;

	/* So that scratch does not move under the challenges that borrow
	 * from it. */
	buf_reserve(scratch, m->wire.len);
	for (size_t i = 1; i <= m->nheaders; i++) {
		const struct header *field = &m->headers[i];

		if (o == h->offers + CHALLENGES_MAX)
			break;
		if (field->id == HEADER_WWW_AUTHENTICATE)
			o->asker = ASKER_SERVER;
		else if (field->id == HEADER_PROXY_AUTHENTICATE)
			o->asker = ASKER_PROXY;
		else
			continue;
		if (challenge_parse(field->value, scratch, &o->challenge))
			o++;
	}
	h->noffers = (size_t)(o - h->offers);
}

static bool is_first_of_group(const struct hearing *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_group(&h->offers[n], &h->offers[i]))
			return false;
	return true;
}

static enum auth_verdict answer_all(const struct hearing *h)
{
	enum auth_verdict all = AUTH_UNSUPPORTED;
	bool any = false;

	for (size_t i = 0; i < h->noffers; i++) {
		enum auth_verdict one;

		if (!h->offers[i].challenge.is_digest
		    || !is_first_of_group(h, i))
			continue;
		one = answer_group(h, &h->offers[i]);
		if (one == AUTH_NOMEM)
			return AUTH_NOMEM;
		if (!any || one == AUTH_OK)
			all = one;
		any = true;
	}
	if (any)
		return all;
	buf_str(h->why, "only Digest is answered, not \"");
	buf_escaped(h->why, h->offers[0].challenge.scheme);
	buf_str(h->why, "\"");
	return AUTH_UNSUPPORTED;
}

enum auth_verdict credentials_challenged(struct credentials *c,
                                         const struct message *response,
                                         const struct auth_request *req,
                                         unsigned tried, struct buf *why)
{
	struct hearing h = {
		.c = c, .response = response, .req = req, .tried = tried,
		.why = why,
	};
	struct buf scratch = { 0 };
	enum auth_verdict verdict;

	read_challenges(&h, &scratch);
	if (buf_error(&scratch) != OK) {
		verdict = AUTH_NOMEM;
	} else if (h.noffers == 0) {
		buf_str(why, "there is no readable challenge");
		verdict = AUTH_MALFORMED;
	} else {
		verdict = answer_all(&h);
	}
	buf_deinit(&scratch);
	return verdict;
}
