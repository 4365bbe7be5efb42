/* A stream connection: reading, framing, queueing, deadlines, ending. */

#include "net/conn.h"

#include <stdlib.h>

#include "net/socket.h"

enum {
	READ_MIN = 4096,
	READS_MAX = 16,                 /* per turn, then others have theirs */
	KEEP_MAX = 65536,               /* of an empty queue's memory */
	LINGER_MS = 2000                /* for the peer's end */
};

static struct timer_set *timers(const struct conn *c)
{
	return &loop_env(c->setup->loop)->timers;
}

static size_t queued(const struct conn *c)
{
	return c->queue.len - c->queue_start;
}

static void conn_ready(int fd, unsigned events, void *arg);

/* Brings what the loop waits for up to date. */
static void rewatch(struct conn *c)
{
	unsigned events = 0;

	switch (c->state) {
	case CONN_CONNECTING:
		events = LOOP_WRITE;
		break;
	case CONN_HANDSHAKING:
		events = c->handshake_events;
		break;
	case CONN_OPEN:
		events = LOOP_READ | (queued(c) > 0 ? LOOP_WRITE : 0);
		break;
	case CONN_ENDING:
		events = queued(c) > 0 ? LOOP_WRITE : LOOP_READ;
		break;
	case CONN_CLOSED:
		return;
	}
	/* Cannot fail: socket.c makes none that select() cannot hold. */
	(void)loop_watch_bulk(c->setup->loop, c->fd, events, conn_ready, c);
}

/* --- closing --- */

static void close_now(struct conn *c)
{
	c->state = CONN_CLOSED;
	timer_cancel(&c->deadline);
	timer_cancel(&c->idle);
	timer_cancel(&c->more);
	timer_cancel(&c->pong);
	if (c->fd >= 0)
		loop_unwatch(c->setup->loop, c->fd);
	socket_close(&c->fd);
}

static void release(struct conn *c)
{
	if (c->io->release != NULL)
		c->io->release(c);
	framer_deinit(&c->framer);
	buf_deinit(&c->queue);
	free(c);
}

void conn_free(struct conn *c)
{
	if (c->state == CONN_OPEN)
		c->setup->io->end(c);
	close_now(c);
	if (c->serving)
		c->freed = true;
	else
		release(c);
}

void conn_fail(struct conn *c, enum error err, const char *why)
{
	close_now(c);
	c->setup->events->closed(c, err, why);
}

/* All that calls out runs between these two, so that c outlives its own
 * conn_free(). */
static void enter(struct conn *c)
{
	c->serving = true;
}

static void leave(struct conn *c)
{
	c->serving = false;
	if (c->freed)
		release(c);
}

/* --- writing --- */

static void meet_fate(void *arg);

/* Ends c, but not from here: conn_send()'s caller is not to be told of a
 * failure while it is sending. */
static void doom(struct conn *c, enum error err, const char *why)
{
	if (c->fate != OK)
		return;
	c->fate = err;
	c->fate_why = why;
	timer_arm(&c->deadline, timers(c), 0, meet_fate, c);
}

/* As much as goes; *left is what does not. */
static enum error write_out(struct conn *c, struct slice *left)
{
	const char *why = "";
	enum error err = OK;
	size_t n;

	while (left->len > 0) {
		err = c->setup->io->write(c, left->p, left->len, &n, &why);
		if (err != OK)
			break;
		*left = slice_skip(*left, n);
		c->last_us = env_now_us(loop_env(c->setup->loop));
	}
	if (err == ERR_AGAIN)
		return OK;
	if (err != OK)
		doom(c, err, why);
	return err;
}

static void empty_queue(struct conn *c)
{
	if (c->queue.cap > KEEP_MAX)
		buf_deinit(&c->queue);
	else
		buf_reset(&c->queue);
	c->queue_start = 0;
}

/* Moves no more octets than were written since the last time. */
static void compact_queue(struct conn *c)
{
	size_t waiting = queued(c);

	if (c->queue_start == 0 || c->queue_start < waiting)
		return;
	memmove(c->queue.p, c->queue.p + c->queue_start, waiting);
	c->queue.len = waiting;
	c->queue_start = 0;
}

static void flush(struct conn *c)
{
	struct slice left = slice_skip(buf_view(&c->queue), c->queue_start);

	if (left.len == 0)
		return;
	if (write_out(c, &left) != OK || left.len == 0)
		empty_queue(c);
	else
		c->queue_start = c->queue.len - left.len;
}

