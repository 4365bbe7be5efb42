#ifndef CORE_TRANSPORT_KEEPALIVE_H
#define CORE_TRANSPORT_KEEPALIVE_H

/*
 * Flows that must not die unnoticed (RFC 5626 4.4): they are pinged, and who
 * wants one is told when it is lost: its connection closed, the answer to a
 * ping did not come, or ICMP said so.
 *
 * A ping goes out after four to five fifths of the interval, at random (4.4:
 * 95 to 120 s); over UDP at least every 30 s, as NATs forget (4.4.2). Not all
 * who speak RFC 3261 know pings: one who left the first unanswered is sent
 * further ones, and need not answer before it has once done so.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/env.h"
#include "core/transport/leg.h"

struct keepalive;

/* The flow is lost, text says why; k has been stopped. From the timers alone.
 * Anything may be done to k. */
typedef void keepalive_fn(struct keepalive *k, enum error err,
                          const char *text, void *arg);

enum { KEEPALIVE_TEXT = 160 };

/* All that a dispatcher has. */
struct keepalive_set {
	struct env *env;
	struct list all;
	uint64_t interval_ms;           /* 0: nothing is pinged */
};

/* Embedded by its owner, zeroed before first use; fields are private. */
struct keepalive {
	struct list node;
	struct keepalive_set *set;      /* NULL: stopped */
	struct flow flow;
	bool pings;
	bool answered, lenient;         /* what is known of the peer */
	struct timer timer;
	enum error err;                 /* OK: the flow lives */
	char text[KEEPALIVE_TEXT];
	keepalive_fn *fn;
	void *arg;
};

/* 2 min. */
void keepalive_set_init(struct keepalive_set *set, struct env *env);
/* Stops all. */
void keepalive_set_deinit(struct keepalive_set *set);
/* From now on. 0: no pings, but losses that show themselves are told. */
void keepalive_set_interval(struct keepalive_set *set, uint64_t interval_ms);
/* This flow has failed, or with conn 0 all to its remote. Calls nobody. */
void keepalive_set_failed(struct keepalive_set *set, const struct flow *flow,
                          enum error err, const char *text);

/* Watches flow instead of any other, which has just proved to be alive. pings:
 * sends some, too. */
void keepalive_start(struct keepalive *k, struct keepalive_set *set,
                     const struct flow *flow, bool pings, keepalive_fn *fn,
                     void *arg);
/* Whether this very flow is watched, and not known to be lost. */
bool keepalive_watches(const struct keepalive *k, const struct flow *flow);
/* Harmless when stopped. What is known of the peer is kept. */
void keepalive_stop(struct keepalive *k);

#endif
