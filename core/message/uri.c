/* URIs are checked octet by octet against RFC 3261 25.1 while they are split;
 * nothing is decoded before somebody compares. */

#include "core/message/uri.h"

#include "core/message/scan.h"

/* --- parsing --- */

static bool is_escape(struct slice s)
{
	return s.len >= 3 && s.p[0] == '%' && char_is(s.p[1], CHAR_HEX)
	       && char_is(s.p[2], CHAR_HEX);
}

/* How many octets at the front are of these classes, or escaped. */
static size_t escaped_span(struct slice s, unsigned classes)
{
	size_t n = 0;

	for (;;) {
		n += scan_span(slice_skip(s, n), classes);
		if (!is_escape(slice_skip(s, n)))
			return n;
		n += 3;
	}
}

static bool take_escaped(struct slice *in, unsigned classes,
                         struct slice *out)
{
	size_t n = escaped_span(*in, classes);

	if (n == 0)
		return false;
	scan_take(in, n, out);
	return true;
}

static bool take_scheme_name(struct slice *in, struct slice *name)
{
	size_t n = scan_span(*in, CHAR_ALPHA);

	if (n == 0)
		return false;
	while (n < in->len
	       && (char_is(in->p[n], CHAR_ALPHA | CHAR_DIGIT)
		   || in->p[n] == '+' || in->p[n] == '-' || in->p[n] == '.'))
		n++;
	if (n == in->len || in->p[n] != ':')
		return false;
	scan_take(in, n, name);
	*in = slice_skip(*in, 1);
	return true;
}

/* Nearly all are sip, in small letters. */
static bool take_scheme(struct slice *in, struct uri *u)
{
	u->scheme = URI_SIP;
	if (in->len >= 4 && memcmp(in->p, "sip:", 4) == 0) {
		u->scheme_name = slice_make(in->p, 3);
		*in = slice_skip(*in, 4);
		return true;
	}
	if (!take_scheme_name(in, &u->scheme_name))
		return false;
	if (scan_is(u->scheme_name, SLICE("sips")))
		u->scheme = URI_SIPS;
	else if (scan_is(u->scheme_name, SLICE("tel")))
		u->scheme = URI_TEL;
	else if (!scan_is(u->scheme_name, SLICE("sip")))
		u->scheme = URI_OTHER;
	return true;
}

/* password: what a user part may hold, but for ; ? and / */
static bool password_is_valid(struct slice s)
{
	return escaped_span(s, CHAR_USER) == s.len
	       && slice_find(s, ';') == s.len && slice_find(s, '?') == s.len
	       && slice_find(s, '/') == s.len;
}

/* [ userinfo "@" ]. Nothing behind it may hold an "@", so the first one is
 * its end. */
static bool take_userinfo(struct slice *in, struct uri *u)
{
	size_t at = scan_find(*in, '@');
	size_t user_len;

	if (at == in->len)
		return true;
	user_len = escaped_span(slice_make(in->p, at), CHAR_USER);
	if (user_len == 0 || (user_len != at && in->p[user_len] != ':'))
		return false;
	u->user = slice_make(in->p, user_len);
	if (user_len != at)
		u->password = slice_between(in->p + user_len + 1, in->p + at);
	*in = slice_skip(*in, at + 1);
	return u->password.p == NULL || password_is_valid(u->password);
}

/* "[" ... "]" in front of s; 0 when that is no IPv6 address. */
static size_t ipv6_len(struct slice s)
{
	size_t n = slice_find(s, ']') + 1;
	struct addr ip;

	if (n > s.len || !addr_parse_ip(slice_make(s.p, n), &ip)
	    || ip.family != FAMILY_IPV6)
		return 0;
	return n;
}

bool uri_take_host(struct slice *in, struct slice *host)
{
	size_t n = scan_span(*in, CHAR_HOST);

	if (n == 0 && in->len != 0 && in->p[0] == '[')
		n = ipv6_len(*in);
	if (n == 0)
		return false;
	scan_take(in, n, host);
	return true;
}

bool uri_take_port(struct slice *in, uint16_t *port)
{
	struct slice rest = *in;
	uint32_t n;

	if (!scan_take_number(&rest, UINT16_MAX, &n) || n == 0)
		return false;
	*port = (uint16_t)n;
	*in = rest;
	return true;
}

/* uri-parameters, the first ";" taken already. */
static bool take_params(struct slice *in, struct slice *out)
{
	const char *start = in->p;
	struct slice part;

	do {
		if (!take_escaped(in, CHAR_PARAM, &part))
			return false;
		if (scan_take_char(in, '=')
		    && !take_escaped(in, CHAR_PARAM, &part))
			return false;
	} while (scan_take_char(in, ';'));
	*out = slice_between(start, in->p);
	return true;
}

