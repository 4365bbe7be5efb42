#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

/* Diagnostics, by level, to one sink. Not for events of SIP: those are the
 * application's. */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* text is escaped already and ends without a newline. */
typedef void log_fn(enum log_level level, const char *text, void *arg);

/* Who prints, and down to which level. Until it is called: nobody. */
void log_set_sink(enum log_level down_to, log_fn *fn, void *arg);

/* Formats, cuts at 1023 octets, escapes what is not printable, passes to the
 * sink. */
void log_write(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
