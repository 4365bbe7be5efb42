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
#include "net/tls.h"

struct item;

/* Commands that wait for operations on one registration, in order. */
enum { ACCOUNT_WAITING_MAX = 16 };

struct account {
	struct list node;
	char *name;                     /* "alice", "work" */
	char *uri;                      /* as given */
	struct uri parsed;              /* of uri */
	char *aor;                      /* sip:alice@example.com, of From */
	char *auth_user;
	char *registrar;                /* a URI; default sip:DOMAIN */
	char *proxy;                    /* a Route value with lr; NULL: none */
	char *ws_path;                  /* of the proxy; NULL: "/" */
	uint32_t expires_s;             /* 0: the setting's */
	struct credentials *credentials;
	bool has_secret;
	struct tls_profile *tls;        /* NULL: the program's */
	struct registration *registration;      /* NULL until it is used */
	bool once;                      /* left to expire at the end */
	void *waiter;                   /* registering.c's; owned */
	struct item *waiting[ACCOUNT_WAITING_MAX];
	unsigned nwaiting;
};

struct accounts {
	struct list list;
	struct account *current;        /* NULL: anonymous */
};

struct account_params {
	struct slice name;              /* empty: the user part of uri */
	struct slice uri, user, registrar, proxy;
	struct slice secret;            /* password or HA1:hex; p NULL: none */
	uint32_t expires_s;             /* 0: the setting's */
	const struct tls_settings *tls; /* for its servers; NULL: as for all */
};

void accounts_init(struct accounts *as);
void accounts_deinit(struct accounts *as);
/* False with why (which part is wrong, and what was expected). The first
 * account becomes the current one. */
bool accounts_add(struct accounts *as, const struct account_params *p,
                  struct account **out, struct buf *why);
/* "REALM=USER:FILE", of --credentials. False with why. */
bool account_add_realm(struct account *a, struct slice text,
                       struct buf *why);
/* A secret that was asked for. */
enum error account_set_secret(struct account *a, struct slice secret);
struct account *accounts_find(const struct accounts *as, struct slice name);
/* Ends its registration's refreshing; sends nothing. */
void accounts_remove(struct accounts *as, struct account *a);
/* A tls_profile_fn, with the accounts as its argument: of the account whose
 * domain, registrar or proxy this is, the current one first. */
struct tls_profile *accounts_tls(struct slice name, void *arg);
/* A ws_path_fn, with the accounts as its argument: of the proxy's URI. */
const char *accounts_ws_path(struct slice name, void *arg);
/* From and To of requests; a may be NULL: sip:anonymous@anonymous.invalid. */
struct slice account_from(const struct account *a);
/* Appends the URI that a user meant: a bare "bob" becomes sip:bob@DOMAIN (with
 * the account's port and transport). False with why. a may be NULL. */
bool account_complete_uri(const struct account *a, struct slice typed,
                          struct buf *out, struct buf *why);

#endif
