/* Flows that are pinged, and what is told when one is lost (RFC 5626 4.4). */

#include <stdio.h>

#include "core/transport/keepalive.h"
#include "tests/helpers.h"
#include "tests/rig.h"

static struct env env;
static struct keepalive_set set;
static struct keepalive kept;
static struct leg leg;

/* What the leg saw, and what it says. */
static struct {
	unsigned pings;
	bool demanded;
	uint64_t at_ms;
	bool answered;                  /* an earlier one was */
	enum error err;
} wire;

static struct {
	unsigned count;
	enum error err;
	char text[KEEPALIVE_TEXT];
	bool again;                     /* starts it anew when told */
} told;

static void octets(void *out, size_t n, void *arg)
{
	(void)arg;
	memset(out, 0x5a, n);
}

static uint64_t now_ms(void)
{
	return env_now_us(&env) / 1000;
}

static enum error ping(struct leg *l, const struct flow *flow,
                       bool must_answer, bool *answered)
{
	ck_assert_ptr_eq(l, &leg);
	ck_assert_ptr_eq(flow->leg, &leg);
	wire.pings++;
	wire.demanded = must_answer;
	wire.at_ms = now_ms();
	*answered = wire.answered;
	return wire.err;
}

static struct flow flow_to(uint64_t conn)
{
	return (struct flow){ &leg, rig_addr("192.0.2.9:5060"), conn };
}

static void on_lost(struct keepalive *k, enum error err, const char *text,
                    void *arg);

static void start(uint64_t conn, bool pings)
{
	struct flow flow = flow_to(conn);

	keepalive_start(&kept, &set, &flow, pings, on_lost, &told);
}

static void on_lost(struct keepalive *k, enum error err, const char *text,
                    void *arg)
{
	ck_assert_ptr_eq(k, &kept);
	ck_assert_ptr_eq(arg, &told);
	told.count++;
	told.err = err;
	snprintf(told.text, sizeof(told.text), "%s", text);
	if (told.again)
		start(8, true);
}

static void advance_ms(uint64_t ms)
{
	uint64_t end_us = env_now_us(&env) + ms * 1000;

	for (;;) {
		int64_t next = env_advance(&env, env_now_us(&env), 0);

		if (next < 0 || env_now_us(&env) + (uint64_t)next > end_us)
			break;
		env_advance(&env, env_now_us(&env) + (uint64_t)next, 0);
	}
	env_advance(&env, end_us, 0);
}

static void fails(uint64_t conn, enum error err)
{
	struct flow flow = flow_to(conn);

	keepalive_set_failed(&set, &flow, err, "as told");
}

static void set_up(void)
{
	static const struct leg_ops ops = { .ping = ping };

	memset(&wire, 0, sizeof(wire));
	memset(&told, 0, sizeof(told));
	memset(&kept, 0, sizeof(kept));
	env_init(&env, 0, 0, octets, NULL);
	keepalive_set_init(&set, &env);
	leg = (struct leg){ .ops = &ops, .transport = TRANSPORT_TCP };
}

static void tear_down(void)
{
	keepalive_set_deinit(&set);
}

static const struct {
	const char *why;
	enum transport transport;
	uint64_t interval_ms, from_ms, to_ms;
} intervals[] = {
	{ "95 to 120 s, 4.4.1", TRANSPORT_TCP, 120000, 95000, 120000 },
	{ "over TLS too", TRANSPORT_TLS, 120000, 95000, 120000 },
	{ "24 to 30 s over UDP, 4.4.2", TRANSPORT_UDP, 120000, 24000, 30000 },
	{ "as set", TRANSPORT_TCP, 5000, 4000, 5000 },
	{ "as set, over UDP", TRANSPORT_UDP, 5000, 4000, 5000 },
};

START_TEST(a_flow_is_pinged_again_and_again)
{
	uint64_t last_ms = 0;

	leg.transport = intervals[_i].transport;
	keepalive_set_interval(&set, intervals[_i].interval_ms);
	start(7, true);
	for (unsigned n = 1; n <= 5; n++) {
		advance_ms(intervals[_i].from_ms - 1);
		ck_assert_uint_eq(wire.pings, n - 1);
		advance_ms(intervals[_i].to_ms - intervals[_i].from_ms + 1);
		ck_assert_msg(wire.pings == n, "%s: %u", intervals[_i].why,
		              wire.pings);
		ck_assert_uint_ge(wire.at_ms - last_ms,
		                  intervals[_i].from_ms);
		last_ms = wire.at_ms;
		start(7, true);         /* as a refresh does */
		last_ms = now_ms();
	}
	ck_assert_uint_eq(told.count, 0);
}
END_TEST

