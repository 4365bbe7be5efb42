/* Calls: their numbers, their media, and which is the current one. */

#include "cli/calls.h"

#include <stdlib.h>

#include "cli/app.h"

/* Calls that are over and can still be named. */
enum { CLOSED_MAX = 32 };

void calls_init(struct calls *cs)
{
	*cs = (struct calls){ 0 };
	list_init(&cs->list);
}

static void call_free(struct call *call)
{
	list_remove(&call->node);
	timer_cancel(&call->ring_timeout);
	media_close(call->rtp);
	buf_deinit(&call->description);
	explanation_deinit(&call->explanation);
	free(call->call_id);
	free(call->account);
	free(call);
}

void calls_deinit(struct calls *cs)
{
	LIST_EACH(node, &cs->list)
		call_free(CONTAINER_OF(node, struct call, node));
	cs->current = cs->previous = NULL;
}

struct call *calls_next_live(const struct calls *cs, const struct call *it)
{
	struct list *node = it == NULL ? cs->list.next : it->node.next;

	for (; node != &cs->list; node = node->next) {
		struct call *call = CONTAINER_OF(node, struct call, node);

		if (!call->over && call->context != NULL)
			return call;
	}
	return NULL;
}

struct call *calls_new(struct app *app, bool incoming)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	if (app->accounts.current != NULL)
		call->account = strdup(app->accounts.current->name);
	call->app = app;
	call->number = ++app->calls.last_number;
	call->incoming = incoming;
	call->began_us = env_now_us(&app->env);
	list_append(&app->calls.list, &call->node);
	return call;
}

enum error call_bind(struct call *call, struct context *ctx)
{
	struct calls *cs = &call->app->calls;
	const struct account *a = call->app->accounts.current;

	call->call_id = slice_dup(context_call_id(ctx));
	if (call->call_id == NULL)
		return ERR_NOMEM;
	call->context = ctx;
	context_set_user(ctx, call);
	context_watch(ctx, app_context_event, call->app);
	if (call->incoming && a != NULL)
		context_set_credentials(ctx, a->credentials);
	if (!call->incoming || cs->current == NULL)
		calls_select(cs, call);
	return OK;
}

void call_discard(struct call *call)
{
	if (call->app->calls.last_number == call->number)
		call->app->calls.last_number--;
	call_free(call);
}

struct call *calls_of(const struct context *ctx)
{
	return context_user(ctx);
}

void calls_select(struct calls *cs, struct call *call)
{
	if (call == cs->current)
		return;
	cs->previous = cs->current;
	cs->current = call;
}

struct call *calls_numbered(const struct calls *cs, uint32_t number,
                            bool over_too)
{
	for (struct list *it = cs->list.prev; it != &cs->list;
	     it = it->prev) {
		struct call *call = CONTAINER_OF(it, struct call, node);

		if (call->number == number && (over_too || !call->over))
			return call;
	}
	return NULL;
}

struct call *calls_find(const struct calls *cs, struct slice text,
                        bool over_too, struct buf *why)
{
	struct call *call = NULL;
	uint32_t number;

	if (text.len == 0 || slice_eq(text, SLICE("%%")))
		call = cs->current;
	else if (slice_eq(text, SLICE("%-")))
		call = cs->previous;
	else if (slice_to_u32(slice_skip(text, 1), UINT32_MAX, &number))
		call = calls_numbered(cs, number, over_too);
	if (call != NULL)
		return call;
	buf_str(why, "no call");
	if (text.len != 0) {
		buf_char(why, ' ');
		buf_escaped(why, text);
	}
	return NULL;
}

static struct call *newest_live(const struct calls *cs,
                                const struct call *except)
{
	for (struct list *it = cs->list.prev; it != &cs->list;
	     it = it->prev) {
		struct call *call = CONTAINER_OF(it, struct call, node);

		if (!call->over && call != except)
			return call;
	}
	return NULL;
}

static void drop_oldest_closed(struct calls *cs)
{
	LIST_EACH(node, &cs->list) {
		struct call *call = CONTAINER_OF(node, struct call, node);

		if (!call->over || call->context != NULL)
			continue;
		cs->closed--;
		call_free(call);
		return;
	}
}

