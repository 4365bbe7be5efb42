/* The fake world of core's tests. */

#include "tests/rig.h"

#include <check.h>
#include <stdlib.h>

#include "core/base/buf.h"

struct packet {
	struct list node;
	struct timer timer;
	struct rig *rig;
	struct rig_party *to;
	struct flow from;               /* as the receiver sees it */
	enum error err;                 /* not OK: the flow failed */
	struct slice wire;
};

struct pending_lookup {
	struct list node;
	struct timer timer;
	struct rig *rig;
	uint64_t id;
	enum record_kind kind;
	struct slice name;
	lookup_fn *fn;
	void *arg;
};

/* --- chance --- */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill(void *out, size_t n, void *arg)
{
	struct rig *r = arg;
	unsigned char *p = out;

	while (n-- > 0)
		*p++ = (unsigned char)(next_random(&r->random) >> 32);
}

void rig_noise_fate(const struct rig_sent *sent, size_t nth,
                    struct rig_fate *fate, void *arg)
{
	struct rig_noise *noise = arg;

	(void)sent;
	(void)nth;
	if (next_random(&noise->state) % 100 < noise->loss_percent)
		fate->copies = 0;
	else if (next_random(&noise->state) % 100 < noise->repeat_percent)
		fate->copies = 2;
	for (unsigned i = 0; i < fate->copies; i++)
		fate->delay_ms[i] = (uint32_t)(next_random(&noise->state)
		                               % (noise->delay_max_ms + 1));
}

/* --- time --- */

uint64_t rig_now_ms(const struct rig *r)
{
	return (env_now_us(&r->env) - r->start_us) / 1000;
}

static int64_t run_at(struct rig *r, uint64_t now_us)
{
	return env_advance(&r->env, now_us,
	                   r->env.wall_us
	                   + (int64_t)(now_us - env_now_us(&r->env)));
}

void rig_advance(struct rig *r, uint64_t ms)
{
	uint64_t end_us = env_now_us(&r->env) + ms * 1000;
	uint64_t now_us = env_now_us(&r->env);

	for (;;) {
		int64_t left_us = run_at(r, now_us);

		if (left_us < 0 || (uint64_t)left_us > end_us - now_us)
			break;
		now_us += (uint64_t)left_us;
	}
	run_at(r, end_us);
	rig_settle(r);
}

void rig_advance_to(struct rig *r, uint64_t at_ms)
{
	ck_assert_uint_ge(at_ms, rig_now_ms(r));
	rig_advance(r, at_ms - rig_now_ms(r));
}

void rig_settle(struct rig *r)
{
	while (run_at(r, env_now_us(&r->env)) == 0)
		;
}

/* --- the wire --- */

/*
 * What core calls may meet an allocation that fails on purpose, and then
 * reports it. There, no ck_assert() either: it allocates.
 */

struct addr rig_addr(const char *text)
{
	struct addr a;

	ck_assert_msg(addr_parse(slice_str(text), &a), "%s", text);
	return a;
}

static struct slice keep(struct rig *r, struct slice text)
{
	struct slice copy = arena_copy(&r->arena, text);

	ck_assert(copy.p != NULL);
	return copy;
}

static void on_packet(void *arg)
{
	struct packet *p = arg;

	list_remove(&p->node);
	if (p->err != OK)
		dispatcher_failed(p->to->dispatcher, &p->from, p->err,
		                  error_text(p->err));
	else
		dispatcher_receive(p->to->dispatcher, &p->from, p->wire);
	free(p);
}

static void launch(struct rig *r, const struct packet *packet,
                   uint32_t delay_ms)
{
	struct packet *p = malloc(sizeof(*p));

	if (p == NULL)
		return;         /* as good as lost */
	*p = *packet;
	p->rig = r;
	list_append(&r->underway, &p->node);
	timer_arm(&p->timer, &r->env.timers, delay_ms, on_packet, p);
}

