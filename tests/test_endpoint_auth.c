/* The endpoint is challenged (RFC 3261 22): U11 and A1 as far as they are
 * its own; whom to answer is tests/test_credentials.c. */

#include "core/message/digest.h"
#include "tests/agent.h"

static struct rig rig;
static struct agent alice;
static struct credentials *credentials;

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
	credentials = credentials_new();
	ck_assert_ptr_nonnull(credentials);
	ck_assert_int_eq(credentials_add_host(credentials,
	                                      SLICE("192.0.2.9")), OK);
}

static void tear_down(void)
{
	agent_deinit(&alice);
	credentials_free(credentials);
	rig_deinit(&rig);
}

static void know_secret(void)
{
	ck_assert_int_eq(credentials_set_own(credentials, SLICE("alice"),
	                                     SLICE("secret")), OK);
}

static struct context *send_as(const char *method, const char *to)
{
	struct context *ctx;
	enum error err;

	ctx = endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@192.0.2.9"),
		.to = slice_str(to),
		.credentials = credentials,
	}, &(struct request_params){
		.method = slice_str(method),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
	context_watch(ctx, agent_watch, &alice);
	return ctx;
}

static void challenge(const char *method, size_t nth, const char *lines)
{
	rig_reply(&rig, agent_sent(&alice, method, nth),
	          &(struct rig_response){
		.status = slice_starts_with(slice_str(lines), SLICE("Proxy"))
		          ? 407 : 401,
		.extra = lines,
	});
}

static const char first[] =
	"WWW-Authenticate: Digest realm=\"home\", nonce=\"n1\", qop=\"auth\", "
	"algorithm=SHA-256\r\n";
static const char stale[] =
	"WWW-Authenticate: Digest realm=\"home\", nonce=\"n2\", qop=\"auth\", "
	"algorithm=SHA-256, stale=true\r\n";
static const char proxy[] =
	"Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"p1\", "
	"qop=\"auth\", algorithm=SHA-256\r\n";

/* The nth request's own answer to a realm, checked against the secret. */
static void check_answer(const char *method, size_t nth, enum header_id id,
                         const char *nonce, uint32_t nc)
{
	struct buf scratch = { 0 };
	struct authorization a;
	char hex[DIGEST_HEX_MAX];

	ck_assert(authorization_parse(agent_header(&alice, method, nth, id),
	                              &scratch, &a));
	ck_assert_slice_eq(a.nonce, nonce);
	ck_assert_uint_eq(a.nc, nc);
	ck_assert(digest_compute(&(struct digest_input){
		.algorithm = a.algorithm,
		.user = SLICE("alice"),
		.realm = a.realm,
		.password = SLICE("secret"),
		.nonce = a.nonce,
		.cnonce = a.cnonce,
		.nc = a.nc,
		.qop = a.qop,
		.method = rig.message.method_name,
		.uri = rig.message.uri_text,
	}, hex));
	ck_assert_slice_eq(a.response, hex);
	buf_deinit(&scratch);
}

START_TEST(a_challenge_is_answered_with_the_next_cseq_and_branch)
{
	static const enum header_id same[] = {
		HEADER_CALL_ID, HEADER_FROM, HEADER_TO,
	};
	struct slice branch;

	know_secret();
	send_as("INVITE", "sip:bob@192.0.2.9");
	challenge("INVITE ", 0, first);
	ck_assert_uint_eq(alice.noutcomes, 0);
	ck_assert_uint_eq(agent_count(&alice, "ACK "), 1);
	check_answer("INVITE ", 1, HEADER_AUTHORIZATION, "n1", 1);
	ck_assert_uint_eq(rig.message.cseq.number, 2);
	branch = rig.message.via.branch;
	ck_assert(!slice_eq(branch, rig_parse(&rig, agent_sent(
		&alice, "INVITE ", 0)->wire)->via.branch));
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct slice a = agent_header(&alice, "INVITE ", 0, same[i]);
		struct slice b = agent_header(&alice, "INVITE ", 1, same[i]);

		ck_assert(slice_eq(a, b));
	}
	rig_reply_status(&rig, agent_sent(&alice, "INVITE ", 1), 200);
	ck_assert_uint_eq(agent_last(&alice)->authorised, 1);
	ck_assert_uint_eq(agent_last(&alice)->cseq, 2);
}
END_TEST

