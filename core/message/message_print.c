/* A parsed message goes out again field by field: copies of what came in,
 * but where an edit says otherwise. */

#include "core/message/message.h"

static void print_line(struct buf *out, struct slice name, struct slice value)
{
	buf_slice(out, name);
	buf_append(out, ": ", 2);
	buf_slice(out, value);
	buf_append(out, "\r\n", 2);
}

/* A field that was not folded is one piece of the wire, name to value. */
static void print_field(struct buf *out, const struct header *h)
{
	if (h->unfolded) {
		print_line(out, h->name, h->value);
		return;
	}
	buf_slice(out, slice_between(h->name.p, h->value.p + h->value.len));
	buf_append(out, "\r\n", 2);
}

static void print_edit(struct buf *out, const struct edit *e)
{
	print_line(out, header_full_name(e->id, e->name), e->value);
}

static bool edit_names(const struct edit *e, const struct header *h)
{
	return e->id == h->id
	       && (e->id != HEADER_OTHER || slice_eq_nocase(e->name, h->name));
}

/* The edit that takes this field's place, or takes it away. */
static const struct edit *edit_of(const struct header *h,
                                  const struct edit *edits, size_t nedits)
{
	for (size_t i = 0; i < nedits; i++)
		if ((edits[i].op == EDIT_REPLACE || edits[i].op == EDIT_REMOVE)
		    && edit_names(&edits[i], h))
			return &edits[i];
	return NULL;
}

/* The field that e replaces, NULL when there is none. */
static const struct header *replaced_by(const struct message *m,
                                        const struct edit *e)
{
	for (uint16_t i = m->first[e->id]; i != 0; i = m->headers[i].next)
		if (edit_names(e, &m->headers[i]))
			return &m->headers[i];
	return NULL;
}

static void print_edited(struct buf *out, const struct message *m,
                         const struct edit *edits, size_t nedits)
{
	for (size_t i = 0; i < nedits; i++)
		if (edits[i].op == EDIT_PREPEND)
			print_edit(out, &edits[i]);
	for (size_t i = 1; i <= m->nheaders; i++) {
		const struct header *h = &m->headers[i];
		const struct edit *e = edit_of(h, edits, nedits);

		if (e == NULL)
			print_field(out, h);
		else if (e->op == EDIT_REPLACE && replaced_by(m, e) == h)
			print_edit(out, e);
	}
	for (size_t i = 0; i < nedits; i++)
		if (edits[i].op == EDIT_APPEND
		    || (edits[i].op == EDIT_REPLACE
			&& replaced_by(m, &edits[i]) == NULL))
			print_edit(out, &edits[i]);
}

void message_print(struct buf *out, const struct message *m,
                   struct slice start_line, const struct edit *edits,
                   size_t nedits)
{
	buf_reserve(out, m->wire.len);
	buf_slice(out, start_line.p == NULL ? m->start_line : start_line);
	buf_append(out, "\r\n", 2);
	print_edited(out, m, edits, nedits);
	buf_append(out, "\r\n", 2);
	buf_slice(out, m->body);
}
