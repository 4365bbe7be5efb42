/* Cuts a stream of octets into SIP messages and keep-alives. */

#include "core/message/framer.h"

#include <assert.h>

/* A buffer that one large message made is not kept for the small ones. */
enum { KEEP_MAX = 65536 };

static const struct fault fault_start_line = { 414, "Request-URI Too Long" };
static const struct fault fault_head = { 513, "Message Too Large" };
static const struct fault fault_body = { 413, "Request Entity Too Large" };
static const struct fault fault_length = { 400, "Malformed Content-Length" };
static const struct fault fault_lengths = {
	400, "Differing Content-Lengths"
};

static struct slice waiting(const struct framer *f)
{
	return slice_skip(buf_view(&f->in), f->start);
}

static void consume(struct framer *f, size_t n)
{
	f->start += n;
	f->scanned = f->start_line_len = f->head_len = f->body_len = 0;
}

/* Takes line ends between messages; true when one of them tells something. */
static bool take_keepalive(struct framer *f, enum framer_event *event)
{
	while (slice_starts_with(waiting(f), SLICE("\r\n"))) {
		consume(f, 2);
		if (f->pongs_due > 0) {
			f->pongs_due--;
			*event = FRAMER_PONG;
			return true;
		}
		f->half_ping = !f->half_ping;
		if (!f->half_ping) {
			*event = FRAMER_PING;
			return true;
		}
	}
	return false;
}

/* Nothing is known yet of what comes next: it may be half a line end. */
static bool is_between_messages(const struct framer *f)
{
	struct slice in = waiting(f);

	return in.len == 0 || (in.len == 1 && in.p[0] == '\r');
}

/* The line that ends before p[end] is empty; it is not the first. */
static bool ends_empty_line(const char *p, size_t end)
{
	return (end >= 2 && p[end - 2] == '\n')
	       || (end >= 3 && p[end - 2] == '\r' && p[end - 3] == '\n');
}

/* Searches on from where it stopped: no octet is looked at twice. */
static bool find_head_end(struct framer *f)
{
	struct slice in = waiting(f);
	const char *lf;

	while (f->scanned < in.len) {
		lf = memchr(in.p + f->scanned, '\n', in.len - f->scanned);
		if (lf == NULL) {
			f->scanned = in.len;
			break;
		}
		f->scanned = (size_t)(lf - in.p) + 1;
		if (f->start_line_len == 0)
			f->start_line_len = f->scanned;
		if (ends_empty_line(in.p, f->scanned)) {
			f->head_len = f->scanned;
			return true;
		}
	}
	return false;
}

static const struct fault *check_size(const struct framer *f)
{
	size_t line = f->start_line_len != 0 ? f->start_line_len : f->scanned;

	if (line > f->limits->start_line)
		return &fault_start_line;
	if (f->scanned - line > f->limits->header_block)
		return &fault_head;
	return NULL;
}

static bool is_folded(struct slice rest)
{
	return rest.len > 0 && char_is(rest.p[0], CHAR_LWS);
}

/* One header field with its continuation lines (7.3.1), and their ends. */
static bool take_field(struct slice *rest, struct slice *field)
{
	const char *begin = rest->p;
	struct slice line;

	if (!slice_take_line(rest, &line) || line.len == 0)
		return false;
	while (is_folded(*rest))
		(void)slice_take_line(rest, &line);
	*field = slice_between(begin, rest->p);
	return true;
}

static struct slice trim_folds(struct slice s)
{
	while (s.len > 0 && (char_is(s.p[0], CHAR_LWS) || s.p[0] == '\r'
	                     || s.p[0] == '\n'))
		s = slice_skip(s, 1);
	while (s.len > 0 && (char_is(s.p[s.len - 1], CHAR_LWS)
	                     || s.p[s.len - 1] == '\r'
	                     || s.p[s.len - 1] == '\n'))
		s.len--;
	return s;
}

static const struct fault *read_length(const struct framer *f,
                                       struct slice text, size_t *length)
{
	uint64_t n;

