/* Who we are, and whom a bare name means. */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/accounts.h"
#include "tests/helpers.h"

static struct accounts accounts;

static void setup(void)
{
	accounts_init(&accounts);
}

static void teardown(void)
{
	accounts_deinit(&accounts);
}

static struct account *add(const struct account_params *p)
{
	struct account *a = NULL;
	struct buf why = { 0 };

	ck_assert_msg(accounts_add(&accounts, p, &a, &why), "%s",
	              buf_cstr(&why));
	ck_assert_ptr_nonnull(a);
	buf_deinit(&why);
	return a;
}

static struct account *add_uri(const char *uri)
{
	const struct account_params p = { .uri = slice_str(uri) };

	return add(&p);
}

START_TEST(what_is_not_given_follows_from_the_uri)
{
	const struct account *a = add_uri("sip:alice@example.com:5070"
	                                  ";transport=tcp");

	ck_assert_str_eq(a->name, "alice");
	ck_assert_str_eq(a->auth_user, "alice");
	ck_assert_str_eq(a->aor, "sip:alice@example.com:5070");
	ck_assert_str_eq(a->registrar, "sip:example.com:5070;transport=tcp");
	ck_assert_ptr_null(a->proxy);
	ck_assert(!a->has_secret);
}
END_TEST

START_TEST(what_is_given_is_taken)
{
	const struct account_params p = {
		.name = SLICE("work"),
		.uri = SLICE("sips:alice@example.com"),
		.user = SLICE("0815"),
		.registrar = SLICE("sip:reg.example.com"),
		.proxy = SLICE("proxy.example.com:5061"),
		.secret = SLICE("secret"),
		.expires_s = 60,
	};
	const struct account *a = add(&p);

	ck_assert_str_eq(a->name, "work");
	ck_assert_str_eq(a->auth_user, "0815");
	ck_assert_str_eq(a->aor, "sips:alice@example.com");
	ck_assert_str_eq(a->registrar, "sip:reg.example.com");
	ck_assert_str_eq(a->proxy, "<sip:proxy.example.com:5061;lr>");
	ck_assert_uint_eq(a->expires_s, 60);
	ck_assert(a->has_secret);
}
END_TEST

START_TEST(a_loose_router_stays_as_it_is)
{
	const struct account_params p = {
		.uri = SLICE("sip:alice@example.com"),
		.proxy = SLICE("sip:p;lr;x=y"),
	};

	ck_assert_str_eq(add(&p)->proxy, "<sip:p;lr;x=y>");
}
END_TEST

static const struct {
	const char *uri, *registrar, *proxy, *why;
} wrong[] = {
	{ "alice", "", "", "account: expected a URI like "
	  "sip:alice@example.com, got 'alice'" },
	{ "sip:example.com", "", "", "account: expected a URI like "
	  "sip:alice@example.com, got 'sip:example.com'" },
	{ "tel:+123", "", "", "account: expected a URI like "
	  "sip:alice@example.com, got 'tel:+123'" },
	{ "sip:a@b:0", "", "", "account: expected a URI like "
	  "sip:alice@example.com, got 'sip:a@b:0'" },
	{ "sip:a@b", "a b", "", "registrar: expected a URI like "
	  "sip:alice@example.com, got 'a b'" },
	{ "sip:a@b", "", "sip:", "proxy: expected a URI like "
	  "sip:alice@example.com, got 'sip:'" },
};

START_TEST(a_wrong_part_is_told)
{
	const struct account_params p = {
		.uri = slice_str(wrong[_i].uri),
		.registrar = slice_str(wrong[_i].registrar),
		.proxy = slice_str(wrong[_i].proxy),
	};
	struct account *a = NULL;
	struct buf why = { 0 };

	ck_assert(!accounts_add(&accounts, &p, &a, &why));
	ck_assert_str_eq(buf_cstr(&why), wrong[_i].why);
	ck_assert_ptr_null(a);
	ck_assert(list_empty(&accounts.list));
	buf_deinit(&why);
}
END_TEST

START_TEST(the_first_account_is_the_current_one)
{
	struct account *a = add_uri("sip:alice@example.com");
	struct account *b = add_uri("sip:bob@example.com");

	ck_assert_ptr_eq(accounts.current, a);
	ck_assert_ptr_eq(accounts_find(&accounts, SLICE("bob")), b);
	ck_assert_ptr_null(accounts_find(&accounts, SLICE("bo")));
	accounts_remove(&accounts, a);
	ck_assert_ptr_eq(accounts.current, b);
	accounts_remove(&accounts, b);
	ck_assert_ptr_null(accounts.current);
}
END_TEST

START_TEST(a_name_is_given_once)
{
	const struct account_params p = { .uri = SLICE("sip:alice@b.test") };
	struct buf why = { 0 };

	add_uri("sip:alice@a.test");
	ck_assert(!accounts_add(&accounts, &p, NULL, &why));
	ck_assert_str_eq(buf_cstr(&why),
	                 "there is an account 'alice' already");
	buf_deinit(&why);
}
END_TEST

START_TEST(without_an_account_we_are_anonymous)
{
	ck_assert_slice_eq(account_from(NULL),
	                   "sip:anonymous@anonymous.invalid");
	ck_assert_slice_eq(account_from(add_uri("sip:alice@example.com")),
	                   "sip:alice@example.com");
}
END_TEST

