/* What is remembered of names and of targets, and what bad zones and silent
 * servers cost. */

#include "core/transport/names.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/helpers.h"
#include "tests/seeker.h"

/* --- who failed --- */

static void add_three(void)
{
	rig_add_address(&seeker.rig, "x.example", "192.0.2.1");
	rig_add_address(&seeker.rig, "x.example", "192.0.2.2");
	rig_add_address(&seeker.rig, "x.example", "192.0.2.3");
}

START_TEST(targets_that_failed_come_last_the_soonest_forgiven_first)
{
	add_three();
	seeker_mark_failed("192.0.2.2:5060");
	rig_advance(&seeker.rig, 1000);
	seeker_mark_failed("192.0.2.1:5060");
	seeker_mark_failed("192.0.2.3:5070");
	seeker_find("sip:x.example:5060");
	seeker_check("udp 192.0.2.3:5060, udp 192.0.2.2:5060, "
	             "udp 192.0.2.1:5060", "by penalty; ports differ");
	seeker_find("sip:x.example:5060;transport=tcp");
	seeker_check("tcp 192.0.2.1:5060, tcp 192.0.2.2:5060, "
	             "tcp 192.0.2.3:5060", "another transport");
}
END_TEST

START_TEST(a_target_that_fails_again_is_last_for_twice_as_long)
{
	static const uint32_t penalties_s[] = {
		30, 60, 120, 240, 480, 600, 600,
	};
	const struct target t = { TRANSPORT_UDP, rig_addr("192.0.2.1:5060") };
	struct health h = { 0 };
	uint64_t now_us = 5;

	for (size_t i = 0; i < ARRAY_LEN(penalties_s); i++) {
		health_note_failure(&h, now_us, &t);
		ck_assert_uint_eq(health_penalty_s(&h, now_us, &t),
		                  penalties_s[i]);
		health_note_failure(&h, now_us + 9, &t);
		now_us += penalties_s[i] * UINT64_C(1000000);
		ck_assert_uint_eq(health_penalty_s(&h, now_us - 1, &t), 1);
		ck_assert_uint_eq(health_penalty_s(&h, now_us, &t), 0);
	}
	health_note_success(&h, &t);
	health_note_failure(&h, now_us, &t);
	ck_assert_uint_eq(health_penalty_s(&h, now_us, &t), 30);
}
END_TEST

START_TEST(who_failed_is_a_bounded_memory)
{
	struct target t = { TRANSPORT_UDP, rig_addr("192.0.2.1:1") };
	struct health h = { 0 };

	for (uint16_t i = 1; i <= 1000; i++) {
		t.addr.port = i;
		health_note_failure(&h, i * UINT64_C(1000), &t);
	}
	ck_assert_uint_eq(h.n, HEALTH_MAX);
	ck_assert_uint_ne(health_penalty_s(&h, 1000000, &t), 0);
	t.addr.port = 1;
	ck_assert_uint_eq(health_penalty_s(&h, 1000000, &t), 0);
}
END_TEST

/* --- answers are kept --- */

START_TEST(answers_are_kept_for_their_ttl)
{
	rig_add_address(&seeker.rig, "k.example", "192.0.2.1");
	rig_add_address(&seeker.rig, "k.example", "2001:db8::1");
	ck_assert_uint_eq(seeker_lookups("sip:k.example:5060"), 2);
	rig_advance(&seeker.rig, 59999);
	ck_assert_uint_eq(seeker_lookups("sip:k.example:5060"), 0);
	seeker_check("udp [2001:db8::1]:5060, udp 192.0.2.1:5060", "kept");
	rig_advance(&seeker.rig, 1);
	ck_assert_uint_eq(seeker_lookups("sip:k.example:5060"), 2);
}
END_TEST

START_TEST(the_shortest_ttl_of_an_answer_counts)
{
	struct record r = { .kind = RECORD_A, .ttl_s = 3 };

	seeker_prefer(true, false);
	r.addr = rig_addr("192.0.2.2");
	rig_add_address(&seeker.rig, "k.example", "192.0.2.1");
	rig_add_record(&seeker.rig, "k.example", &r);
	seeker_lookups("sip:k.example:5060");
	rig_advance(&seeker.rig, 2999);
	ck_assert_uint_eq(seeker_lookups("sip:k.example:5060"), 0);
	rig_advance(&seeker.rig, 1);
	ck_assert_uint_eq(seeker_lookups("sip:k.example:5060"), 1);
}
END_TEST

