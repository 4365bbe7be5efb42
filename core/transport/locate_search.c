/* The lookups of one search, step by step: NAPTR, SRV, A and AAAA (RFC 3263
 * 4.1 and 4.2). */

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/transport/locate_internal.h"
#include "core/transport/service.h"

/*
 * What is not answered by then, counted from the start, is taken as not being
 * there, so that one record type that a name server does not know, or one
 * family that it keeps silent about, does not hold up the rest.
 */
enum {
	RULES_MS = 3000,
	SERVICES_MS = 6000,
	ALL_MS = 10000,
	REST_MS = 2500                  /* after the first address came */
};

static const struct {
	enum family family;
	enum record_kind kind;
} families[FAMILIES] = {
	{ FAMILY_IPV6, RECORD_AAAA },
	{ FAMILY_IPV4, RECORD_A },
};

/* --- its life --- */

static void drop_services(struct services *services)
{
	for (size_t i = 0; i < services->n; i++)
		names_drop(&services->items[i].query);
	services->n = 0;
}

static void search_free(struct search *s)
{
	hash_remove(&s->locator->searches, &s->node);
	timer_cancel(&s->timer);
	names_drop(&s->rules);
	drop_services(&s->guessed);
	drop_services(&s->ruled);
	for (size_t i = 0; i < s->nhosts; i++)
		for (size_t j = 0; j < FAMILIES; j++)
			names_drop(&s->hosts[i].queries[j]);
	free(s);
}

static void free_node(struct hash_node *node, void *arg)
{
	(void)arg;
	search_free(CONTAINER_OF(node, struct search, node));
}

void search_cancel_all(struct locator *l)
{
	hash_each(&l->searches, free_node, NULL);
}

void search_cancel(struct locator *l, uint64_t id)
{
	struct hash_node *node = hash_first(&l->searches, id);

	if (node != NULL)
		search_free(CONTAINER_OF(node, struct search, node));
}

/* --- the end --- */

static bool is_waiting_for_addresses(const struct search *s)
{
	for (size_t i = 0; i < s->nhosts; i++)
		for (size_t j = 0; j < FAMILIES; j++)
			if (names_is_waiting(&s->hosts[i].queries[j]))
				return true;
	return false;
}

/* What failed first; nothing: there is no address. */
static enum error search_failure(const struct search *s, struct buf *why)
{
	enum error err = s->err;
	struct slice name = s->wanted.host;

	for (size_t i = 0; i < s->nhosts * FAMILIES
	                   && err == OK; i++) {
		const struct host *h = &s->hosts[i / FAMILIES];
		const struct names_answer *a = names_answer(
			&h->queries[i % FAMILIES]);

		name = h->name;
		err = a == NULL ? OK : a->err;
		if (err != OK)
			buf_str(why, a->text);
	}
	/* whatever kept it from being found: the name does not resolve */
	if (err == ERR_TIMEOUT)
		err = ERR_DNS;
	if (why->len != 0)
		return err;
	buf_escaped(why, name);
	buf_str(why, ": ");
	if (err == OK && is_waiting_for_addresses(s)) {
		buf_str(why, "no answer from the DNS in time");
		return ERR_DNS;
	}
	if (err != OK)
		buf_str(why, error_text(err));
	else if (s->nhosts == 0)
		buf_str(why, "SIP is not offered there (SRV \".\")");
	else
		buf_str(why, "no address");
	return err == OK ? ERR_DNS : err;
}

/* The names that the plan has are those of answers that are given back. */
static enum error keep_names(struct arena *arena, struct planned *plan,
                             size_t n)
{
	for (size_t i = 0; i < n; i++) {
		plan[i].name = arena_copy(arena, plan[i].name);
		if (plan[i].name.p == NULL)
			return ERR_NOMEM;
	}
	return OK;
}

/* Gives the outcome and forgets s, which the callee can not reach any more. */
static void search_finish(struct search *s)
{
	struct planned plan[LOCATE_TARGETS_MAX];
	struct listener listener = s->listener;
	size_t n = search_plan(s, plan);
	struct arena names = { 0 };
	struct buf why = { 0 };
	enum error err = OK;

	if (n == 0) {
		err = search_failure(s, &why);
	} else if (listener.plan_fn != NULL) {
		err = keep_names(&names, plan, n);
		if (err != OK)
			buf_str(&why, error_text(err));
	}
	search_free(s);
	listener_tell(&listener, err, buf_cstr(&why), plan, err == OK ? n : 0);
	buf_deinit(&why);
	arena_deinit(&names);
}

/* --- time --- */

static void search_advance(void *arg);

