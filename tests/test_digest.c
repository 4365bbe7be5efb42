/* Digests: hashes, header values read, challenges made and checked. */

#include "core/message/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/message/crypto.h"
#include "tests/helpers.h"

/* --- vectors --- */

enum {
	V_ID, V_SOURCE, V_ALGORITHM, V_USER, V_REALM, V_PASSWORD, V_METHOD,
	V_URI, V_NONCE, V_NC, V_CNONCE, V_QOP, V_BODY, V_RESPONSE, V_COUNT
};

static struct slice vectors;            /* the rows, without their heading */
static char vectors_text[16384];

static void load_vectors(void)
{
	const char *corpus = getenv("CORPUS");
	char path[512];
	struct slice heading;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/digest/vectors.tsv",
	         corpus == NULL ? "tests/corpus" : corpus);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "cannot read %s", path);
	len = fread(vectors_text, 1, sizeof(vectors_text), f);
	fclose(f);
	ck_assert_uint_lt(len, sizeof(vectors_text));
	vectors = slice_make(vectors_text, len);
	ck_assert(slice_take_line(&vectors, &heading));
}

/* The columns; "-" is an absent value. */
static void split_vector(struct slice row, struct slice v[V_COUNT])
{
	for (unsigned i = 0; i < V_COUNT; i++) {
		ck_assert(slice_take_until(&row, '\t', &v[i]));
		row = slice_skip(row, 1);
		if (slice_eq(v[i], SLICE("-")))
			v[i] = SLICE_EMPTY;
	}
}

static enum digest_qop qop_of(struct slice word)
{
	if (slice_eq(word, SLICE("auth")))
		return QOP_AUTH;
	return slice_eq(word, SLICE("auth-int")) ? QOP_AUTH_INT : QOP_NONE;
}

static struct digest_input input_of(const struct slice v[V_COUNT])
{
	uint64_t nc = 0;

	slice_to_hex(v[V_NC], &nc);
	return (struct digest_input){
		.algorithm = digest_algorithm_from_name(v[V_ALGORITHM]),
		.user = v[V_USER], .realm = v[V_REALM],
		.password = v[V_PASSWORD], .nonce = v[V_NONCE],
		.cnonce = v[V_CNONCE], .nc = (uint32_t)nc,
		.qop = qop_of(v[V_QOP]), .method = v[V_METHOD],
		.uri = v[V_URI],
		.body = slice_eq(v[V_BODY], SLICE("v=0\\r\\n"))
		        ? SLICE("v=0\r\n") : v[V_BODY],
	};
}

START_TEST(published_and_computed_vectors_agree)
{
	struct slice rows = vectors, row, v[V_COUNT];
	char hex[DIGEST_HEX_MAX];
	unsigned n = 0;

	for (; slice_take_line(&rows, &row); n++) {
		struct digest_input in;

		split_vector(row, v);
		in = input_of(v);
		ck_assert(digest_compute(&in, hex));
		ck_assert_msg(slice_eq(slice_str(hex), v[V_RESPONSE]),
		              "%.*s: %s", SLICE_ARG(v[V_ID]), hex);
	}
	ck_assert_uint_eq(n, 22);
}
END_TEST

START_TEST(a_stored_ha1_answers_like_its_password)
{
	struct slice rows = vectors, row, v[V_COUNT];
	char hex[DIGEST_HEX_MAX], ha1[DIGEST_HEX_MAX];

	while (slice_take_line(&rows, &row)) {
		struct digest_input in;

		split_vector(row, v);
		in = input_of(v);
		ck_assert(digest_ha1(in.algorithm, in.user, in.realm,
		                     in.password, ha1));
		for (char *c = ha1; *c != '\0'; c++)    /* any case will do */
			if (*c >= 'a')
				*c = (char)(*c - 'a' + 'A');
		in.password = SLICE_EMPTY;
		in.ha1 = slice_str(ha1);
		ck_assert(digest_compute(&in, hex));
		ck_assert_msg(slice_eq(slice_str(hex), v[V_RESPONSE]),
		              "%.*s: %s", SLICE_ARG(v[V_ID]), hex);
	}
}
END_TEST

