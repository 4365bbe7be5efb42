/* A registration whose flow is lost (RFC 5626 4.5), on a real endpoint. */

#include <stdio.h>

#include "core/ua/registration.h"
#include "tests/agent.h"

static struct rig rig;
static struct agent alice;
static struct registration *reg;

static struct {
	unsigned ok, failed, lost;
	int64_t next_try_ms;
	enum error err;
} told;

static void on_report(struct registration *r,
                      const struct registration_report *report, void *arg)
{
	ck_assert_ptr_eq(r, reg);
	(void)arg;
	if (report->event == REGISTRATION_OK) {
		told.ok++;
		return;
	}
	ck_assert_int_eq(report->event, REGISTRATION_FAILED);
	told.failed++;
	told.next_try_ms = report->next_try_ms;
	told.err = report->outcome->err;
	if (!report->flow_lost)
		return;
	told.lost++;
	ck_assert(report->refresh);
	ck_assert_ptr_null(report->outcome->response);
}

static void begin(const char *registrar, bool once)
{
	enum error err;

	reg = registration_new(alice.ep, &(struct registration_params){
		.registrar = slice_str(registrar),
		.aor = SLICE("sip:alice@192.0.2.9"),
		.expires_s = 3600,
		.once = once,
	}, on_report, NULL, &err);
	ck_assert_ptr_nonnull(reg);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
}

static void set_up(void)
{
	memset(&told, 0, sizeof(told));
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP | RIG_TCP);
	reg = NULL;
}

static void tear_down(void)
{
	registration_free(reg);
	agent_deinit(&alice);
	rig_deinit(&rig);
}

static size_t registers(void)
{
	return agent_count(&alice, "REGISTER ");
}

static void grant(void)
{
	rig_reply(&rig, rig_last(&rig), &(struct rig_response){
		.status = 200,
		.contact = "<sip:alice@192.0.2.1:5060>;expires=3600",
	});
	rig_settle(&rig);
}

/* Its connection, or what leads there over UDP. */
static void lose(enum error err)
{
	if (rig_last(&rig)->flow.conn != 0) {
		rig_break(&alice.party, true);
	} else {
		struct flow flow = rig_last(&rig)->flow;

		dispatcher_failed(alice.party.dispatcher, &flow, err, "lost");
	}
	rig_settle(&rig);
	rig_settle(&rig);
}

static const char *const registrars[] = {
	"sip:192.0.2.9;transport=tcp", "sip:192.0.2.9",
};

START_TEST(a_lost_flow_is_made_anew_at_once)
{
	begin(registrars[_i], false);
	grant();
	rig_advance(&rig, 1000);
	ck_assert_uint_eq(registers(), 1);
	lose(ERR_RESET);
	ck_assert_uint_eq(told.lost, 1);
	ck_assert_int_eq(told.err, ERR_RESET);
	ck_assert_int_eq(told.next_try_ms, 0);
	ck_assert_uint_eq(registers(), 2);
	grant();
	ck_assert_uint_eq(told.ok, 2);
	ck_assert_uint_eq(registration_left_s(reg), 3600);
}
END_TEST

START_TEST(flows_that_never_hold_are_made_anew_ever_more_slowly)
{
	uint64_t wait_ms = 30000;

	begin(registrars[_i], false);
	grant();
	lose(ERR_RESET);
	grant();
	for (unsigned n = 3; n < 9; n++) {
		lose(ERR_RESET);
		ck_assert_uint_eq(told.lost, n - 1);
		ck_assert_int_ge(told.next_try_ms, (int64_t)wait_ms / 2);
		ck_assert_int_le(told.next_try_ms, (int64_t)wait_ms);
		ck_assert_uint_eq(registers(), n - 1);
		rig_advance(&rig, (uint64_t)told.next_try_ms);
		ck_assert_uint_eq(registers(), n);
		grant();
		wait_ms = wait_ms * 2 < 1800000 ? wait_ms * 2 : 1800000;
	}
}
END_TEST