START_TEST(an_answer_of_ttl_0_is_not_kept)
{
	struct record r = { .kind = RECORD_A };

	seeker_prefer(true, false);
	r.addr = rig_addr("192.0.2.2");
	rig_add_record(&seeker.rig, "k.example", &r);
	ck_assert_uint_eq(seeker_lookups("sip:k.example:5060"), 1);
	seeker_check("udp 192.0.2.2:5060", "used all the same");
	ck_assert_uint_eq(seeker_lookups("sip:k.example:5060"), 1);
}
END_TEST

static const struct {
	const char *why, *uri;
	unsigned kept_s;
	enum error err;
} absences[] = {
	{ "no such record", "sip:empty.example:5060", 30, ERR_DNS },
	{ "no such name", "sip:gone.example:5060", 5, ERR_DNS },
	{ "SERVFAIL", "sip:broken.example:5060", 5, ERR_DNS },
	{ "no answer", "sip:slow.example:5060", 5, ERR_DNS },
};

START_TEST(what_is_not_there_is_kept_for_a_short_while)
{
	seeker_prefer(true, false);
	rig_add_address(&seeker.rig, "empty.example", "2001:db8::1");
	rig_add_failure(&seeker.rig, RECORD_A, "broken.example", ERR_DNS,
	                "broken.example: no DNS server could tell");
	rig_add_failure(&seeker.rig, RECORD_A, "slow.example", ERR_TIMEOUT,
	                "slow.example: no answer from the DNS in time");
	ck_assert_uint_eq(seeker_lookups(absences[_i].uri), 1);
	rig_advance(&seeker.rig, absences[_i].kept_s * 1000 - 1);
	ck_assert_uint_eq(seeker_lookups(absences[_i].uri), 0);
	ck_assert_msg(seeker.err == absences[_i].err, "%s", absences[_i].why);
	rig_advance(&seeker.rig, 1);
	ck_assert_uint_eq(seeker_lookups(absences[_i].uri), 1);
}
END_TEST

START_TEST(the_memory_of_answers_is_bounded)
{
	char uri[40];

	seeker_prefer(true, false);
	for (unsigned i = 0; i < NAMES_MAX + 1; i++) {
		snprintf(uri, sizeof(uri), "sip:n%u.example:5060", i);
		ck_assert_uint_eq(seeker_lookups(uri), 1);
	}
	ck_assert_uint_eq(seeker_lookups(uri), 0);
	ck_assert_uint_eq(seeker_lookups("sip:n1.example:5060"), 0);
	ck_assert_uint_eq(seeker_lookups("sip:n0.example:5060"), 1);
}
END_TEST

/* --- bad zones, bad servers --- */

START_TEST(a_server_of_two_records_is_one_target)
{
	seeker_prefer_only(RIG_UDP);
	seeker_add_srv("_sip._udp.t.example", 1, 0, 5060, "a.example");
	seeker_add_srv("_sip._udp.t.example", 2, 0, 5060, "b.example");
	rig_add_address(&seeker.rig, "a.example", "192.0.2.1");
	rig_add_address(&seeker.rig, "b.example", "192.0.2.1");
	seeker_find("sip:t.example");
	seeker_check("udp 192.0.2.1:5060", "once");
}
END_TEST

START_TEST(a_target_without_address_leaves_the_others)
{
	seeker_prefer_only(RIG_UDP);
	seeker_add_srv("_sip._udp.t.example", 1, 0, 5060, "gone.example");
	seeker_add_srv("_sip._udp.t.example", 2, 0, 5062, "b.example");
	rig_add_address(&seeker.rig, "b.example", "192.0.2.1");
	seeker_find("sip:t.example");
	seeker_check("udp 192.0.2.1:5062", "the second");
}
END_TEST

START_TEST(servers_without_any_address_are_named)
{
	seeker_add_srv("_sip._udp.t.example", 1, 0, 5060, "gone.example");
	seeker_find("sip:t.example");
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text,
	                 "gone.example: no such name (NXDOMAIN)");
}
END_TEST