START_TEST(userhash_is_the_one_known_for_rfc7616_3_9_2)
{
	char hex[DIGEST_HEX_MAX];

	ck_assert(digest_userhash(DIGEST_SHA_512_256,
	                          SLICE("J\xc3\xa4s\xc3\xb8n Doe"),
	                          SLICE("api@example.org"), hex));
	ck_assert_str_eq(hex, "793263caabb707a56211940d90411ea4"
	                 "a575adeccb7e360aeb624ed06ece9b0b");
}
END_TEST

START_TEST(an_ha1_of_another_length_computes_nothing)
{
	struct digest_input in = {
		.algorithm = DIGEST_SHA_256,
		.ha1 = SLICE("939e7578ed9e3c518a452acee763bce9"),
	};
	char hex[DIGEST_HEX_MAX];

	ck_assert(!digest_compute(&in, hex));
	in.algorithm = DIGEST_MD5;
	ck_assert(digest_compute(&in, hex));
	in.ha1 = SLICE("939e7578ed9e3c518a452acee763bceX");
	ck_assert(!digest_compute(&in, hex));
	in.algorithm = DIGEST_UNKNOWN;
	ck_assert(!digest_compute(&in, hex));
}
END_TEST

/* RFC 4231, case 2 with its key filled up to 16 octets: HMAC pads with NUL. */
START_TEST(hmac_is_that_of_rfc4231)
{
	static const unsigned char key[16] = "Jefe";
	struct slice text = SLICE("what do ya want for nothing?");
	char hex[CRYPTO_HEX_MAX];

	crypto_hmac_joined(key, &text, 1, hex);
	ck_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c7"
	                 "5a003f089d2739839dec58b964ec3843");
}
END_TEST

/* --- names and secrets --- */

START_TEST(algorithms_are_known_by_name_in_any_case)
{
	ck_assert_int_eq(digest_algorithm_from_name(SLICE("sha-256-SESS")),
	                 DIGEST_SHA_256_SESS);
	ck_assert_int_eq(digest_algorithm_from_name(SLICE("")),
	                 DIGEST_UNKNOWN);
	ck_assert_int_eq(digest_algorithm_from_name(SLICE("SHA-1")),
	                 DIGEST_UNKNOWN);
	for (int a = DIGEST_MD5; a <= DIGEST_SHA_512_256_SESS; a++)
		ck_assert_int_eq(digest_algorithm_from_name(slice_str(
			digest_algorithm_name((enum digest_algorithm)a))), a);
	ck_assert_uint_eq(digest_strength(DIGEST_UNKNOWN), 0);
	ck_assert_uint_eq(digest_strength(DIGEST_MD5_SESS), 1);
	ck_assert_uint_eq(digest_strength(DIGEST_SHA_256), 2);
	ck_assert_uint_eq(digest_strength(DIGEST_SHA_512_256_SESS), 3);
}
END_TEST

#define HEX32 "0123456789abcdef0123456789ABCDEF"

static const struct {
	const char *secret;
	bool md5, sha256, sha512_256;
} secret_cases[] = {
	{ "zanzibar",               true,  true,  true },
	{ "",                       true,  true,  true },
	{ "HA1:" HEX32,             true,  false, false },
	{ "HA1:" HEX32 HEX32,       false, true,  false },
	{ "HA1:" HEX32 "0",         true,  true,  true }, /* a password */
	{ "HA1:" HEX32 "x" HEX32,   true,  true,  true },
	{ "ha1:" HEX32,             true,  true,  true },
};

START_TEST(an_ha1_answers_only_the_algorithm_of_its_length)
{
	struct slice secret = slice_str(secret_cases[_i].secret);

	ck_assert_int_eq(digest_secret_fits(secret, DIGEST_MD5_SESS),
	                 secret_cases[_i].md5);
	ck_assert_int_eq(digest_secret_fits(secret, DIGEST_SHA_256),
	                 secret_cases[_i].sha256);
	ck_assert_int_eq(digest_secret_fits(secret, DIGEST_SHA_512_256),
	                 secret_cases[_i].sha512_256);
}
END_TEST

