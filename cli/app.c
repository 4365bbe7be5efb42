/* The program: its parts made, wired, run and taken apart. */

#include "cli/app.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "net/listen.h"

enum { SCRIPT_MAX = 16 << 20, PROMPT_TICK_MS = 1000 };

/* --- the network, when it is first needed --- */

static bool listen_on(struct app *app, struct buf *why)
{
	const struct options *o = app->options;
	struct listen_families families = {
		.ipv4 = o->ipv4_only,
		.ipv6 = o->ipv6_only,
	};
	struct listen_spec spec = { 0 };

	if (o->nlisten == 0)
		return listen_open(app->loop, app->dispatcher, &spec,
		                   families, why) == OK;
	for (unsigned i = 0; i < o->nlisten; i++) {
		spec = (struct listen_spec){ 0 };
		if (listen_parse(slice_str(o->listen[i]), &spec, why) != OK
		    || listen_open(app->loop, app->dispatcher, &spec,
		                   families, why) != OK)
			return false;
	}
	return true;
}

static bool set_dns(struct app *app, struct buf *why)
{
	struct addr server;

	if (app->options->dns == NULL)
		return true;
	if (!addr_parse(slice_str(app->options->dns), &server)) {
		buf_str(why, "--dns: expected ADDR or ADDR:PORT, got '");
		buf_escaped(why, slice_str(app->options->dns));
		buf_char(why, '\'');
		return false;
	}
	return resolver_set_server(app->resolver, &server) == OK;
}

/* --transport udp,tcp: what may be used, best first. */
static bool prefer_transports(struct app *app, struct buf *why)
{
	struct locate_preferences p = *locator_preferences(app->locator);
	struct slice list = slice_str(app->options->transports), name;

	if (app->options->transports == NULL)
		return true;
	p.ntransports = 0;
	while (slice_take_element(&list, &name)) {
		enum transport t = transport_from_name(name);

		if (t == TRANSPORT_NONE || p.ntransports == TRANSPORT_COUNT
		    || dispatcher_leg_for(app->dispatcher, t, p.ipv4
		                          ? FAMILY_IPV4 : FAMILY_IPV6)
		       == NULL) {
			buf_str(why, "--transport: expected udp, tcp or "
			        "both, got '");
			buf_escaped(why, name);
			buf_char(why, '\'');
			return false;
		}
		p.transports[p.ntransports++] = t;
	}
	locator_set_preferences(app->locator, &p);
	return true;
}

static bool ask_secret(struct endpoint *ep, struct context *ctx, uint64_t id,
                       struct slice method, struct slice realm, void *arg);

static bool build_stack(struct app *app)
{
	app->resolver = resolver_new(app->loop);
	app->locator = locator_new(&app->env, &resolver_ops, app->resolver);
	if (app->resolver == NULL || app->locator == NULL)
		return false;
	app->dispatcher = dispatcher_new(&app->env, app->locator,
	                                 &app->settings.limits);
	if (app->dispatcher == NULL)
		return false;
	app->transactions = transactions_new(app->dispatcher,
	                                     &app->settings.transaction);
	if (app->transactions == NULL)
		return false;
	app->endpoint = endpoint_new(app->transactions,
	                             &app->settings.endpoint);
	app->trace = trace_new(app->console, app->dispatcher,
	                       &app->settings.show_secrets);
	if (app->endpoint == NULL || app->trace == NULL)
		return false;
	endpoint_set_application(app->endpoint, app_incoming, app);
	endpoint_set_ask(app->endpoint, ask_secret, app);
	return true;
}

static void free_stack(struct app *app)
{
	endpoint_free(app->endpoint);
	trace_free(app->trace);
	transactions_free(app->transactions);
	dispatcher_free(app->dispatcher);
	locator_free(app->locator);
	resolver_free(app->resolver);
	app->endpoint = NULL;
	app->trace = NULL;
	app->transactions = NULL;
	app->dispatcher = NULL;
	app->locator = NULL;
	app->resolver = NULL;
}

bool app_open_network(struct app *app, struct buf *why)
{
	if (app->endpoint != NULL)
		return true;
	if (!build_stack(app))
		buf_str(why, error_text(ERR_NOMEM));
	else if (set_dns(app, why) && listen_on(app, why)
	         && prefer_transports(app, why)
	         && (app->options->trace == NULL
	             || trace_start(app->trace, app->options->trace, why)
	                == OK))
		return true;
	free_stack(app);
	return false;
}

