#ifndef CORE_TRANSPORT_REPLY_H
#define CORE_TRANSPORT_REPLY_H

/*
 * Responses whose connection is gone, sent over a new one to where the request
 * came from. When that fails too, they go to where the sent-by leads (RFC 3261
 * 18.2.2, RFC 3263 5). For the dispatcher alone.
 */

#include "core/base/list.h"
#include "core/message/header.h"
#include "core/transport/leg.h"

struct dispatcher;

enum { REPLY_MAX = 16 };        /* that are watched; the oldest gives way */

struct reply_set {
	struct dispatcher *dispatcher;
	struct list replies;
	size_t n;
};

void reply_set_init(struct reply_set *set, struct dispatcher *d);
void reply_set_deinit(struct reply_set *set);

/* wire goes over flow, which is new and may fail within 32 s. Does nothing
 * where the sent-by is an address, or memory is short. */
void reply_watch(struct reply_set *set, const struct flow *flow,
                 const struct via *via, struct slice wire);
/* This flow has failed: what was watched on it goes elsewhere. */
void reply_retry(struct reply_set *set, const struct flow *flow);

#endif
