/* A sips URI goes over TLS all the way or not at all: RFC 3261 26.2.2, 8.1.2,
 * RFC 5630. */

#include "core/ua/internal.h"
#include "tests/agent.h"

static struct rig rig;
static struct agent alice;

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP | RIG_TCP | RIG_TLS);
}

static void tear_down(void)
{
	agent_deinit(&alice);
	rig_deinit(&rig);
}

static struct context *ask(const char *method, const char *uri,
                           const char *route,
                           const struct target *destination)
{
	struct slice routes[] = { slice_str(route) };
	struct context *ctx = endpoint_new_request(
		alice.ep, NULL, &(struct context_params){
			.from = SLICE("sip:alice@192.0.2.1"),
			.to = slice_str(uri),
			.routes = routes,
			.nroutes = route == NULL ? 0 : 1,
		}, &(struct request_params){
			.method = slice_str(method),
			.uri = slice_str(uri),
			.destination = destination,
			.fn = agent_hear,
			.arg = &alice,
		}, &(enum error){ OK });

	ck_assert_ptr_nonnull(ctx);
	return ctx;
}

static const struct {
	const char *why, *uri, *route, *remote, *name;
	enum transport over;
} ways[] = {
	{ "sips", "sips:bob@192.0.2.9", NULL, "192.0.2.9:5061", "192.0.2.9",
	  TRANSPORT_TLS },
	{ "its port", "sips:bob@192.0.2.9:7000", NULL, "192.0.2.9:7000",
	  "192.0.2.9", TRANSPORT_TLS },
	{ "tcp means TLS over TCP", "sips:bob@192.0.2.9;transport=tcp", NULL,
	  "192.0.2.9:5061", "192.0.2.9", TRANSPORT_TLS },
	{ "sip by TLS", "sip:bob@192.0.2.9;transport=tls", NULL,
	  "192.0.2.9:5061", "192.0.2.9", TRANSPORT_TLS },
	{ "a hop that is sip, 8.1.2", "sips:bob@example.com",
	  "<sip:192.0.2.8;lr>", "192.0.2.8:5061", "192.0.2.8",
	  TRANSPORT_TLS },
	{ "a hop that is sips", "sip:bob@example.com",
	  "<sips:192.0.2.8;lr>", "192.0.2.8:5061", "192.0.2.8",
	  TRANSPORT_TLS },
	{ "a sip URI is free", "sip:bob@192.0.2.9", NULL, "192.0.2.9:5060",
	  "192.0.2.9", TRANSPORT_UDP },
};

START_TEST(tls_is_used_where_the_uri_or_a_hop_asks_for_it)
{
	const struct rig_sent *sent;
	struct addr remote = rig_addr(ways[_i].remote);

	ask("OPTIONS", ways[_i].uri, ways[_i].route, NULL);
	rig_settle(&rig);
	sent = rig_sent(&rig, 0);
	ck_assert_msg(sent->flow.leg->transport == ways[_i].over, "%s",
	              ways[_i].why);
	ck_assert(addr_eq(&sent->flow.remote, &remote));
	ck_assert_slice_eq(sent->name, ways[_i].name);
}
END_TEST

static const struct {
	const char *uri, *route;
} refused[] = {
	{ "sips:bob@192.0.2.9;transport=udp", NULL },
	{ "sips:bob@example.com", "<sip:192.0.2.8;transport=udp;lr>" },
};

START_TEST(sips_over_udp_is_refused)
{
	ask("OPTIONS", refused[_i].uri, refused[_i].route, NULL);
	rig_advance(&rig, 100);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_NO_TRANSPORT);
	ck_assert_ptr_nonnull(strstr(agent_last(&alice)->text, "sips"));
}
END_TEST

START_TEST(no_destination_of_the_users_makes_sips_insecure)
{
	struct target target = {
		.transport = TRANSPORT_UDP,
		.addr = rig_addr("192.0.2.9:5060"),
	};

	ask("OPTIONS", "sips:bob@192.0.2.9", NULL, &target);
	rig_advance(&rig, 100);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_int_eq(agent_last(&alice)->err, ERR_NO_TRANSPORT);
	target.transport = TRANSPORT_TLS;
	ask("OPTIONS", "sips:bob@192.0.2.9", NULL, &target);
	rig_settle(&rig);
	ck_assert_uint_eq(rig.nsent, 1);
}
END_TEST

