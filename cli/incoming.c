/* What arrives: told, and answered where there is one right answer. */

#include <stdlib.h>

#include "cli/app.h"
#include "cli/hangup.h"
#include "cli/request.h"

/* --- telling --- */

static void add_peer(struct event *e, const struct incoming *in)
{
	char text[ADDR_TEXT];

	event_text(e, "from", message_header(in->request, HEADER_FROM, 0));
	event_text(e, "transport",
	           slice_str(transport_name(in->from->leg->transport)));
	event_text(e, "local",
	           slice_str(addr_text(&in->from->leg->local, text)));
	event_text(e, "remote", slice_str(addr_text(&in->from->remote,
	                                            text)));
}

/* "from sip:a@b  udp:192.0.2.7:5060" */
static void print_peer(struct buf *out, const struct incoming *in)
{
	char text[ADDR_TEXT];
	const struct name_addr *from = &in->request->from;

	buf_str(out, "  from ");
	if (from->display.len != 0) {
		buf_escaped(out, from->display);
		buf_char(out, ' ');
	}
	buf_str(out, from->display.len != 0 ? "<" : "");
	buf_escaped(out, from->uri_text);
	buf_str(out, from->display.len != 0 ? ">" : "");
	buf_printf(out, "  %s:%s",
	           transport_name(in->from->leg->transport),
	           addr_text(&in->from->remote, text));
}

static void tell_request(struct app *app, const struct call *call,
                         const struct incoming *in, struct slice text)
{
	const struct message *m = in->request;
	struct event *e = event_new("request");

	request_event_keys(app, e, NULL, call);
	if (call == NULL)
		event_text(e, "callid", m->call_id);
	event_text(e, "method", m->method_name);
	event_text(e, "uri", m->uri_text);
	event_text(e, "to", message_header(m, HEADER_TO, 0));
	event_integer(e, "cseq", m->cseq.number);
	add_peer(e, in);
	event_wire(e, m, app->settings.show_secrets);
	report_event(app->report, e, text, false);
}

static void respond(struct app *app, const struct incoming *in,
                    unsigned status, const struct field *fields, size_t n)
{
	struct response_parts parts = {
		.status = status,
		.fields = fields,
		.nfields = n,
	};

	(void)endpoint_new_response(app->endpoint, in->id, &parts);
}

/* --- calls --- */

static struct event *call_event(struct call *call, const char *name)
{
	struct event *e = event_new(name);

	request_event_keys(call->app, e, NULL, call);
	event_text(e, "direction",
	           call->incoming ? SLICE("in") : SLICE("out"));
	event_text(e, "peer", call_peer(call));
	return e;
}

static void tell_call(struct call *call, const char *name)
{
	struct event *e = call_event(call, name);

	report_event(call->app->report, e, (struct slice){ NULL, 0 }, false);
	app_update_prompt(call->app);
}

static void add_rtp(struct event *e, const struct call *call,
                    struct buf *line)
{
	const struct rtp_receiver *r;
	struct buf json = { 0 };
	double jitter_ms;

	if (call->rtp == NULL)
		return;
	r = media_receiver(call->rtp);
	jitter_ms = rtp_receiver_jitter_ms(r, 8000);
	buf_printf(&json, "{\"rx\":%llu,\"tx\":0,\"lost\":%llu,"
	           "\"jitter_ms\":%.3f}", (unsigned long long)r->received,
	           (unsigned long long)rtp_receiver_lost(r), jitter_ms);
	event_json(e, "rtp", buf_view(&json));
	buf_deinit(&json);
	if (r->received != 0)
		buf_printf(line, "  rtp %llu received, %llu lost, "
		           "jitter %.1f ms",
		           (unsigned long long)r->received,
		           (unsigned long long)rtp_receiver_lost(r),
		           jitter_ms);
}

