/* One pass over the wire makes the index of header fields; the values are
 * left alone until somebody asks. */

#include "core/message/message.h"

#include "core/message/multipart.h"
#include "core/message/scan.h"

const struct message_limits message_limits_default = {
	.start_line = 8 * 1024,
	.header_block = 64 * 1024,
	.header = 16 * 1024,
	.body = 1024 * 1024,
	.headers = 256,
	.vias = 64,
};

void message_init(struct message *m)
{
	m->arena = (struct arena){ 0 };
	m->wire = SLICE_EMPTY;
	m->headers = m->inline_headers;
	m->inline_headers[0] = (struct header){ .id = HEADER_OTHER };
	m->nheaders = 0;
}

void message_deinit(struct message *m)
{
	arena_deinit(&m->arena);
}

/* What is found first is what is told. */
static void fail(struct fault *f, unsigned status, const char *reason)
{
	if (f->status == 0)
		*f = (struct fault){ status, reason };
}

/* One line without its LF or CRLF; the last may lack it. */
static inline bool take_line(struct slice *in, struct slice *out)
{
	size_t n = scan_find(*in, '\n');

	if (in->len == 0)
		return false;
	scan_take(in, n, out);
	if (scan_take_char(in, '\n') && n != 0 && out->p[n - 1] == '\r')
		out->len--;
	return true;
}

/* --- the start line --- */

/* What the other kind of message would have is emptied, so that nobody reads
 * what an earlier message left. */
static void clear_start_line(struct message *m)
{
	m->method = METHOD_OTHER;
	m->method_name = m->uri_text = m->reason = SLICE_EMPTY;
	m->uri.scheme = URI_NONE;
	m->status = 0;
}

static bool is_version(struct slice s)
{
	return s.len >= 4 && scan_is(slice_make(s.p, 4), SLICE("SIP/"));
}

static void check_version(struct slice version, struct fault *fault)
{
	if (!scan_is(version, SLICE("SIP/2.0")))
		fail(fault, 505, "Version Not Supported");
}

/* Status-Line = SIP-Version SP Status-Code SP Reason-Phrase; the second SP
 * is not missed where the phrase is empty. */
static void parse_status_line(struct message *m, struct fault *fault)
{
	struct slice rest = m->start_line, version, code;

	m->is_request = false;
	version = slice_make(rest.p, scan_find(rest, ' '));
	check_version(version, fault);
	rest = slice_skip(rest, version.len);
	if (!scan_take_char(&rest, ' ')
	    || !scan_take_class(&rest, CHAR_DIGIT, &code)
	    || code.len != 3 || code.p[0] == '0'
	    || !slice_to_u32(code, 699, &m->status)
	    || (rest.len != 0 && !scan_take_char(&rest, ' '))) {
		m->status = 0;
		fail(fault, 400, "Malformed Status-Line");
		return;
	}
	m->reason = rest;
}

/* Request-Line = Method SP Request-URI SP SIP-Version. The version is what
 * tells SIP from anything else, so without it there is nothing to answer. */
static enum error parse_request_line(struct message *m, struct fault *fault)
{
	struct slice rest = slice_trim(m->start_line), version;
	size_t n = rest.len;

	m->is_request = true;
	if (rest.len != m->start_line.len)
		fail(fault, 400, "Malformed Request-Line");
	while (n != 0 && rest.p[n - 1] != ' ')
		n--;
	version = slice_skip(rest, n);
	if (!is_version(version))
		return ERR_SYNTAX;
	check_version(version, fault);
	rest.len = n;
	if (!scan_take_token(&rest, &m->method_name)
	    || !scan_take_char(&rest, ' ') || rest.len == 0)
		return ERR_SYNTAX;
	m->method = method_lookup(m->method_name);
	m->uri_text = slice_make(rest.p, rest.len - 1);
	if (!uri_parse(m->uri_text, &m->uri))
		fail(fault, 400, "Malformed Request-URI");
	return OK;
}

static enum error parse_start_line(struct message *m, struct fault *fault)
{
	clear_start_line(m);
	if (!is_version(m->start_line))
		return parse_request_line(m, fault);
	parse_status_line(m, fault);
	return OK;
}

/* --- the header block --- */

static bool is_folded(struct slice rest)
{
	return rest.len != 0 && char_is(rest.p[0], CHAR_LWS);
}

/* The lines at the front of rest that continue the field before (7.3.1). */
static struct slice folds_of(struct slice rest)
{
	struct slice ahead = rest, line;

	if (!is_folded(rest))
		return slice_make(rest.p, 0);
	while (is_folded(ahead) && take_line(&ahead, &line))
		;
	return slice_make(rest.p, rest.len - ahead.len);
}

