/* wait: an event that must come. */

#include "cli/commands/table.h"
#include "cli/waiting.h"

static enum run wait_run(struct app *app, struct item *item,
                         const struct args *args)
{
	return waiting_run(app, item, args, CLASS_TIMEOUT);
}

const struct command cmd_wait = {
	.name = "wait",
	.summary = "wait for an event; status 3 when it does not come in time",
	.detail = WAITING_DETAIL,
	.args = WAITING_ARGS,
	.flags = COMMAND_BARRIER,
	.run = wait_run,
};