START_TEST(records_in_a_circle_end)
{
	seeker_add_rule("c.example", 1, 1, "s", "SIP+D2U", "c.example");
	seeker_add_srv("c.example", 1, 0, 5060, "c.example");
	seeker_find("sip:c.example");
	ck_assert_uint_eq(seeker.calls, 1);
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text, "c.example: no address");
}
END_TEST

START_TEST(broken_rules_and_services_leave_the_addresses)
{
	rig_add_failure(&seeker.rig, RECORD_NAPTR, "b.example", ERR_DNS,
	                "SERVFAIL");
	rig_add_failure(&seeker.rig, RECORD_SRV, "_sip._udp.b.example",
	                ERR_TIMEOUT, "late");
	rig_add_address(&seeker.rig, "b.example", "192.0.2.1");
	seeker_find("sip:b.example");
	seeker_check("udp 192.0.2.1:5060", "the address");
}
END_TEST

START_TEST(silence_about_rules_and_services_is_not_waited_out)
{
	seeker_prefer_only(RIG_UDP);
	rig_add_silence(&seeker.rig, RECORD_NAPTR, "s.example");
	rig_add_silence(&seeker.rig, RECORD_SRV, "_sip._udp.s.example");
	rig_add_address(&seeker.rig, "s.example", "192.0.2.1");
	seeker_locate("sip:s.example");
	rig_advance(&seeker.rig, 5999);
	ck_assert_uint_eq(seeker.calls, 0);
	rig_advance(&seeker.rig, 1);
	seeker_check("udp 192.0.2.1:5060", "without them");
}
END_TEST

START_TEST(one_family_that_keeps_silent_does_not_hold_up_the_other)
{
	rig_add_silence(&seeker.rig, RECORD_AAAA, "s.example");
	rig_add_address(&seeker.rig, "s.example", "192.0.2.1");
	seeker_locate("sip:s.example:5060");
	rig_advance(&seeker.rig, 2499);
	ck_assert_uint_eq(seeker.calls, 0);
	rig_advance(&seeker.rig, 1);
	seeker_check("udp 192.0.2.1:5060", "the other");
	ck_assert_uint_eq(seeker.rig.lookups_cancelled, 1);
}
END_TEST

START_TEST(all_silence_ends_after_ten_seconds)
{
	rig_add_silence(&seeker.rig, RECORD_NAPTR, "s.example");
	rig_add_silence(&seeker.rig, RECORD_SRV, "_sip._udp.s.example");
	rig_add_silence(&seeker.rig, RECORD_A, "s.example");
	rig_add_silence(&seeker.rig, RECORD_AAAA, "s.example");
	seeker_locate("sip:s.example");
	rig_advance(&seeker.rig, 9999);
	ck_assert_uint_eq(seeker.calls, 0);
	rig_advance(&seeker.rig, 1);
	ck_assert_uint_eq(seeker.calls, 1);
	ck_assert_int_eq(seeker.err, ERR_DNS);
	ck_assert_str_eq(seeker.text,
	                 "s.example: no answer from the DNS in time");
}
END_TEST

START_TEST(a_flood_of_addresses_is_bounded)
{
	static char names[40][20];

	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "192.0.2.%d", i + 1);
		rig_add_address(&seeker.rig, "many.example", names[i]);
	}
	seeker_find("sip:many.example");
	ck_assert_uint_eq(seeker.n, LOCATE_TARGETS_MAX);
	ck_assert_uint_eq(seeker.targets[0].addr.ip[3], 1);
}
END_TEST

/* A resolver that answers every question with thousands of records. */
enum { FLOOD = 5000 };

static struct {
	struct timer timer[64];
	lookup_fn *fn[64];
	void *arg[64];
	enum record_kind kind[64];
	size_t n, asked[RECORD_NAPTR + 1];
	struct record *records;
} flood;

