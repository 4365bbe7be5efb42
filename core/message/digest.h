#ifndef CORE_MESSAGE_DIGEST_H
#define CORE_MESSAGE_DIGEST_H

/*
 * Digest access authentication: RFC 3261 22, RFC 7616, RFC 8760. The
 * arithmetic and the header values; and the server's half, making challenges
 * and checking answers. Whom to answer is core/message/credentials.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/slice.h"

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
/* 1 MD5, 2 SHA-256, 3 SHA-512-256: sess or not is no difference. 0: unknown. */
unsigned digest_strength(enum digest_algorithm a);

/* One of the -sess: A1 holds the cnonce. */
bool digest_is_session(enum digest_algorithm a);

enum digest_qop { QOP_NONE = 0, QOP_AUTH = 1, QOP_AUTH_INT = 2 };
/* "auth"; "" for QOP_NONE. Static. */
const char *digest_qop_name(enum digest_qop qop);

enum { DIGEST_HEX_MAX = 65 };

/* What a response is computed of. Slices hold the values without quotes and
 * escapes. */
struct digest_input {
	enum digest_algorithm algorithm;
	struct slice user, realm;
	struct slice password;          /* used where ha1 is empty */
	struct slice ha1;               /* hex of H(user:realm:password) */
	struct slice nonce, cnonce;
	uint32_t nc;
	enum digest_qop qop;
	struct slice method, uri, body;
};
/* Lower-case hex, NUL terminated. False for DIGEST_UNKNOWN, and for an ha1
 * that is not hex of this algorithm's length. */
bool digest_compute(const struct digest_input *in,
                    char hex[DIGEST_HEX_MAX]);
/* H(user:realm:password) of the base algorithm, as a user may store it.
 * False for DIGEST_UNKNOWN. */
bool digest_ha1(enum digest_algorithm a, struct slice user,
                struct slice realm, struct slice password,
                char hex[DIGEST_HEX_MAX]);

/* H(user:realm): what is sent for a user name where userhash=true (RFC 7616
 * 3.4.4). False for DIGEST_UNKNOWN. */
bool digest_userhash(enum digest_algorithm a, struct slice user,
                     struct slice realm, char hex[DIGEST_HEX_MAX]);

/* A nonce count as it is written: eight hex digits, NUL terminated. */
void digest_print_nc(uint32_t nc, char out[9]);

/* The hex digits of a secret written "HA1:" and 32 (MD5) or 64 (SHA-256) of
 * them; empty when it is a password. */
struct slice digest_secret_ha1(struct slice secret);
/* Whether a secret can answer a: a password always, an HA1 only what it was
 * made for. 64 digits are taken for SHA-256. */
bool digest_secret_fits(struct slice secret, enum digest_algorithm a);

/* --- a WWW-Authenticate or Proxy-Authenticate value --- */
struct challenge {
	struct slice scheme;            /* "Digest" */
	bool is_digest;
	struct slice realm, nonce, opaque, domain; /* quotes taken off */
	enum digest_algorithm algorithm;  /* MD5 where absent */
	unsigned qops;                  /* enum digest_qop bits of those known */
	bool has_qop;                   /* named, known or not */
	bool stale, userhash, utf8;
};
/* Borrows from in and from scratch, to which values that were escaped are
 * appended (it grows by in.len at most). False: not readable, a parameter
 * given twice, or Digest without realm or nonce. Of another scheme only
 * the realm is read. */
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
/* As challenge_parse(); False too for Digest without user, realm, nonce, uri
 * or response, and for an nc that is not eight hex digits. */
bool authorization_parse(struct slice in, struct buf *scratch,
                         struct authorization *out);

/* --- an Authentication-Info value (RFC 7616 3.5) --- */
struct authentication_info {
	struct slice nextnonce, cnonce; /* p NULL: not given */
};
bool authentication_info_parse(struct slice in, struct buf *scratch,
                               struct authentication_info *out);

/* --- the server's half --- */

/* Appends a challenge value: Digest realm, nonce, algorithm, qop="auth",
 * stale=true where asked. The nonce carries its time; realm, time and
 * algorithm are sealed with key. */
void digest_challenge_print(struct buf *out, struct slice realm,
                            const unsigned char key[16], uint64_t now_us,
                            enum digest_algorithm a, bool stale);

enum digest_check {
	DIGEST_GOOD,
	DIGEST_STALE,           /* right, but the nonce is old or not ours */
	DIGEST_BAD,
	DIGEST_MISSING          /* not Digest */
};
/* Checks one authorization against a secret (password or "HA1:hex"), a
 * nonce made with key not older than max_age_s, and the request. The caller
 * guards nc. Comparison takes the same time whatever differs. An answer
 * of another algorithm than was asked for is not GOOD. */
enum digest_check digest_check(const struct authorization *a,
                               struct slice secret, struct slice method,
                               struct slice request_uri, struct slice body,
                               const unsigned char key[16],
                               uint64_t now_us, uint32_t max_age_s);

#endif
