#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

/*
 * The only writer to stdout and stderr, and the only user of readline.
 * Output is collected and written at the end of the loop's turn; when its reader
 * stalls, reading of the sockets pauses rather than memory grow.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "net/loop.h"

struct console;

enum console_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* A typed line (owned by the callee: free()), or NULL for EOF (^D). */
typedef void console_line_fn(char *line, void *arg);
/* Nobody reads stdout any more. Called once. */
typedef void console_broken_fn(void *arg);

struct console *console_new(struct loop *loop, enum console_color color);
/* Restores the terminal; flushes what it can without blocking for long. */
void console_free(struct console *c);
void console_on_broken(struct console *c, console_broken_fn *fn, void *arg);

/* stdout is a terminal; colour is wanted. */
bool console_is_terminal(const struct console *c);
bool console_has_color(const struct console *c);
/* Columns of the terminal, 80 when there is none. */
unsigned console_width(const struct console *c);

/* One line or several for stdout; a newline is added when there is none. What came
 * from the network must have been escaped (buf_escaped). */
void console_write(struct console *c, struct slice text);
/* The same for stderr. */
void console_error(struct console *c, struct slice text);
/* Writes all; blocks at most max_ms. */
void console_flush(struct console *c, int max_ms);

/* --- the line editor, at a terminal only --- */

/* Starts reading lines. history_file may be NULL. */
void console_edit_start(struct console *c, const char *history_file,
                        console_line_fn *fn, void *arg);
void console_edit_stop(struct console *c);
bool console_is_editing(const struct console *c);
/* Shown from now on; redraws when it changed. */
void console_set_prompt(struct console *c, const char *prompt);
/* ^C: clears the line being typed; false when it was empty. */
bool console_abandon_line(struct console *c);
/* ^Z: gives the terminal back, stops, and takes it again when continued. */
void console_suspend(struct console *c);
/* The window changed its size. */
void console_resized(struct console *c);
/* Keeps a line in the history (and its file, mode 0600). */
void console_remember(struct console *c, const char *line);

/* A question without echo (a password), then answer(secret or NULL, arg); the
 * secret is wiped afterwards. False: no terminal, or one is asked already. */
typedef void console_secret_fn(const char *secret, void *arg);
bool console_ask_secret(struct console *c, const char *question,
                        console_secret_fn *fn, void *arg);

/*
 * Completion: offers words for text, which follows line. Calls add(word, arg)
 * for each candidate that begins with text (escaped words only). True: names
 * of files will do, too, where there is no candidate.
 */
typedef void console_add_fn(const char *word, void *add_arg);
typedef bool console_complete_fn(struct slice line, struct slice text,
                                 console_add_fn *add, void *add_arg,
                                 void *arg);
void console_set_completion(struct console *c, console_complete_fn *fn,
                            void *arg);

#endif
