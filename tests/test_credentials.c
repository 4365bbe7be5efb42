/* Secrets answer whom they are meant for, and nobody else. */

#include "core/message/credentials.h"

#include <stdio.h>

#include "core/message/digest.h"
#include "tests/helpers.h"

static struct credentials *creds;
static struct env env;
static struct message response;
static struct buf wire, why, out, scratch;
static unsigned char next_random;

static void fill_counting(void *p, size_t n, void *arg)
{
	unsigned char *octets = p;

	(void)arg;
	for (size_t i = 0; i < n; i++)
		octets[i] = next_random++;
}

static void setup(void)
{
	next_random = 0;
	env_init(&env, 0, 0, fill_counting, NULL);
	message_init(&response);
	creds = credentials_new();
	ck_assert_ptr_nonnull(creds);
}

static void teardown(void)
{
	credentials_free(creds);
	message_deinit(&response);
	buf_deinit(&wire);
	buf_deinit(&why);
	buf_deinit(&out);
	buf_deinit(&scratch);
}

static void have_own(const char *secret)
{
	ck_assert_int_eq(credentials_set_own(creds, SLICE("alice"),
	                                     slice_str(secret)), OK);
	ck_assert_int_eq(credentials_add_host(creds, SLICE("example.com")),
	                 OK);
	ck_assert_int_eq(credentials_add_host(creds, SLICE("[2001:db8::1]")),
	                 OK);
}

static struct auth_request request_to(const char *request_host,
                                      const char *next_hop_host)
{
	return (struct auth_request){
		.method = SLICE("REGISTER"), .uri = SLICE("sip:example.com"),
		.request_host = slice_str(request_host),
		.next_hop_host = slice_str(next_hop_host),
	};
}

static struct auth_request own_request(void)
{
	return request_to("example.com", "example.com");
}

/* A response to the request with this CSeq number. */
static void parse_response(const char *status_line, const char *call_id,
                           unsigned cseq, const char *headers)
{
	struct fault fault = { 0 };

	buf_reset(&wire);
	buf_printf(&wire, "SIP/2.0 %s\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
	           "From: <sip:alice@example.com>;tag=1\r\n"
	           "To: <sip:alice@example.com>;tag=2\r\n"
	           "Call-ID: %s\r\nCSeq: %u REGISTER\r\n%s\r\n",
	           status_line, call_id, cseq, headers);
	ck_assert_int_eq(message_parse(&response, buf_view(&wire),
	                               &message_limits_default, &fault), OK);
	ck_assert_uint_eq(fault.status, 0);
	ck_assert(message_check(&response, &fault));
}

/* The verdict on a challenge after so many answers. */
static enum auth_verdict challenged(const struct auth_request *req,
                                    unsigned tried, const char *headers)
{
	parse_response("401 Unauthorized", "a", 1 + tried, headers);
	buf_reset(&why);
	return credentials_challenged(creds, &response, req, tried, &why);
}

/* What is sent for req, or "". */
static const char *authorized(const struct auth_request *req)
{
	buf_reset(&out);
	ck_assert_int_eq(credentials_authorize(creds, &env, req, &out), OK);
	return buf_cstr(&out);
}

#define WWW(params) "WWW-Authenticate: Digest " params "\r\n"
#define PROXY(params) "Proxy-Authenticate: Digest " params "\r\n"
#define REALM_A "realm=\"a\", nonce=\"n1\""
#define REALM_A_2 "realm=\"a\", nonce=\"n2\""

/* The one line that is sent for req, read; its response was made with
 * password. */
