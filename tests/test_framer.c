/* A stream becomes messages and keep-alives, however it is cut. */

#include "core/message/framer.h"

#include <check.h>
#include <stdlib.h>

#include "tests/helpers.h"

static struct framer framer;
static struct buf events;       /* what came, in words; messages in full */

static void open_framer(void)
{
	framer_init(&framer, &message_limits_default);
}

static void close_framer(void)
{
	framer_deinit(&framer);
	buf_deinit(&events);
}

static void feed(struct slice octets)
{
	size_t room;
	char *p;

	if (octets.len == 0)
		return;
	p = framer_room(&framer, octets.len, &room);
	if (p == NULL || room < octets.len)
		ck_abort_msg("no room");
	memcpy(p, octets.p, octets.len);
	framer_filled(&framer, octets.len);
}

/* Writes down one event; false for those that end the turn. */
static bool note_event(void)
{
	struct slice out = SLICE_EMPTY;
	struct fault fault = { 0, "" };

	switch (framer_next(&framer, &out, &fault)) {
	case FRAMER_MORE:
		return false;
	case FRAMER_MESSAGE:
		buf_char(&events, '[');
		buf_slice(&events, out);
		buf_str(&events, "]");
		return true;
	case FRAMER_PING:
		buf_str(&events, "ping ");
		return true;
	case FRAMER_PONG:
		buf_str(&events, "pong ");
		return true;
	case FRAMER_BROKEN:
		buf_str(&events, "broken ");
		buf_u64(&events, fault.status);
		return false;
	}
	return false;
}

static void drain(void)
{
	while (note_event())
		;
}

static void feed_in_pieces(const char *stream, size_t piece)
{
	struct slice rest = slice_str(stream);

	while (rest.len != 0 && framer.fault.status == 0) {
		size_t n = rest.len < piece ? rest.len : piece;

		feed(slice_make(rest.p, n));
		drain();
		rest = slice_skip(rest, n);
	}
}

#define HEAD "MESSAGE sip:a@b SIP/2.0\r\n"

/* pongs: how many are expected before the first octet comes. */
static const struct {
	const char *why, *stream, *events;
	unsigned pongs;
} rows[] = {
	{ "no Content-Length is no body, 18.3",
	  HEAD "\r\n" HEAD "a: b\r\n\r\n",
	  "[" HEAD "\r\n][" HEAD "a: b\r\n\r\n]", 0 },
	{ "a body, and the next message",
	  HEAD "Content-Length: 4\r\n\r\nabcd" HEAD "l: 0\r\n\r\n",
	  "[" HEAD "Content-Length: 4\r\n\r\nabcd][" HEAD "l: 0\r\n\r\n]", 0 },
	{ "compact, any case, space before the colon, 7.3.1 and 7.3.3",
	  HEAD "L \t:\t 2 \r\n\r\nxy" HEAD "cONTENT-length:1\r\n\r\nz",
	  "[" HEAD "L \t:\t 2 \r\n\r\nxy]"
	  "[" HEAD "cONTENT-length:1\r\n\r\nz]", 0 },
	{ "folded, 7.3.1",
	  HEAD "Content-Length:\r\n 3\r\n\r\nabc",
	  "[" HEAD "Content-Length:\r\n 3\r\n\r\nabc]", 0 },
	{ "a folded line that looks like one is none",
	  HEAD "Subject: x\r\n Content-Length: 9\r\nl: 1\r\n\r\na",
	  "[" HEAD "Subject: x\r\n Content-Length: 9\r\nl: 1\r\n\r\na]", 0 },
	{ "an empty line in a body ends nothing",
	  HEAD "l: 6\r\n\r\n\r\n\r\n..",
	  "[" HEAD "l: 6\r\n\r\n\r\n\r\n..]", 0 },
	{ "lines that end with LF alone",
	  "BYE sip:a SIP/2.0\nl: 2\n\nab",
	  "[BYE sip:a SIP/2.0\nl: 2\n\nab]", 0 },
	{ "the same length twice",
	  HEAD "l: 2\r\nContent-Length: 02\r\n\r\nab",
	  "[" HEAD "l: 2\r\nContent-Length: 02\r\n\r\nab]", 0 },
	{ "two lengths", HEAD "l: 2\r\nContent-Length: 3\r\n\r\nab",
	  "broken 400", 0 },
	{ "negative", HEAD "l: -1\r\n\r\n", "broken 400", 0 },
	{ "no number", HEAD "l: 1x\r\n\r\n", "broken 400", 0 },
	{ "two numbers", HEAD "l: 1 1\r\n\r\n", "broken 400", 0 },
	{ "empty", HEAD "l:\r\n\r\n", "broken 400", 0 },
	{ "body over the limit", HEAD "l: 1048577\r\n\r\n", "broken 413", 0 },
	{ "body beyond 2^64", HEAD "l: 99999999999999999999\r\n\r\n",
	  "broken 413", 0 },
	{ "after a whole message", HEAD "\r\n" HEAD "l: x\r\n\r\n",
	  "[" HEAD "\r\n]broken 400", 0 },
	{ "ping, RFC 5626 3.5.1", "\r\n\r\n", "ping ", 0 },
	{ "two pings", "\r\n\r\n\r\n\r\n", "ping ping ", 0 },
	{ "a CRLF before a start line is ignored, 7.5",
	  "\r\n" HEAD "\r\n" "\r\n" HEAD "\r\n",
	  "[" HEAD "\r\n][" HEAD "\r\n]", 0 },
	{ "half a ping is forgotten when a message comes",
	  "\r\n" HEAD "\r\n" "\r\n", "[" HEAD "\r\n]", 0 },
	{ "ping between messages",
	  HEAD "\r\n" "\r\n\r\n" HEAD "\r\n",
	  "[" HEAD "\r\n]ping [" HEAD "\r\n]", 0 },
	{ "the pong that was expected", "\r\n", "pong ", 1 },
	{ "two pongs are no ping", "\r\n\r\n", "pong pong ", 2 },
	{ "pong, then a ping", "\r\n\r\n\r\n", "pong ping ", 1 },
	{ "pong before a message", "\r\n" HEAD "\r\n",
	  "pong [" HEAD "\r\n]", 1 },
	{ "pong after a message", HEAD "\r\n" "\r\n",
	  "[" HEAD "\r\n]pong ", 1 },
};

