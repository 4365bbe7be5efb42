#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

/* What the files of TLS share: one connection's state, and its context. */

#include <openssl/ssl.h>

#include "net/tls.h"

struct tls_session {
	struct conn *conn;
	SSL *ssl;                       /* NULL: why says what is missing */
	char *name;                     /* the domain wanted; "": none */
	bool insecure;                  /* a fault is no end, but a warning */
	bool silent;                    /* nor that: somebody only looks */
	struct buf fault;               /* what is wrong with the peer */
	struct buf why;                 /* what was told as the end */
	enum error io_err;              /* of the socket; OK: none */
	const char *io_why;
};

/* The OpenSSL context, made when there is none. NULL with why. Borrowed. */
SSL_CTX *tls_profile_context(struct tls_profile *p, struct buf *why);
bool tls_profile_is_insecure(const struct tls_profile *p);
/* Has a certificate authority of its own, so that clients can be verified. */
bool tls_profile_has_ca(const struct tls_profile *p);

/* Verifies the peer of an SSL whose application data is a struct tls_session;
 * of the signature that SSL_CTX_set_cert_verify_callback() wants. */
int tls_session_verify(X509_STORE_CTX *ctx, void *arg);

#endif
