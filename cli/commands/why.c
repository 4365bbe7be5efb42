/* why: how the last outcome came about. */

#include "cli/commands/table.h"
#include "cli/app.h"

static void add_cell(struct table *t, struct slice text)
{
	if (text.len == 0)
		table_null(t);
	else
		table_text(t, text);
}

static void print_table(struct app *app, const struct item *item,
                        const struct explanation *e)
{
	static const struct table_column columns[] = {
		{ "step", EVENT_TEXT },
		{ "what", EVENT_TEXT },
		{ "where", EVENT_TEXT },
		{ "result", EVENT_TEXT },
		{ "elapsed_ms", EVENT_NUMBER },
		{ "text", EVENT_TEXT },
	};
	struct table *t = table_new("why", columns, ARRAY_LEN(columns));

	for (const struct explained *row = e->first; row != NULL;
	     row = row->next) {
		table_text(t, slice_str(row->step));
		add_cell(t, row->what);
		add_cell(t, row->where);
		add_cell(t, row->result);
		if (row->elapsed_us != 0)
			table_number(t, (double)row->elapsed_us / 1000);
		else
			table_null(t);
		add_cell(t, row->text);
	}
	report_table(app->report, t, item->number);
}

static enum run why_run(struct app *app, struct item *item,
                        const struct args *args)
{
	const struct explanation *e = &app->explanation;
	struct slice name = args_text(args, "%N");
	struct call *call = NULL;
	struct buf why = { 0 };

	if (name.p != NULL) {
		call = calls_find(&app->calls, name, true, &why);
		if (call == NULL)
			item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
		buf_deinit(&why);
		if (call == NULL)
			return RUN_DONE;
		e = &call->explanation;
	}
	if (e->first == NULL && call != NULL)
		return item_fail(item, CLASS_USAGE, "%%%u: no request of ours "
		                 "has had an outcome in it yet",
		                 call->number);
	if (e->first == NULL)
		return item_fail(item, CLASS_USAGE, "no request of ours has "
		                 "had an outcome yet");
	print_table(app, item, e);
	return item_ok(item);
}

const struct command cmd_why = {
	.name = "why",
	.summary = "explain the last outcome, or that of a call",
	.detail = "Names that were looked up, targets in the order of trying, "
	          "challenges and\nredirections, each with what became of "
	          "it.",
	.args = {
		{ "%N", ARG_CALL, 0, "which call's", 0, 0, NULL },
	},
	.flags = COMMAND_OFFLINE,
	.run = why_run,
};