static struct authorization answer_to(const struct auth_request *req,
                                      const char *name, const char *password)
{
	struct slice line = slice_str(authorized(req));
	struct slice prefix = slice_str(name);
	char hex[DIGEST_HEX_MAX];
	struct authorization a;
	struct digest_input in;

	ck_assert_msg(slice_starts_with(line, prefix), "%.*s",
	              SLICE_ARG(line));
	ck_assert_uint_eq(slice_find(line, '\n'), line.len - 1);
	line = slice_skip(line, prefix.len);
	line.len -= 2;
	buf_reset(&scratch);
	ck_assert(authorization_parse(slice_trim(line), &scratch, &a));
	in = (struct digest_input){
		.algorithm = a.algorithm, .user = a.user, .realm = a.realm,
		.password = slice_str(password), .nonce = a.nonce,
		.cnonce = a.cnonce, .nc = a.nc, .qop = a.qop,
		.method = req->method, .uri = req->uri, .body = req->body,
	};
	ck_assert(digest_compute(&in, hex));
	ck_assert_slice_eq(a.response, hex);
	return a;
}

/* --- scope --- */

enum { OWN = 1, GRANTED = 2, LEARNT = 4, PEER_OPENED = 8 };

static const struct {
	const char *about;
	unsigned with;
	const char *request_host, *next_hop_host, *headers;
	enum auth_verdict verdict;
} scope_cases[] = {
	{ "own registrar", OWN, "example.com", "example.com",
	  WWW(REALM_A), AUTH_OK },
	{ "a name in any case", OWN, "EXAMPLE.com", "Example.COM",
	  WWW(REALM_A), AUTH_OK },
	{ "an address in any spelling", OWN, "[2001:DB8:0::1]",
	  "[2001:db8::0:1]", WWW(REALM_A), AUTH_OK },
	{ "own proxy, on the way elsewhere", OWN, "elsewhere.org",
	  "example.com", PROXY(REALM_A), AUTH_OK },
	{ "elsewhere, through own proxy", OWN, "elsewhere.org",
	  "example.com", WWW(REALM_A), AUTH_SCOPE },
	{ "elsewhere, with a realm of ours", OWN | LEARNT, "elsewhere.org",
	  "elsewhere.org", WWW(REALM_A), AUTH_SCOPE },
	{ "elsewhere, as a proxy, with a realm of ours", OWN | LEARNT,
	  "elsewhere.org", "elsewhere.org", PROXY(REALM_A), AUTH_SCOPE },
	{ "a realm of ours, through own proxy", OWN | LEARNT,
	  "elsewhere.org", "example.com", WWW(REALM_A), AUTH_OK },
	{ "own domain, but by another next hop", OWN, "example.com",
	  "elsewhere.org", WWW(REALM_A), AUTH_SCOPE },
	{ "a name that begins like ours", OWN, "example.com.evil.org",
	  "example.com.evil.org", WWW(REALM_A), AUTH_SCOPE },
	{ "the peer's dialog: BYE is challenged", OWN | PEER_OPENED,
	  "198.51.100.9", "198.51.100.9", WWW(REALM_A), AUTH_SCOPE },
	{ "the peer's dialog, as a proxy", OWN | PEER_OPENED,
	  "198.51.100.9", "198.51.100.9", PROXY(REALM_A), AUTH_SCOPE },
	{ "the peer's dialog, own proxy, new realm", OWN | PEER_OPENED,
	  "198.51.100.9", "example.com", PROXY(REALM_A), AUTH_SCOPE },
	{ "the peer's dialog, own proxy, realm of ours",
	  OWN | LEARNT | PEER_OPENED, "198.51.100.9", "example.com",
	  PROXY(REALM_A), AUTH_OK },
	{ "the peer's dialog, elsewhere, realm of ours",
	  OWN | LEARNT | PEER_OPENED, "198.51.100.9", "198.51.100.9",
	  PROXY(REALM_A), AUTH_SCOPE },
	{ "a realm by name, whoever asks", GRANTED, "elsewhere.org",
	  "elsewhere.org", WWW("realm=\"other\", nonce=\"n\""), AUTH_OK },
	{ "the peer's dialog, a realm by name", GRANTED | PEER_OPENED,
	  "elsewhere.org", "elsewhere.org",
	  WWW("realm=\"other\", nonce=\"n\""), AUTH_SCOPE },
	{ "a realm is what it is to the letter", GRANTED, "elsewhere.org",
	  "elsewhere.org", WWW("realm=\"Other\", nonce=\"n\""), AUTH_NONE },
	{ "no credentials", 0, "example.com", "example.com", WWW(REALM_A),
	  AUTH_NONE },
};

