/* The command queue: what runs, what waits, and how it all ended. */

#include "cli/queue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/event.h"

/* A line that waits for its turn, or what is left of it. */
struct pending {
	struct list node;
	struct origin origin;
	char *text;
	struct slice line, rest;
};

struct queue {
	struct app *app;
	struct env *env;
	const struct queue_ops *ops;
	bool interactive;
	unsigned jobs;
	uint64_t timeout_ms;
	struct list pending;
	size_t npending;
	struct list *insert_before;     /* of pending: where a script goes */
	struct list items;              /* running, oldest first */
	struct list dead;               /* done: freed by the pump */
	struct list held;               /* done, and held */
	size_t foreground, background;  /* running */
	bool barrier;                   /* one is running */
	struct item *waited;            /* --wait at the prompt */
	unsigned last_number;
	int status;
	bool failed, told_drained;
	struct timer pump;
	struct words words;
	struct name *names;
};

/* Of a script: origins point to it. */
struct name {
	struct name *next;
	char text[];
};

enum { STATUS_USAGE = 2 };

static void pump(void *arg);

static void pump_soon(struct queue *q)
{
	timer_arm(&q->pump, &q->env->timers, 0, pump, q);
}

/* --- items --- */

static void item_free(struct item *item)
{
	timer_cancel(&item->timeout);
	if (item->free_state != NULL)
		item->free_state(item->state);
	args_deinit(&item->args);
	event_release(item->extra);
	free(item->result.reason);
	free(item->result.text);
	free(item);
}

static void free_items(struct list *items)
{
	LIST_EACH(node, items) {
		list_remove(node);
		item_free(CONTAINER_OF(node, struct item, node));
	}
}

static void drop_pending(struct queue *q)
{
	LIST_EACH(node, &q->pending) {
		struct pending *p = CONTAINER_OF(node, struct pending, node);

		list_remove(node);
		free(p->text);
		free(p);
	}
	q->npending = 0;
}

static void note_failure(struct queue *q, int status)
{
	if (q->status == 0)
		q->status = status;
	if (q->interactive)
		return;
	q->failed = true;
	drop_pending(q);
}

static void count_running(struct queue *q, const struct item *item, int by)
{
	if (item->background)
		q->background += (size_t)by;
	else
		q->foreground += (size_t)by;
	if (item->command->flags & COMMAND_BARRIER)
		q->barrier = by > 0;
}

/* The one end of every item that was started. */
static void finish(struct item *item)
{
	struct queue *q = item->queue;

	item->done = true;
	q->told_drained = false;
	timer_cancel(&item->timeout);
	count_running(q, item, -1);
	if (q->waited == item)
		q->waited = NULL;
	list_remove(&item->node);
	list_append(item->holds != 0 ? &q->held : &q->dead, &item->node);
	if (item->result.class != CLASS_NONE && item->result.rc == 0)
		item->result.rc = error_class_status(item->result.class);
	q->ops->finished(q->app, item);
	if (item->result.rc != 0 && !item->ignore_failure)
		note_failure(q, item->result.rc);
	pump_soon(q);
}

void queue_done(struct item *item)
{
	if (item->done)
		return;
	if (!item->running) {
		/* run() has not returned yet: it is done when it does */
		item->done = true;
		return;
	}
	finish(item);
}

void queue_give_up(struct item *item, enum error why)
{
	item->given_up = true;
	if (item->give_up != NULL) {
		item->give_up(item, why);
		return;
	}
	item->result.class = error_class(why);
	queue_done(item);
}

static void timed_out(void *arg)
{
	queue_give_up(arg, ERR_TIMEOUT);
}

/* Rows of commands that take time have these two. */
static bool wants(const struct item *item, const char *option)
{
	const struct arg_spec *spec = item->command->args;

	while (spec->name != NULL && strcmp(spec->name, option) != 0)
		spec++;
	return spec->name != NULL && args_has(&item->args, option);
}

static void start(struct queue *q, struct item *item)
{
	enum run run = RUN_DONE;

	item->started_us = env_now_us(q->env);
	list_append(&q->items, &item->node);
	count_running(q, item, 1);
	if ((item->command->flags & COMMAND_OFFLINE)
	    || q->ops->prepare(q->app, item))
		run = item->command->run(q->app, item, &item->args);
	if (run == RUN_DONE || item->done) {
		finish(item);
		return;
	}
	item->running = true;
	if (wants(item, "--nowait"))
		item_background(item);
	else if (q->interactive && wants(item, "--wait"))
		q->waited = item;
	if (q->timeout_ms != 0)
		timer_arm(&item->timeout, &q->env->timers, q->timeout_ms,
		          timed_out, item);
}

/* --- from a line to an item --- */

static void misused(struct queue *q, const struct origin *origin,
                    unsigned column, const char *text)
{
	q->ops->misused(q->app, origin, column, text);
}