static const struct {
	const char *account, *typed, *want, *why;
} targets[] = {
	{ "sip:alice@example.com", "bob", "sip:bob@example.com", "" },
	{ "sips:alice@example.com", "bob", "sips:bob@example.com", "" },
	{ "sip:alice@[::1]:5070;transport=tcp", "bob",
	  "sip:bob@[::1]:5070;transport=tcp", "" },
	{ "sip:alice@example.com", "b b", "sip:b%20b@example.com", "" },
	{ "sip:alice@example.com", "+4930123", "sip:+4930123@example.com",
	  "" },
	{ "sip:alice@example.com", "sip:carol@other.test",
	  "sip:carol@other.test", "" },
	{ "sip:alice@example.com", "carol@other.test",
	  "sip:carol@other.test", "" },
	{ "sip:alice@example.com", "tel:+123", "tel:+123", "" },
	{ NULL, "sip:carol@other.test", "sip:carol@other.test", "" },
	{ NULL, "bob", NULL, "'bob' is no URI, and there is no account whose "
	  "domain could complete it (-a URI)" },
	{ NULL, "sip:", NULL, "target: expected a URI like "
	  "sip:alice@example.com, got 'sip:'" },
	{ NULL, "sip:a b@c", NULL, "target: expected a URI like "
	  "sip:alice@example.com, got 'sip:a b@c'" },
	{ NULL, "bob@", NULL, "target: expected a URI like "
	  "sip:alice@example.com, got 'bob@'" },
};

START_TEST(what_was_typed_becomes_a_uri)
{
	const struct account *a = targets[_i].account == NULL ? NULL
	                          : add_uri(targets[_i].account);
	struct buf out = { 0 }, why = { 0 };
	bool good = account_complete_uri(a, slice_str(targets[_i].typed),
	                                 &out, &why);

	ck_assert_int_eq(good, targets[_i].want != NULL);
	if (good)
		ck_assert_str_eq(buf_cstr(&out), targets[_i].want);
	ck_assert_str_eq(buf_cstr(&why), targets[_i].why);
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

/* --- other realms --- */

static void secret_file(char *path, mode_t mode)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(write(fd, "secret\n", 7), 7);
	close(fd);
}

START_TEST(another_realm_has_its_own_credentials)
{
	char path[] = "/tmp/sipsh-secret-XXXXXX";
	struct account *a = add_uri("sip:alice@example.com");
	struct buf text = { 0 }, why = { 0 };

	secret_file(path, 0600);
	buf_printf(&text, "other realm=bob:%s", path);
	ck_assert(account_add_realm(a, buf_view(&text), &why));
	ck_assert_str_eq(buf_cstr(&why), "");
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert(!account_add_realm(a, buf_view(&text), &why));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "others may read it"));
	ck_assert_int_eq(unlink(path), 0);
	buf_reset(&why);
	ck_assert(!account_add_realm(a, buf_view(&text), &why));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why),
	                             "No such file or directory"));
	buf_deinit(&text);
	buf_deinit(&why);
}
END_TEST

static const char *const bad_realms[] = {
	"", "realm", "realm=", "realm=user", "realm=user:", "=user:file",
	"realm=:file",
};

START_TEST(half_a_realm_is_refused)
{
	struct account *a = add_uri("sip:alice@example.com");
	struct buf why = { 0 }, want = { 0 };

	ck_assert(!account_add_realm(a, slice_str(bad_realms[_i]), &why));
	buf_printf(&want, "credentials: expected REALM=USER:FILE, got '%s'",
	           bad_realms[_i]);
	ck_assert_str_eq(buf_cstr(&why), buf_cstr(&want));
	buf_deinit(&why);
	buf_deinit(&want);
}
END_TEST

START_TEST(short_memory_leaves_no_half_account)
{
	const struct account_params p = {
		.uri = SLICE("sip:alice@example.com"),
		.proxy = SLICE("p"),
		.secret = SLICE("secret"),
	};
	bool failed = true, good;

	for (size_t n = 0; failed; n++) {
		struct buf why = { 0 };
		struct account *a = NULL;

		test_alloc_fail(n);
		good = accounts_add(&accounts, &p, &a, &why);
		failed = test_alloc_restore();
		/* memory that could not be shrunk is no loss */
		ck_assert(good || failed);
		ck_assert_int_eq(list_empty(&accounts.list), !good);
		if (good)
			accounts_remove(&accounts, a);
		buf_deinit(&why);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("accounts", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_not_given_follows_from_the_uri);
	tcase_add_test(t, what_is_given_is_taken);
	tcase_add_test(t, a_loose_router_stays_as_it_is);
	tcase_add_loop_test(t, a_wrong_part_is_told, 0,
	                    (int)ARRAY_LEN(wrong));
	tcase_add_test(t, the_first_account_is_the_current_one);
	tcase_add_test(t, a_name_is_given_once);
	tcase_add_test(t, without_an_account_we_are_anonymous);
	tcase_add_loop_test(t, what_was_typed_becomes_a_uri, 0,
	                    (int)ARRAY_LEN(targets));
	tcase_add_test(t, another_realm_has_its_own_credentials);
	tcase_add_loop_test(t, half_a_realm_is_refused, 0,
	                    (int)ARRAY_LEN(bad_realms));
	tcase_add_test(t, short_memory_leaves_no_half_account);
	return s;
}

int main(void)
{
	return test_main(suite());
}
