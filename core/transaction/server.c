/* The two server transactions: RFC 3261 17.2, RFC 6026, RFC 4320. */

#include "core/transaction/internal.h"

#include <stdlib.h>

#include "core/message/response.h"

enum { TRYING_AFTER_MS = 200 };         /* 17.2.1: 100 if nothing else */

enum {
	SEND      = 1 << 0,     /* the response just made */
	REPLAY    = 1 << 1,     /* the last one, if there is one */
	STOP      = 1 << 2,     /* all timers */
	ARM_G     = 1 << 3,     /* unreliable: T1, then twice, at most T2 */
	ARM_H     = 1 << 4,
	ARM_I     = 1 << 5,
	ARM_J     = 1 << 6,
	ARM_L     = 1 << 7,
	ARM_LATE  = 1 << 8,     /* when its client has given up */
	PASS_ACK  = 1 << 9,     /* as one without a transaction */
	ACKED     = 1 << 10,    /* tell the user */
	NO_ACK    = 1 << 11,
	FAILED    = 1 << 12,
};

typedef const struct step table[STATE_COUNT][SERVER_EVENT_COUNT];

/* 17.2.1, figure 7, as RFC 6026 7.1 and 8.7 changed it: errors of the
 * transport do not end it. */
static table invite_server = {
	[PROCEEDING] = {
		[ON_REQUEST]      = { PROCEEDING, REPLAY },
		[ON_TIMER_100]    = { PROCEEDING, SEND },
		[ON_SEND_1XX]     = { PROCEEDING, STOP | SEND },
		[ON_SEND_2XX]     = { ACCEPTED,   STOP | SEND | ARM_L },
		[ON_SEND_3XX_6XX] = { COMPLETED,  STOP | SEND | ARM_G | ARM_H },
		[ON_RESEND]       = { PROCEEDING, REPLAY },
		[ON_REPLY_ERROR]  = { PROCEEDING, FAILED },
	},
	[ACCEPTED] = {
		[ON_REQUEST]      = { ACCEPTED,   0 },
		[ON_ACK]          = { ACCEPTED,   PASS_ACK },
		[ON_RESEND]       = { ACCEPTED,   REPLAY },
		[ON_TIMER_L]      = { TERMINATED, 0 },
		[ON_REPLY_ERROR]  = { ACCEPTED,   FAILED },
	},
	[COMPLETED] = {
		[ON_REQUEST]      = { COMPLETED,  REPLAY },
		[ON_ACK]          = { CONFIRMED,  STOP | ARM_I | ACKED },
		[ON_RESEND]       = { COMPLETED,  REPLAY },
		[ON_TIMER_G]      = { COMPLETED,  REPLAY | ARM_G },
		[ON_TIMER_H]      = { TERMINATED, NO_ACK },
		[ON_REPLY_ERROR]  = { COMPLETED,  FAILED },
	},
	[CONFIRMED] = {
		[ON_ACK]          = { CONFIRMED,  0 },
		[ON_TIMER_I]      = { TERMINATED, 0 },
	},
};

/* 17.2.2, figure 8. RFC 4320 4.1: 100 once the client has slowed down to T2,
 * no other provisional; 4.2: no final response that comes too late. */
static table other_server = {
	[TRYING] = {
		[ON_REQUEST]      = { TRYING,     0 },
		[ON_TIMER_100]    = { PROCEEDING, SEND | ARM_LATE },
		[ON_SEND_2XX]     = { COMPLETED,  STOP | SEND | ARM_J },
		[ON_SEND_3XX_6XX] = { COMPLETED,  STOP | SEND | ARM_J },
		[ON_REPLY_ERROR]  = { TERMINATED, FAILED },
	},
	[PROCEEDING] = {
		[ON_REQUEST]      = { PROCEEDING, REPLAY },
		[ON_SEND_2XX]     = { COMPLETED,  STOP | SEND | ARM_J },
		[ON_SEND_3XX_6XX] = { COMPLETED,  STOP | SEND | ARM_J },
		[ON_RESEND]       = { PROCEEDING, REPLAY },
		[ON_UNANSWERED]   = { TERMINATED, 0 },
		[ON_REPLY_ERROR]  = { TERMINATED, FAILED },
	},
	[COMPLETED] = {
		[ON_REQUEST]      = { COMPLETED,  REPLAY },
		[ON_RESEND]       = { COMPLETED,  REPLAY },
		[ON_TIMER_J]      = { TERMINATED, 0 },
		[ON_REPLY_ERROR]  = { TERMINATED, FAILED },
	},
};

