/* Responses on their second way back. */

#include "core/transport/reply.h"

#include <stdlib.h>

#include "core/transport/dispatcher.h"

enum { WATCH_MS = 32000 };              /* 64*T1: the request is over */

struct reply {
	struct list node;
	struct reply_set *set;
	struct flow flow;               /* leg NULL: it has failed */
	enum transport transport;
	uint16_t port;                  /* of sent-by; 0: not given */
	char *host;
	char *wire;
	size_t len;
	uint64_t lookup;
	struct timer expiry;
};

static void reply_free(struct reply *r)
{
	struct dispatcher *d = r->set->dispatcher;

	if (r->lookup != 0)
		locate_cancel(dispatcher_locator(d), r->lookup);
	timer_cancel(&r->expiry);
	list_remove(&r->node);
	r->set->n--;
	free(r->host);
	free(r->wire);
	free(r);
}

void reply_set_init(struct reply_set *set, struct dispatcher *d)
{
	set->dispatcher = d;
	set->n = 0;
	list_init(&set->replies);
}

void reply_set_deinit(struct reply_set *set)
{
	LIST_EACH(it, &set->replies)
		reply_free(CONTAINER_OF(it, struct reply, node));
}

static void on_expiry(void *arg)
{
	reply_free(arg);
}

void reply_watch(struct reply_set *set, const struct flow *flow,
                 const struct via *via, struct slice wire)
{
	struct reply *r;
	struct addr numeric;

	if (addr_parse_ip(via->host, &numeric))
		return;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return;
	if (set->n == REPLY_MAX)
		reply_free(CONTAINER_OF(set->replies.next, struct reply,
		                        node));
	r->set = set;
	r->flow = *flow;
	r->transport = flow->leg->transport;
	r->port = via->port;
	r->host = slice_dup(via->host);
	r->wire = slice_dup(wire);
	r->len = wire.len;
	list_append(&set->replies, &r->node);
	set->n++;
	if (r->host == NULL || r->wire == NULL)
		reply_free(r);
	else
		timer_arm(&r->expiry,
		          &dispatcher_env(set->dispatcher)->timers, WATCH_MS,
		          on_expiry, r);
}

static void on_located(enum error err, const char *text,
                       const struct target *targets, size_t n, void *arg)
{
	struct reply *r = arg;
	struct dispatcher *d = r->set->dispatcher;
	bool sent = false;

	(void)err;
	(void)text;
	r->lookup = 0;
	for (size_t i = 0; i < n && !sent; i++) {
		struct flow to = { .remote = targets[i].addr };

		to.leg = dispatcher_leg_for(d, r->transport,
		                            to.remote.family);
		sent = to.leg != NULL
		       && dispatcher_send(d, &to, slice_str(r->host),
		                          slice_make(r->wire, r->len))
		          == OK;
	}
	reply_free(r);
}

/* RFC 3263 5 asks as for a URI of the sent-by, over the same transport. */
static void look_for_sender(struct reply *r)
{
	struct buf text = { 0 };
	struct uri uri;
	uint64_t lookup = 0;

	r->flow.leg = NULL;
	buf_printf(&text, "%s:%s", transport_is_secure(r->transport)
	           ? "sips" : "sip", r->host);
	if (r->port != 0)
		buf_printf(&text, ":%u", r->port);
	buf_printf(&text, ";transport=%s", transport_name(r->transport));
	if (uri_parse(buf_view(&text), &uri)) {
		lookup = locate_start(dispatcher_locator(r->set->dispatcher),
		                      &uri, on_located, r);
		if (lookup != 0)
			r->lookup = lookup;
	} else {
		reply_free(r);
	}
	buf_deinit(&text);
}

void reply_retry(struct reply_set *set, const struct flow *flow)
{
	LIST_EACH(it, &set->replies) {
		struct reply *r = CONTAINER_OF(it, struct reply, node);

		if (r->flow.leg == flow->leg && r->flow.conn == flow->conn)
			look_for_sender(r);
	}
}
