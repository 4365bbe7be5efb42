#ifndef NET_TCP_H
#define NET_TCP_H

/*
 * The TCP leg: a listener, the connections that came in by it, and those made
 * to others (RFC 3261 18). A connection is used for every request to its
 * remote address, whoever opened it; a response goes back on the one that
 * its request came by.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/transport/dispatcher.h"
#include "net/loop.h"

struct tcp_limits {
	unsigned inbound;       /* connections; one more drops the idlest */
	size_t queue;           /* octets that wait to be written, each */
	uint64_t connect_ms;    /* until a connection must stand */
	uint64_t head_ms;       /* for an inbound one's first whole header */
	uint64_t message_ms;    /* from the first octet of one to its last */
	uint64_t idle_ms;       /* without traffic; more than 64*T1 (18.1.1) */
};
/* 64; 1 MB; 10 s; 10 s; 32 s; 5 min. */
extern const struct tcp_limits tcp_limits_default;

/*
 * Listens on local; port 0 takes any, and the leg's local says which. *out
 * goes to dispatcher_add_leg(), or is closed with its ops. On failure *why is
 * a few static words: ERR_ADDRESS_IN_USE, ERR_NETWORK, ERR_LIMIT, ERR_NOMEM.
 */
enum error tcp_leg_open(struct loop *loop, struct dispatcher *d,
                        const struct addr *local, struct leg **out,
                        const char **why);

/* The bounds of a TCP leg, to be changed before or while it is used. */
struct tcp_limits *tcp_leg_limits(struct leg *leg);
/* Its connections, those under way too. */
size_t tcp_leg_connections(const struct leg *leg);

#endif
