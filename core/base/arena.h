#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

/* Memory that is given back all at once. */

#include <stddef.h>

#include "core/base/slice.h"

struct arena_block;

/* Zeroed is initialised and empty; the first block comes with the first
 * request. */
struct arena {
	struct arena_block *blocks;
	char *next, *end;
};

/* Aligned for any type; not zeroed. NULL when memory is short. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy in the arena; p is NULL when memory is short. */
struct slice arena_copy(struct arena *a, struct slice s);
/* Forgets all that was given out; keeps one block for reuse. */
void arena_reset(struct arena *a);
void arena_deinit(struct arena *a);

#endif