static struct rig_leg *leg_at(struct rig *r, enum transport t,
                              const struct addr *a)
{
	for (struct rig_party *p = r->parties; p != NULL; p = p->next) {
		LIST_EACH(it, dispatcher_legs(p->dispatcher)) {
			struct rig_leg *leg =
				CONTAINER_OF(it, struct rig_leg, leg.node);

			if (leg->leg.transport == t
			    && addr_eq(&leg->source, a))
				return leg;
		}
	}
	return NULL;
}

static bool is_refusing(const struct rig *r, const struct addr *a)
{
	for (size_t i = 0; i < r->nrefusing; i++)
		if (addr_eq(&r->refusing[i], a))
			return true;
	return false;
}

static struct rig_conn *conn_by_id(struct rig *r, uint64_t id)
{
	for (size_t i = 0; i < r->nconns; i++)
		if (r->conns[i].id == id && r->conns[i].open)
			return &r->conns[i];
	return NULL;
}

static struct rig_conn *conn_new(struct rig *r, struct leg *leg,
                                 const struct addr *remote)
{
	struct rig_conn *c = &r->conns[r->nconns++];

	if (r->nconns == RIG_CONNS)
		ck_abort_msg("too many connections");
	*c = (struct rig_conn){
		.id = r->nconns,
		.leg = leg,
		.remote = *remote,
		.open = true,
	};
	return c;
}

static struct rig_conn *conn_open(struct rig *r, struct rig_leg *leg,
                                  const struct addr *remote)
{
	struct rig_leg *there = leg_at(r, leg->leg.transport, remote);
	struct rig_conn *c = conn_new(r, &leg->leg, remote);

	if (there != NULL) {
		struct addr ephemeral = leg->source;
		struct rig_conn *other;

		ephemeral.port = (uint16_t)(40000 + c->id);
		other = conn_new(r, &there->leg, &ephemeral);
		other->other = c->id;
		c->other = other->id;
	}
	return c;
}

static struct rig_conn *conn_to(struct rig *r, struct rig_leg *leg,
                                const struct flow *flow)
{
	if (flow->conn != 0)
		return conn_by_id(r, flow->conn);
	for (size_t i = 0; i < r->nconns; i++)
		if (r->conns[i].open && r->conns[i].leg == &leg->leg
		    && addr_eq(&r->conns[i].remote, &flow->remote))
			return &r->conns[i];
	return conn_open(r, leg, &flow->remote);
}

static bool make_room(struct rig *r)
{
	size_t more = r->sent_capacity * 2 + 16;
	struct rig_sent *grown;

	if (r->nsent < r->sent_capacity)
		return true;
	grown = realloc(r->sent, more * sizeof(*grown));
	if (grown == NULL)
		return false;
	r->sent = grown;
	r->sent_capacity = more;
	return true;
}

/* NULL: no memory. */
static const struct rig_sent *record(struct rig_leg *leg,
                                     const struct flow *flow,
                                     struct slice name, struct slice wire)
{
	struct rig *r = leg->party->rig;
	struct rig_sent s = {
		.at_ms = rig_now_ms(r),
		.party = leg->party,
		.flow = *flow,
		.name = arena_copy(&r->arena, name),
		.wire = arena_copy(&r->arena, wire),
	};

	if (s.name.p == NULL || s.wire.p == NULL || !make_room(r))
		return NULL;
	r->sent[r->nsent++] = s;
	return &r->sent[r->nsent - 1];
}

static void send_datagram(struct rig *r, struct rig_leg *leg,
                          const struct rig_sent *s)
{
	struct rig_leg *there = leg_at(r, leg->leg.transport, &s->flow.remote);
	struct rig_fate fate = { .copies = 1 };
	struct packet p = { .wire = s->wire };

	if (is_refusing(r, &s->flow.remote)) {
		p.to = leg->party;
		p.from = s->flow;
		p.err = ERR_REFUSED;
		launch(r, &p, 0);
		return;
	}
	if (r->fate != NULL)
		r->fate(s, r->nfated++, &fate, r->fate_arg);
	if (there == NULL)
		return;
	p.to = there->party;
	p.from = (struct flow){ .leg = &there->leg, .remote = leg->source };
	for (unsigned i = 0; i < fate.copies; i++)
		launch(r, &p, fate.delay_ms[i]);
}

