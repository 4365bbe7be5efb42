/* The network, opened when it is first needed, and secrets that are asked
 * for. */

#include "cli/app.h"
#include "net/listen.h"

static bool listen_on(struct app *app, struct buf *why)
{
	const struct options *o = app->options;
	struct listen_setup setup = {
		.loop = app->loop,
		.dispatcher = app->dispatcher,
		.tls = &app->tls,
		.ws = &app->ws,
	};
	struct listen_families families = {
		.ipv4 = o->ipv4_only,
		.ipv6 = o->ipv6_only,
	};
	struct listen_spec spec = { 0 };

	if (o->nlisten == 0
	    && listen_open(&setup, &spec, families, why) != OK)
		return false;
	for (unsigned i = 0; i < o->nlisten; i++) {
		spec = (struct listen_spec){ 0 };
		if (listen_parse(slice_str(o->listen[i]), &spec, why) != OK
		    || listen_open(&setup, &spec, families, why) != OK)
			return false;
	}
	if (listen_add_outbound(&setup) == OK)
		return true;
	buf_str(why, error_text(ERR_NOMEM));
	return false;
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
			buf_str(why, "--transport: expected some of udp, tcp, "
			        "tls, ws and wss, got '");
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

/* What is wrong with the files is told before anything is sent, where they
 * were given at all. */
static bool prepare_tls(struct app *app, struct buf *why)
{
	const struct options *o = app->options;
	const struct tls_settings settings = {
		.ca = o->ca,
		.cert = o->cert,
		.key = o->key,
		.insecure = o->insecure,
	};

	app->tls = (struct tls_setup){
		.own = tls_profile_new(&settings),
		.find = accounts_tls,
		.arg = &app->accounts,
	};
	app->ws = (struct ws_setup){
		.tls = app->tls,
		.path = accounts_ws_path,
		.arg = &app->accounts,
	};
	if (app->tls.own == NULL) {
		buf_str(why, error_text(ERR_NOMEM));
		return false;
	}
	return (o->ca == NULL && o->cert == NULL)
	       || tls_profile_check(app->tls.own, false, why);
}

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
	app_apply_settings(app);
	return true;
}

void app_close_network(struct app *app)
{
	endpoint_free(app->endpoint);
	trace_free(app->trace);
	transactions_free(app->transactions);
	dispatcher_free(app->dispatcher);
	tls_profile_free(app->tls.own);
	locator_free(app->locator);
	resolver_free(app->resolver);
	app->endpoint = NULL;
	app->trace = NULL;
	app->transactions = NULL;
	app->dispatcher = NULL;
	app->tls.own = NULL;
	app->locator = NULL;
	app->resolver = NULL;
}

bool app_open_network(struct app *app, struct buf *why)
{
	if (app->endpoint != NULL)
		return true;
	if (!build_stack(app))
		buf_str(why, error_text(ERR_NOMEM));
	else if (set_dns(app, why) && prepare_tls(app, why)
	         && listen_on(app, why) && prefer_transports(app, why)
	         && (app->options->trace == NULL
	             || trace_start(app->trace, app->options->trace, why)
	                == OK))
		return true;
	app_close_network(app);
	return false;
}

void app_apply_settings(struct app *app)
{
	queue_set_timeout(app->queue, app->settings.timeout_ms);
	if (app->transactions == NULL)
		return;
	*transactions_settings(app->transactions) = app->settings.transaction;
	keepalive_set_interval(dispatcher_keepalives(app->dispatcher),
	                       app->settings.keepalive_ms);
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
