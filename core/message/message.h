#ifndef CORE_MESSAGE_MESSAGE_H
#define CORE_MESSAGE_MESSAGE_H

/*
 * A SIP message, parsed once and in place: an index of header fields over
 * the octets received. Nothing is copied but what had to be unfolded.
 *
 * A struct message is reused: message_parse() forgets what it held before
 * and keeps its memory. All slices live as long as the wire octets and
 * until the next message_parse() or message_deinit().
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/slice.h"
#include "core/message/header.h"

/* Bounds of one message; all settable. */
struct message_limits {
	size_t start_line, header_block, header, body;
	unsigned headers, vias;
};
/* 8 kB, 64 kB, 16 kB, 1 MB, 256, 64. */
extern const struct message_limits message_limits_default;

struct header {
	struct slice name;              /* as written */
	struct slice value;             /* trimmed and unfolded */
	enum header_id id;
	uint16_t next;                  /* index of the next of this id, or 0 */
	bool unfolded;                  /* the value is a copy in the arena */
};

/* What is wrong with a message: the answer the RFC gives it, and why. */
struct fault {
	unsigned status;                /* 400, 413, 505, ...; 0: no fault */
	const char *reason;             /* static; a Reason-Phrase */
};

enum { MESSAGE_INLINE_HEADERS = 48 };

struct message {
	bool is_request;
	struct slice wire;              /* start line to the end of the body */
	/* a request's */
	struct slice method_name, uri_text;
	enum method method;
	struct uri uri;                 /* scheme URI_NONE: does not parse */
	/* a response's */
	unsigned status;                /* 100 to 699 */
	struct slice reason;
	/* both */
	struct slice start_line;        /* without CRLF */
	struct slice body;
	/* set by message_check() */
	struct via via;                 /* the topmost */
	unsigned nvias;
	struct name_addr from, to;
	struct slice call_id;
	struct cseq cseq;
	bool has_contact;
	struct contact contact;         /* the first */
	/* the index; entry 0 is not used, so that 0 means none */
	struct header *headers;
	size_t nheaders;                /* highest index in use */
	uint16_t first[HEADER_COUNT], last[HEADER_COUNT];
	size_t capacity;
	enum header_id repeated;        /* a single-value header that came
	                                 * twice; HEADER_OTHER: none did */
	unsigned max_vias;              /* of the limits parsed with */
	struct header inline_headers[MESSAGE_INLINE_HEADERS];
	struct arena arena;
};

/* Must be called once before the first message_parse(). */
void message_init(struct message *m);
void message_deinit(struct message *m);

/*
 * Parses the start line and the header block, and takes as body what
 * Content-Length says (RFC 3261 18.3): a datagram's further octets are
 * dropped, a body that is short is a fault; without Content-Length the body
 * is all that follows. Empty lines ahead are skipped (7.5).
 *
 * Returns OK, also for a message with a fault: *fault then says which came
 * first, and m holds what could be read (is_request, and headers; a field
 * that is at fault itself is not among them). ERR_SYNTAX: this is no SIP
 * message at all, do not answer. ERR_NOMEM. A fault is set for: bounds (414
 * the start line, 413 the body, 513 the rest), version (505),
 * Content-Length that is not a number, negative, repeated with another value
 * or too large for the wire, start line grammar, a line that is no header, a
 * CR inside a value, no empty line behind the headers.
 */
enum error message_parse(struct message *m, struct slice wire,
                         const struct message_limits *limits,
                         struct fault *fault);

/*
 * Checks and types what every message must have (8.1.1, 20.1): Via, From,
 * To, Call-ID, CSeq once each and well formed, CSeq's method that of the
 * start line, single-value headers single, Max-Forwards and Content-Type
 * and Contact well formed where present, no headers in the Request-URI, not
 * too many Vias. False with *fault (400 or 513, and why); else *fault is
 * left alone. What could be typed is set even when it fails, the rest is
 * zeroed: message_is_answerable() tells whether a response can be built.
 */
bool message_check(struct message *m, struct fault *fault);
/* The topmost Via was read, so that it says where to answer, and From, To,
 * Call-ID and CSeq are there, well formed or not, to be copied. */
bool message_is_answerable(const struct message *m);

/* The nth (from 0) field of id; the empty slice with p NULL when absent. */
struct slice message_header(const struct message *m, enum header_id id,
                            size_t nth);
bool message_has(const struct message *m, enum header_id id);
/* The same by name, for HEADER_OTHER and for users. */
struct slice message_header_named(const struct message *m, struct slice name,
                                  size_t nth);

/* Walks the values of a list header over all its fields (7.3.1):
 *     struct header_iter it = { 0 };
 *     while (message_next_value(m, HEADER_CONTACT, &it, &value)) ... */
struct header_iter {
	uint16_t index;
	bool started;
	struct slice rest;
};
bool message_next_value(const struct message *m, enum header_id id,
                        struct header_iter *it, struct slice *value);
/* A list header (Require, Supported, Allow, ...) has this token, any case. */
bool message_lists(const struct message *m, enum header_id id,
                   struct slice token);

/* Walks all fields in order: for (i = 1; i <= m->nheaders; i++). */

/* --- printing what was parsed, with edits --- */

enum edit_op {
	EDIT_REPLACE,   /* all fields of id become this one, in place of the
	                 * first; appended where there was none; no more
	                 * than one of these for an id */
	EDIT_REMOVE,    /* all fields of id */
	EDIT_PREPEND,   /* before the first field of all */
	EDIT_APPEND     /* behind the last field */
};
struct edit {
	enum edit_op op;
	enum header_id id;              /* HEADER_OTHER: by name */
	struct slice name;              /* for HEADER_OTHER only */
	struct slice value;
};
/* Several EDIT_PREPENDs, or EDIT_APPENDs, stay in the order of edits.
 * start_line p NULL keeps the message's own. Unfolded, but else as it was
 * written, order and spelling kept. The body follows unchanged. */
void message_print(struct buf *out, const struct message *m,
                   struct slice start_line, const struct edit *edits,
                   size_t nedits);

/* --- bodies --- */

/* The body, or the part of a multipart one, that has this type (RFC 5621):
 * multipart_find(). False when there is none. */
bool message_body_of_type(const struct message *m, struct slice type,
                          struct slice subtype, struct slice *out);

#endif