static void print_duration(struct buf *out, uint64_t us)
{
	uint64_t s = us / 1000000;

	buf_printf(out, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

/* The line for a call that nobody has been told the end of: one that was up,
 * or theirs, or ours that failed without a response. */
static void print_ending(struct buf *out, const struct call *call,
                         const struct context_ending *end)
{
	buf_printf(out, "%%%u %s  by %s  %s", call->number,
	           end->was_up ? "ended" : "failed",
	           end->by_remote ? "remote" : "local", end->cause);
	if (end->status >= 300) {
		buf_printf(out, "  %u ", end->status);
		buf_escaped(out, end->reason);
	}
	if (end->was_up) {
		buf_str(out, "  ");
		print_duration(out, env_now_us(&call->app->env)
		               - call->answered_us);
	}
}

static void tell_ending(struct call *call, const struct context_ending *end)
{
	struct event *e = call_event(call, end->was_up ? "call.ended"
	                                               : "call.failed");
	uint64_t now = env_now_us(&call->app->env);
	struct slice text = { NULL, 0 };
	struct buf line = { 0 };

	event_text(e, "by", end->by_remote ? SLICE("remote")
	                                   : SLICE("local"));
	event_text(e, "cause", slice_str(end->cause));
	if (end->status != 0) {
		event_integer(e, "status", end->status);
		event_text(e, "reason", end->reason);
	}
	if (end->was_up) {
		event_number(e, "setup_ms",
		             (double)(call->answered_us - call->began_us)
		             / 1000);
		event_number(e, "duration_ms",
		             (double)(now - call->answered_us) / 1000);
	}
	print_ending(&line, call, end);
	add_rtp(e, call, &line);
	/* our own failed INVITE was told by its response */
	if (end->was_up || call->incoming)
		text = buf_view(&line);
	report_event(call->app->report, e, text, false);
	buf_deinit(&line);
}

void app_context_event(struct context *ctx, enum context_event ev,
                       const struct context_ending *ending, void *arg)
{
	struct call *call = calls_of(ctx);
	struct app *app = arg;

	if (call == NULL || app->closing)
		return;
	switch (ev) {
	case CONTEXT_CALL_ENDED:
		tell_ending(call, ending);
		hangup_call_ended(call);
		if (call->answer != NULL) {
			item_fail(call->answer, ending->by_remote
			          ? CLASS_REFUSED : CLASS_TIMEOUT,
			          "the call ended: %s", ending->cause);
			queue_done(call->answer);
			call->answer = NULL;
		}
		call_end(call);
		break;
	case CONTEXT_CLOSED:
		call_closed(call);
		break;
	}
	app_update_prompt(app);
	app_check_end(app);
}

/* --- INVITE --- */

static void ring_timed_out(void *arg)
{
	struct call *call = arg;
	struct response_parts parts = { .status = 480 };

	(void)endpoint_new_response(call->app->endpoint,
	                            context_pending_invite(call->context),
	                            &parts);
}

/* 20.43 */
static const char *warning_text(unsigned code)
{
	switch (code) {
	case 300:
		return "Incompatible network protocol";
	case 302:
		return "Incompatible transport protocol";
	case 304:
		return "Media type not available";
	case 305:
		return "Incompatible media format";
	}
	return "Miscellaneous warning";
}

/* 488 says in a Warning why (RFC 3264 6.1, RFC 3261 20.43). */
static void refuse_offer(struct app *app, const struct incoming *in,
                         unsigned warning)
{
	struct buf text = { 0 };
	struct field field;

	buf_u64(&text, warning);
	buf_str(&text, " sipsh \"");
	buf_str(&text, warning_text(warning));
	buf_char(&text, '"');
	field = (struct field){ SLICE("Warning"), buf_view(&text) };
	respond(app, in, 488, &field, 1);
	buf_deinit(&text);
}

/*
 * Makes the session description that our 2xx will carry: the answer to the
 * offer of in, or an offer of ours. False: in was refused.
 */
static bool prepare_sdp(struct app *app, struct call *call,
                        const struct incoming *in)
{
	struct leg *leg = in->from->leg;
	struct slice offer;
	struct addr local;
	unsigned warning = 304;
	enum error err = leg->ops->source(leg, &in->from->remote, &local);

	if (err == OK)
		err = call_open_media(call, &local);
	if (err != OK) {
		respond(app, in, 500, NULL, 0);
		return false;
	}
	buf_reset(&call->description);
	if (!message_body_of_type(in->request, SLICE("application"),
	                          SLICE("sdp"), &offer)) {
		call_print_offer(call, &call->description);
		return true;
	}
	err = call_print_answer(call, offer, &call->description, &warning);
	if (err == ERR_UNSUPPORTED)
		refuse_offer(app, in, warning);
	else if (err != OK)
		respond(app, in, 400, NULL, 0);
	return err == OK;
}

bool app_answer(struct app *app, struct call *call, unsigned status,
                struct slice reason, const struct field *fields,
                size_t nfields, struct buf *why)
{
	uint64_t id = call->context == NULL ? 0
	              : context_pending_invite(call->context);
	struct response_parts parts = {
		.status = status,
		.reason = reason,
		.fields = fields,
		.nfields = nfields,
	};
	enum error err;

	if (id == 0) {
		buf_printf(why, "%%%u has no INVITE to answer", call->number);
		return false;
	}
	if (status >= 200 && status < 300) {
		parts.content_type = SLICE("application/sdp");
		parts.body = buf_view(&call->description);
	}
	err = endpoint_new_response(app->endpoint, id, &parts);
	if (err != OK) {
		buf_printf(why, "the response cannot be sent: %s",
		           error_text(err));
		return false;
	}
	if (status >= 200)
		timer_cancel(&call->ring_timeout);
	if (status >= 200 && status < 300 && !call->up) {
		call->up = true;
		call->answered_us = env_now_us(&app->env);
		calls_select(&app->calls, call);
		tell_call(call, "call.answered");
	}
	app_update_prompt(app);
	return true;
}

static void tell_incoming(struct call *call, const struct incoming *in)
{
	struct event *e = call_event(call, "call.incoming");
	struct buf line = { 0 };

	add_peer(e, in);
	buf_printf(&line, "%%%u INVITE", call->number);
	print_peer(&line, in);
	buf_str(&line, "        answer, ring or reject");
	report_event(call->app->report, e, buf_view(&line), false);
	buf_deinit(&line);
}

static void invited(struct app *app, struct context *ctx,
                    const struct incoming *in)
{
	struct call *call = app->ending ? NULL : calls_new(app, true);
	struct response_parts ringing = { .status = 180 };

	if (call != NULL && call_bind(call, ctx) != OK) {
		call_discard(call);
		call = NULL;
	}
	if (call == NULL) {
		respond(app, in, app->ending ? 480 : 500, NULL, 0);
		return;
	}
	tell_request(app, call, in, (struct slice){ NULL, 0 });
	if (!prepare_sdp(app, call, in))
		return;
	tell_incoming(call, in);
	if (app->settings.ring == RING_AUTO)
		(void)endpoint_new_response(app->endpoint, in->id, &ringing);
	timer_arm(&call->ring_timeout, &app->env.timers,
	          app->settings.ring_timeout_ms, ring_timed_out, call);
	app_update_prompt(app);
}

/* A re-INVITE or UPDATE keeps the session as it is, but for what it asks. */
static void modified(struct app *app, struct call *call,
                     const struct incoming *in)
{
	struct response_parts parts = { .status = 200 };
	bool invite = in->request->method == METHOD_INVITE;

	tell_request(app, call, in, (struct slice){ NULL, 0 });
	if (call != NULL && (invite || in->request->body.len != 0)) {
		if (!prepare_sdp(app, call, in))
			return;
		parts.content_type = SLICE("application/sdp");
		parts.body = buf_view(&call->description);
	}
	(void)endpoint_new_response(app->endpoint, in->id, &parts);
}

static void acked(struct app *app, struct call *call,
                  const struct incoming *in)
{
	struct slice sdp;

	tell_request(app, call, in, (struct slice){ NULL, 0 });
	if (call == NULL)
		return;
	if (call->offered && !call->agreed
	    && message_body_of_type(in->request, SLICE("application"),
	                            SLICE("sdp"), &sdp))
		(void)call_read_answer(call, sdp);
	if (call->confirmed)
		return;
	call->confirmed = true;
	tell_call(call, "call.confirmed");
	if (call->answer == NULL)
		return;
	item_ok(call->answer);
	queue_done(call->answer);
	call->answer = NULL;
}

/* --- the rest --- */

static void tell_content(struct app *app, struct call *call,
                         const struct incoming *in, const char *name)
{
	struct event *e = event_new(name);
	struct buf line = { 0 };

	request_event_keys(app, e, NULL, call);
	add_peer(e, in);
	event_text(e, "type", message_header(in->request,
	                                     HEADER_CONTENT_TYPE, 0));
	event_wire(e, in->request, app->settings.show_secrets);
	if (call != NULL)
		buf_printf(&line, "%%%u ", call->number);
	buf_str(&line, name);
	print_peer(&line, in);
	buf_str(&line, "  ");
	buf_escaped(&line, in->request->body);
	report_event(app->report, e, buf_view(&line), false);
	buf_deinit(&line);
}

static void tell_and_respond(struct app *app, struct call *call,
                             const struct incoming *in, unsigned status,
                             const struct field *fields, size_t n)
{
	struct buf line = { 0 };

	buf_escaped(&line, in->request->method_name);
	print_peer(&line, in);
	buf_printf(&line, "  answered %u", status);
	tell_request(app, call, in, buf_view(&line));
	buf_deinit(&line);
	respond(app, in, status, fields, n);
}

static void received_content(struct app *app, struct call *call,
                             const struct incoming *in, const char *name)
{
	tell_request(app, call, in, (struct slice){ NULL, 0 });
	tell_content(app, call, in, name);
	respond(app, in, 200, NULL, 0);
}

void app_incoming(struct endpoint *ep, struct context *ctx,
                  const struct incoming *in, void *arg)
{
	struct app *app = arg;
	struct call *call = calls_of(ctx);
	struct field fields[8];

	if (app->registrar != NULL
	    && registrar_receive(app->registrar, ep, in)) {
		tell_request(app, NULL, in, (struct slice){ NULL, 0 });
		return;
	}
	switch (in->request->method) {
	case METHOD_INVITE:
		if (call == NULL)
			invited(app, ctx, in);
		else
			modified(app, call, in);
		break;
	case METHOD_UPDATE:
		modified(app, call, in);
		break;
	case METHOD_ACK:
		acked(app, call, in);
		break;
	case METHOD_BYE:
	case METHOD_CANCEL:
		tell_request(app, call, in, (struct slice){ NULL, 0 });
		break;
	case METHOD_OPTIONS:
		tell_and_respond(app, call, in, 200, fields,
		                 endpoint_capabilities(ep, fields));
		break;
	case METHOD_MESSAGE:
		received_content(app, call, in, "message");
		break;
	case METHOD_INFO:
		received_content(app, call, in, "info");
		break;
	case METHOD_REFER:
		tell_and_respond(app, call, in, 603, NULL, 0);
		break;
	case METHOD_NOTIFY:
	case METHOD_OTHER:
	case METHOD_PRACK:
	case METHOD_PUBLISH:
	case METHOD_REGISTER:
	case METHOD_SUBSCRIBE:
	case METHOD_COUNT:
		tell_and_respond(app, call, in, 405, NULL, 0);
		break;
	}
}
