/* ring: a provisional response to a call that came in. */

#include "cli/commands/table.h"
#include "cli/answering.h"

static enum run ring_run(struct app *app, struct item *item,
                         const struct args *args)
{
	struct call *call = answering_call(app, item, args_text(args, "%N"));

	if (call == NULL)
		return RUN_DONE;
	return answering_respond(app, item, call,
	                         (unsigned)args_number(args, "--code", 180),
	                         SLICE_EMPTY, NULL, 0);
}

const struct command cmd_ring = {
	.name = "ring",
	.summary = "tell the caller that we ring",
	.args = {
		{ "%N", ARG_CALL, 0, "the current one", 0, 0, NULL },
		{ "--code", ARG_CODE, 0, "another provisional one (180)",
		  180, 199, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
	},
	.run = ring_run,
};
