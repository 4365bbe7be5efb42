/* A command's request, and how its outcome is told. */

#include "cli/request.h"

#include <stdlib.h>

enum { BODY_MAX = 1 << 20 };

/* --- making one --- */

size_t request_fields(struct app *app, const struct args *args,
                      struct slice method, struct field *out)
{
	size_t n = 0;

	for (struct list *it = app->headers.next;
	     it != &app->headers && n < REQUEST_FIELDS_MAX; it = it->next) {
		const struct app_header *h =
			CONTAINER_OF(it, struct app_header, node);

		if (h->method == NULL
		    || slice_eq(slice_str(h->method), method))
			out[n++] = (struct field){ slice_str(h->name),
			                           slice_str(h->value) };
	}
	for (size_t i = 0; i < args_count(args, "-H")
	                   && n < REQUEST_FIELDS_MAX; i++) {
		const struct value *v = args_value(args, "-H", i);

		out[n++] = (struct field){ v->name, v->rest };
	}
	return n;
}

void request_context_params(struct app *app, struct slice to,
                            struct slice *route, struct context_params *out)
{
	const struct account *a = app->accounts.current;

	*out = (struct context_params){
		.from = account_from(a),
		.to = to,
	};
	if (a == NULL)
		return;
	out->credentials = a->credentials;
	if (a->proxy == NULL)
		return;
	*route = slice_str(a->proxy);
	out->routes = route;
	out->nroutes = 1;
}

bool request_read_body(struct item *item, struct slice path, struct buf *out)
{
	struct buf why = { 0 };
	char *name = slice_dup(path);
	enum error err = ERR_NOMEM;

	if (name != NULL)
		err = input_read_file(name, BODY_MAX, out, &why);
	if (err != OK)
		item_fail(item, CLASS_USAGE, "%s", why.len != 0
		          ? buf_cstr(&why) : error_text(err));
	free(name);
	buf_deinit(&why);
	return err == OK;
}

/* --- telling --- */

void request_print_time(struct buf *out, uint64_t us)
{
	if (us < 1000)
		buf_printf(out, "%.2f ms", (double)us / 1000);
	else if (us < 10000)
		buf_printf(out, "%.1f ms", (double)us / 1000);
	else if (us < 1000000)
		buf_printf(out, "%u ms", (unsigned)((us + 500) / 1000));
	else
		buf_printf(out, "%.2f s", (double)us / 1000000);
}

void request_event_keys(struct app *app, struct event *e,
                        const struct item *item, const struct call *call)
{
	if (item != NULL) {
		event_integer(e, "cmd", item->number);
		if (item->origin.name != NULL)
			event_integer(e, "line", item->origin.line);
	}
	if (call != NULL) {
		if (call->account != NULL)
			event_text(e, "account", slice_str(call->account));
		event_integer(e, "call", call->number);
		event_text(e, "callid", slice_str(call->call_id));
	} else if (app->accounts.current != NULL) {
		event_text(e, "account",
		           slice_str(app->accounts.current->name));
	}
}

void request_print_learnt(struct buf *out, const struct addr *learnt)
{
	if (learnt->port != 0)
		addr_print(out, learnt);
	else
		addr_print_host(out, learnt);
}

/* Where the peer saw us, if not where we are (RFC 3581 4). */
static void add_learnt(struct event *e, const struct message *response)
{
	struct buf text = { 0 };
	struct addr learnt;

	if (!via_learnt(&response->via, &learnt))
		return;
	request_print_learnt(&text, &learnt);
	event_text(e, "received", buf_view(&text));
	buf_deinit(&text);
}

static void add_flow(struct event *e, const struct flow *flow)
{
	char text[ADDR_TEXT];

	if (flow == NULL || flow->leg == NULL)
		return;
	event_text(e, "transport",
	           slice_str(transport_name(flow->leg->transport)));
	event_text(e, "local",
	           slice_str(addr_text(&flow->leg->local, text)));
	event_text(e, "remote", slice_str(addr_text(&flow->remote, text)));
}

/* 20.33: when it may be tried again. */
static void print_retry_after(struct buf *out, const struct message *response)
{
	uint32_t delay_s;

	if (retry_after_parse(message_header(response, HEADER_RETRY_AFTER, 0),
	                      &delay_s))
		buf_printf(out, "  retry after %u s", delay_s);
}

