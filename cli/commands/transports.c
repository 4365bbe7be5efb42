/* transports: where we listen, and which connections there are. */

#include "cli/commands/table.h"
#include "cli/app.h"
#include "cli/request.h"
#include "net/tcp.h"

static const char *state_name(enum conn_state s)
{
	switch (s) {
	case CONN_CONNECTING:
		return "connecting";
	case CONN_HANDSHAKING:
		return "handshake";
	case CONN_OPEN:
		return "open";
	case CONN_ENDING:
	case CONN_CLOSED:
		return "closing";
	}
	return "";
}

static void add_learnt(struct table *t, const struct addr *learnt)
{
	struct buf text = { 0 };

	if (learnt->family == FAMILY_NONE) {
		table_null(t);
		return;
	}
	request_print_learnt(&text, learnt);
	table_text(t, buf_view(&text));
	buf_deinit(&text);
}

static void add_leg(struct table *t, const struct leg *leg)
{
	char local[ADDR_TEXT];

	table_text(t, slice_str(transport_name(leg->transport)));
	table_text(t, slice_str(addr_text(&leg->local, local)));
	table_integer(t, (int64_t)leg->sent);
	table_integer(t, (int64_t)leg->received);
	table_null(t);
	table_null(t);
	table_null(t);
	table_null(t);
	add_learnt(t, &leg->learnt);
}

static void add_tls(struct table *t, const struct conn *c)
{
	struct slice name = tls_conn_name(c);
	struct buf security = { 0 };

	if (name.len == 0)
		table_null(t);
	else
		table_text(t, name);
	tls_conn_print(&security, c);
	table_text(t, buf_view(&security));
	buf_deinit(&security);
}

static void add_connection(struct table *t, const struct leg *leg,
                           const struct conn *c)
{
	char addr[ADDR_TEXT];

	table_text(t, slice_str(transport_name(leg->transport)));
	table_text(t, slice_str(addr_text(&leg->local, addr)));
	table_null(t);
	table_null(t);
	table_text(t, slice_str(addr_text(&c->remote, addr)));
	table_text(t, slice_str(state_name(c->state)));
	if (transport_is_secure(leg->transport)) {
		add_tls(t, c);
	} else {
		table_null(t);
		table_null(t);
	}
	table_null(t);
}

static enum run transports_run(struct app *app, struct item *item,
                               const struct args *args)
{
	static const struct table_column columns[] = {
		{ "transport", EVENT_TEXT },
		{ "local", EVENT_TEXT },
		{ "sent", EVENT_INTEGER },
		{ "received", EVENT_INTEGER },
		{ "remote", EVENT_TEXT },
		{ "state", EVENT_TEXT },
		{ "name", EVENT_TEXT },
		{ "security", EVENT_TEXT },
		{ "learnt", EVENT_TEXT },
	};
	struct table *t = table_new("transports", columns,
	                            ARRAY_LEN(columns));

	(void)args;
	LIST_EACH(it, dispatcher_legs(app->dispatcher)) {
		const struct leg *leg = CONTAINER_OF(it, struct leg, node);

		/* It opens when it is first needed. */
		if (leg->local.port == 0)
			continue;
		add_leg(t, leg);
		if (!transport_is_reliable(leg->transport))
			continue;
		LIST_EACH(at, tcp_leg_list(leg))
			add_connection(t, leg,
			               CONTAINER_OF(at, struct conn, node));
	}
	report_table(app->report, t, item->number);
	return item_ok(item);
}

const struct command cmd_transports = {
	.name = "transports",
	.summary = "list where we listen, the connections, what went through",
	.args = { { NULL, 0, 0, NULL, 0, 0, NULL } },
	.run = transports_run,
};
