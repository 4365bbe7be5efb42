/* Media sockets on loopback: ports, counting, and who may send. */

#include <stdio.h>
#include <unistd.h>

#include "net/media.h"
#include "net/socket.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static struct media *media;
static int peer;
static struct addr peer_addr;
static const char *const loopbacks[] = { "127.0.0.1", "[::1]" };

static struct {
	unsigned calls;
	struct rtp_packet packet;
	char payload[16];
	struct addr from;
	uint64_t arrival_us;
	bool close;
} heard;

static void on_packet(const struct rtp_packet *p, const struct addr *from,
                      uint64_t arrival_us, void *arg)
{
	(void)arg;
	heard.calls++;
	heard.packet = *p;
	snprintf(heard.payload, sizeof(heard.payload), "%.*s",
	         SLICE_ARG(p->payload));
	heard.from = *from;
	heard.arrival_us = arrival_us;
	if (heard.close) {
		media_close(media);
		media = NULL;
	}
}

static void open_on(const char *ip)
{
	struct addr local = net_rig_addr(ip);

	ck_assert_int_eq(media_open(rig.loop, &local, 8000, on_packet, NULL,
	                            &media), OK);
	peer = peer_udp(ip, &peer_addr);
}

static void setup(void)
{
	net_rig_setup(&rig);
	memset(&heard, 0, sizeof(heard));
	media = NULL;
	peer = -1;
}

static void teardown(void)
{
	socket_close(&peer);
	media_close(media);
	net_rig_teardown(&rig);
}

static void send_rtp(const struct addr *to, uint16_t sequence)
{
	struct rtp_packet p = {
		.payload_type = 8,
		.sequence = sequence,
		.timestamp = 160u * sequence,
		.ssrc = 7,
		.payload = SLICE("sound"),
	};
	struct buf b = { 0 };

	rtp_print(&b, &p);
	peer_send_to(peer, to, buf_view(&b));
	buf_deinit(&b);
}

START_TEST(rtp_is_even_and_rtcp_is_the_next)
{
	struct addr rtcp;

	open_on(loopbacks[_i]);
	ck_assert_uint_gt(media_local(media)->port, 0);
	ck_assert_uint_eq(media_local(media)->port % 2, 0);
	ck_assert_uint_eq(media_rtcp_port(media),
	                  media_local(media)->port + 1);
	rtcp = *media_local(media);
	rtcp.port++;
	peer_send_to(peer, &rtcp, SLICE("report"));
	net_rig_until(&rig, media_stats(media)->rtcp == 1);
	ck_assert_uint_eq(heard.calls, 0);
}
END_TEST

START_TEST(a_hundred_streams_all_get_pairs)
{
	enum { STREAMS = 100 };
	struct addr local = net_rig_addr("127.0.0.1");
	struct media *all[STREAMS];

	for (int i = 0; i < STREAMS; i++) {
		ck_assert_int_eq(media_open(rig.loop, &local, 8000, NULL,
		                            NULL, &all[i]), OK);
		ck_assert_uint_eq(media_local(all[i])->port % 2, 0);
		ck_assert_uint_ne(media_rtcp_port(all[i]), 0);
	}
	for (int i = 0; i < STREAMS; i++)
		media_close(all[i]);
}
END_TEST

START_TEST(a_packet_is_parsed_counted_and_passed_on)
{
	open_on(loopbacks[_i]);
	send_rtp(media_local(media), 10);
	send_rtp(media_local(media), 12);
	net_rig_until(&rig, heard.calls == 2);
	ck_assert_str_eq(heard.payload, "sound");
	ck_assert_uint_eq(heard.packet.sequence, 12);
	ck_assert(addr_eq(&heard.from, &peer_addr));
	ck_assert_uint_eq(heard.arrival_us, env_now_us(&rig.env));
	ck_assert_uint_eq(media_receiver(media)->received, 2);
	ck_assert_uint_eq(media_receiver(media)->octets, 10);
	ck_assert_uint_eq(rtp_receiver_lost(media_receiver(media)), 1);
}
END_TEST

START_TEST(what_is_no_rtp_is_counted_and_dropped)
{
	open_on("127.0.0.1");
	peer_send_to(peer, media_local(media), SLICE("noise"));
	peer_send_to(peer, media_local(media), SLICE(""));
	net_rig_until(&rig, media_stats(media)->malformed == 2);
	ck_assert_uint_eq(heard.calls, 0);
	ck_assert_uint_eq(media_receiver(media)->received, 0);
}
END_TEST

START_TEST(a_stranger_is_not_heard)
{
	struct addr remote = net_rig_addr("127.0.0.2");

	open_on("127.0.0.1");
	media_set_remote(media, &remote);
	send_rtp(media_local(media), 1);
	net_rig_until(&rig, media_stats(media)->foreign == 1);
	ck_assert_uint_eq(heard.calls, 0);
	remote = net_rig_addr("127.0.0.1:9");   /* the port does not matter */
	media_set_remote(media, &remote);
	send_rtp(media_local(media), 2);
	net_rig_until(&rig, heard.calls == 1);
}
END_TEST

START_TEST(it_may_be_closed_by_what_it_received)
{
	struct addr to;

	open_on("127.0.0.1");
	to = *media_local(media);
	heard.close = true;
	send_rtp(&to, 1);
	send_rtp(&to, 2);
	net_rig_until(&rig, heard.calls == 1);
	loop_turn(rig.loop, 10);
	ck_assert_uint_eq(heard.calls, 1);
}
END_TEST

START_TEST(it_opens_on_an_address_of_ours_only)
{
	struct addr foreign = net_rig_addr("203.0.113.9");

	ck_assert_int_eq(media_open(rig.loop, &foreign, 8000, NULL, NULL,
	                            &media), ERR_UNREACHABLE);
	ck_assert_ptr_null(media);
	test_alloc_fail(0);
	ck_assert_int_eq(media_open(rig.loop, &foreign, 8000, NULL, NULL,
	                            &media), ERR_NOMEM);
	ck_assert(test_alloc_restore());
	media_close(NULL);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("media", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, rtp_is_even_and_rtcp_is_the_next, 0,
	                    ARRAY_LEN(loopbacks));
	tcase_add_test(tests, a_hundred_streams_all_get_pairs);
	tcase_add_loop_test(tests, a_packet_is_parsed_counted_and_passed_on,
	                    0, ARRAY_LEN(loopbacks));
	tcase_add_test(tests, what_is_no_rtp_is_counted_and_dropped);
	tcase_add_test(tests, a_stranger_is_not_heard);
	tcase_add_test(tests, it_may_be_closed_by_what_it_received);
	tcase_add_test(tests, it_opens_on_an_address_of_ours_only);
	return s;
}

int main(void)
{
	return test_main(suite());
}
