/* DNS and /etc/hosts by c-ares, without ever blocking the loop. */

#include "net/resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/hash.h"
#include "net/answer.h"

enum {
	TIMEOUT_MS = 10000,             /* for all of a lookup */
	TRY_MS = 2000,                  /* the first try; each next doubles */
	TRIES = 3,
	NAME_MAX_LEN = 255              /* RFC 1035 2.3.4 */
};

struct resolver {
	struct loop *loop;
	ares_channel channel;           /* NULL until the first lookup */
	struct addr server;             /* FAMILY_NONE: the system's */
	uint64_t timeout_ms;
	uint64_t last_id;
	struct hash lookups;            /* by id: those with a call to come */
	struct timer retry;             /* what c-ares is waiting for */
};

/*
 * Lives until its call was made (or cancelled) and c-ares has let go of it,
 * which cannot be made to forget a single query.
 */
struct lookup {
	struct hash_node node;
	struct resolver *resolver;
	uint64_t id;
	lookup_fn *fn;
	void *arg;
	struct timer timer;             /* its end: too late, or answered */
	bool asked;                     /* c-ares holds it */
	bool over;                      /* no call to come */
	struct answer answer;
	char name[NAME_MAX_LEN + 1];
};

/* --- a lookup's life --- */

static uint64_t hash_id(const struct resolver *r, uint64_t id)
{
	struct slice key = slice_make((const char *)&id, sizeof(id));

	return hash_of(&r->lookups, &key, 1);
}

static struct lookup *find(const struct resolver *r, uint64_t id)
{
	for (struct hash_node *n = hash_first(&r->lookups, hash_id(r, id));
	     n != NULL; n = hash_next(n)) {
		struct lookup *q = CONTAINER_OF(n, struct lookup, node);

		if (q->id == id)
			return q;
	}
	return NULL;
}

static void lookup_free(struct lookup *q)
{
	answer_deinit(&q->answer);
	free(q);
}

/* No call will come of it any more. */
static void finish(struct lookup *q)
{
	timer_cancel(&q->timer);
	hash_remove(&q->resolver->lookups, &q->node);
	q->over = true;
	if (!q->asked)
		lookup_free(q);
}

/* q is gone before fn is called, which may free the resolver. */
static void tell(void *arg)
{
	struct lookup *q = arg;
	struct answer answer = q->answer;
	lookup_fn *fn = q->fn;
	void *fn_arg = q->arg;
	struct buf text = { 0 };

	if (answer.err != OK) {
		buf_escaped(&text, slice_str(q->name));
		buf_printf(&text, ": %s", answer.why);
	}
	q->answer.arena = (struct arena){ 0 };
	finish(q);
	fn(answer.err, buf_cstr(&text), answer.records, answer.n, fn_arg);
	answer_deinit(&answer);
	buf_deinit(&text);
}

static struct timer_set *timers(const struct resolver *r)
{
	return &loop_env(r->loop)->timers;
}

/* Not from here: start() may be running, or c-ares. */
static void tell_soon(struct lookup *q)
{
	timer_arm(&q->timer, timers(q->resolver), 0, tell, q);
}

static void is_too_late(void *arg)
{
	struct lookup *q = arg;

	answer_from_status(&q->answer, ARES_ETIMEOUT);
	tell(q);
}

/* --- what c-ares and /etc/hosts say --- */

static void take_addrinfo(void *arg, int status, int timeouts,
                          struct ares_addrinfo *info)
{
	struct lookup *q = arg;

	(void)timeouts;
	q->asked = false;
	if (q->over) {
		lookup_free(q);
	} else {
		if (status == ARES_SUCCESS)
			answer_from_addrinfo(&q->answer, info);
		else
			answer_from_status(&q->answer, status);
		tell_soon(q);
	}
	ares_freeaddrinfo(info);
}

static void take_wire(void *arg, int status, int timeouts,
                      unsigned char *wire, int len)
{
	struct lookup *q = arg;

	(void)timeouts;
	q->asked = false;
	if (q->over) {
		lookup_free(q);
		return;
	}
	if (status == ARES_SUCCESS)
		answer_from_wire(&q->answer, wire, len);
	else
		answer_from_status(&q->answer, status);
	tell_soon(q);
}

