#ifndef CORE_UA_PENDING_H
#define CORE_UA_PENDING_H

/*
 * A request of the peer that waits for our answer; one of an INVITE waits on,
 * after our 2xx, until its ACK comes, and repeats the 2xx meanwhile (RFC 3261
 * 13.3.1.4).
 */

#include "core/ua/internal.h"

struct pending {
	struct list node;               /* of its context, or of the dead */
	struct hash_node by_id, by_transaction;
	uint64_t id;
	struct context *ctx;
	struct dialog *dialog;          /* it came in, or its answer made */
	struct server_transaction *transaction; /* NULL: gone */
	struct flow from;
	enum method method;
	uint32_t cseq;
	bool in_dialog;                 /* it came in one */
	bool is_secure;                 /* asks for sips */
	bool has_body;
	bool ringing;                   /* counted as an unanswered call */
	unsigned status;                /* the final one that was sent; or 0 */
	struct timer expiry;            /* an INVITE's Expires (13.3.1) */
	struct timer timer;             /* of its last 1xx, or its 2xx: */
	uint32_t interval_ms;
	uint64_t give_up_us;
	bool bye_on_ack;                /* hung up meanwhile */
	response_fn *hangup_fn;
	void *hangup_arg;
};

/* Watches t from now on. The context is m's. */
enum error pending_new(struct context *ctx, struct dialog *d,
                       struct server_transaction *t,
                       const struct message *m, const struct flow *from,
                       struct pending **out);
/* NULL: none. */
struct pending *pending_find(struct endpoint *ep, uint64_t id);
struct pending *pending_of(struct endpoint *ep,
                           const struct server_transaction *t);
/* Needs no answer any more; freed later. */
void pending_end(struct pending *p);
/* Answers with this status and nothing else, if there is no final yet. */
void pending_refuse(struct pending *p, unsigned status);
/* The request again, in the scratch message; NULL when it is kept no more. */
const struct message *pending_request(struct pending *p);
/*
 * Sends a response with what belongs into it: Contact, Allow and Supported
 * where it makes or refreshes a dialog, and Server. Errors as
 * server_transaction_respond().
 */
enum error pending_respond(struct pending *p,
                           const struct response_parts *parts);
/* Unanswered ones in d with this method. */
bool pending_is_open(const struct dialog *d, enum method method);

/* An answer of ours to a request of no context. */
void endpoint_refuse(struct endpoint *ep, struct server_transaction *t,
                     const struct response_parts *parts);

#endif
