/* Responses to an INVITE that waits. */

#include "cli/answering.h"

struct call *answering_call(struct app *app, struct item *item,
                            struct slice name)
{
	struct buf why = { 0 };
	struct call *call = calls_find(&app->calls, name, false, &why);

	/* without a name, the call that rings is meant, not the one that is
	 * up */
	if (name.len == 0
	    && (call == NULL || context_pending_invite(call->context) == 0)) {
		for (struct call *c = calls_next_live(&app->calls, NULL);
		     c != NULL; c = calls_next_live(&app->calls, c))
			if (context_pending_invite(c->context) != 0)
				call = c;
	}
	if (call == NULL)
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	else if (call->context == NULL
	         || context_pending_invite(call->context) == 0) {
		item_fail(item, CLASS_USAGE, "%%%u has no INVITE to answer",
		          call->number);
		call = NULL;
	}
	buf_deinit(&why);
	return call;
}

enum run answering_respond(struct app *app, struct item *item,
                           struct call *call, unsigned status,
                           struct slice reason, const struct field *extra,
                           size_t nextra)
{
	struct field fields[REQUEST_FIELDS_MAX];
	struct buf why = { 0 };
	size_t n = 0;
	bool good;

	for (size_t i = 0; i < nextra && n < REQUEST_FIELDS_MAX; i++)
		fields[n++] = extra[i];
	for (size_t i = 0; i < args_count(&item->args, "-H")
	                   && n < REQUEST_FIELDS_MAX; i++) {
		const struct value *v = args_value(&item->args, "-H", i);

		fields[n++] = (struct field){ v->name, v->rest };
	}
	good = app_answer(app, call, status, reason, fields, n, &why);
	if (!good)
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	buf_deinit(&why);
	return good ? item_ok(item) : RUN_DONE;
}
