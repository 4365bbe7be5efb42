/* An account's registration, and the commands that wait for it. */

#include "cli/registering.h"

#include <jansson.h>
#include <stdlib.h>

#include "cli/request.h"

/* --- telling --- */

/* Absent where the registrar did not say. */
static void add_text(json_t *row, const char *key, struct slice text)
{
	struct buf escaped = { 0 };

	if (text.p == NULL)
		return;
	if (!slice_is_utf8(text)) {
		buf_escaped(&escaped, text);
		text = buf_view(&escaped);
	}
	json_object_set_new_nocheck(row, key,
	                            json_stringn_nocheck(text.p, text.len));
	buf_deinit(&escaped);
}

static char *bindings_as_json(const struct registration_report *r)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < r->nbindings; i++) {
		const struct binding *b = &r->bindings[i];
		json_t *row = json_object();

		add_text(row, "contact", b->contact);
		json_object_set_new_nocheck(row, "expires",
		                            json_integer(b->expires_s));
		json_object_set_new_nocheck(
			row, "q", b->has_q
			? json_real(b->q_thousandths / 1000.0)
			: json_null());
		json_object_set_new_nocheck(row, "self",
		                            json_boolean(b->self));
		add_text(row, "instance", b->instance);
		add_text(row, "reg_id", b->reg_id);
		add_text(row, "received", b->received);
		add_text(row, "path", b->path);
		json_array_append_new(list, row);
	}
	text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(12));
	json_decref(list);
	return text;
}

static void add_failure(struct event *e, const struct outcome *o)
{
	struct event *inner = event_new("error");
	struct buf json = { 0 };

	if (o->response != NULL) {
		event_integer(e, "status", o->response->status);
		event_text(e, "reason", o->response->reason);
	}
	event_text(inner, "class", slice_str(error_class_name(
		o->err == OK ? CLASS_REFUSED : error_class(o->err))));
	event_text(inner, "text", slice_str(o->text));
	if (inner != NULL && event_print_fields(inner, &json) == OK)
		event_json(e, "error", buf_view(&json));
	event_release(inner);
	buf_deinit(&json);
}

/* A refresh that failed is told to people, too: nobody asked for it. */
static void print_lost(struct buf *line, const struct account *a,
                       const struct registration_report *r)
{
	buf_str(line, "registration  ");
	buf_escaped(line, slice_str(a->aor));
	buf_str(line, r->flow_lost ? "  connection lost  "
	              : "  refresh failed  ");
	if (r->outcome->response != NULL) {
		buf_u64(line, r->outcome->response->status);
		buf_char(line, ' ');
		buf_escaped(line, r->outcome->response->reason);
	} else {
		buf_escaped(line, slice_str(r->outcome->text));
	}
	if (r->next_try_ms == 0)
		buf_str(line, "  trying again at once");
	else if (r->next_try_ms > 0)
		buf_printf(line, "  next try in %u s",
		           (unsigned)(r->next_try_ms / 1000));
}

static void emit(struct app *app, const struct account *a,
                 const struct item *item,
                 const struct registration_report *r)
{
	const char *name = "reg.ok";
	struct slice text = { NULL, 0 };
	struct buf line = { 0 };
	struct event *e;
	char *rows;

	if (r->event == REGISTRATION_BINDINGS)
		return;
	if (r->event == REGISTRATION_FAILED)
		name = "reg.failed";
	else if (r->event == REGISTRATION_REMOVED)
		name = "reg.removed";
	e = event_new(name);
	if (item != NULL)
		event_integer(e, "cmd", item->number);
	event_text(e, "account", slice_str(a->name));
	event_text(e, "registrar", slice_str(a->registrar));
	if (r->event == REGISTRATION_FAILED) {
		add_failure(e, r->outcome);
		if (r->refresh) {
			print_lost(&line, a, r);
			text = buf_view(&line);
		}
	} else if ((rows = bindings_as_json(r)) != NULL) {
		event_integer(e, "expires", r->expires_s);
		event_json(e, "bindings", slice_str(rows));
		free(rows);
	}
	report_event(app->report, e, text, true);
	buf_deinit(&line);
}

static void tell_response(struct app *app, const struct account *a,
                          const struct item *item,
                          const struct registration_report *r)
{
	struct response_text text = {
		.label = item->command->name,
		.target = slice_str(a->aor),
	};
	struct buf more = { 0 };

	if (r->event == REGISTRATION_OK)
		buf_printf(&more, "expires %u s  (%zu binding%s)",
		           r->expires_s, r->nbindings,
		           r->nbindings == 1 ? "" : "s");
	else if (r->event == REGISTRATION_REMOVED)
		buf_printf(&more, "(%zu binding%s left)", r->nbindings,
		           r->nbindings == 1 ? "" : "s");
	text.more = buf_view(&more);
	request_tell(app, item, NULL, r->outcome, &text);
	buf_deinit(&more);
}