static bool is_invite(const struct server_transaction *t)
{
	return t->method == METHOD_INVITE;
}

/* --- timers --- */

static enum error say(struct server_transaction *t,
                      enum server_input_event event,
                      const struct response_parts *parts);

/* What came of it, where there is no caller to tell. */
static void heed(struct server_transaction *t, enum error err)
{
	const struct server_input in = { .err = err };

	if (err != OK && err != ERR_BAD_STATE)
		server_step(t, ON_REPLY_ERROR, &in);
}

static void on_resend(void *arg)
{
	static const struct server_input none;

	heed(arg, server_step(arg, ON_TIMER_G, &none));
}

static void on_life(void *arg)
{
	static const struct response_parts trying = { .status = 100 };
	struct server_transaction *t = arg;
	const struct server_input in = { .err = t->failed };

	if (t->on_life == ON_TIMER_100)
		heed(t, say(t, ON_TIMER_100, &trying));
	else
		server_step(t, t->on_life, &in);
}

static void arm_life(struct server_transaction *t,
                     enum server_input_event event, uint64_t delay_ms)
{
	t->on_life = (unsigned char)event;
	timer_arm(&t->life, &t->ts->env->timers, delay_ms, on_life, t);
}

static void arm_g(struct server_transaction *t)
{
	const struct transaction_settings *s = &t->ts->settings;
	struct beat *b = &t->detail->resend;
	uint32_t twice = b->interval_ms * 2;

	if (transport_is_reliable(t->detail->flow.leg->transport))
		return;
	if (b->interval_ms == 0)
		beat_start(b, t->ts, s->t1_ms, on_resend, t);
	else
		beat_again(b, t->ts, twice < s->t2_ms ? twice : s->t2_ms,
		           on_resend, t);
}

/* For how long a retransmission may still come. */
static uint64_t unless_reliable(const struct server_transaction *t,
                                uint64_t delay_ms)
{
	enum transport used = t->detail->flow.leg->transport;

	return transport_is_reliable(used) ? 0 : delay_ms;
}

static uint64_t until_late_ms(const struct server_transaction *t)
{
	uint64_t all = layer_64_t1(t->ts);
	uint64_t past = layer_now_ms(t->ts) - t->started_ms;

	return past < all ? all - past : 0;
}

static void arm_timers(struct server_transaction *t, unsigned actions)
{
	if (actions & ARM_G)
		arm_g(t);
	if (actions & ARM_H)
		arm_life(t, ON_TIMER_H, layer_64_t1(t->ts));
	if (actions & ARM_I)
		arm_life(t, ON_TIMER_I,
		         unless_reliable(t, t->ts->settings.t4_ms));
	if (actions & ARM_J)
		arm_life(t, ON_TIMER_J,
		         unless_reliable(t, layer_64_t1(t->ts)));
	if (actions & ARM_L)
		arm_life(t, ON_TIMER_L, layer_64_t1(t->ts));
	if (actions & ARM_LATE)
		arm_life(t, ON_UNANSWERED, until_late_ms(t));
}

/* RFC 4320 4.1: when a client's timer E has grown to T2. */
static uint64_t slowed_down_ms(const struct transaction_settings *s)
{
	uint64_t sum = 0;

	for (uint64_t e = s->t1_ms; e != 0 && e < s->t2_ms; e *= 2)
		sum += e;
	return sum;
}

static void stop_timers(struct server_transaction *t)
{
	timer_cancel(&t->life);
	if (t->detail != NULL)
		timer_cancel(&t->detail->resend.timer);
}

/* --- sending --- */

/* To where the kept response's own top Via says: it was completed by us. */
static enum error send_again(struct server_transaction *t)
{
	struct slice wire = slice_make(t->response, t->response_len);
	struct message *m = &t->ts->scratch;
	struct fault fault;
	enum error err;

