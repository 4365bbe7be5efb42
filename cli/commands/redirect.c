/* redirect: a call that came in is sent elsewhere. */

#include "cli/commands/table.h"
#include "cli/answering.h"

static enum run redirect_run(struct app *app, struct item *item,
                             const struct args *args)
{
	struct call *call = answering_call(app, item, args_text(args, "%N"));
	struct buf contacts = { 0 };
	struct field field;
	enum run run;

	if (call == NULL)
		return RUN_DONE;
	for (size_t i = 0; i < args_count(args, "URI"); i++) {
		if (i > 0)
			buf_str(&contacts, ", ");
		buf_char(&contacts, '<');
		buf_slice(&contacts, args_value(args, "URI", i)->text);
		buf_char(&contacts, '>');
	}
	field = (struct field){ SLICE("Contact"), buf_view(&contacts) };
	call->cancelled = true;
	run = answering_respond(app, item, call,
	                        (unsigned)args_number(args, "--code", 302),
	                        SLICE_EMPTY, &field, 1);
	buf_deinit(&contacts);
	return run;
}

const struct command cmd_redirect = {
	.name = "redirect",
	.summary = "send a caller elsewhere (302)",
	.args = {
		{ "%N", ARG_CALL, 0, "the current one", 0, 0, NULL },
		{ "URI", ARG_URI, ARG_REQUIRED | ARG_REPEATED,
		  "where to, best first", 0, 0, NULL },
		{ "--code", ARG_CODE, 0, "another 3xx (302)", 300, 399, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
	},
	.run = redirect_run,
};
