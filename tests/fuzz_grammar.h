#ifndef TESTS_FUZZ_GRAMMAR_H
#define TESTS_FUZZ_GRAMMAR_H

/*
 * A hostile peer for the stateful fuzz target: reads choices from a tape of
 * octets, and writes requests and responses that are nearly right.
 */

#include <stdint.h>

#include "core/base/buf.h"
#include "core/message/message.h"
#include "core/ua/dialog.h"

/* At its end it yields 0 for ever. */
struct tape {
	const uint8_t *p, *end;
};

static inline uint8_t tape_take(struct tape *t)
{
	return t->p == t->end ? 0 : *t->p++;
}

static inline unsigned tape_below(struct tape *t, unsigned bound)
{
	return tape_take(t) % bound;
}

/* The method of the next request, from a list of the usual and the odd. */
const char *grammar_method(struct tape *t);

/* A request in d, or outside any dialog where d is NULL. */
void grammar_request(struct tape *t, const struct dialog *d, struct buf *out);
/* A response to request, which is one of ours. */
void grammar_response(struct tape *t, const struct message *request,
                      struct buf *out);
/* Changes a few octets of text, or none. */
void grammar_mutate(struct tape *t, struct buf *text);

#endif
