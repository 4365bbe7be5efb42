/* Which server transaction a request belongs to: RFC 3261 17.2.3, 8.2.2.2. */

#include "core/transaction/internal.h"

static void key_part(struct buf *key, struct slice part)
{
	buf_slice(key, part);
	buf_char(key, '\n');    /* no header value holds one */
}

static struct slice method_of(const struct message *m, enum method method)
{
	return method == METHOD_OTHER ? m->method_name : method_name(method);
}

/* 17.2.3, the second procedure. The To tag comes last. */
static void key_2543(struct buf *key, const struct message *m,
                     enum method method, struct slice to_tag)
{
	buf_char(key, '\n');    /* no branch */
	key_part(key, method_of(m, method));
	key_part(key, m->uri_text);
	key_part(key, m->from.tag);
	key_part(key, m->call_id);
	buf_u64(key, m->cseq.number);
	buf_char(key, '\n');
	key_part(key, m->via.protocol);
	key_part(key, m->via.transport_name);
	key_part(key, m->via.sent_by);
	key_part(key, m->via.params);
	key_part(key, to_tag);
}

static void mark_with(struct transactions *ts, const struct message *m,
                      enum method method, struct slice to_tag,
                      struct server_mark *out)
{
	struct buf *key = &ts->key;

	buf_reset(key);
	if (via_branch_is_rfc3261(&m->via)) {
		key_part(key, m->via.branch);
		key_part(key, m->via.sent_by);
		key_part(key, method_of(m, method));
	} else {
		key_2543(key, m, method, to_tag);
	}
	*out = (struct server_mark){
		.key = buf_error(key) == OK ? buf_view(key) : SLICE_EMPTY,
	};
	out->hash = hash_of(&ts->servers, &out->key, 1);
}

void server_mark(struct transactions *ts, const struct message *m,
                 enum method method, struct server_mark *out)
{
	mark_with(ts, m, method, m->to.tag, out);
}

struct server_transaction *server_find(struct transactions *ts,
                                       const struct server_mark *mark)
{
	struct hash_node *it;

	for (it = hash_first(&ts->servers, mark->hash); it != NULL;
	     it = hash_next(it)) {
		struct server_transaction *t =
			CONTAINER_OF(it, struct server_transaction, node);

		if (slice_eq(slice_make(t->key, t->key_len), mark->key))
			return t;
	}
	return NULL;
}

/* Did our response to t carry this To tag? */
static bool has_answered_with(struct server_transaction *t, struct slice tag)
{
	struct message *m = &t->ts->scratch;
	struct fault fault;

	if (t->response == NULL
	    || message_parse(m, slice_make(t->response, t->response_len),
	                     dispatcher_limits(t->ts->dispatcher),
	                     &fault) != OK)
		return false;
	message_check(m, &fault);
	return slice_eq(m->to.tag, tag);
}

/* 17.2.3: an ACK's To tag is that of the response. The INVITE had either the
 * same one or none. */
static struct server_transaction *find_acked_2543(struct transactions *ts,
                                                  const struct message *ack)
{
	struct slice tags[] = { SLICE_EMPTY, ack->to.tag };

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		struct server_transaction *t;
		struct server_mark invite;

		mark_with(ts, ack, METHOD_INVITE, tags[i], &invite);
		t = server_find(ts, &invite);
		if (t != NULL && (t->state == CONFIRMED
		                  || has_answered_with(t, ack->to.tag)))
			return t;
	}
	return NULL;
}

struct server_transaction *server_find_acked(struct transactions *ts,
                                             const struct message *ack)
{
	struct server_mark invite;

	if (!via_branch_is_rfc3261(&ack->via))
		return find_acked_2543(ts, ack);
	server_mark(ts, ack, METHOD_INVITE, &invite);
	return server_find(ts, &invite);
}

struct server_transaction *
server_transaction_cancelled(struct transactions *ts,
                             const struct message *cancel,
                             const struct flow *from)
{
	struct server_mark invite;

	(void)from;     /* 9.2 asks for the request's own marks alone */
	server_mark(ts, cancel, METHOD_INVITE, &invite);
	return server_find(ts, &invite);
}

/* --- requests merged on their way: 8.2.2.2 --- */

static uint64_t merged_hash(const struct transactions *ts,
                            const struct message *m)
{
	struct slice parts[] = {
		m->from.tag, m->call_id, m->cseq.method_name,
		slice_make((const char *)&m->cseq.number,
		           sizeof(m->cseq.number)),
	};

	return hash_of(&ts->merged, parts, ARRAY_LEN(parts));
}

bool server_is_merged(struct transactions *ts, struct server_mark *mark,
                      const struct message *m)
{
	/* a CANCEL goes where its INVITE went: each copy of that has one */
	mark->may_merge = m->to.tag.p == NULL && m->method != METHOD_CANCEL;
	if (!mark->may_merge)
		return false;
	/* 64 keyed bits stand for the three values: nobody can aim at a
	 * collision, and one by chance costs a 482 in 10^19. */
	mark->merged = merged_hash(ts, m);
	return hash_first(&ts->merged, mark->merged) != NULL;
}

struct slice server_branch(const struct server_transaction *t)
{
	struct slice key = slice_make(t->key, t->key_len), branch;

	return slice_take_until(&key, '\n', &branch) ? branch : SLICE_EMPTY;
}
