#ifndef NET_LOOP_H
#define NET_LOOP_H

/*
 * The one select() loop: descriptors, core's timers, signals. Single
 * threaded; nothing in it blocks but select() itself.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/env.h"
#include "core/base/error.h"
#include "core/base/timer.h"

struct loop;

enum loop_event { LOOP_READ = 1, LOOP_WRITE = 2 };

/* events: what is ready. May watch, change and unwatch any descriptor, its
 * own too. A descriptor that turns out to be closed is unwatched, and fn then
 * called a last time to find out. */
typedef void loop_fn(int fd, unsigned events, void *arg);
/* A signal arrived; called from the loop, not from the handler. */
typedef void loop_signal_fn(int signo, void *arg);

/* Drives env (which it initialises: monotonic and wall clock, getrandom()),
 * which must outlive it. NULL: no memory or no descriptors. */
struct loop *loop_new(struct env *env);
/* Accepts NULL. Restores the signals; what is watched stays open, and what
 * was deferred does not run. After all that stands on it: legs, resolver. */
void loop_free(struct loop *l);
struct env *loop_env(struct loop *l);

/* Calls fn when fd is ready for one of events (0: never, for now); watching
 * again changes events, fn and arg. ERR_LIMIT: fd is not below FD_SETSIZE. */
enum error loop_watch(struct loop *l, int fd, unsigned events, loop_fn *fn,
                      void *arg);
/* Harmless when fd is not watched. To be called before fd is closed. */
void loop_unwatch(struct loop *l, int fd);

/* The same for sockets, which are served after all others, and not read from
 * while loop_pause_bulk() says so: when nobody reads our output. */
enum error loop_watch_bulk(struct loop *l, int fd, unsigned events,
                           loop_fn *fn, void *arg);
void loop_pause_bulk(struct loop *l, bool paused);

/* By self-pipe; signals that come together may be one call. fn NULL restores
 * what was before. Of two loops the last that asked gets the signal.
 * ERR_SYNTAX: no signal that can be caught. */
enum error loop_on_signal(struct loop *l, int signo, loop_signal_fn *fn,
                          void *arg);

/* fn runs once, after the descriptors of this turn (or the next). ERR_NOMEM:
 * it will not. Who has a struct timer can arm that with 0 instead. */
enum error loop_defer(struct loop *l, timer_fn *fn, void *arg);

/*
 * One turn: waits until a descriptor, a signal or a timer is due, at most
 * max_wait_ms (-1: for ever), and serves all that is ready once. Descriptors
 * watched without bulk (the prompt) are served first and never starve.
 */
void loop_turn(struct loop *l, int max_wait_ms);
/* Turns until loop_stop(), which may have been called before. */
void loop_run(struct loop *l);
/* Ends the turn after the function that is running. */
void loop_stop(struct loop *l);

#endif
