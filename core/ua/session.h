#ifndef CORE_UA_SESSION_H
#define CORE_UA_SESSION_H

/*
 * What an INVITE does to a context: the call (RFC 3261 13, 14, 15). Of our
 * own INVITE: dialogs from its responses, ACKs, forks. Of theirs: dialogs
 * from our responses, the 2xx repeated until its ACK. And how a call ends.
 */

#include "core/ua/exchange.h"
#include "core/ua/pending.h"

/* --- ours (session.c) --- */

/* For exchange_params: of INVITE, of BYE in a dialog, and of all else. */
exchange_fn session_report_invite, session_report_bye, session_report_other;

/* There is an INVITE of ours (in d; NULL: anywhere) that is on the wire
 * without a final response. */
bool session_is_inviting(const struct context *ctx, const struct dialog *d);
/* Our 2xx to their first INVITE waits for its ACK. */
bool session_awaits_ack(const struct context *ctx);
/* d is over (NULL: the call of our first INVITE): an INVITE that we sent in it
 * is given up if it has no final response 64*T1 from now. */
void session_expect_answers(struct context *ctx, const struct dialog *d);
/* Sends BYE in d; the call ends with its answer. */
enum error session_bye(struct dialog *d, response_fn *fn, void *arg);
/* As endpoint_hangup(). */
bool session_hangup(struct context *ctx, response_fn *fn, void *arg);
/* Ends early dialogs of an INVITE. */
void session_end_early(struct context *ctx);

/* --- theirs (session_callee.c) --- */

/* p, an INVITE that m made, is not wanted any more once its Expires is over
 * (13.3.1). */
void session_expect_end(struct pending *p, const struct message *m);
/* Answers p; for an INVITE, with all that this means for the call. */
enum error session_answer(struct pending *p,
                          const struct response_parts *parts);
/* An ACK came for a 2xx of ours in d. False: for none that waits. */
bool session_acked(struct dialog *d, uint32_t cseq);
/* A BYE came, and was answered; the user was told. */
void session_bye_received(struct dialog *d);
/* A CANCEL came for p, which is an INVITE, and was answered: refuses it. */
void session_cancelled(struct pending *p);
/* p's transaction is over. */
void session_request_lost(struct pending *p);
/* What BYE in d leaves to be answered and repeated is done with. */
void session_drop_requests(struct dialog *d);

#endif
