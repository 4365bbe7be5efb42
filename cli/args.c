/* The arguments of a command: read and checked by its row. */

#include <assert.h>
#include <stdlib.h>

#include "cli/command.h"
#include "core/base/list.h"
#include "core/message/header.h"

/* --- values --- */

bool duration_parse(struct slice s, uint64_t *ms)
{
	static const struct {
		const char *suffix;
		uint64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 },
		{ "h", 3600 * 1000 }, { "", 1000 },
	};
	static const uint64_t longest = UINT64_C(30) * 24 * 3600 * 1000;
	struct slice whole, fraction = SLICE_EMPTY;
	uint64_t n, f = 0, scale = 1;

	if (!slice_take_digits(&s, &whole)
	    || !slice_to_u64(whole, longest, &n))
		return false;
	if (slice_take_char(&s, '.')
	    && (!slice_take_digits(&s, &fraction)
	        || !slice_to_u64(fraction, 999999, &f)))
		return false;
	for (size_t i = 0; i < fraction.len; i++)
		scale *= 10;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!slice_eq(s, slice_str(units[i].suffix)))
			continue;
		n = n * units[i].ms + f * units[i].ms / scale;
		if (n > longest)
			return false;
		*ms = n;
		return true;
	}
	return false;
}

static bool is_call(struct slice s)
{
	uint32_t n;

	return slice_eq(s, SLICE("%%")) || slice_eq(s, SLICE("%-"))
	       || (slice_take_char(&s, '%') && slice_to_u32(s, 0xffffffff, &n)
	           && n != 0);
}

static bool header_split(struct value *v)
{
	struct slice rest = v->text, name;

	if (!slice_take_token(&rest, &name))
		return false;
	slice_skip_lws(&rest);
	if (!slice_take_char(&rest, ':'))
		return false;
	rest = slice_trim(rest);
	if (slice_find(rest, '\r') < rest.len
	    || slice_find(rest, '\n') < rest.len
	    || slice_find(rest, '\0') < rest.len)
		return false;
	v->name = name;
	v->rest = rest.len == 0 ? (struct slice){ NULL, 0 } : rest;
	return true;
}

static bool match_split(struct value *v)
{
	for (size_t i = 1; i < v->text.len; i++) {
		char c = v->text.p[i];
		size_t skip = 1;

		if (c == '!' && i + 1 < v->text.len
		    && v->text.p[i + 1] == '=')
			skip = 2;
		else if (c != '=' && c != '<' && c != '>' && c != '~')
			continue;
		v->op = c;
		v->name = slice_make(v->text.p, i);
		v->rest = slice_skip(v->text, i + skip);
		return true;
	}
	return false;
}

static bool choice_find(const char *choices, struct value *v)
{
	struct slice rest = slice_str(choices), choice;

	for (uint64_t n = 0; rest.len != 0; n++) {
		size_t end = slice_find(rest, '|');

		choice = slice_make(rest.p, end);
		if (slice_eq(choice, v->text)) {
			v->number = n;
			return true;
		}
		rest = slice_skip(rest, end == rest.len ? end : end + 1);
	}
	return false;
}

static bool number_in_range(const struct arg_spec *spec, struct value *v,
                            uint32_t min, uint32_t max)
{
	uint32_t n;

	if (spec->min != 0)
		min = spec->min;
	if (spec->max != 0)
		max = spec->max;
	if (!slice_to_u32(v->text, max, &n) || n < min)
		return false;
	v->number = n;
	return true;
}

static bool q_parse(struct value *v)
{
	uint32_t q;

	if (!slice_to_q(v->text, &q))
		return false;
	v->number = q;
	return true;
}

/* What can be told without the application. */
static bool value_is_well_formed(const struct arg_spec *spec, struct value *v)
{
	switch (spec->kind) {
	case ARG_FLAG:
	case ARG_TEXT:
		return true;
	case ARG_WORD:
	case ARG_URI:
	case ARG_TARGET:
	case ARG_ACCOUNT:
	case ARG_PATH:
	case ARG_EVENT:
	case ARG_SETTING:
	case ARG_COMMAND:
		return v->text.len != 0;
	case ARG_CALL:
		return is_call(v->text);
	case ARG_CALL_OR_ALL:
		return is_call(v->text) || slice_eq(v->text, SLICE("all"));
	case ARG_DURATION:
		return duration_parse(v->text, &v->number);
	case ARG_NUMBER:
		return number_in_range(spec, v, 0, UINT32_MAX);
	case ARG_CODE:
		return number_in_range(spec, v, 100, 699);
	case ARG_Q:
		return q_parse(v);
	case ARG_HEADER:
		return header_split(v);
	case ARG_HEADER_NAME:
	case ARG_METHOD:
		return slice_all(v->text, CHAR_TOKEN);
	case ARG_CHOICE:
		return choice_find(spec->choices, v);
	case ARG_MATCH:
		return match_split(v);
	}
	return false;
}

