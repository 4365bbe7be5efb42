/* The UDP leg on loopback: batches, ICMP errors, sizes, source addresses. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/udp.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static const char *const loopbacks[] = { "127.0.0.1", "[::1]" };

static void setup(void)
{
	net_rig_setup(&rig);
}

static void teardown(void)
{
	net_rig_teardown(&rig);
}

static enum error send_to(struct leg *leg, const struct addr *to,
                          struct slice wire)
{
	struct flow flow = { .leg = leg, .remote = *to };

	return dispatcher_send(rig.dispatcher, &flow, SLICE_EMPTY, wire);
}

START_TEST(a_datagram_arrives_with_where_it_came_from)
{
	struct leg *leg = net_rig_udp(&rig, loopbacks[_i]);
	struct addr local;
	int peer = peer_udp(loopbacks[_i], &local);
	size_t len;
	char *text = peer_options(TRANSPORT_UDP, 0, &len);

	peer_send_to(peer, &leg->local, slice_make(text, len));
	net_rig_until(&rig, rig.received == 1);
	ck_assert(slice_eq(buf_view(&rig.wire), slice_make(text, len)));
	ck_assert_ptr_eq(rig.from.leg, leg);
	ck_assert(addr_eq(&rig.from.remote, &local));
	ck_assert_uint_eq(rig.from.conn, 0);
	free(text);
	close(peer);
}
END_TEST

START_TEST(what_is_sent_arrives_as_one_datagram)
{
	struct leg *leg = net_rig_udp(&rig, loopbacks[_i]);
	struct addr local;
	int peer = peer_udp(loopbacks[_i], &local);
	struct buf got = { 0 };

	ck_assert_int_eq(send_to(leg, &local, SLICE("one")), OK);
	ck_assert_int_eq(send_to(leg, &local, SLICE("two")), OK);
	net_rig_until(&rig, peer_read(peer, &got) && got.len == 6);
	ck_assert_slice_eq(buf_view(&got), "onetwo");
	ck_assert_uint_eq(leg->sent, 2);
	buf_deinit(&got);
	close(peer);
}
END_TEST

START_TEST(the_largest_datagram_is_taken_whole)
{
	enum { LARGEST = 65507 };
	struct leg *leg = net_rig_udp(&rig, "127.0.0.1");
	int peer = peer_udp("127.0.0.1", NULL);
	size_t head, len;
	char *text = peer_options(TRANSPORT_UDP, 10000, &head);

	free(text);
	text = peer_options(TRANSPORT_UDP, 10000 + LARGEST - head, &len);
	ck_assert_uint_eq(len, LARGEST);
	peer_send_to(peer, &leg->local, slice_make(text, len));
	net_rig_until(&rig, rig.received == 1);
	ck_assert_uint_eq(rig.wire.len, LARGEST);
	free(text);
	close(peer);
}
END_TEST

START_TEST(a_burst_of_2000_is_not_lost)
{
	struct leg *leg = net_rig_udp(&rig, "127.0.0.1");
	int peer = peer_udp("127.0.0.1", NULL);
	size_t len;
	char *text = peer_options(TRANSPORT_UDP, 200, &len);

	for (int i = 0; i < 2000; i++)
		peer_send_to(peer, &leg->local, slice_make(text, len));
	net_rig_until(&rig, rig.received == 2000);
	free(text);
	close(peer);
}
END_TEST

START_TEST(a_burst_leaves_turns_to_others)
{
	struct leg *leg = net_rig_udp(&rig, "127.0.0.1");
	int peer = peer_udp("127.0.0.1", NULL);
	size_t len;
	char *text = peer_options(TRANSPORT_UDP, 0, &len);

	for (int i = 0; i < 200; i++)
		peer_send_to(peer, &leg->local, slice_make(text, len));
	loop_turn(rig.loop, 1000);
	ck_assert_uint_gt(rig.received, 0);
	ck_assert_uint_le(rig.received, 64);
	net_rig_until(&rig, rig.received == 200);
	free(text);
	close(peer);
}
END_TEST

/* RFC 3261 18.4 */
START_TEST(a_closed_port_is_reported_within_100_ms)
{
	struct leg *leg = net_rig_udp(&rig, loopbacks[_i]);
	struct addr to = peer_closed_port(loopbacks[_i], true);
	char want[160], text[ADDR_TEXT];
	uint64_t begin, took, shortest = UINT64_MAX;

	for (unsigned i = 1; i <= 3; i++) {     /* one may be unlucky */
		begin = net_rig_now_ms();
		ck_assert_int_eq(send_to(leg, &to, SLICE("hello")), OK);
		net_rig_until(&rig, rig.failures == i);
		took = net_rig_now_ms() - begin;
		shortest = took < shortest ? took : shortest;
	}
	ck_assert_uint_lt(shortest, 100);
	ck_assert_int_eq(rig.failure, ERR_REFUSED);
	ck_assert_ptr_eq(rig.failed.leg, leg);
	ck_assert(addr_eq(&rig.failed.remote, &to));
	ck_assert_uint_eq(rig.failed.conn, 0);
	snprintf(want, sizeof(want), "udp:%s: connection refused",
	         addr_text(&to, text));
	ck_assert_str_eq(rig.text, want);
	ck_assert_uint_eq(udp_leg_stats(leg)->icmp, 3);
}
END_TEST

