#ifndef CORE_MESSAGE_FRAMER_H
#define CORE_MESSAGE_FRAMER_H

/*
 * A stream of octets to messages (RFC 3261 18.3) and keep-alives (RFC 5626
 * 3.5.1). Memory grows with the octets that came, not with what was
 * announced; work is linear in the octets, and the events are the same,
 * however they are cut.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/message/message.h"

enum framer_event {
	FRAMER_MORE,            /* nothing whole yet */
	FRAMER_MESSAGE,         /* *out is one whole message */
	FRAMER_PING,            /* CRLF CRLF between messages: answer CRLF */
	FRAMER_PONG,            /* CRLF, where framer_expect_pong() was told */
	FRAMER_BROKEN           /* framing is lost: *out is what came so far;
	                         * answer *fault if it can be, then close */
};

struct framer {
	struct buf in;
	size_t start;           /* of the message being collected; the
	                         * others count from here */
	size_t scanned;         /* the empty line was searched up to here */
	size_t start_line_len;  /* with its line end; 0: not seen yet */
	size_t head_len;        /* 0: the empty line was not seen yet */
	size_t body_len;
	bool half_ping;         /* one CRLF came, and no pong was expected */
	unsigned pongs_due;
	struct fault fault;     /* status 0: framing holds */
	const struct message_limits *limits;
};

/* Zeroed but for limits, which must live as long as f. */
void framer_init(struct framer *f, const struct message_limits *limits);
void framer_deinit(struct framer *f);

/* Where to read into: at least min octets of room. NULL: no memory. */
char *framer_room(struct framer *f, size_t min, size_t *room);
/* n octets were read there. */
void framer_filled(struct framer *f, size_t n);

/*
 * Call until FRAMER_MORE or FRAMER_BROKEN. *out stays valid until the next
 * call of framer_room(); *fault is written with FRAMER_BROKEN only, as
 * message_parse() would: 414, 413 and 513 for a start line, a body and a
 * header block over their limits, 400 for a Content-Length that cannot be
 * believed (no number, or two of them). Without Content-Length there is no
 * body. Once broken, it stays so.
 */
enum framer_event framer_next(struct framer *f, struct slice *out,
                              struct fault *fault);
/*
 * All that came is one message: who carries it says so, as a frame of
 * WebSocket does (RFC 7118 4). Valid as *out above. Not to be mixed with
 * framer_next().
 */
struct slice framer_take_all(struct framer *f);
/*
 * We sent a CRLF CRLF: the next CRLF between messages is its answer. Without
 * this nobody could tell two pongs in a row from a ping cut in two; a CRLF
 * that nobody asked for is the first half of a ping, or noise (7.5).
 */
void framer_expect_pong(struct framer *f);
/* Octets of an unfinished message wait (for the slow-sender timer). */
bool framer_is_midway(const struct framer *f);

#endif
