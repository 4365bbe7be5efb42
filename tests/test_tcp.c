/* The TCP leg on loopback: reuse, framing, queues, deadlines, bad peers. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static struct leg *leg;
static char *text;
static struct slice options;
static const char *const loopbacks[] = { "127.0.0.1", "[::1]" };

static void setup(void)
{
	size_t len;

	net_rig_setup(&rig);
	leg = net_rig_tcp(&rig, "127.0.0.1");
	text = peer_options(TRANSPORT_TCP, 10, &len);
	options = slice_make(text, len);
}

static void teardown(void)
{
	net_rig_teardown(&rig);
	free(text);
}

static struct conn_limits *limits(void)
{
	return &tcp_leg_limits(leg)->each;
}

/* Opens a connection if need be; its id through *conn. */
static enum error send_to(const struct addr *to, struct slice wire,
                          uint64_t *conn)
{
	struct flow flow = { .leg = leg, .remote = *to, .conn = *conn };
	enum error err = dispatcher_send(rig.dispatcher, &flow, SLICE_EMPTY,
	                                 wire);

	if (err == OK)
		*conn = flow.conn;
	return err;
}

/* Reads on until what came is as long as want, and compares. */
static void expect_read(int fd, const char *want)
{
	struct buf got = { 0 };

	net_rig_until(&rig, !peer_read(fd, &got) || got.len >= strlen(want));
	ck_assert_slice_eq(buf_view(&got), want);
	buf_deinit(&got);
}

/* The connection is closed or reset from the other side. */
static bool is_closed(int fd)
{
	char octet;
	ssize_t n = recv(fd, &octet, 1, 0);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

static void expect_failure(const struct addr *remote, enum error err,
                           const char *why)
{
	char want[160], addr[ADDR_TEXT];

	net_rig_until(&rig, rig.failures > 0);
	snprintf(want, sizeof(want), "tcp:%s: %s", addr_text(remote, addr),
	         why);
	ck_assert_str_eq(rig.text, want);
	ck_assert_int_eq(rig.failure, err);
	ck_assert(addr_eq(&rig.failed.remote, remote));
	ck_assert_uint_ne(rig.failed.conn, 0);
	ck_assert_uint_eq(rig.failures, 1);
}

/* --- the way of a message --- */

START_TEST(a_request_opens_a_connection_and_the_next_uses_it)
{
	struct leg *own = leg;
	struct addr to;
	int listener = peer_listen(loopbacks[_i], &to), peer;
	uint64_t first = 0, second = 0;

	if (_i == 1)
		own = net_rig_tcp(&rig, "[::1]");
	leg = own;
	ck_assert_int_eq(send_to(&to, SLICE("one "), &first), OK);
	ck_assert_uint_ne(first, 0);
	peer = peer_accept(&rig, listener);
	ck_assert_int_eq(send_to(&to, SLICE("two"), &second), OK);
	ck_assert_uint_eq(first, second);
	expect_read(peer, "one two");
	ck_assert_uint_eq(tcp_leg_connections(leg), 1);
	close(peer);
	close(listener);
}
END_TEST

START_TEST(a_response_goes_back_on_its_requests_connection)
{
	struct addr from;
	int peer = peer_connect(&leg->local, &from);

	rig.answer = SLICE("SIP/2.0 200 OK\r\n\r\n");
	peer_write(peer, options);
	expect_read(peer, "SIP/2.0 200 OK\r\n\r\n");
	ck_assert(addr_eq(&rig.from.remote, &from));
	ck_assert_uint_ne(rig.from.conn, 0);
	close(peer);
}
END_TEST

/* RFC 3261 18: whoever opened it. */
START_TEST(a_request_uses_the_connection_that_came_from_there)
{
	struct addr from;
	int peer = peer_connect(&leg->local, &from);
	uint64_t conn = 0;

	peer_write(peer, options);
	net_rig_until(&rig, rig.received == 1);
	ck_assert_int_eq(send_to(&from, SLICE("NOTIFY"), &conn), OK);
	ck_assert_uint_eq(conn, rig.from.conn);
	expect_read(peer, "NOTIFY");
	close(peer);
}
END_TEST

START_TEST(a_connection_that_is_gone_is_not_found)
{
	struct addr from;
	int peer = peer_connect(&leg->local, &from);
	uint64_t conn;

	peer_write(peer, options);
	net_rig_until(&rig, rig.received == 1);
	conn = rig.from.conn;
	close(peer);
	expect_failure(&from, ERR_RESET, "closed by the peer");
	ck_assert_uint_eq(rig.failed.conn, conn);
	ck_assert_int_eq(send_to(&from, SLICE("late"), &conn), ERR_NOT_FOUND);
	ck_assert_uint_eq(tcp_leg_connections(leg), 0);
}
END_TEST

/* --- framing (18.3) --- */

START_TEST(a_message_sent_octet_by_octet_arrives_whole)
{
	int peer = peer_connect(&leg->local, NULL);

	for (size_t i = 0; i < options.len; i++) {
		peer_write(peer, slice_make(options.p + i, 1));
		loop_turn(rig.loop, 0);
		ck_assert(rig.received == 0 || i + 1 == options.len);
	}
	net_rig_until(&rig, rig.received == 1);
	ck_assert(slice_eq(buf_view(&rig.wire), options));
	close(peer);
}
END_TEST

START_TEST(many_messages_in_one_write_all_arrive)
{
	int peer = peer_connect(&leg->local, NULL);
	struct buf all = { 0 };

	for (int i = 0; i < 50; i++)
		buf_slice(&all, options);
	peer_write(peer, buf_view(&all));
	net_rig_until(&rig, rig.received == 50);
	buf_deinit(&all);
	close(peer);
}
END_TEST

/* RFC 5626 3.5.1 */
START_TEST(a_ping_is_answered)
{
	int peer = peer_connect(&leg->local, NULL);

	peer_write(peer, SLICE("\r\n\r\n"));
	expect_read(peer, "\r\n");
	peer_write(peer, options);
	net_rig_until(&rig, rig.received == 1);
	close(peer);
}
END_TEST

START_TEST(broken_framing_is_answered_and_ends_the_connection)
{
	struct addr from;
	int peer = peer_connect(&leg->local, &from);
	struct buf b = { 0 }, got = { 0 };
	char *at;

	buf_slice(&b, options);
	at = strstr(buf_cstr(&b) == NULL ? "" : b.p, "Length: 10");
	ck_assert_ptr_nonnull(at);
	memcpy(at, "Length: -1", 10);
	peer_write(peer, buf_view(&b));
	net_rig_until(&rig, !peer_read(peer, &got));
	ck_assert(slice_starts_with(buf_view(&got), SLICE("SIP/2.0 400 ")));
	ck_assert_uint_eq(rig.received, 0);
	close(peer);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_PROTOCOL);
	ck_assert(addr_eq(&rig.failed.remote, &from));
	buf_deinit(&b);
	buf_deinit(&got);
}
END_TEST