START_TEST(one_peers_error_does_not_hit_another)
{
	struct leg *leg = net_rig_udp(&rig, loopbacks[_i]);
	struct addr dead = peer_closed_port(loopbacks[_i], true), alive;
	int peer = peer_udp(loopbacks[_i], &alive);
	struct buf got = { 0 };

	/* The ICMP is there before the second send: loopback is prompt. */
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(send_to(leg, &dead, SLICE("x")), OK);
		ck_assert_int_eq(send_to(leg, &alive, SLICE("y")), OK);
	}
	net_rig_until(&rig, peer_read(peer, &got) && got.len == 10
	                    && rig.failures == 10);
	ck_assert(addr_eq(&rig.failed.remote, &dead));
	buf_deinit(&got);
	close(peer);
}
END_TEST

START_TEST(datagrams_are_received_while_errors_wait)
{
	struct leg *leg = net_rig_udp(&rig, "127.0.0.1");
	struct addr dead = peer_closed_port("127.0.0.1", true);
	int peer = peer_udp("127.0.0.1", NULL);
	size_t len;
	char *text = peer_options(TRANSPORT_UDP, 0, &len);

	peer_send_to(peer, &leg->local, slice_make(text, len));
	ck_assert_int_eq(send_to(leg, &dead, SLICE("x")), OK);
	peer_send_to(peer, &leg->local, slice_make(text, len));
	net_rig_until(&rig, rig.received == 2 && rig.failures == 1);
	free(text);
	close(peer);
}
END_TEST

START_TEST(what_no_datagram_can_hold_is_an_error)
{
	struct leg *leg = net_rig_udp(&rig, "127.0.0.1");
	struct addr to;
	int peer = peer_udp("127.0.0.1", &to);
	char *much = calloc(1, 70000);

	ck_assert_int_eq(send_to(leg, &to, slice_make(much, 70000)),
	                 ERR_NETWORK);
	ck_assert_uint_eq(leg->sent, 0);
	free(much);
	close(peer);
}
END_TEST

