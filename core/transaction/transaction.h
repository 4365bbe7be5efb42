#ifndef CORE_TRANSACTION_TRANSACTION_H
#define CORE_TRANSACTION_TRANSACTION_H

/*
 * The transaction layer: RFC 3261 17 with RFC 6026, four state tables.
 * Matches responses and requests, retransmits, absorbs retransmissions,
 * makes the ACK for 3xx to 6xx. O(1) to find a transaction; a finished one
 * keeps only what a retransmission needs.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/env.h"
#include "core/message/message.h"
#include "core/message/response.h"
#include "core/transport/dispatcher.h"

struct transactions;            /* the layer */
struct client_transaction;
struct server_transaction;

struct transaction_settings {
	uint32_t t1_ms, t2_ms, t4_ms;   /* 500, 4000, 5000 */
	uint32_t max_incoming;          /* unfinished server transactions: 100;
	                                 * more get 503 statelessly */
	uint32_t max_finished;          /* that have their final response, and
	                                 * wait for copies of the request or
	                                 * for the ACK of a refusal: 50,000;
	                                 * the oldest end before their time */
};
extern const struct transaction_settings transaction_settings_default;

/* --- to the transaction user --- */

/*
 * A new request (t answers it: server_transaction_respond(), once with a final
 * status), or an ACK that no transaction took (t is NULL: the ACK of a 2xx).
 * Retransmissions, ACKs of 3xx to 6xx and merged requests (482) do not come up.
 * m and from die when this returns; t lives until SERVER_GONE.
 */
typedef void request_fn(struct server_transaction *t, const struct message *m,
                        const struct flow *from, void *arg);
/* A response that matches no client transaction: a late 2xx of an INVITE
 * may still belong to a dialog (13.2.2.4); all else is to be dropped. */
typedef void stray_fn(const struct message *m, const struct flow *from,
                      void *arg);

/* Makes itself the dispatcher's receiver. */
struct transactions *transactions_new(struct dispatcher *d,
                                      const struct transaction_settings *s);
/* Frees all transactions without calling anybody. */
void transactions_free(struct transactions *ts);
void transactions_set_user(struct transactions *ts, request_fn *request,
                           stray_fn *stray, void *arg);
/* May be changed at any time; armed timers keep their delay. */
struct transaction_settings *transactions_settings(struct transactions *ts);
struct dispatcher *transactions_dispatcher(struct transactions *ts);

/* --- client transactions --- */

struct client_report {
	const struct message *response; /* NULL: none, see err */
	const struct flow *from;        /* of response */
	enum error err;                 /* ERR_TIMEOUT (B, F), or what the
	                                 * transport said; OK with a response */
	const char *text;               /* of err, for a person; never NULL */
	bool gone;                      /* the last call: t dies afterwards */
};
/*
 * Called for each response that is new to the user (provisional ones, and the
 * final one; every 2xx to an INVITE, repeated ones too, until timer M), then or
 * instead for a failure, and at last once with gone (which may be the same call
 * as a failure, and comes without response and with OK otherwise). Never from
 * inside client_transaction_start(). May start and detach transactions.
 */
typedef void client_fn(struct client_transaction *t,
                       const struct client_report *report, void *arg);

struct client_request {
	struct flow flow;               /* leg and remote set */
	struct slice name;              /* for TLS; copied */
	struct slice branch;            /* as in the wire's top Via; copied */
	enum method method;
	struct slice method_name;       /* copied where method is OTHER */
	/* as in the wire: a response with others is a forgery, and a stray;
	 * p NULL: not looked at */
	struct slice call_id, from_tag;
	char *wire;                     /* malloc()ed; ownership passes, on
	                                 * failure too */
	size_t len;
};
/* Sends at once. An error that is known at once (no connection can be
 * made, refused earlier) is returned, and fn is not called. ACK is no
 * transaction: use dispatcher_send(). */
enum error client_transaction_start(struct transactions *ts,
                                    const struct client_request *req,
                                    client_fn *fn, void *arg,
                                    struct client_transaction **out);
