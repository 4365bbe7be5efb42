/* hangup: cancel, reject or hang up, whichever fits. */

#include "cli/commands/table.h"
#include "cli/hangup.h"

static enum run hangup_run(struct app *app, struct item *item,
                           const struct args *args)
{
	return hangup_calls(app, item, args_text(args, "%N|all"), HANGUP_ANY);
}

const struct command cmd_hangup = {
	.name = "hangup",
	.summary = "cancel, reject or hang up, whichever fits",
	.args = {
		{ "%N|all", ARG_CALL_OR_ALL, 0, "the current one", 0, 0, NULL },
	},
	.run = hangup_run,
};
