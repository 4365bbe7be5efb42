/* The registrar, with an endpoint played by this file that keeps answers. */

#include <stdio.h>
#include <stdlib.h>

#include "core/message/digest.h"
#include "core/ua/registrar.h"
#include "tests/helpers.h"

enum { TEXT_MAX = 4000 };

/* --- the endpoint --- */

static struct {
	unsigned count, status;
	char fields[TEXT_MAX];          /* "Name: value|Name: value" */
	bool ran_out;                   /* an allocation was made to fail */
} answered;

enum error endpoint_new_response(struct endpoint *ep, uint64_t id,
                                 const struct response_parts *parts)
{
	struct buf fields = { 0 };

	answered.ran_out = test_alloc_restore();
	ck_assert_ptr_null(ep);
	ck_assert_uint_eq(id, 7);
	for (size_t i = 0; i < parts->nfields; i++) {
		buf_str(&fields, i == 0 ? "" : "|");
		buf_slice(&fields, parts->fields[i].name);
		buf_str(&fields, ": ");
		buf_slice(&fields, parts->fields[i].value);
	}
	answered.count++;
	answered.status = parts->status;
	snprintf(answered.fields, sizeof(answered.fields), "%s",
	         buf_cstr(&fields));
	buf_deinit(&fields);
	return OK;
}

/* --- playing --- */

static struct env env;
static struct registrar *registrar;

static void octets(void *out, size_t n, void *arg)
{
	static unsigned char next;

	(void)arg;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)out)[i] = next++;
}

static void start(const struct registrar_settings *s)
{
	registrar_free(registrar);
	registrar = registrar_new(&env, s);
	ck_assert_ptr_nonnull(registrar);
}

static void set_up(void)
{
	memset(&answered, 0, sizeof(answered));
	env_init(&env, 1000000, 0, octets, NULL);
	start(&registrar_settings_default);
}

static void tear_down(void)
{
	registrar_free(registrar);
	registrar = NULL;
}

static void advance_s(uint64_t s)
{
	env_advance(&env, env.timers.now_us + s * 1000000, 0);
}

struct request {
	const char *method, *uri, *to, *call_id;
	unsigned cseq;
	const char *extra;              /* lines with CRLF */
	bool short_of_memory;           /* the nth allocation fails */
	size_t nth;
};

/* Whether the registrar took it. */
static bool receive(const struct request *q)
{
	const char *method = q->method == NULL ? "REGISTER" : q->method;
	const char *to = q->to == NULL ? "sip:alice@example.com" : q->to;
	struct incoming in = { .id = 7 };
	struct buf wire = { 0 };
	struct message m;
	struct fault fault;
	bool taken;

	buf_printf(&wire, "%s %s SIP/2.0\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
	           "From: <%s>;tag=1\r\nTo: <%s>\r\nCall-ID: %s\r\n"
	           "CSeq: %u %s\r\nMax-Forwards: 70\r\n%s\r\n",
	           method, q->uri == NULL ? "sip:example.com" : q->uri, to,
	           to, q->call_id == NULL ? "c1" : q->call_id,
	           q->cseq == 0 ? 1 : q->cseq, method,
	           q->extra == NULL ? "" : q->extra);
	message_init(&m);
	ck_assert_int_eq(message_parse(&m, buf_view(&wire),
	                               &message_limits_default, &fault), OK);
	ck_assert_msg(message_check(&m, &fault), "%s", fault.reason);
	in.request = &m;
	if (q->short_of_memory)
		test_alloc_fail(q->nth);
	taken = registrar_receive(registrar, NULL, &in);
	message_deinit(&m);
	buf_deinit(&wire);
	return taken;
}

static void expect(const struct request *q, unsigned status,
                   const char *fields)
{
	unsigned before = answered.count;

	ck_assert(receive(q));
	ck_assert_uint_eq(answered.count, before + 1);
	ck_assert_uint_eq(answered.status, status);
	if (fields != NULL)
		ck_assert_str_eq(answered.fields, fields);
}

