/* The resolver against a name server of the test, and /etc/hosts. */

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/answer.h"
#include "net/resolver.h"
#include "net/socket.h"
#include "tests/helpers.h"
#include "tests/net_rig.h"

static struct net_rig rig;
static struct resolver *resolver;

/* --- a name server: answers each question from a table --- */

struct zone_row {
	const char *name;               /* in the wire's form, with its end */
	size_t name_len;
	unsigned type, rcode, answers;
	const char *rdata;
	size_t rdata_len;
	uint32_t ttl;
};

enum { TRUNCATED = 0x200 };             /* by UDP; whole by TCP */

#define WIRE(lit) (lit), sizeof(lit)           /* the NUL is the root */
#define RDATA(lit) (lit), sizeof(lit) - 1
#define NAPTR_RDATA \
	"\0\12\0\24\1s\7SIP+D2U\0\4_sip\4_udp\7example\4test"

static const struct zone_row zone[] = {
	{ WIRE("\4four\4test"), ns_t_a, 0, 2, RDATA("\300\0\2\7"), 60 },
	{ WIRE("\3six\4test"), ns_t_aaaa, 0, 1,
	  RDATA("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7"), 3600 },
	{ WIRE("\3six\4test"), ns_t_a, 0, 0, RDATA(""), 0 },
	{ WIRE("\4_sip\4_udp\4test"), ns_t_srv, 0, 1,
	  RDATA("\0\1\0\2\023\304\4four\4test\0"), 77 },
	{ WIRE("\7example\4test"), ns_t_naptr, 0, 1,
	  NAPTR_RDATA, sizeof(NAPTR_RDATA), 99 },
	{ WIRE("\3big\4test"), ns_t_a, TRUNCATED, 1,
	  RDATA("\300\0\2\10"), 60 },
	{ WIRE("\4lost\4test"), ns_t_a, 0, 1, RDATA("\300\0\2\11"), 60 },
	{ WIRE("\4none\4test"), 0, ns_r_nxdomain, 0, RDATA(""), 0 },
	{ WIRE("\4fail\4test"), 0, ns_r_servfail, 0, RDATA(""), 0 },
};

static int server, tcp_server;
static bool lose_next;
static struct addr server_addr;
static unsigned questions;
static struct buf out;                  /* there is memory for it */

static void put16(struct buf *b, unsigned n)
{
	buf_char(b, (char)(n >> 8));
	buf_char(b, (char)n);
}

static const struct zone_row *find_row(const char *question, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(zone); i++) {
		const struct zone_row *z = &zone[i];
		const unsigned char *type = (const void *)(question
		                                           + z->name_len);

		if (len >= z->name_len + 4
		    && slice_eq_nocase(slice_make(question, z->name_len),
		                       slice_make(z->name, z->name_len))
		    && (z->type == 0
		        || z->type == (unsigned)(type[0] << 8 | type[1])))
			return z;
	}
	return NULL;            /* silence */
}

/* The answer to a question in out; false for silence. */
static bool make_answer(const char *in, size_t n, bool may_truncate)
{
	const struct zone_row *z;
	unsigned header;

	if (n <= NS_HFIXEDSZ)
		return false;
	questions++;
	z = find_row(in + NS_HFIXEDSZ, n - NS_HFIXEDSZ);
	if (z == NULL)
		return false;
	header = may_truncate ? z->rcode : z->rcode & ~(unsigned)TRUNCATED;
	buf_append(&out, in, 2);
	put16(&out, 0x8180 | header);
	put16(&out, 1);
	put16(&out, z->answers);
	put16(&out, 0);
	put16(&out, 0);
	buf_append(&out, in + NS_HFIXEDSZ, z->name_len + 4);
	for (unsigned i = 0; i < z->answers; i++) {
		put16(&out, 0xc00c);    /* the question's name */
		put16(&out, z->type);
		put16(&out, ns_c_in);
		put16(&out, 0);
		put16(&out, z->ttl + i);
		put16(&out, (unsigned)z->rdata_len);
		buf_append(&out, z->rdata, z->rdata_len);
	}
	return true;
}

static void answer_udp(int fd, unsigned events, void *arg)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	char in[512];
	ssize_t n = recvfrom(fd, in, sizeof(in), 0,
	                     (struct sockaddr *)&from, &from_len);

	(void)events;
	(void)arg;
	buf_reset(&out);
	if (n < 0 || !make_answer(in, (size_t)n, true))
		return;
	if (!lose_next)
		(void)sendto(fd, out.p, out.len, 0, (struct sockaddr *)&from,
		             from_len);
	lose_next = false;
}