START_TEST(what_is_no_sip_at_all_ends_the_connection)
{
	int peer = peer_connect(&leg->local, NULL);
	struct buf junk = { 0 };

	for (int i = 0; i < 20000; i++)
		buf_char(&junk, 'A');
	peer_write(peer, buf_view(&junk));
	net_rig_until(&rig, is_closed(peer));
	ck_assert_uint_eq(rig.received, 0);
	buf_deinit(&junk);
	close(peer);
}
END_TEST

/* --- connections that fail --- */

START_TEST(a_refused_connection_is_an_error_at_once)
{
	struct addr to = peer_closed_port(loopbacks[_i], false);
	uint64_t conn = 0, begin = net_rig_now_ms();
	enum error err = send_to(&to, SLICE("x"), &conn);

	if (err == OK)          /* the system may take its time to tell */
		expect_failure(&to, ERR_REFUSED, "connection refused");
	else
		ck_assert_int_eq(err, ERR_REFUSED);
	ck_assert_uint_lt(net_rig_now_ms() - begin, 1000);
	ck_assert_uint_eq(tcp_leg_connections(leg), 0);
}
END_TEST

START_TEST(a_reset_in_the_middle_of_a_message_is_reported)
{
	struct addr from;
	int peer = peer_connect(&leg->local, &from);

	peer_write(peer, slice_make(options.p, 20));
	net_rig_until(&rig, tcp_leg_connections(leg) == 1);
	peer_reset(peer);
	expect_failure(&from, ERR_RESET, "connection closed by the peer");
	ck_assert_uint_eq(rig.received, 0);
}
END_TEST

