/* RTP headers are read and written; what arrives is counted. */

#include "core/media/rtp.h"

#include <math.h>

#include "tests/helpers.h"

#define FIXED "\x80\x88\x12\x34\x01\x02\x03\x04\xde\xad\xbe\xef"

static const struct {
	const char *why;
	struct slice wire;
	bool ok;
	const char *payload;
} cases[] = {
	{ "plain", SLICE_INIT(FIXED "abc"), true, "abc" },
	{ "no payload", SLICE_INIT(FIXED), true, "" },
	{ "two CSRCs", SLICE_INIT("\x82" "\x88\x12\x34\x01\x02\x03\x04"
	  "\xde\xad\xbe\xef" "AAAABBBB" "abc"), true, "abc" },
	{ "two CSRCs announced, one there", SLICE_INIT("\x82" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "AAAABBB"), false, "" },
	{ "extension of one word", SLICE_INIT("\x90" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "\xbe\xde\0\1EEEE" "abc"),
	  true, "abc" },
	{ "extension of no words", SLICE_INIT("\x90" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "\xbe\xde\0\0" "abc"),
	  true, "abc" },
	{ "extension longer than the packet", SLICE_INIT("\x90" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "\xbe\xde\0\2EEEE"),
	  false, "" },
	{ "extension cut in its header", SLICE_INIT("\x90" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "\xbe\xde\0"), false, "" },
	{ "padding", SLICE_INIT("\xa0" "\x88\x12\x34\x01\x02\x03\x04"
	  "\xde\xad\xbe\xef" "abc" "\0\0\3"), true, "abc" },
	{ "nothing but padding", SLICE_INIT("\xa0" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "\1"), true, "" },
	{ "padding longer than the payload", SLICE_INIT("\xa0" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "ab\4"), false, "" },
	{ "padding of zero", SLICE_INIT("\xa0" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef" "ab\0"), false, "" },
	{ "padding announced, none there", SLICE_INIT("\xa0" "\x88\x12\x34"
	  "\x01\x02\x03\x04\xde\xad\xbe\xef"), false, "" },
	{ "version 1", SLICE_INIT("\x40" "\x88\x12\x34\x01\x02\x03\x04"
	  "\xde\xad\xbe\xef"), false, "" },
	{ "eleven octets", SLICE_INIT("\x80\x88\x12\x34\x01\x02\x03\x04"
	  "\xde\xad\xbe"), false, "" },
	{ "nothing", SLICE_INIT(""), false, "" },
};

START_TEST(packets_are_read_as_rfc3550_5_1_says)
{
	struct rtp_packet p;

	ck_assert_msg(rtp_parse(cases[_i].wire, &p) == cases[_i].ok, "%s",
	              cases[_i].why);
	if (!cases[_i].ok)
		return;
	ck_assert_uint_eq(p.payload_type, 8);
	ck_assert(p.marker);
	ck_assert_uint_eq(p.sequence, 0x1234);
	ck_assert_uint_eq(p.timestamp, 0x01020304);
	ck_assert_uint_eq(p.ssrc, 0xdeadbeef);
	ck_assert_slice_eq(p.payload, cases[_i].payload);
}
END_TEST

START_TEST(what_is_printed_is_read_again)
{
	struct rtp_packet p = {
		.payload_type = 8, .marker = true, .sequence = 0x1234,
		.timestamp = 0x01020304, .ssrc = 0xdeadbeef,
		.payload = SLICE("abc"),
	};
	struct buf out = { 0 };

	rtp_print(&out, &p);
	ck_assert_slice_eq(buf_view(&out), FIXED "abc");
	buf_deinit(&out);
}
END_TEST

/* --- counting --- */

enum { RATE = 8000, SSRC = 7 };

static struct rtp_receiver receiver;

static void setup(void)
{
	receiver = (struct rtp_receiver){ 0 };
}

/* A packet of 20 ms that arrives when it should, late_us later. */
static void receive(uint32_t n, uint64_t late_us)
{
	struct rtp_packet p = {
		.sequence = (uint16_t)n, .timestamp = n * 160, .ssrc = SSRC,
		.payload = SLICE("0123456789"),
	};

	rtp_receiver_count(&receiver, &p, RATE, n * UINT64_C(20000) + late_us);
}

START_TEST(nothing_received_is_nothing_lost)
{
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 0);
	ck_assert(rtp_receiver_jitter_ms(&receiver, RATE) == 0);
}
END_TEST

START_TEST(gaps_are_lost_and_late_packets_fill_them)
{
	receive(10, 0);
	receive(11, 0);
	receive(15, 0);
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 3);
	receive(13, 0);
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 2);
	ck_assert_uint_eq(receiver.received, 4);
	ck_assert_uint_eq(receiver.octets, 40);
	ck_assert_uint_eq(receiver.highest, 15);
}
END_TEST