/* --- header values --- */

static const struct {
	const char *why, *text;
	bool ok;
	const char *realm, *nonce;
	enum digest_algorithm algorithm;
	unsigned qops;
	bool has_qop, stale;
} challenge_cases[] = {
	{ "RFC 3261 22.4",
	  "Digest realm=\"atlanta.com\", domain=\"sip:boxesbybob.com\", "
	  "qop=\"auth\", nonce=\"f84f\", opaque=\"\", stale=FALSE, "
	  "algorithm=MD5",
	  true, "atlanta.com", "f84f", DIGEST_MD5, QOP_AUTH, true, false },
	{ "no algorithm is MD5", "digest nonce=\"n\",realm=\"\"",
	  true, "", "n", DIGEST_MD5, 0, false, false },
	{ "both qops, white space",
	  "Digest realm = \"a\" , nonce = \"n\" ,qop=\" auth , auth-int \"",
	  true, "a", "n", DIGEST_MD5, QOP_AUTH | QOP_AUTH_INT, true, false },
	{ "an unknown qop is no qop",
	  "Digest realm=\"a\", nonce=\"n\", qop=\"token\"",
	  true, "a", "n", DIGEST_MD5, 0, true, false },
	{ "escapes come off",
	  "Digest realm=\"a \\\"b\\\" \\\\c\", nonce=\"n\\n\", stale=true",
	  true, "a \"b\" \\c", "nn", DIGEST_MD5, 0, false, true },
	{ "a comma inside quotes", "Digest realm=\"a, b=c\", nonce=\",\"",
	  true, "a, b=c", ",", DIGEST_MD5, 0, false, false },
	{ "quotes left off or put on",
	  "Digest realm=a, nonce=bQ==, algorithm=\"SHA-256\", qop=auth",
	  true, "a", "bQ==", DIGEST_SHA_256, QOP_AUTH, true, false },
	{ "unknown algorithm", "Digest realm=\"a\", nonce=\"n\", "
	  "algorithm=AKAv1-MD5",
	  true, "a", "n", DIGEST_UNKNOWN, 0, false, false },
	{ "no realm", "Digest nonce=\"n\"", .ok = false },
	{ "no nonce", "Digest realm=\"a\"", .ok = false },
	{ "realm twice", "Digest realm=\"a\", nonce=\"n\", realm=\"b\"",
	  .ok = false },
	{ "quote not closed", "Digest realm=\"a\", nonce=\"n", .ok = false },
	{ "backslash at the end", "Digest realm=\"a\", nonce=\"n\\",
	  .ok = false },
	{ "junk behind quotes", "Digest realm=\"a\"b, nonce=\"n\"",
	  .ok = false },
	{ "no value", "Digest realm=, nonce=\"n\"", .ok = false },
	{ "no equals sign", "Digest realm, nonce=\"n\"", .ok = false },
	{ "nothing", "", .ok = false },
	{ "a scheme only", "Digest", .ok = false },
	{ "no white space", "Digest,realm=\"a\", nonce=\"n\"", .ok = false },
};

START_TEST(challenges_are_read_as_rfc7616_3_3_says)
{
	struct slice in = slice_str(challenge_cases[_i].text);
	struct buf scratch = { 0 };
	struct challenge c;

	ck_assert_msg(challenge_parse(in, &scratch, &c)
	              == challenge_cases[_i].ok,
	              "%s", challenge_cases[_i].why);
	if (challenge_cases[_i].ok) {
		ck_assert(c.is_digest);
		ck_assert_slice_eq(c.realm, challenge_cases[_i].realm);
		ck_assert_slice_eq(c.nonce, challenge_cases[_i].nonce);
		ck_assert_int_eq(c.algorithm, challenge_cases[_i].algorithm);
		ck_assert_uint_eq(c.qops, challenge_cases[_i].qops);
		ck_assert_int_eq(c.has_qop, challenge_cases[_i].has_qop);
		ck_assert_int_eq(c.stale, challenge_cases[_i].stale);
	}
	buf_deinit(&scratch);
}
END_TEST

