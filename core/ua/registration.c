/* A registration: REGISTER after REGISTER under one Call-ID. */

#include "core/ua/registration.h"

#include <stdlib.h>

#include "core/ua/registration_internal.h"

enum { QUEUE_MAX = 32, RETRY_FIRST_S = 30, RETRY_LAST_S = 1800 };

/* See the header: RFC 3261 10.2.4 leaves the moment to us. */
static uint64_t refresh_delay_ms(uint32_t granted_s)
{
	uint64_t granted_ms = (uint64_t)granted_s * 1000;
	uint64_t margin_ms = granted_ms / 10;

	if (margin_ms < 5000)
		margin_ms = 5000;
	if (margin_ms > granted_ms / 2)
		margin_ms = granted_ms / 2;
	return granted_ms - margin_ms;
}

/* RFC 3608 5.2: the newest 2xx replaces what was known. */
static enum error read_service_routes(struct registration *r,
                                      const struct message *m)
{
	struct slice values[16], value;
	struct header_iter it = { 0 };
	size_t n = 0;

	while (n < ARRAY_LEN(values)
	       && message_next_value(m, HEADER_SERVICE_ROUTE, &it, &value))
		values[n++] = value;
	return texts_set(&r->service_routes, values, n);
}

static void on_refresh(void *arg);

static void stop(struct registration *r)
{
	r->keep = false;
	r->failures = 0;
	timer_cancel(&r->refresh);
	keepalive_stop(&r->alive);
}

static void lapse(struct registration *r)
{
	stop(r);
	r->expires_at_us = 0;
	texts_deinit(&r->own);
}

static void registered(struct registration *r, uint32_t granted_s)
{
	if (granted_s == 0) {
		lapse(r);
		return;
	}
	r->failures = 0;
	r->keep = !r->want.once;
	r->expires_at_us = env_now_us(endpoint_env(r->ep))
	                   + (uint64_t)granted_s * 1000000;
	timer_cancel(&r->refresh);
	if (r->keep)
		registration_refresh_in(r, refresh_delay_ms(granted_s));
}

/* One contact is gone; without another of ours all is over. */
static void removed_one(struct registration *r, struct slice contact)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->ncontacts; i++)
		if (uri_text_equal(r->contacts[i].uri, contact))
			r->contacts[i].removed = true;
	for (size_t i = 0; i < r->own.count; i++)
		if (!uri_text_equal(r->own.list[i], contact))
			r->own.list[kept++] = r->own.list[i];
	if (kept == 0 && r->own.count != 0)
		lapse(r);
	r->own.count = kept;
}

/* What a 2xx means for each operation; fills in the report. */
static enum error accept_answer(struct registration *r,
                                const struct outcome *o, struct arena *arena,
                                struct registration_report *report)
{
	const struct message *m = o->response;
	uint32_t asked = registration_registers(r)
	                 ? registration_asked_s(r, r->want.expires_s) : 0;
	struct bindings bindings;
	struct texts own = { 0 };
	enum error err;

	err = registration_own_contacts(r, o->flow, &own);
	if (err == OK)
		err = bindings_read(m, own.list, own.count, asked, arena,
		                    &bindings);
	if (err == OK && registration_registers(r))
		err = read_service_routes(r, m);
	if (err != OK)
		goto out;
	report->bindings = bindings.list;
	report->nbindings = bindings.count;
	switch (r->current->kind) {
	case OPERATION_REGISTER:
	case OPERATION_REFRESH:
		report->event = REGISTRATION_OK;
		report->expires_s = bindings_granted_s(m, &bindings, asked);
		texts_deinit(&r->own);
		r->own = own;
		own = (struct texts){ 0 };
		registered(r, report->expires_s);
		if (r->keep)
			registration_keep_flow(r, o);
		break;
	case OPERATION_UNREGISTER:
	case OPERATION_REMOVE_ALL:
		report->event = REGISTRATION_REMOVED;
		lapse(r);
		break;
	case OPERATION_REMOVE:
		report->event = REGISTRATION_REMOVED;
		removed_one(r, slice_str(r->current->contact));
		break;
	case OPERATION_QUERY:
		report->event = REGISTRATION_BINDINGS;
		break;
	}
out:
	texts_deinit(&own);
	return err;
}

static bool is_refusal_of_credentials(const struct outcome *o)
{
	unsigned status = o->response == NULL ? 0 : o->response->status;

	return o->err == ERR_AUTH || status == 401 || status == 403
	       || status == 407;
}

uint64_t registration_backoff_ms(struct registration *r, unsigned failures)
{
	uint64_t wait_ms = RETRY_FIRST_S * 1000;

	for (unsigned i = 0; i < failures && wait_ms < RETRY_LAST_S * 1000;
	     i++)
		wait_ms *= 2;
	if (wait_ms > RETRY_LAST_S * 1000)
		wait_ms = RETRY_LAST_S * 1000;
	return wait_ms - env_random_below(endpoint_env(r->ep),
	                                  wait_ms / 2 + 1);
}