void call_end(struct call *call)
{
	struct calls *cs = &call->app->calls;

	if (call->over)
		return;
	call->over = true;
	call->ended_us = env_now_us(&call->app->env);
	timer_cancel(&call->ring_timeout);
	media_close(call->rtp);
	call->rtp = NULL;
	buf_deinit(&call->description);
	if (cs->current == call)
		cs->current = cs->previous != NULL ? cs->previous
		                                   : newest_live(cs, call);
	if (cs->previous == call || cs->previous == cs->current)
		cs->previous = newest_live(cs, cs->current);
}

void call_closed(struct call *call)
{
	struct calls *cs = &call->app->calls;

	call_end(call);
	context_set_user(call->context, NULL);
	call->context = NULL;
	if (call->invite != NULL)
		item_drop(call->invite);
	call->invite = NULL;
	if (++cs->closed > CLOSED_MAX)
		drop_oldest_closed(cs);
}

void call_print_state(const struct call *call, struct buf *out)
{
	enum context_state state = CONTEXT_ENDED;
	uint64_t s;

	if (call->context != NULL && !call->over)
		state = context_state(call->context);
	switch (state) {
	case CONTEXT_IDLE:
	case CONTEXT_CALLING:
		buf_str(out, "calling");
		break;
	case CONTEXT_PROCEEDING:
		buf_str(out, call->last_status > 100 ? "ringing" : "trying");
		break;
	case CONTEXT_CANCELLING:
		buf_str(out, "cancelling");
		break;
	case CONTEXT_INCOMING:
		buf_str(out, "incoming");
		break;
	case CONTEXT_ANSWERED:
	case CONTEXT_CONFIRMED:
		s = (env_now_us(&call->app->env) - call->answered_us)
		    / 1000000;
		buf_printf(out, "up %u:%02u", (unsigned)(s / 60),
		           (unsigned)(s % 60));
		break;
	case CONTEXT_HANGING_UP:
		buf_str(out, "hanging up");
		break;
	case CONTEXT_ENDED:
		buf_str(out, "ended");
		break;
	}
}

struct slice call_peer(const struct call *call)
{
	struct name_addr peer;

	if (call->context == NULL)
		return SLICE_EMPTY;
	return name_addr_parse(context_remote(call->context), &peer)
	       ? peer.uri_text : context_remote(call->context);
}

/* --- media --- */

enum { CLOCK_RATE = 8000 };

enum error call_open_media(struct call *call, const struct addr *ip)
{
	enum error err;

	if (call->rtp != NULL)
		return OK;
	err = media_open(call->app->loop, ip, CLOCK_RATE, NULL, NULL,
	                 &call->rtp);
	if (err != OK)
		return err;
	call->sdp = (struct sdp_local){
		.media = *media_local(call->rtp),
		/* RFC 3264 5: fits a signed 64-bit number */
		.session_id = env_random_u64(&call->app->env) >> 2,
		.version = 1,
		.direction = SDP_SENDRECV,
		.codecs = CODEC_PCMU | CODEC_PCMA | CODEC_EVENT,
	};
	return OK;
}

static void take_result(struct call *call, const struct sdp_result *result)
{
	call->media = *result;
	call->agreed = true;
	if (call->rtp != NULL)
		media_set_remote(call->rtp, &result->remote);
}

void call_print_offer(struct call *call, struct buf *out)
{
	call->offered = true;
	sdp_print_offer(out, &call->sdp);
}

enum error call_print_answer(struct call *call, struct slice offer,
                             struct buf *out, unsigned *warning)
{
	struct sdp_result result;
	struct sdp sdp;
	const char *why;
	enum error err;

	if (!sdp_parse(offer, &sdp, &why))
		return ERR_SYNTAX;
	if (call->agreed)
		call->sdp.version++;
	err = sdp_answer(out, &sdp, &call->sdp, &result, warning);
	if (err == OK)
		take_result(call, &result);
	return err;
}

enum error call_read_answer(struct call *call, struct slice text)
{
	struct sdp_result result;
	struct sdp sdp;
	const char *why;
	enum error err;

	if (!sdp_parse(text, &sdp, &why))
		return ERR_SYNTAX;
	err = sdp_read_answer(&sdp, &call->sdp, &result);
	if (err == OK)
		take_result(call, &result);
	return err;
}
