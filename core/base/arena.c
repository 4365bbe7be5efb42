/* Memory that is given back all at once. */

#include "core/base/arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_BLOCK = 2048, LARGEST_STEP = 64 * 1024 };

struct arena_block {
	struct arena_block *older;
	size_t size;                    /* of room */
	_Alignas(max_align_t) char room[];
};

static void use_block(struct arena *a, struct arena_block *block)
{
	a->blocks = block;
	a->next = block->room;
	a->end = block->room + block->size;
}

/* A block with room for n octets at least, each twice the one before. */
static bool add_block(struct arena *a, size_t n)
{
	size_t size = a->blocks == NULL ? FIRST_BLOCK : a->blocks->size * 2;
	struct arena_block *block;

	if (size > LARGEST_STEP)
		size = LARGEST_STEP;
	if (size < n)
		size = n;
	if (size > SIZE_MAX - sizeof(*block))
		return false;
	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		return false;
	block->older = a->blocks;
	block->size = size;
	use_block(a, block);
	return true;
}

/* n octets at a multiple of align, which is a power of two. */
static void *take(struct arena *a, size_t n, size_t align)
{
	size_t pad = -(uintptr_t)a->next & (align - 1);
	char *p;

	if (a->blocks == NULL || (size_t)(a->end - a->next) < pad
	    || (size_t)(a->end - a->next) - pad < n) {
		if (!add_block(a, n))
			return NULL;
		pad = 0;        /* a block's room is aligned for any type */
	}
	p = a->next + pad;
	a->next = p + n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return take(a, n, _Alignof(max_align_t));
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p = take(a, s.len, 1);

	if (p != NULL && s.len != 0)
		memcpy(p, s.p, s.len);
	return slice_make(p, p == NULL ? 0 : s.len);
}

static void free_blocks(struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *older = block->older;

		free(block);
		block = older;
	}
}

void arena_reset(struct arena *a)
{
	if (a->blocks == NULL)
		return;
	free_blocks(a->blocks->older);
	a->blocks->older = NULL;
	use_block(a, a->blocks);
}

void arena_deinit(struct arena *a)
{
	free_blocks(a->blocks);
	*a = (struct arena){ 0 };
}