void registration_refresh_in(struct registration *r, uint64_t wait_ms)
{
	timer_arm(&r->refresh, &endpoint_env(r->ep)->timers, wait_ms,
	          on_refresh, r);
}

/* Returns the wait in ms, or -1: not again. */
static int64_t plan_retry(struct registration *r, const struct outcome *o)
{
	uint64_t wait_ms;
	uint32_t after_s = 0;

	if (!r->keep)
		return -1;
	if (is_refusal_of_credentials(o)) {
		stop(r);
		return -1;
	}
	wait_ms = registration_backoff_ms(r, r->failures++);
	if (o->response != NULL
	    && retry_after_parse(message_header(o->response,
	                                        HEADER_RETRY_AFTER, 0),
	                         &after_s)
	    && (uint64_t)after_s * 1000 > wait_ms)
		wait_ms = (uint64_t)after_s * 1000;
	registration_refresh_in(r, wait_ms);
	return (int64_t)wait_ms;
}

static void operation_free(struct operation *op)
{
	free(op->contact);
	free(op);
}

static void on_next(void *arg);

/* Begins what waits, once the caller's caller is done. */
static void go_on(struct registration *r)
{
	if (!list_empty(&r->queue))
		timer_arm(&r->next, &endpoint_env(r->ep)->timers, 0, on_next,
		          r);
}

/* The end of the current operation. Its report is the last that is done here:
 * the callee may free r. */
static void finish(struct registration *r, const struct outcome *o)
{
	struct outcome failure = *o;
	struct registration_report report = {
		.event = REGISTRATION_FAILED,
		.outcome = &failure,
		.refresh = r->current->kind == OPERATION_REFRESH,
		.next_try_ms = -1,
	};
	struct arena arena = { 0 };

	if (o->err == OK && o->response->status < 300)
		failure.err = accept_answer(r, o, &arena, &report);
	if (failure.err != OK && o->err == OK)
		failure.text = error_text(failure.err);
	if (report.event == REGISTRATION_FAILED
	    && registration_registers(r))
		report.next_try_ms = plan_retry(r, &failure);
	operation_free(r->current);
	r->current = NULL;
	go_on(r);
	r->fn(r, &report, r->arg);
	arena_deinit(&arena);
}

/* 10.2.8: whether a 423 asks for something that we can try. */
static bool obey_423(struct registration *r, const struct message *m)
{
	uint32_t min_s;

	if (r->obeyed_423 || !registration_registers(r)
	    || !delta_seconds_parse(message_header(m, HEADER_MIN_EXPIRES, 0),
	                            &min_s)
	    || min_s <= r->min_expires_s)
		return false;
	r->obeyed_423 = true;
	r->min_expires_s = min_s;
	return true;
}

static void fail(struct registration *r, enum error err)
{
	static const struct flow nowhere;

	finish(r, &(struct outcome){
		.final = true,
		.err = err,
		.text = error_text(err),
		.flow = &nowhere,
		.method = METHOD_REGISTER,
		.method_name = method_name(METHOD_REGISTER),
		.cseq = r->cseq,
	});
}

static void too_brief(struct registration *r, const struct outcome *o)
{
	struct outcome failure = *o;

	failure.err = ERR_PROTOCOL;
	failure.text = r->obeyed_423
	               ? "423 again, for the time that it asked for"
	               : "423 without a Min-Expires above what was asked";
	finish(r, &failure);
}

static void on_outcome(struct endpoint *ep, struct context *ctx,
                       const struct outcome *o, void *arg)
{
	struct registration *r = arg;
	enum error err;

	(void)ep, (void)ctx;
	if (!o->final)
		return;
	r->context = 0;
	if (o->cseq > r->cseq)
		r->cseq = o->cseq;
	if (o->err != OK || o->response->status != 423) {
		finish(r, o);
	} else if (!obey_423(r, o->response)) {
		too_brief(r, o);
	} else {
		err = registration_send(r, on_outcome);
		if (err != OK)
			fail(r, err);
	}
}

/* --- operations --- */

static enum error start(struct registration *r, struct operation *op)
{
	r->current = op;
	r->obeyed_423 = false;
	switch (op->kind) {
	case OPERATION_REGISTER:
		for (size_t i = 0; i < r->ncontacts; i++)
			r->contacts[i].removed = false;
		break;
	case OPERATION_UNREGISTER:
	case OPERATION_REMOVE_ALL:
		stop(r);
		break;
	case OPERATION_REFRESH:
	case OPERATION_REMOVE:
	case OPERATION_QUERY:
		break;
	}
	return registration_send(r, on_outcome);
}

static struct operation *dequeue(struct registration *r)
{
	struct operation *op = CONTAINER_OF(r->queue.next, struct operation,
	                                    node);