static enum error enqueue(struct conn *c, struct slice left)
{
	compact_queue(c);
	buf_slice(&c->queue, left);
	if (buf_error(&c->queue) == OK)
		return OK;
	empty_queue(c);
	doom(c, ERR_NOMEM, error_text(ERR_NOMEM));
	return ERR_NOMEM;
}

bool conn_is_usable(const struct conn *c)
{
	return c->state <= CONN_OPEN && c->fate == OK;
}

bool conn_suits(const struct conn *c, struct slice name)
{
	return conn_is_usable(c) && (c->setup->io->suits == NULL
	                             || c->setup->io->suits(c, name));
}

enum error conn_send_octets(struct conn *c, struct slice wire)
{
	size_t waiting = queued(c);
	enum error err;

	if (!conn_is_usable(c))
		return ERR_NOT_FOUND;
	/* One message of any size may wait: the bound is on their number. */
	if (waiting > 0 && waiting + wire.len > c->setup->limits->queue)
		return ERR_LIMIT;
	if (c->state == CONN_OPEN && waiting == 0
	    && write_out(c, &wire) != OK)
		return OK;              /* reported later */
	if (wire.len == 0)
		return OK;
	err = enqueue(c, wire);
	rewatch(c);
	return err;
}

enum error conn_send(struct conn *c, struct slice wire)
{
	if (c->io->send == NULL)
		return conn_send_octets(c, wire);
	return conn_is_usable(c) ? c->io->send(c, wire) : ERR_NOT_FOUND;
}

/* --- keep-alives --- */

static void is_dead(void *arg)
{
	struct conn *c = arg;

	enter(c);
	conn_fail(c, ERR_TIMEOUT, "no answer to a keep-alive");
	leave(c);
}

static void await_pong(struct conn *c)
{
	timer_arm(&c->pong, timers(c), c->setup->limits->pong_ms, is_dead, c);
}

enum error conn_ping(struct conn *c, bool must_answer)
{
	enum error err = conn_send(c, SLICE("\r\n\r\n"));

	if (err != OK)
		return err;
	/* Who never answers must not have its own pings taken for pongs. */
	if (must_answer || c->framer.pongs_due == 0)
		framer_expect_pong(&c->framer);
	if (must_answer && !timer_armed(&c->pong))
		await_pong(c);
	return OK;
}

/* --- ending --- */

static void linger_is_over(void *arg)
{
	struct conn *c = arg;

	enter(c);
	conn_fail(c, c->fate, c->fate_why);
	leave(c);
}

/* Writes what is queued, and closes when the peer has seen it. */
static void begin_ending(struct conn *c, enum error err, const char *why)
{
	c->fate = err;
	c->fate_why = why;
	c->state = CONN_ENDING;
	timer_arm(&c->deadline, timers(c), LINGER_MS, linger_is_over, c);
	if (queued(c) == 0)
		c->setup->io->end(c);
	rewatch(c);
}

static void go_on_ending(struct conn *c, unsigned events)
{
	const char *why;
	char ignored[READ_MIN];
	enum error err = OK;
	size_t n;

	if (queued(c) > 0) {
		flush(c);
		if (queued(c) == 0)
			c->setup->io->end(c);
		rewatch(c);
		return;
	}
	if (!(events & LOOP_READ))
		return;
	for (int i = 0; err == OK && i < READS_MAX; i++)
		err = c->setup->io->read(c, ignored, sizeof(ignored), &n,
		                         &why);
	if (err != OK && err != ERR_AGAIN)
		conn_fail(c, c->fate, c->fate_why);
}

/* --- reading --- */

static void is_too_slow(void *arg)
{
	struct conn *c = arg;

	enter(c);
	conn_fail(c, ERR_TIMEOUT, c->heard || !c->inbound
	                          ? "no whole message in time"
	                          : "no whole header in time");
	leave(c);
}

/* Whoever sends octet by octet gets no more time for it. */
static void watch_progress(struct conn *c)
{
	if (c->state != CONN_OPEN || c->fate != OK)
		return;
	if (c->framer.head_len != 0)
		c->heard = true;
	if (c->inbound && !c->heard)
		return;                 /* armed when it was accepted */
	if (!framer_is_midway(&c->framer)) {
		timer_cancel(&c->deadline);
		c->timed_message = 0;
		return;
	}
	if (c->timed_message == c->messages + 1)
		return;
	c->timed_message = c->messages + 1;
	timer_arm(&c->deadline, timers(c), c->setup->limits->message_ms,
	          is_too_slow, c);
}