/* Joins the value and its further lines in the arena, with one SP for each
 * fold. */
static enum error unfold(struct message *m, struct slice folds,
                         struct slice *value)
{
	/* The SP takes the place of LWS, so that it gets no longer. */
	char *p = arena_alloc(&m->arena, value->len + folds.len);
	size_t at = value->len;
	struct slice line;

	if (p == NULL)
		return ERR_NOMEM;
	memcpy(p, value->p, value->len);
	while (take_line(&folds, &line)) {
		scan_skip_lws(&line);
		p[at++] = ' ';
		memcpy(p + at, line.p, line.len);
		at += line.len;
	}
	*value = scan_trim(slice_make(p, at));
	return OK;
}

/* Room for one more field behind the last; NULL when memory is short. */
static struct header *next_field(struct message *m)
{
	size_t used = (m->nheaders + 1) * sizeof(*m->headers);
	struct header *more;

	if (m->nheaders + 1 < m->capacity)
		return &m->headers[m->nheaders + 1];
	more = arena_alloc(&m->arena, 2 * used);
	if (more == NULL)
		return NULL;
	memcpy(more, m->headers, used);
	m->headers = more;
	m->capacity *= 2;
	return &m->headers[m->nheaders + 1];
}

/* Chains what next_field() gave room for to the others of its id. */
static void index_field(struct message *m, struct header *h)
{
	uint16_t index = (uint16_t)++m->nheaders;

	h->next = 0;
	if (m->first[h->id] == 0) {
		m->first[h->id] = index;
	} else {
		m->headers[m->last[h->id]].next = index;
		if (header_table[h->id].once)
			m->repeated = h->id;
	}
	m->last[h->id] = index;
}

/* A name of the table needs no scan to be known for a token. */
static bool take_known_name(struct slice *line, struct header *h)
{
	size_t n = line->len <= HEADER_NAME_MAX ? line->len
	                                       : HEADER_NAME_MAX + 1;
	const char *colon = n == 0 ? NULL : memchr(line->p, ':', n);

	if (colon == NULL)
		return false;
	h->name = slice_between(line->p, colon);
	h->id = header_lookup(h->name);
	if (h->id == HEADER_OTHER)
		return false;
	*line = slice_skip(*line, h->name.len + 1);
	scan_skip_lws(line);
	return true;
}

static bool take_name(struct slice *line, struct header *h)
{
	if (take_known_name(line, h))
		return true;
	if (!scan_take_token(line, &h->name) || !scan_take_sep(line, ':'))
		return false;
	h->id = header_lookup(h->name);
	return true;
}

/* One field, from its line and those that continue it. One that is at fault
 * is left out of the index. HCOLON allows SP and HTAB ahead of the colon, and
 * nothing else. */
static enum error parse_field(struct message *m, struct slice line,
                              struct slice folds, struct fault *fault)
{
	struct header *h = next_field(m);

	if (h == NULL)
		return ERR_NOMEM;
	if (!take_name(&line, h)) {
		fail(fault, 400, "Malformed Header Field");
		return OK;
	}
	h->value = scan_trim_end(line);
	h->unfolded = folds.len != 0;
	if (h->unfolded && unfold(m, folds, &h->value) != OK)
		return ERR_NOMEM;
	if (scan_find(h->value, '\r') != h->value.len) {
		fail(fault, 400, "Stray CR In Header Field");
		return OK;
	}
	index_field(m, h);
	return OK;
}

/* Takes the header block and its empty line from *in; all of *in when it does
 * not end or is too large. */
static enum error parse_headers(struct message *m, struct slice *in,
                                const struct message_limits *limits,
                                struct fault *fault)
{
	size_t max = limits->headers < UINT16_MAX ? limits->headers
	                                          : UINT16_MAX;
	struct slice rest = *in, line, folds;
	enum error err = OK;

	while (err == OK && take_line(&rest, &line)) {
		if (line.len == 0) {
			*in = rest;
			return OK;
		}
		folds = folds_of(rest);
		rest = slice_skip(rest, folds.len);
		if (m->nheaders == max
		    || in->len - rest.len > limits->header_block) {
			fail(fault, 513, "Message Too Large");
			break;
		}
		if ((size_t)(rest.p - line.p) > limits->header)
			fail(fault, 513, "Message Too Large");
		else
			err = parse_field(m, line, folds, fault);
	}
	fail(fault, 400, "No Empty Line Behind Header");
	*in = slice_skip(*in, in->len);
	return err;
}

/* --- the body --- */

/* What the Content-Length fields, of which there are some, agree on. More
 * than a size_t can hold is more than any message has. */
static bool read_content_length(const struct message *m, size_t *out,
                                struct fault *fault)
{
	uint16_t first = m->first[HEADER_CONTENT_LENGTH];
	uint64_t n, length = 0;

