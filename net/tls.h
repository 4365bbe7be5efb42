#ifndef NET_TLS_H
#define NET_TLS_H

/*
 * TLS 1.2 and later (RFC 3261 26.3, RFC 5922) for the connections of a TCP
 * leg. A server has to prove the domain that was asked for; a connection is
 * used for requests to that domain alone. OpenSSL is set up when the first
 * connection is made, not before.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/transport/dispatcher.h"
#include "net/conn.h"
#include "net/loop.h"

/* Files are of PEM. */
struct tls_settings {
	const char *ca;                 /* whom to trust; NULL: whom the
	                                 * system trusts. With it, clients
	                                 * are asked for a certificate, too */
	const char *cert, *key;         /* ours; NULL: none. The chain may
	                                 * follow in cert, and the key, too:
	                                 * key may be NULL */
	bool insecure;                  /* takes any server; each connection
	                                 * is a warning in the log */
};

struct tls_profile;

/* Copies settings; reads no file. NULL: no memory. */
struct tls_profile *tls_profile_new(const struct tls_settings *settings);
/* Accepts NULL. Connections that were made with it go on. */
void tls_profile_free(struct tls_profile *p);
/* Reads the files now. False with why: one cannot be read or used, or, where
 * serving is meant, there is no certificate. */
bool tls_profile_check(struct tls_profile *p, bool serving, struct buf *why);

/* The profile for connections to name; NULL: the leg's own. */
typedef struct tls_profile *tls_profile_fn(struct slice name, void *arg);

/* Must outlive the legs that have it. */
struct tls_setup {
	struct tls_profile *own;
	tls_profile_fn *find;           /* NULL: own, always */
	void *arg;
	bool silent;                    /* any server will do, without a
	                                 * warning: it is only looked at */
};

/* What a connection to name is made with; borrowed, never NULL. */
struct tls_profile *tls_setup_profile(const struct tls_setup *setup,
                                      struct slice name);

/*
 * A TLS leg; the functions of net/tcp.h serve it. It listens where
 * tls_profile_check() said that own can serve, or is for going out only (see
 * struct tcp_kind). Errors are those of tcp_leg_open().
 */
enum error tls_leg_open(struct loop *loop, struct dispatcher *d,
                        struct tls_setup *setup, const struct addr *local,
                        bool listens, struct leg **out, const char **why);

/* The io of such connections; io_arg is the struct tls_setup. */
extern const struct conn_io conn_io_tls;
/* The domain that c leads to, or empty; lasts as long as c. */
struct slice tls_conn_name(const struct conn *c);
/* Appends "TLSv1.3 TLS_AES_256_GCM_SHA384"; nothing before the handshake. */
void tls_conn_print(struct buf *out, const struct conn *c);

#endif
