/* Accounts: who we are, and what we may say to whom. */

#include "cli/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "cli/input.h"

void accounts_init(struct accounts *as)
{
	list_init(&as->list);
	as->current = NULL;
}

static void account_free(struct account *a)
{
	registration_free(a->registration);
	credentials_free(a->credentials);
	tls_profile_free(a->tls);
	free(a->ws_path);
	free(a->waiter);
	free(a->name);
	free(a->uri);
	free(a->aor);
	free(a->auth_user);
	free(a->registrar);
	free(a->proxy);
	free(a);
}

void accounts_deinit(struct accounts *as)
{
	LIST_EACH(node, &as->list) {
		list_remove(node);
		account_free(CONTAINER_OF(node, struct account, node));
	}
	as->current = NULL;
}

struct account *accounts_find(const struct accounts *as, struct slice name)
{
	for (struct list *it = as->list.next; it != &as->list; it = it->next) {
		struct account *a = CONTAINER_OF(it, struct account, node);

		if (slice_eq(slice_str(a->name), name))
			return a;
	}
	return NULL;
}

void accounts_remove(struct accounts *as, struct account *a)
{
	list_remove(&a->node);
	if (as->current == a)
		as->current = list_empty(&as->list) ? NULL
			: CONTAINER_OF(as->list.next, struct account, node);
	account_free(a);
}

struct slice account_from(const struct account *a)
{
	return a == NULL ? SLICE("sip:anonymous@anonymous.invalid")
	                 : slice_str(a->aor);
}

/* --- URIs that a user typed --- */

static bool tell_uri(struct buf *why, const char *what, struct slice got)
{
	buf_printf(why, "%s: expected a URI like "
	           "sip:alice@example.com, got '", what);
	buf_escaped(why, got);
	buf_char(why, '\'');
	return false;
}

static bool parse_sip_uri(struct slice text, struct uri *out)
{
	return uri_parse(text, out)
	       && (out->scheme == URI_SIP || out->scheme == URI_SIPS);
}

/* "sip:host:port;transport=x" of u: how its server is reached. */
static void print_server(struct buf *out, const struct uri *u)
{
	struct slice transport;

	uri_print_domain(out, u);
	if (!uri_param(u, SLICE("transport"), &transport))
		return;
	buf_str(out, ";transport=");
	buf_slice(out, transport);
}

/* A proxy or registrar may be given without its scheme. parsed borrows from
 * the result. */
static char *complete_server(const char *what, struct slice text,
                             struct uri *parsed, struct buf *why)
{
	struct buf full = { 0 };
	char *uri;

	if (!slice_starts_with_nocase(text, SLICE("sip:"))
	    && !slice_starts_with_nocase(text, SLICE("sips:")))
		buf_str(&full, "sip:");
	buf_slice(&full, text);
	uri = buf_steal(&full, NULL);
	if (uri == NULL || parse_sip_uri(slice_str(uri), parsed))
		return uri;
	free(uri);
	tell_uri(why, what, text);
	return NULL;
}

bool account_complete_uri(const struct account *a, struct slice typed,
                          struct buf *out, struct buf *why)
{
	struct uri u;

	if (slice_find(typed, ':') < typed.len) {
		if (!uri_parse(typed, &u))
			return tell_uri(why, "target", typed);
		buf_slice(out, typed);
		return true;
	}
	if (slice_find(typed, '@') < typed.len) {
		buf_str(out, "sip:");
		buf_slice(out, typed);
	} else if (a == NULL) {
		buf_str(why, "'");
		buf_escaped(why, typed);
		buf_str(why, "' is no URI, and there is no account whose "
		        "domain could complete it (-a URI)");
		return false;
	} else {
		struct buf server = { 0 };
		size_t colon;

		print_server(&server, &a->parsed);
		colon = slice_find(buf_view(&server), ':') + 1;
		buf_append(out, server.p, colon);
		uri_escape(out, typed, CHAR_USER);
		buf_char(out, '@');
		buf_slice(out, slice_skip(buf_view(&server), colon));
		buf_deinit(&server);
	}
	if (buf_error(out) == OK && parse_sip_uri(buf_view(out), &u))
		return true;
	return tell_uri(why, "target", typed);
}

/* --- a new account --- */

static bool set_uri(struct account *a, const struct account_params *p,
                    struct buf *why)
{
	struct buf aor = { 0 };
	struct uri u;

