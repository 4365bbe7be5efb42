#ifndef CORE_BASE_HASH_H
#define CORE_BASE_HASH_H

/*
 * A hash table of embedded nodes, several of which may share a key. The
 * caller makes the key's hash and compares. Keys come from the network, so
 * the hash is keyed with a secret (SipHash-1-3). Grows with what it holds
 * and never shrinks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/slice.h"

struct hash_node {
	struct hash_node *next;
	uint64_t hash;
	bool linked;
};

struct hash {
	struct hash_node **slots;
	size_t nslots, count;           /* nslots is a power of two */
	uint64_t seed[2];
};

/* No memory is taken before the first insertion. */
void hash_init(struct hash *h, const uint64_t seed[2]);
/* The nodes are the caller's. */
void hash_deinit(struct hash *h);

/* SipHash-1-3 of the parts laid end to end, each followed by its length. */
uint64_t hash_of(const struct hash *h, const struct slice *parts, size_t n);
/* For our own numbers and addresses, so that nobody can choose them:
 * different ones have different hashes. */
static inline uint64_t hash_number(uint64_t n)
{
	n *= UINT64_C(0x9e3779b97f4a7c15);
	return n ^ n >> 32;
}

/* ERR_NOMEM when there is no table yet and none can be made; a table that
 * cannot grow goes on longer chains. */
enum error hash_insert(struct hash *h, struct hash_node *node, uint64_t hash);
/* Harmless on a node that is not linked. */
void hash_remove(struct hash *h, struct hash_node *node);
/* First node with this hash, and the next; compare the keys yourself. */
struct hash_node *hash_first(const struct hash *h, uint64_t hash);
struct hash_node *hash_next(const struct hash_node *node);
/* For tables and clean-up: calls fn for each node, in no order; fn may
 * remove and free the node it is given, and touch no other. */
void hash_each(struct hash *h, void (*fn)(struct hash_node *node, void *arg),
               void *arg);

#endif
