/* The two client transactions: RFC 3261 17.1, RFC 6026. */

#include "core/transaction/internal.h"

#include <stdlib.h>

#include "core/base/log.h"
#include "core/message/request.h"

enum {
	RESEND   = 1 << 0,      /* the request */
	SEND_ACK = 1 << 1,      /* made once, then kept instead of it */
	STOP     = 1 << 2,      /* all timers */
	ARM_A    = 1 << 3,      /* twice the interval */
	ARM_E    = 1 << 4,      /* the same, at most T2 */
	ARM_E_T2 = 1 << 5,
	ARM_D    = 1 << 6,
	ARM_K    = 1 << 7,
	ARM_M    = 1 << 8,
	FORGET   = 1 << 9,      /* all but the key */
	PASS_UP  = 1 << 10,     /* the response */
	REPORT   = 1 << 11,     /* the failure */

	REFUSED  = SEND_ACK | ARM_D | PASS_UP,
	ANSWERED = STOP | FORGET | ARM_K | PASS_UP,
};

typedef const struct step table[STATE_COUNT][CLIENT_EVENT_COUNT];

/* 17.1.1.2, figure 5, with RFC 6026 8.4. Timers A and E are never armed on a
 * reliable transport; D and K are 0 there. */
static table invite_client = {
	[CALLING] = {
		[ON_TIMER_A]    = { CALLING,    RESEND | ARM_A },
		[ON_TIMER_B]    = { TERMINATED, REPORT },
		[ON_1XX]        = { PROCEEDING, STOP | PASS_UP },
		[ON_2XX]        = { ACCEPTED,   STOP | ARM_M | PASS_UP },
		[ON_3XX_6XX]    = { COMPLETED,  STOP | REFUSED },
		[ON_SEND_ERROR] = { TERMINATED, REPORT },
	},
	[PROCEEDING] = {
		[ON_1XX]        = { PROCEEDING, PASS_UP },
		[ON_2XX]        = { ACCEPTED,   ARM_M | PASS_UP },
		[ON_3XX_6XX]    = { COMPLETED,  REFUSED },
	},
	[ACCEPTED] = {
		[ON_2XX]        = { ACCEPTED,   PASS_UP }, /* TU: ACK */
		[ON_TIMER_M]    = { TERMINATED, 0 },
	},
	[COMPLETED] = {
		[ON_3XX_6XX]    = { COMPLETED,  SEND_ACK },
		[ON_TIMER_D]    = { TERMINATED, 0 },
		[ON_SEND_ERROR] = { TERMINATED, REPORT },
	},
};

/* 17.1.2.2, figure 6. */
static table other_client = {
	[TRYING] = {
		[ON_TIMER_E]    = { TRYING,     RESEND | ARM_E },
		[ON_TIMER_F]    = { TERMINATED, REPORT },
		[ON_1XX]        = { PROCEEDING, PASS_UP },
		[ON_2XX]        = { COMPLETED,  ANSWERED },
		[ON_3XX_6XX]    = { COMPLETED,  ANSWERED },
		[ON_SEND_ERROR] = { TERMINATED, REPORT },
	},
	[PROCEEDING] = {
		[ON_TIMER_E]    = { PROCEEDING, RESEND | ARM_E_T2 },
		[ON_TIMER_F]    = { TERMINATED, REPORT },
		[ON_1XX]        = { PROCEEDING, PASS_UP },
		[ON_2XX]        = { COMPLETED,  ANSWERED },
		[ON_3XX_6XX]    = { COMPLETED,  ANSWERED },
		[ON_SEND_ERROR] = { TERMINATED, REPORT },
	},
	[COMPLETED] = {
		[ON_TIMER_K]    = { TERMINATED, 0 },
	},
};

static bool is_invite(const struct client_transaction *t)
{
	return t->method == METHOD_INVITE;
}

static bool is_reliable(const struct client_transaction *t)
{
	return transport_is_reliable(t->flow.leg->transport);
}

/* --- timers --- */

static void on_resend(void *arg)
{
	struct client_transaction *t = arg;

	client_step(t, is_invite(t) ? ON_TIMER_A : ON_TIMER_E, NULL);
}

static void on_life(void *arg)
{
	static const struct client_report late = { .err = ERR_TIMEOUT };
	struct client_transaction *t = arg;
	struct client_report report = late;

	report.text = error_text(ERR_TIMEOUT);
	client_step(t, t->on_life, &report);
}

