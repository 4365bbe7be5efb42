/* Finds, by hash, the client transactions that one broken path concerns. */

#include "core/transaction/internal.h"

#include <stdlib.h>

static uint64_t peer_hash(const struct hash *peers, const struct flow *flow)
{
	char octets[19];
	struct slice parts[2] = {
		{ (const char *)&flow->leg, sizeof(flow->leg) },
		{ (const char *)&flow->conn, sizeof(flow->conn) },
	};

	if (flow->conn == 0)
		parts[1] = addr_key(&flow->remote, octets);
	return hash_of(peers, parts, ARRAY_LEN(parts));
}

static bool peer_is_for(const struct peer *p, const struct flow *flow)
{
	return p->leg == flow->leg && p->conn == flow->conn
	       && (p->conn != 0 || addr_eq(&p->remote, &flow->remote));
}

static struct peer *peer_find(const struct hash *peers,
                              const struct flow *flow, uint64_t hash)
{
	struct hash_node *it;

	for (it = hash_first(peers, hash); it != NULL; it = hash_next(it)) {
		struct peer *p = CONTAINER_OF(it, struct peer, node);

		if (peer_is_for(p, flow))
			return p;
	}
	return NULL;
}

static struct peer *peer_new(struct hash *peers, const struct flow *flow,
                             uint64_t hash)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->leg = flow->leg;
	p->conn = flow->conn;
	p->remote = flow->remote;
	list_init(&p->members);
	if (hash_insert(peers, &p->node, hash) != OK) {
		free(p);
		return NULL;
	}
	return p;
}

static void peer_free(struct hash *peers, struct peer *p)
{
	hash_remove(peers, &p->node);
	free(p);
}

static void peer_join(struct hash *peers, struct peer_link *l,
                      const struct flow *flow)
{
	uint64_t hash = peer_hash(peers, flow);
	struct peer *p = peer_find(peers, flow, hash);

	if (p == NULL)
		p = peer_new(peers, flow, hash);
	if (p == NULL)
		return;
	l->peer = p;
	list_append(&p->members, &l->node);
}

void peer_leave(struct hash *peers, struct peer_link *l)
{
	struct peer *p = l->peer;

	list_remove(&l->node);
	l->peer = NULL;
	if (p != NULL && list_empty(&p->members))
		peer_free(peers, p);
}

void peer_move(struct hash *peers, struct peer_link *l,
               const struct flow *flow)
{
	if (l->peer != NULL && peer_is_for(l->peer, flow))
		return;
	peer_leave(peers, l);
	peer_join(peers, l, flow);
}

void peer_take(struct hash *peers, const struct flow *flow, struct list *out)
{
	struct peer *p = peer_find(peers, flow, peer_hash(peers, flow));

	list_init(out);
	if (p == NULL)
		return;
	LIST_EACH(it, &p->members) {
		list_remove(it);
		CONTAINER_OF(it, struct peer_link, node)->peer = NULL;
		list_append(out, it);
	}
	peer_free(peers, p);
}
