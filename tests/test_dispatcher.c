/* The gate: what passes, what is answered, what is dropped, and where to. */

#include "core/transport/dispatcher.h"

#include "tests/helpers.h"
#include "tests/rig.h"

static struct rig rig;
static struct rig_party us;

/* What came up. */
static struct {
	unsigned requests, responses, failures;
	enum error err;
	struct flow flow;
	struct slice again;             /* received from inside a receive */
} up;

static struct {
	unsigned in, out;
} traced;

static void on_receive(const struct message *m, const struct flow *from,
                       void *arg)
{
	struct slice again = up.again;

	(void)arg;
	up.again = SLICE_EMPTY;
	if (again.len != 0)
		rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060", again);
	/* m is still whole */
	ck_assert_uint_eq(m->cseq.number, 1);
	ck_assert_slice_eq(m->from.tag, "alice");
	up.flow = *from;
	if (m->is_request)
		up.requests++;
	else
		up.responses++;
}

static void on_failed(const struct flow *flow, enum error err,
                      const char *text, void *arg)
{
	(void)arg;
	ck_assert_str_eq(text, error_text(err));
	up.failures++;
	up.err = err;
	up.flow = *flow;
}

static void on_trace(enum direction dir, const struct flow *flow,
                     struct slice wire, void *arg)
{
	(void)arg;
	ck_assert_ptr_nonnull(flow->leg);
	ck_assert_uint_ne(wire.len, 0);
	if (dir == DIRECTION_IN)
		traced.in++;
	else
		traced.out++;
}

static void setup(void)
{
	rig_init(&rig);
	rig_join(&rig, &us, "192.0.2.1", RIG_UDP | RIG_TCP | RIG_TLS);
	dispatcher_set_receiver(us.dispatcher, on_receive, on_failed, NULL);
	dispatcher_set_trace(us.dispatcher, on_trace, NULL);
	memset(&up, 0, sizeof(up));
	memset(&traced, 0, sizeof(traced));
}

static void teardown(void)
{
	rig_deinit(&rig);
}

static void inject(const char *text)
{
	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060", slice_str(text));
}

START_TEST(a_good_request_passes_and_is_traced_and_counted)
{
	const struct rig_request q = { 0 };

	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, &q));
	ck_assert_uint_eq(up.requests, 1);
	ck_assert_uint_eq(traced.in, 1);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_uint_eq(us.legs[TRANSPORT_UDP]->leg.received, 1);
	ck_assert_uint_eq(up.flow.remote.port, 5060);
}
END_TEST

START_TEST(a_receive_from_inside_a_receive_has_a_message_of_its_own)
{
	const struct rig_request q = { 0 };
	const struct rig_request other = {
		.call_id = "other", .extra = "Subject: another\r\n",
	};

	up.again = rig_request(&rig, &other);
	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060",
	           rig_request(&rig, &q));
	ck_assert_uint_eq(up.requests, 2);
}
END_TEST

#define HEAD(method, version) \
	method " sip:bob@192.0.2.1 SIP/" version "\r\n" \
	"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKx\r\n" \
	"From: <sip:a@example.com>;tag=alice\r\n" \
	"To: <sip:bob@192.0.2.1>\r\n" \
	"Call-ID: c@example.com\r\n"

static const struct {
	const char *why, *text;
	unsigned status;        /* 0: no answer */
} malformed[] = {
	{ "another version, 8.2 and 21.5.6",
	  HEAD("OPTIONS", "7.0") "CSeq: 1 OPTIONS\r\n\r\n", 505 },
	{ "CSeq of another method, 8.1.1.5",
	  HEAD("OPTIONS", "2.0") "CSeq: 1 INVITE\r\n\r\n", 400 },
	{ "T19: a body that is short, 18.3",
	  HEAD("OPTIONS", "2.0") "CSeq: 1 OPTIONS\r\nContent-Length: 9\r\n\r\n"
	  "short", 400 },
	{ "a broken ACK is never answered, 17",
	  HEAD("ACK", "2.0") "CSeq: 1 INVITE\r\n\r\n", 0 },
	{ "nor one of another version",
	  HEAD("ACK", "7.0") "CSeq: 1 ACK\r\n\r\n", 0 },
	{ "no CSeq: nothing to copy",
	  HEAD("OPTIONS", "2.0") "\r\n", 0 },
	{ "no Via: nowhere to answer to",
	  "OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\n"
	  "From: <sip:a@example.com>;tag=alice\r\nTo: <sip:b@example.com>\r\n"
	  "Call-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n", 0 },
};

