#ifndef CORE_MESSAGE_CREDENTIALS_INTERNAL_H
#define CORE_MESSAGE_CREDENTIALS_INTERNAL_H

/* What the rooms of credentials share: credentials.c keeps secrets and knows
 * their scope, credentials_challenged.c reads challenges,
 * credentials_authorize.c answers them. */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/message/credentials.h"
#include "core/message/digest.h"

/* A realm may ask as a server and as a proxy, each with its own nonce. */
enum asker { ASKER_SERVER, ASKER_PROXY, ASKER_COUNT };

struct login {
	bool present;
	struct buf user, secret;
};

/* What to answer, and where it was asked. */
struct answer {
	bool ready;
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	bool userhash, has_opaque;
	struct buf nonce, opaque;
	uint32_t nc;                    /* answers given to this nonce */
	char cnonce[ENV_TOKEN_LEN];     /* drawn with the first of them */
	struct buf request_host, next_hop;
	struct buf call_id;
	uint32_t cseq;
};

struct realm {
	struct list node;               /* struct credentials, realms */
	struct buf name;
	struct login granted;           /* by credentials_add_realm() */
	struct login asked;             /* by secret_fn */
	bool learnt;                    /* answered within our own scope */
	bool beyond_md5;                /* has offered stronger */
	struct answer answers[ASKER_COUNT];
};

struct host {
	struct list node;
	struct buf name;
};

struct credentials {
	struct login own;
	struct buf ask_user;
	secret_fn *ask;
	void *ask_arg;
	struct list hosts, realms;
	size_t nrealms;
};


/* Replaces what b holds. ERR_NOMEM. */
enum error credentials_assign(struct buf *b, struct slice s);
/* Overwrites the secret; harmless where there is none. */
void credentials_wipe_login(struct login *l);
/* Copies both. ERR_NOMEM; ERR_SYNTAX for CR, LF or NUL in user. */
enum error credentials_set_login(struct login *l, struct slice user,
                                 struct slice secret);

/* NULL when name was not heard of before. */
struct realm *credentials_find(const struct credentials *c,
                               struct slice name);
/* NULL when memory is short. */
struct realm *credentials_remember(struct credentials *c, struct slice name);
/* What answers r without asking anybody; NULL: nothing. */
const struct login *credentials_login(const struct credentials *c,
                                      const struct realm *r);

/* Names in any case, addresses in any spelling. */
bool credentials_same_host(struct slice a, struct slice b);
bool credentials_own_host(const struct credentials *c, struct slice name);
/* The scope rule (credentials.h). r NULL: a realm not heard of before. */
bool credentials_in_scope(const struct credentials *c, const struct realm *r,
                          enum asker asker, const struct auth_request *req);

#endif
