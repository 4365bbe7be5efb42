/* From URIs to targets: RFC 3263 as far as numeric hosts, A and AAAA go. */

#include "core/transport/locate.h"

#include <stdio.h>

#include "tests/helpers.h"
#include "tests/rig.h"

static struct rig rig;
static struct locator *locator;

/* What locate_fn reported. */
static struct {
	unsigned calls;
	enum error err;
	char text[200];
	struct target targets[LOCATE_TARGETS_MAX];
	size_t n;
} found;

static void note(enum error err, const char *text,
                 const struct target *targets, size_t n, void *arg)
{
	(void)arg;
	found.calls++;
	found.err = err;
	snprintf(found.text, sizeof(found.text), "%s", text);
	found.n = n;
	for (size_t i = 0; i < n; i++)
		found.targets[i] = targets[i];
}

static void prefer(bool ipv4, bool ipv6)
{
	const struct locate_preferences p = {
		.transports = { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS,
		                TRANSPORT_WSS },
		.ntransports = 4,
		.ipv4 = ipv4,
		.ipv6 = ipv6,
	};

	locator_set_preferences(locator, &p);
}

static void setup(void)
{
	rig_init(&rig);
	locator = locator_new(&rig.env, &rig_lookup_ops, &rig);
	ck_assert_ptr_nonnull(locator);
	prefer(true, true);
	memset(&found, 0, sizeof(found));
}

static void teardown(void)
{
	locator_free(locator);
	rig_deinit(&rig);
}

static uint64_t locate(const char *text)
{
	struct uri uri;

	ck_assert_msg(uri_parse(slice_str(text), &uri), "%s", text);
	return locate_start(locator, &uri, note, NULL);
}

static void check_target(size_t nth, const char *transport, const char *addr)
{
	char text[ADDR_TEXT];

	ck_assert_uint_lt(nth, found.n);
	ck_assert_str_eq(transport_name(found.targets[nth].transport),
	                 transport);
	ck_assert_str_eq(addr_text(&found.targets[nth].addr, text), addr);
}

static const struct {
	const char *why, *uri, *transport, *addr;
} numeric[] = {
	{ "UDP and 5060, 4.1 and 4.2", "sip:192.0.2.7", "udp",
	  "192.0.2.7:5060" },
	{ "the port given", "sip:bob@192.0.2.7:5070", "udp", "192.0.2.7:5070" },
	{ "the transport given", "sip:192.0.2.7;transport=tcp", "tcp",
	  "192.0.2.7:5060" },
	{ "in any case", "sip:192.0.2.7;transport=TCP", "tcp",
	  "192.0.2.7:5060" },
	{ "tls by name", "sip:192.0.2.7;transport=tls", "tls",
	  "192.0.2.7:5061" },
	{ "sips is TLS and 5061", "sips:192.0.2.7", "tls", "192.0.2.7:5061" },
	{ "sips with tcp is TLS over TCP", "sips:192.0.2.7;transport=tcp",
	  "tls", "192.0.2.7:5061" },
	{ "sips with ws is WSS", "sips:192.0.2.7;transport=ws", "wss",
	  "192.0.2.7:443" },
	{ "IPv6", "sip:[2001:db8::7]:5062", "udp", "[2001:db8::7]:5062" },
	{ "maddr wins", "sip:example.com;maddr=192.0.2.8", "udp",
	  "192.0.2.8:5060" },
	{ "the port still counts", "sip:example.com:5071;maddr=192.0.2.8",
	  "udp", "192.0.2.8:5071" },
};

START_TEST(numeric_hosts_are_answered_at_once)
{
	ck_assert_uint_eq(locate(numeric[_i].uri), 0);
	ck_assert_uint_eq(found.calls, 1);
	ck_assert_msg(found.err == OK, "%s: %s", numeric[_i].why, found.text);
	ck_assert_uint_eq(found.n, 1);
	check_target(0, numeric[_i].transport, numeric[_i].addr);
	ck_assert_uint_eq(rig.last_lookup, 0);
}
END_TEST