/* Finds the command and checks its arguments; NULL when that was told. */
static struct item *make_item(struct queue *q, const struct words *w,
                              const struct origin *origin,
                              arg_check_fn *check)
{
	struct buf why = { 0 };
	unsigned column = w->words[0].column;
	struct item *item = calloc(1, sizeof(*item));
	enum error err = ERR_NOMEM;

	if (item == NULL)
		goto out;
	err = ERR_SYNTAX;
	item->command = command_find(w->words[0].text, q->interactive, &why);
	if (item->command == NULL)
		goto out;
	err = args_parse(&item->args, item->command, w, check, q->app, &why,
	                 &column);
	if (err != OK)
		goto out;
	item->queue = q;
	item->origin = *origin;
	item->column = w->column;
	item->background = w->background;
	item->ignore_failure = w->ignore_failure;
out:
	if (err != OK) {
		misused(q, origin, column, err == ERR_NOMEM
		        ? error_text(err) : buf_cstr(&why));
		free(item);
		item = NULL;
	}
	buf_deinit(&why);
	return item;
}

static void run_words(struct queue *q, const struct origin *origin)
{
	struct item *item;

	if (q->words.n == 0)
		return;
	item = make_item(q, &q->words, origin, q->ops->check);
	if (item == NULL) {
		if (!q->words.ignore_failure)
			note_failure(q, STATUS_USAGE);
		return;
	}
	item->number = ++q->last_number;
	start(q, item);
}

static void pop_pending(struct queue *q, struct pending *p)
{
	list_remove(&p->node);
	q->npending--;
	free(p->text);
	free(p);
}

/* Runs the next command of the line in front, or drops the line when it is
 * at its end. */
static void run_next(struct queue *q)
{
	struct pending *p = CONTAINER_OF(q->pending.next, struct pending,
	                                 node);
	struct origin origin = p->origin;
	enum error err = words_next(&q->words, p->line, &p->rest,
	                            q->ops->variable, q->app);

	if (err == OK) {
		/* the line goes first: the command may add others in front */
		if (p->rest.len == 0)
			pop_pending(q, p);
		run_words(q, &origin);
		return;
	}
	pop_pending(q, p);
	if (err == ERR_NOT_FOUND)
		return;
	queue_misuse(q, &origin, q->words.why_column,
	             err == ERR_SYNTAX ? q->words.why : error_text(err));
}

/* With --jobs: the command in front must wait for those that run. */
static bool next_is_barrier(struct queue *q)
{
	const struct pending *p = CONTAINER_OF(q->pending.next,
	                                       struct pending, node);
	struct slice rest = p->rest;
	struct buf why = { 0 };
	const struct command *cmd = NULL;

	if (words_next(&q->words, p->line, &rest, NULL, NULL) == OK
	    && q->words.n != 0)
		cmd = command_find(q->words.words[0].text, q->interactive,
		                   &why);
	buf_deinit(&why);
	return cmd != NULL && (cmd->flags & COMMAND_BARRIER) != 0;
}

static bool may_start(struct queue *q)
{
	if (list_empty(&q->pending))
		return false;
	if (q->interactive)
		return q->waited == NULL;
	if (q->foreground == 0)
		return true;
	return q->foreground < q->jobs && !q->barrier
	       && !next_is_barrier(q);
}

static void pump(void *arg)
{
	struct queue *q = arg;

	free_items(&q->dead);
	while (may_start(q))
		run_next(q);
	if (list_empty(&q->pending) && q->foreground == 0
	    && !q->told_drained) {
		q->told_drained = true;
		q->ops->drained(q->app);
	}
}

/* --- what others call --- */

struct queue *queue_new(struct app *app, struct env *env,
                        const struct queue_ops *ops, bool interactive,
                        unsigned jobs)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->app = app;
	q->env = env;
	q->ops = ops;
	q->interactive = interactive;
	q->jobs = jobs;
	list_init(&q->pending);
	list_init(&q->items);
	list_init(&q->dead);
	list_init(&q->held);
	return q;
}

void queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	timer_cancel(&q->pump);
	drop_pending(q);
	free_items(&q->items);
	free_items(&q->held);
	free_items(&q->dead);
	words_deinit(&q->words);
	while (q->names != NULL) {
		struct name *next = q->names->next;

		free(q->names);
		q->names = next;
	}
	free(q);
}

void queue_set_timeout(struct queue *q, uint64_t ms)
{
	q->timeout_ms = ms;
}

static enum error add_before(struct queue *q, struct list *where,
                             struct slice line, const struct origin *origin)
{
	struct pending *p;

	if (q->failed)
		return OK;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NOMEM;
	p->text = slice_dup(line);
	if (p->text == NULL) {
		free(p);
		return ERR_NOMEM;
	}
	p->origin = *origin;
	p->line = p->rest = slice_make(p->text, line.len);
	list_append(where, &p->node);
	q->npending++;
	q->told_drained = false;
	pump_soon(q);
	return OK;
}

