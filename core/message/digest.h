#ifndef CORE_MESSAGE_DIGEST_H
#define CORE_MESSAGE_DIGEST_H

/*
 * Digest access authentication: RFC 3261 22, RFC 7616, RFC 8760. Both
 * halves: answering challenges, and (for the registrar) making and checking
 * them. The only user of libcrypto in core.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/env.h"
#include "core/base/error.h"
#include "core/base/slice.h"
#include "core/message/message.h"

/* Weakest first; the order is that of preference. */
enum digest_algorithm {
	DIGEST_UNKNOWN,
	DIGEST_MD5,
	DIGEST_MD5_SESS,
	DIGEST_SHA_256,
	DIGEST_SHA_256_SESS,
	DIGEST_SHA_512_256,
	DIGEST_SHA_512_256_SESS
};
/* "SHA-256-sess"; "" for DIGEST_UNKNOWN. Static. */
const char *digest_algorithm_name(enum digest_algorithm a);
enum digest_algorithm digest_algorithm_from_name(struct slice name);
/* 1 MD5, 2 SHA-256, 3 SHA-512-256: sess or not is no difference. */
unsigned digest_strength(enum digest_algorithm a);

enum digest_qop { QOP_NONE = 0, QOP_AUTH = 1, QOP_AUTH_INT = 2 };

enum { DIGEST_HEX_MAX = 65 };

/* What a response is computed of. Slices hold the values without quotes and
 * escapes. */
struct digest_input {
	enum digest_algorithm algorithm;
	struct slice user, realm;
	struct slice password;          /* or */
	struct slice ha1;               /* hex of H(user:realm:password) */
	struct slice nonce, cnonce;
	uint32_t nc;
	enum digest_qop qop;
	struct slice method, uri, body;
};
/* Lower-case hex, NUL terminated. False when libcrypto fails. */
bool digest_compute(const struct digest_input *in,
                    char hex[DIGEST_HEX_MAX]);
/* H(user:realm:password) of the base algorithm, as a user may store it. */
bool digest_ha1(enum digest_algorithm a, struct slice user,
                struct slice realm, struct slice password,
                char hex[DIGEST_HEX_MAX]);

/* --- a WWW-Authenticate or Proxy-Authenticate value --- */
struct challenge {
	struct slice scheme;            /* "Digest" */
	bool is_digest;
	struct slice realm, nonce, opaque, domain; /* quotes taken off */
	enum digest_algorithm algorithm;  /* MD5 where absent */
	unsigned qops;                  /* enum digest_qop bits; 0: none named */
	bool has_qop;                   /* named, known or not */
	bool stale, userhash, utf8;
};
/* Borrows from in and from scratch (escaped values). False: not readable,
 * or Digest without realm or nonce. */
bool challenge_parse(struct slice in, struct buf *scratch,
                     struct challenge *out);

/* --- an Authorization or Proxy-Authorization value --- */
struct authorization {
	bool is_digest;
	struct slice user, realm, nonce, uri, response, cnonce, opaque;
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	bool has_qop;
	uint32_t nc;
	bool userhash;
};
bool authorization_parse(struct slice in, struct buf *scratch,
                         struct authorization *out);

/* --- credentials: who may be answered with what --- */

/*
 * Asked for a secret that is not at hand. Writes the password, or "HA1:" and hex,
 * into out and returns true. Asked at most once a challenge.
 */
typedef bool secret_fn(struct slice realm, struct slice user,
                       struct buf *out, void *arg);

/*
 * The users and passwords of one account, with their scope (SECURITY: an
 * answer goes to no realm and no server that it was not meant for), and
 * the memory of what its realms have asked: nonces with their counts, the
 * strongest algorithm seen.
 */
struct credentials;

struct credentials *credentials_new(void);
/* Wipes secrets. Accepts NULL. */
void credentials_free(struct credentials *c);

/* The account's own user and secret (password, or "HA1:" and 32 or 64 hex
 * digits): for whatever realm the account's own servers challenge with. */
enum error credentials_set_own(struct credentials *c, struct slice user,
                               struct slice secret);
/* A host that is the account's own: its domain, registrar or proxy. */
enum error credentials_add_host(struct credentials *c, struct slice host);
/* For this realm exactly, whoever challenges with it. */
enum error credentials_add_realm(struct credentials *c, struct slice realm,
                                 struct slice user, struct slice secret);
/* Asked when there is no secret: for the account's own user, under the
 * same scope rules. */
void credentials_set_ask(struct credentials *c, struct slice user,
                         secret_fn *fn, void *arg);

enum auth_verdict {
	AUTH_OK,                /* answers were written */
	AUTH_NONE,              /* no credentials for this realm */
	AUTH_SCOPE,             /* they are not for this server or realm */
	AUTH_REJECTED,          /* this nonce (or one not stale) was answered
	                         * already: the secret is wrong */
	AUTH_UNSUPPORTED,       /* no scheme, algorithm or qop of ours */
	AUTH_DOWNGRADE,         /* weaker than this realm has asked before */
	AUTH_MALFORMED,         /* no readable challenge */
	AUTH_NOMEM
};

/* The request to be authorised. */
struct auth_request {
	struct slice method, uri, body;
	struct slice request_host;      /* of the Request-URI */
	struct slice next_hop_host;     /* first Route's, or request_host */
	bool peer_opened;               /* inside a dialog the peer opened */
};

/*
 * Reads all challenges of a 401 or 407 and remembers for each realm what
 * to answer. tried counts answers given in this exchange so far, by the
 * caller. why tells the user: realm, what was refused, how to allow it.
 * One challenge a realm is answered: the topmost that is supported; MD5 only
 * where this realm never offered stronger.
 */
enum auth_verdict credentials_challenged(struct credentials *c,
                                         const struct message *response,
                                         const struct auth_request *req,
                                         unsigned tried, struct buf *why);

/*
 * Appends "Authorization: ..." and "Proxy-Authorization: ..." lines with
 * CRLF for every realm that is remembered for this request's servers; nothing
 * when none is. nc counts up. Also used ahead of a challenge, for later
 * requests of a dialog or registration. ERR_NOMEM.
 */
enum error credentials_authorize(struct credentials *c, struct env *env,
                                 const struct auth_request *req,
                                 struct buf *out);
/* Reads a 2xx's Authentication-Info: nextnonce. */
void credentials_authentication_info(struct credentials *c,
                                     const struct message *response);
/* Forgets nonces; keeps secrets and the strongest algorithms seen. */
void credentials_forget(struct credentials *c);

/* --- the server's half --- */

/* Appends a challenge value: Digest realm, nonce, algorithm, qop="auth",
 * stale=true where asked. The nonce carries its time, sealed with key. */
void digest_challenge_print(struct buf *out, struct slice realm,
                            const unsigned char key[16], uint64_t now_us,
                            enum digest_algorithm a, bool stale);

enum digest_check {
	DIGEST_GOOD, DIGEST_STALE, DIGEST_BAD, DIGEST_MISSING
};
/* Checks one authorization against a secret (password or "HA1:hex"), a
 * nonce made with key not older than max_age_s, and the request. The caller
 * guards nc. Comparison takes the same time whatever differs. */
enum digest_check digest_check(const struct authorization *a,
                               struct slice secret, struct slice method,
                               struct slice request_uri, struct slice body,
                               const unsigned char key[16],
                               uint64_t now_us, uint32_t max_age_s);

#endif
