#ifndef CORE_MESSAGE_URI_H
#define CORE_MESSAGE_URI_H

/* URIs of RFC 3261 19.1 (sip, sips), RFC 3966 (tel), and any other kept
 * opaque. All slices borrow from what was parsed. */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/buf.h"
#include "core/base/slice.h"

enum uri_scheme { URI_NONE, URI_SIP, URI_SIPS, URI_TEL, URI_OTHER };

struct uri {
	struct slice text;      /* the whole */
	enum uri_scheme scheme;
	struct slice scheme_name;
	struct slice user;      /* still escaped; len 0 and p NULL: none */
	struct slice password;  /* still escaped; p NULL: none */
	struct slice host;      /* IPv6 with its brackets; of sip and sips */
	uint16_t port;          /* 0: not given */
	struct slice params;    /* behind the first ";", without it */
	struct slice headers;   /* behind the "?", without it */
	struct slice opaque;    /* what follows the scheme, of tel and other */
};

/* The whole of in is a URI. False where the grammar is broken: no host, a
 * bad escape, port over 65535 or 0, an IPv6 address without brackets, white
 * space, control octets; *out then has the scheme URI_NONE and else nothing
 * that could be relied upon. */
bool uri_parse(struct slice in, struct uri *out);

/* host, from the front of *in (25.1), for all who need one: a name, an IPv4
 * address, or an IPv6 address in brackets. *in is untouched on failure. */
bool uri_take_host(struct slice *in, struct slice *host);
/* port, from the front of *in: 1 to 65535. */
bool uri_take_port(struct slice *in, uint16_t *port);

/* The value of a URI parameter, any case; false when absent. A parameter
 * without "=" has an empty value. */
bool uri_param(const struct uri *u, struct slice name, struct slice *value);
/* Walks "name=value" of u->params: start with *rest = u->params. */
bool uri_next_param(struct slice *rest, struct slice *name,
                    struct slice *value);
/* Walks the headers behind "?": start with *rest = u->headers. */
bool uri_next_header(struct slice *rest, struct slice *name,
                     struct slice *value);

/* What ;transport= asks for, TRANSPORT_NONE when it names none (or one
 * that we do not know: *unknown is then true; unknown may be NULL). */
enum transport uri_transport(const struct uri *u, bool *unknown);
/* Has the lr parameter (19.1.1). */
bool uri_is_loose_router(const struct uri *u);

/* RFC 3261 19.1.4. URIs of other schemes are compared octet by octet. */
bool uri_equal(const struct uri *a, const struct uri *b);
/* The same, ignoring what has no part in a binding's identity (nothing but
 * 19.1.4 today): parses both and compares; octets where one is no URI. */
bool uri_text_equal(struct slice a, struct slice b);

/* Appends s with %HH decoded; a % without two hex digits stays. */
void uri_unescape(struct buf *b, struct slice s);
/* Appends s with all that is not of classes (CHAR_USER, CHAR_PARAM, ...)
 * as %HH. */
void uri_escape(struct buf *b, struct slice s, unsigned classes);

/*
 * Appends u in a form fit for a Request-URI (19.1.1, table 1): without its
 * headers and its method parameter.
 */
void uri_print_request(struct buf *b, const struct uri *u);
/* "sip:host[:port]" of u: what a REGISTER is sent to (10.2). */
void uri_print_domain(struct buf *b, const struct uri *u);

#endif
