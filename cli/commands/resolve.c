/* resolve: where requests to a URI go, and who answers there. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/request.h"

struct resolution;

/* A target, and what became of its probe. */
struct resolved {
	struct resolution *resolution;
	struct planned plan;            /* its name is the row's */
	char *name;                     /* NULL: a numeric host */
	char *result;                   /* NULL: none (yet) */
	bool answered;
	uint64_t rtt_us;
};

struct resolution {
	struct app *app;
	struct item *item;
	const struct args *args;
	bool probes;
	uint64_t locating;              /* 0: it is found, or is not */
	bool starting;                  /* inside locate_plan() */
	struct resolved rows[LOCATE_TARGETS_MAX];
	size_t nrows, over;
	bool answered;                  /* somebody did */
	enum error err;                 /* of the plan, or of a probe */
	char *text;                     /* of err */
};

static void free_resolution(void *state)
{
	struct resolution *r = state;

	if (r->locating != 0)
		locate_cancel(r->app->locator, r->locating);
	for (size_t i = 0; i < r->nrows; i++) {
		free(r->rows[i].name);
		free(r->rows[i].result);
	}
	free(r->text);
	free(r);
}

/* --- the table --- */

static const struct table_column columns[] = {
	{ "record", EVENT_TEXT },
	{ "name", EVENT_TEXT },
	{ "ttl", EVENT_INTEGER },
	{ "priority", EVENT_INTEGER },
	{ "weight", EVENT_INTEGER },
	{ "address", EVENT_TEXT },
	{ "transport", EVENT_TEXT },
	{ "penalty", EVENT_INTEGER },
	{ "result", EVENT_TEXT },       /* these two of probes alone */
	{ "time", EVENT_NUMBER },
};
enum { PROBE_COLUMNS = 2 };

/* "NAPTR SRV A": the way to the address. */
static void add_record_cells(struct table *t, const struct planned *p,
                             const char *name)
{
	struct buf way = { 0 };

	if (p->by_naptr)
		buf_str(&way, "NAPTR ");
	if (p->by_srv)
		buf_str(&way, "SRV ");
	buf_str(&way, p->kind == RECORD_AAAA ? "AAAA" : "A");
	if (p->numeric) {
		table_null(t);
		table_null(t);
		table_null(t);
	} else {
		table_text(t, buf_view(&way));
		table_text(t, slice_str(name));
		table_integer(t, p->ttl_s);
	}
	buf_deinit(&way);
}

static void add_target_cells(struct table *t, const struct planned *p)
{
	char address[ADDR_TEXT];

	if (p->by_srv) {
		table_integer(t, p->priority);
		table_integer(t, p->weight);
	} else {
		table_null(t);
		table_null(t);
	}
	table_text(t, slice_str(addr_text(&p->target.addr, address)));
	table_text(t, slice_str(transport_name(p->target.transport)));
	if (p->penalty_s != 0)
		table_integer(t, p->penalty_s);
	else
		table_null(t);
}

static void add_probe_cells(struct table *t, const struct resolved *row)
{
	if (row->result != NULL)
		table_text(t, slice_str(row->result));
	else
		table_null(t);
	if (row->answered)
		table_number(t, (double)row->rtt_us / 1000000);
	else
		table_null(t);
}

static void print_table(const struct resolution *r)
{
	size_t ncolumns = ARRAY_LEN(columns);
	struct table *t = table_new("resolve", columns, r->probes
	                            ? ncolumns : ncolumns - PROBE_COLUMNS);

	for (size_t i = 0; i < r->nrows; i++) {
		const struct resolved *row = &r->rows[i];

		add_record_cells(t, &row->plan, row->name);
		add_target_cells(t, &row->plan);
		if (r->probes)
			add_probe_cells(t, row);
	}
	report_table(r->app->report, t, r->item->number);
}

/* --- probes --- */

static void note_error(struct resolution *r, enum error err, const char *text)
{
	if (r->err != OK)
		return;
	r->err = err;
	r->text = strdup(text[0] != '\0' ? text : error_text(err));
}

static void note_result(struct resolved *row, const struct outcome *o)
{
	struct resolution *r = row->resolution;
	struct buf result = { 0 };

	if (o->response != NULL) {
		buf_printf(&result, "%u ", o->response->status);
		buf_slice(&result, o->response->reason);
		row->answered = r->answered = true;
		row->rtt_us = o->rtt_us;
	} else {
		buf_str(&result, o->text[0] != '\0' ? o->text
		                                    : error_text(o->err));
		note_error(r, o->err, o->text);
	}
	row->result = buf_steal(&result, NULL);
}

