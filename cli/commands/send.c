/* send: any request, in or out of a dialog. */

#include "cli/commands/table.h"
#include "cli/request.h"

/* "udp:192.0.2.1:5060", or an address alone. */
static bool parse_destination(struct slice text, struct target *out)
{
	size_t colon = slice_find(text, ':');
	enum transport t = colon == text.len ? TRANSPORT_NONE
		: transport_from_name(slice_make(text.p, colon));

	out->transport = t == TRANSPORT_NONE ? TRANSPORT_UDP : t;
	if (t != TRANSPORT_NONE)
		text = slice_skip(text, colon + 1);
	if (!addr_parse(text, &out->addr))
		return false;
	if (out->addr.port == 0)
		out->addr.port = transport_default_port(out->transport);
	return true;
}

static enum run start(struct app *app, struct item *item,
                      const struct args *args, struct request_job *job,
                      const struct target *destination)
{
	struct slice type = args_text(args, "--type");

	if (job->body.len != 0)
		job->content_type = type.p != NULL ? type
		                    : SLICE("text/plain;charset=UTF-8");
	job->destination = destination;
	return request_run(app, item, args, job) == NULL ? RUN_DONE
	                                                 : RUN_PENDING;
}

static bool find_target(struct app *app, struct item *item,
                        struct slice text, struct request_job *job)
{
	struct buf why = { 0 };

	job->uri = text;
	if (text.p[0] != '%')
		return true;
	job->uri = SLICE_EMPTY;
	job->call = calls_find(&app->calls, text, false, &why);
	if (job->call == NULL)
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	buf_deinit(&why);
	return job->call != NULL;
}

static enum run send_run(struct app *app, struct item *item,
                         const struct args *args)
{
	struct slice path = args_text(args, "--body");
	struct slice dest = args_text(args, "--dest");
	struct target destination;
	struct buf body = { 0 };
	enum run run = RUN_DONE;
	struct request_job job = {
		.method = args_text(args, "METHOD"),
		.cseq = (uint32_t)args_number(args, "--cseq", 0),
	};

	if (!find_target(app, item, args_text(args, "URI|%N"), &job))
		return RUN_DONE;
	if (dest.p != NULL && !parse_destination(dest, &destination))
		return item_fail(item, CLASS_USAGE, "--dest: expected "
		                 "[TRANSPORT:]ADDR[:PORT], got '%.*s'",
		                 SLICE_ARG(dest));
	if (path.p == NULL || request_read_body(item, path, &body)) {
		job.body = buf_view(&body);
		run = start(app, item, args, &job,
		            dest.p != NULL ? &destination : NULL);
	}
	buf_deinit(&body);
	return run;
}

const struct command cmd_send = {
	.name = "send",
	.summary = "send any request, in or out of a dialog",
	.args = {
		{ "METHOD", ARG_METHOD, ARG_REQUIRED, "OPTIONS, INFO, FOO...",
		  0, 0, NULL },
		{ "URI|%N", ARG_TARGET, ARG_REQUIRED, "to whom, or in which "
		  "call", 0, 0, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED,
		  "a header; it replaces ours; 'Name:' leaves ours out", 0, 0,
		  NULL },
		{ "--body", ARG_PATH, 0, "a file to send as body (- is stdin)",
		  0, 0, NULL },
		{ "--type", ARG_WORD, 0, "the body's Content-Type", 0, 0,
		  NULL },
		{ "--cseq", ARG_NUMBER, 0, "the CSeq number", 1, 2147483647,
		  NULL },
		{ "--dest", ARG_WORD, 0,
		  "where to, whatever the URI: udp:192.0.2.1:5060", 0, 0,
		  NULL },
		{ "--wait", ARG_FLAG, 0, "the prompt waits, too", 0, 0, NULL },
		{ "--nowait", ARG_FLAG, 0, "do not wait for the answer", 0, 0,
		  NULL },
	},
	.run = send_run,
};
