#ifndef CORE_TRANSPORT_NAMES_H
#define CORE_TRANSPORT_NAMES_H

/*
 * DNS answers, kept for their TTL. Whoever asks for what is being asked for
 * already waits for the same lookup. That there is no such name or record is
 * kept for 30 s, a failure for 5 s. Bounded; the names come from the network,
 * so the hash is keyed.
 */

#include "core/base/env.h"
#include "core/base/list.h"
#include "core/transport/lookup.h"

enum {
	NAMES_MAX = 256,                /* answers that are kept */
	NAMES_RECORDS_MAX = 64          /* of one answer; further ones are not
	                                 * looked at */
};

struct names;
struct names_entry;

struct names_answer {
	enum error err;
	const char *text;               /* of err; never NULL */
	const struct record *records;
	size_t n;
	uint64_t learnt_us;             /* since when its TTLs run */
};

/* One call, when the answer is there. Never from inside names_ask(). */
typedef void names_fn(void *arg);

/* Embedded by whoever asks, zeroed before first use; fields are private. */
struct names_query {
	struct names *names;
	struct names_entry *entry;      /* NULL: nothing was asked */
	struct list node;               /* among those who wait */
	struct timer timer;             /* it is to be told */
	names_fn *fn;
	void *arg;
};

/* ops may be NULL: every name then fails. NULL when memory is short. */
struct names *names_new(struct env *env, const struct lookup_ops *ops,
                        void *resolver);
/* Every query was dropped before. Accepts NULL. */
void names_free(struct names *n);

/* When the answer is known, names_answer() has it at once, and fn is not
 * called. ERR_NOMEM. name is copied. */
enum error names_ask(struct names *n, struct names_query *q,
                     enum record_kind kind, struct slice name, names_fn *fn,
                     void *arg);
/* NULL: there is none yet. Valid until names_drop(). */
const struct names_answer *names_answer(const struct names_query *q);
/* fn will not be called; a lookup that nobody waits for is cancelled.
 * Harmless on a query that was never asked. */
void names_drop(struct names_query *q);
/* Something was asked, and there is no answer yet. */
bool names_is_waiting(const struct names_query *q);

#endif
