/* The typed values of those headers that a user agent acts on. */

#include "core/message/header.h"

#include "core/message/scan.h"

/* --- parameters --- */

/*
 * What a parameter's value may consist of: gen-value (25.1), an IPv6 address
 * with brackets or without (RFC 5118 4.5), and "=", which tags and branches
 * made by base64 end in.
 */
static size_t value_len(struct slice in)
{
	size_t n = 0;

	for (;;) {
		n += scan_span(slice_skip(in, n), CHAR_TOKEN | CHAR_PARAM);
		if (n == in.len || in.p[n] != '=')
			return n;
		n++;
	}
}

/* A value, with its quotes if it has them. */
static bool take_value(struct slice *in, struct slice *out)
{
	size_t n = value_len(*in);

	if (n == 0)
		return scan_take_quoted(in, out);
	scan_take(in, n, out);
	return true;
}

/* name [ EQUAL value ]; the value's p is NULL where there is none. */
static inline bool take_pair(struct slice *in, struct slice *name,
                             struct slice *value)
{
	*value = slice_make(NULL, 0);
	if (!scan_take_token(in, name))
		return false;
	return !scan_take_sep(in, '=') || take_value(in, value);
}

/* Begins to walk *( SEMI name [ EQUAL value ] ), the rest of a value: *all
 * is the whole without its first ";" (p NULL: there are none). */
static struct slice begin_params(struct slice in, struct slice *all)
{
	struct slice rest = in;

	*all = scan_take_sep(&rest, ';') ? rest : slice_make(NULL, 0);
	return in;
}

/* The next of them. False at the end, with in->len == 0, and where the
 * grammar is broken. */
static bool take_param(struct slice *in, struct slice *name,
                       struct slice *value)
{
	struct slice rest = *in;

	if (!scan_take_sep(&rest, ';') || !take_pair(&rest, name, value))
		return false;
	*in = rest;
	return true;
}

static bool take_params(struct slice in, struct slice *all)
{
	struct slice name, value;

	in = begin_params(in, all);
	while (in.len != 0 && take_param(&in, &name, &value))
		;
	return in.len == 0;
}

bool params_find(struct slice params, struct slice name, struct slice *value)
{
	struct slice n, v;

	scan_skip_lws(&params);
	do {
		if (!take_pair(&params, &n, &v))
			return false;
		if (slice_eq_nocase(n, name)) {
			*value = v;
			return true;
		}
	} while (scan_take_sep(&params, ';'));
	return false;
}

struct slice unquote(struct slice s, struct buf *scratch)
{
	size_t start = scratch->len;
	struct slice inside, in = s;

	if (!scan_take_quoted(&in, &inside) || in.len != 0)
		return s;
	inside = slice_make(inside.p + 1, inside.len - 2);
	if (scan_find(inside, '\\') == inside.len)
		return inside;
	for (size_t i = 0; i < inside.len; i++) {
		if (inside.p[i] == '\\')
			i++;    /* scan_take_quoted(): one follows */
		buf_char(scratch, inside.p[i]);
	}
	if (buf_error(scratch) != OK)
		return SLICE_EMPTY;
	return slice_skip(buf_view(scratch), start);
}

/* --- Via --- */

static bool read_via_param(struct via *v, struct slice name,
                           struct slice value)
{
	if (scan_is(name, SLICE("branch"))) {
		v->branch = value;
		return value.p != NULL;
	}
	if (scan_is(name, SLICE("rport"))) {
		v->has_rport = true;
		return value.p == NULL
		       || (uri_take_port(&value, &v->rport)
			   && value.len == 0);
	}
	if (scan_is(name, SLICE("received")))
		v->received = value;
	else if (scan_is(name, SLICE("maddr")))
		v->maddr = value;
	return true;
}

static enum transport transport_of(struct slice name)
{
	if (slice_eq(name, SLICE("UDP")))
		return TRANSPORT_UDP;
	if (slice_eq(name, SLICE("TCP")))
		return TRANSPORT_TCP;
	return transport_from_name(name);
}

