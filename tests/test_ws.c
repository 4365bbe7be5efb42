/* SIP over WebSocket on loopback: both ends in one loop, and plain sockets
 * that speak it well or badly. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/tcp.h"
#include "net/ws.h"
#include "net/ws_handshake.h"
#include "tests/certificates.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static struct ws_setup server_ws, client_ws;
static struct leg *server, *client;
static char *text;
static struct slice options;
static struct buf in;                   /* what a plain socket received */

static void setup(void)
{
	size_t len;

	net_rig_setup(&rig);
	certificates_begin();
	server_ws = client_ws = (struct ws_setup){ 0 };
	server = client = NULL;
	text = peer_options(TRANSPORT_WS, 10, &len);
	options = slice_make(text, len);
}

static void teardown(void)
{
	net_rig_teardown(&rig);
	tls_profile_free(server_ws.tls.own);
	tls_profile_free(client_ws.tls.own);
	certificates_end();
	buf_deinit(&in);
	free(text);
}

static struct leg *open_leg(enum transport t, struct ws_setup *ws,
                            const char *ip, bool listens)
{
	struct addr local = net_rig_addr(ip);
	struct leg *leg = NULL;
	const char *why = "";

	ck_assert_msg(ws_leg_open(rig.loop, rig.dispatcher, t, ws, &local,
	                          listens, &leg, &why) == OK, "%s", why);
	dispatcher_add_leg(rig.dispatcher, leg);
	return leg;
}

static void open_server(void)
{
	server = open_leg(TRANSPORT_WS, &server_ws, "127.0.0.1", true);
}

static void open_client(void)
{
	client = open_leg(TRANSPORT_WS, &client_ws, "0.0.0.0", false);
}

static void open_both(enum transport t, const char *ip)
{
	struct certificate ca, c;

	certificate_make(&ca, &(struct certificate_params){
		.cn = "Test CA", .authority = true });
	certificate_make(&c, &(struct certificate_params){
		.names = "IP:127.0.0.1,IP:::1", .issuer = &ca });
	server_ws.tls.own = tls_profile_new(&(struct tls_settings){
		.cert = certificate_write(&c, "server.pem") });
	client_ws.tls.own = tls_profile_new(&(struct tls_settings){
		.ca = certificate_write(&ca, "ca.pem") });
	ck_assert_ptr_nonnull(server_ws.tls.own);
	ck_assert_ptr_nonnull(client_ws.tls.own);
	certificate_free(&c);
	certificate_free(&ca);
	server = open_leg(t, &server_ws, ip, true);
	client = open_leg(t, &client_ws,
	                  ip[0] == '[' ? "[::]" : "0.0.0.0", false);
}

static void send_to(const struct addr *remote, const char *name,
                    struct slice wire)
{
	struct flow flow = { .leg = client, .remote = *remote };

	ck_assert_int_eq(dispatcher_send(rig.dispatcher, &flow,
	                                 slice_str(name), wire), OK);
}

/* --- the handshake's texts --- */

START_TEST(the_example_of_rfc_6455_1_3_is_answered_as_there)
{
	char accept[WS_ACCEPT_SIZE];

	ck_assert(ws_accept_value(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), accept));
	ck_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
END_TEST

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: sip\r\n"

static const struct {
	const char *why, *head, *words;
} responses[] = {
	{ "good", SWITCHING UPGRADE ACCEPT PROTOCOL, "" },
	{ "without a phrase", "HTTP/1.1 101\r\n" UPGRADE ACCEPT PROTOCOL,
	  "" },
	{ "another order, other cases", SWITCHING PROTOCOL ACCEPT
	  "connection: upgrade\r\nUPGRADE:websocket\r\n", "" },
	{ "refused", "HTTP/1.1 404 Not\033 Found\r\n",
	  "the server refused WebSocket: 404 Not\\x1b Found" },
	{ "a status that only begins so", "HTTP/1.1 1010 X\r\n"
	  UPGRADE ACCEPT PROTOCOL, "refused WebSocket: 1010 X" },
	{ "SIP", "SIP/2.0 400 Bad Request\r\n", "does not speak WebSocket" },
	{ "nothing", "\r\n", "does not speak WebSocket" },
	{ "no Upgrade", SWITCHING ACCEPT PROTOCOL "Connection: upgrade\r\n",
	  "did not upgrade" },
	{ "no Connection", SWITCHING ACCEPT PROTOCOL
	  "Upgrade: websocket\r\n", "did not upgrade" },
	{ "no Sec-WebSocket-Accept", SWITCHING UPGRADE PROTOCOL,
	  "does not belong to our key" },
	{ "that of another key", SWITCHING UPGRADE PROTOCOL
	  "Sec-WebSocket-Accept: t3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
	  "does not belong to our key" },
	{ "no subprotocol", SWITCHING UPGRADE ACCEPT,
	  "no WebSocket subprotocol \"sip\"" },
	{ "another subprotocol", SWITCHING UPGRADE ACCEPT
	  "Sec-WebSocket-Protocol: msrp\r\n", "subprotocol \"sip\"" },
	{ "an extension", SWITCHING UPGRADE ACCEPT PROTOCOL
	  "Sec-WebSocket-Extensions: permessage-deflate\r\n",
	  "extension that nobody offered" },
};