static void flood_answer(void *arg)
{
	size_t i = (size_t)((struct timer *)arg - flood.timer);
	static const struct slice services[] = {
		SLICE_INIT("SIP+D2U"), SLICE_INIT("SIP+D2T"),
	};
	static char names[FLOOD][24];

	for (size_t k = 0; k < FLOOD; k++) {
		struct record *r = &flood.records[k];

		snprintf(names[k], sizeof(names[k]), "n%zu.example", k);
		*r = (struct record){
			.kind = flood.kind[i], .ttl_s = 1, .port = 5060,
			.flags = SLICE("s"), .service = services[k % 2],
			.name = slice_str(names[k]),
			.addr = rig_addr("192.0.2.1"),
		};
		r->addr.ip[2] = (unsigned char)(k >> 8);
		r->addr.ip[3] = (unsigned char)k;
	}
	flood.fn[i](OK, "", flood.records, FLOOD, flood.arg[i]);
}

static uint64_t flood_start(void *resolver, enum record_kind kind,
                            struct slice name, lookup_fn *fn, void *arg)
{
	size_t i = flood.n++ % ARRAY_LEN(flood.fn);

	(void)resolver;
	(void)name;
	flood.asked[kind]++;
	flood.fn[i] = fn;
	flood.arg[i] = arg;
	flood.kind[i] = kind;
	timer_arm(&flood.timer[i], &seeker.rig.env.timers, 0, flood_answer,
	          &flood.timer[i]);
	return i + 1;
}

static void flood_cancel(void *resolver, uint64_t id)
{
	(void)resolver;
	timer_cancel(&flood.timer[id - 1]);
}

START_TEST(thousands_of_records_are_bounded)
{
	static const struct lookup_ops ops = { flood_start, flood_cancel };

	memset(&flood, 0, sizeof(flood));
	flood.records = calloc(FLOOD, sizeof(*flood.records));
	ck_assert_ptr_nonnull(flood.records);
	seeker_restart(&ops);
	seeker_prefer(true, false);
	seeker_find("sip:flood.example");
	ck_assert_int_eq(seeker.err, OK);
	ck_assert_uint_eq(seeker.n, LOCATE_TARGETS_MAX);
	ck_assert_uint_eq(flood.asked[RECORD_NAPTR], 1);
	ck_assert_uint_le(flood.asked[RECORD_SRV], 3 + 8);
	ck_assert_uint_le(flood.asked[RECORD_A], 32);
	free(flood.records);
}
END_TEST

START_TEST(a_name_too_long_for_the_dns_fails)
{
	static char uri[400] = "sip:";

	memset(uri + 4, 'a', 300);
	seeker_find(uri);
	ck_assert_int_eq(seeker.err, ERR_LIMIT);
	ck_assert_uint_eq(seeker.rig.last_lookup, 0);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("names", &tests);

	tcase_add_checked_fixture(tests, seeker_set_up, seeker_tear_down);
	tcase_add_test(
		tests,
		targets_that_failed_come_last_the_soonest_forgiven_first);
	tcase_add_test(tests,
	               a_target_that_fails_again_is_last_for_twice_as_long);
	tcase_add_test(tests, who_failed_is_a_bounded_memory);
	tcase_add_test(tests, answers_are_kept_for_their_ttl);
	tcase_add_test(tests, the_shortest_ttl_of_an_answer_counts);
	tcase_add_test(tests, an_answer_of_ttl_0_is_not_kept);
	tcase_add_loop_test(tests,
	                    what_is_not_there_is_kept_for_a_short_while, 0,
	                    ARRAY_LEN(absences));
	tcase_add_test(tests, the_memory_of_answers_is_bounded);
	tcase_add_test(tests, a_server_of_two_records_is_one_target);
	tcase_add_test(tests, a_target_without_address_leaves_the_others);
	tcase_add_test(tests, servers_without_any_address_are_named);
	tcase_add_test(tests, records_in_a_circle_end);
	tcase_add_test(tests, broken_rules_and_services_leave_the_addresses);
	tcase_add_test(tests,
	               silence_about_rules_and_services_is_not_waited_out);
	tcase_add_test(
		tests,
		one_family_that_keeps_silent_does_not_hold_up_the_other);
	tcase_add_test(tests, all_silence_ends_after_ten_seconds);
	tcase_add_test(tests, a_flood_of_addresses_is_bounded);
	tcase_add_test(tests, thousands_of_records_are_bounded);
	tcase_add_test(tests, a_name_too_long_for_the_dns_fails);
	return s;
}

int main(void)
{
	return test_main(suite());
}
