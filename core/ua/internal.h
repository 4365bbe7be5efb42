#ifndef CORE_UA_INTERNAL_H
#define CORE_UA_INTERNAL_H

/*
 * What the rooms of the user agent share. endpoint.c keeps the tables,
 * uas.c takes what arrives, uac.c sends, exchange.c follows one request of
 * ours to its outcome, pending.c one of theirs to its answer, session.c
 * knows what an INVITE does to a call, ack.c makes ACKs, context.c and
 * dialog.c remember.
 *
 * Lifetime: what ends is unlinked at once, so that nothing finds it any
 * more, and freed on the next run of the timers. So every function here may
 * call out and still look at what it holds; it asks ctx->closed before it
 * goes on with a call.
 */

#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/base/timer.h"
#include "core/ua/context.h"
#include "core/ua/dialog_internal.h"
#include "core/ua/endpoint.h"

/* Where a walk over the contexts goes on, whatever is closed meanwhile. */
struct context_cursor {
	struct list *next;
	struct context_cursor *outer;
};

struct endpoint {
	struct transactions *transactions;
	struct dispatcher *dispatcher;
	struct env *env;
	const struct endpoint_settings *settings;
	application_fn *application;
	void *application_arg;
	ask_fn *ask;
	void *ask_arg;
	struct list contexts;
	struct context_cursor *cursors;
	struct hash contexts_by_id;
	struct hash dialogs;            /* by Call-ID and local tag */
	struct hash exchanges;          /* by id */
	struct hash pendings;           /* by id */
	struct hash pendings_by_transaction;
	uint64_t last_id;               /* of context, exchange or pending */
	unsigned ringing;               /* calls that wait for our answer */
	struct timer undertaker;
	struct list dead_contexts, dead_exchanges, dead_pendings;
	struct message scratch;         /* for our own requests, and kept ones;
	                                 * never across a call to the user */
	struct buf via, contact;        /* scratch of outbound.c */
};

struct context {
	struct list node;               /* of the endpoint, or of its dead */
	struct hash_node by_id;
	uint64_t id;
	struct endpoint *endpoint;
	char *texts;                    /* the one allocation of these: */
	struct slice call_id, local_tag, local, remote;
	struct slice contact, contact_user;
	struct slice route_set;         /* preset; a list value */
	struct credentials *credentials;
	uint32_t cseq;                  /* outside dialogs */
	enum context_state state;
	bool incoming, closed;
	bool has_call;                  /* there was an INVITE */
	bool was_up;                    /* and a 2xx to it */
	bool call_ended;                /* CONTEXT_CALL_ENDED was told */
	struct flow flow;
	struct list dialogs, exchanges, acks, pendings;
	struct dialog *answering;       /* its 2xx is being told: ACK comes */
	bool hangup_asked;              /* meanwhile */
	response_fn *hangup_fn;
	void *hangup_arg;
	context_fn *watch;
	void *watch_arg;
	void *user;
};

/* --- endpoint.c --- */

/* A number that this endpoint has not given out yet. */
uint64_t endpoint_next_id(struct endpoint *ep);
/* node, which is unlinked, is freed later with its list of the dead. */
void endpoint_bury(struct endpoint *ep, struct list *dead,
                   struct list *node);
/* The dialog that m, which came from its peer, belongs to; or NULL. */
struct dialog *endpoint_find_dialog(struct endpoint *ep,
                                    const struct message *m);
/* d goes into ctx and can be found. On failure it is freed. */
enum error endpoint_add_dialog(struct context *ctx, struct dialog *d);
/* Over: no request finds it any more. It lives on with its context. */
void endpoint_end_dialog(struct dialog *d);
/* Links a new context. On failure it is freed. */
enum error endpoint_add_context(struct endpoint *ep, struct context *ctx);

/* --- context.c --- */

enum error context_new(struct endpoint *ep, const struct context_params *p,
                       struct context **out);
/* Of a request outside any dialog. */
enum error context_new_incoming(struct endpoint *ep,
                                const struct message *request,
                                const struct flow *from,
                                struct context **out);
void context_free(struct context *ctx);         /* accepts NULL */
/* Tells CONTEXT_CALL_ENDED, the first time. */
void context_end_call(struct context *ctx,
                      const struct context_ending *ending);
/* Closes ctx when nothing goes on in it any more. */
void context_settle(struct context *ctx);
/* Is there a dialog that is confirmed, or (any) early too? */
bool context_has_dialog(const struct context *ctx, bool early);
/* The one with this remote tag, early or not; NULL: none. */
struct dialog *context_dialog_with(struct context *ctx,
                                   struct slice remote_tag);

#endif
