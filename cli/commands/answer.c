/* answer: a call that came in is taken. */

#include "cli/commands/table.h"
#include "cli/answering.h"

static void give_up(struct item *item, enum error why)
{
	struct call *call = item->state;

	call->answer = NULL;
	request_fail_given_up(item, why);
	queue_done(item);
}

static enum run answer_run(struct app *app, struct item *item,
                           const struct args *args)
{
	struct call *call = answering_call(app, item, args_text(args, "%N"));

	if (call == NULL)
		return RUN_DONE;
	answering_respond(app, item, call,
	                  (unsigned)args_number(args, "--code", 200),
	                  SLICE_EMPTY, NULL, 0);
	if (item->result.rc != 0)
		return RUN_DONE;
	/* done when the caller's ACK is there */
	call->answer = item;
	item->state = call;
	item->give_up = give_up;
	return RUN_PENDING;
}

const struct command cmd_answer = {
	.name = "answer",
	.summary = "take a call; done when the caller's ACK is there",
	.args = {
		{ "%N", ARG_CALL, 0, "the current one", 0, 0, NULL },
		{ "--code", ARG_CODE, 0, "another 2xx (200)", 200, 299, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
	},
	.run = answer_run,
};
