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
#include "net/conn.h"
#include "net/loop.h"

struct tcp_limits {
	unsigned inbound;       /* connections; one more drops the idlest */
	struct conn_limits each;
};
/* 64; 1 MB; 10 s; 10 s; 32 s; 5 min. */
extern const struct tcp_limits tcp_limits_default;

/*
 * Listens on local; port 0 takes any, and the leg's local says which. *out
 * goes to dispatcher_add_leg(), or is closed with its ops. Errors
 * are those of udp_leg_open().
 */
enum error tcp_leg_open(struct loop *loop, struct dispatcher *d,
                        const struct addr *local, struct leg **out,
                        const char **why);

/* The bounds of a TCP leg, to be changed before or while it is used. */
struct tcp_limits *tcp_leg_limits(struct leg *leg);
/* Its connections, those under way too. */
size_t tcp_leg_connections(const struct leg *leg);

#endif
