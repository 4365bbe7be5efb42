/* transactions: the table of transactions. */

#include "cli/commands/table.h"
#include "cli/app.h"

static void add_row(const struct transaction_info *info, void *arg)
{
	struct table *t = arg;
	char remote[ADDR_TEXT];

	table_text(t, info->client ? SLICE("client") : SLICE("server"));
	table_text(t, method_name(info->method));
	table_text(t, slice_str(info->state));
	table_text(t, slice_str(transport_name(info->transport)));
	table_text(t, slice_str(addr_text(&info->remote, remote)));
	table_integer(t, info->retransmits);
	table_number(t, (double)info->age_ms / 1000);
	table_text(t, info->branch);
}

static enum run transactions_run(struct app *app, struct item *item,
                                 const struct args *args)
{
	static const struct table_column columns[] = {
		{ "side", EVENT_TEXT },
		{ "method", EVENT_TEXT },
		{ "state", EVENT_TEXT },
		{ "transport", EVENT_TEXT },
		{ "remote", EVENT_TEXT },
		{ "retransmits", EVENT_INTEGER },
		{ "age", EVENT_NUMBER },
		{ "branch", EVENT_TEXT },
	};
	struct table *t = table_new("transactions", columns,
	                            ARRAY_LEN(columns));

	(void)args;
	if (app->transactions != NULL)
		transactions_each(app->transactions, add_row, t);
	report_table(app->report, t, item->number);
	return item_ok(item);
}

const struct command cmd_transactions = {
	.name = "transactions",
	.summary = "list the transactions",
	.args = { { NULL, 0, 0, NULL, 0, 0, NULL } },
	.flags = COMMAND_OFFLINE,
	.run = transactions_run,
};
