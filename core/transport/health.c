/* The targets that failed lately. */

#include "core/transport/health.h"

enum { PENALTY_S = 30, PENALTY_MAX_S = 600 };

static const uint64_t second_us = 1000000;

/* Its index, or h->n. */
static size_t find(const struct health *h, const struct target *t)
{
	size_t i = 0;

	while (i < h->n && (h->entries[i].target.transport != t->transport
	                    || !addr_eq(&h->entries[i].target.addr,
	                                &t->addr)))
		i++;
	return i;
}

/* A free entry, or that which is forgiven first. */
static struct health_entry *make_room(struct health *h)
{
	struct health_entry *first = h->entries;

	if (h->n < HEALTH_MAX)
		return &h->entries[h->n++];
	for (size_t i = 1; i < h->n; i++)
		if (h->entries[i].until_us < first->until_us)
			first = &h->entries[i];
	return first;
}

void health_note_failure(struct health *h, uint64_t now_us,
                         const struct target *t)
{
	size_t i = find(h, t);
	bool again = i < h->n;
	struct health_entry *e = again ? &h->entries[i] : make_room(h);

	if (again && e->until_us > now_us)
		return;
	if (!again)
		*e = (struct health_entry){ .target = *t };
	e->penalty_s = again ? 2 * e->penalty_s : PENALTY_S;
	if (e->penalty_s > PENALTY_MAX_S)
		e->penalty_s = PENALTY_MAX_S;
	e->until_us = now_us + e->penalty_s * second_us;
}

void health_note_success(struct health *h, const struct target *t)
{
	size_t i = find(h, t);

	if (i < h->n)
		h->entries[i] = h->entries[--h->n];
}

uint32_t health_penalty_s(const struct health *h, uint64_t now_us,
                          const struct target *t)
{
	size_t i = find(h, t);

	if (i == h->n || h->entries[i].until_us <= now_us)
		return 0;
	return (uint32_t)((h->entries[i].until_us - now_us + second_us - 1)
	                  / second_us);
}
