/* help: the commands, or one of them. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run help_run(struct app *app, struct item *item,
                         const struct args *args)
{
	struct slice name = args_text(args, "COMMAND");
	struct buf text = { 0 };
	const struct command *cmd = NULL;

	if (name.p != NULL) {
		cmd = command_find(name, app->interactive, &text);
		if (cmd == NULL) {
			item_fail(item, CLASS_USAGE, "%s", buf_cstr(&text));
			buf_deinit(&text);
			return RUN_DONE;
		}
		command_help(&text, cmd);
	} else {
		for (size_t i = 0; command_table[i] != NULL; i++)
			buf_printf(&text, "%-14s %s\n",
			           command_table[i]->name,
			           command_table[i]->summary);
	}
	report_text(app->report, buf_view(&text));
	buf_deinit(&text);
	return item_ok(item);
}

const struct command cmd_help = {
	.name = "help",
	.summary = "list the commands, or explain one",
	.args = {
		{ "COMMAND", ARG_COMMAND, 0, "which", 0, 0, NULL },
	},
	.flags = COMMAND_OFFLINE,
	.run = help_run,
};