static void print_line(struct buf *out, const struct call *call,
                       const struct outcome *o,
                       const struct response_text *text)
{
	if (call != NULL)
		buf_printf(out, "%%%u ", call->number);
	buf_str(out, text->label);
	buf_str(out, "  ");
	if (text->target.len != 0) {
		buf_escaped(out, text->target);
		buf_str(out, "  ");
	}
	buf_u64(out, o->response->status);
	buf_char(out, ' ');
	buf_escaped(out, o->response->reason);
	buf_str(out, "  ");
	request_print_time(out, o->rtt_us);
	print_retry_after(out, o->response);
	if (text->more.len != 0) {
		buf_str(out, "  ");
		buf_slice(out, text->more);
	}
}

static void remember(struct app *app, const struct outcome *o)
{
	app->last_status = o->response->status;
	free(app->last_reason);
	app->last_reason = slice_dup(o->response->reason);
	app->last_rtt_ms = (double)o->rtt_us / 1000;
	buf_reset(&app->last_wire);
	buf_slice(&app->last_wire, o->response->wire);
}

void request_tell(struct app *app, const struct item *item,
                  const struct call *call, const struct outcome *o,
                  const struct response_text *text)
{
	struct event *e;
	struct buf line = { 0 };

	if (o->response == NULL || o->repeated)
		return;
	remember(app, o);
	e = event_new("response");
	request_event_keys(app, e, item, call);
	if (call == NULL)
		event_text(e, "callid", o->response->call_id);
	event_text(e, "method", o->method_name);
	event_integer(e, "cseq", o->cseq);
	event_integer(e, "status", o->response->status);
	event_text(e, "reason", o->response->reason);
	event_bool(e, "final", o->final);
	add_flow(e, o->flow);
	add_learnt(e, o->response);
	event_number(e, "rtt_ms", (double)o->rtt_us / 1000);
	event_integer(e, "retransmits", o->retransmits);
	event_wire(e, o->response, app->settings.show_secrets);
	if (text->label != NULL)
		print_line(&line, call, o, text);
	report_event(app->report, e, text->label == NULL
	             ? (struct slice){ NULL, 0 } : buf_view(&line),
	             o->response->status >= 300);
	buf_deinit(&line);
}

/* A CANCEL only asks for the INVITE's outcome; a fork that lost is none. */
void request_explain(struct app *app, struct call *call,
                     const struct outcome *o)
{
	if (!o->final || o->repeated || o->unwanted
	    || o->method == METHOD_CANCEL)
		return;
	explanation_take(&app->explanation, o);
	if (call != NULL)
		explanation_take(&call->explanation, o);
}

static void settle_response(struct item *item, const struct outcome *o)
{
	const struct message *r = o->response;

	item_set_status(item, r->status, r->reason);
	if (r->status < 300) {
		item_ok(item);
		return;
	}
	/* 403 to who has shown his credentials: they do not suffice */
	if (r->status == 401 || r->status == 407
	    || (r->status == 403 && o->authorised != 0)) {
		item_fail(item, CLASS_AUTH, "%s", o->text);
		return;
	}
	item_fail(item, CLASS_REFUSED, "%s", "");
}

void request_settle(struct item *item, const struct outcome *o)
{
	enum error_class class;

	if (o->response != NULL && (o->err == OK || o->err == ERR_AUTH)) {
		settle_response(item, o);
		return;
	}
	if (o->response != NULL)
		item_set_status(item, o->response->status,
		                o->response->reason);
	/* ERR_CANCELLED has no class: the call ended before the answer */
	class = error_class(o->err);
	item_fail(item, class == CLASS_NONE ? CLASS_REFUSED : class, "%s",
	          o->text[0] != '\0' ? o->text : error_text(o->err));
}

/* --- sending --- */

/* What must last until the outcome, in item->state. */
struct request_state {
	struct app *app;
	unsigned call;                  /* its number; 0: none */
	bool (*each)(struct app *app, struct item *item,
	             const struct outcome *o);
	void (*settle)(struct item *item, const struct outcome *o);
	uint64_t context;               /* to close when it is given up */
	char *target;
	bool told_target;
};

static void free_state(void *state)
{
	struct request_state *s = state;

	free(s->target);
	free(s);
}

/* A 2xx to INVITE may come again, and another fork's behind it: whoever hears
 * of it lives as long as the context. */
static bool is_repeatable(const struct outcome *o)
{
	return o->method == METHOD_INVITE && o->response != NULL
	       && o->response->status / 100 == 2;
}