static void on_timer(void *arg)
{
	struct search *s = arg;

	s->late = true;
	search_advance(s);
}

/* at_ms counts from the start. */
static void set_deadline(struct search *s, uint64_t at_ms)
{
	struct env *env = s->locator->env;
	uint64_t gone_ms = (env_now_us(env) - s->started_us) / 1000;

	s->late = false;
	timer_arm(&s->timer, &env->timers,
	          gone_ms < at_ms ? at_ms - gone_ms : 0, on_timer, s);
}

/* --- addresses --- */

static void ask(struct search *s, struct names_query *q,
                enum record_kind kind, struct slice name)
{
	enum error err = names_ask(s->locator->names, q, kind, name,
	                           search_advance, s);

	if (err != OK && s->err == OK)
		s->err = err;
}

static void add_host(struct search *s, const struct service *service,
                     const struct record *srv, struct slice name,
                     uint16_t port)
{
	struct host *h;

	if (s->nhosts == HOSTS_MAX)
		return;
	h = &s->hosts[s->nhosts++];
	h->service = service;
	h->srv = srv;
	h->name = name;
	h->port = port;
	for (size_t i = 0; i < FAMILIES; i++)
		if (locator_has_family(s->locator, families[i].family))
			ask(s, &h->queries[i], families[i].kind, name);
}

/* RFC 2782: "." says that the service is decidedly not available. */
static bool is_nowhere(const struct record *srv)
{
	return srv->name.len == 0 || slice_eq(srv->name, SLICE("."));
}