void app_apply_settings(struct app *app)
{
	queue_set_timeout(app->queue, app->settings.timeout_ms);
	if (app->transactions != NULL)
		*transactions_settings(app->transactions) =
			app->settings.transaction;
}

void app_allow_register(struct app *app, bool allowed)
{
	app->settings.endpoint.allow = allowed ? settings_allow_registrar
	                                       : settings_allow;
}

/* --- secrets that nobody gave yet --- */

static void secret_given(const char *secret, void *arg)
{
	struct app *app = arg;
	uint64_t id = app->asked_id;

	app->asked_id = 0;
	if (secret != NULL && secret[0] != '\0'
	    && app->asked_account != NULL
	    && account_set_secret(app->asked_account, slice_str(secret))
	       == OK)
		endpoint_retry_auth(app->endpoint, id);
	else
		endpoint_give_up_auth(app->endpoint, id);
}

static bool ask_secret(struct endpoint *ep, struct context *ctx, uint64_t id,
                       struct slice method, struct slice realm, void *arg)
{
	struct app *app = arg;
	struct account *a = app->accounts.current;
	struct buf question = { 0 };
	bool asked;

	(void)ep;
	(void)ctx;
	if (a == NULL || a->has_secret || app->asked_id != 0)
		return false;
	app->asked_id = id;
	app->asked_account = a;
	buf_str(&question, "Password of ");
	buf_escaped(&question, slice_str(a->auth_user));
	buf_str(&question, " for ");
	buf_escaped(&question, method);
	buf_str(&question, " at realm \"");
	buf_escaped(&question, realm);
	buf_str(&question, "\": ");
	asked = console_ask_secret(app->console, buf_cstr(&question),
	                           secret_given, app);
	if (!asked)
		app->asked_id = 0;
	buf_deinit(&question);
	return asked;
}

/* --- the queue's questions --- */

static bool prepare(struct app *app, struct item *item)
{
	struct buf why = { 0 };
	bool good = app_open_network(app, &why);

	if (!good)
		item_fail(item, CLASS_NETWORK, "%s", buf_cstr(&why));
	buf_deinit(&why);
	return good;
}

static void print_origin(struct buf *out, const struct origin *origin,
                         unsigned column)
{
	if (origin->name == NULL) {
		if (column > 1)
			buf_printf(out, "column %u: ", column);
		return;
	}
	buf_escaped(out, slice_str(origin->name));
	buf_printf(out, ":%u:%u: ", origin->line, column);
}

static void tell_failure(struct app *app, const struct item *item)
{
	struct buf text = { 0 };

	if (item->result.text == NULL || item->result.text[0] == '\0')
		return;
	if (item->origin.name != NULL)
		print_origin(&text, &item->origin, item->column);
	buf_printf(&text, "%s: ", item->command->name);
	buf_escaped(&text, slice_str(item->result.text));
	report_problem(app->report, buf_cstr(&text));
	buf_deinit(&text);
}

static void add_error(struct event *e, const struct result *r)
{
	struct buf json = { 0 };
	struct event *inner = NULL;

	if (r->class == CLASS_NONE)
		return;
	inner = event_new("error");
	event_text(inner, "class", slice_str(error_class_name(r->class)));
	event_text(inner, "text", slice_str(r->text == NULL ? "" : r->text));
	if (inner != NULL && event_print_fields(inner, &json) == OK)
		event_json(e, "error", buf_view(&json));
	event_release(inner);
	buf_deinit(&json);
}

static void emit_done(struct app *app, const struct item *item)
{
	const struct result *r = &item->result;
	struct event *e = event_new("cmd.done");

	event_integer(e, "cmd", item->number);
	if (item->origin.name != NULL)
		event_integer(e, "line", item->origin.line);
	event_text(e, "command", slice_str(item->command->name));
	event_bool(e, "ok", r->rc == 0);
	event_integer(e, "rc", r->rc);
	if (r->status != 0) {
		event_integer(e, "status", r->status);
		event_text(e, "reason", slice_str(r->reason));
	}
	event_number(e, "elapsed_ms",
	             (double)(env_now_us(&app->env) - item->started_us)
	             / 1000);
	event_merge(e, item->extra);
	add_error(e, r);
	report_event(app->report, e, (struct slice){ NULL, 0 }, false);
}