START_TEST(a_nul_in_a_value_is_not_readable)
{
	struct buf scratch = { 0 };
	struct challenge c;

	ck_assert(!challenge_parse(SLICE("Digest realm=\"a\0b\", nonce=\"n\""),
	                           &scratch, &c));
	buf_deinit(&scratch);
}
END_TEST

START_TEST(other_schemes_are_told_by_name)
{
	struct buf scratch = { 0 };
	struct challenge c;

	ck_assert(challenge_parse(SLICE("Basic realm=\"x\""), &scratch, &c));
	ck_assert(!c.is_digest);
	ck_assert_slice_eq(c.scheme, "Basic");
	ck_assert_slice_eq(c.realm, "x");
	ck_assert(challenge_parse(SLICE("Negotiate YII=="), &scratch, &c));
	ck_assert(!c.is_digest);
	ck_assert_slice_eq(c.scheme, "Negotiate");
	buf_deinit(&scratch);
}
END_TEST

#define AUTHORIZATION \
	"Digest username=\"bob\", realm=\"biloxi.com\", nonce=\"dcd9\", " \
	"uri=\"sip:bob@biloxi.com\", response=\"6629\""

static const struct {
	const char *why, *text;
	bool ok;
	uint32_t nc;
	enum digest_qop qop;
} authorization_cases[] = {
	{ "without qop", AUTHORIZATION, true, 0, QOP_NONE },
	{ "RFC 3261 20.7", AUTHORIZATION ", qop=auth, nc=00000a0B, "
	  "cnonce=\"0a4f113b\", opaque=\"5ccc\"", true, 0xa0b, QOP_AUTH },
	{ "auth-int, quoted", AUTHORIZATION ", qop=\"auth-int\", nc=ffffffff",
	  true, UINT32_MAX, QOP_AUTH_INT },
	{ "nc of seven digits", AUTHORIZATION ", nc=0000001", false, 0, 0 },
	{ "nc of nine digits", AUTHORIZATION ", nc=000000001", false, 0, 0 },
	{ "nc with a sign", AUTHORIZATION ", nc=+0000001", false, 0, 0 },
	{ "uri twice", AUTHORIZATION ", uri=\"sip:a\"", false, 0, 0 },
	{ "no user", "Digest realm=\"\", nonce=\"\", uri=\"\", response=\"\"",
	  false, 0, 0 },
	{ "no response", "Digest username=\"\", realm=\"\", nonce=\"\", "
	  "uri=\"\"", false, 0, 0 },
};

START_TEST(answers_are_read_as_rfc7616_3_4_says)
{
	struct slice in = slice_str(authorization_cases[_i].text);
	struct buf scratch = { 0 };
	struct authorization a;

	ck_assert_msg(authorization_parse(in, &scratch, &a)
	              == authorization_cases[_i].ok,
	              "%s", authorization_cases[_i].why);
	if (authorization_cases[_i].ok) {
		ck_assert_slice_eq(a.user, "bob");
		ck_assert_slice_eq(a.uri, "sip:bob@biloxi.com");
		ck_assert_slice_eq(a.response, "6629");
		ck_assert_uint_eq(a.nc, authorization_cases[_i].nc);
		ck_assert_int_eq(a.qop, authorization_cases[_i].qop);
	}
	buf_deinit(&scratch);
}
END_TEST

START_TEST(authentication_info_gives_the_next_nonce)
{
	struct buf scratch = { 0 };
	struct authentication_info info;

	ck_assert(authentication_info_parse(
		SLICE("nextnonce=\"47364c\", qop=auth, rspauth=\"6629\", "
		      "cnonce=\"0a4f\", nc=00000001"), &scratch, &info));
	ck_assert_slice_eq(info.nextnonce, "47364c");
	ck_assert_slice_eq(info.cnonce, "0a4f");
	ck_assert(!authentication_info_parse(SLICE("nextnonce"), &scratch,
	                                     &info));
	buf_deinit(&scratch);
}
END_TEST

/* --- the server's half --- */

static const unsigned char key[16] = "sixteen octets..";

#define OUR_URI "sip:example.com"

enum { MADE_US = 1000000, MAX_AGE_S = 300 };

