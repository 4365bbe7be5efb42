#ifndef CORE_MESSAGE_SCAN_H
#define CORE_MESSAGE_SCAN_H

/*
 * The scanner's steps of core/base/slice.h once more, inlined, for the
 * parsers that every message passes through: called, they make up half of
 * the instructions it takes to read a message. Same names, same promises.
 */

#include "core/base/slice.h"

/* How many octets at the front are of these classes. Most of the time is
 * spent in here, so four of them go by for each look at the end. */
static inline size_t scan_span(struct slice in, unsigned classes)
{
	size_t n = 0;

	for (; in.len - n >= 4; n += 4) {
		if (!char_is(in.p[n], classes))
			return n;
		if (!char_is(in.p[n + 1], classes))
			return n + 1;
		if (!char_is(in.p[n + 2], classes))
			return n + 2;
		if (!char_is(in.p[n + 3], classes))
			return n + 3;
	}
	while (n < in.len && char_is(in.p[n], classes))
		n++;
	return n;
}

/* The first n octets, which are there, move from *in to *out. */
static inline void scan_take(struct slice *in, size_t n, struct slice *out)
{
	*out = slice_make(in->p, n);
	*in = slice_skip(*in, n);
}

static inline bool scan_take_class(struct slice *in, unsigned classes,
                                   struct slice *out)
{
	size_t n = scan_span(*in, classes);

	if (n == 0)
		return false;
	scan_take(in, n, out);
	return true;
}

static inline bool scan_take_token(struct slice *in, struct slice *out)
{
	return scan_take_class(in, CHAR_TOKEN, out);
}

static inline bool scan_take_char(struct slice *in, char c)
{
	if (in->len == 0 || in->p[0] != c)
		return false;
	*in = slice_skip(*in, 1);
	return true;
}

static inline void scan_skip_lws(struct slice *in)
{
	while (in->len != 0 && char_is(in->p[0], CHAR_LWS))
		*in = slice_skip(*in, 1);
}

static inline bool scan_take_sep(struct slice *in, char c)
{
	struct slice rest = *in;

	scan_skip_lws(&rest);
	if (!scan_take_char(&rest, c))
		return false;
	scan_skip_lws(&rest);
	*in = rest;
	return true;
}

static inline struct slice scan_trim_end(struct slice s)
{
	while (s.len != 0 && char_is(s.p[s.len - 1], CHAR_LWS))
		s.len--;
	return s;
}

static inline struct slice scan_trim(struct slice s)
{
	scan_skip_lws(&s);
	return scan_trim_end(s);
}

/* Offset of the first c, or in.len. */
static inline size_t scan_find(struct slice in, char c)
{
	const char *at = in.len == 0 ? NULL : memchr(in.p, c, in.len);

	return at == NULL ? in.len : (size_t)(at - in.p);
}

/* The same len octets, of which there are two at least: for names, which are
 * too short for a call of memcmp(). */
static inline bool scan_same(const char *a, const char *b, size_t len)
{
	if (len < 8) {
		for (size_t i = 0; i + 2 < len; i += 2)
			if (memcmp(a + i, b + i, 2) != 0)
				return false;
		return memcmp(a + len - 2, b + len - 2, 2) == 0;
	}
	for (size_t i = 0; i + 8 < len; i += 8)
		if (memcmp(a + i, b + i, 8) != 0)
			return false;
	return memcmp(a + len - 8, b + len - 8, 8) == 0;
}

/* One or more digits that make a number of at most max. */
static inline bool scan_take_number(struct slice *in, uint32_t max,
                                    uint32_t *out)
{
	uint64_t number = 0;
	size_t n = 0;

	for (; n < in->len; n++) {
		unsigned digit = (unsigned char)in->p[n] - (unsigned)'0';

		if (digit > 9)
			break;
		number = number * 10 + digit;
		if (number > max)
			return false;
	}
	if (n == 0)
		return false;
	*in = slice_skip(*in, n);
	*out = (uint32_t)number;
	return true;
}

/* The same word in any case; known is a literal, spelt as most write it. */
static inline bool scan_is(struct slice name, struct slice known)
{
	return name.len == known.len
	       && (memcmp(name.p, known.p, known.len) == 0
		   || slice_eq_nocase(name, known));
}

/* Octets of the quoted-string that in begins with, quotes included; 0 when it
 * does not end. Without a backslash, which is the rule, memchr() finds it. */
static inline size_t scan_quoted_len(struct slice in)
{
	struct slice rest = slice_skip(in, 1);
	size_t n = scan_find(rest, '"');

	if (n == rest.len)
		return 0;
	if (scan_find(slice_make(rest.p, n), '\\') == n)
		return n + 2;
	return slice_take_quoted(&in, &rest) ? rest.len + 2 : 0;
}

/* A quoted-string with its quotes. */
static inline bool scan_take_quoted(struct slice *in, struct slice *out)
{
	size_t n = 0;

	if (in->len != 0 && in->p[0] == '"')
		n = scan_quoted_len(*in);
	if (n == 0)
		return false;
	scan_take(in, n, out);
	return true;
}

/* Octets up to the comma that ends the first element of a list. */
static inline size_t scan_element_len(struct slice in)
{
	size_t n = 0;

	while (n < in.len && in.p[n] != ',') {
		size_t skip = 1;

		if (in.p[n] == '<')
			skip = scan_find(slice_skip(in, n), '>') + 1;
		else if (in.p[n] == '"')
			skip = scan_quoted_len(slice_skip(in, n));
		if (skip == 0 || skip > in.len - n)
			return in.len;  /* open to the end */
		n += skip;
	}
	return n;
}

static inline bool scan_take_element(struct slice *in, struct slice *out)
{
	struct slice rest = *in, element = SLICE_EMPTY;

	while (element.len == 0) {
		if (rest.len == 0)
			return false;
		scan_take(&rest, scan_element_len(rest), &element);
		scan_take_sep(&rest, ',');
		element = scan_trim(element);
	}
	*in = rest;
	*out = element;
	return true;
}

#endif
