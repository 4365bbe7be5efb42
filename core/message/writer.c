/* Writes header fields, the user's in preference to ours. */

#include "core/message/writer.h"

#include <stdint.h>

static const struct slice crlf = SLICE_INIT("\r\n");

void writer_refuse(struct buf *out)
{
	if (out->err == OK)
		out->err = ERR_SYNTAX;
}

static bool breaks_lines(struct slice value)
{
	return slice_find(value, '\r') != value.len
	       || slice_find(value, '\n') != value.len
	       || slice_find(value, '\0') != value.len;
}

void writer_value(struct buf *out, struct slice value)
{
	if (breaks_lines(value))
		writer_refuse(out);
	buf_slice(out, value);
}

static void begin_line(struct buf *out, struct slice name)
{
	buf_slice(out, name);
	buf_append(out, ": ", 2);
}

static void write_line(struct buf *out, struct slice name,
                       struct slice value)
{
	begin_line(out, name);
	writer_value(out, value);
	buf_slice(out, crlf);
}

void writer_header(struct buf *out, enum header_id id, struct slice value)
{
	if (value.len != 0)
		write_line(out, header_table[id].name, value);
}

void writer_number(struct buf *out, enum header_id id, uint64_t value)
{
	begin_line(out, header_table[id].name);
	buf_u64(out, value);
	buf_slice(out, crlf);
}

void writer_copy(struct buf *out, enum header_id id, struct slice value)
{
	if (value.p == NULL)
		return;
	begin_line(out, header_table[id].name);
	buf_slice(out, value);
	buf_slice(out, crlf);
}

void writer_copy_all(struct buf *out, enum header_id id,
                     const struct message *m)
{
	for (uint16_t i = m->first[id]; i != 0; i = m->headers[i].next)
		writer_copy(out, id, m->headers[i].value);
}

static void write_field(struct buf *out, const struct field *field)
{
	if (!slice_all(field->name, CHAR_TOKEN))
		writer_refuse(out);
	if (field->value.p != NULL)
		write_line(out, field->name, field->value);
}

void writer_init(struct writer *w, struct buf *out,
                 const struct field *fields, size_t nfields)
{
	*w = (struct writer){
		.out = out, .fields = fields, .nfields = nfields,
	};
	for (size_t i = 0; i < nfields; i++)
		w->given[header_lookup(fields[i].name)] = true;
}

size_t writer_estimate(const struct writer *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->nfields; i++)
		n += w->fields[i].name.len + w->fields[i].value.len + 4;
	return n;
}

bool writer_place(struct writer *w, enum header_id id)
{
	w->placed[id] = true;
	if (!w->given[id])
		return false;
	for (size_t i = 0; i < w->nfields; i++)
		if (header_lookup(w->fields[i].name) == id)
			write_field(w->out, &w->fields[i]);
	return true;
}

void writer_field(struct writer *w, enum header_id id, struct slice value)
{
	if (!writer_place(w, id))
		writer_header(w->out, id, value);
}

static void write_rest(struct writer *w)
{
	for (size_t i = 0; i < w->nfields; i++)
		if (!w->placed[header_lookup(w->fields[i].name)])
			write_field(w->out, &w->fields[i]);
}

void writer_finish(struct writer *w, struct slice content_type,
                   struct slice body)
{
	w->placed[HEADER_CONTENT_TYPE] = true;
	w->placed[HEADER_CONTENT_LENGTH] = true;
	write_rest(w);
	writer_field(w, HEADER_CONTENT_TYPE, content_type);
	if (!writer_place(w, HEADER_CONTENT_LENGTH))
		writer_number(w->out, HEADER_CONTENT_LENGTH, body.len);
	buf_slice(w->out, crlf);
	buf_slice(w->out, body);
}
