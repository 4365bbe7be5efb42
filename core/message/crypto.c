/* MD5, SHA-256 and SHA-512/256 over colon separated parts, by libcrypto. */

/*
 * The low-level hashes are deprecated since OpenSSL 3.0, and used all the
 * same: the first EVP call of a process costs a millisecond for providers
 * and configuration, the first of these three microseconds, and they cannot
 * fail.
 */
#define OPENSSL_API_COMPAT 10101

#include "core/message/crypto.h"

#include <stdint.h>

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

enum { MD_MAX = SHA512_DIGEST_LENGTH };

struct hasher {
	enum crypto_hash f;
	union {
		MD5_CTX md5;
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} u;
};

/* SHA-512/256 is SHA-512 cut short, from an initial value of its own, for
 * which there is no low-level function. */
static void sha512_256_init(SHA512_CTX *ctx)
{
	static const uint64_t initial[8] = {
		UINT64_C(0x22312194fc2bf72c), UINT64_C(0x9f555fa3c84c64c2),
		UINT64_C(0x2393b86b6f53b151), UINT64_C(0x963877195940eabd),
		UINT64_C(0x96283ee2a88effe3), UINT64_C(0xbe5e1e2553863992),
		UINT64_C(0x2b0199fc2c85b8aa), UINT64_C(0x0eb72ddc81c52ca2),
	};

	SHA512_Init(ctx);
	for (size_t i = 0; i < 8; i++)
		ctx->h[i] = initial[i];
}

static void hasher_init(struct hasher *h, enum crypto_hash f)
{
	h->f = f;
	switch (f) {
	case CRYPTO_MD5:
		MD5_Init(&h->u.md5);
		break;
	case CRYPTO_SHA_256:
		SHA256_Init(&h->u.sha256);
		break;
	case CRYPTO_SHA_512_256:
		sha512_256_init(&h->u.sha512);
		break;
	}
}

static void hasher_update(struct hasher *h, const void *p, size_t n)
{
	switch (h->f) {
	case CRYPTO_MD5:
		MD5_Update(&h->u.md5, p, n);
		break;
	case CRYPTO_SHA_256:
		SHA256_Update(&h->u.sha256, p, n);
		break;
	case CRYPTO_SHA_512_256:
		SHA512_Update(&h->u.sha512, p, n);
		break;
	}
}

static void hasher_update_joined(struct hasher *h, const struct slice *parts,
                                 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			hasher_update(h, ":", 1);
		if (parts[i].len != 0)
			hasher_update(h, parts[i].p, parts[i].len);
	}
}

/* The hash is the first crypto_hex_len() / 2 octets of md. */
static void hasher_final(struct hasher *h, unsigned char md[MD_MAX])
{
	switch (h->f) {
	case CRYPTO_MD5:
		MD5_Final(md, &h->u.md5);
		break;
	case CRYPTO_SHA_256:
		SHA256_Final(md, &h->u.sha256);
		break;
	case CRYPTO_SHA_512_256:
		SHA512_Final(md, &h->u.sha512);
		break;
	}
	OPENSSL_cleanse(h, sizeof(*h));
}

static void print_hex(char *hex, unsigned char *md, enum crypto_hash f)
{
	size_t len = crypto_hex_len(f);

	for (size_t i = 0; i < len; i += 2) {
		hex[i] = "0123456789abcdef"[md[i / 2] >> 4];
		hex[i + 1] = "0123456789abcdef"[md[i / 2] & 15];
	}
	hex[len] = '\0';
	OPENSSL_cleanse(md, MD_MAX);
}

size_t crypto_hex_len(enum crypto_hash f)
{
	return f == CRYPTO_MD5 ? 2 * MD5_DIGEST_LENGTH
	                       : 2 * SHA256_DIGEST_LENGTH;
}

void crypto_hash_joined(enum crypto_hash f, const struct slice *parts,
                        size_t n, char hex[CRYPTO_HEX_MAX])
{
	unsigned char md[MD_MAX];
	struct hasher h;

	hasher_init(&h, f);
	hasher_update_joined(&h, parts, n);
	hasher_final(&h, md);
	print_hex(hex, md, f);
}

void crypto_hmac_joined(const unsigned char key[16],
                        const struct slice *parts, size_t n,
                        char hex[CRYPTO_HEX_MAX])
{
	unsigned char pad[SHA256_CBLOCK], md[MD_MAX];
	struct hasher h;

	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] = (unsigned char)((i < 16 ? key[i] : 0) ^ 0x36);
	hasher_init(&h, CRYPTO_SHA_256);
	hasher_update(&h, pad, sizeof(pad));
	hasher_update_joined(&h, parts, n);
	hasher_final(&h, md);

	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hasher_init(&h, CRYPTO_SHA_256);
	hasher_update(&h, pad, sizeof(pad));
	hasher_update(&h, md, SHA256_DIGEST_LENGTH);
	hasher_final(&h, md);
	OPENSSL_cleanse(pad, sizeof(pad));
	print_hex(hex, md, CRYPTO_SHA_256);
}

bool crypto_equal(struct slice a, struct slice b)
{
	return a.len == b.len && CRYPTO_memcmp(a.p, b.p, a.len) == 0;
}

void crypto_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
