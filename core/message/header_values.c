/* The typed values of those headers that a user agent acts on. */

#include "core/message/header.h"

/* --- parameters --- */

/*
 * What a parameter's value may consist of: gen-value (25.1), an IPv6 address
 * with brackets or without (RFC 5118 4.5), and "=", which tags and branches
 * made by base64 end in.
 */
static bool is_value_char(char c)
{
	return char_is(c, CHAR_TOKEN | CHAR_PARAM) || c == '=';
}

/* A value, with its quotes if it has them. */
static bool take_value(struct slice *in, struct slice *out)
{
	struct slice rest = *in, inside;
	size_t n = 0;

	if (slice_take_quoted(&rest, &inside)) {
		n = inside.len + 2;
	} else {
		while (n < in->len && is_value_char(in->p[n]))
			n++;
	}
	if (n == 0)
		return false;
	*out = slice_make(in->p, n);
	*in = slice_skip(*in, n);
	return true;
}

/* name [ EQUAL value ]; the value's p is NULL where there is none. */
static bool take_pair(struct slice *in, struct slice *name,
                      struct slice *value)
{
	*value = slice_make(NULL, 0);
	if (!slice_take_token(in, name))
		return false;
	return !slice_take_sep(in, '=') || take_value(in, value);
}

/*
 * Walks *( SEMI name [ EQUAL value ] ) to the end of in, calls fn for each
 * and sets *all to the whole without its first ";" (p NULL: none). False
 * where the grammar is broken or fn says so.
 */
typedef bool pair_fn(struct slice name, struct slice value, void *arg);

static bool take_params(struct slice in, struct slice *all, pair_fn *fn,
                        void *arg)
{
	struct slice name, value;

	*all = slice_make(NULL, 0);
	if (slice_take_sep(&in, ';')) {
		*all = in;
		do {
			if (!take_pair(&in, &name, &value)
			    || !fn(name, value, arg))
				return false;
		} while (slice_take_sep(&in, ';'));
	}
	slice_skip_lws(&in);
	return in.len == 0;
}

bool params_find(struct slice params, struct slice name, struct slice *value)
{
	struct slice n, v;

	slice_skip_lws(&params);
	do {
		if (!take_pair(&params, &n, &v))
			return false;
		if (slice_eq_nocase(n, name)) {
			*value = v;
			return true;
		}
	} while (slice_take_sep(&params, ';'));
	return false;
}

struct slice unquote(struct slice s, struct buf *scratch)
{
	size_t start = scratch->len;
	struct slice inside, in = s;

	if (!slice_take_quoted(&in, &inside) || in.len != 0)
		return s;
	if (slice_find(inside, '\\') == inside.len)
		return inside;
	for (size_t i = 0; i < inside.len; i++) {
		if (inside.p[i] == '\\')
			i++;    /* slice_take_quoted(): one follows */
		buf_char(scratch, inside.p[i]);
	}
	if (buf_error(scratch) != OK)
		return SLICE_EMPTY;
	return slice_skip(buf_view(scratch), start);
}

/* --- Via --- */

static bool via_param(struct slice name, struct slice value, void *arg)
{
	struct via *v = arg;

	if (slice_eq_nocase(name, SLICE("branch"))) {
		v->branch = value;
		return value.p != NULL;
	}
	if (slice_eq_nocase(name, SLICE("rport"))) {
		v->has_rport = true;
		return value.p == NULL
		       || (uri_take_port(&value, &v->rport)
			   && value.len == 0);
	}
	if (slice_eq_nocase(name, SLICE("received")))
		v->received = value;
	else if (slice_eq_nocase(name, SLICE("maddr")))
		v->maddr = value;
	return true;
}

/* sent-protocol LWS */
static bool take_sent_protocol(struct slice *in, struct via *v)
{
	const char *start = in->p;
	struct slice part, version;

	if (!slice_take_token(in, &part) || !slice_take_sep(in, '/')
	    || !slice_take_token(in, &version))
		return false;
	v->protocol = slice_between(start, version.p + version.len);
	if (!slice_take_sep(in, '/')
	    || !slice_take_token(in, &v->transport_name)
	    || !slice_take_lws(in))
		return false;
	v->transport = transport_from_name(v->transport_name);
	return true;
}

static bool take_sent_by(struct slice *in, struct via *v)
{
	const char *start = in->p;

	if (!uri_take_host(in, &v->host))
		return false;
	v->sent_by = v->host;
	if (slice_take_sep(in, ':')) {
		if (!uri_take_port(in, &v->port))
			return false;
		v->sent_by = slice_between(start, in->p);
	}
	return true;
}