START_TEST(a_servers_answer_is_judged_as_rfc_6455_4_1_says)
{
	struct buf head = { 0 }, why = { 0 };
	bool good = responses[_i].words[0] == '\0';

	buf_str(&head, responses[_i].head);
	buf_str(&head, "\r\n");
	ck_assert_msg(ws_response_check(buf_view(&head), KEY, &why) == good,
	              "%s: %s", responses[_i].why, buf_cstr(&why));
	ck_assert_msg(strstr(buf_cstr(&why), responses[_i].words) != NULL,
	              "%s: %s", responses[_i].why, buf_cstr(&why));
	ck_assert_int_eq(why.len == 0, good);
	buf_deinit(&head);
	buf_deinit(&why);
}
END_TEST

#define ASKING "GET /sip HTTP/1.1\r\nHost: x\r\n"
#define VERSION_13 "Sec-WebSocket-Version: 13\r\n"
#define ASKED_KEY "Sec-WebSocket-Key: " KEY "\r\n"

static const struct {
	const char *why, *head, *status;
} requests[] = {
	{ "good", ASKING UPGRADE VERSION_13 ASKED_KEY PROTOCOL, "101 " },
	{ "one of several", ASKING UPGRADE VERSION_13 ASKED_KEY
	  "Sec-WebSocket-Protocol: msrp\r\nSec-WebSocket-Protocol: a, sip\r\n",
	  "101 " },
	{ "extensions are not taken up", ASKING UPGRADE VERSION_13 ASKED_KEY
	  PROTOCOL "Sec-WebSocket-Extensions: x\r\n", "101 " },
	{ "another method", "POST / HTTP/1.1\r\n" UPGRADE VERSION_13 ASKED_KEY
	  PROTOCOL, "400 " },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\n" UPGRADE VERSION_13 ASKED_KEY
	  PROTOCOL, "400 " },
	{ "SIP", "OPTIONS sip:x SIP/2.0\r\n", "400 " },
	{ "nothing", "\r\n", "400 " },
	{ "a web browser's", ASKING, "426 " },
	{ "no version", ASKING UPGRADE ASKED_KEY PROTOCOL, "426 " },
	{ "an old version", ASKING UPGRADE ASKED_KEY PROTOCOL
	  "Sec-WebSocket-Version: 8\r\n", "426 " },
	{ "no key", ASKING UPGRADE VERSION_13 PROTOCOL, "400 " },
	{ "a key that is none", ASKING UPGRADE VERSION_13 PROTOCOL
	  "Sec-WebSocket-Key: ????????????????????????\r\n", "400 " },
	{ "a short key", ASKING UPGRADE VERSION_13 PROTOCOL
	  "Sec-WebSocket-Key: dGhl\r\n", "400 " },
	{ "no subprotocol", ASKING UPGRADE VERSION_13 ASKED_KEY, "400 " },
};

