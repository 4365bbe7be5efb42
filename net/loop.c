/* The select() loop: descriptors in two ranks, timers, signals. */

#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"

/* How long sockets are served before the prompt has its turn: of TLS each may
 * cost a handshake, and hundreds may be ready. */
enum { BULK_US = 20000 };

struct watch {
	loop_fn *fn;                    /* NULL: not watched */
	void *arg;
	unsigned events;
	bool bulk;
};

struct signal_watch {
	loop_signal_fn *fn;             /* NULL: not ours */
	void *arg;
	struct sigaction before;
};

struct deferred {
	timer_fn *fn;
	void *arg;
};

struct loop {
	struct env *env;
	bool stopped, bulk_paused;
	int nfds;                       /* above the highest ever watched */
	int next_bulk;                  /* where the last turn broke off */
	fd_set readable, writable;      /* what this turn has yet to serve */
	int wakeup[2];                  /* the pipe that signals write to */
	struct deferred *deferred;
	size_t ndeferred, deferred_cap;
	struct signal_watch signals[NSIG];
	struct watch watches[FD_SETSIZE];
};

/* What the signal handler knows: which signals came, and whom to wake. */
static volatile sig_atomic_t arrived[NSIG];
static volatile sig_atomic_t wakeup_fd[NSIG];

/* --- the world outside --- */

static uint64_t clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void fill_random(void *out, size_t n, void *arg)
{
	unsigned char *to = out;
	ssize_t got;

	(void)arg;
	while (n > 0) {
		got = getrandom(to, n, 0);
		if (got < 0 && errno != EINTR)
			abort();        /* no secrets, no SIP */
		if (got > 0) {
			to += got;
			n -= (size_t)got;
		}
	}
}

/* Sets core's clocks and runs what is due; microseconds to the next. */
static int64_t advance(struct loop *l)
{
	return env_advance(l->env, clock_us(CLOCK_MONOTONIC),
	                   (int64_t)clock_us(CLOCK_REALTIME));
}

struct loop *loop_new(struct env *env)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	if (pipe2(l->wakeup, O_CLOEXEC | O_NONBLOCK) != 0) {
		free(l);
		return NULL;
	}
	if (l->wakeup[0] >= FD_SETSIZE) {
		close(l->wakeup[0]);
		close(l->wakeup[1]);
		free(l);
		return NULL;
	}
	l->env = env;
	env_init(env, clock_us(CLOCK_MONOTONIC),
	         (int64_t)clock_us(CLOCK_REALTIME), fill_random, NULL);
	return l;
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	for (int signo = 1; signo < NSIG; signo++)
		if (l->signals[signo].fn != NULL)
			loop_on_signal(l, signo, NULL, NULL);
	close(l->wakeup[0]);
	close(l->wakeup[1]);
	free(l->deferred);
	free(l);
}

struct env *loop_env(struct loop *l)
{
	return l->env;
}

/* --- descriptors --- */

static enum error watch(struct loop *l, int fd, const struct watch *w)
{
	assert(fd >= 0 && w->fn != NULL);
	if (fd >= FD_SETSIZE)
		return ERR_LIMIT;
	if (!(w->events & LOOP_READ))
		FD_CLR(fd, &l->readable);
	if (!(w->events & LOOP_WRITE))
		FD_CLR(fd, &l->writable);
	l->watches[fd] = *w;
	if (fd >= l->nfds)
		l->nfds = fd + 1;
	return OK;
}

enum error loop_watch(struct loop *l, int fd, unsigned events, loop_fn *fn,
                      void *arg)
{
	return watch(l, fd, &(struct watch){ fn, arg, events, false });
}

enum error loop_watch_bulk(struct loop *l, int fd, unsigned events,
                           loop_fn *fn, void *arg)
{
	return watch(l, fd, &(struct watch){ fn, arg, events, true });
}

