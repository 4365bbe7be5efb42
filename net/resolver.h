#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

/*
 * Names looked up by c-ares on the loop, for core/transport/locate. /etc/hosts
 * comes first: a name that stands there is not asked of the DNS, neither in
 * the other family nor for SRV and NAPTR. Nothing is read or opened before the
 * first lookup.
 */

#include "core/base/addr.h"
#include "core/base/error.h"
#include "core/transport/locate.h"
#include "net/loop.h"

struct resolver;

/* NULL when memory is short. */
struct resolver *resolver_new(struct loop *loop);
/* Accepts NULL. Lookups under way end without a call. */
void resolver_free(struct resolver *r);

/* Asks this server (port 0: 53) in place of the system's. To be called
 * before the first lookup; else ERR_BAD_STATE. */
enum error resolver_set_server(struct resolver *r, const struct addr *server);
/* Bounds a lookup, all retries included; 10 s unless told. */
void resolver_set_timeout(struct resolver *r, uint64_t timeout_ms);

/*
 * For locator_new(), with the resolver as its argument. Names that do not
 * exist are ERR_DNS for A and AAAA; for SRV and NAPTR, which are asked for on
 * suspicion, they are OK without records.
 */
extern const struct lookup_ops resolver_ops;

#endif