START_TEST(a_clients_request_is_answered_as_rfc_6455_4_2_says)
{
	struct buf head = { 0 }, out = { 0 }, why = { 0 };
	bool good = strcmp(requests[_i].status, "101 ") == 0;
	struct slice answer;

	buf_str(&head, requests[_i].head);
	buf_str(&head, "\r\n");
	ck_assert_msg(ws_request_answer(buf_view(&head), &out, &why) == good,
	              "%s: %s", requests[_i].why, buf_cstr(&why));
	answer = buf_view(&out);
	ck_assert(slice_starts_with(answer, SLICE("HTTP/1.1 ")));
	ck_assert_msg(slice_starts_with(slice_skip(answer, 9),
	                                slice_str(requests[_i].status)),
	              "%s: %s", requests[_i].why, buf_cstr(&out));
	ck_assert_uint_eq(slice_find_slice(answer, SLICE("\r\n\r\n")) + 4,
	                  answer.len);
	if (good)
		ck_assert(ws_response_check(answer, KEY, &why));
	else
		ck_assert_uint_ne(why.len, 0);
	buf_deinit(&head);
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

/* --- both ends --- */

static const struct {
	enum transport transport;
	const char *ip;
} ways[] = {
	{ TRANSPORT_WS, "127.0.0.1" },
	{ TRANSPORT_WS, "[::1]" },
	{ TRANSPORT_WSS, "127.0.0.1" },
	{ TRANSPORT_WSS, "[::1]" },
};

START_TEST(a_request_arrives_and_its_response_goes_back)
{
	open_both(ways[_i].transport, ways[_i].ip);
	rig.answer = SLICE("SIP/2.0 200 OK\r\n\r\n");
	send_to(&server->local, ways[_i].ip, options);
	net_rig_until(&rig, rig.received == 1);
	ck_assert(rig.from.leg == server);
	ck_assert(slice_eq(buf_view(&rig.wire), options));
	net_rig_until(&rig, client->received == 1);
	ck_assert_uint_eq(tcp_leg_connections(client), 1);
}
END_TEST

/* Lengths of 7, 16 and 64 bits, and of several reads. */
static const size_t sizes[] = { 1, 126, 10000, 60000, 70000, 900000 };

START_TEST(messages_of_every_size_pass_whole_in_both_directions)
{
	size_t len;
	char *large = peer_options(TRANSPORT_WS, sizes[_i / 4], &len);
	struct slice wire = slice_make(large, len);

	open_both(ways[_i % 4].transport, ways[_i % 4].ip);
	send_to(&server->local, ways[_i % 4].ip, options);
	net_rig_until(&rig, rig.received == 1);
	rig.answer = wire;
	send_to(&server->local, ways[_i % 4].ip, wire);
	net_rig_until(&rig, rig.received == 2);
	rig.answer = SLICE_EMPTY;
	net_rig_until(&rig, client->received == 1);
	ck_assert(slice_eq(buf_view(&rig.wire), wire));
	ck_assert_uint_eq(tcp_leg_connections(client), 1);
	ck_assert_uint_eq(rig.failures, 0);
	free(large);
}
END_TEST

START_TEST(what_is_sent_before_the_handshake_arrives_in_order)
{
	open_both(ways[_i].transport, ways[_i].ip);
	for (unsigned i = 0; i < 50; i++)
		send_to(&server->local, ways[_i].ip, options);
	net_rig_until(&rig, rig.received == 50);
	ck_assert_uint_eq(tcp_leg_connections(client), 1);
	ck_assert(slice_eq(buf_view(&rig.wire), options));
}
END_TEST

START_TEST(the_end_is_told_as_one)
{
	open_both(ways[_i].transport, ways[_i].ip);
	send_to(&server->local, ways[_i].ip, options);
	net_rig_until(&rig, rig.received == 1);
	list_remove(&server->node);
	server->ops->close(server);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_RESET);
	ck_assert_ptr_nonnull(strstr(rig.text, "closed by the peer"));
}
END_TEST

START_TEST(a_leg_may_be_closed_by_what_it_received)
{
	open_both(ways[_i].transport, ways[_i].ip);
	rig.close_leg = true;
	send_to(&server->local, ways[_i].ip, options);
	send_to(&server->local, ways[_i].ip, options);
	net_rig_until(&rig, rig.received == 1 && rig.failures == 1);
}
END_TEST

START_TEST(a_client_is_of_invalid_in_via_and_found_by_address)
{
	struct addr told;
	struct buf b = { 0 };
	size_t n;

	open_both(TRANSPORT_WS, "127.0.0.1");
	ck_assert_ptr_null(server->sent_by);
	ck_assert_int_eq(client->ops->source(client, &server->local, &told),
	                 OK);
	leg_print_via(&b, client, &told, SLICE("z9hG4bKx"));
	n = slice_find_slice(buf_view(&b), SLICE(".invalid;branch=z9hG4bKx"));
	ck_assert_uint_lt(n, b.len);
	send_to(&server->local, "127.0.0.1", options);
	net_rig_until(&rig, rig.received == 1);
	ck_assert(addr_eq(&rig.from.remote, &told));
	buf_deinit(&b);
}
END_TEST

