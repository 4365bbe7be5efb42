/* The UDP leg: batches of datagrams in, single ones out, ICMP errors. */

#include "net/udp.h"

/* before linux/errqueue.h, which needs struct timespec */
#include <time.h>

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "net/socket.h"

enum {
	BATCH = 64,             /* per turn, then the prompt has its own */
	DATAGRAM_MAX = 65536,   /* the largest there is fits in */
	SEND_TRIES = 4
};

/* Some 4 MB, of which only what datagrams fill is ever backed by memory. */
struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_storage from[BATCH];
	char octets[BATCH][DATAGRAM_MAX];
};

struct udp_leg {
	struct leg leg;
	struct loop *loop;
	struct dispatcher *dispatcher;
	int fd;
	bool serving, closed;           /* closed while serving: freed then */
	struct batch *batch;
	struct socket_sources sources;
	struct udp_stats stats;
};

static struct udp_leg *udp_of(struct leg *leg)
{
	return CONTAINER_OF(leg, struct udp_leg, leg);
}

/* --- closing --- */

static void udp_free(struct udp_leg *u)
{
	free(u->batch);
	free(u);
}

static void udp_close(struct leg *leg)
{
	struct udp_leg *u = udp_of(leg);

	loop_unwatch(u->loop, u->fd);
	socket_close(&u->fd);
	u->closed = true;
	if (!u->serving)
		udp_free(u);
}

/* --- receiving --- */

static struct batch *batch_new(void)
{
	struct batch *b = malloc(sizeof(*b));

	if (b == NULL)
		return NULL;
	for (unsigned i = 0; i < BATCH; i++) {
		b->parts[i] = (struct iovec){ b->octets[i], DATAGRAM_MAX };
		b->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_iov = &b->parts[i],
			.msg_iovlen = 1,
		};
	}
	return b;
}

/* How many came; -1 with errno. */
static int receive_batch(struct udp_leg *u)
{
	struct batch *b = u->batch;

	for (unsigned i = 0; i < BATCH; i++)
		b->headers[i].msg_hdr.msg_namelen = sizeof(b->from[i]);
	return recvmmsg(u->fd, b->headers, BATCH, 0, NULL);
}

/* It is no message (7.5), but holds a NAT's door open. */
static bool is_keepalive(struct slice wire)
{
	return slice_eq(wire, SLICE("\r\n"))
	       || slice_eq(wire, SLICE("\r\n\r\n"));
}

static void deliver_batch(struct udp_leg *u, int n)
{
	struct batch *b = u->batch;

	for (int i = 0; i < n && !u->closed; i++) {
		struct flow from = {
			.leg = &u->leg,
			.remote = socket_from_sys(&b->from[i]),
		};
		struct slice wire = slice_make(b->octets[i],
		                               b->headers[i].msg_len);

		if (!is_keepalive(wire))
			dispatcher_receive(u->dispatcher, &from, wire);
	}
}

/* --- ICMP --- */

/* NULL: nothing that tells of a lost datagram. A datagram that was too big
 * has taught the kernel the path's MTU: the next copy is fragmented. */
static const struct sock_extended_err *icmp_error(struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	     c = CMSG_NXTHDR(h, c)) {
		const struct sock_extended_err *e = (void *)CMSG_DATA(c);
		bool is_error = (c->cmsg_level == IPPROTO_IP
		                 && c->cmsg_type == IP_RECVERR)
		                || (c->cmsg_level == IPPROTO_IPV6
		                    && c->cmsg_type == IPV6_RECVERR);

		if (is_error && e->ee_errno != EMSGSIZE
		    && (e->ee_origin == SO_EE_ORIGIN_ICMP
		        || e->ee_origin == SO_EE_ORIGIN_ICMP6))
			return e;
	}
	return NULL;
}

static void report_icmp(struct udp_leg *u, const struct addr *remote,
                        int errnum)
{
	struct flow flow = { .leg = &u->leg, .remote = *remote };
	char to[ADDR_TEXT];
	struct buf text = { 0 };

	u->stats.icmp++;
	buf_printf(&text, "udp:%s: %s", addr_text(remote, to),
	           socket_error_words(errnum));
	dispatcher_failed(u->dispatcher, &flow, socket_error(errnum),
	                  buf_cstr(&text));
	buf_deinit(&text);
}

/* False: the queue is empty. */
static bool take_error(struct udp_leg *u)
{
	struct sockaddr_storage to;
	char octet;
	_Alignas(struct cmsghdr) char control[512];
	struct iovec part = { &octet, sizeof(octet) };
	struct msghdr h = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const struct sock_extended_err *e;
	struct addr remote;

	if (recvmsg(u->fd, &h, MSG_ERRQUEUE) < 0)
		return false;
	e = icmp_error(&h);
	if (e == NULL || h.msg_namelen == 0)
		return true;
	remote = socket_from_sys(&to);
	report_icmp(u, &remote, (int)e->ee_errno);
	return true;
}

