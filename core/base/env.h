#ifndef CORE_BASE_ENV_H
#define CORE_BASE_ENV_H

/*
 * The world as core sees it: what time it is, what is due, and random
 * octets. net/loop drives a real one, the tests a fake one. Core makes no
 * system call: whoever calls into core has set the time before
 * (env_advance()).
 */

#include <stddef.h>
#include <stdint.h>

#include "core/base/timer.h"

/* Fills out with n octets of system randomness. Must not fail. */
typedef void random_fn(void *out, size_t n, void *arg);

struct env {
	struct timer_set timers;        /* timers.now_us is monotonic time */
	int64_t wall_us;                /* since 1970, UTC */
	random_fn *fill;
	void *fill_arg;
	size_t pool_used;               /* octets handed out already */
	unsigned char pool[512];
};

void env_init(struct env *e, uint64_t now_us, int64_t wall_us, random_fn *fill,
              void *fill_arg);

/* Moves both clocks and runs what is due; the result is timer_run()'s. */
int64_t env_advance(struct env *e, uint64_t now_us, int64_t wall_us);

static inline uint64_t env_now_us(const struct env *e)
{
	return e->timers.now_us;
}

/* Drawn from a pool that is refilled in blocks and wiped as it is used. */
void env_random(struct env *e, void *out, size_t n);
uint64_t env_random_u64(struct env *e);
/* Uniform in [0, bound); bound > 0. */
uint64_t env_random_below(struct env *e, uint64_t bound);

enum { ENV_TOKEN_LEN = 16 };
/* ENV_TOKEN_LEN characters of [a-z2-7]: 80 random bits for a branch, a tag,
 * a Call-ID or a cnonce (RFC 3261 19.3). No NUL is written. */
void env_token(struct env *e, char out[ENV_TOKEN_LEN]);

#endif