static void send_stream(struct rig *r, struct rig_leg *leg,
                        struct rig_conn *c, const struct rig_sent *s)
{
	struct rig_conn *other = conn_by_id(r, c->other);
	struct packet p = { .wire = s->wire };

	if (is_refusing(r, &s->flow.remote)) {
		c->open = false;
		p.to = leg->party;
		p.from = s->flow;
		p.err = ERR_REFUSED;
		launch(r, &p, 0);
	} else if (other != NULL) {
		struct rig_leg *there =
			CONTAINER_OF(other->leg, struct rig_leg, leg);

		p.to = there->party;
		p.from = (struct flow){ other->leg, other->remote, other->id };
		launch(r, &p, 0);
	}
}

static enum error leg_send(struct leg *base, struct flow *flow,
                           struct slice name, struct slice wire)
{
	struct rig_leg *leg = CONTAINER_OF(base, struct rig_leg, leg);
	struct rig *r = leg->party->rig;
	const struct rig_sent *s;
	struct rig_conn *c = NULL;

	if (leg->send_error != OK)
		return leg->send_error;
	if (transport_is_reliable(base->transport)) {
		c = conn_to(r, leg, flow);
		if (c == NULL)
			return ERR_NOT_FOUND;
		flow->conn = c->id;
	}
	s = record(leg, flow, name, wire);
	if (s == NULL)
		return ERR_NOMEM;
	if (c == NULL)
		send_datagram(r, leg, s);
	else
		send_stream(r, leg, c, s);
	return OK;
}

static enum error leg_source(struct leg *base, const struct addr *remote,
                             struct addr *out)
{
	(void)remote;
	*out = CONTAINER_OF(base, struct rig_leg, leg)->source;
	return OK;
}

static void leg_close(struct leg *base)
{
	free(CONTAINER_OF(base, struct rig_leg, leg));
}

void rig_set_fate(struct rig *r, rig_fate_fn *fn, void *arg)
{
	r->fate = fn;
	r->fate_arg = arg;
	r->nfated = 0;
}

void rig_refuse(struct rig *r, const char *addr)
{
	ck_assert_uint_lt(r->nrefusing, RIG_DEAF);
	r->refusing[r->nrefusing++] = rig_addr(addr);
}

void rig_accept(struct rig *r, const char *addr)
{
	struct addr a = rig_addr(addr);

	for (size_t i = 0; i < r->nrefusing; i++)
		if (addr_eq(&r->refusing[i], &a))
			r->refusing[i] = r->refusing[--r->nrefusing];
}

void rig_break(struct rig_party *p, bool tell)
{
	struct rig *r = p->rig;

	for (size_t i = 0; i < r->nconns; i++) {
		struct rig_conn *c = &r->conns[i], *other;
		struct flow flow = { c->leg, c->remote, c->id };

		if (!c->open
		    || CONTAINER_OF(c->leg, struct rig_leg, leg)->party != p)
			continue;
		c->open = false;
		other = conn_by_id(r, c->other);
		if (other != NULL)
			other->open = false;
		if (tell)
			dispatcher_failed(p->dispatcher, &flow, ERR_RESET,
			                  error_text(ERR_RESET));
	}
}

/* --- parties --- */

struct rig_leg *rig_add_leg(struct rig_party *p, enum transport t,
                            const char *addr)
{
	static const struct leg_ops ops = {
		.send = leg_send, .source = leg_source, .close = leg_close,
	};
	struct rig_leg *leg = calloc(1, sizeof(*leg));

	ck_assert_ptr_nonnull(leg);
	leg->leg.ops = &ops;
	leg->leg.transport = t;
	leg->leg.local = rig_addr(addr);
	leg->source = leg->leg.local;
	leg->party = p;
	dispatcher_add_leg(p->dispatcher, &leg->leg);
	return leg;
}

