/* Digest authentication as a server asks for it. */

#include "core/ua/authenticator.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/message/digest.h"

/* Strongest first: RFC 8760 2.4. */
static const enum digest_algorithm offered[AUTHENTICATOR_CHALLENGES_MAX] = {
	DIGEST_SHA_256, DIGEST_MD5,
};

enum { NONCES_MAX = 1024 };

struct authenticator {
	struct env *env;
	char *realm;
	uint32_t nonce_age_s;
	unsigned char key[16];          /* seals our nonces */
	uint64_t challenged_us;         /* when it last did; see next_instant */
	bool fits[AUTHENTICATOR_CHALLENGES_MAX];  /* every secret so far */
	struct hash users, nonces;
};

struct user {
	struct hash_node node;
	char *name, *secret;
	size_t name_len, secret_len;
};

/* A nonce that was answered well, and the highest count it was used with. */
struct nonce {
	struct hash_node node;
	char *text;
	size_t len;
	uint32_t nc;
};

static struct user *find_user(const struct authenticator *a,
                              struct slice name)
{
	struct hash_node *it;

	for (it = hash_first(&a->users, hash_of(&a->users, &name, 1));
	     it != NULL; it = hash_next(it)) {
		struct user *u = CONTAINER_OF(it, struct user, node);

		if (slice_eq(slice_make(u->name, u->name_len), name))
			return u;
	}
	return NULL;
}

static struct nonce *find_nonce(const struct authenticator *a,
                                struct slice text)
{
	struct hash_node *it;

	for (it = hash_first(&a->nonces, hash_of(&a->nonces, &text, 1));
	     it != NULL; it = hash_next(it)) {
		struct nonce *n = CONTAINER_OF(it, struct nonce, node);

		if (slice_eq(slice_make(n->text, n->len), text))
			return n;
	}
	return NULL;
}

static void secret_free(char *secret, size_t len)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, len);
	free(secret);
}

static void user_free(struct user *u)
{
	secret_free(u->secret, u->secret_len);
	free(u->name);
	free(u);
}

static void nonce_free(struct nonce *n)
{
	free(n->text);
	free(n);
}

static void drop_user(struct hash_node *node, void *arg)
{
	struct authenticator *a = arg;

	hash_remove(&a->users, node);
	user_free(CONTAINER_OF(node, struct user, node));
}

static void drop_nonce(struct hash_node *node, void *arg)
{
	struct authenticator *a = arg;

	hash_remove(&a->nonces, node);
	nonce_free(CONTAINER_OF(node, struct nonce, node));
}

/* Makes every nonce given out so far stale, so that none of them needs to be
 * remembered. */
static void forget_nonces(struct authenticator *a)
{
	env_random(a->env, a->key, sizeof(a->key));
	hash_each(&a->nonces, drop_nonce, a);
}

/* RFC 7616 3.4: the count must rise with each use of a nonce. */
static bool use_nonce(struct authenticator *a, struct slice text, uint32_t nc)
{
	struct nonce *n = find_nonce(a, text);

	if (n != NULL) {
		if (nc <= n->nc)
			return false;
		n->nc = nc;
		return true;
	}
	if (a->nonces.count >= NONCES_MAX) {
		forget_nonces(a);
		return false;
	}
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return false;
	n->text = slice_dup(text);
	n->len = text.len;
	n->nc = nc;
	if (n->text == NULL
	    || hash_insert(&a->nonces, &n->node, hash_of(&a->nonces, &text, 1))
	       != OK) {
		nonce_free(n);
		return false;
	}
	return true;
}

/*
 * Now, but never the same twice. Many clients are challenged in one turn of the
 * loop, and time stands still meanwhile: with the same nonce, only one of them
 * could have the count 1.
 */
static uint64_t next_instant(struct authenticator *a)
{
	uint64_t now_us = env_now_us(a->env);

	a->challenged_us = now_us > a->challenged_us ? now_us
	                                             : a->challenged_us + 1;
	return a->challenged_us;
}

/* No nonce of ours is of the future, though next_instant() ran ahead. */
static uint64_t present_instant(const struct authenticator *a)
{
	uint64_t now_us = env_now_us(a->env);

	return now_us > a->challenged_us ? now_us : a->challenged_us;
}

