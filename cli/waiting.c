/* Waiting for an event. */

#include "cli/waiting.h"

#include <stdlib.h>

#include "cli/request.h"

enum { MATCHES_MAX = 32 };

struct waiting {
	struct app *app;
	struct item *item;
	struct event_wait *wait;
	enum error_class failure;
	struct timer timeout;
};

static void free_waiting(void *state)
{
	struct waiting *w = state;

	report_wait_cancel(w->wait);
	timer_cancel(&w->timeout);
	free(w);
}

static void select_call(struct app *app, const struct event *e)
{
	struct buf number = { 0 };
	uint32_t n;
	struct call *call = NULL;

	if (event_value(e, SLICE("call"), &number)
	    && slice_to_u32(buf_view(&number), UINT32_MAX, &n))
		call = calls_numbered(&app->calls, n, false);
	if (call != NULL)
		calls_select(&app->calls, call);
	buf_deinit(&number);
}

static void happened(const struct event *e, void *arg)
{
	struct waiting *w = arg;

	w->wait = NULL;
	select_call(w->app, e);
	item_ok(w->item);
	queue_done(w->item);
}

static void print_wanted(const struct item *item, struct buf *out)
{
	buf_str(out, "wanted ");
	buf_slice(out, args_text(&item->args, "EVENT"));
	for (size_t i = 0; i < args_count(&item->args, "KEY=VALUE"); i++) {
		buf_char(out, ' ');
		buf_slice(out, args_value(&item->args, "KEY=VALUE",
		                          i)->text);
	}
}

/* The last event of that name, in the keys that were asked for. */
static void print_got(const struct waiting *w, struct buf *out)
{
	const struct args *args = &w->item->args;
	const struct event *e = report_last(w->app->report,
	                                    args_text(args, "EVENT"));

	if (e == NULL) {
		buf_str(out, ", got no such event");
		return;
	}
	buf_str(out, ", got");
	for (size_t i = 0; i < args_count(args, "KEY=VALUE"); i++) {
		struct slice key = args_value(args, "KEY=VALUE", i)->name;

		buf_char(out, ' ');
		buf_slice(out, key);
		buf_char(out, '=');
		if (!event_value(e, key, out))
			buf_str(out, "(none)");
	}
}

static void fail(struct waiting *w)
{
	struct buf text = { 0 };

	print_wanted(w->item, &text);
	print_got(w, &text);
	item_fail(w->item, w->failure, "%s", buf_cstr(&text));
	buf_deinit(&text);
}

static void timed_out(void *arg)
{
	struct waiting *w = arg;

	fail(w);
	queue_done(w->item);
}

static void give_up(struct item *item, enum error why)
{
	if (why == ERR_TIMEOUT)
		fail(item->state);
	else
		request_fail_given_up(item, why);
	queue_done(item);
}

static size_t read_matches(const struct args *args, struct match *out)
{
	size_t n = 0;

	for (; n < args_count(args, "KEY=VALUE") && n < MATCHES_MAX; n++) {
		const struct value *v = args_value(args, "KEY=VALUE", n);

		out[n] = (struct match){ v->name, v->rest, v->op };
	}
	return n;
}

enum run waiting_run(struct app *app, struct item *item,
                     const struct args *args, enum error_class failure)
{
	struct match matches[MATCHES_MAX];
	size_t n = read_matches(args, matches);
	uint64_t timeout_ms = args_number(args, "--timeout", 0);
	struct waiting *w = calloc(1, sizeof(*w));
	struct buf why = { 0 };
	enum run run = RUN_PENDING;

	if (w == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	*w = (struct waiting){ .app = app, .item = item,
	                       .failure = failure };
	item->state = w;
	item->free_state = free_waiting;
	item->give_up = give_up;
	if (report_wait(app->report, args_text(args, "EVENT"), matches, n,
	                args_has(args, "--new"), happened, w, &w->wait, &why)
	    != OK)
		run = item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	else if (w->wait != NULL && timeout_ms != 0)
		timer_arm(&w->timeout, &app->env.timers, timeout_ms,
		          timed_out, w);
	buf_deinit(&why);
	return run;
}