START_TEST(a_malformed_request_is_answered_once_and_kept_from_above)
{
	inject(malformed[_i].text);
	ck_assert_uint_eq(up.requests, 0);
	ck_assert_uint_eq(dispatcher_stats(us.dispatcher)->malformed_requests,
	                  1);
	ck_assert_msg(rig.nsent == (malformed[_i].status != 0), "%s: %zu",
	              malformed[_i].why, rig.nsent);
	if (malformed[_i].status != 0)
		ck_assert_msg(rig_parse(&rig, rig_last(&rig)->wire)->status
		              == malformed[_i].status, "%s",
		              malformed[_i].why);
}
END_TEST

START_TEST(too_large_a_message_is_513)
{
	struct buf b = { 0 };

	buf_str(&b, HEAD("OPTIONS", "2.0") "CSeq: 1 OPTIONS\r\nSubject: ");
	for (int i = 0; i < 70000; i++)
		buf_char(&b, 'x');
	buf_str(&b, "\r\n\r\n");
	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060", buf_view(&b));
	ck_assert_uint_eq(up.requests, 0);
	ck_assert_uint_eq(rig_parse(&rig, rig_last(&rig)->wire)->status, 513);
	buf_deinit(&b);
}
END_TEST

/* 8.2.7: the stateless To tag is the same for each copy of a request. */
START_TEST(stateless_answers_to_copies_are_identical)
{
	const char *text = HEAD("OPTIONS", "2.0") "CSeq: 1 INVITE\r\n\r\n";

	inject(text);
	inject(text);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert(slice_eq(rig_sent(&rig, 0)->wire, rig_sent(&rig, 1)->wire));
	ck_assert_uint_ne(rig_parse(&rig, rig_sent(&rig, 0)->wire)->to.tag.len,
	                  0);
}
END_TEST

START_TEST(what_is_no_sip_is_dropped_and_counted)
{
	inject("GET / HTTP/1.1\r\n\r\n");
	inject("\r\n\r\n");
	ck_assert_uint_eq(dispatcher_stats(us.dispatcher)->not_sip, 2);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_uint_eq(up.requests + up.responses, 0);
}
END_TEST

