#ifndef CLI_INPUT_H
#define CLI_INPUT_H

/* The four ways in, one path: terminal, stdin, a file, -c, all end in
 * queue_add(). */

#include <stdbool.h>

#include "cli/console.h"
#include "cli/queue.h"
#include "core/base/buf.h"
#include "net/loop.h"

struct input;

/* Called once when all there is was read. */
typedef void input_end_fn(void *arg);

/* Reads lines of fd (a pipe, a file, /dev/null) as they come, and stops
 * reading while the queue has no room. name is the origin in messages. A line
 * may go on behind a backslash at its end. Lines over 64 kB are an error. */
struct input *input_new_stream(struct loop *loop, struct queue *queue, int fd,
                               const char *name, input_end_fn *fn, void *arg);
/* Lines typed at the console, which begins to edit; ^D ends. history_file
 * may be NULL. */
struct input *input_new_terminal(struct console *console,
                                 struct queue *queue,
                                 const char *history_file, input_end_fn *fn,
                                 void *arg);
/* Reads again when the queue has room: to be called when it drained. */
void input_resume(struct input *in);
void input_free(struct input *in);

/* Reads a whole file (a script, a body), at most max octets. ERR_NOT_FOUND,
 * ERR_IO, ERR_LIMIT with why: "script.sip: No such file or directory". "-" is
 * stdin. */
enum error input_read_file(const char *path, size_t max, struct buf *out,
                           struct buf *why);
/* Checks all lines of a script. False: misused() was called. name (NULL: the
 * command line) must live as long as the queue. */
bool input_check_script(struct queue *queue, struct slice text,
                        const char *name);
/* Adds its lines behind what waits, or in front of it. False: no memory. */
bool input_queue_script(struct queue *queue, struct slice text,
                        const char *name);
/* depth: how many scripts sourced each other on the way here. */
bool input_insert_script(struct queue *queue, struct slice text,
                         const char *name, unsigned depth);
/* Reads a secret: the file's first line. A file that others may read is
 * refused: ERR_IO with why. Wipe and deinit out. */
enum error input_read_secret(const char *path, struct buf *out,
                             struct buf *why);
enum error input_read_secret_fd(int fd, struct buf *out, struct buf *why);

#endif
