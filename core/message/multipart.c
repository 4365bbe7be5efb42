/* Parts are found by their delimiter lines; nothing in them is decoded. */

#include "core/message/multipart.h"

enum { NESTING_MAX = 4, PARTS_MAX = 32 };

enum delimiter { DELIMITER_NONE, DELIMITER_PART, DELIMITER_CLOSE };

static enum delimiter read_delimiter(struct slice line, struct slice boundary)
{
	if (!slice_starts_with(line, SLICE("--")))
		return DELIMITER_NONE;
	line = slice_skip(line, 2);
	if (!slice_starts_with(line, boundary))
		return DELIMITER_NONE;
	line = slice_skip(line, boundary.len);
	if (slice_starts_with(line, SLICE("--")))
		return DELIMITER_CLOSE;
	return slice_trim(line).len == 0 ? DELIMITER_PART : DELIMITER_NONE;
}

/* Takes what stands ahead of the next delimiter line, without the line end
 * that belongs to the delimiter (RFC 2046 5.1.1). */
static enum delimiter take_to_delimiter(struct slice *rest,
                                        struct slice boundary,
                                        struct slice *before)
{
	const char *start = rest->p, *end = rest->p;
	struct slice line, ahead = *rest;

	while (slice_take_line(&ahead, &line)) {
		enum delimiter found = read_delimiter(line, boundary);

		if (found != DELIMITER_NONE) {
			*before = slice_between(start, end);
			*rest = slice_between(line.p, ahead.p + ahead.len);
			return found;
		}
		end = line.p + line.len;
	}
	*before = *rest;
	*rest = ahead;
	return DELIMITER_NONE;
}

/* Splits a part at its first empty line; without one it is all headers. */
static void split_part(struct slice part, struct slice *headers,
                       struct slice *body)
{
	struct slice line, rest = part;

	while (slice_take_line(&rest, &line))
		if (line.len == 0)
			break;
	*headers = slice_between(part.p, rest.p);
	*body = rest;
}

bool multipart_next(struct slice *rest, struct slice boundary,
                    struct slice *part_headers, struct slice *part_body)
{
	struct slice r = *rest, line, part;

	if (take_to_delimiter(&r, boundary, &part) != DELIMITER_PART)
		return false;
	slice_take_line(&r, &line);
	take_to_delimiter(&r, boundary, &part);
	split_part(part, part_headers, part_body);
	*rest = r;
	return true;
}

struct search {
	struct slice type, subtype;
	unsigned parts;         /* looked at so far */
	struct slice *out;
};

/* Appends the part's Content-Type, unfolded; nothing where it has none. */
static void read_content_type(struct slice headers, struct buf *value)
{
	struct slice line, name;
	bool ours = false;

	while (slice_take_line(&headers, &line)) {
		if (line.len != 0 && char_is(line.p[0], CHAR_LWS)) {
			if (ours)
				buf_slice(value, line);
			continue;
		}
		if (buf_view(value).len != 0)
			return;
		ours = slice_take_token(&line, &name)
		       && slice_take_sep(&line, ':')
		       && header_lookup(name) == HEADER_CONTENT_TYPE;
		if (ours)
			buf_slice(value, line);
	}
}

static bool search_body(struct search *s, unsigned depth,
                        struct slice content_type, struct slice body);

static bool search_part(struct search *s, unsigned depth,
                        struct slice headers, struct slice body)
{
	struct buf value = { 0 };
	bool found;

	read_content_type(headers, &value);
	if (buf_view(&value).len == 0)
		buf_str(&value, "text/plain");  /* RFC 2046 5.1 */
	found = search_body(s, depth, slice_trim(buf_view(&value)), body);
	buf_deinit(&value);
	return found;
}

static bool search_body(struct search *s, unsigned depth,
                        struct slice content_type, struct slice body)
{
	struct slice boundary, headers, part;
	struct media_type t;
	struct buf scratch = { 0 };
	bool found = false;

	if (!media_type_parse(content_type, &t))
		return false;
	if (media_type_is(&t, s->type, s->subtype)) {
		*s->out = body;
		return true;
	}
	if (depth == NESTING_MAX
	    || !slice_eq_nocase(t.type, SLICE("multipart"))
	    || !params_find(t.params, SLICE("boundary"), &boundary))
		return false;
	boundary = unquote(boundary, &scratch);
	while (!found && boundary.len != 0 && s->parts < PARTS_MAX
	       && multipart_next(&body, boundary, &headers, &part)) {
		s->parts++;
		found = search_part(s, depth + 1, headers, part);
	}
	buf_deinit(&scratch);
	return found;
}

bool multipart_find(struct slice content_type, struct slice body,
                    struct slice type, struct slice subtype,
                    struct slice *out)
{
	struct search s = { type, subtype, 0, out };

	return search_body(&s, 0, content_type, body);
}
