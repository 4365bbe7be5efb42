/* registrations: what is kept up. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run registrations_run(struct app *app, struct item *item,
                                  const struct args *args)
{
	static const struct table_column columns[] = {
		{ "account", EVENT_TEXT },
		{ "aor", EVENT_TEXT },
		{ "registrar", EVENT_TEXT },
		{ "active", EVENT_BOOL },
		{ "busy", EVENT_BOOL },
		{ "expires", EVENT_INTEGER },
	};
	struct table *t = table_new("registrations", columns,
	                            ARRAY_LEN(columns));

	(void)args;
	for (struct list *it = app->accounts.list.next;
	     it != &app->accounts.list; it = it->next) {
		const struct account *a = CONTAINER_OF(it, struct account,
		                                       node);

		if (a->registration == NULL)
			continue;
		table_text(t, slice_str(a->name));
		table_text(t, registration_aor(a->registration));
		table_text(t, registration_registrar(a->registration));
		table_bool(t, registration_is_active(a->registration));
		table_bool(t, registration_is_busy(a->registration));
		table_integer(t, registration_left_s(a->registration));
	}
	report_table(app->report, t, item->number);
	return item_ok(item);
}

const struct command cmd_registrations = {
	.name = "registrations",
	.summary = "list the registrations that are kept up",
	.args = { { NULL, 0, 0, NULL, 0, 0, NULL } },
	.flags = COMMAND_OFFLINE,
	.run = registrations_run,
};