/* Takes it out of the present turn too: its number may be given to another
 * descriptor before the turn is over. */
void loop_unwatch(struct loop *l, int fd)
{
	if (fd < 0 || fd >= l->nfds)
		return;
	l->watches[fd] = (struct watch){ 0 };
	FD_CLR(fd, &l->readable);
	FD_CLR(fd, &l->writable);
}

void loop_pause_bulk(struct loop *l, bool paused)
{
	l->bulk_paused = paused;
}

/* --- signals --- */

static void on_signal(int signo)
{
	int saved = errno;
	ssize_t ignored;

	arrived[signo] = 1;
	/* A full pipe wakes the loop as well. */
	ignored = write(wakeup_fd[signo], "", 1);
	(void)ignored;
	errno = saved;
}

static enum error restore_signal(struct signal_watch *s, int signo)
{
	if (s->fn == NULL)
		return OK;
	s->fn = NULL;
	return sigaction(signo, &s->before, NULL) == 0 ? OK : ERR_SYNTAX;
}

enum error loop_on_signal(struct loop *l, int signo, loop_signal_fn *fn,
                          void *arg)
{
	struct sigaction handler = { .sa_flags = SA_RESTART };
	struct sigaction before;
	struct signal_watch *s;

	if (signo <= 0 || signo >= NSIG)
		return ERR_SYNTAX;
	s = &l->signals[signo];
	if (fn == NULL)
		return restore_signal(s, signo);

	wakeup_fd[signo] = l->wakeup[1];
	handler.sa_handler = on_signal;
	sigfillset(&handler.sa_mask);
	if (sigaction(signo, &handler, &before) != 0)
		return ERR_SYNTAX;
	if (s->fn == NULL)
		s->before = before;
	s->fn = fn;
	s->arg = arg;
	return OK;
}

/* All of them, stopped or not: the pipe that told of them is drained. */
static void serve_signals(struct loop *l)
{
	char drained[64];

	while (read(l->wakeup[0], drained, sizeof(drained)) > 0)
		;
	for (int signo = 1; signo < NSIG; signo++) {
		struct signal_watch *s = &l->signals[signo];

		if (s->fn == NULL || !arrived[signo])
			continue;
		arrived[signo] = 0;
		s->fn(signo, s->arg);
	}
}

/* --- deferred functions --- */

enum error loop_defer(struct loop *l, timer_fn *fn, void *arg)
{
	size_t cap = l->deferred_cap == 0 ? 16 : l->deferred_cap * 2;
	struct deferred *grown;

	if (l->ndeferred == l->deferred_cap) {
		grown = realloc(l->deferred, cap * sizeof(*grown));
		if (grown == NULL)
			return ERR_NOMEM;
		l->deferred = grown;
		l->deferred_cap = cap;
	}
	l->deferred[l->ndeferred++] = (struct deferred){ fn, arg };
	return OK;
}

/* Those that were there at first; what they defer waits for the next turn,
 * and so does what is left when one of them stops the loop. */
static void run_deferred(struct loop *l)
{
	size_t n = l->ndeferred, done = 0;
	struct deferred d;

	while (done < n && !l->stopped) {
		d = l->deferred[done++];
		d.fn(d.arg);
	}
	l->ndeferred -= done;
	for (size_t i = 0; i < l->ndeferred; i++)
		l->deferred[i] = l->deferred[done + i];
}

/* --- a turn --- */

static bool wants(const struct loop *l, const struct watch *w,
                  enum loop_event event)
{
	if (w->fn == NULL || !(w->events & event))
		return false;
	return !(event == LOOP_READ && w->bulk && l->bulk_paused);
}

