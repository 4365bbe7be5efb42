/* What the queue asks of the application, and tells it. */

#include <stdlib.h>

#include "cli/app.h"

static bool prepare(struct app *app, struct item *item)
{
	struct buf why = { 0 };
	bool good = app_open_network(app, &why);

	if (!good)
		item_fail(item, CLASS_NETWORK, "%s", buf_cstr(&why));
	buf_deinit(&why);
	return good;
}

static void print_origin(struct buf *out, const struct origin *origin,
                         unsigned column)
{
	if (origin->name == NULL) {
		if (origin->line != 0 && column > 1)
			buf_printf(out, "column %u: ", column);
		return;
	}
	buf_escaped(out, slice_str(origin->name));
	buf_printf(out, ":%u:%u: ", origin->line, column);
}

static void tell_failure(struct app *app, const struct item *item)
{
	struct buf text = { 0 };

	if (item->result.text == NULL || item->result.text[0] == '\0')
		return;
	if (item->origin.name != NULL)
		print_origin(&text, &item->origin, item->column);
	buf_printf(&text, "%s: ", item->command->name);
	buf_escaped(&text, slice_str(item->result.text));
	report_problem(app->report, buf_cstr(&text));
	buf_deinit(&text);
}

static void add_error(struct event *e, const struct result *r)
{
	struct buf json = { 0 };
	struct event *inner = NULL;

	if (r->class == CLASS_NONE)
		return;
	inner = event_new("error");
	event_text(inner, "class", slice_str(error_class_name(r->class)));
	event_text(inner, "text", slice_str(r->text == NULL ? "" : r->text));
	if (inner != NULL && event_print_fields(inner, &json) == OK)
		event_json(e, "error", buf_view(&json));
	event_release(inner);
	buf_deinit(&json);
}

static void emit_done(struct app *app, const struct item *item)
{
	const struct result *r = &item->result;
	struct event *e = event_new("cmd.done");

	event_integer(e, "cmd", item->number);
	if (item->origin.name != NULL)
		event_integer(e, "line", item->origin.line);
	event_text(e, "command", slice_str(item->command->name));
	event_bool(e, "ok", r->rc == 0);
	event_integer(e, "rc", r->rc);
	if (r->status != 0) {
		event_integer(e, "status", r->status);
		event_text(e, "reason", slice_str(r->reason));
	}
	event_number(e, "elapsed_ms",
	             (double)(env_now_us(&app->env) - item->started_us)
	             / 1000);
	event_merge(e, item->extra);
	add_error(e, r);
	report_event(app->report, e, (struct slice){ NULL, 0 }, false);
}

static void finished(struct app *app, struct item *item)
{
	app->last_rc = item->result.rc;
	if (item->result.rc != 0 && report_mode(app->report) == REPORT_TEXT)
		tell_failure(app, item);
	emit_done(app, item);
	app_update_prompt(app);
	app_check_end(app);
}

void app_tell_misuse(struct app *app, const struct origin *origin,
                     unsigned column, const char *why)
{
	struct buf text = { 0 };
	struct event *e;

	app->last_rc = error_class_status(CLASS_USAGE);
	print_origin(&text, origin, column);
	buf_str(&text, why);
	if (report_mode(app->report) == REPORT_JSON) {
		e = event_new("error");
		if (origin->name != NULL)
			event_integer(e, "line", origin->line);
		event_text(e, "class", SLICE("usage"));
		event_text(e, "text", buf_view(&text));
		report_event(app->report, e, SLICE_EMPTY, true);
	} else {
		report_problem(app->report, buf_cstr(&text));
	}
	buf_deinit(&text);
}

static void drained(struct app *app)
{
	input_resume(app->input);
	app_check_end(app);
}

static void print_argument(struct app *app, struct slice number,
                           struct buf *out)
{
	const struct options *o = app->options;
	uint32_t n;

	if (!slice_to_u32(number, OPTIONS_LIST_MAX * 64, &n))
		return;
	if (n == 0)
		buf_str(out, o->script == NULL ? "sipsh" : o->script);
	else if (o->script != NULL && n <= o->nwords)
		buf_str(out, o->words[n - 1]);
}

/* $hdr_User_Agent is User-Agent of the last response. */
static void print_header(struct app *app, struct slice name, struct buf *out)
{
	struct message m;
	struct fault fault;
	struct buf spelled = { 0 };

	for (size_t i = 0; i < name.len; i++)
		buf_char(&spelled, name.p[i] == '_' ? '-' : name.p[i]);
	message_init(&m);
	if (app->last_wire.len != 0
	    && message_parse(&m, buf_view(&app->last_wire),
	                     &app->settings.limits, &fault) == OK)
		buf_slice(out, message_header_named(&m, buf_view(&spelled),
		                                    0));
	message_deinit(&m);
	buf_deinit(&spelled);
}

static void variable(struct slice name, struct buf *out, void *arg)
{
	struct app *app = arg;
	char *key;
	const char *value;

	if (slice_all(name, CHAR_DIGIT)) {
		print_argument(app, name, out);
	} else if (slice_eq(name, SLICE("#"))) {
		buf_u64(out, app->options->script == NULL ? 0
		        : app->options->nwords);
	} else if (slice_eq(name, SLICE("?"))) {
		buf_u64(out, (uint64_t)app->last_rc);
	} else if (slice_eq(name, SLICE("status"))) {
		buf_u64(out, app->last_status);
	} else if (slice_eq(name, SLICE("reason"))) {
		buf_slice(out, slice_str(app->last_reason));
	} else if (slice_eq(name, SLICE("rtt"))) {
		buf_printf(out, "%.3f", app->last_rtt_ms);
	} else if (slice_eq(name, SLICE("call"))) {
		if (app->calls.current != NULL)
			buf_printf(out, "%%%u", app->calls.current->number);
	} else if (slice_starts_with(name, SLICE("hdr_"))) {
		print_header(app, slice_skip(name, 4), out);
	} else if ((key = slice_dup(name)) != NULL) {
		value = getenv(key);
		buf_slice(out, slice_str(value));
		free(key);
	}
}

/* What only we know of an argument. */
static bool check_argument(const struct arg_spec *spec, struct value *v,
                           struct buf *scratch, struct buf *why, void *arg)
{
	struct app *app = arg;

	if (spec->kind == ARG_EVENT) {
		if (event_name_is_known(v->text))
			return true;
		buf_str(why, "unknown event '");
		buf_escaped(why, v->text);
		buf_char(why, '\'');
		return false;
	}
	if (spec->kind == ARG_URI
	    || (spec->kind == ARG_TARGET && v->text.p[0] != '%'))
		return account_complete_uri(app->accounts.current, v->text,
		                            scratch, why);
	return true;
}

const struct queue_ops app_queue_ops = {
	.prepare = prepare,
	.finished = finished,
	.misused = app_tell_misuse,
	.drained = drained,
	.variable = variable,
	.check = check_argument,
};
