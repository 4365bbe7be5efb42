/* What the endpoint answers to the messages of RFC 4475 and RFC 5118, as
 * datagrams and in streams, by the columns udp_outcome and stream_outcome of
 * their index (F8). */

#include <stdio.h>
#include <stdlib.h>

#include "core/message/framer.h"
#include "tests/agent.h"

static struct rig rig;
static struct agent alice;

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP | RIG_TCP);
	alice.settings.allow = SLICE("INVITE, ACK, CANCEL, BYE, OPTIONS, "
	                             "MESSAGE, REGISTER");
}

static void tear_down(void)
{
	agent_deinit(&alice);
	rig_deinit(&rig);
}

static struct slice load(const char *folder, struct slice name)
{
	const char *top = getenv("srcdir");
	struct buf path = { 0 }, text = { 0 };
	char chunk[4096];
	struct slice kept;
	size_t n;
	FILE *f;

	buf_printf(&path, "%s/tests/corpus/%s/%.*s",
	           top == NULL ? "." : top, folder, SLICE_ARG(name));
	f = fopen(buf_cstr(&path), "rb");
	ck_assert_msg(f != NULL, "%s", buf_cstr(&path));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) != 0)
		buf_append(&text, chunk, n);
	fclose(f);
	kept = arena_copy(&rig.arena, buf_view(&text));
	ck_assert_ptr_nonnull(kept.p);
	buf_deinit(&text);
	buf_deinit(&path);
	return kept;
}

static struct slice column(struct slice line, unsigned nth)
{
	struct slice value;

	for (; slice_take_until(&line, '\t', &value); nth--) {
		if (nth == 0)
			return value;
		(void)slice_take_char(&line, '\t');
	}
	return nth == 0 ? line : SLICE_EMPTY;
}

/* What came of a message. */
struct got {
	unsigned status;                /* of our first answer; 0: none */
	size_t answers;
	bool broke;                     /* the stream */
};

/* wanted: one of "400", "drop...", "400-and-close", "two messages",
 * "wait-then-timeout", "lenient" (as if nothing were wrong). */
static bool is_wanted_one(struct slice wanted, const struct got *got)
{
	uint32_t code;

	if (slice_to_u32(wanted, 699, &code))
		return code == got->status;
	if (slice_starts_with(wanted, SLICE("drop")))
		return got->status == 0;
	if (slice_eq(wanted, SLICE("400-and-close")))
		return got->status == 400 && got->broke;
	if (slice_eq(wanted, SLICE("two messages")))
		return got->answers == 2 && !got->broke;
	/* net/conn ends it in time: tests/test_tcp.c */
	if (slice_eq(wanted, SLICE("wait-then-timeout")))
		return got->status == 0 && !got->broke;
	ck_assert_slice_eq(wanted, "lenient");
	return got->status >= 180 && got->status < 300;
}

static bool is_wanted(struct slice wanted, const struct got *got)
{
	struct slice one;

	while (slice_take_element(&wanted, &one))
		if (is_wanted_one(one, got))
			return true;
	return false;
}

static void answer(struct agent *a, struct context *ctx,
                   const struct incoming *in)
{
	(void)ctx;
	if (in->id != 0)
		(void)endpoint_new_response(a->ep, in->id,
		                            &(struct response_parts){
			.status = 200,
		});
}

/* How the octets come. */
enum way { DATAGRAM, STREAM, STREAM_BY_OCTETS, WAYS };

/* What the framer makes of n more octets, as a connection passes it on. False:
 * the stream broke. */
static bool take_octets(struct framer *f, const struct flow *from,
                        const char *octets, size_t n)
{
	struct fault fault = { 0 };
	struct slice wire;
	size_t room;
	char *to = framer_room(f, n, &room);

	ck_assert_ptr_nonnull(to);
	memcpy(to, octets, n);
	framer_filled(f, n);
	for (;;) {
		switch (framer_next(f, &wire, &fault)) {
		case FRAMER_MORE:
			return true;
		case FRAMER_MESSAGE:
			dispatcher_receive(alice.party.dispatcher, from,
			                   wire);
			break;
		case FRAMER_PING:
		case FRAMER_PONG:
			break;
		case FRAMER_BROKEN:
			dispatcher_receive_broken(alice.party.dispatcher,
			                          from, wire, &fault);
			return false;
		}
	}
}

