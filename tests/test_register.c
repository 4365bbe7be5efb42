/* A registration and a registrar, each on an endpoint of its own. */

#include "core/ua/registrar.h"
#include "core/ua/registration.h"
#include "tests/agent.h"

static struct rig rig;
static struct agent client, server;
static struct registrar *registrar;
static struct credentials *credentials;
static struct registration *reg;

static struct {
	unsigned count, status, nbindings, self, authorised;
	enum registration_event event;
	enum error err;
	uint32_t expires_s;
} seen;

static void on_request(struct agent *a, struct context *ctx,
                       const struct incoming *in)
{
	(void)ctx;
	ck_assert(registrar_receive(registrar, a->ep, in));
}

static void on_report(struct registration *r,
                      const struct registration_report *report, void *arg)
{
	(void)arg;
	ck_assert_ptr_eq(r, reg);
	seen.count++;
	seen.event = report->event;
	seen.err = report->outcome->err;
	seen.status = report->outcome->response == NULL
	              ? 0 : report->outcome->response->status;
	seen.authorised = report->outcome->authorised;
	seen.expires_s = report->expires_s;
	seen.nbindings = (unsigned)report->nbindings;
	seen.self = 0;
	for (size_t i = 0; i < report->nbindings; i++)
		seen.self += report->bindings[i].self;
}

static void set_password(const char *password)
{
	credentials_free(credentials);
	credentials = credentials_new();
	ck_assert_ptr_nonnull(credentials);
	ck_assert_int_eq(credentials_set_own(credentials, SLICE("alice"),
	                                     slice_str(password)), OK);
	ck_assert_int_eq(credentials_add_host(credentials,
	                                      SLICE("192.0.2.9")), OK);
}

static void register_over(const char *registrar_uri, uint32_t expires_s)
{
	enum error err;

	reg = registration_new(client.ep, &(struct registration_params){
		.registrar = slice_str(registrar_uri),
		.aor = SLICE("\"Alice\" <sip:alice@192.0.2.9>"),
		.contact_params = SLICE(";q=0.5"),
		.expires_s = expires_s,
		.credentials = credentials,
	}, on_report, NULL, &err);
	ck_assert_ptr_nonnull(reg);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	rig_settle(&rig);
}

static void set_up(void)
{
	memset(&seen, 0, sizeof(seen));
	rig_init(&rig);
	agent_init(&client, &rig, "192.0.2.1", RIG_UDP | RIG_TCP);
	agent_init(&server, &rig, "192.0.2.9", RIG_UDP | RIG_TCP);
	server.settings.allow = SLICE("INVITE, ACK, CANCEL, BYE, OPTIONS, "
	                              "MESSAGE, REGISTER");
	server.on_incoming = on_request;
	registrar = registrar_new(&rig.env, &registrar_settings_default);
	ck_assert_ptr_nonnull(registrar);
	ck_assert_int_eq(registrar_add_user(registrar, SLICE("alice"),
	                                    SLICE("pw")), OK);
	set_password("pw");
}

static void tear_down(void)
{
	registration_free(reg);
	reg = NULL;
	agent_deinit(&client);
	agent_deinit(&server);
	credentials_free(credentials);
	credentials = NULL;
	registrar_free(registrar);
	rig_deinit(&rig);
}

static const char *const registrars[] = {
	"sip:192.0.2.9", "sip:192.0.2.9;transport=tcp",
};

START_TEST(a_challenged_registration_knows_its_own_binding)
{
	register_over(registrars[_i], 600);
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(seen.authorised, 1);
	ck_assert_uint_eq(seen.expires_s, 600);
	ck_assert_uint_eq(seen.nbindings, 1);
	ck_assert_uint_eq(seen.self, 1);
}
END_TEST

START_TEST(a_refresh_updates_the_binding_without_a_new_challenge)
{
	register_over("sip:192.0.2.9", 200);
	rig_forget(&rig);
	rig_advance(&rig, 180000);
	ck_assert_uint_eq(agent_count(&client, "REGISTER "), 1);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
	ck_assert_uint_eq(seen.nbindings, 1);
	ck_assert_uint_eq(registration_left_s(reg), 200);
}
END_TEST