START_TEST(what_came_before_a_reset_still_counts)
{
	struct addr to;
	int listener = peer_listen("127.0.0.1", &to), peer;
	uint64_t conn = 0;

	ck_assert_int_eq(send_to(&to, SLICE("x"), &conn), OK);
	peer = peer_accept(&rig, listener);
	peer_write(peer, options);
	close(peer);            /* with "x" unread: a reset */
	/* The write finds out before the read does, and does not say so. */
	(void)send_to(&to, SLICE("y"), &conn);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_RESET);
	ck_assert_uint_eq(rig.failed.conn, conn);
	ck_assert_uint_eq(rig.received, 1);
	close(listener);
}
END_TEST

START_TEST(a_peer_that_ends_after_asking_is_answered)
{
	int peer = peer_connect(&leg->local, NULL);

	rig.answer = SLICE("SIP/2.0 200 OK\r\n\r\n");
	peer_write(peer, options);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	expect_read(peer, "SIP/2.0 200 OK\r\n\r\n");
	close(peer);
}
END_TEST

/* Fills the listener's queue, so that connections stay under way. */
static int make_deaf_listener(struct addr *to, int fillers[4])
{
	int listener = peer_listen("127.0.0.1", to);

	ck_assert_int_eq(listen(listener, 0), 0);
	fillers[0] = peer_connect(to, NULL);
	return listener;
}

START_TEST(a_connection_that_does_not_come_up_is_given_up)
{
	struct addr to;
	int fillers[4], listener = make_deaf_listener(&to, fillers);
	uint64_t conn = 0;

	limits()->connect_ms = 50;
	ck_assert_int_eq(send_to(&to, SLICE("x"), &conn), OK);
	expect_failure(&to, ERR_TIMEOUT, "no connection in time");
	ck_assert_uint_eq(rig.failed.conn, conn);
	close(fillers[0]);
	close(listener);
}
END_TEST

/* --- queues --- */

START_TEST(a_peer_that_never_reads_fills_the_queue_and_no_more)
{
	struct addr to;
	int listener = peer_listen("127.0.0.1", &to);
	size_t total = 0;
	uint64_t conn = 0;
	char *much = calloc(1, 100000);
	enum error err;

	ck_assert_ptr_nonnull(much);
	limits()->queue = 1 << 20;
	do {
		err = send_to(&to, slice_make(much, 100000), &conn);
		total += 100000;
		loop_turn(rig.loop, 0);
	} while (err == OK && total < 100 << 20);
	ck_assert_int_eq(err, ERR_LIMIT);
	ck_assert_uint_ge(total, 1 << 20);
	ck_assert_uint_eq(rig.failures, 0);
	free(much);
	close(listener);
}
END_TEST

START_TEST(a_slow_reader_gets_all_in_order)
{
	enum { COUNT = 200000 };        /* more than the system holds */
	struct addr to;
	int listener = peer_listen("127.0.0.1", &to), peer;
	struct buf got = { 0 }, want = { 0 };
	uint64_t conn = 0;
	char line[64];

	limits()->queue = 32 << 20;
	for (int i = 0; i < COUNT; i++) {
		snprintf(line, sizeof(line), "%060d\n", i);
		buf_str(&want, line);
		ck_assert_int_eq(send_to(&to, slice_str(line), &conn), OK);
	}
	peer = peer_accept(&rig, listener);
	while (got.len < want.len) {
		loop_turn(rig.loop, 0);
		ck_assert(peer_read(peer, &got));
	}
	ck_assert(slice_eq(buf_view(&got), buf_view(&want)));
	buf_deinit(&got);
	buf_deinit(&want);
	close(peer);
	close(listener);
}
END_TEST

START_TEST(one_message_larger_than_the_queue_may_go)
{
	struct addr to;
	int listener = peer_listen("127.0.0.1", &to);
	uint64_t conn = 0;

	limits()->queue = 10;
	ck_assert_int_eq(send_to(&to, options, &conn), OK);
	ck_assert_int_eq(send_to(&to, options, &conn), ERR_LIMIT);
	close(peer_accept(&rig, listener));
	close(listener);
}
END_TEST

/* --- deadlines --- */

START_TEST(an_inbound_connection_must_send_a_header_in_time)
{
	struct addr from;
	int peer;

	limits()->head_ms = 60;
	peer = peer_connect(&leg->local, &from);
	for (size_t i = 0; i < 20 && rig.failures == 0; i++) {
		(void)send(peer, options.p + i, 1, MSG_NOSIGNAL);
		loop_turn(rig.loop, 10);
	}
	expect_failure(&from, ERR_TIMEOUT, "no whole header in time");
	close(peer);
}
END_TEST