START_TEST(duplicates_do_not_make_the_loss_negative)
{
	receive(1, 0);
	receive(1, 0);
	receive(1, 0);
	ck_assert_uint_eq(receiver.received, 3);
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 0);
}
END_TEST

START_TEST(sequence_numbers_wrap)
{
	for (uint32_t n = 65000; n < 65000 + 3 * 65536; n++)
		if (n % 1000 != 0)
			receive(n, 0);
	ck_assert_uint_eq(receiver.cycles, 3 * 65536);
	/* 65000 itself was not sent, so it is not expected. */
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 196);
}
END_TEST

START_TEST(one_stray_number_changes_nothing)
{
	receive(100, 0);
	receive(40000, 0);
	receive(101, 0);
	receive(50000, 0);
	receive(102, 0);
	ck_assert_uint_eq(receiver.highest, 102);
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 0);
}
END_TEST

START_TEST(a_sender_that_starts_anew_loses_nothing)
{
	receive(100, 0);
	receive(102, 0);                        /* one lost */
	receive(40000, 0);
	receive(40001, 0);
	receive(40003, 0);                      /* another */
	ck_assert_uint_eq(receiver.highest, 40003);
	ck_assert_uint_eq(receiver.received, 5);
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 2);
}
END_TEST

START_TEST(a_new_run_may_begin_where_numbers_wrap)
{
	receive(30000, 0);
	receive(65535, 0);
	receive(65536, 0);
	ck_assert_uint_eq(receiver.highest, 0);
	ck_assert_uint_eq(rtp_receiver_lost(&receiver), 0);
}
END_TEST

START_TEST(other_sources_are_not_counted)
{
	struct rtp_packet p = { .sequence = 60000, .ssrc = SSRC + 1 };

	receive(1, 0);
	rtp_receiver_count(&receiver, &p, RATE, 0);
	ck_assert_uint_eq(receiver.foreign, 1);
	ck_assert_uint_eq(receiver.received, 1);
	ck_assert_uint_eq(receiver.highest, 1);
}
END_TEST

START_TEST(an_even_stream_has_no_jitter)
{
	for (uint32_t n = 0; n < 100; n++)
		receive(n, 5000);
	ck_assert(rtp_receiver_jitter_ms(&receiver, RATE) == 0);
}
END_TEST

/* Every transit differs from the one before by 4 ms, 32 units: that is what
 * the average of RFC 3550 A.8 comes to. */
START_TEST(jitter_settles_at_the_mean_difference)
{
	receive(0, 0);
	receive(1, 4000);
	ck_assert(fabs(receiver.jitter - 2) < 1e-9);    /* 32 / 16 */
	for (uint32_t n = 2; n < 400; n++)
		receive(n, n % 2 == 0 ? 0 : 4000);
	ck_assert(fabs(rtp_receiver_jitter_ms(&receiver, RATE) - 4) < 0.001);
}
END_TEST

START_TEST(jitter_survives_the_wrap_of_the_timestamp)
{
	for (uint32_t n = UINT32_MAX / 160 - 50; n < UINT32_MAX / 160; n++)
		receive(n, 0);
	for (uint32_t n = 0; n < 50; n++) {
		struct rtp_packet p = {
			.sequence = (uint16_t)(receiver.highest + 1),
			.timestamp = UINT32_MAX / 160 * 160 + n * 160,
			.ssrc = SSRC,
		};

		rtp_receiver_count(&receiver, &p, RATE,
		                   (UINT32_MAX / 160 + n) * UINT64_C(20000));
	}
	ck_assert(rtp_receiver_jitter_ms(&receiver, RATE) == 0);
	ck_assert(rtp_receiver_jitter_ms(&receiver, 0) == 0);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("rtp", &t);

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, packets_are_read_as_rfc3550_5_1_says, 0,
	                    ARRAY_LEN(cases));
	tcase_add_test(t, what_is_printed_is_read_again);
	tcase_add_test(t, nothing_received_is_nothing_lost);
	tcase_add_test(t, gaps_are_lost_and_late_packets_fill_them);
	tcase_add_test(t, duplicates_do_not_make_the_loss_negative);
	tcase_add_test(t, sequence_numbers_wrap);
	tcase_add_test(t, one_stray_number_changes_nothing);
	tcase_add_test(t, a_sender_that_starts_anew_loses_nothing);
	tcase_add_test(t, a_new_run_may_begin_where_numbers_wrap);
	tcase_add_test(t, other_sources_are_not_counted);
	tcase_add_test(t, an_even_stream_has_no_jitter);
	tcase_add_test(t, jitter_settles_at_the_mean_difference);
	tcase_add_test(t, jitter_survives_the_wrap_of_the_timestamp);
	return s;
}

int main(void)
{
	return test_main(suite());
}