	err = message_parse(m, wire, dispatcher_limits(t->ts->dispatcher),
	                    &fault);
	if (err != OK)
		return err;
	message_check(m, &fault);
	return dispatcher_send_response(t->ts->dispatcher, &t->detail->flow,
	                                &m->via, wire);
}

static enum error send_response(struct server_transaction *t,
                                unsigned actions,
                                const struct server_input *in)
{
	if (!(actions & (SEND | REPLAY)) || t->response == NULL)
		return OK;
	if (actions & REPLAY)
		t->retransmits++;
	if (in->m == NULL)
		return send_again(t);
	return dispatcher_send_response(t->ts->dispatcher, in->from,
	                                &in->m->via,
	                                slice_make(t->response,
	                                           t->response_len));
}

/* --- the end --- */

static void drop_request(struct server_transaction *t)
{
	if (t->detail == NULL)
		return;
	free(t->detail->request);
	t->detail->request = NULL;
}

static void drop_detail(struct server_transaction *t)
{
	if (t->detail == NULL)
		return;
	drop_request(t);
	timer_cancel(&t->detail->resend.timer);
	free(t->detail);
	t->detail = NULL;
}

static void drop_response(struct server_transaction *t)
{
	free(t->response);
	t->response = NULL;
	t->response_len = 0;
}

static bool is_pending(const struct server_transaction *t)
{
	return t->state == TRYING || t->state == PROCEEDING;
}

/* Gives back what the rest of its life does not need. The flow stays where
 * the user still listens, or may begin to. */
static void shrink(struct server_transaction *t)
{
	bool absorbs = is_invite(t) ? t->state == CONFIRMED
	                            : t->state == COMPLETED;

	if (t->detail == NULL || t->detail->current != NULL || is_pending(t))
		return;
	drop_request(t);
	if (is_invite(t) && absorbs)
		drop_response(t);
	if (absorbs && t->detail->fn == NULL)
		drop_detail(t);
}

static void leave_finished(struct server_transaction *t)
{
	if (!list_linked(&t->finished))
		return;
	list_remove(&t->finished);
	t->ts->nfinished--;
}

static void unlink_server(struct server_transaction *t)
{
	if (is_pending(t))
		t->ts->pending_servers--;
	leave_finished(t);
	t->state = TERMINATED;
	timer_cancel(&t->life);
	hash_remove(&t->ts->servers, &t->node);
	hash_remove(&t->ts->merged, &t->merged);
}

void server_free(struct server_transaction *t)
{
	unlink_server(t);
	drop_detail(t);
	drop_response(t);
	free(t);
}

/* --- the machine --- */

static void call(struct server_transaction *t, enum server_event event,
                 enum error err)
{
	if (t->detail != NULL && t->detail->fn != NULL)
		t->detail->fn(t, event, err, t->detail->arg);
}

static void tell(struct server_transaction *t, unsigned actions,
                 const struct server_input *in)
{
	struct transactions *ts = t->ts;

	if (actions & ACKED)
		call(t, SERVER_ACKED, OK);
	if (actions & NO_ACK)
		call(t, SERVER_NO_ACK, ERR_TIMEOUT);
	if (actions & FAILED)
		call(t, SERVER_FAILED, in->err);
	if ((actions & PASS_ACK) && ts->request != NULL)
		ts->request(NULL, in->m, in->from, ts->user_arg);
}

/* The user may look at t's flow until it has heard that t is gone. */
static void end(struct server_transaction *t)
{
	call(t, SERVER_GONE, OK);
	drop_detail(t);
	drop_response(t);
	layer_bury(t->ts, &t->grave, t);
}

/*
 * Whoever sends requests of ever new branches would have us keep each answer
 * for 32 s. The oldest ends in the next turn, as by its own timer: a copy
 * of its request, should one still come, is then a new request.
 */
static void join_finished(struct server_transaction *t)
{
	struct transactions *ts = t->ts;
	struct server_transaction *oldest;

	list_append(&ts->finished, &t->finished);
	if (++ts->nfinished <= ts->settings.max_finished)
		return;
	oldest = CONTAINER_OF(ts->finished.next, struct server_transaction,
	                      finished);
	leave_finished(oldest);
	if (timer_armed(&oldest->life))
		arm_life(oldest, oldest->on_life, 0);
}