static const struct {
	const char *why, *via, *more;
	bool passes;
} responses[] = {
	{ "ours", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx", "", true },
	{ "the default port may be left out",
	  "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx", "", true },
	{ "another of our legs", "SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKx",
	  "", true },
	{ "T20: two Vias, 8.1.3.3",
	  "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx",
	  "Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKy\r\n", false },
	{ "T20: another host, 18.1.2",
	  "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKx", "", false },
	{ "another port", "SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKx", "",
	  false },
	{ "another transport", "SIP/2.0/SCTP 192.0.2.1:5060;branch=z9hG4bKx",
	  "", false },
	{ "a name where we wrote an address",
	  "SIP/2.0/UDP example.com:5060;branch=z9hG4bKx", "", false },
};

static void inject_response(const char *via, const char *more)
{
	struct buf b = { 0 };

	buf_printf(&b, "SIP/2.0 200 OK\r\nVia: %s\r\n%s"
	           "From: <sip:a@example.com>;tag=alice\r\n"
	           "To: <sip:b@example.com>;tag=b\r\nCall-ID: c\r\n"
	           "CSeq: 1 OPTIONS\r\n\r\n", via, more);
	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060", buf_view(&b));
	buf_deinit(&b);
}

START_TEST(a_response_passes_only_with_one_via_of_ours)
{
	for (int twice = 0; twice < 2; twice++)
		inject_response(responses[_i].via, responses[_i].more);
	ck_assert_msg(up.responses == (responses[_i].passes ? 2 : 0), "%s",
	              responses[_i].why);
	ck_assert_uint_eq(dispatcher_stats(us.dispatcher)->malformed_responses,
	                  responses[_i].passes ? 0 : 2);
	ck_assert_uint_eq(rig.nsent, 0);
}
END_TEST

START_TEST(a_leg_with_a_name_is_known_by_it)
{
	us.legs[TRANSPORT_UDP]->leg.sent_by = "me.example";
	inject_response("SIP/2.0/UDP ME.example:5060;branch=z9hG4bKx", "");
	ck_assert_uint_eq(up.responses, 1);
	inject_response("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx", "");
	ck_assert_uint_eq(up.responses, 1);
}
END_TEST

START_TEST(an_any_address_leg_is_known_by_its_source)
{
	struct rig_leg *any = us.legs[TRANSPORT_UDP];

	any->leg.local = rig_addr("0.0.0.0:5060");
	any->source = rig_addr("192.0.2.77:5060");
	inject_response("SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKx", "");
	ck_assert_uint_eq(up.responses, 1);
	inject_response("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx", "");
	ck_assert_uint_eq(up.responses, 1);
}
END_TEST

START_TEST(a_malformed_response_is_dropped)
{
	inject("SIP/2.0 200 OK\r\n"
	       "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\n"
	       "Content-Length: 9\r\n\r\nshort");
	ck_assert_uint_eq(up.responses, 0);
	ck_assert_uint_eq(rig.nsent, 0);
	ck_assert_uint_eq(dispatcher_stats(us.dispatcher)->malformed_responses,
	                  1);
}
END_TEST

/* T16, T17: where the answer to a UDP request goes (18.2.2, RFC 3581 4). */
static const struct {
	const char *why, *via, *to;
	bool received;
} targets[] = {
	{ "rport: whence it came",
	  "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bKx;rport",
	  "192.0.2.9:7777", true },
	{ "no rport: the port of sent-by",
	  "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bKx", "192.0.2.9:5062",
	  false },
	{ "no port: 5060", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx",
	  "192.0.2.9:5060", false },
	{ "a name: received", "SIP/2.0/UDP peer.example;branch=z9hG4bKx",
	  "192.0.2.9:5060", true },
	{ "maddr", "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bKx;"
	  "maddr=192.0.2.10", "192.0.2.10:5062", false },
	{ "maddr of a group is not followed",
	  "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bKx;maddr=224.0.1.75",
	  "192.0.2.9:5062", false },
};

START_TEST(a_datagram_is_answered_to_where_its_via_says)
{
	struct rig_request q = { .via = targets[_i].via };
	const struct response_parts parts = { .status = 200 };
	char text[ADDR_TEXT];
	struct flow from = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:7777");
	struct message m;
	struct fault fault = { 0 };

	message_init(&m);
	message_parse(&m, rig_request(&rig, &q), &message_limits_default,
	              &fault);
	ck_assert(message_check(&m, &fault));
	ck_assert_int_eq(dispatcher_answer(us.dispatcher, &m, &from, &parts),
	                 OK);
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, text),
	                 targets[_i].to);
	ck_assert_msg(targets[_i].received
	              == (rig_parse(&rig, rig_last(&rig)->wire)
	                  ->via.received.p != NULL), "%s", targets[_i].why);
	message_deinit(&m);
}
END_TEST

/* T15: the same connection; when it is gone, a new one to the source's
 * address and the port of sent-by (18.2.2). */
START_TEST(a_stream_is_answered_over_itself_or_where_its_sender_listens)
{
	const struct rig_request q = {
		.via = "SIP/2.0/TCP 192.0.2.9:5070;branch=z9hG4bKx",
		.cseq_method = "INVITE",        /* a fault, to be answered */
	};
	struct slice text = rig_request(&rig, &q);
	char addr[ADDR_TEXT];
	uint64_t conn;
	struct flow from;

	rig_inject(&us, TRANSPORT_TCP, "192.0.2.9:41000", text);
	ck_assert_uint_eq(rig.nsent, 1);
	conn = rig_last(&rig)->flow.conn;
	ck_assert_uint_eq(conn, rig.conns[0].id);
	ck_assert_uint_eq(rig_last(&rig)->flow.remote.port, 41000);

	from = rig_last(&rig)->flow;
	rig_break(&us, false);
	rig_inject_over(&us, &from, text);
	ck_assert_uint_eq(rig.nsent, 2);
	ck_assert_uint_ne(rig_last(&rig)->flow.conn, conn);
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, addr),
	                 "192.0.2.9:5070");
}
END_TEST

/* A response over a connection that is gone already, to this sent-by. */
static void answer_over_gone_stream(const char *via)
{
	const struct rig_request q = {
		.via = via,
		.cseq_method = "INVITE",
	};
	struct flow from = rig_flow(&us, TRANSPORT_TCP, "192.0.2.9:41000");

	rig_inject(&us, TRANSPORT_TCP, "192.0.2.9:41000",
	           rig_request(&rig, &q));
	from = rig_last(&rig)->flow;
	rig_break(&us, false);
	rig_inject_over(&us, &from, rig_request(&rig, &q));
	rig_forget(&rig);
}

static void add_service(const char *owner, const char *host, uint16_t port)
{
	const struct record r = {
		.kind = RECORD_SRV, .name = slice_str(host), .port = port,
	};

	rig_add_record(&rig, owner, &r);
}

