#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/*
 * A command is one const row: grammar, usage, help, completion and the
 * manual's check derive from it. run() receives checked values.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cli/words.h"
#include "core/base/error.h"
#include "core/base/slice.h"
#include "core/message/uri.h"

struct app;
struct item;
struct args;

enum arg_kind {
	ARG_FLAG,               /* an option without a value */
	ARG_WORD,               /* anything but empty */
	ARG_TEXT,               /* anything, empty too */
	ARG_URI,                /* a URI, or a bare name of the account's domain */
	ARG_CALL,               /* %1, %%, %- */
	ARG_CALL_OR_ALL,        /* or the word all */
	ARG_TARGET,             /* a URI or a call */
	ARG_ACCOUNT,            /* the name of an account */
	ARG_DURATION,           /* 500ms 5s 2m 1h; a bare number is seconds */
	ARG_NUMBER,             /* min to max */
	ARG_Q,                  /* 0 to 1, three decimals */
	ARG_PATH,               /* a file; its existence is the command's affair */
	ARG_HEADER,             /* "Name: value", or "Name:" */
	ARG_HEADER_NAME,
	ARG_METHOD,             /* a token; not upper-cased */
	ARG_CODE,               /* a SIP status min to max */
	ARG_CHOICE,             /* one of choices */
	ARG_EVENT,              /* the name of an event */
	ARG_MATCH,              /* KEY=VALUE KEY!=V KEY<V KEY>V KEY~REGEX */
	ARG_SETTING,            /* the name of a setting */
	ARG_COMMAND             /* the name of a command */
};

enum arg_flags {
	ARG_OPTIONAL = 0,
	ARG_REQUIRED = 1,       /* a positional that must be there */
	ARG_REPEATED = 2,       /* an option that may be given again, or the
	                         * last positional that takes all that follow */
	ARG_JOINED = 4          /* the last positional: the words up to the next
	                         * option, as one text with single spaces */
};

struct arg_spec {
	const char *name;       /* "URI", or "--expires", or "-H" */
	enum arg_kind kind;
	unsigned flags;
	const char *help;       /* a few words */
	uint32_t min, max;      /* ARG_NUMBER, ARG_CODE; max 0: no bound */
	const char *choices;    /* "on|off|show" */
};

enum { COMMAND_ARGS_MAX = 16 };

enum run {
	RUN_DONE,               /* finished; item->result says how */
	RUN_PENDING             /* finishes by queue_done(item) */
};

enum command_flags {
	COMMAND_OFFLINE = 1,    /* needs no sockets */
	COMMAND_BARRIER = 2,    /* with --jobs: waits for all before it, and
	                         * those behind wait for it */
	COMMAND_SECRET = 4      /* kept out of the history */
};

struct command {
	const char *name;
	const char *summary;    /* one line for help */
	const char *detail;     /* further lines for help NAME; or NULL */
	struct arg_spec args[COMMAND_ARGS_MAX]; /* ends with a NULL name */
	unsigned flags;
	enum run (*run)(struct app *app, struct item *item,
	                const struct args *args);
};

/* A spec whose name begins with "-". */
static inline bool arg_is_option(const struct arg_spec *spec)
{
	return spec->name[0] == '-';
}

/* The list of rows, sorted by name, NULL at the end (commands/table.c). */
extern const struct command *const command_table[];

/* A whole name, or a unique prefix of one where prefixes is true. NULL with
 * *why filled: "unknown command 'x'", or which ones the prefix fits. */
const struct command *command_find(struct slice name, bool prefixes,
                                   struct buf *why);

/* --- checked arguments --- */

struct value {
	struct slice text;      /* as given; ARG_URI: completed */
	uint64_t number;        /* ARG_NUMBER, ARG_CODE; ARG_DURATION in ms;
	                         * ARG_Q in thousandths; ARG_CHOICE: its index */
	struct slice name;      /* ARG_HEADER, ARG_MATCH: before the separator */
	struct slice rest;      /* ARG_HEADER: value, p NULL for "Name:" ; ARG_MATCH: behind
	                         * the operator */
	char op;                /* ARG_MATCH: '=' '!' '<' '>' '~' */
	unsigned column;
};

/* Owned by the item; slices live as long as it. */
struct args {
	const struct command *command;
	struct value *values[COMMAND_ARGS_MAX];
	size_t counts[COMMAND_ARGS_MAX];
	char *memory;
};

/* Completes and checks what only the application knows: a bare name to a
 * URI, the existence of a call, an account, an event, a setting. Returns false with
 * a reason in why. May be NULL. */
typedef bool arg_check_fn(const struct arg_spec *spec, struct value *v,
                          struct buf *scratch, struct buf *why, void *arg);

/*
 * Parses w (w->words[0] is the command's name) by the row. ERR_SYNTAX with
 * the reason in why and the column in *column; ERR_NOMEM.
 */
enum error args_parse(struct args *out, const struct command *cmd,
                      const struct words *w, arg_check_fn *check, void *arg,
                      struct buf *why, unsigned *column);
void args_deinit(struct args *a);

/* By the spec's name; a name that the row lacks is our bug (assert). */
bool args_has(const struct args *a, const char *name);
size_t args_count(const struct args *a, const char *name);
const struct value *args_value(const struct args *a, const char *name,
                               size_t nth);        /* NULL: absent */
struct slice args_text(const struct args *a, const char *name); /* p NULL */
uint64_t args_number(const struct args *a, const char *name,
                     uint64_t absent);

/* What usage calls a value of this kind: "DURATION". Static. */
const char *arg_kind_word(const struct arg_spec *spec);
/* "usage: invite URI [--play PATH] ..." without a newline. */
void command_usage(struct buf *out, const struct command *cmd);
/* What help NAME prints. */
void command_help(struct buf *out, const struct command *cmd);

/* "500ms" "5s" "2m" "1h" "1.5s" "5" (seconds) to milliseconds, <= 1 day*30. */
bool duration_parse(struct slice s, uint64_t *ms);

#endif
