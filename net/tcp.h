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
/* 64; 1 MB; 10 s; 10 s; 32 s; 10 s; 5 min. */
extern const struct tcp_limits tcp_limits_default;

/*
 * Listens on local; port 0 takes any, and the leg's local says which. *out
 * goes to dispatcher_add_leg(), or is closed with its ops. Errors
 * are those of udp_leg_open().
 */
enum error tcp_leg_open(struct loop *loop, struct dispatcher *d,
                        const struct addr *local, struct leg **out,
                        const char **why);

/* What makes another transport of it: how octets pass. */
struct tcp_kind {
	enum transport transport;
	const struct conn_io *io;
	void *io_arg;
	/* Without: local.port 0 becomes a port when the leg is first used,
	 * and connections to others come from there where that is possible,
	 * so that who was told that port finds the one that leads here. */
	bool listens;
	/* Only its connections lead here: its Via has a random name of
	 * .invalid (RFC 7118 5). */
	bool nameless;
};
/* As tcp_leg_open(); what it opens is a TCP leg to the functions below. kind
 * is copied. */
enum error tcp_leg_open_kind(struct loop *loop, struct dispatcher *d,
                             const struct tcp_kind *kind,
                             const struct addr *local, struct leg **out,
                             const char **why);

/* The bounds of a TCP leg, to be changed before or while it is used. */
struct tcp_limits *tcp_leg_limits(struct leg *leg);
/* Its connections, those under way too: how many, and the head of a list of
 * struct conn by node, for tables. */
size_t tcp_leg_connections(const struct leg *leg);
const struct list *tcp_leg_list(const struct leg *leg);

#endif
