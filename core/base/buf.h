#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

/*
 * A growing output of octets with a sticky error: append as much as you
 * like, ask buf_error() once. After an error appends do nothing. Always one
 * octet longer than len, so that buf_cstr() costs nothing. What is appended
 * must not lie in the buffer itself.
 */

#include "core/base/error.h"
#include "core/base/slice.h"

struct buf {
	char *p;                /* NULL until the first append */
	size_t len, cap;
	size_t max;             /* longer is ERR_LIMIT; 0: no bound; set it
				 * before the first append */
	enum error err;
};

/* Zeroed is initialised: struct buf b = { 0 }; */
void buf_deinit(struct buf *b);                 /* leaves it zeroed */
/* Empties it, clears the error, keeps the memory. */
void buf_reset(struct buf *b);
/* Makes room for n more octets at once. */
void buf_reserve(struct buf *b, size_t n);

void buf_slow_append(struct buf *b, const char *p, size_t n);

static inline void buf_append(struct buf *b, const char *p, size_t n)
{
	if (b->err == OK && b->cap - b->len > n) {
		memcpy(b->p + b->len, p, n);
		b->len += n;
		return;
	}
	buf_slow_append(b, p, n);
}

static inline void buf_slice(struct buf *b, struct slice s)
{
	if (s.len != 0)
		buf_append(b, s.p, s.len);
}

static inline void buf_str(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

static inline void buf_char(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void buf_u64(struct buf *b, uint64_t n);
/* Lower case, two digits an octet. */
void buf_hex(struct buf *b, const void *octets, size_t n);
/* "..." with " and \ escaped; CR, LF and NUL are ERR_SYNTAX. */
void buf_quoted(struct buf *b, struct slice s);
/* Our own text only (never a format from elsewhere); not for hot paths. */
void buf_printf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Escapes s for a terminal, a log or a history: C0, DEL, C1, bidi and line
 * separators, and octets that are not UTF-8 appear as \x1b; a backslash is
 * doubled. Everything from the wire passes here before a person sees it. */
void buf_escaped(struct buf *b, struct slice s);

static inline enum error buf_error(const struct buf *b)
{
	return b->err;
}

/* What was written; valid until the next append. */
static inline struct slice buf_view(const struct buf *b)
{
	return b->p == NULL ? SLICE_EMPTY : slice_make(b->p, b->len);
}

/* NUL terminated; "" when nothing was written or there was an error. */
const char *buf_cstr(struct buf *b);
/* Gives the memory away, shrunk to fit (free() it); leaves b zeroed. NULL on
 * error or when empty. *len may be NULL. */
char *buf_steal(struct buf *b, size_t *len);

#endif