static void answer_tcp(int fd, unsigned events, void *arg)
{
	char in[512];
	ssize_t n = recv(fd, in, sizeof(in), 0);

	(void)events;
	(void)arg;
	buf_reset(&out);
	put16(&out, 0);                 /* the length, RFC 1035 4.2.2 */
	if (n > 2 && make_answer(in + 2, (size_t)n - 2, false)) {
		out.p[1] = (char)(out.len - 2);
		(void)send(fd, out.p, out.len, MSG_NOSIGNAL);
	}
	if (n <= 0) {
		loop_unwatch(rig.loop, fd);
		close(fd);
	}
}

static void accept_tcp(int fd, unsigned events, void *arg)
{
	struct addr from;
	int accepted;

	(void)events;
	(void)arg;
	if (socket_accept(fd, &accepted, &from) == OK)
		loop_watch(rig.loop, accepted, LOOP_READ, answer_tcp, NULL);
}

static void setup(void)
{
	const char *why = "";

	net_rig_setup(&rig);
	tcp_server = peer_listen("127.0.0.1", &server_addr);
	ck_assert_int_eq(socket_bind_udp(&server_addr, &server, &why), OK);
	loop_watch(rig.loop, tcp_server, LOOP_READ, accept_tcp, NULL);
	loop_watch(rig.loop, server, LOOP_READ, answer_udp, NULL);
	lose_next = false;
	questions = 0;
	buf_reserve(&out, 1024);
	resolver = resolver_new(rig.loop);
	ck_assert_ptr_nonnull(resolver);
	ck_assert_int_eq(resolver_set_server(resolver, &server_addr), OK);
}

static void teardown(void)
{
	resolver_free(resolver);
	loop_unwatch(rig.loop, server);
	loop_unwatch(rig.loop, tcp_server);
	close(server);
	close(tcp_server);
	buf_deinit(&out);
	net_rig_teardown(&rig);
}

/* --- what is looked up --- */

struct found {
	unsigned calls;
	enum error err;
	size_t n;
	char text[128];
	char records[256];              /* each in words */
	bool free_resolver;
};

static void describe(struct buf *b, const struct record *r)
{
	buf_printf(b, "%s%u ", b->len > 0 ? ", " : "", (unsigned)r->ttl_s);
	switch (r->kind) {
	case RECORD_A:
	case RECORD_AAAA:
		addr_print(b, &r->addr);
		break;
	case RECORD_SRV:
		buf_printf(b, "%u %u %u %.*s", r->priority, r->weight,
		           r->port, SLICE_ARG(r->name));
		break;
	case RECORD_NAPTR:
		buf_printf(b, "%u %u %.*s %.*s %.*s", r->priority, r->weight,
		           SLICE_ARG(r->flags), SLICE_ARG(r->service),
		           SLICE_ARG(r->name));
		break;
	}
}

static void on_found(enum error err, const char *text,
                     const struct record *records, size_t n, void *arg)
{
	struct found *f = arg;
	struct buf b = { 0 };

	f->calls++;
	f->err = err;
	f->n = n;
	for (size_t i = 0; i < n; i++)
		describe(&b, &records[i]);
	snprintf(f->text, sizeof(f->text), "%s", text);
	snprintf(f->records, sizeof(f->records), "%s", buf_cstr(&b));
	buf_deinit(&b);
	if (f->free_resolver) {
		resolver_free(resolver);
		resolver = NULL;
	}
}

static uint64_t start(enum record_kind kind, const char *name,
                      struct found *f)
{
	return resolver_ops.start(resolver, kind, slice_str(name), on_found,
	                          f);
}

static const struct {
	enum record_kind kind;
	const char *name;
	enum error err;
	const char *records, *text;
} lookups[] = {
	{ RECORD_A, "four.test", OK, "60 192.0.2.7:0, 61 192.0.2.7:0", "" },
	{ RECORD_A, "FOUR.test", OK, "60 192.0.2.7:0, 61 192.0.2.7:0", "" },
	{ RECORD_AAAA, "six.test", OK, "3600 [2001:db8::7]:0", "" },
	{ RECORD_A, "six.test", OK, "", "" },
	{ RECORD_SRV, "_sip._udp.test", OK, "77 1 2 5060 four.test", "" },
	{ RECORD_NAPTR, "example.test", OK,
	  "99 10 20 s SIP+D2U _sip._udp.example.test", "" },
	{ RECORD_A, "big.test", OK, "60 192.0.2.8:0", "" },
	{ RECORD_A, "none.test", ERR_DNS, "", "none.test: no such name" },
	{ RECORD_SRV, "none.test", OK, "", "" },
	{ RECORD_A, "fail.test", ERR_DNS, "",
	  "fail.test: no DNS server could tell" },
	{ RECORD_NAPTR, "fail.test", ERR_DNS, "",
	  "fail.test: no DNS server could tell" },
	{ RECORD_A, "a..b", ERR_DNS, "", "a..b: not a domain name" },
};