START_TEST(secrets_keep_to_their_scope)
{
	unsigned with = scope_cases[_i].with;
	struct auth_request own = own_request(), req;

	if (with & OWN)
		have_own("secret");
	if (with & GRANTED)
		ck_assert_int_eq(credentials_add_realm(creds, SLICE("other"),
			SLICE("bob"), SLICE("builder")), OK);
	if (with & LEARNT)
		ck_assert_int_eq(challenged(&own, 0, WWW(REALM_A)), AUTH_OK);

	req = request_to(scope_cases[_i].request_host,
	                 scope_cases[_i].next_hop_host);
	req.peer_opened = (with & PEER_OPENED) != 0;
	ck_assert_msg(challenged(&req, 0, scope_cases[_i].headers)
	              == scope_cases[_i].verdict, "%s: %s",
	              scope_cases[_i].about, buf_cstr(&why));
	ck_assert_msg((authorized(&req)[0] != '\0')
	              == (scope_cases[_i].verdict == AUTH_OK), "%s: %s",
	              scope_cases[_i].about, buf_cstr(&out));
}
END_TEST

START_TEST(what_was_refused_is_told_with_the_way_to_allow_it)
{
	struct auth_request req = request_to("evil.org", "evil.org");

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW("realm=\"\x1b[2Jr\", "
	                                         "nonce=\"n\"")), AUTH_SCOPE);
	ck_assert_str_eq(buf_cstr(&why),
	                 "realm \"\\x1b[2Jr\" at evil.org is not the "
	                 "account's: its password was not used: "
	                 "--credentials '\\x1b[2Jr=USER:FILE' allows it");
}
END_TEST

START_TEST(an_answer_is_not_sent_to_other_servers)
{
	struct auth_request own = own_request();
	struct auth_request elsewhere = request_to("b.org", "b.org");
	struct auth_request through = request_to("b.org", "example.com");

	have_own("secret");
	ck_assert_int_eq(challenged(&own, 0, WWW(REALM_A) PROXY(REALM_A_2)),
	                 AUTH_OK);
	ck_assert_str_eq(authorized(&elsewhere), "");
	answer_to(&through, "Proxy-Authorization:", "secret");
}
END_TEST

START_TEST(a_foreign_proxy_realm_is_for_one_destination)
{
	struct auth_request one = request_to("b.org", "example.com");
	struct auth_request other = request_to("c.org", "example.com");

	have_own("secret");
	ck_assert_int_eq(credentials_add_realm(creds, SLICE("a"),
		SLICE("bob"), SLICE("builder")), OK);
	ck_assert_int_eq(challenged(&one, 0, PROXY(REALM_A)), AUTH_OK);
	answer_to(&one, "Proxy-Authorization:", "builder");
	ck_assert_str_eq(authorized(&other), "");
}
END_TEST

/* --- what is answered --- */

START_TEST(the_answer_is_that_of_rfc3261_22_4)
{
	struct auth_request req = own_request();

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW("realm=\"a \\\"b\\\"\", "
		"nonce=\"n\\\\1\", qop=\"auth,auth-int\", opaque=\"o\", "
		"algorithm=MD5")), AUTH_OK);
	answer_to(&req, "Authorization:", "secret");
	ck_assert_str_eq(authorized(&req),
	                 "Authorization: Digest username=\"alice\", "
	                 "realm=\"a \\\"b\\\"\", nonce=\"n\\\\1\", "
	                 "uri=\"sip:example.com\", "
	                 "response=\"4bfbbb423bd45d113fa1a98488d7498d\", "
	                 "algorithm=MD5, cnonce=\"abcdefghijklmnop\", "
	                 "qop=auth, nc=00000002, opaque=\"o\"\r\n");
}
END_TEST