static bool is_in_hosts(const struct lookup *q, const char *name, int family,
                        struct hostent **h)
{
	return ares_gethostbyname_file(q->resolver->channel, name, family, h)
	       == ARES_SUCCESS;
}

/* "_sip._udp.localhost" is localhost's. */
static const char *without_service(const char *name)
{
	while (name[0] == '_' && strchr(name, '.') != NULL)
		name = strchr(name, '.') + 1;
	return name;
}

/* A name that stands there is answered with what stands there, or with
 * nothing: "localhost" must not wait for a DNS server. */
static bool answer_from_hosts(struct lookup *q)
{
	const char *name = without_service(q->name);
	bool ipv6 = q->answer.kind == RECORD_AAAA;
	bool is_address = ipv6 || q->answer.kind == RECORD_A;
	struct hostent *h = NULL;
	bool found = is_in_hosts(q, name, ipv6 ? AF_INET6 : AF_INET, &h);

	if (found && is_address)
		answer_from_hostent(&q->answer, h);
	else if (!found)
		found = is_in_hosts(q, name, ipv6 ? AF_INET : AF_INET6, &h);
	ares_free_hostent(h);
	if (found)
		tell_soon(q);
	return found;
}

/* --- c-ares and the loop --- */

static void go_on(struct resolver *r, ares_socket_t readable,
                  ares_socket_t writable);