START_TEST(names_become_records_or_a_reason)
{
	struct found f = { 0 };

	ck_assert_uint_ne(start(lookups[_i].kind, lookups[_i].name, &f), 0);
	ck_assert_uint_eq(f.calls, 0);          /* not from inside */
	net_rig_until(&rig, f.calls == 1);
	ck_assert_str_eq(f.records, lookups[_i].records);
	ck_assert_str_eq(f.text, lookups[_i].text);
	ck_assert_int_eq(f.err, lookups[_i].err);
}
END_TEST

START_TEST(many_lookups_at_once_each_get_their_own_answer)
{
	struct found four[50] = { 0 }, six[50] = { 0 };

	for (size_t i = 0; i < 50; i++) {
		start(RECORD_A, "four.test", &four[i]);
		start(RECORD_AAAA, "six.test", &six[i]);
	}
	for (size_t i = 0; i < 50; i++) {
		net_rig_until(&rig, four[i].calls == 1 && six[i].calls == 1);
		ck_assert_uint_eq(four[i].n, 2);
		ck_assert_uint_eq(six[i].n, 1);
	}
}
END_TEST

START_TEST(etc_hosts_answers_without_a_server)
{
	struct found four = { 0 }, six = { 0 };

	start(RECORD_A, "localhost", &four);
	start(RECORD_AAAA, "localhost", &six);
	ck_assert_uint_eq(four.calls + six.calls, 0);
	net_rig_until(&rig, four.calls == 1 && six.calls == 1);
	ck_assert_int_eq(four.err, OK);
	ck_assert_ptr_nonnull(strstr(four.records, "127.0.0.1"));
	ck_assert_int_eq(six.err, OK);
	ck_assert_uint_eq(questions, 0);
}
END_TEST

START_TEST(a_name_of_etc_hosts_has_no_services)
{
	static const struct {
		enum record_kind kind;
		const char *name;
	} services[] = {
		{ RECORD_NAPTR, "localhost" },
		{ RECORD_SRV, "_sip._udp.localhost" },
		{ RECORD_SRV, "_sips._tcp.localhost" },
	};
	struct found f[ARRAY_LEN(services)] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		start(services[i].kind, services[i].name, &f[i]);
		net_rig_until(&rig, f[i].calls == 1);
		ck_assert_int_eq(f[i].err, OK);
		ck_assert_uint_eq(f[i].n, 0);
	}
	ck_assert_uint_eq(questions, 0);
}
END_TEST

START_TEST(a_silent_server_is_not_waited_for_beyond_the_bound)
{
	struct found f = { 0 };
	uint64_t begin = net_rig_now_ms();

	resolver_set_timeout(resolver, 80);
	start(RECORD_A, "silence.test", &f);
	net_rig_until(&rig, f.calls == 1);
	ck_assert_int_eq(f.err, ERR_TIMEOUT);
	ck_assert_str_eq(f.text,
	                 "silence.test: no answer from the DNS in time");
	ck_assert_uint_ge(net_rig_now_ms() - begin, 79);
	ck_assert_uint_gt(questions, 0);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_an_error_soon)
{
	struct addr nobody = peer_closed_port("127.0.0.1", true);
	struct found f = { 0 };

	ck_assert_int_eq(resolver_set_server(resolver, &nobody), OK);
	start(RECORD_SRV, "_sip._udp.test", &f);
	net_rig_until(&rig, f.calls == 1);
	ck_assert_int_eq(f.err, ERR_DNS);
	ck_assert_str_eq(f.text,
	                 "_sip._udp.test: no DNS server could tell");
}
END_TEST

START_TEST(a_lost_question_is_asked_again)
{
	struct found f = { 0 };

	lose_next = true;
	start(RECORD_A, "lost.test", &f);
	net_rig_until(&rig, f.calls == 1);
	ck_assert_str_eq(f.records, "60 192.0.2.9:0");
	ck_assert_uint_eq(questions, 2);
}
END_TEST

