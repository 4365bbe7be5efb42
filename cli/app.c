/* The program: its parts made, wired, run and taken apart. */

#include "cli/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/log.h"

enum { FLUSH_MS = 1000 };

/* --- signals --- */

/* The end begins first: commands that are given up might begin it, too, and
 * a second beginning leaves at once. */
static void leave(struct app *app, int status)
{
	app_end(app, status);
	queue_abandon(app->queue, ERR_CANCELLED);
}

static void interrupted(int signo, void *arg)
{
	struct app *app = arg;
	struct item *item;

	if (signo != SIGINT || !app->interactive || app->ending) {
		leave(app, 128 + signo);
		return;
	}
	if (console_abandon_line(app->console))
		return;
	item = queue_foreground(app->queue);
	if (item != NULL)
		queue_give_up(item, ERR_CANCELLED);
}

static void resized(int signo, void *arg)
{
	const struct app *app = arg;

	(void)signo;
	console_resized(app->console);
}

static void suspended(int signo, void *arg)
{
	const struct app *app = arg;

	(void)signo;
	console_suspend(app->console);
}

static void stdout_broke(void *arg)
{
	struct app *app = arg;

	leave(app, 128 + SIGPIPE);
}

static void set_signals(struct app *app)
{
	(void)loop_on_signal(app->loop, SIGINT, interrupted, app);
	(void)loop_on_signal(app->loop, SIGTERM, interrupted, app);
	(void)loop_on_signal(app->loop, SIGHUP, interrupted, app);
	if (!app->interactive)
		return;
	(void)loop_on_signal(app->loop, SIGWINCH, resized, app);
	(void)loop_on_signal(app->loop, SIGTSTP, suspended, app);
}

/* --- parts --- */

static void log_to_console(enum log_level level, const char *text, void *arg)
{
	const struct app *app = arg;

	(void)level;
	report_problem(app->report, text);
}

static bool is_interactive(const struct options *o)
{
	return o->ncommands == 0 && o->script == NULL && o->nwords == 0
	       && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static bool make_parts(struct app *app)
{
	const struct options *o = app->options;

	settings_init(&app->settings);
	app->settings.show_secrets = o->show_secrets;
	app->settings.timeout_ms = o->timeout_ms;
	accounts_init(&app->accounts);
	calls_init(&app->calls);
	list_init(&app->headers);
	app->status = -1;
	app->interactive = is_interactive(o);
	app->loop = loop_new(&app->env);
	if (app->loop == NULL)
		return false;
	app->console = console_new(app->loop, o->color);
	if (app->console == NULL)
		return false;
	console_on_broken(app->console, stdout_broke, app);
	app->report = report_new(app->console, &app->env,
	                         o->json ? REPORT_JSON : REPORT_TEXT,
	                         o->quiet ? REPORT_QUIET : o->verbose
	                         ? REPORT_VERBOSE : REPORT_NORMAL);
	app->queue = queue_new(app, &app->env, &app_queue_ops, app->interactive,
	                       o->jobs);
	if (app->report == NULL || app->queue == NULL)
		return false;
	log_set_sink(o->verbose ? LOG_INFO : LOG_WARNING, log_to_console,
	             app);
	queue_set_timeout(app->queue, app->settings.timeout_ms);
	return true;
}

static void free_headers(struct app *app)
{
	LIST_EACH(node, &app->headers) {
		struct app_header *h = CONTAINER_OF(node, struct app_header,
		                                    node);

		list_remove(node);
		free(h->name);
		free(h->value);
		free(h->method);
		free(h);
	}
}

static void take_apart(struct app *app)
{
	log_set_sink(LOG_ERROR, NULL, NULL);
	timer_cancel(&app->end_bound);
	timer_cancel(&app->prompt_tick);
	app->closing = true;
	input_free(app->input);
	accounts_deinit(&app->accounts);
	registrar_free(app->registrar);
	app_close_network(app);
	calls_deinit(&app->calls);
	queue_free(app->queue);
	report_free(app->report);
	free_headers(app);
	console_free(app->console);
	loop_free(app->loop);
	free(app->last_reason);
	buf_deinit(&app->last_wire);
	explanation_deinit(&app->explanation);
	buf_deinit(&app->rc_path);
}

/* There is no console yet, or no memory for it. */
static int fail_to_start(void)
{
	fputs("sipsh: cannot start: too little memory, or no descriptors\n",
	      stderr);
	return error_class_status(CLASS_INTERNAL);
}

int app_main(const struct options *options)
{
	struct app *app = calloc(1, sizeof(*app));
	int status;

	if (app == NULL)
		return fail_to_start();
	app->options = options;
	if (make_parts(app)) {
		set_signals(app);
		if (app_start(app)) {
			app_check_end(app);
			loop_run(app->loop);
		}
		/* that nobody reads it must be known before the status is */
		console_flush(app->console, FLUSH_MS);
		status = app->status >= 0 ? app->status
		                          : queue_status(app->queue);
	} else {
		status = fail_to_start();
	}
	take_apart(app);
	free(app);
	return status;
}
