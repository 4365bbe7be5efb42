/* What happened, told to people, programs and those who wait. */

#include "cli/report.h"

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* Events that were told and may still be waited for. */
enum { KEPT_MAX = 1024 };

struct report {
	struct console *console;
	struct env *env;
	enum report_mode mode;
	enum report_level level;
	uint64_t last_seq;
	uint64_t matched_seq;           /* the last event that a wait took */
	struct list kept;               /* oldest first */
	unsigned nkept;
	struct list waits;
	struct buf line;
};

struct condition {
	char *key, *value;
	char op;
	bool has_regex;
	regex_t regex;
};

struct event_wait {
	struct list node;
	struct report *report;
	char *name;
	struct condition *conditions;
	size_t nconditions;
	event_wait_fn *fn;
	void *arg;
};

struct report *report_new(struct console *console, struct env *env,
                          enum report_mode mode, enum report_level level)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->console = console;
	r->env = env;
	r->mode = mode;
	r->level = level;
	list_init(&r->kept);
	list_init(&r->waits);
	return r;
}

static void drop_oldest(struct report *r)
{
	struct event *e = CONTAINER_OF(r->kept.next, struct event, node);

	list_remove(&e->node);
	r->nkept--;
	event_release(e);
}

void report_free(struct report *r)
{
	if (r == NULL)
		return;
	while (!list_empty(&r->kept))
		drop_oldest(r);
	LIST_EACH(node, &r->waits)
		report_wait_cancel(CONTAINER_OF(node, struct event_wait,
		                                node));
	buf_deinit(&r->line);
	free(r);
}

enum report_mode report_mode(const struct report *r)
{
	return r->mode;
}

enum report_level report_level(const struct report *r)
{
	return r->level;
}

void report_set_level(struct report *r, enum report_level level)
{
	r->level = level;
}

/* --- waiting --- */

static bool compare_numbers(const struct condition *c, const char *value,
                            bool *both)
{
	char *got_end, *want_end;
	double got = strtod(value, &got_end);
	double want = strtod(c->value, &want_end);

	*both = *value != '\0' && *got_end == '\0' && c->value[0] != '\0'
	        && *want_end == '\0';
	return c->op == '<' ? got < want : got > want;
}

static bool condition_holds(const struct condition *c, const char *value)
{
	bool both, result;

	switch (c->op) {
	case '=':
		return strcmp(value, c->value) == 0;
	case '!':
		return strcmp(value, c->value) != 0;
	case '~':
		return regexec(&c->regex, value, 0, NULL, 0) == 0;
	default:
		result = compare_numbers(c, value, &both);
		return both && result;
	}
}

static bool fits(const struct event_wait *w, const struct event *e)
{
	bool good = strcmp(w->name, e->name) == 0;

	for (size_t i = 0; good && i < w->nconditions; i++) {
		const struct condition *c = &w->conditions[i];
		struct buf value = { 0 };

		good = event_value(e, slice_str(c->key), &value)
		       && condition_holds(c, buf_cstr(&value));
		buf_deinit(&value);
	}
	return good;
}

static void wait_free(struct event_wait *w)
{
	for (size_t i = 0; i < w->nconditions; i++) {
		if (w->conditions[i].has_regex)
			regfree(&w->conditions[i].regex);
		free(w->conditions[i].key);
		free(w->conditions[i].value);
	}
	free(w->conditions);
	free(w->name);
	free(w);
}

void report_wait_cancel(struct event_wait *w)
{
	if (w == NULL)
		return;
	list_remove(&w->node);
	wait_free(w);
}

static void matched(struct event_wait *w, const struct event *e)
{
	event_wait_fn *fn = w->fn;
	void *arg = w->arg;

	w->report->matched_seq = e->seq;
	report_wait_cancel(w);
	fn(e, arg);
}

static void wake(struct report *r, const struct event *e)
{
	LIST_EACH(node, &r->waits) {
		struct event_wait *w = CONTAINER_OF(node, struct event_wait,
		                                    node);

		if (fits(w, e)) {
			/* one event is one match: who waits longest has it */
			matched(w, e);
			return;
		}
	}
}

static bool condition_init(struct condition *c, const struct match *m,
                           struct buf *why)
{
	char reason[128];
	int code;

	c->op = m->op;
	c->key = slice_dup(m->key);
	c->value = slice_dup(m->value);
	if (c->key == NULL || c->value == NULL) {
		buf_str(why, error_text(ERR_NOMEM));
		return false;
	}
	if (m->op != '~')
		return true;
	code = regcomp(&c->regex, c->value, REG_EXTENDED | REG_NOSUB);
	c->has_regex = code == 0;
	if (code != 0) {
		regerror(code, &c->regex, reason, sizeof(reason));
		buf_printf(why, "%s: not a regular expression: %s", c->key,
		           reason);
	}
	return code == 0;
}

