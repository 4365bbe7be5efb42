#ifndef CORE_TRANSPORT_LEG_H
#define CORE_TRANSPORT_LEG_H

/*
 * A leg: one way in and out of this program (a bound UDP socket, a TCP
 * listener with its connections, ...), as core sees it. net/ makes them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/list.h"

struct leg;

/* Where a message came from or goes to. */
struct flow {
	struct leg *leg;
	struct addr remote;
	uint64_t conn;          /* a connection's id, never used twice; 0: over
	                         * whichever leads to remote, made if need be */
};

struct leg_ops {
	/*
	 * Sends or queues wire, which is read before the call returns. name
	 * is the domain that was asked for (RFC 5922: TLS verifies it); empty
	 * for a response on its request's connection. flow->conn is set to the connection that is used.
	 * ERR_NOT_FOUND: the named connection is gone. ERR_LIMIT: its queue
	 * is full. What fails later comes back by dispatcher_failed().
	 */
	enum error (*send)(struct leg *leg, struct flow *flow,
	                   struct slice name, struct slice wire);
	/* The local address (and port, as others may reach it) used towards
	 * remote: for Via, Contact and SDP. */
	enum error (*source)(struct leg *leg, const struct addr *remote,
	                     struct addr *out);
	/* Closes and frees the leg. */
	void (*close)(struct leg *leg);
	/*
	 * Sends a keep-alive, which is no message (RFC 5626 3.5.1; over UDP a
	 * CRLF that nobody answers). must_answer: the flow fails, by
	 * dispatcher_failed() with ERR_TIMEOUT, when no answer comes within
	 * 10 s. *answered: an earlier one on this connection was.
	 * ERR_NOT_FOUND: the connection is gone. NULL: nothing can fail.
	 */
	enum error (*ping)(struct leg *leg, const struct flow *flow,
	                   bool must_answer, bool *answered);
};

/* The first member of every transport's own leg. */
struct leg {
	struct list node;               /* of the dispatcher */
	const struct leg_ops *ops;
	enum transport transport;
	struct addr local;              /* bound; may be the any-address */
	const char *sent_by;            /* a host in place of the address, for
	                                 * Via (".invalid" of WS) and, but of
	                                 * WS, Contact; or NULL */
	uint64_t sent, received;        /* messages */
	struct addr learnt;             /* where the last response says that
	                                 * we were seen, if not at local (RFC
	                                 * 3581 4): to be shown, not believed.
	                                 * Family NONE: at local, or nothing;
	                                 * port 0: it does not say */
};

/* Appends "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK...;rport" (8.1.1.7, RFC 3581).
 * local is what ops->source() said. rport on UDP only. */
void leg_print_via(struct buf *out, const struct leg *leg,
                   const struct addr *local, struct slice branch);
/* Appends "sip:user@host:port;transport=tcp" (no parameter for UDP, sips: for a secure
 * request): the Contact by which this leg is reached. user may be empty. */
void leg_print_contact_uri(struct buf *out, const struct leg *leg,
                           const struct addr *local, struct slice user,
                           bool secure);

#endif
