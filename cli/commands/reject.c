/* reject: a call that came in is refused. */

#include "cli/commands/table.h"
#include "cli/answering.h"

static enum run reject_run(struct app *app, struct item *item,
                           const struct args *args)
{
	struct call *call = answering_call(app, item, args_text(args, "%N"));

	if (call == NULL)
		return RUN_DONE;
	call->cancelled = true;
	return answering_respond(app, item, call,
	                         (unsigned)args_number(args, "CODE", 486),
	                         args_text(args, "REASON"), NULL, 0);
}

const struct command cmd_reject = {
	.name = "reject",
	.summary = "refuse a call (486 unless told)",
	.args = {
		{ "%N", ARG_CALL, 0, "the current one", 0, 0, NULL },
		{ "CODE", ARG_CODE, 0, "the final response's status", 300, 699,
		  NULL },
		{ "REASON", ARG_TEXT, ARG_JOINED, "its reason", 0, 0, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
	},
	.run = reject_run,
};