/* sent-protocol LWS */
static bool take_sent_protocol(struct slice *in, struct via *v)
{
	static const struct slice usual = SLICE_INIT("SIP/2.0");
	const char *start = in->p;
	struct slice part, version, lws;

	if (in->len > usual.len && memcmp(start, usual.p, 7) == 0) {
		scan_take(in, usual.len, &v->protocol);
	} else {
		if (!scan_take_token(in, &part) || !scan_take_sep(in, '/')
		    || !scan_take_token(in, &version))
			return false;
		v->protocol = slice_between(start, version.p + version.len);
	}
	if (!scan_take_sep(in, '/')
	    || !scan_take_token(in, &v->transport_name)
	    || !scan_take_class(in, CHAR_LWS, &lws))
		return false;
	v->transport = transport_of(v->transport_name);
	return true;
}

static bool take_sent_by(struct slice *in, struct via *v)
{
	const char *start = in->p;

	if (!uri_take_host(in, &v->host))
		return false;
	v->sent_by = v->host;
	if (scan_take_sep(in, ':')) {
		if (!uri_take_port(in, &v->port))
			return false;
		v->sent_by = slice_between(start, in->p);
	}
	return true;
}

bool via_parse(struct slice in, struct via *out)
{
	struct slice name, value;

	out->branch = out->received = out->maddr = slice_make(NULL, 0);
	out->port = out->rport = 0;
	out->has_rport = false;
	if (!take_sent_protocol(&in, out) || !take_sent_by(&in, out))
		return false;
	in = begin_params(in, &out->params);
	while (in.len != 0 && take_param(&in, &name, &value))
		if (!read_via_param(out, name, value))
			return false;
	return in.len == 0;
}

bool via_branch_is_rfc3261(const struct via *v)
{
	static const struct slice cookie = SLICE_INIT("z9hG4bK");

	/* Without regard to case, as a token is (7.3.1). */
	return v->branch.len > cookie.len
	       && slice_starts_with_nocase(v->branch, cookie);
}

/* --- name-addr and addr-spec --- */

/*
 * Unquoted words before "<". The grammar wants tokens; people write names
 * with other letters and signs too, and no harm is done by reading them.
 */
static size_t words_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len
	       && (char_is(s.p[n], CHAR_TOKEN | CHAR_LWS | CHAR_USER)
		   || (unsigned char)s.p[n] >= 0x80)
	       && s.p[n] != ',' && s.p[n] != ';')
		n++;
	return n;
}

/* [ display-name ] "<" addr-spec ">", or false and *in untouched when it is
 * an addr-spec alone. */
static bool take_name_addr(struct slice *in, struct name_addr *a)
{
	struct slice rest = *in;
	size_t words, end;

	if (scan_take_quoted(&rest, &a->display)) {
		scan_skip_lws(&rest);
	} else {
		words = words_len(rest);
		a->display = scan_trim(slice_make(rest.p, words));
		rest = slice_skip(rest, words);
	}
	if (!scan_take_char(&rest, '<'))
		return false;
	end = scan_find(rest, '>');
	if (end == rest.len)
		return false;
	a->uri_text = slice_make(rest.p, end);
	*in = slice_skip(rest, end + 1);
	return true;
}

/* addr-spec without "<>": "," ";" and "?" cannot be part of it (20.10). */
static bool take_addr_spec(struct slice *in, struct name_addr *a)
{
	size_t n = 0;

	while (n < in->len && in->p[n] != ';' && !char_is(in->p[n], CHAR_LWS)) {
		if (in->p[n] == '?' || in->p[n] == ',')
			return false;
		n++;
	}
	a->display = SLICE_EMPTY;
	a->uri_text = slice_make(in->p, n);
	*in = slice_skip(*in, n);
	return true;
}

/* All but the parameters, which are left in *in. */
static bool take_address(struct slice *in, struct name_addr *a)
{
	return (take_name_addr(in, a) || take_addr_spec(in, a))
	       && uri_parse(a->uri_text, &a->uri);
}

static bool read_address_param(struct name_addr *a, struct slice name,
                               struct slice value)
{
	if (!scan_is(name, SLICE("tag")))
		return true;
	a->tag = value;
	return value.p != NULL;
}

static bool read_contact_param(struct contact *c, struct slice name,
                               struct slice value)
{
	if (scan_is(name, SLICE("q"))) {
		c->has_q = true;
		return slice_to_q(value, &c->q_thousandths);
	}
	if (scan_is(name, SLICE("expires"))) {
		c->has_expires = true;
		/* 20.10: what is malformed counts as an hour. */
		if (!delta_seconds_parse(value, &c->expires_s))
			c->expires_s = 3600;
	}
	return true;
}