START_TEST(the_source_is_what_the_peer_would_see)
{
	static const struct {
		const char *bound, *remote, *source;
	} cases[] = {
		{ "127.0.0.1", "192.0.2.1",      "127.0.0.1" },
		{ "0.0.0.0",   "127.0.0.1:5060", "127.0.0.1" },
		{ "0.0.0.0",   "127.0.0.1",      "127.0.0.1" },
		{ "[::]",      "[::1]:5060",     "[::1]" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct leg *leg = net_rig_udp(&rig, cases[i].bound);
		struct addr remote = net_rig_addr(cases[i].remote);
		struct addr want = net_rig_addr(cases[i].source), got;

		for (int again = 0; again < 2; again++) {
			ck_assert_int_eq(leg->ops->source(leg, &remote, &got),
			                 OK);
			ck_assert(addr_same_ip(&got, &want));
			ck_assert_uint_eq(got.port, leg->local.port);
		}
	}
}
END_TEST

START_TEST(both_families_may_have_one_port)
{
	struct leg *four = net_rig_udp(&rig, "0.0.0.0");
	char text[ADDR_TEXT];

	snprintf(text, sizeof(text), "[::]:%u", four->local.port);
	ck_assert_uint_eq(net_rig_udp(&rig, text)->local.port,
	                  four->local.port);
}
END_TEST

START_TEST(a_leg_that_cannot_be_bound_says_why)
{
	struct leg *taken = net_rig_udp(&rig, "127.0.0.1"), *leg = NULL;
	struct addr foreign = net_rig_addr("203.0.113.9:5060");
	const char *why = "";

	ck_assert_int_eq(udp_leg_open(rig.loop, rig.dispatcher, &taken->local,
	                              &leg, &why), ERR_ADDRESS_IN_USE);
	ck_assert_str_eq(why, "address already in use");
	ck_assert_int_eq(udp_leg_open(rig.loop, rig.dispatcher, &foreign,
	                              &leg, &why), ERR_UNREACHABLE);
	ck_assert_str_eq(why, "not an address of this machine");
	ck_assert_ptr_null(leg);
}
END_TEST

START_TEST(a_leg_may_be_closed_by_what_it_received)
{
	struct leg *leg = net_rig_udp(&rig, "127.0.0.1");
	struct addr to = leg->local;
	int peer = peer_udp("127.0.0.1", NULL);
	size_t len;
	char *text = peer_options(TRANSPORT_UDP, 0, &len);

	rig.close_leg = true;
	peer_send_to(peer, &to, slice_make(text, len));
	peer_send_to(peer, &to, slice_make(text, len));
	net_rig_until(&rig, rig.received == 1);
	loop_turn(rig.loop, 10);
	ck_assert_uint_eq(rig.received, 1);
	free(text);
	close(peer);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_error)
{
	struct addr local = net_rig_addr("127.0.0.1");
	struct leg *leg;
	const char *why;
	enum error err;
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		leg = NULL;
		test_alloc_fail(n);
		err = udp_leg_open(rig.loop, rig.dispatcher, &local, &leg,
		                   &why);
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
		if (leg != NULL)
			leg->ops->close(leg);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("udp", &tests);
	int families = ARRAY_LEN(loopbacks);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_datagram_arrives_with_where_it_came_from,
	                    0, families);
	tcase_add_loop_test(tests, what_is_sent_arrives_as_one_datagram, 0,
	                    families);
	tcase_add_test(tests, the_largest_datagram_is_taken_whole);
	tcase_add_test(tests, a_burst_of_2000_is_not_lost);
	tcase_add_test(tests, a_burst_leaves_turns_to_others);
	tcase_add_loop_test(tests, a_closed_port_is_reported_within_100_ms, 0,
	                    families);
	tcase_add_loop_test(tests, one_peers_error_does_not_hit_another, 0,
	                    families);
	tcase_add_test(tests, datagrams_are_received_while_errors_wait);
	tcase_add_test(tests, what_no_datagram_can_hold_is_an_error);
	tcase_add_test(tests, the_source_is_what_the_peer_would_see);
	tcase_add_test(tests, both_families_may_have_one_port);
	tcase_add_test(tests, a_leg_that_cannot_be_bound_says_why);
	tcase_add_test(tests, a_leg_may_be_closed_by_what_it_received);
	tcase_add_test(tests, memory_that_runs_out_is_an_error);
	return s;
}

int main(void)
{
	return test_main(suite());
}
