/* accounts: the table of accounts. */

#include "cli/commands/table.h"
#include "cli/app.h"

static enum run accounts_run(struct app *app, struct item *item,
                             const struct args *args)
{
	static const struct table_column columns[] = {
		{ "current", EVENT_BOOL },
		{ "name", EVENT_TEXT },
		{ "uri", EVENT_TEXT },
		{ "registrar", EVENT_TEXT },
		{ "registered", EVENT_BOOL },
		{ "expires", EVENT_INTEGER },
	};
	struct table *t = table_new("accounts", columns, ARRAY_LEN(columns));

	(void)args;
	for (struct list *it = app->accounts.list.next;
	     it != &app->accounts.list; it = it->next) {
		const struct account *a = CONTAINER_OF(it, struct account,
		                                       node);
		bool active = a->registration != NULL
		              && registration_is_active(a->registration);

		table_bool(t, a == app->accounts.current);
		table_text(t, slice_str(a->name));
		table_text(t, slice_str(a->uri));
		table_text(t, slice_str(a->registrar));
		table_bool(t, active);
		if (active)
			table_integer(t, registration_left_s(
			                      a->registration));
		else
			table_null(t);
	}
	report_table(app->report, t, item->number);
	return item_ok(item);
}

const struct command cmd_accounts = {
	.name = "accounts",
	.summary = "list the accounts and whether they are registered",
	.args = { { NULL, 0, 0, NULL, 0, 0, NULL } },
	.flags = COMMAND_OFFLINE,
	.run = accounts_run,
};