/* --- a plain socket as client --- */

static int accepted_client(void)
{
	int fd;

	open_server();
	fd = peer_connect(&server->local, NULL);
	peer_write(fd, SLICE(ASKING UPGRADE VERSION_13 ASKED_KEY PROTOCOL
	                     "\r\n"));
	net_rig_until(&rig, (peer_read(fd, &in), slice_find_slice(
		buf_view(&in), SLICE("\r\n\r\n")) < in.len));
	ck_assert(slice_starts_with(buf_view(&in), SLICE(SWITCHING)));
	ck_assert_uint_lt(slice_find_slice(buf_view(&in), SLICE(ACCEPT)),
	                  in.len);
	buf_reset(&in);
	return fd;
}

enum { FIN = 0x80, MORE = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9,
       PONG = 10 };

/* Appends a frame of fewer than 65536 octets. */
static void print_frame(struct buf *out, unsigned first, struct slice payload,
                        bool masked)
{
	static const char mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	unsigned bit = masked ? 0x80 : 0;

	buf_char(out, (char)first);
	if (payload.len < 126) {
		buf_char(out, (char)(bit | payload.len));
	} else {
		buf_char(out, (char)(bit | 126));
		buf_char(out, (char)(payload.len >> 8));
		buf_char(out, (char)(payload.len & 255));
	}
	if (masked)
		buf_append(out, mask, sizeof(mask));
	for (size_t i = 0; i < payload.len; i++)
		buf_char(out, masked ? (char)(payload.p[i] ^ mask[i % 4])
		                     : payload.p[i]);
}

static void send_frame(int fd, unsigned first, struct slice payload)
{
	struct buf frame = { 0 };

	print_frame(&frame, first, payload, true);
	peer_write(fd, buf_view(&frame));
	buf_deinit(&frame);
}

static void expect_octets(int fd, struct slice octets)
{
	net_rig_until(&rig, (peer_read(fd, &in), in.len >= octets.len));
	ck_assert(slice_eq(buf_view(&in), octets));
	buf_reset(&in);
}

static struct slice part(size_t from, size_t to)
{
	return slice_make(options.p + from, to - from);
}

START_TEST(fragments_are_joined_and_a_ping_between_them_is_answered)
{
	int fd = accepted_client();

	send_frame(fd, TEXT, part(0, 10));
	send_frame(fd, FIN | PING, SLICE("there?"));
	expect_octets(fd, SLICE("\x8a\x06" "there?"));
	send_frame(fd, MORE, part(10, 11));
	send_frame(fd, FIN | PONG, SLICE("unasked"));
	send_frame(fd, MORE, SLICE_EMPTY);
	ck_assert_uint_eq(rig.received, 0);
	send_frame(fd, FIN | MORE, part(11, options.len));
	net_rig_until(&rig, rig.received == 1);
	ck_assert(slice_eq(buf_view(&rig.wire), options));
	close(fd);
}
END_TEST

START_TEST(octet_by_octet_makes_no_difference)
{
	struct buf wire = { 0 };
	int fd;

	open_server();
	fd = peer_connect(&server->local, NULL);
	buf_str(&wire, ASKING UPGRADE VERSION_13 ASKED_KEY PROTOCOL "\r\n");
	print_frame(&wire, FIN | BINARY, options, true);
	print_frame(&wire, FIN | TEXT, options, true);
	for (size_t i = 0; i < wire.len; i++) {
		peer_write(fd, slice_make(wire.p + i, 1));
		loop_turn(rig.loop, 0);
	}
	net_rig_until(&rig, rig.received == 2);
	buf_deinit(&wire);
	close(fd);
}
END_TEST

