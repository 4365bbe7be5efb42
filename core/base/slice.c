/* Comparing, converting and scanning views of octets. */

#include "core/base/slice.h"

#include <stdlib.h>

/* The classes that letters and digits share. */
#define ALNUM  (CHAR_TOKEN | CHAR_USER | CHAR_HOST | CHAR_PARAM | CHAR_WORD)
#define DIGIT  (ALNUM | CHAR_DIGIT | CHAR_HEX)
#define ALPHA  (ALNUM | CHAR_ALPHA)
#define ALPHEX (ALPHA | CHAR_HEX)

#define T CHAR_TOKEN
#define U CHAR_USER
#define H CHAR_HOST
#define P CHAR_PARAM
#define W CHAR_WORD

const uint16_t char_classes[256] = {
	['\t'] = CHAR_LWS, [' '] = CHAR_LWS,

	['!'] = T | U | P | W,     ['"'] = W,
	['$'] = U | P,             ['%'] = T | W,
	['&'] = U | P,             ['\''] = T | U | P | W,
	['('] = U | P | W,         [')'] = U | P | W,
	['*'] = T | U | P | W,     ['+'] = T | U | P | W,
	[','] = U,                 ['-'] = T | U | H | P | W,
	['.'] = T | U | H | P | W, ['/'] = U | P | W,
	[':'] = P | W,             [';'] = U,
	['<'] = W,                 ['='] = U,
	['>'] = W,                 ['?'] = U | W,
	['['] = P | W,             ['\\'] = W,
	[']'] = P | W,             ['_'] = T | U | H | P | W,
	['`'] = T | W,             ['{'] = W,
	['}'] = W,                 ['~'] = T | U | P | W,

	['0'] = DIGIT,  ['1'] = DIGIT,  ['2'] = DIGIT,  ['3'] = DIGIT,
	['4'] = DIGIT,  ['5'] = DIGIT,  ['6'] = DIGIT,  ['7'] = DIGIT,
	['8'] = DIGIT,  ['9'] = DIGIT,

	['A'] = ALPHEX, ['B'] = ALPHEX, ['C'] = ALPHEX, ['D'] = ALPHEX,
	['E'] = ALPHEX, ['F'] = ALPHEX, ['G'] = ALPHA,  ['H'] = ALPHA,
	['I'] = ALPHA,  ['J'] = ALPHA,  ['K'] = ALPHA,  ['L'] = ALPHA,
	['M'] = ALPHA,  ['N'] = ALPHA,  ['O'] = ALPHA,  ['P'] = ALPHA,
	['Q'] = ALPHA,  ['R'] = ALPHA,  ['S'] = ALPHA,  ['T'] = ALPHA,
	['U'] = ALPHA,  ['V'] = ALPHA,  ['W'] = ALPHA,  ['X'] = ALPHA,
	['Y'] = ALPHA,  ['Z'] = ALPHA,

	['a'] = ALPHEX, ['b'] = ALPHEX, ['c'] = ALPHEX, ['d'] = ALPHEX,
	['e'] = ALPHEX, ['f'] = ALPHEX, ['g'] = ALPHA,  ['h'] = ALPHA,
	['i'] = ALPHA,  ['j'] = ALPHA,  ['k'] = ALPHA,  ['l'] = ALPHA,
	['m'] = ALPHA,  ['n'] = ALPHA,  ['o'] = ALPHA,  ['p'] = ALPHA,
	['q'] = ALPHA,  ['r'] = ALPHA,  ['s'] = ALPHA,  ['t'] = ALPHA,
	['u'] = ALPHA,  ['v'] = ALPHA,  ['w'] = ALPHA,  ['x'] = ALPHA,
	['y'] = ALPHA,  ['z'] = ALPHA,
};

/* n copies of one octet in a word, for eight octets at a time. */
#define OCTETS(n) (UINT64_C(0x0101010101010101) * (n))

static uint64_t load_word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/*
 * Lower case of eight octets at once. With the top bits cleared, adding
 * 0x80 - 'A' sets the top bit of what is 'A' or above, adding 0x7f - 'Z' of
 * what is above 'Z'; neither carries into the next octet.
 */
