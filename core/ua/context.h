#ifndef CORE_UA_CONTEXT_H
#define CORE_UA_CONTEXT_H

/*
 * A context: all that goes on under one Call-ID of ours (Net::SIP's
 * Endpoint::Context). It may hold several dialogs, where an INVITE forked.
 * Made by endpoint_new_request() or by an arriving request; belongs to
 * that endpoint.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/message/credentials.h"
#include "core/transport/leg.h"
#include "core/ua/dialog.h"
#include "core/ua/history.h"

struct context;

/* What a new context is made of; all is copied but credentials. */
struct context_params {
	struct slice from, to;          /* values; URIs or name-addrs, without
	                                 * our tag; to may carry a tag */
	struct slice contact;           /* value; empty: the leg's */
	struct slice contact_user;      /* user part of the leg's Contact;
	                                 * empty: From's user */
	struct slice call_id;           /* empty: a random one */
	struct slice local_tag;         /* empty: a random one */
	const struct slice *routes;     /* preset, first hop first (U20) */
	size_t nroutes;
	uint32_t cseq;                  /* the last one used; 0 */
	struct credentials *credentials; /* borrowed, must outlive; or NULL */
};

/* Where the INVITE usage of a context stands. */
enum context_state {
	CONTEXT_IDLE,           /* no INVITE yet (other requests only) */
	CONTEXT_CALLING,        /* our INVITE is out */
	CONTEXT_PROCEEDING,     /* it had a 1xx */
	CONTEXT_CANCELLING,     /* we gave it up; waiting for its end */
	CONTEXT_INCOMING,       /* theirs waits for our final response */
	CONTEXT_ANSWERED,       /* our 2xx waits for its ACK */
	CONTEXT_CONFIRMED,      /* a call is up */
	CONTEXT_HANGING_UP,     /* our BYE is out */
	CONTEXT_ENDED
};
const char *context_state_name(enum context_state s);   /* static */

enum context_state context_state(const struct context *ctx);
uint64_t context_id(const struct context *ctx);         /* unique in a run */
struct slice context_call_id(const struct context *ctx);
bool context_is_incoming(const struct context *ctx);    /* the peer began */
/* Ours and theirs, as in From and To of requests that we send. */
struct slice context_local(const struct context *ctx);
struct slice context_remote(const struct context *ctx);
/* The confirmed dialog, else the newest early one, else NULL. */
struct dialog *context_dialog(const struct context *ctx);
/* The nth dialog, oldest first; NULL past the last. */
struct dialog *context_nth_dialog(const struct context *ctx, size_t n);
/* Where the last message of the peer came from, or ours went to; leg NULL
 * before that. */
const struct flow *context_flow(const struct context *ctx);
/* The id of the INVITE or re-INVITE that waits for our answer; 0: none. */
uint64_t context_pending_invite(const struct context *ctx);

/* A BYE of ours waits for its answer; the call itself may be over. */
bool context_has_bye(const struct context *ctx);

/* What answers challenges; borrowed, must outlive ctx or be replaced. Nothing
 * (NULL) does in a context of theirs, until this is called. */
void context_set_credentials(struct context *ctx, struct credentials *c);
struct credentials *context_credentials(const struct context *ctx);

/* How the newest request of ours that is under way came to where it is, and
 * that what it waits for was given up because of err; for who closes ctx, and
 * until then. NULL: none is. */
const struct history *context_note_given_up(struct context *ctx,
                                            enum error err);

/* For the owner's use. */
void context_set_user(struct context *ctx, void *user);
void *context_user(const struct context *ctx);

/* What befalls a context that no response and no request tells of. */
enum context_event {
	CONTEXT_CALL_ENDED,     /* the last dialog of its INVITE is over, or
	                         * the INVITE failed, or theirs was cancelled
	                         * or refused; see struct context_ending */
	CONTEXT_CLOSED          /* the last call: ctx dies afterwards */
};
/* Why a call ended, with the words of CLI.md's call.ended and call.failed. */
struct context_ending {
	bool by_remote;
	bool was_up;            /* there was a 2xx: ended, else failed */
	const char *cause;      /* "bye", "cancel", "refused", "timeout",
	                         * "no-ack", "network", "auth", "error" */
	unsigned status;        /* of the INVITE or BYE; 0: none */
	struct slice reason;
	enum error err;
};
/* Called once with CONTEXT_CALL_ENDED for each context that had an INVITE
 * (unless it is closed before), and once with CONTEXT_CLOSED for each, which
 * may come a while later: a late 2xx has to find its ACK. ending is NULL with
 * the latter. */
typedef void context_fn(struct context *ctx, enum context_event ev,
                        const struct context_ending *ending, void *arg);
void context_watch(struct context *ctx, context_fn *fn, void *arg);

#endif
