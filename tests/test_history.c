/* What an outcome tells of how it came about. */

#include "core/ua/history.h"
#include "tests/agent.h"

static struct rig rig;
static struct agent alice;
static struct credentials *credentials;
static char heard[4096];                /* of the final outcome: a line for
                                         * each step */

static void print_attempt(struct buf *out, const struct attempt *a)
{
	static const char *const steps[] = {
		[ATTEMPT_NAME] = "name",
		[ATTEMPT_TARGET] = "target",
		[ATTEMPT_CHALLENGE] = "challenge",
		[ATTEMPT_REDIRECT] = "redirect",
	};
	char addr[ADDR_TEXT] = "-";

	if (a->target.transport != TRANSPORT_NONE)
		addr_text(&a->target.addr, addr);
	buf_printf(out, "%s|%.*s|%s|%u|%s|%.*s|%u ms\n", steps[a->step],
	           SLICE_ARG(a->what), addr, a->status,
	           a->err == OK ? "" : error_text(a->err),
	           SLICE_ARG(a->text), (unsigned)(a->elapsed_us / 1000));
}

static void hear(struct agent *a, struct context *ctx,
                 const struct outcome *o)
{
	struct buf text = { 0 };

	(void)a;
	(void)ctx;
	if (!o->final)
		return;
	ck_assert_ptr_nonnull(o->history);
	for (const struct attempt *it = o->history->first; it != NULL;
	     it = it->next)
		print_attempt(&text, it);
	ck_assert_uint_lt(text.len, sizeof(heard));
	memcpy(heard, buf_cstr(&text), text.len + 1);
	buf_deinit(&text);
}

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
	alice.on_outcome = hear;
	alice.settings.redirects = 1;
	heard[0] = '?';
	heard[1] = '\0';
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

static void send_to(const char *to)
{
	enum error err;

	(void)endpoint_new_request(alice.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@192.0.2.9"),
		.to = slice_str(to),
		.credentials = credentials,
	}, &(struct request_params){
		.method = SLICE("MESSAGE"),
		.fn = agent_hear,
		.arg = &alice,
	}, &err);
	ck_assert_int_eq(err, OK);
	rig_settle(&rig);
}

static const struct rig_sent *last(void)
{
	return agent_sent(&alice, "MESSAGE ",
	                  agent_count(&alice, "MESSAGE ") - 1);
}

static void challenge(const char *line)
{
	rig_reply(&rig, last(), &(struct rig_response){
		.status = 401, .reason = "Unauthorized", .extra = line,
	});
}

static const char home[] =
	"WWW-Authenticate: Digest realm=\"home\", nonce=\"n\", qop=\"auth\", "
	"algorithm=SHA-256\r\n";

START_TEST(what_goes_well_at_once_has_no_history)
{
	send_to("sip:bob@192.0.2.9");
	rig_reply_status(&rig, last(), 200);
	ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(an_answered_challenge_is_told)
{
	know_secret();
	send_to("sip:bob@192.0.2.9");
	rig_advance(&rig, 30);
	challenge(home);
	rig_reply_status(&rig, last(), 200);
	ck_assert_str_eq(heard,
		"target|MESSAGE|192.0.2.9:5060|401||Unauthorized|30 ms\n"
		"challenge|realm \"home\" SHA-256|192.0.2.9:5060|401|||0 ms\n");
}
END_TEST

START_TEST(a_wrong_password_is_told_with_the_reason)
{
	know_secret();
	send_to("sip:bob@192.0.2.9");
	challenge(home);
	challenge(home);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_AUTH);
	ck_assert_ptr_nonnull(strstr(heard,
		"challenge|realm \"home\" SHA-256|192.0.2.9:5060|401|||0 ms\n"
		"target|MESSAGE|192.0.2.9:5060|401||Unauthorized|0 ms\n"
		"challenge|realm \"home\" SHA-256|192.0.2.9:5060|401|"
		"authentication failed|"));
	ck_assert_ptr_nonnull(strstr(heard, agent_last(&alice)->text));
}
END_TEST

/* Two challenges of one response share a row; none is left out. */
START_TEST(every_challenge_of_a_response_is_named)
{
	send_to("sip:bob@192.0.2.9");
	challenge("WWW-Authenticate: Digest realm=\"a\", nonce=\"n\", "
	          "algorithm=SHA-256\r\n"
	          "WWW-Authenticate: Digest realm=\"b\", nonce=\"n\"\r\n");
	ck_assert_ptr_nonnull(strstr(heard, "challenge|realm \"a\" SHA-256, "
	                             "realm \"b\" MD5|"));
}
END_TEST