void rig_join(struct rig *r, struct rig_party *p, const char *ip,
              unsigned transports)
{
	*p = (struct rig_party){ .rig = r, .next = r->parties };
	r->parties = p;
	p->locator = locator_new(&r->env, &rig_lookup_ops, r);
	ck_assert_ptr_nonnull(p->locator);
	p->dispatcher = dispatcher_new(&r->env, p->locator,
	                               &message_limits_default);
	ck_assert_ptr_nonnull(p->dispatcher);
	for (enum transport t = TRANSPORT_UDP; t < TRANSPORT_COUNT; t++) {
		struct addr a = rig_addr(ip);
		char text[ADDR_TEXT];

		a.port = transport_default_port(t);
		if (transports & 1u << t)
			p->legs[t] = rig_add_leg(p, t, addr_text(&a, text));
	}
}

void rig_join_transactions(struct rig *r, struct rig_party *p,
                           const char *ip, unsigned transports)
{
	rig_join(r, p, ip, transports);
	p->transactions = transactions_new(p->dispatcher,
	                                   &transaction_settings_default);
	ck_assert_ptr_nonnull(p->transactions);
}

static void drop_packets_to(struct rig *r, const struct rig_party *p)
{
	LIST_EACH(it, &r->underway) {
		struct packet *packet = CONTAINER_OF(it, struct packet, node);

		if (packet->to != p)
			continue;
		timer_cancel(&packet->timer);
		list_remove(it);
		free(packet);
	}
}

void rig_leave(struct rig_party *p)
{
	struct rig_party **at = &p->rig->parties;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	drop_packets_to(p->rig, p);
	transactions_free(p->transactions);
	dispatcher_free(p->dispatcher);
	locator_free(p->locator);
}

struct flow rig_flow(struct rig_party *p, enum transport t,
                     const char *remote)
{
	ck_assert_ptr_nonnull(p->legs[t]);
	return (struct flow){ &p->legs[t]->leg, rig_addr(remote), 0 };
}

void rig_init(struct rig *r)
{
	*r = (struct rig){ .start_us = 1000000, .random = 0x9e3779b97f4a7c15 };
	list_init(&r->underway);
	list_init(&r->lookups);
	message_init(&r->message);
	env_init(&r->env, r->start_us, INT64_C(1700000000000000), fill, r);
}

void rig_deinit(struct rig *r)
{
	while (r->parties != NULL)
		rig_leave(r->parties);
	message_deinit(&r->message);
	arena_deinit(&r->arena);
	free(r->sent);
}

/* --- what was sent --- */

const struct rig_sent *rig_sent(const struct rig *r, size_t nth)
{
	ck_assert_uint_lt(nth, r->nsent);
	return &r->sent[nth];
}

const struct rig_sent *rig_last(const struct rig *r)
{
	ck_assert_uint_ne(r->nsent, 0);
	return &r->sent[r->nsent - 1];
}

size_t rig_sent_by(const struct rig *r, const struct rig_party *p)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nsent; i++)
		n += r->sent[i].party == p;
	return n;
}

void rig_forget(struct rig *r)
{
	r->nsent = 0;
}

const struct message *rig_parse(struct rig *r, struct slice wire)
{
	struct fault fault = { 0 };

	ck_assert_int_eq(message_parse(&r->message, wire,
	                               &message_limits_default, &fault), OK);
	ck_assert_msg(fault.status == 0, "%s", fault.reason);
	ck_assert_msg(message_check(&r->message, &fault), "%s", fault.reason);
	return &r->message;
}

void rig_inject_over(struct rig_party *p, const struct flow *from,
                     struct slice text)
{
	dispatcher_receive(p->dispatcher, from, text);
}

