/* The terminal: all output, and the line editor. */

#include "cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "core/base/list.h"

enum {
	CHUNK = 4096,           /* a pipe that is writable takes PIPE_BUF */
	STALLED = 64 * 1024,    /* waiting output that pauses the sockets */
	STDERR_MAX = 1 << 20,   /* a stalled stderr loses what is above */
	HISTORY_LINES = 2000,
	SECRET_MAX = 256
};

/* One of the two outputs. */
struct sink {
	struct console *console;
	int fd;
	struct buf out;
	bool watched, broken;
};

struct secret {
	console_secret_fn *fn;          /* NULL: none is asked for */
	void *arg;
	char text[SECRET_MAX];
	size_t len;
	struct termios saved;
	char *line;                     /* that was being typed */
	int point;
};

struct console {
	struct loop *loop;
	bool terminal, color, same_terminal;
	struct sink out, err;
	bool flush_deferred, paused, told_broken;
	console_broken_fn *broken;
	void *broken_arg;
	/* the editor */
	bool initialised, editing;
	char *prompt;
	char *history_file;
	console_line_fn *line;
	void *line_arg;
	console_complete_fn *complete;
	void *complete_arg;
	struct secret secret;
};

/* readline is one to a process, and its callbacks have no argument. */
static struct console *the_console;

/* --- output --- */

static void flush_later(struct console *c);
static void sink_ready(int fd, unsigned events, void *arg);

static void sink_broke(struct sink *s)
{
	struct console *c = s->console;

	s->broken = true;
	buf_reset(&s->out);
	if (s != &c->out || c->told_broken)
		return;
	c->told_broken = true;
	if (c->broken != NULL)
		c->broken(c->broken_arg);
}

static bool is_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0;
}

/* Writes what goes without blocking; true when all is written. */
static bool sink_flush(struct sink *s)
{
	size_t done = 0;

	while (done < s->out.len && is_writable(s->fd)) {
		size_t n = s->out.len - done;
		ssize_t written = write(s->fd, s->out.p + done,
		                        n < CHUNK ? n : CHUNK);

		if (written < 0 && (errno == EINTR || errno == EAGAIN))
			break;
		if (written < 0) {
			sink_broke(s);
			return true;
		}
		done += (size_t)written;
	}
	if (done == s->out.len) {
		buf_reset(&s->out);
		return true;
	}
	memmove(s->out.p, s->out.p + done, s->out.len - done);
	s->out.len -= done;
	return false;
}

static void watch_sink(struct sink *s, bool wanted)
{
	struct loop *loop = s->console->loop;

	if (wanted == s->watched)
		return;
	if (!wanted) {
		loop_unwatch(loop, s->fd);
		s->watched = false;
		return;
	}
	s->watched = loop_watch(loop, s->fd, LOOP_WRITE, sink_ready, s)
	             == OK;
	if (!s->watched)
		flush_later(s->console);
}

static void pause_when_stalled(struct console *c)
{
	bool stalled = c->out.out.len > STALLED;

	if (stalled == c->paused)
		return;
	c->paused = stalled;
	loop_pause_bulk(c->loop, stalled);
}

static void flush_all(struct console *c)
{
	bool redraw = c->editing && c->out.out.len != 0;

	if (redraw) {
		rl_clear_visible_line();
		/* readline's output is buffered, ours is not */
		fflush(rl_outstream);
	}
	watch_sink(&c->err, !sink_flush(&c->err));
	watch_sink(&c->out, !sink_flush(&c->out));
	pause_when_stalled(c);
	if (!redraw)
		return;
	rl_on_new_line();
	rl_redisplay();
}

static void sink_ready(int fd, unsigned events, void *arg)
{
	const struct sink *s = arg;

	(void)fd;
	(void)events;
	flush_all(s->console);
}

static void deferred_flush(void *arg)
{
	struct console *c = arg;

	c->flush_deferred = false;
	flush_all(c);
}

static void flush_later(struct console *c)
{
	if (c->flush_deferred)
		return;
	c->flush_deferred = true;
	loop_defer(c->loop, deferred_flush, c);
}

/* What was told first on one output comes first, though the other be merged
 * with it somewhere else. */
static void flush_other(struct sink *s)
{
	struct console *c = s->console;
	struct sink *other = s == &c->out ? &c->err : &c->out;

	if (other->out.len != 0 && !c->editing)
		(void)sink_flush(other);
}

static void sink_add(struct sink *s, struct slice text)
{
	if (s->broken || text.len == 0)
		return;
	flush_other(s);
	buf_slice(&s->out, text);
	if (text.p[text.len - 1] != '\n')
		buf_char(&s->out, '\n');
	if (s->out.err != OK)
		buf_reset(&s->out);
	flush_later(s->console);
}

void console_write(struct console *c, struct slice text)
{
	sink_add(&c->out, text);
}

