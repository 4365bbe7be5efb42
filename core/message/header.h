#ifndef CORE_MESSAGE_HEADER_H
#define CORE_MESSAGE_HEADER_H

/*
 * Header fields: one table of names, and the typed values. Typed parsers
 * take a trimmed value, borrow from it, allocate nothing, and fail on
 * trailing junk; those of structs then leave *out spoilt. The names are in
 * header.c, the values in header_values.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/slice.h"
#include "core/message/uri.h"

/* RFC 3261 20 and the extensions. HEADER_OTHER: any other name. */
enum header_id {
	HEADER_OTHER,
	HEADER_ACCEPT,
	HEADER_ACCEPT_ENCODING,
	HEADER_ACCEPT_LANGUAGE,
	HEADER_ALERT_INFO,
	HEADER_ALLOW,
	HEADER_ALLOW_EVENTS,
	HEADER_AUTHENTICATION_INFO,
	HEADER_AUTHORIZATION,
	HEADER_CALL_ID,
	HEADER_CALL_INFO,
	HEADER_CONTACT,
	HEADER_CONTENT_DISPOSITION,
	HEADER_CONTENT_ENCODING,
	HEADER_CONTENT_LANGUAGE,
	HEADER_CONTENT_LENGTH,
	HEADER_CONTENT_TYPE,
	HEADER_CSEQ,
	HEADER_DATE,
	HEADER_ERROR_INFO,
	HEADER_EVENT,
	HEADER_EXPIRES,
	HEADER_FROM,
	HEADER_IN_REPLY_TO,
	HEADER_MAX_FORWARDS,
	HEADER_MIME_VERSION,
	HEADER_MIN_EXPIRES,
	HEADER_MIN_SE,
	HEADER_ORGANIZATION,
	HEADER_PATH,
	HEADER_PRIORITY,
	HEADER_PROXY_AUTHENTICATE,
	HEADER_PROXY_AUTHORIZATION,
	HEADER_PROXY_REQUIRE,
	HEADER_P_ASSERTED_IDENTITY,
	HEADER_RACK,
	HEADER_REASON,
	HEADER_RECORD_ROUTE,
	HEADER_REFER_SUB,
	HEADER_REFER_TO,
	HEADER_REFERRED_BY,
	HEADER_REPLACES,
	HEADER_REPLY_TO,
	HEADER_REQUIRE,
	HEADER_RETRY_AFTER,
	HEADER_ROUTE,
	HEADER_RSEQ,
	HEADER_SERVER,
	HEADER_SERVICE_ROUTE,
	HEADER_SESSION_EXPIRES,
	HEADER_SIP_ETAG,
	HEADER_SIP_IF_MATCH,
	HEADER_SUBJECT,
	HEADER_SUBSCRIPTION_STATE,
	HEADER_SUPPORTED,
	HEADER_TIMESTAMP,
	HEADER_TO,
	HEADER_UNSUPPORTED,
	HEADER_USER_AGENT,
	HEADER_USER_TO_USER,
	HEADER_VIA,
	HEADER_WARNING,
	HEADER_WWW_AUTHENTICATE,
	HEADER_COUNT
};

struct header_info {
	struct slice name;      /* "Call-ID" */
	char compact;           /* 'i', or 0 */
	bool list;              /* a comma separates values */
	bool once;              /* a second occurrence is a fault (7.3.1) */
};

extern const struct header_info header_table[HEADER_COUNT];

/* The longest name in it: Proxy-Authenticate and its like. */
enum { HEADER_NAME_MAX = 19 };

/* Full or compact name, any case. Costs a switch on length and octets. */
enum header_id header_lookup(struct slice name);
/* The full form of id; name itself for HEADER_OTHER. */
struct slice header_full_name(enum header_id id, struct slice name);

/* A name and a value that somebody wants in a message. An empty value with
 * p == NULL means: without this header. */
struct field {
	struct slice name;
	struct slice value;
};

/* --- methods --- */

