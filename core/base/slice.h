#ifndef CORE_BASE_SLICE_H
#define CORE_BASE_SLICE_H

/*
 * A view of octets that somebody else owns, and the only scanner.
 *
 * NUL is an ordinary octet. Every function is bounded by len and allocates
 * nothing. The slice_take_* functions are the scanner: each consumes from
 * the front of *in what it names and returns true, or returns false and
 * leaves both *in and the output untouched.
 *
 * Header values never contain CR or LF (the message parser unfolds them),
 * so LWS here is SP and HTAB.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t len;
};

/* A string literal, usable in static initialisers: { SLICE_INIT("x") } */
#define SLICE_INIT(lit) { (lit), sizeof(lit) - 1 }
#define SLICE(lit)      ((struct slice){ (lit), sizeof(lit) - 1 })
#define SLICE_EMPTY     ((struct slice){ "", 0 })
/* For printf's "%.*s"; only for text that is ours. */
#define SLICE_ARG(s)    (int)(s).len, (s).p

static inline struct slice slice_make(const char *p, size_t len)
{
	return (struct slice){ p, len };
}

/* Of a NUL terminated string; NULL makes the empty slice. */
static inline struct slice slice_str(const char *s)
{
	return s == NULL ? SLICE_EMPTY : slice_make(s, strlen(s));
}

/* From a to b (b is behind the last octet). */
static inline struct slice slice_between(const char *a, const char *b)
{
	return slice_make(a, (size_t)(b - a));
}

static inline struct slice slice_skip(struct slice s, size_t n)
{
	return slice_make(s.p + n, s.len - n);
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ASCII case is ignored. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_starts_with_nocase(struct slice s, struct slice prefix);
/* Like memcmp(), shorter first; for sorting. */
int slice_cmp(struct slice a, struct slice b);
/* Offset of the first c, or s.len. */
size_t slice_find(struct slice s, char c);
/* Offset of the first occurrence of needle, or s.len. */
size_t slice_find_slice(struct slice s, struct slice needle);
/* Without SP and HTAB at both ends. */
struct slice slice_trim(struct slice s);

/* A malloc()ed NUL terminated copy; NULL when memory is short. */
char *slice_dup(struct slice s);

/* --- numbers: no sign, no space, at least one digit, no overflow --- */

/* The whole of s is a decimal number <= max. */
bool slice_to_u32(struct slice s, uint32_t max, uint32_t *out);
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out);
/* The whole of s is hex digits (either case), at most 16. */
bool slice_to_hex(struct slice s, uint64_t *out);
/* RFC 3261 25.1 qvalue ("1", "0.5", "0.333"), in thousandths. */
bool slice_to_q(struct slice s, uint32_t *out);

/* --- character classes (RFC 3261 25.1) --- */
enum char_class {
	CHAR_DIGIT   = 1 << 0,
	CHAR_ALPHA   = 1 << 1,
	CHAR_TOKEN   = 1 << 2,  /* token */
	CHAR_HEX     = 1 << 3,
	CHAR_USER    = 1 << 4,  /* user: unreserved and user-unreserved, no % */
	CHAR_HOST    = 1 << 5,  /* ALPHA DIGIT - . _ */
	CHAR_PARAM   = 1 << 6,  /* paramchar of a URI, no % */
	CHAR_WORD    = 1 << 7,  /* word: a Call-ID without its @ */
	CHAR_LWS     = 1 << 8   /* SP HTAB */
};

extern const uint16_t char_classes[256];

static inline bool char_is(char c, unsigned classes)
{
	return (char_classes[(unsigned char)c] & classes) != 0;
}

/* True when s is not empty and all of it is of these classes. */
bool slice_all(struct slice s, unsigned classes);
/* Octets of the UTF-8 character that s begins with; 0 when it is none (RFC
 * 3629: no surrogates, no overlong forms) or s is empty. */
size_t slice_utf8_len(struct slice s);
/* Valid UTF-8 throughout. */
bool slice_is_utf8(struct slice s);

/* --- the scanner --- */

/* This very octet. */
bool slice_take_char(struct slice *in, char c);
/* One or more octets of these classes. */
bool slice_take_class(struct slice *in, unsigned classes, struct slice *out);
bool slice_take_digits(struct slice *in, struct slice *out);
bool slice_take_token(struct slice *in, struct slice *out);
/* One or more SP or HTAB. */
bool slice_take_lws(struct slice *in);
/* Zero or more; never fails. */
void slice_skip_lws(struct slice *in);
/* LWS c LWS, as SEMI, COMMA, EQUAL, SLASH and COLON are (25.1). */
bool slice_take_sep(struct slice *in, char c);
/* All up to (not with) c; fails when there is no c. */
bool slice_take_until(struct slice *in, char c, struct slice *out);
/* A quoted-string; out is what stands between the quotes, still escaped.
 * A backslash as the last octet, or no closing quote, is a failure. */
bool slice_take_quoted(struct slice *in, struct slice *out);
/*
 * One generic-param behind its ";": name [EQUAL (token/host/quoted-string)].
 * value is the empty slice with value.p == NULL when there is no "=".
 * A quoted value keeps its quotes. Used as
 *     while (slice_take_param(&in, &name, &value)) ...
 * with in.len == 0 afterwards when all was well.
 */
bool slice_take_param(struct slice *in, struct slice *name,
                      struct slice *value);
/*
 * One element of a comma separated list, trimmed: commas inside quoted
 * strings and <> do not count. False at the end of the list. Empty
 * elements are skipped (RFC 3261 7.3.1 lists are 1#; robust all the same).
 */
bool slice_take_element(struct slice *in, struct slice *out);
/* One line without its LF or CRLF; the last may lack it. False at the end. */
bool slice_take_line(struct slice *in, struct slice *out);

#endif
