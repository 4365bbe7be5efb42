/*
 * A world that fails: preloaded by tests/script_shim.py, it makes system
 * calls (and allocations) fail as $SHIM says:
 *
 *     SHIM="CALL ERRNO FIRST EVERY[, ...]"
 *
 * The FIRSTth call (from 1) of CALL, and then each EVERYth (0: no other),
 * fails with this error number; -1 stands for a short read or write: of one
 * octet. For malloc the error number is of no matter, and calloc and realloc
 * count as well. With $SHIM_COUNT, how many of these there were is written to
 * the file of that name at the end.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum call {
	CALL_ACCEPT4, CALL_BIND, CALL_CONNECT, CALL_MALLOC, CALL_READ,
	CALL_RECV, CALL_RECVMMSG, CALL_SELECT, CALL_SEND, CALL_SENDTO,
	CALL_SOCKET, CALL_WRITE, CALL_COUNT
};

static const char *const names[CALL_COUNT] = {
	"accept4", "bind", "connect", "malloc", "read", "recv", "recvmmsg",
	"select", "send", "sendto", "socket", "write",
};

static struct rule {
	int error;
	unsigned long first, every, seen;
} rules[CALL_COUNT];

static void add_rule(const char *name, int error, unsigned long first,
                     unsigned long every)
{
	for (unsigned i = 0; i < CALL_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			rules[i] = (struct rule){ error, first, every, 0 };
}

__attribute__((constructor)) static void read_rules(void)
{
	const char *at = getenv("SHIM");

	while (at != NULL && *at != '\0') {
		char name[16] = "";
		size_t n = strcspn(at, " ");
		char *end;
		long error, first, every;

		if (n >= sizeof(name))
			abort();
		memcpy(name, at, n);
		error = strtol(at + n, &end, 10);
		first = strtol(end, &end, 10);
		every = strtol(end, &end, 10);
		add_rule(name, (int)error, (unsigned long)first,
		         (unsigned long)every);
		at = end + strspn(end, ", ");
	}
}

__attribute__((destructor)) static void tell_count(void)
{
	const char *path = getenv("SHIM_COUNT");
	unsigned long count = rules[CALL_MALLOC].seen;
	FILE *f = path == NULL ? NULL : fopen(path, "w");

	if (f == NULL)
		return;
	fprintf(f, "%lu\n", count);
	fclose(f);
}

/* What this call must fail with; 0: it need not. */
static int fault(enum call call)
{
	struct rule *r = &rules[call];

	if (++r->seen < r->first || r->first == 0)
		return 0;
	if (r->seen != r->first
	    && (r->every == 0 || (r->seen - r->first) % r->every != 0))
		return 0;
	return r->error;
}

/* The library's own function behind ours. */
#define REAL(name, ...) \
	((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

#define FAIL_IF_TOLD(call)                      \
	do {                                    \
		int error_ = fault(call);       \
		if (error_ > 0) {               \
			errno = error_;         \
			return -1;              \
		}                               \
	} while (0)

/* The length to be used: 1 where the transfer is to be short. */
static int transfer(enum call call, size_t *len)
{
	int error = fault(call);

	if (error > 0) {
		errno = error;
		return -1;
	}
	if (error < 0 && *len > 1)
		*len = 1;
	return 0;
}

int accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
{
	FAIL_IF_TOLD(CALL_ACCEPT4);
	return REAL(accept4, fd, a, len, flags);
}

int bind(int fd, const struct sockaddr *a, socklen_t len)
{
	FAIL_IF_TOLD(CALL_BIND);
	return REAL(bind, fd, a, len);
}

int connect(int fd, const struct sockaddr *a, socklen_t len)
{
	FAIL_IF_TOLD(CALL_CONNECT);
	return REAL(connect, fd, a, len);
}

int socket(int domain, int type, int protocol)
{
	FAIL_IF_TOLD(CALL_SOCKET);
	return REAL(socket, domain, type, protocol);
}

int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t)
{
	FAIL_IF_TOLD(CALL_SELECT);
	return REAL(select, n, r, w, e, t);
}

ssize_t read(int fd, void *to, size_t len)
{
	if (transfer(CALL_READ, &len) != 0)
		return -1;
	return REAL(read, fd, to, len);
}

ssize_t write(int fd, const void *from, size_t len)
{
	if (transfer(CALL_WRITE, &len) != 0)
		return -1;
	return REAL(write, fd, from, len);
}

ssize_t recv(int fd, void *to, size_t len, int flags)
{
	if (transfer(CALL_RECV, &len) != 0)
		return -1;
	return REAL(recv, fd, to, len, flags);
}

ssize_t send(int fd, const void *from, size_t len, int flags)
{
	if (transfer(CALL_SEND, &len) != 0)
		return -1;
	return REAL(send, fd, from, len, flags);
}

ssize_t sendto(int fd, const void *from, size_t len, int flags,
               const struct sockaddr *to, socklen_t to_len)
{
	FAIL_IF_TOLD(CALL_SENDTO);
	return REAL(sendto, fd, from, len, flags, to, to_len);
}

int recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags,
             struct timespec *t)
{
	FAIL_IF_TOLD(CALL_RECVMMSG);
	return REAL(recvmmsg, fd, m, n, flags, t);
}

#ifdef SHIM_MALLOC      /* not where a sanitizer has its own */

/* dlsym() would allocate: the library has other names for these. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static int is_out_of_memory(void)
{
	if (fault(CALL_MALLOC) == 0)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n)
{
	return is_out_of_memory() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return is_out_of_memory() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return is_out_of_memory() ? NULL : __libc_realloc(p, n);
}

#endif
