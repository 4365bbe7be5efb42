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
	.summary = "the same, but a failure is status 8 and prints wanted and got",
	.detail = "It looks from just behind the last event that was matched, "
	          "so what came before it\nwas reached is seen. Operators: = "
	          "!= < > ~ (extended regular expression).",
	.args = {
		{ "EVENT", ARG_EVENT, ARG_REQUIRED, "its name", 0, 0, NULL },
		{ "KEY=VALUE", ARG_MATCH, ARG_REPEATED,
		  "what it must have; header.NAME reaches into the message",
		  0, 0, NULL },
		{ "--timeout", ARG_DURATION, 0, "how long", 0, 0, NULL },
		{ "--new", ARG_FLAG, 0, "ignore what came already", 0, 0,
		  NULL },
	},
	.flags = COMMAND_BARRIER,
	.run = expect_run,
};
