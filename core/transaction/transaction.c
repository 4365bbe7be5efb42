/* The transaction layer: gives each arrival to its own (RFC 3261 17). */

#include "core/transaction/internal.h"

#include <stdlib.h>

const struct transaction_settings transaction_settings_default = {
	.t1_ms = 500,
	.t2_ms = 4000,
	.t4_ms = 5000,
	.max_incoming = 100,
	.max_finished = 50000,
};

const char *state_name(enum state s)
{
	static const char *const names[STATE_COUNT] = {
		[STATE_NONE] = "",
		[CALLING]    = "calling",
		[TRYING]     = "trying",
		[PROCEEDING] = "proceeding",
		[ACCEPTED]   = "accepted",
		[COMPLETED]  = "completed",
		[CONFIRMED]  = "confirmed",
		[TERMINATED] = "terminated",
	};

	return names[s];
}

/* --- the dead --- */

static void free_dead(struct transactions *ts)
{
	LIST_EACH(it, &ts->dead) {
		struct grave *g = CONTAINER_OF(it, struct grave, node);

		list_remove(it);
		free(g->what);
	}
}

static void on_reaper(void *arg)
{
	free_dead(arg);
}

void layer_bury(struct transactions *ts, struct grave *g, void *what)
{
	g->what = what;
	list_append(&ts->dead, &g->node);
	if (!timer_armed(&ts->reaper))
		timer_arm(&ts->reaper, &ts->env->timers, 0, on_reaper, ts);
}

/* --- time --- */

uint32_t layer_now_ms(const struct transactions *ts)
{
	return (uint32_t)(env_now_us(ts->env) / 1000);
}

uint64_t layer_64_t1(const struct transactions *ts)
{
	return 64 * (uint64_t)ts->settings.t1_ms;
}

static void beat_arm(struct beat *b, struct transactions *ts, timer_fn *fn,
                     void *arg)
{
	uint64_t left_us = b->due_us - env_now_us(ts->env);

	timer_arm(&b->timer, &ts->env->timers, (left_us + 999) / 1000, fn, arg);
}

void beat_start(struct beat *b, struct transactions *ts, uint32_t interval_ms,
                timer_fn *fn, void *arg)
{
	b->interval_ms = interval_ms;
	b->due_us = env_now_us(ts->env) + (uint64_t)interval_ms * 1000;
	beat_arm(b, ts, fn, arg);
}

void beat_again(struct beat *b, struct transactions *ts, uint32_t interval_ms,
                timer_fn *fn, void *arg)
{
	b->due_us += (uint64_t)interval_ms * 1000;
	b->interval_ms = interval_ms;
	/* a process that was asleep does not catch up with a burst */
	if (b->due_us < env_now_us(ts->env))
		beat_start(b, ts, interval_ms, fn, arg);
	else
		beat_arm(b, ts, fn, arg);
}

/* --- what arrives --- */

static void refuse_merged(struct transactions *ts, const struct message *m,
                          const struct flow *from)
{
	const struct response_parts parts = { .status = 482 };

	dispatcher_answer(ts->dispatcher, m, from, &parts);
}

static void refuse_busy(struct transactions *ts, const struct message *m,
                        const struct flow *from)
{
	const struct field retry = {
		.name = SLICE_INIT("Retry-After"),
		.value = SLICE_INIT("10"),
	};
	const struct response_parts parts = {
		.status = 503,
		.fields = &retry,
		.nfields = 1,
	};

	dispatcher_answer(ts->dispatcher, m, from, &parts);
}

/* A CANCEL makes room, so it is let in where all else is refused. */
static bool is_full(const struct transactions *ts, const struct message *m)
{
	return ts->pending_servers >= ts->settings.max_incoming
	       && m->method != METHOD_CANCEL;
}

static void receive_ack(struct transactions *ts, const struct message *m,
                        const struct flow *from)
{
	struct server_transaction *t = server_find_acked(ts, m);

	if (t != NULL)
		server_receive(t, m, from);
	else if (ts->request != NULL)
		ts->request(NULL, m, from, ts->user_arg);
}

static void receive_request(struct transactions *ts, const struct message *m,
                            const struct flow *from)
{
	struct server_transaction *t;
	struct server_mark mark;

	server_mark(ts, m, m->method, &mark);
	t = server_find(ts, &mark);
	if (t != NULL)
		server_receive(t, m, from);
	else if (ts->request == NULL)
		return;
	else if (server_is_merged(ts, &mark, m))
		refuse_merged(ts, m, from);
	else if (is_full(ts, m) || server_start(ts, &mark, m, from) != OK)
		refuse_busy(ts, m, from);
}

static void receive_response(struct transactions *ts, const struct message *m,
                             const struct flow *from)
{
	struct client_transaction *t = client_find(ts, m);

	if (t != NULL)
		client_receive(t, m, from);
	else if (ts->stray != NULL)
		ts->stray(m, from, ts->user_arg);
}

