/* expect: an event that must come. */

#include "cli/commands/table.h"
#include "cli/waiting.h"

static enum run expect_run(struct app *app, struct item *item,
                           const struct args *args)
{
	return waiting_run(app, item, args, CLASS_EXPECT);
}

const struct command cmd_expect = {
	.name = "expect",
	.summary = "like wait, but status 8 with wanted and got when it fails",
	.detail = WAITING_DETAIL,
	.args = WAITING_ARGS,
	.flags = COMMAND_BARRIER,
	.run = expect_run,
};
