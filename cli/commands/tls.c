/* tls: a look at a TLS server and its certificates. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/request.h"
#include "net/tls_probe.h"

struct look {
	struct app *app;
	struct item *item;
	char *name;                     /* the domain that is asked for */
	struct target targets[LOCATE_TARGETS_MAX];
	size_t ntargets, next;
	uint64_t locating;              /* 0: done */
	bool starting;                  /* inside run() */
	struct tls_probe *probe;
};

static void free_look(void *state)
{
	struct look *l = state;

	if (l->locating != 0)
		locate_cancel(l->app->locator, l->locating);
	tls_probe_free(l->probe);
	free(l->name);
	free(l);
}

/* --- telling --- */

static void print_certificate(struct buf *out, size_t n,
                              const struct tls_certificate *c)
{
	buf_printf(out, "\n%2zu %s\n", n, c->subject);
	buf_printf(out, "   names   %s\n", c->names);
	buf_printf(out, "   issuer  %s\n", c->issuer);
	buf_printf(out, "   from    %s\n", c->not_before);
	buf_printf(out, "   until   %s\n", c->not_after);
	buf_printf(out, "   key     %s, signed with %s\n", c->key,
	           c->signature);
	buf_printf(out, "   sha256  %s", c->fingerprint);
}

static void tell_text(const struct look *l, const struct tls_report *r,
                      const char *remote)
{
	struct buf b = { 0 };

	if (r->protocol[0] == '\0')
		return;                 /* there was no handshake */
	buf_printf(&b, "tls:%s for ", remote);
	buf_escaped(&b, slice_str(l->name));
	buf_printf(&b, ": %s %s", r->protocol, r->cipher);
	for (size_t i = 0; i < r->nchain; i++)
		print_certificate(&b, i, &r->chain[i]);
	if (r->err == OK)
		buf_str(&b, "\nverified");
	report_text(l->app->report, buf_view(&b));
	buf_deinit(&b);
}

static void print_json(struct buf *out, const struct tls_certificate *c)
{
	struct event *e = event_new("certificate");

	event_text(e, "subject", slice_str(c->subject));
	event_text(e, "names", slice_str(c->names));
	event_text(e, "issuer", slice_str(c->issuer));
	event_text(e, "not_before", slice_str(c->not_before));
	event_text(e, "not_after", slice_str(c->not_after));
	event_text(e, "key", slice_str(c->key));
	event_text(e, "signature", slice_str(c->signature));
	event_text(e, "sha256", slice_str(c->fingerprint));
	if (e != NULL)
		(void)event_print_fields(e, out);
	event_release(e);
}

static void tell_event(const struct look *l, const struct tls_report *r,
                       const char *remote)
{
	struct event *e = event_new("tls");
	struct buf chain = { 0 };

	buf_char(&chain, '[');
	for (size_t i = 0; i < r->nchain; i++) {
		if (i > 0)
			buf_char(&chain, ',');
		print_json(&chain, &r->chain[i]);
	}
	buf_char(&chain, ']');
	event_integer(e, "cmd", l->item->number);
	event_text(e, "name", slice_str(l->name));
	event_text(e, "remote", slice_str(remote));
	event_text(e, "protocol", slice_str(r->protocol));
	event_text(e, "cipher", slice_str(r->cipher));
	event_bool(e, "verified", r->err == OK);
	event_text(e, "reason", slice_str(r->why));
	event_json(e, "chain", buf_view(&chain));
	report_event(l->app->report, e, (struct slice){ NULL, 0 }, false);
	buf_deinit(&chain);
}

/* --- looking --- */

static bool probe_next(struct look *l);

static void looked(const struct tls_report *r, void *arg)
{
	struct look *l = arg;
	struct item *item = l->item;
	char remote[ADDR_TEXT];

	addr_text(&l->targets[l->next - 1].addr, remote);
	if (r->err != OK && r->err != ERR_TLS && l->next < l->ntargets) {
		tls_probe_free(l->probe);
		l->probe = NULL;
		if (!probe_next(l))
			queue_done(item);
		return;
	}
	tell_text(l, r, remote);
	tell_event(l, r, remote);
	if (r->err == OK)
		item_ok(item);
	else
		item_fail(item, error_class(r->err), "tls:%s: %s", remote,
		          r->why);
	queue_done(item);
}

/* False: item has failed. */
static bool probe_next(struct look *l)
{
	struct slice name = slice_str(l->name);
	const char *why = error_text(ERR_NO_TRANSPORT);
	char remote[ADDR_TEXT] = "";

	while (l->probe == NULL && l->next < l->ntargets) {
		const struct target *t = &l->targets[l->next++];

		addr_text(&t->addr, remote);
		if (!transport_is_secure(t->transport))
			continue;
		l->probe = tls_probe_start(l->app->loop,
		                           tls_setup_profile(&l->app->tls,
		                                             name),
		                           &t->addr, name, looked, l, &why);
	}
	if (l->probe == NULL)
		item_fail(l->item, CLASS_NETWORK, "tls:%s: %s", remote, why);
	return l->probe != NULL;
}

static void located(enum error err, const char *text,
                    const struct target *targets, size_t n, void *arg)
{
	struct look *l = arg;
	bool good = false;

	l->locating = 0;
	for (size_t i = 0; i < n && i < ARRAY_LEN(l->targets); i++)
		l->targets[l->ntargets++] = targets[i];
	if (err != OK)
		item_fail(l->item, error_class(err), "%s", text);
	else
		good = probe_next(l);
	if (!good && !l->starting)
		queue_done(l->item);
}

/* Where our own requests go, when no URI is given. */
static bool choose(const struct app *app, const struct args *args,
                   struct uri *out)
{
	const struct account *a = app->accounts.current;
	struct slice given = args_text(args, "URI");
	struct name_addr route;

	if (given.p != NULL)
		return uri_parse(given, out);
	if (a == NULL)
		return false;
	if (a->proxy == NULL)
		return uri_parse(slice_str(a->registrar), out);
	if (!name_addr_parse(slice_str(a->proxy), &route))
		return false;
	*out = route.uri;
	return true;
}

static enum run tls_run(struct app *app, struct item *item,
                        const struct args *args)
{
	struct look *l;
	struct uri uri;

	if (!choose(app, args, &uri))
		return item_fail(item, CLASS_USAGE, "which server? There is "
		                 "no account, and no URI was given");
	l = calloc(1, sizeof(*l));
	if (l != NULL)
		l->name = slice_dup(uri.host);
	if (l == NULL || l->name == NULL) {
		free(l);
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	}
	l->app = app;
	l->item = item;
	item->state = l;
	item->free_state = free_look;
	/* Whatever the URI says, it is TLS that we look at. */
	uri.scheme = URI_SIPS;
	l->starting = true;
	l->locating = locate_start(app->locator, &uri, located, l);
	l->starting = false;
	return l->locating != 0 || l->probe != NULL ? RUN_PENDING : RUN_DONE;
}

const struct command cmd_tls = {
	.name = "tls",
	.summary = "show a TLS server's certificates, and whether they will do",
	.args = {
		{ "URI", ARG_URI, 0, "which server (the account's)", 0, 0,
		  NULL },
	},
	.run = tls_run,
};
