/* echo: a text on stdout. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run echo_run(struct app *app, struct item *item,
                         const struct args *args)
{
	struct slice text = args_text(args, "TEXT");
	struct buf line = { 0 };

	buf_escaped(&line, text.p == NULL ? SLICE_EMPTY : text);
	buf_char(&line, '\n');
	report_text(app->report, buf_view(&line));
	buf_deinit(&line);
	return item_ok(item);
}

const struct command cmd_echo = {
	.name = "echo",
	.summary = "print a text: echo $status $reason",
	.args = {
		{ "TEXT", ARG_TEXT, ARG_JOINED, "what", 0, 0, NULL },
	},
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = echo_run,
};
