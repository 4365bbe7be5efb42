#ifndef CORE_UA_OUTBOUND_H
#define CORE_UA_OUTBOUND_H

/* How our requests leave: Request-URI and Route values (RFC 3261 12.2.1.1),
 * the next hop (8.1.2), and the wire image for one target. */

#include "core/message/request.h"
#include "core/transport/locate.h"
#include "core/ua/internal.h"

/* More hops than this share the last Route field. */
enum { OUTBOUND_ROUTES = 16 };

struct path {
	struct slice uri;               /* the Request-URI */
	struct slice routes[OUTBOUND_ROUTES];
	size_t nroutes;
	bool strict;                    /* the next hop is the Request-URI, not
	                                 * the first Route */
	struct buf scratch;             /* what had to be written anew */
};

/* route_set is a list value, target a URI; both are borrowed. ERR_NOMEM.
 * path_deinit() also after an error. */
enum error path_init(struct path *p, struct slice route_set,
                     struct slice target);
void path_deinit(struct path *p);

/* Where a request goes next, borrowed from d: its first Route, or its
 * Request-URI; of scheme sips where the Request-URI is. False when that is no
 * sip or sips URI. */
bool outbound_next_hop(struct endpoint *ep, const struct request_draft *d,
                       bool strict, struct uri *out);

enum { BRANCH_LEN = 7 + ENV_TOKEN_LEN };

/* One try at one target. */
struct outbound {
	const struct target *target;
	uint32_t cseq;
	bool with_contact, secure;
	bool same_peer;                 /* in a dialog: goes by the connection
	                                 * that its last message came by, where
	                                 * it leads to the target. Without it
	                                 * none could reach who does not
	                                 * listen, or proves no name */
	struct slice contact_params;
	struct slice credentials;       /* whole lines */
	/* what becomes of it: */
	struct flow flow;
	char branch[BRANCH_LEN];
};
/* Finds a leg, and appends the wire image to wire. ERR_NO_TRANSPORT,
 * ERR_NOMEM, ERR_SYNTAX, or what the leg says of the way to the target. */
enum error outbound_seal(struct context *ctx, const struct request_draft *d,
                         struct outbound *o, struct buf *wire);

/* Appends our Contact value as seen over flow. */
enum error outbound_print_contact(struct buf *out, struct context *ctx,
                                  const struct flow *flow, bool secure,
                                  struct slice params);

/*
 * The user's fields and then ours, where he does not name them: in one
 * allocation, to be freed. NULL: no memory. *n is how many.
 */
struct field *outbound_fields(const struct field *fields, size_t nfields,
                              const struct field *ours, size_t nours,
                              size_t *n);

#endif
