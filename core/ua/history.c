/* How a request came to its outcome, in a bounded list. */

#include "core/ua/history.h"

/* A text that finds no memory is missed less than its attempt would be. */
static struct slice copy_text(struct history *h, struct slice text)
{
	if (text.len > HISTORY_TEXT_MAX)
		text.len = HISTORY_TEXT_MAX;
	return text.len == 0 ? SLICE_EMPTY : arena_copy(&h->arena, text);
}

void history_add(struct history *h, const struct attempt *a)
{
	struct attempt *copy = NULL;

	if (h->n < HISTORY_MAX)
		copy = arena_alloc(&h->arena, sizeof(*copy));
	if (copy == NULL) {
		h->lost++;
		return;
	}
	*copy = *a;
	copy->next = NULL;
	copy->what = copy_text(h, a->what);
	copy->text = copy_text(h, a->text);
	if (h->last == NULL)
		h->first = copy;
	else
		h->last->next = copy;
	h->last = copy;
	h->n++;
}

void history_deinit(struct history *h)
{
	arena_deinit(&h->arena);
	*h = (struct history){ 0 };
}