static void arm_life(struct client_transaction *t, enum client_event event,
                     uint64_t delay_ms)
{
	t->on_life = (unsigned char)event;
	timer_arm(&t->life, &t->ts->env->timers, delay_ms, on_life, t);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

static void arm_resend(struct client_transaction *t, unsigned actions)
{
	struct beat *b = &t->detail->resend;
	uint32_t twice = b->interval_ms * 2, t2 = t->ts->settings.t2_ms;

	if (actions & ARM_A)
		beat_again(b, t->ts, twice, on_resend, t);
	if (actions & ARM_E)
		beat_again(b, t->ts, at_most(twice, t2), on_resend, t);
	if (actions & ARM_E_T2)
		beat_again(b, t->ts, t2, on_resend, t);
}

static void arm_timers(struct client_transaction *t, unsigned actions)
{
	bool reliable = is_reliable(t);

	if (actions & (ARM_A | ARM_E | ARM_E_T2))
		arm_resend(t, actions);
	if (actions & ARM_D)
		arm_life(t, ON_TIMER_D, reliable ? 0 : layer_64_t1(t->ts));
	if (actions & ARM_K)
		arm_life(t, ON_TIMER_K,
		         reliable ? 0 : t->ts->settings.t4_ms);
	if (actions & ARM_M)
		arm_life(t, ON_TIMER_M, layer_64_t1(t->ts));
}

static void stop_timers(struct client_transaction *t)
{
	timer_cancel(&t->life);
	if (t->detail != NULL)
		timer_cancel(&t->detail->resend.timer);
}

/* --- sending --- */

static enum error send_wire(struct client_transaction *t)
{
	struct client_detail *d = t->detail;
	struct slice name = slice_make(d->name, d->name_len);
	struct slice wire = slice_make(d->wire, d->len);
	struct dispatcher *out = t->ts->dispatcher;
	enum error err = dispatcher_send(out, &t->flow, name, wire);

	if (err == ERR_NOT_FOUND && t->flow.conn != 0) {
		t->flow.conn = 0;       /* closed meanwhile: a new one */
		err = dispatcher_send(out, &t->flow, name, wire);
	}
	if (err == OK)
		peer_move(&t->ts->peers, &d->link, &t->flow);
	return err;
}

static enum error make_ack(struct client_transaction *t,
                           const struct message *response)
{
	struct message *invite = &t->ts->scratch;
	struct client_detail *d = t->detail;
	struct buf ack = { 0 };
	struct fault fault;
	enum error err;

	err = message_parse(invite, slice_make(d->wire, d->len),
	                    dispatcher_limits(t->ts->dispatcher), &fault);
	if (err != OK)
		return err;
	message_check(invite, &fault);
	request_print_ack(&ack, invite, message_header(response, HEADER_TO, 0));
	err = buf_error(&ack);
	if (err != OK) {
		buf_deinit(&ack);
		return err;
	}
	free(d->wire);
	d->wire = buf_steal(&ack, &d->len);
	return OK;
}

static enum error send_ack(struct client_transaction *t, bool first,
                           const struct message *response)
{
	if (first) {
		enum error err = make_ack(t, response);

		if (err != OK)
			return err;
	}
	return send_wire(t);
}

/* --- the end --- */

static void drop_detail(struct client_transaction *t)
{
	struct client_detail *d = t->detail;

	if (d == NULL)
		return;
	timer_cancel(&d->resend.timer);
	peer_leave(&t->ts->peers, &d->link);
	free(d->wire);
	free(d);
	t->detail = NULL;
}

static void settle(struct client_transaction *t)
{
	if (t->pending)
		t->ts->pending_clients--;
	t->pending = false;
}

static void unlink_client(struct client_transaction *t)
{
	t->state = TERMINATED;
	settle(t);
	timer_cancel(&t->life);
	drop_detail(t);
	hash_remove(&t->ts->clients, &t->node);
}

static void end(struct client_transaction *t)
{
	unlink_client(t);
	layer_bury(t->ts, &t->grave, t);
}

void client_free(struct client_transaction *t)
{
	unlink_client(t);
	free(t);
}

/* --- the machine --- */

/* A 2xx to an INVITE whose user left must still be ACKed and BYEd. */
static void tell_nobody(struct client_transaction *t,
                        const struct client_report *report)
{
	struct transactions *ts = t->ts;

	if (report->response != NULL && t->state == ACCEPTED
	    && ts->stray != NULL)
		ts->stray(report->response, report->from, ts->user_arg);
}

static void tell(struct client_transaction *t, unsigned actions,
                 const struct client_report *report)
{
	struct client_report r = { .text = "" };

	if ((actions & (PASS_UP | REPORT)) && report != NULL)
		r = *report;
	else if (t->state != TERMINATED)
		return;
	r.gone = t->state == TERMINATED;
	if (t->fn != NULL)
		t->fn(t, &r, t->arg);
	else
		tell_nobody(t, &r);
}

static void fail(struct client_transaction *t, enum error err)
{
	const struct client_report report = {
		.err = err,
		.text = error_text(err),
	};

	client_step(t, ON_SEND_ERROR, &report);
}

static enum error send_what(struct client_transaction *t, unsigned actions,
                            bool first, const struct client_report *report)
{
	if (actions & SEND_ACK)
		return send_ack(t, first, report->response);
	if (!(actions & RESEND))
		return OK;
	t->retransmits++;
	return send_wire(t);
}

void client_step(struct client_transaction *t, enum client_event event,
                 const struct client_report *report)
{
	const struct step *s = is_invite(t) ? &invite_client[t->state][event]
	                                    : &other_client[t->state][event];
	bool first = t->state != s->next;
	enum error err;

	if (s->next == STATE_NONE)
		return;
	t->state = s->next;
	if (t->state >= ACCEPTED)
		settle(t);
	if (s->actions & STOP)
		stop_timers(t);
	err = send_what(t, s->actions, first, report);
	arm_timers(t, s->actions);
	if (s->actions & FORGET)
		drop_detail(t);
	if (t->state == TERMINATED)
		end(t);
	tell(t, s->actions, report);
	if (err != OK)
		fail(t, err);   /* no row: the callback ended it */
}

/* --- what arrives --- */

/* In clients, the hash's parts are those of the key. */
static uint64_t client_hash(const struct transactions *ts,
                            struct slice branch, struct slice method)
{
	struct slice parts[] = { branch, method };

	return hash_of(&ts->clients, parts, ARRAY_LEN(parts));
}

/* Never 0, which stands for any. */
static uint64_t identity_of(const struct transactions *ts,
                            struct slice call_id, struct slice from_tag)
{
	struct slice parts[] = { call_id, from_tag };

	return hash_of(&ts->clients, parts, ARRAY_LEN(parts)) | 1;
}

static struct slice client_method_name(const struct client_transaction *t)
{
	if (t->method != METHOD_OTHER)
		return method_name(t->method);
	return slice_make(t->key + t->branch_len, t->method_len);
}

/* Who guessed a branch has still to guess these. */
static bool is_ours(const struct client_transaction *t,
                    const struct message *response)
{
	return t->identity == 0
	       || t->identity == identity_of(t->ts, response->call_id,
	                                     response->from.tag);
}

/* 17.1.3. */
struct client_transaction *client_find(struct transactions *ts,
                                       const struct message *response)
{
	struct slice branch = response->via.branch;
	struct slice method = response->cseq.method_name;
	uint64_t hash = client_hash(ts, branch, method);
	struct hash_node *it;

	for (it = hash_first(&ts->clients, hash); it != NULL;
	     it = hash_next(it)) {
		struct client_transaction *t =
			CONTAINER_OF(it, struct client_transaction, node);

		if (slice_eq(client_branch(t), branch)
		    && slice_eq(client_method_name(t), method))
			return is_ours(t, response) ? t : NULL;
	}
	return NULL;
}

static void note_stranger(const struct client_transaction *t,
                          const struct flow *from)
{
	char got[ADDR_TEXT], asked[ADDR_TEXT];

	if (is_reliable(t) || addr_eq(&from->remote, &t->flow.remote))
		return;
	log_write(LOG_DEBUG, "%s answers a request that was sent to %s",
	          addr_text(&from->remote, got),
	          addr_text(&t->flow.remote, asked));
}

void client_receive(struct client_transaction *t, const struct message *m,
                    const struct flow *from)
{
	const struct client_report report = {
		.response = m,
		.from = from,
		.text = "",
	};

	note_stranger(t, from);
	if (m->status < 200)
		client_step(t, ON_1XX, &report);
	else if (m->status < 300)
		client_step(t, ON_2XX, &report);
	else
		client_step(t, ON_3XX_6XX, &report);
}

void client_fail(struct peer_link *l, enum error err, const char *text)
{
	struct client_transaction *t =
		CONTAINER_OF(l, struct client_detail, link)->owner;
	const struct client_report report = { .err = err, .text = text };

	/* who lives on hears of the next failure when it has sent again */
	client_step(t, ON_SEND_ERROR, &report);
}

/* --- for the user --- */

static struct client_detail *detail_new(struct client_transaction *t,
                                        const struct client_request *req)
{
	struct client_detail *d = calloc(1, sizeof(*d) + req->name.len);

	if (d == NULL)
		return NULL;
	d->owner = t;
	d->name_len = req->name.len;
	if (req->name.len != 0)
		memcpy(d->name, req->name.p, req->name.len);
	d->wire = req->wire;
	d->len = req->len;
	return d;
}

static struct client_transaction *
client_new(struct transactions *ts, const struct client_request *req)
{
	struct slice method = req->method == METHOD_OTHER ? req->method_name
	                                                  : SLICE_EMPTY;
	struct client_transaction *t;

	t = calloc(1, sizeof(*t) + req->branch.len + method.len);
	if (t == NULL)
		return NULL;
	t->detail = detail_new(t, req);
	if (t->detail == NULL) {
		free(t);
		return NULL;
	}
	memcpy(t->key, req->branch.p, req->branch.len);
	memcpy(t->key + req->branch.len, method.p, method.len);
	t->branch_len = (uint16_t)req->branch.len;
	t->method_len = (uint16_t)method.len;
	t->method = (unsigned char)req->method;
	t->ts = ts;
	t->flow = req->flow;
	if (req->call_id.p != NULL)
		t->identity = identity_of(ts, req->call_id, req->from_tag);
	t->started_ms = layer_now_ms(ts);
	return t;
}

static enum error client_link(struct client_transaction *t)
{
	struct transactions *ts = t->ts;
	uint64_t hash = client_hash(ts, client_branch(t),
	                            client_method_name(t));
	enum error err = hash_insert(&ts->clients, &t->node, hash);

	if (err != OK)
		return err;
	t->pending = true;
	ts->pending_clients++;
	return send_wire(t);
}

static void client_begin(struct client_transaction *t)
{
	t->state = is_invite(t) ? CALLING : TRYING;
	arm_life(t, is_invite(t) ? ON_TIMER_B : ON_TIMER_F,
	         layer_64_t1(t->ts));
	if (!is_reliable(t))
		beat_start(&t->detail->resend, t->ts, t->ts->settings.t1_ms,
		           on_resend, t);
}

enum error client_transaction_start(struct transactions *ts,
                                    const struct client_request *req,
                                    client_fn *fn, void *arg,
                                    struct client_transaction **out)
{
	struct client_transaction *t;
	enum error err;

	if (req->branch.len > UINT16_MAX || req->method_name.len > UINT16_MAX) {
		free(req->wire);
		return ERR_LIMIT;
	}
	t = client_new(ts, req);
	if (t == NULL) {
		free(req->wire);
		return ERR_NOMEM;
	}
	err = client_link(t);
	if (err != OK) {
		client_free(t);
		return err;
	}
	t->fn = fn;
	t->arg = arg;
	client_begin(t);
	*out = t;
	return OK;
}

void client_transaction_detach(struct client_transaction *t)
{
	t->fn = NULL;
}

void client_transaction_abort(struct client_transaction *t)
{
	t->fn = NULL;
	if (t->state != TERMINATED)
		end(t);
}

struct slice client_transaction_wire(const struct client_transaction *t)
{
	if (t->detail == NULL || t->state == COMPLETED)
		return SLICE_EMPTY;
	return slice_make(t->detail->wire, t->detail->len);
}

const struct flow *client_transaction_flow(const struct client_transaction *t)
{
	return &t->flow;
}

unsigned client_transaction_retransmits(const struct client_transaction *t)
{
	return t->retransmits;
}

bool client_transaction_is_proceeding(const struct client_transaction *t)
{
	return is_invite(t) && t->state == PROCEEDING;
}

struct slice client_branch(const struct client_transaction *t)
{
	return slice_make(t->key, t->branch_len);
}
