/* How an outcome came about, in words. */

#include "cli/explanation.h"

static void add(struct explanation *e, const struct explained *row)
{
	struct explained *copy = arena_alloc(&e->arena, sizeof(*copy));

	if (copy == NULL)
		return;
	*copy = *row;
	copy->next = NULL;
	copy->what = arena_copy(&e->arena, row->what);
	copy->where = arena_copy(&e->arena, row->where);
	copy->result = arena_copy(&e->arena, row->result);
	copy->text = arena_copy(&e->arena, row->text);
	if (e->last == NULL)
		e->first = copy;
	else
		e->last->next = copy;
	e->last = copy;
}

static void reset(struct explanation *e)
{
	arena_reset(&e->arena);
	e->first = e->last = NULL;
}

/* --- words --- */

static const char *step_name(enum attempt_step step)
{
	switch (step) {
	case ATTEMPT_NAME:
		return "name";
	case ATTEMPT_TARGET:
		return "target";
	case ATTEMPT_CHALLENGE:
		return "challenge";
	case ATTEMPT_REDIRECT:
		return "redirect";
	}
	return "";
}

static void print_where(struct buf *out, enum transport transport,
                        const struct addr *addr)
{
	char text[ADDR_TEXT];

	if (transport == TRANSPORT_NONE)
		return;
	buf_str(out, transport_name(transport));
	buf_char(out, ':');
	buf_str(out, addr_text(addr, text));
}

static void print_status(struct buf *out, unsigned status,
                         struct slice reason)
{
	buf_u64(out, status);
	buf_char(out, ' ');
	buf_slice(out, reason);
}

/* The class that the contract has for it: giving up has none. */
static const char *error_word(enum error err)
{
	return err == ERR_CANCELLED ? "cancelled"
	                            : error_class_name(error_class(err));
}

static void print_result(struct buf *out, const struct attempt *a)
{
	switch (a->step) {
	case ATTEMPT_NAME:
		buf_str(out, a->err == OK ? "found" : error_word(a->err));
		break;
	case ATTEMPT_TARGET:
		if (a->status != 0)
			print_status(out, a->status, a->text);
		else
			buf_str(out, error_word(a->err));
		break;
	case ATTEMPT_CHALLENGE:
		buf_str(out, a->err == OK ? "answered" : "not answered");
		break;
	case ATTEMPT_REDIRECT:
		buf_str(out, a->err == OK ? "followed" : "not followed");
		break;
	}
}

/* "SRV A, TTL 60 s" */
static void print_records(struct buf *out, const struct attempt *a)
{
	buf_printf(out, "%s%s%s, TTL %u s", a->by_naptr ? "NAPTR " : "",
	           a->by_srv ? "SRV " : "",
	           a->kind == RECORD_AAAA ? "AAAA" : "A", a->ttl_s);
}

/* --- rows --- */

static void add_attempt(struct explanation *e, const struct attempt *a)
{
	struct buf where = { 0 }, result = { 0 }, text = { 0 };

	print_where(&where, a->target.transport, &a->target.addr);
	print_result(&result, a);
	if (a->step == ATTEMPT_NAME && a->err == OK)
		print_records(&text, a);
	else if (a->step != ATTEMPT_TARGET || a->status == 0)
		buf_slice(&text, a->text);
	add(e, &(struct explained){
		.step = step_name(a->step),
		.what = a->what,
		.where = buf_view(&where),
		.result = buf_view(&result),
		.text = buf_view(&text),
		.elapsed_us = a->elapsed_us,
	});
	buf_deinit(&where);
	buf_deinit(&result);
	buf_deinit(&text);
}

static void add_lost(struct explanation *e, size_t lost)
{
	struct buf what = { 0 };

	buf_printf(&what, "%zu further steps", lost);
	add(e, &(struct explained){ .step = "more", .what = buf_view(&what) });
	buf_deinit(&what);
}

static void add_success(struct explanation *e, const struct outcome *o)
{
	const struct message *r = o->response;
	struct buf where = { 0 }, result = { 0 };

	if (o->flow != NULL && o->flow->leg != NULL)
		print_where(&where, o->flow->leg->transport,
		            &o->flow->remote);
	print_status(&result, r->status, r->reason);
	add(e, &(struct explained){
		.step = "target",
		.what = o->method_name,
		.where = buf_view(&where),
		.result = buf_view(&result),
		.elapsed_us = o->rtt_us,
	});
	buf_deinit(&where);
	buf_deinit(&result);
}

static void add_outcome(struct explanation *e, const struct outcome *o)
{
	struct buf result = { 0 };

	if (o->response != NULL)
		print_status(&result, o->response->status,
		             o->response->reason);
	else
		buf_str(&result, error_word(o->err));
	add(e, &(struct explained){
		.step = "outcome",
		.what = o->method_name,
		.result = buf_view(&result),
		.text = slice_str(o->text),
	});
	buf_deinit(&result);
}

static void add_history(struct explanation *e, const struct history *h)
{
	if (h == NULL)
		return;
	for (const struct attempt *a = h->first; a != NULL; a = a->next)
		add_attempt(e, a);
	if (h->lost != 0)
		add_lost(e, h->lost);
}

void explanation_take(struct explanation *e, const struct outcome *o)
{
	reset(e);
	add_history(e, o->history);
	if (o->response != NULL && o->response->status < 300)
		add_success(e, o);
	add_outcome(e, o);
}

void explanation_give_up(struct explanation *e, struct context *ctx,
                         const char *what, enum error why)
{
	reset(e);
	add_history(e, context_note_given_up(ctx, why));
	add(e, &(struct explained){
		.step = "outcome",
		.what = slice_str(what),
		.result = slice_str(error_word(why)),
		.text = SLICE("the command was given up first"),
	});
}

void explanation_deinit(struct explanation *e)
{
	arena_deinit(&e->arena);
	*e = (struct explanation){ 0 };
}
