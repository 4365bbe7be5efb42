/* Tables: what every listing command prints, for people and programs. */

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "cli/report.h"

struct cell {
	enum event_value_kind kind;
	size_t offset, len;             /* of what people see, in text */
	json_t *value;
};

struct table {
	const char *name;
	const struct table_column *columns;
	size_t ncolumns;
	struct cell *cells;
	size_t ncells, capacity;
	struct buf text;
	bool failed;
};

struct table *table_new(const char *name, const struct table_column *columns,
                        size_t ncolumns)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->name = name;
	t->columns = columns;
	t->ncolumns = ncolumns;
	return t;
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->ncells; i++)
		json_decref(t->cells[i].value);
	free(t->cells);
	buf_deinit(&t->text);
	free(t);
}

/* Takes value; what people see was appended to text from offset on. */
static void add_cell(struct table *t, enum event_value_kind kind,
                     size_t offset, json_t *value)
{
	if (t->ncells == t->capacity) {
		size_t capacity = t->capacity == 0 ? 32 : t->capacity * 2;
		struct cell *grown = realloc(t->cells,
		                             capacity * sizeof(*grown));

		if (grown == NULL) {
			t->failed = true;
			json_decref(value);
			return;
		}
		t->cells = grown;
		t->capacity = capacity;
	}
	t->cells[t->ncells++] = (struct cell){
		.kind = kind,
		.offset = offset,
		.len = t->text.len - offset,
		.value = value,
	};
}

void table_text(struct table *t, struct slice s)
{
	size_t offset;
	json_t *value;

	if (t == NULL)
		return;
	offset = t->text.len;
	buf_escaped(&t->text, s);
	value = slice_is_utf8(s)
		? json_stringn_nocheck(s.p, s.len)
		: json_stringn_nocheck(t->text.p + offset,
		                       t->text.len - offset);
	add_cell(t, EVENT_TEXT, offset, value);
}

void table_integer(struct table *t, int64_t n)
{
	size_t offset;

	if (t == NULL)
		return;
	offset = t->text.len;
	buf_printf(&t->text, "%lld", (long long)n);
	add_cell(t, EVENT_INTEGER, offset, json_integer(n));
}

void table_number(struct table *t, double n)
{
	size_t offset;

	if (t == NULL)
		return;
	offset = t->text.len;
	buf_printf(&t->text, "%.10g", round(n * 1000) / 1000);
	add_cell(t, EVENT_NUMBER, offset,
	         json_real(round(n * 1000) / 1000));
}

void table_bool(struct table *t, bool b)
{
	size_t offset;

	if (t == NULL)
		return;
	offset = t->text.len;
	buf_str(&t->text, b ? "yes" : "");
	add_cell(t, EVENT_BOOL, offset, json_boolean(b));
}

void table_null(struct table *t)
{
	if (t != NULL)
		add_cell(t, EVENT_NULL, t->text.len, json_null());
}

static size_t row_count(const struct table *t)
{
	return t->ncells / t->ncolumns;
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t width = strlen(t->columns[column].key);

	for (size_t i = column; i < t->ncells; i += t->ncolumns)
		if (t->cells[i].len > width)
			width = t->cells[i].len;
	return width;
}

static bool is_right_aligned(enum event_value_kind kind)
{
	return kind == EVENT_INTEGER || kind == EVENT_NUMBER;
}

static void pad(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_char(out, ' ');
}

static void print_cell(struct buf *out, struct slice text, size_t width,
                       bool right, bool last)
{
	if (right)
		pad(out, width - text.len);
	buf_slice(out, text);
	if (!right && !last)
		pad(out, width - text.len);
	if (!last)
		pad(out, 2);
}

/* Empty cells at the end of a row leave no blanks. */
static void end_row(struct buf *out)
{
	while (out->len != 0 && out->p[out->len - 1] == ' ')
		out->len--;
	buf_char(out, '\n');
}

static void print_heading(const struct table *t, const size_t *widths,
                          struct buf *out)
{
	for (size_t c = 0; c < t->ncolumns; c++) {
		struct buf name = { 0 };

		for (const char *p = t->columns[c].key; *p != '\0'; p++)
			buf_char(&name, *p == '_' ? ' '
			         : *p >= 'a' && *p <= 'z'
			         ? (char)(*p - 'a' + 'A') : *p);
		print_cell(out, buf_view(&name), widths[c],
		           is_right_aligned(t->columns[c].kind),
		           c + 1 == t->ncolumns);
		buf_deinit(&name);
	}
	end_row(out);
}

static void print_text(const struct table *t, struct buf *out)
{
	size_t *widths = calloc(t->ncolumns, sizeof(*widths));

	if (widths == NULL)
		return;
	for (size_t c = 0; c < t->ncolumns; c++)
		widths[c] = column_width(t, c);
	print_heading(t, widths, out);
	for (size_t i = 0; i < row_count(t) * t->ncolumns; i++) {
		const struct cell *cell = &t->cells[i];
		size_t c = i % t->ncolumns;
		struct slice text = cell->len == 0 ? SLICE_EMPTY
			: slice_make(t->text.p + cell->offset, cell->len);

		print_cell(out, text, widths[c],
		           is_right_aligned(t->columns[c].kind),
		           c + 1 == t->ncolumns);
		if (c + 1 == t->ncolumns)
			end_row(out);
	}
	free(widths);
}

static char *rows_as_json(const struct table *t)
{
	json_t *rows = json_array();
	char *text;

	for (size_t r = 0; r < row_count(t); r++) {
		json_t *row = json_object();

		for (size_t c = 0; c < t->ncolumns; c++)
			json_object_set_nocheck(
				row, t->columns[c].key,
				t->cells[r * t->ncolumns + c].value);
		json_array_append_new(rows, row);
	}
	text = json_dumps(rows, JSON_COMPACT | JSON_REAL_PRECISION(12));
	json_decref(rows);
	return text;
}

void report_table(struct report *r, struct table *t, unsigned cmd)
{
	struct event *e;
	struct buf text = { 0 };
	char *rows;

	if (t == NULL)
		return;
	e = event_new("table");
	rows = t->failed ? NULL : rows_as_json(t);
	if (e != NULL && rows != NULL) {
		print_text(t, &text);
		if (cmd != 0)
			event_integer(e, "cmd", cmd);
		event_text(e, "table", slice_str(t->name));
		event_json(e, "rows", slice_str(rows));
		report_event(r, e, buf_view(&text), true);
	} else {
		event_release(e);
		report_problem(r, error_text(ERR_NOMEM));
	}
	buf_deinit(&text);
	free(rows);
	table_free(t);
}
