/* Builds requests: drafts to be sealed for sending, and ACK and CANCEL. */

#include "core/message/request.h"

#include <stdlib.h>

#include "core/message/writer.h"

static const struct slice crlf = SLICE_INIT("\r\n");
static const struct slice version = SLICE_INIT(" SIP/2.0\r\n");

enum {
	/* Names, separators, Max-Forwards and Content-Length. */
	DRAFT_OVERHEAD = 192,
	SEAL_OVERHEAD = 64,
	/* 8.1.1.6 */
	MAX_FORWARDS = 70
};

/* White space would end the Request-URI early (7.1). */
static bool is_request_uri(struct slice uri)
{
	return uri.len != 0 && slice_find(uri, ' ') == uri.len
	       && slice_find(uri, '\t') == uri.len;
}

static void print_start_line(struct buf *out, struct slice method,
                             struct slice uri)
{
	buf_slice(out, method);
	buf_char(out, ' ');
	writer_value(out, uri);
	buf_slice(out, version);
}

static void print_cseq(struct buf *out, uint32_t number, struct slice method)
{
	buf_slice(out, SLICE("CSeq: "));
	buf_u64(out, number);
	buf_char(out, ' ');
	buf_slice(out, method);
	buf_slice(out, crlf);
}

static size_t estimate(const struct request_parts *parts,
                       const struct writer *w)
{
	size_t n = DRAFT_OVERHEAD + writer_estimate(w);

	n += parts->method.len + parts->uri.len + parts->from.len;
	n += parts->to.len + parts->call_id.len + parts->content_type.len;
	for (size_t i = 0; i < parts->nroutes; i++)
		n += parts->routes[i].len + sizeof("Route: \r\n");
	return n + parts->body.len;
}

static void print_routing(struct writer *w, const struct request_parts *parts)
{
	if (!writer_place(w, HEADER_MAX_FORWARDS))
		writer_number(w->out, HEADER_MAX_FORWARDS,
		              parts->max_forwards);
	if (!writer_place(w, HEADER_ROUTE))
		for (size_t i = 0; i < parts->nroutes; i++)
			writer_header(w->out, HEADER_ROUTE, parts->routes[i]);
	writer_field(w, HEADER_FROM, parts->from);
	writer_field(w, HEADER_TO, parts->to);
	writer_field(w, HEADER_CALL_ID, parts->call_id);
}

enum error request_draft(struct request_draft *d,
                         const struct request_parts *parts)
{
	struct request_draft made = { 0 };
	struct buf text = { 0 };
	struct writer w;
	enum error err;

	if (!slice_all(parts->method, CHAR_TOKEN)
	    || !is_request_uri(parts->uri))
		return ERR_SYNTAX;
	writer_init(&w, &text, parts->fields, parts->nfields);
	buf_reserve(&text, estimate(parts, &w));

	print_start_line(&text, parts->method, parts->uri);
	made.start_line_len = text.len;
	print_routing(&w, parts);
	made.seal_at = text.len;
	made.body_len = parts->body.len;
	writer_finish(&w, parts->content_type, parts->body);
	made.has_contact = w.given[HEADER_CONTACT];
	made.has_cseq = w.given[HEADER_CSEQ];
	made.has_identity = w.given[HEADER_FROM] || w.given[HEADER_CALL_ID];
	made.has_route = parts->nroutes != 0 || w.given[HEADER_ROUTE];
	made.has_credentials = w.given[HEADER_AUTHORIZATION]
	                       || w.given[HEADER_PROXY_AUTHORIZATION];

	err = buf_error(&text);
	if (err != OK)
		goto out;
	made.text = buf_steal(&text, &made.len);
	if (made.text == NULL)
		err = ERR_NOMEM;
out:
	if (err == OK)
		*d = made;
	buf_deinit(&text);
	return err;
}

void request_draft_deinit(struct request_draft *d)
{
	free(d->text);
	*d = (struct request_draft){ 0 };
}

struct slice request_draft_uri(const struct request_draft *d)
{
	size_t skip = request_draft_method(d).len + 1;

	return slice_make(d->text + skip,
	                  d->start_line_len - skip - version.len);
}

struct slice request_draft_method(const struct request_draft *d)
{
	struct slice line = slice_make(d->text, d->start_line_len);

	line.len = slice_find(line, ' ');
	return line;
}

void request_seal(struct buf *out, const struct request_draft *d,
                  const struct request_seal *s)
{
	buf_reserve(out, SEAL_OVERHEAD + d->len + s->via.len + s->contact.len
	            + s->credentials.len);
	buf_append(out, d->text, d->start_line_len);
	writer_header(out, HEADER_VIA, s->via);
	buf_append(out, d->text + d->start_line_len,
	           d->seal_at - d->start_line_len);
	if (!d->has_cseq)
		print_cseq(out, s->cseq, request_draft_method(d));
	if (!d->has_contact)
		writer_header(out, HEADER_CONTACT, s->contact);
	buf_slice(out, s->credentials);
	buf_append(out, d->text + d->seal_at, d->len - d->seal_at);
}

/* Start line to CSeq of a request that follows the INVITE on its way: hop by
 * hop, so that it matches the INVITE's transaction (17.2.3). */
static void print_follower(struct buf *out, const struct message *invite,
                           enum method method, struct slice to)
{
	struct slice name = method_name(method), top_via;
	struct header_iter it = { 0 };
	struct cseq cseq;

	if (!message_next_value(invite, HEADER_VIA, &it, &top_via)
	    || !cseq_parse(message_header(invite, HEADER_CSEQ, 0), &cseq)) {
		writer_refuse(out);
		return;
	}
	print_start_line(out, name, invite->uri_text);
	writer_copy(out, HEADER_VIA, top_via);
	writer_number(out, HEADER_MAX_FORWARDS, MAX_FORWARDS);
	writer_copy_all(out, HEADER_ROUTE, invite);
	writer_copy(out, HEADER_FROM, message_header(invite, HEADER_FROM, 0));
	writer_copy(out, HEADER_TO, to);
	writer_copy(out, HEADER_CALL_ID,
	            message_header(invite, HEADER_CALL_ID, 0));
	print_cseq(out, cseq.number, name);
}

static void print_no_body(struct buf *out)
{
	writer_number(out, HEADER_CONTENT_LENGTH, 0);
	buf_slice(out, crlf);
}

void request_print_ack(struct buf *out, const struct message *invite,
                       struct slice to)
{
	print_follower(out, invite, METHOD_ACK, to);
	print_no_body(out);
}

void request_print_cancel(struct buf *out, const struct message *invite)
{
	print_follower(out, invite, METHOD_CANCEL,
	               message_header(invite, HEADER_TO, 0));
	writer_copy_all(out, HEADER_AUTHORIZATION, invite);
	writer_copy_all(out, HEADER_PROXY_AUTHORIZATION, invite);
	print_no_body(out);
}
