/* Commands from a terminal, a pipe or a file, and files that hold secrets. */

#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/timer.h"

enum {
	READ_SIZE = 16 * 1024,
	LINE_MAX_LEN = 64 * 1024,
	SECRET_MAX = 1024
};

struct input {
	struct loop *loop;              /* of a stream */
	struct console *console;        /* of a terminal */
	struct queue *queue;
	int fd;
	bool watched, ended;
	struct origin origin;           /* of the logical line */
	unsigned physical;              /* line, from 1 */
	struct buf in;                  /* read, not yet taken */
	size_t taken;
	struct buf logical;             /* a line joined of several */
	struct timer retry;
	input_end_fn *end;
	void *arg;
};

/* --- lines --- */

/* A line goes on behind an odd number of backslashes. */
static bool is_continued(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.p[line.len - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

/* Reads no further: what follows cannot be told from the line's rest. */
static void refuse_long_line(struct input *in)
{
	queue_misuse(in->queue, &in->origin, 1,
	             "a line is longer than 65536 octets");
	buf_reset(&in->in);
	buf_reset(&in->logical);
	in->taken = 0;
	in->ended = true;
}

/* Adds one physical line; queues the logical one when it is whole. */
static void add_line(struct input *in, struct slice line, bool last)
{
	if (in->logical.len == 0)
		in->origin.line = in->physical;
	in->physical++;
	if (is_continued(line) && !last) {
		buf_slice(&in->logical, slice_make(line.p, line.len - 1));
		return;
	}
	buf_slice(&in->logical, line);
	if (buf_error(&in->logical) == OK)
		(void)queue_add(in->queue, buf_view(&in->logical),
		                &in->origin);
	else
		queue_misuse(in->queue, &in->origin, 1,
		             error_text(buf_error(&in->logical)));
	buf_reset(&in->logical);
}

/* Hands whole lines to the queue while it has room. */
static void take_lines(struct input *in)
{
	struct slice rest = slice_skip(buf_view(&in->in), in->taken);
	struct slice line;

	while (queue_has_room(in->queue) && rest.len != 0) {
		bool whole = slice_find(rest, '\n') < rest.len;

		if ((!whole && !in->ended)
		    || !slice_take_line(&rest, &line))
			break;
		add_line(in, line, in->ended && rest.len == 0);
	}
	in->taken = in->in.len - rest.len;
	if (in->taken == in->in.len) {
		buf_reset(&in->in);
		in->taken = 0;
	}
}

/* --- a stream --- */

static void stream_readable(int fd, unsigned events, void *arg);

static void retry_reading(void *arg)
{
	input_resume(arg);
}

static void watch(struct input *in, bool wanted)
{
	if (wanted == in->watched)
		return;
	in->watched = wanted;
	if (!wanted)
		loop_unwatch(in->loop, in->fd);
	else if (loop_watch(in->loop, in->fd, LOOP_READ, stream_readable, in)
	         != OK)
		in->watched = false;
}

static void finish_stream(struct input *in)
{
	input_end_fn *end;

	watch(in, false);
	if (in->end == NULL)
		return;
	end = in->end;
	in->end = NULL;
	end(in->arg);
}

static bool read_more(struct input *in)
{
	ssize_t n;

	if (in->taken != 0) {
		memmove(in->in.p, in->in.p + in->taken,
		        in->in.len - in->taken);
		in->in.len -= in->taken;
		in->taken = 0;
	}
	buf_reserve(&in->in, READ_SIZE);
	if (buf_error(&in->in) != OK)
		return false;
	n = read(in->fd, in->in.p + in->in.len, READ_SIZE);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	in->in.len += (size_t)n;
	if (in->in.len > LINE_MAX_LEN
	    && slice_find(buf_view(&in->in), '\n') == in->in.len)
		refuse_long_line(in);
	return true;
}

static void stream_readable(int fd, unsigned events, void *arg)
{
	struct input *in = arg;

	(void)fd;
	(void)events;
	if (!read_more(in))
		in->ended = true;
	input_resume(in);
}

void input_resume(struct input *in)
{
	if (in == NULL || in->console != NULL)
		return;
	take_lines(in);
	if (in->ended && in->in.len == 0) {
		finish_stream(in);
		return;
	}
	watch(in, !in->ended && queue_has_room(in->queue));
}

struct input *input_new_stream(struct loop *loop, struct queue *queue, int fd,
                               const char *name, input_end_fn *fn, void *arg)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->loop = loop;
	in->queue = queue;
	in->fd = fd;
	in->origin = (struct origin){ .name = name, .line = 1 };
	in->physical = 1;
	in->logical.max = LINE_MAX_LEN;
	in->end = fn;
	in->arg = arg;
	/* a descriptor that is closed must end the input, not stall it */
	watch(in, true);
	if (!in->watched) {
		in->ended = true;
		timer_arm(&in->retry, &loop_env(loop)->timers, 0,
		          retry_reading, in);
	}
	return in;
}

/* --- a terminal --- */

static void line_typed(char *line, void *arg)
{
	struct input *in = arg;

	if (line == NULL) {
		if (in->end != NULL)
			in->end(in->arg);
		return;
	}
	console_remember(in->console, line);
	(void)queue_add(in->queue, slice_str(line), &in->origin);
	explicit_bzero(line, strlen(line));
	free(line);
}

struct input *input_new_terminal(struct console *console,
                                 struct queue *queue,
                                 const char *history_file, input_end_fn *fn,
                                 void *arg)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->console = console;
	in->queue = queue;
	in->fd = -1;
	in->origin.line = 1;
	in->end = fn;
	in->arg = arg;
	console_edit_start(console, history_file, line_typed, in);
	return in;
}