/* Nobody may do so ahead of the 101, but what came is not lost. */
START_TEST(frames_behind_the_handshake_are_read)
{
	struct buf wire = { 0 };
	int fd;

	open_server();
	fd = peer_connect(&server->local, NULL);
	buf_str(&wire, ASKING UPGRADE VERSION_13 ASKED_KEY PROTOCOL "\r\n");
	for (unsigned i = 0; i < 5; i++)
		print_frame(&wire, FIN | TEXT, options, true);
	peer_write(fd, buf_view(&wire));
	net_rig_until(&rig, rig.received == 5);
	buf_deinit(&wire);
	close(fd);
}
END_TEST

/* RFC 7118 4.2: Content-Length is not needed, and never cuts. */
START_TEST(a_frame_is_one_message_whatever_its_content_length)
{
	static const struct slice two = SLICE_INIT(
		"OPTIONS sip:a SIP/2.0\r\n\r\nOPTIONS sip:b SIP/2.0\r\n\r\n");
	int fd = accepted_client();

	send_frame(fd, FIN | TEXT, two);
	send_frame(fd, FIN | TEXT, options);
	net_rig_until(&rig, server->received == 2);
	ck_assert(slice_eq(buf_view(&rig.wire), options));
	close(fd);
}
END_TEST

START_TEST(a_keep_alive_of_line_ends_is_answered)
{
	int fd = accepted_client();

	send_frame(fd, FIN | TEXT, SLICE("\r\n\r\n"));
	expect_octets(fd, SLICE("\x81\x02\r\n"));
	ck_assert_uint_eq(server->received, 0);
	close(fd);
}
END_TEST

/* What is wrong, what we say, and what we tell. */
static const struct {
	const char *why;
	unsigned first;
	struct slice payload, reply;
	const char *words;
	enum error err;
} closings[] = {
	{ "a plain end", FIN | CLOSE, SLICE_INIT("\x03\xe8"),
	  SLICE_INIT("\x88\x02\x03\xe8"), "closed by the peer", ERR_RESET },
	{ "with a reason", FIN | CLOSE, SLICE_INIT("\x03\xe9" "so\033 long"),
	  SLICE_INIT("\x88\x0a\x03\xe9" "so\033 long"),
	  "closed by the peer (WebSocket 1001): so\\x1b long", ERR_RESET },
	{ "without a code", FIN | CLOSE, SLICE_INIT(""),
	  SLICE_INIT("\x88\x00"), "closed by the peer", ERR_RESET },
	{ "text that is not UTF-8", FIN | TEXT, SLICE_INIT("\xff\xfe"),
	  SLICE_INIT("\x88\x02\x03\xef"), "not UTF-8", ERR_PROTOCOL },
	{ "an unknown opcode", FIN | 3, SLICE_INIT("x"),
	  SLICE_INIT("\x88\x02\x03\xea"), "broke the framing", ERR_PROTOCOL },
	{ "a reserved bit", FIN | 0x40 | TEXT, SLICE_INIT("x"),
	  SLICE_INIT("\x88\x02\x03\xea"), "broke the framing", ERR_PROTOCOL },
	{ "a continuation of nothing", FIN | MORE, SLICE_INIT("x"),
	  SLICE_INIT("\x88\x02\x03\xea"), "broke the framing", ERR_PROTOCOL },
	{ "a ping in fragments", PING, SLICE_INIT("x"),
	  SLICE_INIT("\x88\x00"), "broke the framing", ERR_PROTOCOL },
};

START_TEST(an_end_has_its_code_and_its_words)
{
	int fd = accepted_client();

	send_frame(fd, closings[_i].first, closings[_i].payload);
	net_rig_until(&rig, !peer_read(fd, &in));
	ck_assert_msg(slice_starts_with(buf_view(&in), closings[_i].reply),
	              "%s", closings[_i].why);
	close(fd);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_msg(strstr(rig.text, closings[_i].words) != NULL, "%s: %s",
	              closings[_i].why, rig.text);
	ck_assert_int_eq(rig.failure, closings[_i].err);
	ck_assert_uint_eq(rig.received, 0);
}
END_TEST

START_TEST(a_client_has_to_mask)
{
	struct buf frame = { 0 };
	int fd = accepted_client();

	print_frame(&frame, FIN | TEXT, options, false);
	peer_write(fd, buf_view(&frame));
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_uint_eq(rig.received, 0);
	buf_deinit(&frame);
	close(fd);
}
END_TEST

