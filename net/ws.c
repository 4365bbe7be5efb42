/* WebSocket between a connection and the octets of TCP or TLS. */

#include "net/ws.h"

#include <stdlib.h>

#include <wslay/wslay.h>

#include "net/tcp.h"
#include "net/ws_handshake.h"

enum {
	READ_MIN = 1024,                /* of a handshake */
	CLOSE_NORMAL = 1000
};

struct ws_session {
	struct conn *conn;
	const struct conn_io *under;
	bool under_stands;
	wslay_event_context_ptr frames;
	size_t message_max;
	/* the handshake */
	char *host, *path;
	char key[WS_KEY_SIZE];
	struct buf request;             /* or a server's answer */
	size_t written;                 /* of it */
	struct buf came;
	size_t used;                    /* of it; then frames begin */
	bool refuses;
	/* frames */
	struct buf out;                 /* that are to be sent */
	bool may_read;                  /* has not read yet */
	bool is_message;                /* what the present frame carries */
	enum error read_err;
	const char *read_why;
	struct buf why;                 /* what was told as the end */
};

static struct ws_session *session_of(const struct conn *c)
{
	return c->io_upper;
}

/* --- sending frames --- */

/* All that wslay has to say goes to the connection's queue at once: frames
 * are never told apart again. */
static enum error send_frames(struct ws_session *s)
{
	buf_reset(&s->out);
	if (wslay_event_send(s->frames) != 0 || buf_error(&s->out) != OK)
		return ERR_NOMEM;
	return s->out.len == 0 ? OK
	                       : conn_send_octets(s->conn, buf_view(&s->out));
}