static void settle(struct resolution *r)
{
	print_table(r);
	if (r->answered || !r->probes)
		item_ok(r->item);
	else
		item_fail(r->item, error_class(r->err), "%s",
		          r->text == NULL ? error_text(r->err) : r->text);
}

static void answered(struct endpoint *ep, struct context *ctx,
                     const struct outcome *o, void *arg)
{
	struct resolved *row = arg;
	struct resolution *r = row->resolution;
	struct item *item = r->item;
	struct app *app = r->app;

	(void)ep;
	(void)ctx;
	if (!o->final)
		return;
	if (!item->done) {
		note_result(row, o);
		if (++r->over == r->nrows) {
			settle(r);
			queue_done(item);
		}
	}
	item_drop(item);
	app_check_end(app);
}

/* As little as a server needs in order to say something: no credentials, no
 * proxy. */
static void probe(struct resolution *r, struct resolved *row)
{
	struct slice uri = args_text(r->args, "URI"), route;
	struct context_params params;
	struct request_params req = {
		.method = SLICE("OPTIONS"),
		.uri = uri,
		.destination = &row->plan.target,
		.fn = answered,
		.arg = row,
	};
	enum error err = OK;

	request_context_params(r->app, uri, &route, &params);
	params.credentials = NULL;
	params.nroutes = 0;
	if (endpoint_new_request(r->app->endpoint, NULL, &params, &req, &err)
	    != NULL) {
		item_hold(r->item);
		return;
	}
	row->result = strdup(error_text(err));
	note_error(r, err, "");
	r->over++;
}

static enum run proceed(struct resolution *r)
{
	if (r->err != OK) {
		item_fail(r->item, error_class(r->err), "%s",
		          r->text == NULL ? error_text(r->err) : r->text);
		return RUN_DONE;
	}
	for (size_t i = 0; r->probes && i < r->nrows; i++)
		probe(r, &r->rows[i]);
	if (r->probes && r->over < r->nrows)
		return RUN_PENDING;
	settle(r);
	return RUN_DONE;
}

/* --- the plan --- */

static void planned(enum error err, const char *text,
                    const struct planned *plan, size_t n, void *arg)
{
	struct resolution *r = arg;

	r->locating = 0;
	if (err != OK)
		note_error(r, err, text);
	for (; r->nrows < n; r->nrows++) {
		struct resolved *row = &r->rows[r->nrows];

		row->resolution = r;
		row->plan = plan[r->nrows];
		row->plan.name = SLICE_EMPTY;
		if (!row->plan.numeric)
			row->name = slice_dup(plan[r->nrows].name);
	}
	if (!r->starting && proceed(r) == RUN_DONE)
		queue_done(r->item);
}

/* What is known so far is told. */
static void give_up(struct item *item, enum error why)
{
	struct resolution *r = item->state;

	if (r->nrows != 0)
		print_table(r);
	request_fail_given_up(item, why);
	queue_done(item);
}

static enum run resolve_run(struct app *app, struct item *item,
                            const struct args *args)
{
	struct resolution *r = calloc(1, sizeof(*r));
	struct uri uri;

	if (r == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	r->app = app;
	r->item = item;
	r->args = args;
	r->probes = args_has(args, "--probe");
	item->state = r;
	item->free_state = free_resolution;
	item->give_up = give_up;
	if (!uri_parse(args_text(args, "URI"), &uri))
		return item_fail(item, CLASS_USAGE, "not a SIP URI");
	r->starting = true;
	r->locating = locate_plan(app->locator, &uri, planned, r);
	r->starting = false;
	return r->locating != 0 ? RUN_PENDING : proceed(r);
}

const struct command cmd_resolve = {
	.name = "resolve",
	.summary = "show where requests to a URI go, in the order of trying",
	.detail = "By NAPTR, SRV, A and AAAA records (RFC 3263). Targets that "
	          "failed lately come last,\nfor as long as the column PENALTY "
	          "says.",
	.args = {
		{ "URI", ARG_URI, ARG_REQUIRED, "whom", 0, 0, NULL },
		{ "--probe", ARG_FLAG, 0, "send OPTIONS to each of them", 0,
		  0, NULL },
	},
	.run = resolve_run,
};
