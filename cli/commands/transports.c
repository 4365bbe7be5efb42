/* transports: where we listen. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run transports_run(struct app *app, struct item *item,
                               const struct args *args)
{
	static const struct table_column columns[] = {
		{ "transport", EVENT_TEXT },
		{ "local", EVENT_TEXT },
		{ "sent", EVENT_INTEGER },
		{ "received", EVENT_INTEGER },
	};
	struct table *t = table_new("transports", columns,
	                            ARRAY_LEN(columns));
	const struct list *legs = dispatcher_legs(app->dispatcher);

	(void)args;
	for (struct list *it = legs->next; it != legs; it = it->next) {
		const struct leg *leg = CONTAINER_OF(it, struct leg, node);
		char local[ADDR_TEXT];

		table_text(t, slice_str(transport_name(leg->transport)));
		table_text(t, slice_str(addr_text(&leg->local, local)));
		table_integer(t, (int64_t)leg->sent);
		table_integer(t, (int64_t)leg->received);
	}
	report_table(app->report, t, item->number);
	return item_ok(item);
}

const struct command cmd_transports = {
	.name = "transports",
	.summary = "list where we listen, and what went through",
	.args = { { NULL, 0, 0, NULL, 0, 0, NULL } },
	.run = transports_run,
};
