#ifndef CLI_EXPLANATION_H
#define CLI_EXPLANATION_H

/* How an outcome came about, kept for `why`: a row for each step. */

#include "core/base/arena.h"
#include "core/ua/endpoint.h"

struct explained {
	struct explained *next;         /* NULL: the last */
	const char *step;               /* "name", "target", "challenge",
	                                 * "redirect", "more", "outcome" */
	struct slice what, where, result, text; /* empty: none; not escaped */
	uint64_t elapsed_us;            /* 0: none */
};

/* Zeroed is initialised: nothing to explain. */
struct explanation {
	struct arena arena;
	struct explained *first, *last;
};

/* Takes the place of what was explained before; copies all that it needs. What
 * finds no memory is left out. */
void explanation_take(struct explanation *e, const struct outcome *o);
/* The same of a request that its user gave up, before ctx is closed. what is
 * its command. */
void explanation_give_up(struct explanation *e, struct context *ctx,
                         const char *what, enum error why);
void explanation_deinit(struct explanation *e);

#endif
