#ifndef CORE_UA_DIALOG_INTERNAL_H
#define CORE_UA_DIALOG_INTERNAL_H

/* How a dialog comes to be and changes: for core/ua alone. */

#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/ua/context.h"
#include "core/ua/dialog.h"

struct dialog {
	struct list node;               /* of its context */
	struct hash_node by_tags;       /* of the endpoint */
	struct context *ctx;
	enum dialog_state state;
	bool caller, secure, has_remote_cseq;
	bool unwanted;                  /* of a fork that came too late */
	bool hung_up;                   /* our BYE is out, or theirs came */
	uint64_t heard;                 /* hash of the last 1xx that came */
	uint32_t local_cseq, remote_cseq;
	struct slice call_id;           /* the context's */
	char *texts;                    /* the one allocation of these: */
	struct slice local, remote, local_tag, remote_tag, target;
	struct slice route_set;         /* a list value, first hop first */
};

/* What the caller's half has from its own request, in which it is borrowed. */
struct dialog_origin {
	struct slice uri;
	bool is_sips;
	struct slice local_tag;
	uint32_t cseq;
};
/*
 * The caller's half, from our request and the first response with this To
 * tag (12.1.2); early until dialog_confirm(). A response without Contact
 * leaves the Request-URI as remote target; one without To tag makes a dialog
 * with a null tag. secure: the request went over TLS. call_id is borrowed.
 * ERR_NOMEM; ERR_LIMIT for more than DIALOG_ROUTES_MAX Record-Routes.
 */
enum { DIALOG_ROUTES_MAX = 64 };
enum error dialog_new_caller(struct slice call_id,
                             const struct dialog_origin *request,
                             const struct message *response, bool secure,
                             struct dialog **out);
/* The callee's half, from their request and the tag of our response
 * (12.1.1); early until dialog_confirm(). */
enum error dialog_new_callee(struct slice call_id,
                             const struct message *request,
                             struct slice local_tag, bool secure,
                             struct dialog **out);
void dialog_free(struct dialog *d);             /* accepts NULL */

/* The 2xx is there: the caller's route set and target are computed again
 * from response (13.2.2.4), which is NULL for the callee. */
enum error dialog_confirm(struct dialog *d, const struct message *response);
/* The Contact of an INVITE or UPDATE, or of a 2xx to one, is the new remote
 * target (12.2); m without a Contact changes nothing. */
enum error dialog_refresh(struct dialog *d, const struct message *m);

/* Whether a request with this CSeq is in order; if so it is remembered
 * (12.2.2). */
bool dialog_accept_cseq(struct dialog *d, uint32_t number);
/* For our next request: one more than the last. */
uint32_t dialog_next_cseq(struct dialog *d);

#endif
