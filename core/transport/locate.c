/* What a URI asks for, and which hosts need no lookup: RFC 3263 4. */

#include "core/transport/locate.h"

#include <stdlib.h>

#include "core/base/buf.h"
#include "core/transport/locate_internal.h"

struct locator *locator_new(struct env *env, const struct lookup_ops *ops,
                            void *resolver)
{
	struct locator *l = calloc(1, sizeof(*l));
	uint64_t seed[2];

	if (l == NULL)
		return NULL;
	l->env = env;
	l->names = names_new(env, ops, resolver);
	if (l->names == NULL) {
		free(l);
		return NULL;
	}
	env_random(env, seed, sizeof(seed));
	hash_init(&l->searches, seed);
	return l;
}

void locator_free(struct locator *l)
{
	if (l == NULL)
		return;
	search_cancel_all(l);
	hash_deinit(&l->searches);
	names_free(l->names);
	free(l);
}

void locator_set_preferences(struct locator *l,
                             const struct locate_preferences *p)
{
	l->preferences = *p;
}

const struct locate_preferences *locator_preferences(const struct locator *l)
{
	return &l->preferences;
}

void locate_succeeded(struct locator *l, const struct target *t)
{
	health_note_success(&l->health, t);
}

void locate_failed(struct locator *l, const struct target *t)
{
	health_note_failure(&l->health, env_now_us(l->env), t);
}

/* --- telling --- */

void listener_tell(const struct listener *to, enum error err,
                   const char *text, const struct planned *plan, size_t n)
{
	struct target targets[LOCATE_TARGETS_MAX];

	if (to->plan_fn != NULL) {
		to->plan_fn(err, text, plan, n, to->arg);
		return;
	}
	for (size_t i = 0; i < n; i++)
		targets[i] = plan[i].target;
	to->fn(err, text, targets, n, to->arg);
}

static void tell_address(const struct locator *l, const struct wanted *w,
                         const struct addr *addr, const struct listener *to)
{
	struct planned p = {
		.target = { .transport = w->fallback, .addr = *addr },
		.numeric = true,
	};
	struct buf why = { 0 };

	p.target.addr.port = w->port != 0 ? w->port
	                     : transport_default_port(w->fallback);
	p.penalty_s = health_penalty_s(&l->health, env_now_us(l->env),
	                               &p.target);
	if (locator_has_family(l, addr->family)) {
		listener_tell(to, OK, "", &p, 1);
		return;
	}
	addr_print_host(&why, addr);
	buf_str(&why, addr->family == FAMILY_IPV4 ? ": no IPv4 leg"
	                                          : ": no IPv6 leg");
	listener_tell(to, ERR_NO_TRANSPORT, buf_cstr(&why), NULL, 0);
	buf_deinit(&why);
}

/* --- reading the URI --- */

/* RFC 3261 26.2.2: what a sips URI makes of a transport. NONE: not secure. */
static enum transport secured(enum transport t)
{
	switch (t) {
	case TRANSPORT_TCP:
	case TRANSPORT_TLS:
		return TRANSPORT_TLS;
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return TRANSPORT_WSS;
	case TRANSPORT_NONE:
	case TRANSPORT_UDP:
	case TRANSPORT_COUNT:
		return TRANSPORT_NONE;
	}
	return TRANSPORT_NONE;
}

/* RFC 3263 4.1 asks for UDP (or TLS); where there is no such leg, the first
 * that will do is better than nothing. */
static enum transport default_transport(const struct locator *l, bool secure)
{
	enum transport usual = secure ? TRANSPORT_TLS : TRANSPORT_UDP;

	if (locator_has_transport(l, usual))
		return usual;
	for (unsigned i = 0; i < l->preferences.ntransports; i++) {
		enum transport t = l->preferences.transports[i];

		if (!secure || transport_is_secure(t))
			return t;
	}
	return usual;
}

/* Which transport uri asks for, or why none can serve it. */
static enum error choose_transport(const struct locator *l,
                                   const struct uri *uri, struct wanted *w,
                                   struct buf *why)
{
	bool unknown = false;
	enum transport t = uri_transport(uri, &unknown);
	struct slice asked = SLICE_EMPTY;

	if (unknown) {
		uri_param(uri, SLICE("transport"), &asked);
		buf_str(why, "unknown transport \"");
		buf_escaped(why, asked);
		buf_char(why, '"');
		return ERR_NO_TRANSPORT;
	}
	if (w->secure && t != TRANSPORT_NONE
	    && secured(t) == TRANSPORT_NONE) {
		buf_str(why, "sips can not go over ");
		buf_str(why, transport_name(t));
		return ERR_NO_TRANSPORT;
	}
	w->transport = w->secure ? secured(t) : t;
	w->fallback = w->transport != TRANSPORT_NONE
	              ? w->transport : default_transport(l, w->secure);
	if (!locator_has_transport(l, w->fallback)) {
		buf_str(why, "no leg for ");
		buf_str(why, transport_name(w->fallback));
		return ERR_NO_TRANSPORT;
	}
	return OK;
}

static enum error read_uri(const struct locator *l, const struct uri *uri,
                           struct wanted *w, struct buf *why)
{
	struct slice maddr;

	if (uri->scheme != URI_SIP && uri->scheme != URI_SIPS) {
		buf_str(why, "a \"");
		buf_escaped(why, uri->scheme_name);
		buf_str(why, "\" URI has no address: sip or sips is needed");
		return ERR_UNSUPPORTED;
	}
	w->host = uri->host;
	if (uri_param(uri, SLICE("maddr"), &maddr) && maddr.len != 0)
		w->host = maddr;
	w->port = uri->port;
	w->secure = uri->scheme == URI_SIPS;
	return choose_transport(l, uri, w, why);
}

static uint64_t locate(struct locator *l, const struct uri *uri,
                       const struct listener *to)
{
	struct wanted w = { 0 };
	struct buf why = { 0 };
	enum error err = read_uri(l, uri, &w, &why);
	struct addr addr;

	if (err != OK) {
		listener_tell(to, err, buf_cstr(&why), NULL, 0);
		buf_deinit(&why);
		return 0;
	}
	if (!addr_parse_ip(w.host, &addr))
		return search_start(l, &w, to);
	tell_address(l, &w, &addr, to);
	return 0;
}

uint64_t locate_start(struct locator *l, const struct uri *uri,
                      locate_fn *fn, void *arg)
{
	return locate(l, uri, &(struct listener){ .fn = fn, .arg = arg });
}

uint64_t locate_plan(struct locator *l, const struct uri *uri, plan_fn *fn,
                     void *arg)
{
	return locate(l, uri, &(struct listener){
		.plan_fn = fn, .arg = arg,
	});
}

void locate_cancel(struct locator *l, uint64_t id)
{
	if (id != 0)
		search_cancel(l, id);
}