static const struct {
	const char *why, *via, *to;     /* NULL: nowhere */
} senders[] = {
	{ "a name: by SRV of its transport", "SIP/2.0/TCP "
	  "pbx.example;branch=z9hG4bKx", "192.0.2.10:5080" },
	{ "a name and a port: by address", "SIP/2.0/TCP "
	  "pbx.example:5070;branch=z9hG4bKx", "192.0.2.11:5070" },
	{ "an address was tried already", "SIP/2.0/TCP "
	  "192.0.2.9:5070;branch=z9hG4bKx", NULL },
	{ "a name of nobody", "SIP/2.0/TCP "
	  "gone.example;branch=z9hG4bKx", NULL },
};

START_TEST(where_its_sender_does_not_listen_a_response_follows_sent_by)
{
	char addr[ADDR_TEXT];

	add_service("_sip._tcp.pbx.example", "a.pbx.example", 5080);
	rig_add_address(&rig, "a.pbx.example", "192.0.2.10");
	rig_add_address(&rig, "pbx.example", "192.0.2.11");
	answer_over_gone_stream(senders[_i].via);
	rig_break(&us, true);
	rig_settle(&rig);
	ck_assert_msg(rig.nsent == (senders[_i].to != NULL), "%s",
	              senders[_i].why);
	if (senders[_i].to == NULL)
		return;
	ck_assert_str_eq(addr_text(&rig_last(&rig)->flow.remote, addr),
	                 senders[_i].to);
	ck_assert_uint_eq(rig_parse(&rig, rig_last(&rig)->wire)->status, 400);
	rig_break(&us, true);
	rig_settle(&rig);
	ck_assert_uint_eq(rig.nsent, 1);
}
END_TEST

START_TEST(a_response_that_went_out_is_forgotten_in_time)
{
	rig_add_address(&rig, "pbx.example", "192.0.2.11");
	answer_over_gone_stream(senders[1].via);
	rig_advance(&rig, 32000);
	rig_break(&us, true);
	rig_settle(&rig);
	ck_assert_uint_eq(rig.nsent, 0);
}
END_TEST

START_TEST(a_stream_that_lost_its_framing_is_answered)
{
	const struct fault fault = { 400, "Bad Content-Length" };
	struct flow from = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");

	dispatcher_receive_broken(us.dispatcher, &from,
	                          SLICE(HEAD("OPTIONS", "2.0")
	                                "CSeq: 1 OPTIONS\r\n\r\n"), &fault);
	ck_assert_uint_eq(rig.nsent, 1);
	ck_assert_uint_eq(rig_parse(&rig, rig_last(&rig)->wire)->status, 400);
	ck_assert_slice_eq(rig.message.reason, "Bad Content-Length");
	ck_assert_uint_eq(up.requests, 0);
}
END_TEST

START_TEST(what_fails_later_is_passed_on)
{
	struct flow flow = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");

	rig_refuse(&rig, "192.0.2.9:5060");
	ck_assert_int_eq(dispatcher_send(us.dispatcher, &flow, SLICE_EMPTY,
	                                 SLICE("x")), OK);
	ck_assert_uint_eq(up.failures, 0);
	rig_settle(&rig);
	ck_assert_uint_eq(up.failures, 1);
	ck_assert_int_eq(up.err, ERR_REFUSED);
	ck_assert(addr_eq(&up.flow.remote, &flow.remote));
}
END_TEST

START_TEST(sending_is_traced_and_counted_and_its_errors_come_back)
{
	struct flow flow = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");

	ck_assert_int_eq(dispatcher_send(us.dispatcher, &flow, SLICE_EMPTY,
	                                 SLICE("x")), OK);
	us.legs[TRANSPORT_UDP]->send_error = ERR_UNREACHABLE;
	ck_assert_int_eq(dispatcher_send(us.dispatcher, &flow, SLICE_EMPTY,
	                                 SLICE("x")), ERR_UNREACHABLE);
	ck_assert_uint_eq(traced.out, 2);
	ck_assert_uint_eq(us.legs[TRANSPORT_UDP]->leg.sent, 1);
}
END_TEST

