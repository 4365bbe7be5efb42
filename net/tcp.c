/* The TCP leg: its listener, and which connection a message goes over. */

#include "net/tcp.h"

#include <stdlib.h>

#include "core/base/log.h"
#include "net/socket.h"

enum {
	ACCEPTS_MAX = 64,               /* per turn */
	ACCEPT_PAUSE_MS = 1000          /* when descriptors have run out */
};

const struct tcp_limits tcp_limits_default = {
	.inbound = 64,
	.each = {
		.queue = 1 << 20,
		.connect_ms = 10000,
		.head_ms = 10000,
		.message_ms = 32000,
		.pong_ms = 10000,
		.idle_ms = 300000,
	},
};

struct tcp_leg {
	struct leg leg;
	struct loop *loop;
	struct dispatcher *dispatcher;
	struct tcp_limits limits;
	struct conn_setup setup;
	int listener;
	int reserved;                   /* or who only keeps our port */
	struct timer resume;            /* accepting */
	struct list conns;
	unsigned ninbound;
	struct hash by_id, by_remote;
	uint64_t last_id;
	struct socket_sources sources;
	char name[ENV_TOKEN_LEN + 9];   /* where it is nameless */
	bool accepting, closed;         /* closed while accepting: freed then */
};

static struct tcp_leg *tcp_of(struct leg *leg)
{
	return CONTAINER_OF(leg, struct tcp_leg, leg);
}

/* --- the table of connections --- */

static uint64_t hash_id(const struct tcp_leg *t, uint64_t id)
{
	struct slice key = slice_make((const char *)&id, sizeof(id));

	return hash_of(&t->by_id, &key, 1);
}

static uint64_t hash_remote(const struct tcp_leg *t, const struct addr *a)
{
	char octets[19];
	struct slice key = addr_key(a, octets);

	return hash_of(&t->by_remote, &key, 1);
}

static struct conn *find_id(const struct tcp_leg *t, uint64_t id)
{
	for (struct hash_node *n = hash_first(&t->by_id, hash_id(t, id));
	     n != NULL; n = hash_next(n)) {
		struct conn *c = CONTAINER_OF(n, struct conn, by_id);

		if (c->id == id)
			return c;
	}
	return NULL;
}

/* That requests to name may go over (RFC 5922 for TLS). */
static struct conn *find_remote(const struct tcp_leg *t,
                                const struct addr *remote, struct slice name)
{
	uint64_t h = hash_remote(t, remote);

	for (struct hash_node *n = hash_first(&t->by_remote, h); n != NULL;
	     n = hash_next(n)) {
		struct conn *c = CONTAINER_OF(n, struct conn, by_remote);

		if (addr_eq(&c->remote, remote) && conn_suits(c, name))
			return c;
	}
	return NULL;
}

static void forget(struct tcp_leg *t, struct conn *c)
{
	list_remove(&c->node);
	hash_remove(&t->by_id, &c->by_id);
	hash_remove(&t->by_remote, &c->by_remote);
	if (c->inbound)
		t->ninbound--;
}

static enum error remember(struct tcp_leg *t, struct conn *c)
{
	enum error err;

	c->owner = t;
	c->id = ++t->last_id;
	list_append(&t->conns, &c->node);
	if (c->inbound)
		t->ninbound++;
	err = hash_insert(&t->by_id, &c->by_id, hash_id(t, c->id));
	if (err == OK)
		err = hash_insert(&t->by_remote, &c->by_remote,
		                  hash_remote(t, &c->remote));
	if (err != OK)
		forget(t, c);
	return err;
}

/* --- what connections tell --- */

static struct flow flow_of(const struct conn *c)
{
	struct tcp_leg *t = c->owner;

	return (struct flow){
		.leg = &t->leg,
		.remote = c->remote,
		.conn = c->id,
	};
}

static void on_received(struct conn *c, struct slice wire)
{
	struct tcp_leg *t = c->owner;
	struct flow from = flow_of(c);

	dispatcher_receive(t->dispatcher, &from, wire);
}

static void on_broken(struct conn *c, struct slice wire,
                      const struct fault *fault)
{
	struct tcp_leg *t = c->owner;
	struct flow from = flow_of(c);

	dispatcher_receive_broken(t->dispatcher, &from, wire, fault);
}

static void on_closed(struct conn *c, enum error err, const char *why)
{
	struct tcp_leg *t = c->owner;
	struct flow flow = flow_of(c);
	struct buf text = { 0 };
	char remote[ADDR_TEXT];

	buf_printf(&text, "%s:%s: %s", transport_name(t->leg.transport),
	           addr_text(&flow.remote, remote), why);
	forget(t, c);
	conn_free(c);
	dispatcher_failed(t->dispatcher, &flow, err, buf_cstr(&text));
	buf_deinit(&text);
}

