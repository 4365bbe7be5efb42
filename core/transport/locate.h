#ifndef CORE_TRANSPORT_LOCATE_H
#define CORE_TRANSPORT_LOCATE_H

/*
 * From a URI to the addresses to try, in order: RFC 3263. Pure: the names
 * are looked up by whoever fills in lookup_ops (net/resolver). A numeric
 * host is answered at once, without a lookup.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/env.h"
#include "core/base/error.h"
#include "core/message/uri.h"

/* --- what core asks of a resolver --- */

enum record_kind { RECORD_A, RECORD_AAAA, RECORD_SRV, RECORD_NAPTR };

struct record {
	enum record_kind kind;
	uint32_t ttl_s;
	struct addr addr;               /* A, AAAA; port 0 */
	uint16_t priority, weight, port; /* SRV; NAPTR: order, preference */
	struct slice name;              /* SRV target, NAPTR replacement */
	struct slice flags, service;    /* NAPTR */
};

/* One call for one lookup, unless it is cancelled. records die when it
 * returns. err: OK (n may be 0: no such record), ERR_DNS with text saying
 * which name and why, ERR_TIMEOUT. Never called from inside start(). */
typedef void lookup_fn(enum error err, const char *text,
                       const struct record *records, size_t n, void *arg);

struct lookup_ops {
	/* Returns an id for cancel(), or 0 when it could not be started. name
	 * is read before the call returns. */
	uint64_t (*start)(void *resolver, enum record_kind kind,
	                  struct slice name, lookup_fn *fn, void *arg);
	/* fn will not be called; harmless when it was. */
	void (*cancel)(void *resolver, uint64_t id);
};

/* --- the order of targets --- */

struct target {
	enum transport transport;
	struct addr addr;               /* with its port */
};

/* What may be used. */
struct locate_preferences {
	enum transport transports[TRANSPORT_COUNT];     /* best first */
	unsigned ntransports;
	bool ipv4, ipv6;                /* families with a leg */
};

enum { LOCATE_TARGETS_MAX = 16 };

struct locator;

/* ops may be NULL: names then fail with ERR_DNS. env, ops and resolver must
 * outlive it. */
struct locator *locator_new(struct env *env, const struct lookup_ops *ops,
                            void *resolver);
void locator_free(struct locator *l);           /* cancels what is under way */
void locator_set_preferences(struct locator *l,
                             const struct locate_preferences *p);
const struct locate_preferences *locator_preferences(const struct locator *l);

/*
 * targets: best first, n >= 1 when err is OK. Else text says which name
 * failed and why: ERR_DNS, ERR_NO_TRANSPORT, ERR_TIMEOUT, ERR_NOMEM.
 */
typedef void locate_fn(enum error err, const char *text,
                       const struct target *targets, size_t n, void *arg);

/*
 * Finds the targets of uri (sip or sips; maddr wins over the host; an explicit
 * port or transport narrows the search). fn is called once, from inside for
 * a numeric host. Returns an id for locate_cancel(); 0 when fn was called
 * already. uri is read before the call returns.
 */
uint64_t locate_start(struct locator *l, const struct uri *uri,
                      locate_fn *fn, void *arg);
void locate_cancel(struct locator *l, uint64_t id);

#endif
