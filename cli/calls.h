#ifndef CLI_CALLS_H
#define CLI_CALLS_H

/* Calls by their number: %1, the current %%, the one before %-. */

#include <stdbool.h>
#include <stdint.h>

#include "cli/explanation.h"
#include "core/base/list.h"
#include "core/message/sdp.h"
#include "core/ua/endpoint.h"
#include "net/media.h"

struct app;
struct item;

struct call {
	struct list node;
	struct app *app;
	unsigned number;                /* N of %N */
	struct context *context;        /* NULL once closed */
	char *call_id;
	char *account;                  /* its name; NULL: none */
	bool incoming;
	bool cancelled;                 /* by our user */
	bool rang_out;                  /* invite --ring */
	bool up;                        /* a 2xx was there */
	bool over;
	bool told_target;               /* its first response was told */
	uint64_t began_us, answered_us, ended_us;
	unsigned last_status;
	struct item *invite;            /* ours, held for a repeated 2xx */
	struct item *answer;            /* the command that waits for the ACK */
	struct item *ender;             /* the one that waits for the end */
	struct sdp_local sdp;           /* our side */
	struct sdp_result media;        /* what was agreed */
	bool offered, agreed;           /* we sent an offer; media holds */
	bool confirmed;                 /* call.confirmed was told */
	struct buf description;         /* what our 2xx carries */
	struct media *rtp;              /* the bound sockets; NULL: none */
	struct timer ring_timeout;
	struct explanation explanation; /* of our last request in it */
};

struct calls {
	struct list list;               /* oldest first; the last ended ones too */
	struct call *current, *previous;
	unsigned last_number;
	unsigned closed;                /* of the list's */
};

void calls_init(struct calls *cs);
void calls_deinit(struct calls *cs);
/* A new call without a context yet; NULL: no memory. */
struct call *calls_new(struct app *app, bool incoming);
/* Gives it its context. It becomes the current one, but an arriving call only
 * where there is none. ERR_NOMEM. */
enum error call_bind(struct call *call, struct context *ctx);
/* Undoes calls_new(), when there was no context for it. */
void call_discard(struct call *call);
/* text is "%3", "%%", "%-"; the empty slice means the current one. Calls that
 * are over are found by their number only where over_too. NULL with why: "no
 * call %3". */
struct call *calls_find(const struct calls *cs, struct slice text,
                        bool over_too, struct buf *why);
/* By its number alone; NULL when there is none. */
struct call *calls_numbered(const struct calls *cs, uint32_t number,
                            bool over_too);
/* Of a context's; NULL when it has none. */
struct call *calls_of(const struct context *ctx);
void calls_select(struct calls *cs, struct call *call);
/* The next live call behind it (NULL: from the first); NULL at the end. */
struct call *calls_next_live(const struct calls *cs, const struct call *it);
/* It is over: frees its sockets. */
void call_end(struct call *call);
/* Its context is no more, either: nothing can come for it. It is kept a while
 * for `trace show`. */
void call_closed(struct call *call);
/* "calling", "ringing", "up 0:12": for the prompt and tables. */
void call_print_state(const struct call *call, struct buf *out);

/* The peer's URI, of From or To. Borrowed. */
struct slice call_peer(const struct call *call);

/* Binds RTP sockets at ip, and makes our side of the session. */
enum error call_open_media(struct call *call, const struct addr *ip);
/* Appends our offer. */
void call_print_offer(struct call *call, struct buf *out);
/* Appends the answer to offer. ERR_UNSUPPORTED: 488 with *warning;
 * ERR_SYNTAX: it is no SDP. */
enum error call_print_answer(struct call *call, struct slice offer,
                             struct buf *out, unsigned *warning);
/* Reads the peer's answer to our offer: ERR_SYNTAX, ERR_PROTOCOL,
 * ERR_UNSUPPORTED. */
enum error call_read_answer(struct call *call, struct slice sdp);

#endif
