/* options: a ping. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/request.h"

struct ping_run {
	struct app *app;
	struct item *item;
	const struct args *args;
	uint64_t count, interval_ms;
	uint64_t sent, answered, over;
	double min_ms, max_ms, sum_ms;
	unsigned refused;               /* status of the last refusal */
	struct outcome_failure {
		enum error err;
		char *text;
	} failure;                      /* the last one */
	struct timer next;
	struct list pings;              /* in flight */
};

/* One of them; the outcome's argument. */
struct ping {
	struct list node;
	struct ping_run *run;
	struct item *item;
	uint64_t n;
	uint64_t context;
};

static void free_run(void *state)
{
	struct ping_run *r = state;

	timer_cancel(&r->next);
	LIST_EACH(node, &r->pings)
		free(CONTAINER_OF(node, struct ping, node));
	free(r->failure.text);
	free(r);
}

static void tell_ping(struct ping_run *r, const struct ping *p,
                      const struct outcome *o)
{
	struct event *e = event_new("ping");

	request_event_keys(r->app, e, r->item, NULL);
	event_integer(e, "n", (int64_t)p->n);
	if (o->response != NULL) {
		event_integer(e, "status", o->response->status);
		event_number(e, "rtt_ms", (double)o->rtt_us / 1000);
	} else {
		event_null(e, "status");
		event_null(e, "rtt_ms");
	}
	report_event(r->app->report, e, (struct slice){ NULL, 0 }, false);
}

static void tell_lost(const struct ping_run *r, const struct ping *p)
{
	struct buf line = { 0 };

	buf_printf(&line, "options  n=%llu  ", (unsigned long long)p->n);
	buf_escaped(&line, slice_str(r->failure.text));
	report_text(r->app->report, buf_view(&line));
	buf_deinit(&line);
}

static void tell_summary(struct ping_run *r)
{
	struct event *e = event_new("cmd.done");
	struct buf line = { 0 };
	uint64_t lost = r->sent - r->answered;
	double loss = r->sent == 0 ? 0 : 100.0 * (double)lost
	                                 / (double)r->sent;
	double avg = r->answered == 0 ? 0 : r->sum_ms / (double)r->answered;

	event_integer(e, "sent", (int64_t)r->sent);
	event_integer(e, "received", (int64_t)r->answered);
	event_number(e, "loss", loss);
	if (r->answered != 0) {
		event_number(e, "min_ms", r->min_ms);
		event_number(e, "avg_ms", avg);
		event_number(e, "max_ms", r->max_ms);
	}
	r->item->extra = e;
	if (r->count == 1)
		return;
	buf_printf(&line, "%llu sent, %llu received, %.3g%% loss",
	           (unsigned long long)r->sent,
	           (unsigned long long)r->answered, loss);
	if (r->answered != 0)
		buf_printf(&line, "\nrtt min/avg/max = %.3f/%.3f/%.3f ms",
		           r->min_ms, avg, r->max_ms);
	report_text(r->app->report, buf_view(&line));
	buf_deinit(&line);
}

static void settle(struct ping_run *r)
{
	struct item *item = r->item;

	if (r->answered == r->sent && r->refused == 0)
		item_ok(item);
	else if (r->answered == r->sent)
		item_fail(item, CLASS_REFUSED, "%s", "");
	else if (r->failure.err == ERR_AUTH || r->count == 1)
		item_fail(item, error_class(r->failure.err), "%s",
		          r->failure.text == NULL
		          ? error_text(r->failure.err) : r->failure.text);
	else
		item_fail(item, CLASS_TIMEOUT, "%llu of %llu were lost",
		          (unsigned long long)(r->sent - r->answered),
		          (unsigned long long)r->sent);
}

static void finish_when_over(struct ping_run *r)
{
	if (r->item->done || r->over < r->count)
		return;
	tell_summary(r);
	settle(r);
	queue_done(r->item);
}

static void count_answer(struct ping_run *r, const struct outcome *o)
{
	double ms = (double)o->rtt_us / 1000;

	if (r->answered++ == 0 || ms < r->min_ms)
		r->min_ms = ms;
	if (ms > r->max_ms)
		r->max_ms = ms;
	r->sum_ms += ms;
	item_set_status(r->item, o->response->status, o->response->reason);
	if (o->response->status >= 300)
		r->refused = o->response->status;
}

static void count_failure(struct ping_run *r, const struct ping *p,
                          const struct outcome *o)
{
	free(r->failure.text);
	r->failure.err = o->err;
	r->failure.text = strdup(o->text[0] != '\0' ? o->text
	                                            : error_text(o->err));
	if (o->response != NULL)
		item_set_status(r->item, o->response->status,
		                o->response->reason);
	if (r->count > 1)
		tell_lost(r, p);
}

