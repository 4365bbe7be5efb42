/* A connection over an io of the test: every way to fail, at will. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/socket.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static struct conn *conn;
static int peer;
static struct conn_limits limits;
static char *text;
static struct slice options;

/* What the connection told. */
static struct {
	unsigned received, broken, closed;
	enum error err;
	char why[80];
	bool free_on_receive, sending;
} told;

/* How its io behaves. */
static struct {
	unsigned handshakes_left;       /* each takes one octet */
	bool handshake_fails;
	size_t write_room;              /* octets until ERR_AGAIN */
	enum error write_fails;
	bool ended;
} io;

/* --- an io that turns every octet over: what arrives passed through it --- */

static enum error fake_handshake(struct conn *c, unsigned *events,
                                 const char **why)
{
	char octet;
	size_t n;
	enum error err = OK;

	while (io.handshakes_left > 0 && err == OK) {
		err = socket_read(c->fd, &octet, 1, &n, why);
		if (err == OK)
			io.handshakes_left--;
	}
	*events = LOOP_READ;
	if (err == OK && io.handshake_fails) {
		*why = "no trust";
		return ERR_TLS;
	}
	return err;
}

static void turn_over(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)~p[i];
}

static enum error fake_read(struct conn *c, char *to, size_t room, size_t *n,
                            const char **why)
{
	enum error err = socket_read(c->fd, to, room, n, why);

	if (err == OK)
		turn_over(to, *n);
	return err;
}

static enum error fake_write(struct conn *c, const char *from, size_t len,
                             size_t *n, const char **why)
{
	char octets[100];
	enum error err;

	if (io.write_fails != OK) {
		*why = "as told";
		return io.write_fails;
	}
	if (io.write_room == 0)
		return ERR_AGAIN;
	if (len > io.write_room)
		len = io.write_room;
	if (len > sizeof(octets))
		len = sizeof(octets);
	memcpy(octets, from, len);
	turn_over(octets, len);
	err = socket_write(c->fd, octets, len, n, why);
	if (err == OK)
		io.write_room -= *n;
	return err;
}

static void fake_end(struct conn *c)
{
	io.ended = true;
	socket_end(c->fd);
}

static const struct conn_io fake_io = {
	.handshake = fake_handshake,
	.read = fake_read,
	.write = fake_write,
	.end = fake_end,
};

/* --- what is told --- */

static void on_received(struct conn *c, struct slice wire)
{
	ck_assert_ptr_eq(c, conn);
	ck_assert(slice_eq(wire, options));
	told.received++;
	if (told.free_on_receive) {
		conn_free(c);
		conn = NULL;
	}
}

static void on_broken(struct conn *c, struct slice wire,
                      const struct fault *fault)
{
	ck_assert_uint_ne(wire.len, 0);
	ck_assert_uint_ne(fault->status, 0);
	told.broken++;
	(void)conn_send(c, SLICE("sorry"));
}

static void on_closed(struct conn *c, enum error err, const char *why)
{
	ck_assert(!told.sending);
	told.closed++;
	told.err = err;
	snprintf(told.why, sizeof(told.why), "%s", why);
	conn_free(c);
	conn = NULL;
}

static const struct conn_events events = {
	.received = on_received,
	.broken = on_broken,
	.closed = on_closed,
};

static struct conn_setup conn_setup = {
	.io = &fake_io,
	.events = &events,
	.limits = &limits,
	.message_limits = &message_limits_default,
};

static void setup(void)
{
	struct addr from = net_rig_addr("127.0.0.1:1");
	size_t len;
	int fds[2];

	net_rig_setup(&rig);
	memset(&told, 0, sizeof(told));
	memset(&io, 0, sizeof(io));
	io.write_room = SIZE_MAX;
	limits = (struct conn_limits){
		.queue = 1000,
		.connect_ms = 10000,
		.head_ms = 10000,
		.message_ms = 32000,
		.pong_ms = 10000,
		.idle_ms = 300000,
	};
	conn_setup.loop = rig.loop;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	                            fds), 0);
	peer = fds[1];
	conn = conn_accepted(&conn_setup, fds[0], &from);
	ck_assert_ptr_nonnull(conn);
	text = peer_options(TRANSPORT_TCP, 10, &len);
	options = slice_make(text, len);
}