static enum authenticator_verdict judge(struct authenticator *a,
                                        const struct message *request,
                                        const struct authorization *auth)
{
	const struct user *u = find_user(a, auth->user);

	if (u == NULL || auth->qop != QOP_AUTH)
		return AUTHENTICATOR_CHALLENGE;
	switch (digest_check(auth, slice_make(u->secret, u->secret_len),
	                     request->method_name, request->uri_text,
	                     request->body, a->key, present_instant(a),
	                     a->nonce_age_s)) {
	case DIGEST_GOOD:
		return use_nonce(a, auth->nonce, auth->nc)
		       ? AUTHENTICATOR_PASS : AUTHENTICATOR_STALE;
	case DIGEST_STALE:
		return AUTHENTICATOR_STALE;
	case DIGEST_BAD:
	case DIGEST_MISSING:
		break;
	}
	return AUTHENTICATOR_CHALLENGE;
}

enum authenticator_verdict authenticator_check(struct authenticator *a,
                                               const struct message *request,
                                               struct buf *user)
{
	enum authenticator_verdict verdict = AUTHENTICATOR_CHALLENGE;
	struct buf scratch = { 0 };
	struct authorization auth;
	struct slice value;

	for (size_t i = 0;
	     value = message_header(request, HEADER_AUTHORIZATION, i),
	     value.p != NULL; i++) {
		buf_reset(&scratch);
		if (!authorization_parse(value, &scratch, &auth)
		    || !auth.is_digest
		    || !slice_eq(auth.realm, slice_str(a->realm)))
			continue;
		verdict = judge(a, request, &auth);
		if (verdict == AUTHENTICATOR_PASS)
			buf_slice(user, auth.user);
		break;
	}
	buf_deinit(&scratch);
	return verdict;
}

/* Secrets that share no algorithm leave no choice but to offer all. */
static bool is_offered(const struct authenticator *a, size_t i)
{
	return a->fits[i] || (!a->fits[0] && !a->fits[1]);
}

size_t authenticator_challenges(struct authenticator *a, bool stale,
                                struct buf *text,
                                struct slice out[AUTHENTICATOR_CHALLENGES_MAX])
{
	size_t ends[AUTHENTICATOR_CHALLENGES_MAX], n = 0;
	uint64_t made_us = next_instant(a);

	for (size_t i = 0; i < ARRAY_LEN(offered); i++) {
		if (!is_offered(a, i))
			continue;
		digest_challenge_print(text, slice_str(a->realm), a->key,
		                       made_us, offered[i], stale);
		ends[n++] = text->len;
	}
	if (buf_error(text) != OK)
		return 0;
	for (size_t i = 0, start = 0; i < n; start = ends[i++])
		out[i] = slice_between(text->p + start, text->p + ends[i]);
	return n;
}

bool authenticator_has_users(const struct authenticator *a)
{
	return a->users.count != 0;
}

bool authenticator_knows(const struct authenticator *a, struct slice name)
{
	return find_user(a, name) != NULL;
}

enum error authenticator_add_user(struct authenticator *a, struct slice name,
                                  struct slice secret)
{
	struct user *old = find_user(a, name);
	struct user *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return ERR_NOMEM;
	u->name = slice_dup(name);
	u->name_len = name.len;
	u->secret = slice_dup(secret);
	u->secret_len = secret.len;
	if (u->name == NULL || u->secret == NULL
	    || hash_insert(&a->users, &u->node, hash_of(&a->users, &name, 1))
	       != OK) {
		user_free(u);
		return ERR_NOMEM;
	}
	if (old != NULL)
		drop_user(&old->node, a);
	for (size_t i = 0; i < ARRAY_LEN(offered); i++)
		a->fits[i] = a->fits[i]
		             && digest_secret_fits(secret, offered[i]);
	return OK;
}

struct authenticator *authenticator_new(struct env *env, struct slice realm,
                                        uint32_t nonce_age_s)
{
	struct authenticator *a = calloc(1, sizeof(*a));
	uint64_t seed[2];

	if (a == NULL)
		return NULL;
	a->env = env;
	a->nonce_age_s = nonce_age_s;
	a->realm = slice_dup(realm);
	for (size_t i = 0; i < ARRAY_LEN(offered); i++)
		a->fits[i] = true;
	env_random(env, a->key, sizeof(a->key));
	env_random(env, seed, sizeof(seed));
	hash_init(&a->users, seed);
	hash_init(&a->nonces, seed);
	if (a->realm == NULL) {
		authenticator_free(a);
		return NULL;
	}
	return a;
}

void authenticator_free(struct authenticator *a)
{
	if (a == NULL)
		return;
	hash_each(&a->users, drop_user, a);
	hash_each(&a->nonces, drop_nonce, a);
	hash_deinit(&a->users);
	hash_deinit(&a->nonces);
	explicit_bzero(a->key, sizeof(a->key));
	free(a->realm);
	free(a);
}
