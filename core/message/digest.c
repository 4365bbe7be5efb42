/* Digest access authentication: responses, header values, a server's half. */

#include "core/message/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/list.h"
#include "core/message/crypto.h"
#include "core/message/header.h"
#include "core/message/scan.h"

/* Hex digits of our own nonces. */
enum { NONCE_TIME = 16, NONCE_MAC = 32, NONCE_LEN = NONCE_TIME + NONCE_MAC };

static const struct {
	const char *name;
	enum crypto_hash hash;
	bool sess;
} algorithms[] = {
	[DIGEST_UNKNOWN]      = { "", CRYPTO_MD5, false },
	[DIGEST_MD5]          = { "MD5", CRYPTO_MD5, false },
	[DIGEST_MD5_SESS]     = { "MD5-sess", CRYPTO_MD5, true },
	[DIGEST_SHA_256]      = { "SHA-256", CRYPTO_SHA_256, false },
	[DIGEST_SHA_256_SESS] = { "SHA-256-sess", CRYPTO_SHA_256, true },
	[DIGEST_SHA_512_256]  = { "SHA-512-256", CRYPTO_SHA_512_256, false },
	[DIGEST_SHA_512_256_SESS] =
		{ "SHA-512-256-sess", CRYPTO_SHA_512_256, true },
};

enum param {
	PARAM_ALGORITHM,
	PARAM_CHARSET,
	PARAM_CNONCE,
	PARAM_DOMAIN,
	PARAM_NC,
	PARAM_NEXTNONCE,
	PARAM_NONCE,
	PARAM_OPAQUE,
	PARAM_QOP,
	PARAM_REALM,
	PARAM_RESPONSE,
	PARAM_STALE,
	PARAM_URI,
	PARAM_USERHASH,
	PARAM_USERNAME,
	PARAM_COUNT
};

static const struct slice param_names[PARAM_COUNT] = {
	[PARAM_ALGORITHM] = SLICE_INIT("algorithm"),
	[PARAM_CHARSET]   = SLICE_INIT("charset"),
	[PARAM_CNONCE]    = SLICE_INIT("cnonce"),
	[PARAM_DOMAIN]    = SLICE_INIT("domain"),
	[PARAM_NC]        = SLICE_INIT("nc"),
	[PARAM_NEXTNONCE] = SLICE_INIT("nextnonce"),
	[PARAM_NONCE]     = SLICE_INIT("nonce"),
	[PARAM_OPAQUE]    = SLICE_INIT("opaque"),
	[PARAM_QOP]       = SLICE_INIT("qop"),
	[PARAM_REALM]     = SLICE_INIT("realm"),
	[PARAM_RESPONSE]  = SLICE_INIT("response"),
	[PARAM_STALE]     = SLICE_INIT("stale"),
	[PARAM_URI]       = SLICE_INIT("uri"),
	[PARAM_USERHASH]  = SLICE_INIT("userhash"),
	[PARAM_USERNAME]  = SLICE_INIT("username"),
};

/* --- names --- */

const char *digest_algorithm_name(enum digest_algorithm a)
{
	return algorithms[a].name;
}

enum digest_algorithm digest_algorithm_from_name(struct slice name)
{
	for (unsigned i = DIGEST_MD5; i < ARRAY_LEN(algorithms); i++)
		if (slice_eq_nocase(name, slice_str(algorithms[i].name)))
			return (enum digest_algorithm)i;
	return DIGEST_UNKNOWN;
}

unsigned digest_strength(enum digest_algorithm a)
{
	return a == DIGEST_UNKNOWN ? 0 : 1 + (unsigned)algorithms[a].hash;
}

bool digest_is_session(enum digest_algorithm a)
{
	return algorithms[a].sess;
}

const char *digest_qop_name(enum digest_qop qop)
{
	switch (qop) {
	case QOP_NONE:
		return "";
	case QOP_AUTH:
		return "auth";
	case QOP_AUTH_INT:
		return "auth-int";
	}
	return "";
}

void digest_print_nc(uint32_t nc, char out[9])
{
	snprintf(out, 9, "%08" PRIx32, nc);
}

/* --- hashes --- */

/* False for DIGEST_UNKNOWN. */
static bool hash_joined(enum digest_algorithm a, const struct slice *parts,
                        size_t n, char hex[DIGEST_HEX_MAX])
{
	if (a == DIGEST_UNKNOWN)
		return false;
	crypto_hash_joined(algorithms[a].hash, parts, n, hex);
	return true;
}