static void collect_wanted(struct loop *l)
{
	FD_ZERO(&l->readable);
	FD_ZERO(&l->writable);
	FD_SET(l->wakeup[0], &l->readable);
	while (l->nfds > 0 && l->watches[l->nfds - 1].fn == NULL)
		l->nfds--;
	for (int fd = 0; fd < l->nfds; fd++) {
		if (wants(l, &l->watches[fd], LOOP_READ))
			FD_SET(fd, &l->readable);
		if (wants(l, &l->watches[fd], LOOP_WRITE))
			FD_SET(fd, &l->writable);
	}
}

/* The shorter of the two; -1 is for ever. */
static int64_t wait_us(const struct loop *l, int64_t timer_us,
                       int max_wait_ms)
{
	int64_t max_us = (int64_t)max_wait_ms * 1000;

	if (l->stopped || l->ndeferred > 0)
		return 0;
	if (max_wait_ms < 0)
		return timer_us;
	return timer_us < 0 || max_us < timer_us ? max_us : timer_us;
}

/* select() cannot say which descriptor was closed behind our back: a watch
 * on it would make every turn fail. */
static void drop_closed(struct loop *l)
{
	for (int fd = 0; fd < l->nfds && !l->stopped; fd++) {
		struct watch w = l->watches[fd];

		if (w.fn == NULL || fcntl(fd, F_GETFD) >= 0)
			continue;
		log_write(LOG_WARNING, "descriptor %d was closed", fd);
		loop_unwatch(l, fd);
		w.fn(fd, w.events, w.arg);
	}
}

static void wait_ready(struct loop *l, int64_t us)
{
	struct timeval tv = { us / 1000000, us % 1000000 };
	int nfds, failed;

	collect_wanted(l);
	nfds = l->nfds > l->wakeup[0] ? l->nfds : l->wakeup[0] + 1;
	if (select(nfds, &l->readable, &l->writable, NULL,
	           us < 0 ? NULL : &tv) >= 0)
		return;
	failed = errno;
	FD_ZERO(&l->readable);
	FD_ZERO(&l->writable);
	if (failed == EBADF)
		drop_closed(l);
}

/* Looks afresh at each: those before may have changed those behind. True: it
 * was ready. */
static bool serve(struct loop *l, int fd, bool bulk)
{
	struct watch w = l->watches[fd];
	unsigned events = 0;

	if (w.fn == NULL || w.bulk != bulk)
		return false;
	if (FD_ISSET(fd, &l->readable) && wants(l, &w, LOOP_READ))
		events |= LOOP_READ;
	if (FD_ISSET(fd, &l->writable))
		events |= LOOP_WRITE;
	FD_CLR(fd, &l->readable);
	FD_CLR(fd, &l->writable);
	if (events != 0)
		w.fn(fd, events, w.arg);
	return events != 0;
}

static void serve_prompt(struct loop *l)
{
	for (int fd = 0; fd < l->nfds && !l->stopped; fd++)
		serve(l, fd, false);
}

static void serve_bulk(struct loop *l)
{
	uint64_t end_us = clock_us(CLOCK_MONOTONIC) + BULK_US;
	int first = l->next_bulk;

	l->next_bulk = 0;
	for (int i = 0; i < l->nfds && !l->stopped; i++) {
		int fd = (first + i) % l->nfds;

		if (serve(l, fd, true)
		    && clock_us(CLOCK_MONOTONIC) >= end_us) {
			l->next_bulk = fd + 1;
			return;
		}
	}
}

void loop_turn(struct loop *l, int max_wait_ms)
{
	int64_t timer_us = advance(l);
	bool signalled;

	wait_ready(l, wait_us(l, timer_us, max_wait_ms));
	signalled = FD_ISSET(l->wakeup[0], &l->readable);
	FD_CLR(l->wakeup[0], &l->readable);
	if (l->stopped)
		return;
	advance(l);
	if (signalled)
		serve_signals(l);
	serve_prompt(l);
	serve_bulk(l);
	run_deferred(l);
}

void loop_run(struct loop *l)
{
	while (!l->stopped)
		loop_turn(l, -1);
	l->stopped = false;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
