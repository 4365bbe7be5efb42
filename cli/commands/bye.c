/* bye: hang up a call that is up. */

#include "cli/commands/table.h"
#include "cli/hangup.h"

static enum run bye_run(struct app *app, struct item *item,
                        const struct args *args)
{
	return hangup_calls(app, item, args_text(args, "%N|all"), HANGUP_UP);
}

const struct command cmd_bye = {
	.name = "bye",
	.summary = "hang up a call that is up",
	.args = {
		{ "%N|all", ARG_CALL_OR_ALL, 0, "the current one", 0, 0, NULL },
	},
	.run = bye_run,
};
