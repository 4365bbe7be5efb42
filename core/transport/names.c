/* Lookups shared by all who wait for them, and answers kept for their TTL. */

#include "core/transport/names.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/hash.h"

enum { NAME_MAX_LEN = 255 };            /* RFC 1035 2.3.4 */

/* How long an answer is kept; RFC 2308 5 bounds what was not found by the
 * zone's SOA record, which no resolver hands on. */
enum { KEEP_ABSENT_S = 30, KEEP_FAILURE_S = 5, KEEP_MAX_S = 86400 };

struct names_entry {
	struct hash_node node;          /* linked: others may find it */
	struct list age;                /* in names->entries */
	struct names *names;
	enum record_kind kind;
	uint64_t lookup;                /* 0: not under way */
	bool answered;
	unsigned users;                 /* queries that have it */
	struct list waiting;            /* of struct names_query */
	uint64_t expires_us;
	struct names_answer answer;
	struct arena arena;             /* of answer */
	size_t len;
	char name[];                    /* in lower case */
};

struct names {
	struct env *env;
	const struct lookup_ops *ops;
	void *resolver;
	struct hash by_name;
	struct list entries;            /* the longest unused first */
	size_t count;
};

struct names *names_new(struct env *env, const struct lookup_ops *ops,
                        void *resolver)
{
	struct names *n = calloc(1, sizeof(*n));
	uint64_t seed[2];

	if (n == NULL)
		return NULL;
	n->env = env;
	n->ops = ops;
	n->resolver = resolver;
	list_init(&n->entries);
	env_random(env, seed, sizeof(seed));
	hash_init(&n->by_name, seed);
	return n;
}

/* --- an entry's life --- */

static void entry_free(struct names_entry *e)
{
	struct names *n = e->names;

	if (e->lookup != 0)
		n->ops->cancel(n->resolver, e->lookup);
	hash_remove(&n->by_name, &e->node);
	list_remove(&e->age);
	n->count--;
	arena_deinit(&e->arena);
	free(e);
}

static bool is_fresh(const struct names_entry *e)
{
	return !e->answered || e->expires_us > env_now_us(e->names->env);
}

void names_free(struct names *n)
{
	if (n == NULL)
		return;
	LIST_EACH(it, &n->entries)
		entry_free(CONTAINER_OF(it, struct names_entry, age));
	hash_deinit(&n->by_name);
	free(n);
}

static void make_room(struct names *n)
{
	LIST_EACH(it, &n->entries) {
		struct names_entry *e = CONTAINER_OF(it, struct names_entry,
		                                     age);

		if (n->count < NAMES_MAX)
			return;
		if (e->users == 0)
			entry_free(e);
	}
}

static void lower(char *out, struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
}

static uint64_t hash_name(const struct names *n, enum record_kind kind,
                          struct slice name)
{
	char letter = (char)kind;
	struct slice parts[] = { slice_make(&letter, 1), name };

	return hash_of(&n->by_name, parts, ARRAY_LEN(parts));
}

static struct names_entry *find(struct names *n, enum record_kind kind,
                                struct slice name, uint64_t hash)
{
	for (struct hash_node *it = hash_first(&n->by_name, hash); it != NULL;
	     it = hash_next(it)) {
		struct names_entry *e = CONTAINER_OF(it, struct names_entry,
		                                     node);

		if (e->kind == kind
		    && slice_eq(slice_make(e->name, e->len), name)
		    && is_fresh(e))
			return e;
	}
	return NULL;
}

static struct names_entry *entry_new(struct names *n, enum record_kind kind,
                                     struct slice name, uint64_t hash)
{
	struct names_entry *e = calloc(1, sizeof(*e) + name.len);

	if (e == NULL)
		return NULL;
	make_room(n);
	if (hash_insert(&n->by_name, &e->node, hash) != OK) {
		free(e);
		return NULL;
	}
	e->names = n;
	e->kind = kind;
	e->answer.text = "";
	e->len = name.len;
	memcpy(e->name, name.p, name.len);
	list_init(&e->waiting);
	list_append(&n->entries, &e->age);
	n->count++;
	return e;
}

/* --- answers --- */

static struct slice keep(struct names_entry *e, struct slice s, bool *good)
{
	struct slice kept = s.len == 0 ? SLICE_EMPTY
	                               : arena_copy(&e->arena, s);

	if (kept.p == NULL)
		*good = false;
	return kept;
}

