#ifndef CORE_MESSAGE_FRAMER_H
#define CORE_MESSAGE_FRAMER_H

/*
 * A stream of octets to messages (RFC 3261 18.3) and keep-alives (RFC 5626
 * 3.5.1). Memory grows with the octets that came, not with what was
 * announced; work is linear in the octets, however they are cut.
 */

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/message/message.h"

enum framer_event {
	FRAMER_MORE,            /* nothing whole yet */
	FRAMER_MESSAGE,         /* *out is one whole message */
	FRAMER_PING,            /* CRLF CRLF between messages: answer CRLF */
	FRAMER_PONG,            /* a single CRLF between messages */
	FRAMER_BROKEN           /* framing is lost: *out is what came so far;
	                         * answer *fault if it can be, then close */
};

struct framer {
	struct buf in;
	size_t start;           /* of the message being collected */
	size_t scanned;         /* the header block was searched up to here */
	size_t head_len;        /* 0: the empty line was not seen yet */
	size_t body_len;
	bool broken;
	const struct message_limits *limits;
};

/* Zeroed but for limits. */
void framer_init(struct framer *f, const struct message_limits *limits);
void framer_deinit(struct framer *f);

/* Where to read into: at least min octets of room. NULL: no memory. */
char *framer_room(struct framer *f, size_t min, size_t *room);
/* n octets were read there. */
void framer_filled(struct framer *f, size_t n);

/* Call until FRAMER_MORE or FRAMER_BROKEN. *out stays valid until the next
 * call of framer_room(). */
enum framer_event framer_next(struct framer *f, struct slice *out,
                              struct fault *fault);
/* Octets of an unfinished message wait (for the slow-sender timer). */
bool framer_is_midway(const struct framer *f);

#endif
