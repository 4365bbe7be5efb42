/* set: settings. */

#include "cli/commands/table.h"
#include "cli/app.h"

static void add_row(struct table *t, const struct settings *s, size_t n)
{
	struct slice name, help;
	struct buf value = { 0 };

	if (settings_get(s, n, &name, &value, &help)) {
		table_text(t, name);
		table_text(t, buf_view(&value));
		table_text(t, help);
	}
	buf_deinit(&value);
}

static enum run list(struct app *app, struct item *item, struct slice only)
{
	static const struct table_column columns[] = {
		{ "name", EVENT_TEXT },
		{ "value", EVENT_TEXT },
		{ "help", EVENT_TEXT },
	};
	struct table *t = table_new("settings", columns, ARRAY_LEN(columns));
	struct slice name, help;
	struct buf value = { 0 };
	bool found = only.p == NULL;

	for (size_t i = 0; settings_get(&app->settings, i, &name, &value,
	                                &help); i++) {
		if (only.p != NULL && !slice_eq(name, only))
			continue;
		found = true;
		add_row(t, &app->settings, i);
	}
	buf_deinit(&value);
	if (found) {
		report_table(app->report, t, item->number);
		return item_ok(item);
	}
	table_free(t);
	return item_fail(item, CLASS_USAGE, "no setting '%.*s'; set without "
	                 "arguments lists them", SLICE_ARG(only));
}

static enum run set_run(struct app *app, struct item *item,
                        const struct args *args)
{
	struct slice name = args_text(args, "NAME");
	struct slice value = args_text(args, "VALUE");
	struct buf why = { 0 };
	enum error err;

	if (value.p == NULL)
		return list(app, item, name);
	err = settings_set(&app->settings, name, value, &why);
	if (err == OK) {
		app_apply_settings(app);
		item_ok(item);
	} else {
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	}
	buf_deinit(&why);
	return RUN_DONE;
}

const struct command cmd_set = {
	.name = "set",
	.summary = "list the settings, or change one",
	.args = {
		{ "NAME", ARG_SETTING, 0, "which", 0, 0, NULL },
		{ "VALUE", ARG_TEXT, 0, "to what", 0, 0, NULL },
	},
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = set_run,
};
