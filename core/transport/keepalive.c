/* Keep-alives, and the flows that are lost. */

#include "core/transport/keepalive.h"

#include <string.h>

enum { INTERVAL_MS = 120000, UDP_INTERVAL_MS = 30000 };

/* --- one flow --- */

bool keepalive_watches(const struct keepalive *k, const struct flow *flow)
{
	return k->set != NULL && k->err == OK && k->flow.leg == flow->leg
	       && k->flow.conn == flow->conn
	       && addr_eq(&k->flow.remote, &flow->remote);
}

static void on_due(void *arg);

/* RFC 5626 4.4: "between 80% and 100%", lest all clients ping at once. */
static void arm(struct keepalive *k)
{
	struct keepalive_set *set = k->set;
	uint64_t wait_ms = set->interval_ms;

	if (!k->pings || wait_ms == 0) {
		timer_cancel(&k->timer);
		return;
	}
	if (!transport_is_reliable(k->flow.leg->transport)
	    && wait_ms > UDP_INTERVAL_MS)
		wait_ms = UDP_INTERVAL_MS;
	wait_ms -= env_random_below(set->env, wait_ms / 5 + 1);
	timer_arm(&k->timer, &set->env->timers, wait_ms, on_due, k);
}

static void on_dead(void *arg)
{
	struct keepalive *k = arg;
	char text[KEEPALIVE_TEXT];

	memcpy(text, k->text, sizeof(text));
	keepalive_stop(k);
	k->fn(k, k->err, text, k->arg);
}

static void fail(struct keepalive *k, enum error err, const char *text)
{
	size_t len = strlen(text);

	if (len >= sizeof(k->text))
		len = sizeof(k->text) - 1;
	memcpy(k->text, text, len);
	k->text[len] = '\0';
	k->err = err;
	if (err == ERR_TIMEOUT && !k->answered)
		k->lenient = true;
	timer_arm(&k->timer, &k->set->env->timers, 0, on_dead, k);
}

static void on_due(void *arg)
{
	struct keepalive *k = arg;
	struct leg *leg = k->flow.leg;
	bool answered = false;
	enum error err = OK;

	if (leg->ops->ping != NULL)
		err = leg->ops->ping(leg, &k->flow, !k->lenient, &answered);
	if (answered) {
		k->answered = true;
		k->lenient = false;
	}
	if (err == OK)
		arm(k);
	else
		fail(k, err, error_text(err));
}

void keepalive_start(struct keepalive *k, struct keepalive_set *set,
                     const struct flow *flow, bool pings, keepalive_fn *fn,
                     void *arg)
{
	keepalive_stop(k);
	k->set = set;
	k->flow = *flow;
	k->pings = pings;
	k->err = OK;
	k->fn = fn;
	k->arg = arg;
	list_append(&set->all, &k->node);
	arm(k);
}

void keepalive_stop(struct keepalive *k)
{
	if (k->set == NULL)
		return;
	timer_cancel(&k->timer);
	list_remove(&k->node);
	k->set = NULL;
}

/* --- all of them --- */

void keepalive_set_init(struct keepalive_set *set, struct env *env)
{
	set->env = env;
	set->interval_ms = INTERVAL_MS;
	list_init(&set->all);
}

void keepalive_set_deinit(struct keepalive_set *set)
{
	while (!list_empty(&set->all))
		keepalive_stop(CONTAINER_OF(set->all.next, struct keepalive,
		                            node));
}

void keepalive_set_interval(struct keepalive_set *set, uint64_t interval_ms)
{
	if (set->interval_ms == interval_ms)
		return;
	set->interval_ms = interval_ms;
	LIST_EACH(it, &set->all) {
		struct keepalive *k = CONTAINER_OF(it, struct keepalive, node);

		if (k->err == OK)
			arm(k);
	}
}

void keepalive_set_failed(struct keepalive_set *set, const struct flow *flow,
                          enum error err, const char *text)
{
	LIST_EACH(it, &set->all) {
		struct keepalive *k = CONTAINER_OF(it, struct keepalive, node);

		if (keepalive_watches(k, flow))
			fail(k, err, text);
	}
}