START_TEST(a_message_must_be_whole_in_time)
{
	struct addr from;
	int peer;
	uint64_t begin = net_rig_now_ms();

	limits()->message_ms = 60;
	peer = peer_connect(&leg->local, &from);
	peer_write(peer, slice_make(options.p, options.len - 5));
	expect_failure(&from, ERR_TIMEOUT, "no whole message in time");
	ck_assert_uint_ge(net_rig_now_ms() - begin, 59);
	close(peer);
}
END_TEST

START_TEST(a_whole_message_ends_its_deadline)
{
	struct addr from;
	int peer;
	uint64_t begin = net_rig_now_ms();

	limits()->head_ms = 50;
	limits()->message_ms = 50;
	peer = peer_connect(&leg->local, &from);
	peer_write(peer, options);
	while (net_rig_now_ms() - begin < 150)
		loop_turn(rig.loop, 10);
	ck_assert_uint_eq(rig.received, 1);
	ck_assert_uint_eq(rig.failures, 0);
	close(peer);
}
END_TEST

START_TEST(a_connection_without_traffic_is_closed_in_the_end)
{
	struct addr from;
	int peer;
	uint64_t begin = net_rig_now_ms();

	limits()->idle_ms = 80;
	peer = peer_connect(&leg->local, &from);
	peer_write(peer, options);
	net_rig_until(&rig, rig.received == 1);
	loop_turn(rig.loop, 40);
	peer_write(peer, options);
	expect_failure(&from, ERR_TIMEOUT, "closed for want of traffic");
	ck_assert_uint_ge(net_rig_now_ms() - begin, 79);
	ck_assert_uint_eq(rig.received, 2);
	ck_assert(is_closed(peer));
	close(peer);
}
END_TEST

/* --- crowds --- */

START_TEST(of_200_connections_the_newest_64_stay)
{
	enum { CROWD = 200 };
	int peers[CROWD];
	unsigned closed = 0;

	for (int i = 0; i < CROWD; i++) {
		peers[i] = peer_connect(&leg->local, NULL);
		peer_write(peers[i], options);
		net_rig_until(&rig, rig.received == (unsigned)i + 1);
	}
	ck_assert_uint_eq(tcp_leg_connections(leg), 64);
	ck_assert_uint_eq(rig.failures, CROWD - 64);
	ck_assert_int_eq(rig.failure, ERR_LIMIT);
	for (int i = 0; i < CROWD; i++) {
		closed += is_closed(peers[i]);
		ck_assert_uint_eq(closed, i < CROWD - 64 ? i + 1 : CROWD - 64);
		close(peers[i]);
	}
}
END_TEST

START_TEST(who_is_busy_is_not_dropped_for_a_newcomer)
{
	int busy, idle, third;

	tcp_leg_limits(leg)->inbound = 2;
	busy = peer_connect(&leg->local, NULL);
	net_rig_until(&rig, tcp_leg_connections(leg) == 1);
	idle = peer_connect(&leg->local, NULL);
	net_rig_until(&rig, tcp_leg_connections(leg) == 2);
	peer_write(busy, options);
	net_rig_until(&rig, rig.received == 1);
	third = peer_connect(&leg->local, NULL);
	net_rig_until(&rig, is_closed(idle));
	ck_assert(!is_closed(busy));
	ck_assert(!is_closed(third));
	close(busy);
	close(idle);
	close(third);
}
END_TEST