static void end_broken(struct conn *c, const char *why)
{
	if (c->state != CONN_OPEN)
		return;
	if (c->fate == OK)
		begin_ending(c, ERR_PROTOCOL, why);
	else
		conn_fail(c, c->fate, c->fate_why);
}

void conn_received(struct conn *c, struct slice wire)
{
	c->heard = true;
	c->messages++;
	c->setup->events->received(c, wire);
}

static void take_pong(struct conn *c)
{
	c->ponged = true;
	if (c->framer.pongs_due == 0)
		timer_cancel(&c->pong);
	else if (timer_armed(&c->pong))
		await_pong(c);
}

static void deliver(struct conn *c)
{
	struct slice wire;
	struct fault fault;

	while (c->state == CONN_OPEN) {
		switch (framer_next(&c->framer, &wire, &fault)) {
		case FRAMER_MORE:
			watch_progress(c);
			return;
		case FRAMER_MESSAGE:
			conn_received(c, wire);
			break;
		case FRAMER_PING:
			c->heard = true;
			(void)conn_send(c, SLICE("\r\n"));
			break;
		case FRAMER_PONG:
			take_pong(c);
			break;
		case FRAMER_BROKEN:
			c->setup->events->broken(c, wire, &fault);
			end_broken(c, fault.reason);
			return;
		}
	}
}

/* The peer has ended, but may still read what we have for it. */
static void read_failed(struct conn *c, enum error err, const char *why)
{
	if (c->fate != OK)
		conn_fail(c, c->fate, c->fate_why);
	else if (err == ERR_RESET && queued(c) > 0)
		begin_ending(c, err, why);
	else
		conn_fail(c, err, why);
}

static bool receive_once(struct conn *c)
{
	const char *why = "";
	enum error err = c->io->receive(c, &why);

	if (c->state != CONN_OPEN || err == ERR_AGAIN)
		return false;
	if (err == ERR_PROTOCOL) {
		end_broken(c, why);
		return false;
	}
	if (err != OK) {
		read_failed(c, err, why);
		return false;
	}
	c->last_us = env_now_us(loop_env(c->setup->loop));
	watch_progress(c);
	return true;
}

static bool read_octets(struct conn *c)
{
	const char *why = error_text(ERR_NOMEM);
	size_t room = 0, n = 0;
	char *to = framer_room(&c->framer, READ_MIN, &room);
	enum error err = ERR_NOMEM;

	if (to != NULL)
		err = c->setup->io->read(c, to, room, &n, &why);
	if (err == ERR_AGAIN)
		return false;
	if (err != OK) {
		read_failed(c, err, why);
		return false;
	}
	framer_filled(&c->framer, n);
	c->last_us = env_now_us(loop_env(c->setup->loop));
	deliver(c);
	return c->state == CONN_OPEN;
}

/* False: there is no more for now, or c is closed. */
static bool read_once(struct conn *c)
{
	return c->io->receive != NULL ? receive_once(c) : read_octets(c);
}

static bool holds(const struct conn *c)
{
	return c->state == CONN_OPEN && c->setup->io->holds != NULL
	       && c->setup->io->holds(c);
}

/* No more than is held: a peer that is quick gets no more than others. */
static void read_held(void *arg)
{
	struct conn *c = arg;

	enter(c);
	while (holds(c) && read_once(c))
		;
	rewatch(c);
	leave(c);
}

static void read_some(struct conn *c)
{
	int i = 0;

	while (i < READS_MAX && c->state == CONN_OPEN && read_once(c))
		i++;
	/* select() says nothing of what is held. */
	if (holds(c))
		timer_arm(&c->more, timers(c), 0, read_held, c);
}

/* Writing failed: what the peer said before that still counts. */
static void meet_fate(void *arg)
{
	struct conn *c = arg;

	enter(c);
	read_some(c);
	if (c->state == CONN_OPEN)
		conn_fail(c, c->fate, c->fate_why);
	leave(c);
}

/* --- coming up --- */

static void idle_check(void *arg)
{
	struct conn *c = arg;
	uint64_t limit_ms = c->setup->limits->idle_ms;
	uint64_t quiet_ms = (env_now_us(loop_env(c->setup->loop)) - c->last_us)
	                    / 1000;

	if (quiet_ms < limit_ms) {
		timer_arm(&c->idle, timers(c), limit_ms - quiet_ms, idle_check,
		          c);
		return;
	}
	enter(c);
	conn_fail(c, ERR_TIMEOUT, "closed for want of traffic");
	leave(c);
}

