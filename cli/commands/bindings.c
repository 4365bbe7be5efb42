/* bindings: what the registrar holds. */

#include "cli/commands/table.h"
#include "cli/registering.h"

static enum run bindings_run(struct app *app, struct item *item,
                             const struct args *args)
{
	struct account *a = registering_account(app, item,
	                                        args_text(args, "ACCOUNT"));

	if (a == NULL)
		return RUN_DONE;
	return registering_wait(a, item, registration_query(a->registration));
}

const struct command cmd_bindings = {
	.name = "bindings",
	.summary = "ask the registrar for the account's bindings",
	.args = {
		{ "ACCOUNT", ARG_ACCOUNT, 0, "the current one", 0, 0, NULL },
	},
	.run = bindings_run,
};