START_TEST(an_answer_cut_anywhere_is_an_error)
{
	static const char question[] =
		"\0\1\1\0\0\1\0\0\0\0\0\0"
		"\4_sip\4_udp\4test\0\0\41\0\1";

	buf_reset(&out);
	ck_assert(make_answer(question, sizeof(question) - 1, true));
	for (size_t len = 0; len <= out.len; len++) {
		unsigned char *cut = malloc(len + 1);
		struct answer a = { .kind = RECORD_SRV };

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, out.p, len);
		answer_from_wire(&a, cut, (int)len);
		ck_assert_int_eq(a.err, len < out.len ? ERR_DNS : OK);
		ck_assert_uint_eq(a.n, len == out.len);
		answer_deinit(&a);
		free(cut);
	}
}
END_TEST

START_TEST(a_cancelled_lookup_is_silent)
{
	struct found cancelled = { 0 }, told = { 0 }, other = { 0 };
	uint64_t id = start(RECORD_A, "four.test", &cancelled);

	start(RECORD_A, "four.test", &other);
	resolver_ops.cancel(resolver, id);
	resolver_ops.cancel(resolver, id);
	net_rig_until(&rig, other.calls == 1);
	id = start(RECORD_A, "four.test", &told);
	net_rig_until(&rig, told.calls == 1);
	resolver_ops.cancel(resolver, id);
	loop_turn(rig.loop, 10);
	ck_assert_uint_eq(cancelled.calls, 0);
	ck_assert_uint_eq(told.calls, 1);
}
END_TEST

START_TEST(a_resolver_may_be_freed_with_lookups_under_way)
{
	struct found silent = { 0 }, f = { .free_resolver = true };

	start(RECORD_A, "silence.test", &silent);
	start(RECORD_A, "four.test", &f);
	net_rig_until(&rig, f.calls == 1);
	ck_assert_ptr_null(resolver);
	loop_turn(rig.loop, 10);
	ck_assert_uint_eq(silent.calls, 0);
}
END_TEST

START_TEST(a_server_can_be_told_before_the_first_lookup_only)
{
	struct found f = { 0 };
	uint64_t id = start(RECORD_A, "four.test", &f);

	ck_assert_int_eq(resolver_set_server(resolver, &server_addr),
	                 ERR_BAD_STATE);
	resolver_ops.cancel(resolver, id);
}
END_TEST

START_TEST(what_cannot_be_a_name_is_not_started)
{
	char much[300];
	struct found f = { 0 };

	memset(much, 'a', sizeof(much));
	ck_assert_uint_eq(resolver_ops.start(resolver, RECORD_A,
	                                     slice_make(much, 256), on_found,
	                                     &f), 0);
	ck_assert_uint_eq(start(RECORD_A, "", &f), 0);
	ck_assert_uint_eq(resolver_ops.start(resolver, RECORD_A,
	                                     SLICE("a\0b"), on_found, &f), 0);
}
END_TEST

START_TEST(memory_that_runs_out_is_told_or_not_started)
{
	struct found f;
	bool failed = true;
	uint64_t id;

	for (size_t n = 0; failed; n++) {
		f = (struct found){ 0 };
		test_alloc_fail(n);
		id = start(RECORD_A, "four.test", &f);
		/* No ck_assert() in here: it allocates. */
		for (int turn = 0; id != 0 && f.calls == 0 && turn < 100;
		     turn++)
			loop_turn(rig.loop, 20);
		failed = test_alloc_restore();
		ck_assert_uint_eq(f.calls, id != 0);
		ck_assert(f.err == OK || f.err == ERR_NOMEM);
		ck_assert(failed || f.n == 2);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("resolver", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, names_become_records_or_a_reason, 0,
	                    ARRAY_LEN(lookups));
	tcase_add_test(tests,
	               many_lookups_at_once_each_get_their_own_answer);
	tcase_add_test(tests, etc_hosts_answers_without_a_server);
	tcase_add_test(tests, a_name_of_etc_hosts_has_no_services);
	tcase_add_test(tests,
	               a_silent_server_is_not_waited_for_beyond_the_bound);
	tcase_add_test(tests, a_server_that_is_not_there_is_an_error_soon);
	tcase_add_test(tests, a_lost_question_is_asked_again);
	tcase_add_test(tests, an_answer_cut_anywhere_is_an_error);
	tcase_add_test(tests, a_cancelled_lookup_is_silent);
	tcase_add_test(tests,
	               a_resolver_may_be_freed_with_lookups_under_way);
	tcase_add_test(tests,
	               a_server_can_be_told_before_the_first_lookup_only);
	tcase_add_test(tests, what_cannot_be_a_name_is_not_started);
	tcase_add_test(tests, memory_that_runs_out_is_told_or_not_started);
	return s;
}

int main(void)
{
	return test_main(suite());
}