static struct event_wait *wait_new(struct slice name,
                                   const struct match *matches,
                                   size_t nmatches, struct buf *why)
{
	struct event_wait *w = calloc(1, sizeof(*w));
	bool good = w != NULL;

	if (good) {
		w->name = slice_dup(name);
		w->conditions = calloc(nmatches + 1, sizeof(*w->conditions));
		good = w->name != NULL && w->conditions != NULL;
	}
	if (!good)
		buf_str(why, error_text(ERR_NOMEM));
	for (size_t i = 0; good && i < nmatches; i++) {
		w->nconditions++;
		good = condition_init(&w->conditions[i], &matches[i], why);
	}
	if (good)
		return w;
	if (w != NULL)
		wait_free(w);
	return NULL;
}

enum error report_wait(struct report *r, struct slice name,
                       const struct match *matches, size_t nmatches,
                       bool only_new, event_wait_fn *fn, void *arg,
                       struct event_wait **out, struct buf *why)
{
	struct event_wait *w = wait_new(name, matches, nmatches, why);

	*out = NULL;
	if (w == NULL)
		return ERR_SYNTAX;
	w->report = r;
	w->fn = fn;
	w->arg = arg;
	list_append(&r->waits, &w->node);
	if (only_new) {
		r->matched_seq = r->last_seq;
	} else {
		LIST_EACH(node, &r->kept) {
			struct event *e = CONTAINER_OF(node, struct event,
			                               node);

			if (e->seq <= r->matched_seq || !fits(w, e))
				continue;
			matched(w, e);
			return OK;
		}
	}
	*out = w;
	return OK;
}

const struct event *report_last(const struct report *r, struct slice name)
{
	for (struct list *it = r->kept.prev; it != &r->kept; it = it->prev) {
		const struct event *e = CONTAINER_OF(it, struct event, node);

		if (e->seq > r->matched_seq
		    && slice_eq(slice_str(e->name), name))
			return e;
	}
	return NULL;
}

/* --- telling --- */

/* What was matched is not looked at again. */
static void drop_what_nobody_can_match(struct report *r)
{
	while (r->nkept != 0) {
		const struct event *e = CONTAINER_OF(r->kept.next,
		                                     struct event, node);

		if (e->seq > r->matched_seq && r->nkept <= KEPT_MAX)
			return;
		drop_oldest(r);
	}
}

/* SGR parameters for what a person must not overlook; NULL: plain. */
static const char *style_of(const struct event *e, bool important)
{
	static const char red[] = "31", bold[] = "1";
	static const struct {
		const char *name, *style;
	} styles[] = {
		{ "call.failed", red }, { "call.incoming", bold },
		{ "message", bold }, { "reg.failed", red },
	};

	if (important && strcmp(e->name, "response") == 0)
		return red;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++)
		if (strcmp(e->name, styles[i].name) == 0)
			return styles[i].style;
	return NULL;
}

static void print_styled(struct report *r, struct slice text,
                         const char *style)
{
	struct buf line = { 0 };

	buf_printf(&line, "\x1b[%sm", style);
	buf_slice(&line, text);
	buf_str(&line, "\x1b[0m");
	console_write(r->console, buf_view(&line));
	buf_deinit(&line);
}

static void print_text(struct report *r, const struct event *e,
                       struct slice text, bool important)
{
	const char *style = console_has_color(r->console)
	                    ? style_of(e, important) : NULL;

	if (text.p == NULL || (!important && r->level == REPORT_QUIET))
		return;
	if (style == NULL || text.len == 0)
		console_write(r->console, text);
	else
		print_styled(r, text, style);
}

void report_problem(struct report *r, const char *text)
{
	struct buf line = { 0 };

	buf_str(&line, "sipsh: ");
	buf_str(&line, text);
	console_error(r->console, buf_view(&line));
	buf_deinit(&line);
}

static void tell_loss(struct report *r)
{
	report_problem(r, "out of memory: an event is lost");
}

static void print_event(struct report *r, const struct event *e,
                        struct slice text, bool important)
{
	if (r->mode == REPORT_TEXT) {
		print_text(r, e, text, important);
		return;
	}
	buf_reset(&r->line);
	if (event_print_json(e, &r->line) == OK)
		console_write(r->console, buf_view(&r->line));
	else
		tell_loss(r);
}

void report_event(struct report *r, struct event *e, struct slice text,
                  bool important)
{
	if (e == NULL) {
		tell_loss(r);
		return;
	}
	e->seq = ++r->last_seq;
	e->wall_us = r->env->wall_us;
	print_event(r, e, text, important);
	list_append(&r->kept, &e->node);
	r->nkept++;
	e->references++;
	wake(r, e);
	event_release(e);
	drop_what_nobody_can_match(r);
}

void report_text(struct report *r, struct slice text)
{
	if (r->mode == REPORT_TEXT)
		console_write(r->console, text);
}
