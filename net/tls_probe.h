#ifndef NET_TLS_PROBE_H
#define NET_TLS_PROBE_H

/* Looks at a TLS server: a connection, its handshake to the end whatever is
 * wrong with the certificate, and what came to light. */

#include <stdbool.h>
#include <stddef.h>

#include "core/base/addr.h"
#include "net/tls.h"

/* Texts are escaped for a person. */
struct tls_certificate {
	char *subject, *issuer;
	char *names;                    /* as RFC 5922 sees them */
	char *not_before, *not_after;   /* "2026-11-23 07:30:00 UTC" */
	char *key, *signature;          /* "EC P-256", "ecdsa-with-SHA256" */
	char *fingerprint;              /* SHA-256, hex */
};

/* Dies when the call returns. */
struct tls_report {
	enum error err;         /* OK; ERR_TLS: not to be trusted, or there was
	                         * no handshake; else the network's */
	const char *why;        /* of err; "" for OK */
	const char *protocol, *cipher;  /* "" without a handshake */
	const struct tls_certificate *chain;    /* as sent, the peer's first */
	size_t nchain;
};
typedef void tls_probe_fn(const struct tls_report *report, void *arg);

struct tls_probe;

/* Calls fn once, never from inside. NULL: no memory, or *why (static) is what
 * the network says. profile is for verifying, and gives our certificate; a
 * profile's insecure changes nothing here. */
struct tls_probe *tls_probe_start(struct loop *loop,
                                  struct tls_profile *profile,
                                  const struct addr *remote,
                                  struct slice name, tls_probe_fn *fn,
                                  void *arg, const char **why);
/* Accepts NULL; also from inside fn, after which it is to be called. */
void tls_probe_free(struct tls_probe *p);

#endif
