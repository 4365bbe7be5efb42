/* The trace: messages as they were on the wire, made fit to be read. */

#include "cli/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	KEPT = 256,                     /* messages for trace show */
	KEPT_OCTETS = 8 * 1024          /* of a kept one's memory */
};

struct kept {
	enum direction direction;
	enum transport transport;
	struct addr local, remote;
	int64_t wall_us;
	struct buf wire;
};

struct trace {
	struct console *console;
	struct dispatcher *dispatcher;
	const bool *show_secrets;
	bool on;
	int fd;                         /* of a file; -1: stderr */
	char *path;
	struct kept kept[KEPT];
	size_t n;                       /* ever seen */
	struct buf text;
};

/* --- secrets --- */

static void mask(char *p, size_t n)
{
	memset(p, 'x', n);
}

/* Masks the values of a digest's response parameter in a field's value. */
static void mask_response(struct buf *b, size_t from, size_t to)
{
	static const char name[] = "response";
	enum { LEN = sizeof(name) - 1 };

	for (size_t i = from; i + LEN < to; i++) {
		size_t at = i + LEN;
		bool quoted;

		if (!slice_eq_nocase(slice_make(b->p + i, LEN),
		                     slice_make(name, LEN)))
			continue;
		while (at < to && (b->p[at] == ' ' || b->p[at] == '\t'))
			at++;
		if (at == to || b->p[at] != '=')
			continue;
		at++;
		while (at < to && (b->p[at] == ' ' || b->p[at] == '\t'))
			at++;
		quoted = at < to && b->p[at] == '"';
		if (quoted)
			at++;
		i = at;
		while (i < to && b->p[i] != (quoted ? '"' : ',')
		       && b->p[i] != '\r' && b->p[i] != '\n')
			i++;
		mask(b->p + at, i - at);
	}
}

/* Anything but Digest carries the secret itself. */
static void mask_credentials(struct buf *b, size_t from, size_t to)
{
	size_t i = from;

	while (i < to && (b->p[i] == ' ' || b->p[i] == '\t'))
		i++;
	if (slice_starts_with_nocase(slice_make(b->p + i, to - i),
	                             SLICE("Digest"))) {
		mask_response(b, i, to);
		return;
	}
	while (i < to && b->p[i] != ' ')
		i++;
	for (; i < to; i++)
		if (b->p[i] != '\r' && b->p[i] != '\n' && b->p[i] != ' ')
			b->p[i] = 'x';
}

/* Keys of SDES in a session description (RFC 4568). */
static void mask_keys(struct buf *b, size_t from)
{
	static const char key[] = "inline:";
	size_t i = from;

	while (i < b->len) {
		struct slice rest = slice_make(b->p + i, b->len - i);
		size_t at = i + slice_find_slice(rest, SLICE(key));

		if (at >= b->len)
			return;
		at += sizeof(key) - 1;
		for (i = at; i < b->len && b->p[i] != '|' && b->p[i] != '\r'
		             && b->p[i] != '\n' && b->p[i] != ' '; i++)
			continue;
		mask(b->p + at, i - at);
	}
}

static bool is_secret_field(struct slice line)
{
	size_t colon = slice_find(line, ':');
	enum header_id id;

	if (colon == line.len)
		return false;
	id = header_lookup(slice_trim(slice_make(line.p, colon)));
	return id == HEADER_AUTHORIZATION || id == HEADER_PROXY_AUTHORIZATION;
}

/* The end of the field that begins at p: behind its folded lines. */
static size_t field_end(const struct buf *b, size_t p)
{
	while (p < b->len) {
		struct slice rest = slice_make(b->p + p, b->len - p);
		size_t nl = slice_find(rest, '\n');

		p += nl < rest.len ? nl + 1 : nl;
		if (p >= b->len || (b->p[p] != ' ' && b->p[p] != '\t'))
			break;
	}
	return p;
}

void trace_redact(struct buf *out, struct slice wire)
{
	size_t p = out->len, end;

	buf_slice(out, wire);
	if (buf_error(out) != OK)
		return;
	while (p < out->len && out->p[p] != '\r' && out->p[p] != '\n') {
		struct slice field;

		end = field_end(out, p);
		field = slice_make(out->p + p, end - p);
		if (is_secret_field(field))
			mask_credentials(out, p + slice_find(field, ':') + 1,
			                 end);
		p = end;
	}
	mask_keys(out, p);
}

/* --- as text --- */

static void print_time(struct buf *out, int64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	char text[16];
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL)
		return;
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	buf_printf(out, "%s.%06d", text, (int)(wall_us % 1000000));
}