static const struct {
	const char *about, *params;
	enum digest_algorithm algorithm;
	enum digest_qop qop;
} qop_cases[] = {
	{ "none", REALM_A, DIGEST_MD5, QOP_NONE },
	{ "auth first", REALM_A ", qop=\"auth-int,auth\"", DIGEST_MD5,
	  QOP_AUTH },
	{ "auth-int where only that is offered",
	  REALM_A ", qop=\"auth-int,token\", algorithm=SHA-256", DIGEST_SHA_256,
	  QOP_AUTH_INT },
	{ "session", REALM_A ", qop=\"auth\", algorithm=SHA-512-256-sess",
	  DIGEST_SHA_512_256_SESS, QOP_AUTH },
	{ "session without qop", REALM_A ", algorithm=MD5-sess",
	  DIGEST_MD5_SESS, QOP_NONE },
};

START_TEST(qop_and_algorithm_are_chosen)
{
	struct auth_request req = own_request();
	struct authorization a;
	char headers[256];

	have_own("secret");
	req.body = SLICE("v=0\r\n");
	snprintf(headers, sizeof(headers), WWW("%s"), qop_cases[_i].params);
	ck_assert_int_eq(challenged(&req, 0, headers), AUTH_OK);
	a = answer_to(&req, "Authorization:", "secret");
	ck_assert_int_eq(a.algorithm, qop_cases[_i].algorithm);
	ck_assert_int_eq(a.qop, qop_cases[_i].qop);
	ck_assert_int_eq(a.has_qop, a.qop != QOP_NONE);
	ck_assert_uint_eq(a.nc, a.qop == QOP_NONE ? 0 : 1);
}
END_TEST

START_TEST(userhash_hides_the_name)
{
	struct auth_request req = own_request();
	char hash[DIGEST_HEX_MAX];

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A ", userhash=true, "
		"qop=\"auth\", algorithm=SHA-256, charset=UTF-8")), AUTH_OK);
	ck_assert(digest_userhash(DIGEST_SHA_256, SLICE("alice"), SLICE("a"),
	                          hash));
	authorized(&req);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), hash));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), ", userhash=true"));
	ck_assert_ptr_null(strstr(buf_cstr(&out), "alice"));
}
END_TEST

START_TEST(nc_counts_up_and_starts_again_with_a_new_nonce)
{
	struct auth_request req = own_request();
	struct authorization a;
	char cnonce[ENV_TOKEN_LEN];

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A ", qop=\"auth\"")),
	                 AUTH_OK);
	for (uint32_t nc = 1; nc <= 11; nc++)
		ck_assert_uint_eq(answer_to(&req, "Authorization:",
		                            "secret").nc, nc);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), ", nc=0000000b"));
	a = answer_to(&req, "Authorization:", "secret");
	memcpy(cnonce, a.cnonce.p, ENV_TOKEN_LEN);

	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A_2 ", qop=\"auth\"")),
	                 AUTH_OK);
	a = answer_to(&req, "Authorization:", "secret");
	ck_assert_uint_eq(a.nc, 1);
	ck_assert_slice_eq(a.nonce, "n2");
	ck_assert_mem_ne(a.cnonce.p, cnonce, ENV_TOKEN_LEN);
}
END_TEST

START_TEST(several_realms_and_both_headers_are_answered_at_once)
{
	struct auth_request req = own_request();
	const char *lines;

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A)
		PROXY(REALM_A_2) PROXY("realm=\"b\", nonce=\"n3\"")
		"WWW-Authenticate: Basic realm=\"c\"\r\n"), AUTH_OK);
	lines = authorized(&req);
	ck_assert_ptr_nonnull(strstr(lines, "Authorization: Digest "
		"username=\"alice\", realm=\"a\", nonce=\"n1\""));
	ck_assert_ptr_nonnull(strstr(lines, "\r\nProxy-Authorization: Digest "
		"username=\"alice\", realm=\"a\", nonce=\"n2\""));
	ck_assert_ptr_nonnull(strstr(lines, "\r\nProxy-Authorization: Digest "
		"username=\"alice\", realm=\"b\", nonce=\"n3\""));
}
END_TEST

