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
	.run = wait_run,
};
