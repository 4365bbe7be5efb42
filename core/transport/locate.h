#ifndef CORE_TRANSPORT_LOCATE_H
#define CORE_TRANSPORT_LOCATE_H

/*
 * From a URI to the addresses to try, in order: RFC 3263. Pure: the names
 * are looked up by whoever fills in lookup_ops (net/resolver), and the answers
 * kept for their TTL (core/transport/names). A numeric host is answered at
 * once, without a lookup.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/env.h"
#include "core/message/uri.h"
#include "core/transport/health.h"
#include "core/transport/lookup.h"

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

/* --- the order of targets --- */

/*
 * targets: best first, n >= 1 when err is OK. Else text says which name
 * failed and why: ERR_DNS, ERR_NO_TRANSPORT, ERR_NOMEM.
 */
typedef void locate_fn(enum error err, const char *text,
                       const struct target *targets, size_t n, void *arg);

/*
 * Finds the targets of uri (sip or sips; maddr wins over the host; an explicit
 * port or transport narrows the search). An answer takes 10 s at most. IPv6 and
 * IPv4 addresses of a host take turns, and targets that failed lately come
 * last. fn is called once, from inside when nothing has to be waited for.
 * Returns an id for locate_cancel(); 0 when fn was called already. uri is read
 * before the call returns.
 */
uint64_t locate_start(struct locator *l, const struct uri *uri,
                      locate_fn *fn, void *arg);
void locate_cancel(struct locator *l, uint64_t id);

/* What became of a target: it answered, or did not (a timeout, a failure of
 * the transport, a 503: RFC 3263 4.3). */
void locate_succeeded(struct locator *l, const struct target *t);
void locate_failed(struct locator *l, const struct target *t);

/* --- why these --- */

/* A target, and the records that led to it. */
struct planned {
	struct target target;
	bool by_naptr, by_srv;
	bool numeric;                   /* no record at all */
	enum record_kind kind;          /* A or AAAA, of its address */
	struct slice name;              /* whose address it is */
	uint32_t ttl_s;                 /* until the first of them expires */
	uint16_t priority, weight;      /* of the SRV record */
	uint32_t penalty_s;             /* failed: tried last for so long */
};

/* As locate_fn; names die when it returns. */
typedef void plan_fn(enum error err, const char *text,
                     const struct planned *plan, size_t n, void *arg);

/* As locate_start(), which finds the same. */
uint64_t locate_plan(struct locator *l, const struct uri *uri, plan_fn *fn,
                     void *arg);

#endif
