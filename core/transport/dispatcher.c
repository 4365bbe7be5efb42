/* The gate between the legs and the layers above: parse, check, trace, send. */

#include "core/transport/dispatcher.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/transport/reply.h"

/* The sent-by that was last found to be ours: asking a leg for its address
 * may cost it a system call, and most responses repeat the last one's. */
struct known_sent_by {
	const struct leg *leg;
	struct addr remote;
	size_t len;
	char text[ADDR_TEXT];
};

struct dispatcher {
	struct env *env;
	struct locator *locator;
	struct message_limits limits;
	struct list legs;
	dispatcher_receive_fn *receive;
	dispatcher_failed_fn *failed;
	void *receiver_arg;
	trace_fn *trace;
	void *trace_arg;
	struct message *spare;          /* not in use at the moment */
	struct buf answer;
	struct hash tags;               /* never filled: lends its secret */
	struct known_sent_by known;
	struct locate_preferences derived;
	struct dispatcher_stats stats;
	struct reply_set replies;
	struct keepalive_set keepalives;
};

struct dispatcher *dispatcher_new(struct env *env, struct locator *locator,
                                  const struct message_limits *limits)
{
	struct dispatcher *d = calloc(1, sizeof(*d));
	uint64_t seed[2];

	if (d == NULL)
		return NULL;
	d->env = env;
	reply_set_init(&d->replies, d);
	keepalive_set_init(&d->keepalives, env);
	d->locator = locator;
	d->limits = *limits;
	list_init(&d->legs);
	env_random(env, seed, sizeof(seed));
	hash_init(&d->tags, seed);
	return d;
}

static void message_free(struct message *m)
{
	if (m == NULL)
		return;
	message_deinit(m);
	free(m);
}

void dispatcher_free(struct dispatcher *d)
{
	if (d == NULL)
		return;
	reply_set_deinit(&d->replies);
	keepalive_set_deinit(&d->keepalives);
	LIST_EACH(it, &d->legs) {
		struct leg *leg = CONTAINER_OF(it, struct leg, node);

		list_remove(it);
		leg->ops->close(leg);
	}
	message_free(d->spare);
	buf_deinit(&d->answer);
	hash_deinit(&d->tags);
	free(d);
}

struct env *dispatcher_env(struct dispatcher *d)
{
	return d->env;
}

struct locator *dispatcher_locator(struct dispatcher *d)
{
	return d->locator;
}

const struct message_limits *dispatcher_limits(const struct dispatcher *d)
{
	return &d->limits;
}

struct keepalive_set *dispatcher_keepalives(struct dispatcher *d)
{
	return &d->keepalives;
}

const struct dispatcher_stats *dispatcher_stats(const struct dispatcher *d)
{
	return &d->stats;
}

const struct list *dispatcher_legs(const struct dispatcher *d)
{
	return &d->legs;
}

void dispatcher_set_receiver(struct dispatcher *d,
                             dispatcher_receive_fn *receive,
                             dispatcher_failed_fn *failed, void *arg)
{
	d->receive = receive;
	d->failed = failed;
	d->receiver_arg = arg;
}

void dispatcher_set_trace(struct dispatcher *d, trace_fn *fn, void *arg)
{
	d->trace = fn;
	d->trace_arg = arg;
}

/* --- legs --- */

static bool same_preferences(const struct locate_preferences *a,
                             const struct locate_preferences *b)
{
	if (a->ntransports != b->ntransports || a->ipv4 != b->ipv4
	    || a->ipv6 != b->ipv6)
		return false;
	for (unsigned i = 0; i < a->ntransports; i++)
		if (a->transports[i] != b->transports[i])
			return false;
	return true;
}

static void add_preference(struct locate_preferences *p,
                           const struct leg *leg)
{
	unsigned i = 0;

	if (leg->local.family == FAMILY_IPV4)
		p->ipv4 = true;
	if (leg->local.family == FAMILY_IPV6)
		p->ipv6 = true;
	while (i < p->ntransports && p->transports[i] != leg->transport)
		i++;
	if (i == p->ntransports && i < ARRAY_LEN(p->transports))
		p->transports[p->ntransports++] = leg->transport;
}

void dispatcher_add_leg(struct dispatcher *d, struct leg *leg)
{
	list_append(&d->legs, &leg->node);
	if (d->locator == NULL
	    || !same_preferences(locator_preferences(d->locator),
	                         &d->derived))
		return;         /* somebody set them on purpose */
	add_preference(&d->derived, leg);
	locator_set_preferences(d->locator, &d->derived);
}