/* --- which challenge --- */

#define SHA256 ", algorithm=SHA-256, qop=\"auth\""
#define HA1_MD5 "HA1:0123456789abcdef0123456789abcdef"
#define HA1_SHA256 HA1_MD5 "0123456789abcdef0123456789abcdef"

static const struct {
	const char *about, *secret, *headers;
	enum auth_verdict verdict;
	const char *nonce;
} choice_cases[] = {
	{ "the topmost, RFC 8760 2.4", "s",
	  WWW(REALM_A SHA256) WWW(REALM_A_2 ", algorithm=SHA-512-256"),
	  AUTH_OK, "n1" },
	{ "the topmost that is known", "s",
	  WWW(REALM_A ", algorithm=SHA3") WWW(REALM_A_2 SHA256),
	  AUTH_OK, "n2" },
	{ "not MD5 where stronger is offered below", "s",
	  WWW(REALM_A) WWW(REALM_A_2 SHA256), AUTH_OK, "n2" },
	{ "an MD5 HA1 answers MD5", HA1_MD5,
	  WWW(REALM_A SHA256) WWW(REALM_A_2), AUTH_OK, "n2" },
	{ "an MD5 HA1 does not answer SHA-256", HA1_MD5,
	  WWW(REALM_A SHA256), AUTH_UNSUPPORTED, NULL },
	{ "a SHA-256 HA1 does not answer MD5", HA1_SHA256,
	  WWW(REALM_A), AUTH_UNSUPPORTED, NULL },
	{ "a SHA-256 HA1 answers SHA-256", HA1_SHA256,
	  WWW(REALM_A) WWW(REALM_A_2 SHA256), AUTH_OK, "n2" },
	{ "no known qop", "s", WWW(REALM_A ", qop=\"token\""),
	  AUTH_UNSUPPORTED, NULL },
	{ "no known algorithm", "s", WWW(REALM_A ", algorithm=AKAv1-MD5"),
	  AUTH_UNSUPPORTED, NULL },
	{ "never Basic", "s", "WWW-Authenticate: Basic realm=\"a\"\r\n",
	  AUTH_UNSUPPORTED, NULL },
	{ "a broken one beside a good one", "s",
	  WWW("realm=\"a") WWW(REALM_A_2), AUTH_OK, "n2" },
	{ "broken", "s", WWW("realm=\"a\""), AUTH_MALFORMED, NULL },
	{ "none at all", "s", "", AUTH_MALFORMED, NULL },
};

START_TEST(the_challenge_to_answer_is_chosen)
{
	struct auth_request req = own_request();
	char nonce[32];

	have_own(choice_cases[_i].secret);
	ck_assert_msg(challenged(&req, 0, choice_cases[_i].headers)
	              == choice_cases[_i].verdict, "%s: %s",
	              choice_cases[_i].about, buf_cstr(&why));
	authorized(&req);
	if (choice_cases[_i].nonce == NULL) {
		ck_assert_str_eq(buf_cstr(&out), "");
		ck_assert_uint_ne(why.len, 0);
		return;
	}
	snprintf(nonce, sizeof(nonce), "nonce=\"%s\"",
	         choice_cases[_i].nonce);
	ck_assert_msg(strstr(buf_cstr(&out), nonce) != NULL, "%s: %s",
	              choice_cases[_i].about, buf_cstr(&out));
}
END_TEST

START_TEST(md5_is_refused_once_stronger_was_asked)
{
	struct auth_request req = own_request();

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A SHA256)), AUTH_OK);
	credentials_forget(creds);
	ck_assert_str_eq(authorized(&req), "");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A_2)), AUTH_DOWNGRADE);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "MD5"));
	ck_assert_str_eq(authorized(&req), "");
	/* Another realm is another matter. */
	ck_assert_int_eq(challenged(&req, 0, WWW("realm=\"b\", nonce=\"n\"")),
	                 AUTH_OK);
}
END_TEST