START_TEST(running_out_of_descriptors_does_not_spin)
{
	struct rlimit before, none;
	int peer = peer_connect(&leg->local, NULL);
	unsigned turns = 0;
	uint64_t end = net_rig_now_ms() + 100;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	while (net_rig_now_ms() < end) {
		loop_turn(rig.loop, 100);
		turns++;
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_uint_le(turns, 3);
	net_rig_until(&rig, tcp_leg_connections(leg) == 1);
	close(peer);
}
END_TEST

/* --- ends --- */

START_TEST(a_leg_may_be_closed_by_what_it_received)
{
	int peer = peer_connect(&leg->local, NULL);

	rig.close_leg = true;
	peer_write(peer, options);
	peer_write(peer, options);
	net_rig_until(&rig, rig.received == 1);
	net_rig_until(&rig, is_closed(peer));
	ck_assert_uint_eq(rig.received, 1);
	close(peer);
}
END_TEST

START_TEST(the_source_is_where_we_listen)
{
	struct leg *any = net_rig_tcp(&rig, "0.0.0.0");
	struct addr remote = net_rig_addr("127.0.0.1:5060"), got;

	ck_assert_int_eq(leg->ops->source(leg, &remote, &got), OK);
	ck_assert(addr_eq(&got, &leg->local));
	ck_assert_int_eq(any->ops->source(any, &remote, &got), OK);
	ck_assert(addr_is_loopback(&got));
	ck_assert_uint_eq(got.port, any->local.port);
}
END_TEST

START_TEST(a_leg_that_cannot_listen_says_why)
{
	struct leg *other = NULL;
	const char *why = "";

	ck_assert_int_eq(tcp_leg_open(rig.loop, rig.dispatcher, &leg->local,
	                              &other, &why), ERR_ADDRESS_IN_USE);
	ck_assert_str_eq(why, "address already in use");
	ck_assert_ptr_null(other);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_error)
{
	struct addr to;
	int listener = peer_listen("127.0.0.1", &to);
	uint64_t conn;
	enum error err;
	bool failed = true;

	for (size_t n = 0; failed; n++) {
		conn = 0;
		test_alloc_fail(n);
		err = send_to(&to, SLICE("x"), &conn);
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
	}
	close(listener);
}
END_TEST

START_TEST(memory_that_runs_out_while_receiving_hurts_nobody_else)
{
	int peer;

	for (size_t n = 0; n < 8; n++) {
		peer = peer_connect(&leg->local, NULL);
		peer_write(peer, options);
		test_alloc_fail(n);
		for (int turn = 0; turn < 4; turn++)
			loop_turn(rig.loop, 5);
		test_alloc_restore();
		close(peer);
		net_rig_until(&rig, tcp_leg_connections(leg) == 0);
	}
	rig.received = 0;
	peer = peer_connect(&leg->local, NULL);
	peer_write(peer, options);
	net_rig_until(&rig, rig.received == 1);
	close(peer);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("tcp", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests,
	                    a_request_opens_a_connection_and_the_next_uses_it,
	                    0, ARRAY_LEN(loopbacks));
	tcase_add_test(tests,
	               a_response_goes_back_on_its_requests_connection);
	tcase_add_test(tests,
	               a_request_uses_the_connection_that_came_from_there);
	tcase_add_test(tests, a_connection_that_is_gone_is_not_found);
	tcase_add_test(tests, a_message_sent_octet_by_octet_arrives_whole);
	tcase_add_test(tests, many_messages_in_one_write_all_arrive);
	tcase_add_test(tests, a_ping_is_answered);
	tcase_add_test(tests,
	               broken_framing_is_answered_and_ends_the_connection);
	tcase_add_test(tests, what_is_no_sip_at_all_ends_the_connection);
	tcase_add_loop_test(tests, a_refused_connection_is_an_error_at_once,
	                    0, ARRAY_LEN(loopbacks));
	tcase_add_test(tests, a_reset_in_the_middle_of_a_message_is_reported);
	tcase_add_test(tests, what_came_before_a_reset_still_counts);
	tcase_add_test(tests, a_peer_that_ends_after_asking_is_answered);
	tcase_add_test(tests, a_connection_that_does_not_come_up_is_given_up);
	tcase_add_test(tests,
	               a_peer_that_never_reads_fills_the_queue_and_no_more);
	tcase_add_test(tests, a_slow_reader_gets_all_in_order);
	tcase_add_test(tests, one_message_larger_than_the_queue_may_go);
	tcase_add_test(tests,
	               an_inbound_connection_must_send_a_header_in_time);
	tcase_add_test(tests, a_message_must_be_whole_in_time);
	tcase_add_test(tests, a_whole_message_ends_its_deadline);
	tcase_add_test(tests,
	               a_connection_without_traffic_is_closed_in_the_end);
	tcase_add_test(tests, of_200_connections_the_newest_64_stay);
	tcase_add_test(tests, who_is_busy_is_not_dropped_for_a_newcomer);
	tcase_add_test(tests, running_out_of_descriptors_does_not_spin);
	tcase_add_test(tests, a_leg_may_be_closed_by_what_it_received);
	tcase_add_test(tests, the_source_is_where_we_listen);
	tcase_add_test(tests, a_leg_that_cannot_listen_says_why);
	tcase_add_test(tests, memory_that_runs_out_is_an_error);
	tcase_add_test(tests,
	               memory_that_runs_out_while_receiving_hurts_nobody_else);
	return s;
}

int main(void)
{
	return test_main(suite());
}
