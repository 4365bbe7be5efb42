/* Events: one record for text, JSON, and those who wait. */

#include "cli/event.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/trace.h"

const char *const event_names[] = {
	"call.answered", "call.confirmed", "call.early", "call.ended",
	"call.failed", "call.incoming", "call.ringing", "call.trying",
	"cmd.done", "error", "info", "message", "ping", "reg.failed",
	"reg.ok", "reg.removed", "request", "response", "table",
	"tls", "trace",
	NULL,
};

bool event_name_is_known(struct slice name)
{
	for (size_t i = 0; event_names[i] != NULL; i++)
		if (slice_eq(slice_str(event_names[i]), name))
			return true;
	return false;
}

struct event *event_new(const char *name)
{
	struct event *e = malloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->node = (struct list){ 0 };
	e->references = 1;
	e->name = name;
	e->seq = 0;
	e->wall_us = 0;
	e->nfields = 0;
	e->texts = (struct buf){ 0 };
	e->wire = (struct buf){ 0 };
	return e;
}

void event_release(struct event *e)
{
	if (e == NULL || --e->references != 0)
		return;
	buf_deinit(&e->texts);
	buf_deinit(&e->wire);
	free(e);
}

/* --- filling it --- */

static const struct event_field *find(const struct event *e, struct slice key)
{
	for (unsigned i = 0; i < e->nfields; i++)
		if (slice_eq(slice_str(e->fields[i].key), key))
			return &e->fields[i];
	return NULL;
}

/* Where key is, or its place behind the others. */
static unsigned place_of(const struct event *e, const char *key)
{
	unsigned i = 0;

	/* most differ in their first letter */
	while (i < e->nfields && (e->fields[i].key[0] != key[0]
	                          || strcmp(e->fields[i].key, key) != 0))
		i++;
	return i;
}

/* NULL when there is no event, or no room left in it. */
static struct event_field *set(struct event *e, const char *key,
                               enum event_value_kind kind)
{
	unsigned i;

	if (e == NULL)
		return NULL;
	i = place_of(e, key);
	if (i == EVENT_FIELDS_MAX)
		return NULL;
	if (i == e->nfields)
		e->nfields++;
	e->fields[i] = (struct event_field){ .key = key, .kind = kind };
	return &e->fields[i];
}

static void set_text(struct event *e, const char *key,
                     enum event_value_kind kind, struct slice text)
{
	struct event_field *f = set(e, key, kind);

	if (f == NULL)
		return;
	f->offset = e->texts.len;
	f->len = text.len;
	buf_slice(&e->texts, text);
}

void event_text(struct event *e, const char *key, struct slice text)
{
	set_text(e, key, EVENT_TEXT, text);
}

void event_json(struct event *e, const char *key, struct slice text)
{
	set_text(e, key, EVENT_LIST, text);
}

void event_number(struct event *e, const char *key, double n)
{
	struct event_field *f = set(e, key, EVENT_NUMBER);

	if (f != NULL)
		f->number = round(n * 1000) / 1000;
}

void event_integer(struct event *e, const char *key, int64_t n)
{
	struct event_field *f = set(e, key, EVENT_INTEGER);

	if (f != NULL)
		f->integer = n;
}

void event_bool(struct event *e, const char *key, bool b)
{
	struct event_field *f = set(e, key, EVENT_BOOL);

	if (f != NULL)
		f->integer = b;
}

void event_null(struct event *e, const char *key)
{
	(void)set(e, key, EVENT_NULL);
}

void event_wire(struct event *e, const struct message *m, bool show_secrets)
{
	if (e == NULL || m == NULL)
		return;
	buf_reset(&e->wire);
	if (show_secrets)
		buf_slice(&e->wire, m->wire);
	else
		trace_redact(&e->wire, m->wire);
}

static struct slice field_text(const struct event *e,
                               const struct event_field *f)
{
	if (e->texts.err != OK || f->len == 0)
		return SLICE_EMPTY;
	return slice_make(e->texts.p + f->offset, f->len);
}

void event_merge(struct event *e, const struct event *from)
{
	for (unsigned i = 0; from != NULL && i < from->nfields; i++) {
		const struct event_field *f = &from->fields[i];
		struct event_field *to = set(e, f->key, f->kind);

		if (to == NULL)
			return;
		to->number = f->number;
		to->integer = f->integer;
		to->offset = e->texts.len;
		to->len = f->len;
		buf_slice(&e->texts, field_text(from, f));
	}
}

/* --- JSON --- */

/* A string, or base64 under another key where it is no UTF-8. */
static json_t *text_to_json(struct slice s)
{
	return json_stringn_nocheck(s.p, s.len);
}