void rig_inject(struct rig_party *p, enum transport t, const char *remote,
                struct slice text)
{
	struct flow from = rig_flow(p, t, remote);

	if (transport_is_reliable(t))
		from.conn = conn_to(p->rig, p->legs[t], &from)->id;
	rig_inject_over(p, &from, text);
}

/* --- texts --- */

static const char *or(const char *given, const char *otherwise)
{
	return given != NULL ? given : otherwise;
}

static void print_tail(struct buf *b, const char *contact, const char *extra,
                       const char *content_type, const char *body)
{
	if (contact != NULL)
		buf_printf(b, "Contact: %s\r\n", contact);
	buf_str(b, or(extra, ""));
	if (body != NULL)
		buf_printf(b, "Content-Type: %s\r\n",
		           or(content_type, "application/sdp"));
	buf_printf(b, "Content-Length: %zu\r\n\r\n%s", strlen(or(body, "")),
	           or(body, ""));
}

static struct slice keep_buf(struct rig *r, struct buf *b)
{
	struct slice kept = keep(r, buf_view(b));

	ck_assert_int_eq(buf_error(b), OK);
	buf_deinit(b);
	return kept;
}

struct slice rig_request(struct rig *r, const struct rig_request *q)
{
	const char *method = or(q->method, "OPTIONS");
	struct buf b = { 0 };

	buf_printf(&b, "%s %s SIP/2.0\r\n", method,
	           or(q->uri, "sip:bob@192.0.2.1"));
	buf_printf(&b, "Via: %s\r\n",
	           or(q->via, "SIP/2.0/UDP 192.0.2.9:5060;"
	                      "branch=z9hG4bKpeer1;rport"));
	buf_printf(&b, "Max-Forwards: 70\r\nFrom: %s\r\n",
	           or(q->from, "<sip:alice@example.com>;tag=alice"));
	buf_printf(&b, "To: %s\r\n", or(q->to, "<sip:bob@192.0.2.1>"));
	buf_printf(&b, "Call-ID: %s\r\n", or(q->call_id, "call@example.com"));
	buf_printf(&b, "CSeq: %u %s\r\n", q->cseq != 0 ? q->cseq : 1,
	           or(q->cseq_method, method));
	print_tail(&b, q->contact, q->extra, q->content_type, q->body);
	return keep_buf(r, &b);
}

static void copy_fields(struct buf *b, const struct message *m,
                        enum header_id id)
{
	struct slice value;

	for (size_t i = 0; (value = message_header(m, id, i)).p != NULL; i++) {
		buf_slice(b, header_table[id].name);
		buf_str(b, ": ");
		buf_slice(b, value);
		buf_str(b, "\r\n");
	}
}

struct slice rig_response(struct rig *r, struct slice request,
                          const struct rig_response *q)
{
	const struct message *m = rig_parse(r, request);
	const char *tag = or(q->to_tag, "peer");
	struct buf b = { 0 };

	buf_printf(&b, "SIP/2.0 %u %s\r\n", q->status, or(q->reason, "R"));
	copy_fields(&b, m, HEADER_VIA);
	copy_fields(&b, m, HEADER_FROM);
	buf_str(&b, "To: ");
	buf_slice(&b, message_header(m, HEADER_TO, 0));
	if (m->to.tag.p == NULL && *tag != '\0' && q->status > 100)
		buf_printf(&b, ";tag=%s", tag);
	buf_str(&b, "\r\n");
	copy_fields(&b, m, HEADER_CALL_ID);
	copy_fields(&b, m, HEADER_CSEQ);
	print_tail(&b, q->contact, q->extra, q->content_type, q->body);
	return keep_buf(r, &b);
}

void rig_reply(struct rig *r, const struct rig_sent *request,
               const struct rig_response *q)
{
	struct rig_party *p = request->party;
	struct flow from = request->flow;

	rig_inject_over(p, &from, rig_response(r, request->wire, q));
}

