/* The same events come of a stream in one piece and in many, and the framer
 * and the parser agree where a message ends. */

#include "core/message/framer.h"
#include "tests/fuzz.h"

/* Small, so that short inputs reach them. */
static const struct message_limits limits = {
	.start_line = 64, .header_block = 256, .header = 128, .body = 128,
	.headers = 16, .vias = 4,
};

static void note(struct buf *events, enum framer_event event,
                 struct slice out, const struct fault *fault)
{
	buf_u64(events, event);
	if (event == FRAMER_MESSAGE) {
		buf_u64(events, out.len);
		buf_slice(events, out);
	}
	if (event == FRAMER_BROKEN)
		buf_u64(events, fault->status);
}

static void check_message(struct slice out)
{
	struct message m;
	struct fault fault;

	message_init(&m);
	if (message_parse(&m, out, &limits, &fault) == OK
	    && fault.status == 0)
		PROPERTY(m.wire.p + m.wire.len == out.p + out.len);
	message_deinit(&m);
}

/* Drains f into events; false when the stream is broken. */
static bool drain(struct framer *f, struct buf *events)
{
	enum framer_event event;
	struct fault fault;
	struct slice out;

	for (;;) {
		event = framer_next(f, &out, &fault);
		if (event == FRAMER_MORE)
			return true;
		note(events, event, out, &fault);
		if (event == FRAMER_BROKEN) {
			PROPERTY(fault.status >= 400 && fault.status < 600);
			PROPERTY(fuzz_within(out, buf_view(&f->in)));
			return false;
		}
		if (event == FRAMER_MESSAGE)
			check_message(out);
	}
}

/* cut 0: all at once; else pieces of 1 to cut octets. */
static void run(struct slice stream, unsigned pongs, size_t cut,
                struct buf *events)
{
	struct framer f;
	size_t room, n;
	uint32_t dice = 1;
	char *p;

	framer_init(&f, &limits);
	while (pongs-- > 0)
		framer_expect_pong(&f);
	while (stream.len != 0) {
		dice = dice * 1664525 + 1013904223;
		n = cut == 0 ? stream.len : 1 + (dice >> 16) % cut;
		n = n < stream.len ? n : stream.len;
		p = framer_room(&f, n, &room);
		if (p == NULL)
			break;
		PROPERTY(room >= n);
		memcpy(p, stream.p, n);
		framer_filled(&f, n);
		stream = slice_skip(stream, n);
		if (!drain(&f, events))
			break;
		PROPERTY(framer_is_midway(&f) == (f.in.len != f.start));
	}
	framer_deinit(&f);
}

/* The first octet is no part of the stream: it says how many pongs are
 * expected and how large the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice stream = fuzz_input(octets, len);
	struct buf whole = { 0 }, pieces = { 0 }, singles = { 0 };
	unsigned pongs;
	size_t cut;

	if (len == 0)
		return 0;
	pongs = octets[0] & 3;
	cut = 2 + (octets[0] >> 2);
	stream = slice_skip(stream, 1);
	run(stream, pongs, 0, &whole);
	run(stream, pongs, cut, &pieces);
	run(stream, pongs, 1, &singles);
	PROPERTY(slice_eq(buf_view(&whole), buf_view(&pieces)));
	PROPERTY(slice_eq(buf_view(&whole), buf_view(&singles)));
	buf_deinit(&whole);
	buf_deinit(&pieces);
	buf_deinit(&singles);
	return 0;
}