static const struct conn_events conn_events = {
	.received = on_received,
	.broken = on_broken,
	.closed = on_closed,
};

/* --- accepting --- */

static struct conn *idlest_inbound(const struct tcp_leg *t)
{
	struct conn *found = NULL;

	LIST_EACH(it, &t->conns) {
		struct conn *c = CONTAINER_OF(it, struct conn, node);

		if (c->inbound
		    && (found == NULL || c->last_us < found->last_us))
			found = c;
	}
	return found;
}

static void make_way(struct tcp_leg *t)
{
	struct conn *c = idlest_inbound(t);

	if (c != NULL)
		conn_fail(c, ERR_LIMIT, "closed to make way for another");
}

static void tcp_acceptable(int fd, unsigned events, void *arg);

static void resume_accepting(void *arg)
{
	struct tcp_leg *t = arg;

	(void)loop_watch_bulk(t->loop, t->listener, LOOP_READ, tcp_acceptable,
	                      t);
}

/* Who waits at the door keeps the listener readable: without a pause the
 * loop would spin until a descriptor is free. */
static void pause_accepting(struct tcp_leg *t)
{
	log_write(LOG_WARNING, "too many open files: a connection must wait");
	loop_unwatch(t->loop, t->listener);
	timer_arm(&t->resume, &loop_env(t->loop)->timers, ACCEPT_PAUSE_MS,
	          resume_accepting, t);
}

static void take_in(struct tcp_leg *t, int fd, const struct addr *from)
{
	struct conn *c = conn_accepted(&t->setup, fd, from);

	if (c == NULL)
		return;
	if (remember(t, c) != OK)
		conn_free(c);
	else if (t->ninbound > t->limits.inbound)
		make_way(t);
}

/* False: nobody else to take in now. */
static bool accept_one(struct tcp_leg *t)
{
	struct addr from;
	int fd;
	enum error err = socket_accept(t->listener, &fd, &from);

	if (err == OK)
		take_in(t, fd, &from);
	if (err == ERR_LIMIT)
		pause_accepting(t);
	return err == OK || err == ERR_RESET;
}

static void tcp_acceptable(int fd, unsigned events, void *arg)
{
	struct tcp_leg *t = arg;
	unsigned n = 0;

	(void)fd;
	(void)events;
	t->accepting = true;
	while (!t->closed && n++ < ACCEPTS_MAX && accept_one(t))
		;
	t->accepting = false;
	if (t->closed)
		free(t);
}

/* --- the leg's operations --- */

/* The port of a leg without listener. */
static enum error reserve(struct tcp_leg *t)
{
	const char *why;
	enum error err;

	if (t->leg.local.port != 0)
		return OK;
	err = socket_reserve_tcp(&t->leg.local, &t->reserved, &why);
	return err == OK ? socket_local(t->reserved, &t->leg.local) : err;
}

static enum error connect_to(struct tcp_leg *t, const struct addr *remote,
                             struct slice name, struct conn **out)
{
	const char *why;
	char text[ADDR_TEXT];
	enum error err = reserve(t);

	if (err != OK)
		return err;
	err = conn_connect(&t->setup, remote, name, out, &why);
	if (err != OK) {
		log_write(LOG_INFO, "%s:%s: %s",
		          transport_name(t->leg.transport),
		          addr_text(remote, text), why);
		return err;
	}
	err = remember(t, *out);
	if (err != OK)
		conn_free(*out);
	return err;
}

static enum error tcp_send(struct leg *leg, struct flow *flow,
                           struct slice name, struct slice wire)
{
	struct tcp_leg *t = tcp_of(leg);
	struct conn *c;
	enum error err;

	c = flow->conn != 0 ? find_id(t, flow->conn)
	                    : find_remote(t, &flow->remote, name);
	if (c == NULL) {
		if (flow->conn != 0)
			return ERR_NOT_FOUND;
		err = connect_to(t, &flow->remote, name, &c);
		if (err != OK)
			return err;
	}
	err = conn_send(c, wire);
	if (err == OK)
		flow->conn = c->id;
	return err;
}

static enum error tcp_source(struct leg *leg, const struct addr *remote,
                             struct addr *out)
{
	struct tcp_leg *t = tcp_of(leg);
	enum error err = reserve(t);

	if (err != OK)
		return err;
	if (!addr_is_any(&leg->local)) {
		*out = leg->local;
		return OK;
	}
	err = socket_source(&t->sources, env_now_us(loop_env(t->loop)),
	                    remote, out);
	if (err == OK)
		out->port = leg->local.port;
	return err;
}

