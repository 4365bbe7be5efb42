#ifndef CORE_BASE_TIMER_H
#define CORE_BASE_TIMER_H

/*
 * Deadlines on a clock that the caller moves: there is none in here. A
 * hierarchical timing wheel of embedded nodes: arming and cancelling are
 * O(1), take no memory and cannot fail, whatever else is pending. A timer
 * never fires before its instant, and fires in the order of due times.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"

typedef void timer_fn(void *arg);

enum { TIMER_LEVELS = 7, TIMER_SLOTS = 64 };

struct timer_set {
	uint64_t now_us;                /* set by timer_run() */
	uint64_t wheel_ms;              /* all up to this has fired */
	uint64_t pending[TIMER_LEVELS]; /* a bit for each slot in use */
	struct list slots[TIMER_LEVELS][TIMER_SLOTS];
	struct list overdue;
};

/* Embedded by its owner, zeroed before first use; fields are private. */
struct timer {
	struct list node;
	struct timer_set *set;          /* NULL: not armed */
	uint64_t due_ms;
	timer_fn *fn;
	void *arg;
};

void timer_set_init(struct timer_set *set, uint64_t now_us);

/*
 * Arms t to call fn(arg) once, delay_ms after the set's now; an armed t is
 * moved. A delay of 0 fires on the next timer_run(), never from here. Delays
 * over a hundred days are cut to that.
 */
void timer_arm(struct timer *t, struct timer_set *set, uint64_t delay_ms,
               timer_fn *fn, void *arg);

/* Disarms t; harmless when idle, and from inside any timer's own fn. */
void timer_cancel(struct timer *t);

static inline bool timer_armed(const struct timer *t)
{
	return t->set != NULL;
}

/* Milliseconds until t fires, 0 when due or not armed. */
uint64_t timer_left_ms(const struct timer *t);

/*
 * Moves the clock to now_us (never backwards) and runs all that is due.
 * Returns after how many microseconds to call it again, or -1 for never:
 * not later than the next timer, but maybe earlier, when one that is far off
 * is to be sorted into a finer level. Timers armed with 0 from inside a timer
 * fire on the next run, so this ends.
 */
int64_t timer_run(struct timer_set *set, uint64_t now_us);

#endif