#define REGISTER(n, lines) &(struct request){ .cseq = (n), .extra = (lines) }
#define QUERY(n) REGISTER(n, NULL)

/* --- bindings --- */

START_TEST(a_binding_is_added_listed_and_expires)
{
	expect(QUERY(1), 200, "");
	expect(REGISTER(2, "Contact: <sip:a@h1>\r\nExpires: 100\r\n"), 200,
	       "Contact: <sip:a@h1>;expires=100");
	advance_s(40);
	expect(QUERY(3), 200, "Contact: <sip:a@h1>;expires=60");
	advance_s(59);
	expect(QUERY(4), 200, "Contact: <sip:a@h1>;expires=1");
	advance_s(1);
	expect(QUERY(5), 200, "");
}
END_TEST

START_TEST(bindings_are_added_to_those_there_are)
{
	expect(REGISTER(1, "Contact: <sip:a@h1>;expires=70\r\n"), 200, NULL);
	expect(&(struct request){
		.call_id = "c2",
		.extra = "Contact: <sip:a@h2>;q=0.5;expires=80, "
		         "<sip:a@h3>;q=0.75\r\nm: <sip:a@h4>;q=0.125\r\n",
	}, 200, "Contact: <sip:a@h1>;expires=70, "
	   "<sip:a@h3>;q=0.75;expires=3600, <sip:a@h2>;q=0.5;expires=80, "
	   "<sip:a@h4>;q=0.125;expires=3600");
}
END_TEST

START_TEST(a_binding_is_found_by_uri_comparison_19_1_4)
{
	expect(REGISTER(1, "Contact: <sip:a@h1;x=1>;expires=70\r\n"), 200,
	       NULL);
	expect(REGISTER(2, "Contact: <SIP:a@H1;X=1>;q=0.3;expires=90\r\n"),
	       200, "Contact: <SIP:a@H1;X=1>;q=0.3;expires=90");
	expect(REGISTER(3, "Contact: <sip:a@h1;x=1>;expires=0\r\n"), 200, "");
}
END_TEST

static const struct {
	const char *why, *contact, *fields;
} grants[] = {
	{ "the contact's own", "Contact: <sip:a@h>;expires=61\r\n"
	  "Expires: 99\r\n", "Contact: <sip:a@h>;expires=61" },
	{ "the header's", "Contact: <sip:a@h>\r\nExpires: 99\r\n",
	  "Contact: <sip:a@h>;expires=99" },
	{ "ours, without any", "Contact: <sip:a@h>\r\n",
	  "Contact: <sip:a@h>;expires=3600" },
	{ "ours, for nonsense (10.3)", "Contact: <sip:a@h>\r\n"
	  "Expires: soon\r\n", "Contact: <sip:a@h>;expires=3600" },
	{ "cut to the longest", "Contact: <sip:a@h>\r\nExpires: 86400\r\n",
	  "Contact: <sip:a@h>;expires=3600" },
	{ "removing what is not there", "Contact: <sip:a@h>\r\n"
	  "Expires: 0\r\n", "" },
};

START_TEST(the_time_is_granted_as_10_3_says)
{
	ck_assert_msg(receive(REGISTER(1, grants[_i].contact)), "%s",
	              grants[_i].why);
	ck_assert_uint_eq(answered.status, 200);
	ck_assert_str_eq(answered.fields, grants[_i].fields);
}
END_TEST

START_TEST(too_brief_is_423_and_changes_nothing)
{
	expect(REGISTER(1, "Contact: <sip:a@h1>, <sip:a@h2>;expires=59\r\n"),
	       423, "Min-Expires: 60");
	expect(QUERY(2), 200, "");
}
END_TEST

