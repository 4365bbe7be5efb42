#ifndef CLI_WORDS_H
#define CLI_WORDS_H

/*
 * The grammar of a command line (CLI.md section 2): words as in sh, with
 * quotes, backslash, $VAR and # comments; a newline ends a command, and so
 * does a ";" that white space or the end of the line follows.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/slice.h"

struct word {
	struct slice text;      /* in words.text: unquoted and expanded */
	unsigned column;        /* from 1, where it begins in the line */
	bool variable;          /* holds a variable that was left as it is */
};

/* One command. Zeroed is initialised; words_deinit() after use. */
struct words {
	struct word *words;
	size_t n, capacity;
	bool background;        /* a trailing & */
	bool ignore_failure;    /* a leading - */
	unsigned column;        /* of the command */
	struct buf text;
	/* on error */
	const char *why;        /* static: "unterminated quote" */
	unsigned why_column;
};

/* Appends the value of a variable ("status", "1", "?", "hdr_Subject"). A
 * variable that is not set is empty. */
typedef void variable_fn(struct slice name, struct buf *out, void *arg);

/*
 * Takes the next command off *rest (one line of input) into w, whose old
 * content is forgotten. w->n is 0 for an empty command. ERR_NOT_FOUND at the
 * end of *rest; ERR_SYNTAX with why and why_column (the rest of the line is
 * taken); ERR_NOMEM. variable NULL: "$x" stays as it is and marks its word.
 * line is what columns are counted from: the whole line.
 */
enum error words_next(struct words *w, struct slice line,
                      struct slice *rest, variable_fn *variable, void *arg);
void words_deinit(struct words *w);

/* Appends s quoted such that it reads back as one word. */
void words_quote(struct buf *out, struct slice s);

#endif