START_TEST(nothing_is_pinged_where_that_is_off)
{
	keepalive_set_interval(&set, 0);
	start(7, true);
	advance_ms(10000000);
	ck_assert_uint_eq(wire.pings, 0);
	keepalive_set_interval(&set, 60000);
	advance_ms(60000);
	ck_assert_uint_eq(wire.pings, 1);
	keepalive_set_interval(&set, 0);
	advance_ms(10000000);
	ck_assert_uint_eq(wire.pings, 1);
}
END_TEST

START_TEST(a_flow_that_needs_no_pings_is_watched_all_the_same)
{
	leg.transport = TRANSPORT_UDP;
	start(0, false);
	advance_ms(10000000);
	ck_assert_uint_eq(wire.pings, 0);
	fails(0, ERR_REFUSED);
	advance_ms(0);
	ck_assert_uint_eq(told.count, 1);
}
END_TEST

START_TEST(a_lost_flow_is_told_once_and_from_the_timers)
{
	start(7, true);
	fails(7, ERR_RESET);
	fails(7, ERR_TIMEOUT);
	ck_assert_uint_eq(told.count, 0);
	advance_ms(0);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_int_eq(told.err, ERR_RESET);
	ck_assert_str_eq(told.text, "as told");
	fails(7, ERR_RESET);
	advance_ms(10000000);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_uint_eq(wire.pings, 0);
}
END_TEST

START_TEST(the_loss_of_another_flow_is_not_told)
{
	struct flow elsewhere = flow_to(7);

	elsewhere.remote.port = 5070;
	start(7, true);
	fails(6, ERR_RESET);
	fails(0, ERR_REFUSED);
	keepalive_set_failed(&set, &elsewhere, ERR_RESET, "");
	advance_ms(0);
	ck_assert_uint_eq(told.count, 0);
}
END_TEST

START_TEST(a_connection_that_is_gone_is_found_by_its_ping)
{
	start(7, true);
	wire.err = ERR_NOT_FOUND;
	advance_ms(120000);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_int_eq(told.err, ERR_NOT_FOUND);
}
END_TEST

START_TEST(one_that_is_stopped_is_told_nothing)
{
	start(7, true);
	fails(7, ERR_RESET);
	keepalive_stop(&kept);
	keepalive_stop(&kept);
	advance_ms(10000000);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_eq(wire.pings, 0);
}
END_TEST

START_TEST(who_never_answered_need_not_before_he_does)
{
	told.again = true;
	start(7, true);
	advance_ms(120000);
	ck_assert(wire.demanded);
	fails(7, ERR_TIMEOUT);
	advance_ms(120000);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_uint_eq(wire.pings, 2);
	ck_assert(!wire.demanded);
	wire.answered = true;
	advance_ms(240000);
	ck_assert(wire.demanded);
}
END_TEST

START_TEST(who_has_answered_once_must_answer_on_every_flow)
{
	told.again = true;
	wire.answered = true;
	start(7, true);
	advance_ms(240000);
	wire.answered = false;
	fails(7, ERR_TIMEOUT);
	advance_ms(120000);
	ck_assert_uint_eq(told.count, 1);
	ck_assert(wire.demanded);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("keepalive");
	TCase *t = tcase_create("keepalive");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_flow_is_pinged_again_and_again, 0,
	                    (int)ARRAY_LEN(intervals));
	tcase_add_test(t, nothing_is_pinged_where_that_is_off);
	tcase_add_test(t, a_flow_that_needs_no_pings_is_watched_all_the_same);
	tcase_add_test(t, a_lost_flow_is_told_once_and_from_the_timers);
	tcase_add_test(t, the_loss_of_another_flow_is_not_told);
	tcase_add_test(t, a_connection_that_is_gone_is_found_by_its_ping);
	tcase_add_test(t, one_that_is_stopped_is_told_nothing);
	tcase_add_test(t, who_never_answered_need_not_before_he_does);
	tcase_add_test(t, who_has_answered_once_must_answer_on_every_flow);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return test_main(suite());
}