START_TEST(an_old_cseq_of_the_same_call_id_is_500)
{
	expect(REGISTER(5, "Contact: <sip:a@h1>\r\n"), 200, NULL);
	expect(REGISTER(5, "Contact: <sip:a@h2>, <sip:a@h1>\r\n"), 500, "");
	expect(REGISTER(4, "Contact: <sip:a@h1>;expires=0\r\n"), 500, "");
	expect(REGISTER(4, "Contact: *\r\nExpires: 0\r\n"), 500, "");
	expect(REGISTER(1, NULL), 200, "Contact: <sip:a@h1>;expires=3600");
	expect(&(struct request){
		.call_id = "c2", .cseq = 1,
		.extra = "Contact: <sip:a@h1>;expires=0\r\n",
	}, 200, "");
}
END_TEST

START_TEST(a_star_removes_all_bindings)
{
	expect(REGISTER(1, "Contact: <sip:a@h1>, <sip:a@h2>\r\n"), 200, NULL);
	expect(REGISTER(2, "Contact: *\r\nExpires: 0\r\n"), 200, "");
	expect(QUERY(3), 200, "");
	expect(REGISTER(4, "Contact: *\r\nExpires: 0\r\n"), 200, "");
}
END_TEST

static const struct {
	const char *why, *extra;
} stars[] = {
	{ "no Expires", "Contact: *\r\n" },
	{ "Expires over 0", "Contact: *\r\nExpires: 1\r\n" },
	{ "a contact before", "Contact: <sip:a@h2>, *\r\nExpires: 0\r\n" },
	{ "a contact behind", "Contact: *\r\nContact: <sip:a@h2>\r\n"
	  "Expires: 0\r\n" },
};

START_TEST(a_star_stands_alone_with_expires_0)
{
	expect(REGISTER(1, "Contact: <sip:a@h1>\r\n"), 200, NULL);
	ck_assert_msg(receive(REGISTER(2, stars[_i].extra)), "%s",
	              stars[_i].why);
	ck_assert_uint_eq(answered.status, 400);
	expect(QUERY(3), 200, "Contact: <sip:a@h1>;expires=3600");
}
END_TEST

static const struct {
	const char *why, *to;
	bool same;
} aors[] = {
	{ "itself", "sip:alice@example.com", true },
	{ "escaped", "sip:%61lice@example.com", true },
	{ "host in capitals", "sip:alice@EXAMPLE.com", true },
	{ "with parameters", "sip:alice@example.com;transport=tcp", true },
	{ "with the port", "sip:alice@example.com:5070", true },
	{ "secure", "sips:alice@example.com", true },
	{ "user in capitals", "sip:Alice@example.com", false },
	{ "another host", "sip:alice@example.org", false },
};

START_TEST(an_address_of_record_is_canonical_10_3_5)
{
	expect(REGISTER(1, "Contact: <sip:a@h1>\r\n"), 200, NULL);
	ck_assert(receive(&(struct request){ .to = aors[_i].to }));
	ck_assert_uint_eq(answered.status, 200);
	ck_assert_msg((answered.fields[0] != '\0') == aors[_i].same, "%s",
	              aors[_i].why);
}
END_TEST

START_TEST(what_is_no_address_of_record_is_404)
{
	expect(&(struct request){ .to = "sip:example.com" }, 404, "");
	expect(&(struct request){ .to = "tel:+123" }, 404, "");
}
END_TEST

START_TEST(bindings_have_a_bound)
{
	struct registrar_settings s = registrar_settings_default;

	s.max_bindings = 2;
	start(&s);
	expect(REGISTER(1, "Contact: <sip:a@h1>, <sip:a@h2>\r\n"), 200, NULL);
	expect(REGISTER(2, "Contact: <sip:a@h3>\r\n"), 503, "");
	expect(REGISTER(3, "Contact: <sip:a@h2>, <sip:a@h1>\r\n"), 200, NULL);
	expect(REGISTER(4, "Contact: <sip:a@h2>;expires=0\r\n"), 200, NULL);
	expect(REGISTER(5, "Contact: <sip:a@h3>\r\n"), 200, NULL);
}
END_TEST