static const struct {
	const char *why, *uri;
	enum error err;
	const char *text;
} impossible[] = {
	{ "a transport of nobody", "sip:192.0.2.7;transport=sctp",
	  ERR_NO_TRANSPORT, "unknown transport \"sctp\"" },
	{ "one without a leg", "sip:192.0.2.7;transport=ws", ERR_NO_TRANSPORT,
	  "no leg for ws" },
	{ "T22: sips does not go over UDP", "sips:192.0.2.7;transport=udp",
	  ERR_NO_TRANSPORT, "sips can not go over udp" },
	{ "tel", "tel:+358-555-1234567", ERR_UNSUPPORTED,
	  "a \"tel\" URI has no address: sip or sips is needed" },
	{ "mailto", "mailto:bob@example.com", ERR_UNSUPPORTED,
	  "a \"mailto\" URI has no address: sip or sips is needed" },
};

START_TEST(what_no_leg_can_serve_is_refused_with_its_reason)
{
	ck_assert_uint_eq(locate(impossible[_i].uri), 0);
	ck_assert_uint_eq(found.calls, 1);
	ck_assert_msg(found.err == impossible[_i].err, "%s",
	              impossible[_i].why);
	ck_assert_str_eq(found.text, impossible[_i].text);
}
END_TEST

START_TEST(a_family_without_a_leg_is_named)
{
	prefer(true, false);
	locate("sip:[2001:db8::7]");
	ck_assert_int_eq(found.err, ERR_NO_TRANSPORT);
	ck_assert_str_eq(found.text, "[2001:db8::7]: no IPv6 leg");
	prefer(false, true);
	locate("sip:192.0.2.7");
	ck_assert_int_eq(found.err, ERR_NO_TRANSPORT);
	ck_assert_str_eq(found.text, "192.0.2.7: no IPv4 leg");
}
END_TEST

START_TEST(both_families_are_asked_side_by_side_and_ipv6_comes_first)
{
	rig_add_address(&rig, "sip.example.com", "192.0.2.7");
	rig_add_address(&rig, "sip.example.com", "192.0.2.8");
	rig_add_address(&rig, "sip.example.com", "2001:db8::7");
	ck_assert_uint_ne(locate("sip:sip.example.com:5080;transport=tcp"), 0);
	ck_assert_uint_eq(rig.last_lookup, 2);
	ck_assert_uint_eq(found.calls, 0);
	rig_settle(&rig);
	ck_assert_uint_eq(found.calls, 1);
	ck_assert_int_eq(found.err, OK);
	ck_assert_uint_eq(found.n, 3);
	check_target(0, "tcp", "[2001:db8::7]:5080");
	check_target(1, "tcp", "192.0.2.7:5080");
	check_target(2, "tcp", "192.0.2.8:5080");
}
END_TEST

START_TEST(only_families_with_a_leg_are_asked_for)
{
	prefer(true, false);
	rig_add_address(&rig, "localhost", "127.0.0.1");
	rig_add_address(&rig, "localhost", "::1");
	locate("sip:localhost");
	ck_assert_uint_eq(rig.last_lookup, 1);
	rig_settle(&rig);
	ck_assert_uint_eq(found.n, 1);
	check_target(0, "udp", "127.0.0.1:5060");
}
END_TEST

START_TEST(one_family_is_enough)
{
	rig_add_address(&rig, "a.example", "192.0.2.7");
	rig_add_failure(&rig, RECORD_AAAA, "a.example", ERR_TIMEOUT,
	                "a.example: no answer from the name server");
	locate("sip:a.example");
	rig_settle(&rig);
	ck_assert_int_eq(found.err, OK);
	ck_assert_uint_eq(found.n, 1);
}
END_TEST

START_TEST(a_name_that_is_not_there_is_said_so_once)
{
	locate("sip:sip.example.com");
	rig_settle(&rig);
	ck_assert_uint_eq(found.calls, 1);
	ck_assert_int_eq(found.err, ERR_DNS);
	ck_assert_str_eq(found.text,
	                 "sip.example.com: no such name (NXDOMAIN)");
}
END_TEST

START_TEST(a_name_without_addresses_is_said_so)
{
	const struct record srv = { .kind = RECORD_SRV };

	rig_add_record(&rig, "b.example", &srv);
	locate("sip:b.example");
	rig_settle(&rig);
	ck_assert_int_eq(found.err, ERR_DNS);
	ck_assert_str_eq(found.text, "b.example: no address");
}
END_TEST

START_TEST(a_silent_name_server_is_a_timeout)
{
	rig_add_failure(&rig, RECORD_A, "c.example", ERR_TIMEOUT, "c.example: "
	                "no answer");
	rig_add_failure(&rig, RECORD_AAAA, "c.example", ERR_TIMEOUT,
	                "c.example: no answer");
	locate("sip:c.example");
	rig_settle(&rig);
	ck_assert_int_eq(found.err, ERR_TIMEOUT);
	ck_assert_str_eq(found.text, "c.example: no answer");
}
END_TEST

