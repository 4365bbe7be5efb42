/* A pair of UDP sockets for RTP and RTCP, and what comes in by them. */

#include "net/media.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "net/socket.h"

enum {
	PORT_TRIES = 32,
	PACKETS_MAX = 64,               /* per turn, then others have theirs */
	PACKET_MAX = 4096               /* no codec sends more in a packet */
};

struct media {
	struct loop *loop;
	struct addr local, remote;
	uint32_t clock_rate;
	media_fn *fn;
	void *arg;
	int rtp, rtcp;                  /* -1: not open */
	uint16_t rtcp_port;
	bool serving, closed;           /* closed while serving: freed then */
	struct rtp_receiver receiver;
	struct media_stats stats;
};

void media_close(struct media *m)
{
	if (m == NULL)
		return;
	loop_unwatch(m->loop, m->rtp);
	loop_unwatch(m->loop, m->rtcp);
	socket_close(&m->rtp);
	socket_close(&m->rtcp);
	m->closed = true;
	if (!m->serving)
		free(m);
}

/* --- receiving --- */

/* False: nothing is left. What is longer than room is cut, and of no use. */
static bool receive(int fd, char *to, size_t room, struct slice *packet,
                    struct addr *from)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	ssize_t n = recvfrom(fd, to, room, 0, (struct sockaddr *)&sa, &len);

	if (n < 0)
		return false;
	*from = socket_from_sys(&sa);
	*packet = slice_make(to, (size_t)n);
	return true;
}

static void take_packet(struct media *m, struct slice wire,
                        const struct addr *from)
{
	uint64_t now_us = env_now_us(loop_env(m->loop));
	struct rtp_packet p;

	if (m->remote.family != FAMILY_NONE
	    && !addr_same_ip(&m->remote, from)) {
		m->stats.foreign++;
		return;
	}
	if (wire.len == PACKET_MAX || !rtp_parse(wire, &p)) {
		m->stats.malformed++;
		return;
	}
	rtp_receiver_count(&m->receiver, &p, m->clock_rate, now_us);
	if (m->fn != NULL)
		m->fn(&p, from, now_us, m->arg);
}

static void rtp_ready(int fd, unsigned events, void *arg)
{
	struct media *m = arg;
	char octets[PACKET_MAX];
	struct slice packet;
	struct addr from;

	(void)events;
	m->serving = true;
	for (unsigned i = 0; i < PACKETS_MAX && !m->closed; i++) {
		if (!receive(fd, octets, sizeof(octets), &packet, &from))
			break;
		take_packet(m, packet, &from);
	}
	m->serving = false;
	if (m->closed)
		free(m);
}

static void rtcp_ready(int fd, unsigned events, void *arg)
{
	struct media *m = arg;
	char octets[PACKET_MAX];
	struct slice packet;
	struct addr from;

	(void)events;
	for (unsigned i = 0; i < PACKETS_MAX; i++) {
		if (!receive(fd, octets, sizeof(octets), &packet, &from))
			break;
		m->stats.rtcp++;
	}
}

/* --- opening --- */

static enum error bind_even(struct media *m, const struct addr *ip)
{
	struct addr any = *ip;
	const char *why;
	enum error err;

	any.port = 0;
	err = socket_bind_udp(&any, &m->rtp, &why);
	if (err == OK)
		err = socket_local(m->rtp, &m->local);
	/* The system may give odd ones many times in a row: the even one
	 * below is as good. */
	if (err != OK || m->local.port % 2 == 0)
		return err;
	socket_close(&m->rtp);
	any.port = m->local.port - 1;
	err = socket_bind_udp(&any, &m->rtp, &why);
	m->local.port = any.port;
	return err;
}

static enum error bind_rtcp(struct media *m)
{
	struct addr next = m->local;
	const char *why;
	enum error err;

	next.port++;
	err = socket_bind_udp(&next, &m->rtcp, &why);
	m->rtcp_port = err == OK ? next.port : 0;
	return err;
}

/* A pair, or in the end RTP alone: RTCP is not worth a failed call. */
static enum error bind_pair(struct media *m, const struct addr *ip)
{
	enum error err = OK;

	for (unsigned i = 0; i < PORT_TRIES; i++) {
		socket_close(&m->rtp);
		err = bind_even(m, ip);
		if (err == OK && bind_rtcp(m) == OK)
			return OK;
		if (err != OK && err != ERR_ADDRESS_IN_USE)
			return err;
	}
	return err;
}

static enum error watch(struct media *m)
{
	enum error err = loop_watch_bulk(m->loop, m->rtp, LOOP_READ, rtp_ready,
	                                 m);

	if (err == OK && m->rtcp >= 0)
		err = loop_watch_bulk(m->loop, m->rtcp, LOOP_READ, rtcp_ready,
		                      m);
	return err;
}

enum error media_open(struct loop *loop, const struct addr *ip,
                      uint32_t clock_rate, media_fn *fn, void *arg,
                      struct media **out)
{
	struct media *m = calloc(1, sizeof(*m));
	enum error err;

	if (m == NULL)
		return ERR_NOMEM;
	m->loop = loop;
	m->clock_rate = clock_rate;
	m->fn = fn;
	m->arg = arg;
	m->rtp = m->rtcp = -1;
	err = bind_pair(m, ip);
	if (err == OK)
		err = watch(m);
	if (err == OK)
		*out = m;
	else
		media_close(m);
	return err;
}

void media_set_remote(struct media *m, const struct addr *remote)
{
	m->remote = *remote;
}

const struct addr *media_local(const struct media *m)
{
	return &m->local;
}

uint16_t media_rtcp_port(const struct media *m)
{
	return m->rtcp_port;
}

const struct rtp_receiver *media_receiver(const struct media *m)
{
	return &m->receiver;
}

const struct media_stats *media_stats(const struct media *m)
{
	return &m->stats;
}