static ssize_t frames_write(wslay_event_context_ptr frames,
                            const uint8_t *from, size_t len, int flags,
                            void *arg)
{
	struct ws_session *s = arg;

	(void)flags;
	buf_append(&s->out, (const char *)from, len);
	if (buf_error(&s->out) == OK)
		return (ssize_t)len;
	wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

/* RFC 6455 5.3: not to be foreseen. */
static int frames_mask(wslay_event_context_ptr frames, uint8_t *out,
                       size_t len, void *arg)
{
	struct ws_session *s = arg;

	(void)frames;
	env_random(loop_env(s->conn->setup->loop), out, len);
	return 0;
}

static enum error queue_message(struct ws_session *s, struct slice wire)
{
	const struct wslay_event_msg message = {
		/* RFC 7118 4.2: text has to be UTF-8. */
		.opcode = slice_is_utf8(wire) ? WSLAY_TEXT_FRAME
		                              : WSLAY_BINARY_FRAME,
		.msg = (const uint8_t *)wire.p,
		.msg_length = wire.len,
	};

	switch (wslay_event_queue_msg(s->frames, &message)) {
	case 0:
		return OK;
	case WSLAY_ERR_NOMEM:
		return ERR_NOMEM;
	default:
		return ERR_NOT_FOUND;
	}
}

static enum error ws_send(struct conn *c, struct slice wire)
{
	enum error err = queue_message(session_of(c), wire);

	return err == OK ? send_frames(session_of(c)) : err;
}

/* --- frames that come --- */

/* What came behind the handshake, then one read of the connection's. */
static ssize_t frames_read(wslay_event_context_ptr frames, uint8_t *to,
                           size_t room, int flags, void *arg)
{
	struct ws_session *s = arg;
	struct slice rest = slice_skip(buf_view(&s->came), s->used);
	size_t n = rest.len < room ? rest.len : room;

	(void)flags;
	if (n > 0) {
		memcpy(to, rest.p, n);
		s->used += n;
		return (ssize_t)n;
	}
	if (s->may_read && s->conn->state == CONN_OPEN) {
		s->may_read = false;
		s->read_err = s->under->read(s->conn, (char *)to, room, &n,
		                             &s->read_why);
		if (s->read_err == OK)
			return (ssize_t)n;
	}
	wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static void frame_begins(wslay_event_context_ptr frames,
                         const struct wslay_event_on_frame_recv_start_arg *f,
                         void *arg)
{
	struct ws_session *s = arg;

	(void)frames;
	s->is_message = !wslay_is_ctrl_frame(f->opcode);
}

static void refuse_frames(struct ws_session *s, uint16_t code)
{
	(void)wslay_event_queue_close(s->frames, code, NULL, 0);
	wslay_event_shutdown_read(s->frames);
}

static void frame_goes_on(wslay_event_context_ptr frames,
                          const struct wslay_event_on_frame_recv_chunk_arg *f,
                          void *arg)
{
	struct ws_session *s = arg;
	struct framer *framer = &s->conn->framer;
	size_t room;
	char *to;

	(void)frames;
	if (!s->is_message || f->data_length == 0
	    || s->conn->state != CONN_OPEN
	    || s->read_err == ERR_NOMEM)
		return;
	if (framer->in.len - framer->start + f->data_length
	    > s->message_max) {
		refuse_frames(s, WSLAY_CODE_MESSAGE_TOO_BIG);
		return;
	}
	to = framer_room(framer, f->data_length, &room);
	if (to == NULL) {
		s->read_err = ERR_NOMEM;
		s->read_why = error_text(ERR_NOMEM);
		return;
	}
	memcpy(to, f->data, f->data_length);
	framer_filled(framer, f->data_length);
}

/* A frame of line ends is a keep-alive, or the answer to one (RFC 7118 6,
 * RFC 5626 3.5.1). */
static void message_ends(struct ws_session *s)
{
	struct slice wire = framer_take_all(&s->conn->framer);

	if (slice_eq(wire, SLICE("\r\n\r\n")))
		(void)ws_send(s->conn, SLICE("\r\n"));
	else if (wire.len != 0 && !slice_eq(wire, SLICE("\r\n")))
		conn_received(s->conn, wire);
}

static void tell_close(struct ws_session *s,
                       const struct wslay_event_on_msg_recv_arg *m)
{
	buf_reset(&s->why);
	buf_str(&s->why, "closed by the peer");
	if (m->status_code == 0 || m->status_code == CLOSE_NORMAL
	    || m->msg_length < 2)
		return;
	buf_printf(&s->why, " (WebSocket %u)", (unsigned)m->status_code);
	if (m->msg_length > 2)
		buf_str(&s->why, ": ");
	buf_escaped(&s->why, slice_make((const char *)m->msg + 2,
	                                m->msg_length - 2));
}

static void frames_end(wslay_event_context_ptr frames,
                       const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct ws_session *s = arg;

	(void)frames;
	if (m->opcode == WSLAY_CONNECTION_CLOSE)
		tell_close(s, m);
	else if (!wslay_is_ctrl_frame(m->opcode)
	         && s->conn->state == CONN_OPEN && s->read_err != ERR_NOMEM)
		message_ends(s);
}

static const char *broken_words(struct ws_session *s)
{
	unsigned code = wslay_event_get_status_code_sent(s->frames);

	buf_reset(&s->why);
	if (code == WSLAY_CODE_MESSAGE_TOO_BIG)
		buf_str(&s->why, "the peer's message is too long");
	else if (code == WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA)
		buf_str(&s->why, "the peer's text is not UTF-8");
	else
		buf_str(&s->why, "the peer broke the framing of WebSocket");
	return buf_cstr(&s->why);
}

static enum error ws_receive(struct conn *c, const char **why)
{
	struct ws_session *s = session_of(c);
	int result;

	s->may_read = true;
	s->read_err = OK;
	result = wslay_event_recv(s->frames);
	if (c->state != CONN_OPEN)
		return ERR_AGAIN;
	if (result == WSLAY_ERR_NOMEM || send_frames(s) == ERR_NOMEM) {
		*why = error_text(ERR_NOMEM);
		return ERR_NOMEM;
	}
	if (wslay_event_get_close_received(s->frames)) {
		*why = buf_cstr(&s->why);
		return ERR_RESET;
	}
	if (!wslay_event_get_read_enabled(s->frames)) {
		*why = broken_words(s);
		return ERR_PROTOCOL;
	}
	*why = s->read_why;
	return s->read_err;
}

/* --- making, and the handshake --- */

static enum error make_frames(struct ws_session *s)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = frames_read,
		.send_callback = frames_write,
		.genmask_callback = frames_mask,
		.on_frame_recv_start_callback = frame_begins,
		.on_frame_recv_chunk_callback = frame_goes_on,
		.on_msg_recv_callback = frames_end,
	};
	const struct message_limits *limits = s->conn->setup->message_limits;
	int result;

	s->message_max = limits->start_line + limits->header_block
	                 + limits->body;
	result = s->conn->inbound
	         ? wslay_event_context_server_init(&s->frames, &callbacks, s)
	         : wslay_event_context_client_init(&s->frames, &callbacks, s);
	if (result != 0)
		return ERR_NOMEM;
	/* It would make room for what is announced. */
	wslay_event_config_set_no_buffering(s->frames, 1);
	wslay_event_config_set_max_recv_msg_length(s->frames,
	                                           s->message_max);
	return OK;
}