bool digest_ha1(enum digest_algorithm a, struct slice user,
                struct slice realm, struct slice password,
                char hex[DIGEST_HEX_MAX])
{
	struct slice parts[] = { user, realm, password };

	return hash_joined(a, parts, ARRAY_LEN(parts), hex);
}

bool digest_userhash(enum digest_algorithm a, struct slice user,
                     struct slice realm, char hex[DIGEST_HEX_MAX])
{
	struct slice parts[] = { user, realm };

	return hash_joined(a, parts, ARRAY_LEN(parts), hex);
}

/* A stored HA1 may be written in upper case; the hash is of lower case. */
static bool copy_ha1(const struct digest_input *in, char hex[DIGEST_HEX_MAX])
{
	size_t len = crypto_hex_len(algorithms[in->algorithm].hash);

	if (in->ha1.len != len || !slice_all(in->ha1, CHAR_HEX))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = in->ha1.p[i];

		hex[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	hex[len] = '\0';
	return true;
}

/* A1 of RFC 7616 3.4.2. */
static bool hash_a1(const struct digest_input *in, char hex[DIGEST_HEX_MAX])
{
	if (in->ha1.len == 0) {
		if (!digest_ha1(in->algorithm, in->user, in->realm,
		                in->password, hex))
			return false;
	} else if (!copy_ha1(in, hex)) {
		return false;
	}
	if (algorithms[in->algorithm].sess) {
		struct slice parts[] = {
			slice_str(hex), in->nonce, in->cnonce,
		};

		return hash_joined(in->algorithm, parts, ARRAY_LEN(parts),
		                   hex);
	}
	return true;
}

/* A2 of RFC 7616 3.4.3. */
static bool hash_a2(const struct digest_input *in, char hex[DIGEST_HEX_MAX])
{
	struct slice parts[] = { in->method, in->uri, SLICE_EMPTY };
	char body[DIGEST_HEX_MAX];

	if (in->qop != QOP_AUTH_INT)
		return hash_joined(in->algorithm, parts, 2, hex);
	if (!hash_joined(in->algorithm, &in->body, 1, body))
		return false;
	parts[2] = slice_str(body);
	return hash_joined(in->algorithm, parts, 3, hex);
}

bool digest_compute(const struct digest_input *in, char hex[DIGEST_HEX_MAX])
{
	char a1[DIGEST_HEX_MAX], a2[DIGEST_HEX_MAX], nc[9];
	bool ok = false;

	if (in->algorithm == DIGEST_UNKNOWN
	    || !hash_a1(in, a1) || !hash_a2(in, a2))
		goto out;
	if (in->qop == QOP_NONE) {
		struct slice parts[] = {
			slice_str(a1), in->nonce, slice_str(a2),
		};

		ok = hash_joined(in->algorithm, parts, ARRAY_LEN(parts), hex);
	} else {
		digest_print_nc(in->nc, nc);
		struct slice parts[] = {
			slice_str(a1), in->nonce, slice_str(nc), in->cnonce,
			slice_str(digest_qop_name(in->qop)), slice_str(a2),
		};

		ok = hash_joined(in->algorithm, parts, ARRAY_LEN(parts), hex);
	}
out:
	crypto_wipe(a1, sizeof(a1));
	return ok;
}

struct slice digest_secret_ha1(struct slice secret)
{
	struct slice prefix = SLICE("HA1:");
	struct slice hex;

	if (!slice_starts_with(secret, prefix))
		return SLICE_EMPTY;
	hex = slice_skip(secret, prefix.len);
	if (!slice_all(hex, CHAR_HEX) || (hex.len != 32 && hex.len != 64))
		return SLICE_EMPTY;
	return hex;
}

bool digest_secret_fits(struct slice secret, enum digest_algorithm a)
{
	size_t len = digest_secret_ha1(secret).len;

	return len == 0 || digest_strength(a) == (len == 32 ? 1 : 2);
}

/* --- header values --- */

/* Names that differ in length need no look at their letters. */
static unsigned param_index(struct slice name)
{
	unsigned i = 0;

	while (i < PARAM_COUNT
	       && (name.len != param_names[i].len
	           || !slice_eq_nocase(name, param_names[i])))
		i++;
	return i;
}

/* A token or quoted-string up to the next comma or the end. Unquoted values
 * are taken as they are: some servers leave the quotes off a base64 nonce. */
static bool take_value(struct slice *in, struct buf *scratch,
                       struct slice *value)
{
	struct slice quoted;

	if (!scan_take_quoted(in, &quoted)) {
		if (in->len != 0 && in->p[0] == '"')
			return false;
		scan_take(in, scan_find(*in, ','), value);
		*value = scan_trim_end(*value);
		return value->len != 0;
	}
	*value = slice_make(quoted.p + 1, quoted.len - 2);
	if (scan_find(*value, '\\') != value->len)
		*value = unquote(quoted, scratch);
	scan_skip_lws(in);
	return in->len == 0 || in->p[0] == ',';
}

/* auth-param = token EQUAL ( token / quoted-string ) */
static bool take_param(struct slice *in, struct buf *scratch,
                       struct slice values[PARAM_COUNT])
{
	struct slice name, value;
	unsigned i;

	if (!scan_take_token(in, &name) || !scan_take_sep(in, '=')
	    || !take_value(in, scratch, &value))
		return false;
	i = param_index(name);
	if (i == PARAM_COUNT)
		return true;
	if (values[i].p != NULL)
		return false;
	values[i] = value;
	return true;
}

static void skip_commas(struct slice *in)
{
	do
		scan_skip_lws(in);
	while (scan_take_char(in, ','));
}

static bool read_params(struct slice in, struct buf *scratch,
                        struct slice values[PARAM_COUNT])
{
	memset(values, 0, PARAM_COUNT * sizeof(*values));
	/* What cannot be written back in a quoted-string is no value. */
	if (scan_find(in, '\0') != in.len || scan_find(in, '\r') != in.len
	    || scan_find(in, '\n') != in.len)
		return false;
	/* So that scratch does not move under the slices taken from it. */
	buf_reserve(scratch, in.len);
	for (skip_commas(&in); in.len != 0; skip_commas(&in))
		if (!take_param(&in, scratch, values))
			return false;
	return buf_error(scratch) == OK;
}

static bool read_scheme(struct slice *in, struct slice *scheme)
{
	return slice_take_token(in, scheme)
	       && (slice_take_lws(in) || in->len == 0);
}

static enum digest_algorithm read_algorithm(struct slice value)
{
	return value.p == NULL ? DIGEST_MD5
	                       : digest_algorithm_from_name(value);
}

static enum digest_qop read_qop(struct slice word)
{
	if (slice_eq_nocase(word, SLICE("auth")))
		return QOP_AUTH;
	if (slice_eq_nocase(word, SLICE("auth-int")))
		return QOP_AUTH_INT;
	return QOP_NONE;
}

static unsigned read_qops(struct slice list)
{
	struct slice word;
	unsigned qops = 0;

	while (slice_take_element(&list, &word))
		qops |= read_qop(word);
	return qops;
}

static bool is_true(struct slice value)
{
	return slice_eq_nocase(value, SLICE("true"));
}

bool challenge_parse(struct slice in, struct buf *scratch,
                     struct challenge *out)
{
	struct challenge c = { 0 };
	struct slice v[PARAM_COUNT];

	if (!read_scheme(&in, &c.scheme))
		return false;
	c.is_digest = slice_eq_nocase(c.scheme, SLICE("Digest"));
	if (!read_params(in, scratch, v)) {
		/* Other schemes may follow other grammars (token68). */
		if (c.is_digest)
			return false;
		memset(v, 0, sizeof(v));
	}
	c.realm = v[PARAM_REALM];
	if (c.is_digest) {
		c.nonce = v[PARAM_NONCE];
		c.opaque = v[PARAM_OPAQUE];
		c.domain = v[PARAM_DOMAIN];
		c.algorithm = read_algorithm(v[PARAM_ALGORITHM]);
		c.has_qop = v[PARAM_QOP].p != NULL;
		c.qops = read_qops(v[PARAM_QOP]);
		c.stale = is_true(v[PARAM_STALE]);
		c.userhash = is_true(v[PARAM_USERHASH]);
		c.utf8 = slice_eq_nocase(v[PARAM_CHARSET], SLICE("UTF-8"));
		if (c.realm.p == NULL || c.nonce.p == NULL)
			return false;
	}
	*out = c;
	return true;
}

/* nc-value = 8LHEX */
static bool read_nc(struct slice value, uint32_t *out)
{
	uint64_t n = 0;

	if (value.p != NULL && (value.len != 8 || !slice_to_hex(value, &n)))
		return false;
	*out = (uint32_t)n;
	return true;
}

bool authorization_parse(struct slice in, struct buf *scratch,
                         struct authorization *out)
{
	struct authorization a = { 0 };
	struct slice v[PARAM_COUNT], scheme;

	if (!read_scheme(&in, &scheme))
		return false;
	a.is_digest = slice_eq_nocase(scheme, SLICE("Digest"));
	if (a.is_digest) {
		if (!read_params(in, scratch, v)
		    || v[PARAM_USERNAME].p == NULL || v[PARAM_REALM].p == NULL
		    || v[PARAM_NONCE].p == NULL || v[PARAM_URI].p == NULL
		    || v[PARAM_RESPONSE].p == NULL
		    || !read_nc(v[PARAM_NC], &a.nc))
			return false;
		a.user = v[PARAM_USERNAME];
		a.realm = v[PARAM_REALM];
		a.nonce = v[PARAM_NONCE];
		a.uri = v[PARAM_URI];
		a.response = v[PARAM_RESPONSE];
		a.cnonce = v[PARAM_CNONCE];
		a.opaque = v[PARAM_OPAQUE];
		a.algorithm = read_algorithm(v[PARAM_ALGORITHM]);
		a.has_qop = v[PARAM_QOP].p != NULL;
		a.qop = read_qop(v[PARAM_QOP]);
		a.userhash = is_true(v[PARAM_USERHASH]);
	}
	*out = a;
	return true;
}

bool authentication_info_parse(struct slice in, struct buf *scratch,
                               struct authentication_info *out)
{
	struct slice v[PARAM_COUNT];

	if (!read_params(in, scratch, v))
		return false;
	out->nextnonce = v[PARAM_NEXTNONCE];
	out->cnonce = v[PARAM_CNONCE];
	return true;
}

/* --- the server's half --- */

/* The time in hex, and half a MAC over it, the algorithm and the realm: the
 * algorithm, so that a client cannot choose a weaker one than was asked. */
static void make_nonce(char out[NONCE_LEN], const unsigned char key[16],
                       uint64_t made_us, enum digest_algorithm a,
                       struct slice realm)
{
	char time[NONCE_TIME + 1], mac[CRYPTO_HEX_MAX];
	struct slice parts[] = {
		slice_make(time, NONCE_TIME),
		slice_str(digest_algorithm_name(a)), realm,
	};

	snprintf(time, sizeof(time), "%016" PRIx64, made_us);
	crypto_hmac_joined(key, parts, ARRAY_LEN(parts), mac);
	memcpy(out, time, NONCE_TIME);
	memcpy(out + NONCE_TIME, mac, NONCE_MAC);
}

void digest_challenge_print(struct buf *out, struct slice realm,
                            const unsigned char key[16], uint64_t now_us,
                            enum digest_algorithm a, bool stale)
{
	char nonce[NONCE_LEN];

	make_nonce(nonce, key, now_us, a, realm);
	buf_str(out, "Digest realm=");
	buf_quoted(out, realm);
	buf_str(out, ", nonce=\"");
	buf_append(out, nonce, sizeof(nonce));
	buf_str(out, "\", algorithm=");
	buf_str(out, digest_algorithm_name(a));
	buf_str(out, ", qop=\"auth\"");
	if (stale)
		buf_str(out, ", stale=true");
}

static bool nonce_is_fresh(const struct authorization *a,
                           const unsigned char key[16], uint64_t now_us,
                           uint32_t max_age_s)
{
	char expected[NONCE_LEN];
	uint64_t made_us;

	if (a->nonce.len != NONCE_LEN
	    || !slice_to_hex(slice_make(a->nonce.p, NONCE_TIME), &made_us))
		return false;
	make_nonce(expected, key, made_us, a->algorithm, a->realm);
	return crypto_equal(slice_make(expected, NONCE_LEN), a->nonce)
	       && made_us <= now_us
	       && now_us - made_us <= max_age_s * UINT64_C(1000000);
}

enum digest_check digest_check(const struct authorization *a,
                               struct slice secret, struct slice method,
                               struct slice request_uri, struct slice body,
                               const unsigned char key[16],
                               uint64_t now_us, uint32_t max_age_s)
{
	struct digest_input in = {
		.algorithm = a->algorithm, .user = a->user, .realm = a->realm,
		.password = secret, .ha1 = digest_secret_ha1(secret),
		.nonce = a->nonce, .cnonce = a->cnonce, .nc = a->nc,
		.qop = a->qop, .method = method, .uri = a->uri, .body = body,
	};
	char expected[DIGEST_HEX_MAX];

	if (!a->is_digest)
		return DIGEST_MISSING;
	/* userhash is never offered by digest_challenge_print(). */
	if (a->userhash || (a->has_qop && a->qop == QOP_NONE)
	    || !uri_text_equal(a->uri, request_uri)
	    || !digest_compute(&in, expected)
	    || !crypto_equal(slice_str(expected), a->response))
		return DIGEST_BAD;
	/* Only now: stale says that the secret was right (RFC 7616 3.3). */
	return nonce_is_fresh(a, key, now_us, max_age_s) ? DIGEST_GOOD
	                                                 : DIGEST_STALE;
}