static uint64_t fold_word(uint64_t w)
{
	uint64_t low = w & OCTETS(0x7f);
	uint64_t from_a = low + OCTETS(0x80 - 'A');
	uint64_t above_z = low + OCTETS(0x7f - 'Z');
	uint64_t upper = (from_a ^ above_z) & ~w & OCTETS(0x80);

	return w | upper >> 2;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool equal_words(const char *a, const char *b)
{
	return fold_word(load_word(a)) == fold_word(load_word(b));
}

/* The last word may lie over the one before it. */
static bool equal_folded(const char *a, const char *b, size_t n)
{
	if (n >= 8) {
		for (size_t i = 0; i < n - 8; i += 8)
			if (!equal_words(a + i, b + i))
				return false;
		return equal_words(a + n - 8, b + n - 8);
	}
	for (; n != 0; a++, b++, n--)
		if (fold(*a) != fold(*b))
			return false;
	return true;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && equal_folded(a.p, b.p, a.len);
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len
	       && slice_eq(slice_make(s.p, prefix.len), prefix);
}

bool slice_starts_with_nocase(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && equal_folded(s.p, prefix.p, prefix.len);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

size_t slice_find(struct slice s, char c)
{
	const char *at = s.len == 0 ? NULL : memchr(s.p, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.p);
}

size_t slice_find_slice(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return s.len;
	at = memmem(s.p, s.len, needle.p, needle.len);
	return at == NULL ? s.len : (size_t)(at - s.p);
}

struct slice slice_trim(struct slice s)
{
	while (s.len != 0 && char_is(s.p[0], CHAR_LWS))
		s = slice_skip(s, 1);
	while (s.len != 0 && char_is(s.p[s.len - 1], CHAR_LWS))
		s.len--;
	return s;
}

char *slice_dup(struct slice s)
{
	char *copy = malloc(s.len + 1);

	if (copy == NULL)
		return NULL;
	if (s.len != 0)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9 || digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (s.len == 0)
		return false;
	*out = n;
	return true;
}

bool slice_to_u32(struct slice s, uint32_t max, uint32_t *out)
{
	uint64_t n;

	if (!slice_to_u64(s, max, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

bool slice_to_hex(struct slice s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len > 16 || !slice_all(s, CHAR_HEX))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = fold(s.p[i]);

		n = n << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*out = n;
	return true;
}

bool slice_to_q(struct slice s, uint32_t *out)
{
	uint32_t q;

	if (s.len == 0 || s.len > 5 || (s.p[0] != '0' && s.p[0] != '1'))
		return false;
	if (s.len > 1 && s.p[1] != '.')
		return false;
	q = s.p[0] == '1' ? 1000 : 0;
	for (uint32_t i = 2, unit = 100; i < s.len; i++, unit /= 10) {
		if (!char_is(s.p[i], CHAR_DIGIT))
			return false;
		q += unit * ((unsigned char)s.p[i] - (uint32_t)'0');
	}
	if (q > 1000)
		return false;
	*out = q;
	return true;
}

static size_t span(struct slice s, unsigned classes)
{
	size_t n = 0;

	while (n < s.len && char_is(s.p[n], classes))
		n++;
	return n;
}

bool slice_all(struct slice s, unsigned classes)
{
	return s.len != 0 && span(s, classes) == s.len;
}

size_t slice_utf8_len(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.len < n)
		return 0;

	/* RFC 3629 4: the second octet excludes what is overlong, a
	 * surrogate, or beyond U+10FFFF. */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool slice_is_utf8(struct slice s)
{
	while (s.len != 0) {
		size_t n;

		if (s.len >= 8 && (load_word(s.p) & OCTETS(0x80)) == 0)
			n = 8;
		else
			n = slice_utf8_len(s);
		if (n == 0)
			return false;
		s = slice_skip(s, n);
	}
	return true;
}

bool slice_take_char(struct slice *in, char c)
{
	if (in->len == 0 || in->p[0] != c)
		return false;
	*in = slice_skip(*in, 1);
	return true;
}

/* Takes the first n octets, which are there. */
static void take_front(struct slice *in, size_t n, struct slice *out)
{
	*out = slice_make(in->p, n);
	*in = slice_skip(*in, n);
}

bool slice_take_class(struct slice *in, unsigned classes, struct slice *out)
{
	size_t n = span(*in, classes);

	if (n == 0)
		return false;
	take_front(in, n, out);
	return true;
}

bool slice_take_digits(struct slice *in, struct slice *out)
{
	return slice_take_class(in, CHAR_DIGIT, out);
}

bool slice_take_token(struct slice *in, struct slice *out)
{
	return slice_take_class(in, CHAR_TOKEN, out);
}

bool slice_take_lws(struct slice *in)
{
	struct slice lws;

	return slice_take_class(in, CHAR_LWS, &lws);
}

void slice_skip_lws(struct slice *in)
{
	while (in->len != 0 && char_is(in->p[0], CHAR_LWS))
		*in = slice_skip(*in, 1);
}

bool slice_take_sep(struct slice *in, char c)
{
	struct slice rest = *in;

	slice_skip_lws(&rest);
	if (!slice_take_char(&rest, c))
		return false;
	slice_skip_lws(&rest);
	*in = rest;
	return true;
}

bool slice_take_until(struct slice *in, char c, struct slice *out)
{
	size_t n = slice_find(*in, c);

	if (n == in->len)
		return false;
	take_front(in, n, out);
	return true;
}

/* Octets of the quoted string that s begins with, quotes included; 0 when it
 * does not end. */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\')
			i++;
	}
	return 0;
}

bool slice_take_quoted(struct slice *in, struct slice *out)
{
	size_t n;

	if (in->len == 0 || in->p[0] != '"')
		return false;
	n = quoted_len(*in);
	if (n == 0)
		return false;
	take_front(in, n, out);
	*out = slice_make(out->p + 1, n - 2);
	return true;
}

/* gen-value (25.1), and an IPv6 address in brackets or, as RFC 5118 4.5 asks
 * for "received", without. */
static bool take_param_value(struct slice *in, struct slice *out)
{
	size_t n = 0;

	if (in->len != 0 && in->p[0] == '"')
		n = quoted_len(*in);
	else
		while (n < in->len
		       && (char_is(in->p[n], CHAR_TOKEN) || in->p[n] == ':'
			   || in->p[n] == '[' || in->p[n] == ']'))
			n++;
	if (n == 0)
		return false;
	take_front(in, n, out);
	return true;
}

bool slice_take_param(struct slice *in, struct slice *name,
                      struct slice *value)
{
	struct slice rest = *in, n, v = { NULL, 0 };

	if (!slice_take_sep(&rest, ';') || !slice_take_token(&rest, &n))
		return false;
	if (slice_take_sep(&rest, '=') && !take_param_value(&rest, &v))
		return false;
	if (slice_all(rest, CHAR_LWS))
		slice_skip_lws(&rest);
	*in = rest;
	*name = n;
	*value = v;
	return true;
}

/* Octets of the list's first element. */
static size_t element_len(struct slice s)
{
	bool in_angles = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c == ',' && !in_angles)
			return i;
		if (c == '<') {
			in_angles = true;
		} else if (c == '>') {
			in_angles = false;
		} else if (c == '"' && !in_angles) {
			size_t n = quoted_len(slice_skip(s, i));

			if (n == 0)
				break;
			i += n - 1;
		}
	}
	return s.len;
}

bool slice_take_element(struct slice *in, struct slice *out)
{
	struct slice rest = *in, element;

	do {
		if (rest.len == 0)
			return false;
		take_front(&rest, element_len(rest), &element);
		slice_take_char(&rest, ',');
		element = slice_trim(element);
	} while (element.len == 0);
	*in = rest;
	*out = element;
	return true;
}

bool slice_take_line(struct slice *in, struct slice *out)
{
	if (in->len == 0)
		return false;
	take_front(in, slice_find(*in, '\n'), out);
	if (slice_take_char(in, '\n') && out->len != 0
	    && out->p[out->len - 1] == '\r')
		out->len--;
	return true;
}