static enum error tcp_ping(struct leg *leg, const struct flow *flow,
                           bool must_answer, bool *answered)
{
	struct conn *c = find_id(tcp_of(leg), flow->conn);
	/* WebSocket has an answer of its own to a frame that is no message. */
	bool is_stream = leg->transport == TRANSPORT_TCP
	                 || leg->transport == TRANSPORT_TLS;
	enum error err;

	if (c == NULL)
		return ERR_NOT_FOUND;
	*answered = c->ponged;
	err = conn_ping(c, must_answer && is_stream);
	/* A queue that is full keeps the flow alive as well. */
	return err == ERR_LIMIT ? OK : err;
}

static void tcp_close(struct leg *leg)
{
	struct tcp_leg *t = tcp_of(leg);

	LIST_EACH(it, &t->conns) {
		struct conn *c = CONTAINER_OF(it, struct conn, node);

		forget(t, c);
		conn_free(c);
	}
	hash_deinit(&t->by_id);
	hash_deinit(&t->by_remote);
	timer_cancel(&t->resume);
	loop_unwatch(t->loop, t->listener);
	socket_close(&t->listener);
	socket_close(&t->reserved);
	t->closed = true;
	if (!t->accepting)
		free(t);
}

static const struct leg_ops tcp_ops = {
	.send = tcp_send,
	.source = tcp_source,
	.close = tcp_close,
	.ping = tcp_ping,
};

/* --- opening --- */

static void invent_name(struct tcp_leg *t)
{
	static const char zone[] = ".invalid";

	env_token(loop_env(t->loop), t->name);
	memcpy(t->name + ENV_TOKEN_LEN, zone, sizeof(zone));
	t->leg.sent_by = t->name;
}

static void tcp_init(struct tcp_leg *t, struct loop *loop,
                     struct dispatcher *d, const struct tcp_kind *kind)
{
	struct env *env = loop_env(loop);
	uint64_t seed[2];

	t->leg.ops = &tcp_ops;
	t->leg.transport = kind->transport;
	t->loop = loop;
	t->dispatcher = d;
	t->limits = tcp_limits_default;
	t->setup = (struct conn_setup){
		.loop = loop,
		.io = kind->io,
		.io_arg = kind->io_arg,
		.from = kind->listens ? NULL : &t->leg.local,
		.events = &conn_events,
		.message_limits = dispatcher_limits(d),
		.limits = &t->limits.each,
	};
	t->listener = -1;
	t->reserved = -1;
	list_init(&t->conns);
	env_random(env, seed, sizeof(seed));
	hash_init(&t->by_id, seed);
	hash_init(&t->by_remote, seed);
	/* Far from every other leg's: an id alone names a connection. */
	t->last_id = env_random_u64(env) >> 1;
	if (kind->nameless)
		invent_name(t);
}

static enum error begin_listening(struct tcp_leg *t, const char **why)
{
	enum error err = socket_listen_tcp(&t->leg.local, &t->listener, why);

	if (err != OK)
		return err;
	err = socket_local(t->listener, &t->leg.local);
	if (err == OK)
		err = loop_watch_bulk(t->loop, t->listener, LOOP_READ,
		                      tcp_acceptable, t);
	if (err != OK)
		*why = error_text(err);
	return err;
}

enum error tcp_leg_open_kind(struct loop *loop, struct dispatcher *d,
                             const struct tcp_kind *kind,
                             const struct addr *local, struct leg **out,
                             const char **why)
{
	struct tcp_leg *t = calloc(1, sizeof(*t));
	enum error err = OK;

	*why = error_text(ERR_NOMEM);
	if (t == NULL)
		return ERR_NOMEM;
	tcp_init(t, loop, d, kind);
	t->leg.local = *local;
	if (kind->listens)
		err = begin_listening(t, why);
	if (err == OK)
		*out = &t->leg;
	else
		tcp_close(&t->leg);
	return err;
}

enum error tcp_leg_open(struct loop *loop, struct dispatcher *d,
                        const struct addr *local, struct leg **out,
                        const char **why)
{
	static const struct tcp_kind plain = {
		.transport = TRANSPORT_TCP,
		.io = &conn_io_plain,
		.listens = true,
	};

	return tcp_leg_open_kind(loop, d, &plain, local, out, why);
}

struct tcp_limits *tcp_leg_limits(struct leg *leg)
{
	return &tcp_of(leg)->limits;
}

size_t tcp_leg_connections(const struct leg *leg)
{
	const struct tcp_leg *t = (const void *)leg;

	return t->by_id.count;
}

const struct list *tcp_leg_list(const struct leg *leg)
{
	const struct tcp_leg *t = (const void *)leg;

	return &t->conns;
}
