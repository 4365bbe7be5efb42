#ifndef NET_WS_HANDSHAKE_H
#define NET_WS_HANDSHAKE_H

/*
 * How an HTTP connection becomes one of WebSocket (RFC 6455 4) that carries
 * SIP (RFC 7118 3): the texts, without any input or output. A head is all up
 * to the empty line, with it.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/env.h"

enum {
	WS_HEAD_MAX = 8192,             /* octets */
	WS_KEY_SIZE = 25,               /* with their NUL */
	WS_ACCEPT_SIZE = 29
};

/* A fresh Sec-WebSocket-Key. */
void ws_key_invent(struct env *env, char key[WS_KEY_SIZE]);
/* What a server has to answer to key. False: no memory. */
bool ws_accept_value(struct slice key, char accept[WS_ACCEPT_SIZE]);

/* Appends a client's request for path ("/") of host ("[::1]:8080"). */
void ws_request_print(struct buf *out, struct slice host, struct slice path,
                      const char *key);
/* What the server answered to that. False with why. */
bool ws_response_check(struct slice head, const char *key, struct buf *why);
/* Appends a server's answer to a request. False with why: it refuses. */
bool ws_request_answer(struct slice head, struct buf *out, struct buf *why);

#endif
