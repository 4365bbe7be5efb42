/* cancel: give up a call of ours that is not answered. */

#include "cli/commands/table.h"
#include "cli/hangup.h"

static enum run cancel_run(struct app *app, struct item *item,
                           const struct args *args)
{
	return hangup_calls(app, item, args_text(args, "%N"), HANGUP_CALLING);
}

const struct command cmd_cancel = {
	.name = "cancel",
	.summary = "give up a call of ours that is not answered",
	.args = {
		{ "%N", ARG_CALL, 0, "the current one", 0, 0, NULL },
	},
	.run = cancel_run,
};
