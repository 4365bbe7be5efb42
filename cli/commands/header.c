/* header: fields that go into every request. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/app.h"

enum { ADD, DEL, LIST };

static void free_header(struct app_header *h)
{
	list_remove(&h->node);
	free(h->name);
	free(h->value);
	free(h->method);
	free(h);
}

static enum run add(struct app *app, struct item *item, struct slice name,
                    struct slice value, struct slice method)
{
	struct app_header *h;

	if (value.p == NULL || slice_find(value, '\r') < value.len
	    || slice_find(value, '\n') < value.len)
		return item_fail(item, CLASS_USAGE,
		                 "header add needs a NAME and a VALUE of "
		                 "one line");
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	h->name = slice_dup(name);
	h->value = slice_dup(value);
	h->method = method.p == NULL ? NULL : slice_dup(method);
	list_append(&app->headers, &h->node);
	if (h->name != NULL && h->value != NULL
	    && (h->method != NULL || method.p == NULL))
		return item_ok(item);
	free_header(h);
	return item_fail(item, CLASS_INTERNAL, "%s", error_text(ERR_NOMEM));
}

static enum run del(struct app *app, struct item *item, struct slice name,
                    struct slice method)
{
	unsigned n = 0;

	LIST_EACH(node, &app->headers) {
		struct app_header *h = CONTAINER_OF(node, struct app_header,
		                                    node);

		if (!slice_eq_nocase(slice_str(h->name), name)
		    || (method.p != NULL
		        && !slice_eq(slice_str(h->method), method)))
			continue;
		free_header(h);
		n++;
	}
	if (n != 0)
		return item_ok(item);
	return item_fail(item, CLASS_USAGE, "no header '%.*s' was added",
	                 SLICE_ARG(name));
}

static enum run list(struct app *app, struct item *item)
{
	static const struct table_column columns[] = {
		{ "name", EVENT_TEXT },
		{ "value", EVENT_TEXT },
		{ "method", EVENT_TEXT },
	};
	struct table *t = table_new("headers", columns, ARRAY_LEN(columns));

	for (struct list *it = app->headers.next; it != &app->headers;
	     it = it->next) {
		const struct app_header *h =
			CONTAINER_OF(it, struct app_header, node);

		table_text(t, slice_str(h->name));
		table_text(t, slice_str(h->value));
		table_text(t, slice_str(h->method));
	}
	report_table(app->report, t, item->number);
	return item_ok(item);
}

static enum run header_run(struct app *app, struct item *item,
                           const struct args *args)
{
	uint64_t what = args_number(args, "add|del|list", LIST);
	struct slice name = args_text(args, "NAME");
	struct slice method = args_text(args, "--method");

	if (what == LIST)
		return list(app, item);
	if (name.p == NULL)
		return item_fail(item, CLASS_USAGE, "NAME is missing");
	if (what == ADD)
		return add(app, item, name, args_text(args, "VALUE"), method);
	return del(app, item, name, method);
}

const struct command cmd_header = {
	.name = "header",
	.summary = "fields that go into every request of ours",
	.args = {
		{ "add|del|list", ARG_CHOICE, 0, "what to do (list)", 0, 0,
		  "add|del|list" },
		{ "NAME", ARG_HEADER_NAME, 0, "the field's name", 0, 0, NULL },
		{ "VALUE", ARG_TEXT, ARG_JOINED, "its value", 0, 0, NULL },
		{ "--method", ARG_METHOD, 0, "requests of this method only",
		  0, 0, NULL },
	},
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = header_run,
};