enum error queue_add(struct queue *q, struct slice line,
                     const struct origin *origin)
{
	return add_before(q, &q->pending, line, origin);
}

void queue_insert_begin(struct queue *q)
{
	q->insert_before = q->pending.next;
}

enum error queue_insert(struct queue *q, struct slice line,
                        const struct origin *origin)
{
	return add_before(q, q->insert_before, line, origin);
}

static bool precheck_words(struct queue *q, const struct words *w,
                           const struct origin *origin)
{
	struct item *item;

	if (w->n == 0)
		return true;
	for (size_t i = 0; i < w->n; i++)
		if (w->words[i].variable)
			return true;
	/* what the application knows may change before its turn comes */
	item = make_item(q, w, origin, NULL);
	if (item == NULL)
		return false;
	item_free(item);
	return true;
}

bool queue_precheck(struct queue *q, struct slice line,
                    const struct origin *origin)
{
	struct words w = { 0 };
	struct slice rest = line;
	bool good = true;
	enum error err = OK;

	while (good && (err = words_next(&w, line, &rest, NULL, NULL)) == OK)
		good = precheck_words(q, &w, origin);
	if (good && err != ERR_NOT_FOUND) {
		misused(q, origin, w.why_column,
		        err == ERR_SYNTAX ? w.why : error_text(err));
		good = false;
	}
	words_deinit(&w);
	if (!good)
		queue_set_status(q, STATUS_USAGE);
	return good;
}

void queue_misuse(struct queue *q, const struct origin *origin,
                  unsigned column, const char *text)
{
	misused(q, origin, column, text);
	note_failure(q, STATUS_USAGE);
}

enum run item_ok(struct item *item)
{
	item->result.class = CLASS_NONE;
	item->result.rc = 0;
	return RUN_DONE;
}

enum run item_fail(struct item *item, enum error_class class,
                   const char *format, ...)
{
	va_list ap;

	item->result.class = class;
	item->result.rc = error_class_status(class);
	free(item->result.text);
	item->result.text = NULL;
	va_start(ap, format);
	if (vasprintf(&item->result.text, format, ap) < 0)
		item->result.text = NULL;
	va_end(ap);
	return RUN_DONE;
}

void item_set_status(struct item *item, unsigned status, struct slice reason)
{
	item->result.status = status;
	free(item->result.reason);
	item->result.reason = slice_dup(reason);
}

void item_hold(struct item *item)
{
	item->holds++;
}

void item_drop(struct item *item)
{
	if (--item->holds != 0 || !item->done)
		return;
	list_remove(&item->node);
	list_append(&item->queue->dead, &item->node);
	pump_soon(item->queue);
}

void item_background(struct item *item)
{
	if (item->background)
		return;
	if (!item->done) {
		item->queue->foreground--;
		item->queue->background++;
		pump_soon(item->queue);
	}
	item->background = true;
}

struct item *queue_foreground(struct queue *q)
{
	for (struct list *it = q->items.prev; it != &q->items; it = it->prev) {
		struct item *item = CONTAINER_OF(it, struct item, node);

		if (!item->background)
			return item;
	}
	return NULL;
}

void queue_abandon(struct queue *q, enum error why)
{
	struct list *it = q->items.next;

	drop_pending(q);
	/* giving up one may end others: begin again after each */
	while (it != &q->items) {
		struct item *item = CONTAINER_OF(it, struct item, node);

		it = it->next;
		if (item->given_up)
			continue;
		queue_give_up(item, why);
		it = q->items.next;
	}
}

void queue_stop(struct queue *q)
{
	drop_pending(q);
	pump_soon(q);
}

bool queue_is_idle(const struct queue *q)
{
	if (!list_empty(&q->pending))
		return false;
	for (struct list *it = q->items.next; it != &q->items; it = it->next) {
		const struct item *item = CONTAINER_OF(it, struct item, node);

		if (!item->service || !item->background)
			return false;
	}
	return true;
}

const char *queue_keep_name(struct queue *q, const char *name)
{
	size_t len = strlen(name) + 1;
	struct name *n = malloc(sizeof(*n) + len);

	if (n == NULL)
		return NULL;
	memcpy(n->text, name, len);
	n->next = q->names;
	q->names = n;
	return n->text;
}

bool queue_is_drained(const struct queue *q)
{
	return list_empty(&q->pending) && q->foreground == 0;
}

bool queue_has_room(const struct queue *q)
{
	return q->npending < 2 * (size_t)q->jobs + 16;
}

int queue_status(const struct queue *q)
{
	return q->status;
}

void queue_set_status(struct queue *q, int status)
{
	if (q->status == 0)
		q->status = status;
}

bool queue_has_failed(const struct queue *q)
{
	return q->failed;
}