/* headers, the "?" taken already. "&", which parts them, is a paramchar. */
static bool take_headers(struct slice *in, struct slice *out)
{
	size_t n = 0;

	for (;;) {
		n += escaped_span(slice_skip(*in, n), CHAR_PARAM);
		if (n == in->len || (in->p[n] != '=' && in->p[n] != '?'))
			break;
		n++;
	}
	if (n == 0)
		return false;
	scan_take(in, n, out);
	return true;
}

static bool parse_sip(struct slice in, struct uri *u)
{
	if (!take_userinfo(&in, u) || !uri_take_host(&in, &u->host))
		return false;
	if (scan_take_char(&in, ':') && !uri_take_port(&in, &u->port))
		return false;
	if (scan_take_char(&in, ';') && !take_params(&in, &u->params))
		return false;
	if (scan_take_char(&in, '?') && !take_headers(&in, &u->headers))
		return false;
	return in.len == 0;
}

/* Visible ASCII without the delimiters of RFC 2396 2.4.3. */
static bool opaque_is_valid(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"')
			return false;
		if (c == '%' && !is_escape(slice_skip(s, i)))
			return false;
	}
	return s.len != 0;
}

static bool parse_parts(struct slice in, struct uri *u)
{
	if (!take_scheme(&in, u))
		return false;
	if (u->scheme == URI_SIP || u->scheme == URI_SIPS)
		return parse_sip(in, u);
	u->opaque = in;
	return opaque_is_valid(in);
}

bool uri_parse(struct slice in, struct uri *out)
{
	const struct slice none = { NULL, 0 };

	out->text = in;
	out->user = out->password = out->host = none;
	out->params = out->headers = out->opaque = none;
	out->port = 0;
	if (parse_parts(in, out))
		return true;
	out->scheme = URI_NONE;
	return false;
}

/* --- comparing (19.1.4) --- */

enum { ESCAPED = 0x100 };

/* A URI of more parameters or headers than this equals only its own text, so
 * that comparing costs no more than its length times this. */
enum { COMPARED_MAX = 64 };

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a') + 10;
}

/* unreserved, of 25.1: the same with and without an escape. */
static bool is_unreserved(char c)
{
	return char_is(c, CHAR_USER) && char_is(c, CHAR_PARAM)
	       && c != '&' && c != '+' && c != '$' && c != '/';
}

/* The next character; one that is not unreserved and was escaped differs
 * from the same without escape. s is not empty. */
static unsigned take_unit(struct slice *s)
{
	unsigned char c = (unsigned char)s->p[0];

	if (!is_escape(*s)) {
		*s = slice_skip(*s, 1);
		return c;
	}
	c = (unsigned char)(hex_digit(s->p[1]) << 4 | hex_digit(s->p[2]));
	*s = slice_skip(*s, 3);
	return is_unreserved((char)c) ? c : ESCAPED | c;
}

static unsigned unit_lower(unsigned unit)
{
	return unit >= 'A' && unit <= 'Z' ? unit | 0x20 : unit;
}

static bool part_equal(struct slice a, struct slice b, bool fold)
{
	while (a.len != 0 && b.len != 0) {
		unsigned x = take_unit(&a), y = take_unit(&b);

		if (fold ? unit_lower(x) != unit_lower(y) : x != y)
			return false;
	}
	return a.len == b.len;
}

/* Takes name[=value] up to the separator; false at the end. */
static bool next_pair(struct slice *rest, char separator, struct slice *name,
                      struct slice *value)
{
	size_t n = slice_find(*rest, separator);
	struct slice pair = slice_make(rest->p, n);

	if (rest->len == 0)
		return false;
	*rest = slice_skip(*rest, n == rest->len ? n : n + 1);
	n = slice_find(pair, '=');
	*name = slice_make(pair.p, n);
	*value = slice_skip(pair, n == pair.len ? n : n + 1);
	return true;
}

bool uri_next_param(struct slice *rest, struct slice *name,
                    struct slice *value)
{
	return next_pair(rest, ';', name, value);
}

bool uri_next_header(struct slice *rest, struct slice *name,
                     struct slice *value)
{
	return next_pair(rest, '&', name, value);
}

static bool find_pair(struct slice list, char separator, struct slice wanted,
                      struct slice *value)
{
	struct slice name, v;

	while (next_pair(&list, separator, &name, &v))
		if (part_equal(name, wanted, true)) {
			*value = v;
			return true;
		}
	return false;
}

bool uri_param(const struct uri *u, struct slice name, struct slice *value)
{
	return find_pair(u->params, ';', name, value);
}

enum transport uri_transport(const struct uri *u, bool *unknown)
{
	enum transport t = TRANSPORT_NONE;
	struct slice value;
	bool named = uri_param(u, SLICE("transport"), &value);

	if (named)
		t = transport_from_name(value);
	if (unknown != NULL)
		*unknown = named && t == TRANSPORT_NONE;
	return t;
}

bool uri_is_loose_router(const struct uri *u)
{
	struct slice value;

	return uri_param(u, SLICE("lr"), &value);
}