START_TEST(ack_carries_its_invites_credentials_and_bye_its_own)
{
	struct slice of_invite, of_ack;
	struct context *ctx;

	know_secret();
	ctx = send_as("INVITE", "sip:bob@192.0.2.9");
	challenge("INVITE ", 0, first);
	rig_reply(&rig, agent_sent(&alice, "INVITE ", 1),
	          &(struct rig_response){
		.status = 200, .contact = "<sip:bob@192.0.2.9>",
	});
	of_invite = agent_header(&alice, "INVITE ", 1, HEADER_AUTHORIZATION);
	of_ack = agent_header(&alice, "ACK ", 1, HEADER_AUTHORIZATION);
	ck_assert(slice_eq(of_ack, of_invite));
	ck_assert_uint_eq(rig.message.cseq.number, 2);
	/* ahead of any challenge */
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	check_answer("BYE ", 0, HEADER_AUTHORIZATION, "n1", 2);
	ck_assert_uint_eq(rig.message.cseq.number, 3);
}
END_TEST

/* Nobody there has asked for them. */
START_TEST(an_ack_that_goes_elsewhere_carries_no_credentials)
{
	know_secret();
	send_as("INVITE", "sip:bob@192.0.2.9");
	challenge("INVITE ", 0, first);
	rig_reply(&rig, agent_sent(&alice, "INVITE ", 1),
	          &(struct rig_response){
		.status = 200, .contact = "<sip:bob@192.0.2.66>",
	});
	ck_assert_ptr_null(agent_header(&alice, "ACK sip:bob@192.0.2.66 ", 0,
	                                HEADER_AUTHORIZATION).p);
}
END_TEST

START_TEST(cancel_repeats_the_credentials_of_its_invite)
{
	struct slice of_invite, of_cancel;
	struct context *ctx;

	know_secret();
	ctx = send_as("INVITE", "sip:bob@192.0.2.9");
	challenge("INVITE ", 0, first);
	rig_reply_status(&rig, agent_sent(&alice, "INVITE ", 1), 180);
	ck_assert(endpoint_hangup(alice.ep, ctx, NULL, NULL));
	of_invite = agent_header(&alice, "INVITE ", 1, HEADER_AUTHORIZATION);
	of_cancel = agent_header(&alice, "CANCEL ", 0, HEADER_AUTHORIZATION);
	ck_assert(slice_eq(of_cancel, of_invite));
	ck_assert_uint_eq(rig.message.cseq.number, 2);
}
END_TEST

START_TEST(proxy_and_registrar_may_both_ask)
{
	know_secret();
	send_as("OPTIONS", "sip:bob@192.0.2.9");
	challenge("OPTIONS ", 0, proxy);
	check_answer("OPTIONS ", 1, HEADER_PROXY_AUTHORIZATION, "p1", 1);
	challenge("OPTIONS ", 1, first);
	check_answer("OPTIONS ", 2, HEADER_AUTHORIZATION, "n1", 1);
	check_answer("OPTIONS ", 2, HEADER_PROXY_AUTHORIZATION, "p1", 2);
	rig_reply_status(&rig, agent_sent(&alice, "OPTIONS ", 2), 200);
	ck_assert_uint_eq(agent_last(&alice)->authorised, 2);
}
END_TEST

START_TEST(a_stale_nonce_is_no_wrong_secret)
{
	know_secret();
	send_as("OPTIONS", "sip:bob@192.0.2.9");
	challenge("OPTIONS ", 0, first);
	challenge("OPTIONS ", 1, stale);
	check_answer("OPTIONS ", 2, HEADER_AUTHORIZATION, "n2", 1);
}
END_TEST

START_TEST(a_wrong_secret_is_told_after_one_answer)
{
	know_secret();
	send_as("OPTIONS", "sip:bob@192.0.2.9");
	challenge("OPTIONS ", 0, first);
	challenge("OPTIONS ", 1, first);
	ck_assert_uint_eq(agent_count(&alice, "OPTIONS "), 2);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_AUTH);
	ck_assert_uint_eq(agent_last(&alice)->status, 401);
	ck_assert_str_ne(agent_last(&alice)->text, "");
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

START_TEST(a_stranger_gets_no_answer)
{
	know_secret();
	send_as("INVITE", "sip:bob@192.0.2.66");
	challenge("INVITE ", 0, first);
	ck_assert_uint_eq(agent_count(&alice, "INVITE "), 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_AUTH);
	ck_assert_str_eq(agent_ending(&alice)->cause, "auth");
}
END_TEST

/* Gauci's finding: the callee challenges the BYE of the called. */
START_TEST(a_challenge_inside_a_dialog_of_the_peer_gets_no_answer)
{
	struct context *ctx = agent_be_called(&alice);

	know_secret();
	ck_assert(endpoint_hangup(alice.ep, ctx, agent_hear, &alice));
	challenge("BYE ", 0, first);
	ck_assert_uint_eq(agent_count(&alice, "BYE "), 1);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_AUTH);
	ck_assert_str_eq(agent_ending(&alice)->cause, "bye");
}
END_TEST

