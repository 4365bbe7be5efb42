#ifndef CORE_TRANSPORT_DISPATCHER_H
#define CORE_TRANSPORT_DISPATCHER_H

/*
 * Between the legs and the transaction layer (RFC 3261 18): owns the legs,
 * parses and checks what arrives, answers what is malformed, and sends. The
 * one place where every message passes: the trace hook.
 */

#include "core/base/env.h"
#include "core/message/message.h"
#include "core/message/response.h"
#include "core/transport/keepalive.h"
#include "core/transport/leg.h"
#include "core/transport/locate.h"

struct dispatcher;

enum direction { DIRECTION_IN, DIRECTION_OUT };

/* Every message on the wire, both ways, before it is acted on. local is the
 * leg's. Must not call back into core. */
typedef void trace_fn(enum direction dir, const struct flow *flow,
                      struct slice wire, void *arg);

/* A message that passed message_check() (a response: with exactly one Via,
 * whose sent-by is ours, 18.1.2). It dies when this returns. */
typedef void dispatcher_receive_fn(const struct message *m,
                                   const struct flow *from, void *arg);

/* Sending failed after the fact: an ICMP error (conn 0: all that went to
 * remote on this leg) or a lost connection (conn set). text says why. */
typedef void dispatcher_failed_fn(const struct flow *flow, enum error err,
                                  const char *text, void *arg);

struct dispatcher *dispatcher_new(struct env *env, struct locator *locator,
                                  const struct message_limits *limits);
/* Closes and frees its legs. */
void dispatcher_free(struct dispatcher *d);
struct env *dispatcher_env(struct dispatcher *d);
struct locator *dispatcher_locator(struct dispatcher *d);
const struct message_limits *dispatcher_limits(const struct dispatcher *d);
/* Of the flows over its legs. */
struct keepalive_set *dispatcher_keepalives(struct dispatcher *d);

/* Who gets what arrives: the transaction layer. */
void dispatcher_set_receiver(struct dispatcher *d,
                             dispatcher_receive_fn *receive,
                             dispatcher_failed_fn *failed, void *arg);
void dispatcher_set_trace(struct dispatcher *d, trace_fn *fn, void *arg);

/* Takes ownership. Also tells the locator which transports and families
 * there are now, unless preferences were set explicitly. */
void dispatcher_add_leg(struct dispatcher *d, struct leg *leg);
/* The head of a list of struct leg by node, for tables. */
const struct list *dispatcher_legs(const struct dispatcher *d);
/* The first leg of this transport and family (an IPv6 any-address leg serves
 * IPv6 alone); NULL when there is none. */
struct leg *dispatcher_leg_for(struct dispatcher *d, enum transport t,
                               enum family family);

/*
 * What a leg received: one datagram, or one message of a stream. Parses,
 * traces, checks, and passes on. A malformed request that can be answered is
 * answered statelessly (never an ACK); malformed responses, and what is no
 * SIP, are dropped and counted.
 */
void dispatcher_receive(struct dispatcher *d, const struct flow *from,
                        struct slice wire);
/* The framing of a stream broke: answers fault if what came can be
 * answered. The leg closes the connection afterwards. */
void dispatcher_receive_broken(struct dispatcher *d, const struct flow *from,
                               struct slice wire, const struct fault *fault);
/* Called by legs; passed on to the receiver, and to who keeps the flow
 * alive. */
void dispatcher_failed(struct dispatcher *d, const struct flow *flow,
                       enum error err, const char *text);

/* Traces and sends over flow->leg. */
enum error dispatcher_send(struct dispatcher *d, struct flow *flow,
                           struct slice name, struct slice wire);
/*
 * Sends a response to a request that came over *from (18.2.2): the same
 * connection, else a new one to received and the sent-by port, and when that
 * one fails, to where the sent-by leads (RFC 3263 5); over UDP where
 * response_target() says.
 */
enum error dispatcher_send_response(struct dispatcher *d,
                                    const struct flow *from,
                                    const struct via *via,
                                    struct slice wire);

/*
 * Answers a request without keeping any state: the To tag is made of the
 * request, so that it is the same for each copy (8.2.7); parts->to_tag is not
 * used. An ACK is never answered (ERR_BAD_STATE).
 */
enum error dispatcher_answer(struct dispatcher *d, const struct message *m,
                             const struct flow *from,
                             const struct response_parts *parts);

struct dispatcher_stats {
	uint64_t malformed_requests, malformed_responses, not_sip;
};
const struct dispatcher_stats *dispatcher_stats(const struct dispatcher *d);

#endif