/* c is NULL where the parameters are not those of a Contact. */
static bool parse_address(struct slice in, struct name_addr *a,
                          struct contact *c)
{
	struct slice name, value;

	if (in.len == 1 && in.p[0] == '*') {
		*a = (struct name_addr){ .uri_text = in, .star = true };
		return true;
	}
	a->tag = slice_make(NULL, 0);
	a->star = false;
	if (!take_address(&in, a))
		return false;
	in = begin_params(in, &a->params);
	while (in.len != 0 && take_param(&in, &name, &value))
		if (!read_address_param(a, name, value)
		    || (c != NULL && !read_contact_param(c, name, value)))
			return false;
	return in.len == 0;
}

bool name_addr_parse(struct slice in, struct name_addr *out)
{
	return parse_address(in, out, NULL);
}

bool contact_parse(struct slice in, struct contact *out)
{
	out->has_q = out->has_expires = false;
	out->q_thousandths = out->expires_s = 0;
	return parse_address(in, &out->addr, out);
}

/* --- scalars --- */

bool cseq_parse(struct slice in, struct cseq *out)
{
	struct slice lws;
	struct cseq c;

	if (!scan_take_number(&in, INT32_MAX, &c.number)
	    || !scan_take_class(&in, CHAR_LWS, &lws)
	    || !scan_take_token(&in, &c.method_name)
	    || in.len != 0)
		return false;
	c.method = method_lookup(c.method_name);
	*out = c;
	return true;
}

bool delta_seconds_parse(struct slice in, uint32_t *out)
{
	if (!slice_all(in, CHAR_DIGIT))
		return false;
	if (!slice_to_u32(in, UINT32_MAX, out))
		*out = UINT32_MAX;
	return true;
}

bool max_forwards_parse(struct slice in, uint32_t *out)
{
	return scan_take_number(&in, 255, out) && in.len == 0;
}

/* "(" ... ")" with more of them inside, and backslashes (25.1). */
static bool take_comment(struct slice *in)
{
	size_t depth = 0;

	if (in->len == 0 || in->p[0] != '(')
		return false;
	for (size_t i = 0; i < in->len; i++) {
		if (in->p[i] == '\\') {
			i++;
		} else if (in->p[i] == '(') {
			depth++;
		} else if (in->p[i] == ')' && --depth == 0) {
			*in = slice_skip(*in, i + 1);
			return true;
		}
	}
	return false;
}

bool retry_after_parse(struct slice in, uint32_t *seconds)
{
	struct slice digits, params;
	uint32_t n;

	if (!slice_take_digits(&in, &digits)
	    || !delta_seconds_parse(digits, &n))
		return false;
	scan_skip_lws(&in);
	take_comment(&in);
	if (!take_params(in, &params))
		return false;
	*seconds = n;
	return true;
}

bool call_id_valid(struct slice in)
{
	struct slice word;

	if (!scan_take_class(&in, CHAR_WORD, &word))
		return false;
	if (scan_take_char(&in, '@')
	    && !scan_take_class(&in, CHAR_WORD, &word))
		return false;
	return in.len == 0;
}

bool media_type_parse(struct slice in, struct media_type *out)
{
	struct media_type t;

	if (!scan_take_token(&in, &t.type) || !scan_take_sep(&in, '/')
	    || !scan_take_token(&in, &t.subtype)
	    || !take_params(in, &t.params))
		return false;
	*out = t;
	return true;
}

bool media_type_is(const struct media_type *t, struct slice type,
                   struct slice subtype)
{
	return slice_eq_nocase(t->type, type)
	       && slice_eq_nocase(t->subtype, subtype);
}

bool warning_parse(struct slice in, struct warning *out)
{
	struct slice digits;
	struct warning w;

	if (!slice_take_digits(&in, &digits) || digits.len != 3
	    || !slice_to_u32(digits, 999, &w.code)
	    || !slice_take_lws(&in)
	    || !slice_take_until(&in, ' ', &w.agent) || w.agent.len == 0
	    || !slice_take_lws(&in)
	    || !slice_take_quoted(&in, &w.text) || in.len != 0)
		return false;
	*out = w;
	return true;
}
