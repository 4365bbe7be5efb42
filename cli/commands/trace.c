/* trace: messages as they are on the wire. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/app.h"

enum { ON, OFF, SHOW };

static enum run show(struct app *app, struct item *item, struct slice which)
{
	struct buf text = { 0 }, why = { 0 };
	struct call *call = NULL;
	uint32_t nth = 1;
	bool found = false;

	if (which.len != 0 && which.p[0] == '%')
		call = calls_find(&app->calls, which, true, &why);
	else if (which.p != NULL && !slice_to_u32(which, 1000000, &nth))
		buf_str(&why, "trace show: expected a number or a call");
	if (why.len == 0)
		found = trace_show(app->trace, nth, call == NULL
		                   ? SLICE_EMPTY : slice_str(call->call_id),
		                   &text);
	if (found) {
		struct event *e = event_new("trace");

		event_integer(e, "cmd", item->number);
		event_text(e, "text", buf_view(&text));
		report_event(app->report, e, buf_view(&text), true);
		item_ok(item);
	} else {
		item_fail(item, CLASS_USAGE, "%s", why.len != 0
		          ? buf_cstr(&why) : "no such message is kept");
	}
	buf_deinit(&text);
	buf_deinit(&why);
	return RUN_DONE;
}

static enum run trace_run(struct app *app, struct item *item,
                          const struct args *args)
{
	uint64_t what = args_number(args, "on|off|show", ON);
	struct slice which = args_text(args, "FILE|N|%N");
	struct buf why = { 0 };
	char *path;

	if (what == SHOW)
		return show(app, item, which);
	if (what == OFF) {
		trace_stop(app->trace);
		return item_ok(item);
	}
	path = which.p == NULL ? NULL : slice_dup(which);
	if (trace_start(app->trace, path, &why) == OK)
		item_ok(item);
	else
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	free(path);
	buf_deinit(&why);
	return RUN_DONE;
}

const struct command cmd_trace = {
	.name = "trace",
	.summary = "show every message, or those that passed already",
	.detail = "trace on [FILE] writes to stderr or FILE; trace show [N] "
	          "shows the last message\n(or the Nth last), trace show %N "
	          "all of a call.",
	.args = {
		{ "on|off|show", ARG_CHOICE, ARG_REQUIRED, "what to do", 0, 0,
		  "on|off|show" },
		{ "FILE|N|%N", ARG_WORD, 0, "where to, or what", 0, 0, NULL },
	},
	.flags = COMMAND_BARRIER,
	.run = trace_run,
};
