/* From a URI to the addresses to try: RFC 3263, A and AAAA for now. */

#include "core/transport/locate.h"

#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/hash.h"

struct search;

/* One question of a search. */
struct lookup {
	struct search *search;
	enum family family;
	uint64_t id;                    /* 0: not under way */
	enum error err;
	char *text;                     /* of err; may be NULL */
	struct addr addrs[LOCATE_TARGETS_MAX];
	size_t naddrs;
};

enum { LOOKUPS = 2 };

struct search {
	struct hash_node node;          /* its hash is the id */
	struct locator *locator;
	enum transport transport;
	uint16_t port;
	struct lookup lookups[LOOKUPS]; /* the preferred family first */
	size_t nlookups;
	locate_fn *fn;
	void *arg;
	char host[];
};

struct locator {
	struct env *env;
	const struct lookup_ops *ops;
	void *resolver;
	struct locate_preferences preferences;
	struct hash searches;
	uint64_t last_id;
};

struct locator *locator_new(struct env *env, const struct lookup_ops *ops,
                            void *resolver)
{
	struct locator *l = calloc(1, sizeof(*l));
	uint64_t seed[2];

	if (l == NULL)
		return NULL;
	l->env = env;
	l->ops = ops;
	l->resolver = resolver;
	env_random(env, seed, sizeof(seed));
	hash_init(&l->searches, seed);
	return l;
}

static void search_free(struct search *s)
{
	hash_remove(&s->locator->searches, &s->node);
	for (size_t i = 0; i < s->nlookups; i++) {
		struct lookup *k = &s->lookups[i];

		if (k->id != 0)
			s->locator->ops->cancel(s->locator->resolver, k->id);
		free(k->text);
	}
	free(s);
}

static void free_node(struct hash_node *node, void *arg)
{
	(void)arg;
	search_free(CONTAINER_OF(node, struct search, node));
}

void locator_free(struct locator *l)
{
	if (l == NULL)
		return;
	hash_each(&l->searches, free_node, NULL);
	hash_deinit(&l->searches);
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

static bool has_transport(const struct locator *l, enum transport t)
{
	for (unsigned i = 0; i < l->preferences.ntransports; i++)
		if (l->preferences.transports[i] == t)
			return true;
	return false;
}

static bool has_family(const struct locator *l, enum family f)
{
	return f == FAMILY_IPV4 ? l->preferences.ipv4 : l->preferences.ipv6;
}

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

	if (has_transport(l, usual))
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
                                   const struct uri *uri,
                                   enum transport *out, struct buf *why)
{
	bool secure = uri->scheme == URI_SIPS, unknown = false;
	enum transport t = uri_transport(uri, &unknown);
	struct slice asked = SLICE_EMPTY;

	if (unknown) {
		uri_param(uri, SLICE("transport"), &asked);
		buf_str(why, "unknown transport \"");
		buf_escaped(why, asked);
		buf_char(why, '"');
		return ERR_NO_TRANSPORT;
	}
	if (secure && t != TRANSPORT_NONE && secured(t) == TRANSPORT_NONE) {
		buf_str(why, "sips can not go over ");
		buf_str(why, transport_name(t));
		return ERR_NO_TRANSPORT;
	}
	if (t == TRANSPORT_NONE)
		t = default_transport(l, secure);
	else if (secure)
		t = secured(t);
	if (!has_transport(l, t)) {
		buf_str(why, "no leg for ");
		buf_str(why, transport_name(t));
		return ERR_NO_TRANSPORT;
	}
	*out = t;
	return OK;
}

/* A numeric host needs no lookup. */
static void report_address(const struct locator *l, const struct target *t,
                           locate_fn *fn, void *arg)
{
	struct buf why = { 0 };

	if (has_family(l, t->addr.family)) {
		fn(OK, "", t, 1, arg);
		return;
	}
	addr_print_host(&why, &t->addr);
	buf_str(&why, t->addr.family == FAMILY_IPV4 ? ": no IPv4 leg"
	                                            : ": no IPv6 leg");
	fn(ERR_NO_TRANSPORT, buf_cstr(&why), NULL, 0, arg);
	buf_deinit(&why);
}

/* The text of what failed first; nothing failed: there is no address. */
static enum error search_failure(const struct search *s, struct buf *why)
{
	enum error err = OK;

	for (size_t i = 0; i < s->nlookups && err == OK; i++) {
		err = s->lookups[i].err;
		if (err != OK && s->lookups[i].text != NULL)
			buf_str(why, s->lookups[i].text);
	}
	if (why->len != 0)
		return err;
	buf_escaped(why, slice_str(s->host));
	buf_str(why, ": ");
	buf_str(why, err == OK ? "no address" : error_text(err));
	return err == OK ? ERR_DNS : err;
}

