/* The addresses that a search has found, in the order of trying. */

#include "core/transport/locate_internal.h"

static uint32_t left_s(const struct search *s, const struct names_query *q,
                       const struct record *r)
{
	uint64_t age_s = (env_now_us(s->locator->env)
	                  - names_answer(q)->learnt_us) / 1000000;

	return age_s < r->ttl_s ? r->ttl_s - (uint32_t)age_s : 0;
}

static uint32_t shorter(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct planned plan_address(const struct search *s,
                                   const struct host *h,
                                   const struct names_query *q,
                                   const struct record *r)
{
	struct planned p = {
		.target = { h->service->transport, r->addr },
		.by_naptr = h->service->rule != NULL,
		.by_srv = h->srv != NULL,
		.kind = r->kind,
		.name = h->name,
		.ttl_s = left_s(s, q, r),
	};

	p.target.addr.port = h->port;
	if (p.by_naptr)
		p.ttl_s = shorter(p.ttl_s, left_s(s, &s->rules,
		                                  h->service->rule));
	if (p.by_srv) {
		p.ttl_s = shorter(p.ttl_s, left_s(s, &h->service->query,
		                                  h->srv));
		p.priority = h->srv->priority;
		p.weight = h->srv->weight;
	}
	p.penalty_s = health_penalty_s(&s->locator->health,
	                               env_now_us(s->locator->env),
	                               &p.target);
	return p;
}

static bool is_planned(const struct target *t, const struct planned *plan,
                       size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (plan[i].target.transport == t->transport
		    && addr_eq(&plan[i].target.addr, &t->addr))
			return true;
	return false;
}

/* The nth address of each family in turn (RFC 8305 4): when one family is
 * dead, the second try is in the other. */
static size_t plan_host(const struct search *s, const struct host *h,
                        struct planned *plan, size_t n)
{
	bool more = true;

	for (size_t nth = 0; more; nth++) {
		more = false;
		for (size_t i = 0; i < FAMILIES; i++) {
			const struct names_query *q = &h->queries[i];
			const struct names_answer *a = names_answer(q);

			if (a == NULL || nth >= a->n
			    || n == LOCATE_TARGETS_MAX)
				continue;
			more = true;
			plan[n] = plan_address(s, h, q, &a->records[nth]);
			if (!is_planned(&plan[n].target, plan, n))
				n++;
		}
	}
	return n;
}

/* A stable sort: who is well stays in order, and is followed by those that
 * failed, the soonest forgiven first. */
static void put_failed_last(struct planned *plan, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct planned p = plan[i];
		size_t at = i;

		for (; at > 0 && plan[at - 1].penalty_s > p.penalty_s; at--)
			plan[at] = plan[at - 1];
		plan[at] = p;
	}
}

size_t search_plan(const struct search *s, struct planned *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nhosts; i++)
		n = plan_host(s, &s->hosts[i], plan, n);
	put_failed_last(plan, n);
	return n;
}