static void expect_too_long(int fd)
{
	net_rig_until(&rig, !peer_read(fd, &in));
	ck_assert(slice_starts_with(buf_view(&in),
	                            SLICE("\x88\x02\x03\xf1")));
	close(fd);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_ptr_nonnull(strstr(rig.text, "message is too long"));
	ck_assert_uint_eq(rig.received, 0);
}

/* It is not waited for, nor is room made for it. */
START_TEST(a_frame_that_announces_too_much_is_refused)
{
	int fd = accepted_client();

	peer_write(fd, SLICE("\x82\xff\x00\x00\x00\x01\x00\x00\x00\x00"
	                     "\x01\x02\x03\x04" "OPTIONS"));
	expect_too_long(fd);
}
END_TEST

START_TEST(fragments_without_end_are_refused)
{
	static const char zeros[4000];
	const struct message_limits *l = dispatcher_limits(rig.dispatcher);
	size_t max = l->start_line + l->header_block + l->body;
	int fd = accepted_client();

	for (size_t sent = 0; sent <= max; sent += sizeof(zeros)) {
		send_frame(fd, sent == 0 ? BINARY : MORE,
		           slice_make(zeros, sizeof(zeros)));
		loop_turn(rig.loop, 0);
	}
	expect_too_long(fd);
}
END_TEST

START_TEST(a_request_that_is_refused_is_answered_and_told)
{
	int fd;

	open_server();
	fd = peer_connect(&server->local, NULL);
	peer_write(fd, SLICE(ASKING UPGRADE VERSION_13 ASKED_KEY "\r\n"));
	net_rig_until(&rig, !peer_read(fd, &in));
	ck_assert(slice_starts_with(buf_view(&in), SLICE("HTTP/1.1 400 ")));
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_NETWORK);
	ck_assert_ptr_nonnull(strstr(rig.text, "subprotocol"));
	close(fd);
}
END_TEST

START_TEST(a_head_without_end_is_not_collected)
{
	static const char zeros[WS_HEAD_MAX + 2000];
	int fd;

	open_server();
	fd = peer_connect(&server->local, NULL);
	peer_write(fd, slice_make(zeros, sizeof(zeros)));
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_ptr_nonnull(strstr(rig.text, "handshake is too long"));
	ck_assert_uint_eq(tcp_leg_connections(server), 0);
	close(fd);
}
END_TEST

START_TEST(a_silent_client_is_not_waited_for)
{
	int fd;

	open_server();
	tcp_leg_limits(server)->each.connect_ms = 20;
	fd = peer_connect(&server->local, NULL);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_TIMEOUT);
	close(fd);
}
END_TEST

/* --- a plain socket as server --- */

static int answering_server(struct addr *at, char accept[WS_ACCEPT_SIZE])
{
	static const struct slice field = SLICE_INIT("Sec-WebSocket-Key: ");
	int listener = peer_listen("127.0.0.1", at), fd;
	size_t key;

	open_client();
	send_to(at, "localhost", options);
	fd = peer_accept(&rig, listener);
	close(listener);
	net_rig_until(&rig, (peer_read(fd, &in), slice_find_slice(
		buf_view(&in), SLICE("\r\n\r\n")) < in.len));
	key = slice_find_slice(buf_view(&in), field) + field.len;
	ck_assert_uint_lt(key + 24, in.len);
	ck_assert(ws_accept_value(slice_make(in.p + key, 24), accept));
	return fd;
}

static const char *some_path(struct slice name, void *arg)
{
	ck_assert_slice_eq(name, "localhost");
	return arg;
}

START_TEST(the_request_names_path_host_and_subprotocol)
{
	static char path[] = "/a/b?c";
	char accept[WS_ACCEPT_SIZE], host[64];
	struct addr at;
	int fd;

	client_ws.path = some_path;
	client_ws.arg = path;
	fd = answering_server(&at, accept);
	ck_assert(slice_starts_with(buf_view(&in),
	                            SLICE("GET /a/b?c HTTP/1.1\r\n")));
	(void)snprintf(host, sizeof(host), "\r\nHost: localhost:%u\r\n",
	               (unsigned)at.port);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&in), host));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&in), "\r\n" PROTOCOL));
	close(fd);
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_ptr_nonnull(strstr(rig.text, "closed by the peer during "
	                             "the WebSocket handshake"));
	ck_assert_int_eq(rig.failure, ERR_RESET);
}
END_TEST