static void teardown(void)
{
	if (conn != NULL)
		conn_free(conn);
	socket_close(&peer);
	free(text);
	net_rig_teardown(&rig);
}

/* The handshake needs one octet. */
static void stand(void)
{
	peer_write(peer, SLICE("h"));
	io.handshakes_left = 1;
	net_rig_until(&rig, conn->state == CONN_OPEN);
}

static void say(struct slice what)
{
	struct buf b = { 0 };

	buf_slice(&b, what);
	turn_over(b.p, b.len);
	peer_write(peer, buf_view(&b));
	buf_deinit(&b);
}

static enum error send_text(const char *what)
{
	enum error err;

	told.sending = true;
	err = conn_send(conn, slice_str(what));
	told.sending = false;
	return err;
}

static void expect_heard(const char *want)
{
	struct buf got = { 0 };

	net_rig_until(&rig, !peer_read(peer, &got)
	                    || got.len >= strlen(want));
	turn_over(got.p, got.len);
	ck_assert_slice_eq(buf_view(&got), want);
	buf_deinit(&got);
}

static void expect_closed(enum error err, const char *why)
{
	net_rig_until(&rig, told.closed > 0);
	ck_assert_uint_eq(told.closed, 1);
	ck_assert_int_eq(told.err, err);
	ck_assert_str_eq(told.why, why);
}

/* Moves the clock, not the world. */
static void pass(uint64_t ms)
{
	env_advance(&rig.env, env_now_us(&rig.env) + ms * 1000,
	            rig.env.wall_us);
}

/* --- handshakes --- */

START_TEST(what_is_sent_waits_for_the_handshake)
{
	io.handshakes_left = 2;
	ck_assert_int_eq(send_text("hello"), OK);
	peer_write(peer, SLICE("h"));
	loop_turn(rig.loop, 20);
	ck_assert_int_eq(conn->state, CONN_HANDSHAKING);
	peer_write(peer, SLICE("h"));
	expect_heard("hello");
	say(options);
	net_rig_until(&rig, told.received == 1);
}
END_TEST

START_TEST(a_handshake_that_fails_is_told)
{
	io.handshakes_left = 1;
	io.handshake_fails = true;
	peer_write(peer, SLICE("h"));
	expect_closed(ERR_TLS, "no trust");
}
END_TEST

START_TEST(a_handshake_that_does_not_end_is_given_up)
{
	io.handshakes_left = 2;
	peer_write(peer, SLICE("h"));
	loop_turn(rig.loop, 20);
	pass(9990);
	ck_assert_uint_eq(told.closed, 0);
	pass(20);
	expect_closed(ERR_TIMEOUT, "no end of the handshake in time");
}
END_TEST

/* --- writing --- */

START_TEST(short_writes_lose_nothing)
{
	stand();
	io.write_room = 3;
	ck_assert_int_eq(send_text("one two "), OK);
	for (int i = 0; i < 20; i++) {
		io.write_room = 7;
		ck_assert_int_eq(send_text("three four "), OK);
		io.write_room = 7;
		loop_turn(rig.loop, 20);
	}
	io.write_room = SIZE_MAX;
	expect_heard("one two three four three four three four three four "
	             "three four three four three four three four three four "
	             "three four three four three four three four three four "
	             "three four three four three four three four three four "
	             "three four ");
}
END_TEST

START_TEST(a_failed_write_is_told_later_and_once)
{
	stand();
	io.write_fails = ERR_RESET;
	ck_assert_int_eq(send_text("one"), OK);
	ck_assert(!conn_is_usable(conn));
	ck_assert_int_eq(send_text("two"), ERR_NOT_FOUND);
	expect_closed(ERR_RESET, "as told");
}
END_TEST

START_TEST(a_failed_write_of_the_queue_is_told)
{
	stand();
	io.write_room = 1;
	ck_assert_int_eq(send_text("one"), OK);
	io.write_fails = ERR_UNREACHABLE;
	expect_closed(ERR_UNREACHABLE, "as told");
}
END_TEST

START_TEST(what_was_received_before_a_failed_write_counts)
{
	stand();
	say(options);
	io.write_fails = ERR_RESET;
	ck_assert_int_eq(send_text("one"), OK);
	expect_closed(ERR_RESET, "as told");
	ck_assert_uint_eq(told.received, 1);
}
END_TEST

