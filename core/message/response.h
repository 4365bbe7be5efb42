#ifndef CORE_MESSAGE_RESPONSE_H
#define CORE_MESSAGE_RESPONSE_H

/* Making responses (RFC 3261 8.2.6). */

#include "core/base/buf.h"
#include "core/message/message.h"

struct response_parts {
	unsigned status;                /* 100 to 699 */
	struct slice reason;            /* empty: response_reason(status) */
	struct slice to_tag;            /* added where To has none, not in a
	                                 * 100 */
	const struct field *fields;     /* further ones; a name that is copied
	                                 * from the request is replaced */
	size_t nfields;
	struct slice content_type;
	struct slice body;
};

/*
 * Appends a response to req: all Vias in order, From, To, Call-ID, CSeq and,
 * in a 100, Timestamp; Record-Route in a 101 to 299 of a request that makes a
 * dialog (12.1.1). The topmost Via gets received and rport (18.2.1, RFC 3581
 * 4) from source. req must be answerable.
 * ERR_SYNTAX is set in out when a value of parts holds CR, LF or NUL, a field
 * name is no token, or the status is not 100 to 699.
 */
void response_print(struct buf *out, const struct message *req,
                    const struct addr *source,
                    const struct response_parts *parts);

/* Where the sender of our request was seen, as the topmost Via of its response
 * says (18.2.1, RFC 3581 4): false where that is its sent-by. *out has the
 * port 0 where no port is told. Anybody may claim anything there. */
bool via_learnt(const struct via *via, struct addr *out);

/* The RFC's phrase, "Unknown" for a code that has none. Static. */
const char *response_reason(unsigned status);

/*
 * Where a response to a request with this topmost Via goes over an unreliable
 * transport (18.2.2, RFC 3581 4): maddr (unicast only), received and rport,
 * received and the port of sent-by. source is where the request came from.
 */
void response_target(const struct via *via, const struct addr *source,
                     struct addr *out);

#endif
