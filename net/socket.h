#ifndef NET_SOCKET_H
#define NET_SOCKET_H

/*
 * The operating system's sockets: the only place where errno and struct
 * sockaddr are known. All descriptors made here are nonblocking, closed on
 * exec and below FD_SETSIZE.
 *
 * Where a function has a why, it is written on failure: a few static words
 * for a person, like "address already in use".
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/addr.h"
#include "core/base/error.h"

/* An errno as our error, and in words (lower case, static). */
enum error socket_error(int errnum);
const char *socket_error_words(int errnum);

/* The length of what was written to out. */
socklen_t socket_to_sys(const struct addr *a, struct sockaddr_storage *out);
/* FAMILY_NONE when it is neither IPv4 nor IPv6. */
struct addr socket_from_sys(const struct sockaddr_storage *sa);
/* The address that fd is bound to, as the system gave it. */
enum error socket_local(int fd, struct addr *out);

/* A UDP socket on local (port 0: any). An IPv6 one serves IPv6 alone. */
enum error socket_bind_udp(const struct addr *local, int *fd,
                           const char **why);
/* A TCP listener on local (port 0: any). */
enum error socket_listen_tcp(const struct addr *local, int *fd,
                             const char **why);
/* A TCP socket that has local (port 0: any) to itself, and does nothing but
 * keep it for socket_connect_tcp(). */
enum error socket_reserve_tcp(const struct addr *local, int *fd,
                              const char **why);
/* A TCP connection under way to remote, from the address from where that is
 * possible (NULL: any); OK too when it stands already. When fd is writable, ask
 * socket_pending_error(). */
enum error socket_connect_tcp(const struct addr *remote,
                              const struct addr *from, int *fd,
                              const char **why);
/* ERR_AGAIN: nobody waits. ERR_LIMIT: out of descriptors or memory, the
 * peer goes on waiting. ERR_RESET: that peer gave up, try the next. */
enum error socket_accept(int listener, int *fd, struct addr *from);
/* What happened to fd in the meantime; OK: nothing bad. */
enum error socket_pending_error(int fd, const char **why);

/* *n octets, at least 1, were read or written. ERR_AGAIN: not now. The end
 * of the stream is ERR_RESET. Never raises SIGPIPE. */
enum error socket_read(int fd, char *to, size_t room, size_t *n,
                       const char **why);
enum error socket_write(int fd, const char *from, size_t len, size_t *n,
                        const char **why);
/* Tells the peer that nothing more will come. */
void socket_end(int fd);
/* Closes *fd and makes it -1, which is let alone. */
void socket_close(int *fd);

enum { SOCKET_SOURCES = 8 };

/* Which of our addresses the system uses towards others: the answers of the
 * last seconds. Zeroed is initialised. */
struct socket_sources {
	struct {
		struct addr remote, source;
		uint64_t until_us;
	} known[SOCKET_SOURCES];
	unsigned next;
};
/*
 * The address (port 0) that a datagram to remote would come from. Asks the
 * routing table by connecting a socket; nothing is sent. ERR_UNREACHABLE:
 * there is no route.
 */
enum error socket_source(struct socket_sources *s, uint64_t now_us,
                         const struct addr *remote, struct addr *out);

#endif