bool via_parse(struct slice in, struct via *out)
{
	struct via v = { .port = 0 };

	if (!take_sent_protocol(&in, &v) || !take_sent_by(&in, &v)
	    || !take_params(in, &v.params, via_param, &v))
		return false;
	*out = v;
	return true;
}

bool via_branch_is_rfc3261(const struct via *v)
{
	static const struct slice cookie = SLICE_INIT("z9hG4bK");

	/* Without regard to case, as a token is (7.3.1). */
	return v->branch.len > cookie.len
	       && slice_starts_with_nocase(v->branch, cookie);
}

/* --- name-addr and addr-spec --- */

static bool address_param(struct slice name, struct slice value, void *arg)
{
	struct name_addr *a = arg;

	if (!slice_eq_nocase(name, SLICE("tag")))
		return true;
	a->tag = value;
	return value.p != NULL;
}

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
	struct slice rest = *in, inside;
	size_t words;

	if (slice_take_quoted(&rest, &inside)) {
		a->display = slice_make(in->p, inside.len + 2);
		slice_skip_lws(&rest);
	} else {
		words = words_len(rest);
		a->display = slice_trim(slice_make(rest.p, words));
		rest = slice_skip(rest, words);
	}
	if (!slice_take_char(&rest, '<')
	    || !slice_take_until(&rest, '>', &a->uri_text))
		return false;
	*in = slice_skip(rest, 1);
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

static bool address_parse(struct slice in, struct name_addr *a, pair_fn *fn,
                          void *arg)
{
	a->tag = slice_make(NULL, 0);
	a->star = slice_eq(in, SLICE("*"));
	if (a->star) {
		a->display = a->params = SLICE_EMPTY;
		a->uri_text = in;
		a->uri = (struct uri){ .text = in };
		return true;
	}
	if (!take_name_addr(&in, a) && !take_addr_spec(&in, a))
		return false;
	return uri_parse(a->uri_text, &a->uri)
	       && take_params(in, &a->params, fn, arg);
}

bool name_addr_parse(struct slice in, struct name_addr *out)
{
	struct name_addr a;

	if (!address_parse(in, &a, address_param, &a))
		return false;
	*out = a;
	return true;
}

static bool contact_param(struct slice name, struct slice value, void *arg)
{
	struct contact *c = arg;

	if (slice_eq_nocase(name, SLICE("q"))) {
		c->has_q = true;
		return slice_to_q(value, &c->q_thousandths);
	}
	if (slice_eq_nocase(name, SLICE("expires"))) {
		c->has_expires = true;
		/* 20.10: what is malformed counts as an hour. */
		if (!delta_seconds_parse(value, &c->expires_s))
			c->expires_s = 3600;
		return true;
	}
	return address_param(name, value, &c->addr);
}

bool contact_parse(struct slice in, struct contact *out)
{
	struct contact c = { .has_q = false };

	if (!address_parse(in, &c.addr, contact_param, &c))
		return false;
	*out = c;
	return true;
}

/* --- scalars --- */

bool cseq_parse(struct slice in, struct cseq *out)
{
	struct slice digits;
	struct cseq c;

	if (!slice_take_digits(&in, &digits)
	    || !slice_to_u32(digits, INT32_MAX, &c.number)
	    || !slice_take_lws(&in)
	    || !slice_take_token(&in, &c.method_name)
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
	return slice_to_u32(in, 255, out);
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

static bool any_param(struct slice name, struct slice value, void *arg)
{
	(void)name;
	(void)value;
	(void)arg;
	return true;
}

bool retry_after_parse(struct slice in, uint32_t *seconds)
{
	struct slice digits, params;
	uint32_t n;

	if (!slice_take_digits(&in, &digits)
	    || !delta_seconds_parse(digits, &n))
		return false;
	slice_skip_lws(&in);
	take_comment(&in);
	if (!take_params(in, &params, any_param, NULL))
		return false;
	*seconds = n;
	return true;
}

bool call_id_valid(struct slice in)
{
	struct slice word;

	if (!slice_take_class(&in, CHAR_WORD, &word))
		return false;
	if (slice_take_char(&in, '@')
	    && !slice_take_class(&in, CHAR_WORD, &word))
		return false;
	return in.len == 0;
}

bool media_type_parse(struct slice in, struct media_type *out)
{
	struct media_type t;

	if (!slice_take_token(&in, &t.type) || !slice_take_sep(&in, '/')
	    || !slice_take_token(&in, &t.subtype)
	    || !take_params(in, &t.params, any_param, NULL))
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
