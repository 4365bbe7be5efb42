/* A growing output of octets with a sticky error. */

#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Giving back less is not worth its time. */
enum { STEAL_SLACK = 64 };

void buf_deinit(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = OK;
}

/* Makes cap more than need: just so much where a reserve was exact, and at
 * least twice what it was. It never passes max + 1, so that the inline append
 * need not know of max. */
static void grow(struct buf *b, size_t need)
{
	size_t cap = b->cap == 0 ? 64 : b->cap;
	char *p;

	cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	if (cap <= need)
		cap = need + 1;
	if (b->max != 0 && cap > b->max)
		cap = b->max + 1;
	p = realloc(b->p, cap);
	if (p == NULL) {
		b->err = ERR_NOMEM;
		return;
	}
	b->p = p;
	b->cap = cap;
}

void buf_reserve(struct buf *b, size_t n)
{
	if (b->err != OK || b->cap - b->len > n)
		return;
	if (n >= SIZE_MAX - b->len || (b->max != 0 && n > b->max - b->len)) {
		b->err = ERR_LIMIT;
		return;
	}
	grow(b, b->len + n);
}

void buf_slow_append(struct buf *b, const char *p, size_t n)
{
	if (n == 0)
		return;
	buf_reserve(b, n);
	if (b->err != OK)
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void buf_u64(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	buf_append(b, digits + i, sizeof(digits) - i);
}

static const char hex_digits[] = "0123456789abcdef";

void buf_hex(struct buf *b, const void *octets, size_t n)
{
	const unsigned char *p = octets;

	for (size_t i = 0; i < n; i++) {
		char pair[2] = { hex_digits[p[i] >> 4], hex_digits[p[i] & 15] };

		buf_append(b, pair, sizeof(pair));
	}
}

void buf_quoted(struct buf *b, struct slice s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if ((c == '\r' || c == '\n' || c == '\0') && b->err == OK)
			b->err = ERR_SYNTAX;
		if (c == '"' || c == '\\')
			buf_char(b, '\\');
		buf_char(b, c);
	}
	buf_char(b, '"');
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n < 0) {
		if (b->err == OK)
			b->err = ERR_INTERNAL;
	} else {
		buf_reserve(b, (size_t)n);
	}
	if (b->err == OK) {
		vsnprintf(b->p + b->len, (size_t)n + 1, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(args);
}

/* What moves, hides or reorders text on a terminal; p is one UTF-8
 * character of n octets. */
static bool is_unprintable(const unsigned char *p, size_t n)
{
	switch (n) {
	case 1:
		return p[0] < 0x20 || p[0] == 0x7f;
	case 2:         /* C1, U+061C */
		return (p[0] == 0xc2 && p[1] < 0xa0)
		       || (p[0] == 0xd8 && p[1] == 0x9c);
	case 3:
		if (p[0] != 0xe2)
			return false;
		if (p[1] == 0x80)       /* U+200E 200F, U+2028 to 202E */
			return p[2] == 0x8e || p[2] == 0x8f
			       || (p[2] >= 0xa8 && p[2] <= 0xae);
		return p[1] == 0x81     /* U+2066 to 2069 */
		       && p[2] >= 0xa6 && p[2] <= 0xa9;
	}
	return false;
}

static void append_escape(struct buf *b, char octet)
{
	buf_append(b, "\\x", 2);
	buf_hex(b, &octet, 1);
}

void buf_escaped(struct buf *b, struct slice s)
{
	while (s.len != 0) {
		const unsigned char *p = (const unsigned char *)s.p;
		size_t n = slice_utf8_len(s);

		if (n == 0) {
			append_escape(b, s.p[0]);
			n = 1;
		} else if (is_unprintable(p, n)) {
			for (size_t i = 0; i < n; i++)
				append_escape(b, s.p[i]);
		} else {
			if (s.p[0] == '\\')
				buf_char(b, '\\');
			buf_append(b, s.p, n);
		}
		s = slice_skip(s, n);
	}
}

const char *buf_cstr(struct buf *b)
{
	if (b->err != OK || b->p == NULL)
		return "";
	b->p[b->len] = '\0';
	return b->p;
}

char *buf_steal(struct buf *b, size_t *len)
{
	size_t n = b->len;
	char *p = NULL;

	if (b->err == OK && n != 0) {
		b->p[n] = '\0';
		if (b->cap - n > STEAL_SLACK)
			p = realloc(b->p, n + 1);
		if (p == NULL)          /* larger than need be, but whole */
			p = b->p;
		b->p = NULL;
	}
	buf_deinit(b);
	if (len != NULL)
		*len = p == NULL ? 0 : n;
	return p;
}