START_TEST(records_have_a_bound)
{
	struct registrar_settings s = registrar_settings_default;
	const char *contact = "Contact: <sip:a@h1>;expires=60\r\n";

	s.max_records = 1;
	start(&s);
	expect(&(struct request){ .extra = contact }, 200, NULL);
	expect(&(struct request){ .to = "sip:b@h", .extra = contact }, 503,
	       "");
	expect(&(struct request){ .to = "sip:b@h" }, 200, "");
	advance_s(60);
	expect(&(struct request){ .to = "sip:b@h", .extra = contact }, 200,
	       NULL);
}
END_TEST

static void print_row(const struct registrar_binding *b, void *arg)
{
	struct buf *out = arg;

	buf_printf(out, "%.*s %.*s %.*s %u %u %d %u|", SLICE_ARG(b->aor),
	           SLICE_ARG(b->contact), SLICE_ARG(b->call_id), b->cseq,
	           b->expires_s, b->has_q, b->q_thousandths);
}

START_TEST(bindings_can_be_listed)
{
	struct buf rows = { 0 };

	expect(REGISTER(3, "Contact: <sip:a@h1>;q=0.2;expires=70\r\n"), 200,
	       NULL);
	registrar_each(registrar, print_row, &rows);
	ck_assert_str_eq(buf_cstr(&rows),
	                 "alice@example.com sip:a@h1 c1 3 70 1 200|");
	buf_deinit(&rows);
}
END_TEST

/* --- redirection --- */

START_TEST(callers_are_redirected_by_q)
{
	const struct request invite = {
		.method = "INVITE", .uri = "sip:%61lice@EXAMPLE.com;x",
		.extra = "Contact: <sip:b@h>\r\n",
	};

	expect(REGISTER(1, "Contact: <sip:a@h1>;q=0.1, <sip:a@h2>;q=0.7,"
	                "<sip:a@h3>\r\n"), 200, NULL);
	expect(&invite, 302,
	       "Contact: <sip:a@h3>, <sip:a@h2>;q=0.7, <sip:a@h1>;q=0.1");
}
END_TEST

START_TEST(who_has_no_binding_is_404_or_480)
{
	struct request message = {
		.method = "MESSAGE", .uri = "sip:alice@example.com",
	};

	expect(&message, 404, "");
	ck_assert_int_eq(registrar_add_user(registrar, SLICE("alice"),
	                                    SLICE("pw")), OK);
	expect(&message, 480, "");
}
END_TEST

static const struct {
	const char *why, *method, *uri;
} others[] = {
	{ "never answered", "ACK", "sip:alice@example.com" },
	{ "answered already", "BYE", "sip:alice@example.com" },
	{ "answered already", "CANCEL", "sip:alice@example.com" },
	{ "inside dialogs only", "UPDATE", "sip:alice@example.com" },
	{ "for this host itself", "OPTIONS", "sip:example.com" },
	{ "no SIP URI", "INVITE", "tel:+123" },
};

START_TEST(what_is_not_for_a_registrar_goes_on)
{
	ck_assert_msg(!receive(&(struct request){
		.method = others[_i].method, .uri = others[_i].uri,
		.extra = "Contact: <sip:b@h>\r\n",
	}), "%s", others[_i].why);
	ck_assert_uint_eq(answered.count, 0);
}
END_TEST

/* --- authentication --- */

/* What a client remembers of one challenge. */
struct client {
	enum digest_algorithm algorithm;
	char realm[64], nonce[512];
};