struct leg *dispatcher_leg_for(struct dispatcher *d, enum transport t,
                               enum family family)
{
	LIST_EACH(it, &d->legs) {
		struct leg *leg = CONTAINER_OF(it, struct leg, node);

		if (leg->transport == t && leg->local.family == family)
			return leg;
	}
	return NULL;
}

/* --- sending --- */

enum error dispatcher_send(struct dispatcher *d, struct flow *flow,
                           struct slice name, struct slice wire)
{
	struct leg *leg = flow->leg;
	enum error err;

	if (d->trace != NULL)
		d->trace(DIRECTION_OUT, flow, wire, d->trace_arg);
	err = leg->ops->send(leg, flow, name, wire);
	if (err == OK)
		leg->sent++;
	return err;
}

enum error dispatcher_send_response(struct dispatcher *d,
                                    const struct flow *from,
                                    const struct via *via,
                                    struct slice wire)
{
	enum transport t = from->leg->transport;
	struct flow to = *from;
	enum error err;

	if (!transport_is_reliable(t)) {
		to.conn = 0;
		response_target(via, &from->remote, &to.remote);
		return dispatcher_send(d, &to, SLICE_EMPTY, wire);
	}
	err = dispatcher_send(d, &to, SLICE_EMPTY, wire);
	if (err != ERR_NOT_FOUND)
		return err;
	/* 18.2.2: that connection is gone, so a new one to where the sender
	 * listens */
	to.conn = 0;
	to.remote.port = via->port != 0 ? via->port
	                                : transport_default_port(t);
	/* ... which has to prove over TLS that it is there (RFC 5922). */
	err = dispatcher_send(d, &to, via->host, wire);
	if (err == OK)
		reply_watch(&d->replies, &to, via, wire);
	return err;
}

enum { TAG_LEN = 16 };

static void stateless_tag(const struct dispatcher *d, const struct message *m,
                          char out[TAG_LEN])
{
	static const char hex[] = "0123456789abcdef";
	struct slice parts[] = {
		m->via.sent_by, m->via.branch, m->from.tag, m->call_id,
		message_header(m, HEADER_CSEQ, 0),
	};
	uint64_t h = hash_of(&d->tags, parts, ARRAY_LEN(parts));

	for (int i = 0; i < TAG_LEN; i++, h >>= 4)
		out[i] = hex[h & 15];
}

enum error dispatcher_answer(struct dispatcher *d, const struct message *m,
                             const struct flow *from,
                             const struct response_parts *parts)
{
	struct response_parts p = *parts;
	char tag[TAG_LEN];

	if (!m->is_request || m->method == METHOD_ACK)
		return ERR_BAD_STATE;
	stateless_tag(d, m, tag);
	p.to_tag = slice_make(tag, sizeof(tag));
	buf_reset(&d->answer);
	response_print(&d->answer, m, &from->remote, &p);
	if (buf_error(&d->answer) != OK)
		return buf_error(&d->answer);
	return dispatcher_send_response(d, from, &m->via,
	                                buf_view(&d->answer));
}

/* --- receiving --- */

/* A message at hand is taken out while in use, so that a receive from inside
 * a receive finds another one. NULL: no memory. */
static struct message *take_message(struct dispatcher *d)
{
	struct message *m = d->spare;

	d->spare = NULL;
	if (m != NULL)
		return m;
	m = malloc(sizeof(*m));
	if (m != NULL)
		message_init(m);
	return m;
}

static void give_message(struct dispatcher *d, struct message *m)
{
	if (d->spare == NULL)
		d->spare = m;
	else
		message_free(m);
}

static void drop(uint64_t *counter, const struct flow *from, const char *why)
{
	char text[ADDR_TEXT];

	(*counter)++;
	log_write(LOG_DEBUG, "dropped a message from %s: %s",
	          addr_text(&from->remote, text), why);
}

static void refuse(struct dispatcher *d, const struct message *m,
                   const struct flow *from, const struct fault *fault)
{
	struct response_parts parts = {
		.status = fault->status,
		.reason = slice_str(fault->reason),
	};

	if (!m->is_request) {
		drop(&d->stats.malformed_responses, from, fault->reason);
		return;
	}
	drop(&d->stats.malformed_requests, from, fault->reason);
	if (message_is_answerable(m))
		dispatcher_answer(d, m, from, &parts);
}