static size_t search_targets(const struct search *s, struct target *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nlookups; i++) {
		const struct lookup *k = &s->lookups[i];

		for (size_t j = 0; j < k->naddrs && n < LOCATE_TARGETS_MAX;
		     j++, n++) {
			out[n].transport = s->transport;
			out[n].addr = k->addrs[j];
			out[n].addr.port = s->port;
		}
	}
	return n;
}

/* Gives the outcome and forgets s, which the callee can not reach any more. */
static void search_finish(struct search *s)
{
	struct target targets[LOCATE_TARGETS_MAX];
	size_t n = search_targets(s, targets);
	struct buf why = { 0 };
	locate_fn *fn = s->fn;
	void *arg = s->arg;
	enum error err = OK;

	if (n == 0)
		err = search_failure(s, &why);
	search_free(s);
	fn(err, buf_cstr(&why), targets, n, arg);
	buf_deinit(&why);
}

static bool search_is_done(const struct search *s)
{
	for (size_t i = 0; i < s->nlookups; i++)
		if (s->lookups[i].id != 0)
			return false;
	return true;
}

static void on_lookup(enum error err, const char *text,
                      const struct record *records, size_t n, void *arg)
{
	struct lookup *k = arg;

	k->id = 0;
	k->err = err;
	if (err != OK)
		k->text = slice_dup(slice_str(text));
	for (size_t i = 0; err == OK && i < n; i++)
		if (records[i].addr.family == k->family
		    && k->naddrs < ARRAY_LEN(k->addrs))
			k->addrs[k->naddrs++] = records[i].addr;
	if (search_is_done(k->search))
		search_finish(k->search);
}

static void search_ask(struct search *s, enum family family,
                       struct slice host)
{
	struct locator *l = s->locator;
	struct lookup *k;

	if (!has_family(l, family))
		return;
	k = &s->lookups[s->nlookups++];
	k->search = s;
	k->family = family;
	k->err = ERR_DNS;
	if (l->ops != NULL)
		k->id = l->ops->start(l->resolver,
		                      family == FAMILY_IPV4 ? RECORD_A
		                                            : RECORD_AAAA,
		                      host, on_lookup, k);
}

/* Asks for both families side by side. */
static uint64_t search_start(struct locator *l, struct slice host,
                             const struct target *t, locate_fn *fn, void *arg)
{
	struct search *s = calloc(1, sizeof(*s) + host.len + 1);

	if (s == NULL) {
		fn(ERR_NOMEM, error_text(ERR_NOMEM), NULL, 0, arg);
		return 0;
	}
	memcpy(s->host, host.p, host.len);
	s->locator = l;
	s->transport = t->transport;
	s->port = t->addr.port;
	s->fn = fn;
	s->arg = arg;
	if (hash_insert(&l->searches, &s->node, ++l->last_id) != OK) {
		free(s);
		fn(ERR_NOMEM, error_text(ERR_NOMEM), NULL, 0, arg);
		return 0;
	}
	search_ask(s, FAMILY_IPV6, host);
	search_ask(s, FAMILY_IPV4, host);
	if (search_is_done(s)) {
		search_finish(s);
		return 0;
	}
	return s->node.hash;
}

static bool is_sip(const struct uri *uri)
{
	return uri->scheme == URI_SIP || uri->scheme == URI_SIPS;
}

static enum error check_uri(const struct locator *l, const struct uri *uri,
                            struct target *t, struct buf *why)
{
	if (!is_sip(uri)) {
		buf_str(why, "a \"");
		buf_escaped(why, uri->scheme_name);
		buf_str(why, "\" URI has no address: sip or sips is needed");
		return ERR_UNSUPPORTED;
	}
	return choose_transport(l, uri, &t->transport, why);
}

uint64_t locate_start(struct locator *l, const struct uri *uri,
                      locate_fn *fn, void *arg)
{
	struct target t = { 0 };
	struct buf why = { 0 };
	struct slice host = uri->host, maddr;
	enum error err = check_uri(l, uri, &t, &why);
	uint16_t port;

	if (err != OK) {
		fn(err, buf_cstr(&why), NULL, 0, arg);
		buf_deinit(&why);
		return 0;
	}
	if (uri_param(uri, SLICE("maddr"), &maddr) && maddr.len != 0)
		host = maddr;
	port = uri->port != 0 ? uri->port : transport_default_port(t.transport);
	if (!addr_parse_ip(host, &t.addr)) {
		t.addr.port = port;
		return search_start(l, host, &t, fn, arg);
	}
	t.addr.port = port;
	report_address(l, &t, fn, arg);
	return 0;
}

void locate_cancel(struct locator *l, uint64_t id)
{
	struct hash_node *node = id == 0 ? NULL
	                                 : hash_first(&l->searches, id);

	if (node != NULL)
		search_free(CONTAINER_OF(node, struct search, node));
}