static const struct {
	const char *uri, *contact;
} contacts[] = {
	{ "sips:bob@192.0.2.9", "<sips:alice@192.0.2.1:5061>" },
	{ "sip:bob@192.0.2.9;transport=tls",
	  "<sip:alice@192.0.2.1:5061;transport=tls>" },
};

/* RFC 5630 5.1.1.1 */
START_TEST(the_contact_of_a_sips_request_is_sips)
{
	ask("INVITE", contacts[_i].uri, NULL, NULL);
	rig_settle(&rig);
	ck_assert_slice_eq(agent_header(&alice, "INVITE ", 0, HEADER_CONTACT),
	                   contacts[_i].contact);
}
END_TEST

/* RFC 5630 5.1.2 */
START_TEST(the_contact_of_an_answer_to_sips_is_sips)
{
	rig_inject(&alice.party, TRANSPORT_TLS, "192.0.2.9:5061",
	           rig_request(&rig, &(struct rig_request){
		.method = "INVITE",
		.uri = "sips:alice@192.0.2.1",
		.via = "SIP/2.0/TLS 192.0.2.9;branch=z9hG4bKsips",
		.contact = "<sips:bob@192.0.2.9>",
		.content_type = "application/sdp",
		.body = agent_offer,
	}));
	ck_assert_int_eq(agent_answer(&alice, 200), OK);
	rig_settle(&rig);
	ck_assert_slice_eq(agent_header(&alice, "SIP/2.0 200", 0,
	                                HEADER_CONTACT),
	                   "<sips:alice@192.0.2.1:5061>");
}
END_TEST

/* 18.2.2, RFC 5922: a new connection is to whom the Via names. */
START_TEST(a_response_on_a_new_connection_wants_the_sender_proved)
{
	rig_inject(&alice.party, TRANSPORT_TLS, "192.0.2.9:40001",
	           rig_request(&rig, &(struct rig_request){
		.method = "INVITE",
		.uri = "sips:alice@192.0.2.1",
		.via = "SIP/2.0/TLS proxy.example.com:5071;branch=z9hG4bKv",
		.contact = "<sips:bob@192.0.2.9>",
		.content_type = "application/sdp",
		.body = agent_offer,
	}));
	rig_advance(&rig, 200);         /* for the 100 (17.2.1) */
	ck_assert_slice_eq(rig_last(&rig)->name, "");
	rig_break(&alice.party, false);
	rig_forget(&rig);
	ck_assert_int_eq(agent_answer(&alice, 486), OK);
	rig_settle(&rig);
	ck_assert_slice_eq(rig_last(&rig)->name, "proxy.example.com");
	ck_assert_uint_eq(rig_last(&rig)->flow.remote.port, 5071);
}
END_TEST

START_TEST(without_a_tls_leg_sips_is_not_sent)
{
	static struct agent plain;

	agent_init(&plain, &rig, "192.0.2.2", RIG_UDP | RIG_TCP);
	(void)endpoint_new_request(plain.ep, NULL, &(struct context_params){
		.from = SLICE("sip:a@192.0.2.2"),
		.to = SLICE("sips:bob@192.0.2.9"),
	}, &(struct request_params){
		.method = SLICE("OPTIONS"),
		.fn = agent_hear,
		.arg = &plain,
	}, &(enum error){ OK });
	rig_advance(&rig, 100);
	ck_assert_uint_eq(rig_sent_by(&rig, &plain.party), 0);
	ck_assert_int_eq(agent_last(&plain)->err, ERR_NO_TRANSPORT);
	agent_deinit(&plain);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_secure", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests,
	                    tls_is_used_where_the_uri_or_a_hop_asks_for_it, 0,
	                    ARRAY_LEN(ways));
	tcase_add_loop_test(tests, sips_over_udp_is_refused, 0,
	                    ARRAY_LEN(refused));
	tcase_add_test(tests,
	               no_destination_of_the_users_makes_sips_insecure);
	tcase_add_loop_test(tests, the_contact_of_a_sips_request_is_sips, 0,
	                    ARRAY_LEN(contacts));
	tcase_add_test(tests, the_contact_of_an_answer_to_sips_is_sips);
	tcase_add_test(tests,
	               a_response_on_a_new_connection_wants_the_sender_proved);
	tcase_add_test(tests, without_a_tls_leg_sips_is_not_sent);
	return s;
}

int main(void)
{
	return test_main(suite());
}
