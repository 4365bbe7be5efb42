/* Sockets of the operating system, its errors and its addresses. */

#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

enum {
	RECEIVE_BUFFER = 4 << 20,       /* asked for; the system may cut it */
	BACKLOG = 128,
	SOURCE_KNOWN_US = 2000000,
	/* An unanswered connection is given up when a transaction would be:
	 * else it would be used for 15 minutes more. */
	UNACKED_MS = 32000
};

enum error socket_error(int errnum)
{
	switch (errnum) {
	case 0:
		return OK;
	case EAGAIN:
	case EINPROGRESS:
	case EINTR:
		return ERR_AGAIN;
	case ENOMEM:
		return ERR_NOMEM;
	case ENOBUFS:
	case EMFILE:
	case ENFILE:
		return ERR_LIMIT;
	case EADDRINUSE:
		return ERR_ADDRESS_IN_USE;
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
		return ERR_RESET;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case EADDRNOTAVAIL:
		return ERR_UNREACHABLE;
	case EAFNOSUPPORT:
		return ERR_NO_TRANSPORT;
	default:
		return ERR_NETWORK;
	}
}

const char *socket_error_words(int errnum)
{
	switch (errnum) {
	case ENETUNREACH:
		return "network unreachable";
	case EHOSTUNREACH:
		return "host unreachable";
	case ENETDOWN:
		return "network is down";
	case EHOSTDOWN:
		return "host is down";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EADDRNOTAVAIL:
		return "address not available";
	case EAFNOSUPPORT:
		return "no such address family on this machine";
	case EMFILE:
	case ENFILE:
		return "too many open files";
	case EMSGSIZE:
		return "message too long";
	case EPROTO:
	case ENOPROTOOPT:
		return "protocol not available at the peer";
	default:
		return error_text(socket_error(errnum));
	}
}

static enum error failed(int errnum, const char **why)
{
	*why = socket_error_words(errnum);
	return socket_error(errnum);
}

/* --- addresses --- */

socklen_t socket_to_sys(const struct addr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (a->family == FAMILY_IPV4) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(a->port);
		memcpy(&in4->sin_addr, a->ip, 4);
		return sizeof(*in4);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	in6->sin6_scope_id = a->scope;
	memcpy(&in6->sin6_addr, a->ip, 16);
	return sizeof(*in6);
}

struct addr socket_from_sys(const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	struct addr a = { .family = FAMILY_NONE };

	if (sa->ss_family == AF_INET) {
		a.family = FAMILY_IPV4;
		a.port = ntohs(in4->sin_port);
		memcpy(a.ip, &in4->sin_addr, 4);
	} else if (sa->ss_family == AF_INET6) {
		a.family = FAMILY_IPV6;
		a.port = ntohs(in6->sin6_port);
		a.scope = in6->sin6_scope_id;
		memcpy(a.ip, &in6->sin6_addr, 16);
	}
	return a;
}

enum error socket_local(int fd, struct addr *out)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return socket_error(errno);
	*out = socket_from_sys(&sa);
	return OK;
}

/* --- making sockets --- */

static enum error make_socket(enum family family, int type, int *fd,
                              const char **why)
{
	int domain = family == FAMILY_IPV4 ? AF_INET : AF_INET6;
	int made = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (made < 0)
		return failed(errno, why);
	if (made >= FD_SETSIZE) {
		close(made);
		return failed(EMFILE, why);
	}
	*fd = made;
	return OK;
}