static void finished(struct app *app, struct item *item)
{
	app->last_rc = item->result.rc;
	if (item->result.rc != 0 && report_mode(app->report) == REPORT_TEXT)
		tell_failure(app, item);
	emit_done(app, item);
	app_update_prompt(app);
	app_check_end(app);
}

static void misused(struct app *app, const struct origin *origin,
                    unsigned column, const char *why)
{
	struct buf text = { 0 };
	struct event *e;

	app->last_rc = error_class_status(CLASS_USAGE);
	print_origin(&text, origin, column);
	buf_str(&text, why);
	if (report_mode(app->report) == REPORT_JSON) {
		e = event_new("error");
		if (origin->name != NULL)
			event_integer(e, "line", origin->line);
		event_text(e, "class", SLICE("usage"));
		event_text(e, "text", buf_view(&text));
		report_event(app->report, e, SLICE_EMPTY, true);
	} else {
		report_problem(app->report, buf_cstr(&text));
	}
	buf_deinit(&text);
}

static void drained(struct app *app)
{
	input_resume(app->input);
	app_check_end(app);
}

static void print_argument(struct app *app, struct slice number,
                           struct buf *out)
{
	const struct options *o = app->options;
	uint32_t n;

	if (!slice_to_u32(number, OPTIONS_LIST_MAX * 64, &n))
		return;
	if (n == 0)
		buf_str(out, o->script == NULL ? "sipsh" : o->script);
	else if (o->script != NULL && n <= o->nwords)
		buf_str(out, o->words[n - 1]);
}

/* $hdr_User_Agent is User-Agent of the last response. */
static void print_header(struct app *app, struct slice name, struct buf *out)
{
	struct message m;
	struct fault fault;
	struct buf spelled = { 0 };

	for (size_t i = 0; i < name.len; i++)
		buf_char(&spelled, name.p[i] == '_' ? '-' : name.p[i]);
	message_init(&m);
	if (app->last_wire.len != 0
	    && message_parse(&m, buf_view(&app->last_wire),
	                     &app->settings.limits, &fault) == OK)
		buf_slice(out, message_header_named(&m, buf_view(&spelled),
		                                    0));
	message_deinit(&m);
	buf_deinit(&spelled);
}

static void variable(struct slice name, struct buf *out, void *arg)
{
	struct app *app = arg;
	char *key;
	const char *value;

	if (slice_all(name, CHAR_DIGIT)) {
		print_argument(app, name, out);
	} else if (slice_eq(name, SLICE("#"))) {
		buf_u64(out, app->options->script == NULL ? 0
		        : app->options->nwords);
	} else if (slice_eq(name, SLICE("?"))) {
		buf_u64(out, (uint64_t)app->last_rc);
	} else if (slice_eq(name, SLICE("status"))) {
		buf_u64(out, app->last_status);
	} else if (slice_eq(name, SLICE("reason"))) {
		buf_slice(out, slice_str(app->last_reason));
	} else if (slice_eq(name, SLICE("rtt"))) {
		buf_printf(out, "%.3f", app->last_rtt_ms);
	} else if (slice_eq(name, SLICE("call"))) {
		if (app->calls.current != NULL)
			buf_printf(out, "%%%u", app->calls.current->number);
	} else if (slice_starts_with(name, SLICE("hdr_"))) {
		print_header(app, slice_skip(name, 4), out);
	} else if ((key = slice_dup(name)) != NULL) {
		value = getenv(key);
		buf_slice(out, slice_str(value));
		free(key);
	}
}

/* What only we know of an argument. */
static bool check_argument(const struct arg_spec *spec, struct value *v,
                           struct buf *scratch, struct buf *why, void *arg)
{
	struct app *app = arg;

	if (spec->kind == ARG_EVENT) {
		if (event_name_is_known(v->text))
			return true;
		buf_str(why, "unknown event '");
		buf_escaped(why, v->text);
		buf_char(why, '\'');
		return false;
	}
	if (spec->kind == ARG_URI
	    || (spec->kind == ARG_TARGET && v->text.p[0] != '%'))
		return account_complete_uri(app->accounts.current, v->text,
		                            scratch, why);
	return true;
}

