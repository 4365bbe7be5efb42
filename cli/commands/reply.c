/* reply: any response to the INVITE that waits. */

#include "cli/commands/table.h"
#include "cli/answering.h"

static enum run send_reply(struct app *app, struct item *item,
                           struct call *call, const struct args *args,
                           struct slice body)
{
	struct field fields[REQUEST_FIELDS_MAX];
	struct slice type = args_text(args, "--type");
	struct response_parts parts = {
		.status = (unsigned)args_number(args, "CODE", 0),
		.reason = args_text(args, "REASON"),
		.content_type = type.p != NULL ? type : SLICE("text/plain"),
		.body = body,
		.fields = fields,
	};
	enum error err;

	for (size_t i = 0; i < args_count(args, "-H")
	                   && i < REQUEST_FIELDS_MAX; i++) {
		const struct value *v = args_value(args, "-H", i);

		fields[parts.nfields++] = (struct field){ v->name, v->rest };
	}
	err = endpoint_new_response(app->endpoint,
	                            context_pending_invite(call->context),
	                            &parts);
	if (err == OK)
		return item_ok(item);
	return item_fail(item, CLASS_USAGE,
	                 "the response cannot be sent: %s", error_text(err));
}

static enum run reply_run(struct app *app, struct item *item,
                          const struct args *args)
{
	struct call *call = answering_call(app, item, args_text(args, "%N"));
	struct slice reason = args_text(args, "REASON");
	struct slice path = args_text(args, "--body");
	unsigned status = (unsigned)args_number(args, "CODE", 0);
	struct buf body = { 0 };
	enum run run = RUN_DONE;

	if (call == NULL)
		return RUN_DONE;
	/* without a body of the user's a 2xx is an answer like any other */
	if (path.p == NULL)
		return answering_respond(app, item, call, status, reason,
		                         NULL, 0);
	if (request_read_body(item, path, &body))
		run = send_reply(app, item, call, args, buf_view(&body));
	buf_deinit(&body);
	return run;
}

const struct command cmd_reply = {
	.name = "reply",
	.summary = "any response to a call that came in",
	.args = {
		{ "%N", ARG_CALL, 0, "the current one", 0, 0, NULL },
		{ "CODE", ARG_CODE, ARG_REQUIRED, "the status", 0, 0, NULL },
		{ "REASON", ARG_TEXT, ARG_JOINED, "its reason", 0, 0, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
		{ "--body", ARG_PATH, 0, "a file to send as body (- is stdin)",
		  0, 0, NULL },
		{ "--type", ARG_WORD, 0, "the body's Content-Type", 0, 0,
		  NULL },
	},
	.run = reply_run,
};
