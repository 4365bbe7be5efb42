/* Clocks and random octets, as core sees them. */

#include "core/base/env.h"

#include <string.h>

void env_init(struct env *e, uint64_t now_us, int64_t wall_us, random_fn *fill,
              void *fill_arg)
{
	timer_set_init(&e->timers, now_us);
	e->wall_us = wall_us;
	e->fill = fill;
	e->fill_arg = fill_arg;
	e->pool_used = sizeof(e->pool);
}

int64_t env_advance(struct env *e, uint64_t now_us, int64_t wall_us)
{
	e->wall_us = wall_us;
	return timer_run(&e->timers, now_us);
}

void env_random(struct env *e, void *out, size_t n)
{
	unsigned char *to = out;

	while (n != 0) {
		size_t take;

		if (e->pool_used == sizeof(e->pool)) {
			e->fill(e->pool, sizeof(e->pool), e->fill_arg);
			e->pool_used = 0;
		}
		take = sizeof(e->pool) - e->pool_used;
		if (take > n)
			take = n;
		memcpy(to, e->pool + e->pool_used, take);
		memset(e->pool + e->pool_used, 0, take);
		e->pool_used += take;
		to += take;
		n -= take;
	}
}

uint64_t env_random_u64(struct env *e)
{
	uint64_t n;

	env_random(e, &n, sizeof(n));
	return n;
}

uint64_t env_random_below(struct env *e, uint64_t bound)
{
	/* 2^64 mod bound: with that many values left out at the bottom, each
	 * remainder is as likely as any other. */
	uint64_t left_out = -bound % bound;
	uint64_t n;

	do
		n = env_random_u64(e);
	while (n < left_out);
	return n % bound;
}

void env_token(struct env *e, char out[ENV_TOKEN_LEN])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char octets[ENV_TOKEN_LEN];

	env_random(e, octets, sizeof(octets));
	for (size_t i = 0; i < sizeof(octets); i++)
		out[i] = alphabet[octets[i] & 31];
}
