/* sleep: nothing, for a while. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/app.h"

static void over(void *arg)
{
	queue_done(arg);
}

static void free_timer(void *state)
{
	timer_cancel(state);
	free(state);
}

static enum run sleep_run(struct app *app, struct item *item,
                          const struct args *args)
{
	struct timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	item->state = t;
	item->free_state = free_timer;
	timer_arm(t, &app->env.timers, args_number(args, "DURATION", 0),
	          over, item);
	return RUN_PENDING;
}

const struct command cmd_sleep = {
	.name = "sleep",
	.summary = "wait for a time; calls and registrations go on",
	.args = {
		{ "DURATION", ARG_DURATION, ARG_REQUIRED, "500ms, 5s, 2m", 0,
		  0, NULL },
	},
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = sleep_run,
};
