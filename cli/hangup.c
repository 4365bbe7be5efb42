/* Ending calls, and waiting for their ends. */

#include "cli/hangup.h"

#include "cli/request.h"

static bool fits(const struct call *call, enum hangup_scope scope)
{
	enum context_state state;

	if (call->over || call->context == NULL)
		return false;
	state = context_state(call->context);
	switch (scope) {
	case HANGUP_ANY:
		return state != CONTEXT_HANGING_UP && state != CONTEXT_ENDED;
	case HANGUP_UP:
		return state == CONTEXT_CONFIRMED
		       || state == CONTEXT_ANSWERED;
	case HANGUP_CALLING:
		return state == CONTEXT_CALLING
		       || state == CONTEXT_PROCEEDING;
	}
	return false;
}

static const char *misfit(enum hangup_scope scope)
{
	switch (scope) {
	case HANGUP_ANY:
		return "is ending already";
	case HANGUP_UP:
		return "is not up; cancel or hangup ends it";
	case HANGUP_CALLING:
		return "is not a call of ours that waits for an answer; "
		       "bye or hangup ends it";
	}
	return "";
}

/* The BYE's or CANCEL's own outcome: told, and remembered if it failed. */
static void responded(struct endpoint *ep, struct context *ctx,
                      const struct outcome *o, void *arg)
{
	struct item *item = arg;
	struct app *app = item->state;
	struct call *call = calls_of(ctx);
	struct response_text text = { .label = item->command->name };

	(void)ep;
	request_explain(app, call, o);
	/* of a CANCEL only the INVITE's end is news */
	if (o->method == METHOD_CANCEL && o->response != NULL
	    && o->response->status < 300)
		text.label = NULL;
	if (call != NULL)
		request_tell(app, item->done ? NULL : item, call, o, &text);
	if (!item->done && o->final && item->result.rc == 0)
		request_settle(item, o);
	if (o->final)
		item_drop(item);
	app_check_end(app);
}

static bool end_call(struct app *app, struct item *item, struct call *call,
                     enum hangup_scope scope)
{
	/* a refusal is over at once, and has no outcome to wait for */
	bool refuses = context_state(call->context) == CONTEXT_INCOMING;
	bool ends;

	if (!refuses)
		item_hold(item);
	call->cancelled = true;
	call->ender = item;
	if (scope == HANGUP_CALLING)
		ends = endpoint_cancel_invite(app->endpoint, call->context,
		                              responded, item) != 0;
	else
		ends = endpoint_hangup(app->endpoint, call->context,
		                       responded, item);
	if (ends)
		return true;
	call->ender = NULL;
	if (!refuses)
		item_drop(item);
	return false;
}

static bool is_awaited(const struct app *app, const struct item *item)
{
	for (const struct call *c = calls_next_live(&app->calls, NULL);
	     c != NULL; c = calls_next_live(&app->calls, c))
		if (c->ender == item)
			return true;
	return false;
}

static void give_up(struct item *item, enum error why)
{
	struct app *app = item->state;

	for (struct call *c = calls_next_live(&app->calls, NULL); c != NULL;
	     c = calls_next_live(&app->calls, c))
		if (c->ender == item)
			c->ender = NULL;
	request_fail_given_up(item, why);
	queue_done(item);
}

static enum run end_all(struct app *app, struct item *item,
                        enum hangup_scope scope)
{
	struct call *next, *call = calls_next_live(&app->calls, NULL);

	for (; call != NULL; call = next) {
		next = calls_next_live(&app->calls, call);
		if (fits(call, scope))
			(void)end_call(app, item, call, scope);
	}
	return is_awaited(app, item) ? RUN_PENDING : item_ok(item);
}

enum run hangup_calls(struct app *app, struct item *item, struct slice text,
                    enum hangup_scope scope)
{
	struct buf why = { 0 };
	struct call *call;
	enum run run = RUN_PENDING;

	item->state = app;
	item->give_up = give_up;
	if (slice_eq(text, SLICE("all")))
		return end_all(app, item, scope);
	call = calls_find(&app->calls, text, false, &why);
	if (call == NULL)
		run = item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	else if (!fits(call, scope) || !end_call(app, item, call, scope))
		run = item_fail(item, CLASS_USAGE, "%%%u %s", call->number,
		                misfit(scope));
	buf_deinit(&why);
	return run;
}

void hangup_call_ended(struct call *call)
{
	struct item *item = call->ender;

	call->ender = NULL;
	if (item == NULL)
		return;
	/* this one is live until its owner marks it */
	call->over = true;
	if (!is_awaited(call->app, item))
		queue_done(item);
	call->over = false;
}
