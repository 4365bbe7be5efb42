#ifndef CLI_REPORT_H
#define CLI_REPORT_H

/*
 * Tells what happened, as one line of text or one JSON object each, and
 * keeps the last events for wait and expect.
 */

#include <stdbool.h>

#include "cli/console.h"
#include "cli/event.h"
#include "core/base/env.h"

struct report;

enum report_mode { REPORT_TEXT, REPORT_JSON };
enum report_level { REPORT_QUIET, REPORT_NORMAL, REPORT_VERBOSE };

struct report *report_new(struct console *console, struct env *env,
                          enum report_mode mode, enum report_level level);
void report_free(struct report *r);
enum report_mode report_mode(const struct report *r);
enum report_level report_level(const struct report *r);
void report_set_level(struct report *r, enum report_level level);

/*
 * Emits e (and takes it): numbers it, stamps it, prints it, keeps it, and
 * wakes those who wait. text is the line for people, without a newline, escaped already; p
 * NULL: none in text mode. important: printed even with -q.
 */
void report_event(struct report *r, struct event *e, struct slice text,
                  bool important);
/* A line that answers a command and is no event (help, echo): nothing in JSON mode unless it is
 * made an event by the caller. */
void report_text(struct report *r, struct slice text);
/* To stderr: "sipsh: text", with the origin in front where there is one. */
void report_problem(struct report *r, const char *text);

/* --- tables: what every listing command prints --- */

struct table_column {
	const char *key;        /* JSON; also the heading, in capitals */
	enum event_value_kind kind;
};
struct table;
struct table *table_new(const char *name, const struct table_column *columns,
                        size_t ncolumns);
/* One cell after the other; a row is full when the last column is. Texts
 * are escaped here for people, and by JSON for programs. */
void table_text(struct table *t, struct slice s);
void table_integer(struct table *t, int64_t n);
void table_number(struct table *t, double n);
void table_bool(struct table *t, bool b);
void table_null(struct table *t);
/* Drops it unprinted. */
void table_free(struct table *t);
/* Prints it (event "table" in JSON), and frees it. cmd: its command's number, 0: none. */
void report_table(struct report *r, struct table *t, unsigned cmd);

/* --- waiting for events --- */

struct match {
	struct slice key, value;
	char op;                /* = ! < > ~ */
};
struct event_wait;
/* fn is called once when an event of this name with all matches is there: at once (from inside) when
 * one that came after the last event matched by a wait fits, unless only_new.
 * The event is the last matched from then on. */
typedef void event_wait_fn(const struct event *e, void *arg);
/* ERR_SYNTAX: a regular expression is wrong, *why says how. *out is NULL when
 * fn was called already. */
enum error report_wait(struct report *r, struct slice name,
                       const struct match *matches, size_t nmatches,
                       bool only_new, event_wait_fn *fn, void *arg,
                       struct event_wait **out, struct buf *why);
void report_wait_cancel(struct event_wait *w);
/* For expect's failure: the latest event of this name since the last match, or NULL. */
const struct event *report_last(const struct report *r, struct slice name);

#endif
