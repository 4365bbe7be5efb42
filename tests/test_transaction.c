/* Two transaction layers over a wire that loses, repeats and reorders. */

#include "core/transaction/transaction.h"

#include <stdio.h>

#include "tests/helpers.h"
#include "tests/rig.h"

static struct rig rig;
static struct rig_party caller, callee;

/* What the callee's user heard, and how it answers. */
static struct {
	unsigned requests;
	unsigned status;
	bool resend;                    /* a 2xx until it is ACKed */
	unsigned acks;
	struct server_transaction *t;
	struct timer timer;
} served;

static struct outcome {
	unsigned finals, failures, gone;
	unsigned status;
} outcome;

static void again(void *arg)
{
	(void)arg;
	if (served.acks != 0)
		return;
	server_transaction_resend(served.t);
	timer_arm(&served.timer, &rig.env.timers, 1000, again, NULL);
}

static void serve(struct server_transaction *t, const struct message *m,
                  const struct flow *from, void *arg)
{
	const struct response_parts parts = {
		.status = served.status,
		.to_tag = SLICE_INIT("callee"),
	};

	(void)m;
	(void)from;
	(void)arg;
	if (t == NULL) {
		served.acks++;
		return;
	}
	served.requests++;
	served.t = t;
	ck_assert_int_eq(server_transaction_respond(t, &parts), OK);
	if (served.resend)
		timer_arm(&served.timer, &rig.env.timers, 500, again, NULL);
}

static void setup(void)
{
	rig_init(&rig);
	rig_join_transactions(&rig, &caller, "192.0.2.1", RIG_UDP | RIG_TCP);
	rig_join_transactions(&rig, &callee, "192.0.2.2", RIG_UDP | RIG_TCP);
	transactions_set_user(callee.transactions, serve, NULL, NULL);
	memset(&served, 0, sizeof(served));
	memset(&outcome, 0, sizeof(outcome));
}

static void teardown(void)
{
	rig_deinit(&rig);
}

/* The ACK of a 2xx is its user's, and gets a branch of its own. */
static void send_ack(void)
{
	const struct rig_request q = {
		.method = "ACK",
		.via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKack",
		.to = "<sip:bob@192.0.2.2>;tag=callee",
	};
	struct flow flow = rig_flow(&caller, TRANSPORT_UDP, "192.0.2.2:5060");

	dispatcher_send(caller.dispatcher, &flow, SLICE_EMPTY,
	                rig_request(&rig, &q));
}

static void note(struct client_transaction *t,
                 const struct client_report *report, void *arg)
{
	struct outcome *o = arg;

	(void)t;
	if (report->response != NULL && report->response->status >= 200) {
		o->finals++;
		o->status = report->response->status;
		if (report->response->cseq.method == METHOD_INVITE
		    && o->status < 300)
			send_ack();
	}
	o->failures += report->err != OK;
	o->gone += report->gone;
}

static void call(const char *method, enum transport t, unsigned nth,
                 struct outcome *o)
{
	struct rig_request q = { .method = method, .cseq = nth };
	struct client_request req = {
		.flow = rig_flow(&caller, t, "192.0.2.2:5060"),
	};
	struct client_transaction *started;
	struct buf via = { 0 };
	struct slice text;
	char branch[32];

	snprintf(branch, sizeof(branch), "z9hG4bKc%u", nth);
	req.branch = slice_str(branch);
	req.method = method_lookup(slice_str(method));
	req.method_name = slice_str(method);
	leg_print_via(&via, req.flow.leg, &caller.legs[t]->source, req.branch);
	q.via = buf_cstr(&via);
	text = rig_request(&rig, &q);
	buf_deinit(&via);
	req.wire = slice_dup(text);
	req.len = text.len;
	ck_assert_int_eq(client_transaction_start(caller.transactions, &req,
	                                          note, o, &started), OK);
}

enum { SEEDS = 50 };

static struct rig_noise noise_of(int seed)
{
	return (struct rig_noise){
		.state = (uint64_t)seed * 7919 + 1,
		.loss_percent = 30,
		.repeat_percent = 30,
		.delay_max_ms = 700,
	};
}

static void check_all_quiet(void)
{
	ck_assert_uint_eq(transactions_count(caller.transactions), 0);
	ck_assert_uint_eq(transactions_count(callee.transactions), 0);
	ck_assert_uint_eq(transactions_pending(caller.transactions), 0);
	ck_assert_uint_eq(transactions_pending(callee.transactions), 0);
}

/* A third of all is lost, a third of the rest comes twice, and out of order:
 * 11 tries get through (1 - 0.51^11), and each side hears of it once. */
START_TEST(a_bad_wire_delivers_each_request_and_response_once)
{
	struct rig_noise noise = noise_of(_i);

	served.status = 200;
	rig_set_fate(&rig, rig_noise_fate, &noise);
	call("OPTIONS", TRANSPORT_UDP, 1, &outcome);
	rig_advance(&rig, 100 * 1000);
	ck_assert_uint_eq(served.requests, 1);
	ck_assert_uint_eq(outcome.finals, 1);
	ck_assert_uint_eq(outcome.gone, 1);
	ck_assert_uint_eq(outcome.failures, 0);
	check_all_quiet();
}
END_TEST

START_TEST(a_bad_wire_delivers_each_refusal_once)
{
	struct rig_noise noise = noise_of(_i);

	served.status = 486;
	rig_set_fate(&rig, rig_noise_fate, &noise);
	call("INVITE", TRANSPORT_UDP, 1, &outcome);
	rig_advance(&rig, 100 * 1000);
	ck_assert_uint_eq(served.requests, 1);
	ck_assert_uint_eq(outcome.finals, 1);
	ck_assert_uint_eq(outcome.status, 486);
	ck_assert_uint_eq(outcome.gone, 1);
	ck_assert_uint_eq(served.acks, 0);
	check_all_quiet();
}
END_TEST