static void on_receive(const struct message *m, const struct flow *from,
                       void *arg)
{
	if (!m->is_request)
		receive_response(arg, m, from);
	else if (m->method == METHOD_ACK)
		receive_ack(arg, m, from);
	else
		receive_request(arg, m, from);
}

/* All are taken out first: what a callback starts to the same place comes
 * after the failure and is not concerned. */
static void on_failed(const struct flow *flow, enum error err,
                      const char *text, void *arg)
{
	struct transactions *ts = arg;
	struct list concerned;

	peer_take(&ts->peers, flow, &concerned);
	while (!list_empty(&concerned)) {
		struct list *first = concerned.next;

		list_remove(first);
		client_fail(CONTAINER_OF(first, struct peer_link, node), err,
		            text);
	}
}

/* --- the layer itself --- */

static void seed_hash(struct env *env, struct hash *h)
{
	uint64_t seed[2];

	env_random(env, seed, sizeof(seed));
	hash_init(h, seed);
}

struct transactions *transactions_new(struct dispatcher *d,
                                      const struct transaction_settings *s)
{
	struct transactions *ts = calloc(1, sizeof(*ts));

	if (ts == NULL)
		return NULL;
	ts->dispatcher = d;
	ts->env = dispatcher_env(d);
	ts->settings = *s;
	seed_hash(ts->env, &ts->clients);
	seed_hash(ts->env, &ts->servers);
	seed_hash(ts->env, &ts->merged);
	seed_hash(ts->env, &ts->peers);
	list_init(&ts->finished);
	list_init(&ts->dead);
	message_init(&ts->scratch);
	dispatcher_set_receiver(d, on_receive, on_failed, ts);
	return ts;
}

static void free_client(struct hash_node *node, void *arg)
{
	(void)arg;
	client_free(CONTAINER_OF(node, struct client_transaction, node));
}

static void free_server(struct hash_node *node, void *arg)
{
	(void)arg;
	server_free(CONTAINER_OF(node, struct server_transaction, node));
}

void transactions_free(struct transactions *ts)
{
	if (ts == NULL)
		return;
	dispatcher_set_receiver(ts->dispatcher, NULL, NULL, NULL);
	hash_each(&ts->clients, free_client, NULL);
	hash_each(&ts->servers, free_server, NULL);
	free_dead(ts);
	timer_cancel(&ts->reaper);
	hash_deinit(&ts->clients);
	hash_deinit(&ts->servers);
	hash_deinit(&ts->merged);
	hash_deinit(&ts->peers);
	buf_deinit(&ts->key);
	buf_deinit(&ts->text);
	message_deinit(&ts->scratch);
	free(ts);
}

void transactions_set_user(struct transactions *ts, request_fn *request,
                           stray_fn *stray, void *arg)
{
	ts->request = request;
	ts->stray = stray;
	ts->user_arg = arg;
}

struct transaction_settings *transactions_settings(struct transactions *ts)
{
	return &ts->settings;
}

struct dispatcher *transactions_dispatcher(struct transactions *ts)
{
	return ts->dispatcher;
}

/* --- for tables --- */

struct each {
	transaction_info_fn *fn;
	void *arg;
};

static void tell_client(struct hash_node *node, void *arg)
{
	const struct client_transaction *t =
		CONTAINER_OF(node, struct client_transaction, node);
	const struct each *each = arg;
	const struct transaction_info info = {
		.client = true,
		.method = t->method,
		.state = state_name(t->state),
		.branch = client_branch(t),
		.remote = t->flow.remote,
		.transport = t->flow.leg->transport,
		.retransmits = t->retransmits,
		.age_ms = layer_now_ms(t->ts) - t->started_ms,
	};

	each->fn(&info, each->arg);
}

static void tell_server(struct hash_node *node, void *arg)
{
	const struct server_transaction *t =
		CONTAINER_OF(node, struct server_transaction, node);
	const struct flow *flow = server_transaction_flow(t);
	const struct each *each = arg;
	struct transaction_info info = {
		.method = t->method,
		.state = state_name(t->state),
		.branch = server_branch(t),
		.retransmits = t->retransmits,
		.age_ms = layer_now_ms(t->ts) - t->started_ms,
	};

	if (flow != NULL) {
		info.remote = flow->remote;
		info.transport = flow->leg->transport;
	}
	each->fn(&info, each->arg);
}

void transactions_each(struct transactions *ts, transaction_info_fn *fn,
                       void *arg)
{
	struct each each = { fn, arg };

	hash_each(&ts->clients, tell_client, &each);
	hash_each(&ts->servers, tell_server, &each);
}

size_t transactions_count(const struct transactions *ts)
{
	return ts->clients.count + ts->servers.count;
}

size_t transactions_pending(const struct transactions *ts)
{
	return ts->pending_clients + ts->pending_servers;
}
