#ifndef CORE_MESSAGE_CRYPTO_H
#define CORE_MESSAGE_CRYPTO_H

/* The hashes that digest access authentication is made of. The only user of
 * libcrypto in core. Nothing here can fail. */

#include <stdbool.h>
#include <stddef.h>

#include "core/base/slice.h"

enum crypto_hash {
	CRYPTO_MD5,             /* RFC 1321 */
	CRYPTO_SHA_256,         /* FIPS 180-4 */
	CRYPTO_SHA_512_256      /* FIPS 180-4 5.3.6.2 */
};

enum { CRYPTO_HEX_MAX = 65 };

/* Digits of such a hash: 32 or 64. */
size_t crypto_hex_len(enum crypto_hash f);

/* The hash of the parts with a colon between each two: lower-case hex, NUL
 * terminated. */
void crypto_hash_joined(enum crypto_hash f, const struct slice *parts,
                        size_t n, char hex[CRYPTO_HEX_MAX]);
/* HMAC-SHA-256 (RFC 2104) of the same. */
void crypto_hmac_joined(const unsigned char key[16],
                        const struct slice *parts, size_t n,
                        char hex[CRYPTO_HEX_MAX]);

/* Takes the same time whatever differs, but for the length. */
bool crypto_equal(struct slice a, struct slice b);
/* Overwrites a secret, whatever the optimiser thinks of it. */
void crypto_wipe(void *p, size_t n);

#endif
