#ifndef CORE_TRANSPORT_LOCATE_INTERNAL_H
#define CORE_TRANSPORT_LOCATE_INTERNAL_H

/* Shared by locate.c, which reads the URI, locate_search.c, which looks names
 * up, and locate_plan.c, which puts what was found in order. */

#include "core/base/hash.h"
#include "core/transport/locate.h"
#include "core/transport/names.h"

struct locator {
	struct env *env;
	struct names *names;
	struct locate_preferences preferences;
	struct health health;
	struct hash searches;
	uint64_t last_id;
};

/* Who is told: one of the two. */
struct listener {
	locate_fn *fn;
	plan_fn *plan_fn;
	void *arg;
};

/* What a URI asks for. */
struct wanted {
	struct slice host;              /* a name */
	uint16_t port;                  /* 0: by the transport, or SRV */
	enum transport transport;       /* NONE: that has to be found out */
	enum transport fallback;        /* where the DNS names none */
	bool secure;
};

static inline bool locator_has_family(const struct locator *l, enum family f)
{
	return f == FAMILY_IPV4 ? l->preferences.ipv4 : l->preferences.ipv6;
}

/* A leg, and no wish of the user's against it. */
static inline bool locator_has_transport(const struct locator *l,
                                         enum transport t)
{
	for (unsigned i = 0; i < l->preferences.ntransports; i++)
		if (l->preferences.transports[i] == t)
			return true;
	return false;
}

/* Calls out. */
void listener_tell(const struct listener *to, enum error err,
                   const char *text, const struct planned *plan, size_t n);

/* --- a search --- */

enum { SERVICES_MAX = 8, HOSTS_MAX = 32, FAMILIES = 2 };

enum phase {
	PHASE_RULES,                    /* NAPTR; SRV of our guess beside it */
	PHASE_SERVICES,                 /* SRV */
	PHASE_ADDRESSES                 /* A and AAAA */
};

/* A way to reach the domain: a transport and its SRV records. */
struct service {
	enum transport transport;
	const struct record *rule;      /* NAPTR that names it, or NULL */
	struct names_query query;       /* nothing was asked: no SRV */
};

struct services {
	struct service items[SERVICES_MAX];
	size_t n;
};

/* A name whose addresses are wanted. */
struct host {
	const struct service *service;
	const struct record *srv;       /* that names it, or NULL */
	struct slice name;
	uint16_t port;
	struct names_query queries[FAMILIES];   /* AAAA, A */
};

struct search {
	struct hash_node node;          /* its hash is the id */
	struct locator *locator;
	struct wanted wanted;           /* the host is this struct's */
	struct listener listener;
	enum phase phase;
	bool late;                      /* the phase's time is over */
	uint64_t started_us;
	struct timer timer;
	struct names_query rules;
	struct services guessed, ruled;
	struct services *services;      /* one of these */
	struct host hosts[HOSTS_MAX];
	size_t nhosts;
	enum error err;                 /* what made a question impossible */
	char host[];
};

/* As locate_start(). */
uint64_t search_start(struct locator *l, const struct wanted *w,
                      const struct listener *to);
/* The locator's search of this id, if any, ends without a call. */
void search_cancel(struct locator *l, uint64_t id);
void search_cancel_all(struct locator *l);

/* The targets of what is known, LOCATE_TARGETS_MAX at most; how many. */
size_t search_plan(const struct search *s, struct planned *plan);

#endif
