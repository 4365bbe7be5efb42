/* What TAB offers: commands, options, calls, accounts, methods, headers. */

#include <stdio.h>

#include "cli/app.h"

struct offer {
	struct slice text;
	console_add_fn *add;
	void *arg;
};

static void offer_word(const struct offer *o, const char *word)
{
	if (slice_starts_with_nocase(slice_str(word), o->text))
		o->add(word, o->arg);
}

static void offer_slice(const struct offer *o, struct slice word)
{
	struct buf escaped = { 0 };

	buf_escaped(&escaped, word);
	if (buf_error(&escaped) == OK)
		offer_word(o, buf_cstr(&escaped));
	buf_deinit(&escaped);
}

static void offer_commands(const struct offer *o)
{
	for (size_t i = 0; command_table[i] != NULL; i++)
		offer_word(o, command_table[i]->name);
}

static void offer_calls(const struct app *app, const struct offer *o)
{
	char text[16];

	for (const struct call *c = calls_next_live(&app->calls, NULL);
	     c != NULL; c = calls_next_live(&app->calls, c)) {
		snprintf(text, sizeof(text), "%%%u", c->number);
		offer_word(o, text);
	}
}

static void offer_accounts(const struct app *app, const struct offer *o)
{
	for (struct list *it = app->accounts.list.next;
	     it != &app->accounts.list; it = it->next)
		offer_slice(o, slice_str(CONTAINER_OF(it, struct account,
		                                      node)->name));
}

static void offer_methods(const struct offer *o)
{
	for (unsigned m = METHOD_OTHER + 1; m < METHOD_COUNT; m++)
		offer_slice(o, method_name((enum method)m));
}

static void offer_headers(const struct offer *o, const char *behind)
{
	for (unsigned h = HEADER_OTHER + 1; h < HEADER_COUNT; h++) {
		struct buf name = { 0 };

		buf_slice(&name, header_table[h].name);
		buf_str(&name, behind);
		offer_slice(o, buf_view(&name));
		buf_deinit(&name);
	}
}

static void offer_settings(const struct app *app, const struct offer *o)
{
	struct slice name, help;
	struct buf value = { 0 };

	for (size_t i = 0; settings_get(&app->settings, i, &name, &value,
	                                &help); i++)
		offer_slice(o, name);
	buf_deinit(&value);
}

static void offer_choices(const struct offer *o, const char *choices)
{
	struct slice rest = slice_str(choices);

	while (rest.len != 0) {
		size_t end = slice_find(rest, '|');

		offer_slice(o, slice_make(rest.p, end));
		rest = slice_skip(rest, end == rest.len ? end : end + 1);
	}
}

static void offer_kind(const struct app *app, const struct offer *o,
                       const struct arg_spec *spec)
{
	switch (spec->kind) {
	case ARG_CALL:
	case ARG_TARGET:
		offer_calls(app, o);
		break;
	case ARG_CALL_OR_ALL:
		offer_calls(app, o);
		offer_word(o, "all");
		break;
	case ARG_ACCOUNT:
		offer_accounts(app, o);
		break;
	case ARG_METHOD:
		offer_methods(o);
		break;
	case ARG_HEADER:
		offer_headers(o, ":");
		break;
	case ARG_HEADER_NAME:
		offer_headers(o, "");
		break;
	case ARG_CHOICE:
		offer_choices(o, spec->choices);
		break;
	case ARG_EVENT:
		for (size_t i = 0; event_names[i] != NULL; i++)
			offer_word(o, event_names[i]);
		break;
	case ARG_SETTING:
		offer_settings(app, o);
		break;
	case ARG_COMMAND:
		offer_commands(o);
		break;
	case ARG_FLAG:
	case ARG_WORD:
	case ARG_TEXT:
	case ARG_URI:
	case ARG_DURATION:
	case ARG_NUMBER:
	case ARG_Q:
	case ARG_PATH:
	case ARG_CODE:
	case ARG_MATCH:
		break;
	}
}

static const struct arg_spec *option_spec(const struct command *cmd,
                                          struct slice name)
{
	for (const struct arg_spec *s = cmd->args; s->name != NULL; s++)
		if (slice_eq(slice_str(s->name), name))
			return s;
	return NULL;
}

/* The positional that the words so far leave open. */
static const struct arg_spec *next_positional(const struct command *cmd,
                                              const struct words *w)
{
	const struct arg_spec *s = cmd->args;

	for (size_t i = 1; i < w->n; i++) {
		const struct arg_spec *option = NULL;

		if (w->words[i].text.len > 1 && w->words[i].text.p[0] == '-')
			option = option_spec(cmd, w->words[i].text);
		if (option != NULL) {
			i += option->kind != ARG_FLAG;
			continue;
		}
		while (s->name != NULL && s->name[0] == '-')
			s++;
		if (s->name != NULL && !(s->flags & ARG_REPEATED))
			s++;
	}
	while (s->name != NULL && s->name[0] == '-')
		s++;
	return s->name == NULL ? NULL : s;
}

/* True: a file is wanted. */
static bool offer_arguments(const struct app *app, const struct offer *o,
                            const struct words *w)
{
	struct buf why = { 0 };
	const struct command *cmd = command_find(w->words[0].text, true,
	                                         &why);
	const struct arg_spec *spec;

	buf_deinit(&why);
	if (cmd == NULL)
		return false;
	spec = option_spec(cmd, w->words[w->n - 1].text);
	if (spec != NULL && w->n > 1 && spec->kind != ARG_FLAG) {
		offer_kind(app, o, spec);
		return spec->kind == ARG_PATH;
	}
	if (o->text.len != 0 && o->text.p[0] == '-') {
		for (spec = cmd->args; spec->name != NULL; spec++)
			if (spec->name[0] == '-')
				offer_word(o, spec->name);
		return false;
	}
	spec = next_positional(cmd, w);
	if (spec != NULL)
		offer_kind(app, o, spec);
	return spec != NULL && spec->kind == ARG_PATH;
}

bool app_complete(struct slice line, struct slice text, console_add_fn *add,
                  void *add_arg, void *arg)
{
	const struct app *app = arg;
	struct offer o = { .text = text, .add = add, .arg = add_arg };
	struct words w = { 0 };
	struct slice rest = line;
	bool files = false;

	/* only the last command of the line counts */
	while (rest.len != 0 && words_next(&w, line, &rest, NULL, NULL) == OK)
		continue;
	if (w.n == 0)
		offer_commands(&o);
	else
		files = offer_arguments(app, &o, &w);
	words_deinit(&w);
	return files;
}