	if (!parse_sip_uri(p->uri, &u) || u.user.len == 0)
		return tell_uri(why, "account", p->uri);
	a->uri = slice_dup(p->uri);
	if (a->uri == NULL || !uri_parse(slice_str(a->uri), &a->parsed))
		return false;
	uri_print_domain(&aor, &a->parsed);
	/* between the scheme and the host goes the user */
	if (buf_error(&aor) == OK) {
		struct slice domain = buf_view(&aor);
		size_t colon = slice_find(domain, ':') + 1;
		struct buf full = { 0 };

		buf_append(&full, domain.p, colon);
		buf_slice(&full, a->parsed.user);
		buf_char(&full, '@');
		buf_slice(&full, slice_skip(domain, colon));
		a->aor = buf_steal(&full, NULL);
	}
	buf_deinit(&aor);
	a->name = slice_dup(p->name.len != 0 ? p->name : a->parsed.user);
	a->auth_user = slice_dup(p->user.len != 0 ? p->user
	                                          : a->parsed.user);
	return a->aor != NULL && a->name != NULL && a->auth_user != NULL;
}

static bool set_registrar(struct account *a, struct slice registrar,
                          struct uri *parsed, struct buf *why)
{
	struct buf server = { 0 };

	if (registrar.len != 0) {
		a->registrar = complete_server("registrar", registrar, parsed,
		                               why);
		return a->registrar != NULL;
	}
	print_server(&server, &a->parsed);
	a->registrar = buf_steal(&server, NULL);
	return a->registrar != NULL
	       && uri_parse(slice_str(a->registrar), parsed);
}

/* "sip:HOST:PORT/PATH;transport=wss": no URI has a path, so it is taken out.
 * One of a user may have a slash. */
static bool take_path(struct slice text, struct buf *uri, struct buf *path)
{
	size_t at = slice_find(text, '@');
	size_t begin = at < text.len ? at : 0;
	struct slice rest;
	size_t len;

	begin += slice_find(slice_skip(text, begin), '/');
	rest = slice_skip(text, begin);
	len = slice_find(rest, ';');
	buf_append(uri, text.p, begin);
	buf_slice(uri, slice_skip(rest, len));
	buf_append(path, rest.p, len);
	for (size_t i = 0; i < len; i++)
		if (rest.p[i] <= ' ' || rest.p[i] > '~')
			return false;
	return true;
}

/* False with why, or when memory is short. */
static bool set_path(struct account *a, struct slice path,
                     const struct uri *proxy, struct buf *why)
{
	bool unknown;
	enum transport t = uri_transport(proxy, &unknown);

	if (path.len == 0)
		return true;
	if (t != TRANSPORT_WS && t != TRANSPORT_WSS) {
		buf_str(why, "a proxy with a path needs ;transport=ws or "
		        ";transport=wss");
		return false;
	}
	a->ws_path = slice_dup(path);
	return a->ws_path != NULL;
}

static char *complete_proxy(struct account *a, struct slice text,
                            struct uri *parsed, struct buf *why)
{
	struct buf bare = { 0 }, path = { 0 };
	char *uri = NULL;

	if (!take_path(text, &bare, &path))
		tell_uri(why, "proxy", text);
	else if (buf_error(&bare) == OK && buf_error(&path) == OK)
		uri = complete_server("proxy", buf_view(&bare), parsed, why);
	if (uri != NULL && !set_path(a, buf_view(&path), parsed, why)) {
		free(uri);
		uri = NULL;
	}
	buf_deinit(&bare);
	buf_deinit(&path);
	return uri;
}

/* A Route value: "<sip:proxy;lr>". */
static bool set_proxy(struct account *a, struct slice proxy, struct buf *why)
{
	struct buf route = { 0 };
	struct uri parsed;
	char *uri;

	if (proxy.len == 0)
		return true;
	uri = complete_proxy(a, proxy, &parsed, why);
	if (uri == NULL)
		return false;
	buf_char(&route, '<');
	buf_str(&route, uri);
	if (!uri_is_loose_router(&parsed))
		buf_str(&route, ";lr");
	buf_char(&route, '>');
	a->proxy = buf_steal(&route, NULL);
	if (credentials_add_host(a->credentials, parsed.host) != OK) {
		free(a->proxy);
		a->proxy = NULL;
	}
	free(uri);
	return a->proxy != NULL;
}

enum error account_set_secret(struct account *a, struct slice secret)
{
	enum error err = credentials_set_own(a->credentials,
	                                     slice_str(a->auth_user), secret);