/* What a client answers to our challenge, with these in its place. */
struct client {
	enum digest_algorithm asked, used;
	const char *realm, *password, *uri;
	struct buf challenge, nonce;
	char response[DIGEST_HEX_MAX];
	struct authorization answer;
};

static void client_answer(struct client *c)
{
	struct buf scratch = { 0 };
	struct digest_input in;
	struct challenge ch;

	digest_challenge_print(&c->challenge, slice_str(c->realm), key,
	                       MADE_US, c->asked, false);
	ck_assert(challenge_parse(buf_view(&c->challenge), &scratch, &ch));
	buf_slice(&c->nonce, ch.nonce);
	in = (struct digest_input){
		.algorithm = c->used, .user = SLICE("bob"),
		.realm = slice_str(c->realm),
		.password = slice_str(c->password),
		.nonce = buf_view(&c->nonce), .cnonce = SLICE("c1"), .nc = 1,
		.qop = QOP_AUTH, .method = SLICE("REGISTER"),
		.uri = slice_str(c->uri),
	};
	ck_assert(digest_compute(&in, c->response));
	c->answer = (struct authorization){
		.is_digest = true, .user = in.user, .realm = in.realm,
		.nonce = in.nonce, .uri = in.uri, .cnonce = in.cnonce,
		.response = slice_str(c->response), .algorithm = in.algorithm,
		.qop = in.qop, .has_qop = true, .nc = in.nc,
	};
	buf_deinit(&scratch);
}

static enum digest_check check_at(const struct client *c, uint64_t now_us)
{
	return digest_check(&c->answer, SLICE("zanzibar"), SLICE("REGISTER"),
	                    SLICE(OUR_URI), SLICE_EMPTY, key,
	                    now_us, MAX_AGE_S);
}

#define CLIENT(asked, used, password, uri) \
	{ asked, used, "r \\q\"", password, uri, { 0 }, { 0 }, "", { 0 } }

static const struct {
	const char *why;
	struct client client;
	uint64_t now_us;
	enum digest_check result;
} check_cases[] = {
	{ "right",
	  CLIENT(DIGEST_SHA_256, DIGEST_SHA_256, "zanzibar", OUR_URI),
	  MADE_US, DIGEST_GOOD },
	{ "right, at the last moment",
	  CLIENT(DIGEST_MD5, DIGEST_MD5, "zanzibar", OUR_URI),
	  MADE_US + MAX_AGE_S * UINT64_C(1000000), DIGEST_GOOD },
	{ "too late",
	  CLIENT(DIGEST_MD5, DIGEST_MD5, "zanzibar", OUR_URI),
	  MADE_US + MAX_AGE_S * UINT64_C(1000000) + 1, DIGEST_STALE },
	{ "from the future",
	  CLIENT(DIGEST_MD5, DIGEST_MD5, "zanzibar", OUR_URI),
	  MADE_US - 1, DIGEST_STALE },
	{ "wrong password",
	  CLIENT(DIGEST_MD5, DIGEST_MD5, "guess", OUR_URI),
	  MADE_US, DIGEST_BAD },
	{ "wrong password, too late: stale would say it was right",
	  CLIENT(DIGEST_MD5, DIGEST_MD5, "guess", OUR_URI),
	  MADE_US * UINT64_C(1000), DIGEST_BAD },
	{ "for another URI",
	  CLIENT(DIGEST_MD5, DIGEST_MD5, "zanzibar", "sip:example.org"),
	  MADE_US, DIGEST_BAD },
	{ "the same URI in other words",
	  CLIENT(DIGEST_MD5, DIGEST_MD5, "zanzibar", "sip:EXAMPLE.com"),
	  MADE_US, DIGEST_GOOD },
	{ "an algorithm that was not asked for",
	  CLIENT(DIGEST_SHA_256, DIGEST_MD5, "zanzibar", OUR_URI),
	  MADE_US, DIGEST_STALE },
};

