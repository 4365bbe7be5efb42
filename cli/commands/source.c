/* source: commands of a file, here and now. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/app.h"

enum { SCRIPT_MAX = 16 << 20, DEPTH_MAX = 20 };

static enum run source_run(struct app *app, struct item *item,
                           const struct args *args)
{
	char *path = slice_dup(args_text(args, "FILE"));
	const char *name = path == NULL ? NULL
	                   : queue_keep_name(app->queue, path);
	struct buf text = { 0 }, why = { 0 };

	free(path);
	if (name == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	if (item->origin.depth >= DEPTH_MAX)
		item_fail(item, CLASS_USAGE, "scripts source each other "
		          "more than %d deep", DEPTH_MAX);
	else if (input_read_file(name, SCRIPT_MAX, &text, &why) != OK)
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	else if (!input_check_script(app->queue, buf_view(&text), name))
		item_fail(item, CLASS_USAGE, "%s", "");
	else if (!input_insert_script(app->queue, buf_view(&text), name,
	                              item->origin.depth + 1))
		item_fail(item, CLASS_INTERNAL, "%s", error_text(ERR_NOMEM));
	buf_deinit(&text);
	buf_deinit(&why);
	return RUN_DONE;
}

const struct command cmd_source = {
	.name = "source",
	.summary = "run the commands of a file",
	.args = {
		{ "FILE", ARG_PATH, ARG_REQUIRED, "the script", 0, 0, NULL },
	},
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = source_run,
};