/* The nth challenge of the last answer. */
static void read_challenge(struct client *c, size_t nth, bool stale)
{
	struct slice rest = slice_str(answered.fields);
	struct buf scratch = { 0 };
	struct challenge challenge;
	struct slice field;

	ck_assert_uint_eq(answered.status, 401);
	for (size_t i = 0; i <= nth; i++) {
		if (!slice_take_until(&rest, '|', &field)) {
			field = rest;
			rest = SLICE_EMPTY;
		}
		slice_take_char(&rest, '|');
	}
	ck_assert(slice_starts_with(field, SLICE("WWW-Authenticate: ")));
	ck_assert(challenge_parse(slice_skip(field, 18), &scratch,
	                          &challenge));
	ck_assert_uint_eq(challenge.qops, QOP_AUTH);
	ck_assert_int_eq(challenge.stale, stale);
	c->algorithm = challenge.algorithm;
	snprintf(c->realm, sizeof(c->realm), "%.*s",
	         SLICE_ARG(challenge.realm));
	snprintf(c->nonce, sizeof(c->nonce), "%.*s",
	         SLICE_ARG(challenge.nonce));
	buf_deinit(&scratch);
}

/* With nothing of memory missing. */
#define register_as(c, user, password, nc, with_qop) \
	register_short_of_memory((c), (user), (password), (nc), (with_qop), -1)

static void register_short_of_memory(const struct client *c,
                                     const char *user, const char *password,
                                     uint32_t nc, bool with_qop, long nth)
{
	static unsigned cseq = 100;
	char response[DIGEST_HEX_MAX], extra[TEXT_MAX];

	ck_assert(digest_compute(&(struct digest_input){
		.algorithm = c->algorithm,
		.user = slice_str(user),
		.realm = slice_str(c->realm),
		.password = slice_str(password),
		.nonce = slice_str(c->nonce),
		.cnonce = SLICE("abc"),
		.nc = nc,
		.qop = with_qop ? QOP_AUTH : QOP_NONE,
		.method = SLICE("REGISTER"),
		.uri = SLICE("sip:example.com"),
	}, response));
	snprintf(extra, sizeof(extra), "Contact: <sip:a@h1>\r\n"
	         "Authorization: Digest username=\"x\", realm=\"other\", "
	         "nonce=\"1\", uri=\"sip:x\", response=\"0\"\r\n"
	         "Authorization: Digest username=\"%s\", realm=\"%s\", "
	         "nonce=\"%s\", uri=\"sip:example.com\", algorithm=%s, "
	         "response=\"%s\"", user, c->realm, c->nonce,
	         digest_algorithm_name(c->algorithm), response);
	if (with_qop)
		snprintf(extra + strlen(extra), sizeof(extra) - strlen(extra),
		         ", qop=auth, cnonce=\"abc\", nc=%08x", nc);
	snprintf(extra + strlen(extra), sizeof(extra) - strlen(extra),
	         "\r\n");
	ck_assert(receive(&(struct request){
		.cseq = ++cseq, .extra = extra,
		.short_of_memory = nth >= 0, .nth = (size_t)nth,
	}));
}

static void add_alice(const char *secret)
{
	ck_assert_int_eq(registrar_add_user(registrar, SLICE("alice"),
	                                    slice_str(secret)), OK);
}

START_TEST(sha_256_is_offered_first_then_md5_rfc8760)
{
	struct client c;

	add_alice("pw");
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, 0, false);
	ck_assert_int_eq(c.algorithm, DIGEST_SHA_256);
	ck_assert_str_eq(c.realm, "sipsh");
	read_challenge(&c, 1, false);
	ck_assert_int_eq(c.algorithm, DIGEST_MD5);
}
END_TEST

START_TEST(the_right_password_registers)
{
	struct client c;

	add_alice("pw");
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, (size_t)_i, false);
	register_as(&c, "alice", "pw", 1, true);
	ck_assert_uint_eq(answered.status, 200);
	ck_assert_str_eq(answered.fields, "Contact: <sip:a@h1>;expires=3600");
}
END_TEST

static const struct {
	const char *why, *user, *password;
	bool with_qop;
} wrong[] = {
	{ "the password", "alice", "px", true },
	{ "the user", "mallory", "pw", true },
	{ "no qop: it could be replayed", "alice", "pw", false },
};