START_TEST(a_bad_wire_delivers_a_2xx_and_its_ack)
{
	struct rig_noise noise = noise_of(_i);

	served.status = 200;
	served.resend = true;
	rig_set_fate(&rig, rig_noise_fate, &noise);
	call("INVITE", TRANSPORT_UDP, 1, &outcome);
	rig_advance(&rig, 31000);
	timer_cancel(&served.timer);
	rig_advance(&rig, 100 * 1000);
	ck_assert_uint_eq(served.requests, 1);
	ck_assert_uint_ge(outcome.finals, 1);
	ck_assert_uint_ge(served.acks, 1);
	check_all_quiet();
}
END_TEST

static const struct {
	const char *method;
	unsigned status;
	size_t messages;
} exchanges[] = {
	{ "OPTIONS", 200, 2 },
	{ "INVITE", 200, 3 },
	{ "INVITE", 486, 3 },
};

START_TEST(a_good_wire_carries_no_message_too_many)
{
	served.status = exchanges[_i].status;
	call(exchanges[_i].method, TRANSPORT_UDP, 1, &outcome);
	rig_advance(&rig, 100 * 1000);
	ck_assert_uint_eq(rig.nsent, exchanges[_i].messages);
	ck_assert_uint_eq(outcome.finals, 1);
	check_all_quiet();
}
END_TEST

START_TEST(a_stream_carries_both_ways)
{
	served.status = 200;
	call("OPTIONS", TRANSPORT_TCP, 1, &outcome);
	rig_settle(&rig);
	ck_assert_uint_eq(outcome.finals, 1);
	ck_assert_uint_eq(outcome.gone, 1);
	ck_assert_uint_eq(rig.nconns, 2);
	check_all_quiet();
}
END_TEST

/* --- for tables --- */

static struct {
	unsigned clients, servers;
	struct transaction_info last;
	char branch[32];
} table;

static void tell(const struct transaction_info *info, void *arg)
{
	(void)arg;
	table.clients += info->client;
	table.servers += !info->client;
	table.last = *info;
	ck_assert_uint_lt(info->branch.len, sizeof(table.branch));
	memcpy(table.branch, info->branch.p, info->branch.len);
	table.last.branch = slice_make(table.branch, info->branch.len);
}

START_TEST(a_table_shows_every_transaction)
{
	struct rig_noise lossy = { .state = 1, .loss_percent = 100 };

	memset(&table, 0, sizeof(table));
	rig_set_fate(&rig, rig_noise_fate, &lossy);
	call("OPTIONS", TRANSPORT_UDP, 7, &outcome);
	rig_advance(&rig, 2000);
	transactions_each(caller.transactions, tell, NULL);
	ck_assert_uint_eq(table.clients, 1);
	ck_assert_int_eq(table.last.method, METHOD_OPTIONS);
	ck_assert_str_eq(table.last.state, "trying");
	ck_assert_slice_eq(table.last.branch, "z9hG4bKc7");
	ck_assert_uint_eq(table.last.retransmits, 2);
	ck_assert_uint_eq(table.last.age_ms, 2000);
	ck_assert_int_eq(table.last.transport, TRANSPORT_UDP);
	ck_assert_uint_eq(transactions_pending(caller.transactions), 1);
}
END_TEST

START_TEST(a_table_shows_what_was_answered_too)
{
	memset(&table, 0, sizeof(table));
	served.status = 486;
	call("INVITE", TRANSPORT_UDP, 7, &outcome);
	rig_settle(&rig);
	transactions_each(callee.transactions, tell, NULL);
	ck_assert_uint_eq(table.servers, 1);
	ck_assert_str_eq(table.last.state, "confirmed");
	ck_assert_slice_eq(table.last.branch, "z9hG4bKc7");
	ck_assert_uint_eq(transactions_count(callee.transactions), 1);
	ck_assert_uint_eq(transactions_pending(callee.transactions), 0);
}
END_TEST

START_TEST(settings_count_for_what_starts_afterwards)
{
	struct rig_noise lossy = { .state = 1, .loss_percent = 100 };

	rig_set_fate(&rig, rig_noise_fate, &lossy);
	transactions_settings(caller.transactions)->t1_ms = 100;
	call("OPTIONS", TRANSPORT_UDP, 1, &outcome);
	rig_advance(&rig, 6399);
	ck_assert_uint_eq(outcome.failures, 0);
	rig_advance(&rig, 1);
	ck_assert_uint_eq(outcome.failures, 1);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("transaction", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(
		tests, a_bad_wire_delivers_each_request_and_response_once, 0,
		SEEDS);
	tcase_add_loop_test(tests, a_bad_wire_delivers_each_refusal_once, 0,
	                    SEEDS);
	tcase_add_loop_test(tests, a_bad_wire_delivers_a_2xx_and_its_ack, 0,
	                    SEEDS);
	tcase_add_loop_test(tests, a_good_wire_carries_no_message_too_many, 0,
	                    ARRAY_LEN(exchanges));
	tcase_add_test(tests, a_stream_carries_both_ways);
	tcase_add_test(tests, a_table_shows_every_transaction);
	tcase_add_test(tests, a_table_shows_what_was_answered_too);
	tcase_add_test(tests, settings_count_for_what_starts_afterwards);
	return s;
}

int main(void)
{
	return test_main(suite());
}