static const char *path_to(const struct conn *c, struct slice name)
{
	const struct ws_setup *setup = c->setup->io_arg;
	const char *path = setup->path == NULL || name.len == 0
	                   ? NULL : setup->path(name, setup->arg);

	return path != NULL ? path : "/";
}

static char *print_host(const struct ws_session *s, struct slice name)
{
	const struct addr *remote = &s->conn->remote;
	struct buf host = { 0 };
	struct addr numeric;

	if (name.len == 0 || addr_parse_ip(name, &numeric)) {
		addr_print(&host, remote);
	} else {
		buf_slice(&host, name);
		buf_char(&host, ':');
		buf_u64(&host, remote->port);
	}
	return buf_steal(&host, NULL);
}

static enum error open_session(struct conn *c, struct slice name,
                               const struct conn_io *under)
{
	struct ws_session *s = calloc(1, sizeof(*s));
	enum error err;

	if (s == NULL)
		return ERR_NOMEM;
	c->io_upper = s;
	s->conn = c;
	s->under = under;
	s->host = print_host(s, name);
	s->path = slice_dup(slice_str(path_to(c, name)));
	if (s->host == NULL || s->path == NULL)
		return ERR_NOMEM;
	err = make_frames(s);
	if (err != OK || under->open == NULL)
		return err;
	return under->open(c, name);
}

static enum error ws_open(struct conn *c, struct slice name)
{
	return open_session(c, name, &conn_io_plain);
}

static enum error wss_open(struct conn *c, struct slice name)
{
	return open_session(c, name, &conn_io_tls);
}

static void release_session(struct conn *c)
{
	struct ws_session *s = session_of(c);

	if (s == NULL)
		return;
	if (s->frames != NULL)
		wslay_event_context_free(s->frames);
	free(s->host);
	free(s->path);
	buf_deinit(&s->request);
	buf_deinit(&s->came);
	buf_deinit(&s->out);
	buf_deinit(&s->why);
	free(s);
}

static void ws_release(struct conn *c)
{
	release_session(c);
}

static void wss_release(struct conn *c)
{
	conn_io_tls.release(c);
	release_session(c);
}

/* Who came in asked for a path of ours: all that we have are one. */
static bool ws_suits(const struct conn *c, struct slice name)
{
	return c->inbound
	       || slice_eq(slice_str(session_of(c)->path),
	                   slice_str(path_to(c, name)));
}

static bool wss_suits(const struct conn *c, struct slice name)
{
	return conn_io_tls.suits(c, name) && ws_suits(c, name);
}

static enum error read_head(struct ws_session *s, const char **why)
{
	static const struct slice end = SLICE_INIT("\r\n\r\n");
	size_t n, at;
	enum error err = OK;

	while (err == OK) {
		at = slice_find_slice(buf_view(&s->came), end);
		if (at < s->came.len) {
			s->used = at + end.len;
			return OK;
		}
		if (s->came.len > WS_HEAD_MAX) {
			*why = "the peer's WebSocket handshake is too long";
			return ERR_NETWORK;
		}
		buf_reserve(&s->came, READ_MIN);
		if (buf_error(&s->came) != OK) {
			*why = error_text(ERR_NOMEM);
			return ERR_NOMEM;
		}
		err = s->under->read(s->conn, s->came.p + s->came.len,
		                     READ_MIN, &n, why);
		if (err == OK)
			s->came.len += n;
	}
	return err;
}

static enum error write_head(struct ws_session *s, const char **why)
{
	enum error err = buf_error(&s->request);
	size_t n;

	if (err != OK)
		*why = error_text(err);
	while (err == OK && s->written < s->request.len) {
		err = s->under->write(s->conn, s->request.p + s->written,
		                      s->request.len - s->written, &n, why);
		if (err == OK)
			s->written += n;
	}
	return err;
}

static struct slice head_of(const struct ws_session *s)
{
	return slice_make(s->came.p, s->used);
}

