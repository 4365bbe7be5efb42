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

struct loop;

enum loop_event { LOOP_READ = 1, LOOP_WRITE = 2 };

/* events: what is ready. May watch, change and unwatch any descriptor, its
 * own too. */
typedef void loop_fn(int fd, unsigned events, void *arg);
/* A signal arrived; called from the loop, not from the handler. */
typedef void loop_signal_fn(int signo, void *arg);

/* Drives env (which it initialises: monotonic and wall clock, getrandom()).
 * NULL: no memory or no descriptors. */
struct loop *loop_new(struct env *env);
void loop_free(struct loop *l);
struct env *loop_env(struct loop *l);

/* Calls fn when fd is ready for one of events; watching again changes events and fn.
 * ERR_LIMIT: fd is not below FD_SETSIZE. */
enum error loop_watch(struct loop *l, int fd, unsigned events, loop_fn *fn,
                      void *arg);
void loop_unwatch(struct loop *l, int fd);
/* Stops or resumes reading of the descriptors that were watched with bulk set: the
 * sockets, when nobody reads our output (loop_watch_bulk() marks them). */
enum error loop_watch_bulk(struct loop *l, int fd, unsigned events,
                           loop_fn *fn, void *arg);
void loop_pause_bulk(struct loop *l, bool paused);

/* By self-pipe. fn NULL restores the default. */
enum error loop_on_signal(struct loop *l, int signo, loop_signal_fn *fn,
                          void *arg);

/* fn runs once, after the descriptors of this turn (or the next). */
void loop_defer(struct loop *l, timer_fn *fn, void *arg);

/*
 * One turn: waits until a descriptor, a signal or a timer is due, at most
 * max_wait_ms (-1: for ever), and serves all that is ready once. Descriptors
 * watched without bulk (the prompt) are served first and never starve.
 */
void loop_turn(struct loop *l, int max_wait_ms);
/* Turns until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