static void responded(struct endpoint *ep, struct context *ctx,
                      const struct outcome *o, void *arg)
{
	struct item *item = arg;
	struct request_state *s = item->state;
	struct call *call = request_call(item);
	struct response_text text = { .label = item->command->name };
	bool ends = o->final;

	(void)ep;
	(void)ctx;
	request_explain(s->app, call, o);
	if (!item->done) {
		if (!s->told_target && call == NULL)
			text.target = slice_str(s->target);
		s->told_target = s->told_target || o->response != NULL;
		if (s->each == NULL || o->response == NULL)
			request_tell(s->app, item, call, o, &text);
		if (s->each != NULL)
			ends = s->each(s->app, item, o) && ends;
		if (ends) {
			s->context = 0;
			s->settle(item, o);
			queue_done(item);
		}
	}
	if (is_repeatable(o) && call != NULL)
		call->invite = item;
	else if (o->final)
		item_drop(item);
	app_check_end(s->app);
}

struct call *request_call(const struct item *item)
{
	const struct request_state *s = item->state;

	return s->call == 0 ? NULL
	       : calls_numbered(&s->app->calls, s->call, true);
}

void request_set_call(struct item *item, const struct call *call)
{
	struct request_state *s = item->state;

	s->call = call->number;
}

void request_fail_given_up(struct item *item, enum error why)
{
	if (why != ERR_CANCELLED) {
		item_fail(item, error_class(why), "no answer in time");
		return;
	}
	item_fail(item, CLASS_NONE, "interrupted");
	item->result.rc = 130;
}

/* A request in a call goes on without us; one out of a call is forgotten. */
static void give_up(struct item *item, enum error why)
{
	struct request_state *s = item->state;
	struct context *ctx;

	ctx = s->context == 0 ? NULL
	      : endpoint_find_context(s->app->endpoint, s->context);
	if (ctx != NULL && s->call == 0) {
		explanation_give_up(&s->app->explanation, ctx,
		                    item->command->name, why);
		endpoint_close_context(s->app->endpoint, ctx);
		item_drop(item);
	}
	request_fail_given_up(item, why);
	queue_done(item);
}

static struct request_state *new_state(struct app *app,
                                       const struct request_job *job)
{
	struct request_state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->app = app;
	s->each = job->each;
	s->settle = job->settle != NULL ? job->settle : request_settle;
	s->call = job->call != NULL ? job->call->number : 0;
	s->target = slice_dup(job->uri);
	if (s->target != NULL)
		return s;
	free(s);
	return NULL;
}

static const char *send_failure(enum error err, bool in_call)
{
	if (err == ERR_BAD_STATE && in_call)
		return "not possible in the call's present state";
	if (err == ERR_SYNTAX)
		return "the request cannot be written: a header or value "
		       "is not legal";
	return error_text(err);
}

struct context *request_run(struct app *app, struct item *item,
                            const struct args *args,
                            const struct request_job *job)
{
	struct field fields[REQUEST_FIELDS_MAX];
	struct context_params params;
	struct request_params req = {
		.method = job->method,
		.uri = job->call == NULL ? job->uri : SLICE_EMPTY,
		.content_type = job->content_type,
		.body = job->body,
		.cseq = job->cseq,
		.destination = job->destination,
		.fields = fields,
		.fn = responded,
		.arg = item,
	};
	struct request_state *s = new_state(app, job);
	struct slice route;
	struct context *ctx;
	enum error err = OK;

	if (s == NULL) {
		item_fail(item, CLASS_INTERNAL, "%s", error_text(ERR_NOMEM));
		return NULL;
	}
	item->state = s;
	item->free_state = free_state;
	req.nfields = request_fields(app, args, job->method, fields);
	request_context_params(app, job->uri, &route, &params);
	ctx = endpoint_new_request(app->endpoint,
	                           job->call == NULL ? NULL
	                           : job->call->context,
	                           job->call == NULL ? &params : NULL,
	                           &req, &err);
	if (ctx == NULL) {
		item_fail(item, err == ERR_NOMEM ? CLASS_INTERNAL
		          : CLASS_USAGE, "%s",
		          send_failure(err, job->call != NULL));
		return NULL;
	}
	s->context = context_id(ctx);
	item_hold(item);
	item->give_up = job->give_up != NULL ? job->give_up : give_up;
	return ctx;
}
