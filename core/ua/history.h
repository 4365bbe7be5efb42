#ifndef CORE_UA_HISTORY_H
#define CORE_UA_HISTORY_H

/*
 * How a request came to its outcome: names that were looked up, targets that
 * failed or refused, challenges, redirections. A 2xx is not in it: the outcome
 * says that itself, and what goes well at once costs nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/transport/locate.h"

enum {
	HISTORY_MAX = 64,               /* further attempts are counted only */
	HISTORY_TEXT_MAX = 256          /* of each text; the rest is cut off */
};

enum attempt_step {
	ATTEMPT_NAME,           /* what: a name; an address of it in target, and
	                         * the records that led there; or err */
	ATTEMPT_TARGET,         /* what: the method; its answer, or err */
	ATTEMPT_CHALLENGE,      /* what: realms and algorithms; err OK: it was
	                         * answered */
	ATTEMPT_REDIRECT        /* what: the URI; err OK: it was followed */
};

struct attempt {
	const struct attempt *next;     /* NULL: the last */
	enum attempt_step step;
	enum error err;
	struct slice what;
	struct slice text;              /* why; of a response its reason */
	struct target target;           /* transport NONE: none */
	unsigned status;                /* of the response; 0: none */
	uint64_t elapsed_us;            /* 0: at once, or of no interest */
	bool by_naptr, by_srv;          /* NAME: as struct planned */
	enum record_kind kind;
	uint32_t ttl_s;
};

/* Zeroed is initialised and empty. */
struct history {
	struct arena arena;
	struct attempt *first, *last;
	size_t n;
	size_t lost;                    /* too many, or no memory for them */
};

/* Copies a and its texts to the end. */
void history_add(struct history *h, const struct attempt *a);
void history_deinit(struct history *h);

#endif