START_TEST(resp40x_authorises_the_first_request)
{
	struct message refused;
	struct fault fault;
	struct slice wire;
	enum error err;

	know_secret();
	send_as("OPTIONS", "sip:bob@192.0.2.9");
	wire = rig_response(&rig, rig_last(&rig)->wire,
	                    &(struct rig_response){
		.status = 401, .extra = first,
	});
	message_init(&refused);
	ck_assert_int_eq(message_parse(&refused, wire,
	                               &message_limits_default, &fault), OK);
	ck_assert(message_check(&refused, &fault));
	(void)endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@192.0.2.9"),
		.to = SLICE("sip:bob@192.0.2.9"),
		.credentials = credentials,
	}, &(struct request_params){
		.method = SLICE("OPTIONS"),
		.resp40x = &refused,
	}, &err);
	check_answer("OPTIONS ", 1, HEADER_AUTHORIZATION, "n1", 1);
	message_deinit(&refused);
}
END_TEST

/* --- asking the user --- */

static struct {
	unsigned times;
	uint64_t id;
	bool waits;
} asked;

static bool on_ask(struct endpoint *ep, struct context *ctx, uint64_t id,
                   struct slice method, struct slice realm, void *arg)
{
	(void)ep;
	(void)ctx;
	ck_assert_ptr_eq(arg, &asked);
	ck_assert_slice_eq(method, "OPTIONS");
	ck_assert_slice_eq(realm, "home");
	asked.times++;
	asked.id = id;
	return asked.waits;
}

static void be_asked(bool waits)
{
	asked.times = 0;
	asked.waits = waits;
	endpoint_set_ask(alice.ep, on_ask, &asked);
	send_as("OPTIONS", "sip:bob@192.0.2.9");
	challenge("OPTIONS ", 0, first);
	ck_assert_uint_eq(asked.times, 1);
}

START_TEST(a_user_who_knows_the_secret_is_waited_for)
{
	be_asked(true);
	rig_advance(&rig, 60000);
	ck_assert_uint_eq(alice.noutcomes, 0);
	know_secret();
	endpoint_retry_auth(alice.ep, asked.id);
	check_answer("OPTIONS ", 1, HEADER_AUTHORIZATION, "n1", 1);
	rig_reply_status(&rig, agent_sent(&alice, "OPTIONS ", 1), 200);
	ck_assert_uint_eq(agent_last(&alice)->status, 200);
	endpoint_retry_auth(alice.ep, asked.id);
	ck_assert_uint_eq(alice.noutcomes, 1);
}
END_TEST

START_TEST(a_user_who_gives_up_hears_the_challenge)
{
	be_asked(true);
	endpoint_give_up_auth(alice.ep, asked.id);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_AUTH);
	ck_assert_uint_eq(agent_last(&alice)->status, 401);
	ck_assert_uint_eq(alice.nclosed, 1);
}
END_TEST

START_TEST(nobody_to_ask_is_told_at_once)
{
	be_asked(false);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_AUTH);
}
END_TEST

START_TEST(a_context_may_be_closed_while_its_user_is_asked)
{
	be_asked(true);
	endpoint_close_context(alice.ep, endpoint_find_context(alice.ep, 1));
	know_secret();
	endpoint_retry_auth(alice.ep, asked.id);
	ck_assert_uint_eq(agent_count(&alice, "OPTIONS "), 1);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_auth", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests,
	               a_challenge_is_answered_with_the_next_cseq_and_branch);
	tcase_add_test(tests,
	               ack_carries_its_invites_credentials_and_bye_its_own);
	tcase_add_test(tests,
	               an_ack_that_goes_elsewhere_carries_no_credentials);
	tcase_add_test(tests, cancel_repeats_the_credentials_of_its_invite);
	tcase_add_test(tests, proxy_and_registrar_may_both_ask);
	tcase_add_test(tests, a_stale_nonce_is_no_wrong_secret);
	tcase_add_test(tests, a_wrong_secret_is_told_after_one_answer);
	tcase_add_test(tests, a_stranger_gets_no_answer);
	tcase_add_test(tests,
	               a_challenge_inside_a_dialog_of_the_peer_gets_no_answer);
	tcase_add_test(tests, resp40x_authorises_the_first_request);
	tcase_add_test(tests, a_user_who_knows_the_secret_is_waited_for);
	tcase_add_test(tests, a_user_who_gives_up_hears_the_challenge);
	tcase_add_test(tests, nobody_to_ask_is_told_at_once);
	tcase_add_test(tests, a_context_may_be_closed_while_its_user_is_asked);
	return s;
}

int main(void)
{
	return test_main(suite());
}
