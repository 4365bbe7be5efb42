/* The words of a command line, as sh would see them. */

#include "cli/words.h"

#include <stdlib.h>

struct splitter {
	struct words *w;
	struct slice line;
	struct slice rest;
	variable_fn *variable;
	void *arg;
	bool failed;
};

static unsigned column_of(const struct splitter *s, const char *p)
{
	return (unsigned)(p - s->line.p) + 1;
}

static void fail(struct splitter *s, const char *why, const char *at)
{
	s->w->why = why;
	s->w->why_column = column_of(s, at);
	s->failed = true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name(char c)
{
	return char_is(c, CHAR_ALPHA | CHAR_DIGIT) || c == '_';
}

/* A ";" ends a command only in front of white space or the end, so that
 * sip:bob@example.com;transport=tcp needs no quotes. */
static bool at_end_of_command(struct slice rest)
{
	if (rest.len == 0 || rest.p[0] == '\n')
		return true;
	return rest.p[0] == ';'
	       && (rest.len == 1 || is_blank(rest.p[1])
	           || rest.p[1] == '\n');
}

static bool at_trailing_ampersand(struct slice rest)
{
	if (rest.len == 0 || rest.p[0] != '&')
		return false;
	rest = slice_skip(rest, 1);
	while (rest.len != 0 && is_blank(rest.p[0]))
		rest = slice_skip(rest, 1);
	return at_end_of_command(rest) || rest.p[0] == '#';
}

static void take_variable(struct splitter *s, struct word *word)
{
	const char *at = s->rest.p;
	struct slice name;
	size_t n = 1;

	if (n < s->rest.len && s->rest.p[n] == '{') {
		struct slice braced = slice_skip(s->rest, 2);
		size_t end = slice_find(braced, '}');

		if (end == braced.len) {
			fail(s, "no } behind ${", at);
			return;
		}
		name = slice_make(braced.p, end);
		n = 2 + end + 1;
	} else if (n < s->rest.len
	           && slice_find(SLICE("?#"), s->rest.p[n]) < 2) {
		name = slice_make(s->rest.p + n, 1);
		n++;
	} else {
		while (n < s->rest.len && is_name(s->rest.p[n]))
			n++;
		name = slice_make(s->rest.p + 1, n - 1);
	}
	if (name.len == 0) {
		buf_char(&s->w->text, '$');
		s->rest = slice_skip(s->rest, 1);
		return;
	}
	if (s->variable == NULL) {
		buf_append(&s->w->text, at, n);
		word->variable = true;
	} else {
		s->variable(name, &s->w->text, s->arg);
	}
	s->rest = slice_skip(s->rest, n);
}

static void take_single_quoted(struct splitter *s)
{
	const char *at = s->rest.p;
	struct slice inside = slice_skip(s->rest, 1);
	size_t end = slice_find(inside, '\'');

	if (end == inside.len) {
		fail(s, "no closing '", at);
		return;
	}
	buf_slice(&s->w->text, slice_make(inside.p, end));
	s->rest = slice_skip(inside, end + 1);
}

/* Within "..." a backslash protects what it would protect in sh. */
static void take_double_quoted(struct splitter *s, struct word *word)
{
	const char *at = s->rest.p;

	s->rest = slice_skip(s->rest, 1);
	while (s->rest.len != 0 && !s->failed) {
		char c = s->rest.p[0];

		if (c == '"') {
			s->rest = slice_skip(s->rest, 1);
			return;
		}
		if (c == '$') {
			take_variable(s, word);
			continue;
		}
		if (c == '\\' && s->rest.len > 1
		    && slice_find(SLICE("\"\\$`"), s->rest.p[1]) < 4) {
			s->rest = slice_skip(s->rest, 1);
			c = s->rest.p[0];
		}
		buf_char(&s->w->text, c);
		s->rest = slice_skip(s->rest, 1);
	}
	if (!s->failed)
		fail(s, "no closing \"", at);
}

static struct word *new_word(struct splitter *s)
{
	struct words *w = s->w;
	struct word *word;

	if (w->n == w->capacity) {
		size_t capacity = w->capacity == 0 ? 16 : w->capacity * 2;
		struct word *grown = realloc(w->words,
		                             capacity * sizeof(*grown));

		if (grown == NULL) {
			w->text.err = ERR_NOMEM;
			return NULL;
		}
		w->words = grown;
		w->capacity = capacity;
	}
	word = &w->words[w->n++];
	*word = (struct word){
		/* an offset until the buffer stands still */
		.text = { NULL, w->text.len },
		.column = column_of(s, s->rest.p),
	};
	return word;
}

static void take_word(struct splitter *s)
{
	struct word *word = new_word(s);

	while (word != NULL && !s->failed && s->rest.len != 0) {
		char c = s->rest.p[0];

		if (is_blank(c) || at_end_of_command(s->rest)
		    || at_trailing_ampersand(s->rest))
			return;
		if (c == '\'') {
			take_single_quoted(s);
		} else if (c == '"') {
			take_double_quoted(s, word);
		} else if (c == '$') {
			take_variable(s, word);
		} else if (c == '\\' && s->rest.len == 1) {
			fail(s, "nothing behind \\", s->rest.p);
		} else {
			if (c == '\\')
				s->rest = slice_skip(s->rest, 1);
			buf_char(&s->w->text, s->rest.p[0]);
			s->rest = slice_skip(s->rest, 1);
		}
	}
}

/* Turns offsets into slices, now that the buffer does not move any more. */
static void settle(struct words *w)
{
	size_t end = w->text.len;

	for (size_t i = w->n; i-- > 0;) {
		size_t start = w->words[i].text.len;

		w->words[i].text = end == start
			? SLICE_EMPTY
			: slice_make(w->text.p + start, end - start);
		end = start;
	}
}

static void take_words(struct splitter *s)
{
	while (!s->failed && s->w->text.err == OK) {
		while (s->rest.len != 0 && is_blank(s->rest.p[0]))
			s->rest = slice_skip(s->rest, 1);
		if (at_end_of_command(s->rest)) {
			if (s->rest.len != 0)
				s->rest = slice_skip(s->rest, 1);
			return;
		}
		if (s->rest.p[0] == '#') {
			s->rest = slice_skip(s->rest,
			                     slice_find(s->rest, '\n'));
		} else if (at_trailing_ampersand(s->rest)) {
			s->w->background = true;
			s->rest = slice_skip(s->rest, 1);
		} else {
			take_word(s);
		}
	}
}

static void take_leading_dash(struct splitter *s)
{
	while (s->rest.len != 0 && is_blank(s->rest.p[0]))
		s->rest = slice_skip(s->rest, 1);
	s->w->column = column_of(s, s->rest.p);
	if (!slice_take_char(&s->rest, '-'))
		return;
	s->w->ignore_failure = true;
}

enum error words_next(struct words *w, struct slice line,
                      struct slice *rest, variable_fn *variable, void *arg)
{
	struct splitter s = {
		.w = w,
		.line = line,
		.rest = *rest,
		.variable = variable,
		.arg = arg,
	};

	if (rest->len == 0)
		return ERR_NOT_FOUND;
	w->n = 0;
	w->background = w->ignore_failure = false;
	w->why = NULL;
	w->why_column = 0;
	buf_reset(&w->text);

	take_leading_dash(&s);
	take_words(&s);
	if (w->text.err != OK)
		return w->text.err;
	if (s.failed) {
		*rest = slice_skip(*rest, rest->len);
		return ERR_SYNTAX;
	}
	*rest = s.rest;
	settle(w);
	return OK;
}

void words_deinit(struct words *w)
{
	free(w->words);
	buf_deinit(&w->text);
	*w = (struct words){ 0 };
}

void words_quote(struct buf *out, struct slice s)
{
	buf_char(out, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\'')
			buf_str(out, "'\\''");
		else
			buf_char(out, s.p[i]);
	}
	buf_char(out, '\'');
}
