/* The location service: a hash of addresses of record and their bindings. */

#include "core/ua/location.h"

#include <stdlib.h>

#include "core/base/hash.h"

struct location {
	struct env *env;
	unsigned max_bindings, max_records;
	struct hash records;
};

struct location_record {
	struct hash_node node;
	struct location *owner;
	char *aor;
	size_t aor_len;
	struct list bindings;
	unsigned count;
};

static struct location_binding *binding_of(struct list *node)
{
	return CONTAINER_OF(node, struct location_binding, node);
}

static struct location_record *record_of(struct hash_node *node)
{
	return CONTAINER_OF(node, struct location_record, node);
}

static struct slice record_aor(const struct location_record *record)
{
	return slice_make(record->aor, record->aor_len);
}

static void binding_free(struct location_binding *b)
{
	if (b == NULL)
		return;
	timer_cancel(&b->expiry);
	list_remove(&b->node);
	if (b->record != NULL)
		b->record->count--;
	free(b->contact);
	free(b->call_id);
	free(b);
}

static void record_free(struct location_record *record)
{
	LIST_EACH(it, &record->bindings)
		binding_free(binding_of(it));
	hash_remove(&record->owner->records, &record->node);
	free(record->aor);
	free(record);
}

static struct location_record *record_new(struct location *l,
                                          struct slice aor)
{
	struct location_record *record = calloc(1, sizeof(*record));

	if (record == NULL)
		return NULL;
	record->owner = l;
	list_init(&record->bindings);
	record->aor = slice_dup(aor);
	record->aor_len = aor.len;
	if (record->aor == NULL
	    || hash_insert(&l->records, &record->node,
	                   hash_of(&l->records, &aor, 1)) != OK) {
		record_free(record);
		return NULL;
	}
	return record;
}

static void on_expiry(void *arg)
{
	struct location_binding *b = arg;
	struct location_record *record = b->record;

	binding_free(b);
	if (list_empty(&record->bindings))
		record_free(record);
}

/* RFC 3261 20.10 leaves the meaning of a contact without q open; like
 * 8.1.3.4's clients we take it for the best. */
static uint32_t binding_rank(const struct location_binding *b)
{
	return b->has_q ? b->q_thousandths : 1000;
}

static void record_add(struct location_record *record,
                       struct location_binding *b)
{
	struct list *before = &record->bindings;

	LIST_EACH(it, &record->bindings) {
		if (binding_rank(binding_of(it)) <= binding_rank(b)) {
			before = it;
			break;
		}
	}
	list_append(before, &b->node);
	b->record = record;
	record->count++;
	timer_arm(&b->expiry, &record->owner->env->timers,
	          (uint64_t)b->expires_s * 1000, on_expiry, b);
}

static struct location_binding *find_binding(const struct location_record *r,
                                             struct slice contact)
{
	LIST_EACH(it, &r->bindings) {
		struct location_binding *b = binding_of(it);

		if (uri_text_equal(slice_str(b->contact), contact))
			return b;
	}
	return NULL;
}

/* Counts an addition and a removal of different contacts in one request as
 * one more: a bound is not worth a second pass. */
static enum error check_room(const struct location *l,
                             const struct location_record *record,
                             const struct list *changes, bool *adds)
{
	size_t more = 0;

	*adds = false;
	LIST_EACH(it, changes) {
		const struct location_binding *b = binding_of(it);

		if (b->expires_s == 0)
			continue;
		*adds = true;
		if (location_find_binding(record, slice_str(b->contact))
		    == NULL)
			more++;
	}
	if (record == NULL && *adds && l->records.count >= l->max_records)
		return ERR_LIMIT;
	if (more + (record == NULL ? 0 : record->count) > l->max_bindings
	    && more != 0)
		return ERR_LIMIT;
	return OK;
}

enum error location_update(struct location *l, struct slice aor,
                           struct list *changes)
{
	struct location_record *record = location_find(l, aor);
	bool adds;
	enum error err = check_room(l, record, changes, &adds);

	if (err != OK)
		return err;
	if (record == NULL && adds) {
		record = record_new(l, aor);
		if (record == NULL)
			return ERR_NOMEM;
	}
	if (record == NULL)
		return OK;
	LIST_EACH(it, changes) {
		struct location_binding *b = binding_of(it);

		binding_free(find_binding(record, slice_str(b->contact)));
		if (b->expires_s == 0)
			continue;
		list_remove(&b->node);
		record_add(record, b);
	}
	if (list_empty(&record->bindings))
		record_free(record);
	return OK;
}

void location_remove(struct location_record *record)
{
	record_free(record);
}

struct location_binding *location_change_new(struct slice contact,
                                             struct slice call_id)
{
	struct location_binding *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->contact = slice_dup(contact);
	b->call_id = slice_dup(call_id);
	if (b->contact == NULL || b->call_id == NULL) {
		binding_free(b);
		return NULL;
	}
	return b;
}

void location_changes_free(struct list *changes)
{
	LIST_EACH(it, changes)
		binding_free(binding_of(it));
}

void location_print_aor(struct buf *out, const struct uri *uri)
{
	if (uri->user.len != 0) {
		uri_unescape(out, uri->user);
		buf_char(out, '@');
	}
	for (size_t i = 0; i < uri->host.len; i++) {
		char c = uri->host.p[i];

		buf_char(out, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
	}
}

struct location_record *location_find(const struct location *l,
                                      struct slice aor)
{
	struct hash_node *node;

	for (node = hash_first(&l->records, hash_of(&l->records, &aor, 1));
	     node != NULL; node = hash_next(node))
		if (slice_eq(record_aor(record_of(node)), aor))
			return record_of(node);
	return NULL;
}

const struct location_binding *
location_next_binding(const struct location_record *record,
                      const struct location_binding *prev)
{
	struct list *next = prev == NULL ? record->bindings.next
	                                 : prev->node.next;

	return next == &record->bindings ? NULL : binding_of(next);
}

const struct location_binding *
location_find_binding(const struct location_record *record,
                      struct slice contact)
{
	return record == NULL ? NULL : find_binding(record, contact);
}

uint32_t location_left_s(const struct location_binding *b)
{
	/* a timer is armed to the millisecond above: 3600.001 s are 3600,
	 * but nothing that is left is 0 */
	uint64_t s = (timer_left_ms(&b->expiry) + 500) / 1000;

	return s == 0 ? 1 : (uint32_t)s;
}

struct each {
	location_each_fn *fn;
	void *arg;
};

static void each_of_record(struct hash_node *node, void *arg)
{
	struct location_record *record = record_of(node);
	struct each *each = arg;

	LIST_EACH(it, &record->bindings)
		each->fn(record_aor(record), binding_of(it), each->arg);
}

void location_each(struct location *l, location_each_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	hash_each(&l->records, each_of_record, &each);
}

static void free_record(struct hash_node *node, void *arg)
{
	(void)arg;
	record_free(record_of(node));
}

struct location *location_new(struct env *env, unsigned max_bindings,
                              unsigned max_records)
{
	struct location *l = calloc(1, sizeof(*l));
	uint64_t seed[2];

	if (l == NULL)
		return NULL;
	l->env = env;
	l->max_bindings = max_bindings;
	l->max_records = max_records;
	env_random(env, seed, sizeof(seed));
	hash_init(&l->records, seed);
	return l;
}

void location_free(struct location *l)
{
	if (l == NULL)
		return;
	hash_each(&l->records, free_record, NULL);
	hash_deinit(&l->records);
	free(l);
}