static void tell_expected(struct buf *why, const struct arg_spec *spec,
                          struct slice got)
{
	buf_printf(why, "%s: expected ", spec->name);
	switch (spec->kind) {
	case ARG_DURATION:
		buf_str(why, "a duration like 500ms, 5s or 2m");
		break;
	case ARG_NUMBER:
	case ARG_CODE:
		buf_printf(why, "a number from %u to %u",
		           spec->kind == ARG_CODE && spec->min == 0
		           ? 100u : spec->min,
		           spec->max != 0 ? spec->max
		           : spec->kind == ARG_CODE ? 699u : UINT32_MAX);
		break;
	case ARG_Q:
		buf_str(why, "a number from 0 to 1 with three decimals");
		break;
	case ARG_CALL:
		buf_str(why, "a call like %1, %% or %-");
		break;
	case ARG_CALL_OR_ALL:
		buf_str(why, "a call like %1, or all");
		break;
	case ARG_CHOICE:
		buf_printf(why, "one of %s", spec->choices);
		break;
	case ARG_MATCH:
		buf_str(why, "KEY=VALUE (or != < > ~)");
		break;
	case ARG_HEADER_NAME:
	case ARG_METHOD:
		buf_str(why, "a token");
		break;
	case ARG_FLAG:
	case ARG_WORD:
	case ARG_TEXT:
	case ARG_URI:
	case ARG_TARGET:
	case ARG_ACCOUNT:
	case ARG_PATH:
	case ARG_HEADER:
	case ARG_EVENT:
	case ARG_SETTING:
	case ARG_COMMAND:
		buf_str(why, arg_kind_word(spec));
		break;
	}
	buf_str(why, ", got '");
	buf_escaped(why, got);
	buf_char(why, '\'');
}

/* --- parsing a command's words --- */

struct args_parser {
	struct args *out;
	const struct words *w;
	arg_check_fn *check;
	void *arg;
	struct buf *why;
	unsigned *column;
	struct buf scratch;
	size_t next;                    /* word */
	size_t positional;              /* spec to fill next */
	bool options_over;              /* "--" was there */
};

static bool refuse(struct args_parser *p, unsigned column)
{
	*p->column = column;
	return false;
}

static struct value *add_value(struct args_parser *p, size_t index)
{
	size_t n = p->out->counts[index];
	struct value *grown;

	grown = realloc(p->out->values[index], (n + 1) * sizeof(*grown));
	if (grown == NULL) {
		p->why->err = ERR_NOMEM;
		return NULL;
	}
	p->out->values[index] = grown;
	p->out->counts[index] = n + 1;
	grown[n] = (struct value){ 0 };
	return &grown[n];
}

static bool store(struct args_parser *p, size_t index, struct slice text,
                  unsigned column)
{
	const struct arg_spec *spec = &p->out->command->args[index];
	struct value *v;

	if (p->out->counts[index] != 0 && !(spec->flags & ARG_REPEATED)) {
		buf_printf(p->why, "%s is given twice", spec->name);
		return refuse(p, column);
	}
	v = add_value(p, index);
	if (v == NULL)
		return false;
	v->text = text;
	v->column = column;
	if (!value_is_well_formed(spec, v)) {
		tell_expected(p->why, spec, text);
		return refuse(p, column);
	}
	return true;
}