START_TEST(answers_to_our_challenges_are_judged)
{
	struct client c = check_cases[_i].client;

	client_answer(&c);
	ck_assert_msg(check_at(&c, check_cases[_i].now_us)
	              == check_cases[_i].result, "%s", check_cases[_i].why);
	buf_deinit(&c.challenge);
	buf_deinit(&c.nonce);
}
END_TEST

START_TEST(a_nonce_of_our_own_cannot_be_forged)
{
	struct client c = check_cases[0].client;
	unsigned char other_key[16] = "another sixteen.";

	client_answer(&c);
	ck_assert_int_eq(digest_check(&c.answer, SLICE("zanzibar"),
	                              SLICE("REGISTER"),
	                              SLICE(OUR_URI), SLICE_EMPTY,
	                              other_key, MADE_US, MAX_AGE_S),
	                 DIGEST_STALE);
	/* The nonce is part of the response: a changed one is just wrong. */
	c.nonce.p[0] = '1';
	ck_assert_int_eq(check_at(&c, MADE_US), DIGEST_BAD);
	buf_deinit(&c.challenge);
	buf_deinit(&c.nonce);
}
END_TEST

START_TEST(what_is_no_plain_digest_is_not_good)
{
	struct client c = check_cases[0].client;

	client_answer(&c);
	c.answer.userhash = true;
	ck_assert_int_eq(check_at(&c, MADE_US), DIGEST_BAD);
	c.answer.userhash = false;
	c.answer.response.len--;
	ck_assert_int_eq(check_at(&c, MADE_US), DIGEST_BAD);
	c.answer.response.len++;
	ck_assert_int_eq(check_at(&c, MADE_US), DIGEST_GOOD);
	c.answer.qop = QOP_NONE;                /* "qop=token" */
	ck_assert_int_eq(check_at(&c, MADE_US), DIGEST_BAD);
	c.answer.is_digest = false;
	ck_assert_int_eq(check_at(&c, MADE_US), DIGEST_MISSING);
	buf_deinit(&c.challenge);
	buf_deinit(&c.nonce);
}
END_TEST

START_TEST(a_challenge_says_stale_when_asked)
{
	struct buf out = { 0 };

	digest_challenge_print(&out, SLICE("a"), key, MADE_US, DIGEST_MD5,
	                       true);
	ck_assert_str_eq(buf_cstr(&out), "Digest realm=\"a\", nonce=\""
	                 "00000000000f4240"
	                 "144d6080bd34907040f098afdcb5ca0b\", algorithm=MD5, "
	                 "qop=\"auth\", stale=true");
	buf_deinit(&out);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("digest", &t);

	tcase_add_unchecked_fixture(t, load_vectors, NULL);
	tcase_add_test(t, published_and_computed_vectors_agree);
	tcase_add_test(t, a_stored_ha1_answers_like_its_password);
	tcase_add_test(t, userhash_is_the_one_known_for_rfc7616_3_9_2);
	tcase_add_test(t, an_ha1_of_another_length_computes_nothing);
	tcase_add_test(t, hmac_is_that_of_rfc4231);
	tcase_add_test(t, algorithms_are_known_by_name_in_any_case);
	tcase_add_loop_test(t, an_ha1_answers_only_the_algorithm_of_its_length,
	                    0, ARRAY_LEN(secret_cases));
	tcase_add_loop_test(t, challenges_are_read_as_rfc7616_3_3_says, 0,
	                    ARRAY_LEN(challenge_cases));
	tcase_add_test(t, a_nul_in_a_value_is_not_readable);
	tcase_add_test(t, other_schemes_are_told_by_name);
	tcase_add_loop_test(t, answers_are_read_as_rfc7616_3_4_says, 0,
	                    ARRAY_LEN(authorization_cases));
	tcase_add_test(t, authentication_info_gives_the_next_nonce);
	tcase_add_loop_test(t, answers_to_our_challenges_are_judged, 0,
	                    ARRAY_LEN(check_cases));
	tcase_add_test(t, a_nonce_of_our_own_cannot_be_forged);
	tcase_add_test(t, what_is_no_plain_digest_is_not_good);
	tcase_add_test(t, a_challenge_says_stale_when_asked);
	return s;
}

int main(void)
{
	return test_main(suite());
}
