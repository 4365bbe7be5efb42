/* The flow that a registration came over: kept alive, and made anew when it is
 * lost (RFC 5626 4.5). */

#include "core/ua/registration_internal.h"

/* 4.5: a flow that held so long says nothing bad of the next one. */
enum { STABLE_MS = 120000 };

/* At once when it held, so that nobody is unreachable for longer than need be;
 * a server that hangs up on each registration gets no storm of them. */
static uint64_t recovery_wait_ms(struct registration *r)
{
	uint64_t held_ms = (env_now_us(endpoint_env(r->ep))
	                    - r->flow_since_us) / 1000;
	uint64_t wait_ms = 0;

	if (held_ms >= STABLE_MS)
		r->losses = 0;
	if (r->losses != 0)
		wait_ms = registration_backoff_ms(r, r->losses - 1);
	r->losses++;
	if (timer_armed(&r->refresh) && timer_left_ms(&r->refresh) < wait_ms)
		wait_ms = timer_left_ms(&r->refresh);
	return wait_ms;
}

static void on_lost(struct keepalive *k, enum error err, const char *text,
                    void *arg)
{
	struct registration *r = arg;
	uint64_t wait_ms;

	/* What is under way, or tried again anyway, makes another flow. */
	if (!r->keep || r->failures != 0
	    || (r->current != NULL && registration_registers(r)))
		return;
	wait_ms = recovery_wait_ms(r);
	registration_refresh_in(r, wait_ms);
	r->fn(r, &(struct registration_report){
		.event = REGISTRATION_FAILED,
		.outcome = &(struct outcome){
			.final = true,
			.err = err,
			.text = text,
			.flow = &k->flow,
			.method = METHOD_REGISTER,
			.method_name = method_name(METHOD_REGISTER),
			.cseq = r->cseq,
		},
		.refresh = true,
		.flow_lost = true,
		.next_try_ms = (int64_t)wait_ms,
	}, r->arg);
}

void registration_keep_flow(struct registration *r, const struct outcome *o)
{
	bool is_reliable = transport_is_reliable(o->flow->leg->transport);
	struct addr learnt;

	if (!keepalive_watches(&r->alive, o->flow))
		r->flow_since_us = env_now_us(endpoint_env(r->ep));
	keepalive_start(&r->alive, endpoint_keepalives(r->ep), o->flow,
	                is_reliable || via_learnt(&o->response->via, &learnt),
	                on_lost, r);
}
