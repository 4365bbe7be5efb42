/* A hash table of embedded nodes, keyed with SipHash-1-3. */

#include "core/base/hash.h"

#include <endian.h>
#include <stdlib.h>

enum { FIRST_SLOTS = 16 };

void hash_init(struct hash *h, const uint64_t seed[2])
{
	*h = (struct hash){ .seed = { seed[0], seed[1] } };
}

void hash_deinit(struct hash *h)
{
	free(h->slots);
	*h = (struct hash){ 0 };
}

/* --- SipHash-1-3 (Aumasson and Bernstein), fed piecemeal --- */

struct sip {
	uint64_t v0, v1, v2, v3;
	uint64_t tail;                  /* octets that fill no word yet */
	uint64_t total;
};

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t w)
{
	s->v3 ^= w;
	sip_round(s);
	s->v0 ^= w;
}

/* Feeds the n octets, one to eight, that w has at its low end. */
static void sip_add(struct sip *s, uint64_t w, unsigned n)
{
	unsigned have = (unsigned)(s->total % 8) * 8;   /* bits in tail */

	s->total += n;
	s->tail |= w << have;
	if (have + 8 * n < 64)
		return;
	sip_word(s, s->tail);
	s->tail = have == 0 ? 0 : w >> (64 - have);
}

static void sip_feed(struct sip *s, struct slice part)
{
	const char *p = part.p;
	size_t n = part.len;
	uint64_t w;

	for (; n >= sizeof(w); p += sizeof(w), n -= sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		sip_add(s, le64toh(w), sizeof(w));
	}
	if (n == 0)
		return;
	w = 0;
	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)(unsigned char)p[i] << 8 * i;
	sip_add(s, w, (unsigned)n);
}

static uint64_t sip_finish(struct sip *s)
{
	sip_word(s, s->tail | s->total << 56);
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t hash_of(const struct hash *h, const struct slice *parts, size_t n)
{
	struct sip s = {
		.v0 = h->seed[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = h->seed[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = h->seed[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = h->seed[1] ^ UINT64_C(0x7465646279746573),
	};

	for (size_t i = 0; i < n; i++) {
		sip_feed(&s, parts[i]);
		sip_add(&s, parts[i].len, sizeof(uint64_t));
	}
	return sip_finish(&s);
}

/* --- the table --- */

static struct hash_node **slot_of(const struct hash *h, uint64_t hash)
{
	return &h->slots[hash & (h->nslots - 1)];
}

static void push(struct hash *h, struct hash_node *node)
{
	struct hash_node **slot = slot_of(h, node->hash);

	node->next = *slot;
	*slot = node;
}

/* Twice as many slots, or as many as before when memory is short. */
static void grow(struct hash *h)
{
	struct hash old = *h;
	size_t nslots = old.nslots == 0 ? FIRST_SLOTS : old.nslots * 2;
	struct hash_node **slots = calloc(nslots, sizeof(struct hash_node *));

	if (slots == NULL)
		return;
	h->slots = slots;
	h->nslots = nslots;
	for (size_t i = 0; i < old.nslots; i++) {
		for (struct hash_node *it = old.slots[i], *next; it != NULL;
		     it = next) {
			next = it->next;
			push(h, it);
		}
	}
	free(old.slots);
}

enum error hash_insert(struct hash *h, struct hash_node *node, uint64_t hash)
{
	if (h->count >= h->nslots)
		grow(h);
	if (h->slots == NULL)
		return ERR_NOMEM;
	node->hash = hash;
	node->linked = true;
	push(h, node);
	h->count++;
	return OK;
}

void hash_remove(struct hash *h, struct hash_node *node)
{
	struct hash_node **at;

	if (!node->linked)
		return;
	at = slot_of(h, node->hash);
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->next = NULL;
	node->linked = false;
	h->count--;
}

static struct hash_node *first_with(struct hash_node *it, uint64_t hash)
{
	while (it != NULL && it->hash != hash)
		it = it->next;
	return it;
}

struct hash_node *hash_first(const struct hash *h, uint64_t hash)
{
	return h->slots == NULL ? NULL : first_with(*slot_of(h, hash), hash);
}

struct hash_node *hash_next(const struct hash_node *node)
{
	return first_with(node->next, node->hash);
}

void hash_each(struct hash *h, void (*fn)(struct hash_node *node, void *arg),
               void *arg)
{
	for (size_t i = 0; i < h->nslots; i++) {
		for (struct hash_node *it = h->slots[i], *next; it != NULL;
		     it = next) {
			next = it->next;
			fn(it, arg);
		}
	}
}