	if (err == OK)
		a->has_secret = true;
	return err;
}

static bool set_tls(struct account *a, const struct tls_settings *tls,
                    struct buf *why)
{
	if (tls == NULL)
		return true;
	a->tls = tls_profile_new(tls);
	return a->tls != NULL && tls_profile_check(a->tls, false, why);
}

static bool fill(struct account *a, const struct account_params *p,
                 struct buf *why)
{
	struct uri registrar;

	a->credentials = credentials_new();
	a->expires_s = p->expires_s;
	return a->credentials != NULL && set_uri(a, p, why)
	       && set_registrar(a, p->registrar, &registrar, why)
	       && set_proxy(a, p->proxy, why)
	       && set_tls(a, p->tls, why)
	       && credentials_add_host(a->credentials, a->parsed.host) == OK
	       && credentials_add_host(a->credentials, registrar.host) == OK
	       && (p->secret.p == NULL
	           || account_set_secret(a, p->secret) == OK);
}

bool accounts_add(struct accounts *as, const struct account_params *p,
                  struct account **out, struct buf *why)
{
	struct account *a = calloc(1, sizeof(*a));

	if (a == NULL || !fill(a, p, why)) {
		if (why->len == 0)
			buf_str(why, error_text(ERR_NOMEM));
		if (a != NULL)
			account_free(a);
		return false;
	}
	if (accounts_find(as, slice_str(a->name)) != NULL) {
		buf_str(why, "there is an account '");
		buf_escaped(why, slice_str(a->name));
		buf_str(why, "' already");
		account_free(a);
		return false;
	}
	list_append(&as->list, &a->node);
	if (as->current == NULL)
		as->current = a;
	if (out != NULL)
		*out = a;
	return true;
}

/* --- whom it talks to --- */

static bool has_proxy(const struct account *a, struct slice name)
{
	struct name_addr proxy;

	return a->proxy != NULL && name_addr_parse(slice_str(a->proxy), &proxy)
	       && slice_eq_nocase(proxy.uri.host, name);
}

static bool has_server(const struct account *a, struct slice name)
{
	struct uri registrar;

	if (slice_eq_nocase(a->parsed.host, name))
		return true;
	if (uri_parse(slice_str(a->registrar), &registrar)
	    && slice_eq_nocase(registrar.host, name))
		return true;
	return has_proxy(a, name);
}

struct tls_profile *accounts_tls(struct slice name, void *arg)
{
	const struct accounts *as = arg;

	if (as->current != NULL && has_server(as->current, name))
		return as->current->tls;
	for (struct list *it = as->list.next; it != &as->list; it = it->next) {
		const struct account *a = CONTAINER_OF(it, struct account,
		                                       node);

		if (a->tls != NULL && has_server(a, name))
			return a->tls;
	}
	return NULL;
}

const char *accounts_ws_path(struct slice name, void *arg)
{
	const struct accounts *as = arg;

	if (as->current != NULL && has_proxy(as->current, name))
		return as->current->ws_path;
	for (struct list *it = as->list.next; it != &as->list; it = it->next) {
		const struct account *a = CONTAINER_OF(it, struct account,
		                                       node);

		if (a->ws_path != NULL && has_proxy(a, name))
			return a->ws_path;
	}
	return NULL;
}

bool account_add_realm(struct account *a, struct slice text, struct buf *why)
{
	size_t eq = slice_find(text, '=');
	struct slice user = eq < text.len ? slice_skip(text, eq + 1)
	                                  : SLICE_EMPTY;
	size_t colon = slice_find(user, ':');
	struct buf secret = { 0 };
	char *path = NULL;
	enum error err = ERR_SYNTAX;

	if (eq == 0 || colon == 0 || colon + 1 >= user.len) {
		buf_str(why, "credentials: expected REALM=USER:FILE, got '");
		buf_escaped(why, text);
		buf_char(why, '\'');
		return false;
	}
	path = slice_dup(slice_skip(user, colon + 1));
	if (path != NULL)
		err = input_read_secret(path, &secret, why);
	if (err == OK)
		err = credentials_add_realm(a->credentials,
		                            slice_make(text.p, eq),
		                            slice_make(user.p, colon),
		                            buf_view(&secret));
	if (secret.p != NULL)
		explicit_bzero(secret.p, secret.len);
	buf_deinit(&secret);
	free(path);
	if (err != OK && why->len == 0)
		buf_str(why, error_text(err));
	return err == OK;
}
