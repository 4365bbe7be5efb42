#ifndef CORE_MESSAGE_REQUEST_H
#define CORE_MESSAGE_REQUEST_H

/*
 * Making requests. What only the moment of sending knows (the leg's Via and
 * Contact, CSeq, credentials) is left out of the request's text and put in
 * by request_seal(), so that a second try (a challenge, another target)
 * costs one copy and no second build.
 */

#include "core/base/buf.h"
#include "core/message/message.h"

/* What a request is made of. Slices are read during request_draft() only. */
struct request_parts {
	struct slice method, uri;
	struct slice from, to;          /* whole header values, with tags */
	struct slice call_id;
	const struct slice *routes;     /* Route values, first hop first */
	size_t nroutes;
	uint32_t max_forwards;
	const struct field *fields;     /* the user's */
	size_t nfields;
	struct slice content_type;      /* of body; empty: none written */
	struct slice body;
};

/*
 * A request without Via, Contact, CSeq and credentials: the start line, then
 * the other fields and the body. The user's fields win: one that names
 * a header which is in parts, or Contact, CSeq or Content-Length, replaces
 * ours; one without a value (p NULL) leaves ours out. Via fields follow ours.
 */
struct request_draft {
	char *text;                     /* owned */
	size_t len;
	size_t body_len;                /* at its end */
	size_t start_line_len;          /* with CRLF */
	size_t seal_at;                 /* where CSeq, Contact and credentials
	                                 * go: before the user's fields */
	bool has_contact;               /* given or refused by the user */
	bool has_cseq;                  /* given or refused by the user */
	bool has_identity;              /* From or Call-ID is the user's */
	bool has_route, has_credentials;
};

/* ERR_SYNTAX when a value holds CR, LF or NUL, a field name or the method is
 * no token, or the URI is empty or holds white space; ERR_NOMEM. d is written
 * on OK only; free with request_draft_deinit(). */
enum error request_draft(struct request_draft *d,
                         const struct request_parts *parts);
void request_draft_deinit(struct request_draft *d);     /* accepts zeroed */
/* The Request-URI, borrowed from d. */
struct slice request_draft_uri(const struct request_draft *d);
struct slice request_draft_method(const struct request_draft *d);

/* What sealing adds. Empty slices are not written. */
struct request_seal {
	struct slice via;               /* "SIP/2.0/UDP h:p;branch=..;rport" */
	struct slice contact;           /* value, where !has_contact */
	uint32_t cseq;
	struct slice credentials;       /* whole lines with CRLF */
};
/* Appends the wire image. ERR_SYNTAX is set in out when via or contact holds
 * CR, LF or NUL. */
void request_seal(struct buf *out, const struct request_draft *d,
                  const struct request_seal *s);

/*
 * ACK for a 3xx to 6xx (17.1.1.3): top Via, Request-URI, From, Call-ID, CSeq
 * number and Route of the INVITE, To of the response (a value as
 * message_header() gives it). ERR_SYNTAX is set in out when the INVITE has
 * no Via, or no CSeq that can be read; so it is below.
 */
void request_print_ack(struct buf *out, const struct message *invite,
                       struct slice to);
/* CANCEL of an INVITE (9.1): same Request-URI, top Via, Call-ID, From, To,
 * Route, CSeq number; with its credentials. */
void request_print_cancel(struct buf *out, const struct message *invite);

#endif