static void enter(struct server_transaction *t, enum state next)
{
	bool was_pending = is_pending(t);

	if (next == TERMINATED) {
		unlink_server(t);
		return;
	}
	t->state = (unsigned char)next;
	if (was_pending && !is_pending(t))
		t->ts->pending_servers--;
	if (was_pending && next == COMPLETED)
		join_finished(t);
}

enum error server_step(struct server_transaction *t,
                       enum server_input_event event,
                       const struct server_input *in)
{
	const struct step *s = is_invite(t) ? &invite_server[t->state][event]
	                                    : &other_server[t->state][event];
	enum error err;

	if (s->next == STATE_NONE)
		return ERR_BAD_STATE;
	if (s->actions & STOP)
		stop_timers(t);
	enter(t, s->next);
	err = send_response(t, s->actions, in);
	arm_timers(t, s->actions);
	shrink(t);
	tell(t, s->actions, in);
	if (s->next == TERMINATED)
		end(t);
	return err;
}

void server_receive(struct server_transaction *t, const struct message *m,
                    const struct flow *from)
{
	const struct server_input in = { .m = m, .from = from };
	bool is_ack = m->method == METHOD_ACK;

	heed(t, server_step(t, is_ack ? ON_ACK : ON_REQUEST, &in));
}

/* --- making responses --- */

/* The request as it is at hand: inside request_fn, or the copy. NULL: neither,
 * or no memory. */
static const struct message *request_of(struct server_transaction *t)
{
	struct server_detail *d = t->detail;
	struct message *m = &t->ts->scratch;

	if (d->current != NULL)
		return d->current;
	return server_transaction_request(t, m) ? m : NULL;
}

static enum error keep_response(struct server_transaction *t,
                                const struct message *request,
                                const struct response_parts *parts)
{
	struct buf *text = &t->ts->text;
	char *copy;

	buf_reset(text);
	response_print(text, request, &t->detail->flow.remote, parts);
	if (buf_error(text) != OK)
		return buf_error(text);
	copy = malloc(text->len);
	if (copy == NULL)
		return ERR_NOMEM;
	memcpy(copy, text->p, text->len);
	free(t->response);
	t->response = copy;
	t->response_len = (uint32_t)text->len;
	return OK;
}

static enum error say(struct server_transaction *t,
                      enum server_input_event event,
                      const struct response_parts *parts)
{
	struct server_input in = { .m = request_of(t) };
	struct flow from = t->detail->flow;
	enum error err;

	in.from = &from;        /* the step may drop the detail */
	if (in.m == NULL)
		return ERR_NOMEM;
	err = keep_response(t, in.m, parts);
	if (err != OK)
		return err;
	if (parts->status >= 200)
		t->final = (uint16_t)parts->status;
	return server_step(t, event, &in);
}

static enum server_input_event event_of(unsigned status)
{
	if (status < 200)
		return ON_SEND_1XX;
	return status < 300 ? ON_SEND_2XX : ON_SEND_3XX_6XX;
}

/* RFC 4320 4.1 and 4.2; our own 100 does not pass here. */
static bool is_allowed(const struct server_transaction *t, unsigned status)
{
	return is_invite(t) || (status >= 200 && status != 408);
}

/* 17.2.4. The caller knows already, so the user hears of it later. */
static enum error fail_later(struct server_transaction *t, enum error err)
{
	if (err == OK || is_invite(t) || t->state != COMPLETED)
		return err;
	t->failed = (unsigned char)err;
	arm_life(t, ON_REPLY_ERROR, 0);
	return err;
}

enum error server_transaction_respond(struct server_transaction *t,
                                      const struct response_parts *parts)
{
	if (!is_pending(t) || !is_allowed(t, parts->status))
		return ERR_BAD_STATE;
	return fail_later(t, say(t, event_of(parts->status), parts));
}

enum error server_transaction_resend(struct server_transaction *t)
{
	struct server_input in = { 0 };

