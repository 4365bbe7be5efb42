/* message: a text to somebody (RFC 3428). */

#include "cli/commands/table.h"
#include "cli/request.h"

static enum run start(struct app *app, struct item *item,
                      const struct args *args, struct slice body)
{
	struct slice type = args_text(args, "--type");
	struct request_job job = {
		.method = SLICE("MESSAGE"),
		.uri = args_text(args, "URI"),
		.content_type = type.p != NULL ? type
		                : SLICE("text/plain;charset=UTF-8"),
		.body = body,
	};

	return request_run(app, item, args, &job) == NULL ? RUN_DONE
	                                                  : RUN_PENDING;
}

static enum run message_run(struct app *app, struct item *item,
                            const struct args *args)
{
	struct slice text = args_text(args, "TEXT");
	struct slice path = args_text(args, "--body");
	struct buf body = { 0 };
	enum run run = RUN_DONE;

	if ((text.p == NULL) == (path.p == NULL))
		return item_fail(item, CLASS_USAGE,
		                 "message needs a TEXT or --body FILE");
	if (text.p != NULL)
		return start(app, item, args, text);
	if (request_read_body(item, path, &body))
		run = start(app, item, args, buf_view(&body));
	buf_deinit(&body);
	return run;
}

const struct command cmd_message = {
	.name = "message",
	.summary = "send a text",
	.args = {
		{ "URI", ARG_URI, ARG_REQUIRED, "to whom", 0, 0, NULL },
		{ "TEXT", ARG_TEXT, ARG_JOINED, "the text", 0, 0, NULL },
		{ "--body", ARG_PATH, 0, "a file to send (- is stdin)", 0, 0,
		  NULL },
		{ "--type", ARG_WORD, 0, "its Content-Type", 0, 0, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
		{ "--wait", ARG_FLAG, 0, "the prompt waits, too", 0, 0, NULL },
		{ "--nowait", ARG_FLAG, 0, "do not wait for the answer", 0, 0,
		  NULL },
	},
	.run = message_run,
};