START_TEST(a_flow_that_held_two_minutes_is_made_anew_at_once_again)
{
	begin(registrars[_i], false);
	grant();
	lose(ERR_RESET);
	grant();
	rig_advance(&rig, 120000);
	lose(ERR_RESET);
	ck_assert_int_eq(told.next_try_ms, 0);
	ck_assert_uint_eq(registers(), 3);
}
END_TEST

START_TEST(a_server_that_stays_away_is_tried_with_back_off)
{
	begin(registrars[0], false);
	grant();
	rig_refuse(&rig, "192.0.2.9:5060");
	lose(ERR_RESET);
	rig_advance(&rig, 100);
	ck_assert_uint_eq(told.lost, 1);
	ck_assert_uint_eq(told.failed, 2);
	ck_assert_int_ge(told.next_try_ms, 15000);
	ck_assert_int_le(told.next_try_ms, 30000);
	rig_accept(&rig, "192.0.2.9:5060");
	rig_advance(&rig, 30000);
	grant();
	ck_assert_uint_eq(told.ok, 2);
	ck_assert(registration_is_active(reg));
}
END_TEST

START_TEST(a_refresh_is_never_put_off_by_a_loss)
{
	begin(registrars[0], false);
	grant();
	lose(ERR_RESET);
	rig_reply(&rig, rig_last(&rig), &(struct rig_response){
		.status = 200,
		.contact = "<sip:alice@192.0.2.1:5060;transport=tcp>;"
		           "expires=4",
	});
	rig_settle(&rig);
	lose(ERR_RESET);
	ck_assert_int_eq(told.next_try_ms, 2000);
}
END_TEST

START_TEST(a_registration_that_is_removed_is_not_made_anew)
{
	begin(registrars[_i], false);
	grant();
	ck_assert_int_eq(registration_unregister(reg), OK);
	lose(ERR_RESET);
	rig_advance(&rig, 10000000);
	ck_assert_uint_eq(told.lost, 0);
	ck_assert_uint_eq(registration_left_s(reg), 0);
}
END_TEST

START_TEST(a_single_register_is_not_made_anew)
{
	begin(registrars[_i], true);
	grant();
	lose(ERR_RESET);
	rig_advance(&rig, 100000);
	ck_assert_uint_eq(told.lost, 0);
	ck_assert_uint_eq(registers(), 1);
}
END_TEST

START_TEST(a_loss_during_a_refresh_is_the_refreshs_own_failure)
{
	begin(registrars[0], false);
	grant();
	rig_advance(&rig, 3240000);
	ck_assert_uint_eq(registers(), 2);
	lose(ERR_RESET);
	ck_assert_uint_eq(told.failed, 1);
	ck_assert_uint_eq(told.lost, 0);
	ck_assert_int_ge(told.next_try_ms, 15000);
}
END_TEST

/* --- pings --- */

static unsigned pings;

static enum error ping(struct leg *leg, const struct flow *flow,
                       bool must_answer, bool *answered)
{
	ck_assert_ptr_eq(leg, flow->leg);
	(void)must_answer, (void)answered;
	pings++;
	return OK;
}

static const struct {
	const char *why, *registrar, *rport;
	unsigned pings;                 /* in 4 min */
} seen[] = {
	{ "a stream", "sip:192.0.2.9;transport=tcp", "", 2 },
	{ "UDP without a NAT", "sip:192.0.2.9",
	  ";received=192.0.2.1;rport=5060", 0 },
	{ "UDP, and the server says nothing", "sip:192.0.2.9", "", 0 },
	{ "UDP through a NAT", "sip:192.0.2.9",
	  ";received=203.0.113.7;rport=40000", 8 },
	{ "UDP, another port alone", "sip:192.0.2.9", ";rport=40000", 8 },
};

