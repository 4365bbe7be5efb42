#ifndef TESTS_NET_RIG_H
#define TESTS_NET_RIG_H

/*
 * net on real sockets of loopback, with a dispatcher whose receiver writes
 * down what it is told. Peers are plain sockets of the test.
 */

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/transport/dispatcher.h"
#include "net/loop.h"

struct net_rig {
	struct env env;
	struct loop *loop;
	struct dispatcher *dispatcher;
	/* what was received */
	unsigned received;
	struct buf wire;                /* the last message */
	struct flow from;
	struct slice answer;            /* sent back at once, if not empty */
	bool close_leg;                 /* closes the leg it came by */
	/* what failed */
	unsigned failures;
	struct flow failed;             /* the last */
	enum error failure;
	char text[160];
};

void net_rig_setup(struct net_rig *r);
void net_rig_teardown(struct net_rig *r);

/* Opened on this address ("127.0.0.1"), any port. */
struct leg *net_rig_udp(struct net_rig *r, const char *local);
struct leg *net_rig_tcp(struct net_rig *r, const char *local);

/* The address of a text like "[::1]:5060". */
struct addr net_rig_addr(const char *text);

uint64_t net_rig_now_ms(void);

/* Turns the loop until the condition holds; fails after five seconds. */
#define net_rig_until(r, condition)                                        \
	do {                                                               \
		uint64_t end_ = net_rig_now_ms() + 5000;                   \
		bool true_ = condition;                                    \
									   \
		while (!true_ && net_rig_now_ms() < end_) {                \
			loop_turn((r)->loop, 20);                          \
			true_ = condition;                                 \
		}                                                          \
		ck_assert_msg(true_, "never came true: " #condition);      \
	} while (0)

/* --- peers --- */

/* A UDP or TCP socket of the test; nonblocking. *local, if not NULL, is what
 * it was bound to. */
int peer_udp(const char *local_ip, struct addr *local);
int peer_connect(const struct addr *to, struct addr *local);
int peer_listen(const char *local_ip, struct addr *local);
/* Turns the loop until somebody connects. */
int peer_accept(struct net_rig *r, int listener);
void peer_send_to(int fd, const struct addr *to, struct slice what);
/* All of it; fails the test when it does not fit. */
void peer_write(int fd, struct slice what);
/* Appends what is there now; false at the end of the stream. */
bool peer_read(int fd, struct buf *in);
/* Closes so that the other side is reset. */
void peer_reset(int fd);
/* An address of loopback where nobody listens (udp: in UDP, else in TCP). */
struct addr peer_closed_port(const char *ip, bool udp);

/* An OPTIONS request by TCP or UDP with a body of this length; free() it. */
char *peer_options(enum transport t, size_t body_len, size_t *len);

#endif
