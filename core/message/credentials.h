#ifndef CORE_MESSAGE_CREDENTIALS_H
#define CORE_MESSAGE_CREDENTIALS_H

/*
 * Who may be answered with what: the users and secrets of one account, with
 * their scope, and the memory of what its realms have asked (RFC 3261 22.2,
 * 22.3): nonces with their counts, and whether MD5 was outgrown.
 *
 * The scope rule: the own secret goes only where the next hop is one of
 * the account's own hosts, and only for a realm that is the account's. A
 * realm becomes that when own hosts challenge with it: the Request-URI's host
 * (401), or the next hop as a proxy (407). A realm added by name is answered
 * whoever asks. Inside a dialog that the peer opened, only realms that were
 * answered before outside such a dialog are.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/env.h"
#include "core/base/error.h"
#include "core/base/slice.h"
#include "core/message/message.h"

/*
 * Asked for a secret that is not at hand. Writes the password, or "HA1:" and
 * hex, into out and returns true. Asked at most once a challenge; what it
 * gave is kept for the realm until it is rejected.
 */
typedef bool secret_fn(struct slice realm, struct slice user,
                       struct buf *out, void *arg);

struct credentials;

/* NULL when memory is short. */
struct credentials *credentials_new(void);
/* Wipes secrets. Accepts NULL. */
void credentials_free(struct credentials *c);

/* The account's own user and secret (password, or "HA1:" and 32 or 64 hex
 * digits): for whatever realm the account's own servers challenge with.
 * ERR_NOMEM; ERR_SYNTAX for CR, LF or NUL in user. Copies both. */
enum error credentials_set_own(struct credentials *c, struct slice user,
                               struct slice secret);
/* A host that is the account's own: its domain, registrar or proxy. */
enum error credentials_add_host(struct credentials *c, struct slice host);
/* For this realm exactly, whoever challenges with it; the last secret given
 * for a realm counts. Errors as credentials_set_own(). */
enum error credentials_add_realm(struct credentials *c, struct slice realm,
                                 struct slice user, struct slice secret);
/* Asked when there is no secret: for the account's own user, under the
 * same scope rules. fn NULL: nobody is asked. Errors as
 * credentials_set_own(). */
enum error credentials_set_ask(struct credentials *c, struct slice user,
                               secret_fn *fn, void *arg);

enum auth_verdict {
	AUTH_OK,                /* there is something new to answer */
	AUTH_NONE,              /* no credentials for this realm */
	AUTH_SCOPE,             /* they are not for this server or realm */
	AUTH_REJECTED,          /* answered already in this exchange, and not
	                         * stale: the secret is wrong; or three
	                         * answers were given */
	AUTH_UNSUPPORTED,       /* no scheme, algorithm or qop of ours */
	AUTH_DOWNGRADE,         /* MD5, where stronger was asked before */
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
 * caller: how often AUTH_OK was returned for it; each answer has taken the
 * next CSeq number of the same Call-ID (response has been checked).
 * One challenge a realm is answered: the topmost that is supported; MD5 only
 * where this realm never offered stronger, or the secret is an HA1 of MD5.
 *
 * AUTH_OK when at least one realm can be answered; else the verdict of
 * the first that cannot, and why (appended, escaped) tells the user: realm,
 * what was refused, how to allow it.
 */
enum auth_verdict credentials_challenged(struct credentials *c,
                                         const struct message *response,
                                         const struct auth_request *req,
                                         unsigned tried, struct buf *why);

/*
 * Appends "Authorization: ..." and "Proxy-Authorization: ..." lines with
 * CRLF for every realm that is remembered for this request's servers; nothing
 * when none is. nc counts up. Also used ahead of a challenge, for later
 * requests of a dialog or registration: an answer is remembered for the
 * hosts that asked for it (a proxy's own, for its next hop). ERR_NOMEM.
 */
enum error credentials_authorize(struct credentials *c, struct env *env,
                                 const struct auth_request *req,
                                 struct buf *out);
/* Reads a 2xx's Authentication-Info: nextnonce. */
void credentials_authentication_info(struct credentials *c,
                                     const struct message *response);
/* Forgets nonces; keeps secrets and what strength was seen. */
void credentials_forget(struct credentials *c);

#endif