START_TEST(a_stranger_cannot_spoil_a_realm_with_stronger_challenges)
{
	struct auth_request stranger = request_to("evil.org", "evil.org");
	struct auth_request own = own_request();

	have_own("secret");
	ck_assert_int_eq(challenged(&stranger, 0, WWW(REALM_A SHA256)),
	                 AUTH_SCOPE);
	ck_assert_int_eq(challenged(&own, 0, WWW(REALM_A)), AUTH_OK);
}
END_TEST

/* --- again --- */

START_TEST(a_second_challenge_in_an_exchange_means_rejected)
{
	struct auth_request req = own_request();

	have_own("wrong");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A)), AUTH_OK);
	authorized(&req);
	ck_assert_int_eq(challenged(&req, 1, WWW(REALM_A)), AUTH_REJECTED);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "\"alice\""));
	ck_assert_str_eq(authorized(&req), "");
}
END_TEST

START_TEST(a_new_nonce_that_is_not_stale_means_rejected_too)
{
	struct auth_request req = own_request();

	have_own("wrong");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A)), AUTH_OK);
	authorized(&req);
	ck_assert_int_eq(challenged(&req, 1, WWW(REALM_A_2)), AUTH_REJECTED);
}
END_TEST

START_TEST(stale_nonces_are_answered_three_times_at_most)
{
	struct auth_request req = own_request();

	have_own("secret");
	for (unsigned tried = 0; tried < 3; tried++) {
		ck_assert_int_eq(challenged(&req, tried,
			WWW(REALM_A ", stale=true")), AUTH_OK);
		answer_to(&req, "Authorization:", "secret");
	}
	ck_assert_int_eq(challenged(&req, 3, WWW(REALM_A ", stale=true")),
	                 AUTH_REJECTED);
}
END_TEST

START_TEST(a_second_realm_of_an_exchange_is_answered)
{
	struct auth_request req = own_request();

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, PROXY(REALM_A)), AUTH_OK);
	authorized(&req);
	ck_assert_int_eq(challenged(&req, 1, WWW("realm=\"b\", nonce=\"n\"")),
	                 AUTH_OK);
	ck_assert_ptr_nonnull(strstr(authorized(&req), "Proxy-Auth"));
	ck_assert_ptr_nonnull(strstr(authorized(&req), "\r\nAuthorization"));
	/* Two answers were given; this one is the first to be refused. */
	ck_assert_int_eq(challenged(&req, 2, WWW("realm=\"b\", nonce=\"n\"")),
	                 AUTH_REJECTED);
}
END_TEST

START_TEST(a_nonce_that_grew_old_unsaid_is_answered_anew)
{
	struct auth_request req = own_request();

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A)), AUTH_OK);
	authorized(&req);
	/* Accepted. The refresh, sent with the same nonce, is challenged. */
	authorized(&req);
	parse_response("401 Unauthorized", "a", 3, WWW(REALM_A_2));
	ck_assert_int_eq(credentials_challenged(creds, &response, &req, 0,
	                                        &why), AUTH_OK);
	ck_assert_slice_eq(answer_to(&req, "Authorization:", "secret").nonce,
	                   "n2");
	parse_response("401 Unauthorized", "a", 4, WWW(REALM_A));
	ck_assert_int_eq(credentials_challenged(creds, &response, &req, 1,
	                                        &why), AUTH_REJECTED);
}
END_TEST

START_TEST(a_nonce_that_many_requests_share_is_answered_for_each)
{
	struct auth_request req = own_request();

	have_own("secret");
	for (uint32_t i = 1; i <= 5; i++) {
		char call_id[16];

		snprintf(call_id, sizeof(call_id), "call-%u", (unsigned)i);
		parse_response("401 Unauthorized", call_id, 1,
		               WWW(REALM_A ", qop=\"auth\""));
		ck_assert_int_eq(credentials_challenged(creds, &response, &req,
		                                        0, &why), AUTH_OK);
		ck_assert_uint_eq(answer_to(&req, "Authorization:",
		                            "secret").nc, i);
	}
}
END_TEST

