#ifndef CORE_TRANSPORT_LOOKUP_H
#define CORE_TRANSPORT_LOOKUP_H

/* What core asks of a resolver. net/resolver is one, the tests' rig is
 * another. */

#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/error.h"
#include "core/base/slice.h"

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

#endif