static const struct queue_ops queue_ops = {
	.prepare = prepare,
	.finished = finished,
	.misused = misused,
	.drained = drained,
	.variable = variable,
	.check = check_argument,
};

/* --- signals --- */

static void interrupted(int signo, void *arg)
{
	struct app *app = arg;
	struct item *item;

	if (signo == SIGTERM || signo == SIGHUP) {
		queue_abandon(app->queue, ERR_CANCELLED);
		app_end(app, 128 + signo);
		return;
	}
	if (!app->interactive || app->ending) {
		queue_abandon(app->queue, ERR_CANCELLED);
		app_end(app, 128 + SIGINT);
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

	queue_abandon(app->queue, ERR_CANCELLED);
	app_end(app, 128 + SIGPIPE);
}

static void set_signals(struct app *app)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)loop_on_signal(app->loop, SIGINT, interrupted, app);
	(void)loop_on_signal(app->loop, SIGTERM, interrupted, app);
	(void)loop_on_signal(app->loop, SIGHUP, interrupted, app);
	if (!app->interactive)
		return;
	(void)loop_on_signal(app->loop, SIGWINCH, resized, app);
	(void)loop_on_signal(app->loop, SIGTSTP, suspended, app);
}

/* --- the prompt --- */

/* The seconds in it go on. */
static void prompt_ticked(void *arg)
{
	app_update_prompt(arg);
}

void app_update_prompt(struct app *app)
{
	const struct account *a = app->accounts.current;
	struct buf prompt = { 0 };
	bool ticks = false;

	if (!app->interactive || app->ending)
		return;
	if (a != NULL) {
		buf_escaped(&prompt, slice_str(a->name));
		buf_char(&prompt, ' ');
		if (a->registration != NULL
		    && registration_is_active(a->registration)) {
			buf_printf(&prompt, "[reg %us]",
			           registration_left_s(a->registration));
			ticks = true;
		}
	}
	for (const struct call *c = calls_next_live(&app->calls, NULL);
	     c != NULL && prompt.len < 60;
	     c = calls_next_live(&app->calls, c)) {
		buf_printf(&prompt, "[%%%u ", c->number);
		call_print_state(c, &prompt);
		buf_char(&prompt, ']');
		ticks = true;
	}
	if (prompt.len != 0 && prompt.p[prompt.len - 1] == ' ')
		prompt.len--;
	buf_str(&prompt, prompt.len == 0 ? "sipsh> " : "> ");
	if (buf_error(&prompt) == OK)
		console_set_prompt(app->console, buf_cstr(&prompt));
	buf_deinit(&prompt);
	if (!ticks)
		timer_cancel(&app->prompt_tick);
	else if (!timer_armed(&app->prompt_tick))
		timer_arm(&app->prompt_tick, &app->env.timers,
		          PROMPT_TICK_MS, prompt_ticked, app);
}

/* --- start --- */

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

	misused(app, &nowhere, 0, buf_cstr(why));
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
	const struct origin nowhere = { .line = 1 };
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

static void make_directories(char *path)
{
	for (char *p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(path, 0700);
		*p = '/';
	}
}

static bool start_terminal(struct app *app)
{
	struct buf history = { 0 };

	print_path(&history, "XDG_STATE_HOME", ".local/state",
	           "/sipsh/history");
	if (history.len != 0 && buf_error(&history) == OK)
		make_directories(history.p);
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
static bool start(struct app *app)
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
	app->queue = queue_new(app, &app->env, &queue_ops, app->interactive,
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
	free_stack(app);
	calls_deinit(&app->calls);
	queue_free(app->queue);
	report_free(app->report);
	free_headers(app);
	console_free(app->console);
	loop_free(app->loop);
	free(app->last_reason);
	buf_deinit(&app->last_wire);
	buf_deinit(&app->rc_path);
}

int app_main(const struct options *options)
{
	struct app *app = calloc(1, sizeof(*app));
	int status = error_class_status(CLASS_INTERNAL);

	if (app == NULL)
		return status;
	app->options = options;
	if (make_parts(app)) {
		set_signals(app);
		if (start(app)) {
			app_check_end(app);
			loop_run(app->loop);
		}
		status = app->status >= 0 ? app->status
		                          : queue_status(app->queue);
	}
	take_apart(app);
	free(app);
	return status;
}
