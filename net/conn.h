#ifndef NET_CONN_H
#define NET_CONN_H

/*
 * One connection of a stream transport: from connect() or accept() on, with
 * its framing, its queue and its deadlines. How octets pass is a table of
 * functions, so that TLS and WebSocket change nothing in here. The leg that
 * has it is told what happens.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/message/framer.h"
#include "net/loop.h"

struct conn;

/* Between the connection and its socket. why: a few words that last as long
 * as c. Where NULL is allowed it does nothing. */
struct conn_io {
	/* The first of all: c leads to the domain name, or c->inbound. An
	 * ERR_NOMEM ends it. May be NULL. */
	enum error (*open)(struct conn *c, struct slice name);
	/* Frees what open() made, be it half of it. May be NULL. */
	void (*release)(struct conn *c);
	/* Whether c, which leads to an address of name, may take a request
	 * to it. NULL: it may. */
	bool (*suits)(const struct conn *c, struct slice name);
	/* Until it returns OK nothing else is called. ERR_AGAIN: again when
	 * the socket is ready for *events. NULL: none needed. */
	enum error (*handshake)(struct conn *c, unsigned *events,
	                        const char **why);
	/* As socket_read() and socket_write(). */
	enum error (*read)(struct conn *c, char *to, size_t room, size_t *n,
	                   const char **why);
	enum error (*write)(struct conn *c, const char *from, size_t len,
	                    size_t *n, const char **why);
	/* It holds octets that were read from the socket already, and so do
	 * not make it readable. NULL: never. */
	bool (*holds)(const struct conn *c);
	/* Nothing more will be written. */
	void (*end)(struct conn *c);
	/* Where messages have frames of their own, instead of being cut from
	 * a stream; both or neither. receive() reads once, collects in
	 * c->framer, and gives each message to conn_received(); its
	 * ERR_PROTOCOL lets what is queued go out first. send() gives frames
	 * to conn_send_octets(). */
	enum error (*receive)(struct conn *c, const char **why);
	enum error (*send)(struct conn *c, struct slice wire);
};

/* The socket's own octets. */
extern const struct conn_io conn_io_plain;

/* Each of them may close and free c, and all else. */
struct conn_events {
	/* The handshake is done. May be NULL. */
	void (*opened)(struct conn *c);
	void (*received)(struct conn *c, struct slice wire);
	/* Framing is lost: the last chance to answer. c ends afterwards. */
	void (*broken)(struct conn *c, struct slice wire,
	               const struct fault *fault);
	/* c has closed itself: to be freed. Never from inside conn_send(). */
	void (*closed)(struct conn *c, enum error err, const char *why);
};

struct conn_limits {
	size_t queue;           /* octets that wait to be written */
	uint64_t connect_ms;    /* until it must stand */
	uint64_t head_ms;       /* for an inbound one's first whole header */
	uint64_t message_ms;    /* from the first octet of one to its last */
	uint64_t pong_ms;       /* until a ping is answered (RFC 5626 4.4.1) */
	uint64_t idle_ms;       /* without traffic; more than 64*T1 (18.1.1) */
};

/* What all connections of a leg have in common; must outlive them. */
struct conn_setup {
	struct loop *loop;
	const struct conn_io *io;
	void *io_arg;
	const struct addr *from;        /* where connections begin, where that
	                                 * is possible; NULL: anywhere */
	const struct conn_events *events;
	const struct message_limits *message_limits;
	const struct conn_limits *limits;
};

enum conn_state {
	CONN_CONNECTING,
	CONN_HANDSHAKING,
	CONN_OPEN,
	CONN_ENDING,            /* writes what is queued, then waits for the
	                         * peer's end: closing at once would reset it
	                         * before it has read our last words */
	CONN_CLOSED
};

struct conn {
	/* the leg's */
	void *owner;
	struct list node;
	struct hash_node by_id, by_remote;
	uint64_t id;
	/* to be read by the leg */
	struct addr remote;
	bool inbound;
	uint64_t last_us;               /* when an octet came or went */
	enum conn_state state;
	/* private, but to its io */
	const struct conn_setup *setup;
	const struct conn_io *io;       /* setup's, which may be gone when c
	                                 * is freed by what it received */
	int fd;
	void *io_state;
	void *io_upper;                 /* of an io that stands on another */
	unsigned handshake_events;
	enum error fate;                /* why it must end; OK: it need not */
	const char *fate_why;
	struct framer framer;
	struct buf queue;
	size_t queue_start;             /* what is before has been written */
	struct timer deadline, idle, more, pong;
	bool ponged;                    /* a ping of ours was answered */
	bool heard;                     /* a whole header, or a ping, came */
	uint64_t messages, timed_message; /* that came; that is being timed */
	bool serving, freed;
};

/* A connection under way to remote, an address of the domain name. On failure
 * *why is a few static words. */
enum error conn_connect(const struct conn_setup *setup,
                        const struct addr *remote, struct slice name,
                        struct conn **out, const char **why);
/* The connection that was accepted from remote; takes fd. NULL: no memory,
 * and fd is closed. */
struct conn *conn_accepted(const struct conn_setup *setup, int fd,
                           const struct addr *remote);
/* Closes without a report. May be called from inside any of its events. */
void conn_free(struct conn *c);

/* Writes or queues wire, in order, also before the connection stands.
 * ERR_NOT_FOUND: it is ending. ERR_LIMIT: too much waits already. ERR_NOMEM:
 * it ends. Other failures are reported later. */
enum error conn_send(struct conn *c, struct slice wire);
/* The same for octets that are framed already. */
enum error conn_send_octets(struct conn *c, struct slice octets);
/* wire came, whole: to be told. c may be closed afterwards. */
void conn_received(struct conn *c, struct slice wire);
/* Sends a keep-alive (RFC 5626 3.5.1); with must_answer c fails in time unless
 * it is answered. Errors are those of conn_send(). */
enum error conn_ping(struct conn *c, bool must_answer);
/* conn_send() will not say ERR_NOT_FOUND. */
bool conn_is_usable(const struct conn *c);
/* And a request to name may go over it. */
bool conn_suits(const struct conn *c, struct slice name);
/* Closes at once and reports it. why lasts as long as c. */
void conn_fail(struct conn *c, enum error err, const char *why);

#endif
