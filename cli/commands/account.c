/* account: who we are. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/app.h"
#include "cli/input.h"

enum { ADD, DEL, USE, LIST, SHOW };

static bool read_secret(struct item *item, const struct args *args,
                        struct buf *secret)
{
	struct slice path = args_text(args, "--password-file");
	struct buf why = { 0 };
	char *name;
	bool good;

	if (path.p == NULL)
		return true;
	name = slice_dup(path);
	good = name != NULL && input_read_secret(name, secret, &why) == OK;
	if (!good)
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	free(name);
	buf_deinit(&why);
	return good;
}

/* NUL terminated copies of what was given. */
struct tls_files {
	char *ca, *cert, *key;
};

static bool copy_path(const struct args *args, const char *name, char **to)
{
	struct slice path = args_text(args, name);

	if (path.p != NULL)
		*to = slice_dup(path);
	return path.p == NULL || *to != NULL;
}

static bool read_tls(const struct args *args, struct tls_files *files,
                     struct tls_settings *out)
{
	bool good = copy_path(args, "--ca", &files->ca)
	            && copy_path(args, "--cert", &files->cert)
	            && copy_path(args, "--key", &files->key);

	*out = (struct tls_settings){
		.ca = files->ca,
		.cert = files->cert,
		.key = files->key,
		.insecure = args_has(args, "--insecure"),
	};
	return good;
}

static void free_tls(struct tls_files *files)
{
	free(files->ca);
	free(files->cert);
	free(files->key);
}

static bool wants_tls(const struct args *args)
{
	return args_has(args, "--ca") || args_has(args, "--cert")
	       || args_has(args, "--key") || args_has(args, "--insecure");
}

static enum run add(struct app *app, struct item *item,
                    const struct args *args)
{
	struct account_params p = {
		.name = args_text(args, "NAME"),
		.uri = args_text(args, "URI"),
		.user = args_text(args, "--user"),
		.registrar = args_text(args, "--registrar"),
		.proxy = args_text(args, "--proxy"),
		.expires_s = (uint32_t)args_number(args, "--expires", 0),
	};
	struct buf secret = { 0 }, why = { 0 };
	struct tls_files files = { 0 };
	struct tls_settings tls;
	struct account *a = NULL;
	enum run run = RUN_DONE;

	if (p.uri.p == NULL)
		return item_fail(item, CLASS_USAGE,
		                 "account add needs NAME and URI");
	if (!read_secret(item, args, &secret))
		return RUN_DONE;
	if (wants_tls(args))
		p.tls = &tls;
	if (secret.len != 0)
		p.secret = buf_view(&secret);
	if (!read_tls(args, &files, &tls)
	    || !accounts_add(&app->accounts, &p, &a, &why))
		run = item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	for (size_t i = 0; a != NULL
	                   && i < args_count(args, "--credentials"); i++) {
		if (account_add_realm(a, args_value(args, "--credentials",
		                                    i)->text, &why))
			continue;
		accounts_remove(&app->accounts, a);
		a = NULL;
		run = item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	}
	if (secret.p != NULL)
		explicit_bzero(secret.p, secret.len);
	buf_deinit(&secret);
	buf_deinit(&why);
	free_tls(&files);
	return run;
}

static void list(struct app *app, const struct item *item,
                 const struct account *only)
{
	static const struct table_column columns[] = {
		{ "current", EVENT_BOOL },
		{ "name", EVENT_TEXT },
		{ "uri", EVENT_TEXT },
		{ "registrar", EVENT_TEXT },
		{ "proxy", EVENT_TEXT },
		{ "user", EVENT_TEXT },
		{ "secret", EVENT_BOOL },
	};
	struct table *t = table_new("accounts", columns, ARRAY_LEN(columns));

	for (struct list *it = app->accounts.list.next;
	     it != &app->accounts.list; it = it->next) {
		const struct account *a = CONTAINER_OF(it, struct account,
		                                       node);

		if (only != NULL && a != only)
			continue;
		table_bool(t, a == app->accounts.current);
		table_text(t, slice_str(a->name));
		table_text(t, slice_str(a->uri));
		table_text(t, slice_str(a->registrar));
		table_text(t, slice_str(a->proxy));
		table_text(t, slice_str(a->auth_user));
		table_bool(t, a->has_secret);
	}
	report_table(app->report, t, item->number);
}

static void let_go(struct context *ctx, void *arg)
{
	const struct account *a = arg;

	if (context_credentials(ctx) == a->credentials)
		context_set_credentials(ctx, NULL);
}

/* Calls may outlive their account, but then have no secrets. */
static void forget(struct app *app, struct account *a)
{
	if (app->endpoint != NULL)
		endpoint_each_context(app->endpoint, let_go, a);
	accounts_remove(&app->accounts, a);
}

static enum run with_account(struct app *app, struct item *item,
                             uint64_t what, struct account *a)
{
	if (what == SHOW) {
		list(app, item, a);
	} else if (what == USE) {
		app->accounts.current = a;
	} else if (a->registration != NULL
	           && (registration_is_active(a->registration)
	               || registration_is_busy(a->registration))) {
		return item_fail(item, CLASS_USAGE,
		                 "%s is registered; unregister it first",
		                 a->name);
	} else {
		forget(app, a);
	}
	return item_ok(item);
}

static enum run account_run(struct app *app, struct item *item,
                            const struct args *args)
{
	uint64_t what = args_number(args, "add|del|use|list|show", LIST);
	struct slice name = args_text(args, "NAME");
	struct account *a = app->accounts.current;

	if (what == ADD)
		return add(app, item, args);
	if (what == LIST) {
		list(app, item, NULL);
		return item_ok(item);
	}
	if (name.p != NULL)
		a = accounts_find(&app->accounts, name);
	if (a == NULL || (name.p == NULL && what != SHOW))
		return item_fail(item, CLASS_USAGE, "no account '%.*s'",
		                 SLICE_ARG(name));
	return with_account(app, item, what, a);
}

const struct command cmd_account = {
	.name = "account",
	.summary = "add, remove, choose or list the accounts",
	.args = {
		{ "add|del|use|list|show", ARG_CHOICE, 0, "what to do (list)",
		  0, 0, "add|del|use|list|show" },
		{ "NAME", ARG_ACCOUNT, 0, "the account's name", 0, 0, NULL },
		{ "URI", ARG_WORD, 0, "its address: sip:alice@example.com",
		  0, 0, NULL },
		{ "--user", ARG_WORD, 0, "authentication user", 0, 0, NULL },
		{ "--registrar", ARG_WORD, 0, "default: the URI's domain",
		  0, 0, NULL },
		{ "--proxy", ARG_WORD, 0, "outbound proxy", 0, 0, NULL },
		{ "--password-file", ARG_PATH, 0,
		  "holds the password, or HA1:hex", 0, 0, NULL },
		{ "--credentials", ARG_WORD, ARG_REPEATED,
		  "of another realm: REALM=USER:FILE", 0, 0, NULL },
		{ "--ca", ARG_PATH, 0, "TLS: whom to trust", 0, 0, NULL },
		{ "--cert", ARG_PATH, 0, "TLS: our certificate", 0, 0, NULL },
		{ "--key", ARG_PATH, 0, "TLS: its key", 0, 0, NULL },
		{ "--insecure", ARG_FLAG, 0, "TLS: take any server", 0, 0,
		  NULL },
		{ "--expires", ARG_NUMBER, 0, "what register asks for", 1, 0,
		  NULL },
	},
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.run = account_run,
};
