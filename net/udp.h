#ifndef NET_UDP_H
#define NET_UDP_H

/*
 * The UDP leg: one bound socket, both ways (RFC 3261 18, RFC 3581). Datagrams
 * of any size are taken whole, in batches. An ICMP error is reported at once
 * for the address that it is about (18.4).
 */

#include "core/base/error.h"
#include "core/transport/dispatcher.h"
#include "net/loop.h"

struct udp_stats {
	uint64_t lost;          /* not sent: the send buffer was full */
	uint64_t icmp;          /* errors that came back */
};

/*
 * Binds local; port 0 takes any, and the leg's local says which. *out goes
 * to dispatcher_add_leg(), or is closed with its ops. On failure *why is a few
 * static words: ERR_ADDRESS_IN_USE, ERR_UNREACHABLE (not one of ours),
 * ERR_NO_TRANSPORT (no such family here), ERR_NETWORK, ERR_LIMIT, ERR_NOMEM.
 */
enum error udp_leg_open(struct loop *loop, struct dispatcher *d,
                        const struct addr *local, struct leg **out,
                        const char **why);

/* leg must be a UDP leg. Borrowed. */
const struct udp_stats *udp_leg_stats(const struct leg *leg);

#endif
