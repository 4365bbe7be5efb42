/* invite: a call. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/request.h"

enum { SDP_MAX = 64 * 1024 };

/* While the peer's address is looked up: our SDP names the one of ours that
 * leads there. Afterwards request.c's state takes its place. */
struct invite_state {
	struct app *app;
	struct item *item;
	uint64_t locating;              /* 0: it is found, or is not */
	bool starting;                  /* inside locate_start() */
	enum error err;
	char *text;                     /* of err */
	struct target target;
};

static void free_state(void *state)
{
	struct invite_state *s = state;

	if (s->locating != 0)
		locate_cancel(s->app->locator, s->locating);
	free(s->text);
	free(s);
}

/* --- outcomes --- */

static void tell_call(struct app *app, const struct item *item,
                      const struct call *call, const struct outcome *o,
                      const char *name)
{
	struct event *e = event_new(name);

	request_event_keys(app, e, item, call);
	event_text(e, "direction", SLICE("out"));
	event_text(e, "peer", args_text(&item->args, "URI"));
	event_integer(e, "status", o->response->status);
	event_text(e, "reason", o->response->reason);
	event_text(e, "to_tag", o->response->to.tag);
	report_event(app->report, e, (struct slice){ NULL, 0 }, false);
}

static const char *provisional_event(unsigned status)
{
	if (status == 100)
		return "call.trying";
	return status == 180 ? "call.ringing" : "call.early";
}

/* The offer of a 2xx to an INVITE without one is answered in the ACK. */
static void answer_late_offer(struct app *app, struct call *call,
                              const struct outcome *o, struct slice sdp)
{
	struct leg *leg = o->flow->leg;
	struct addr local;
	unsigned warning;

	if (leg->ops->source(leg, &o->flow->remote, &local) != OK
	    || call_open_media(call, &local) != OK)
		return;
	buf_reset(&call->description);
	if (call_print_answer(call, sdp, &call->description, &warning)
	    != OK) {
		report_problem(app->report, "the peer's offer cannot be "
		               "answered: no codec in common");
		return;
	}
	o->ack->content_type = SLICE("application/sdp");
	o->ack->body = buf_view(&call->description);
}

static void take_sdp(struct app *app, struct call *call,
                     const struct outcome *o, bool late)
{
	struct slice sdp;

	if (!message_body_of_type(o->response, SLICE("application"),
	                          SLICE("sdp"), &sdp))
		return;
	if (late && o->ack != NULL)
		answer_late_offer(app, call, o, sdp);
	else if (call->offered && !call->agreed
	         && call_read_answer(call, sdp) != OK
	         && o->response->status >= 200)
		report_problem(app->report, "the peer's answer is no answer "
		               "to our offer");
}

static bool is_late(const struct item *item)
{
	return slice_eq(args_text(&item->args, "--sdp"), SLICE("late"));
}

static void take_success(struct app *app, struct item *item,
                         struct call *call, const struct outcome *o)
{
	take_sdp(app, call, o, is_late(item));
	if (o->unwanted)
		return;
	call->up = true;
	call->confirmed = true;
	call->answered_us = env_now_us(&app->env);
	timer_cancel(&call->ring_timeout);
	tell_call(app, item, call, o, "call.answered");
	tell_call(app, item, call, o, "call.confirmed");
}

static bool responded(struct app *app, struct item *item,
                      const struct outcome *o)
{
	struct call *call = request_call(item);
	struct response_text text = { .label = "invite" };

	if (call == NULL)
		return true;
	if (o->response == NULL || o->repeated)
		return true;
	call->last_status = o->response->status;
	if (call->cancelled)
		text.label = "cancel";
	else if (!call->told_target)
		text.target = args_text(&item->args, "URI");
	call->told_target = true;
	request_tell(app, item, call, o, &text);
	if (o->response->status < 200) {
		take_sdp(app, call, o, false);
		tell_call(app, item, call, o,
		          provisional_event(o->response->status));
	} else if (o->response->status < 300) {
		take_success(app, item, call, o);
	}
	app_update_prompt(app);
	return true;
}