START_TEST(a_failover_is_told_target_by_target)
{
	rig_add_address(&rig, "two.example", "192.0.2.10");
	rig_add_address(&rig, "two.example", "192.0.2.11");
	send_to("sip:bob@two.example:5060;transport=udp");
	rig_advance(&rig, 4000);
	rig_reply(&rig, last(), &(struct rig_response){
		.status = 404, .reason = "Not Found",
	});
	ck_assert_str_eq(heard,
		"name|two.example|192.0.2.10:5060|0|||0 ms\n"
		"name|two.example|192.0.2.11:5060|0|||0 ms\n"
		"target|MESSAGE|192.0.2.10:5060|0|timed out|timed out|"
		"4000 ms\n"
		"target|MESSAGE|192.0.2.11:5060|404||Not Found|0 ms\n");
}
END_TEST

START_TEST(an_unknown_name_is_told)
{
	rig.lookup_delay_ms = 20;
	send_to("sip:bob@none.example:5060;transport=udp");
	rig_advance(&rig, 100);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_DNS);
	ck_assert(strncmp(heard, "name|none.example|-|0|name does not "
	                  "resolve|", 44) == 0);
	ck_assert_ptr_nonnull(strstr(heard, "|20 ms\n"));
}
END_TEST

static void redirect(const char *contact)
{
	rig_reply(&rig, last(), &(struct rig_response){
		.status = 302, .reason = "Moved", .contact = contact,
	});
}

START_TEST(redirections_are_told_whether_they_are_followed)
{
	send_to("sip:bob@192.0.2.9");
	redirect("<sip:bob@192.0.2.10>");
	redirect("<sip:bob@192.0.2.11>");
	ck_assert_str_eq(heard,
		"target|MESSAGE|192.0.2.9:5060|302||Moved|0 ms\n"
		"redirect|sip:bob@192.0.2.10|192.0.2.9:5060|0|||0 ms\n"
		"target|MESSAGE|192.0.2.10:5060|302||Moved|0 ms\n"
		"redirect|<sip:bob@192.0.2.11>|192.0.2.10:5060|0|"
		"the peer broke the protocol|redirected too often|0 ms\n");
}
END_TEST

START_TEST(a_redirection_that_nobody_asked_to_follow_is_told)
{
	alice.settings.redirects = 0;
	send_to("sip:bob@192.0.2.9");
	redirect("<sip:bob@192.0.2.10>");
	ck_assert_int_eq(agent_last(&alice)->err, OK);
	ck_assert_ptr_nonnull(strstr(heard, "redirect|<sip:bob@192.0.2.10>|"
	                             "192.0.2.9:5060|0|cancelled|"));
}
END_TEST

/* --- its bounds --- */

START_TEST(what_is_too_much_is_counted)
{
	struct history h = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < HISTORY_MAX + 3; i++)
		history_add(&h, &(struct attempt){ .status = 100 });
	for (const struct attempt *a = h.first; a != NULL; a = a->next)
		n++;
	ck_assert_uint_eq(n, HISTORY_MAX);
	ck_assert_uint_eq(h.n, HISTORY_MAX);
	ck_assert_uint_eq(h.lost, 3);
	history_deinit(&h);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	static char text[HISTORY_TEXT_MAX + 100];
	struct history h = { 0 };

	memset(text, 'x', sizeof(text));
	history_add(&h, &(struct attempt){
		.what = slice_make(text, sizeof(text)),
	});
	ck_assert_uint_eq(h.first->what.len, HISTORY_TEXT_MAX);
	history_deinit(&h);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("history");
	TCase *t = tcase_create("of an exchange");
	TCase *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_goes_well_at_once_has_no_history);
	tcase_add_test(t, an_answered_challenge_is_told);
	tcase_add_test(t, a_wrong_password_is_told_with_the_reason);
	tcase_add_test(t, every_challenge_of_a_response_is_named);
	tcase_add_test(t, a_failover_is_told_target_by_target);
	tcase_add_test(t, an_unknown_name_is_told);
	tcase_add_test(t, redirections_are_told_whether_they_are_followed);
	tcase_add_test(t, a_redirection_that_nobody_asked_to_follow_is_told);
	suite_add_tcase(s, t);
	tcase_add_test(bounds, what_is_too_much_is_counted);
	tcase_add_test(bounds, a_long_text_is_cut);
	suite_add_tcase(s, bounds);
	return s;
}

int main(void)
{
	return test_main(suite());
}