void console_error(struct console *c, struct slice text)
{
	if (c->same_terminal)
		sink_add(&c->out, text);
	else if (c->err.out.len + text.len < STDERR_MAX)
		sink_add(&c->err, text);
}

void console_flush(struct console *c, int max_ms)
{
	struct sink *sinks[] = { &c->err, &c->out };

	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		struct pollfd p = { .fd = sinks[i]->fd, .events = POLLOUT };

		while (!sink_flush(sinks[i])
		       && poll(&p, 1, max_ms) > 0)
			continue;
	}
}

/* --- the line editor --- */

static void readable(int fd, unsigned events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
	rl_callback_read_char();
}

static void take_line(char *line)
{
	struct console *c = the_console;

	if (line == NULL) {
		/* ^D: the terminal is given back before the shell's prompt */
		console_edit_stop(c);
		console_write(c, SLICE("\n"));
	}
	c->line(line, c->line_arg);
}

struct candidates {
	char **words;
	size_t n;
};

static void add_candidate(const char *word, void *arg)
{
	struct candidates *list = arg;
	char **grown = realloc(list->words,
	                       (list->n + 2) * sizeof(*grown));

	if (grown == NULL)
		return;
	list->words = grown;
	grown[list->n] = strdup(word);
	if (grown[list->n] != NULL)
		grown[++list->n] = NULL;
}

/* readline asks for one candidate after the other. */
static struct candidates offered;
static size_t offered_next;

static char *next_candidate(const char *text, int state)
{
	(void)text;
	if (state == 0)
		offered_next = 0;
	return offered_next < offered.n ? offered.words[offered_next++]
	                                : NULL;
}

static char **complete(const char *text, int start, int end)
{
	struct console *c = the_console;
	char **matches;

	(void)end;
	rl_attempted_completion_over = 1;
	if (c->complete == NULL)
		return NULL;
	offered = (struct candidates){ 0 };
	if (c->complete(slice_make(rl_line_buffer, (size_t)start),
	                slice_str(text), add_candidate, &offered,
	                c->complete_arg))
		rl_attempted_completion_over = 0;
	matches = rl_completion_matches(text, next_candidate);
	while (offered_next < offered.n)
		free(offered.words[offered_next++]);
	free(offered.words);
	return matches;
}

static void initialise_readline(struct console *c)
{
	if (c->initialised)
		return;
	c->initialised = true;
	the_console = c;
	rl_readline_name = "sipsh";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t\n";
	rl_initialize();
	using_history();
	stifle_history(HISTORY_LINES);
}

/* The file exists with mode 0600 before readline ever writes to it. */
static void open_history(struct console *c, const char *path)
{
	int fd;

	if (path == NULL || c->history_file != NULL)
		return;
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	(void)fchmod(fd, 0600);
	close(fd);
	c->history_file = strdup(path);
	if (c->history_file == NULL)
		return;
	(void)history_truncate_file(path, HISTORY_LINES);
	(void)read_history(path);
}

static void install_editor(struct console *c)
{
	rl_callback_handler_install(c->prompt == NULL ? "> " : c->prompt,
	                            take_line);
	c->editing = true;
	if (loop_watch(c->loop, STDIN_FILENO, LOOP_READ, readable, c) != OK)
		console_edit_stop(c);
}

void console_edit_start(struct console *c, const char *history_file,
                        console_line_fn *fn, void *arg)
{
	c->line = fn;
	c->line_arg = arg;
	initialise_readline(c);
	open_history(c, history_file);
	install_editor(c);
}

void console_edit_stop(struct console *c)
{
	if (!c->editing)
		return;
	c->editing = false;
	loop_unwatch(c->loop, STDIN_FILENO);
	rl_callback_handler_remove();
}

bool console_is_editing(const struct console *c)
{
	return c->editing;
}

void console_set_prompt(struct console *c, const char *prompt)
{
	if (c->prompt != NULL && strcmp(c->prompt, prompt) == 0)
		return;
	free(c->prompt);
	c->prompt = strdup(prompt);
	if (!c->editing || c->prompt == NULL)
		return;
	rl_set_prompt(c->prompt);
	rl_redisplay();
}

bool console_abandon_line(struct console *c)
{
	bool had_text = c->editing && rl_end > 0;

	if (!c->editing)
		return false;
	rl_callback_sigcleanup();
	(void)!write(STDOUT_FILENO, "^C\n", 3);
	rl_free_line_state();
	rl_replace_line("", 1);
	rl_on_new_line();
	rl_redisplay();
	return had_text;
}

void console_suspend(struct console *c)
{
	if (c->editing)
		rl_deprep_terminal();
	raise(SIGSTOP);
	if (!c->editing)
		return;
	rl_prep_terminal(1);
	rl_on_new_line();
	rl_redisplay();
}

void console_resized(struct console *c)
{
	if (c->editing)
		rl_resize_terminal();
}

