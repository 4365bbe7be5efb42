/* exit: the end, with calls hung up and registrations removed. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run exit_run(struct app *app, struct item *item,
                         const struct args *args)
{
	const struct value *status = args_value(args, "N", 0);

	app_end(app, status == NULL ? -1 : (int)status->number);
	return item_ok(item);
}

const struct command cmd_exit = {
	.name = "exit",
	.summary = "hang up, unregister and leave",
	.args = {
		{ "N", ARG_NUMBER, 0, "exit status", 0, 255, NULL },
	},
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = exit_run,
};