static bool keep_records(struct names_entry *e, const struct record *records,
                         size_t n)
{
	struct record *kept;
	bool good = true;

	if (n == 0)
		return true;
	kept = arena_alloc(&e->arena, n * sizeof(*kept));
	if (kept == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		kept[i] = records[i];
		kept[i].name = keep(e, records[i].name, &good);
		kept[i].flags = keep(e, records[i].flags, &good);
		kept[i].service = keep(e, records[i].service, &good);
	}
	e->answer.records = kept;
	e->answer.n = good ? n : 0;
	return good;
}

static uint32_t shortest_ttl_s(const struct names_answer *a)
{
	uint32_t shortest = KEEP_MAX_S;

	for (size_t i = 0; i < a->n; i++)
		if (a->records[i].ttl_s < shortest)
			shortest = a->records[i].ttl_s;
	return shortest;
}

static uint32_t lifetime_s(const struct names_answer *a)
{
	if (a->err == ERR_DNS || a->err == ERR_TIMEOUT)
		return KEEP_FAILURE_S;
	if (a->err != OK)
		return 0;
	return a->n == 0 ? KEEP_ABSENT_S : shortest_ttl_s(a);
}

static void tell(void *arg)
{
	struct names_query *q = arg;

	q->fn(q->arg);
}

/* Each from a timer of its own: whatever one of them does, the others are
 * told or have left. */
static void wake_all(struct names_entry *e)
{
	LIST_EACH(it, &e->waiting) {
		struct names_query *q = CONTAINER_OF(it, struct names_query,
		                                     node);

		list_remove(&q->node);
		timer_arm(&q->timer, &e->names->env->timers, 0, tell, q);
	}
}

static void on_lookup(enum error err, const char *text,
                      const struct record *records, size_t n, void *arg)
{
	struct names_entry *e = arg;
	struct names_answer *a = &e->answer;
	bool good = true;

	e->lookup = 0;
	e->answered = true;
	a->err = err;
	a->text = keep(e, slice_make(text, strlen(text) + 1), &good).p;
	if (err == OK)
		good = keep_records(e, records, n < NAMES_RECORDS_MAX
		                    ? n : NAMES_RECORDS_MAX) && good;
	if (!good) {
		a->err = ERR_NOMEM;
		a->text = error_text(ERR_NOMEM);
	}
	a->learnt_us = env_now_us(e->names->env);
	e->expires_us = a->learnt_us + lifetime_s(a) * UINT64_C(1000000);
	wake_all(e);
}

static void start(struct names_entry *e)
{
	struct names *n = e->names;

	if (n->ops != NULL)
		e->lookup = n->ops->start(n->resolver, e->kind,
		                          slice_make(e->name, e->len),
		                          on_lookup, e);
	if (e->lookup != 0)
		return;
	e->answered = true;             /* expired already: not kept */
	e->answer.err = ERR_DNS;
}

/* --- queries --- */

enum error names_ask(struct names *n, struct names_query *q,
                     enum record_kind kind, struct slice name, names_fn *fn,
                     void *arg)
{
	char text[NAME_MAX_LEN];
	struct names_entry *e;
	uint64_t hash;

	if (name.len > sizeof(text))
		return ERR_LIMIT;
	lower(text, name);
	name.p = text;
	hash = hash_name(n, kind, name);
	e = find(n, kind, name, hash);
	if (e == NULL) {
		e = entry_new(n, kind, name, hash);
		if (e == NULL)
			return ERR_NOMEM;
		start(e);
	}
	list_remove(&e->age);
	list_append(&n->entries, &e->age);
	*q = (struct names_query){
		.names = n, .entry = e, .fn = fn, .arg = arg,
	};
	e->users++;
	if (!e->answered)
		list_append(&e->waiting, &q->node);
	return OK;
}

const struct names_answer *names_answer(const struct names_query *q)
{
	return q->entry == NULL || !q->entry->answered ? NULL
	                                               : &q->entry->answer;
}

bool names_is_waiting(const struct names_query *q)
{
	return q->entry != NULL && !q->entry->answered;
}

void names_drop(struct names_query *q)
{
	struct names_entry *e = q->entry;

	if (e == NULL)
		return;
	timer_cancel(&q->timer);
	list_remove(&q->node);
	q->entry = NULL;
	e->users--;
	if (e->users == 0 && (!e->answered || !is_fresh(e)))
		entry_free(e);
}