static bool is_known_sent_by(const struct dispatcher *d,
                             const struct flow *from, struct slice sent_by)
{
	const struct known_sent_by *k = &d->known;

	return k->leg == from->leg && addr_same_ip(&k->remote, &from->remote)
	       && slice_eq(slice_make(k->text, k->len), sent_by);
}

static void know_sent_by(struct dispatcher *d, const struct flow *from,
                         struct slice sent_by)
{
	struct known_sent_by *k = &d->known;

	if (sent_by.len > sizeof(k->text))
		return;
	k->leg = from->leg;
	k->remote = from->remote;
	k->len = sent_by.len;
	memcpy(k->text, sent_by.p, sent_by.len);
}

/* What leg_print_via() would have written towards remote. */
static bool leg_is_sent_by(struct leg *leg, const struct addr *remote,
                           const struct via *via)
{
	struct addr host, local;
	uint16_t port = via->port;

	if (leg->transport != via->transport)
		return false;
	if (leg->sent_by != NULL)
		return slice_eq_nocase(via->host, slice_str(leg->sent_by));
	if (port == 0)
		port = transport_default_port(leg->transport);
	return addr_parse_ip(via->host, &host)
	       && leg->ops->source(leg, remote, &local) == OK
	       && local.port == port && addr_same_ip(&local, &host);
}

/* 18.1.2. A response to another of our legs may come over this one: its
 * sender was free to open a connection of its own (18.2.2). */
static bool is_sent_by_us(struct dispatcher *d, const struct flow *from,
                          const struct via *via)
{
	if (is_known_sent_by(d, from, via->sent_by))
		return true;
	LIST_EACH(it, &d->legs) {
		struct leg *leg = CONTAINER_OF(it, struct leg, node);

		if (leg_is_sent_by(leg, &from->remote, via)) {
			know_sent_by(d, from, via->sent_by);
			return true;
		}
	}
	return false;
}

static void pass_on(struct dispatcher *d, const struct message *m,
                    const struct flow *from)
{
	if (!m->is_request && m->nvias != 1) {
		drop(&d->stats.malformed_responses, from, "two Vias");
		return;
	}
	if (!m->is_request && !is_sent_by_us(d, from, &m->via)) {
		drop(&d->stats.malformed_responses, from,
		     "its Via is not ours");
		return;
	}
	if (!m->is_request && !via_learnt(&m->via, &from->leg->learnt))
		from->leg->learnt = (struct addr){ 0 };
	if (d->receive != NULL)
		d->receive(m, from, d->receiver_arg);
}

/* broken: what the framing said, or NULL. */
static void receive(struct dispatcher *d, struct message *m,
                    const struct flow *from, struct slice wire,
                    const struct fault *broken)
{
	struct fault fault = { 0 }, unchecked;
	enum error err = message_parse(m, wire, &d->limits, &fault);

	if (err == ERR_NOMEM) {
		log_write(LOG_WARNING, "no memory for a message");
		return;
	}
	if (err != OK) {
		drop(&d->stats.not_sip, from, "no SIP");
		return;
	}
	if (broken != NULL)
		fault = *broken;
	if (fault.status != 0)
		message_check(m, &unchecked);   /* for what can be answered */
	else
		message_check(m, &fault);
	if (fault.status != 0)
		refuse(d, m, from, &fault);
	else
		pass_on(d, m, from);
}

static void trace_and_receive(struct dispatcher *d, const struct flow *from,
                              struct slice wire, const struct fault *broken)
{
	struct message *m = take_message(d);

	from->leg->received++;
	if (d->trace != NULL)
		d->trace(DIRECTION_IN, from, wire, d->trace_arg);
	if (m == NULL) {
		log_write(LOG_WARNING, "no memory for a message");
		return;
	}
	receive(d, m, from, wire, broken);
	give_message(d, m);
}

void dispatcher_receive(struct dispatcher *d, const struct flow *from,
                        struct slice wire)
{
	trace_and_receive(d, from, wire, NULL);
}

void dispatcher_receive_broken(struct dispatcher *d, const struct flow *from,
                               struct slice wire, const struct fault *fault)
{
	assert(fault->status != 0);
	trace_and_receive(d, from, wire, fault);
}

void dispatcher_failed(struct dispatcher *d, const struct flow *flow,
                       enum error err, const char *text)
{
	reply_retry(&d->replies, flow);
	keepalive_set_failed(&d->keepalives, flow, err, text);
	if (d->failed != NULL)
		d->failed(flow, err, text, d->receiver_arg);
}
