#ifndef CLI_ACCOUNTS_H
#define CLI_ACCOUNTS_H

/* Who we are: named accounts, each with its servers, credentials and
 * registration. */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/message/credentials.h"
#include "core/message/uri.h"
#include "core/ua/registration.h"

struct account {
	struct list node;
	char *name;                     /* "alice", "work" */
	char *uri;                      /* the address of record */
	struct slice user, domain;      /* of uri */
	bool secure;                    /* a sips: one */
	char *auth_user;
	char *registrar;                /* a URI; default sip:DOMAIN */
	char *proxy;                    /* a Route value with lr; NULL: none */
	uint32_t expires_s;
	struct credentials *credentials;
	bool has_secret;
	struct registration *registration;      /* NULL until it is used */
	bool registered;
	void *operation;                /* the command that waits for it */
};

struct accounts {
	struct list list;
	struct account *current;        /* NULL: anonymous */
};

struct account_params {
	struct slice name;              /* empty: the user part of uri */
	struct slice uri, user, registrar, proxy;
	struct slice secret;            /* password or HA1:hex; empty: none */
	uint32_t expires_s;             /* 0: the setting's */
};

void accounts_init(struct accounts *as);
void accounts_deinit(struct accounts *as);
/* ERR_SYNTAX with why (which part is wrong, and what was expected); the first
 * one becomes the current. */
enum error accounts_add(struct accounts *as, const struct account_params *p,
                        struct account **out, struct buf *why);
/* "REALM=USER:FILE", of --credentials. */
enum error account_add_realm(struct account *a, struct slice text,
                             struct buf *why);
struct account *accounts_find(const struct accounts *as, struct slice name);
/* Ends its registration's refreshing; sends nothing. */
void accounts_remove(struct accounts *as, struct account *a);
/* From and To of requests: `sip:alice@example.com`, or anonymous. */
struct slice account_from(const struct account *a);
/* Appends a URI made of what a user typed: a bare "bob" becomes sip:bob@DOMAIN.
 * False with why. a may be NULL. */
bool account_complete_uri(const struct account *a, struct slice typed,
                          struct buf *out, struct buf *why);

#endif