	if (t->response == NULL || t->detail == NULL)
		return ERR_BAD_STATE;
	return fail_later(t, server_step(t, ON_RESEND, &in));
}

/* --- a new one --- */

static struct server_transaction *server_new(struct transactions *ts,
                                             struct slice key,
                                             const struct message *m,
                                             const struct flow *from)
{
	struct server_transaction *t = calloc(1, sizeof(*t) + key.len);

	if (t == NULL)
		return NULL;
	t->detail = calloc(1, sizeof(*t->detail));
	if (t->detail == NULL || key.len == 0) {
		free(t->detail);
		free(t);
		return NULL;
	}
	memcpy(t->key, key.p, key.len);
	t->key_len = (uint32_t)key.len;
	t->ts = ts;
	t->method = (unsigned char)m->method;
	t->started_ms = layer_now_ms(ts);
	t->detail->flow = *from;
	t->detail->current = m;
	return t;
}

static enum error server_link(struct server_transaction *t,
                              const struct server_mark *mark)
{
	struct transactions *ts = t->ts;
	enum error err = hash_insert(&ts->servers, &t->node, mark->hash);

	if (err == OK && mark->may_merge)
		err = hash_insert(&ts->merged, &t->merged, mark->merged);
	if (err != OK)
		return err;
	t->state = is_invite(t) ? PROCEEDING : TRYING;
	ts->pending_servers++;
	arm_life(t, ON_TIMER_100, is_invite(t) ? TRYING_AFTER_MS
	                                       : slowed_down_ms(&ts->settings));
	return OK;
}

/* False: no memory, and no answer that would do without. */
static bool keep_request(struct server_transaction *t)
{
	static const struct response_parts no_room = { .status = 503 };
	struct server_detail *d = t->detail;
	struct slice wire = d->current->wire;

	d->request = malloc(wire.len);
	if (d->request == NULL) {
		server_transaction_respond(t, &no_room);
		return !is_pending(t);
	}
	memcpy(d->request, wire.p, wire.len);
	d->request_len = wire.len;
	return true;
}

/* The message goes: an answer that is still to come needs a copy. */
static void part_with_message(struct server_transaction *t)
{
	bool kept = t->state != TERMINATED
	            && (!is_pending(t) || keep_request(t));

	t->detail->current = NULL;
	if (kept) {
		shrink(t);
		return;
	}
	unlink_server(t);
	end(t);
}

enum error server_start(struct transactions *ts,
                        const struct server_mark *mark,
                        const struct message *m, const struct flow *from)
{
	struct server_transaction *t = server_new(ts, mark->key, m, from);
	enum error err;

	if (t == NULL)
		return ERR_NOMEM;
	err = server_link(t, mark);
	if (err != OK) {
		server_free(t);
		return err;
	}
	ts->request(t, m, from, ts->user_arg);
	part_with_message(t);
	return OK;
}

/* --- for the user --- */

void server_transaction_watch(struct server_transaction *t, server_fn *fn,
                              void *arg)
{
	if (t->detail == NULL)
		return;
	t->detail->fn = fn;
	t->detail->arg = arg;
	shrink(t);
}

void server_transaction_abandon(struct server_transaction *t)
{
	if (!is_pending(t))
		return;
	t->detail->fn = NULL;
	unlink_server(t);
	/* else part_with_message() ends it */
	if (t->detail->current == NULL)
		end(t);
}

unsigned server_transaction_final(const struct server_transaction *t)
{
	return t->final;
}

enum method server_transaction_method(const struct server_transaction *t)
{
	return t->method;
}

bool server_transaction_request(const struct server_transaction *t,
                                struct message *m)
{
	const struct server_detail *d = t->detail;
	struct slice wire;
	struct fault fault;

	if (d == NULL || (d->current == NULL && d->request == NULL))
		return false;
	wire = d->current != NULL ? d->current->wire
	                          : slice_make(d->request, d->request_len);
	return message_parse(m, wire, dispatcher_limits(t->ts->dispatcher),
	                     &fault) == OK
	       && message_check(m, &fault);
}

const struct flow *server_transaction_flow(const struct server_transaction *t)
{
	return t->detail == NULL ? NULL : &t->detail->flow;
}