START_TEST(broken_framing_after_a_failed_write_ends_at_once)
{
	stand();
	say(SLICE("OPTIONS sip:x SIP/2.0\r\nl: x\r\n\r\n"));
	io.write_fails = ERR_RESET;
	ck_assert_int_eq(send_text("one"), OK);
	expect_closed(ERR_RESET, "as told");
	ck_assert_uint_eq(told.broken, 1);
}
END_TEST

START_TEST(no_memory_for_the_queue_ends_it)
{
	stand();
	io.write_room = 0;
	told.sending = true;
	test_alloc_fail(0);
	ck_assert_int_eq(conn_send(conn, SLICE("one")), ERR_NOMEM);
	ck_assert(test_alloc_restore());
	told.sending = false;
	expect_closed(ERR_NOMEM, "out of memory");
}
END_TEST

START_TEST(the_memory_of_a_long_queue_is_given_back)
{
	char *much = calloc(1, 100000);

	stand();
	io.write_room = 0;
	ck_assert_int_eq(conn_send(conn, slice_make(much, 100000)), OK);
	free(much);
	io.write_room = SIZE_MAX;
	for (size_t n = 0; n < 100000;) {
		struct buf got = { 0 };

		loop_turn(rig.loop, 20);
		ck_assert(peer_read(peer, &got));
		n += got.len;
		buf_deinit(&got);
	}
	ck_assert_uint_eq(conn->queue.cap, 0);
}
END_TEST

/* --- ending --- */