/* The nonce has grown old meanwhile: stale=true, and the password is right. */
START_TEST(a_refresh_with_an_old_nonce_is_challenged_once_more)
{
	register_over("sip:192.0.2.9", 3600);
	rig_advance(&rig, 3240000);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
	ck_assert_uint_eq(seen.authorised, 1);
}
END_TEST

START_TEST(a_423_is_raised_to_what_the_registrar_wants)
{
	register_over("sip:192.0.2.9", 10);
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
	ck_assert_uint_eq(seen.expires_s, 60);
}
END_TEST

START_TEST(a_wrong_password_is_refused_once)
{
	set_password("px");
	register_over("sip:192.0.2.9", 600);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.err, ERR_AUTH);
	ck_assert_uint_eq(seen.status, 401);
	ck_assert_uint_eq(agent_count(&client, "REGISTER "), 2);
}
END_TEST

START_TEST(unregister_query_and_remove_all_do_what_they_say)
{
	register_over(registrars[_i], 600);
	ck_assert_int_eq(registration_query(reg), OK);
	rig_settle(&rig);
	ck_assert_int_eq(seen.event, REGISTRATION_BINDINGS);
	ck_assert_uint_eq(seen.self, 1);
	registration_unregister(reg);
	rig_settle(&rig);
	ck_assert_int_eq(seen.event, REGISTRATION_REMOVED);
	ck_assert_uint_eq(seen.nbindings, 0);
	registration_register(reg, NULL);
	registration_remove_all(reg);
	registration_query(reg);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(seen.count, 6);
	ck_assert_int_eq(seen.event, REGISTRATION_BINDINGS);
	ck_assert_uint_eq(seen.nbindings, 0);
}
END_TEST

START_TEST(a_registrar_that_is_silent_times_out)
{
	register_over("sip:192.0.2.77", 600);
	rig_advance(&rig, 32000);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.err, ERR_TIMEOUT);
}
END_TEST

START_TEST(freeing_a_registration_stops_its_request)
{
	register_over("sip:192.0.2.77", 600);
	registration_free(reg);
	reg = NULL;
	rig_advance(&rig, 40000);
	ck_assert_uint_eq(seen.count, 0);
	ck_assert_uint_eq(endpoint_contexts(client.ep), 0);
}
END_TEST

START_TEST(a_caller_is_redirected_to_the_binding)
{
	enum error err;

	register_over("sip:192.0.2.9", 600);
	(void)endpoint_invite(client.ep, NULL, &(struct context_params){
		.from = SLICE("sip:carol@192.0.2.1"),
		.to = SLICE("sip:alice@192.0.2.9"),
	}, &(struct request_params){
		.fn = agent_hear, .arg = &client,
	}, &err);
	ck_assert_int_eq(err, OK);
	rig_settle(&rig);
	ck_assert_uint_eq(agent_last(&client)->status, 302);
	ck_assert_slice_eq(agent_header(&server, "SIP/2.0 302", 0,
	                                HEADER_CONTACT),
	                   "<sip:alice@192.0.2.1:5060>;q=0.5");
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("register", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t,
		a_challenged_registration_knows_its_own_binding, 0,
		ARRAY_LEN(registrars));
	tcase_add_test(t,
		a_refresh_updates_the_binding_without_a_new_challenge);
	tcase_add_test(t,
		a_refresh_with_an_old_nonce_is_challenged_once_more);
	tcase_add_test(t, a_423_is_raised_to_what_the_registrar_wants);
	tcase_add_test(t, a_wrong_password_is_refused_once);
	tcase_add_loop_test(t,
		unregister_query_and_remove_all_do_what_they_say, 0,
		ARRAY_LEN(registrars));
	tcase_add_test(t, a_registrar_that_is_silent_times_out);
	tcase_add_test(t, freeing_a_registration_stops_its_request);
	tcase_add_test(t, a_caller_is_redirected_to_the_binding);
	return s;
}

int main(void)
{
	return test_main(suite());
}