START_TEST(nextnonce_replaces_the_nonce)
{
	struct auth_request req = own_request();
	struct authorization a;

	have_own("secret");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A ", qop=\"auth\"")),
	                 AUTH_OK);
	authorized(&req);
	parse_response("200 OK", "a", 2, "Authentication-Info: "
	               "nextnonce=\"n9\", cnonce=\"of somebody else\"\r\n");
	credentials_authentication_info(creds, &response);
	ck_assert_slice_eq(answer_to(&req, "Authorization:", "secret").nonce,
	                   "n1");
	parse_response("200 OK", "a", 2,
	               "Authentication-Info: nextnonce=\"n9\"\r\n");
	credentials_authentication_info(creds, &response);
	a = answer_to(&req, "Authorization:", "secret");
	ck_assert_slice_eq(a.nonce, "n9");
	ck_assert_uint_eq(a.nc, 1);
}
END_TEST

/* --- asking --- */

struct asked {
	unsigned times;
	const char *secret;             /* NULL: the user gives none */
};

static bool tell(struct slice realm, struct slice user, struct buf *to,
                 void *arg)
{
	struct asked *asked = arg;

	asked->times++;
	ck_assert_slice_eq(realm, "a");
	ck_assert_slice_eq(user, "carol");
	if (asked->secret == NULL)
		return false;
	buf_str(to, asked->secret);
	return true;
}

START_TEST(a_secret_is_asked_for_once_and_again_when_refused)
{
	struct auth_request req = own_request();
	struct auth_request stranger = request_to("evil.org", "evil.org");
	struct asked asked = { 0, "wrong" };

	ck_assert_int_eq(credentials_add_host(creds, SLICE("example.com")),
	                 OK);
	ck_assert_int_eq(credentials_set_ask(creds, SLICE("carol"), tell,
	                                     &asked), OK);
	ck_assert_int_eq(challenged(&stranger, 0, WWW(REALM_A)), AUTH_SCOPE);
	ck_assert_uint_eq(asked.times, 0);

	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A)), AUTH_OK);
	answer_to(&req, "Authorization:", "wrong");
	ck_assert_int_eq(challenged(&req, 1, WWW(REALM_A)), AUTH_REJECTED);
	ck_assert_uint_eq(asked.times, 1);

	asked.secret = "right";
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A)), AUTH_OK);
	answer_to(&req, "Authorization:", "right");
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A_2)), AUTH_OK);
	answer_to(&req, "Authorization:", "right");
	ck_assert_uint_eq(asked.times, 2);
}
END_TEST

START_TEST(who_gives_no_secret_gets_no_answer)
{
	struct auth_request req = own_request();
	struct asked asked = { 0, NULL };

	ck_assert_int_eq(credentials_add_host(creds, SLICE("example.com")),
	                 OK);
	ck_assert_int_eq(credentials_set_ask(creds, SLICE("carol"), tell,
	                                     &asked), OK);
	ck_assert_int_eq(challenged(&req, 0, WWW(REALM_A)), AUTH_NONE);
	ck_assert_uint_eq(asked.times, 1);
	ck_assert_str_eq(authorized(&req), "");
}
END_TEST

/* --- bounds --- */

START_TEST(a_user_of_two_lines_is_refused)
{
	ck_assert_int_eq(credentials_set_own(creds, SLICE("a\r\nb"),
	                                     SLICE("s")), ERR_SYNTAX);
	ck_assert_int_eq(credentials_add_realm(creds, SLICE("r"),
		SLICE("a\0b"), SLICE("s")), ERR_SYNTAX);
}
END_TEST

