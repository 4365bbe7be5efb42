/* errno to error and words, addresses to the system's and back. */

#include <errno.h>
#include <sys/select.h>
#include <unistd.h>

#include "net/socket.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static const struct {
	int errnum;
	enum error err;
	const char *words;
} errors[] = {
	{ 0, OK, "no error" },
	{ EAGAIN, ERR_AGAIN, "would block" },
	{ EINPROGRESS, ERR_AGAIN, "would block" },
	{ EINTR, ERR_AGAIN, "would block" },
	{ ENOMEM, ERR_NOMEM, "out of memory" },
	{ ENOBUFS, ERR_LIMIT, "limit reached" },
	{ EMFILE, ERR_LIMIT, "too many open files" },
	{ ENFILE, ERR_LIMIT, "too many open files" },
	{ EADDRINUSE, ERR_ADDRESS_IN_USE, "address already in use" },
	{ EADDRNOTAVAIL, ERR_UNREACHABLE, "address not available" },
	{ EACCES, ERR_NETWORK, "permission denied" },
	{ EPERM, ERR_NETWORK, "permission denied" },
	{ ECONNREFUSED, ERR_REFUSED, "connection refused" },
	{ ECONNRESET, ERR_RESET, "connection closed by the peer" },
	{ EPIPE, ERR_RESET, "connection closed by the peer" },
	{ ETIMEDOUT, ERR_TIMEOUT, "timed out" },
	{ ENETUNREACH, ERR_UNREACHABLE, "network unreachable" },
	{ EHOSTUNREACH, ERR_UNREACHABLE, "host unreachable" },
	{ ENETDOWN, ERR_UNREACHABLE, "network is down" },
	{ EHOSTDOWN, ERR_UNREACHABLE, "host is down" },
	{ EAFNOSUPPORT, ERR_NO_TRANSPORT,
	  "no such address family on this machine" },
	{ EMSGSIZE, ERR_NETWORK, "message too long" },
	{ EPROTO, ERR_NETWORK, "protocol not available at the peer" },
	{ EDOM, ERR_NETWORK, "network error" },
};

START_TEST(every_errno_has_an_error_and_words)
{
	ck_assert_int_eq(socket_error(errors[_i].errnum), errors[_i].err);
	ck_assert_str_eq(socket_error_words(errors[_i].errnum),
	                 errors[_i].words);
}
END_TEST

START_TEST(an_address_survives_the_system)
{
	static const char *const texts[] = {
		"192.0.2.1:5060", "0.0.0.0", "[2001:db8::1]:65535", "[::]",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct addr a = net_rig_addr(texts[i]), back;
		struct sockaddr_storage sa;

		a.scope = a.family == FAMILY_IPV6 ? 3 : 0;
		ck_assert_uint_gt(socket_to_sys(&a, &sa), 0);
		back = socket_from_sys(&sa);
		ck_assert(addr_eq(&a, &back));
		ck_assert_uint_eq(back.scope, a.scope);
	}
}
END_TEST

START_TEST(an_address_of_another_kind_is_none)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNIX };

	ck_assert_int_eq(socket_from_sys(&sa).family, FAMILY_NONE);
}
END_TEST

START_TEST(a_route_is_asked_for_once_in_a_while)
{
	struct socket_sources s = { .next = 0 };
	struct addr to = net_rig_addr("127.0.0.1:5060"), got;

	ck_assert_int_eq(socket_source(&s, 1000, &to, &got), OK);
	ck_assert(addr_is_loopback(&got));
	ck_assert_uint_eq(s.next, 1);
	to.port++;
	ck_assert_int_eq(socket_source(&s, 2000, &to, &got), OK);
	ck_assert_uint_eq(s.next, 1);           /* known */
	ck_assert_int_eq(socket_source(&s, 5000000, &to, &got), OK);
	ck_assert_uint_eq(s.next, 2);           /* known too long */
}
END_TEST

START_TEST(what_select_cannot_hold_is_not_made)
{
	struct addr local = net_rig_addr("127.0.0.1");
	int fds[FD_SETSIZE], n = 0, fd = -1;
	const char *why = "";

	while (n < FD_SETSIZE && (fds[n] = dup(1)) >= 0
	       && fds[n] < FD_SETSIZE - 1)
		n++;
	ck_assert_int_eq(socket_bind_udp(&local, &fd, &why), ERR_LIMIT);
	ck_assert_str_eq(why, "too many open files");
	ck_assert_int_eq(socket_listen_tcp(&local, &fd, &why), ERR_LIMIT);
	ck_assert_int_eq(fd, -1);
	while (n >= 0)
		close(fds[n--]);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("socket", &tests);

	tcase_add_loop_test(tests, every_errno_has_an_error_and_words, 0,
	                    ARRAY_LEN(errors));
	tcase_add_test(tests, an_address_survives_the_system);
	tcase_add_test(tests, an_address_of_another_kind_is_none);
	tcase_add_test(tests, a_route_is_asked_for_once_in_a_while);
	tcase_add_test(tests, what_select_cannot_hold_is_not_made);
	return s;
}

int main(void)
{
	return test_main(suite());
}