	if (!slice_all(text, CHAR_DIGIT))
		return &fault_length;
	if (!slice_to_u64(text, UINT64_MAX, &n) || n > f->limits->body)
		return &fault_body;
	*length = (size_t)n;
	return NULL;
}

/* Finds out where the message ends. A second Content-Length must agree with
 * the first: who else reads this stream may believe the other one. */
static const struct fault *measure_body(struct framer *f)
{
	struct slice rest = slice_make(waiting(f).p, f->head_len);
	struct slice field, name, value;
	const struct fault *fault;
	bool found = false;
	size_t length;

	(void)slice_take_line(&rest, &name);
	while (take_field(&rest, &field)) {
		value = field;
		if (!slice_take_until(&value, ':', &name)
		    || header_lookup(slice_trim(name)) != HEADER_CONTENT_LENGTH)
			continue;
		fault = read_length(f, trim_folds(slice_skip(value, 1)),
		                    &length);
		if (fault != NULL)
			return fault;
		if (found && length != f->body_len)
			return &fault_lengths;
		found = true;
		f->body_len = length;
	}
	return NULL;
}

/* Brings head_len and body_len up to date with the octets that came. */
static const struct fault *collect(struct framer *f)
{
	const struct fault *fault;
	bool whole_head;

	if (f->head_len != 0)
		return NULL;
	whole_head = find_head_end(f);
	fault = check_size(f);
	if (fault != NULL || !whole_head)
		return fault;
	return measure_body(f);
}

void framer_init(struct framer *f, const struct message_limits *limits)
{
	*f = (struct framer){ .limits = limits };
}

void framer_deinit(struct framer *f)
{
	buf_deinit(&f->in);
}

/* Moving the rest down must not cost more than was consumed in front of it:
 * so every octet is moved once, whatever the order of calls. */
static void compact(struct framer *f)
{
	struct slice rest = waiting(f);

	if (f->start == 0 || f->start < rest.len)
		return;
	if (rest.len == 0 && f->in.cap > KEEP_MAX) {
		buf_deinit(&f->in);
	} else {
		memmove(f->in.p, rest.p, rest.len);
		f->in.len = rest.len;
	}
	f->start = 0;
}

char *framer_room(struct framer *f, size_t min, size_t *room)
{
	assert(min > 0);
	compact(f);
	buf_reserve(&f->in, min);
	if (buf_error(&f->in) != OK)
		return NULL;
	/* The last octet is buf's own. */
	*room = f->in.cap - f->in.len - 1;
	return f->in.p + f->in.len;
}

void framer_filled(struct framer *f, size_t n)
{
	assert(n < f->in.cap - f->in.len);
	f->in.len += n;
}

static enum framer_event report_broken(const struct framer *f,
                                       struct slice *out,
                                       struct fault *fault)
{
	*out = waiting(f);
	*fault = f->fault;
	return FRAMER_BROKEN;
}

enum framer_event framer_next(struct framer *f, struct slice *out,
                              struct fault *fault)
{
	const struct fault *found;
	enum framer_event event;
	struct slice in;

	if (f->fault.status != 0)
		return report_broken(f, out, fault);
	if (f->scanned == 0) {
		if (take_keepalive(f, &event))
			return event;
		if (is_between_messages(f))
			return FRAMER_MORE;
	}
	found = collect(f);
	if (found != NULL) {
		f->fault = *found;
		return report_broken(f, out, fault);
	}
	in = waiting(f);
	if (f->head_len == 0 || in.len - f->head_len < f->body_len)
		return FRAMER_MORE;
	*out = slice_make(in.p, f->head_len + f->body_len);
	f->half_ping = false;
	consume(f, out->len);
	return FRAMER_MESSAGE;
}

struct slice framer_take_all(struct framer *f)
{
	struct slice in = waiting(f);

	consume(f, in.len);
	return in;
}

void framer_expect_pong(struct framer *f)
{
	f->pongs_due++;
}

bool framer_is_midway(const struct framer *f)
{
	return f->in.len > f->start;
}