static void tell_bindings(struct app *app, const struct item *item,
                          const struct registration_report *r)
{
	static const struct table_column columns[] = {
		{ "contact", EVENT_TEXT },
		{ "expires", EVENT_INTEGER },
		{ "q", EVENT_NUMBER },
		{ "self", EVENT_BOOL },
		{ "instance", EVENT_TEXT },
		{ "received", EVENT_TEXT },
	};
	struct table *t = table_new("bindings", columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < r->nbindings; i++) {
		const struct binding *b = &r->bindings[i];

		table_text(t, b->contact);
		table_integer(t, b->expires_s);
		if (b->has_q)
			table_number(t, b->q_thousandths / 1000.0);
		else
			table_null(t);
		table_bool(t, b->self);
		table_text(t, b->instance);
		table_text(t, b->received);
	}
	report_table(app->report, t, item->number);
}

/* --- waiting --- */

struct waiter {
	struct app *app;
	struct account *account;
};

static struct item *next_waiting(struct account *a)
{
	struct item *item;

	if (a->nwaiting == 0)
		return NULL;
	item = a->waiting[0];
	a->nwaiting--;
	memmove(a->waiting, a->waiting + 1,
	        a->nwaiting * sizeof(a->waiting[0]));
	return item;
}

static void reported(struct registration *r,
                     const struct registration_report *report, void *arg)
{
	struct waiter *w = arg;
	struct app *app = w->app;
	struct item *item;

	(void)r;
	if (app->closing)
		return;
	request_explain(app, NULL, report->outcome);
	item = report->refresh ? NULL : next_waiting(w->account);
	if (item != NULL && !item->done) {
		tell_response(app, w->account, item, report);
		if (report->event == REGISTRATION_BINDINGS)
			tell_bindings(app, item, report);
	}
	emit(app, w->account, item, report);
	if (item != NULL) {
		if (!item->done) {
			request_settle(item, report->outcome);
			queue_done(item);
		}
		item_drop(item);
	}
	app_update_prompt(app);
	app_check_end(app);
}

/* The operation goes on; nobody waits for it. */
static void give_up(struct item *item, enum error why)
{
	request_fail_given_up(item, why);
	queue_done(item);
}

struct account *registering_account(struct app *app, struct item *item,
                                    struct slice name)
{
	struct account *a = name.len == 0 ? app->accounts.current
	                    : accounts_find(&app->accounts, name);

	if (a != NULL && registering_prepare(app, item, a))
		return a;
	if (a == NULL && name.len == 0)
		item_fail(item, CLASS_USAGE, "no account (-a URI, or "
		          "account add NAME URI)");
	else if (a == NULL)
		item_fail(item, CLASS_USAGE, "no account '%.*s'",
		          SLICE_ARG(name));
	return NULL;
}

bool registering_prepare(struct app *app, struct item *item,
                         struct account *a)
{
	struct slice route = slice_str(a->proxy);
	struct registration_params p = {
		.registrar = slice_str(a->registrar),
		.aor = slice_str(a->aor),
		.expires_s = a->expires_s != 0 ? a->expires_s
		             : app->settings.expires_s,
		.credentials = a->credentials,
		.routes = &route,
		.nroutes = a->proxy != NULL,
	};
	struct waiter *w;
	enum error err;

	if (a->registration != NULL)
		return true;
	w = calloc(1, sizeof(*w));
	if (w != NULL) {
		*w = (struct waiter){ app, a };
		a->registration = registration_new(app->endpoint, &p,
		                                   reported, w, &err);
		a->waiter = w;
	}
	if (a->registration != NULL)
		return true;
	item_fail(item, CLASS_INTERNAL, "%s", error_text(ERR_NOMEM));
	return false;
}

enum run registering_wait(struct account *a, struct item *item,
                          enum error err)
{
	if (err == OK && a->nwaiting == ACCOUNT_WAITING_MAX)
		err = ERR_LIMIT;
	if (err != OK)
		return item_fail(item, err == ERR_SYNTAX ? CLASS_USAGE
		                 : CLASS_INTERNAL, "%s", err == ERR_LIMIT
		                 ? "too many operations wait already"
		                 : err == ERR_SYNTAX
		                 ? "the request cannot be written: a header "
		                   "or value is not legal"
		                 : error_text(err));
	a->waiting[a->nwaiting++] = item;
	item_hold(item);
	item->give_up = give_up;
	return RUN_PENDING;
}