/* Its Via comes back with what the server has seen. */
static void grant_as_seen(const char *params)
{
	const struct rig_sent *sent = rig_last(&rig);
	const struct message *m = rig_parse(&rig, sent->wire);
	struct buf text = { 0 };

	buf_printf(&text, "SIP/2.0 200 OK\r\nVia: SIP/2.0/%s %.*s;"
	           "branch=%.*s%s\r\nFrom: %.*s\r\nTo: %.*s;tag=1\r\n"
	           "Call-ID: %.*s\r\nCSeq: 1 REGISTER\r\n"
	           "Contact: <sip:alice@192.0.2.1:5060>;expires=3600\r\n"
	           "Content-Length: 0\r\n\r\n",
	           transport_via_name(sent->flow.leg->transport),
	           SLICE_ARG(m->via.sent_by), SLICE_ARG(m->via.branch), params,
	           SLICE_ARG(message_header(m, HEADER_FROM, 0)),
	           SLICE_ARG(message_header(m, HEADER_TO, 0)),
	           SLICE_ARG(m->call_id));
	rig_inject_over(&alice.party, &sent->flow, buf_view(&text));
	buf_deinit(&text);
	rig_settle(&rig);
}

START_TEST(streams_and_what_is_behind_a_nat_are_pinged)
{
	struct rig_leg **legs = alice.party.legs;
	struct leg_ops pinging = *legs[TRANSPORT_UDP]->leg.ops;

	pings = 0;
	pinging.ping = ping;
	legs[TRANSPORT_UDP]->leg.ops = &pinging;
	legs[TRANSPORT_TCP]->leg.ops = &pinging;
	begin(seen[_i].registrar, false);
	grant_as_seen(seen[_i].rport);
	ck_assert_uint_eq(told.ok, 1);
	rig_advance(&rig, 240000);
	ck_assert_msg(seen[_i].pings == 0 ? pings == 0
	              : pings >= seen[_i].pings, "%s: %u", seen[_i].why,
	              pings);
	tear_down();
	set_up();               /* while these ops still live */
}
END_TEST

START_TEST(the_address_that_was_learnt_is_kept_to_be_shown_rfc3581_4)
{
	const struct leg *leg = &alice.party.legs[TRANSPORT_UDP]->leg;
	char text[ADDR_TEXT];

	begin("sip:192.0.2.9", false);
	grant_as_seen(";received=203.0.113.7;rport=40000");
	ck_assert_str_eq(addr_text(&leg->learnt, text), "203.0.113.7:40000");
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	ck_assert_slice_eq(rig_parse(&rig, rig_last(&rig)->wire)->via.sent_by,
	                   "192.0.2.1:5060");
	ck_assert_slice_eq(agent_header(&alice, "REGISTER ", 1,
	                                HEADER_CONTACT),
	                   "<sip:alice@192.0.2.1:5060>");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("registration_flow");
	TCase *t = tcase_create("registration_flow");
	int n = (int)ARRAY_LEN(registrars);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_lost_flow_is_made_anew_at_once, 0, n);
	tcase_add_loop_test(
		t, flows_that_never_hold_are_made_anew_ever_more_slowly, 0, n);
	tcase_add_loop_test(
		t, a_flow_that_held_two_minutes_is_made_anew_at_once_again,
		0, n);
	tcase_add_test(t, a_server_that_stays_away_is_tried_with_back_off);
	tcase_add_test(t, a_refresh_is_never_put_off_by_a_loss);
	tcase_add_loop_test(
		t, a_registration_that_is_removed_is_not_made_anew, 0, n);
	tcase_add_loop_test(t, a_single_register_is_not_made_anew, 0, n);
	tcase_add_test(
		t, a_loss_during_a_refresh_is_the_refreshs_own_failure);
	tcase_add_loop_test(t, streams_and_what_is_behind_a_nat_are_pinged, 0,
	                    (int)ARRAY_LEN(seen));
	tcase_add_test(
		t, the_address_that_was_learnt_is_kept_to_be_shown_rfc3581_4);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return test_main(suite());
}