static enum error ask(struct ws_session *s, unsigned *events,
                      const char **why)
{
	enum error err;

	if (s->request.len == 0) {
		ws_key_invent(loop_env(s->conn->setup->loop), s->key);
		ws_request_print(&s->request, slice_str(s->host),
		                 slice_str(s->path), s->key);
	}
	*events = LOOP_WRITE;
	err = write_head(s, why);
	if (err != OK)
		return err;
	*events = LOOP_READ;
	err = read_head(s, why);
	if (err != OK || ws_response_check(head_of(s), s->key, &s->why))
		return err;
	*why = buf_cstr(&s->why);
	return ERR_NETWORK;
}

static enum error answer(struct ws_session *s, unsigned *events,
                         const char **why)
{
	enum error err;

	if (s->request.len == 0) {
		*events = LOOP_READ;
		err = read_head(s, why);
		if (err != OK)
			return err;
		s->refuses = !ws_request_answer(head_of(s), &s->request,
		                                &s->why);
	}
	*events = LOOP_WRITE;
	err = write_head(s, why);
	if (err != OK || !s->refuses)
		return err;
	*why = buf_cstr(&s->why);
	return ERR_NETWORK;
}

static enum error shake_under(struct ws_session *s, unsigned *events,
                              const char **why)
{
	enum error err = OK;

	if (s->under_stands)
		return OK;
	if (s->under->handshake != NULL)
		err = s->under->handshake(s->conn, events, why);
	s->under_stands = err == OK;
	return err;
}

static enum error ws_handshake(struct conn *c, unsigned *events,
                               const char **why)
{
	struct ws_session *s = session_of(c);
	enum error err = shake_under(s, events, why);

	if (err != OK)
		return err;
	err = c->inbound ? answer(s, events, why) : ask(s, events, why);
	if (err != ERR_RESET)
		return err;
	buf_str(&s->why, *why);
	buf_str(&s->why, " during the WebSocket handshake");
	*why = buf_cstr(&s->why);
	return err;
}

/* --- the rest goes below --- */

static enum error ws_read(struct conn *c, char *to, size_t room, size_t *n,
                          const char **why)
{
	return session_of(c)->under->read(c, to, room, n, why);
}

static enum error ws_write(struct conn *c, const char *from, size_t len,
                           size_t *n, const char **why)
{
	return session_of(c)->under->write(c, from, len, n, why);
}

static bool ws_holds(const struct conn *c)
{
	const struct ws_session *s = session_of(c);

	return s->used < s->came.len
	       || (s->under->holds != NULL && s->under->holds(c));
}

/* RFC 6455 7.1.2. Behind half a frame it would mean nothing. */
static void say_goodbye(struct ws_session *s)
{
	const char *why;
	size_t n;

	if (s->conn->queue.len > s->conn->queue_start
	    || wslay_event_queue_close(s->frames, CLOSE_NORMAL, NULL, 0) != 0)
		return;
	buf_reset(&s->out);
	if (wslay_event_send(s->frames) == 0 && s->out.len != 0)
		(void)s->under->write(s->conn, s->out.p, s->out.len, &n,
		                      &why);
}

static void ws_end(struct conn *c)
{
	say_goodbye(session_of(c));
	session_of(c)->under->end(c);
}

static const struct conn_io conn_io_ws = {
	.open = ws_open,
	.release = ws_release,
	.suits = ws_suits,
	.handshake = ws_handshake,
	.read = ws_read,
	.write = ws_write,
	.holds = ws_holds,
	.end = ws_end,
	.receive = ws_receive,
	.send = ws_send,
};

static const struct conn_io conn_io_wss = {
	.open = wss_open,
	.release = wss_release,
	.suits = wss_suits,
	.handshake = ws_handshake,
	.read = ws_read,
	.write = ws_write,
	.holds = ws_holds,
	.end = ws_end,
	.receive = ws_receive,
	.send = ws_send,
};

/* --- the leg --- */

enum error ws_leg_open(struct loop *loop, struct dispatcher *d,
                       enum transport t, struct ws_setup *setup,
                       const struct addr *local, bool listens,
                       struct leg **out, const char **why)
{
	struct tcp_kind kind = {
		.transport = t,
		.io = t == TRANSPORT_WSS ? &conn_io_wss : &conn_io_ws,
		.io_arg = setup,
		.listens = listens,
		.nameless = !listens,
	};

	return tcp_leg_open_kind(loop, d, &kind, local, out, why);
}