/* A call that its caller cancelled has ended as it was told to. */
static void settle(struct item *item, const struct outcome *o)
{
	const struct call *call = request_call(item);
	bool ends_by_cancel = o->response != NULL
	                      ? o->response->status == 487
	                      : o->err == ERR_CANCELLED;

	request_settle(item, o);
	if (call == NULL || !call->cancelled || !ends_by_cancel)
		return;
	if (call->rang_out)
		item_fail(item, CLASS_TIMEOUT,
		          "not answered in the time to ring");
	else
		item_ok(item);
}

/* --- giving up --- */

static void cancel(struct call *call)
{
	call->cancelled = true;
	if (call->context != NULL)
		(void)endpoint_hangup(call->app->endpoint, call->context,
		                      NULL, NULL);
}

static void rang_out(void *arg)
{
	struct call *call = arg;

	call->rang_out = true;
	cancel(call);
}

/* A call must not go on that nobody waits for. */
static void give_up(struct item *item, enum error why)
{
	struct call *call = request_call(item);

	if (call != NULL && !call->over)
		cancel(call);
	request_fail_given_up(item, why);
	queue_done(item);
}

/* --- sending --- */

static enum run send_invite(struct app *app, struct item *item,
                            struct call *call, struct slice type,
                            struct slice body)
{
	const struct args *args = &item->args;
	struct request_job job = {
		.method = SLICE("INVITE"),
		.uri = args_text(args, "URI"),
		.content_type = type,
		.body = body,
		.each = responded,
		.settle = settle,
		.give_up = give_up,
	};
	struct context *ctx = request_run(app, item, args, &job);
	uint64_t ring_ms = args_number(args, "--ring", 0);

	if (ctx == NULL || call_bind(call, ctx) != OK) {
		if (ctx != NULL)
			endpoint_close_context(app->endpoint, ctx);
		call_discard(call);
		return RUN_DONE;
	}
	request_set_call(item, call);
	if (ring_ms != 0)
		timer_arm(&call->ring_timeout, &app->env.timers, ring_ms,
		          rang_out, call);
	app_update_prompt(app);
	return RUN_PENDING;
}

static enum run send_with_offer(struct app *app, struct item *item,
                                const struct addr *local)
{
	struct call *call = calls_new(app, false);
	struct buf offer = { 0 };
	enum error err = call == NULL ? ERR_NOMEM
	                 : call_open_media(call, local);
	enum run run;

	if (err != OK) {
		if (call != NULL)
			call_discard(call);
		return item_fail(item, CLASS_NETWORK,
		                 "no RTP port can be bound: %s",
		                 error_text(err));
	}
	call_print_offer(call, &offer);
	run = send_invite(app, item, call, SLICE("application/sdp"),
	                  buf_view(&offer));
	buf_deinit(&offer);
	return run;
}

static enum run send_without_offer(struct app *app, struct item *item,
                                   struct slice type, struct slice body)
{
	struct call *call = calls_new(app, false);

	if (call == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	return send_invite(app, item, call, type, body);
}

static enum run send_file(struct app *app, struct item *item,
                          struct slice path, struct slice type)
{
	struct buf body = { 0 };
	enum run run = RUN_DONE;

	if (request_read_body(item, path, &body))
		run = send_without_offer(app, item, type, buf_view(&body));
	buf_deinit(&body);
	return run;
}

/* Goes on once the address is known, or is known not to be. */
static enum run proceed(struct app *app, struct item *item)
{
	struct invite_state *s = item->state;
	struct leg *leg;
	struct addr local;
	enum error err = s->err;