void console_remember(struct console *c, const char *line)
{
	if (!c->initialised || line[0] == '\0')
		return;
	if (history_length > 0
	    && strcmp(history_get(history_base + history_length - 1)->line,
	              line) == 0)
		return;
	add_history(line);
	if (c->history_file != NULL)
		(void)append_history(1, c->history_file);
}

void console_set_completion(struct console *c, console_complete_fn *fn,
                            void *arg)
{
	c->complete = fn;
	c->complete_arg = arg;
}

/* --- a secret, typed without echo --- */

static void secret_end(struct console *c, bool given)
{
	struct secret s = c->secret;

	explicit_bzero(&c->secret, sizeof(c->secret));
	loop_unwatch(c->loop, STDIN_FILENO);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &s.saved);
	console_error(c, SLICE("\n"));
	if (s.line != NULL) {
		console_flush(c, 1000);
		install_editor(c);
		rl_replace_line(s.line, 1);
		rl_point = s.point;
		rl_redisplay();
		free(s.line);
	}
	s.text[s.len] = '\0';
	s.fn(given ? s.text : NULL, s.arg);
	explicit_bzero(&s, sizeof(s));
}

static void secret_typed(int fd, unsigned events, void *arg)
{
	enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21,
	       ESCAPE = 27, DELETE = 127 };
	struct console *c = arg;
	struct secret *s = &c->secret;
	char typed;

	(void)events;
	if (read(fd, &typed, 1) != 1) {
		secret_end(c, false);
	} else if (typed == '\r' || typed == '\n') {
		secret_end(c, true);
	} else if (typed == CTRL_C || typed == CTRL_D || typed == ESCAPE) {
		secret_end(c, false);
	} else if (typed == CTRL_U) {
		s->len = 0;
	} else if (typed == BACKSPACE || typed == DELETE) {
		if (s->len > 0)
			s->len--;
	} else if (s->len < SECRET_MAX - 1) {
		s->text[s->len++] = typed;
	}
}

bool console_ask_secret(struct console *c, const char *question,
                        console_secret_fn *fn, void *arg)
{
	struct secret *s = &c->secret;
	struct termios raw;

	if (s->fn != NULL || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)
	    || tcgetattr(STDIN_FILENO, &raw) != 0)
		return false;
	if (c->editing) {
		s->line = strdup(rl_line_buffer);
		s->point = rl_point;
		rl_clear_visible_line();
		fflush(rl_outstream);
		console_edit_stop(c);
		(void)tcgetattr(STDIN_FILENO, &raw);
	}
	s->saved = raw;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	s->fn = fn;
	s->arg = arg;
	console_flush(c, 1000);
	(void)!write(STDERR_FILENO, question, strlen(question));
	if (loop_watch(c->loop, STDIN_FILENO, LOOP_READ, secret_typed, c)
	    != OK)
		secret_end(c, false);
	return true;
}

/* --- a console --- */

static bool is_same_terminal(void)
{
	struct stat out, err;

	return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO)
	       && fstat(STDOUT_FILENO, &out) == 0
	       && fstat(STDERR_FILENO, &err) == 0
	       && out.st_rdev == err.st_rdev;
}

static bool wants_color(enum console_color color, bool terminal)
{
	const char *term = getenv("TERM");

	switch (color) {
	case COLOR_ALWAYS:
		return true;
	case COLOR_NEVER:
		return false;
	case COLOR_AUTO:
		return terminal && getenv("NO_COLOR") == NULL
		       && term != NULL && strcmp(term, "dumb") != 0;
	}
	return false;
}

struct console *console_new(struct loop *loop, enum console_color color)
{
	struct console *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->loop = loop;
	c->terminal = isatty(STDOUT_FILENO) != 0;
	c->color = wants_color(color, c->terminal);
	c->same_terminal = is_same_terminal();
	c->out = (struct sink){ .console = c, .fd = STDOUT_FILENO };
	c->err = (struct sink){ .console = c, .fd = STDERR_FILENO };
	return c;
}

void console_free(struct console *c)
{
	if (c == NULL)
		return;
	if (c->secret.fn != NULL)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &c->secret.saved);
	explicit_bzero(c->secret.text, sizeof(c->secret.text));
	if (c->editing) {
		rl_clear_visible_line();
		fflush(rl_outstream);
		console_edit_stop(c);
	}
	console_flush(c, 1000);
	watch_sink(&c->out, false);
	watch_sink(&c->err, false);
	if (c->initialised)
		clear_history();
	buf_deinit(&c->out.out);
	buf_deinit(&c->err.out);
	free(c->prompt);
	free(c->history_file);
	free(c);
}

void console_on_broken(struct console *c, console_broken_fn *fn, void *arg)
{
	c->broken = fn;
	c->broken_arg = arg;
}

bool console_is_terminal(const struct console *c)
{
	return c->terminal;
}

bool console_has_color(const struct console *c)
{
	return c->color;
}

unsigned console_width(const struct console *c)
{
	struct winsize size;

	if (!c->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0
	    || size.ws_col == 0)
		return 80;
	return size.ws_col;
}