void input_free(struct input *in)
{
	if (in == NULL)
		return;
	timer_cancel(&in->retry);
	if (in->console == NULL)
		watch(in, false);
	buf_deinit(&in->in);
	buf_deinit(&in->logical);
	free(in);
}

/* --- whole files --- */

static bool fail_with_errno(struct buf *why, const char *path)
{
	int code = errno;

	buf_escaped(why, slice_str(path));
	buf_printf(why, ": %s", strerror(code));
	return false;
}

static enum error read_all(int fd, const char *path, size_t max,
                           struct buf *out, struct buf *why)
{
	ssize_t n = 1;

	while (n != 0) {
		buf_reserve(out, READ_SIZE);
		if (buf_error(out) != OK)
			return buf_error(out);
		n = read(fd, out->p + out->len, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail_with_errno(why, path);
			return ERR_IO;
		}
		out->len += (size_t)n;
		if (out->len > max) {
			buf_escaped(why, slice_str(path));
			buf_printf(why, ": longer than %zu octets", max);
			return ERR_LIMIT;
		}
	}
	return OK;
}

enum error input_read_file(const char *path, size_t max, struct buf *out,
                           struct buf *why)
{
	enum error err;
	int fd;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "stdin", max, out, why);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		fail_with_errno(why, path);
		return err;
	}
	err = read_all(fd, path, max, out, why);
	close(fd);
	return err;
}

/* Gives the lines of a script to fn, joined where one goes on. */
typedef bool script_line_fn(struct queue *queue, struct slice line,
                            const struct origin *origin);

static bool each_line(struct queue *queue, struct slice text,
                      const char *name, unsigned depth, script_line_fn *fn)
{
	struct origin origin = { .name = name, .depth = depth };
	struct buf logical = { 0 };
	struct slice line;
	unsigned physical = 0;
	bool good = true;

	while (good && slice_take_line(&text, &line)) {
		physical++;
		if (logical.len == 0)
			origin.line = physical;
		if (is_continued(line) && text.len != 0) {
			buf_slice(&logical,
			          slice_make(line.p, line.len - 1));
			continue;
		}
		buf_slice(&logical, line);
		good = fn(queue, buf_view(&logical), &origin);
		buf_reset(&logical);
	}
	buf_deinit(&logical);
	return good;
}

static bool check_line(struct queue *queue, struct slice line,
                       const struct origin *origin)
{
	return queue_precheck(queue, line, origin);
}

static bool add_script_line(struct queue *queue, struct slice line,
                            const struct origin *origin)
{
	return queue_add(queue, line, origin) == OK;
}

static bool insert_script_line(struct queue *queue, struct slice line,
                               const struct origin *origin)
{
	return queue_insert(queue, line, origin) == OK;
}

bool input_check_script(struct queue *queue, struct slice text,
                        const char *name)
{
	return each_line(queue, text, name, 0, check_line);
}

bool input_queue_script(struct queue *queue, struct slice text,
                        const char *name)
{
	return each_line(queue, text, name, 0, add_script_line);
}

bool input_insert_script(struct queue *queue, struct slice text,
                         const char *name, unsigned depth)
{
	queue_insert_begin(queue);
	return each_line(queue, text, name, depth, insert_script_line);
}

/* --- secrets --- */

static void keep_first_line(struct buf *out)
{
	size_t end = slice_find(buf_view(out), '\n');

	if (end > 0 && end < out->len && out->p[end - 1] == '\r')
		end--;
	if (out->p == NULL)
		return;
	explicit_bzero(out->p + end, out->len - end);
	out->len = end;
}

static enum error read_secret(int fd, const char *name, struct buf *out,
                              struct buf *why)
{
	enum error err;

	/* at once, so that no shorter copy stays behind unwiped */
	buf_reserve(out, 2 * READ_SIZE);
	err = read_all(fd, name, SECRET_MAX, out, why);
	if (err != OK)
		return err;
	keep_first_line(out);
	if (out->len != 0)
		return OK;
	buf_escaped(why, slice_str(name));
	buf_str(why, ": the password is empty");
	return ERR_IO;
}

enum error input_read_secret_fd(int fd, struct buf *out, struct buf *why)
{
	return read_secret(fd, "--password-fd", out, why);
}

enum error input_read_secret(const char *path, struct buf *out,
                             struct buf *why)
{
	struct stat st;
	enum error err;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		fail_with_errno(why, path);
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)) != 0) {
		buf_escaped(why, slice_str(path));
		buf_printf(why, ": others may read it (chmod 600 %s)", path);
		close(fd);
		return ERR_IO;
	}
	err = read_secret(fd, path, out, why);
	close(fd);
	return err;
}
