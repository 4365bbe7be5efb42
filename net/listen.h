#ifndef NET_LISTEN_H
#define NET_LISTEN_H

/* From "udp:0.0.0.0:5060" to open legs. */

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/transport/dispatcher.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/ws.h"

/* Where to listen. Zeroed: udp and tcp, on any port, of every family. */
struct listen_spec {
	enum transport transport;       /* NONE: udp and tcp on one port */
	struct addr addr;               /* FAMILY_NONE: every family that the
	                                 * machine has; port 0: any */
};

/*
 * Reads [TRANSPORT:]ADDR[:PORT], or "TRANSPORT:" for every family. The
 * address is numeric. ERR_SYNTAX or ERR_UNSUPPORTED: why then says what
 * was expected and what came.
 */
enum error listen_parse(struct slice text, struct listen_spec *out,
                        struct buf *why);

/* Of a spec without address: one family only (-4, -6); none is all. */
struct listen_families {
	bool ipv4, ipv6;
};

/* What legs are made with. */
struct listen_setup {
	struct loop *loop;
	struct dispatcher *dispatcher;
	struct tls_setup *tls;          /* whose own certificate is shown */
	struct ws_setup *ws;            /* the same for wss */
};

/*
 * Opens spec and gives its legs to the dispatcher. All or nothing: on failure
 * why says which address it was, like "udp:192.0.2.9:5060: not an address of
 * this machine".
 */
enum error listen_open(const struct listen_setup *setup,
                       const struct listen_spec *spec,
                       struct listen_families families, struct buf *why);

/*
 * Makes TLS and WebSocket possible towards others: of each family that has a
 * leg, but none for that, one that does not listen. No port is taken before
 * it is used.
 */
enum error listen_add_outbound(const struct listen_setup *setup);

#endif
