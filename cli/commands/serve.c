/* serve: a small registrar, for tries without a server. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/app.h"
#include "cli/request.h"

/* "alice:FILE": the file holds the password. */
static bool add_user(struct item *item, struct registrar *r,
                     struct slice text)
{
	size_t colon = slice_find(text, ':');
	struct buf secret = { 0 }, why = { 0 };
	char *path = colon >= text.len ? NULL
	             : slice_dup(slice_skip(text, colon + 1));
	bool good = false;

	if (path == NULL || colon == 0)
		item_fail(item, CLASS_USAGE, "--user: expected NAME:FILE, "
		          "got '%.*s'", SLICE_ARG(text));
	else if (input_read_secret(path, &secret, &why) != OK)
		item_fail(item, CLASS_USAGE, "%s", buf_cstr(&why));
	else
		good = registrar_add_user(r, slice_make(text.p, colon),
		                          buf_view(&secret)) == OK;
	if (secret.p != NULL)
		explicit_bzero(secret.p, secret.len);
	buf_deinit(&secret);
	buf_deinit(&why);
	free(path);
	return good;
}

/* Its end is an interrupt's, and as it should be. */
static void give_up(struct item *item, enum error why)
{
	struct app *app = item->state;

	registrar_free(app->registrar);
	app->registrar = NULL;
	app_allow_register(app, false);
	request_fail_given_up(item, why);
	queue_done(item);
}

static enum run serve_run(struct app *app, struct item *item,
                          const struct args *args)
{
	struct registrar_settings s = registrar_settings_default;
	struct slice realm = args_text(args, "--realm");
	struct registrar *r;
	bool good = true;

	if (app->registrar != NULL)
		return item_fail(item, CLASS_USAGE, "a registrar is served "
		                 "already");
	if (realm.p != NULL)
		s.realm = realm;
	s.min_expires_s = (uint32_t)args_number(args, "--min-expires",
	                                        s.min_expires_s);
	r = registrar_new(&app->env, &s);
	if (r == NULL)
		return item_fail(item, CLASS_INTERNAL, "%s",
		                 error_text(ERR_NOMEM));
	for (size_t i = 0; good && i < args_count(args, "--user"); i++)
		good = add_user(item, r, args_value(args, "--user", i)->text);
	if (!good) {
		registrar_free(r);
		return RUN_DONE;
	}
	app->registrar = r;
	app_allow_register(app, true);
	item->state = app;
	item->give_up = give_up;
	item->service = true;
	if (app->interactive)
		item_background(item);
	return RUN_PENDING;
}

const struct command cmd_serve = {
	.name = "serve",
	.summary = "be a registrar, until interrupted",
	.detail = "Requests to who is registered are redirected (302) to the "
	          "bindings. With & the\ncommands behind it go on while it "
	          "serves.",
	.args = {
		{ "registrar", ARG_CHOICE, ARG_REQUIRED, "what to be", 0, 0,
		  "registrar" },
		{ "--realm", ARG_WORD, 0, "of the digest challenges", 0, 0,
		  NULL },
		{ "--user", ARG_WORD, ARG_REPEATED,
		  "NAME:FILE, who may register with which password", 0, 0,
		  NULL },
		{ "--min-expires", ARG_NUMBER, 0, "shorter gets a 423 (60)",
		  1, 3600, NULL },
	},
	.run = serve_run,
};