	list_remove(&op->node);
	r->queued--;
	return op;
}

static void on_next(void *arg)
{
	struct registration *r = arg;
	struct operation *op = dequeue(r);
	enum error err;

	if (op->kind == OPERATION_REFRESH && !r->keep) {
		operation_free(op);     /* what went before has ended it */
		go_on(r);
		return;
	}
	err = start(r, op);
	if (err != OK)
		fail(r, err);
}

/* Takes op: starts it, or lets it wait its turn. */
static enum error submit(struct registration *r, struct operation *op)
{
	enum error err;

	if (r->current != NULL || !list_empty(&r->queue)) {
		if (r->queued >= QUEUE_MAX) {
			operation_free(op);
			return ERR_LIMIT;
		}
		list_append(&r->queue, &op->node);
		r->queued++;
		return OK;
	}
	err = start(r, op);
	if (err != OK) {
		r->current = NULL;
		operation_free(op);
	}
	return err;
}

static struct operation *operation_new(enum operation_kind kind)
{
	struct operation *op = calloc(1, sizeof(*op));

	if (op != NULL)
		op->kind = kind;
	return op;
}

static enum error submit_new(struct registration *r, enum operation_kind kind)
{
	struct operation *op = operation_new(kind);

	return op == NULL ? ERR_NOMEM : submit(r, op);
}

/* What is under way or waiting has its turn first; a refresh that cannot be
 * sent for want of memory is tried again like one that failed. */
static void on_refresh(void *arg)
{
	struct registration *r = arg;

	if (submit_new(r, OPERATION_REFRESH) != OK)
		registration_refresh_in(r, RETRY_FIRST_S * 1000);
}

enum error registration_register(struct registration *r,
                                 const struct registration_params *p)
{
	enum error err = p == NULL ? OK : registration_adopt(r, p);

	return err != OK ? err : submit_new(r, OPERATION_REGISTER);
}

enum error registration_unregister(struct registration *r)
{
	return submit_new(r, OPERATION_UNREGISTER);
}

enum error registration_remove(struct registration *r, struct slice contact)
{
	struct operation *op;
	struct uri uri;

	if (!uri_parse(contact, &uri))
		return ERR_SYNTAX;
	op = operation_new(OPERATION_REMOVE);
	if (op == NULL)
		return ERR_NOMEM;
	op->contact = slice_dup(contact);
	if (op->contact == NULL) {
		operation_free(op);
		return ERR_NOMEM;
	}
	return submit(r, op);
}

enum error registration_remove_all(struct registration *r)
{
	return submit_new(r, OPERATION_REMOVE_ALL);
}

enum error registration_query(struct registration *r)
{
	return submit_new(r, OPERATION_QUERY);
}

bool registration_is_active(const struct registration *r)
{
	return r->expires_at_us > env_now_us(endpoint_env(r->ep));
}

bool registration_is_busy(const struct registration *r)
{
	return r->current != NULL || !list_empty(&r->queue);
}

uint32_t registration_left_s(const struct registration *r)
{
	if (!registration_is_active(r))
		return 0;
	return (uint32_t)((r->expires_at_us - env_now_us(endpoint_env(r->ep))
	                   + 999999) / 1000000);
}

struct slice registration_aor(const struct registration *r)
{
	return r->want.aor;
}

struct slice registration_registrar(const struct registration *r)
{
	return r->want.registrar;
}

bool registration_service_route(const struct registration *r, size_t n,
                                struct slice *out)
{
	if (n >= r->service_routes.count)
		return false;
	*out = r->service_routes.list[n];
	return true;
}

struct registration *registration_new(struct endpoint *ep,
                                      const struct registration_params *p,
                                      registration_fn *fn, void *arg,
                                      enum error *err)
{
	struct registration *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		*err = ERR_NOMEM;
		return NULL;
	}
	r->ep = ep;
	r->fn = fn;
	r->arg = arg;
	list_init(&r->queue);
	env_token(endpoint_env(ep), r->call_id);
	*err = registration_adopt(r, p);
	if (*err != OK) {
		registration_free(r);
		return NULL;
	}
	return r;
}

void registration_free(struct registration *r)
{
	struct context *ctx;

	if (r == NULL)
		return;
	timer_cancel(&r->next);
	timer_cancel(&r->refresh);
	keepalive_stop(&r->alive);
	ctx = r->context == 0 ? NULL : endpoint_find_context(r->ep,
	                                                     r->context);
	if (ctx != NULL)
		endpoint_close_context(r->ep, ctx);
	if (r->current != NULL)
		operation_free(r->current);
	while (!list_empty(&r->queue))
		operation_free(dequeue(r));
	texts_deinit(&r->own);
	texts_deinit(&r->service_routes);
	arena_deinit(&r->want_arena);
	free(r);
}
