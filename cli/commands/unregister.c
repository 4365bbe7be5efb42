/* unregister: our contacts, one, or all are removed. */

#include "cli/commands/table.h"
#include "cli/registering.h"

static enum run unregister_run(struct app *app, struct item *item,
                               const struct args *args)
{
	struct account *a = registering_account(app, item,
	                                        args_text(args, "ACCOUNT"));
	struct slice contact = args_text(args, "--contact");
	bool all = args_has(args, "--all");
	enum error err;

	if (a == NULL)
		return RUN_DONE;
	if (all && contact.p != NULL)
		return item_fail(item, CLASS_USAGE,
		                 "--all and --contact exclude each other");
	if (all)
		err = registration_remove_all(a->registration);
	else if (contact.p != NULL)
		err = registration_remove(a->registration, contact);
	else
		err = registration_unregister(a->registration);
	return registering_wait(a, item, err);
}

const struct command cmd_unregister = {
	.name = "unregister",
	.summary = "remove our bindings, one, or all that the registrar holds",
	.args = {
		{ "ACCOUNT", ARG_ACCOUNT, 0, "the current one", 0, 0, NULL },
		{ "--contact", ARG_WORD, 0, "this binding only", 0, 0, NULL },
		{ "--all", ARG_FLAG, 0, "everybody's bindings of the address",
		  0, 0, NULL },
	},
	.run = unregister_run,
};