static void add_servers(struct search *s, const struct service *service,
                        const struct names_answer *a)
{
	const struct record *servers[NAMES_RECORDS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		if (!is_nowhere(&a->records[i]))
			servers[n++] = &a->records[i];
	service_order_servers(s->locator->env, servers, n);
	for (size_t i = 0; i < n; i++)
		add_host(s, service, servers[i], servers[i]->name,
		         servers[i]->port);
}

static void add_domain(struct search *s, const struct service *service,
                       struct slice name)
{
	uint16_t port = s->wanted.port;

	if (port == 0)
		port = transport_default_port(service->transport);
	add_host(s, service, NULL, name, port);
}

/* A rule that names addresses, where one may stand for SRV records. */
static bool names_addresses(const struct service *service)
{
	return service->rule != NULL && !service_rule_names_srv(service->rule);
}

/* RFC 3263 4.2: without SRV records the domain's own addresses, over what the
 * best rule names. */
static void add_default(struct search *s)
{
	struct services *services = s->services;

	if (services == &s->guessed) {
		drop_services(services);
		services->n = 1;
		services->items[0] = (struct service){
			.transport = s->wanted.fallback,
		};
	}
	add_domain(s, &services->items[0], s->wanted.host);
}

static void take_services(struct search *s)
{
	bool has_srv = false;

	s->phase = PHASE_ADDRESSES;
	set_deadline(s, ALL_MS);
	for (size_t i = 0; i < s->services->n; i++) {
		const struct service *service = &s->services->items[i];
		const struct names_answer *a = names_answer(&service->query);

		if (names_addresses(service)) {
			add_domain(s, service, service->rule->name);
		} else if (a != NULL && a->n != 0) {
			has_srv = true;
			add_servers(s, service, a);
		}
	}
	if (s->nhosts == 0 && !has_srv)
		add_default(s);
}

/* --- SRV --- */

static struct service *add_service(struct services *services,
                                   enum transport t)
{
	struct service *service;

	if (services->n == SERVICES_MAX)
		return NULL;
	service = &services->items[services->n++];
	service->transport = t;
	return service;
}

/* What RFC 3263 4.1 has a client ask for where no rule says more. TLS serves
 * a sip URI, too. */
static void guess_service(struct search *s, enum transport t)
{
	struct service *service;
	struct buf name = { 0 };

	if (s->wanted.secure && !transport_is_secure(t))
		return;
	if (service_print_name(&name, t, s->wanted.host)) {
		service = add_service(&s->guessed, t);
		if (service != NULL && buf_error(&name) == OK)
			ask(s, &service->query, RECORD_SRV, buf_view(&name));
	}
	buf_deinit(&name);
}

static void guess_services(struct search *s)
{
	const struct locate_preferences *p = &s->locator->preferences;

	if (s->wanted.transport != TRANSPORT_NONE) {
		guess_service(s, s->wanted.transport);
		return;
	}
	for (unsigned i = 0; i < p->ntransports; i++)
		guess_service(s, p->transports[i]);
}

/* --- NAPTR --- */

/* The rules that suit: of SIP, over what we have, and of the lowest order
 * among these alone (RFC 3403 4.1: others "MUST NOT" be considered). */
static size_t choose_rules(const struct search *s,
                           const struct names_answer *a,
                           const struct record *rules[NAMES_RECORDS_MAX])
{
	size_t n = 0, same = 0;

	for (size_t i = 0; i < a->n; i++) {
		enum transport t = service_of_rule(&a->records[i]);

		if (locator_has_transport(s->locator, t)
		    && (!s->wanted.secure || transport_is_secure(t))
		    && !is_nowhere(&a->records[i]))
			rules[n++] = &a->records[i];
	}
	service_sort_rules(rules, n);
	while (same < n && rules[same]->priority == rules[0]->priority)
		same++;
	return same;
}

static void follow_rules(struct search *s, const struct names_answer *a)
{
	const struct record *rules[NAMES_RECORDS_MAX];
	size_t n = choose_rules(s, a, rules);

	for (size_t i = 0; i < n; i++) {
		struct service *service = add_service(
			&s->ruled, service_of_rule(rules[i]));

		if (service == NULL)
			break;
		service->rule = rules[i];
		if (service_rule_names_srv(rules[i]))
			ask(s, &service->query, RECORD_SRV, rules[i]->name);
	}
}

/* Without rules that suit, our guesses stand. */
static void take_rules(struct search *s)
{
	const struct names_answer *a = names_answer(&s->rules);

	s->phase = PHASE_SERVICES;
	set_deadline(s, SERVICES_MS);
	if (a != NULL)
		follow_rules(s, a);
	if (s->ruled.n != 0) {
		s->services = &s->ruled;
		drop_services(&s->guessed);
	}
}

/* --- one step after the other --- */

static bool is_waiting_for_services(const struct search *s)
{
	for (size_t i = 0; i < s->services->n; i++)
		if (names_is_waiting(&s->services->items[i].query))
			return true;
	return false;
}

static bool has_address(const struct search *s)
{
	for (size_t i = 0; i < s->nhosts; i++)
		for (size_t j = 0; j < FAMILIES; j++) {
			const struct names_answer *a =
				names_answer(&s->hosts[i].queries[j]);

			if (a != NULL && a->n != 0)
				return true;
		}
	return false;
}

/* Who has one address does not wait long for the others. */
static void hurry(struct search *s)
{
	if (has_address(s) && timer_left_ms(&s->timer) > REST_MS)
		timer_arm(&s->timer, &s->locator->env->timers, REST_MS,
		          on_timer, s);
}

/* Goes on with what is known; false: s has ended. */
static bool search_step(struct search *s)
{
	if (s->phase == PHASE_RULES
	    && (s->late || !names_is_waiting(&s->rules)))
		take_rules(s);
	if (s->phase == PHASE_SERVICES
	    && (s->late || !is_waiting_for_services(s)))
		take_services(s);
	if (s->phase != PHASE_ADDRESSES)
		return true;
	if (s->late || !is_waiting_for_addresses(s)) {
		search_finish(s);
		return false;
	}
	hurry(s);
	return true;
}

static void search_advance(void *arg)
{
	(void)search_step(arg);
}

static struct search *search_new(struct locator *l, const struct wanted *w,
                                 const struct listener *to)
{
	struct search *s = calloc(1, sizeof(*s) + w->host.len + 1);

	if (s == NULL)
		return NULL;
	if (hash_insert(&l->searches, &s->node, ++l->last_id) != OK) {
		free(s);
		return NULL;
	}
	memcpy(s->host, w->host.p, w->host.len);
	s->locator = l;
	s->wanted = *w;
	s->wanted.host = slice_make(s->host, w->host.len);
	s->listener = *to;
	s->services = &s->guessed;
	s->started_us = env_now_us(l->env);
	return s;
}

/* Asks for rules and, beside them, for what we should ask for without any:
 * that is mostly what the rules name, and saves a round trip. */
static void begin(struct search *s)
{
	s->phase = PHASE_RULES;
	set_deadline(s, RULES_MS);
	if (s->wanted.port != 0)
		return;
	if (s->wanted.transport == TRANSPORT_NONE)
		ask(s, &s->rules, RECORD_NAPTR, s->wanted.host);
	guess_services(s);
}

uint64_t search_start(struct locator *l, const struct wanted *w,
                      const struct listener *to)
{
	struct search *s = search_new(l, w, to);
	uint64_t id;

	if (s == NULL) {
		listener_tell(to, ERR_NOMEM, error_text(ERR_NOMEM), NULL, 0);
		return 0;
	}
	id = s->node.hash;
	begin(s);
	return search_step(s) ? id : 0;
}