static bool find_option(const struct args_parser *p, struct slice name,
                        size_t *index)
{
	const struct arg_spec *specs = p->out->command->args;

	for (size_t i = 0; specs[i].name != NULL; i++) {
		if (arg_is_option(&specs[i])
		    && slice_eq(slice_str(specs[i].name), name)) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool take_option(struct args_parser *p)
{
	const struct word *word = &p->w->words[p->next++];
	struct slice name = word->text, value = { NULL, 0 };
	const struct arg_spec *spec;
	size_t index, eq = slice_find(name, '=');

	if (slice_starts_with(name, SLICE("--")) && eq < name.len) {
		value = slice_skip(name, eq + 1);
		name.len = eq;
	}
	if (!find_option(p, name, &index)) {
		buf_printf(p->why, "%s has no option '",
		           p->out->command->name);
		buf_escaped(p->why, name);
		buf_char(p->why, '\'');
		return refuse(p, word->column);
	}
	spec = &p->out->command->args[index];
	if (spec->kind == ARG_FLAG) {
		if (value.p != NULL) {
			buf_printf(p->why, "%s takes no value", spec->name);
			return refuse(p, word->column);
		}
		return store(p, index, name, word->column);
	}
	if (value.p == NULL) {
		if (p->next == p->w->n) {
			buf_printf(p->why, "%s needs a value: %s", spec->name,
			           arg_kind_word(spec));
			return refuse(p, word->column);
		}
		value = p->w->words[p->next++].text;
	}
	return store(p, index, value, word->column);
}

static bool skip_to_positional(struct args_parser *p)
{
	const struct arg_spec *specs = p->out->command->args;

	while (specs[p->positional].name != NULL
	       && (arg_is_option(&specs[p->positional])
	           || (p->out->counts[p->positional] != 0
	               && !(specs[p->positional].flags & ARG_REPEATED))))
		p->positional++;
	return specs[p->positional].name != NULL;
}

/* An optional call in front ("[%N] CODE") is left out when the word is none. */
static bool is_skippable(const struct arg_spec *spec, struct slice text)
{
	if (spec->flags & ARG_REQUIRED)
		return false;
	if (spec->kind == ARG_CALL)
		return text.len == 0 || text.p[0] != '%';
	return false;
}

/* "--", and an option that the command has, end a text; whatever else
 * begins with a dash is a part of it. */
static bool ends_text(const struct args_parser *p, struct slice word)
{
	size_t index;

	word.len = slice_starts_with(word, SLICE("--")) && word.len > 2
	           ? slice_find(word, '=') : word.len;
	return !p->options_over && (slice_eq(word, SLICE("--"))
	                            || find_option(p, word, &index));
}

static bool take_joined(struct args_parser *p)
{
	size_t start = p->scratch.len;
	unsigned column = p->w->words[p->next].column;

	for (; p->next < p->w->n; p->next++) {
		if (ends_text(p, p->w->words[p->next].text))
			break;
		if (p->scratch.len != start)
			buf_char(&p->scratch, ' ');
		buf_slice(&p->scratch, p->w->words[p->next].text);
	}
	if (buf_error(&p->scratch) != OK) {
		p->why->err = ERR_NOMEM;
		return false;
	}
	return store(p, p->positional,
	             slice_skip(buf_view(&p->scratch), start), column);
}

static bool take_positional(struct args_parser *p)
{
	const struct word *word = &p->w->words[p->next];
	const struct arg_spec *specs = p->out->command->args;

	while (skip_to_positional(p)
	       && is_skippable(&specs[p->positional], word->text))
		p->positional++;
	if (specs[p->positional].name == NULL) {
		buf_printf(p->why, "%s takes no further argument '",
		           p->out->command->name);
		buf_escaped(p->why, word->text);
		buf_char(p->why, '\'');
		return refuse(p, word->column);
	}
	if (specs[p->positional].flags & ARG_JOINED)
		return take_joined(p);
	p->next++;
	return store(p, p->positional, word->text, word->column);
}

/* "-" and "-5" are values; "--" ends the options. */
static bool looks_like_option(struct slice s)
{
	return s.len > 1 && s.p[0] == '-' && !char_is(s.p[1], CHAR_DIGIT);
}

static bool take_all(struct args_parser *p)
{
	while (p->next < p->w->n) {
		struct slice text = p->w->words[p->next].text;

		if (!p->options_over && slice_eq(text, SLICE("--"))) {
			p->options_over = true;
			p->next++;
		} else if (!p->options_over && looks_like_option(text)) {
			if (!take_option(p))
				return false;
		} else if (!take_positional(p)) {
			return false;
		}
	}
	return true;
}

static bool nothing_is_missing(struct args_parser *p)
{
	const struct arg_spec *specs = p->out->command->args;

	for (size_t i = 0; specs[i].name != NULL; i++) {
		if (!(specs[i].flags & ARG_REQUIRED)
		    || p->out->counts[i] != 0)
			continue;
		buf_printf(p->why, "%s is missing; ", specs[i].name);
		command_usage(p->why, p->out->command);
		return refuse(p, p->w->column);
	}
	return true;
}

/* Moves every text into memory of the args' own, in which the slices of a
 * value keep their places. */
static bool own_texts(struct args *a)
{
	size_t total = 1;
	char *at;

	for (size_t i = 0; i < COMMAND_ARGS_MAX; i++)
		for (size_t n = 0; n < a->counts[i]; n++)
			total += a->values[i][n].text.len + 1;
	at = a->memory = malloc(total);
	if (at == NULL)
		return false;
	for (size_t i = 0; i < COMMAND_ARGS_MAX; i++) {
		for (size_t n = 0; n < a->counts[i]; n++) {
			struct value *v = &a->values[i][n];
			const char *old = v->text.p;

			if (v->text.len != 0)
				memcpy(at, old, v->text.len);
			v->text.p = at;
			if (v->name.p != NULL)
				v->name.p = at + (v->name.p - old);
			if (v->rest.p != NULL)
				v->rest.p = at + (v->rest.p - old);
			at += v->text.len;
			*at++ = '\0';
		}
	}
	return true;
}

/* A value that the application completes (a bare name to a URI) ends up in
 * scratch; own_texts() then takes it over. */
static bool check_values(struct args_parser *p)
{
	const struct arg_spec *specs = p->out->command->args;

	if (p->check == NULL)
		return true;
	for (size_t i = 0; specs[i].name != NULL; i++) {
		for (size_t n = 0; n < p->out->counts[i]; n++) {
			struct value *v = &p->out->values[i][n];
			struct buf completed = { 0 };
			bool good = p->check(&specs[i], v, &completed,
			                     p->why, p->arg);
			char *old = p->out->memory;

			if (good && completed.len != 0) {
				v->text = buf_view(&completed);
				good = own_texts(p->out);
				free(old);
			}
			buf_deinit(&completed);
			if (!good)
				return refuse(p, v->column);
		}
	}
	return true;
}

enum error args_parse(struct args *out, const struct command *cmd,
                      const struct words *w, arg_check_fn *check, void *arg,
                      struct buf *why, unsigned *column)
{
	struct args_parser p = {
		.out = out,
		.w = w,
		.check = check,
		.arg = arg,
		.why = why,
		.column = column,
		.next = 1,
	};
	bool good;

	*out = (struct args){ .command = cmd };
	*column = w->column;
	good = take_all(&p) && nothing_is_missing(&p) && own_texts(out)
	       && check_values(&p);
	buf_deinit(&p.scratch);
	if (good)
		return OK;
	args_deinit(out);
	return why->err != OK || why->len == 0 ? ERR_NOMEM : ERR_SYNTAX;
}

void args_deinit(struct args *a)
{
	for (size_t i = 0; i < COMMAND_ARGS_MAX; i++)
		free(a->values[i]);
	free(a->memory);
	*a = (struct args){ 0 };
}

static size_t spec_index(const struct args *a, const char *name)
{
	size_t i = 0;

	while (a->command->args[i].name != NULL
	       && strcmp(a->command->args[i].name, name) != 0)
		i++;
	assert(a->command->args[i].name != NULL);
	return i;
}

size_t args_count(const struct args *a, const char *name)
{
	return a->counts[spec_index(a, name)];
}

bool args_has(const struct args *a, const char *name)
{
	return args_count(a, name) != 0;
}

const struct value *args_value(const struct args *a, const char *name,
                               size_t nth)
{
	size_t i = spec_index(a, name);

	return nth < a->counts[i] ? &a->values[i][nth] : NULL;
}

struct slice args_text(const struct args *a, const char *name)
{
	const struct value *v = args_value(a, name, 0);

	return v == NULL ? (struct slice){ NULL, 0 } : v->text;
}

uint64_t args_number(const struct args *a, const char *name, uint64_t absent)
{
	const struct value *v = args_value(a, name, 0);

	return v == NULL ? absent : v->number;
}
