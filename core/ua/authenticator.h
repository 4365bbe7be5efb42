#ifndef CORE_UA_AUTHENTICATOR_H
#define CORE_UA_AUTHENTICATOR_H

/*
 * A server's side of digest authentication (RFC 3261 22.4, RFC 7616, RFC
 * 8760): its users, the challenges it makes, and the nonces that were used.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/env.h"
#include "core/message/message.h"

struct authenticator;

/* Copies realm. NULL: no memory. */
struct authenticator *authenticator_new(struct env *env, struct slice realm,
                                        uint32_t nonce_age_s);
/* Wipes secrets. Accepts NULL. */
void authenticator_free(struct authenticator *a);
/* secret: a password, or "HA1:" and hex; of a name that is known already it
 * takes the place of the old one. ERR_NOMEM. */
enum error authenticator_add_user(struct authenticator *a, struct slice name,
                                  struct slice secret);
bool authenticator_has_users(const struct authenticator *a);
bool authenticator_knows(const struct authenticator *a, struct slice name);

enum authenticator_verdict {
	AUTHENTICATOR_PASS,
	AUTHENTICATOR_CHALLENGE,        /* no answer, or a wrong one */
	AUTHENTICATOR_STALE             /* a good one, to a nonce that is old or
	                                 * not ours, or whose count was used */
};
/* Checks the Authorization of request for our realm. On PASS the user's name
 * is appended to user. Only qop=auth will do: without its count an answer
 * could be replayed. */
enum authenticator_verdict authenticator_check(struct authenticator *a,
                                               const struct message *request,
                                               struct buf *user);

enum { AUTHENTICATOR_CHALLENGES_MAX = 2 };
/* WWW-Authenticate values, the strongest algorithm first, that every user's
 * secret can answer. They borrow from text, which must be empty. Returns how
 * many; 0: no memory. */
size_t authenticator_challenges(struct authenticator *a, bool stale,
                                struct buf *text,
                                struct slice out[AUTHENTICATOR_CHALLENGES_MAX]);

#endif
