/* Diagnostics, by level, to one sink. */

#include "core/base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/buf.h"

static struct {
	enum log_level down_to;
	log_fn *fn;
	void *arg;
} sink;

void log_set_sink(enum log_level down_to, log_fn *fn, void *arg)
{
	sink.down_to = down_to;
	sink.fn = fn;
	sink.arg = arg;
}

void log_write(enum log_level level, const char *format, ...)
{
	struct buf escaped = { 0 };
	char text[1024];
	va_list args;
	int n;

	if (sink.fn == NULL || level > sink.down_to)
		return;
	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		return;
	buf_escaped(&escaped, slice_str(text));
	if (buf_error(&escaped) == OK)
		sink.fn(level, buf_cstr(&escaped), sink.arg);
	buf_deinit(&escaped);
}