static void take_errors(struct udp_leg *u)
{
	for (unsigned i = 0; i < BATCH && !u->closed; i++)
		if (!take_error(u))
			break;
}

static void udp_ready(int fd, unsigned events, void *arg)
{
	struct udp_leg *u = arg;
	int n = receive_batch(u);

	(void)fd;
	(void)events;
	u->serving = true;
	if (n >= 0)
		deliver_batch(u, n);
	else            /* an error waits for its turn, or an ICMP woke us */
		take_errors(u);
	u->serving = false;
	if (u->closed)
		udp_free(u);
}

/* --- sending --- */

/* A send fails with what ICMP said about an earlier one, to whomever that
 * was; the error queue has it too, so here it is only got rid of. */
static bool may_be_anothers(int errnum)
{
	enum error err = socket_error(errnum);

	return err == ERR_REFUSED || err == ERR_UNREACHABLE
	       || errnum == EPROTO || errnum == ENOPROTOOPT
	       || errnum == EACCES || errnum == EINTR;
}

static enum error udp_send(struct leg *leg, struct flow *flow,
                           struct slice name, struct slice wire)
{
	struct udp_leg *u = udp_of(leg);
	struct sockaddr_storage to;
	socklen_t len = socket_to_sys(&flow->remote, &to);
	unsigned tries = 0;

	(void)name;
	flow->conn = 0;
	do
		if (sendto(u->fd, wire.p, wire.len, MSG_NOSIGNAL,
		           (struct sockaddr *)&to, len) >= 0)
			return OK;
	while (may_be_anothers(errno) && ++tries < SEND_TRIES);

	if (errno == EAGAIN || errno == ENOBUFS) {
		/* Lost like any datagram: its timer repeats it. */
		u->stats.lost++;
		return OK;
	}
	return socket_error(errno);
}

static enum error udp_ping(struct leg *leg, const struct flow *flow,
                           bool must_answer, bool *answered)
{
	struct flow to = *flow;

	(void)must_answer, (void)answered;
	return udp_send(leg, &to, SLICE_EMPTY, SLICE("\r\n"));
}

static enum error udp_source(struct leg *leg, const struct addr *remote,
                             struct addr *out)
{
	struct udp_leg *u = udp_of(leg);
	enum error err;

	if (!addr_is_any(&leg->local)) {
		*out = leg->local;
		return OK;
	}
	err = socket_source(&u->sources, env_now_us(loop_env(u->loop)),
	                    remote, out);
	if (err == OK)
		out->port = leg->local.port;
	return err;
}

static const struct leg_ops udp_ops = {
	.send = udp_send,
	.source = udp_source,
	.close = udp_close,
	.ping = udp_ping,
};

/* --- opening --- */

static void ask_for_icmp(const struct udp_leg *u)
{
	bool ipv4 = u->leg.local.family == FAMILY_IPV4;
	int on = 1;

	if (setsockopt(u->fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6,
	               ipv4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof(on)) != 0)
		log_write(LOG_WARNING, "unreachable UDP ports are found by "
		          "timeout only: %s", socket_error_words(errno));
}

enum error udp_leg_open(struct loop *loop, struct dispatcher *d,
                        const struct addr *local, struct leg **out,
                        const char **why)
{
	struct udp_leg *u = calloc(1, sizeof(*u));
	enum error err = ERR_NOMEM;

	*why = error_text(ERR_NOMEM);
	if (u == NULL)
		return ERR_NOMEM;
	u->leg.ops = &udp_ops;
	u->leg.transport = TRANSPORT_UDP;
	u->loop = loop;
	u->dispatcher = d;
	u->fd = -1;
	u->batch = batch_new();
	if (u->batch == NULL)
		goto out;
	err = socket_bind_udp(local, &u->fd, why);
	if (err != OK)
		goto out;
	err = socket_local(u->fd, &u->leg.local);
	if (err == OK)
		err = loop_watch_bulk(loop, u->fd, LOOP_READ, udp_ready, u);
	if (err != OK)
		*why = error_text(err);
	else
		ask_for_icmp(u);
out:
	if (err == OK)
		*out = &u->leg;
	else
		udp_close(&u->leg);
	return err;
}

const struct udp_stats *udp_leg_stats(const struct leg *leg)
{
	const struct udp_leg *u = (const void *)leg;

	return &u->stats;
}
