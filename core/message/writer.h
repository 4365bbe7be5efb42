#ifndef CORE_MESSAGE_WRITER_H
#define CORE_MESSAGE_WRITER_H

/*
 * Writes the header fields of a message that has fields of ours and fields
 * that the user gave. The user's win: where he names a header, his fields
 * stand in place of ours, in the spelling he chose; a field without a value
 * (p NULL) leaves ours out. Compact names count as the full ones.
 *
 * No value leaves here that could make a line of its own: CR, LF or NUL in
 * one, or a field name that is no token, is ERR_SYNTAX in the buf.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/message/message.h"

struct writer {
	struct buf *out;
	const struct field *fields;     /* the user's */
	size_t nfields;
	bool given[HEADER_COUNT];       /* the user names it */
	bool placed[HEADER_COUNT];      /* its place has passed */
};

void writer_init(struct writer *w, struct buf *out,
                 const struct field *fields, size_t nfields);

/* Octets that the user's fields will take at most. */
size_t writer_estimate(const struct writer *w);

/*
 * This is the place of header id: true when the user named it; his fields
 * are then written. Otherwise the caller writes ours, if any.
 */
bool writer_place(struct writer *w, enum header_id id);
/* The place of a header with a single field of ours; empty: none. */
void writer_field(struct writer *w, enum header_id id, struct slice value);
/* The end of a message: those of the user's fields that had no place, in his
 * order, Content-Type (empty: none), Content-Length, the empty line, body. */
void writer_finish(struct writer *w, struct slice content_type,
                   struct slice body);

/* --- without regard to the user --- */

/* Sets ERR_SYNTAX in out, unless there is an error already. */
void writer_refuse(struct buf *out);
/* A value, or a part of one. */
void writer_value(struct buf *out, struct slice value);
/* "Name: value" and CRLF; an empty value is not written. */
void writer_header(struct buf *out, enum header_id id, struct slice value);
/* The same with a number for its value. */
void writer_number(struct buf *out, enum header_id id, uint64_t value);
/* The same with a value of a parsed message, where p NULL is none: that has
 * no CR and LF, and its NUL goes back as it came (quoted-pair of 25.1, RFC
 * 4475 3.1.1.2). */
void writer_copy(struct buf *out, enum header_id id, struct slice value);
/* All the fields of id that m has. */
void writer_copy_all(struct buf *out, enum header_id id,
                     const struct message *m);

#endif