void rig_reply_status(struct rig *r, const struct rig_sent *request,
                      unsigned status)
{
	const struct rig_response q = { .status = status };

	rig_reply(r, request, &q);
}

/* --- names --- */

void rig_add_record(struct rig *r, const char *name,
                    const struct record *record)
{
	ck_assert_uint_lt(r->nrecords, RIG_RECORDS);
	r->records[r->nrecords++] = (struct rig_record){
		.owner = slice_str(name),
		.record = *record,
	};
}

void rig_add_address(struct rig *r, const char *name, const char *ip)
{
	struct record record = { .ttl_s = 60, .addr = rig_addr(ip) };

	record.kind = record.addr.family == FAMILY_IPV4 ? RECORD_A
	                                                : RECORD_AAAA;
	rig_add_record(r, name, &record);
}

void rig_add_failure(struct rig *r, enum record_kind kind, const char *name,
                     enum error err, const char *text)
{
	struct record record = { .kind = kind };

	rig_add_record(r, name, &record);
	r->records[r->nrecords - 1].err = err;
	r->records[r->nrecords - 1].text = text;
}

void rig_add_silence(struct rig *r, enum record_kind kind, const char *name)
{
	struct record record = { .kind = kind };

	rig_add_record(r, name, &record);
	r->records[r->nrecords - 1].silent = true;
}

static bool is_silent(const struct rig *r, const struct pending_lookup *l)
{
	for (size_t i = 0; i < r->nrecords; i++)
		if (r->records[i].silent && r->records[i].record.kind == l->kind
		    && slice_eq_nocase(r->records[i].owner, l->name))
			return true;
	return false;
}

/* How many records of this kind, into out; *known: of any kind. */
static size_t find_records(const struct rig *r,
                           const struct pending_lookup *l,
                           struct record *out, bool *known,
                           const struct rig_record **failure)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nrecords; i++) {
		const struct rig_record *at = &r->records[i];

		if (!slice_eq_nocase(at->owner, l->name))
			continue;
		*known = true;
		if (at->record.kind != l->kind)
			continue;
		if (at->err != OK)
			*failure = at;
		else
			out[n++] = at->record;
	}
	return n;
}

static void on_lookup(void *arg)
{
	struct pending_lookup *l = arg;
	struct record found[RIG_RECORDS];
	const struct rig_record *failure = NULL;
	bool known = false;
	size_t n = find_records(l->rig, l, found, &known, &failure);
	struct buf text = { 0 };

	list_remove(&l->node);
	buf_slice(&text, l->name);
	buf_str(&text, ": no such name (NXDOMAIN)");
	if (failure != NULL)
		l->fn(failure->err, failure->text, NULL, 0, l->arg);
	else if (!known)
		l->fn(ERR_DNS, buf_cstr(&text), NULL, 0, l->arg);
	else
		l->fn(OK, "", found, n, l->arg);
	buf_deinit(&text);
	free(l);
}

static uint64_t lookup_start(void *resolver, enum record_kind kind,
                             struct slice name, lookup_fn *fn, void *arg)
{
	struct rig *r = resolver;
	struct pending_lookup *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return 0;
	l->rig = r;
	l->id = ++r->last_lookup;
	l->kind = kind;
	l->name = arena_copy(&r->arena, name);
	l->fn = fn;
	l->arg = arg;
	list_append(&r->lookups, &l->node);
	if (!is_silent(r, l))
		timer_arm(&l->timer, &r->env.timers, r->lookup_delay_ms,
		          on_lookup, l);
	return l->id;
}

static void lookup_cancel(void *resolver, uint64_t id)
{
	struct rig *r = resolver;

	LIST_EACH(it, &r->lookups) {
		struct pending_lookup *l =
			CONTAINER_OF(it, struct pending_lookup, node);

		if (l->id != id)
			continue;
		timer_cancel(&l->timer);
		list_remove(it);
		free(l);
		r->lookups_cancelled++;
	}
}

const struct lookup_ops rig_lookup_ops = { lookup_start, lookup_cancel };