enum method {
	METHOD_OTHER,
	METHOD_ACK,
	METHOD_BYE,
	METHOD_CANCEL,
	METHOD_INFO,
	METHOD_INVITE,
	METHOD_MESSAGE,
	METHOD_NOTIFY,
	METHOD_OPTIONS,
	METHOD_PRACK,
	METHOD_PUBLISH,
	METHOD_REFER,
	METHOD_REGISTER,
	METHOD_SUBSCRIBE,
	METHOD_UPDATE,
	METHOD_COUNT
};

/* Case matters (7.1). */
enum method method_lookup(struct slice name);
struct slice method_name(enum method m);        /* "" for METHOD_OTHER */

/* --- typed values --- */

/* Via, one element (20.42, RFC 3581). */
struct via {
	struct slice protocol;          /* "SIP/2.0" as written */
	struct slice transport_name;    /* "UDP" as written */
	enum transport transport;       /* TRANSPORT_NONE: unknown */
	struct slice host;              /* IPv6 with brackets */
	uint16_t port;                  /* 0: not given */
	struct slice sent_by;           /* host[:port] as written */
	struct slice branch;            /* p NULL: none */
	struct slice received;          /* p NULL: none; brackets kept */
	struct slice maddr;             /* p NULL: none */
	bool has_rport;
	uint16_t rport;                 /* 0: asked for, not filled */
	struct slice params;            /* all, without the first ";" */
};
bool via_parse(struct slice in, struct via *out);
/* Has the magic cookie of 8.1.1.7 and something behind it. */
bool via_branch_is_rfc3261(const struct via *v);

/* From, To, Contact, Route, Record-Route, Refer-To ...: name-addr or
 * addr-spec with parameters (20.10). */
struct name_addr {
	struct slice display;           /* with its quotes, if quoted */
	struct slice uri_text;
	struct uri uri;                 /* parsed; scheme URI_NONE for "*" */
	struct slice params;            /* header parameters, no first ";" */
	struct slice tag;               /* p NULL: none */
	bool star;                      /* Contact: * */
};
bool name_addr_parse(struct slice in, struct name_addr *out);
/* A header parameter of any list of ";name=value" without the first ";".
 * False when absent; value p NULL where there is no "=". */
bool params_find(struct slice params, struct slice name,
                 struct slice *value);
/* The text between quotes without backslashes; s as it is when not quoted.
 * Returns a slice of s or of what was appended to scratch (which moves when
 * scratch grows); the empty slice when memory is short. */
struct slice unquote(struct slice s, struct buf *scratch);

/* Contact's own parameters (20.10). */
struct contact {
	struct name_addr addr;
	bool has_q, has_expires;
	uint32_t q_thousandths;
	uint32_t expires_s;             /* clamped to 2^32-1 */
};
bool contact_parse(struct slice in, struct contact *out);

/* CSeq = 1*DIGIT LWS Method; number < 2^31 (8.1.1.5). */
struct cseq {
	uint32_t number;
	struct slice method_name;
	enum method method;
};
bool cseq_parse(struct slice in, struct cseq *out);

/* Expires, Min-Expires, and the like: delta-seconds. Larger than 2^32-1
 * counts as 2^32-1 (20.19); anything but digits is a failure. */
bool delta_seconds_parse(struct slice in, uint32_t *out);
/* Max-Forwards: 0 to 255 (20.22). */
bool max_forwards_parse(struct slice in, uint32_t *out);
/* Retry-After: delta-seconds, comment and parameters (20.33). */
bool retry_after_parse(struct slice in, uint32_t *seconds);
/* Call-ID = word ["@" word]. */
bool call_id_valid(struct slice in);
/* Content-Type: type "/" subtype and parameters (20.15). */
struct media_type {
	struct slice type, subtype, params;
};
bool media_type_parse(struct slice in, struct media_type *out);
/* The same type/subtype, any case: media_type_is(&t, SLICE("application"),
 * SLICE("sdp")). */
bool media_type_is(const struct media_type *t, struct slice type,
                   struct slice subtype);
/* Warning: code SP agent SP quoted text (20.43). */
struct warning {
	uint32_t code;
	struct slice agent, text;
};
bool warning_parse(struct slice in, struct warning *out);
/* Timestamp, Date and the rest are shown, never used: no parser. */

#endif