	item->state = NULL;
	item->free_state = NULL;
	item->give_up = NULL;
	leg = err != OK ? NULL
	      : dispatcher_leg_for(app->dispatcher, s->target.transport,
	                           s->target.addr.family);
	if (err != OK)
		item_fail(item, error_class(err), "%s", s->text);
	else if (leg == NULL)
		item_fail(item, CLASS_NETWORK, "%s",
		          error_text(ERR_NO_TRANSPORT));
	else if ((err = leg->ops->source(leg, &s->target.addr, &local))
	         != OK)
		item_fail(item, error_class(err), "%s", error_text(err));
	free_state(s);
	if (leg == NULL || err != OK)
		return RUN_DONE;
	return send_with_offer(app, item, &local);
}

static void located(enum error err, const char *text,
                    const struct target *targets, size_t n, void *arg)
{
	struct invite_state *s = arg;
	struct item *item = s->item;

	s->locating = 0;
	s->err = err;
	s->text = err == OK ? NULL : strdup(text);
	if (n != 0)
		s->target = targets[0];
	if (!s->starting && proceed(s->app, item) == RUN_DONE)
		queue_done(item);
}

static bool next_hop(const struct app *app, struct slice uri,
                     struct uri *out)
{
	const struct account *a = app->accounts.current;
	struct name_addr route;

	if (a == NULL || a->proxy == NULL)
		return uri_parse(uri, out);
	if (!name_addr_parse(slice_str(a->proxy), &route))
		return false;
	*out = route.uri;
	return true;
}

static enum run locate(struct app *app, struct item *item,
                       struct slice target)
{
	struct invite_state *s = calloc(1, sizeof(*s));
	struct uri hop;

	if (s == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	s->app = app;
	s->item = item;
	item->state = s;
	item->free_state = free_state;
	if (!next_hop(app, target, &hop))
		return item_fail(item, CLASS_USAGE, "not a SIP URI");
	/* a numeric host is answered before this returns */
	s->starting = true;
	s->locating = locate_start(app->locator, &hop, located, s);
	s->starting = false;
	return s->locating != 0 ? RUN_PENDING : proceed(app, item);
}

static enum run invite_run(struct app *app, struct item *item,
                           const struct args *args)
{
	struct slice sdp = args_text(args, "--sdp");
	struct slice body = args_text(args, "--body");
	struct slice type = args_text(args, "--type");

	/* it may ring for ever: in the background, the end cancels it */
	item->service = true;
	if (sdp.p != NULL && body.p != NULL)
		return item_fail(item, CLASS_USAGE,
		                 "--sdp and --body exclude each other");
	if (body.p != NULL)
		return send_file(app, item, body, type.p != NULL ? type
		                 : SLICE("application/sdp"));
	if (slice_eq(sdp, SLICE("none")) || slice_eq(sdp, SLICE("late")))
		return send_without_offer(app, item, SLICE_EMPTY,
		                          SLICE_EMPTY);
	if (sdp.p != NULL)
		return send_file(app, item, sdp, SLICE("application/sdp"));
	return locate(app, item, args_text(args, "URI"));
}

const struct command cmd_invite = {
	.name = "invite",
	.summary = "call somebody; done when it is answered, refused or "
	           "times out",
	.args = {
		{ "URI", ARG_URI, ARG_REQUIRED, "whom", 0, 0, NULL },
		{ "--sdp", ARG_PATH, 0,
		  "a file, none, or late (the answer comes in the ACK)", 0, 0,
		  NULL },
		{ "--ring", ARG_DURATION, 0, "cancel when unanswered so long",
		  0, 0, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
		{ "--body", ARG_PATH, 0, "a file to send as body (- is stdin)",
		  0, 0, NULL },
		{ "--type", ARG_WORD, 0, "the body's Content-Type", 0, 0,
		  NULL },
		{ "--wait", ARG_FLAG, 0, "the prompt waits, too", 0, 0, NULL },
		{ "--nowait", ARG_FLAG, 0, "do not wait for the answer", 0, 0,
		  NULL },
	},
	.run = invite_run,
};
