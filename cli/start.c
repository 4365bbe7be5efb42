/* The start: configuration, account, and the four ways in. */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/app.h"

enum { SCRIPT_MAX = 16 << 20 };

static bool read_password(struct app *app, struct buf *out, struct buf *why)
{
	const struct options *o = app->options;

	if (o->password_file != NULL)
		return input_read_secret(o->password_file, out, why) == OK;
	if (o->password_fd >= 0)
		return input_read_secret_fd(o->password_fd, out, why) == OK;
	if (o->password != NULL)
		buf_str(out, o->password);
	return true;
}

/* -a may also name an account that the configuration made. */
static bool add_account(struct app *app, struct buf *why)
{
	const struct options *o = app->options;
	struct account *a = NULL;
	struct buf secret = { 0 };
	struct account_params p = {
		.uri = slice_str(o->account),
		.user = slice_str(o->user),
		.registrar = slice_str(o->registrar),
		.proxy = slice_str(o->proxy),
	};
	bool good;

	if (o->account == NULL)
		return true;
	a = accounts_find(&app->accounts, p.uri);
	if (a != NULL) {
		app->accounts.current = a;
		return true;
	}
	good = read_password(app, &secret, why);
	if (good && secret.len != 0)
		p.secret = buf_view(&secret);
	good = good && accounts_add(&app->accounts, &p, &a, why);
	for (unsigned i = 0; good && i < o->ncredentials; i++)
		good = account_add_realm(a, slice_str(o->credentials[i]),
		                         why);
	if (good)
		app->accounts.current = a;
	if (secret.p != NULL)
		explicit_bzero(secret.p, secret.len);
	buf_deinit(&secret);
	return good;
}

static bool fail_usage(struct app *app, struct buf *why)
{
	const struct origin nowhere = { 0 };

	app_tell_misuse(app, &nowhere, 0, buf_cstr(why));
	queue_set_status(app->queue, error_class_status(CLASS_USAGE));
	return false;
}

static void input_ended(void *arg)
{
	struct app *app = arg;

	app->input_over = true;
	if (app->interactive) {
		queue_abandon(app->queue, ERR_CANCELLED);
		app_end(app, -1);
		return;
	}
	app_check_end(app);
}

/* The words of the command line, quoted such that they are one command. */
static bool queue_words(struct app *app)
{
	const struct options *o = app->options;
	const struct origin nowhere = { 0 };
	struct buf line = { 0 };
	bool good;

	for (unsigned i = 0; i < o->nwords; i++) {
		if (i > 0)
			buf_char(&line, ' ');
		words_quote(&line, slice_str(o->words[i]));
	}
	good = buf_error(&line) == OK
	       && queue_precheck(app->queue, buf_view(&line), &nowhere)
	       && queue_add(app->queue, buf_view(&line), &nowhere) == OK;
	buf_deinit(&line);
	return good;
}

static bool queue_commands(struct app *app)
{
	const struct options *o = app->options;
	bool good = true;

	for (unsigned i = 0; good && i < o->ncommands; i++)
		good = input_check_script(app->queue,
		                          slice_str(o->commands[i]), NULL);
	for (unsigned i = 0; good && i < o->ncommands; i++)
		good = input_queue_script(app->queue,
		                          slice_str(o->commands[i]), NULL);
	return good;
}

static bool queue_file(struct app *app, const char *path, struct buf *why)
{
	struct buf text = { 0 };
	bool good = input_read_file(path, SCRIPT_MAX, &text, why) == OK;

	if (!good)
		fail_usage(app, why);
	good = good && input_check_script(app->queue, buf_view(&text), path)
	       && input_queue_script(app->queue, buf_view(&text), path);
	buf_deinit(&text);
	return good;
}

/* $XDG_CONFIG_HOME/sipsh/sipshrc, and the like for the history. "" when
 * there is no home. */
static void print_path(struct buf *out, const char *variable_name,
                       const char *fallback, const char *rest)
{
	const char *base = getenv(variable_name);
	const char *home = getenv("HOME");

	if (base != NULL && base[0] == '/')
		buf_str(out, base);
	else if (home != NULL && home[0] != '\0')
		buf_printf(out, "%s/%s", home, fallback);
	else
		return;
	buf_str(out, rest);
}

/* Runs the configuration before all else: it may make the account that -a
 * names. */
static bool run_configuration(struct app *app, struct buf *why)
{
	struct buf *path = &app->rc_path;
	struct stat st;

	print_path(path, "XDG_CONFIG_HOME", ".config", "/sipsh/sipshrc");
	if (app->options->no_rc || path->len == 0
	    || stat(buf_cstr(path), &st) != 0)
		return true;
	if (!queue_file(app, buf_cstr(path), why))
		return false;
	while (!queue_is_drained(app->queue) && !app->ending)
		loop_turn(app->loop, -1);
	return !app->ending && !queue_has_failed(app->queue);
}

static void make_directories(struct buf *path)
{
	for (size_t i = 1; i < path->len; i++) {
		if (path->p[i] != '/')
			continue;
		path->p[i] = '\0';
		(void)mkdir(path->p, 0700);
		path->p[i] = '/';
	}
}

static bool start_terminal(struct app *app)
{
	struct buf history = { 0 };

	print_path(&history, "XDG_STATE_HOME", ".local/state",
	           "/sipsh/history");
	if (history.len != 0 && buf_error(&history) == OK)
		make_directories(&history);
	console_set_completion(app->console, app_complete, app);
	app_update_prompt(app);
	app->input = input_new_terminal(app->console, app->queue,
	                                history.len == 0 ? NULL
	                                : buf_cstr(&history),
	                                input_ended, app);
	buf_deinit(&history);
	return app->input != NULL;
}

/* The four ways in. */
static bool start_input(struct app *app, struct buf *why)
{
	const struct options *o = app->options;

	app->input_over = true;
	if (o->ncommands != 0)
		return queue_commands(app);
	if (o->script != NULL && strcmp(o->script, "-") != 0)
		return queue_file(app, o->script, why);
	if (o->script == NULL && o->nwords != 0)
		return queue_words(app);
	app->input_over = false;
	if (app->interactive)
		return start_terminal(app);
	app->input = input_new_stream(app->loop, app->queue, STDIN_FILENO,
	                              "stdin", input_ended, app);
	return app->input != NULL;
}

/* A prompt and a listener are there from the start; one command opens
 * sockets when it needs them. */
bool app_start(struct app *app)
{
	const struct options *o = app->options;
	struct buf why = { 0 };
	bool good = run_configuration(app, &why);

	if (good && !add_account(app, &why))
		good = fail_usage(app, &why);
	if (good && (app->interactive || o->nlisten != 0 || o->trace != NULL)
	    && !app_open_network(app, &why))
		good = fail_usage(app, &why);
	good = good && start_input(app, &why);
	buf_deinit(&why);
	return good;
}
