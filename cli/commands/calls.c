/* calls: the table of calls. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run calls_run(struct app *app, struct item *item,
                          const struct args *args)
{
	static const struct table_column columns[] = {
		{ "call", EVENT_TEXT },
		{ "direction", EVENT_TEXT },
		{ "state", EVENT_TEXT },
		{ "peer", EVENT_TEXT },
		{ "dialogs", EVENT_INTEGER },
		{ "callid", EVENT_TEXT },
	};
	struct table *t = table_new("calls", columns, ARRAY_LEN(columns));

	(void)args;
	for (const struct call *c = calls_next_live(&app->calls, NULL);
	     c != NULL; c = calls_next_live(&app->calls, c)) {
		struct buf text = { 0 };
		int64_t n = 0;

		buf_printf(&text, "%%%u", c->number);
		table_text(t, buf_view(&text));
		table_text(t, c->incoming ? SLICE("in") : SLICE("out"));
		buf_reset(&text);
		call_print_state(c, &text);
		table_text(t, buf_view(&text));
		table_text(t, call_peer(c));
		while (context_nth_dialog(c->context, (size_t)n) != NULL)
			n++;
		table_integer(t, n);
		table_text(t, slice_str(c->call_id));
		buf_deinit(&text);
	}
	report_table(app->report, t, item->number);
	return item_ok(item);
}

const struct command cmd_calls = {
	.name = "calls",
	.summary = "list the calls",
	.args = { { NULL, 0, 0, NULL, 0, 0, NULL } },
	.flags = COMMAND_OFFLINE,
	.run = calls_run,
};