/* What only makes things better: that it fails is no reason to fail. */
static void prefer(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static enum error bind_to(int fd, const struct addr *local, const char **why)
{
	struct sockaddr_storage sa;
	socklen_t len = socket_to_sys(local, &sa);
	int on = 1;

	/* So that 0.0.0.0 and :: can both have the port. */
	if (local->family == FAMILY_IPV6
	    && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return failed(errno, why);
	if (bind(fd, (struct sockaddr *)&sa, len) == 0)
		return OK;
	failed(errno, why);
	if (errno == EADDRNOTAVAIL)
		*why = "not an address of this machine";
	return socket_error(errno);
}

enum error socket_bind_udp(const struct addr *local, int *fd,
                           const char **why)
{
	int made = -1;
	enum error err = make_socket(local->family, SOCK_DGRAM, &made, why);

	if (err == OK)
		err = bind_to(made, local, why);
	if (err != OK) {
		socket_close(&made);
		return err;
	}
	prefer(made, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	*fd = made;
	return OK;
}

enum error socket_reserve_tcp(const struct addr *local, int *fd,
                              const char **why)
{
	int made = -1;
	enum error err = make_socket(local->family, SOCK_STREAM, &made, why);

	if (err != OK)
		return err;
	/* For a listener: the connections of the last run do not keep us from
	 * the port. Else: those of this run share it. */
	prefer(made, SOL_SOCKET, SO_REUSEADDR, 1);
	err = bind_to(made, local, why);
	if (err == OK)
		*fd = made;
	else
		socket_close(&made);
	return err;
}

enum error socket_listen_tcp(const struct addr *local, int *fd,
                             const char **why)
{
	int made = -1;
	enum error err = socket_reserve_tcp(local, &made, why);

	if (err == OK && listen(made, BACKLOG) != 0)
		err = failed(errno, why);
	if (err == OK)
		*fd = made;
	else
		socket_close(&made);
	return err;
}

static void prepare_stream(int fd)
{
	prefer(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	prefer(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS);
	prefer(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/* EADDRNOTAVAIL: there was a connection between these two addresses just
 * now, or there is one. *taken then says so. */
static enum error connect_from(const struct addr *remote,
                               const struct addr *from, int *fd, bool *taken,
                               const char **why)
{
	struct sockaddr_storage sa;
	socklen_t len = socket_to_sys(remote, &sa);
	int made = -1;
	enum error err = from == NULL
	                 ? make_socket(remote->family, SOCK_STREAM, &made, why)
	                 : socket_reserve_tcp(from, &made, why);

	*taken = false;
	if (err != OK)
		return err;
	prepare_stream(made);
	if (connect(made, (struct sockaddr *)&sa, len) != 0
	    && errno != EINPROGRESS && errno != EINTR) {
		*taken = errno == EADDRNOTAVAIL;
		err = failed(errno, why);
		socket_close(&made);
		return err;
	}
	*fd = made;
	return OK;
}

enum error socket_connect_tcp(const struct addr *remote,
                              const struct addr *from, int *fd,
                              const char **why)
{
	bool taken;
	enum error err = connect_from(remote, from, fd, &taken, why);

	if (err == OK || from == NULL
	    || (!taken && err != ERR_ADDRESS_IN_USE))
		return err;
	return connect_from(remote, NULL, fd, &taken, why);
}

enum error socket_accept(int listener, int *fd, struct addr *from)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int got;

	do
		got = accept4(listener, (struct sockaddr *)&sa, &len,
		              SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ENOMEM)
		return ERR_LIMIT;
	if (got < 0 && (errno == EAGAIN || socket_error(errno) == ERR_LIMIT))
		return socket_error(errno);
	if (got < 0)            /* accept(2): its peer's errors, not ours */
		return ERR_RESET;
	if (got >= FD_SETSIZE) {
		close(got);
		return ERR_RESET;
	}
	prepare_stream(got);
	*from = socket_from_sys(&sa);
	*fd = got;
	return OK;
}

/* --- using them --- */

enum error socket_pending_error(int fd, const char **why)
{
	int errnum = 0;
	socklen_t len = sizeof(errnum);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0)
		errnum = errno;
	return errnum == 0 ? OK : failed(errnum, why);
}

enum error socket_read(int fd, char *to, size_t room, size_t *n,
                       const char **why)
{
	ssize_t got;

	do
		got = recv(fd, to, room, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return failed(errno, why);
	if (got == 0) {
		*why = "closed by the peer";
		return ERR_RESET;
	}
	*n = (size_t)got;
	return OK;
}

enum error socket_write(int fd, const char *from, size_t len, size_t *n,
                        const char **why)
{
	ssize_t put;

	do
		put = send(fd, from, len, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return failed(errno == ENOBUFS ? EAGAIN : errno, why);
	*n = (size_t)put;
	return OK;
}

void socket_end(int fd)
{
	(void)shutdown(fd, SHUT_WR);
}

void socket_close(int *fd)
{
	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
}

/* --- our address towards others --- */

static enum error ask_route(const struct addr *remote, struct addr *out)
{
	struct sockaddr_storage sa;
	socklen_t len = socket_to_sys(remote, &sa);
	const char *why;
	int fd = -1;
	enum error err = make_socket(remote->family, SOCK_DGRAM, &fd, &why);

	if (err != OK)
		return err;
	if (connect(fd, (struct sockaddr *)&sa, len) != 0)
		err = socket_error(errno);
	if (err == OK)
		err = socket_local(fd, out);
	socket_close(&fd);
	out->port = 0;
	return err;
}

enum error socket_source(struct socket_sources *s, uint64_t now_us,
                         const struct addr *remote, struct addr *out)
{
	struct addr asked = *remote, source;
	enum error err;

	for (unsigned i = 0; i < SOCKET_SOURCES; i++) {
		if (s->known[i].until_us > now_us
		    && addr_same_ip(&s->known[i].remote, remote)) {
			*out = s->known[i].source;
			return OK;
		}
	}
	if (asked.port == 0)
		asked.port = 5060;      /* connect() wants one; any will do */
	err = ask_route(&asked, &source);
	if (err != OK)
		return err;
	s->known[s->next].remote = *remote;
	s->known[s->next].source = source;
	s->known[s->next].until_us = now_us + SOURCE_KNOWN_US;
	s->next = (s->next + 1) % SOCKET_SOURCES;
	*out = source;
	return OK;
}