START_TEST(a_stream_is_cut_into_messages_and_keep_alives)
{
	for (unsigned i = 0; i < rows[_i].pongs; i++)
		framer_expect_pong(&framer);
	feed(slice_str(rows[_i].stream));
	drain();
	ck_assert_msg(strcmp(buf_cstr(&events), rows[_i].events) == 0,
	              "%s: %s", rows[_i].why, buf_cstr(&events));
}
END_TEST

START_TEST(however_a_stream_is_cut_the_events_are_the_same)
{
	size_t len = strlen(rows[_i].stream);

	for (size_t piece = 1; piece <= len; piece++) {
		open_framer();
		for (unsigned i = 0; i < rows[_i].pongs; i++)
			framer_expect_pong(&framer);
		feed_in_pieces(rows[_i].stream, piece);
		ck_assert_msg(
			strcmp(buf_cstr(&events), rows[_i].events) == 0,
			"%s, %zu at a time: %s", rows[_i].why, piece,
			buf_cstr(&events));
		close_framer();
	}
}
END_TEST

/* A message with a start line, a header block and a body of these lengths;
 * a block of 0 does not end. */
static void feed_sizes(size_t start_line, size_t block, size_t body)
{
	struct buf b = { 0 };

	buf_reserve(&b, start_line + block + body);
	while (b.len + 2 < start_line)
		buf_char(&b, 'x');
	buf_str(&b, "\r\nl: ");
	buf_u64(&b, body);
	buf_str(&b, "\r\na: ");
	while (b.len + 4 < start_line + block)
		buf_char(&b, 'y');
	buf_str(&b, "\r\n\r\n");
	for (size_t i = 0; i < body; i++)
		buf_char(&b, 'z');
	ck_assert_int_eq(buf_error(&b), OK);
	feed(buf_view(&b));
	buf_deinit(&b);
}

static const struct {
	const char *why;
	size_t start_line, block, body;
	unsigned status;                /* 0: accepted */
} bounds[] = {
	{ "all at their bounds",     8192, 65536, 1048576, 0 },
	{ "start line one too long", 8193, 1000,  0,       414 },
	{ "header block one too long", 100, 65537, 0,      513 },
	{ "body one too long",       100,  1000,  1048577, 413 },
};

START_TEST(bounds_are_kept_to_the_octet)
{
	struct slice out;
	struct fault fault = { 0, "" };
	enum framer_event event;

	feed_sizes(bounds[_i].start_line, bounds[_i].block, bounds[_i].body);
	event = framer_next(&framer, &out, &fault);
	ck_assert_msg(fault.status == bounds[_i].status, "%s: %u",
	              bounds[_i].why, fault.status);
	ck_assert_int_eq(event, bounds[_i].status == 0 ? FRAMER_MESSAGE
	                                               : FRAMER_BROKEN);
}
END_TEST

START_TEST(an_endless_start_line_is_given_up_at_its_bound)
{
	size_t octets = 0;

	while (framer.fault.status == 0 && octets < 10000) {
		feed(SLICE("x"));
		drain();
		octets++;
	}
	ck_assert_uint_eq(octets, message_limits_default.start_line + 1);
	ck_assert_str_eq(buf_cstr(&events), "broken 414");
}
END_TEST

START_TEST(an_endless_header_block_is_given_up_at_its_bound)
{
	size_t octets = 0;

	feed(SLICE(HEAD));
	while (framer.fault.status == 0 && octets < 100000) {
		feed(SLICE("x"));
		drain();
		octets++;
	}
	ck_assert_uint_eq(octets, message_limits_default.header_block + 1);
	ck_assert_str_eq(buf_cstr(&events), "broken 513");
}
END_TEST