static void retry_is_due(void *arg)
{
	go_on(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Asks c-ares when it wants to be called next. */
static void rearm(struct resolver *r)
{
	struct timeval tv;
	uint64_t ms;

	if (ares_timeout(r->channel, NULL, &tv) == NULL) {
		timer_cancel(&r->retry);
		return;
	}
	ms = (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1;
	timer_arm(&r->retry, timers(r), ms, retry_is_due, r);
}

static void go_on(struct resolver *r, ares_socket_t readable,
                  ares_socket_t writable)
{
	ares_process_fd(r->channel, readable, writable);
	rearm(r);
}

static void on_ready(int fd, unsigned events, void *arg)
{
	go_on(arg, events & LOOP_READ ? fd : ARES_SOCKET_BAD,
	      events & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
}

static void on_sock_state(void *arg, ares_socket_t fd, int readable,
                          int writable)
{
	struct resolver *r = arg;
	unsigned events = (readable ? LOOP_READ : 0)
	                  | (writable ? LOOP_WRITE : 0);

	if (events == 0)
		loop_unwatch(r->loop, fd);
	else    /* open_socket() made it: it fits into select() */
		(void)loop_watch(r->loop, fd, events, on_ready, r);
}

/* Its own socket functions would block at exec, could be out of select()'s
 * reach, and raise SIGPIPE. */
static ares_socket_t open_socket(int domain, int type, int protocol,
                                 void *arg)
{
	int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	(void)arg;
	if (fd >= FD_SETSIZE) {
		close(fd);
		errno = EMFILE;
		return ARES_SOCKET_BAD;
	}
	return fd;
}

static int close_socket(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to,
                          ares_socklen_t len, void *arg)
{
	(void)arg;
	return connect(fd, to, len);
}

static ares_ssize_t receive(ares_socket_t fd, void *to, size_t room,
                            int flags, struct sockaddr *from,
                            ares_socklen_t *len, void *arg)
{
	(void)arg;
	return recvfrom(fd, to, room, flags, from, len);
}

static ares_ssize_t send_parts(ares_socket_t fd, const struct iovec *parts,
                               int n, void *arg)
{
	struct msghdr h = { .msg_iovlen = (size_t)n };
	union {
		const struct iovec *given;
		struct iovec *sent;     /* never written to */
	} parts_of = { parts };

	(void)arg;
	h.msg_iov = parts_of.sent;
	return sendmsg(fd, &h, MSG_NOSIGNAL);
}

static const struct ares_socket_functions socket_functions = {
	.asocket = open_socket,
	.aclose = close_socket,
	.aconnect = connect_socket,
	.arecvfrom = receive,
	.asendv = send_parts,
};

static bool use_server(struct resolver *r)
{
	char text[ADDR_TEXT];

	if (r->server.family == FAMILY_NONE)
		return true;
	if (addr_text(&r->server, text)[0] == '\0')
		return false;           /* no memory; "" is another server */
	return ares_set_servers_ports_csv(r->channel, text) == ARES_SUCCESS;
}

/* Reading the system's configuration takes a millisecond: not before a name
 * is asked for. */
static bool open_channel(struct resolver *r)
{
	char lookups[] = "b";
	struct ares_options options = {
		.timeout = TRY_MS,
		.tries = TRIES,
		.lookups = lookups,
		.sock_state_cb = on_sock_state,
		.sock_state_cb_data = r,
	};

	if (r->channel != NULL)
		return true;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return false;
	if (ares_init_options(&r->channel, &options,
	                      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
	                      | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB)
	    != ARES_SUCCESS) {
		r->channel = NULL;
		ares_library_cleanup();
		return false;
	}
	ares_set_socket_functions(r->channel, &socket_functions, r);
	if (use_server(r))
		return true;
	ares_destroy(r->channel);
	r->channel = NULL;
	ares_library_cleanup();
	return false;
}

static void close_channel(struct resolver *r)
{
	if (r->channel == NULL)
		return;
	ares_destroy(r->channel);       /* lets go of every lookup */
	ares_library_cleanup();
}

/* --- the operations --- */

static void ask(struct resolver *r, struct lookup *q)
{
	enum record_kind kind = q->answer.kind;
	struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = kind == RECORD_A ? AF_INET : AF_INET6,
		.ai_socktype = SOCK_DGRAM,
	};
	bool a_host = kind == RECORD_A || kind == RECORD_AAAA;

	if (answer_from_hosts(q))
		return;
	q->asked = true;
	if (a_host)
		ares_getaddrinfo(r->channel, q->name, NULL, &hints,
		                 take_addrinfo, q);
	else
		ares_query(r->channel, q->name, ns_c_in,
		           kind == RECORD_SRV ? ns_t_srv : ns_t_naptr,
		           take_wire, q);
	rearm(r);
}

static struct lookup *lookup_new(struct resolver *r, enum record_kind kind,
                                 struct slice name)
{
	struct lookup *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->resolver = r;
	q->id = ++r->last_id;
	q->answer.kind = kind;
	memcpy(q->name, name.p, name.len);
	if (hash_insert(&r->lookups, &q->node, hash_id(r, q->id)) != OK) {
		free(q);
		return NULL;
	}
	return q;
}

static uint64_t resolver_start(void *resolver, enum record_kind kind,
                               struct slice name, lookup_fn *fn, void *arg)
{
	struct resolver *r = resolver;
	struct lookup *q;
	uint64_t id;

	if (name.len == 0 || name.len > NAME_MAX_LEN
	    || memchr(name.p, '\0', name.len) != NULL || !open_channel(r))
		return 0;
	q = lookup_new(r, kind, name);
	if (q == NULL)
		return 0;
	id = q->id;
	q->fn = fn;
	q->arg = arg;
	timer_arm(&q->timer, timers(r), r->timeout_ms, is_too_late, q);
	ask(r, q);
	return id;
}

static void resolver_cancel(void *resolver, uint64_t id)
{
	struct lookup *q = find(resolver, id);

	if (q != NULL)
		finish(q);
}

const struct lookup_ops resolver_ops = {
	.start = resolver_start,
	.cancel = resolver_cancel,
};

struct resolver *resolver_new(struct loop *loop)
{
	struct resolver *r = calloc(1, sizeof(*r));
	uint64_t seed[2];

	if (r == NULL)
		return NULL;
	r->loop = loop;
	r->timeout_ms = TIMEOUT_MS;
	env_random(loop_env(loop), seed, sizeof(seed));
	hash_init(&r->lookups, seed);
	return r;
}

static void finish_node(struct hash_node *node, void *arg)
{
	(void)arg;
	finish(CONTAINER_OF(node, struct lookup, node));
}

void resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	hash_each(&r->lookups, finish_node, NULL);
	close_channel(r);
	timer_cancel(&r->retry);
	hash_deinit(&r->lookups);
	free(r);
}

enum error resolver_set_server(struct resolver *r, const struct addr *server)
{
	if (r->channel != NULL)
		return ERR_BAD_STATE;
	r->server = *server;
	if (r->server.port == 0)
		r->server.port = NS_DEFAULTPORT;
	return OK;
}

void resolver_set_timeout(struct resolver *r, uint64_t timeout_ms)
{
	r->timeout_ms = timeout_ms;
}
