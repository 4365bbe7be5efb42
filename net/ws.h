#ifndef NET_WS_H
#define NET_WS_H

/*
 * SIP over WebSocket (RFC 7118), ws on TCP and wss on TLS: one message a
 * frame, or a row of fragments. A leg that does not listen is a WebSocket
 * client: its Via has a name of .invalid, which leads nowhere.
 */

#include <stdbool.h>

#include "core/transport/dispatcher.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"

/* The path that name is asked for; NULL: "/". It is copied. */
typedef const char *ws_path_fn(struct slice name, void *arg);

/* Must outlive the legs that have it. */
struct ws_setup {
	struct tls_setup tls;           /* of wss; the first, for
	                                 * conn_io_tls takes it for its own */
	ws_path_fn *path;               /* NULL: "/", always */
	void *arg;
};

/*
 * A leg of TRANSPORT_WS or TRANSPORT_WSS; the functions of net/tcp.h serve
 * it, and for WSS those of connections in net/tls.h. As tls_leg_open().
 */
enum error ws_leg_open(struct loop *loop, struct dispatcher *d,
                       enum transport t, struct ws_setup *setup,
                       const struct addr *local, bool listens,
                       struct leg **out, const char **why);

#endif