static void answered(struct endpoint *ep, struct context *ctx,
                     const struct outcome *o, void *arg)
{
	struct ping *p = arg;
	struct ping_run *r = p->run;
	struct item *item = p->item;
	struct app *app = r->app;
	struct response_text text = {
		.label = "options",
		.target = args_text(r->args, "URI"),
	};

	(void)ep;
	(void)ctx;
	if (!o->final)
		return;
	if (!item->done) {
		request_explain(app, NULL, o);
		request_tell(app, item, NULL, o, &text);
		if (o->err == OK && o->response != NULL)
			count_answer(r, o);
		else
			count_failure(r, p, o);
		tell_ping(r, p, o);
		r->over++;
		finish_when_over(r);
	}
	list_remove(&p->node);
	free(p);
	item_drop(item);
	app_check_end(app);
}

static bool send_one(struct ping_run *r)
{
	struct slice uri = args_text(r->args, "URI"), route;
	struct field fields[REQUEST_FIELDS_MAX];
	struct context_params params;
	struct ping *p = malloc(sizeof(*p));
	struct request_params req = {
		.method = SLICE("OPTIONS"),
		.uri = uri,
		.fields = fields,
		.fn = answered,
		.arg = p,
	};
	struct context *ctx;
	enum error err = ERR_NOMEM;

	if (p != NULL) {
		*p = (struct ping){ .run = r, .item = r->item,
		                    .n = r->sent + 1 };
		req.nfields = request_fields(r->app, r->args, req.method,
		                             fields);
		request_context_params(r->app, uri, &route, &params);
		ctx = endpoint_new_request(r->app->endpoint, NULL, &params,
		                           &req, &err);
		if (ctx != NULL) {
			p->context = context_id(ctx);
			item_hold(r->item);
			list_append(&r->pings, &p->node);
			r->sent++;
			return true;
		}
	}
	free(p);
	item_fail(r->item, err == ERR_SYNTAX ? CLASS_USAGE : CLASS_INTERNAL,
	          "%s", error_text(err));
	return false;
}

static void send_next(void *arg)
{
	struct ping_run *r = arg;

	if (r->item->done)
		return;
	if (!send_one(r)) {
		queue_done(r->item);
		return;
	}
	if (r->sent < r->count)
		timer_arm(&r->next, &r->app->env.timers, r->interval_ms,
		          send_next, r);
}

static void explain_unanswered(struct ping_run *r, enum error why)
{
	const struct ping *p;
	struct context *ctx;

	if (list_empty(&r->pings))
		return;
	p = CONTAINER_OF(r->pings.prev, struct ping, node);
	ctx = endpoint_find_context(r->app->endpoint, p->context);
	if (ctx != NULL)
		explanation_give_up(&r->app->explanation, ctx, "options",
		                    why);
}

/* ^C ends it as ping(8) does: with the figures so far. */
static void give_up(struct item *item, enum error why)
{
	struct ping_run *r = item->state;

	timer_cancel(&r->next);
	r->sent = r->over;
	r->count = r->count > 1 ? r->count : 1;
	tell_summary(r);
	explain_unanswered(r, why);
	request_fail_given_up(item, why);
	queue_done(item);
}

static enum run options_run(struct app *app, struct item *item,
                            const struct args *args)
{
	struct ping_run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	list_init(&r->pings);
	r->app = app;
	r->item = item;
	r->args = args;
	r->count = args_number(args, "--count", 1);
	r->interval_ms = args_number(args, "--interval", 1000);
	item->state = r;
	item->free_state = free_run;
	item->give_up = give_up;
	if (!send_one(r))
		return RUN_DONE;
	if (r->count > 1)
		timer_arm(&r->next, &app->env.timers, r->interval_ms,
		          send_next, r);
	return RUN_PENDING;
}

const struct command cmd_options = {
	.name = "options",
	.summary = "ping with OPTIONS: each answer with its time",
	.args = {
		{ "URI", ARG_URI, ARG_REQUIRED, "whom", 0, 0, NULL },
		{ "--count", ARG_NUMBER, 0, "how many (1)", 1, 1000000,
		  NULL },
		{ "--interval", ARG_DURATION, 0, "between them (1s)", 0, 0,
		  NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
		{ "--wait", ARG_FLAG, 0, "the prompt waits, too", 0, 0, NULL },
		{ "--nowait", ARG_FLAG, 0, "do not wait for the answer", 0, 0,
		  NULL },
	},
	.run = options_run,
};
