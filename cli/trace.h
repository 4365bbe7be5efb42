#ifndef CLI_TRACE_H
#define CLI_TRACE_H

/* Every message both ways: to stderr or a file, and the last ones in memory
 * for `trace show`. Secrets are redacted unless settings.show_secrets. */

#include <stdbool.h>

#include "cli/console.h"
#include "core/transport/dispatcher.h"

struct trace;

struct trace *trace_new(struct console *console, struct dispatcher *d,
                        const bool *show_secrets);
void trace_free(struct trace *t);
/* path NULL or "": stderr; else a file, appended to.
 * ERR_IO with why. A file that cannot be written any more (a full disk) is
 * told once, and tracing to it stops; calls go on. */
enum error trace_start(struct trace *t, const char *path, struct buf *why);
void trace_stop(struct trace *t);
bool trace_is_on(const struct trace *t);
/* Appends the nth last message (1: the last), or all of a Call-ID. */
bool trace_show(const struct trace *t, size_t nth, struct slice call_id,
                struct buf *out);
/* Appends wire with the secrets of its Authorization fields replaced. */
void trace_redact(struct buf *out, struct slice wire);

#endif
