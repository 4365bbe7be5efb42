#ifndef CLI_CALLS_H
#define CLI_CALLS_H

/* Calls by their number: %1, the current %%, the one before %-. */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/media/rtp.h"
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
	struct account *account;        /* or NULL */
	bool incoming;
	bool cancelled;                 /* by our user */
	bool up;                        /* a 2xx was there */
	bool over;
	uint64_t began_us, answered_us, ended_us;
	unsigned last_status;
	struct item *item;              /* the command that waits: invite, bye, ... */
	struct sdp_local sdp;           /* our side */
	struct sdp_result media;        /* what was agreed */
	bool offered, agreed;           /* we sent an offer; media holds */
	struct media *rtp;              /* the bound sockets; NULL: none */
	struct timer ring_timeout;
};

struct calls {
	struct list list;               /* oldest first */
	struct call *current, *previous;
	unsigned last_number;
};

void calls_init(struct calls *cs);
void calls_deinit(struct calls *cs);
/* A new call, which becomes the current one where there is none (or always,
 * for a call of our own). NULL: no memory. */
struct call *calls_new(struct app *app, struct context *ctx, bool incoming);
/* text is "%3", "%%", "%-"; the empty slice means the current one. NULL with why: "no call
 * %3". */
struct call *calls_find(struct calls *cs, struct slice text,
                        struct buf *why);
void calls_select(struct calls *cs, struct call *call);
/* Ends listening on it, and forgets it. */
void call_free(struct call *call);
/* "early", "up 0:12", "ringing": for the prompt and tables. */
void call_state_text(const struct call *call, struct buf *out);

/* Binds RTP sockets at the address that leads to the peer. */
enum error call_open_media(struct call *call, const struct addr *local_ip);
/* Appends the offer or, with offer not empty, the answer; ERR_UNSUPPORTED with warning. */
enum error call_print_sdp(struct call *call, struct slice offer,
                          struct buf *out, unsigned *warning);
/* Reads the peer's answer. */
enum error call_read_answer(struct call *call, struct slice sdp);

#endif