START_TEST(a_wrong_answer_is_challenged_anew)
{
	struct client c, next;

	add_alice("pw");
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, 0, false);
	register_as(&c, wrong[_i].user, wrong[_i].password, 1,
	            wrong[_i].with_qop);
	ck_assert_msg(answered.status == 401, "%s", wrong[_i].why);
	read_challenge(&next, 0, false);
}
END_TEST

START_TEST(a_user_registers_nobody_else)
{
	struct client c;

	add_alice("pw");
	ck_assert_int_eq(registrar_add_user(registrar, SLICE("bob"),
	                                    SLICE("pw2")), OK);
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, 0, false);
	register_as(&c, "bob", "pw2", 1, true);
	ck_assert_uint_eq(answered.status, 403);
}
END_TEST

START_TEST(a_count_that_does_not_rise_is_refused)
{
	struct client c, next;

	add_alice("pw");
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, 0, false);
	register_as(&c, "alice", "pw", 2, true);
	ck_assert_uint_eq(answered.status, 200);
	env_advance(&env, env.timers.now_us + 1000, 0);
	register_as(&c, "alice", "pw", 2, true);
	read_challenge(&next, 0, true);
	register_as(&c, "alice", "pw", 1, true);
	read_challenge(&next, 0, true);
	register_as(&c, "alice", "pw", 3, true);
	ck_assert_uint_eq(answered.status, 200);
	register_as(&next, "alice", "pw", 1, true);
	ck_assert_uint_eq(answered.status, 200);
}
END_TEST

START_TEST(an_old_nonce_is_stale)
{
	struct client c, next;

	add_alice("pw");
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, 0, false);
	advance_s(301);
	register_as(&c, "alice", "pw", 1, true);
	read_challenge(&next, 0, true);
	register_as(&next, "alice", "pw", 1, true);
	ck_assert_uint_eq(answered.status, 200);
}
END_TEST

START_TEST(clients_challenged_at_the_same_instant_all_get_in)
{
	struct client c[3];

	add_alice("pw");
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		expect(QUERY(1), 401, NULL);
		read_challenge(&c[i], 0, false);
	}
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		register_as(&c[i], "alice", "pw", 1, true);
		ck_assert_uint_eq(answered.status, 200);
	}
}
END_TEST

/* The memory of nonces is bounded: past it all of them are stale. */
START_TEST(many_nonces_do_not_let_one_be_replayed)
{
	struct client first, c;
	unsigned refused = 0;

	add_alice("pw");
	expect(QUERY(1), 401, NULL);
	read_challenge(&first, 0, false);
	register_as(&first, "alice", "pw", 1, true);
	ck_assert_uint_eq(answered.status, 200);
	for (unsigned i = 0; i < 1100; i++) {
		env_advance(&env, env.timers.now_us + 1000, 0);
		expect(QUERY(1), 401, NULL);
		read_challenge(&c, 0, false);
		register_as(&c, "alice", "pw", 1, true);
		if (answered.status != 200)
			refused++;
		register_as(&first, "alice", "pw", 1, true);
		ck_assert_uint_eq(answered.status, 401);
	}
	ck_assert_uint_eq(refused, 1);
}
END_TEST

START_TEST(only_what_every_secret_can_answer_is_offered)
{
	struct client c;
	char ha1[DIGEST_HEX_MAX], secret[DIGEST_HEX_MAX + 8];

	ck_assert(digest_ha1(DIGEST_MD5, SLICE("alice"), SLICE("sipsh"),
	                     SLICE("pw"), ha1));
	snprintf(secret, sizeof(secret), "HA1:%s", ha1);
	add_alice(secret);
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, 0, false);
	ck_assert_int_eq(c.algorithm, DIGEST_MD5);
	ck_assert_ptr_null(strchr(answered.fields, '|'));
	register_as(&c, "alice", "pw", 1, true);
	ck_assert_uint_eq(answered.status, 200);
}
END_TEST

