#ifndef CLI_QUEUE_H
#define CLI_QUEUE_H

/*
 * Runs commands in order. At the prompt every command starts when it is
 * typed; elsewhere the next starts when the one before is done (or up to
 * --jobs N are in flight). Knows exit statuses; knows no SIP.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "core/base/env.h"
#include "core/base/list.h"

struct event;
struct queue;

/* How a command ended. */
struct result {
	enum error_class class; /* CLASS_NONE: it succeeded */
	int rc;                 /* exit status; 0 where class is CLASS_NONE */
	unsigned status;        /* last SIP status; 0: none */
	char *reason;           /* of that status; owned, may be NULL */
	char *text;             /* why it failed, for a person; owned */
};

/* Where a command came from: "script.sip", line 3. name NULL: the prompt or
 * -c; line 0, too: the words of the command line, which have no columns. */
struct origin {
	const char *name;       /* outlives the queue */
	unsigned line;
	unsigned depth;         /* of scripts that source each other */
};

struct item {
	struct list node;
	struct queue *queue;
	unsigned number;                /* "cmd" in JSON, from 1 */
	const struct command *command;
	struct args args;
	struct origin origin;
	unsigned column;
	bool background, ignore_failure;
	bool service;                   /* goes on until it is given up: the end
	                                 * does not wait for it in the
	                                 * background */
	bool running, done, given_up;
	unsigned holds;                 /* see item_hold() */
	uint64_t started_us;
	struct timer timeout;
	struct result result;
	struct event *extra;            /* further keys of cmd.done; or NULL */
	/* Set by a command that is pending: gives up what it waits for, because of
	 * an interrupt, a timeout or the end. Ends with queue_done(), now or
	 * soon. why: ERR_CANCELLED or ERR_TIMEOUT. NULL: queue_done() at once. */
	void (*give_up)(struct item *item, enum error why);
	void *state;                    /* the command's own */
	/* Frees state when the item goes. */
	void (*free_state)(void *state);
};

struct queue_ops {
	/* Before a command runs: sockets open, and so on. */
	bool (*prepare)(struct app *app, struct item *item);
	/* A command is done: print it, set $? and friends. */
	void (*finished)(struct app *app, struct item *item);
	/* A line could not be run: words or arguments are wrong. The message is "unknown
	 * command 'x'"; the origin and column go in front. */
	void (*misused)(struct app *app, const struct origin *origin,
	                unsigned column, const char *text);
	/* No command is running and none waits: time for the next line. */
	void (*drained)(struct app *app);
	variable_fn *variable;          /* arg is the app */
	arg_check_fn *check;            /* arg is the app */
};

/* interactive: prefixes are understood, lines start at once, no errexit. */
struct queue *queue_new(struct app *app, struct env *env,
                        const struct queue_ops *ops, bool interactive,
                        unsigned jobs);
void queue_free(struct queue *q);
/* A bound on each command that waits; 0: none. */
void queue_set_timeout(struct queue *q, uint64_t ms);

/*
 * Adds a line, which may hold several commands. Its words are split and
 * expanded when its turn comes, so that $? is that of the command before.
 */
enum error queue_add(struct queue *q, struct slice line,
                     const struct origin *origin);
/* Lines of a script that is sourced: they come, in their order, before what
 * waits already. queue_insert_begin() once, then each line. */
void queue_insert_begin(struct queue *q);
enum error queue_insert(struct queue *q, struct slice line,
                        const struct origin *origin);
/* Checks a line without running it: grammar, command names and what holds no
 * variable. False: misused() was called. */
bool queue_precheck(struct queue *q, struct slice line,
                    const struct origin *origin);

/* A copy of a script's name that lives as long as the queue, for origins.
 * NULL: no memory. */
const char *queue_keep_name(struct queue *q, const char *name);

/* A line that never became one the queue could take: told and counted as a
 * usage error. */
void queue_misuse(struct queue *q, const struct origin *origin,
                  unsigned column, const char *text);

/* Ends a pending command; takes item->result. The item dies soon. */
void queue_done(struct item *item);
/* Sets item->result and returns RUN_DONE, for run()'s return:
 *     return item_fail(item, CLASS_USAGE, "no such file: %s", path); */
enum run item_ok(struct item *item);
enum run item_fail(struct item *item, enum error_class class,
                   const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Fills item->result with a SIP response's status. */
void item_set_status(struct item *item, unsigned status,
                     struct slice reason);
/*
 * Somebody will call back with this item (a request's outcome): it stays in
 * memory until item_drop(), even when it was given up and is done.
 */
void item_hold(struct item *item);
void item_drop(struct item *item);
/* Marks a running command as pending in the background: others may start
 * while it goes on (--nowait). */
void item_background(struct item *item);

/* The youngest pending foreground command, or NULL. */
struct item *queue_foreground(struct queue *q);
/* Gives up one that is pending. */
void queue_give_up(struct item *item, enum error why);
/* Gives up all that is pending, and forgets what waits. */
void queue_abandon(struct queue *q, enum error why);
/* Forgets what waits; what is pending goes on. */
void queue_stop(struct queue *q);
/* Nothing is pending (but services in the background), nothing waits. */
bool queue_is_idle(const struct queue *q);
/* No line waits, and nothing in the foreground runs. */
bool queue_is_drained(const struct queue *q);
/* Room for more lines: input stops reading while there is none. */
bool queue_has_room(const struct queue *q);
/* The exit status: of the first command that failed, 0 when none has. */
int queue_status(const struct queue *q);
void queue_set_status(struct queue *q, int status);
/* A command failed and errexit holds: no further one is started. */
bool queue_has_failed(const struct queue *q);

#endif