START_TEST(a_broken_stream_stays_broken_and_shows_what_came)
{
	struct slice out;
	struct fault fault;

	feed(SLICE(HEAD "l: x\r\n\r\n" HEAD "\r\n"));
	ck_assert_int_eq(framer_next(&framer, &out, &fault), FRAMER_BROKEN);
	ck_assert(slice_starts_with(out, SLICE(HEAD "l: x\r\n\r\n")));
	feed(SLICE("\r\n\r\n"));
	fault.status = 0;
	ck_assert_int_eq(framer_next(&framer, &out, &fault), FRAMER_BROKEN);
	ck_assert_uint_eq(fault.status, 400);
}
END_TEST

START_TEST(an_announced_body_takes_no_memory_before_it_comes)
{
	feed(SLICE(HEAD "l: 1000000\r\n\r\n"));
	drain();
	ck_assert_uint_lt(framer.in.cap, 1000);
}
END_TEST

START_TEST(a_large_body_octet_by_octet_costs_linear_time)
{
	const size_t body = 1000000;
	struct slice out;
	struct fault fault;

	feed(SLICE(HEAD "\r\n" HEAD "l: 1000000\r\n\r\n"));
	drain();
	for (size_t i = 0; i + 1 < body; i++) {
		feed(SLICE("x"));
		if (framer_next(&framer, &out, &fault) != FRAMER_MORE)
			ck_abort_msg("whole after %zu", i);
	}
	feed(SLICE("x"));
	ck_assert_int_eq(framer_next(&framer, &out, &fault), FRAMER_MESSAGE);
	ck_assert_uint_gt(out.len, body);
}
END_TEST

START_TEST(many_messages_in_one_write_cost_linear_time)
{
	const unsigned count = 100000;
	struct buf b = { 0 };
	struct slice out;
	struct fault fault;
	size_t room;

	for (unsigned i = 0; i < count; i++)
		buf_str(&b, HEAD "l: 1\r\n\r\nx");
	feed(buf_view(&b));
	buf_deinit(&b);
	/* Asking for room after each is not what the contract says, and must
	 * not cost more than what was consumed all the same. */
	for (unsigned i = 0; i < count; i++)
		if (framer_next(&framer, &out, &fault) != FRAMER_MESSAGE
		    || framer_room(&framer, 1, &room) == NULL)
			ck_abort_msg("no message %u", i);
	ck_assert_int_eq(framer_next(&framer, &out, &fault), FRAMER_MORE);
}
END_TEST

START_TEST(the_memory_of_a_large_message_is_given_back)
{
	size_t room;

	feed_sizes(100, 1000, 1000000);
	drain();
	ck_assert_uint_gt(framer.in.cap, 1000000);
	ck_assert_ptr_nonnull(framer_room(&framer, 100, &room));
	ck_assert_uint_lt(framer.in.cap, 1000);
}
END_TEST

START_TEST(midway_is_between_the_first_octet_and_the_last)
{
	ck_assert(!framer_is_midway(&framer));
	feed(SLICE("\r\n"));
	drain();
	ck_assert_msg(!framer_is_midway(&framer), "half a ping is whole");
	feed(SLICE("M"));
	drain();
	ck_assert(framer_is_midway(&framer));
	feed(SLICE("ESSAGE sip:a SIP/2.0\r\nl: 1\r\n\r\n"));
	drain();
	ck_assert(framer_is_midway(&framer));
	feed(SLICE("x"));
	drain();
	ck_assert(!framer_is_midway(&framer));
}
END_TEST

START_TEST(memory_that_runs_out_is_no_room)
{
	size_t room;

	test_alloc_fail(0);
	ck_assert_ptr_null(framer_room(&framer, 1, &room));
	ck_assert(test_alloc_restore());
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("framer", &t);

	tcase_add_checked_fixture(t, open_framer, close_framer);
	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, a_stream_is_cut_into_messages_and_keep_alives,
	                    0, ARRAY_LEN(rows));
	tcase_add_loop_test(t, however_a_stream_is_cut_the_events_are_the_same,
	                    0, ARRAY_LEN(rows));
	tcase_add_loop_test(t, bounds_are_kept_to_the_octet, 0,
	                    ARRAY_LEN(bounds));
	tcase_add_test(t, an_endless_start_line_is_given_up_at_its_bound);
	tcase_add_test(t, an_endless_header_block_is_given_up_at_its_bound);
	tcase_add_test(t, a_broken_stream_stays_broken_and_shows_what_came);
	tcase_add_test(t, an_announced_body_takes_no_memory_before_it_comes);
	tcase_add_test(t, a_large_body_octet_by_octet_costs_linear_time);
	tcase_add_test(t, many_messages_in_one_write_cost_linear_time);
	tcase_add_test(t, the_memory_of_a_large_message_is_given_back);
	tcase_add_test(t, midway_is_between_the_first_octet_and_the_last);
	tcase_add_test(t, memory_that_runs_out_is_no_room);
	return s;
}

int main(void)
{
	return test_main(suite());
}