/* The parameters that have to be in both if they are in one. The text of
 * 19.1.4 leaves transport out, its examples do not. */
static bool param_is_decisive(struct slice name)
{
	static const struct slice decisive[] = {
		SLICE_INIT("user"), SLICE_INIT("ttl"), SLICE_INIT("method"),
		SLICE_INIT("maddr"), SLICE_INIT("transport"),
	};

	for (size_t i = 0; i < sizeof(decisive) / sizeof(decisive[0]); i++)
		if (part_equal(name, decisive[i], true))
			return true;
	return false;
}

/* No parameter of a speaks against b; call it both ways. */
static bool params_agree(struct slice a, struct slice b)
{
	struct slice name, value, other;
	unsigned n = 0;

	while (next_pair(&a, ';', &name, &value)) {
		if (++n > COMPARED_MAX)
			return false;
		if (find_pair(b, ';', name, &other)) {
			if (!part_equal(value, other, true))
				return false;
		} else if (param_is_decisive(name)) {
			return false;
		}
	}
	return true;
}

/* Every header of a is in b. */
static bool headers_within(struct slice a, struct slice b)
{
	struct slice name, value, other;
	unsigned n = 0;

	while (next_pair(&a, '&', &name, &value))
		if (++n > COMPARED_MAX || !find_pair(b, '&', name, &other)
		    || !part_equal(value, other, false))
			return false;
	return true;
}

/* An IPv6 address has many spellings (RFC 5954 4.2). */
static bool host_equal(struct slice a, struct slice b)
{
	struct addr x, y;

	if (slice_eq_nocase(a, b))
		return true;
	return a.len != 0 && a.p[0] == '[' && addr_parse_ip(a, &x)
	       && addr_parse_ip(b, &y) && addr_same_ip(&x, &y);
}

static bool is_sip(const struct uri *u)
{
	return u->scheme == URI_SIP || u->scheme == URI_SIPS;
}

bool uri_equal(const struct uri *a, const struct uri *b)
{
	if (slice_eq(a->text, b->text))
		return true;
	if (!is_sip(a) || !is_sip(b))
		return false;
	return a->scheme == b->scheme && a->port == b->port
	       && (a->user.p == NULL) == (b->user.p == NULL)
	       && (a->password.p == NULL) == (b->password.p == NULL)
	       && part_equal(a->user, b->user, false)
	       && part_equal(a->password, b->password, false)
	       && host_equal(a->host, b->host)
	       && params_agree(a->params, b->params)
	       && params_agree(b->params, a->params)
	       && headers_within(a->headers, b->headers)
	       && headers_within(b->headers, a->headers);
}

bool uri_text_equal(struct slice a, struct slice b)
{
	struct uri x, y;

	if (slice_eq(a, b))
		return true;
	return uri_parse(a, &x) && uri_parse(b, &y) && uri_equal(&x, &y);
}

/* --- printing --- */

void uri_unescape(struct buf *b, struct slice s)
{
	while (s.len != 0) {
		size_t plain = slice_find(s, '%');

		buf_slice(b, slice_make(s.p, plain));
		s = slice_skip(s, plain);
		if (is_escape(s)) {
			buf_char(b, (char)(hex_digit(s.p[1]) << 4
					   | hex_digit(s.p[2])));
			s = slice_skip(s, 3);
		} else if (s.len != 0) {
			buf_char(b, '%');
			s = slice_skip(s, 1);
		}
	}
}

void uri_escape(struct buf *b, struct slice s, unsigned classes)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (char_is(s.p[i], classes) && c != '%') {
			buf_char(b, s.p[i]);
		} else {
			buf_char(b, '%');
			buf_char(b, digits[c >> 4]);
			buf_char(b, digits[c & 15]);
		}
	}
}

static void print_host_port(struct buf *b, const struct uri *u)
{
	buf_slice(b, u->host);
	if (u->port != 0) {
		buf_char(b, ':');
		buf_u64(b, u->port);
	}
}

void uri_print_request(struct buf *b, const struct uri *u)
{
	struct slice rest = u->params, name, value;

	if (!is_sip(u)) {
		buf_slice(b, u->text);
		return;
	}
	buf_slice(b, u->scheme_name);
	buf_char(b, ':');
	if (u->user.p != NULL) {
		buf_slice(b, u->user);
		if (u->password.p != NULL) {
			buf_char(b, ':');
			buf_slice(b, u->password);
		}
		buf_char(b, '@');
	}
	print_host_port(b, u);
	while (uri_next_param(&rest, &name, &value)) {
		if (part_equal(name, SLICE("method"), true))
			continue;
		buf_char(b, ';');
		buf_slice(b, slice_between(name.p, value.p + value.len));
	}
}

void uri_print_domain(struct buf *b, const struct uri *u)
{
	if (!is_sip(u)) {
		buf_slice(b, u->text);
		return;
	}
	buf_slice(b, u->scheme_name);
	buf_char(b, ':');
	print_host_port(b, u);
}