	for (uint16_t i = first; i != 0; i = m->headers[i].next) {
		struct slice value = m->headers[i].value;

		if (!slice_to_u64(value, SIZE_MAX, &n)) {
			if (!slice_all(value, CHAR_DIGIT)) {
				fail(fault, 400, "Malformed Content-Length");
				return false;
			}
			n = SIZE_MAX;
		}
		if (i != first && n != length) {
			fail(fault, 400, "Differing Content-Lengths");
			return false;
		}
		length = n;
	}
	*out = (size_t)length;
	return true;
}

static void take_body(struct message *m, struct slice rest, size_t max,
                      struct fault *fault)
{
	size_t length = rest.len;

	m->body = rest;
	if (m->first[HEADER_CONTENT_LENGTH] != 0
	    && !read_content_length(m, &length, fault))
		return;
	if (length > max)
		fail(fault, 413, "Request Entity Too Large");
	if (length > rest.len)
		fail(fault, 400, "Content-Length Exceeds Message");
	else
		m->body.len = length;
}

/* --- the whole --- */

static void reset(struct message *m, const struct message_limits *limits)
{
	arena_reset(&m->arena);
	m->headers = m->inline_headers;
	m->capacity = MESSAGE_INLINE_HEADERS;
	m->nheaders = 0;
	memset(m->first, 0, sizeof(m->first));
	m->repeated = HEADER_OTHER;
	m->max_vias = limits->vias;
	m->nvias = 0;
}

enum error message_parse(struct message *m, struct slice wire,
                         const struct message_limits *limits,
                         struct fault *fault)
{
	struct slice rest = wire;
	enum error err;

	*fault = (struct fault){ 0, NULL };
	reset(m, limits);
	do {
		if (!take_line(&rest, &m->start_line))
			return ERR_SYNTAX;
	} while (m->start_line.len == 0);

	if (m->start_line.len > limits->start_line)
		fail(fault, 414, "Request-URI Too Long");
	if (slice_find(m->start_line, '\r') != m->start_line.len)
		return ERR_SYNTAX;
	err = parse_start_line(m, fault);
	if (err != OK)
		return err;
	err = parse_headers(m, &rest, limits, fault);
	if (err != OK)
		return err;
	take_body(m, rest, limits->body, fault);
	m->wire = slice_between(m->start_line.p, m->body.p + m->body.len);
	return OK;
}

/* --- reading the index --- */

struct slice message_header(const struct message *m, enum header_id id,
                            size_t nth)
{
	uint16_t i = m->first[id];

	while (i != 0 && nth-- != 0)
		i = m->headers[i].next;
	return i == 0 ? slice_make(NULL, 0) : m->headers[i].value;
}

bool message_has(const struct message *m, enum header_id id)
{
	return m->first[id] != 0;
}

struct slice message_header_named(const struct message *m, struct slice name,
                                  size_t nth)
{
	enum header_id id = header_lookup(name);

	if (id != HEADER_OTHER)
		return message_header(m, id, nth);
	for (uint16_t i = m->first[id]; i != 0; i = m->headers[i].next)
		if (slice_eq_nocase(m->headers[i].name, name) && nth-- == 0)
			return m->headers[i].value;
	return slice_make(NULL, 0);
}

/* Most fields hold one value: then there is nothing to split. */
static bool take_value(struct slice *rest, bool list, struct slice *value)
{
	if (rest->len == 0)
		return false;
	if (list && memchr(rest->p, ',', rest->len) != NULL)
		return scan_take_element(rest, value);
	*value = *rest;
	rest->len = 0;
	return true;
}

bool message_next_value(const struct message *m, enum header_id id,
                        struct header_iter *it, struct slice *value)
{
	uint16_t next = it->started ? it->index : m->first[id];

	if (it->started && next != 0) {
		if (take_value(&it->rest, header_table[id].list, value))
			return true;
		next = m->headers[next].next;
	}
	it->started = true;
	for (; next != 0; next = m->headers[next].next) {
		it->rest = m->headers[next].value;
		it->index = next;
		if (take_value(&it->rest, header_table[id].list, value))
			return true;
	}
	it->index = 0;
	return false;
}

bool message_lists(const struct message *m, enum header_id id,
                   struct slice token)
{
	struct header_iter it = { 0 };
	struct slice value;

	while (message_next_value(m, id, &it, &value))
		if (slice_eq_nocase(value, token))
			return true;
	return false;
}

bool message_body_of_type(const struct message *m, struct slice type,
                          struct slice subtype, struct slice *out)
{
	return multipart_find(message_header(m, HEADER_CONTENT_TYPE, 0),
	                      m->body, type, subtype, out);
}