START_TEST(a_user_given_twice_has_the_last_secret)
{
	struct client c;

	add_alice("old");
	add_alice("new");
	expect(QUERY(1), 401, NULL);
	read_challenge(&c, 0, false);
	register_as(&c, "alice", "old", 1, true);
	ck_assert_uint_eq(answered.status, 401);
	register_as(&c, "alice", "new", 2, true);
	ck_assert_uint_eq(answered.status, 200);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_ordinary_error)
{
	for (size_t n = 0, failed = 1; failed; n++) {
		enum error err = ERR_NOMEM;
		struct registrar *r;

		test_alloc_fail(n);
		r = registrar_new(&env, &registrar_settings_default);
		if (r != NULL)
			err = registrar_add_user(r, SLICE("a"), SLICE("b"));
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
		registrar_free(r);
	}
}
END_TEST

/* A nonce used once more, a binding and a record that are new: each may
 * fail for want of memory; what is short of it says so or asks again. */
START_TEST(an_answer_is_given_however_short_memory_is)
{
	struct client c;

	answered.ran_out = true;
	for (long n = 0; answered.ran_out; n++) {
		start(&registrar_settings_default);
		add_alice("pw");
		expect(QUERY(1), 401, NULL);
		read_challenge(&c, 0, false);
		register_short_of_memory(&c, "alice", "pw", 1, true, n);
		ck_assert(answered.status == 500 || answered.status == 401
		          || answered.status == 200);
		ck_assert(answered.ran_out || answered.status == 200);
	}
}
END_TEST

static void add_bindings(TCase *t)
{
	tcase_add_test(t, a_binding_is_added_listed_and_expires);
	tcase_add_test(t, bindings_are_added_to_those_there_are);
	tcase_add_test(t, a_binding_is_found_by_uri_comparison_19_1_4);
	tcase_add_loop_test(t, the_time_is_granted_as_10_3_says, 0,
	                    ARRAY_LEN(grants));
	tcase_add_test(t, too_brief_is_423_and_changes_nothing);
	tcase_add_test(t, an_old_cseq_of_the_same_call_id_is_500);
	tcase_add_test(t, a_star_removes_all_bindings);
	tcase_add_loop_test(t, a_star_stands_alone_with_expires_0, 0,
	                    ARRAY_LEN(stars));
	tcase_add_loop_test(t, an_address_of_record_is_canonical_10_3_5, 0,
	                    ARRAY_LEN(aors));
	tcase_add_test(t, what_is_no_address_of_record_is_404);
	tcase_add_test(t, bindings_have_a_bound);
	tcase_add_test(t, records_have_a_bound);
	tcase_add_test(t, bindings_can_be_listed);
	tcase_add_test(t, callers_are_redirected_by_q);
	tcase_add_test(t, who_has_no_binding_is_404_or_480);
	tcase_add_loop_test(t, what_is_not_for_a_registrar_goes_on, 0,
	                    ARRAY_LEN(others));
}

static void add_authentication(TCase *t)
{
	tcase_add_test(t, sha_256_is_offered_first_then_md5_rfc8760);
	tcase_add_loop_test(t, the_right_password_registers, 0, 2);
	tcase_add_loop_test(t, a_wrong_answer_is_challenged_anew, 0,
	                    ARRAY_LEN(wrong));
	tcase_add_test(t, a_user_registers_nobody_else);
	tcase_add_test(t, a_count_that_does_not_rise_is_refused);
	tcase_add_test(t, an_old_nonce_is_stale);
	tcase_add_test(t, clients_challenged_at_the_same_instant_all_get_in);
	tcase_add_test(t, many_nonces_do_not_let_one_be_replayed);
	tcase_add_test(t, only_what_every_secret_can_answer_is_offered);
	tcase_add_test(t, a_user_given_twice_has_the_last_secret);
	tcase_add_test(t, memory_that_runs_out_is_an_ordinary_error);
	tcase_add_test(t, an_answer_is_given_however_short_memory_is);
}

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("registrar", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	add_bindings(t);
	add_authentication(t);
	return s;
}

int main(void)
{
	return test_main(suite());
}