START_TEST(without_a_resolver_names_fail)
{
	locator_free(locator);
	locator = locator_new(&rig.env, NULL, NULL);
	prefer(true, true);
	ck_assert_uint_eq(locate("sip:d.example"), 0);
	ck_assert_int_eq(found.err, ERR_DNS);
	ck_assert_str_eq(found.text,
	                 "d.example: name does not resolve");
}
END_TEST

START_TEST(a_cancelled_search_is_silent_and_cancels_its_lookups)
{
	uint64_t id = locate("sip:sip.example.com");

	locate_cancel(locator, id);
	locate_cancel(locator, id);
	locate_cancel(locator, 0);
	ck_assert_uint_eq(rig.lookups_cancelled, 2);
	rig_settle(&rig);
	ck_assert_uint_eq(found.calls, 0);
}
END_TEST

START_TEST(a_locator_that_ends_cancels_what_is_under_way)
{
	locate("sip:a.example");
	locate("sip:b.example");
	locator_free(locator);
	locator = NULL;
	ck_assert_uint_eq(rig.lookups_cancelled, 4);
	rig_settle(&rig);
	ck_assert_uint_eq(found.calls, 0);
}
END_TEST

START_TEST(a_flood_of_addresses_is_bounded)
{
	static char names[40][20];

	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "192.0.2.%d", i + 1);
		rig_add_address(&rig, "many.example", names[i]);
	}
	locate("sip:many.example");
	rig_settle(&rig);
	ck_assert_uint_eq(found.n, LOCATE_TARGETS_MAX);
	check_target(0, "udp", "192.0.2.1:5060");
}
END_TEST

START_TEST(the_first_leg_that_will_do_replaces_udp)
{
	const struct locate_preferences p = {
		.transports = { TRANSPORT_TCP },
		.ntransports = 1,
		.ipv4 = true,
	};

	locator_set_preferences(locator, &p);
	locate("sip:192.0.2.7");
	check_target(0, "tcp", "192.0.2.7:5060");
	locate("sips:192.0.2.7");
	ck_assert_int_eq(found.err, ERR_NO_TRANSPORT);
	ck_assert_str_eq(found.text, "no leg for tls");
}
END_TEST

/* The locator takes memory twice; a lookup that can not start is a failure of
 * its own. */
START_TEST(short_memory_is_reported)
{
	struct uri uri;

	ck_assert(uri_parse(SLICE("sip:sip.example.com"), &uri));
	for (size_t n = 0; n < 2; n++) {
		uint64_t id;

		test_alloc_fail(n);
		id = locate_start(locator, &uri, note, NULL);
		ck_assert(test_alloc_restore());
		ck_assert_uint_eq(id, 0);
		ck_assert_uint_eq(found.calls, n + 1);
		ck_assert_int_eq(found.err, ERR_NOMEM);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("locate", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, numeric_hosts_are_answered_at_once, 0,
	                    ARRAY_LEN(numeric));
	tcase_add_loop_test(tests,
	                    what_no_leg_can_serve_is_refused_with_its_reason,
	                    0, ARRAY_LEN(impossible));
	tcase_add_test(tests, a_family_without_a_leg_is_named);
	tcase_add_test(
		tests,
		both_families_are_asked_side_by_side_and_ipv6_comes_first);
	tcase_add_test(tests, only_families_with_a_leg_are_asked_for);
	tcase_add_test(tests, one_family_is_enough);
	tcase_add_test(tests, a_name_that_is_not_there_is_said_so_once);
	tcase_add_test(tests, a_name_without_addresses_is_said_so);
	tcase_add_test(tests, a_silent_name_server_is_a_timeout);
	tcase_add_test(tests, without_a_resolver_names_fail);
	tcase_add_test(tests,
	               a_cancelled_search_is_silent_and_cancels_its_lookups);
	tcase_add_test(tests, a_locator_that_ends_cancels_what_is_under_way);
	tcase_add_test(tests, a_flood_of_addresses_is_bounded);
	tcase_add_test(tests, the_first_leg_that_will_do_replaces_udp);
	tcase_add_test(tests, short_memory_is_reported);
	return s;
}

int main(void)
{
	return test_main(suite());
}