static json_t *wire_text_to_json(struct slice s)
{
	struct buf escaped = { 0 };
	json_t *text;

	if (slice_is_utf8(s))
		return text_to_json(s);
	buf_escaped(&escaped, s);
	text = text_to_json(buf_view(&escaped));
	buf_deinit(&escaped);
	return text;
}

static json_t *field_to_json(const struct event *e,
                             const struct event_field *f)
{
	struct slice text = field_text(e, f);

	switch (f->kind) {
	case EVENT_TEXT:
		return wire_text_to_json(text);
	case EVENT_NUMBER:
		return json_real(f->number);
	case EVENT_INTEGER:
		return json_integer(f->integer);
	case EVENT_BOOL:
		return json_boolean(f->integer != 0);
	case EVENT_NULL:
		return json_null();
	case EVENT_LIST:
		return json_loadb(text.p, text.len, JSON_DECODE_ANY, NULL);
	}
	return NULL;
}

/* The list that names a header already, however that is spelt, or NULL. */
static json_t *find_header(json_t *headers, struct slice name)
{
	const char *key;
	json_t *list;

	json_object_foreach(headers, key, list)
		if (slice_eq_nocase(slice_str(key), name))
			return list;
	return NULL;
}

static void add_header(json_t *headers, const struct header *h)
{
	struct slice full = header_full_name(h->id, h->name);
	json_t *list = find_header(headers, full);
	char *name;

	if (list == NULL) {
		name = slice_dup(full);
		list = json_array();
		if (name != NULL)
			json_object_set_new_nocheck(headers, name, list);
		else
			json_decref(list);
		free(name);
		if (name == NULL)
			return;
	}
	json_array_append_new(list, wire_text_to_json(h->value));
}

static void base64(struct buf *out, struct slice s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";

	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t three = 0;

		for (size_t j = i; j < i + 3; j++)
			three = three << 8
			        | (j < s.len ? (unsigned char)s.p[j] : 0u);
		for (unsigned j = 0; j < 4; j++)
			buf_char(out, i + j > s.len ? '='
			         : digits[three >> (18 - 6 * j) & 63]);
	}
}

static void add_body(json_t *object, struct slice body)
{
	struct buf text = { 0 };

	if (body.len == 0)
		return;
	if (slice_is_utf8(body)) {
		json_object_set_new_nocheck(object, "body",
		                            text_to_json(body));
		return;
	}
	base64(&text, body);
	json_object_set_new_nocheck(object, "body_base64",
	                            text_to_json(buf_view(&text)));
	buf_deinit(&text);
}

static void add_wire(json_t *object, const struct event *e)
{
	struct message m;
	struct fault fault;
	json_t *headers;

	if (e->wire.len == 0 || e->wire.err != OK)
		return;
	message_init(&m);
	if (message_parse(&m, buf_view(&e->wire), &message_limits_default,
	                  &fault) == OK) {
		headers = json_object();
		for (size_t i = 1; i <= m.nheaders; i++)
			add_header(headers, &m.headers[i]);
		json_object_set_new_nocheck(object, "headers", headers);
		add_body(object, m.body);
	}
	message_deinit(&m);
}

static void add_time(json_t *object, int64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	char date[32], text[48];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06dZ", date,
	         (int)(wall_us % 1000000));
	json_object_set_new_nocheck(object, "t", json_string_nocheck(text));
}

static int append_json(const char *text, size_t n, void *arg)
{
	buf_append(arg, text, n);
	return 0;
}

/* What a terminal may act on, or show in another order: buf_escaped()'s
 * list, which JSON itself leaves as it is. */
static bool is_unsafe(uint32_t c)
{
	return (c >= 0x7f && c <= 0x9f) || c == 0x61c
	       || (c >= 0x200e && c <= 0x200f)
	       || (c >= 0x2028 && c <= 0x202e)
	       || (c >= 0x2066 && c <= 0x2069);
}

/* The code point at p of valid UTF-8, and its length. */
static uint32_t code_point(const char *p, size_t *len)
{
	const unsigned char *u = (const unsigned char *)p;

	*len = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	switch (*len) {
	case 1:  return u[0];
	case 2:  return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
	case 3:  return (u[0] & 0xfu) << 12 | (u[1] & 0x3fu) << 6
	                | (u[2] & 0x3fu);
	default: return 0x10000;
	}
}

