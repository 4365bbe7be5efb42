/* The end: calls are ended, registrations removed, answers waited for. */

#include "cli/app.h"

/* Past every transaction's own end. */
enum { SLACK_MS = 1000 };

static void bound_reached(void *arg)
{
	struct app *app = arg;

	loop_stop(app->loop);
}

static void hung_up(struct endpoint *ep, struct context *ctx,
                    const struct outcome *o, void *arg)
{
	(void)ep;
	(void)ctx;
	if (o->final)
		app_check_end(arg);
}

static void end_calls(struct app *app)
{
	struct call *next, *call = calls_next_live(&app->calls, NULL);

	for (; call != NULL; call = next) {
		next = calls_next_live(&app->calls, call);
		call->cancelled = true;
		if (call->context != NULL)
			(void)endpoint_hangup(app->endpoint, call->context,
			                      hung_up, app);
	}
}

static void end_registrations(struct app *app)
{
	LIST_EACH(node, &app->accounts.list) {
		struct account *a = CONTAINER_OF(node, struct account, node);

		if (a->registration != NULL && !a->once
		    && !app->options->keep
		    && (registration_is_active(a->registration)
		        || registration_is_busy(a->registration)))
			(void)registration_unregister(a->registration);
	}
}

static bool registrations_are_busy(const struct app *app)
{
	for (struct list *it = app->accounts.list.next;
	     it != &app->accounts.list; it = it->next) {
		const struct account *a = CONTAINER_OF(it, struct account,
		                                       node);

		if (a->registration != NULL
		    && registration_is_busy(a->registration))
			return true;
	}
	return false;
}

/* A call that ended for want of an ACK, say, is over before its BYE is. */
static void look_for_bye(struct context *ctx, void *arg)
{
	bool *found = arg;

	*found = *found || context_has_bye(ctx);
}

static bool byes_are_under_way(const struct app *app)
{
	bool found = false;

	if (app->endpoint != NULL)
		endpoint_each_context(app->endpoint, look_for_bye, &found);
	return found;
}

void app_check_end(struct app *app)
{
	if (!app->ending) {
		if (app->interactive)
			return;
		if (queue_has_failed(app->queue)
		    || (app->input_over && queue_is_idle(app->queue)))
			app_end(app, -1);
		return;
	}
	if (calls_next_live(&app->calls, NULL) != NULL
	    || registrations_are_busy(app) || byes_are_under_way(app))
		return;
	loop_stop(app->loop);
}

void app_end(struct app *app, int status)
{
	if (status >= 0 && app->status < 0)
		app->status = status;
	if (app->ending) {
		loop_stop(app->loop);
		return;
	}
	app->ending = true;
	queue_stop(app->queue);
	console_edit_stop(app->console);
	if (app->endpoint != NULL) {
		timer_arm(&app->end_bound, &app->env.timers,
		          64 * (uint64_t)app->settings.transaction.t1_ms
		          + SLACK_MS, bound_reached, app);
		end_calls(app);
		end_registrations(app);
	}
	app_check_end(app);
}
