/* A hierarchical timing wheel that runs on its caller's clock. */

#include "core/base/timer.h"

/*
 * A level's slots are 64 times as wide as those of the level below. A timer
 * lies on the level of the highest six-bit digit in which its due_ms differs
 * from wheel_ms, in the slot of that digit. So at every instant
 *  - what is on one level is due before all that is on a level above,
 *  - a level's slots are due in the order of their numbers, and
 *  - timers with the same due_ms lie in the same slot, in order of arming.
 */

enum { BITS = 6 };      /* TIMER_SLOTS is 1 << BITS */

_Static_assert(TIMER_SLOTS == 1 << BITS, "a digit names a slot");

static const uint64_t longest_ms = UINT64_C(100) * 24 * 3600 * 1000;

struct place {
	unsigned level, slot;
};

/* Where a timer lies; due_ms > wheel_ms. */
static struct place place_of(const struct timer_set *set, uint64_t due_ms)
{
	unsigned highest = 63u - (unsigned)__builtin_clzll(due_ms
							   ^ set->wheel_ms);
	unsigned level = highest / BITS;

	/* A carry out of the top digit: delays are shorter than a slot up
	 * there, so it is the next slot all the same. */
	if (level >= TIMER_LEVELS)
		level = TIMER_LEVELS - 1;
	return (struct place){
		.level = level,
		.slot = due_ms >> BITS * level & (TIMER_SLOTS - 1),
	};
}

static void enqueue(struct timer_set *set, struct timer *t)
{
	struct place at = place_of(set, t->due_ms);

	list_append(&set->slots[at.level][at.slot], &t->node);
	set->pending[at.level] |= UINT64_C(1) << at.slot;
}

/* The slot that is due first, and the ms at which it begins. False: none. */
static bool first_slot(const struct timer_set *set, struct place *at,
                       uint64_t *start_ms)
{
	unsigned shift;
	uint64_t start;

	at->level = 0;
	while (set->pending[at->level] == 0)
		if (++at->level == TIMER_LEVELS)
			return false;
	at->slot = (unsigned)__builtin_ctzll(set->pending[at->level]);

	shift = BITS * at->level;
	start = set->wheel_ms >> shift >> BITS << BITS;
	start = (start | at->slot) << shift;
	if (start <= set->wheel_ms)     /* the carry in place_of() */
		start += UINT64_C(1) << BITS * TIMER_LEVELS;
	*start_ms = start;
	return true;
}

static void move_all(struct list *from, struct list *to)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	list_init(from);
}

static struct timer *timer_of(struct list *node)
{
	return CONTAINER_OF(node, struct timer, node);
}

static void fire_all(struct list *due)
{
	while (!list_empty(due)) {
		struct timer *t = timer_of(due->next);

		list_remove(&t->node);
		t->set = NULL;
		t->fn(t->arg);
	}
}

/* Moves the wheel to the begin of its first slot; what is due there fires,
 * the rest goes to lower levels. */
static void turn_to(struct timer_set *set, struct place at, uint64_t start_ms)
{
	struct list all, due;

	move_all(&set->slots[at.level][at.slot], &all);
	set->pending[at.level] &= ~(UINT64_C(1) << at.slot);
	set->wheel_ms = start_ms;
	list_init(&due);
	LIST_EACH(node, &all) {
		list_remove(node);
		if (timer_of(node)->due_ms == start_ms)
			list_append(&due, node);
		else
			enqueue(set, timer_of(node));
	}
	fire_all(&due);
}

void timer_set_init(struct timer_set *set, uint64_t now_us)
{
	set->now_us = now_us;
	set->wheel_ms = now_us / 1000;
	list_init(&set->overdue);
	for (unsigned level = 0; level < TIMER_LEVELS; level++) {
		set->pending[level] = 0;
		for (unsigned slot = 0; slot < TIMER_SLOTS; slot++)
			list_init(&set->slots[level][slot]);
	}
}

void timer_arm(struct timer *t, struct timer_set *set, uint64_t delay_ms,
               timer_fn *fn, void *arg)
{
	timer_cancel(t);
	t->set = set;
	t->fn = fn;
	t->arg = arg;
	if (delay_ms > longest_ms)
		delay_ms = longest_ms;
	if (delay_ms == 0) {
		t->due_ms = set->wheel_ms;
		list_append(&set->overdue, &t->node);
		return;
	}
	/* Rounded up: never before its instant. */
	t->due_ms = (set->now_us + 999) / 1000 + delay_ms;
	enqueue(set, t);
}

void timer_cancel(struct timer *t)
{
	struct timer_set *set = t->set;
	struct place at;

	if (set == NULL)
		return;
	list_remove(&t->node);
	t->set = NULL;
	if (t->due_ms <= set->wheel_ms)         /* in no slot */
		return;
	at = place_of(set, t->due_ms);
	if (list_empty(&set->slots[at.level][at.slot]))
		set->pending[at.level] &= ~(UINT64_C(1) << at.slot);
}

uint64_t timer_left_ms(const struct timer *t)
{
	if (t->set == NULL || t->due_ms * 1000 <= t->set->now_us)
		return 0;
	return (t->due_ms * 1000 - t->set->now_us + 999) / 1000;
}

int64_t timer_run(struct timer_set *set, uint64_t now_us)
{
	struct list overdue;
	struct place at;
	uint64_t start_ms, now_ms;

	if (now_us > set->now_us)
		set->now_us = now_us;
	now_ms = set->now_us / 1000;

	move_all(&set->overdue, &overdue);
	fire_all(&overdue);
	while (first_slot(set, &at, &start_ms) && start_ms <= now_ms)
		turn_to(set, at, start_ms);
	/* No slot begins in between, so no timer changes its place. */
	set->wheel_ms = now_ms;

	if (!list_empty(&set->overdue))
		return 0;
	if (!first_slot(set, &at, &start_ms))
		return -1;
	return (int64_t)(start_ms * 1000 - set->now_us);
}
