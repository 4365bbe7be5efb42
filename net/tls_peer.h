#ifndef NET_TLS_PEER_H
#define NET_TLS_PEER_H

/*
 * Whom a certificate belongs to (RFC 5922), and what is wrong with one, in
 * words. All names are escaped for a person: they come from the wire.
 */

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "core/base/buf.h"

/*
 * Whether cert belongs to name, the domain that was asked for (not an SRV
 * target), or a numeric host with or without brackets. RFC 5922 7.1, 7.2: a
 * URI "sip:DOMAIN" or a DNS name of subjectAltName, as a whole (no
 * wildcards); the CN only where there is no subjectAltName; of a numeric host
 * an IP address of subjectAltName. False with why: which names it has, which
 * was wanted; or that one of them holds a NUL, which is never accepted.
 */
bool tls_peer_is(X509 *cert, struct slice name, struct buf *why);

/* What X509_verify_cert() had against a chain. */
void tls_peer_print_fault(struct buf *out, X509_STORE_CTX *ctx);

/* "DNS:example.com, URI:sip:example.com", or "CN:example.com" where there is no
 * subjectAltName; "no name" when there is neither. */
void tls_peer_print_names(struct buf *out, X509 *cert);
/* "CN=example.com, O=Example" */
void tls_peer_print_subject(struct buf *out, const X509_NAME *subject);
/* "2026-11-23 07:30:00 UTC" */
void tls_peer_print_time(struct buf *out, const ASN1_TIME *t);
/* "RSA 2048", "EC P-256" */
void tls_peer_print_key(struct buf *out, X509 *cert);

#endif
