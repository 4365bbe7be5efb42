/* The hash table finds what it was given, under a keyed SipHash-1-3. */

#include <stdio.h>
#include <stdlib.h>

#include "core/base/hash.h"
#include "tests/helpers.h"

struct entry {
	struct hash_node node;
	char key[24];
};

static const uint64_t no_seed[2] = { 0, 0 };
static struct hash h;

static void setup(void)
{
	hash_init(&h, no_seed);
}

static void teardown(void)
{
	hash_deinit(&h);
}

/* Values of another implementation of SipHash-1-3 with a key of zeros; each
 * part is followed by its length in eight octets, little end first. */
static const struct {
	const char *parts[3];
	size_t n;
	uint64_t hash;
} vectors[] = {
	{ { "" },                        1, UINT64_C(0xbd60acb658c79e45) },
	{ { "a" },                       1, UINT64_C(0xc8f20ecb043bd73b) },
	{ { "1234567" },                 1, UINT64_C(0x5011ba5b3f1dc89f) },
	{ { "12345678" },                1, UINT64_C(0xf7e275a2929bec90) },
	{ { "abc", "de" },               2, UINT64_C(0x5aac24698a87aa31) },
	{ { "z9hG4bK776asdhds", "INVITE" }, 2, UINT64_C(0x1fb2b3ef54a11506) },
	{ { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", "bbbbbbbbbbbbb" },
	  3, UINT64_C(0x292f3514e90ef805) },
};

START_TEST(the_hash_is_siphash_1_3)
{
	struct slice parts[3];

	for (size_t i = 0; i < vectors[_i].n; i++)
		parts[i] = slice_str(vectors[_i].parts[i]);
	ck_assert_uint_eq(hash_of(&h, parts, vectors[_i].n),
	                  vectors[_i].hash);
}
END_TEST

START_TEST(the_hash_depends_on_each_half_of_the_seed)
{
	static const uint64_t low[2] = { 1, 0 }, high[2] = { 0, 1 };
	struct slice key = SLICE("z9hG4bK776asdhds");
	uint64_t plain = hash_of(&h, &key, 1), other;

	hash_init(&h, low);
	other = hash_of(&h, &key, 1);
	ck_assert_uint_ne(other, plain);
	hash_init(&h, high);
	ck_assert_uint_ne(hash_of(&h, &key, 1), plain);
	ck_assert_uint_ne(hash_of(&h, &key, 1), other);
}
END_TEST

START_TEST(where_a_part_ends_matters)
{
	struct slice one[] = { SLICE_INIT("ab"), SLICE_INIT("c") };
	struct slice two[] = { SLICE_INIT("a"), SLICE_INIT("bc") };

	ck_assert_uint_ne(hash_of(&h, one, 2), hash_of(&h, two, 2));
}
END_TEST

static uint64_t hash_of_key(const char *key)
{
	struct slice s = slice_str(key);

	return hash_of(&h, &s, 1);
}

static struct entry *find(const char *key)
{
	for (struct hash_node *it = hash_first(&h, hash_of_key(key));
	     it != NULL; it = hash_next(it)) {
		struct entry *e = CONTAINER_OF(it, struct entry, node);

		if (strcmp(e->key, key) == 0)
			return e;
	}
	return NULL;
}

START_TEST(thousands_are_found_while_others_come_and_go)
{
	enum { COUNT = 5000 };
	static struct entry entries[COUNT];

	for (int i = 0; i < COUNT; i++) {
		struct entry *e = &entries[i];

		snprintf(e->key, sizeof(e->key), "z9hG4bK%d", i);
		ck_assert_int_eq(hash_insert(&h, &e->node,
		                             hash_of_key(e->key)), OK);
		if (i % 3 == 2)
			hash_remove(&h, &entries[i / 2].node);
	}
	for (int i = 0; i < COUNT; i++) {
		bool linked = entries[i].node.linked;

		ck_assert_ptr_eq(find(entries[i].key),
		                 linked ? &entries[i] : NULL);
	}
	ck_assert_ptr_null(find("z9hG4bK5000"));
	ck_assert_uint_ge(h.nslots, h.count);
}
END_TEST

START_TEST(nodes_may_share_a_hash)
{
	struct hash_node a = { 0 }, b = { 0 }, other = { 0 }, *it;

	ck_assert_int_eq(hash_insert(&h, &a, 7), OK);
	ck_assert_int_eq(hash_insert(&h, &other, 7 + 16), OK); /* same slot */
	ck_assert_int_eq(hash_insert(&h, &b, 7), OK);
	it = hash_first(&h, 7);
	ck_assert(it == &a || it == &b);
	it = hash_next(it);
	ck_assert(it == &a || it == &b);
	ck_assert_ptr_null(hash_next(it));

	hash_remove(&h, &a);
	ck_assert_ptr_eq(hash_first(&h, 7), &b);
	ck_assert_ptr_null(hash_next(&b));
	ck_assert_ptr_eq(hash_first(&h, 7 + 16), &other);
}
END_TEST

START_TEST(removing_twice_is_harmless)
{
	struct hash_node a = { 0 }, never = { 0 };

	ck_assert_int_eq(hash_insert(&h, &a, 1), OK);
	hash_remove(&h, &a);
	hash_remove(&h, &a);
	hash_remove(&h, &never);
	ck_assert_uint_eq(h.count, 0);
	ck_assert_ptr_null(hash_first(&h, 1));
}
END_TEST

static void free_entry(struct hash_node *node, void *arg)
{
	size_t *freed = arg;

	hash_remove(&h, node);
	free(CONTAINER_OF(node, struct entry, node));
	++*freed;
}

START_TEST(each_may_remove_and_free_what_it_is_given)
{
	size_t freed = 0;

	hash_each(&h, free_entry, &freed);
	ck_assert_uint_eq(freed, 0);
	for (uint64_t i = 0; i < 100; i++) {
		struct entry *e = calloc(1, sizeof(*e));

		ck_assert_int_eq(hash_insert(&h, &e->node, i / 3), OK);
	}
	hash_each(&h, free_entry, &freed);
	ck_assert_uint_eq(freed, 100);
	ck_assert_uint_eq(h.count, 0);
}
END_TEST

START_TEST(without_memory_for_a_table_insertion_fails)
{
	struct hash_node a = { 0 };
	enum error err;

	ck_assert_ptr_null(hash_first(&h, 1));
	test_alloc_fail(0);
	err = hash_insert(&h, &a, 1);
	ck_assert(test_alloc_restore());
	ck_assert_int_eq(err, ERR_NOMEM);
	ck_assert(!a.linked);
	ck_assert_uint_eq(h.count, 0);
}
END_TEST

START_TEST(without_memory_to_grow_chains_grow_longer)
{
	static struct hash_node nodes[64];
	size_t nslots;

	ck_assert_int_eq(hash_insert(&h, &nodes[0], 0), OK);
	nslots = h.nslots;
	for (uint64_t i = 1; i < ARRAY_LEN(nodes); i++) {
		enum error err;

		test_alloc_fail(0);
		err = hash_insert(&h, &nodes[i], i);
		test_alloc_restore();
		ck_assert_int_eq(err, OK);
	}
	ck_assert_uint_eq(h.nslots, nslots);
	for (uint64_t i = 0; i < ARRAY_LEN(nodes); i++)
		ck_assert_ptr_eq(hash_first(&h, i), &nodes[i]);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("hash", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_hash_is_siphash_1_3, 0,
	                    ARRAY_LEN(vectors));
	tcase_add_test(t, the_hash_depends_on_each_half_of_the_seed);
	tcase_add_test(t, where_a_part_ends_matters);
	tcase_add_test(t, thousands_are_found_while_others_come_and_go);
	tcase_add_test(t, nodes_may_share_a_hash);
	tcase_add_test(t, removing_twice_is_harmless);
	tcase_add_test(t, each_may_remove_and_free_what_it_is_given);
	tcase_add_test(t, without_memory_for_a_table_insertion_fails);
	tcase_add_test(t, without_memory_to_grow_chains_grow_longer);
	return s;
}

int main(void)
{
	return test_main(suite());
}