static void append_safely(struct buf *out, struct slice json)
{
	size_t i = 0, len;
	uint32_t c;

	while (i < json.len) {
		size_t plain = i;

		while (i < json.len && (unsigned char)json.p[i] < 0x7f)
			i++;
		buf_append(out, json.p + plain, i - plain);
		if (i == json.len)
			break;
		c = code_point(json.p + i, &len);
		if (is_unsafe(c))
			buf_printf(out, "\\u%04x", c);
		else
			buf_append(out, json.p + i, len);
		i += len;
	}
}

static void add_fields(json_t *object, const struct event *e)
{
	for (unsigned i = 0; i < e->nfields; i++)
		json_object_set_new_nocheck(object, e->fields[i].key,
		                            field_to_json(e, &e->fields[i]));
}

/* Takes object, which may be NULL. */
static enum error print_object(json_t *object, struct buf *out)
{
	struct buf json = { 0 };
	bool failed = object == NULL
	              || json_dump_callback(object, append_json, &json,
	                                    JSON_COMPACT
	                                    | JSON_REAL_PRECISION(12)) != 0;

	json_decref(object);
	append_safely(out, buf_view(&json));
	failed = failed || buf_error(&json) != OK;
	buf_deinit(&json);
	return failed ? ERR_NOMEM : buf_error(out);
}

enum error event_print_fields(const struct event *e, struct buf *out)
{
	json_t *object = json_object();

	add_fields(object, e);
	return print_object(object, out);
}

enum error event_print_json(const struct event *e, struct buf *out)
{
	json_t *object = json_object();

	json_object_set_new_nocheck(object, "v", json_integer(1));
	json_object_set_new_nocheck(object, "seq",
	                            json_integer((json_int_t)e->seq));
	add_time(object, e->wall_us);
	json_object_set_new_nocheck(object, "event",
	                            json_string_nocheck(e->name));
	add_fields(object, e);
	add_wire(object, e);
	return print_object(object, out);
}

/* --- values by name --- */

static void print_number(struct buf *out, double n)
{
	char text[40];
	size_t len = (size_t)snprintf(text, sizeof(text), "%.3f", n);

	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	buf_append(out, text, len);
}

static void print_integer(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_char(out, '-');
	buf_u64(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

static void print_field(struct buf *out, const struct event *e,
                        const struct event_field *f)
{
	switch (f->kind) {
	case EVENT_TEXT:
	case EVENT_LIST:
		buf_slice(out, field_text(e, f));
		break;
	case EVENT_NUMBER:
		print_number(out, f->number);
		break;
	case EVENT_INTEGER:
		print_integer(out, f->integer);
		break;
	case EVENT_BOOL:
		buf_str(out, f->integer != 0 ? "true" : "false");
		break;
	case EVENT_NULL:
		break;
	}
}

/* A value inside an object that a field holds: "class" of "error". */
static bool print_member(struct buf *out, const struct event *e,
                         const struct event_field *f, struct slice name)
{
	struct slice text = field_text(e, f);
	json_t *object = json_loadb(text.p, text.len, 0, NULL);
	char *key = slice_dup(name);
	const json_t *member = key == NULL ? NULL
	                       : json_object_get(object, key);
	bool found = member != NULL;

	if (json_is_string(member))
		buf_str(out, json_string_value(member));
	else if (json_is_integer(member))
		print_integer(out, json_integer_value(member));
	else if (json_is_real(member))
		print_number(out, json_real_value(member));
	else if (json_is_boolean(member))
		buf_str(out, json_is_true(member) ? "true" : "false");
	free(key);
	json_decref(object);
	return found;
}

/* body, or header.NAME, of the message that the event tells of. */
static bool print_of_wire(struct buf *out, const struct event *e,
                          struct slice key)
{
	struct message m;
	struct fault fault;
	struct slice value = { NULL, 0 };

	if (e->wire.len == 0 || e->wire.err != OK)
		return false;
	message_init(&m);
	if (message_parse(&m, buf_view(&e->wire), &message_limits_default,
	                  &fault) == OK) {
		if (slice_eq(key, SLICE("body")))
			value = m.body;
		else if (slice_starts_with(key, SLICE("header.")))
			value = message_header_named(&m, slice_skip(key, 7),
			                             0);
	}
	if (value.p != NULL)
		buf_slice(out, value);
	message_deinit(&m);
	return value.p != NULL;
}

bool event_value(const struct event *e, struct slice key, struct buf *out)
{
	const struct event_field *f = find(e, key);
	size_t dot = slice_find(key, '.');

	if (f != NULL) {
		print_field(out, e, f);
		return true;
	}
	if (print_of_wire(out, e, key))
		return true;
	if (dot == key.len)
		return false;
	f = find(e, slice_make(key.p, dot));
	return f != NULL && f->kind == EVENT_LIST
	       && print_member(out, e, f, slice_skip(key, dot + 1));
}
