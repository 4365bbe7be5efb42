/* quit: the end, with calls hung up and registrations removed. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run quit_run(struct app *app, struct item *item,
                         const struct args *args)
{
	(void)args;
	app_end(app, -1);
	return item_ok(item);
}

const struct command cmd_quit = {
	.name = "quit",
	.summary = "hang up, unregister and leave",
	.args = { { NULL, 0, 0, NULL, 0, 0, NULL } },
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = quit_run,
};