/* fn will not be called again; t goes on absorbing what must be absorbed,
 * and is not to be used any more. An INVITE's is ACKed all the same: a refusal
 * by t, a 2xx by whoever gets the stray responses. */
void client_transaction_detach(struct client_transaction *t);
/* Stops it at once: nothing is sent or absorbed any more. No call of fn. */
void client_transaction_abort(struct client_transaction *t);
/* The request as sent: for ACK and CANCEL. Empty once a final response came,
 * except for an INVITE's 2xx. */
struct slice client_transaction_wire(const struct client_transaction *t);
const struct flow *client_transaction_flow(const struct client_transaction *t);
unsigned client_transaction_retransmits(const struct client_transaction *t);
/* An INVITE that has seen a provisional response and no final one may be
 * cancelled (9.1). */
bool client_transaction_is_proceeding(const struct client_transaction *t);

/* --- server transactions --- */

enum server_event {
	SERVER_ACKED,           /* our 3xx to 6xx was ACKed */
	SERVER_NO_ACK,          /* timer H: our 3xx to 6xx never was */
	SERVER_FAILED,          /* the response could not be sent: err */
	SERVER_GONE             /* the last call: t dies afterwards */
};
typedef void server_fn(struct server_transaction *t, enum server_event ev,
                       enum error err, void *arg);
/* To be called from inside request_fn; without it nobody is told. fn NULL
 * stops the calls. */
void server_transaction_watch(struct server_transaction *t, server_fn *fn,
                              void *arg);
/*
 * Sends a response, built from the request, which is kept until a final response
 * was sent. Provisional ones may repeat; a second final one is ERR_BAD_STATE.
 * For an INVITE 100 goes out by itself when nothing was sent for 200 ms. A 2xx
 * to INVITE is repeated by the transaction user, with
 * server_transaction_resend(), until its ACK comes (13.3.1.4).
 * RFC 4320: other requests get their 100 by themselves, once the client has
 * slowed down to T2; further provisional ones and 408 are ERR_BAD_STATE. What is
 * not answered in 64*T1 is over: SERVER_GONE without an answer.
 */
enum error server_transaction_respond(struct server_transaction *t,
                                      const struct response_parts *parts);
/* Sends the last response again. ERR_BAD_STATE: there is none, or nobody watches
 * and t only replays. */
enum error server_transaction_resend(struct server_transaction *t);
/* Gives up t, which no answer can be made for: it is forgotten without a call
 * of fn, and a retransmission of its request is a new one. One that has
 * its final response is let alone. */
void server_transaction_abandon(struct server_transaction *t);
/* The final status sent, or 0. */
unsigned server_transaction_final(const struct server_transaction *t);
enum method server_transaction_method(const struct server_transaction *t);
/* Parses the kept request again, into m; false when it is kept no more. */
bool server_transaction_request(const struct server_transaction *t,
                                struct message *m);
/* Where the request came from. NULL when t only replays its final answer (to
 * whoever repeats the request) and nobody watches it. */
const struct flow *server_transaction_flow(const struct server_transaction *t);
/* The INVITE transaction that a CANCEL means (9.2), or NULL. */
struct server_transaction *
server_transaction_cancelled(struct transactions *ts,
                             const struct message *cancel,
                             const struct flow *from);

/* --- for tables --- */

struct transaction_info {
	bool client;
	enum method method;
	const char *state;              /* "proceeding"; static */
	struct slice branch;
	struct addr remote;
	enum transport transport;
	unsigned retransmits;
	uint64_t age_ms;
};
typedef void transaction_info_fn(const struct transaction_info *info,
                                 void *arg);
void transactions_each(struct transactions *ts, transaction_info_fn *fn,
                       void *arg);
size_t transactions_count(const struct transactions *ts);
/* Client transactions with no final outcome yet, and server ones not answered. */
size_t transactions_pending(const struct transactions *ts);

#endif
