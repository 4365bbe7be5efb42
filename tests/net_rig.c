/* Loopback, a dispatcher, and somebody who writes down what it says. */

#include "tests/net_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/socket.h"
#include "net/tcp.h"
#include "net/udp.h"

static void on_receive(const struct message *m, const struct flow *from,
                       void *arg)
{
	struct net_rig *r = arg;
	struct flow back = *from;

	r->received++;
	buf_reset(&r->wire);
	buf_slice(&r->wire, m->wire);
	r->from = *from;
	if (r->answer.len > 0)
		ck_assert_int_eq(dispatcher_send(r->dispatcher, &back,
		                                 SLICE_EMPTY, r->answer), OK);
	if (r->close_leg) {
		list_remove(&from->leg->node);
		from->leg->ops->close(from->leg);
	}
}

static void on_failed(const struct flow *flow, enum error err,
                      const char *text, void *arg)
{
	struct net_rig *r = arg;

	r->failures++;
	r->failed = *flow;
	r->failure = err;
	snprintf(r->text, sizeof(r->text), "%s", text);
}

void net_rig_setup(struct net_rig *r)
{
	*r = (struct net_rig){ .received = 0 };
	r->loop = loop_new(&r->env);
	ck_assert_ptr_nonnull(r->loop);
	r->dispatcher = dispatcher_new(&r->env, NULL,
	                               &message_limits_default);
	ck_assert_ptr_nonnull(r->dispatcher);
	dispatcher_set_receiver(r->dispatcher, on_receive, on_failed, r);
}

void net_rig_teardown(struct net_rig *r)
{
	dispatcher_free(r->dispatcher);
	loop_free(r->loop);
	buf_deinit(&r->wire);
}

struct addr net_rig_addr(const char *text)
{
	struct addr a = { 0 };

	ck_assert_msg(addr_parse(slice_str(text), &a), "%s", text);
	return a;
}

struct leg *net_rig_udp(struct net_rig *r, const char *local)
{
	struct addr a = net_rig_addr(local);
	struct leg *leg = NULL;
	const char *why = "";

	ck_assert_msg(udp_leg_open(r->loop, r->dispatcher, &a, &leg, &why)
	              == OK, "%s: %s", local, why);
	dispatcher_add_leg(r->dispatcher, leg);
	return leg;
}

struct leg *net_rig_tcp(struct net_rig *r, const char *local)
{
	struct addr a = net_rig_addr(local);
	struct leg *leg = NULL;
	const char *why = "";

	ck_assert_msg(tcp_leg_open(r->loop, r->dispatcher, &a, &leg, &why)
	              == OK, "%s: %s", local, why);
	dispatcher_add_leg(r->dispatcher, leg);
	return leg;
}

uint64_t net_rig_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- peers --- */

int peer_udp(const char *local_ip, struct addr *local)
{
	struct addr a = net_rig_addr(local_ip);
	const char *why = "";
	int fd = -1;

	ck_assert_msg(socket_bind_udp(&a, &fd, &why) == OK, "%s", why);
	if (local != NULL)
		ck_assert_int_eq(socket_local(fd, local), OK);
	return fd;
}

int peer_connect(const struct addr *to, struct addr *local)
{
	struct sockaddr_storage sa;
	socklen_t len = socket_to_sys(to, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Blocking: the system accepts for the listener. */
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, len), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	if (local != NULL)
		ck_assert_int_eq(socket_local(fd, local), OK);
	return fd;
}

int peer_listen(const char *local_ip, struct addr *local)
{
	struct addr a = net_rig_addr(local_ip);
	const char *why = "";
	int fd = -1;

	ck_assert_msg(socket_listen_tcp(&a, &fd, &why) == OK, "%s", why);
	ck_assert_int_eq(socket_local(fd, local), OK);
	return fd;
}

int peer_accept(struct net_rig *r, int listener)
{
	struct addr from;
	int fd = -1;

	net_rig_until(r, socket_accept(listener, &fd, &from) == OK);
	return fd;
}

void peer_send_to(int fd, const struct addr *to, struct slice what)
{
	struct sockaddr_storage sa;
	socklen_t len = socket_to_sys(to, &sa);

	ck_assert_int_eq(sendto(fd, what.p, what.len, 0,
	                        (struct sockaddr *)&sa, len),
	                 (ssize_t)what.len);
}

void peer_write(int fd, struct slice what)
{
	ck_assert_int_eq(send(fd, what.p, what.len, MSG_NOSIGNAL),
	                 (ssize_t)what.len);
}

bool peer_read(int fd, struct buf *in)
{
	char octets[4096];
	ssize_t n;

	while ((n = recv(fd, octets, sizeof(octets), 0)) > 0)
		buf_append(in, octets, (size_t)n);
	return n < 0;
}

void peer_reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

struct addr peer_closed_port(const char *ip, bool udp)
{
	struct addr a;

	close(udp ? peer_udp(ip, &a) : peer_listen(ip, &a));
	return a;
}

char *peer_options(enum transport t, size_t body_len, size_t *len)
{
	struct buf b = { 0 };

	buf_printf(&b, "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\n"
	           "Via: SIP/2.0/%s 127.0.0.1:5060;branch=z9hG4bKabc;rport\r\n"
	           "From: <sip:alice@example.com>;tag=1\r\n"
	           "To: <sip:bob@example.com>\r\n"
	           "Call-ID: 1@127.0.0.1\r\n"
	           "CSeq: 1 OPTIONS\r\n"
	           "Max-Forwards: 70\r\n"
	           "Content-Length: %zu\r\n\r\n",
	           transport_via_name(t), body_len);
	for (size_t i = 0; i < body_len; i++)
		buf_char(&b, 'x');
	ck_assert_int_eq(buf_error(&b), OK);
	return buf_steal(&b, len);
}