START_TEST(what_waits_goes_out_masked_and_what_follows_101_is_read)
{
	char accept[WS_ACCEPT_SIZE];
	struct addr at;
	struct buf answer = { 0 };
	int fd = answering_server(&at, accept);

	buf_str(&answer, SWITCHING UPGRADE PROTOCOL "Sec-WebSocket-Accept: ");
	buf_str(&answer, accept);
	buf_str(&answer, "\r\n\r\n");
	print_frame(&answer, FIN | TEXT, options, false);
	print_frame(&answer, FIN | TEXT, options, false);
	peer_write(fd, buf_view(&answer));
	net_rig_until(&rig, rig.received == 2);
	buf_reset(&in);
	net_rig_until(&rig, (peer_read(fd, &in),
	                     in.len >= options.len + 8));
	ck_assert_uint_eq((unsigned char)in.p[0], FIN | TEXT);
	ck_assert_uint_eq((unsigned char)in.p[1], 0x80 | 126);
	for (size_t i = 0; i < options.len; i++)
		ck_assert_int_eq(in.p[8 + i] ^ in.p[4 + i % 4], options.p[i]);
	buf_deinit(&answer);
	close(fd);
}
END_TEST

START_TEST(an_answer_that_is_wrong_is_told)
{
	char accept[WS_ACCEPT_SIZE];
	struct addr at;
	int fd = answering_server(&at, accept);

	peer_write(fd, SLICE(SWITCHING UPGRADE ACCEPT PROTOCOL "\r\n"));
	net_rig_until(&rig, rig.failures == 1);
	ck_assert_int_eq(rig.failure, ERR_NETWORK);
	ck_assert_ptr_nonnull(strstr(rig.text, "does not belong to our key"));
	ck_assert_uint_eq(tcp_leg_connections(client), 0);
	close(fd);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("ws", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests,
		the_example_of_rfc_6455_1_3_is_answered_as_there);
	tcase_add_loop_test(tests,
		a_servers_answer_is_judged_as_rfc_6455_4_1_says, 0,
		ARRAY_LEN(responses));
	tcase_add_loop_test(tests,
		a_clients_request_is_answered_as_rfc_6455_4_2_says, 0,
		ARRAY_LEN(requests));
	tcase_add_loop_test(tests,
		a_request_arrives_and_its_response_goes_back, 0,
		ARRAY_LEN(ways));
	tcase_add_loop_test(tests,
		messages_of_every_size_pass_whole_in_both_directions, 0,
		ARRAY_LEN(sizes) * ARRAY_LEN(ways));
	tcase_add_loop_test(tests,
		what_is_sent_before_the_handshake_arrives_in_order, 0,
		ARRAY_LEN(ways));
	tcase_add_loop_test(tests, the_end_is_told_as_one, 0,
	                    ARRAY_LEN(ways));
	tcase_add_loop_test(tests, a_leg_may_be_closed_by_what_it_received, 0,
	                    ARRAY_LEN(ways));
	tcase_add_test(tests,
		a_client_is_of_invalid_in_via_and_found_by_address);
	tcase_add_test(tests,
		fragments_are_joined_and_a_ping_between_them_is_answered);
	tcase_add_test(tests, octet_by_octet_makes_no_difference);
	tcase_add_test(tests, frames_behind_the_handshake_are_read);
	tcase_add_test(tests,
		a_frame_is_one_message_whatever_its_content_length);
	tcase_add_test(tests, a_keep_alive_of_line_ends_is_answered);
	tcase_add_loop_test(tests, an_end_has_its_code_and_its_words, 0,
	                    ARRAY_LEN(closings));
	tcase_add_test(tests, a_client_has_to_mask);
	tcase_add_test(tests, a_frame_that_announces_too_much_is_refused);
	tcase_add_test(tests, fragments_without_end_are_refused);
	tcase_add_test(tests, a_request_that_is_refused_is_answered_and_told);
	tcase_add_test(tests, a_head_without_end_is_not_collected);
	tcase_add_test(tests, a_silent_client_is_not_waited_for);
	tcase_add_test(tests, the_request_names_path_host_and_subprotocol);
	tcase_add_test(tests,
		what_waits_goes_out_masked_and_what_follows_101_is_read);
	tcase_add_test(tests, an_answer_that_is_wrong_is_told);
	return s;
}

int main(void)
{
	return test_main(suite());
}