START_TEST(the_last_words_are_read_before_the_end)
{
	stand();
	say(SLICE("OPTIONS sip:x SIP/2.0\r\nl: x\r\n\r\n"));
	net_rig_until(&rig, told.broken == 1);
	ck_assert_int_eq(conn->state, CONN_ENDING);
	ck_assert_int_eq(send_text("more"), ERR_NOT_FOUND);
	say(SLICE("whatever else it had to say"));
	expect_heard("sorry");
	loop_turn(rig.loop, 20);
	ck_assert(io.ended);
	ck_assert_uint_eq(told.closed, 0);
	socket_close(&peer);
	net_rig_until(&rig, told.closed == 1);
	ck_assert_int_eq(told.err, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_slow_reader_gets_the_last_words_too)
{
	stand();
	io.write_room = 2;
	say(SLICE("OPTIONS sip:x SIP/2.0\r\nl: x\r\n\r\n"));
	net_rig_until(&rig, told.broken == 1);
	ck_assert(!io.ended);
	io.write_room = SIZE_MAX;
	expect_heard("sorry");
	loop_turn(rig.loop, 20);
	ck_assert(io.ended);
}
END_TEST

START_TEST(nobody_is_waited_for_long_at_the_end)
{
	stand();
	say(SLICE("OPTIONS sip:x SIP/2.0\r\nl: x\r\n\r\n"));
	net_rig_until(&rig, told.broken == 1);
	pass(2001);
	ck_assert_uint_eq(told.closed, 1);
	ck_assert_int_eq(told.err, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_peer_that_has_ended_still_gets_what_waits)
{
	stand();
	io.write_room = 2;
	ck_assert_int_eq(send_text("answer"), OK);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	net_rig_until(&rig, conn->state == CONN_ENDING);
	io.write_room = SIZE_MAX;
	expect_heard("answer");
	expect_closed(ERR_RESET, "closed by the peer");
}
END_TEST

START_TEST(it_may_be_freed_by_what_it_received)
{
	stand();
	told.free_on_receive = true;
	say(options);
	net_rig_until(&rig, told.received == 1);
	loop_turn(rig.loop, 20);
	ck_assert_uint_eq(told.closed, 0);
}
END_TEST

/* --- deadlines, to the millisecond --- */

START_TEST(each_message_has_a_time_of_its_own)
{
	stand();
	say(options);
	say(slice_make(options.p, 30));
	net_rig_until(&rig, told.received == 1);
	pass(20000);
	say(slice_skip(options, 30));
	say(slice_make(options.p, 30));         /* the next: from now on */
	net_rig_until(&rig, told.received == 2);
	pass(20000);
	ck_assert_uint_eq(told.closed, 0);
	pass(12010);
	expect_closed(ERR_TIMEOUT, "no whole message in time");
}
END_TEST

START_TEST(a_drop_now_and_then_wins_no_time)
{
	stand();
	say(options);
	for (size_t i = 0; i < 31; i++) {
		say(slice_make(options.p + i, 1));
		loop_turn(rig.loop, 20);
		pass(1000);
	}
	ck_assert_uint_eq(told.closed, 0);
	pass(1010);
	expect_closed(ERR_TIMEOUT, "no whole message in time");
}
END_TEST

START_TEST(silence_is_borne_for_five_minutes)
{
	stand();
	say(options);
	net_rig_until(&rig, told.received == 1);
	pass(200000);
	ck_assert_int_eq(send_text("still here"), OK);
	pass(299000);
	ck_assert_uint_eq(told.closed, 0);
	pass(2000);
	expect_closed(ERR_TIMEOUT, "closed for want of traffic");
}
END_TEST

/* --- keep-alives, RFC 5626 4.4.1 --- */

START_TEST(a_ping_without_an_answer_ends_it_after_ten_seconds)
{
	stand();
	say(options);
	net_rig_until(&rig, told.received == 1);
	ck_assert_int_eq(conn_ping(conn, true), OK);
	pass(5000);
	ck_assert_int_eq(conn_ping(conn, true), OK);
	pass(4990);
	ck_assert_uint_eq(told.closed, 0);
	pass(20);
	expect_closed(ERR_TIMEOUT, "no answer to a keep-alive");
}
END_TEST

START_TEST(each_ping_must_be_answered_in_time)
{
	stand();
	say(options);
	net_rig_until(&rig, told.received == 1);
	ck_assert_int_eq(conn_ping(conn, true), OK);
	ck_assert_int_eq(conn_ping(conn, true), OK);
	pass(9000);
	say(SLICE("\r\n"));
	net_rig_until(&rig, conn->ponged);
	pass(9000);
	say(SLICE("\r\n"));
	net_rig_until(&rig, conn->framer.pongs_due == 0);
	pass(100000);
	ck_assert_uint_eq(told.closed, 0);
	ck_assert_int_eq(conn_ping(conn, true), OK);
	pass(10010);
	expect_closed(ERR_TIMEOUT, "no answer to a keep-alive");
}
END_TEST

START_TEST(a_ping_that_needs_no_answer_may_have_one)
{
	stand();
	say(options);
	net_rig_until(&rig, told.received == 1);
	ck_assert_int_eq(conn_ping(conn, false), OK);
	ck_assert_int_eq(conn_ping(conn, false), OK);
	pass(100000);
	ck_assert_uint_eq(told.closed, 0);
	ck_assert(!conn->ponged);
	say(SLICE("\r\n"));
	net_rig_until(&rig, conn->ponged);
	ck_assert_uint_eq(conn->framer.pongs_due, 0);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("conn", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, what_is_sent_waits_for_the_handshake);
	tcase_add_test(tests, a_handshake_that_fails_is_told);
	tcase_add_test(tests, a_handshake_that_does_not_end_is_given_up);
	tcase_add_test(tests, short_writes_lose_nothing);
	tcase_add_test(tests, a_failed_write_is_told_later_and_once);
	tcase_add_test(tests, a_failed_write_of_the_queue_is_told);
	tcase_add_test(tests, what_was_received_before_a_failed_write_counts);
	tcase_add_test(tests,
	               broken_framing_after_a_failed_write_ends_at_once);
	tcase_add_test(tests, no_memory_for_the_queue_ends_it);
	tcase_add_test(tests, the_memory_of_a_long_queue_is_given_back);
	tcase_add_test(tests, the_last_words_are_read_before_the_end);
	tcase_add_test(tests, a_slow_reader_gets_the_last_words_too);
	tcase_add_test(tests, nobody_is_waited_for_long_at_the_end);
	tcase_add_test(tests, a_peer_that_has_ended_still_gets_what_waits);
	tcase_add_test(tests, it_may_be_freed_by_what_it_received);
	tcase_add_test(tests, each_message_has_a_time_of_its_own);
	tcase_add_test(tests, a_drop_now_and_then_wins_no_time);
	tcase_add_test(tests, silence_is_borne_for_five_minutes);
	tcase_add_test(tests,
	               a_ping_without_an_answer_ends_it_after_ten_seconds);
	tcase_add_test(tests, each_ping_must_be_answered_in_time);
	tcase_add_test(tests, a_ping_that_needs_no_answer_may_have_one);
	return s;
}

int main(void)
{
	return test_main(suite());
}