static void stands(struct conn *c)
{
	c->state = CONN_OPEN;
	c->last_us = env_now_us(loop_env(c->setup->loop));
	timer_arm(&c->idle, timers(c), c->setup->limits->idle_ms, idle_check,
	          c);
	if (c->inbound)
		timer_arm(&c->deadline, timers(c), c->setup->limits->head_ms,
		          is_too_slow, c);
	else
		timer_cancel(&c->deadline);
	flush(c);
	rewatch(c);
}

static void shake_hands(struct conn *c)
{
	const char *why = "";
	enum error err = OK;

	c->state = CONN_HANDSHAKING;
	if (c->setup->io->handshake != NULL)
		err = c->setup->io->handshake(c, &c->handshake_events, &why);
	if (err == ERR_AGAIN) {
		rewatch(c);
		return;
	}
	if (err != OK) {
		conn_fail(c, err, why);
		return;
	}
	stands(c);
	if (holds(c))
		timer_arm(&c->more, timers(c), 0, read_held, c);
	if (c->setup->events->opened != NULL)
		c->setup->events->opened(c);
}

static void is_not_up(void *arg)
{
	struct conn *c = arg;

	enter(c);
	conn_fail(c, ERR_TIMEOUT, c->state == CONN_HANDSHAKING
	                          ? "no end of the handshake in time"
	                          : "no connection in time");
	leave(c);
}

static void finish_connect(struct conn *c)
{
	const char *why;
	enum error err = socket_pending_error(c->fd, &why);

	if (err == OK)
		shake_hands(c);
	else
		conn_fail(c, err, why);
}

static void conn_ready(int fd, unsigned events, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	enter(c);
	switch (c->state) {
	case CONN_CONNECTING:
		finish_connect(c);
		break;
	case CONN_HANDSHAKING:
		shake_hands(c);
		break;
	case CONN_OPEN:
		flush(c);
		if (events & LOOP_READ)
			read_some(c);
		rewatch(c);
		break;
	case CONN_ENDING:
		go_on_ending(c, events);
		break;
	case CONN_CLOSED:
		break;
	}
	leave(c);
}

/* --- making --- */

/* Takes fd, on failure too. */
static struct conn *conn_new(const struct conn_setup *setup, int fd,
                             const struct addr *remote, struct slice name,
                             bool inbound)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		socket_close(&fd);
		return NULL;
	}
	c->setup = setup;
	c->io = setup->io;
	c->fd = fd;
	c->remote = *remote;
	c->inbound = inbound;
	c->last_us = env_now_us(loop_env(setup->loop));
	c->state = CONN_CONNECTING;
	framer_init(&c->framer, setup->message_limits);
	if (setup->io->open != NULL && setup->io->open(c, name) != OK) {
		conn_free(c);
		return NULL;
	}
	timer_arm(&c->deadline, timers(c), setup->limits->connect_ms,
	          is_not_up, c);
	return c;
}

enum error conn_connect(const struct conn_setup *setup,
                        const struct addr *remote, struct slice name,
                        struct conn **out, const char **why)
{
	struct conn *c;
	int fd;
	enum error err = socket_connect_tcp(remote, setup->from, &fd, why);

	if (err != OK)
		return err;
	c = conn_new(setup, fd, remote, name, false);
	if (c == NULL) {
		*why = error_text(ERR_NOMEM);
		return ERR_NOMEM;
	}
	rewatch(c);
	*out = c;
	return OK;
}

struct conn *conn_accepted(const struct conn_setup *setup, int fd,
                           const struct addr *remote)
{
	struct conn *c = conn_new(setup, fd, remote, SLICE_EMPTY, true);

	if (c == NULL)
		return NULL;
	if (setup->io->handshake == NULL) {
		stands(c);
		return c;
	}
	c->state = CONN_HANDSHAKING;
	c->handshake_events = LOOP_READ;
	rewatch(c);
	return c;
}

/* --- plain octets --- */

static enum error plain_read(struct conn *c, char *to, size_t room, size_t *n,
                             const char **why)
{
	return socket_read(c->fd, to, room, n, why);
}

static enum error plain_write(struct conn *c, const char *from, size_t len,
                              size_t *n, const char **why)
{
	return socket_write(c->fd, from, len, n, why);
}

static void plain_end(struct conn *c)
{
	socket_end(c->fd);
}

const struct conn_io conn_io_plain = {
	.read = plain_read,
	.write = plain_write,
	.end = plain_end,
};