START_TEST(no_more_than_64_realms_are_remembered)
{
	struct auth_request req = own_request();
	char headers[64];

	have_own("secret");
	for (unsigned i = 0; i <= 64; i++) {
		snprintf(headers, sizeof(headers),
		         WWW("realm=\"%u\", nonce=\"n\""), i);
		ck_assert_int_eq(challenged(&req, 0, headers),
		                 i < 64 ? AUTH_OK : AUTH_SCOPE);
	}
	ck_assert_int_eq(challenged(&req, 0, WWW("realm=\"0\", nonce=\"n\"")),
	                 AUTH_OK);
}
END_TEST

/* One exchange from the beginning; what it needs may be refused. */
static enum error exchange(void)
{
	struct credentials *c = credentials_new();
	struct auth_request req = own_request();
	struct buf lines = { 0 }, reason = { 0 };
	enum error err = ERR_NOMEM;

	if (c == NULL
	    || credentials_add_host(c, SLICE("example.com")) != OK
	    || credentials_set_own(c, SLICE("alice"), SLICE("secret")) != OK
	    || credentials_add_realm(c, SLICE("b"), SLICE("bob"),
	                             SLICE("builder")) != OK
	    || credentials_challenged(c, &response, &req, 0, &reason)
	       != AUTH_OK)
		goto out;
	err = credentials_authorize(c, &env, &req, &lines);
out:
	buf_deinit(&lines);
	buf_deinit(&reason);
	credentials_free(c);
	return err;
}

START_TEST(running_out_of_memory_anywhere_is_an_ordinary_error)
{
	parse_response("401 Unauthorized", "a", 1,
	               WWW("realm=\"\\a\", nonce=\"n1\", opaque=\"o\"")
	               PROXY("realm=\"b\", nonce=\"n2\""));
	for (size_t n = 0, failed = 1; failed; n++) {
		enum error err;

		test_alloc_fail(n);
		err = exchange();
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("credentials", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, secrets_keep_to_their_scope, 0,
	                    ARRAY_LEN(scope_cases));
	tcase_add_test(t, what_was_refused_is_told_with_the_way_to_allow_it);
	tcase_add_test(t, an_answer_is_not_sent_to_other_servers);
	tcase_add_test(t, a_foreign_proxy_realm_is_for_one_destination);
	tcase_add_test(t, the_answer_is_that_of_rfc3261_22_4);
	tcase_add_loop_test(t, qop_and_algorithm_are_chosen, 0,
	                    ARRAY_LEN(qop_cases));
	tcase_add_test(t, userhash_hides_the_name);
	tcase_add_test(t, nc_counts_up_and_starts_again_with_a_new_nonce);
	tcase_add_test(t,
	               several_realms_and_both_headers_are_answered_at_once);
	tcase_add_loop_test(t, the_challenge_to_answer_is_chosen, 0,
	                    ARRAY_LEN(choice_cases));
	tcase_add_test(t, md5_is_refused_once_stronger_was_asked);
	tcase_add_test(t,
	        a_stranger_cannot_spoil_a_realm_with_stronger_challenges);
	tcase_add_test(t, a_second_challenge_in_an_exchange_means_rejected);
	tcase_add_test(t, a_new_nonce_that_is_not_stale_means_rejected_too);
	tcase_add_test(t, stale_nonces_are_answered_three_times_at_most);
	tcase_add_test(t, a_second_realm_of_an_exchange_is_answered);
	tcase_add_test(t, a_nonce_that_grew_old_unsaid_is_answered_anew);
	tcase_add_test(t,
	               a_nonce_that_many_requests_share_is_answered_for_each);
	tcase_add_test(t, nextnonce_replaces_the_nonce);
	tcase_add_test(t, a_secret_is_asked_for_once_and_again_when_refused);
	tcase_add_test(t, who_gives_no_secret_gets_no_answer);
	tcase_add_test(t, a_user_of_two_lines_is_refused);
	tcase_add_test(t, no_more_than_64_realms_are_remembered);
	tcase_add_test(t,
	               running_out_of_memory_anywhere_is_an_ordinary_error);
	return s;
}

int main(void)
{
	return test_main(suite());
}