START_TEST(legs_are_found_by_transport_and_family)
{
	struct rig_leg *six = rig_add_leg(&us, TRANSPORT_UDP, "[::]:5060");

	ck_assert_ptr_eq(dispatcher_leg_for(us.dispatcher, TRANSPORT_UDP,
	                                    FAMILY_IPV4),
	                 &us.legs[TRANSPORT_UDP]->leg);
	ck_assert_ptr_eq(dispatcher_leg_for(us.dispatcher, TRANSPORT_UDP,
	                                    FAMILY_IPV6), &six->leg);
	ck_assert_ptr_null(dispatcher_leg_for(us.dispatcher, TRANSPORT_WS,
	                                      FAMILY_IPV4));
	ck_assert_ptr_null(dispatcher_leg_for(us.dispatcher, TRANSPORT_TCP,
	                                      FAMILY_IPV6));
}
END_TEST

START_TEST(the_locator_learns_what_legs_there_are)
{
	const struct locate_preferences *p = locator_preferences(us.locator);

	ck_assert_uint_eq(p->ntransports, 3);
	ck_assert_int_eq(p->transports[0], TRANSPORT_UDP);
	ck_assert_int_eq(p->transports[1], TRANSPORT_TCP);
	ck_assert_int_eq(p->transports[2], TRANSPORT_TLS);
	ck_assert(p->ipv4 && !p->ipv6);
	rig_add_leg(&us, TRANSPORT_UDP, "[::1]:5060");
	ck_assert(p->ipv6);
	ck_assert_uint_eq(p->ntransports, 3);
}
END_TEST

START_TEST(preferences_set_on_purpose_are_left_alone)
{
	const struct locate_preferences mine = {
		.transports = { TRANSPORT_TCP },
		.ntransports = 1,
		.ipv4 = true,
	};

	locator_set_preferences(us.locator, &mine);
	rig_add_leg(&us, TRANSPORT_WS, "192.0.2.1:80");
	ck_assert_uint_eq(locator_preferences(us.locator)->ntransports, 1);
}
END_TEST

START_TEST(short_memory_drops_a_message_and_no_more)
{
	const struct rig_request q = { 0 };
	struct slice text = rig_request(&rig, &q);
	struct flow from = rig_flow(&us, TRANSPORT_UDP, "192.0.2.9:5060");

	test_alloc_fail(0);
	rig_inject_over(&us, &from, text);
	ck_assert(test_alloc_restore());
	ck_assert_uint_eq(up.requests, 0);
	rig_inject(&us, TRANSPORT_UDP, "192.0.2.9:5060", text);
	ck_assert_uint_eq(up.requests, 1);
}
END_TEST

static void add_receiving(TCase *tests)
{
	tcase_add_test(tests,
	               a_good_request_passes_and_is_traced_and_counted);
	tcase_add_test(
		tests,
		a_receive_from_inside_a_receive_has_a_message_of_its_own);
	tcase_add_loop_test(
		tests, a_malformed_request_is_answered_once_and_kept_from_above,
		0, ARRAY_LEN(malformed));
	tcase_add_test(tests, too_large_a_message_is_513);
	tcase_add_test(tests, stateless_answers_to_copies_are_identical);
	tcase_add_test(tests, what_is_no_sip_is_dropped_and_counted);
	tcase_add_loop_test(tests, a_response_passes_only_with_one_via_of_ours,
	                    0, ARRAY_LEN(responses));
	tcase_add_test(tests, a_leg_with_a_name_is_known_by_it);
	tcase_add_test(tests, an_any_address_leg_is_known_by_its_source);
	tcase_add_test(tests, a_malformed_response_is_dropped);
	tcase_add_loop_test(
		tests,
		where_its_sender_does_not_listen_a_response_follows_sent_by,
		0, ARRAY_LEN(senders));
	tcase_add_test(tests, a_response_that_went_out_is_forgotten_in_time);
	tcase_add_test(tests, a_stream_that_lost_its_framing_is_answered);
	tcase_add_test(tests, short_memory_drops_a_message_and_no_more);
}

static void add_sending(TCase *tests)
{
	tcase_add_loop_test(tests, a_datagram_is_answered_to_where_its_via_says,
	                    0, ARRAY_LEN(targets));
	tcase_add_test(
		tests,
		a_stream_is_answered_over_itself_or_where_its_sender_listens);
	tcase_add_test(tests, what_fails_later_is_passed_on);
	tcase_add_test(
		tests,
		sending_is_traced_and_counted_and_its_errors_come_back);
	tcase_add_test(tests, legs_are_found_by_transport_and_family);
	tcase_add_test(tests, the_locator_learns_what_legs_there_are);
	tcase_add_test(tests, preferences_set_on_purpose_are_left_alone);
}

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("dispatcher", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	add_receiving(tests);
	add_sending(tests);
	return s;
}

int main(void)
{
	return test_main(suite());
}