static void print_lines(struct buf *out, struct slice wire)
{
	struct slice line;

	while (slice_take_line(&wire, &line)) {
		buf_str(out, "  ");
		buf_escaped(out, line);
		buf_char(out, '\n');
	}
}

static void print_kept(const struct trace *t, const struct kept *k,
                       struct buf *out)
{
	char local[ADDR_TEXT], remote[ADDR_TEXT];
	struct buf redacted = { 0 };

	print_time(out, k->wall_us);
	buf_printf(out, " %s %s %s %s, %zu octets\n",
	           transport_name(k->transport),
	           addr_text(&k->local, local),
	           k->direction == DIRECTION_OUT ? "->" : "<-",
	           addr_text(&k->remote, remote), k->wire.len);
	if (*t->show_secrets) {
		print_lines(out, buf_view(&k->wire));
		return;
	}
	trace_redact(&redacted, buf_view(&k->wire));
	print_lines(out, buf_view(&redacted));
	buf_deinit(&redacted);
}

/* --- where it goes --- */

static void stop_broken_file(struct trace *t)
{
	struct buf text = { 0 };

	buf_str(&text, "sipsh: trace stopped: ");
	buf_escaped(&text, slice_str(t->path));
	buf_printf(&text, ": %s", strerror(errno));
	console_error(t->console, buf_view(&text));
	buf_deinit(&text);
	trace_stop(t);
}

static void write_file(struct trace *t)
{
	size_t done = 0;

	while (done < t->text.len) {
		ssize_t n = write(t->fd, t->text.p + done,
		                  t->text.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			stop_broken_file(t);
			return;
		}
		done += (size_t)n;
	}
}

static void keep(struct kept *k, enum direction dir, const struct flow *flow,
                 struct slice wire, int64_t wall_us)
{
	k->direction = dir;
	k->transport = flow->leg->transport;
	k->local = flow->leg->local;
	k->remote = flow->remote;
	k->wall_us = wall_us;
	if (k->wire.cap > KEPT_OCTETS)
		buf_deinit(&k->wire);
	buf_reset(&k->wire);
	buf_slice(&k->wire, wire);
}

static void traced(enum direction dir, const struct flow *flow,
                   struct slice wire, void *arg)
{
	struct trace *t = arg;
	struct kept *k = &t->kept[t->n++ % KEPT];

	keep(k, dir, flow, wire, dispatcher_env(t->dispatcher)->wall_us);
	if (!t->on)
		return;
	buf_reset(&t->text);
	print_kept(t, k, &t->text);
	if (t->fd < 0)
		console_error(t->console, buf_view(&t->text));
	else
		write_file(t);
}

struct trace *trace_new(struct console *console, struct dispatcher *d,
                        const bool *show_secrets)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->console = console;
	t->dispatcher = d;
	t->show_secrets = show_secrets;
	t->fd = -1;
	dispatcher_set_trace(d, traced, t);
	return t;
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	trace_stop(t);
	for (size_t i = 0; i < KEPT; i++)
		buf_deinit(&t->kept[i].wire);
	buf_deinit(&t->text);
	free(t);
}

enum error trace_start(struct trace *t, const char *path, struct buf *why)
{
	trace_stop(t);
	if (path != NULL && path[0] != '\0') {
		t->path = strdup(path);
		t->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		             0600);
		if (t->fd < 0 || t->path == NULL) {
			buf_escaped(why, slice_str(path));
			buf_printf(why, ": %s", strerror(errno));
			trace_stop(t);
			return ERR_IO;
		}
	}
	t->on = true;
	return OK;
}

void trace_stop(struct trace *t)
{
	t->on = false;
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	free(t->path);
	t->path = NULL;
}

bool trace_is_on(const struct trace *t)
{
	return t->on;
}

static bool is_of_call(const struct kept *k, struct slice call_id)
{
	struct message m;
	struct fault fault;
	bool found;

	message_init(&m);
	found = message_parse(&m, buf_view(&k->wire),
	                      &message_limits_default, &fault) == OK
	        && slice_eq(message_header(&m, HEADER_CALL_ID, 0), call_id);
	message_deinit(&m);
	return found;
}

bool trace_show(const struct trace *t, size_t nth, struct slice call_id,
                struct buf *out)
{
	size_t oldest = t->n > KEPT ? t->n - KEPT : 0;
	bool found = false;

	if (call_id.len == 0) {
		if (nth == 0 || nth > t->n - oldest)
			return false;
		print_kept(t, &t->kept[(t->n - nth) % KEPT], out);
		return true;
	}
	for (size_t i = oldest; i < t->n; i++) {
		if (!is_of_call(&t->kept[i % KEPT], call_id))
			continue;
		print_kept(t, &t->kept[i % KEPT], out);
		found = true;
	}
	return found;
}