/* False: it broke. */
static bool stream(struct slice wire, size_t step)
{
	struct flow from = rig_flow(&alice.party, TRANSPORT_TCP,
	                            "192.0.2.9:41000");
	struct framer f;
	bool whole = true;

	framer_init(&f, &message_limits_default);
	for (size_t at = 0; at < wire.len && whole; at += step)
		whole = take_octets(&f, &from, wire.p + at,
		                    wire.len - at < step ? wire.len - at
		                                         : step);
	framer_deinit(&f);
	return whole;
}

static struct got receive(struct slice wire, enum way way)
{
	struct got got = { 0 };
	struct slice sent, version;

	rig_forget(&rig);
	alice.nincoming = 0;
	if (way == DATAGRAM)
		rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060",
		           wire);
	else
		got.broke = !stream(wire, way == STREAM ? wire.len + 1 : 1);
	got.answers = rig.nsent;
	if (rig.nsent == 0)
		return got;
	/* which may repeat what was malformed */
	sent = rig_sent(&rig, 0)->wire;
	ck_assert(slice_take_until(&sent, ' ', &version));
	ck_assert_slice_eq(version, "SIP/2.0");
	ck_assert(slice_to_u32(slice_make(sent.p + 1, 3), 699, &got.status));
	return got;
}

static const struct {
	const char *folder;
	unsigned udp, stream;           /* columns of outcomes */
} indexes[] = {
	{ "rfc4475", 5, 6 },
	{ "rfc5118", 3, 3 },
};

static struct slice outcome(struct slice line, size_t index, enum way way)
{
	struct slice udp = column(line, indexes[index].udp);
	struct slice other = column(line, indexes[index].stream);

	return way == DATAGRAM || slice_eq(other, SLICE("same")) ? udp
	                                                         : other;
}

START_TEST(each_message_gets_an_answer_its_rfc_allows)
{
	size_t nth = (size_t)_i / WAYS;
	enum way way = (enum way)(_i % WAYS);
	const char *folder = indexes[nth].folder;
	struct slice index = load(folder, SLICE("index.tsv")), line;
	unsigned rows = 0;

	alice.on_incoming = answer;
	ck_assert(slice_take_line(&index, &line));      /* the heading */
	while (slice_take_line(&index, &line)) {
		struct slice name = column(line, 0);
		struct slice wanted = outcome(line, nth, way);
		struct got got = receive(load(folder, name), way);

		ck_assert_msg(is_wanted(wanted, &got),
		              "%.*s: %u, not %.*s", SLICE_ARG(name),
		              got.status, SLICE_ARG(wanted));
		rows++;
	}
	ck_assert_uint_gt(rows, 4);
}
END_TEST

/* Cut anywhere, and answered or not: nothing is left in the end. */
START_TEST(no_piece_of_a_message_stays)
{
	enum way way = _i % 2 == 0 ? DATAGRAM : STREAM;
	const char *folder = indexes[_i / 2].folder;
	struct slice index = load(folder, SLICE("index.tsv")), line;

	alice.on_incoming = answer;
	ck_assert(slice_take_line(&index, &line));
	while (slice_take_line(&index, &line)) {
		struct slice wire = load(folder, column(line, 0));

		for (size_t len = 0; len <= wire.len; len += 7)
			(void)receive(slice_make(wire.p, len), way);
		rig_advance(&rig, 100000);
		ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
		ck_assert_uint_eq(transactions_count(
			alice.party.transactions), 0);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_torture", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, each_message_gets_an_answer_its_rfc_allows, 0,
	                    WAYS * ARRAY_LEN(indexes));
	tcase_add_loop_test(tests, no_piece_of_a_message_stays, 0,
	                    2 * ARRAY_LEN(indexes));
	return s;
}

int main(void)
{
	return test_main(suite());
}
